//! Discontinuous transmission: what nobody would hear is not sent. The encoder's own way of finding pauses costs quality
//! at the edges of words; here a pause is what is quiet for a while.

use super::level::{SILENT_DBFS, power_dbfs};

/// Below this it is quiet, dBFS, if nobody speaks...
const QUIET_DBFS: f32 = -50.0;
/// ...and below this in any case.
const SILENCE_DBFS: f32 = -62.0;
/// Below this probability nobody speaks.
const NO_SPEECH: f32 = 0.3;
/// A pause begins after so many quiet frames: between two words there is none.
const PATIENCE: u32 = 30;

/// Finds pauses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pauses {
    quiet: u32,
    /// Mean power of the quiet frames.
    power: f32,
}

impl Pauses {
    /// Takes in the level of 10 ms, dBFS, and how probable it is that somebody speaks, 0.0 to 1.0. Returns whether this
    /// frame belongs to a pause.
    pub fn feed(&mut self, level_dbfs: f32, speech: f32) -> bool {
        let quiet = level_dbfs < SILENCE_DBFS || (level_dbfs < QUIET_DBFS && speech < NO_SPEECH);
        self.quiet = if quiet { self.quiet.saturating_add(1) } else { 0 };
        let power = if level_dbfs <= SILENT_DBFS { 0.0 } else { 10f32.powf(level_dbfs / 10.0) };
        self.power += (power - self.power) / self.quiet.clamp(1, PATIENCE) as f32;
        // Nothing at all has no end that could be heard.
        self.quiet > PATIENCE || (self.quiet > 3 && level_dbfs <= SILENT_DBFS)
    }

    /// How loud the pause is, dBFS.
    pub fn level_dbfs(&self) -> f32 {
        power_dbfs(self.power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_quiet_for_a_while_is_a_pause() {
        let mut pauses = Pauses::default();
        assert!((0..100).all(|_| !pauses.feed(-45.0, 0.0)), "a room that can be heard is sent");
        assert!((0..100).all(|_| !pauses.feed(-55.0, 0.9)), "so is a soft voice");
        let began = (0..100).position(|_| pauses.feed(-55.0, 0.0));
        assert_eq!(began, Some(PATIENCE as usize));
        assert!((pauses.level_dbfs() + 55.0).abs() < 0.1);
        assert!(!pauses.feed(-30.0, 0.9), "and the first sound behind it");
        assert_eq!((0..100).position(|_| pauses.feed(SILENT_DBFS, 1.0)), Some(3), "a closed microphone");
        assert_eq!(pauses.level_dbfs(), SILENT_DBFS);
    }
}
