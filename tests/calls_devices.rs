//! One user with two devices, all of them real processes: both ring, the first answer wins, and the other says where.

#[path = "common/phone.rs"]
mod phone;

use phone::{Phone, ServerProcess};
use serde_json::{Value, json};

struct Trio {
    _server: ServerProcess,
    _dir: tempfile::TempDir,
    alice: Phone,
    desk: Phone,
    sofa: Phone,
}

impl Trio {
    fn start() -> Self {
        let server = ServerProcess::start(&[]);
        let dir = tempfile::tempdir().expect("a folder");
        let password = ["--password", "correct horse battery"];
        let desk = Phone::start(&server.url(), "bob", dir.path(), &password);
        let on_sofa = [&password[..], &["--profile", "sofa"]].concat();
        let sofa = Phone::start(&server.url(), "bob", dir.path(), &on_sofa);
        let alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
        Self { _server: server, _dir: dir, alice, desk, sofa }
    }

    /// Alice calls, and both devices ring.
    fn ring(&mut self) {
        self.alice.done("call", json!({"userID": "bob"}));
        self.desk.wait_phase("incoming");
        self.sofa.wait_phase("incoming");
        self.alice.wait_phase("ringing");
    }
}

fn latest_row(phone: &mut Phone, rows: usize) -> Value {
    phone.wait_log(|log| log.len() == rows && log.iter().all(|row| !row["result"].is_null())).remove(0)
}

#[test]
fn the_first_device_wins_and_the_other_says_where() {
    let mut trio = Trio::start();

    trio.ring();
    trio.sofa.done("answer", json!({}));
    let ended = trio.desk.wait_phase("ended");
    assert_eq!(ended["end"], "answeredElsewhere");
    let answered_on = ended["detail"].as_str().expect("a device's name").to_owned();
    assert!(!answered_on.is_empty());
    trio.alice.wait_phase("inCall");
    trio.sofa.wait_phase("inCall");
    trio.alice.done("hangUp", json!({}));
    let (talked, elsewhere) = (latest_row(&mut trio.sofa, 1), latest_row(&mut trio.desk, 1));
    assert_eq!((&elsewhere["answered"], &elsewhere["callId"]), (&json!(true), &talked["callId"]));
    assert_eq!((&elsewhere["deviceName"], &elsewhere["durationS"]), (&json!(answered_on), &talked["durationS"]));

    trio.ring();
    trio.desk.done("decline", json!({}));
    assert_eq!(trio.sofa.wait_phase("ended")["end"], "declinedElsewhere");
    assert_eq!(trio.alice.wait_phase("ended")["end"], "declined");
    assert_eq!(latest_row(&mut trio.desk, 2)["result"], "declined");
    assert_eq!(latest_row(&mut trio.sofa, 2)["result"], "declinedElsewhere");

    // Neither device shows a missed call.
    for phone in [&mut trio.desk, &mut trio.sofa] {
        assert_eq!(phone.done("getState", json!({}))["missedUnseen"], 0);
    }
}
