//! What a device gets when it was away, or reads slowly.

use super::*;
use crate::protocol::limits;

fn back(world: &mut World, phone: &Phone, start: Start, last_seq: u64) -> (Phone, Vec<String>) {
    let credentials = phone.creds().clone();
    let mut phone = world.login(&credentials, start, last_seq, 4);
    let lines = world.lines(&mut phone);
    (phone, lines)
}

#[test]
fn a_cold_start_calls_back_what_is_open() {
    let mut world = World::new();
    let (mut a, b) = (world.online("a"), world.online("b"));
    world.close(&b);
    assert_eq!(world.ok(&mut a, invite("over", "b")).online, []);
    world.ok(&mut a, cancel("over"));
    world.ok(&mut a, api::Invite { timeout: 600, ..invite("open", "b") });
    world.wait(120_000);
    let all =
        ["1 onReceiveNewInvitation ~", "2 onInvitationCancelled ~", "3 onReceiveNewInvitation", "0 onSyncFinished"];
    let (mut b, lines) = back(&mut world, &b, Start::Cold, 0);
    assert_eq!(lines, all);
    // The program starts anew, with all of it stored: what is open rings again.
    world.close(&b);
    let credentials = b.creds().clone();
    b = world.login(&credentials, Start::Cold, 3, 4);
    let told = world.events(&mut b);
    assert_eq!(told.iter().map(line).collect::<Vec<_>>(), ["3 onReceiveNewInvitation", "0 onSyncFinished"]);
    assert!(matches!(&told[0].event, Event::ReceiveNewInvitation(new) if new.remaining_ms == Some(480_000)));
    world.ok(&mut a, cancel("open"));
    assert_eq!(world.lines(&mut b), ["4 onInvitationCancelled"]);
    // It is over now.
    world.close(&b);
    assert_eq!(back(&mut world, &b, Start::Cold, 3).1, ["4 onInvitationCancelled ~", "0 onSyncFinished"]);
}

#[test]
fn a_hot_start_goes_on_where_it_was() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, invite("known", "b"));
    assert_eq!(world.lines(&mut b), ["1 onReceiveNewInvitation"]);
    world.close(&b);
    world.ok(&mut a, cancel("known"));
    world.ok(&mut a, invite("missed", "b"));
    world.ok(&mut a, cancel("missed"));
    world.ok(&mut a, invite("open", "b"));
    let (b, lines) = back(&mut world, &b, Start::Hot, 1);
    let expected = [
        "2 onInvitationCancelled",
        "3 onReceiveNewInvitation ~",
        "4 onInvitationCancelled ~",
        "5 onReceiveNewInvitation",
        "0 onSyncFinished",
    ];
    assert_eq!(lines, expected);
    world.close(&b);
    assert_eq!(back(&mut world, &b, Start::Hot, 5).1, ["0 onSyncFinished"], "nothing twice");
    assert_eq!(back(&mut world, &b, Start::Hot, 99).1, ["0 onSyncFinished"], "more than there is");
}

#[test]
fn a_group_invitation_rings_late_on_a_hot_start_only() {
    let mut world = World::new();
    let (mut t, a) = (world.online("t"), world.online("a"));
    world.ok(&mut t, create_group(GroupType::Work, &["a"]));
    world.close(&a);
    world.ok(&mut t, api::InviteInGroup { timeout: 600, ..invite_in_group("i", &["a"]) });
    world.wait(limits::GROUP_COLD_START_WINDOW_MS);
    let (a, lines) = back(&mut world, &a, Start::Cold, 0);
    assert_eq!(lines, ["1 onGroupCreated ~", "2 onReceiveNewInvitation", "0 onSyncFinished"]);
    assert_eq!(back(&mut world, &a, Start::Cold, 2).1, ["2 onReceiveNewInvitation", "0 onSyncFinished"]);
    world.wait(1);
    assert_eq!(back(&mut world, &a, Start::Cold, 2).1, ["0 onSyncFinished"]);
    let (_, lines) = back(&mut world, &a, Start::Cold, 0);
    assert_eq!(lines, ["1 onGroupCreated ~", "2 onReceiveNewInvitation ~", "0 onSyncFinished"]);
    let (_, lines) = back(&mut world, &a, Start::Hot, 0);
    assert_eq!(lines, ["1 onGroupCreated", "2 onReceiveNewInvitation", "0 onSyncFinished"]);
}

#[test]
fn an_answer_on_one_device_silences_the_others_history() {
    let mut world = World::new();
    let (mut t, mut a, b) = (world.online("t"), world.online("a"), world.online("b"));
    let a2 = world.another_device("a");
    world.ok(&mut t, create_group(GroupType::Work, &["a", "b"]));
    world.close(&a2);
    world.close(&b);
    world.ok(&mut t, invite_in_group("i", &["a", "b"]));
    world.ok(&mut a, accept("i"));
    let (_, lines) = back(&mut world, &a2, Start::Hot, 1);
    assert_eq!(
        lines,
        ["2 onReceiveNewInvitation ~", "3 onInviteeAccepted ~", "0 onSyncFinished"],
        "over for this user"
    );
    let (_, lines) = back(&mut world, &b, Start::Hot, 1);
    assert_eq!(lines, ["2 onReceiveNewInvitation", "3 onInviteeAccepted", "0 onSyncFinished"], "open for that one");
}

