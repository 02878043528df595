//! Takes away what is deeper than a voice: rumble, hum, and direct current.

use sonora::high_pass_filter::HighPassFilter;

use super::fade::Work;
use crate::media::frame::{Frame, RATE};

/// WebRTC's high-pass filter of sixth order, 100 Hz. Delays by nothing that counts.
#[derive(Debug)]
pub(super) struct HighPass {
    filter: HighPassFilter,
    channels: Vec<Vec<f32>>,
}

impl HighPass {
    pub(super) fn new() -> Self {
        Self { filter: HighPassFilter::new(RATE as i32, 1), channels: vec![Vec::new()] }
    }
}

impl Work for HighPass {
    fn work(&mut self, frame: &Frame) -> Frame {
        self.channels[0].clear();
        self.channels[0].extend_from_slice(frame);
        self.filter.process_channels(&mut self.channels);
        let mut out = *frame;
        out.copy_from_slice(&self.channels[0]);
        out
    }
}
