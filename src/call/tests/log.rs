//! The log on its own: messages in, rows out.

use proptest::prelude::*;

use super::*;
use crate::{
    call::{
        CONNECTION_LOST, Direction,
        log::{Change, Log, LogRow, ROWS_MAX, StoredRow},
    },
    protocol::call_data::GLARE,
};

pub(super) struct Book {
    pub(super) log: Log,
    pub(super) time_ms: i64,
}

impl Book {
    pub(super) fn new() -> Self {
        Self { log: Log::new(user("alice"), device("alice-1")), time_ms: 1_700_000_000_000 }
    }

    pub(super) fn event(&mut self, event: Event) -> &mut Self {
        self.log.apply(&Delivery { seq: 1, time_ms: self.time_ms, history: false, event });
        self
    }

    pub(super) fn input(&mut self, input: Input) -> &mut Self {
        let Input::Delivery(delivery) = input else { panic!("not a delivery") };
        self.event(delivery.event)
    }

    pub(super) fn wait(&mut self, seconds: i64) -> &mut Self {
        self.time_ms += seconds * 1000;
        self
    }

    fn call_to_bob(&mut self, invite: &str) -> &mut Self {
        let ours = NewInvitation {
            inviter: user("alice"),
            device_id: device("alice-1"),
            invitee_list: vec![user("bob")],
            ..invitation(invite)
        };
        self.event(Event::ReceiveNewInvitation(ours))
    }

    pub(super) fn hangup(
        &mut self,
        call: &str,
        caller: &str,
        from: &str,
        duration_s: u64,
        message: Option<&str>,
    ) -> &mut Self {
        let data = CallData {
            command: Command::Hangup { duration_s },
            call_id: Some(id(call)),
            inviter: Some(user(caller)),
            message: message.map(str::to_owned),
            ..CallData::audio(room(500))
        };
        let to = if from == "alice" { "bob" } else { "alice" };
        let end = NewInvitation {
            inviter: user(from),
            invitee_list: vec![user(to)],
            data: data.to_json(),
            timeout: 0,
            remaining_ms: None,
            ..invitation("end")
        };
        self.event(Event::ReceiveNewInvitation(end))
    }

    fn glare(&mut self, loser: &str, by: &str, winner: &str) -> &mut Self {
        let Input::Delivery(mut delivery) = cancelled(&id(loser), by) else { panic!("a delivery") };
        if let Event::InvitationCancelled(cancelled) = &mut delivery.event {
            let data = CallData { message: Some(GLARE.into()), call_id: Some(id(winner)), ..CallData::audio(room(5)) };
            cancelled.data = data.to_json();
        }
        self.event(delivery.event)
    }

    pub(super) fn row(&self) -> LogRow {
        let rows = self.log.rows();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    }
}

#[test]
fn each_end_has_its_result() {
    let i = id("i");
    for (end, outgoing, incoming, missed) in [
        (cancelled(&i, "bob"), EndReason::Cancelled, EndReason::Cancelled, true),
        (timed_out(&i, "bob"), EndReason::NoAnswer, EndReason::NoAnswer, true),
        (rejected(&i, "alice", "alice-1", None), EndReason::Declined, EndReason::Declined, false),
        (rejected(&i, "alice", "alice-1", Some("lineBusy")), EndReason::Busy, EndReason::Busy, true),
        (
            rejected(&i, "alice", "alice-2", Some("doNotDisturb")),
            EndReason::NotAvailable,
            EndReason::NotAvailable,
            true,
        ),
    ] {
        let mut book = Book::new();
        book.call_to_bob("i").input(end.clone());
        let row = book.row();
        assert_eq!((row.direction, row.result), (Direction::Outgoing, Some(outgoing)));
        assert!(!row.is_missed() && !row.answered);
        let mut book = Book::new();
        book.input(call_from_bob("i")).input(end);
        let row = book.row();
        assert_eq!((row.direction, row.result), (Direction::Incoming, Some(incoming)));
        assert_eq!(row.is_missed(), missed);
    }
}

#[test]
fn a_talk_has_its_length() {
    let mut book = Book::new();
    book.input(call_from_bob("i")).wait(4).input(accepted(&id("i"), "alice", "alice-1"));
    let row = book.row();
    assert_eq!((row.answered, row.result, row.device_name), (true, None, None));
    book.wait(83).hangup("i", "bob", "bob", 83, None);
    let row = book.row();
    assert_eq!((row.result, row.duration_s, row.is_missed()), (Some(EndReason::HungUp), 83, false));
    let mut book = Book::new();
    book.call_to_bob("i").input(accepted(&id("i"), "bob", "bob-1")).wait(9);
    book.hangup("i", "alice", "bob", 9, Some(CONNECTION_LOST));
    assert_eq!(book.row().result, Some(EndReason::ConnectionLost));
}

