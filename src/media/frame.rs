//! The unit of all processing.

/// Rate of all processing, Hz.
pub const RATE: u32 = crate::protocol::media::CLOCK_HZ;
/// Samples of one frame: 10 ms, mono.
pub const FRAME: usize = 480;
/// One frame of mono sound, full scale at ±1.0.
pub type Frame = [f32; FRAME];

/// Milliseconds as samples of [`RATE`].
pub const fn ms(milliseconds: i64) -> i64 {
    milliseconds * (RATE as i64) / 1000
}
