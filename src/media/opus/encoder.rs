//! The encoder: sound in, packets out.

use std::{ffi::c_int, ptr::NonNull};

use opusic_sys as sys;

use super::{OpusError, PACKET_MAX_BYTES, check};
use crate::media::frame::RATE;

/// Longest sound that deep redundancy can repeat, units of 10 ms.
pub const DRED_MAX_FRAMES: u8 = 100;

/// What the encoder is for. It decides between the two halves of Opus, and cannot change later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Application {
    /// Voice by linear prediction at moderate bit rates; the only one with in-band error correction. Looks ahead 6.5 ms.
    Voice,
    /// Voice by transform coding alone. Looks ahead 2.5 ms; better from about 40 kbit/s on.
    LowDelayVoice,
    /// Music. Looks ahead 6.5 ms.
    Music,
}

/// What may change between two packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bit rate, bit/s, with error correction and deep redundancy included; 6,000 to 510,000.
    pub bitrate: u32,
    /// In-band forward error correction: a coarse copy of the frame before. Only [`Application::Voice`] has it.
    pub fec: bool,
    /// Share of packets that are expected to get lost, 0 to 100 %. Decides how many bits go into error correction and
    /// deep redundancy: none without it.
    pub loss_percent: u8,
    /// Deep redundancy (DRED): the most sound before the packet that it describes, units of 10 ms, up to
    /// [`DRED_MAX_FRAMES`]; 0 is none.
    pub dred_frames: u8,
    /// Effort, 0 to 10. From 7 on, libopus looks for voice and music by itself, which costs more than it gives where it is
    /// known what is sent.
    pub complexity: u8,
}

impl Settings {
    /// Voice on a path without losses.
    pub fn voice(bitrate: u32) -> Self {
        Self { bitrate, fec: false, loss_percent: 0, dred_frames: 0, complexity: 5 }
    }

    /// Music: 128 kbit/s.
    pub fn music() -> Self {
        Self { bitrate: 128_000, fec: false, loss_percent: 0, dred_frames: 0, complexity: 10 }
    }
}

/// Encodes frames of 2.5, 5, 10, 20, 40 or 60 ms at 48 kHz; each may have another length than the one before.
#[derive(Debug)]
pub struct Encoder {
    raw: NonNull<sys::OpusEncoder>,
    channels: u8,
    settings: Settings,
}

// SAFETY: libopus keeps no thread-local state; an encoder may move between threads as long as one uses it at a time,
// which `&mut self` guarantees.
unsafe impl Send for Encoder {}

impl Encoder {
    /// An encoder for 1 or 2 channels.
    ///
    /// # Errors
    /// If libopus is out of memory or refuses a setting.
    pub fn new(application: Application, channels: u8, settings: Settings) -> Result<Self, OpusError> {
        let (number, signal) = match application {
            Application::Voice => (sys::OPUS_APPLICATION_VOIP, sys::OPUS_SIGNAL_VOICE),
            Application::LowDelayVoice => (sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY, sys::OPUS_SIGNAL_VOICE),
            Application::Music => (sys::OPUS_APPLICATION_AUDIO, sys::OPUS_SIGNAL_MUSIC),
        };
        let mut error = 0;
        // SAFETY: libopus checks the arguments, and `error` outlives the call.
        let raw = unsafe { sys::opus_encoder_create(RATE as i32, channels.into(), number, &mut error) };
        let Some(raw) = NonNull::new(raw) else {
            check(error)?;
            return Err(OpusError::Internal(sys::OPUS_ALLOC_FAIL));
        };
        let mut encoder = Self { raw, channels, settings };
        encoder.set(sys::OPUS_SET_SIGNAL_REQUEST, signal)?;
        encoder.set_all(settings)?;
        Ok(encoder)
    }

    /// Changes the settings from the next packet on.
    ///
    /// # Errors
    /// If libopus refuses one of them; then the old ones stay.
    pub fn apply(&mut self, settings: Settings) -> Result<(), OpusError> {
        if settings == self.settings {
            return Ok(());
        }
        let old = self.settings;
        let result = self.set_all(settings);
        if result.is_ok() {
            self.settings = settings;
        } else {
            // These were taken before.
            self.set_all(old)?;
        }
        result
    }

    fn set_all(&mut self, settings: Settings) -> Result<(), OpusError> {
        let bitrate = i32::try_from(settings.bitrate).map_err(|_| OpusError::BadArgument)?;
        for (request, value) in [
            (sys::OPUS_SET_BITRATE_REQUEST, bitrate),
            (sys::OPUS_SET_INBAND_FEC_REQUEST, settings.fec.into()),
            (sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, settings.loss_percent.into()),
            (sys::OPUS_SET_DRED_DURATION_REQUEST, settings.dred_frames.into()),
            (sys::OPUS_SET_COMPLEXITY_REQUEST, settings.complexity.into()),
        ] {
            self.set(request, value)?;
        }
        Ok(())
    }

    fn set(&mut self, request: c_int, value: i32) -> Result<(), OpusError> {
        // SAFETY: the encoder is alive, and every request used here takes exactly one opus_int32.
        check(unsafe { sys::opus_encoder_ctl(self.raw.as_ptr(), request, value) }).map(|_| ())
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// How much later the decoded sound is than what went in, samples per channel.
    pub fn look_ahead(&self) -> usize {
        let mut samples: i32 = 0;
        // SAFETY: the encoder is alive, and the request writes one opus_int32.
        let code =
            unsafe { sys::opus_encoder_ctl(self.raw.as_ptr(), sys::OPUS_GET_LOOKAHEAD_REQUEST, &raw mut samples) };
        check(code).ok().and_then(|_| usize::try_from(samples).ok()).unwrap_or(0)
    }

    /// Encodes one frame, interleaved if stereo.
    ///
    /// # Errors
    /// If it is not as long as an Opus frame, or libopus fails.
    pub fn encode<'a>(&mut self, sound: &[f32], out: &'a mut [u8; PACKET_MAX_BYTES]) -> Result<&'a [u8], OpusError> {
        let channels = usize::from(self.channels);
        if !sound.len().is_multiple_of(channels) {
            return Err(OpusError::BadArgument);
        }
        let samples = c_int::try_from(sound.len() / channels).map_err(|_| OpusError::BadArgument)?;
        // SAFETY: `sound` holds `samples` for each channel, and `out` the bytes announced.
        let length = check(unsafe {
            sys::opus_encode_float(
                self.raw.as_ptr(),
                sound.as_ptr(),
                samples,
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
