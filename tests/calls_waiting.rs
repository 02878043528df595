//! A second call during a talk, and talks on hold, among real processes: who rings, who is heard, and what the logs say.

#[path = "common/class.rs"]
mod class;
#[path = "common/line.rs"]
mod line;
#[path = "common/phone.rs"]
mod phone;
#[path = "common/tones.rs"]
mod tones;

use std::time::{Duration, Instant};

use class::{Class, answer, talked_ms, wait_call, wait_ended};
use line::{
    Line, VOICES, assert_lasted, assert_same_call, heard_by, let_wait, talk, wait_calls, wait_hears, wait_held,
    wait_rows,
};
use phone::Phone;
use serde_json::{Value, json};
use tones::{longest_gap, longest_sound, there, tone};

const INVALID_PARAMETERS: i64 = 6_017;
const INVALID_OPERATION: i64 = 7_014;
const NO_SUCH_CALL: i64 = 8_010;

#[test]
fn unless_one_lets_others_wait_the_line_is_busy() {
    let mut line = Line::talking(&[]);
    let before = talk(&mut line.bob);
    let mut missed = Vec::new();
    for time in 0..2 {
        if time == 1 {
            let_wait(&mut line.bob, true);
            let_wait(&mut line.bob, false);
        }
        line.carol.done("call", json!({"userID": "bob"}));
        assert_eq!(line.carol.wait_phase("ended")["end"], "busy");
        missed.push(("carol", "incoming", false, "busy"));
        let rows = [&missed[..]].concat();
        line.bob.wait_until("told of a missed call", |state| state["missedUnseen"] == rows.len());
    }
    assert_eq!(talk(&mut line.bob), before);
    wait_rows(&mut line.carol, &[("bob", "outgoing", false, "busy"); 2]);
    line.alice.done("hangUp", json!({}));
    missed.push(("alice", "incoming", true, "hungUp"));
    wait_rows(&mut line.bob, &missed);
    wait_rows(&mut line.alice, &[("bob", "outgoing", true, "hungUp")]);
}

#[test]
fn a_second_call_is_taken_and_the_first_waits_unheard() {
    let began = Instant::now();
    let mut line = Line::audible();
    let_wait(&mut line.bob, true);
    let hear_each_other = |one: &mut Phone, other: &mut Phone, names: [&str; 2]| {
        wait_hears(one, &[names[1]]);
        wait_hears(other, &[names[0]]);
    };
    hear_each_other(&mut line.alice, &mut line.bob, ["alice", "bob"]);
    let before = talk(&mut line.bob);
    line.ring();
    hear_each_other(&mut line.alice, &mut line.bob, ["alice", "bob"]);
    assert_eq!(talk(&mut line.bob), before, "a call that rings changes nothing");

    line.take();
    hear_each_other(&mut line.carol, &mut line.bob, ["carol", "bob"]);
    wait_hears(&mut line.alice, &[]);
    let held_ms = talked_ms(&line.alice.done("getState", json!({})));
    line.carol.wait_until("talking for a while", |state| talked_ms(state) >= 6_000);
    let back_ms = talked_ms(&line.alice.done("getState", json!({})));

    line.bob.done("resume", json!({}));
    wait_calls(&mut line.bob, &[("alice", "inCall", false), ("carol", "inCall", true)]);
    wait_held(&mut line.carol, true);
    wait_held(&mut line.alice, false);
    hear_each_other(&mut line.alice, &mut line.bob, ["alice", "bob"]);
    wait_hears(&mut line.carol, &[]);
    line.carol.wait_until("on hold for a while", |state| talked_ms(state) >= 9_000);
    let carols_ms = talked_ms(&line.carol.done("getState", json!({})));
    // The one on hold hangs up: the talk does not notice.
    let before = talk(&mut line.bob);
    line.carol.done("hangUp", json!({}));
    assert_eq!(wait_ended(&mut line.carol)["end"], "hungUp");
    wait_calls(&mut line.bob, &[("alice", "inCall", false)]);
    hear_each_other(&mut line.alice, &mut line.bob, ["alice", "bob"]);
    assert_eq!(talk(&mut line.bob), before);

    // The talk for which the first one gave way is over: the first one goes on by itself.
    line.ring();
    line.take();
    hear_each_other(&mut line.carol, &mut line.bob, ["carol", "bob"]);
    line.carol.wait_until("talking for a while", |state| talked_ms(state) >= 1_500);
    line.carol.done("hangUp", json!({}));
    wait_calls(&mut line.bob, &[("alice", "inCall", false)]);
    wait_held(&mut line.alice, false);
    hear_each_other(&mut line.alice, &mut line.bob, ["alice", "bob"]);
    let talked = talked_ms(&line.alice.done("getState", json!({})));
    line.alice.wait_until("talking for a while", |state| talked_ms(state) >= talked + 2_000);
    line.bob.done("hangUp", json!({}));

    let theirs = wait_rows(&mut line.carol, &[("bob", "outgoing", true, "hungUp"); 2]);
    let first = wait_rows(&mut line.alice, &[("bob", "outgoing", true, "hungUp")]);
    let (with_carol, with_alice) = (("carol", "incoming", true, "hungUp"), ("alice", "incoming", true, "hungUp"));
    let bobs = wait_rows(&mut line.bob, &[with_carol, with_carol, with_alice]);
    for (one, other) in theirs.iter().chain(&first).zip(&bobs) {
        assert_same_call(one, other);
    }
    // The time on hold counts.
    assert_lasted(&first[0], talked + 2_000, began);
    assert_lasted(&theirs[1], carols_ms, began);

    // What nobody should have heard, nobody heard at any time.
    let Line { dir, alice, bob, carol, .. } = line;
    assert!(alice.quit().success() && bob.quit().success() && carol.quit().success());
    let [alice_hz, bob_hz, carol_hz] = VOICES.map(|(_, hz)| hz);
    // A recording is that of the last talk that its phone has begun or taken up again.
    for (name, wanted, unwanted) in
        [("alice", bob_hz, carol_hz), ("bob", alice_hz, carol_hz), ("carol", bob_hz, alice_hz)]
    {
        let recording = heard_by(name, dir.path());
        let (heard, unheard) = (tone(&recording, wanted), tone(&recording, unwanted));
        let there = there(&heard);
        let (wanted, unwanted) = (longest_sound(&heard, there), longest_sound(&unheard, there));
        println!("{name} hears the other one for {wanted:?} at a time, and whom not to hear for {unwanted:?}");
        assert!(
            wanted >= Duration::from_millis(200) && unwanted <= Duration::from_millis(50),
            "{wanted:?} {unwanted:?}"
        );
        if name == "alice" {
            let gap = longest_gap(&heard, there);
            println!("on hold she hears nothing of him for {gap:?} of {} ms", back_ms - held_ms);
            assert!(gap + Duration::from_millis(200) >= Duration::from_millis(back_ms - held_ms), "{gap:?}");
        }
    }
}

