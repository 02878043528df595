//! Whether a recording says what was said: how alike two pieces of speech are, and how much later one is.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::path::Path;

/// Rate at which sounds are compared, Hz: what matters in speech is below 4 kHz.
const RATE: usize = 8_000;

/// What came of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Likeness {
    /// Normalised cross-correlation, 1.0 is the same; the median of all stretches of speech.
    pub correlation: f32,
    /// How much later the recording is, ms; the median.
    pub delay_ms: f32,
    /// Stretches that were compared.
    pub stretches: usize,
}

/// Reads a WAV file of any rate as mono.
pub fn read(path: &Path) -> (Vec<f32>, u32) {
    let mut reader = hound::WavReader::open(path).expect("a WAV file");
    let spec = reader.spec();
    let scale = 1.0 / (1i64 << (spec.bits_per_sample - 1)) as f32;
    let samples: Vec<f32> = reader.samples::<i32>().map(|s| s.expect("a sample") as f32 * scale).collect();
    let channels = usize::from(spec.channels);
    (samples.chunks(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect(), spec.sample_rate)
}

/// To the rate of comparison, by averaging.
fn reduce(sound: &[f32], rate: u32) -> Vec<f32> {
    let step = rate as usize / RATE;
    sound.chunks(step).map(|chunk| chunk.iter().sum::<f32>() / chunk.len() as f32).collect()
}

/// Compares each second of speech with the recording, up to `latest_ms` later. Speech that repeats itself with a period
/// may be given as one period; then `periods` of it are compared.
pub fn compare(said: (&[f32], u32), heard: (&[f32], u32), periods: usize, latest_ms: usize) -> Likeness {
    let said = reduce(said.0, said.1).repeat(periods);
    let heard = reduce(heard.0, heard.1);
    let (window, latest) = (RATE, latest_ms * RATE / 1000);
    let loudest = said.chunks(window).map(power).fold(0.0, f32::max);
    let mut found: Vec<(f32, usize)> = Vec::new();
    for start in (0..said.len().saturating_sub(window)).step_by(window / 2) {
        let piece = &said[start..start + window];
        if power(piece) < loudest / 30.0 || start + window + latest > heard.len() {
            continue;
        }
        let best = (0..latest).map(|lag| (alike(piece, &heard[start + lag..start + lag + window]), lag));
        found.extend(best.max_by(|a, b| a.0.total_cmp(&b.0)));
    }
    assert!(found.len() >= 3, "too little speech to compare: {} stretches", found.len());
    let mut delays: Vec<usize> = found.iter().map(|(_, lag)| *lag).collect();
    delays.sort_unstable();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    Likeness {
        correlation: found[found.len() / 2].0,
        delay_ms: delays[delays.len() / 2] as f32 * 1000.0 / RATE as f32,
        stretches: found.len(),
    }
}

fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32
}

fn alike(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let scale = (power(a) * power(b)).sqrt() * a.len() as f32;
    if scale > 0.0 { dot / scale } else { 0.0 }
}
