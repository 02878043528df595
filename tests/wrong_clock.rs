//! A clock that is ten minutes wrong on one side changes nothing: invitations ring, time out and are answered, and the
//! log shows the server's time.
#![cfg(target_os = "linux")]

#[path = "common/phone.rs"]
mod phone;

use std::{path::Path, process::Command};

use phone::{Phone, ServerProcess};
use serde_json::json;

/// Lets a process see a wall clock that is off; its monotonic clock stays right, as on a computer whose clock is wrong.
fn with_clock<'a>(command: &'a mut Command, offset: &str) -> &'a mut Command {
    let library = std::fs::read_dir("/usr/lib")
        .expect("/usr/lib")
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("the package faketime is installed (scripts/setup test)");
    command.env("LD_PRELOAD", library).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
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
