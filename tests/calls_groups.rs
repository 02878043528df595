//! Calls of several among real processes: a group rings, each answers alone, everybody sees who is there, people join,
//! are added, and fall away.

#[path = "common/phone.rs"]
mod phone;

use std::{collections::BTreeSet, time::Instant};

use phone::{Phone, ServerProcess};
use serde_json::{Value, json};

const GROUP: &str = "class";

/// A server, and phones of a class that ann has made.
struct Class {
    server: ServerProcess,
    dir: tempfile::TempDir,
}

impl Class {
    /// The phones of the members, ann's first.
    fn start(members: &[&str], more: &[&str]) -> (Self, Vec<Phone>) {
        let class = Self { server: ServerProcess::start(&[]), dir: tempfile::tempdir().expect("a folder") };
        let mut phones: Vec<Phone> = members.iter().map(|user| class.phone(user, more)).collect();
        let others = &members[1..];
        let group = json!({"groupID": GROUP, "groupType": "Public", "groupName": "Class", "memberList": others});
        phones[0].done("createGroup", group);
        for phone in &mut phones {
            phone.wait_until("in the group", |state| !state["groups"].as_array().expect("groups").is_empty());
        }
        (class, phones)
    }

    fn phone(&self, user: &str, more: &[&str]) -> Phone {
        Phone::start(&self.server.url(), user, self.dir.path(), more)
    }
}

/// Where somebody stands in the call of a state.
fn standing<'a>(state: &'a Value, user: &str) -> &'a Value {
    let others = state["calls"][0]["others"].as_array();
    others
        .and_then(|others| others.iter().find(|other| other["userID"] == user))
        .map_or(&Value::Null, |o| &o["standing"])
}

fn phase(state: &Value) -> &Value {
    &state["calls"][0]["phase"]
}

/// Waits until a phone shows these people so.
fn shows(phone: &mut Phone, expected: &[(&str, &str)]) {
    let fits = |state: &Value| expected.iter().all(|(user, wanted)| standing(state, user) == wanted);
    phone.wait_until(&format!("showing {expected:?}"), fits);
}

/// Waits until the call that is on in the group is told with these people in it; says how long that took.
fn on_with(phone: &mut Phone, users: &[&str]) {
    let began = Instant::now();
    let fits = |state: &Value| {
        let calls = state["groupCalls"].as_array().expect("calls");
        let there = |call: &Value| {
            // In the order of coming, which is nobody's business here.
            let names = call["userList"].as_array().expect("a list").iter().filter_map(Value::as_str);
            names.collect::<BTreeSet<_>>() == users.iter().copied().collect()
        };
        if users.is_empty() { calls.is_empty() } else { calls.len() == 1 && there(&calls[0]) }
    };
    phone.wait_until(&format!("a call with {users:?}"), fits);
    println!("the call with {users:?} was seen after {} ms", began.elapsed().as_millis());
}

fn call_group(phone: &mut Phone, users: &[&str]) {
    phone.done("callGroup", json!({"groupID": GROUP, "userList": users}));
}

fn answer(phone: &mut Phone) {
    phone.wait_phase("incoming");
    phone.done("answer", json!({}));
    phone.wait_phase("inCall");
}

/// The one row once the call is over for this user.
fn row(phone: &mut Phone) -> Value {
    phone.only_row()
}

