//! Sound that can be made a little shorter or longer without changing its pitch (WSOLA): at a good place it jumps
//! ahead or back by a whole pitch period, under a cross-fade.

/// Length of the cross-fade, samples (5 ms).
const OVERLAP: usize = 240;
/// Shortest and longest jump, samples (2.5 and 15 ms: down to voices of 67 Hz).
const JUMP: std::ops::RangeInclusive<usize> = 120..=720;
/// Past sound that is kept to jump back into, samples.
const HISTORY: usize = 960;
/// Both sides below this mean power (-60 dBFS) count as silence, where every jump is good.
const SILENT_POWER: f32 = 1e-6;

/// Decoded sound waiting to be played, with a little of what was played. Of 1 or 2 channels, interleaved; all counts are
/// per channel.
#[derive(Debug)]
pub struct Tape {
    samples: Vec<f32>,
    channels: usize,
    /// The first sample that has not been played.
    at: usize,
}

impl Default for Tape {
    fn default() -> Self {
        Self { samples: Vec::new(), channels: 1, at: 0 }
    }
}

impl Tape {
    fn length(&self) -> usize {
        self.samples.len() / self.channels
    }

    /// Samples not yet played.
    pub fn pending(&self) -> usize {
        self.length().saturating_sub(self.at)
    }

    /// Channels, 1 or 2.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Goes on with another number of channels; what is on the tape stays.
    pub fn set_channels(&mut self, channels: usize) {
        match (self.channels, channels) {
            (1, 2) => self.samples = self.samples.iter().flat_map(|&sample| [sample, sample]).collect(),
            (2, 1) => self.samples = self.samples.chunks_exact(2).map(|pair| (pair[0] + pair[1]) * 0.5).collect(),
            _ => return,
        }
        self.channels = channels;
    }

    /// Where a decoder appends.
    pub fn end(&mut self) -> &mut Vec<f32> {
        &mut self.samples
    }

    /// The last `count` samples that have not been played, interleaved, or as many as there are.
    pub fn last(&mut self, count: usize) -> &mut [f32] {
        let from = self.length().saturating_sub(count).max(self.at);
        &mut self.samples[from * self.channels..]
    }

    /// Plays: fills both sides, with zeros where the tape ends. They are equally long.
    pub fn take(&mut self, left: &mut [f32], right: &mut [f32]) {
        let have = self.pending().min(left.len());
        let from = self.at * self.channels;
        let played = &self.samples[from..from + have * self.channels];
        if self.channels == 1 {
            left[..have].copy_from_slice(played);
            right[..have].copy_from_slice(played);
        } else {
            for ((pair, left), right) in played.chunks_exact(2).zip(&mut *left).zip(&mut *right) {
                (*left, *right) = (pair[0], pair[1]);
            }
        }
        left[have..].fill(0.0);
        right[have..].fill(0.0);
        self.at += have;
        if self.at > 2 * HISTORY {
            self.samples.drain(..(self.at - HISTORY) * self.channels);
            self.at = HISTORY;
        }
    }

    /// Samples that [`Self::shorten`] needs pending, to be able to take out up to `most`.
    pub fn needed_to_shorten(most: usize) -> usize {
        most.clamp(*JUMP.start(), *JUMP.end()) + OVERLAP
    }

    /// Jumps ahead by at most `most` samples to a place that is at least so much alike (1.0: the same; below -1.0 every
    /// place will do). Returns the samples taken out.
    pub fn shorten(&mut self, most: usize, alike: f32) -> usize {
        let room = self.pending().saturating_sub(OVERLAP);
        let longest = most.min(room).min(*JUMP.end());
        let Some(lag) = self.best(longest, alike, |at, lag| at + lag) else { return 0 };
        self.fade(self.at + lag);
        let from = (self.at + OVERLAP) * self.channels;
        self.samples.drain(from..from + lag * self.channels);
        lag
    }

    /// Jumps back by at most `most` samples, likewise. Returns the samples put in.
    pub fn lengthen(&mut self, most: usize, alike: f32) -> usize {
        if self.pending() < OVERLAP {
            return 0;
        }
        let longest = most.min(self.at).min(*JUMP.end());
        let Some(lag) = self.best(longest, alike, |at, lag| at - lag) else { return 0 };
        // Play the cross-fade, then go on behind the earlier copy of it.
        let end = (self.at + OVERLAP) * self.channels;
        let again: Vec<f32> = self.samples[end - lag * self.channels..end].to_vec();
        self.fade(self.at - lag);
        self.samples.splice(end..end, again);
        lag
    }

    /// Fades the next [`OVERLAP`] samples over into those at `into`.
    fn fade(&mut self, into: usize) {
        let target = self.window(into).to_vec();
        let from = self.at * self.channels;
        cross_fade(&mut self.samples[from..from + target.len()], &target, self.channels);
    }

