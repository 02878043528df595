//! The store by itself: formats, damage, retention.

use super::*;
use crate::protocol::{
    DeviceId, Event, GroupId, InviteId, UserId,
    api::SelfStatus,
    event::{GroupChange, InvitationModified},
};
use crate::signaling::{Actor, Book, Invited, Proposal};

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn message(text: &str, time_ms: i64) -> Message {
    let event = Event::InvitationModified(InvitationModified {
        invite_id: InviteId::new("i").expect("valid"),
        data: text.into(),
    });
    Message { time_ms, event }
}

fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a database");
    for name in ["a", "b"] {
        assert!(store.add_account(&user(name), name, None, 0).expect("stored"));
    }
    (folder, store)
}

#[test]
fn a_newer_or_damaged_database_is_refused_with_advice() {
    let (folder, store) = fresh();
    let other = Store::open(folder.path()).expect_err("locked");
    assert!(matches!(other, StoreError::InUse { .. }), "{other}");
    store.db.pragma_update(None, "user_version", 99).expect("a pragma");
    drop(store);
    let newer = Store::open(folder.path()).expect_err("newer");
    assert!(matches!(newer, StoreError::Newer { found: 99, .. }), "{newer}");

    std::fs::write(folder.path().join(FILE_NAME), "no database".repeat(1_000)).expect("written");
    let damaged = Store::open(folder.path()).expect_err("damaged");
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged}");

    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert!(matches!(Store::open(&file.join("below")), Err(StoreError::Folder { .. })));
}

#[test]
fn a_database_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = Connection::open(folder.path().join(FILE_NAME)).expect("a database");
    old.execute_batch(schema::STEPS[0]).expect("the first format");
    old.execute_batch("PRAGMA user_version = 1; INSERT INTO accounts VALUES ('a', 'A', 'a', NULL, 5, 0);")
        .expect("an account");
    drop(old);
    let store = Store::open(folder.path()).expect("brought up to date");
    assert_eq!(store.display_name(&user("a")).expect("read").as_deref(), Some("A"));
    assert_eq!(store.self_status(&user("a")).expect("read"), SelfStatus::default());
    assert!(store.favourites(&user("a")).expect("read").is_empty());
}

#[test]
fn what_was_committed_is_there_again() {
    let (folder, store) = fresh();
    store.begin().expect("begun");
    store.append(&message("kept", 5), &[user("a"), user("b")]).expect("stored");
    store.commit().expect("committed");
    store.begin().expect("begun");
    store.savepoint().expect("a savepoint");
    store.append(&message("undone", 5), &[user("a")]).expect("stored");
    store.rollback_input().expect("undone");
    store.append(&message("second", 6), &[user("a")]).expect("stored");
    store.commit().expect("committed");
    store.begin().expect("begun");
    store.append(&message("lost", 7), &[user("a")]).expect("stored");
    drop(store);

    let store = Store::open(folder.path()).expect("again");
    let log = store.log_page(&user("a"), 0, 10).expect("read");
    assert_eq!(log[0], LogEntry { seq: 1, message: message("kept", 5) });
    assert_eq!(log[1], LogEntry { seq: 2, message: message("second", 6) });
    assert_eq!((log.len(), store.last_seq(&user("a")).expect("read")), (2, 2));
    assert_eq!(store.log_page(&user("b"), 0, 10).expect("read").len(), 1);
    assert_eq!(store.log_entry(&user("b"), 2).expect("read"), None);
}

#[test]
fn the_log_keeps_the_latest_events_and_forgets_old_ones() {
    let (_folder, store) = fresh();
    store.begin().expect("begun");
    for n in 0..EVENTS_PER_USER + 50 {
        store.append(&message("x", n as i64), &[user("a"), user("a"), user("nobody")]).expect("stored");
    }
    store.append(&message("b's", 1_000), &[user("b")]).expect("stored");
    store.commit().expect("committed");
    let first = store.log_page(&user("a"), 0, 1).expect("read");
    assert_eq!(first[0].seq, 51, "the oldest fifty are gone");
    let messages = |store: &Store| -> i64 {
        store.db.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).expect("counted")
    };
    assert_eq!(messages(&store), EVENTS_PER_USER as i64 + 51);
    store.sweep(KEPT_MS).expect("swept");
    assert_eq!(messages(&store), EVENTS_PER_USER as i64 + 1, "nobody can reach the first fifty");
    store.sweep(KEPT_MS + 1_000).expect("swept");
    assert_eq!(store.log_page(&user("a"), 0, 1).expect("read")[0].message.time_ms, 1_000);
    store.sweep(KEPT_MS + 100_000).expect("swept");
    assert_eq!(messages(&store), 0);
    assert_eq!(store.append(&message("x", 0), &[user("a")]).expect("stored"), [(user("a"), EVENTS_PER_USER + 51)]);
}

