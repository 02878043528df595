//! Invitations to rooms, the call in a group's attributes, and what is written when somebody leaves.

use super::*;
use crate::protocol::{
    event::{LeaveReason, RoomExited},
    group_call::{self, GroupCall},
    limits,
};

fn enter(number: u32) -> api::EnterRoom {
    api::EnterRoom::of(room(number))
}

fn open(number: u32) -> api::EnterRoom {
    api::EnterRoom { create: true, call_id: Some(invite_id("call")), ..enter(number) }
}

fn of_group(number: u32) -> api::EnterRoom {
    api::EnterRoom { group_id: Some(group("g")), ..open(number) }
}

fn leave(number: u32) -> api::ExitRoom {
    api::ExitRoom { room_id: room(number), group_id: None }
}

fn to_room(name: &str, invitee: &str, number: u32) -> api::Invite {
    api::Invite { room_id: Some(room(number)), ..invite(name, invitee) }
}

fn group_to_room(name: &str, invitees: &[&str], number: u32) -> api::InviteInGroup {
    api::InviteInGroup { room_id: Some(room(number)), ..invite_in_group(name, invitees) }
}

/// The calls that a phone was told to be on since the last look.
fn calls(world: &mut World, phone: &mut Phone) -> Vec<Option<GroupCall>> {
    let events = world.events(phone).into_iter();
    let attributes = events.filter_map(|delivery| match delivery.event {
        Event::GroupAttributeChanged(changed) => Some(changed.group_attributes),
        _ => None,
    });
    attributes.map(|there| there.get(group_call::KEY).map(|text| GroupCall::parse(text).expect("a call"))).collect()
}

fn exits(world: &mut World, phone: &mut Phone) -> Vec<RoomExited> {
    let events = world.events(phone).into_iter();
    let exits = events.filter_map(|delivery| match delivery.event {
        Event::ExitRoom(exited) => {
            assert!(delivery.seq > 0, "it is in the log");
            Some(exited)
        }
        _ => None,
    });
    exits.collect()
}

#[test]
fn who_is_in_the_room_is_told_of_invitations_to_it() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.ok(&mut a, open(1));
    world.ok(&mut a, to_room("i", "b", 1));
    world.ok(&mut b, enter(1));
    world.ok(&mut b, accept("i"));
    world.lines(&mut a);
    world.lines(&mut b);
    world.ok(&mut a, to_room("j", "c", 1));
    assert_eq!(world.lines(&mut b), ["3 onReceiveNewInvitation"], "b is in the room");
    world.ok(&mut c, reject("j"));
    assert_eq!(world.lines(&mut b), ["4 onInviteeRejected"]);
    world.ok(&mut c, enter(1));
}

#[test]
fn only_from_inside_is_one_invited_to_a_room() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.refused(&mut a, to_room("i", "b", 1), Code::NotFound);
    world.ok(&mut a, open(1));
    world.refused(&mut b, to_room("i", "a", 1), Code::PermissionDenied);
    world.refused(&mut b, enter(1), Code::PermissionDenied);
    assert_eq!(world.lines(&mut a), no_lines());
}

#[test]
fn a_newcomer_hears_who_is_being_rung() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.online("d");
    world.ok(&mut a, create_group(GroupType::Work, &["b", "c", "d"]));
    world.ok(&mut a, of_group(1));
    world.ok(&mut a, group_to_room("i", &["b", "c", "d"], 1));
    world.ok(&mut c, reject("i"));
    world.wait(5_000);
    let entered = world.ok(&mut b, enter(1));
    assert_eq!(entered.call_id, Some(invite_id("call")));
    assert_eq!(entered.ringing.len(), 1);
    assert_eq!((&entered.ringing[0].user_list, entered.ringing[0].remaining_ms), (&users(&["b", "d"]), Some(25_000)));
}

#[test]
fn invitations_to_a_room_end_with_it() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, open(1));
    world.ok(&mut a, to_room("i", "b", 1));
    world.lines(&mut b);
    world.close(&a);
    world.wait(limits::ROOM_GRACE_MS - 1_000);
    assert_eq!(world.lines(&mut b), no_lines());
    world.ok(&mut b, reject("i"));

    let mut a = world.login(a.creds(), Start::Hot, 0, 64);
    world.ok(&mut a, to_room("j", "b", 1));
    world.lines(&mut b);
    world.ok(&mut a, leave(1));
    assert_eq!(world.lines(&mut b), ["4 onInvitationCancelled"]);
    world.refused(&mut b, accept("j"), Code::InvalidInviteId);
}

