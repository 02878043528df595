//! Opus (libopus 1.6.1) behind safe types. The only place of the house with `unsafe`.

mod decoder;
mod encoder;
#[cfg(test)]
mod tests;

use std::ffi::c_int;

use opusic_sys as sys;

use super::frame::RATE;

pub use decoder::{Decode, Decoder};
pub use encoder::{Application, DRED_MAX_FRAMES, Encoder, Settings};

/// Longest packet that an encoder here makes, bytes.
pub const PACKET_MAX_BYTES: usize = 1000;
/// Longest sound in one Opus packet: 120 ms, samples.
pub const PACKET_MAX_SAMPLES: usize = 5760;
/// A packet this short says only that there is silence (DTX).
pub const DTX_MAX_BYTES: usize = 2;

/// A packet that says that silence follows `frame`: its first byte, and no sound (RFC 6716, 3.2.1).
pub fn silence_after(frame: &[u8]) -> Option<[u8; 1]> {
    // The two lowest bits count the frames in the packet.
    frame.first().map(|toc| [toc & !3])
}

/// Why libopus refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpusError {
    /// The packet is empty or not Opus.
    #[error("the Opus packet is damaged")]
    BadPacket,
    /// Not a number of channels, a frame length, or a setting that Opus knows.
    #[error("Opus has no such frame length or setting")]
    BadArgument,
    /// Anything else, with libopus' own number.
    #[error("libopus failed with error {0}")]
    Internal(i32),
}

fn check(code: c_int) -> Result<usize, OpusError> {
    match code {
        sys::OPUS_INVALID_PACKET | sys::OPUS_BUFFER_TOO_SMALL => Err(OpusError::BadPacket),
        sys::OPUS_BAD_ARG => Err(OpusError::BadArgument),
        // A negative number is an error, everything else a count.
        _ => usize::try_from(code).map_err(|_| OpusError::Internal(code)),
    }
}

/// Pointer and length of a packet as libopus takes them; to it, no bytes would mean "conceal".
fn packet_parts(payload: &[u8]) -> Result<(*const u8, i32), OpusError> {
    match i32::try_from(payload.len()) {
        Ok(length) if length > 0 => Ok((payload.as_ptr(), length)),
        _ => Err(OpusError::BadPacket),
    }
}

/// Length of the sound in a packet, samples per channel at 48 kHz; `None` if it is not Opus.
pub fn packet_samples(payload: &[u8]) -> Option<usize> {
    let (data, length) = packet_parts(payload).ok()?;
    // SAFETY: `data` points to `length` readable bytes.
    let samples = check(unsafe { sys::opus_packet_get_nb_samples(data, length, RATE as i32) }).ok()?;
    (1..=PACKET_MAX_SAMPLES).contains(&samples).then_some(samples)
}

/// Whether a packet was encoded in stereo.
pub fn is_stereo(payload: &[u8]) -> bool {
    let Ok((data, _)) = packet_parts(payload) else { return false };
    // SAFETY: reads the first byte only, and there is one.
    unsafe { sys::opus_packet_get_nb_channels(data) == 2 }
}
