//! A call of two takes a third, and goes on without whoever began it: what is heard all the while, by real processes.

#[path = "common/class.rs"]
mod class;
#[path = "common/phone.rs"]
mod phone;
#[path = "common/tones.rs"]
mod tones;

use std::time::Duration;

use class::{answer, live, talked_ms, wait_call};
use phone::{Phone, ServerProcess};
use serde_json::{Value, json};
use tones::{WINDOW_S, longest_gap, there, tone};

/// Who says what: tones, because whatever is missing of them is missed.
const ALICE_HZ: f32 = 500.0;
const CAROL_HZ: f32 = 1_300.0;

fn sources(phone: &mut Phone) -> Value {
    let state = phone.done("getState", json!({}));
    live(&state).expect("a call")["participants"].clone()
}

#[test]
fn a_third_comes_without_a_break_and_the_first_may_leave() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let heard = dir.path().join("heard-by-bob.wav");
    let (speaker, said) = (format!("file:{}", heard.display()), |hz: f32| format!("tone:{hz}"));
    let plain = "--no-processing";
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[plain, "--speaker", &speaker]);
    let mut carol = Phone::start(&server.url(), "carol", dir.path(), &[plain, "--microphone", &said(CAROL_HZ)]);
    let mut alice = Phone::start(&server.url(), "alice", dir.path(), &[plain, "--microphone", &said(ALICE_HZ)]);
    alice.done("call", json!({"userID": "bob"}));
    answer(&mut bob);
    wait_call(&mut alice, "inCall", &[]);
    bob.wait_until("talking for a while", |state| talked_ms(state) >= 10_000);
    let (before, since) = (sources(&mut bob), live(&bob.done("getState", json!({}))).expect("a call").clone());
    let added_ms = talked_ms(&bob.done("getState", json!({})));

    alice.done("addToCall", json!({"userList": ["carol"]}));
    for phone in [&mut alice, &mut bob] {
        wait_call(phone, "inCall", &[("carol", "ringing")]);
    }
    answer(&mut carol);
    wait_call(&mut carol, "inCall", &[("alice", "in"), ("bob", "in")]);
    for phone in [&mut alice, &mut bob] {
        wait_call(phone, "inCall", &[("carol", "in")]);
    }
    bob.wait_until("talking for a while longer", |state| talked_ms(state) >= added_ms + 8_000);
    let now = bob.done("getState", json!({}));
    let now = live(&now).expect("a call");
    for field in ["callId", "room", "talkingSinceMs", "peer"] {
        assert_eq!(now[field], since[field], "{field}");
    }
    let alices = |list: &Value| list.as_array().into_iter().flatten().find(|p| p["userID"] == "alice").cloned();
    assert_eq!(alices(&now["participants"]), alices(&before), "the same place in the room");

    alice.done("hangUp", json!({}));
    for (phone, other) in [(&mut bob, "carol"), (&mut carol, "bob")] {
        wait_call(phone, "inCall", &[("alice", "left"), (other, "in")]);
    }
    let left_ms = talked_ms(&bob.done("getState", json!({})));
    bob.wait_until("talking without her", |state| talked_ms(state) >= left_ms + 3_000);
    carol.done("hangUp", json!({}));
    for phone in [&mut alice, &mut bob, &mut carol] {
        class::wait_ended(phone);
        let found = phone.only_row();
        assert_eq!((&found["answered"], &found["result"]), (&json!(true), &json!("hungUp")), "{found:#}");
    }
    assert!(bob.quit().success());

    // From when she was heard first until she was heard last.
    let (first_voice, third_voice) = (tone(&heard, ALICE_HZ), tone(&heard, CAROL_HZ));
    let (first_there, third_there) = (there(&first_voice), there(&third_voice));
    let is_first = |loud: &f32| *loud >= first_there;
    let from = first_voice.iter().position(is_first).expect("she is heard");
    let to = first_voice.iter().rposition(is_first).expect("she is heard");
    let came = third_voice.iter().position(|loud| *loud >= third_there).expect("he hears the third");
    let rang = from + (added_ms as f32 / 1_000.0 / WINDOW_S) as usize;
    assert!(from < came && came < to, "{from} {came} {to}");
    // When he was told to add is known by the clock; the recording begins at about the same time as the talk.
    let quiet = rang.saturating_sub(100).clamp(from, came);
    let (usual_gap, gap) =
        (longest_gap(&first_voice[from..quiet], first_there), longest_gap(&first_voice[quiet..=to], first_there));
    println!("longest gap before {usual_gap:?}, from then on {gap:?}; the third after {} windows", came - from);
    // Two frames of sound, which is what a busy computer costs anybody at any time.
    assert!(gap <= usual_gap.max(Duration::from_millis(40)), "{gap:?} after {usual_gap:?}");
    let alone = longest_gap(&third_voice[to + 50..to + 250], third_there);
    assert!(alone <= usual_gap.max(Duration::from_millis(40)), "the two go on: {alone:?}");
}
