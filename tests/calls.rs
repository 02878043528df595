//! Whole calls between real `ahoy phone` processes and a real `ahoy serve` process.

#[path = "common/phone.rs"]
mod phone;

use phone::{Phone, ServerProcess};
use serde_json::{Value, json};

/// The rows of both sides tell the same story.
fn assert_same_call(caller: &Value, callee: &Value) {
    assert_eq!(caller["callId"], callee["callId"]);
    assert_eq!((&caller["direction"], &callee["direction"]), (&json!("outgoing"), &json!("incoming")));
    assert_eq!(caller["answered"], callee["answered"]);
    assert_eq!(caller["durationS"], callee["durationS"]);
    assert_eq!(caller["timeMs"], callee["timeMs"]);
}

struct Pair {
    server: ServerProcess,
    dir: tempfile::TempDir,
    alice: Phone,
    bob: Phone,
}

impl Pair {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(caller: &[&str]) -> Self {
        let server = ServerProcess::start(&[]);
        let dir = tempfile::tempdir().expect("a folder");
        let bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
        let alice = Phone::start(&server.url(), "alice", dir.path(), caller);
        Self { server, dir, alice, bob }
    }

    /// Alice calls, Bob answers, both talk.
    fn talk(&mut self) {
        self.alice.done("call", json!({"userID": "bob"}));
        self.bob.wait_phase("incoming");
        self.bob.done("answer", json!({}));
        self.alice.wait_phase("inCall");
        self.bob.wait_phase("inCall");
    }
}

#[test]
fn a_call_rings_is_answered_and_is_hung_up() {
    let mut pair = Pair::start();
    pair.alice.done("call", json!({"userID": "bob"}));
    let calling = pair.alice.wait_phase("calling");
    let ringing = pair.alice.wait_phase("ringing");
    assert_eq!(calling["callId"], ringing["callId"]);
    let incoming = pair.bob.wait_phase("incoming");
    assert_eq!((&incoming["peer"], &incoming["callId"]), (&json!("alice"), &calling["callId"]));
    pair.bob.done("answer", json!({"callID": incoming["callId"]}));
    pair.alice.wait_phase("inCall");
    pair.bob.wait_phase("inCall");
    pair.alice.wait_presence("bob", "inCall");
    pair.alice.done("hangUp", json!({}));
    for phone in [&mut pair.alice, &mut pair.bob] {
        assert_eq!(phone.wait_phase("ended")["end"], "hungUp");
    }
    let (caller, callee) = (pair.alice.only_row(), pair.bob.only_row());
    assert_same_call(&caller, &callee);
    assert_eq!((&caller["result"], &caller["answered"]), (&json!("hungUp"), &json!(true)));
    // The row is there after the next start, and exactly once.
    assert!(pair.bob.quit().success());
    let mut bob = Phone::start(&pair.server.url(), "bob", pair.dir.path(), &[]);
    assert_eq!(bob.only_row(), callee);
}

#[test]
fn a_declined_call_says_so_on_both_sides() {
    let mut pair = Pair::start();
    pair.alice.done("call", json!({"userID": "bob"}));
    pair.bob.wait_phase("incoming");
    pair.bob.done("decline", json!({}));
    assert_eq!(pair.alice.wait_phase("ended")["end"], "declined");
    assert_eq!(pair.bob.wait_phase("ended")["end"], "declined");
    let (caller, callee) = (pair.alice.only_row(), pair.bob.only_row());
    assert_same_call(&caller, &callee);
    assert_eq!((&caller["result"], &caller["answered"]), (&json!("declined"), &json!(false)));
}

#[test]
fn a_cancelled_call_stops_ringing() {
    let mut pair = Pair::start();
    pair.alice.done("call", json!({"userID": "bob"}));
    pair.bob.wait_phase("incoming");
    pair.alice.done("hangUp", json!({}));
    assert_eq!(pair.bob.wait_phase("ended")["end"], "cancelled");
    assert_eq!(pair.alice.wait_phase("ended")["end"], "cancelled");
    assert_same_call(&pair.alice.only_row(), &pair.bob.only_row());
    let state = pair.bob.done("getState", json!({}));
    assert_eq!(state["missedUnseen"], 1);
}

#[test]
fn a_call_that_nobody_answers_ends_by_itself() {
    let mut pair = Pair::with(&["--ring-timeout", "2"]);
    pair.alice.done("call", json!({"userID": "bob"}));
    pair.bob.wait_phase("incoming");
    assert_eq!(pair.alice.wait_phase("ended")["end"], "noAnswer");
    assert_eq!(pair.bob.wait_phase("ended")["end"], "noAnswer");
    let (caller, callee) = (pair.alice.only_row(), pair.bob.only_row());
    assert_same_call(&caller, &callee);
    assert_eq!(caller["result"], "noAnswer");
}

