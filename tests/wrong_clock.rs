//! A clock that is ten minutes wrong on one side changes nothing: invitations ring, time out and are answered, and the
//! log shows the server's time. Nor does the server's own clock, set back in the middle of a call.
#![cfg(target_os = "linux")]

#[path = "common/phone.rs"]
mod phone;

use std::{path::Path, process::Command};

use phone::{Phone, ServerProcess};
use serde_json::json;

/// What lets a process see a wall clock that is off by what `key` says; its monotonic clock stays right, as on a computer
/// whose clock is wrong.
fn wrong_clock(key: &str, value: &str) -> Vec<(String, String)> {
    let library = std::fs::read_dir("/usr/lib")
        .expect("/usr/lib")
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("the package faketime is installed (scripts/setup test)");
    let library = library.to_str().expect("UTF-8");
    [("LD_PRELOAD", library), (key, value), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("FAKETIME_NO_CACHE", "1")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn with_clock<'a>(command: &'a mut Command, offset: &str) -> &'a mut Command {
    command.envs(wrong_clock("FAKETIME", offset))
}

fn phone(server: &ServerProcess, user: &str, dir: &Path, offset: Option<&str>) -> Phone {
    let options = ["--json", "--microphone", "silence", "--speaker", "null"];
    let mut command = phone::command(&server.url(), user, dir, &options);
    if let Some(offset) = offset {
        with_clock(&mut command, offset);
    }
    let mut phone = Phone::spawn(&mut command, user);
    phone.wait_until("online", |state| state["session"] == "online");
    phone
}

fn seconds_now(command: &mut Command) -> i64 {
    let output = command.arg("+%s").output().expect("date");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("seconds")
}

#[test]
fn a_wrong_clock_changes_nothing() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    for (offset, off_by_s) in [("+10m", 600), ("-10m", -600)] {
        let shift = seconds_now(with_clock(&mut Command::new("date"), offset)) - seconds_now(&mut Command::new("date"));
        assert!((shift - off_by_s).abs() < 60, "the clock is really wrong: {shift}");

        for wrong_side in ["caller", "callee"] {
            let side = |name: &str| (name == wrong_side).then_some(offset);
            let name = format!("{}{wrong_side}", if off_by_s > 0 { "fast" } else { "slow" });
            let (alice_id, bob_id) = (format!("alice-{name}"), format!("bob-{name}"));
            let mut bob = phone(&server, &bob_id, dir.path(), side("callee"));
            let mut alice = phone(&server, &alice_id, dir.path(), side("caller"));

            alice.done("call", json!({"userID": bob_id}));
            alice.wait_phase("ringing");
            bob.wait_phase("incoming");
            bob.done("answer", json!({}));
            for phone in [&mut alice, &mut bob] {
                phone.wait_phase("inCall");
            }
            alice.done("hangUp", json!({}));
            let (caller, callee) = (alice.only_row(), bob.only_row());
            assert_eq!(caller["durationS"], callee["durationS"]);
            assert_eq!(caller["timeMs"], callee["timeMs"]);
            let shown_s = caller["timeMs"].as_i64().expect("a time") / 1000;
            let now_s = seconds_now(&mut Command::new("date"));
            assert!((now_s - shown_s).abs() < 300, "the log shows the server's time: {shown_s}, {now_s}");

            // Unanswered: the devices end it at the deadline, on both sides.
            let invite = alice.done("invite", json!({"invitee": bob_id, "timeout": 1, "data": "not a call"}));
            let about_it = |params: &serde_json::Value| params["inviteID"] == invite["inviteID"];
            let fits = |news: &serde_json::Value| news["method"] == "onInvitationTimeout" && about_it(&news["params"]);
            bob.wait("the invitation", |news| news["method"] == "onReceiveNewInvitation" && about_it(&news["params"]));
            alice.wait("the timeout at the inviter", fits);
            bob.wait("the timeout at the invitee", fits);
        }
    }
}

#[test]
fn the_length_of_a_call_outlives_a_clock_that_is_set_back() {
    for (name, set_back_s) in [("little", 5), ("much", 1_800)] {
        let dir = tempfile::tempdir().expect("a folder");
        let clock = dir.path().join("clock");
        std::fs::write(&clock, "+0s").expect("written");
        let clock_name = clock.to_str().expect("UTF-8");
        let environment = wrong_clock("FAKETIME_TIMESTAMP_FILE", clock_name);
        let server_date =
            |environment: &[(String, String)]| seconds_now(Command::new("date").envs(environment.iter().cloned()));
        let server = ServerProcess::start_within(environment.clone(), &[]);
        let (alice_id, bob_id) = (format!("alice-{name}"), format!("bob-{name}"));
        let mut bob = phone(&server, &bob_id, dir.path(), None);
        let mut alice = Phone::start(&server.url(), &alice_id, dir.path(), &["--duration", "3"]);

        alice.done("call", json!({"userID": bob_id}));
        bob.wait_phase("incoming");
        bob.done("answer", json!({}));
        for phone in [&mut alice, &mut bob] {
            phone.wait_phase("inCall");
        }
        let before_s = server_date(&environment);
        std::fs::write(&clock, format!("-{set_back_s}s")).expect("written");
        assert!(server_date(&environment) < before_s, "the clock is really set back");
        let (caller, callee) = (alice.only_row(), bob.only_row());
        for row in [&caller, &callee] {
            assert!(row["durationS"].as_u64() >= Some(3), "{row}");
        }
        assert_eq!(caller["durationS"], callee["durationS"]);
        assert_eq!(caller["timeMs"], callee["timeMs"]);
    }
}
