//! Do not disturb, with real processes: nothing rings, the caller is told, and the callee finds a missed call.

#[path = "common/phone.rs"]
mod phone;

use phone::{Phone, ServerProcess};
use serde_json::{Value, json};

struct Pair {
    server: ServerProcess,
    dir: tempfile::TempDir,
    alice: Phone,
    bob: Phone,
}

impl Pair {
    fn start() -> Self {
        let server = ServerProcess::start(&[]);
        let dir = tempfile::tempdir().expect("a folder");
        let bob = Phone::start(&server.url(), "bob", dir.path(), &["--password", "correct horse"]);
        let alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
        Self { server, dir, alice, bob }
    }
}

fn rings(news: &Value) -> bool {
    news["method"] == "callChanged" && news["params"]["phase"] == "incoming"
}

fn is_quiet(news: &Value) -> bool {
    news["method"] == "stateChanged" && news["params"]["doNotDisturb"] == true
}

#[test]
fn nobody_is_rung_and_the_call_is_missed() {
    let mut pair = Pair::start();
    pair.bob.done("setSelfStatus", json!({"doNotDisturb": true}));
    pair.alice.wait_presence("bob", "doNotDisturb");
    pair.alice.done("call", json!({"userID": "bob"}));
    assert_eq!(pair.alice.wait_phase("ended")["end"], "notAvailable");
    let row = pair.alice.only_row();
    assert_eq!((&row["result"], &row["answered"]), (&json!("notAvailable"), &json!(false)));
    let row = pair.bob.only_row();
    assert_eq!((&row["result"], &row["direction"]), (&json!("notAvailable"), &json!("incoming")));
    pair.bob.wait_until("told of a missed call", |state| state["missedUnseen"] == 1);

    // A program that is started anew knows it before it hears of the first call.
    drop(pair.bob);
    pair.alice.wait_presence("bob", "offline");
    pair.alice.done("call", json!({"userID": "bob"}));
    pair.alice.wait_phase("calling");
    let mut bob = Phone::start(&pair.server.url(), "bob", pair.dir.path(), &[]);
    assert_eq!(pair.alice.wait_phase("ended")["end"], "notAvailable");
    bob.wait_until("told of two missed calls", |state| state["missedUnseen"] == 2);

    bob.done("setSelfStatus", json!({"doNotDisturb": false}));
    pair.alice.wait_presence("bob", "online");
    pair.alice.done("call", json!({"userID": "bob"}));
    let first = bob.wait("the ringing", rings);
    let placed = pair.alice.wait_phase("ringing");
    assert_eq!(first["params"]["callId"], placed["callId"], "none before it has rung");
}

#[test]
fn a_schedule_counts_on_all_devices_and_for_calls_from_outside_only() {
    let mut pair = Pair::start();
    let more = ["--password", "correct horse", "--profile", "sofa"];
    let mut sofa = Phone::start(&pair.server.url(), "bob", pair.dir.path(), &more);
    // All day, each day: it holds whenever this test runs.
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let mut schedule = json!({"enabled": true, "days": days, "fromMinute": 0, "toMinute": 0});
    sofa.done("setSelfStatus", json!({ "schedule": schedule }));
    for phone in [&mut pair.bob, &mut sofa] {
        phone.wait("do not disturb", is_quiet);
    }
    pair.alice.wait_presence("bob", "doNotDisturb");
    pair.alice.done("call", json!({"userID": "bob"}));
    assert_eq!(pair.alice.wait_phase("ended")["end"], "notAvailable");
    for phone in [&mut pair.bob, &mut sofa] {
        assert_eq!(phone.only_row()["result"], "notAvailable");
    }

    pair.bob.done("call", json!({"userID": "alice"}));
    pair.alice.wait_phase("incoming");
    pair.alice.done("answer", json!({}));
    pair.bob.wait_phase("inCall");
    schedule["enabled"] = json!(false);
    pair.bob.done("setSelfStatus", json!({ "schedule": schedule }));
    pair.alice.wait_presence("bob", "inCall");
    pair.bob.done("setSelfStatus", json!({"doNotDisturb": true}));
    pair.alice.wait_presence("bob", "doNotDisturb");
    assert_eq!(pair.bob.done("getState", json!({}))["calls"][0]["phase"], "inCall", "the talk goes on");
    pair.bob.done("hangUp", json!({}));
    assert_eq!(pair.alice.wait_phase("ended")["end"], "hungUp");
}
