//! Calls in a group, and who is away from them: programs that die, a second device, members who were offline, and who
//! joins late or too late.

#[path = "common/class.rs"]
mod class;
#[path = "common/phone.rs"]
mod phone;

use std::time::{Duration, Instant};

use class::{Class, answer, live, row, says, talked_ms, wait_call, wait_ended};
use serde_json::{Value, json};

/// The finished rows of a log.
fn rows(log: &[Value]) -> bool {
    !log.is_empty() && log.iter().all(|row| !row["result"].is_null())
}

#[test]
fn a_call_whose_only_one_has_died_is_over_for_the_group() {
    let (class, [alice, mut bob, mut carol]) = Class::of(["alice", "bob", "carol"]);
    let mut alice = alice;
    class.call(&mut alice, &["bob"]);
    class.shows(&mut [&mut bob, &mut carol], &["alice"], &["bob"]);
    alice.kill();
    class.shows_none(&mut [&mut bob, &mut carol]);
    wait_ended(&mut bob);
    let found = bob.only_row();
    assert_eq!((&found["answered"], &found["group"]), (&json!(false), &json!(class.group)), "{found:#}");
    bob.wait_until("told of a missed call", |state| state["missedUnseen"] == 1);
    assert_eq!(carol.done("getLog", json!({}))["rows"], json!([]));
    // The group can be called again, and who died knows what became of it.
    class.call(&mut bob, &["carol"]);
    answer(&mut carol);
    let mut alice = class.phone("alice", &[]);
    let log = alice.wait_log(rows);
    assert_eq!((log.len(), row(&log[0]).1), (1, false), "{log:#?}");
    class.shows(&mut [&mut alice, &mut bob, &mut carol], &["bob", "carol"], &[]);
}

#[test]
fn a_call_goes_on_when_one_of_three_dies() {
    let (class, [mut alice, mut bob, mut carol]) = Class::of(["alice", "bob", "carol"]);
    class.call(&mut alice, &["bob", "carol"]);
    answer(&mut bob);
    answer(&mut carol);
    wait_call(&mut alice, "inCall", &[("bob", "in"), ("carol", "in")]);
    carol.wait_until("talking for a second", |state| talked_ms(state) >= 1_000);
    carol.kill();
    for phone in [&mut alice, &mut bob] {
        wait_call(phone, "inCall", &[("carol", "reconnecting")]);
    }
    for (phone, other) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        wait_call(phone, "inCall", &[("carol", "lost"), (other, "in")]);
    }
    class.shows(&mut [&mut alice, &mut bob], &["alice", "bob"], &[]);
    // Who died finds its call in the log, and may come back to it.
    let mut carol = class.phone("carol", &[]);
    let found = carol.only_row();
    assert_eq!(row(&found), says("incoming", true, "connectionLost"), "{found:#}");
    assert!(found["durationS"].as_u64() >= Some(1), "{found:#}");
    class.shows(&mut [&mut carol], &["alice", "bob"], &[]);
    class.join(&mut carol);
    for phone in [&mut alice, &mut bob] {
        wait_call(phone, "inCall", &[("carol", "in")]);
    }
    for phone in [&mut alice, &mut bob, &mut carol] {
        phone.done("hangUp", json!({}));
    }
    for (phone, direction) in [(&mut alice, "outgoing"), (&mut bob, "incoming"), (&mut carol, "incoming")] {
        let log = phone.wait_log(|log| rows(log) && log[0]["result"] == "hungUp" && log[0]["callS"] != 0);
        assert_eq!((log.len(), row(&log[0])), (1, says(direction, true, "hungUp")), "{log:#?}");
    }
}

#[test]
fn both_devices_of_a_member_ring_and_have_the_same_log() {
    let (class, [mut alice, mut bob, mut carol]) = Class::of(["alice", "bob", "carol"]);
    let mut sofa = class.phone("bob", &["--password", "correct horse", "--profile", "sofa"]);
    let devices = sofa.done("getDevices", json!({}))["devices"].take();
    let own = devices.as_array().into_iter().flatten().find(|device| device["own"] == true).expect("this one");
    sofa.done("renameDevice", json!({"deviceID": own["deviceID"], "deviceName": "Sofa"}));

    class.call(&mut alice, &["bob", "carol"]);
    wait_call(&mut bob, "incoming", &[("carol", "ringing")]);
    answer(&mut sofa);
    let ended = wait_ended(&mut bob);
    assert_eq!((&ended["end"], &ended["detail"]), (&json!("answeredElsewhere"), &json!("Sofa")));
    answer(&mut carol);
    wait_call(&mut alice, "inCall", &[("bob", "in"), ("carol", "in")]);
    // The other device sees the call, as every member does.
    class.shows(&mut [&mut bob, &mut sofa], &["alice", "bob", "carol"], &[]);
    sofa.wait_until("talking for a second", |state| talked_ms(state) >= 1_000);
    for phone in [&mut sofa, &mut carol, &mut alice] {
        phone.done("hangUp", json!({}));
    }
    class.shows_none(&mut [&mut alice, &mut bob, &mut carol, &mut sofa]);
    let full = |log: &[Value]| rows(log) && log[0]["callS"] != 0 && log[0]["durationS"] != 0;
    let (desk, there) = (bob.wait_log(full), sofa.wait_log(full));
    assert_eq!((desk.len(), there.len()), (1, 1), "{desk:#?}{there:#?}");
    assert_eq!(row(&there[0]), says("incoming", true, "hungUp"));
    assert_eq!(row(&desk[0]), says("incoming", true, "answeredElsewhere"));
    assert_eq!(desk[0]["deviceName"], "Sofa");
    for field in ["callId", "peer", "group", "people", "timeMs", "durationS", "callS"] {
        assert_eq!(desk[0][field], there[0][field], "{field}");
    }
    for phone in [&mut bob, &mut sofa] {
        assert_eq!(phone.done("getState", json!({}))["missedUnseen"], 0);
    }
}

