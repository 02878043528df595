//! The unit of all processing.

/// Rate of all processing, Hz.
pub const RATE: u32 = crate::protocol::media::CLOCK_HZ;
/// Samples of one frame: 10 ms, mono.
pub const FRAME: usize = 480;
/// One frame of mono sound, full scale at ±1.0.
pub type Frame = [f32; FRAME];
/// One frame of stereo sound: left, right. Mono sound has both alike.
pub type StereoFrame = [Frame; 2];
/// Silence.
pub const SILENCE: StereoFrame = [[0.0; FRAME]; 2];

/// Both channels as one.
pub fn mono(frame: &StereoFrame) -> Frame {
    let [left, right] = frame;
    std::array::from_fn(|i| (left[i] + right[i]) * 0.5)
}

/// Up to 10 ms of one channel, or of two interleaved, as a frame; what is missing is silent.
pub fn deinterleave(samples: &[f32], channels: usize) -> StereoFrame {
    let mut frame = SILENCE;
    let [left, right] = &mut frame;
    if channels == 2 {
        let (pairs, _) = samples.as_chunks::<2>();
        for ((left, right), pair) in left.iter_mut().zip(right).zip(pairs) {
            [*left, *right] = *pair;
        }
    } else {
        left.iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
        *right = *left;
    }
    frame
}

/// Milliseconds as samples of [`RATE`].
pub const fn ms(milliseconds: i64) -> i64 {
    milliseconds * (RATE as i64) / 1000
}
