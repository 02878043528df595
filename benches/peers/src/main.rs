//! This program beside others, in one run, on this computer: `scripts/bench-relay` beside murmurd (Debian:
//! `mumble-server`), both encrypted, on loopback; `scripts/bench-client` beside baresip (`baresip-core`,
//! `libasound2-plugins`), through virtual sound cards. Options: those of `ahoy bench`, and a few more.

mod baresip;
mod client;
mod mumble;
mod ocb;
mod relay;

use clap::Parser;

/// This program beside others
#[derive(Parser)]
enum What {
    /// Packets relayed per second and core, beside murmurd
    Relay(relay::Arguments),
    /// What a call costs each side, beside baresip
    Client(client::Arguments),
}

fn main() -> anyhow::Result<()> {
    match What::parse() {
        What::Relay(arguments) => relay::run(&arguments),
        What::Client(arguments) => client::run(&arguments),
    }
}