#[test]
fn a_waiting_call_that_is_not_taken_leaves_the_talk_alone() {
    let mut line = Line::talking(&["--ring-timeout", "8"]);
    let_wait(&mut line.bob, true);
    let before = [talk(&mut line.alice), talk(&mut line.bob)];
    let mut rows = vec![("alice", "incoming", true, "hungUp")];
    for (end, missed) in [("declined", 0), ("noAnswer", 1), ("cancelled", 2)] {
        line.ring();
        match end {
            "declined" => line.bob.done("decline", json!({})),
            "cancelled" => line.carol.done("hangUp", json!({})),
            _ => Value::Null,
        };
        assert_eq!(wait_ended(&mut line.carol)["end"], end);
        wait_calls(&mut line.bob, &[("alice", "inCall", false)]);
        line.bob.wait_until("told", |state| state["missedUnseen"] == missed);
        assert_eq!([talk(&mut line.alice), talk(&mut line.bob)], before, "{end}");
        rows.insert(0, ("carol", "incoming", false, end));
    }
    line.alice.done("hangUp", json!({}));
    wait_rows(&mut line.bob, &rows);
    wait_rows(&mut line.alice, &[("bob", "outgoing", true, "hungUp")]);
    let own = |end| ("bob", "outgoing", false, end);
    wait_rows(&mut line.carol, &[own("cancelled"), own("noAnswer"), own("declined")]);
}