#[test]
fn some_of_those_invited_are_no_longer_rung() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.ok(&mut a, create_group(GroupType::Work, &["b", "c"]));
    world.ok(&mut a, invite_in_group("i", &["b", "c"]));
    let only_b = || api::Cancel { invitee_list: users(&["b"]), ..cancel("i") };
    world.refused(&mut c, only_b(), Code::SignalingNoPermission);
    world.ok(&mut a, only_b());
    world.refused(&mut a, only_b(), Code::InvalidInviteId);
    let told = world.events(&mut c);
    assert!(
        matches!(&told.last().expect("told").event, Event::InvitationCancelled(end) if end.invitee_list == users(&["b"]))
    );
    world.refused(&mut b, accept("i"), Code::InvalidInviteId);
    world.ok(&mut c, accept("i"));
}

#[test]
fn a_group_has_one_call_and_everybody_sees_it() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    let mut stranger = world.online("x");
    world.ok(&mut a, create_group(GroupType::Work, &["b", "c"]));
    world.ok(&mut a, of_group(1));
    world.ok(&mut a, group_to_room("i", &["b"], 1));
    world.wait(1_000);
    let seen = calls(&mut world, &mut c);
    let last = seen.last().expect("told").as_ref().expect("a call is on");
    assert_eq!((&last.users, &last.ringing, last.room), (&users(&["a"]), &users(&["b"]), room(1)));
    assert_eq!(calls(&mut world, &mut stranger), []);
    world.refused(&mut stranger, api::GetGroupAttributes { group_id: group("g") }, Code::PermissionDenied);

    // Whoever calls the group at the same time is in the same call.
    let there = world.ok(&mut b, api::EnterRoom { call_id: Some(invite_id("other")), ..of_group(2) });
    assert_eq!((there.room_id, there.call_id), (room(1), Some(invite_id("call"))));
    world.wait(1_000);
    let last = calls(&mut world, &mut c).pop().expect("told").expect("a call is on");
    assert_eq!((last.users, last.user_count, last.ringing), (users(&["a", "b"]), 2, vec![]));

    // A device that comes later is told, once it has what it missed; a device of somebody else is not.
    let mut late = world.another_device("c");
    assert_eq!(calls(&mut world, &mut late), [], "told together with everything else");
    let mut late = world.login(late.creds(), Start::Cold, 0, 64);
    assert_eq!(calls(&mut world, &mut late).len(), 1);

    world.ok(&mut a, leave(1));
    world.refused(&mut b, leave(2), Code::NotFound);
    world.ok(&mut b, api::ExitRoom { group_id: Some(group("g")), ..leave(2) });
    world.wait(1_000);
    assert_eq!(calls(&mut world, &mut c).pop(), Some(None), "it is over");
    let attributes = world.ok(&mut c, api::GetGroupAttributes { group_id: group("g") });
    assert!(attributes.group_attributes.is_empty());
}

#[test]
fn a_class_that_comes_in_is_announced_a_few_times_a_second() {
    let mut world = World::new();
    let mut a = world.online("a");
    let names: Vec<String> = (0..30).map(|n| format!("s{n}")).collect();
    let mut students: Vec<Phone> = names.iter().map(|name| world.online(name)).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    world.ok(&mut a, create_group(GroupType::Meeting, &refs));
    world.ok(&mut a, of_group(1));
    calls(&mut world, &mut a);
    for student in &mut students {
        world.ok(student, enter(1));
        world.wait(10);
    }
    world.wait(1_000);
    let told = calls(&mut world, &mut a);
    assert!(told.len() <= 4, "{} announcements in 300 ms", told.len());
    assert_eq!(told.last().and_then(Option::as_ref).map(|call| call.user_count), Some(31));
}

#[test]
fn who_becomes_a_member_is_told_of_the_call_that_is_on() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.ok(&mut a, create_group(GroupType::Meeting, &[]));
    world.ok(&mut a, of_group(1));
    world.wait(1_000);
    world.ok(&mut b, api::JoinGroup { group_id: group("g"), message: String::new() });
    world.wait(1_000);
    let brought_in = api::InviteUserToGroup { group_id: group("g"), user_list: users(&["c"]) };
    world.ok(&mut a, brought_in);
    world.wait(1_000);
    for phone in [&mut b, &mut c] {
        let on = calls(&mut world, phone).pop().flatten();
        assert_eq!(on.map(|call| call.users), Some(users(&["a"])));
    }
}

