//! Comfort noise: what is heard while the other side sends nothing because nobody speaks.

use crate::protocol::media::LEVEL_SILENT;

/// Louder than this (-50 dBFS) it would not comfort.
const LOUDEST: f32 = 0.003;

/// Soft noise as loud as the room on the other side.
#[derive(Debug)]
pub struct ComfortNoise {
    state: u32,
    smooth: f32,
    /// RMS, and what it glides to.
    loudness: f32,
    wanted: f32,
}

/// Share of the wanted loudness in the next sample: there within 50 ms.
const GLIDE: f32 = 0.001;

impl Default for ComfortNoise {
    fn default() -> Self {
        Self { state: 0x1234_5678, smooth: 0.0, loudness: 0.0, wanted: 0.0 }
    }
}

impl ComfortNoise {
    /// As loud as the pause on the other side, -dBFS, as in the header of its first packet (RFC 3389 sends it, too).
    pub fn set_level(&mut self, level: u8) {
        self.wanted = if level >= LEVEL_SILENT { 0.0 } else { 10f32.powf(-f32::from(level) / 20.0).min(LOUDEST) };
        if self.loudness == 0.0 {
            self.loudness = self.wanted;
        }
    }

    /// No noise.
    pub fn hush(&mut self) {
        (self.loudness, self.wanted) = (0.0, 0.0);
    }

    /// The next sample.
    pub fn sample(&mut self) -> f32 {
        if self.wanted == 0.0 && self.loudness < 1e-6 {
            return 0.0;
        }
        self.loudness += GLIDE * (self.wanted - self.loudness);
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = (self.state >> 8) as f32 / 8_388_608.0 - 1.0;
        // A gentle low pass; 6.3 brings its RMS back to 1.
        self.smooth += 0.14 * (white - self.smooth);
        self.smooth * self.loudness * 6.3
    }
}