#[test]
fn two_hangups_are_one_row() {
    for (first, second, shown) in [(8, 9, 9), (9, 8, 9), (9, 3, 9), (3, 9, 3), (9, 9, 9)] {
        let mut book = Book::new();
        book.call_to_bob("i").input(accepted(&id("i"), "bob", "bob-1")).wait(9);
        book.hangup("i", "alice", "alice", first, None).hangup("i", "alice", "bob", second, None);
        assert_eq!(book.row().duration_s, shown, "{first} {second}");
    }
}

#[test]
fn a_length_that_cannot_be_is_not_believed() {
    let mut book = Book::new();
    book.call_to_bob("i").input(accepted(&id("i"), "bob", "bob-1")).wait(9).hangup("i", "alice", "bob", 4_000, None);
    assert_eq!(book.row().duration_s, 9);
    // A clock that was set back in between says nothing about it.
    let mut book = Book::new();
    book.call_to_bob("i").input(accepted(&id("i"), "bob", "bob-1")).wait(-9).hangup("i", "alice", "bob", 40, None);
    assert_eq!(book.row().duration_s, 40);
}

#[test]
fn nobody_else_ends_a_call() {
    let mut book = Book::new();
    book.call_to_bob("i").input(accepted(&id("i"), "bob", "bob-1")).wait(9);
    book.hangup("i", "alice", "mallory", 5, None);
    let row = book.row();
    assert_eq!((row.result, row.peer), (None, user("bob")));
}

#[test]
fn the_server_knows_better_than_a_hangup() {
    let mut book = Book::new();
    book.call_to_bob("i").input(cancelled(&id("i"), "alice")).hangup("i", "alice", "bob", 0, None);
    assert_eq!(book.row().result, Some(EndReason::Cancelled));
}

#[test]
fn answered_elsewhere_is_not_missed_and_names_the_device() {
    let mut book = Book::new();
    book.input(call_from_bob("i")).input(accepted(&id("i"), "alice", "alice-2")).wait(30);
    assert_eq!(book.row().result, Some(EndReason::AnsweredElsewhere));
    book.hangup("i", "bob", "alice", 30, None);
    let row = book.row();
    assert_eq!((row.result, row.duration_s), (Some(EndReason::AnsweredElsewhere), 30));
    assert_eq!((row.device_name.as_deref(), row.is_missed()), (Some("alice-2's name"), false));
    let mut book = Book::new();
    book.input(call_from_bob("i")).input(rejected(&id("i"), "alice", "alice-2", None));
    let row = book.row();
    assert_eq!((row.result, row.is_missed()), (Some(EndReason::DeclinedElsewhere), false));
    assert_eq!(row.device_name.as_deref(), Some("alice-2's name"));
}

#[test]
fn a_glare_is_one_call_that_both_have_placed() {
    // Ours wins.
    let mut book = Book::new();
    book.call_to_bob("a").input(call_from_bob("b")).glare("b", "bob", "a").input(accepted(&id("a"), "bob", "bob-1"));
    let row = book.row();
    assert_eq!((row.call_id, row.direction, row.answered), (id("a"), Direction::Outgoing, true));
    // Theirs wins; the acceptance may overtake the cancellation.
    for overtaken in [false, true] {
        let mut book = Book::new();
        book.call_to_bob("b").input(call_from_bob("a"));
        if overtaken {
            book.input(accepted(&id("a"), "alice", "alice-1")).glare("b", "alice", "a");
        } else {
            book.glare("b", "alice", "a").input(accepted(&id("a"), "alice", "alice-1"));
        }
        let row = book.row();
        assert_eq!((row.call_id, row.direction, row.answered), (id("a"), Direction::Outgoing, true));
    }
    // "Glare" with a call that is not there is a cancellation: nobody hides a call that way.
    let mut book = Book::new();
    book.input(call_from_bob("b")).glare("b", "bob", "nowhere");
    assert!(book.row().is_missed());
}

#[test]
fn what_is_no_call_makes_no_row() {
    let mut book = Book::new();
    book.input(notice(&id("i"), Command::Ringing)).input(notice(&id("i"), Command::Unknown("dance".into())));
    for odd in [
        NewInvitation { data: "hello".into(), ..invitation("i") },
        NewInvitation { online_user_only: true, ..invitation("i") },
        NewInvitation { invitee_list: vec![user("carol")], ..invitation("i") },
        NewInvitation {
            group_id: crate::protocol::GroupId::new("g").ok(),
            invitee_list: vec![user("carol")],
            ..invitation("i")
        },
    ] {
        book.event(Event::ReceiveNewInvitation(odd));
    }
    book.input(cancelled(&id("i"), "bob")).input(accepted(&id("i"), "alice", "alice-1"));
    assert!(book.log.rows().is_empty());
}

