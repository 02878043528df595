//! Something that sounds like speech to a codec and to whatever suppresses noise, and that is never the same twice:
//! voiced syllables with a gliding pitch, formants and pauses.

use std::f32::consts::TAU;

/// Samples per second.
pub(super) const RATE: u32 = 48_000;
/// Root mean square of the syllables, about -20 dBFS.
const LOUDNESS: f32 = 0.1;

/// After so many seconds somebody listens for a while...
const TURN_S: u32 = 6;
/// ... of so many.
const LISTENING_S: f32 = 1.5;

/// What a microphone hears when nobody speaks, amplitude of white noise (-79 dBFS).
const NOISE: f32 = 2e-4;

/// So many seconds of syllables; the same for the same seed.
pub(super) fn babble(seconds: u32, seed: u32) -> Vec<f32> {
    let mut dice = Dice(seed.wrapping_mul(2_654_435_761) | 1);
    let mut sound = Vec::new();
    let mut turn = (TURN_S * RATE) as usize;
    while sound.len() < (seconds * RATE) as usize {
        syllable(&mut dice, &mut sound);
        let pause = if sound.len() > turn {
            turn = sound.len() + (TURN_S * RATE) as usize;
            LISTENING_S
        } else if dice.next() < 0.1 {
            0.3 + dice.next() * 0.5
        } else {
            0.02 + dice.next() * 0.06
        };
        sound.resize(sound.len() + (pause * RATE as f32) as usize, 0.0);
    }
    sound.iter_mut().for_each(|sample| *sample += (dice.next() * 2.0 - 1.0) * NOISE);
    sound
}

fn syllable(dice: &mut Dice, sound: &mut Vec<f32>) {
    let length = ((0.12 + dice.next() * 0.2) * RATE as f32) as usize;
    let (from, to) = (100.0 + dice.next() * 110.0, 100.0 + dice.next() * 110.0);
    let mut formants = [(350.0, 500.0, 80.0), (900.0, 1300.0, 100.0), (2300.0, 800.0, 150.0)]
        .map(|(low, range, width)| Formant::new(low + dice.next() * range, width));
    let (mut phase, mut last) = (0.0f32, 0.0);
    let begin = sound.len();
    for i in 0..length {
        let t = i as f32 / length as f32;
        phase += (from + (to - from) * t) / RATE as f32;
        // A pulse of the glottis, opening slowly and closing at once, with a little breath.
        let pulse = phase.fract().powi(3) + (dice.next() - 0.5) * 0.02;
        let source = pulse - std::mem::replace(&mut last, pulse);
        let voice: f32 = formants.iter_mut().map(|formant| formant.next(source)).sum();
        let edge = (t / 0.15).min((1.0 - t) / 0.3).min(1.0);
        sound.push(voice * edge);
    }
    let syllable = &mut sound[begin..];
    let rms = (syllable.iter().map(|s| s * s).sum::<f32>() / length as f32).sqrt().max(1e-9);
    syllable.iter_mut().for_each(|sample| *sample = (*sample * LOUDNESS / rms).clamp(-0.9, 0.9));
}

/// A resonance of the mouth: a pole pair.
struct Formant {
    feedback: [f32; 2],
    past: [f32; 2],
}

impl Formant {
    fn new(hertz: f32, width: f32) -> Self {
        let radius = (-std::f32::consts::PI * width / RATE as f32).exp();
        let feedback = [2.0 * radius * (TAU * hertz / RATE as f32).cos(), -radius * radius];
        Self { feedback, past: [0.0; 2] }
    }

    fn next(&mut self, input: f32) -> f32 {
        let output = input + self.feedback[0] * self.past[0] + self.feedback[1] * self.past[1];
        self.past = [output, self.past[0]];
        output
    }
}

/// Numbers that look random (xorshift).
pub(super) struct Dice(u32);

impl Dice {
    /// The same numbers for the same seed, which is not 0.
    pub(super) fn new(seed: u32) -> Self {
        Self(seed | 1)
    }

    /// From 0.0 to 1.0.
    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}