#[test]
fn both_may_hold_and_either_hangs_up() {
    let began = Instant::now();
    let mut line = Line::audible();
    let Line { alice, bob, .. } = &mut line;
    wait_hears(alice, &["bob"]);
    bob.done("hold", json!({}));
    wait_calls(bob, &[("alice", "inCall", true)]);
    wait_held(alice, true);
    wait_hears(alice, &[]);
    wait_hears(bob, &[]);
    alice.done("hold", json!({}));
    wait_calls(alice, &[("bob", "inCall", true)]);
    wait_held(bob, true);
    // One of them goes on: the other one has it on hold still.
    bob.done("resume", json!({}));
    wait_calls(bob, &[("alice", "inCall", false)]);
    wait_held(alice, false);
    wait_held(bob, true);
    wait_hears(bob, &[]);
    alice.done("resume", json!({}));
    wait_held(bob, false);
    wait_hears(bob, &["alice"]);
    wait_hears(alice, &["bob"]);

    // Whoever holds hangs up, then in another call whoever is held.
    for holder_hangs_up in [true, false] {
        bob.done("hold", json!({}));
        wait_held(alice, true);
        let held_ms = talked_ms(&alice.done("getState", json!({})));
        alice.wait_until("on hold for a while", |state| talked_ms(state) >= held_ms + 1_500);
        let who = if holder_hangs_up { &mut *bob } else { &mut *alice };
        who.done("hangUp", json!({}));
        for phone in [&mut *alice, &mut *bob] {
            assert_eq!(wait_ended(phone)["end"], "hungUp");
        }
        let so_far = if holder_hangs_up { 1 } else { 2 };
        let one = wait_rows(alice, &vec![("bob", "outgoing", true, "hungUp"); so_far]);
        let other = wait_rows(bob, &vec![("alice", "incoming", true, "hungUp"); so_far]);
        assert_same_call(&one[0], &other[0]);
        assert_lasted(&one[0], held_ms + 1_500, began);
        if holder_hangs_up {
            alice.done("call", json!({"userID": "bob"}));
            answer(bob);
            wait_calls(alice, &[("bob", "inCall", false)]);
            wait_hears(alice, &["bob"]);
        }
    }
}

#[test]
fn a_microphone_that_was_closed_is_closed_after_the_hold() {
    let mut line = Line::audible();
    let_wait(&mut line.bob, true);
    let muted = |phone: &mut Phone, muted: bool| phone.wait_until("muted or not", |state| state["muted"] == muted);
    wait_hears(&mut line.alice, &["bob"]);
    line.bob.done("mute", json!({}));
    wait_hears(&mut line.alice, &[]);
    line.bob.done("hold", json!({}));
    wait_held(&mut line.alice, true);
    line.bob.done("resume", json!({}));
    wait_held(&mut line.alice, false);
    wait_hears(&mut line.bob, &["alice"]);
    muted(&mut line.bob, true);
    // Another call begins with an open microphone, and keeps what becomes of it.
    line.ring();
    line.take();
    wait_hears(&mut line.carol, &["bob"]);
    line.bob.done("resume", json!({}));
    wait_hears(&mut line.bob, &["alice"]);
    muted(&mut line.bob, true);
    wait_hears(&mut line.alice, &[]);
    line.bob.done("unmute", json!({}));
    wait_hears(&mut line.alice, &["bob"]);
    line.bob.done("resume", json!({}));
    wait_hears(&mut line.bob, &["carol"]);
    line.bob.done("mute", json!({}));
    wait_hears(&mut line.carol, &[]);
    // The talk that gave way goes on by itself, as it was; nothing is left of the other one.
    line.carol.done("hangUp", json!({}));
    wait_hears(&mut line.alice, &["bob"]);
    muted(&mut line.bob, false);
    line.ring();
    line.take();
    wait_hears(&mut line.carol, &["bob"]);
}

