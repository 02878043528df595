//! The measurements themselves: a small one of each kind comes to its end and counts what there is to count.
#![cfg(target_os = "linux")]

use std::{num::NonZeroUsize, path::Path, process::Command};

use ahoy::bench::relay::{OwnRelay, RelayArgs};

#[test]
fn the_relay_carries_every_packet_of_a_small_load() {
    let args = RelayArgs {
        listeners: NonZeroUsize::new(3).expect("not zero"),
        seconds: 1.0,
        speakers: NonZeroUsize::new(2),
        rate: 50,
    };
    let loads = args.loads();
    let relay = OwnRelay::start(Path::new(env!("CARGO_BIN_EXE_ahoy")), &loads).expect("a server with a full room");
    let figures = relay.measure(&loads[0]).expect("measured");
    assert_eq!((figures.sent, figures.expected, figures.arrived), (100, 300, 300), "{figures:?}");
    assert!(figures.peak_rss_kib > 0 && figures.p95 >= figures.p50, "{figures:?}");
}

#[test]
fn a_call_is_measured_on_both_sides() {
    let output = Command::new(env!("CARGO_BIN_EXE_ahoy")).args(["bench", "client", "--seconds", "1"]).output();
    let output = output.expect("it runs");
    let lines = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
    for who in ["caller: ", "callee: "] {
        let figures = lines.lines().find_map(|line| line.strip_prefix(who)).unwrap_or_default();
        let numbers: Vec<f64> = figures.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert!(matches!(numbers[..], [cpu, mib] if cpu >= 0.0 && mib > 1.0), "{lines}");
    }
}
