//! The log of calls of several.

use super::{
    log::Book,
    party::{group, rung, timed_out_for, users},
    *,
};
use crate::{
    call::{Direction, log::StoredRow},
    protocol::event::RoomExited,
};

fn left(call: &str, talked_ms: u64, reason: LeaveReason) -> Event {
    Event::ExitRoom(RoomExited {
        room_id: room(500),
        device_id: device("alice-1"),
        call_id: Some(id(call)),
        group_id: Some(group()),
        opener: user("bob"),
        user_list: users(&["bob", "eve"]),
        talked_ms,
        reason,
    })
}

fn group_hangup(call: &str, duration_s: u64) -> Input {
    let data =
        CallData { command: Command::Hangup { duration_s }, call_id: Some(id(call)), ..CallData::audio(room(500)) };
    live(Event::ReceiveNewInvitation(NewInvitation {
        inviter: user("carol"),
        group_id: Some(group()),
        invitee_list: users(&["alice", "bob"]),
        data: data.to_json(),
        timeout: 0,
        remaining_ms: None,
        ..invitation(&format!("end of {call} {duration_s}"))
    }))
}

#[test]
fn a_missed_group_call_is_one_row() {
    for (end, result, missed) in [
        (timed_out_for(&id("i"), &["alice", "carol"]), EndReason::NoAnswer, true),
        (cancelled(&id("i"), "bob"), EndReason::Cancelled, true),
        (rejected(&id("i"), "alice", "alice-1", Some("lineBusy")), EndReason::Busy, true),
        (rejected(&id("i"), "alice", "alice-1", None), EndReason::Declined, false),
        (rejected(&id("i"), "alice", "alice-2", None), EndReason::DeclinedElsewhere, false),
    ] {
        let mut book = Book::new();
        book.input(rung("i", "bob", &["alice", "carol"], None, true)).input(end).input(group_hangup("i", 60));
        let row = book.row();
        assert_eq!((row.result, row.is_missed(), row.direction), (Some(result), missed, Direction::Incoming));
        assert_eq!((row.group, row.people, row.peer), (Some(group()), users(&["bob", "carol"]), user("bob")));
        assert_eq!((row.duration_s, row.call_s), (0, 60));
    }
}

#[test]
fn what_becomes_of_others_is_not_mine() {
    let mut book = Book::new();
    book.input(rung("i", "bob", &["alice", "carol"], None, true));
    book.input(rejected(&id("i"), "carol", "carol-1", None)).input(timed_out_for(&id("i"), &["dan"]));
    assert_eq!(book.row().result, None);
    book.input(rung("j", "bob", &["carol"], None, true)).input(rung("k", "bob", &["carol"], Some("zzz"), true));
    assert_eq!(book.log.rows().len(), 1, "calls of others are none of mine");
}

#[test]
fn an_own_group_call_that_nobody_answers_says_why() {
    let ours = || rung("i", "alice", &["bob", "carol"], None, true);
    let mut book = Book::new();
    book.input(ours()).input(rejected(&id("i"), "bob", "bob-1", None));
    assert_eq!((book.row().result, book.row().direction), (None, Direction::Outgoing), "carol may come");
    book.input(rejected(&id("i"), "carol", "carol-1", None));
    assert_eq!(book.row().result, Some(EndReason::Declined));
    let mut book = Book::new();
    book.input(ours()).input(rejected(&id("i"), "bob", "bob-1", None)).input(timed_out_for(&id("i"), &["carol"]));
    assert_eq!(book.row().result, Some(EndReason::NoAnswer));
}

#[test]
fn the_length_is_the_own_one() {
    let mut book = Book::new();
    book.input(rung("i", "bob", &["alice", "carol"], None, true)).wait(5);
    book.input(accepted(&id("i"), "alice", "alice-1"));
    assert_eq!((book.row().answered, book.row().result), (true, None), "going on");
    book.wait(60).event(left("i", 60_900, LeaveReason::Exit));
    assert_eq!((book.row().result, book.row().duration_s, book.row().call_s), (Some(EndReason::HungUp), 60, 0));
    book.wait(600).input(group_hangup("i", 660));
    assert_eq!((book.row().duration_s, book.row().call_s), (60, 660));
    assert_eq!(book.row().people, users(&["bob", "carol", "eve"]));

    // Whose server said nothing of the stay is believed to have stayed.
    let mut book = Book::new();
    book.input(rung("i", "bob", &["alice"], None, true)).wait(5).input(accepted(&id("i"), "alice", "alice-1")).wait(60);
    book.input(group_hangup("i", 600));
    assert_eq!((book.row().result, book.row().duration_s), (Some(EndReason::HungUp), 60));
}