#[test]
fn a_call_of_a_group_waits_and_is_held_as_well() {
    let (class, [mut alice, mut bob, mut carol, mut dave]) = Class::of(["alice", "bob", "carol", "dave"]);
    let_wait(&mut bob, true);
    alice.done("call", json!({"userID": "bob"}));
    answer(&mut bob);
    class.call(&mut carol, &["bob", "dave"]);
    let state = wait_calls(&mut bob, &[("alice", "inCall", false), ("carol", "incoming", false)]);
    assert_eq!(state["calls"][1]["group"], class.group);
    bob.done("answer", json!({}));
    wait_calls(&mut bob, &[("carol", "inCall", false), ("alice", "inCall", true)]);
    wait_held(&mut alice, true);
    answer(&mut dave);
    wait_call(&mut carol, "inCall", &[("bob", "in"), ("dave", "in")]);
    let mut all = [&mut alice, &mut bob, &mut carol, &mut dave];
    class.shows(&mut all, &["bob", "carol", "dave"], &[]);

    // On hold he is in the call of the group still, and the others go on.
    bob.done("resume", json!({}));
    wait_calls(&mut bob, &[("alice", "inCall", false), ("carol", "inCall", true)]);
    wait_held(&mut alice, false);
    wait_call(&mut carol, "inCall", &[("bob", "onHold"), ("dave", "in")]);
    dave.done("hangUp", json!({}));
    wait_call(&mut carol, "inCall", &[("bob", "onHold"), ("dave", "left")]);
    class.shows(&mut [&mut alice, &mut bob, &mut carol, &mut dave], &["bob", "carol"], &[]);
    bob.done("resume", json!({}));
    wait_call(&mut carol, "inCall", &[("bob", "in"), ("dave", "left")]);
    wait_held(&mut alice, true);

    // Left alone in it, he is back in the other one.
    carol.done("hangUp", json!({}));
    wait_calls(&mut bob, &[("alice", "inCall", false)]);
    wait_held(&mut alice, false);
    class.shows_none(&mut [&mut alice, &mut bob, &mut carol, &mut dave]);
    alice.done("hangUp", json!({}));
    let pair = wait_rows(&mut alice, &[("bob", "outgoing", true, "hungUp")]);
    let bobs = wait_rows(&mut bob, &[("carol", "incoming", true, "hungUp"), ("alice", "incoming", true, "hungUp")]);
    assert_same_call(&pair[0], &bobs[1]);
    let carols = wait_rows(&mut carol, &[("bob", "outgoing", true, "hungUp")]);
    let daves = wait_rows(&mut dave, &[("carol", "incoming", true, "hungUp")]);
    for row in [&bobs[0], &daves[0], &carols[0]] {
        assert_eq!((&row["callId"], &row["group"]), (&carols[0]["callId"], &json!(class.group)), "{row:#}");
    }
    // By the room's clock he was in the call all the while, on hold or not.
    assert_eq!(bobs[0]["durationS"], carols[0]["durationS"]);
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut line = Line::talking(&[]);
    let mut dave = line.phone("dave");
    for method in ["hold", "resume"] {
        assert_eq!(dave.refused(method, json!({})), NO_SUCH_CALL, "no call at all");
        assert_eq!(line.bob.refused(method, json!({"callID": "another"})), NO_SUCH_CALL);
        assert_eq!(line.bob.refused(method, json!({"callID": 7})), INVALID_PARAMETERS);
    }
    for bad in [json!({}), json!({"on": "yes"}), json!({"on": null}), json!([1])] {
        assert_eq!(line.bob.refused("setCallWaiting", bad), INVALID_PARAMETERS);
    }
    let before = talk(&mut line.bob);
    assert_eq!(line.bob.refused("resume", json!({})), NO_SUCH_CALL, "a talk, and nothing on hold");
    assert_eq!(line.bob.refused("call", json!({"userID": "dave"})), INVALID_OPERATION, "a talk");
    let_wait(&mut line.bob, true);
    line.ring();
    assert_eq!(line.carol.refused("hold", json!({})), NO_SUCH_CALL, "it only rings");
    assert_eq!(line.bob.refused("call", json!({"userID": "dave"})), INVALID_OPERATION, "a talk, and one that rings");
    assert_eq!(talk(&mut line.bob), before);

    line.take();
    let before = [talk(&mut line.alice), talk(&mut line.carol)];
    for (method, params) in [
        ("call", json!({"userID": "dave"})),
        ("call", json!({"userID": "alice"})),
        ("call", json!({"userList": ["dave", "carol"]})),
        ("callGroup", json!({"groupID": "class"})),
    ] {
        assert_eq!(line.bob.refused(method, params.clone()), INVALID_OPERATION, "{method} {params}");
    }
    // Nor does a third one wait.
    dave.done("call", json!({"userID": "bob"}));
    assert_eq!(wait_ended(&mut dave)["end"], "busy");
    wait_calls(&mut line.bob, &[("carol", "inCall", false), ("alice", "inCall", true)]);
    assert_eq!([talk(&mut line.alice), talk(&mut line.carol)], before);
    wait_rows(&mut dave, &[("bob", "outgoing", false, "busy")]);
    line.carol.done("hangUp", json!({}));
    wait_calls(&mut line.bob, &[("alice", "inCall", false)]);
    line.bob.done("hangUp", json!({}));
    let with = |who, answered, end| (who, "incoming", answered, end);
    let rows = [with("dave", false, "busy"), with("carol", true, "hungUp"), with("alice", true, "hungUp")];
    wait_rows(&mut line.bob, &rows);
}

#[test]
fn who_dies_between_two_calls_is_gone_from_both() {
    let mut line = Line::talking(&[]);
    let_wait(&mut line.bob, true);
    line.ring();
    line.take();
    let Line { server, dir, mut alice, bob, mut carol } = line;
    bob.kill();
    for phone in [&mut alice, &mut carol] {
        wait_calls(phone, &[("bob", "reconnecting", false)]);
    }
    for phone in [&mut alice, &mut carol] {
        assert_eq!(wait_ended(phone)["end"], "connectionLost");
    }
    let lost = ("bob", "outgoing", true, "connectionLost");
    let others = [&mut carol, &mut alice].map(|phone| wait_rows(phone, &[lost]).remove(0));
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
    let with = |who| (who, "incoming", true, "connectionLost");
    let own = wait_rows(&mut bob, &[with("carol"), with("alice")]);
    for (one, other) in own.iter().zip(&others) {
        assert_same_call(one, other);
    }
    assert_eq!(bob.done("getState", json!({}))["calls"], json!([]), "nothing is taken up again");
}
