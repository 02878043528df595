//! The decoder: packets in, sound out, and sound for packets that never came.

use std::{ffi::c_int, ptr, ptr::NonNull};

use opusic_sys as sys;

use super::{OpusError, PACKET_MAX_SAMPLES, check, packet_parts};
use crate::media::frame::{FRAME, RATE};

/// Whatever turns payloads into sound at 48 kHz. Each call appends to `out`, interleaved if stereo, and returns the
/// number of samples per channel. Calls come in the order of the sound.
pub trait Decode {
    /// Decodes a packet.
    ///
    /// # Errors
    /// If the packet is damaged; then nothing is appended.
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, OpusError>;

    /// Whether a packet carries error correction (a coarse copy of the frame before it).
    fn can_recover(&self, following: &[u8]) -> bool;

    /// Makes up for a lost packet of `samples` from the error correction in the packet behind it.
    ///
    /// # Errors
    /// If the packet is damaged; then nothing is appended.
    fn recover(&mut self, following: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError>;

    /// How much sound directly before the first sample of `following` its deep redundancy describes, samples; 0 if
    /// there is none. Costs little; the packet asked about last is remembered.
    fn dred_span(&mut self, following: &[u8]) -> usize;

    /// Makes the `samples` of sound that begin `before` samples ahead of the first of `following`, from the deep
    /// redundancy in that packet; what lies outside of [`Self::dred_span`] is concealed.
    ///
    /// # Errors
    /// If the decoder fails; then nothing is appended.
    fn restore(
        &mut self,
        following: &[u8],
        before: usize,
        samples: usize,
        out: &mut Vec<f32>,
    ) -> Result<usize, OpusError>;

    /// Makes up sound for a lost packet.
    ///
    /// # Errors
    /// If the decoder fails; then nothing is appended.
    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError>;

    /// Remembers this moment, instead of an earlier one.
    fn save(&mut self);

    /// Goes back to the moment that was saved last, as if nothing had been decoded or made up since.
    fn rewind(&mut self);

    /// Goes on with 1 or 2 channels, from silence; what was saved is forgotten.
    ///
    /// # Errors
    /// If there is no memory; then nothing has changed.
    fn set_channels(&mut self, channels: u8) -> Result<(), OpusError>;
}

/// Decodes packets of one source.
#[derive(Debug)]
pub struct Decoder {
    raw: NonNull<sys::OpusDecoder>,
    channels: usize,
    dred: Dred,
    /// A copy of the decoder's state; empty if none was saved.
    saved: Vec<u8>,
}

// SAFETY: as for the encoder.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder to 1 or 2 channels, whatever the packets have, with deep packet loss concealment.
    ///
    /// # Errors
    /// If libopus is out of memory.
    pub fn new(channels: u8) -> Result<Self, OpusError> {
        let dred = Dred::new()?;
        let mut error = 0;
        // SAFETY: libopus checks the arguments, and `error` outlives the call.
        let raw = unsafe { sys::opus_decoder_create(RATE as i32, channels.into(), &mut error) };
        let Some(raw) = NonNull::new(raw) else {
            check(error)?;
            return Err(OpusError::Internal(sys::OPUS_ALLOC_FAIL));
        };
        let mut decoder = Self { raw, channels: channels.into(), dred, saved: Vec::new() };
        decoder.set_complexity(5)?;
        Ok(decoder)
    }

    /// Sets the effort, 0 to 10: from 5 on, concealment and deep redundancy are made by a neural network; from 6 (and
    /// better from 7) on, another enhances voice of low bit rates.
    ///
    /// # Errors
    /// If it is more than 10.
    pub fn set_complexity(&mut self, complexity: u8) -> Result<(), OpusError> {
        // SAFETY: the decoder is alive, and the request takes one opus_int32.
        let code = unsafe {
            sys::opus_decoder_ctl(self.raw.as_ptr(), sys::OPUS_SET_COMPLEXITY_REQUEST, c_int::from(complexity))
        };
        check(code).map(|_| ())
    }

    /// Makes room for `samples` behind `out`, lets `fill` write there, and keeps what it says it has written.
    fn append(
        &mut self,
        samples: usize,
        out: &mut Vec<f32>,
        fill: impl FnOnce(&mut Self, *mut f32, c_int) -> c_int,
    ) -> Result<usize, OpusError> {
        let old = out.len();
        out.resize(old + samples * self.channels, 0.0);
        // At most PACKET_MAX_SAMPLES.
        let made = check(fill(self, out[old..].as_mut_ptr(), samples as c_int)).map(|made| made.min(samples));
        out.truncate(old + made.unwrap_or(0) * self.channels);
        // Foreign packets may decode to anything: what goes on is finite and not absurdly loud.
        out[old..].iter_mut().for_each(|s| *s = if s.is_finite() { s.clamp(-2.0, 2.0) } else { 0.0 });
        made
    }

    /// Concealment works in steps of 2.5 ms.
    fn whole(samples: usize) -> usize {
        (samples.clamp(120, PACKET_MAX_SAMPLES) / 120) * 120
    }
}

impl Decode for Decoder {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, OpusError> {
        let (data, length) = packet_parts(payload)?;
        self.append(PACKET_MAX_SAMPLES, out, |this, to, room| {
            // SAFETY: `data` points to `length` readable bytes, and `to` to room for `room` samples of each channel.
            unsafe { sys::opus_decode_float(this.raw.as_ptr(), data, length, to, room, 0) }
        })
    }

    fn can_recover(&self, following: &[u8]) -> bool {
        let Ok((data, length)) = packet_parts(following) else { return false };
        // SAFETY: `data` points to `length` readable bytes.
        unsafe { sys::opus_packet_has_lbrr(data, length) > 0 }
    }

