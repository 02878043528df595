//! Takes away noise, where there is any.

use nnnoiseless::DenoiseState;

use super::fade::Work;
use crate::media::{
    frame::{FRAME, Frame},
    level::dbfs,
};

/// RNNoise. Delays by 10 ms, and a clean voice comes out of it a little worse: so it runs only where it is needed.
pub(super) struct NoiseSuppressor(Box<DenoiseState<'static>>);

impl std::fmt::Debug for NoiseSuppressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoiseSuppressor").finish_non_exhaustive()
    }
}

impl NoiseSuppressor {
    pub(super) fn new() -> Self {
        Self(DenoiseState::new())
    }
}

/// RNNoise counts in 16-bit samples.
const SCALE: f32 = 32_768.0;

impl Work for NoiseSuppressor {
    fn work(&mut self, frame: &Frame) -> Frame {
        let scaled = frame.map(|sample| sample * SCALE);
        let mut out = [0.0; FRAME];
        self.0.process_frame(&mut out, &scaled);
        out.map(|sample| sample / SCALE)
    }
}

/// Noise that is quieter than the voice by less than this is worth taking away (by PESQ and STOI, of pink noise), dB...
const NOISY: f32 = 30.0;
/// ... and by more than this a voice comes out of a suppressor worse than it went in.
const CALM: f32 = 35.0;
/// A voice before it has been heard, dBFS.
const VOICE: f32 = -26.0;
/// Somebody speaks for certain: above this probability.
const SPOKEN: f32 = 0.9;
/// Share of the newest frame in the level of the voice (1 s of speech).
const GLIDE: f32 = 0.01;
/// How quickly the floor follows upwards, dB per frame (6 dB a second).
const RISE: f32 = 0.06;
/// Below this, silence is silence, dBFS.
const DEEPEST: f32 = -90.0;
/// The suppressor comes and goes while nobody speaks: below this probability of speech.
const NOBODY: f32 = 0.3;

/// Whether there is noise to be taken away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Level in pauses, dBFS; `None` before the first frame.
    floor: Option<f32>,
    /// Level of the voice, dBFS.
    voice: f32,
    noisy: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { floor: None, voice: VOICE, noisy: false }
    }
}

impl Room {
    /// Takes in 10 ms, and how probable it was of late that somebody speaks. True if there is noise.
    pub(super) fn feed(&mut self, frame: &Frame, speech: f32) -> bool {
        let level = dbfs(frame).max(DEEPEST);
        let floor = self.floor.map_or(level, |floor| level.min(floor + RISE));
        self.floor = Some(floor);
        if speech > SPOKEN {
            self.voice += GLIDE * (level - self.voice);
        }
        if speech < NOBODY {
            self.noisy = floor > self.voice - if self.noisy { CALM } else { NOISY };
        }
        self.noisy
    }
}