#[test]
fn whoever_calls_during_a_call_hears_busy() {
    let mut pair = Pair::start();
    pair.talk();
    let mut carol = Phone::start(&pair.server.url(), "carol", pair.dir.path(), &[]);
    carol.done("call", json!({"userID": "bob"}));
    assert_eq!(carol.wait_phase("ended")["end"], "busy");
    assert_eq!(carol.only_row()["result"], "busy");
    // The talk goes on, and Bob's log says who tried.
    let rows = pair.bob.wait_log(|rows| rows.iter().any(|row| row["peer"] == "carol" && row["result"] == "busy"));
    assert_eq!(rows.len(), 2, "{rows:#?}");
    let state = pair.bob.done("getState", json!({}));
    let live: Vec<&Value> =
        state["calls"].as_array().expect("calls").iter().filter(|call| call["phase"] != "ended").collect();
    assert!(matches!(&live[..], [call] if call["phase"] == "inCall" && call["peer"] == "alice"), "{state:#}");
}

#[test]
fn both_calling_at_once_are_connected() {
    let mut pair = Pair::start();
    pair.alice.write(&json!({"jsonrpc": "2.0", "method": "call", "params": {"userID": "bob"}}).to_string());
    pair.bob.write(&json!({"jsonrpc": "2.0", "method": "call", "params": {"userID": "alice"}}).to_string());
    let one = pair.alice.wait_phase("inCall");
    let other = pair.bob.wait_phase("inCall");
    assert_eq!(one["callId"], other["callId"]);
    pair.bob.done("hangUp", json!({}));
    pair.alice.wait_phase("ended");
    assert_eq!(pair.alice.only_row()["callId"], pair.bob.only_row()["callId"]);
}

#[test]
fn a_killed_phone_leaves_one_row_and_ends_the_call() {
    let mut pair = Pair::start();
    pair.talk();
    pair.bob.kill();
    pair.alice.wait_phase("reconnecting");
    assert_eq!(pair.alice.wait_phase("ended")["end"], "connectionLost");
    let row = pair.alice.only_row();
    assert_eq!((&row["result"], &row["answered"]), (&json!("connectionLost"), &json!(true)));
    // The killed one finds the same call in its log after its next start.
    let mut bob = Phone::start(&pair.server.url(), "bob", pair.dir.path(), &[]);
    assert_same_call(&row, &bob.only_row());
}

#[test]
fn an_unknown_callee_is_named_in_the_failure() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let args = ["--call", "nobody", "--microphone", "silence", "--speaker", "null"];
    let output = phone::command(&server.url(), "alice", dir.path(), &args)
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("runs");
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("nobody"), "{words}");
}

#[cfg(unix)]
#[test]
fn a_phone_that_is_told_to_end_hangs_up_first() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &["--auto-answer"]);
    let args = ["--call", "bob", "--microphone", "silence", "--speaker", "null"];
    let mut alice = phone::Running::start(&mut phone::command(&server.url(), "alice", dir.path(), &args));
    bob.wait_phase("inCall");
    let sent = std::process::Command::new("kill").args(["-TERM", &alice.id().to_string()]).status().expect("runs");
    assert!(sent.success());
    assert!(phone::wait_exit(&mut alice).success());
    // Hung up, not lost: the other one need not wait for a connection that does not come back.
    assert_eq!(bob.wait_phase("ended")["end"], "hungUp");
    assert_eq!(bob.only_row()["result"], "hungUp");
}

#[test]
fn a_server_that_dies_in_a_call_ends_it_and_both_logs_know() {
    let mut pair = Pair::start();
    pair.talk();
    pair.server.kill();
    for phone in [&mut pair.alice, &mut pair.bob] {
        phone.wait_phase("reconnecting");
    }
    // Its rooms were in memory: the talk cannot go on, but it is told to the log.
    let Pair { server, dir: _dir, mut alice, mut bob } = pair;
    let _server = server.restart();
    for phone in [&mut alice, &mut bob] {
        assert_eq!(phone.wait_phase("ended")["end"], "connectionLost");
    }
    let (caller, callee) = (alice.only_row(), bob.only_row());
    assert_same_call(&caller, &callee);
    assert_eq!((&caller["result"], &caller["answered"]), (&json!("connectionLost"), &json!(true)));
}
