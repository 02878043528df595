//! Takes away what is deeper than a voice: rumble, and direct current.

use std::f64::consts::{PI, SQRT_2};

use sonora_common_audio::cascaded_biquad_filter::{BiQuadCoefficients, CascadedBiQuadFilter};

use super::fade::Work;
use crate::media::frame::{Frame, RATE};

/// From here on downwards, Hz (3 dB). Deep voices begin at 80 Hz: WebRTC's own filter, 100 Hz and of sixth order, is
/// heard in them (PESQ 3.4 instead of 4.5).
const CUTOFF_HZ: f64 = 60.0;

/// A Butterworth filter of second order. Delays by nothing that counts.
#[derive(Debug)]
pub(super) struct HighPass(CascadedBiQuadFilter);

impl HighPass {
    pub(super) fn new() -> Self {
        let k = (PI * CUTOFF_HZ / f64::from(RATE)).tan();
        let norm = 1.0 / (1.0 + SQRT_2 * k + k * k);
        let coefficients = BiQuadCoefficients {
            b: [norm, -2.0 * norm, norm].map(|b| b as f32),
            a: [2.0 * (k * k - 1.0) * norm, (1.0 - SQRT_2 * k + k * k) * norm].map(|a| a as f32),
        };
        Self(CascadedBiQuadFilter::new(&[coefficients]))
    }
}

impl Work for HighPass {
    fn work(&mut self, frame: &Frame) -> Frame {
        let mut out = *frame;
        self.0.process_in_place(&mut out);
        out
    }
}
