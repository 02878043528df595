//! Opus (libopus 1.6.1) behind safe types. The only place of the house with `unsafe`.

use std::{ffi::c_int, ptr, ptr::NonNull};

use opusic_sys as sys;

use super::frame::{FRAME, Frame, RATE};

/// Longest packet that an encoder here makes, bytes.
pub const PACKET_MAX_BYTES: usize = 512;
/// Longest sound in one Opus packet: 120 ms, samples.
const DECODED_MAX: usize = 5760;
/// The least loss at which libopus sends corrections without any harm to the sound.
const CORRECTING_PERCENT: u8 = 10;
/// A packet this short says only that there is silence (DTX).
pub const DTX_MAX_BYTES: usize = 2;

/// Why libopus refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpusError {
    /// The packet is empty or not Opus.
    #[error("the Opus packet is damaged")]
    BadPacket,
    /// Anything else, with libopus' own number.
    #[error("libopus failed with error {0}")]
    Internal(i32),
}

fn check(code: c_int) -> Result<usize, OpusError> {
    match code {
        sys::OPUS_INVALID_PACKET | sys::OPUS_BUFFER_TOO_SMALL => Err(OpusError::BadPacket),
        // A negative number is an error, everything else a count.
        _ => usize::try_from(code).map_err(|_| OpusError::Internal(code)),
    }
}

/// Encodes 10 ms frames of mono voice.
#[derive(Debug)]
pub struct Encoder {
    raw: NonNull<sys::OpusEncoder>,
    loss_percent: u8,
}

// SAFETY: libopus keeps no thread-local state; an encoder may move between threads as long as one uses it at a time,
// which `&mut self` guarantees.
unsafe impl Send for Encoder {}

impl Encoder {
    /// An encoder for voice: `bitrate` in bit/s, forward error correction and discontinuous transmission on.
    ///
    /// # Errors
    /// If libopus is out of memory or refuses the bit rate.
    pub fn new(bitrate: i32) -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: the arguments are valid constants and `error` outlives the call.
        let raw = unsafe { sys::opus_encoder_create(RATE as i32, 1, sys::OPUS_APPLICATION_VOIP, &mut error) };
        let raw = NonNull::new(raw).ok_or(OpusError::Internal(error))?;
        let mut encoder = Self { raw, loss_percent: 0 };
        for (request, value) in [
            (sys::OPUS_SET_BITRATE_REQUEST, bitrate),
            (sys::OPUS_SET_SIGNAL_REQUEST, sys::OPUS_SIGNAL_VOICE),
            (sys::OPUS_SET_COMPLEXITY_REQUEST, 9),
            (sys::OPUS_SET_INBAND_FEC_REQUEST, 1),
            (sys::OPUS_SET_DTX_REQUEST, 1),
        ] {
            encoder.set(request, value)?;
        }
        Ok(encoder)
    }

    fn set(&mut self, request: c_int, value: i32) -> Result<(), OpusError> {
        // SAFETY: the encoder is alive, and every request used here takes exactly one opus_int32.
        check(unsafe { sys::opus_encoder_ctl(self.raw.as_ptr(), request, value) }).map(|_| ())
    }

    /// Says how many packets the listeners miss, 0 to 100 %: without it no error correction is sent.
    pub fn expect_loss(&mut self, percent: u8) {
        let percent = match percent {
            // A stray loss is not worth the bits.
            0 | 1 => 0,
            // At 5 % and less libopus corrects nothing at this bit rate, and up to 7 % it gives up bandwidth for it.
            more => more.clamp(CORRECTING_PERCENT, 100),
        };
        if percent != self.loss_percent && self.set(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, percent.into()).is_ok() {
            self.loss_percent = percent;
        }
    }

    /// Encodes 10 ms. At most [`DTX_MAX_BYTES`] mean silence.
    ///
    /// # Errors
    /// If libopus fails.
    pub fn encode<'a>(&mut self, frame: &Frame, out: &'a mut [u8; PACKET_MAX_BYTES]) -> Result<&'a [u8], OpusError> {
        // SAFETY: `frame` holds the 480 samples announced, and `out` the bytes announced.
        let length = check(unsafe {
            sys::opus_encode_float(
                self.raw.as_ptr(),
                frame.as_ptr(),
                FRAME as c_int,
                out.as_mut_ptr(),
                PACKET_MAX_BYTES as i32,
            )
        })?;
        out.get(..length).ok_or(OpusError::Internal(sys::OPUS_INTERNAL_ERROR))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: created by opus_encoder_create and not used again.
        unsafe { sys::opus_encoder_destroy(self.raw.as_ptr()) }
    }
}

/// Whatever turns payloads into mono sound at 48 kHz. Each call appends to `out` and returns the number of samples.
pub trait Decode {
    /// Decodes a packet.
    ///
    /// # Errors
    /// If the packet is damaged; then nothing is appended.
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, OpusError>;

    /// Whether a packet repeats what the one before it said.
    fn can_recover(&self, following: &[u8]) -> bool;

