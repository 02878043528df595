//! What happens to sound cards behind a program's back: they are suspended, and the computer sleeps. The sound server is
//! real, and so are the signals that stop programs. Each test runs its second half in a process of its own, because
//! the environment says which daemon to use.
#![cfg(all(feature = "desktop", target_os = "linux"))]

#[path = "common/pulse.rs"]
mod pulse;
#[path = "common/sound.rs"]
mod sound;

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use ahoy::media::AudioNotice;
use pulse::Pulse;
use sound::{Loop, wait};

/// What a delay may have grown by and still be the same: far less than what waits in buffers after a stop of seconds.
const SAME: Duration = Duration::from_millis(400);
/// How long things are stopped for.
const STOP_S: u32 = 5;

/// Runs an ignored test of this file beside a daemon.
fn inner(name: &str, pulse: &Pulse) {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", name, "--nocapture", "--test-threads=1"])
        .envs(pulse.environment())
        .env("DAEMON", pulse.number().to_string())
        // No way round by ALSA's PulseAudio plug-in.
        .env("ALSA_CONFIG_PATH", "/dev/null")
        .stdin(Stdio::null())
        .output()
        .expect("this program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{stdout}\n{stderr}");
    assert!(output.status.success() && stdout.contains("1 passed"), "{name} failed");
}

fn shell(script: &str) {
    assert!(Command::new("sh").args(["-c", script]).status().expect("a shell").success(), "{script}");
}

/// A tone goes out of one card and into the other before and after this, and both times as quickly.
fn survives(both: &Loop, trouble: impl FnOnce()) {
    wait("the tone goes out of one card and into the other", || both.is_heard());
    let before = both.delay();
    trouble();
    wait("it is heard again", || both.is_heard());
    let after = both.delay();
    println!("delay before: {before:?}, after: {after:?}");
    assert!(after < before + SAME, "{before:?}, {after:?}");
}

#[test]
fn cards_that_are_suspended_go_on_without_delay() {
    inner("inner_suspended", &Pulse::start(&["only"]));
}

#[test]
#[ignore = "run by cards_that_are_suspended_go_on_without_delay"]
fn inner_suspended() {
    let both = Loop::start(|notice: AudioNotice| panic!("{notice:?}"));
    survives(&both, || {
        shell("pactl suspend-sink only 1");
        wait("nothing is heard", || both.cards.stats().microphone_level_dbfs < -60.0);
        shell("pactl suspend-sink only 0");
    });
}

#[test]
fn sleep_leaves_no_delay() {
    inner("inner_sleep", &Pulse::start(&["only"]));
}

#[test]
#[ignore = "run by sleep_leaves_no_delay"]
fn inner_sleep() {
    let both = Loop::start(|notice: AudioNotice| panic!("{notice:?}"));
    survives(&both, || {
        // This whole program, while the sound server goes on.
        shell(&format!("kill -STOP $PPID; sleep {STOP_S}; kill -CONT $PPID"));
    });
}