/// The length that the hang-up message to the group says.
fn hangup_s(phone: &mut Phone) -> u64 {
    let ends = |news: &Value| {
        let data = news["params"]["data"].as_str().unwrap_or_default();
        news["method"] == "onReceiveNewInvitation" && data.contains(r#""cmd":"hangup""#)
    };
    let news = phone.wait("the hang-up message", ends);
    let data: Value = serde_json::from_str(news["params"]["data"].as_str().expect("text")).expect("JSON");
    data["call_end"].as_u64().expect("a length")
}

#[test]
fn each_member_answers_alone_and_everybody_sees_it() {
    let (_class, mut phones) = Class::start(&["ann", "bob", "cem", "dan", "eve"], &["--ring-timeout", "8"]);
    let [ann, bob, cem, dan, eve] = &mut phones[..] else { unreachable!("five phones") };
    call_group(ann, &["bob", "cem", "dan"]);
    answer(bob);
    on_with(eve, &["ann", "bob"]);
    cem.wait_phase("incoming");
    cem.done("decline", json!({}));
    dan.wait_phase("incoming");
    for phone in [&mut *ann, &mut *bob] {
        shows(phone, &[("cem", "declined"), ("dan", "ringing")]);
    }
    // Nobody takes part in dan's ringing but dan.
    assert_eq!(dan.wait_phase("ended")["end"], "noAnswer");
    shows(bob, &[("ann", "in"), ("cem", "declined"), ("dan", "noAnswer")]);

    // The one who called leaves; who is left alone leaves, too, and ends the call in everybody's log.
    ann.done("hangUp", json!({}));
    assert_eq!(ann.wait_phase("ended")["end"], "hungUp");
    assert_eq!(bob.wait_phase("ended")["end"], "hungUp");
    on_with(eve, &[]);
    let (a, b, c, d) = (row(ann), row(bob), row(cem), row(dan));
    for row in [&a, &b, &c, &d] {
        assert_eq!((&row["callId"], &row["group"]), (&a["callId"], &json!(GROUP)));
    }
    assert_eq!([&a, &b, &c, &d].map(|row| row["result"].clone()), ["hungUp", "hungUp", "declined", "noAnswer"]);
    assert_eq!((&a["direction"], &b["direction"]), (&json!("outgoing"), &json!("incoming")));
    // By the room's clock both were in it for the same time, and that is the length of the call.
    let length = hangup_s(eve);
    assert_eq!((a["durationS"].as_u64(), b["durationS"].as_u64()), (Some(length), Some(length)));
    assert_eq!((a["callS"].as_u64(), d["callS"].as_u64()), (Some(length), Some(length)));
    assert_eq!(dan.done("getState", json!({}))["missedUnseen"], 1);
    assert!(eve.done("getLog", json!({}))["rows"].as_array().expect("rows").is_empty(), "nobody called eve");
}

#[test]
fn a_call_that_is_on_is_joined_left_and_joined_again() {
    let (_class, mut phones) = Class::start(&["ann", "bob", "eve"], &[]);
    let [ann, bob, eve] = &mut phones[..] else { unreachable!("three phones") };
    call_group(ann, &["bob"]);
    answer(bob);
    on_with(eve, &["ann", "bob"]);
    eve.done("joinCall", json!({"groupID": GROUP}));
    eve.wait_phase("inCall");
    shows(ann, &[("bob", "in"), ("eve", "in")]);
    eve.done("hangUp", json!({}));
    shows(ann, &[("eve", "left")]);
    eve.done("joinCall", json!({"groupID": GROUP}));
    eve.wait_phase("inCall");
    shows(bob, &[("ann", "in"), ("eve", "in")]);
    for phone in [&mut *ann, &mut *bob] {
        phone.done("hangUp", json!({}));
    }
    eve.wait_phase("ended");
    let joined = row(eve);
    assert_eq!(
        (&joined["direction"], &joined["answered"], &joined["group"]),
        (&json!("incoming"), &json!(true), &json!(GROUP))
    );
    // What is over cannot be joined: nothing changes.
    on_with(eve, &[]);
    assert_eq!(eve.refused("joinCall", json!({"groupID": GROUP})), 10010);
    assert_eq!(
        eve.done("getState", json!({}))["calls"]
            .as_array()
            .expect("calls")
            .iter()
            .filter(|c| c["phase"] != "ended")
            .count(),
        0
    );
    assert_eq!(row(eve)["callId"], joined["callId"]);
}

#[test]
fn a_call_of_two_takes_a_third_and_goes_on_without_the_first() {
    let (_class, mut phones) = Class::start(&["ann", "bob", "cem"], &[]);
    let [ann, bob, cem] = &mut phones[..] else { unreachable!("three phones") };
    ann.done("call", json!({"userID": "bob"}));
    answer(bob);
    let before = ann.wait_phase("inCall");
    ann.done("addToCall", json!({"userList": ["cem"]}));
    shows(bob, &[("ann", "in"), ("cem", "ringing")]);
    answer(cem);
    shows(cem, &[("ann", "in"), ("bob", "in")]);
    let state = ann.done("getState", json!({}));
    assert_eq!(
        (&state["calls"][0]["callId"], &state["calls"][0]["talkingSinceMs"]),
        (&before["callId"], &before["talkingSinceMs"])
    );
    ann.done("hangUp", json!({}));
    shows(bob, &[("ann", "left"), ("cem", "in")]);
    assert_eq!(phase(&cem.done("getState", json!({}))), "inCall");
    cem.done("hangUp", json!({}));
    assert_eq!(bob.wait_phase("ended")["end"], "hungUp");
    let rows = [row(ann), row(bob), row(cem)];
    for row in &rows {
        assert_eq!(
            (&row["callId"], &row["result"], row["people"].as_array().map(Vec::len)),
            (&before["callId"], &json!("hungUp"), Some(2))
        );
    }
}

#[test]
fn somebody_is_no_longer_rung_and_the_caller_leaves_without_ending_the_call() {
    let (_class, mut phones) = Class::start(&["ann", "bob", "cem", "dan"], &[]);
    let [ann, bob, cem, dan] = &mut phones[..] else { unreachable!("four phones") };
    call_group(ann, &["bob", "cem", "dan"]);
    answer(bob);
    for phone in [&mut *cem, &mut *dan] {
        phone.wait_phase("incoming");
    }
    ann.done("stopRinging", json!({"userList": ["cem"]}));
    assert_eq!(cem.wait_phase("ended")["end"], "cancelled");
    shows(bob, &[("cem", "cancelled"), ("dan", "ringing")]);
    ann.done("hangUp", json!({}));
    ann.wait_phase("ended");
    // Dan rings on, and finds bob.
    dan.done("answer", json!({}));
    dan.wait_phase("inCall");
    shows(bob, &[("ann", "left"), ("dan", "in")]);
    assert_eq!(row(cem)["result"], "cancelled");
}

#[test]
fn who_is_in_another_call_or_not_to_be_disturbed_misses_it() {
    let (class, mut phones) = Class::start(&["ann", "bob", "cem"], &[]);
    let [ann, bob, cem] = &mut phones[..] else { unreachable!("three phones") };
    let mut dan = class.phone("dan", &["--auto-answer"]);
    bob.done("call", json!({"userID": "dan"}));
    bob.wait_phase("inCall");
    cem.done("setSelfStatus", json!({"doNotDisturb": true}));
    ann.wait_presence("cem", "doNotDisturb");
    call_group(ann, &["bob", "cem"]);
    shows(ann, &[("bob", "busy"), ("cem", "notAvailable")]);
    assert_eq!(ann.wait_phase("ended")["end"], "noAnswer");
    assert_eq!(row(cem)["result"], "notAvailable");
    assert_eq!(cem.done("getState", json!({}))["missedUnseen"], 1);
    bob.done("hangUp", json!({}));
    dan.wait_phase("ended");
    let rows = bob.wait_log(|rows| rows.len() == 2 && rows.iter().all(|row| !row["result"].is_null()));
    let missed = rows.iter().find(|row| row["group"] == GROUP).expect("the group's call");
    assert_eq!((&missed["result"], &missed["peer"]), (&json!("busy"), &json!("ann")));
}

#[test]
fn two_who_call_the_group_at_once_are_in_one_call() {
    let (_class, mut phones) = Class::start(&["ann", "bob", "cem"], &[]);
    let [ann, bob, cem] = &mut phones[..] else { unreachable!("three phones") };
    call_group(ann, &["bob", "cem"]);
    call_group(bob, &["ann", "cem"]);
    // Either bob was quick enough to call as well, or his wish was the answer: he is in the same call.
    for (phone, other) in [(&mut *ann, "bob"), (&mut *bob, "ann")] {
        shows(phone, &[(other, "in")]);
    }
    answer(cem);
    shows(cem, &[("ann", "in"), ("bob", "in")]);
    on_with(cem, &["ann", "bob", "cem"]);
}

#[test]
fn the_end_of_the_group_or_of_membership_ends_the_call() {
    let (_class, mut phones) = Class::start(&["ann", "bob", "cem", "dan"], &[]);
    let [ann, bob, cem, dan] = &mut phones[..] else { unreachable!("four phones") };
    call_group(ann, &["bob", "cem", "dan"]);
    answer(bob);
    answer(cem);
    dan.wait_phase("incoming");
    ann.done("kickGroupMember", json!({"groupID": GROUP, "memberList": ["cem"]}));
    assert_eq!(cem.wait_phase("ended")["end"], "endedByServer");
    shows(bob, &[("ann", "in"), ("cem", "left"), ("dan", "ringing")]);
    cem.refused("enterRoom", json!({"roomID": 1, "groupID": GROUP, "create": true}));
    ann.done("dismissGroup", json!({"groupID": GROUP}));
    for phone in [&mut *ann, &mut *bob] {
        assert_eq!(phone.wait_phase("ended")["end"], "endedByServer");
    }
    assert_eq!(dan.wait_phase("ended")["end"], "cancelled");
    for phone in [ann, bob, cem, dan] {
        phone.wait_until("out of all calls", |state| {
            state["groupCalls"] == json!([]) && state["groups"].as_array().is_some_and(Vec::is_empty)
        });
    }
}

#[test]
fn nothing_is_stale_after_a_crash() {
    let (class, mut phones) = Class::start(&["ann", "bob", "cem"], &[]);
    let cem = phones.pop().expect("three phones");
    let [ann, bob] = &mut phones[..] else { unreachable!("two are left") };
    let mut cem = cem;
    call_group(ann, &["bob", "cem"]);
    answer(bob);
    answer(&mut cem);
    shows(ann, &[("bob", "in"), ("cem", "in")]);
    cem.kill();
    shows(ann, &[("cem", "reconnecting")]);
    shows(ann, &[("cem", "lost")]);
    assert_eq!(phase(&ann.done("getState", json!({}))), "inCall", "the others go on");
    on_with(ann, &["ann", "bob"]);
    // The one that crashed has one row, with the time it was there, and is not in the call when it comes back.
    let mut cem = class.phone("cem", &[]);
    let crashed = row(&mut cem);
    assert_eq!((&crashed["result"], &crashed["answered"]), (&json!("connectionLost"), &json!(true)));
    on_with(&mut cem, &["ann", "bob"]);
    for phone in [&mut *ann, &mut *bob] {
        phone.done("hangUp", json!({}));
    }
    on_with(&mut cem, &[]);
}

#[test]
fn what_was_missed_while_offline_is_in_the_log_once_and_on_every_device() {
    let (class, mut phones) =
        Class::start(&["ann", "bob"], &["--password", "correct horse battery", "--ring-timeout", "2"]);
    let bob = phones.pop().expect("two phones");
    let ann = &mut phones[0];
    assert!(bob.quit().success());
    ann.wait_presence("bob", "offline");
    call_group(ann, &["bob"]);
    ann.wait_phase("ended");
    ann.done("call", json!({"userID": "bob"}));
    ann.wait_phase("ended");
    let sent = ann.wait_log(|rows| rows.len() == 2 && rows.iter().all(|row| !row["result"].is_null()));

    let password = ["--password", "correct horse battery"];
    let on_sofa = [&password[..], &["--profile", "sofa"]].concat();
    for options in [&password[..], &on_sofa] {
        let mut bob = class.phone("bob", options);
        let rows = bob.wait_log(|rows| rows.len() == 2 && rows.iter().all(|row| !row["result"].is_null()));
        for (missed, sent) in rows.iter().zip(&sent) {
            assert_eq!((&missed["callId"], &missed["timeMs"]), (&sent["callId"], &sent["timeMs"]), "at its own time");
            assert_eq!((&missed["result"], &missed["direction"]), (&json!("noAnswer"), &json!("incoming")));
        }
        let state = bob.done("getState", json!({}));
        assert_eq!((&state["missedUnseen"], &state["calls"]), (&json!(2), &json!([])), "nothing rings any more");
    }
}

#[test]
fn bad_invitations_to_a_call_change_nothing() {
    let (class, mut phones) = Class::start(&["ann", "bob"], &[]);
    let mut stranger = class.phone("eve", &[]);
    let [ann, bob] = &mut phones[..] else { unreachable!("two phones") };
    let crowd: Vec<String> = (0..10_000).map(|n| format!("user{n}")).collect();
    let invite = |list: Value| json!({"groupID": GROUP, "inviteeList": list, "data": "", "timeout": 30});
    for (list, code) in [
        (json!(["eve"]), 6017),
        (json!(["bob", "bob"]), 6017),
        (json!(["ann"]), 6017),
        (json!([]), 6017),
        (json!(crowd), 10005),
    ] {
        assert_eq!(ann.refused("inviteInGroup", invite(list)), code);
    }
    assert_eq!(stranger.refused("inviteInGroup", invite(json!(["bob"]))), 10007);
    // A room that one is not in, and one that is not there.
    call_group(ann, &["bob"]);
    answer(bob);
    let room = ann.done("getState", json!({}))["calls"][0]["room"].clone();
    let to_room = |room: &Value| json!({"invitee": "bob", "data": "", "timeout": 30, "roomID": room});
    assert_eq!(stranger.refused("invite", to_room(&room)), 10007);
    assert_eq!(stranger.refused("invite", to_room(&json!(4711))), 10010);
    assert_eq!(stranger.refused("enterRoom", json!({"roomID": room})), 10007);
    assert_eq!(phase(&bob.done("getState", json!({}))), "inCall");
    shows(ann, &[("bob", "in")]);
}
