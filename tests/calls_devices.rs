//! One user with two devices, all of them real processes: both ring, the first answer wins, and the other says where; one
//! signs out the other; and what is set on one counts on both.

#[path = "common/phone.rs"]
mod phone;

use phone::{Phone, ServerProcess, command};
use serde_json::{Value, json};

struct Trio {
    server: ServerProcess,
    dir: tempfile::TempDir,
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
        Self { server, dir, alice, desk, sofa }
    }

    /// Alice calls, and both devices ring. Returns when the ringing on each would end by itself.
    fn ring(&mut self) -> Deadlines {
        self.alice.done("call", json!({"userID": "bob"}));
        let deadline = |phone: &mut Phone| phone.wait_phase("incoming")["ringDeadlineMs"].as_u64().expect("a deadline");
        let deadlines = Deadlines { desk: deadline(&mut self.desk), sofa: deadline(&mut self.sofa) };
        self.alice.wait_phase("ringing");
        deadlines
    }

    /// Gives bob's devices names.
    fn name_devices(&mut self) {
        for (phone, name) in [(&mut self.desk, "Desk"), (&mut self.sofa, "Sofa")] {
            let own = own_device(phone);
            phone.done("renameDevice", json!({"deviceID": own, "deviceName": name}));
        }
    }
}

/// When a device stops ringing although nobody tells it anything, in its own time.
struct Deadlines {
    desk: u64,
    sofa: u64,
}

fn own_device(phone: &mut Phone) -> Value {
    let listed = phone.done("getDevices", json!({}));
    let devices = listed["devices"].as_array().expect("devices");
    devices.iter().find(|device| device["own"] == true).expect("this one")["deviceID"].clone()
}

fn assert_before(phone: &mut Phone, deadline: u64) {
    let now = phone.done("getState", json!({}))["nowMs"].as_u64().expect("a time");
    assert!(now < deadline, "it stopped by itself: {now} ms, {deadline} ms");
}

fn latest_row(phone: &mut Phone, rows: usize) -> Value {
    phone.wait_log(|log| log.len() == rows && log.iter().all(|row| !row["result"].is_null())).remove(0)
}

#[test]
fn the_first_device_wins_and_the_other_says_where() {
    let mut trio = Trio::start();
    trio.name_devices();

    let deadlines = trio.ring();
    trio.sofa.done("answer", json!({}));
    let ended = trio.desk.wait_phase("ended");
    assert_before(&mut trio.desk, deadlines.desk);
    assert_eq!((&ended["end"], &ended["detail"]), (&json!("answeredElsewhere"), &json!("Sofa")));
    trio.alice.wait_phase("inCall");
    trio.sofa.wait_phase("inCall");
    trio.alice.done("hangUp", json!({}));
    let (talked, elsewhere) = (latest_row(&mut trio.sofa, 1), latest_row(&mut trio.desk, 1));
    assert_eq!((&elsewhere["answered"], &elsewhere["callId"]), (&json!(true), &talked["callId"]));
    assert_eq!((&elsewhere["deviceName"], &elsewhere["durationS"]), (&json!("Sofa"), &talked["durationS"]));

    let deadlines = trio.ring();
    trio.desk.done("decline", json!({}));
    let ended = trio.sofa.wait_phase("ended");
    assert_before(&mut trio.sofa, deadlines.sofa);
    assert_eq!((&ended["end"], &ended["detail"]), (&json!("declinedElsewhere"), &json!("Desk")));
    assert_eq!(trio.alice.wait_phase("ended")["end"], "declined");
    assert_eq!(latest_row(&mut trio.desk, 2)["result"], "declined");
    let declined = latest_row(&mut trio.sofa, 2);
    assert_eq!((&declined["result"], &declined["deviceName"]), (&json!("declinedElsewhere"), &json!("Desk")));

    // Neither device shows a missed call.
    for phone in [&mut trio.desk, &mut trio.sofa] {
        assert_eq!(phone.done("getState", json!({}))["missedUnseen"], 0);
    }
}

#[test]
fn a_device_that_is_signed_out_in_a_call_leaves_it_and_keeps_nothing() {
    let mut trio = Trio::start();
    trio.name_devices();
    trio.ring();
    trio.sofa.done("answer", json!({}));
    trio.alice.wait_phase("inCall");
    let sofa = own_device(&mut trio.sofa);
    trio.desk.done("signOutDevice", json!({"deviceID": sofa}));

    let over = trio.sofa.wait("the sign-in screen", |news| news["params"]["session"] == "signedOut");
    assert_eq!(over["params"]["problem"]["code"], 6208);
    assert!(over["params"]["problem"]["message"].as_str().is_some_and(|words| words.contains("Desk")), "{over}");
    assert_eq!(trio.alice.wait_phase("ended")["end"], "hungUp");
    let row = latest_row(&mut trio.desk, 1);
    assert_eq!((&row["result"], &row["deviceName"]), (&json!("answeredElsewhere"), &json!("Sofa")));

    // What it kept would sign it in, or be refused with 6206; so it is the password that is asked for.
    drop(trio.sofa);
    let wrong = ["--json", "--profile", "sofa", "--password", "not this one at all"];
    let mut again = Phone::spawn(&mut command(&trio.server.url(), "bob", trio.dir.path(), &wrong), "bob");
    let refused = again.wait("a refusal", |news| news["params"]["session"] == "signedOut");
    assert_eq!(refused["params"]["problem"]["code"], 70_003);
}

#[test]
fn devices_share_favourites_and_know_who_is_called_often() {
    let mut trio = Trio::start();
    for rows in 1..=3 {
        trio.desk.done("call", json!({"userID": "alice"}));
        trio.alice.wait_phase("incoming");
        trio.alice.done("decline", json!({}));
        assert_eq!(latest_row(&mut trio.sofa, rows)["direction"], "outgoing");
    }
    let shows = |phone: &mut Phone, favourites: Value, often: Value| {
        let fits = |state: &Value| state["favourites"] == favourites && state["oftenCalled"] == often;
        phone.wait_until(&format!("with favourites {favourites} and {often} called often"), fits);
    };
    shows(&mut trio.sofa, json!([]), json!(["alice"]));
    trio.desk.done("setFavourite", json!({"userID": "alice", "favourite": true}));
    for phone in [&mut trio.desk, &mut trio.sofa] {
        shows(phone, json!(["alice"]), json!([]));
    }
    assert_eq!(trio.sofa.refused("setFavourite", json!({"userID": "nobody", "favourite": true})), 10_019);

    // They are there again after a start.
    drop(trio.sofa);
    let again = ["--profile", "sofa"];
    let mut sofa = Phone::start(&trio.server.url(), "bob", trio.dir.path(), &again);
    shows(&mut sofa, json!(["alice"]), json!([]));
    trio.desk.done("setFavourite", json!({"userID": "alice", "favourite": false}));
    shows(&mut sofa, json!([]), json!(["alice"]));
}