#[test]
fn an_end_without_its_beginning_makes_a_row() {
    let mut book = Book::new();
    book.hangup("i", "bob", "bob", 60, None);
    let row = book.row();
    assert_eq!((row.direction, row.peer.as_str(), row.duration_s), (Direction::Incoming, "bob", 60));
    assert_eq!((row.time_ms, row.result), (book.time_ms - 60_000, Some(EndReason::HungUp)));
    let mut book = Book::new();
    book.hangup("i", "alice", "bob", 60, None);
    assert_eq!(book.row().direction, Direction::Outgoing);
    let mut book = Book::new();
    book.hangup("i", "carol", "bob", 60, None);
    assert!(book.log.rows().is_empty(), "a call of two others is not ours");
}

#[test]
fn a_hangup_of_another_client_finds_its_call() {
    let mut book = Book::new();
    book.call_to_bob("i").input(accepted(&id("i"), "bob", "bob-1")).wait(7);
    let data = CallData { command: Command::Hangup { duration_s: 7 }, ..CallData::audio(room(500)) };
    book.event(Event::ReceiveNewInvitation(NewInvitation { data: data.to_json(), ..invitation("end") }));
    assert_eq!((book.row().duration_s, book.row().result), (7, Some(EndReason::HungUp)));
}

#[test]
fn rows_are_newest_first_bounded_and_stay_deleted() {
    let mut book = Book::new();
    for n in 0..ROWS_MAX + 5 {
        book.wait(1).call_to_bob(&format!("i{n}"));
    }
    let rows = book.log.rows();
    assert_eq!((rows.len(), &rows[0].call_id), (ROWS_MAX, &id(&format!("i{}", ROWS_MAX + 4))));
    assert!(rows.is_sorted_by(|a, b| a.time_ms > b.time_ms));
    let newest = rows[0].call_id.clone();
    book.log.delete(&newest);
    book.hangup(newest.as_str(), "alice", "bob", 0, None);
    assert_eq!(book.log.rows().len(), ROWS_MAX - 1);
    book.log.clear();
    assert!(book.log.rows().is_empty());
}

/// What an engine stores, kept up by the changes alone.
fn store(stored: &mut Vec<StoredRow>, changes: Vec<Change>) {
    for change in changes {
        let gone = match &change {
            Change::Put(row) => &row.row.call_id,
            Change::Delete(id) => id,
        };
        stored.retain(|row| row.row.call_id != *gone);
        if let Change::Put(row) = change {
            stored.push(row);
        }
    }
}

proptest! {
    /// Whatever comes, in whatever order, and wherever the program is restarted: one row per call, and the stored rows
    /// are those that are shown.
    #[test]
    fn the_stored_log_is_the_log(steps in prop::collection::vec((0..11_u8, 0..4_u8, any::<bool>()), 0..60)) {
        let mut book = Book::new();
        let mut stored = Vec::new();
        for (what, which, restart) in steps {
            let name = format!("i{which}");
            let i = id(&name);
            book.wait(1);
            match what {
                0 => book.call_to_bob(&name),
                1 => book.input(call_from_bob(&name)),
                2 => book.input(accepted(&i, "alice", "alice-2")),
                3 => book.input(accepted(&i, "bob", "bob-1")),
                4 => book.input(rejected(&i, "alice", "alice-1", None)),
                5 => book.input(cancelled(&i, "bob")),
                6 => book.input(timed_out(&i, "bob")),
                7 => book.hangup(&name, "alice", "bob", 2, None),
                8 => book.hangup(&name, "alice", "alice", 3, None),
                9 => book.glare(&name, "alice", "i0"),
                _ => {
                    book.log.delete(&i);
                    &mut book
                }
            };
            store(&mut stored, book.log.take_changes());
            let mut ids: Vec<InviteId> = book.log.rows().into_iter().map(|row| row.call_id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), book.log.rows().len());
            let json = serde_json::to_string(&stored).expect("JSON");
            let again: Vec<StoredRow> = serde_json::from_str(&json).expect("rows");
            let restored = Log::restore(user("alice"), device("alice-1"), again);
            let sorted = |log: &Log| { let mut rows = log.rows(); rows.sort_by(|a, b| a.call_id.cmp(&b.call_id)); rows };
            prop_assert_eq!(sorted(&restored), sorted(&book.log));
            if restart {
                book.log = restored;
            }
        }
    }
}