    fn window(&self, at: usize) -> &[f32] {
        &self.samples[at * self.channels..(at + OVERLAP) * self.channels]
    }

    /// The jump of at most `longest` whose target sounds most like the present place.
    fn best(&self, longest: usize, wanted: f32, target: impl Fn(usize, usize) -> usize) -> Option<usize> {
        if longest < *JUMP.start() || self.pending() < OVERLAP {
            return None;
        }
        let here = self.window(self.at);
        let power = dot(here, here);
        let likeness = |lag: usize| {
            let there = self.window(target(self.at, lag));
            let other = dot(there, there);
            let silent = SILENT_POWER * here.len() as f32;
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
        (alike > wanted).then_some(lag)
    }
}

/// Fades `sound` over into the beginning of `target`, both interleaved.
pub(super) fn cross_fade(sound: &mut [f32], target: &[f32], channels: usize) {
    let steps = (sound.len().min(target.len()) / channels).max(1) as f32;
    for (i, (sample, new)) in sound.iter_mut().zip(target).enumerate() {
        let weight = ((i / channels) as f32 + 0.5) / steps;
        *sample += (new - *sample) * weight;
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::{FRAME, SILENCE, StereoFrame};
    use std::f32::consts::TAU;

    fn tone(hertz: f32, samples: usize) -> Tape {
        let mut tape = Tape::default();
        tape.end().extend((0..samples).map(|i| (TAU * hertz * i as f32 / 48_000.0).sin() * 0.5));
        take(&mut tape);
        take(&mut tape);
        tape
    }

    fn take(tape: &mut Tape) -> StereoFrame {
        let [mut left, mut right] = SILENCE;
        tape.take(&mut left, &mut right);
        [left, right]
    }

    fn largest_step(tape: &mut Tape) -> f32 {
        let mut sound = Vec::new();
        while tape.pending() >= FRAME {
            sound.extend(take(tape)[0]);
        }
        sound.windows(2).map(|w| (w[0] - w[1]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_tone_stays_a_tone() {
        for hertz in [100.0, 150.0, 220.0, 440.0] {
            let natural = TAU * hertz / 48_000.0 * 0.5;
            let mut tape = tone(hertz, 4800);
            let before = tape.pending();
            let cut = tape.shorten(720, 0.7);
            assert!(cut >= 120 && tape.pending() == before - cut, "{hertz} Hz: {cut}");
            assert!(largest_step(&mut tape) < natural * 1.3, "{hertz} Hz shorter");

            let mut tape = tone(hertz, 4800);
            let before = tape.pending();
            let added = tape.lengthen(720, 0.7);
            assert!(added >= 120 && tape.pending() == before + added, "{hertz} Hz: {added}");
            assert!(largest_step(&mut tape) < natural * 1.3, "{hertz} Hz longer");
        }
    }

    #[test]
    fn nothing_happens_without_room_or_likeness() {
        let mut tape = Tape::default();
        assert_eq!((tape.shorten(480, -2.0), tape.lengthen(480, -2.0)), (0, 0));
        let mut state = 1u32;
        tape.end().extend((0..4800).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65_536.0 - 0.5
        }));
        assert_eq!(tape.shorten(480, 0.7), 0, "noise has no period");
        assert!(tape.shorten(480, -2.0) > 0, "but can be forced");
        assert_eq!(tape.shorten(100, -2.0), 0, "too short a jump");
    }

    #[test]
    fn in_silence_the_jump_is_as_long_as_allowed() {
        let mut tape = Tape::default();
        tape.end().resize(4800, 0.0);
        assert_eq!(tape.shorten(500, 0.7), 500);
    }
    #[test]
    fn both_sides_are_stretched_alike() {
        let mut tape = Tape::default();
        tape.set_channels(2);
        tape.end().extend((0..4800).flat_map(|i| {
            let t = TAU * i as f32 / 48_000.0;
            [(150.0 * t).sin() * 0.5, (300.0 * t).cos() * 0.2]
        }));
        take(&mut tape);
        take(&mut tape);
        let before = tape.pending();
        let (cut, added) = (tape.shorten(720, 0.7), tape.lengthen(720, 0.7));
        assert!(cut >= 120 && added >= 120 && tape.pending() == before - cut + added);
        let frames: Vec<StereoFrame> = (0..6).map(|_| take(&mut tape)).collect();
        let power =
            |side: usize| frames.iter().flat_map(|frame| frame[side]).map(|s| s * s).sum::<f32>() / (6 * FRAME) as f32;
        assert!((power(0) - 0.125).abs() < 0.01 && (power(1) - 0.02).abs() < 0.002, "{} {}", power(0), power(1));
        tape.set_channels(1);
        assert_eq!(tape.pending(), before - cut + added - 6 * FRAME);
    }
}
