//! Whether there is an echo that anybody could hear. Where there is none, as with a headset, a canceller takes something
//! from the voice and gives nothing.

use std::collections::VecDeque;

/// Blocks of 4 ms in a step of the comparison (100 ms).
const STEP_BLOCKS: u32 = 25;
/// Steps that are compared at a time (500 ms).
const STEPS: usize = 5;
/// An echo is late by no more than so many steps.
const LATEST: usize = 5;
/// From this power of a block on it is worth looking for an echo of it (-40 dBFS in 16-bit samples).
const LOUD: f32 = 64.0 * 328.0 * 328.0;
/// A microphone that hears less than this (-110 dBFS) is switched off, and proves nothing.
const DEAD: f32 = 64.0 * 0.1 * 0.1;
/// An echo that is quieter than what is played by this is none (40 dB, as power).
const FAINT: f32 = 1e-4;
/// One that is quieter than this need not be looked for twice (50 dB, as power).
const NOTHING: f32 = 1e-5;
/// So many comparisons without an echo prove that there is none.
const PROOF: u32 = 2;
/// An echo of which the filter takes away so much is there, dB.
const FOUND_DB: f32 = 3.0;

/// Compares what is played with what the microphone hears.
#[derive(Debug, Default)]
pub(super) struct Audible {
    /// Mean power of what was played and what was heard, a step each, the newest at the end.
    played: VecDeque<f32>,
    heard: VecDeque<f32>,
    played_now: f32,
    heard_now: f32,
    blocks: u32,
    /// Steps since the last comparison.
    steps: usize,
    /// Comparisons that found no echo.
    faint: u32,
}

impl Audible {
    /// Begins with the knowledge that there is no echo.
    pub(super) fn silent() -> Self {
        Self { faint: PROOF, ..Self::default() }
    }

    /// There is no echo.
    pub(super) fn is_silent(&self) -> bool {
        self.faint >= PROOF
    }

    /// Takes the power of a block that is played.
    pub(super) fn played(&mut self, power: f32) {
        self.played_now += power / STEP_BLOCKS as f32;
    }

    /// Takes the power of a block of the microphone, and how much quieter the filter makes an echo, dB. True if there
    /// is, or may be, an echo.
    pub(super) fn heard(&mut self, power: f32, reach_db: f32) -> bool {
        self.heard_now += power / STEP_BLOCKS as f32;
        self.blocks += 1;
        if self.blocks == STEP_BLOCKS {
            self.step();
        }
        if reach_db > FOUND_DB {
            self.faint = 0;
        }
        !self.is_silent()
    }

    fn step(&mut self) {
        self.blocks = 0;
        self.played.push_back(std::mem::take(&mut self.played_now));
        self.heard.push_back(std::mem::take(&mut self.heard_now));
        self.steps += 1;
        if self.heard.len() > STEPS {
            self.heard.pop_front();
        }
        if self.played.len() > STEPS + LATEST {
            self.played.pop_front();
        }
        if self.played.len() < STEPS + LATEST || self.steps < STEPS {
            return;
        }
        let mean = |steps: &mut dyn Iterator<Item = &f32>| steps.sum::<f32>() / STEPS as f32;
        let heard = mean(&mut self.heard.iter());
        // However late the echo is, so much was played when it began.
        let played =
            (0..=LATEST).map(|late| mean(&mut self.played.iter().skip(late).take(STEPS))).fold(f32::INFINITY, f32::min);
        if played > LOUD && heard > DEAD && heard < played * FAINT {
            self.steps = 0;
            self.faint = self.faint.saturating_add(if heard < played * NOTHING { PROOF } else { 1 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of one power.
    fn run(audible: &mut Audible, seconds: usize, played: f32, heard: f32, reach_db: f32) -> bool {
        (0..seconds * 250).fold(true, |_, _| {
            audible.played(played);
            audible.heard(heard, reach_db)
        })
    }

    #[test]
    fn only_loud_sound_without_an_answer_proves_that_there_is_no_echo() {
        let mut audible = Audible::default();
        assert!(run(&mut audible, 60, LOUD * 0.5, LOUD * 1e-6, 0.0), "who plays little learns nothing");
        assert!(run(&mut audible, 60, LOUD * 100.0, 0.0, 0.0), "a microphone that is off");
        assert!(run(&mut audible, 60, LOUD * 100.0, LOUD, 0.0), "somebody speaks, or it is an echo");
        assert!(!run(&mut audible, 6, LOUD * 100.0, LOUD * 1e-3, 0.0), "20 dB below the least");
        assert!(!run(&mut audible, 6, LOUD * 100.0, LOUD * 100.0, 0.0), "somebody speaks, which proves nothing");
        assert!(run(&mut audible, 1, LOUD * 100.0, LOUD * 100.0, 6.0), "the filter has found an echo");
    }

    #[test]
    fn an_echo_that_is_late_is_not_overlooked() {
        let mut audible = Audible::default();
        // Bursts of 200 ms every 2 s, the echo 400 ms later and 20 dB quieter.
        for block in 0..60 * 250 {
            let at = |delay: usize| (block + 500 - delay) % 500 < 50;
            audible.played(if at(0) { LOUD * 1000.0 } else { 0.0 });
            assert!(audible.heard(if at(100) { LOUD * 10.0 } else { 0.0 }, 0.0));
        }
    }
}
