//! Tests of the profile's store: what is written is there after a fresh open, as after `kill -9`.

use super::*;
use serde_json::json;

fn row(call: &str, duration_s: u64) -> StoredRow {
    let row = json!({
        "callId": call, "peer": "bob", "direction": "incoming", "timeMs": 5, "result": "hungUp", "answered": true,
        "durationS": duration_s, "deviceName": null,
    });
    serde_json::from_value(row).expect("a row")
}

fn rows(list: &[StoredRow]) -> Vec<Change> {
    list.iter().cloned().map(Change::Put).collect()
}

fn credentials(token: &str) -> Credentials {
    Credentials {
        user_id: UserId::new("alice").expect("valid"),
        device_id: DeviceId::new("device").expect("valid"),
        token: token.to_owned(),
    }
}

#[test]
fn everything_is_there_after_a_fresh_open() {
    let root = tempfile::tempdir().expect("a folder");
    let mut profile = Profile::open(root.path(), "one").expect("opens");
    assert!(profile.current_account().expect("reads").is_none());
    assert_eq!(profile.settings().expect("reads"), Settings::default());
    let settings = Settings { speaker_volume: 0.5, ..Settings::default() };
    profile.set_settings(&settings).expect("stores");
    profile.set_hosting(Some(&HostingMemory { port: 7467 })).expect("stores");
    profile.set_log_seen(77).expect("stores");
    let mut account = profile.sign_in("host:1", None, &credentials("secret")).expect("stores");
    profile.pin(&mut account, "ab12").expect("stores");
    profile.store_log(&mut account, 9, &rows(&[row("a", 1), row("b", 2)])).expect("stores");
    drop(profile);

    let profile = Profile::open(root.path(), "one").expect("opens again");
    assert_eq!(profile.settings().expect("reads"), settings);
    assert_eq!(profile.hosting().expect("reads"), Some(HostingMemory { port: 7467 }));
    assert_eq!(profile.log_seen().expect("reads"), 77);
    let account = profile.current_account().expect("reads").expect("an account");
    assert_eq!(
        (account.server.as_str(), account.fingerprint.as_deref(), account.last_seq),
        ("host:1", Some("ab12"), 9)
    );
    assert_eq!(account.credentials.token, "secret");
    assert_eq!(profile.log(&account).expect("reads").0, [row("a", 1), row("b", 2)]);
}

#[test]
fn a_number_goes_to_disk_only_with_its_rows() {
    let root = tempfile::tempdir().expect("a folder");
    let mut profile = Profile::open(root.path(), "one").expect("opens");
    let mut account = profile.sign_in("host:1", None, &credentials("t")).expect("stores");
    // A row that the database refuses takes the number with it.
    profile
        .db
        .execute_batch("CREATE TRIGGER no BEFORE INSERT ON log BEGIN SELECT raise(ABORT, 'no'); END")
        .expect("SQL");
    profile.store_log(&mut account, 3, &rows(&[row("a", 1)])).expect_err("refused");
    assert_eq!(account.last_seq, 0);
    assert_eq!(profile.current_account().expect("reads").expect("an account").last_seq, 0);
}

#[test]
fn deleted_rows_stay_deleted() {
    let root = tempfile::tempdir().expect("a folder");
    let mut profile = Profile::open(root.path(), "one").expect("opens");
    let mut account = profile.sign_in("host:1", None, &credentials("t")).expect("stores");
    profile.store_log(&mut account, 1, &rows(&[row("a", 0), row("b", 0)])).expect("stores");
    let gone = InviteId::new("a").expect("valid");
    profile.delete_row(&account, &gone).expect("deletes");
    profile.store_log(&mut account, 2, &rows(&[row("a", 5)])).expect("stores");
    let (left, deleted) = profile.log(&account).expect("reads");
    assert_eq!(left, [row("b", 0)]);
    assert_eq!(deleted, BTreeSet::from([gone]));
    // What only made room for newer rows is gone without a trace.
    let trimmed = InviteId::new("b").expect("valid");
    profile.store_log(&mut account, 3, &[Change::Delete(trimmed)]).expect("stores");
    let (left, deleted) = profile.log(&account).expect("reads");
    assert_eq!((left.len(), deleted.len()), (0, 1));
    profile.store_log(&mut account, 4, &rows(&[row("c", 0)])).expect("stores");
    profile.clear_log(&account).expect("clears");
    assert!(profile.log(&account).expect("reads").0.is_empty());
}

#[test]
fn accounts_are_kept_apart_and_forgotten_whole() {
    let root = tempfile::tempdir().expect("a folder");
    let mut profile = Profile::open(root.path(), "one").expect("opens");
    let mut first = profile.sign_in("host:1", None, &credentials("one")).expect("stores");
    profile.store_log(&mut first, 4, &rows(&[row("a", 1)])).expect("stores");
    let second = profile.sign_in("host:2", None, &credentials("two")).expect("stores");
    assert!(profile.log(&second).expect("reads").0.is_empty());
    assert_eq!(profile.current_account().expect("reads").expect("one").credentials.token, "two");
    let found = profile.account_of("host:1", &first.credentials.user_id).expect("reads").expect("kept");
    assert_eq!((found.credentials.token.as_str(), found.last_seq), ("one", 4));
    profile.use_account(&found).expect("stores");
    profile.forget(&found).expect("forgets");
    assert!(profile.current_account().expect("reads").is_none());
    assert!(profile.account_of("host:1", &first.credentials.user_id).expect("reads").is_none());
}

#[test]
fn a_profile_has_one_user_at_a_time() {
    let root = tempfile::tempdir().expect("a folder");
    let profile = Profile::open(root.path(), "one").expect("opens");
    assert!(matches!(Profile::open(root.path(), "one"), Err(ProfileError::InUse(_))));
    Profile::open(root.path(), "two").expect("another one is free");
    drop(profile);
    Profile::open(root.path(), "one").expect("free again");
}

#[test]
fn names_make_safe_folders() {
    let root = tempfile::tempdir().expect("a folder");
    for name in ["", "..", "a/b", "a b", "ä", &"a".repeat(129)] {
        assert!(matches!(Profile::open(root.path(), name), Err(ProfileError::Name(_))), "{name:?}");
    }
    for user in ["alice", "a/b", "..", "a b", &"/".repeat(32)] {
        let name = name_for_user("phone-", &UserId::new(user).expect("valid"));
        assert!(is_valid_name(&name), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn the_token_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().expect("a folder");
    let mut profile = Profile::open(root.path(), "one").expect("opens");
    profile.sign_in("host:1", None, &credentials("secret")).expect("stores");
    for entry in fs::read_dir(root.path().join("profiles/one")).expect("reads") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("metadata").permissions().mode() & 0o077, 0, "{:?}", entry.path());
    }
}
