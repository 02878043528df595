//! Sound that can be made a little shorter or longer without changing its pitch (WSOLA): at a good place it jumps
//! ahead or back by a whole pitch period, under a cross-fade.

use super::frame::FRAME;

/// Length of the cross-fade, samples (5 ms).
const OVERLAP: usize = 240;
/// Shortest and longest jump, samples (2.5 and 15 ms: down to voices of 67 Hz).
const JUMP: std::ops::RangeInclusive<usize> = 120..=720;
/// Past sound that is kept to jump back into, samples.
const HISTORY: usize = 960;
/// Both sides below this mean power (-60 dBFS) count as silence, where every jump is good.
const SILENT_POWER: f32 = 1e-6;

/// Decoded sound waiting to be played, with a little of what was played.
#[derive(Debug, Default)]
pub struct Tape {
    samples: Vec<f32>,
    /// Index of the first sample that has not been played.
    at: usize,
}

impl Tape {
    /// Samples not yet played.
    pub fn pending(&self) -> usize {
        self.samples.len() - self.at
    }

    /// Where a decoder appends.
    pub fn end(&mut self) -> &mut Vec<f32> {
        &mut self.samples
    }

    /// The last `count` samples, or as many as there are.
    pub fn last(&mut self, count: usize) -> &mut [f32] {
        let from = self.samples.len().saturating_sub(count).max(self.at);
        &mut self.samples[from..]
    }

    /// Forgets what has not been played.
    pub fn clear(&mut self) {
        self.samples.truncate(self.at);
    }

    /// Plays: fills `out`, with zeros where the tape ends.
    pub fn take(&mut self, out: &mut [f32; FRAME]) {
        let have = self.pending().min(FRAME);
        out[..have].copy_from_slice(&self.samples[self.at..self.at + have]);
        out[have..].fill(0.0);
        self.at += have;
        if self.at > 2 * HISTORY {
            self.samples.drain(..self.at - HISTORY);
            self.at = HISTORY;
        }
    }

    /// Samples that [`Self::shorten`] needs pending, to be able to take out up to `most`.
    pub fn needed_to_shorten(most: usize) -> usize {
        most.clamp(*JUMP.start(), *JUMP.end()) + OVERLAP
    }

    /// Jumps ahead by at most `most` samples if the sound allows; `force` jumps anyhow. Returns the samples taken out.
    pub fn shorten(&mut self, most: usize, force: bool) -> usize {
        let room = self.pending().saturating_sub(OVERLAP);
        let longest = most.min(room).min(*JUMP.end());
        let Some(lag) = self.best(longest, force, |at, lag| at + lag) else { return 0 };
        self.fade(self.at + lag);
        self.samples.drain(self.at + OVERLAP..self.at + OVERLAP + lag);
        lag
    }

    /// Jumps back by at most `most` samples if the sound allows; `force` jumps anyhow. Returns the samples put in.
    pub fn lengthen(&mut self, most: usize, force: bool) -> usize {
        if self.pending() < OVERLAP {
            return 0;
        }
        let longest = most.min(self.at).min(*JUMP.end());
        let Some(lag) = self.best(longest, force, |at, lag| at - lag) else { return 0 };
        // Play the cross-fade, then go on behind the earlier copy of it.
        let again: Vec<f32> = self.samples[self.at - lag + OVERLAP..self.at + OVERLAP].to_vec();
        self.fade(self.at - lag);
        self.samples.splice(self.at + OVERLAP..self.at + OVERLAP, again);
        lag
    }

    /// Fades the next [`OVERLAP`] samples over into those at `into`.
    fn fade(&mut self, into: usize) {
        // A copy, because the two stretches may overlap.
        let target = self.samples[into..into + OVERLAP].to_vec();
        for (i, (sample, new)) in self.samples[self.at..].iter_mut().zip(target).enumerate() {
            let weight = (i as f32 + 0.5) / OVERLAP as f32;
            *sample += (new - *sample) * weight;
        }
    }

    /// The jump of at most `longest` whose target sounds most like the present place.
    fn best(&self, longest: usize, force: bool, target: impl Fn(usize, usize) -> usize) -> Option<usize> {
        if longest < *JUMP.start() || self.pending() < OVERLAP {
            return None;
        }
        let here = &self.samples[self.at..self.at + OVERLAP];
        let power = dot(here, here);
        let likeness = |lag: usize| {
            let from = target(self.at, lag);
            let there = &self.samples[from..from + OVERLAP];
            let other = dot(there, there);
            let silent = SILENT_POWER * OVERLAP as f32;
            if power < silent && other < silent {
                // Any jump is as good: the longest saves the most.
                return 1.0 + lag as f32 * 1e-4;
            }
            dot(here, there) / (power * other).sqrt().max(1e-9)
        };
        let search = |lags: &mut dyn Iterator<Item = usize>| {
            lags.map(|lag| (lag, likeness(lag))).max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let (coarse, _) = search(&mut (*JUMP.start()..=longest).step_by(4))?;
        let near = coarse.saturating_sub(3).max(*JUMP.start())..=(coarse + 3).min(longest);
        let (lag, alike) = search(&mut near.into_iter())?;
        (force || alike > 0.7).then_some(lag)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    fn tone(hertz: f32, samples: usize) -> Tape {
        let mut tape = Tape::default();
        tape.end().extend((0..samples).map(|i| (TAU * hertz * i as f32 / 48_000.0).sin() * 0.5));
        let mut out = [0.0; FRAME];
        tape.take(&mut out);
        tape.take(&mut out);
        tape
    }

    fn largest_step(tape: &mut Tape) -> f32 {
        let mut sound = Vec::new();
        let mut out = [0.0; FRAME];
        while tape.pending() >= FRAME {
            tape.take(&mut out);
            sound.extend(out);
        }
        sound.windows(2).map(|w| (w[0] - w[1]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_tone_stays_a_tone() {
        for hertz in [100.0, 150.0, 220.0, 440.0] {
            let natural = TAU * hertz / 48_000.0 * 0.5;
            let mut tape = tone(hertz, 4800);
            let before = tape.pending();
            let cut = tape.shorten(720, false);
            assert!(cut >= 120 && tape.pending() == before - cut, "{hertz} Hz: {cut}");
            assert!(largest_step(&mut tape) < natural * 1.3, "{hertz} Hz shorter");

            let mut tape = tone(hertz, 4800);
            let before = tape.pending();
            let added = tape.lengthen(720, false);
            assert!(added >= 120 && tape.pending() == before + added, "{hertz} Hz: {added}");
            assert!(largest_step(&mut tape) < natural * 1.3, "{hertz} Hz longer");
        }
    }

    #[test]
    fn nothing_happens_without_room_or_likeness() {
        let mut tape = Tape::default();
        assert_eq!((tape.shorten(480, true), tape.lengthen(480, true)), (0, 0));
        let mut state = 1u32;
        tape.end().extend((0..4800).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65_536.0 - 0.5
        }));
        assert_eq!(tape.shorten(480, false), 0, "noise has no period");
        assert!(tape.shorten(480, true) > 0, "but can be forced");
        assert_eq!(tape.shorten(100, true), 0, "too short a jump");
    }

    #[test]
    fn in_silence_the_jump_is_as_long_as_allowed() {
        let mut tape = Tape::default();
        tape.end().resize(4800, 0.0);
        assert_eq!(tape.shorten(500, false), 500);
    }
}
