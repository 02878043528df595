//! Loudness: dBFS, the level byte of a packet, and gains that change without a click.

use super::frame::Frame;
use crate::protocol::media::LEVEL_SILENT;

/// What counts as silence, dBFS.
pub const SILENT_DBFS: f32 = -127.0;

/// RMS of samples, dBFS; a full-scale square wave is 0, nothing is quieter than [`SILENT_DBFS`].
pub fn dbfs(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return SILENT_DBFS;
    }
    power_dbfs(samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32)
}

/// Mean power as a level, dBFS.
pub(super) fn power_dbfs(power: f32) -> f32 {
    if power.is_finite() && power > 0.0 { (10.0 * power.log10()).clamp(SILENT_DBFS, 0.0) } else { SILENT_DBFS }
}

/// The level byte of RFC 6464: -dBov, 0 to 127.
pub fn level_byte(dbfs: f32) -> u8 {
    // The clamp keeps the cast exact; a NaN becomes 0, which `dbfs` never returns.
    (-dbfs).round().clamp(0.0, f32::from(LEVEL_SILENT)) as u8
}

/// A level for meters: quick to rise, slower to fall.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    power: f32,
}

impl Meter {
    /// Takes in 10 ms.
    pub fn feed(&mut self, frame: &Frame) {
        let power = frame.iter().map(|s| s * s).sum::<f32>() / frame.len() as f32;
        let keep = if power > self.power { 0.5 } else { 0.85 };
        self.power = if power.is_finite() { keep * self.power + (1.0 - keep) * power } else { 0.0 };
    }

    /// Shows this level at once, dBFS.
    pub fn set(&mut self, dbfs: f32) {
        self.power = if dbfs > SILENT_DBFS { 10f32.powf(dbfs / 10.0) } else { 0.0 };
    }

    /// The level now, dBFS.
    pub fn dbfs(&self) -> f32 {
        power_dbfs(self.power)
    }
}

/// A gain that glides to its new value within 5 ms.
#[derive(Clone, Copy, Debug)]
pub struct Glide {
    gain: f32,
}

/// Samples that a change of gain takes.
const GLIDE: usize = 240;

impl Glide {
    /// Begins at a gain.
    pub fn new(gain: f32) -> Self {
        Self { gain }
    }

    /// Applies the gain to a frame; a new gain is reached after 5 ms.
    pub fn apply(&mut self, target: f32, frame: &mut Frame) {
        if self.gain == target {
            if target != 1.0 {
                frame.iter_mut().for_each(|s| *s *= target);
            }
            return;
        }
        let step = (target - self.gain) / GLIDE as f32;
        let (ramp, rest) = frame.split_at_mut(GLIDE);
        for sample in ramp {
            self.gain += step;
            *sample *= self.gain;
        }
        rest.iter_mut().for_each(|s| *s *= target);
        self.gain = target;
    }
}

/// Notices that somebody speaks: louder than the room, long enough.
#[derive(Clone, Copy, Debug)]
pub struct SpeechWatch {
    /// Level of the room, dBFS.
    floor: f32,
    /// Frames of speech of late; silence uses it up.
    score: u32,
}

impl Default for SpeechWatch {
    fn default() -> Self {
        Self { floor: -60.0, score: 0 }
    }
}

impl SpeechWatch {
    /// Takes in the level of 10 ms, and how probable it is that it is speech (1.0 if nobody knows); true once somebody
    /// has spoken for about 1.5 s.
    pub fn feed(&mut self, dbfs: f32, speech: f32) -> bool {
        // The floor follows downwards at once and upwards by 2 dB a second.
        self.floor = if dbfs < self.floor { dbfs.max(-90.0) } else { (self.floor + 0.02).min(-30.0) };
        if speech > 0.5 && dbfs > -45.0 && dbfs > self.floor + 12.0 {
            self.score += 2;
        } else {
            // Pauses between words weigh half as much.
            self.score = self.score.saturating_sub(1);
        }
        self.score >= 300
    }

    /// Starts to count anew.
    pub fn reset(&mut self) {
        self.score = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::FRAME;

    #[test]
    fn levels_are_those_of_rfc_6464() {
        assert_eq!(dbfs(&[0.0; FRAME]), SILENT_DBFS);
        assert_eq!(dbfs(&[]), SILENT_DBFS);
        assert_eq!(dbfs(&[1.0; FRAME]), 0.0);
        assert!((dbfs(&[0.1; FRAME]) + 20.0).abs() < 0.01);
        assert_eq!(dbfs(&[f32::NAN; FRAME]), SILENT_DBFS);
        assert_eq!((level_byte(0.0), level_byte(-20.4), level_byte(-300.0)), (0, 20, 127));
    }

    #[test]
    fn a_gain_changes_within_10_ms_without_a_step() {
        let mut glide = Glide::new(1.0);
        let mut frame = [1.0; FRAME];
        glide.apply(0.0, &mut frame);
        assert_eq!(frame[FRAME - 1], 0.0);
        assert!(frame.windows(2).all(|w| (w[0] - w[1]).abs() < 0.005));
        let mut next = [1.0; FRAME];
        glide.apply(0.0, &mut next);
        assert_eq!(next, [0.0; FRAME]);
    }

    #[test]
    fn speech_is_told_from_a_click_and_from_a_fan() {
        let mut watch = SpeechWatch::default();
        assert!((0..1000).all(|i| !watch.feed(if i % 100 == 0 { -10.0 } else { -70.0 }, 1.0)), "clicks");
        let mut watch = SpeechWatch::default();
        assert!((0..3000).all(|_| !watch.feed(-50.0, 1.0)), "a fan");
        let mut watch = SpeechWatch::default();
        let spoken = (0..400).position(|i| watch.feed(if i % 10 < 8 { -25.0 } else { -60.0 }, 0.9));
        let mut watch = SpeechWatch::default();
        assert!((0..1000).all(|i| !watch.feed(if i % 10 < 8 { -25.0 } else { -60.0 }, 0.1)), "hammering");
        assert!(spoken.is_some_and(|frames| (150..300).contains(&frames)), "{spoken:?}");
    }
}
