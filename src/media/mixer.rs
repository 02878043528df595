//! All voices into one: sum, loudness, and a limiter instead of clipping.

use super::{
    frame::{FRAME, SILENCE, StereoFrame},
    level::Glide,
};

/// Peaks are held below this.
const CEILING: f32 = 0.9;
/// The limiter lets go by this factor per frame: a second to 20 dB.
const RELEASE: f32 = 1.023;
/// Samples in which the limiter takes hold (1 ms).
const ATTACK: usize = 48;

/// Sums frames.
#[derive(Debug)]
pub struct Mixer {
    sum: StereoFrame,
    volume: [Glide; 2],
    gain: f32,
}

impl Mixer {
    /// A mixer of the given loudness.
    pub fn new(volume: f32) -> Self {
        Self { sum: SILENCE, volume: [Glide::new(volume); 2], gain: 1.0 }
    }

    /// Adds a voice to the frame under way.
    pub fn add(&mut self, frame: &StereoFrame) {
        for (sum, sample) in self.sum.as_flattened_mut().iter_mut().zip(frame.as_flattened()) {
            *sum += sample;
        }
    }

    /// Ends the frame: loudness, limiter. Always within ±1.0; both sides are limited alike.
    pub fn finish(&mut self, volume: f32) -> StereoFrame {
        let mut frame = std::mem::replace(&mut self.sum, SILENCE);
        self.volume.iter_mut().zip(&mut frame).for_each(|(glide, side)| glide.apply(volume, side));
        let peak = frame.as_flattened().iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        let wanted = if peak > CEILING { CEILING / peak } else { 1.0 };
        let from = self.gain;
        self.gain = wanted.min(from * RELEASE).min(1.0);
        let ramp = if self.gain < from { ATTACK } else { FRAME };
        for side in &mut frame {
            for (i, sample) in side.iter_mut().enumerate() {
                let weight = (i as f32 / ramp as f32).min(1.0);
                *sample = soft(*sample * (from + (self.gain - from) * weight));
            }
        }
        frame
    }
}

/// What the ramp let through bends instead of breaking.
fn soft(x: f32) -> f32 {
    let over = x.abs() - CEILING;
    if over <= 0.0 { x } else { x.signum() * (CEILING + (1.0 - CEILING) * (over / (1.0 - CEILING)).tanh()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    fn tone(amplitude: f32, frame: usize) -> StereoFrame {
        let side = std::array::from_fn(|i| amplitude * (TAU * 500.0 * (frame * FRAME + i) as f32 / 48_000.0).sin());
        [side, side]
    }

    #[test]
    fn quiet_voices_are_summed_exactly() {
        let mut mixer = Mixer::new(1.0);
        mixer.add(&tone(0.2, 0));
        mixer.add(&tone(0.3, 0));
        let out = mixer.finish(1.0);
        assert!(out.as_flattened().iter().zip(tone(0.5, 0).as_flattened()).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(mixer.finish(1.0), SILENCE, "nothing is left over");
    }

    #[test]
    fn loud_voices_are_held_without_a_break() {
        let mut mixer = Mixer::new(1.0);
        let mut sound = Vec::new();
        for i in 0..100 {
            (0..5).for_each(|_| mixer.add(&tone(0.8, i)));
            sound.extend(mixer.finish(1.0)[0]);
        }
        assert!(sound.iter().all(|s| s.abs() <= 1.0));
        // Once the limiter has settled, the tone is a tone: no step is larger than that of the sine.
        let step = CEILING * TAU * 500.0 / 48_000.0 * 1.1;
        assert!(sound[4800..].windows(2).all(|w| (w[0] - w[1]).abs() < step));
        for i in 0..300 {
            mixer.add(&tone(0.5, i));
            mixer.finish(1.0);
        }
        assert!((mixer.gain - 1.0).abs() < 1e-6, "it lets go again");
    }
}
