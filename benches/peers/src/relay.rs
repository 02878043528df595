//! The relay beside murmurd.

use ahoy::bench::{
    load::{Figures, Load},
    relay::{OwnRelay, RelayArgs, heading, row},
};

use crate::mumble;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    relay: RelayArgs,
    /// How often everything is measured, in turns; the median is shown
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// The program to compare with
    #[arg(long, value_name = "PATH", default_value = "/usr/sbin/murmurd")]
    murmurd: std::path::PathBuf,
    /// The `ahoy` to measure
    #[arg(long, value_name = "PATH", default_value = "target/release/ahoy")]
    ahoy: std::path::PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let loads = arguments.relay.loads();
    let own = OwnRelay::start(&arguments.ahoy, &loads)?;
    let peer = mumble::Murmurd::start(&arguments.murmurd, &loads)?;
    println!("{}  {:>5}", heading(), "ratio");
    for load in &loads {
        compare(load, arguments.rounds, &own, &peer)?;
    }
    Ok(())
}

/// Measures both in turns, so that whatever else the computer does falls on both.
fn compare(load: &Load, rounds: usize, own: &OwnRelay, peer: &mumble::Murmurd) -> anyhow::Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(peer.measure(load)?);
        ours.push(own.measure(load)?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("{}", row("murmurd", load, &theirs));
    println!("{}  {:>5.2}", row("ahoy", load, &ours), ours.per_core_s() / theirs.per_core_s());
    Ok(())
}

fn median(mut rounds: Vec<Figures>) -> Figures {
    rounds.sort_by(|a, b| a.per_core_s().total_cmp(&b.per_core_s()));
    rounds[rounds.len() / 2]
}