    /// Makes up for a lost packet of `samples` from what the packet behind it repeats.
    ///
    /// # Errors
    /// If the packet is damaged; then nothing is appended.
    fn recover(&mut self, following: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError>;

    /// Makes up sound for a lost packet.
    ///
    /// # Errors
    /// If the decoder fails; then nothing is appended.
    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError>;
}

/// Decodes packets of one source to mono.
#[derive(Debug)]
pub struct Decoder {
    raw: NonNull<sys::OpusDecoder>,
}

// SAFETY: as for the encoder.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder with deep packet loss concealment.
    ///
    /// # Errors
    /// If libopus is out of memory.
    pub fn new() -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: the arguments are valid constants and `error` outlives the call.
        let raw = unsafe { sys::opus_decoder_create(RATE as i32, 1, &mut error) };
        let decoder = Self { raw: NonNull::new(raw).ok_or(OpusError::Internal(error))? };
        // From complexity 5 on, concealment is a neural network.
        // SAFETY: the decoder is alive, and the request takes one opus_int32.
        check(unsafe { sys::opus_decoder_ctl(decoder.raw.as_ptr(), sys::OPUS_SET_COMPLEXITY_REQUEST, 5i32) })?;
        Ok(decoder)
    }

    /// `payload: None` conceals. `samples` is the room, or, where something is made up, the length.
    fn run(
        &mut self,
        payload: Option<&[u8]>,
        samples: usize,
        correction: bool,
        out: &mut Vec<f32>,
    ) -> Result<usize, OpusError> {
        let (data, length) = match payload {
            // To libopus, no bytes would mean "conceal".
            Some([]) => return Err(OpusError::BadPacket),
            Some(bytes) => (bytes.as_ptr(), i32::try_from(bytes.len()).map_err(|_| OpusError::BadPacket)?),
            None => (ptr::null(), 0),
        };
        let old = out.len();
        out.resize(old + samples, 0.0);
        // SAFETY: `data` points to `length` readable bytes (or is null with 0), and `out` has room for `samples` mono
        // samples behind `old`.
        let decoded = check(unsafe {
            sys::opus_decode_float(
                self.raw.as_ptr(),
                data,
                length,
                out[old..].as_mut_ptr(),
                samples as c_int,
                correction.into(),
            )
        });
        out.truncate(old + decoded.unwrap_or(0).min(samples));
        // Foreign packets may decode to anything: what goes on is finite and not absurdly loud.
        out[old..].iter_mut().for_each(|s| *s = if s.is_finite() { s.clamp(-2.0, 2.0) } else { 0.0 });
        decoded
    }

    /// Concealment works in steps of 2.5 ms.
    fn whole(samples: usize) -> usize {
        (samples.clamp(120, DECODED_MAX) / 120) * 120
    }
}

impl Decode for Decoder {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.run(Some(payload), DECODED_MAX, false, out)
    }

    fn can_recover(&self, following: &[u8]) -> bool {
        let Ok(length) = i32::try_from(following.len()) else { return false };
        // SAFETY: the pointer and the length are those of the slice, which is not empty.
        length > 0 && unsafe { sys::opus_packet_has_lbrr(following.as_ptr(), length) } > 0
    }

    fn recover(&mut self, following: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.run(Some(following), Self::whole(samples), true, out)
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.run(None, Self::whole(samples), false, out)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: created by opus_decoder_create and not used again.
        unsafe { sys::opus_decoder_destroy(self.raw.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::level::dbfs;
    use proptest::prelude::*;
    use std::f32::consts::TAU;

    fn voiced(frame: usize) -> Frame {
        std::array::from_fn(|i| {
            let t = (frame * FRAME + i) as f32 / RATE as f32;
            let swell = 0.5 + 0.5 * (TAU * 3.0 * t).sin();
            (1..12).map(|h| (TAU * 140.0 * h as f32 * t).sin() / h as f32).sum::<f32>() * 0.15 * swell
        })
    }

    #[test]
    fn sound_survives_and_lost_packets_are_made_up() {
        let mut encoder = Encoder::new(32_000).expect("an encoder");
        encoder.expect_loss(3);
        let mut decoder = Decoder::new().expect("a decoder");
        let packets: Vec<Vec<u8>> = (0..200)
            .map(|i| encoder.encode(&voiced(i), &mut [0; PACKET_MAX_BYTES]).expect("a packet").to_vec())
            .collect();
        assert!(packets.iter().filter(|packet| decoder.can_recover(packet)).count() > 150, "most packets can help out");
        let mut sound = Vec::new();
        for (i, packet) in packets.iter().enumerate() {
            let samples = match i % 20 {
                10 => decoder.recover(&packets[i + 1], FRAME, &mut sound),
                15 => decoder.conceal(FRAME, &mut sound),
                _ => decoder.decode(packet, &mut sound),
            };
            assert_eq!(samples, Ok(FRAME));
        }
        let original: Vec<f32> = (0..200).flat_map(voiced).collect();
        assert!((dbfs(&sound[48_000..]) - dbfs(&original[48_000..])).abs() < 2.0);
    }

    #[test]
    fn silence_is_hardly_sent() {
        let mut encoder = Encoder::new(32_000).expect("an encoder");
        let lengths: Vec<usize> = (0..200)
            .map(|_| encoder.encode(&[0.0; FRAME], &mut [0; PACKET_MAX_BYTES]).expect("a packet").len())
            .collect();
        assert!(lengths.iter().filter(|&&n| n <= DTX_MAX_BYTES).count() > 120, "{lengths:?}");
    }

    proptest! {
        #[test]
        fn noise_is_refused_or_decoded_but_never_worse(
            packets in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), 0..3u8), 1..20)
        ) {
            let mut decoder = Decoder::new().expect("a decoder");
            for (bytes, how) in packets {
                let mut out = vec![9.0; 3];
                let result = match how {
                    0 => decoder.decode(&bytes, &mut out),
                    1 if decoder.can_recover(&bytes) => decoder.recover(&bytes, bytes.len() * 7, &mut out),
                    _ => decoder.conceal(bytes.len() * 7, &mut out),
                };
                prop_assert_eq!(out.len(), 3 + result.unwrap_or(0));
                prop_assert!(out[3..].iter().all(|s| s.abs() <= 2.0));
            }
        }
    }
}