#[test]
fn a_slow_reader_misses_nothing_and_holds_up_nobody() {
    let mut world = World::new();
    let (mut a, b) = (world.online("a"), world.online("b"));
    let mut fast = world.another_device("b");
    let credentials = b.creds().clone();
    let mut slow = world.login(&credentials, Start::Hot, 0, 4);
    world.lines(&mut slow);
    for n in 0..50 {
        world.ok(&mut a, invite(&format!("i{n}"), "b"));
        if n % 2 == 0 {
            world.ok(&mut a, cancel(&format!("i{n}")));
        }
    }
    world.lines(&mut a);
    let sent = slow.frames.len();
    assert_eq!(sent, 4, "its queue is full");
    let quick: Vec<u64> = world.events(&mut fast).iter().map(|delivery| delivery.seq).collect();
    let late = world.events(&mut slow);
    let seqs: Vec<u64> = late.iter().map(|delivery| delivery.seq).collect();
    assert_eq!(seqs, (1..=75).collect::<Vec<_>>(), "in order, each once");
    assert_eq!(quick, seqs);
    assert!(late.iter().all(|delivery| !delivery.history), "late, but live");
    world.ok(&mut a, invite("last", "b"));
    assert_eq!(world.lines(&mut slow), ["76 onReceiveNewInvitation"], "live again");
}

#[test]
fn events_during_the_replay_come_behind_it() {
    let mut world = World::new();
    let (mut a, b) = (world.online("a"), world.online("b"));
    world.close(&b);
    for n in 0..10 {
        world.ok(&mut a, invite(&format!("i{n}"), "b"));
    }
    let mut b2 = world.connect(4);
    let (user_id, token) = (user("b"), b.creds().token.clone());
    let login = api::Login { user_id, token, start: Start::Hot, last_seq: 0 };
    world.run(vec![Input::Request { conn: b2.conn, id: 1, request: login.into() }]);
    // The queue is full of the replay, and more happens.
    world.ok(&mut a, invite("new", "b"));
    world.ok(&mut a, cancel("i0"));
    let lines = world.lines(&mut b2);
    assert_eq!(lines.len(), 13);
    assert_eq!(
        lines[9..],
        ["10 onReceiveNewInvitation", "0 onSyncFinished", "11 onReceiveNewInvitation", "12 onInvitationCancelled"]
    );
    assert!(matches!(lines[0].as_str(), "1 onReceiveNewInvitation" | "1 onReceiveNewInvitation ~"));
}

#[test]
fn presence_waits_for_a_slow_reader_and_comes_as_it_is_then() {
    let mut world = World::new();
    let a = world.online("a");
    let credentials = a.creds().clone();
    let mut slow = world.login(&credentials, Start::Hot, 0, 1);
    world.presence(&mut slow);
    let names: Vec<String> = (0..20).map(|n| format!("u{n}")).collect();
    let phones: Vec<Phone> = names.iter().map(|name| world.online(name)).collect();
    world.close(&phones[3]);
    let told: HashMap<String, Presence> = world.presence(&mut slow).into_iter().collect();
    assert_eq!(told.len(), 20);
    assert_eq!((told["u3"], told["u4"]), (Presence::Offline, Presence::Online));
}

#[test]
fn who_never_reads_is_dropped_rather_than_lied_to() {
    let mut world = World::new();
    let (mut a, b) = (world.online("a"), world.online("b"));
    let mut watcher = world.online("w");
    world.presence(&mut watcher);
    for n in 0..400 {
        world.ok(&mut a, api::Invite { online_user_only: true, ..invite(&format!("i{n}"), "b") });
    }
    assert_eq!(world.presence(&mut watcher), [("b".into(), Presence::Offline)]);
    let mut b = b;
    b.read();
    assert!(b.frames.is_closed() && b.frames.is_empty(), "the end of the queue tells the gateway");
    world.close(&b);
    assert_eq!(world.ok(&mut a, invite("i", "b")).online, []);
}

#[test]
fn everything_stored_survives_a_restart() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create_group(GroupType::Public, &["b"]));
    world.ok(&mut a, invite("over", "b"));
    world.ok(&mut b, reject("over"));
    world.ok(&mut a, api::Invite { timeout: 60, ..invite("open", "b") });
    world.ok(&mut a, api::Invite { timeout: 5, ..invite("late", "b") });
    world.close(&b);
    world.restart(20_000);
    let (mut b, lines) = back(&mut world, &b, Start::Cold, 0);
    let expected = [
        "1 onGroupCreated ~",
        "2 onReceiveNewInvitation ~",
        "3 onInviteeRejected ~",
        "4 onReceiveNewInvitation",
        "5 onReceiveNewInvitation ~",
        "6 onInvitationTimeout ~",
        "0 onSyncFinished",
    ];
    assert_eq!(lines, expected, "the server itself ended what nobody reported");
    let groups = world.ok(&mut b, joined_groups()).groups;
    assert_eq!((groups.len(), groups[0].owner.clone(), groups[0].member_count), (1, Some(user("a")), 2));
    world.refused(&mut b, accept("over"), Code::InvalidInviteId);
    let (mut a, _) = back(&mut world, &a, Start::Hot, 6);
    world.refused(&mut a, api::Invite { timeout: 9, ..invite("over", "b") }, Code::SignalingAlreadyExists);
    world.wait(39_000);
    world.refused(&mut b, timeout("open"), Code::InvalidOperation);
    world.wait(1_000);
    world.ok(&mut b, timeout("open"));
    assert_eq!(world.lines(&mut a), ["7 onInvitationTimeout"]);
}
