//! Invitations between online devices.

use super::*;
use crate::protocol::{api::ActionType, limits};

#[test]
fn an_invitation_is_told_answered_and_over() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    let mut b2 = world.another_device("b");
    let reply = world.ok(&mut a, invite("i", "b"));
    assert_eq!(reply.online, [user("b")]);
    let told = world.events(&mut b);
    let Event::ReceiveNewInvitation(new) = &told[0].event else { panic!("{told:?}") };
    assert_eq!((new.remaining_ms, new.data.as_str(), &new.device_id), (Some(30_000), "data of i", &a.device()));
    assert_eq!(world.lines(&mut a), ["1 onReceiveNewInvitation"], "own devices are told too");
    world.ok(&mut b, accept("i"));
    let told = world.events(&mut b2);
    let Event::InviteeAccepted(answer) = &told[1].event else { panic!("{told:?}") };
    assert_eq!((&answer.device_id, answer.device_name.as_str()), (&b.device(), "desk"), "answered on another device");
    assert_eq!(world.lines(&mut a), ["2 onInviteeAccepted"]);
    for code in [Code::InvalidInviteId; 2] {
        world.refused(&mut b, accept("i"), code);
        world.refused(&mut b2, reject("i"), code);
        world.refused(&mut a, cancel("i"), code);
    }
    assert_eq!(world.lines(&mut b), ["1 onReceiveNewInvitation", "2 onInviteeAccepted"][1..], "refusals tell nobody");
}

#[test]
fn codes_of_the_specification() {
    let mut world = World::new();
    let (mut a, mut b, mut c) = (world.online("a"), world.online("b"), world.online("c"));
    world.refused(&mut a, invite("i", "nobody"), Code::PeerNotFound);
    world.refused(&mut a, invite("i", "a"), Code::InvalidParameters);
    world.ok(&mut a, invite("i", "b"));
    world.refused(&mut b, cancel("i"), Code::SignalingNoPermission);
    world.refused(&mut c, accept("i"), Code::SignalingNoPermission);
    world.refused(&mut c, cancel("x"), Code::InvalidInviteId);
    world.refused(&mut c, invite("i", "b"), Code::SignalingAlreadyExists);
    world.refused(&mut b, timeout("i"), Code::InvalidOperation);
    let modify = |data: &str| api::ModifyInvitation { invite_id: invite_id("i"), data: data.into() };
    world.refused(&mut b, modify("x"), Code::SignalingNoPermission);
    world.ok(&mut a, modify("new"));
    world.ok(&mut a, invite("i", "b"));
    assert_eq!(world.lines(&mut b), ["1 onReceiveNewInvitation", "2 onInvitationModified"], "a repetition is not told");
    world.ok(&mut b, reject("i"));
    world.refused(&mut a, modify("newer"), Code::InvalidInviteId);
    assert_eq!(world.lines(&mut c), no_lines());
}

#[test]
fn the_receiver_reports_the_timeout_and_the_server_is_the_backstop() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, invite("i", "b"));
    world.ok(&mut a, invite("j", "b"));
    world.lines(&mut a);
    world.wait(30_000);
    world.ok(&mut b, timeout("i"));
    assert_eq!(world.lines(&mut a), ["3 onInvitationTimeout"]);
    world.wait(limits::SERVER_BACKSTOP_MS - 1);
    assert_eq!(world.lines(&mut a), no_lines());
    world.wait(1);
    assert_eq!(world.lines(&mut a), ["4 onInvitationTimeout"]);
    assert_eq!(world.lines(&mut b).len(), 4);
    world.refused(&mut b, accept("j"), Code::InvalidInviteId);
}

#[test]
fn without_timeout_nothing_is_ever_told() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, api::Invite { timeout: 0, ..invite("i", "b") });
    world.ok(&mut a, api::Invite { timeout: 0, ..invite("j", "b") });
    world.lines(&mut b);
    world.wait(3_600_000);
    world.ok(&mut b, accept("i"));
    assert_eq!(world.lines(&mut b), ["3 onInviteeAccepted"]);
    world.wait(2 * crate::signaling::UNTIMED_KEPT_MS);
    assert_eq!(world.lines(&mut b), no_lines());
    world.refused(&mut b, accept("j"), Code::InvalidInviteId);
}

#[test]
fn for_online_users_only_nothing_is_kept() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    let silent = |name: &str| api::Invite { online_user_only: true, ..invite(name, "b") };
    world.ok(&mut a, silent("i"));
    world.ok(&mut b, accept("i"));
    assert_eq!(world.lines(&mut b), ["0 onReceiveNewInvitation", "0 onInviteeAccepted"]);
    assert_eq!(world.lines(&mut a), ["0 onReceiveNewInvitation", "0 onInviteeAccepted"]);
    world.close(&b);
    assert_eq!(world.ok(&mut a, silent("j")).online, []);
    let modify = api::ModifyInvitation { invite_id: invite_id("j"), data: "x".into() };
    world.refused(&mut a, modify, Code::InvalidOperation);
    let mut b = world.login(b.creds(), Start::Hot, 0, 8);
    assert_eq!(world.lines(&mut b), ["0 onSyncFinished"]);
    world.wait(30_000);
    world.ok(&mut a, timeout("j"));
    assert_eq!(world.lines(&mut a), ["0 onReceiveNewInvitation", "0 onInvitationTimeout"]);
}