#[test]
fn invitations_come_back_with_the_time_that_is_left() {
    let (_folder, store) = fresh();
    let actor = Actor { user: user("a"), device: DeviceId::random(), device_name: "desk".into() };
    let mut book = Book::new();
    for (n, online_only) in [("open", false), ("over", false), ("silent", true)] {
        let id = InviteId::new(n).expect("valid");
        let group = Some(GroupId::new("g").expect("valid"));
        let invitees = vec![user("b")];
        let proposal = Proposal { id, group, invitees, data: "d".into(), timeout_s: 60, online_only, room: None };
        let Ok(Invited::New { change, .. }) = book.invite(5_000, &actor, proposal) else { panic!("invited") };
        store.put_invitation(&change.invitation, 5_000, 1_000_000).expect("stored");
    }
    let over = InviteId::new("over").expect("valid");
    let change = book.cancel(&actor, &over, &[], String::new()).expect("cancelled");
    store.put_invitation(&change.invitation, 6_000, 1_001_000).expect("stored");

    let back = store.invitations(10, 500_000, 1_020_000).expect("read");
    let [ended, open] = &back[..] else { panic!("{back:?}") };
    assert_eq!(open.remaining_ms(500_000), Some(40_000));
    assert!(ended.is_over() && ended.id == over);
    assert_eq!(store.invitations(0, 0, 0).expect("read").len(), 1);
    assert!(store.has_invitation(&over).expect("read"));
    assert_eq!(store.invitation(&over).expect("read").expect("there").inviter, user("a"));
    store.sweep(KEPT_MS + 2_000_000).expect("swept");
    assert!(!store.has_invitation(&over).expect("read"));
    assert_eq!(store.invitations(10, 0, 0).expect("read").len(), 1, "an open one is never swept");
}

#[test]
fn the_search_finds_names_of_any_alphabet() {
    let (_folder, store) = fresh();
    store.set_display_name(&user("a"), "Ærøskøbing 김").expect("stored");
    let found = |query: &str| store.users(query, None, 10).expect("read").len();
    assert_eq!((found("ÆRØ"), found("김"), found("%"), found(""), found("B")), (1, 1, 0, 2, 2));
    assert_eq!(store.users("", Some(&user("a")), 1).expect("read"), [(user("b"), "b".into())]);
}

#[test]
fn group_events_are_stored_like_any_other() {
    let (_folder, store) = fresh();
    let group_id = GroupId::new("g").expect("valid");
    let event = Event::GroupCreated(GroupChange { group_id, op_user: user("a"), group_name: "반".into() });
    let message = Message { time_ms: 1, event };
    store.append(&message, &[user("b")]).expect("stored");
    assert_eq!(store.log_entry(&user("b"), 1).expect("read").map(|entry| entry.message), Some(message));
}

#[test]
fn a_database_of_the_first_format_keeps_its_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let db = Connection::open(&path).expect("a database");
    schema::prepare(&db).expect("prepared");
    schema::migrate_to(&db, &path, 1).expect("the first format");
    db.execute_batch(
        "INSERT INTO accounts (user, display_name, folded, created_ms) VALUES ('a', 'A', 'a', 0);
         INSERT INTO groups VALUES ('g', 'Public', 'Old', 0);
         INSERT INTO members VALUES ('g', 'a', 2);",
    )
    .expect("written");
    drop(db);

    let store = Store::open(folder.path()).expect("brought up to date");
    let groups = store.groups_of(&user("a"), None, 10).expect("read");
    assert_eq!((groups[0].group_name.as_str(), groups[0].introduction.as_str()), ("Old", ""));
    let group_id = GroupId::new("g").expect("valid");
    assert!(store.add_application(&group_id, &user("a"), "", 0).expect("stored"));
}
