//! Which tones are in a recording, and when.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{f32::consts::TAU, path::Path, time::Duration};

/// What is listened to at a time, s.
pub(crate) const WINDOW_S: f32 = 0.01;

/// How loud a tone is in each window of a recording, as amplitude.
pub(crate) fn tone(recording: &Path, hz: f32) -> Vec<f32> {
    let mut reader = hound::WavReader::open(recording).expect("a recording");
    let spec = reader.spec();
    let scale = 1.0 / (1i64 << (spec.bits_per_sample - 1)) as f32;
    let samples: Vec<f32> = reader.samples::<i32>().map(|s| s.expect("a sample") as f32 * scale).collect();
    let step = usize::from(spec.channels);
    let mono: Vec<f32> = samples.chunks_exact(step).map(|frame| frame[0]).collect();
    let window = (spec.sample_rate as f32 * WINDOW_S) as usize;
    let amplitude = |piece: &[f32]| {
        let turn = TAU * hz / spec.sample_rate as f32;
        let (sin, cos) = piece.iter().enumerate().fold((0.0, 0.0), |(sin, cos), (n, s)| {
            let angle = turn * n as f32;
            (sin + s * angle.sin(), cos + s * angle.cos())
        });
        2.0 * sin.hypot(cos) / piece.len() as f32
    };
    mono.chunks_exact(window).map(amplitude).collect()
}

/// The amplitude from which on a tone counts as there, by what it is most of the time.
pub(crate) fn there(loud: &[f32]) -> f32 {
    let mut sorted = loud.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted[sorted.len() * 9 / 10] / 4.0
}

/// The longest stretch in which a tone is not there.
pub(crate) fn longest_gap(loud: &[f32], there: f32) -> Duration {
    longest(loud.split(|amplitude| *amplitude >= there))
}

/// The longest stretch in which a tone is there.
pub(crate) fn longest_sound(loud: &[f32], there: f32) -> Duration {
    longest(loud.split(|amplitude| *amplitude < there))
}

fn longest<'a>(stretches: impl Iterator<Item = &'a [f32]>) -> Duration {
    let windows = stretches.map(<[f32]>::len).max().unwrap_or_default();
    Duration::from_secs_f32(windows as f32 * WINDOW_S)
}