#[test]
fn a_group_call_is_not_stale_after_a_crash() {
    let mut world = World::new();
    let (mut a, mut c) = (world.online("a"), world.online("c"));
    world.ok(&mut a, create_group(GroupType::Work, &["c"]));
    world.ok(&mut a, of_group(1));
    world.close(&a);
    world.wait(limits::ROOM_GRACE_MS + 1_000);
    assert_eq!(calls(&mut world, &mut c).pop(), Some(None));

    // The server itself: rooms are in memory, and so is what follows from them.
    let mut a = world.login(a.creds(), Start::Hot, 0, 64);
    world.ok(&mut a, of_group(1));
    let credentials = c.creds().clone();
    world.restart(1_000);
    let mut c = world.login(&credentials, Start::Hot, 0, 64);
    assert_eq!(calls(&mut world, &mut c), []);
    assert!(world.ok(&mut c, api::GetGroupAttributes { group_id: group("g") }).group_attributes.is_empty());
}

#[test]
fn how_long_each_one_talked_is_in_their_own_log() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    let mut b2 = world.another_device("b");
    world.ok(&mut a, create_group(GroupType::Work, &["b", "c"]));
    world.ok(&mut a, of_group(1));
    world.wait(7_000);
    world.ok(&mut b, enter(1));
    world.wait(10_000);
    world.ok(&mut c, enter(1));
    world.wait(5_000);
    let left = world.ok(&mut b, leave(1));
    assert_eq!((left.remaining, left.talked_ms), (2, 15_000));
    for phone in [&mut b, &mut b2] {
        let [exit] = &exits(&mut world, phone)[..] else { panic!("one stay") };
        assert_eq!((exit.talked_ms, exit.reason), (15_000, LeaveReason::Exit));
        assert_eq!((&exit.opener, &exit.user_list), (&user("a"), &users(&["a", "c"])));
        assert_eq!((&exit.call_id, &exit.group_id), (&Some(invite_id("call")), &Some(group("g"))));
    }
    world.wait(3_000);
    // Lost: there until the connection went.
    world.close(&c);
    world.wait(limits::ROOM_GRACE_MS);
    let left = world.ok(&mut a, leave(1));
    assert_eq!((left.remaining, left.call_id), (0, Some(invite_id("call"))), "the last one");
    assert_eq!(exits(&mut world, &mut a)[0].talked_ms, 18_000 + limits::ROOM_GRACE_MS);
    let mut c = world.login(c.creds(), Start::Hot, 0, 64);
    let [exit] = &exits(&mut world, &mut c)[..] else { panic!("one stay") };
    assert_eq!((exit.talked_ms, exit.reason), (8_000, LeaveReason::Lost));
}

#[test]
fn a_call_of_two_leaves_its_length_to_the_hang_up_message() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, open(1));
    world.ok(&mut a, to_room("i", "b", 1));
    world.ok(&mut b, enter(1));
    world.ok(&mut b, accept("i"));
    world.wait(5_000);
    world.ok(&mut b, leave(1));
    world.ok(&mut a, leave(1));
    assert_eq!((exits(&mut world, &mut a), exits(&mut world, &mut b)), (vec![], vec![]));
}

#[test]
fn who_is_no_longer_a_member_is_out_of_the_groups_room() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.ok(&mut a, create_group(GroupType::Public, &["b", "c"]));
    world.ok(&mut a, of_group(1));
    world.ok(&mut a, group_to_room("i", &["b", "c"], 1));
    for (phone, name) in [(&mut b, "b"), (&mut c, "c")] {
        world.ok(phone, enter(1));
        world.ok(phone, accept("i"));
        assert!(exits(&mut world, phone).is_empty(), "{name}");
    }
    world.ok(&mut a, api::KickGroupMember { group_id: group("g"), member_list: users(&["b"]) });
    assert_eq!(exits(&mut world, &mut b)[0].reason, LeaveReason::Removed);
    world.refused(&mut b, enter(1), Code::PermissionDenied);
    world.ok(&mut a, api::DismissGroup { group_id: group("g") });
    assert_eq!(exits(&mut world, &mut c)[0].reason, LeaveReason::Removed);
    world.refused(&mut c, enter(1), Code::NotFound);
}
