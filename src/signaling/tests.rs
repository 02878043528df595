//! The rules one by one, and all of them under random interleavings against a small model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::protocol::{ApiError, Code, DeviceId, Event, GroupId, InviteId, UserId, limits};

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn actor(name: &str) -> Actor {
    Actor {
        user: user(name),
        device: DeviceId::new(format!("{name}-device")).expect("valid"),
        device_name: format!("{name}'s desk"),
    }
}

fn id(name: &str) -> InviteId {
    InviteId::new(name).expect("valid")
}

fn proposal(name: &str, invitees: &[&str], timeout_s: u32) -> Proposal {
    let group = (invitees.len() > 1).then(|| GroupId::new("g").expect("valid"));
    let invitees = invitees.iter().map(|name| user(name)).collect();
    Proposal { id: id(name), group, invitees, data: "data".into(), timeout_s, online_only: false, room: None }
}

fn open(book: &mut Book, now_ms: u64, by: &str, proposal: Proposal) -> Change {
    match book.invite(now_ms, &actor(by), proposal).expect("invited") {
        Invited::New { change, .. } => *change,
        Invited::Again => panic!("known already"),
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, ApiError>) -> i32 {
    outcome.expect_err("refused").code
}

const GONE: i32 = Code::InvalidInviteId as i32;
const FOREIGN: i32 = Code::SignalingNoPermission as i32;
const NOT_NOW: i32 = Code::InvalidOperation as i32;

#[test]
fn a_part_is_processed_once() {
    for first in 0..4 {
        let mut book = Book::new();
        open(&mut book, 0, "a", proposal("i", &["b"], 30));
        match first {
            0 => book.accept(&actor("b"), &id("i"), String::new()).expect("accepted"),
            1 => book.reject(&actor("b"), &id("i"), String::new()).expect("rejected"),
            2 => book.cancel(&actor("a"), &id("i"), &[], String::new()).expect("cancelled"),
            _ => book.timeout(30_000, &actor("b"), &id("i")).expect("timed out"),
        };
        assert_eq!(code(book.accept(&actor("b"), &id("i"), String::new())), GONE);
        assert_eq!(code(book.reject(&actor("b"), &id("i"), String::new())), GONE);
        assert_eq!(code(book.cancel(&actor("a"), &id("i"), &[], String::new())), GONE);
        assert_eq!(code(book.timeout(40_000, &actor("a"), &id("i"))), GONE);
        assert_eq!(code(book.modify(&actor("a"), &id("i"), String::new())), GONE);
        assert_eq!(book.expire(u64::MAX), (vec![], vec![]));
    }
}

#[test]
fn strangers_and_unknown_invitations_are_told_apart() {
    let mut book = Book::new();
    open(&mut book, 0, "a", proposal("i", &["b"], 30));
    for (who, unknown) in [("b", "x"), ("c", "x")] {
        assert_eq!(code(book.cancel(&actor(who), &id(unknown), &[], String::new())), GONE);
        assert_eq!(code(book.cancel(&actor(who), &id("i"), &[], String::new())), FOREIGN);
        assert_eq!(code(book.modify(&actor(who), &id("i"), String::new())), FOREIGN);
    }
    for who in ["a", "c"] {
        assert_eq!(code(book.accept(&actor(who), &id("i"), String::new())), FOREIGN);
        assert_eq!(code(book.reject(&actor(who), &id("i"), String::new())), FOREIGN);
    }
    assert_eq!(code(book.timeout(60_000, &actor("c"), &id("i"))), FOREIGN);
    book.accept(&actor("b"), &id("i"), String::new()).expect("accepted");
    assert_eq!(code(book.cancel(&actor("c"), &id("i"), &[], String::new())), FOREIGN, "also when it is over");
}

#[test]
fn cancelling_ends_only_what_is_open() {
    let mut book = Book::new();
    open(&mut book, 0, "t", proposal("i", &["a", "b", "c"], 30));
    book.accept(&actor("a"), &id("i"), String::new()).expect("accepted");
    book.reject(&actor("b"), &id("i"), String::new()).expect("rejected");
    let change = book.cancel(&actor("t"), &id("i"), &[], "why".into()).expect("cancelled");
    let Event::InvitationCancelled(event) = &change.event else { panic!("{change:?}") };
    assert_eq!((event.invitee_list.as_slice(), event.data.as_str()), (&[user("c")][..], "why"));
    assert!(change.is_over());
    assert_eq!(change.invitation.part(&user("a")), Some(Part::Accepted));
    assert_eq!(change.invitation.part(&user("b")), Some(Part::Rejected));
    assert_eq!(change.invitation.part(&user("c")), Some(Part::Cancelled));
    assert_eq!(code(book.cancel(&actor("t"), &id("i"), &[], String::new())), GONE);
}

#[test]
fn timeouts_wait_for_the_deadline() {
    let mut book = Book::new();
    let change = open(&mut book, 5_000, "t", proposal("i", &["a", "b", "c"], 30));
    assert_eq!(change.invitation.remaining_ms(10_000), Some(25_000));
    assert_eq!(code(book.timeout(34_899, &actor("a"), &id("i"))), NOT_NOW);
    let own = book.timeout(34_900, &actor("a"), &id("i")).expect("own part");
    let Event::InvitationTimeout(event) = &own.event else { panic!("{own:?}") };
    assert_eq!((event.invitee_list.as_slice(), event.data.as_str()), (&[user("a")][..], "data"));
    assert_eq!(code(book.timeout(34_900, &actor("a"), &id("i"))), GONE);
    let rest = book.timeout(35_500, &actor("t"), &id("i")).expect("the inviter ends the rest");
    assert!(rest.is_over());
    assert!(matches!(rest.event, Event::InvitationTimeout(event) if event.invitee_list == [user("b"), user("c")]));
}

#[test]
fn the_server_is_the_backstop() {
    let mut book = Book::new();
    open(&mut book, 0, "a", proposal("i", &["b"], 1));
    assert_eq!(book.next_deadline(), Some(1_000 + limits::SERVER_BACKSTOP_MS));
    assert!(book.expire(2_999).0.is_empty());
    let (changes, lapsed) = book.expire(3_000);
    assert!(lapsed.is_empty() && changes.len() == 1 && changes[0].is_over());
    assert_eq!(book.next_deadline(), None);
}

#[test]
fn without_timeout_it_stays_until_it_lapses_in_silence() {
    let mut book = Book::new();
    let change = open(&mut book, 0, "a", proposal("i", &["b"], 0));
    assert_eq!(change.invitation.remaining_ms(0), None);
    assert_eq!(code(book.timeout(1 << 40, &actor("b"), &id("i"))), NOT_NOW);
    assert_eq!(book.expire(UNTIMED_KEPT_MS - 1), (vec![], vec![]));
    let mark = book.mark();
    book.accept(&actor("b"), &id("i"), String::new()).expect("a day later");
    book.undo_to(mark);
    assert_eq!(book.expire(UNTIMED_KEPT_MS), (vec![], vec![id("i")]));
    assert_eq!(code(book.accept(&actor("b"), &id("i"), String::new())), GONE);

    for n in 0..=UNTIMED_PER_INVITER {
        let lapsed = match book.invite(n as u64, &actor("a"), proposal(&format!("n{n}"), &["b"], 0)) {
            Ok(Invited::New { lapsed, .. }) => lapsed,
            other => panic!("{other:?}"),
        };
        assert_eq!(lapsed, (n == UNTIMED_PER_INVITER).then(|| id("n0")));
    }
}

#[test]
fn repeating_a_request_changes_nothing() {
    let mut book = Book::new();
    open(&mut book, 0, "a", proposal("i", &["b"], 30));
    assert_eq!(book.invite(9, &actor("a"), proposal("i", &["b"], 30)), Ok(Invited::Again));
    let exists = Code::SignalingAlreadyExists as i32;
    assert_eq!(code(book.invite(9, &actor("a"), proposal("i", &["c"], 30))), exists);
    assert_eq!(code(book.invite(9, &actor("c"), proposal("i", &["b"], 30))), exists);
    book.cancel(&actor("a"), &id("i"), &[], String::new()).expect("cancelled");
    assert_eq!(book.invite(9, &actor("a"), proposal("i", &["b"], 30)), Ok(Invited::Again), "also when it is over");
    assert_eq!(code(book.invite(9, &actor("a"), proposal("j", &["a"], 30))), Code::InvalidParameters as i32);
}

#[test]
fn modifying_reaches_later_readers() {
    let mut book = Book::new();
    open(&mut book, 0, "a", proposal("i", &["b"], 30));
    book.modify(&actor("a"), &id("i"), "new".into()).expect("modified");
    assert_eq!(book.get(&id("i")).expect("open").announce(0).data, "new");
    open(&mut book, 0, "a", Proposal { online_only: true, ..proposal("o", &["b"], 30) });
    assert_eq!(code(book.modify(&actor("a"), &id("o"), String::new())), NOT_NOW);
}

#[test]
fn an_inviter_cannot_fill_the_book() {
    let mut book = Book::new();
    for n in 0..TIMED_PER_INVITER {
        open(&mut book, 0, "a", proposal(&format!("n{n}"), &["b"], 30));
    }
    assert_eq!(code(book.invite(0, &actor("a"), proposal("i", &["b"], 30))), Code::FrequencyLimit as i32);
    open(&mut book, 0, "b", proposal("i", &["a"], 30));
}

#[test]
fn leaving_the_group_leaves_its_invitations() {
    let group = GroupId::new("g").expect("valid");
    let mut book = Book::new();
    open(&mut book, 0, "t", proposal("i", &["a", "b"], 30));
    open(&mut book, 0, "a", proposal("j", &["b", "t"], 30));
    open(&mut book, 0, "t", proposal("k", &["a"], 30));
    let changes = book.leave_group(&group, &user("a"));
    assert_eq!(changes.len(), 2, "the invitation outside of the group stays: {changes:?}");
    assert!(matches!(&changes[0].event, Event::InvitationTimeout(event) if event.invitee_list == [user("a")]));
    assert!(matches!(&changes[1].event, Event::InvitationCancelled(event) if event.invitee_list.len() == 2));
    let changes = book.dismiss_group(&group);
    assert!(matches!(&changes[..], [change] if change.invitation.id == id("i") && change.is_over()));
    assert_eq!(book.open_for(&user("t")).map(|there| &there.id).collect::<Vec<_>>(), [&id("k")]);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Invite(usize, usize, u32),
    Cancel(usize, usize),
    Answer(usize, usize, bool),
    Timeout(usize, usize),
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, which) = (0..4_usize, 0..4_usize);
    prop_oneof![
        (0..4_000_u64).prop_map(Step::Wait),
        (who.clone(), which.clone(), 0..4_u32).prop_map(|(by, n, timeout)| Step::Invite(by, n, timeout)),
        (who.clone(), which.clone()).prop_map(|(by, n)| Step::Cancel(by, n)),
        (who.clone(), which.clone(), any::<bool>()).prop_map(|(by, n, yes)| Step::Answer(by, n, yes)),
        (who.clone(), which).prop_map(|(by, n)| Step::Timeout(by, n)),
        who.prop_map(Step::Leave),
    ]
}

