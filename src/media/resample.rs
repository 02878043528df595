//! Sound of any rate into 48 kHz and back.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction};

/// Converts one channel; what goes in comes out after less than a millisecond and a chunk.
pub struct Resampler {
    /// `None`: the rates are the same.
    inner: Option<Async<f32>>,
    chunk: usize,
    pending: Vec<f32>,
    scratch: Vec<f32>,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler").field("chunk", &self.chunk).finish_non_exhaustive()
    }
}

impl Resampler {
    /// From one rate to another, Hz. `None` if no sound has such a rate.
    pub fn new(from: u32, to: u32) -> Option<Self> {
        const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;
        if !RATES.contains(&from) || !RATES.contains(&to) {
            return None;
        }
        // 5 ms: little delay, and few calls.
        let chunk = (from / 200) as usize;
        let inner = if from == to {
            None
        } else {
            let parameters = SincInterpolationParameters::new(64, WindowFunction::BlackmanHarris2);
            let ratio = f64::from(to) / f64::from(from);
            Some(Async::new_sinc(ratio, 1.1, &parameters, chunk, 1, FixedAsync::Input).ok()?)
        };
        let scratch = vec![0.0; inner.as_ref().map_or(0, |inner| inner.output_frames_max())];
        Some(Self { inner, chunk, pending: Vec::new(), scratch })
    }

    /// Takes samples and appends what can be converted by now.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let Some(inner) = &mut self.inner else {
            out.extend_from_slice(samples);
            return;
        };
        self.pending.extend_from_slice(samples);
        let mut done = 0;
        while self.pending.len() - done >= self.chunk {
            let input = &self.pending[done..done + self.chunk];
            done += self.chunk;
            let room = self.scratch.len();
            // The sizes are those that the resampler asks for: neither step can fail.
            let (Ok(input), Ok(mut output)) =
                (InterleavedSlice::new(input, 1, self.chunk), InterleavedSlice::new_mut(&mut self.scratch, 1, room))
            else {
                continue;
            };
            if let Ok((_, written)) = inner.process_into_buffer(&input, &mut output, None) {
                out.extend_from_slice(&self.scratch[..written]);
            }
        }
        self.pending.drain(..done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    #[test]
    fn a_tone_keeps_its_pitch_and_loudness() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (16_000, 48_000), (96_000, 48_000), (48_000, 48_000)] {
            let input: Vec<f32> = (0..from).map(|i| (TAU * 1000.0 * i as f32 / from as f32).sin() * 0.5).collect();
            let mut resampler = Resampler::new(from, to).expect("rates that exist");
            let mut out = Vec::new();
            // In odd pieces, as a sound card delivers them.
            input.chunks(333).for_each(|piece| resampler.push(piece, &mut out));
            assert!((to as i64 - out.len() as i64).abs() < to as i64 / 50, "{from} -> {to}: {} samples", out.len());
            let middle = &out[out.len() / 4..out.len() * 3 / 4];
            let crossings = middle.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count() as f32;
            let seconds = middle.len() as f32 / to as f32;
            assert!((crossings / seconds - 1000.0).abs() < 5.0, "{from} -> {to}");
            let rms = (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt();
            assert!((rms - 0.3536).abs() < 0.01, "{from} -> {to}: {rms}");
        }
        assert!(Resampler::new(0, 48_000).is_none());
    }
}
