//! `ahoy bench voice`: what arrives of recorded speech over networks of all kinds, on virtual time: the same numbers on
//! every computer. `benches/voice/score.py` says how good it sounds.

pub mod network;
pub mod simulation;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::media::{frame::RATE, resample::Resampler};
use network::Condition;
use simulation::{Outcome, simulate};

/// What `ahoy bench voice` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct VoiceArgs {
    /// A WAV file of speech
    #[arg(long, value_name = "PATH")]
    speech: PathBuf,
    /// Where the listening files and the table go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seconds of each condition
    #[arg(long, value_name = "SECONDS", default_value_t = 40, value_parser = clap::value_parser!(u32).range(5..=3600))]
    seconds: u32,
    /// Only conditions whose names contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

/// Loss by jitter, and what else happens to calls.
pub fn conditions() -> Vec<Condition> {
    let grid = [
        ("clean", 0.0, 0.0),
        ("loss 1 %", 0.01, 0.0),
        ("loss 5 %", 0.05, 0.0),
        ("loss 10 %", 0.1, 0.0),
        ("loss 20 %", 0.2, 0.0),
        ("loss 30 %", 0.3, 0.0),
        ("jitter 5 ms", 0.0, 5.0),
        ("jitter 20 ms", 0.0, 20.0),
        ("jitter 40 ms", 0.0, 40.0),
        ("loss 5 %, jitter 20 ms", 0.05, 20.0),
        ("loss 10 %, jitter 20 ms", 0.1, 20.0),
        ("loss 20 %, jitter 20 ms", 0.2, 20.0),
        ("loss 10 %, jitter 40 ms", 0.1, 40.0),
    ];
    let clean = Condition::CLEAN;
    let mut all: Vec<Condition> =
        grid.map(|(name, loss, jitter_ms)| Condition { name, loss, jitter_ms, ..clean }).into();
    all.extend([
        Condition { name: "bursts of 60 ms every s", bursts_ms: Some((1000, 60)), ..clean },
        Condition { name: "bursts of 200 ms every 3 s", bursts_ms: Some((3000, 200)), ..clean },
        Condition { name: "bursts of 200 ms, jitter 20 ms", bursts_ms: Some((3000, 200)), jitter_ms: 20.0, ..clean },
        Condition { name: "64 kbit/s", narrow_bps: Some(64_000), ..clean },
        Condition { name: "drift 200 ppm", drift_ppm: 200.0, ..clean },
        Condition { name: "drift -200 ppm", drift_ppm: -200.0, ..clean },
    ]);
    all
}

/// Simulates each condition and writes what is heard, what was said, and a table.
///
/// # Errors
/// If the speech cannot be read, or a file cannot be written.
pub fn run(args: &VoiceArgs) -> anyhow::Result<()> {
    let speech = read(&args.speech)?;
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let length = args.seconds as usize * RATE as usize;
    let said: Vec<f32> = speech.iter().copied().cycle().take(length).collect();
    write(&args.out.join("said.wav"), &said)?;
    let table = args.out.join("table.tsv");
    let mut table = fs::File::create(&table).with_context(|| format!("{} cannot be written", table.display()))?;
    writeln!(table, "condition\tfile\tdelay_ms\tdelay_p95_ms\tconcealed_percent\tkbit_s\tframes\tcopies\tdred_frames")?;
    for condition in conditions().into_iter().filter(|condition| condition.name.contains(&args.only)) {
        let outcome = simulate(condition, &speech, args.seconds, &mut |_, packet| vec![packet])?;
        let file = file_name(condition.name);
        write(&args.out.join(&file), &outcome.heard)?;
        let line = line(&condition, &file, &outcome);
        println!("{line}");
        writeln!(table, "{line}")?;
    }
    Ok(())
}

fn line(condition: &Condition, file: &str, outcome: &Outcome) -> String {
    let Outcome { plan, concealed, bits_per_s, .. } = outcome;
    // The first five seconds find out what the network is like.
    let mut delays: Vec<f32> = outcome.playout_delay_ms.iter().skip(50).copied().collect();
    delays.sort_by(f32::total_cmp);
    let mean = delays.iter().sum::<f32>() / delays.len().max(1) as f32;
    let p95 = delays.get(delays.len() * 95 / 100).copied().unwrap_or(0.0);
    format!(
        "{}\t{file}\t{mean:.1}\t{p95:.1}\t{:.2}\t{:.0}\t{}\t{}\t{}",
        condition.name,
        concealed * 100.0,
        bits_per_s / 1000.0,
        plan.frames,
        plan.copies.len(),
        plan.settings.dred_frames
    )
}

fn file_name(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|w| !w.is_empty()).collect();
    format!("{}.wav", words.join("_"))
}

/// Reads a WAV file as mono sound of 48 kHz.
///
/// # Errors
/// If it is no WAV file, or there is no sound in it.
pub fn read(path: &Path) -> anyhow::Result<Vec<f32>> {
    let mut reader = WavReader::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        SampleFormat::Int => {
            let scale = 1.0 / (1i64 << (spec.bits_per_sample - 1)) as f32;
            reader.samples::<i32>().map(|sample| sample.map(|s| s as f32 * scale)).collect::<Result<_, _>>()?
        }
    };
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> = samples.chunks(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    let mut resampler = Resampler::new(spec.sample_rate, RATE, 1).context("a rate that no sound has")?;
    let mut speech = Vec::new();
    resampler.push(&mono, &mut speech);
    ensure!(!speech.is_empty(), "there is no sound in {}", path.display());
    Ok(speech)
}

/// Writes mono sound of 48 kHz as a WAV file.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, sound: &[f32]) -> anyhow::Result<()> {
    let spec = WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec).with_context(|| format!("{} cannot be written", path.display()))?;
    for sample in sound {
        // Within ±1.0, and a cast that saturates.
        writer.write_sample((sample * 32_767.0).round() as i16)?;
    }
    writer.finalize()?;
    Ok(())
}