/// What the events alone tell: which invitees have had which result.
#[derive(Default)]
struct Told(BTreeMap<(InviteId, UserId), Option<Part>>);

impl Told {
    fn hear(&mut self, event: &Event) {
        let (invite, users, part) = match event {
            Event::ReceiveNewInvitation(new) => {
                for user in &new.invitee_list {
                    let known = self.0.insert((new.invite_id.clone(), user.clone()), None);
                    assert!(known.is_none(), "announced twice");
                }
                return;
            }
            Event::InviteeAccepted(e) => (&e.invite_id, vec![e.invitee.clone()], Part::Accepted),
            Event::InviteeRejected(e) => (&e.invite_id, vec![e.invitee.clone()], Part::Rejected),
            Event::InvitationCancelled(e) => (&e.invite_id, e.invitee_list.clone(), Part::Cancelled),
            Event::InvitationTimeout(e) => (&e.invite_id, e.invitee_list.clone(), Part::TimedOut),
            other => panic!("{other:?}"),
        };
        assert!(!users.is_empty(), "an end of nobody's part");
        for user in users {
            let result = self.0.get_mut(&(invite.clone(), user)).expect("an end comes behind its beginning");
            assert_eq!(*result, None, "one result per invitee");
            *result = Some(part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn each_invitee_has_exactly_one_result(steps in prop::collection::vec((step(), any::<bool>()), 1..60)) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let group = GroupId::new("g").expect("valid");
        let mut book = Book::new();
        let mut told = Told::default();
        let mut now_ms = 0;
        for (step, undo) in steps {
            let mark = book.mark();
            let before = format!("{:?} {:?} {:?}", book_view(&book), book.next_deadline(), NAMES.map(|n| book.open_for(&user(n)).count()));
            let mut changes = Vec::new();
            match step {
                Step::Wait(ms) => {
                    now_ms += ms;
                    changes = book.expire(now_ms).0;
                }
                Step::Invite(by, n, timeout_s) => {
                    let others: Vec<&str> = NAMES.iter().copied().filter(|name| *name != NAMES[by]).collect();
                    let mut asked = proposal(&format!("i{n}"), &others[..1 + n % 3], timeout_s);
                    asked.group = Some(group.clone());
                    if let Ok(Invited::New { change, .. }) = book.invite(now_ms, &actor(NAMES[by]), asked) {
                        changes.push(*change);
                    }
                }
                Step::Cancel(by, n) => changes.extend(book.cancel(&actor(NAMES[by]), &id(&format!("i{n}")), &[], String::new())),
                Step::Answer(by, n, true) => changes.extend(book.accept(&actor(NAMES[by]), &id(&format!("i{n}")), String::new())),
                Step::Answer(by, n, false) => changes.extend(book.reject(&actor(NAMES[by]), &id(&format!("i{n}")), String::new())),
                Step::Timeout(by, n) => changes.extend(book.timeout(now_ms, &actor(NAMES[by]), &id(&format!("i{n}")))),
                Step::Leave(by) => changes = book.leave_group(&group, &user(NAMES[by])),
            }
            if undo {
                book.undo_to(mark);
                let after = format!("{:?} {:?} {:?}", book_view(&book), book.next_deadline(), NAMES.map(|n| book.open_for(&user(n)).count()));
                prop_assert_eq!(before, after);
                continue;
            }
            for change in &changes {
                told.hear(&change.event);
                for (invitee, part) in &change.invitation.invitees {
                    let result = told.0.get(&(change.invitation.id.clone(), invitee.clone())).copied().flatten();
                    prop_assert_eq!(result.unwrap_or(Part::Open), *part, "events and book agree");
                }
            }
        }
        let (changes, lapsed) = book.expire(u64::MAX);
        changes.iter().for_each(|change| told.hear(&change.event));
        for ((invite, invitee), result) in &told.0 {
            let there = book.get(invite).expect("remembered");
            prop_assert!(there.is_over());
            prop_assert!(result.is_some() || (lapsed.contains(invite) || there.timeout_s == 0), "{invite:?} {invitee:?}");
        }
        prop_assert_eq!(book.next_deadline(), None);
    }
}

fn book_view(book: &Book) -> Vec<Option<Invitation>> {
    (0..4).map(|n| book.get(&id(&format!("i{n}"))).cloned()).collect()
}