#[test]
fn everybody_in_a_group_sees_its_invitations() {
    let mut world = World::new();
    let mut t = world.online("t");
    let mut phones: Vec<Phone> = ["a", "b", "c"].iter().map(|name| world.online(name)).collect();
    let mut stranger = world.online("s");
    world.refused(&mut t, invite_in_group("i", &["a"]), Code::NotFound);
    world.ok(&mut t, create_group(GroupType::Meeting, &["a", "b", "c"]));
    world.refused(&mut stranger, invite_in_group("i", &["a"]), Code::PermissionDenied);
    world.refused(&mut t, invite_in_group("i", &["a", "s"]), Code::InvalidParameters);
    world.refused(&mut t, invite_in_group("i", &["a", "t"]), Code::InvalidParameters);
    for phone in &mut phones {
        assert_eq!(world.lines(phone), ["1 onGroupCreated"]);
    }
    world.ok(&mut t, invite_in_group("i", &["a", "b"]));
    world.ok(&mut phones[0], accept("i"));
    world.refused(&mut phones[2], accept("i"), Code::SignalingNoPermission);
    world.ok(&mut t, cancel("i"));
    let told = world.events(&mut phones[2]);
    let names: Vec<&str> = told.iter().map(|delivery| delivery.event.method()).collect();
    assert_eq!(names, ["onReceiveNewInvitation", "onInviteeAccepted", "onInvitationCancelled"]);
    assert!(matches!(&told[2].event, Event::InvitationCancelled(event) if event.invitee_list == users(&["b"])));
    world.refused(&mut phones[1], accept("i"), Code::InvalidInviteId);
    world.refused(&mut t, cancel("i"), Code::InvalidInviteId);
}

#[test]
fn learning_of_an_invitation_another_way() {
    let mut world = World::new();
    let (mut t, mut a, mut b) = (world.online("t"), world.online("a"), world.online("b"));
    let mut late = world.online("l");
    world.ok(&mut t, create_group(GroupType::Meeting, &["a"]));
    world.ok(&mut t, invite_in_group("i", &["a"]));
    let info = api::SignalingInfo {
        invite_id: invite_id("i"),
        group_id: Some(group("g")),
        inviter: user("t"),
        invitee_list: users(&["a"]),
        data: String::new(),
        timeout: 30,
        action_type: ActionType::Invite,
    };
    let add = |name: &str| api::AddInvitedSignaling {
        info: api::SignalingInfo { invite_id: invite_id(name), ..info.clone() },
    };
    world.refused(&mut a, add("i"), Code::SignalingAlreadyExists);
    world.refused(&mut a, add("x"), Code::InvalidInviteId);
    world.refused(&mut b, add("i"), Code::SignalingNoPermission);
    world.ok(&mut late, api::JoinGroup { group_id: group("g"), message: String::new() });
    world.lines(&mut late);
    world.ok(&mut late, add("i"));
    assert_eq!(world.lines(&mut late), ["0 onReceiveNewInvitation"]);
    world.refused(&mut late, add("i"), Code::SignalingAlreadyExists);
    // Later than the window of a cold start: it is not called back by itself.
    world.close(&a);
    world.wait(limits::GROUP_COLD_START_WINDOW_MS - 100);
    let mut a = world.login(a.creds(), Start::Cold, 0, 8);
    assert_eq!(world.lines(&mut a)[1], "2 onReceiveNewInvitation");
    world.refused(&mut a, add("i"), Code::SignalingAlreadyExists);
    world.ok(&mut t, cancel("i"));
    world.refused(&mut late, add("i"), Code::InvalidInviteId);
}

#[test]
fn messages_are_read_as_signaling() {
    let mut world = World::new();
    let (mut a, mut b) = (world.online("a"), world.online("b"));
    world.ok(&mut a, create_group(GroupType::Work, &["b"]));
    world.ok(&mut a, invite_in_group("i", &["b"]));
    world.ok(&mut b, reject("i"));
    let info = |seq| api::GetSignalingInfo { seq };
    assert_eq!(world.ok(&mut b, info(1)), None, "a group event is not signaling");
    assert_eq!(world.ok(&mut b, info(99)), None);
    let begun = world.ok(&mut b, info(2)).expect("signaling");
    assert_eq!((begun.action_type, begun.timeout, begun.inviter), (ActionType::Invite, 30, user("a")));
    for restarted in [false, true] {
        if restarted {
            world.restart(1_000);
            b = world.login(b.creds(), Start::Cold, 3, 8);
        }
        let ended = world.ok(&mut b, info(3)).expect("signaling");
        assert_eq!(
            (ended.action_type, ended.invitee_list, ended.data.as_str()),
            (ActionType::Reject, users(&["b"]), "no")
        );
        assert_eq!((ended.group_id, ended.inviter, ended.timeout), (Some(group("g")), user("a"), 30));
    }
}
