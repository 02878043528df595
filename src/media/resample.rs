//! Sound of any rate into 48 kHz and back.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction};

/// Converts interleaved channels; what goes in comes out after less than a millisecond and a chunk.
pub struct Resampler {
    /// `None`: the rates are the same.
    inner: Option<Async<f32>>,
    channels: usize,
    /// Frames that are converted at once.
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
    /// From one rate to another, Hz, for so many channels. `None` if no sound has such a rate, or no channel.
    pub fn new(from: u32, to: u32, channels: usize) -> Option<Self> {
        const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;
        if !RATES.contains(&from) || !RATES.contains(&to) || channels == 0 {
            return None;
        }
        // 5 ms: little delay, and few calls.
        let chunk = (from / 200) as usize;
        let inner = if from == to {
            None
        } else {
            let parameters = SincInterpolationParameters::new(64, WindowFunction::BlackmanHarris2);
            let ratio = f64::from(to) / f64::from(from);
            Some(Async::new_sinc(ratio, 1.1, &parameters, chunk, channels, FixedAsync::Input).ok()?)
        };
        let scratch = vec![0.0; inner.as_ref().map_or(0, |inner| inner.output_frames_max() * channels)];
        Some(Self { inner, channels, chunk, pending: Vec::new(), scratch })
    }

    /// Takes whole frames and appends what can be converted by now.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let Some(inner) = &mut self.inner else {
            out.extend_from_slice(samples);
            return;
        };
        self.pending.extend_from_slice(samples);
        let (mut done, channels, samples) = (0, self.channels, self.chunk * self.channels);
        while self.pending.len() - done >= samples {
            let input = &self.pending[done..done + samples];
            done += samples;
            let room = self.scratch.len() / channels;
            // The sizes are those that the resampler asks for: neither step can fail.
            let (Ok(input), Ok(mut output)) = (
                InterleavedSlice::new(input, channels, self.chunk),
                InterleavedSlice::new_mut(&mut self.scratch, channels, room),
            ) else {
                continue;
            };
            if let Ok((_, written)) = inner.process_into_buffer(&input, &mut output, None) {
                out.extend_from_slice(&self.scratch[..written * channels]);
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
    fn a_tone_keeps_its_pitch_and_loudness_in_each_channel() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (16_000, 48_000), (96_000, 48_000), (48_000, 48_000)] {
            for hertz in [&[1000.0][..], &[1000.0, 500.0]] {
                let channels = hertz.len();
                let sine = |i: u32, hertz: f32| (TAU * hertz * i as f32 / from as f32).sin() * 0.5;
                let input: Vec<f32> = (0..from).flat_map(|i| hertz.iter().map(move |&hz| sine(i, hz))).collect();
                let mut resampler = Resampler::new(from, to, channels).expect("rates that exist");
                let mut out = Vec::new();
                // In odd pieces, as a sound card delivers them.
                input.chunks(333 * channels).for_each(|piece| resampler.push(piece, &mut out));
                for (channel, &hertz) in hertz.iter().enumerate() {
                    let out: Vec<f32> = out.iter().skip(channel).step_by(channels).copied().collect();
                    assert!((to as i64 - out.len() as i64).abs() < to as i64 / 50, "{from} -> {to}: {}", out.len());
                    let middle = &out[out.len() / 4..out.len() * 3 / 4];
                    let crossings = middle.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count() as f32;
                    let seconds = middle.len() as f32 / to as f32;
                    assert!((crossings / seconds - hertz).abs() < 5.0, "{from} -> {to}");
                    let rms = (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt();
                    assert!((rms - 0.3536).abs() < 0.01, "{from} -> {to}: {rms}");
                }
            }
        }
        assert!(Resampler::new(0, 48_000, 1).is_none() && Resampler::new(48_000, 48_000, 0).is_none());
    }
}
