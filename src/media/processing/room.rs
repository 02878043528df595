//! A room with a speaker, a microphone and somebody who talks: made of numbers, so that echo cancelling can be measured
//! the same way on every computer.

use crate::media::frame::RATE;

/// A room.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// From the speaker's buffer to the microphone's frame, ms.
    pub delay_ms: f32,
    /// Time until the echo has died away by 60 dB (T60), s.
    pub t60_s: f32,
    /// How much quieter than the speaker's sound its echo is (echo return loss), dB.
    pub erl_db: f32,
    /// Noise at the microphone, dBFS.
    pub noise_dbfs: f32,
    /// How far the loudspeaker distorts: the echo is that of `tanh(drive · x) / drive`; 0.0 is none.
    pub drive: f32,
    /// How much faster the microphone's clock is than the speaker's, ppm.
    pub drift_ppm: f32,
    /// The delay from a quarter of the time on, ms.
    pub later_delay_ms: f32,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            delay_ms: 90.0,
            t60_s: 0.15,
            erl_db: 6.0,
            noise_dbfs: -70.0,
            drive: 0.0,
            drift_ppm: 0.0,
            later_delay_ms: 90.0,
        }
    }
}

/// Numbers that look random and are always the same.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u32);

impl Dice {
    /// A row of its own for each seed.
    pub fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(12_345))
    }

    /// White noise, -1.0 to 1.0.
    pub fn white(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 8_388_608.0 - 1.0
    }
}

impl Room {
    /// The echo of what the speaker plays, without noise.
    pub fn echo(&self, far: &[f32]) -> Vec<f32> {
        let played: Vec<f32> = match self.drive {
            0.0 => far.to_vec(),
            drive => far.iter().map(|x| (drive * x).tanh() / drive).collect(),
        };
        let response = self.response();
        let then = far.len() / 4;
        let mut echo = vec![0.0; far.len()];
        for (piece, delay_ms) in [(0..then, self.delay_ms), (then..far.len(), self.later_delay_ms)] {
            let delay = delay_ms * RATE as f32 / 1000.0;
            for i in piece {
                // The clock of the microphone runs on its own: read where the speaker is by then.
                let at = i as f64 * (1.0 - f64::from(self.drift_ppm) * 1e-6) - f64::from(delay);
                if at < 1.0 {
                    continue;
                }
                let (whole, part) = (at as usize, (at - at.floor()) as f32);
                echo[i] = if self.drift_ppm == 0.0 {
                    convolved(&played, &response, whole)
                } else {
                    let (a, b) = (convolved(&played, &response, whole - 1), convolved(&played, &response, whole));
                    let c = convolved(&played, &response, whole + 1);
                    // A parabola through three samples: speech has little above 8 kHz.
                    b + part * 0.5 * (c - a + part * (a - 2.0 * b + c))
                };
            }
        }
        let loss = 10f32.powf(-self.erl_db / 20.0) * rms(far) / rms(&echo).max(1e-9);
        echo.iter_mut().for_each(|x| *x *= loss);
        echo
    }

    /// The noise of the room.
    pub fn noise(&self, samples: usize) -> Vec<f32> {
        let mut dice = Dice::new(7);
        // White noise within ±1.0 has an RMS of 1/√3.
        let loudness = 10f32.powf(self.noise_dbfs / 20.0) * 3f32.sqrt();
        (0..samples).map(|_| dice.white() * loudness).collect()
    }

    /// White noise that dies away, after the direct sound.
    fn response(&self) -> Vec<f32> {
        let mut dice = Dice::new(1);
        let length = (self.t60_s * RATE as f32) as usize;
        let decay = (-6.907_755 / length.max(1) as f32).exp();
        let mut loudness = 1.0;
        let mut response: Vec<f32> = (0..length)
            .map(|_| {
                loudness *= decay;
                dice.white() * loudness * 0.1
            })
            .collect();
        response.insert(0, 1.0);
        // The end first, as it meets the samples.
        response.reverse();
        response
    }
}

/// One sample of sound through a response whose end comes first.
fn convolved(sound: &[f32], reversed: &[f32], at: usize) -> f32 {
    let Some(end) = at.checked_add(1).filter(|&end| end <= sound.len()) else { return 0.0 };
    let count = end.min(reversed.len());
    let (sound, reversed) = (&sound[end - count..end], &reversed[reversed.len() - count..]);
    // Eight sums at once: the compiler makes vectors of them.
    let mut sums = [0.0f32; 8];
    let (sounds, weights) = (sound.chunks_exact(8), reversed.chunks_exact(8));
    let rest: f32 = sounds.remainder().iter().zip(weights.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in sounds.zip(weights) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// Root of the mean square.
pub fn rms(sound: &[f32]) -> f32 {
    let power: f64 = sound.iter().map(|x| f64::from(*x).powi(2)).sum();
    (power / sound.len().max(1) as f64).sqrt() as f32
}
