//! Brings the voices of others to a common loudness: slowly, and only while they speak.

use super::{
    frame::{FRAME, Frame},
    level::{SILENT_DBFS, dbfs},
};

/// How loud a voice is to be while it speaks, dBFS.
const TARGET: f32 = -23.0;
/// The gain stays within this, dB.
const MOST: f32 = 12.0;
/// Quieter than this nobody speaks, dBFS...
const FAINT: f32 = -55.0;
/// ... and so far below the voice's own level it is a pause, dB.
const PAUSE: f32 = 15.0;
/// How far the gain moves in a frame of speech, dB (4 dB a second)...
const STEP: f32 = 0.04;
/// ... and when levelling is switched off (20 dB a second).
const RETURN: f32 = 0.2;
/// Frames of speech that make up the level once it is known (4 s).
const MEMORY: f32 = 400.0;
/// Frames of speech before anything is done (0.5 s): who coughs is not levelled.
const FIRST: f32 = 50.0;
/// A voice that is much quieter all at once is another one: frames of faint speech until the level follows (1 s).
const PATIENCE: u32 = 100;

/// The loudness of one voice.
#[derive(Clone, Copy, Debug)]
pub struct Leveller {
    /// Mean power of speech, full scale at 1.0.
    power: f32,
    /// Frames of speech in it.
    frames: f32,
    /// Frames too faint for speech at this level, since the last that was not.
    faint: u32,
    gain_db: f32,
    /// The gain at the end of the last frame, linear.
    factor: f32,
}

impl Default for Leveller {
    fn default() -> Self {
        Self { power: 0.0, frames: 0.0, faint: 0, gain_db: 0.0, factor: 1.0 }
    }
}

impl Leveller {
    /// Levels 10 ms of a voice, all channels alike; off, it returns to how the voice came.
    pub fn apply(&mut self, on: bool, channels: &mut [Frame]) {
        let level = channels.iter().map(|channel| dbfs(channel)).fold(SILENT_DBFS, f32::max);
        let speaks = self.learn(level);
        let wanted = if on { (TARGET - self.level_dbfs().unwrap_or(TARGET)).clamp(-MOST, MOST) } else { 0.0 };
        let step = match (on, speaks) {
            (false, _) => RETURN,
            (true, true) => STEP,
            // A pause is not made louder.
            (true, false) => 0.0,
        };
        self.gain_db += (wanted - self.gain_db).clamp(-step, step);
        let (from, to) = (self.factor, 10f32.powf(self.gain_db / 20.0));
        self.factor = to;
        if from == 1.0 && to == 1.0 {
            return;
        }
        for channel in channels {
            for (i, sample) in channel.iter_mut().enumerate() {
                *sample *= from + (to - from) * (i + 1) as f32 / FRAME as f32;
            }
        }
    }

    /// Takes in the level of 10 ms; true if it is speech.
    fn learn(&mut self, level: f32) -> bool {
        if level < FAINT {
            return false;
        }
        if self.frames > 0.0 && level < 10.0 * self.power.log10() - PAUSE {
            self.faint += 1;
            if self.faint < PATIENCE {
                return false;
            }
            self.frames = 0.0;
        }
        self.faint = 0;
        self.frames = (self.frames + 1.0).min(MEMORY);
        self.power += (10f32.powf(level / 10.0) - self.power) / self.frames;
        true
    }

    /// How loud the voice is while it speaks, dBFS; `None` before enough of it has been heard.
    pub fn level_dbfs(&self) -> Option<f32> {
        (self.frames >= FIRST).then(|| 10.0 * self.power.log10())
    }

    /// The gain now, dB.
    pub fn gain_db(&self) -> f32 {
        self.gain_db
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::processing::room::Dice;

    /// Noise in syllables: 150 ms of sound, 100 ms of rest, and a pause of 1 s every 4 s.
    fn voice(loudness: f32) -> impl Iterator<Item = Frame> {
        let mut dice = Dice::new(5);
        (0..).map(move |i: usize| {
            let speaks = i % 25 < 15 && i % 400 < 300;
            let loudness = if speaks { loudness * 3f32.sqrt() } else { 1e-4 };
            std::array::from_fn(|_| dice.white() * loudness)
        })
    }

    fn after(seconds: usize, leveller: &mut Leveller, on: bool, voice: impl Iterator<Item = Frame>) -> f32 {
        for frame in voice.take(seconds * 100) {
            leveller.apply(on, &mut [frame]);
        }
        leveller.gain_db()
    }

    #[test]
    fn quiet_and_loud_voices_come_to_the_same_loudness_and_others_to_the_limit() {
        for (level, gain) in [(-33.0, 10.0), (-23.0, 0.0), (-13.0, -10.0), (-45.0, 12.0), (-6.0, -12.0)] {
            let mut leveller = Leveller::default();
            let reached = after(12, &mut leveller, true, voice(10f32.powf(level / 20.0)));
            assert!((reached - gain).abs() < 1.0, "{level} dBFS: {reached} dB");
        }
    }

    #[test]
    fn pauses_are_not_made_louder_and_do_not_change_the_gain() {
        let mut leveller = Leveller::default();
        let before = after(12, &mut leveller, true, voice(0.02));
        let mut dice = Dice::new(9);
        for noise in [1e-4, 1e-3, 0.0] {
            let room = std::iter::from_fn(|| Some(std::array::from_fn(|_| dice.white() * noise)));
            assert_eq!(after(20, &mut leveller, true, room), before, "noise of {noise}");
        }
    }

    #[test]
    fn the_gain_moves_slowly_and_without_steps() {
        let mut leveller = Leveller::default();
        let (mut last, mut sample) = (0.0, 0.001);
        for (i, _) in (0..1500).enumerate() {
            let mut frames = [[0.01; FRAME]];
            leveller.apply(i < 1000, &mut frames);
            assert!((leveller.gain_db() - last).abs() <= RETURN + 1e-4);
            last = leveller.gain_db();
            if i > 0 {
                assert!(frames[0].iter().all(|s| {
                    let step = (s - sample).abs();
                    sample = *s;
                    step < 1e-4
                }));
            }
            sample = frames[0][FRAME - 1];
        }
        assert_eq!(last, 0.0, "off, it is as it came");
    }

    #[test]
    fn another_quieter_voice_on_the_same_line_is_levelled_too() {
        let mut leveller = Leveller::default();
        after(12, &mut leveller, true, voice(0.3));
        assert!(leveller.gain_db() < -5.0);
        after(20, &mut leveller, true, voice(0.02));
        assert!(leveller.gain_db() > 5.0, "{}", leveller.gain_db());
    }

    #[test]
    fn what_is_no_sound_changes_nothing() {
        let mut leveller = Leveller::default();
        leveller.apply(true, &mut [[f32::NAN; FRAME]]);
        leveller.apply(true, &mut []);
        assert_eq!(leveller.gain_db(), 0.0);
    }
}
