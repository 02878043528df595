//! What is said at one end of a call is heard at the other: real processes, speech in, recordings out.
#![cfg(target_os = "linux")]

#[path = "common/likeness.rs"]
mod likeness;
#[path = "common/phone.rs"]
mod phone;
#[path = "common/pulse.rs"]
mod pulse;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use phone::{Phone, Running, ServerProcess, command, wait_exit};
use pulse::Pulse;
use serde_json::json;

fn speech() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/speech.wav")
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

#[test]
fn both_hear_what_the_other_says() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let microphone = format!("file:{}", speech().display());
    let heard = |user: &str| dir.path().join(format!("heard-by-{user}.wav"));
    let speaker = |user: &str| format!("file:{}", heard(user).display());
    let mut bob = Running::start(&mut command(
        &server.url(),
        "bob",
        dir.path(),
        // The sound is compared wave by wave: nothing is to be done to it. And both say the same, which is an echo.
        &["--auto-answer", "--no-processing", "--microphone", &microphone, "--speaker", &speaker("bob")],
    ));
    phone::wait_line(&mut bob, "Online");
    let caller = command(
        &server.url(),
        "alice",
        dir.path(),
        &[
            "--call",
            "bob",
            "--no-processing",
            "--duration",
            "9",
            "--microphone",
            &microphone,
            "--speaker",
            &speaker("alice"),
        ],
    )
    .output()
    .expect("the caller runs");
    let lines = String::from_utf8_lossy(&caller.stdout);
    assert!(caller.status.success(), "{lines}");
    // Whoever answers at once is not always seen ringing; `tests/phone.rs` waits for that.
    for line in ["Calling bob", "Talking with bob", "Call to bob is over: hung up after 9 s"] {
        assert!(lines.contains(line), "no {line:?} in {lines}");
    }
    signal(&bob, "-TERM");
    assert!(wait_exit(&mut bob).success());

    // Both files begin when their own sound does, and nobody knows when that was. But what one side began too late,
    // the other began too early: the mean of both delays is the true one. A second of silence in front keeps each of
    // them above zero.
    let (said, rate) = likeness::read(&speech());
    let compared = ["alice", "bob"].map(|user| {
        let (mut sound, sound_rate) = likeness::read(&heard(user));
        sound.splice(0..0, vec![0.0; sound_rate as usize]);
        likeness::compare((&said, rate), (&sound, sound_rate), 1, 2_500)
    });
    for likeness in compared {
        assert!(likeness.correlation > 0.8, "{compared:?}");
    }
    let mouth_to_ear_ms = (compared[0].delay_ms + compared[1].delay_ms) / 2.0 - 1_000.0;
    println!("mouth to ear: {mouth_to_ear_ms} ms; {compared:?}");
    assert!((10.0..500.0).contains(&mouth_to_ear_ms), "{mouth_to_ear_ms} ms: {compared:?}");
}

/// A phone in JSON mode on sound cards of its own.
fn phone_on_cards(pulse: &Pulse, server: &ServerProcess, user: &str, dir: &Path) -> Phone {
    let mut command = command(&server.url(), user, dir, &["--json", "--no-processing"]);
    command
        .envs(pulse.environment())
        .env("PULSE_SOURCE", format!("{user}_mouth.monitor"))
        .env("PULSE_SINK", format!("{user}_ear"));
    let mut phone = Phone::spawn(&mut command, user);
    phone.wait("being online", |news| news["params"]["session"] == "online");
    phone
}

#[test]
fn a_call_through_sound_cards_carries_speech() {
    let pulse = Pulse::start(&["alice_mouth", "alice_ear", "bob_mouth", "bob_ear"]);
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut bob = phone_on_cards(&pulse, &server, "bob", dir.path());
    let mut alice = phone_on_cards(&pulse, &server, "alice", dir.path());
    alice.done("call", json!({"userID": "bob"}));
    bob.wait_phase("incoming");
    bob.done("answer", json!({}));
    alice.wait_phase("inCall");
    bob.wait_phase("inCall");
    // Devices open in the background.
    for phone in [&mut alice, &mut bob] {
        phone.wait_until("both devices", |state| !state["microphone"].is_null() && !state["speaker"].is_null());
    }
    let record = |device: &str, file: &str| {
        let path = dir.path().join(file);
        let mut command = pulse.tool("parecord");
        command
            .args(["--file-format=wav", "--latency-msec=20", "--channels=1", "--rate=48000", "-d", device])
            .arg(&path)
            .stderr(Stdio::null());
        (Running::start(&mut command), path)
    };
    let (mut mouth, said) = record("alice_mouth.monitor", "said.wav");
    let (mut ear, heard) = record("bob_ear.monitor", "heard.wav");
    phone::wait_for(|| [&said, &heard].iter().all(|path| path.metadata().is_ok_and(|meta| meta.len() > 20_000)));
    let played = pulse.tool("paplay").args(["-d", "alice_mouth"]).arg(speech()).status().expect("paplay runs");
    assert!(played.success());
    // What was said last is still on its way.
    let end = heard.metadata().expect("a recording").len() + 2 * 48_000 * 2;
    phone::wait_for(|| heard.metadata().is_ok_and(|meta| meta.len() > end));
    for recorder in [&mut mouth, &mut ear] {
        signal(recorder, "-INT");
        wait_exit(recorder);
    }
    let stats = bob.done("getStats", json!({}));
    assert_eq!(stats["participants"].as_array().map(Vec::len), Some(1), "{stats:#}");
    alice.done("hangUp", json!({}));
    bob.wait_phase("ended");
    let (said, heard) = (likeness::read(&said), likeness::read(&heard));
    let likeness = likeness::compare((&said.0, said.1), (&heard.0, heard.1), 1, 1_500);
    assert!(likeness.correlation > 0.7, "{likeness:?}");
    assert!(likeness.delay_ms < 1_200.0, "{likeness:?}");
}
