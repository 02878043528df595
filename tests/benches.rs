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
        rooms: NonZeroUsize::MIN,
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

#[test]
fn a_small_class_is_measured() {
    let lines = bench(&["lesson", "--students", "5", "--rounds", "2"]);
    for what in ["click to the last student's prompt", "all hands at once, seen by everybody"] {
        let figures = lines.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default();
        let numbers: Vec<f64> = figures.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert!(matches!(numbers[..], [p50, p99, most] if 0.0 < p50 && p50 <= p99 && p99 <= most), "{lines}");
    }
}

/// Runs a measurement and returns what it prints.
fn bench(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ahoy")).arg("bench").args(args).output().expect("it runs");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{lines}\n{}", String::from_utf8_lossy(&output.stderr));
    lines
}

const SPEECH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/speech.wav");

/// The rows of a table behind its head, and whether each of the files that they name is there.
fn rows(folder: &Path) -> Vec<Vec<String>> {
    let table = std::fs::read_to_string(folder.join("table.tsv")).expect("a table");
    let rows: Vec<Vec<String>> = table.lines().skip(1).map(|row| row.split('\t').map(String::from).collect()).collect();
    for row in &rows {
        assert!(folder.join(&row[1]).is_file(), "{row:?}");
    }
    rows
}

#[test]
fn speech_over_a_network_leaves_listening_files_and_a_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a path of letters");
    bench(&["voice", "--speech", SPEECH, "--out", out, "--seconds", "6", "--only", "loss 5 %"]);
    let rows = rows(folder.path());
    assert_eq!(rows.len(), 2, "with and without jitter: {rows:?}");
    assert!(rows.iter().all(|row| row[5].parse().is_ok_and(|kbit_s: f64| kbit_s > 50.0)), "{rows:?}");
}

#[test]
fn an_echo_is_measured_beside_the_canceller_as_it_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a path of letters");
    bench(&["echo", "--far", SPEECH, "--near", SPEECH, "--out", out, "--only", "250 ms"]);
    let rows = rows(folder.path());
    assert_eq!(rows.len(), 2, "two cancellers: {rows:?}");
    assert!(rows.iter().all(|row| folder.path().join(&row[2]).is_file()), "{rows:?}");
    assert!(rows.iter().all(|row| row[3].parse().is_ok_and(|erle_db: f64| erle_db > 25.0)), "{rows:?}");
}

#[test]
fn mouth_to_ear_is_measured_in_both_directions() {
    // Speech with its pauses: of syllables that both say without end from the first moment on, an echo canceller that does
    // not know its room yet may leave nothing to find.
    let lines = bench(&["ear", "--calls", "1", "--seconds", "6", "--probes", "12", "--speech", SPEECH]);
    for direction in ["caller to callee", "callee to caller"] {
        assert!(lines.contains(direction), "{lines}");
    }
    assert_eq!(lines.matches("mouth to ear:              median").count(), 2, "{lines}");
}