#[test]
fn leaving_and_coming_back_is_one_row() {
    let mut book = Book::new();
    book.wait(60).event(left("i", 60_000, LeaveReason::Exit));
    let row = book.row();
    assert_eq!((row.direction, row.time_ms), (Direction::Incoming, book.time_ms - 60_000), "joined without a call");
    book.wait(60).event(left("i", 30_000, LeaveReason::Lost));
    assert_eq!((book.row().duration_s, book.row().result), (90, Some(EndReason::ConnectionLost)));
    // Called again to the same call, and not answering.
    book.input(rung("j", "bob", &["alice"], Some("i"), true)).input(timed_out_for(&id("j"), &["alice"]));
    assert_eq!((book.row().duration_s, book.row().result), (90, Some(EndReason::ConnectionLost)));
}

#[test]
fn who_is_called_again_to_a_call_has_one_row() {
    let mut book = Book::new();
    book.input(rung("i", "bob", &["alice"], None, true)).input(timed_out_for(&id("i"), &["alice"]));
    assert!(book.row().is_missed());
    book.input(rung("j", "carol", &["alice"], Some("i"), true));
    assert_eq!(book.row().result, None);
    book.input(accepted(&id("j"), "alice", "alice-1"));
    assert!(book.row().answered);
}

#[test]
fn an_answer_elsewhere_is_told_with_its_device() {
    let mut book = Book::new();
    book.input(rung("i", "bob", &["alice"], None, true)).input(accepted(&id("i"), "alice", "alice-2")).wait(60);
    book.event(left("i", 55_000, LeaveReason::Exit));
    let row = book.row();
    assert_eq!((row.result, row.device_name.as_deref()), (Some(EndReason::AnsweredElsewhere), Some("alice-2's name")));
    assert_eq!(row.duration_s, 55);
}

#[test]
fn a_call_of_two_that_grows_stays_one_row() {
    let mut book = Book::new();
    book.input(call_from_bob("i")).input(accepted(&id("i"), "alice", "alice-1")).wait(10);
    book.input(rung("x", "bob", &["carol"], Some("i"), false)).input(accepted(&id("x"), "carol", "carol-1"));
    assert_eq!(book.row().people, users(&["bob", "carol"]));
    // Bob leaves as from a call of two: that is not the end.
    book.wait(10).hangup("i", "bob", "bob", 20, None);
    book.wait(40).event(left("i", 60_000, LeaveReason::Exit));
    assert_eq!((book.row().duration_s, book.row().result), (60, Some(EndReason::HungUp)));
}

#[test]
fn a_row_goes_on_after_a_restart() {
    let mut book = Book::new();
    book.input(rung("i", "bob", &["alice", "carol"], None, true));
    let stored: Vec<StoredRow> = book
        .log
        .take_changes()
        .into_iter()
        .map(|change| match change {
            crate::call::log::Change::Put(row) => {
                serde_json::from_str(&serde_json::to_string(&row).expect("JSON")).expect("a row")
            }
            crate::call::log::Change::Delete(_) => panic!("nothing was deleted"),
        })
        .collect();
    let mut again = Book::new();
    again.log = crate::call::Log::restore(user("alice"), device("alice-1"), stored);
    again.input(timed_out_for(&id("i"), &["alice"]));
    assert!(again.row().is_missed());
}

#[test]
fn rows_of_older_programs_are_read() {
    let old = r#"{"callId":"i","peer":"bob","direction":"incoming","timeMs":5,"result":null,"answered":true,
                  "durationS":0,"deviceName":null,"acceptedMs":6,"hungUp":false}"#;
    let row: StoredRow = serde_json::from_str(old).expect("a row");
    assert!(!row.row.is_party());
}