    fn recover(&mut self, following: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        let (data, length) = packet_parts(following)?;
        self.append(Self::whole(samples), out, |this, to, room| {
            // SAFETY: as for `decode`.
            unsafe { sys::opus_decode_float(this.raw.as_ptr(), data, length, to, room, 1) }
        })
    }

    fn dred_span(&mut self, following: &[u8]) -> usize {
        self.dred.span(following)
    }

    fn restore(
        &mut self,
        following: &[u8],
        before: usize,
        samples: usize,
        out: &mut Vec<f32>,
    ) -> Result<usize, OpusError> {
        if self.dred.span(following) == 0 {
            return self.conceal(samples, out);
        }
        self.dred.process()?;
        let samples = Self::whole(samples);
        // Farther back than a second there is nothing; the sum below stays small.
        let before = before.min(2 * RATE as usize) as i32;
        self.append(samples, out, |this, to, room| {
            let mut made = 0;
            while made < room {
                // The features describe 10 ms each: longer steps would stretch them.
                let step = (room - made).min(FRAME as c_int);
                // SAFETY: decoder and data are alive, and `to` has room for `room` samples of each channel, of which
                // `made` are written.
                let code = unsafe {
                    let to = to.add(made as usize * this.channels);
                    sys::opus_decoder_dred_decode_float(
                        this.raw.as_ptr(),
                        this.dred.data.as_ptr(),
                        before - made,
                        to,
                        step,
                    )
                };
                if code <= 0 {
                    return if made > 0 { made } else { code };
                }
                made += code;
            }
            made
        })
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.append(Self::whole(samples), out, |this, to, room| {
            // SAFETY: no data, and `to` has room for `room` samples of each channel.
            unsafe { sys::opus_decode_float(this.raw.as_ptr(), ptr::null(), 0, to, room, 0) }
        })
    }

    fn save(&mut self) {
        // SAFETY: libopus only looks at the number of channels, which it has accepted before.
        let size = unsafe { sys::opus_decoder_get_size(self.channels as c_int) };
        self.saved.resize(usize::try_from(size).unwrap_or(0), 0);
        // SAFETY: a decoder's state is one piece of memory of this size, without pointers into itself: libopus says
        // that a shallow copy is a copy.
        unsafe { ptr::copy_nonoverlapping(self.raw.as_ptr().cast::<u8>(), self.saved.as_mut_ptr(), self.saved.len()) }
    }

    fn rewind(&mut self) {
        // SAFETY: as for `save`; nothing, or what was saved of this very decoder, is copied.
        unsafe { ptr::copy_nonoverlapping(self.saved.as_ptr(), self.raw.as_ptr().cast::<u8>(), self.saved.len()) }
    }

    fn set_channels(&mut self, channels: u8) -> Result<(), OpusError> {
        if usize::from(channels) != self.channels {
            *self = Self::new(channels)?;
        }
        Ok(())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: created by opus_decoder_create and not used again.
        unsafe { sys::opus_decoder_destroy(self.raw.as_ptr()) }
    }
}

/// Deep redundancy: the parsed data of one packet.
#[derive(Debug)]
struct Dred {
    parser: NonNull<sys::OpusDREDDecoder>,
    data: NonNull<sys::OpusDRED>,
    /// The packet that `data` and `span` are about; empty if there is none.
    packet: Vec<u8>,
    span: usize,
    /// `data` is ready for sound to be made from it.
    processed: bool,
}

impl Dred {
    fn new() -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: `error` outlives the call.
        let parser = NonNull::new(unsafe { sys::opus_dred_decoder_create(&mut error) });
        let parser = parser.ok_or(OpusError::Internal(error))?;
        // SAFETY: as above.
        let Some(data) = NonNull::new(unsafe { sys::opus_dred_alloc(&mut error) }) else {
            // SAFETY: created above and not used again.
            unsafe { sys::opus_dred_decoder_destroy(parser.as_ptr()) };
            return Err(OpusError::Internal(error));
        };
        Ok(Self { parser, data, packet: Vec::new(), span: 0, processed: false })
    }

    fn span(&mut self, packet: &[u8]) -> usize {
        if self.packet == packet {
            return self.span;
        }
        self.packet.clear();
        self.packet.extend_from_slice(packet);
        self.processed = false;
        let mut end = 0;
        self.span = packet_parts(packet).map_or(0, |(data, length)| {
            // SAFETY: parser and data are alive, `packet` is readable, and `end` outlives the call.
            let span = check(unsafe {
                sys::opus_dred_parse(
                    self.parser.as_ptr(),
                    self.data.as_ptr(),
                    data,
                    length,
                    RATE as i32,
                    RATE as i32,
                    &mut end,
                    1,
                )
            });
            // A foreign packet may claim anything.
            span.unwrap_or(0).min(RATE as usize)
        });
        self.span
    }

    /// Turns the parsed bits into features, if that has not happened yet; only after a span that is not 0.
    fn process(&mut self) -> Result<(), OpusError> {
        if !self.processed {
            // SAFETY: parser and data are alive; libopus allows source and destination to be the same.
            check(unsafe { sys::opus_dred_process(self.parser.as_ptr(), self.data.as_ptr(), self.data.as_ptr()) })?;
            self.processed = true;
        }
        Ok(())
    }
}

impl Drop for Dred {
    fn drop(&mut self) {
        // SAFETY: both were created by libopus and are not used again.
        unsafe {
            sys::opus_dred_free(self.data.as_ptr());
            sys::opus_dred_decoder_destroy(self.parser.as_ptr());
        }
    }
}
