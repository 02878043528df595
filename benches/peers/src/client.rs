//! A client in a call beside baresip, which does nothing to the voice, has 20 ms packets and no redundancy, and takes its
//! time: what it costs to speak at all.

use std::path::PathBuf;

use ahoy::bench::client::{ClientArgs, Usage, measure};

use crate::baresip;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A WAV file that both say again and again
    #[arg(long, value_name = "PATH")]
    speech: PathBuf,
    /// Seconds of each call that are measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    seconds: f64,
    /// How often everything is measured, in turns; the median is shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// The program to compare with
    #[arg(long, value_name = "PATH", default_value = "/usr/bin/baresip")]
    baresip: PathBuf,
    /// The `ahoy` to measure
    #[arg(long, value_name = "PATH", default_value = "target/release/ahoy")]
    ahoy: PathBuf,
}

/// Measures all in turns, so that whatever else the computer does falls on all.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let own = |options: &[&str]| {
        let args = ClientArgs {
            seconds: arguments.seconds,
            speech: Some(arguments.speech.clone()),
            cards: true,
            options: options.iter().map(ToString::to_string).collect(),
        };
        measure(&arguments.ahoy, &args)
    };
    let (mut theirs, mut on, mut off) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        theirs.push(baresip::measure(&arguments.baresip, &arguments.speech, arguments.seconds)?);
        on.push(own(&[])?);
        off.push(own(&["--no-processing"])?);
    }
    let base = median(&theirs);
    println!("{:<24} {:>10} {:>8}  {:>5}", "client", "% of core", "RSS MiB", "ratio");
    for (name, rounds) in [("baresip", &theirs), ("ahoy", &on), ("ahoy --no-processing", &off)] {
        let (share, rss_mib) = median(rounds);
        println!("{name:<24} {:>10.1} {rss_mib:>8.1}  {:>5.2}", share * 100.0, share / base.0);
    }
    Ok(())
}

/// Processor time and memory (MiB) of a client, the mean of both sides, in the middle of all rounds.
fn median(rounds: &[[Usage; 2]]) -> (f64, f64) {
    let middle = |what: fn(&Usage) -> f64| {
        let mut means: Vec<f64> = rounds.iter().map(|[one, other]| (what(one) + what(other)) / 2.0).collect();
        means.sort_by(f64::total_cmp);
        means[means.len() / 2]
    };
    (middle(|usage| usage.cpu_share), middle(|usage| usage.peak_rss_kib as f64 / 1024.0))
}
