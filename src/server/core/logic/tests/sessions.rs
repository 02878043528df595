//! Accounts, sessions, presence.

use super::*;

#[test]
fn nothing_but_signing_in_works_without_a_session() {
    let mut world = World::new();
    let mut phone = world.connect(8);
    let info = world.ok(&mut phone, api::GetServerInfo {});
    assert!(info.sign_up_open && info.name == "test" && !info.version.is_empty());
    world.refused(&mut phone, invite("i", "b"), Code::NotLoggedIn);
    world.refused(&mut phone, joined_groups(), Code::NotLoggedIn);
    world.refused(&mut phone, api::Logout { forget: false }, Code::NotLoggedIn);
    world.refused(&mut phone, api::Ack { seq: 1 }, Code::NotLoggedIn);
}

#[test]
fn signing_up_and_in() {
    let mut world = World::new();
    let mut phone = world.connect(8);
    let first = world.sign_up(&mut phone, "a").expect("signed up");
    assert_eq!(first.token.len(), 64, "256 bits");
    let taken = world.sign_up(&mut phone, "a").expect_err("taken");
    assert!(taken.is(Code::IdInUse), "{taken}");
    let wrong = world.sign_in(&mut phone, "a", false).expect_err("wrong");
    let unknown = world.sign_in(&mut phone, "nobody", true).expect_err("unknown");
    assert!(wrong.is(Code::WrongPassword));
    assert_eq!(wrong, unknown, "who has an account cannot be found out");
    let second = world.sign_in(&mut phone, "a", true).expect("signed in");
    assert_ne!((&first.device_id, &first.token), (&second.device_id, &second.token));

    let (reply, hash) = tokio::sync::oneshot::channel();
    world.run(vec![Input::LookupPassword { user: user("a"), reply }]);
    assert_eq!(hash.blocking_recv(), Ok(Some("hash of a".into())));

    world.logic().sign_up_open = false;
    let closed = world.sign_up(&mut phone, "c").expect_err("closed");
    assert!(closed.is(Code::SignUpClosed), "{closed}");
}

#[test]
fn a_token_opens_its_own_account_only_and_can_be_revoked() {
    let mut world = World::new();
    let mut a = world.online("a");
    let b = world.online("b");
    let token = |phone: &Phone| phone.creds().token.clone();
    let login = |name: &str, token: String| api::Login { user_id: user(name), token, start: Start::Cold, last_seq: 0 };
    let mut phone = world.connect(8);
    world.refused(&mut phone, login("a", "x".into()), Code::TokenRejected);
    world.refused(&mut phone, login("a", token(&b)), Code::TokenRejected);
    let again = login("a", token(&a));
    world.refused(&mut a, again, Code::InvalidOperation);
    world.ok(&mut a, api::Logout { forget: false });
    world.refused(&mut a, invite("i", "b"), Code::NotLoggedIn);
    let again = login("a", token(&a));
    world.ok(&mut a, again.clone());
    world.ok(&mut a, api::Logout { forget: true });
    world.refused(&mut a, again, Code::TokenRejected);
}

#[test]
fn the_same_device_elsewhere_ends_the_session() {
    let mut world = World::new();
    let mut first = world.online("a");
    let other = world.another_device("a");
    let mut watcher = world.online("w");
    world.presence(&mut watcher);
    let credentials = first.creds().clone();
    let mut second = world.login(&credentials, Start::Hot, 0, 8);
    world.settle(&mut first);
    assert_eq!(first.events.iter().map(line).collect::<Vec<_>>(), ["0 onKickedOffline"]);
    assert!(first.closed.as_ref().is_some_and(|reason| reason.is(Code::KickedOffline)));
    world.close(&first);
    assert_eq!(world.presence(&mut watcher), [], "still online");
    assert!(world.ok(&mut second, invite("i", "w")).online == [user("w")]);
    assert!(other.closed.is_none());
}

#[test]
fn presence_is_told_when_it_changes() {
    let mut world = World::new();
    let mut a = world.online("a");
    world.presence(&mut a);
    let b1 = world.online("b");
    let told = world.presence(&mut a);
    assert_eq!(told, [("b".into(), Presence::Offline), ("b".into(), Presence::Online)], "a new user, then online");
    let mut b2 = world.another_device("b");
    world.close(&b1);
    assert_eq!(world.presence(&mut a), []);
    world.ok(&mut b2, api::EnterRoom { create: true, ..api::EnterRoom::of(room(1)) });
    assert_eq!(world.presence(&mut a), [("b".into(), Presence::InCall)]);
    world.close(&b2);
    assert_eq!(world.presence(&mut a), [("b".into(), Presence::Offline)], "at once, although the place is kept");
    let mut b2 = world.login(b2.creds(), Start::Hot, 0, 8);
    assert_eq!(world.presence(&mut a), [("b".into(), Presence::InCall)]);
    world.ok(&mut b2, api::SetSelfInfo { display_name: "비".into() });
    world.settle(&mut a);
    assert_eq!(a.statuses[0].display_name, "비");
    world.presence(&mut a);
    world.ok(&mut b2, api::Logout { forget: false });
    assert_eq!(world.presence(&mut a), [("b".into(), Presence::Offline)]);
}

#[test]
fn people_are_found_page_by_page() {
    let mut world = World::new();
    let mut a = world.online("a");
    for name in ["b", "c", "d"] {
        world.online(name);
    }
    let page =
        |query: &str, after: Option<&str>| api::GetUsers { query: query.into(), after: after.map(user), limit: 2 };
    let first = world.ok(&mut a, page("", None));
    assert_eq!(first.users.iter().map(|u| u.user_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(first.more && first.users[1].presence == Presence::Online && first.users[1].display_name == "B");
    assert!(!world.ok(&mut a, page("", Some("b"))).more);
    assert_eq!(world.ok(&mut a, page("D", None)).users.len(), 1);
}

#[test]
fn the_device_not_seen_for_longest_makes_room() {
    let mut world = World::new();
    let a = world.online("a");
    let mut devices = Vec::new();
    for _ in 1..DEVICES_PER_USER {
        world.wait(10);
        devices.push(world.another_device("a"));
    }
    let mut phone = world.connect(8);
    let full = world.sign_in(&mut phone, "a", true).expect_err("all are online");
    assert!(full.is(Code::FrequencyLimit), "{full}");
    for phone in &devices[..2] {
        world.close(phone);
    }
    world.sign_in(&mut phone, "a", true).expect("one makes room");
    let left = |phone: &Phone| api::Login {
        user_id: user("a"),
        token: phone.creds().token.clone(),
        start: Start::Cold,
        last_seq: 0,
    };
    world.refused(&mut phone, left(&devices[0]), Code::TokenRejected);
    world.ok(&mut phone, left(&devices[1]));
    assert!(a.closed.is_none());
}
