//! What happens to sound cards behind a program's back: they are suspended, computers sleep, servers hang. The server is
//! real, and so are the signals that stop programs. Each test runs its second half in a process of its own, because
//! the environment says which daemon to use.
#![cfg(all(feature = "desktop", target_os = "linux"))]

#[path = "common/pulse.rs"]
mod pulse;
#[path = "common/sound.rs"]
mod sound;

use std::{
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use ahoy::media::{AudioNotice, Devices, devices, spec::DeviceSpec};
use pulse::Pulse;
use sound::{Loop, wait};

/// What a delay may have grown by and still be the same: far less than what waits in buffers after a stop of seconds.
const SAME: Duration = Duration::from_millis(400);
/// How long things are stopped for.
const STOP_S: u32 = 5;

/// Runs an ignored test of this file beside a daemon.
fn inner(name: &str, pulse: &Pulse) {
    sound::inner(name, |command| {
        command
            .envs(pulse.environment())
            .env("DAEMON", pulse.number().to_string())
            // No way round by ALSA's PulseAudio plug-in.
            .env("ALSA_CONFIG_PATH", "/dev/null")
    });
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

#[test]
fn a_server_that_hangs_holds_up_nothing_else() {
    inner("inner_hangs", &Pulse::start(&["only"]));
}

#[test]
#[ignore = "run by a_server_that_hangs_holds_up_nothing_else"]
fn inner_hangs() {
    let daemon = std::env::var("DAEMON").expect("set by the outer test");
    let (notices, told) = mpsc::channel();
    let both = Loop::start(move |notice| {
        let _ = notices.send(notice);
    });
    survives(&both, || {
        shell(&format!("kill -STOP {daemon}"));
        let mut lost: Vec<AudioNotice> =
            (0..2).map(|_| told.recv_timeout(Duration::from_secs(60)).expect("a notice")).collect();
        lost.sort_by_key(|notice| format!("{notice:?}"));
        assert_eq!(lost, [AudioNotice::MicrophoneLost, AudioNotice::SpeakerLost]);
        // Who asks is answered, if only that nothing is known.
        assert_eq!(devices(), Devices::default());
        both.cards.set_microphone(DeviceSpec::Tone(1000.0));
        wait("another microphone", || both.is_heard());
        // Calls begin and end.
        drop(Loop::start(|_| ()));
        both.cards.set_microphone(DeviceSpec::Default);
        wait("it is missed", || both.cards.stats().microphone_level_dbfs < -60.0);
        shell(&format!("kill -CONT {daemon}"));
        wait("both devices are back", || {
            let stats = both.cards.stats();
            stats.microphone_in_use.is_some() && stats.speaker_in_use.is_some()
        });
    });
    let found = devices();
    assert!(!found.speakers.is_empty(), "{found:?}");

    // And one that never goes on is forgotten when it is gone.
    shell(&format!("kill -STOP {daemon}"));
    wait("they are missed", || both.cards.stats().speaker_in_use.is_none());
    shell(&format!("kill -KILL {daemon}"));
    wait("an answer that is no time-out", || {
        let asked = Instant::now();
        devices() == Devices::default() && asked.elapsed() < Duration::from_secs(5)
    });
}