#[test]
fn a_member_who_was_away_finds_one_row_and_nothing_rings() {
    let (class, [mut alice, bob, mut carol]) = Class::with(["alice", "bob", "carol"], &["--ring-timeout", "3"]);
    assert!(bob.quit().success());
    alice.wait_presence("bob", "offline");
    class.call(&mut alice, &["bob", "carol"]);
    answer(&mut carol);
    wait_call(&mut alice, "inCall", &[("bob", "noAnswer"), ("carol", "in")]);
    carol.wait_until("talking for a second", |state| talked_ms(state) >= 1_000);
    carol.done("hangUp", json!({}));
    let called = alice.wait_log(|log| rows(log) && log[0]["callS"] != 0).remove(0);

    let mut bob = class.phone("bob", &[]);
    let log = bob.wait_log(|log| rows(log) && log[0]["callS"] != 0);
    assert_eq!((log.len(), row(&log[0])), (1, says("incoming", false, "noAnswer")), "{log:#?}");
    for field in ["callId", "timeMs", "callS", "group"] {
        assert_eq!(log[0][field], called[field], "{field}");
    }
    let state = bob.done("getState", json!({}));
    assert_eq!((&state["missedUnseen"], &state["groupCalls"], live(&state)), (&json!(1), &json!([]), None));
    assert_eq!(state["calls"], json!([]), "nothing has rung");
}

#[test]
fn a_young_invitation_rings_on_a_start_and_an_old_one_does_not() {
    let (class, [mut alice, bob, carol]) = Class::of(["alice", "bob", "carol"]);
    for phone in [bob, carol] {
        assert!(phone.quit().success());
    }
    for name in ["bob", "carol"] {
        alice.wait_presence(name, "offline");
    }
    // By hand, because a phone rings no longer than half a minute.
    let (room, call) = (1805, "a-call-that-rings-long");
    alice.done("enterRoom", json!({"roomID": room, "create": true, "groupID": class.group, "callID": call}));
    let data = json!({
        "businessID": "av_call", "version": 4, "platform": "Ahoy", "extInfo": "", "call_type": 1, "room_id": room,
        "data": {"cmd": "audioCall", "cmdInfo": "", "room_id": room},
    });
    let invitation = json!({
        "inviteID": call, "groupID": class.group, "inviteeList": ["bob", "carol"], "data": data.to_string(),
        "timeout": 85, "roomID": room, "onlineUserOnly": false,
    });
    alice.done("inviteInGroup", invitation);
    let invited = Instant::now();

    let mut bob = class.phone("bob", &[]);
    assert_eq!(wait_call(&mut bob, "incoming", &[])["callId"], call);
    // The age alone decides.
    phone::wait_for(|| invited.elapsed() > Duration::from_secs(31));
    let mut carol = class.phone("carol", &[]);
    class.shows(&mut [&mut bob, &mut carol], &["alice"], &["bob", "carol"]);
    let state = carol.done("getState", json!({}));
    assert_eq!(state["calls"], json!([]), "nothing rings");
    // It is on, though: she joins, and that is an answer.
    class.join(&mut carol);
    class.shows(&mut [&mut bob, &mut carol], &["alice", "carol"], &["bob"]);
    wait_call(&mut carol, "inCall", &[("alice", "in"), ("bob", "ringing")]);
    answer(&mut bob);
    wait_call(&mut carol, "inCall", &[("alice", "in"), ("bob", "in")]);
}

#[test]
fn a_member_joins_a_call_that_is_on_and_not_one_that_is_over() {
    let (class, [mut alice, mut bob, mut erin]) = Class::of(["alice", "bob", "erin"]);
    class.call(&mut alice, &["bob"]);
    answer(&mut bob);
    class.shows(&mut [&mut erin], &["alice", "bob"], &[]);
    class.join(&mut erin);
    wait_call(&mut erin, "inCall", &[("alice", "in"), ("bob", "in")]);
    for phone in [&mut alice, &mut bob] {
        wait_call(phone, "inCall", &[("erin", "in")]);
    }
    erin.wait_until("talking for a second", |state| talked_ms(state) >= 1_000);
    erin.done("hangUp", json!({}));
    let found = erin.only_row();
    assert_eq!(row(&found), says("incoming", true, "hungUp"), "{found:#}");
    assert!(found["durationS"].as_u64() >= Some(1), "{found:#}");
    for phone in [&mut alice, &mut bob] {
        wait_call(phone, "inCall", &[("erin", "left")]);
    }
    bob.done("hangUp", json!({}));
    wait_ended(&mut alice);
    class.shows_none(&mut [&mut alice, &mut bob, &mut erin]);

    let before = erin.wait_log(|rows| rows.len() == 1 && rows[0]["callS"] != 0);
    assert_eq!(erin.refused("joinCall", json!({"groupID": class.group})), 10_010);
    assert!(live(&erin.done("getState", json!({}))).is_none());
    assert_eq!(erin.done("getLog", json!({}))["rows"], json!(before));
    class.shows_none(&mut [&mut alice, &mut bob, &mut erin]);
}
