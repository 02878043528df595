//! Sound in three bands of 16 kHz, as echo canceller and noise suppressor want it.

use sonora::three_band_filter_bank::ThreeBandFilterBank;

use crate::media::frame::{FRAME, Frame};

/// Number of bands: 0 to 8, 8 to 16 and 16 to 24 kHz.
pub(super) const BANDS: usize = 3;
/// Samples of 10 ms in one band.
pub(super) const BAND_FRAME: usize = FRAME / BANDS;
/// 10 ms, scaled like 16-bit samples.
pub(super) type Split = [[f32; BAND_FRAME]; BANDS];

/// Full scale of the modules behind, which count in 16-bit samples.
const SCALE: f32 = 32_768.0;

/// Splits and merges. Both together delay by 1 ms.
#[derive(Debug, Default)]
pub(super) struct Bands {
    bank: ThreeBandFilterBank,
}

impl Bands {
    /// A frame as bands.
    pub(super) fn split(&mut self, frame: &Frame) -> Split {
        let scaled = frame.map(|sample| sample * SCALE);
        let mut split = [[0.0; BAND_FRAME]; BANDS];
        self.bank.analysis(&scaled, &mut split);
        split
    }

    /// Bands as a frame.
    pub(super) fn merge(&mut self, split: &Split) -> Frame {
        let mut frame = [0.0; FRAME];
        self.bank.synthesis(split, &mut frame);
        frame.map(|sample| sample / SCALE)
    }
}
