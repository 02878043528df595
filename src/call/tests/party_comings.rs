//! Calls of several: answering, joining, growing, and what may go wrong on the way.

use super::{party::*, *};
use crate::{
    call::Standing,
    protocol::{
        api::ExitRoomReply,
        event::{GroupChange, GroupMembers},
    },
};

#[test]
fn who_is_called_with_several_answers_from_inside() {
    let mut rig = Rig::called_in_group();
    rig.input(Input::Accept(id("b")));
    assert_eq!((rig.phase(), rig.pending("accept")), (Phase::Connecting, 0), "first the room");
    rig.entered_call(&["bob"], &[("b", &["alice", "carol"])], Some(&id("b")), 500);
    assert_eq!(rig.pending("accept"), 1);
    rig.done("accept");
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true][..]));
    assert_eq!(rig.standings(), [("bob".into(), Standing::In), ("carol".into(), Standing::Ringing)]);
    // The caller leaves, the others stay.
    rig.input(came("carol", 500)).input(went("bob", 500, LeaveReason::Exit));
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn declining_concerns_only_oneself() {
    let mut rig = Rig::called_in_group();
    rig.input(Input::Reject(id("b")));
    assert_eq!((rig.end(), rig.pending("reject"), rig.pending("exitRoom")), (Some(EndReason::Declined), 1, 0));
}

#[test]
fn what_ends_for_others_does_not_end_for_me() {
    let mut rig = Rig::called_in_group();
    rig.input(rejected(&id("b"), "carol", "carol-1", None)).input(timed_out_for(&id("b"), &["dan"]));
    assert_eq!((rig.phase(), rig.standing("carol")), (Phase::Incoming, Standing::Declined));
    rig.input(timed_out_for(&id("b"), &["alice"]));
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
}

#[test]
fn an_answer_on_another_device_ends_the_ringing_here() {
    let mut rig = Rig::called_in_group();
    rig.input(accepted(&id("b"), "alice", "alice-2"));
    assert_eq!((rig.end(), rig.view().detail.as_deref()), (Some(EndReason::AnsweredElsewhere), Some("alice-2's name")));
    let mut rig = Rig::called_in_group();
    rig.input(rejected(&id("b"), "alice", "alice-2", None));
    assert_eq!(rig.end(), Some(EndReason::DeclinedElsewhere));
}

#[test]
fn a_call_that_is_on_is_joined() {
    let join =
        || Input::Join { group: group(), room: room(500), call_id: Some(id("b")), there: users(&["bob", "carol"]) };
    let mut rig = Rig::new();
    rig.input(join());
    assert_eq!((rig.phase(), rig.call_id(), rig.view().group), (Phase::Connecting, id("b"), Some(group())));
    rig.entered_call(&["bob", "carol"], &[("x", &["dan"])], Some(&id("b")), 500);
    assert_eq!((rig.phase(), rig.pending("accept"), rig.view().others_in()), (Phase::InCall, 0, 2));
    assert_eq!(rig.standing("dan"), Standing::Ringing);
    // Somebody invites this user meanwhile: who is there says yes.
    rig.input(rung("y", "carol", &["alice"], Some("b"), true));
    assert_eq!((rig.phase(), rig.pending("accept")), (Phase::InCall, 1));
    // Left, and back again.
    rig.done("accept").input(Input::HangUp(id("b"))).exited(2, 9_000).input(join());
    rig.entered_call(&["bob", "carol"], &[], Some(&id("b")), 500);
    assert_eq!((rig.phase(), rig.group_hangup()), (Phase::InCall, None));

    let mut rig = Rig::new();
    rig.input(join()).refused("enterRoom", Code::NotFound);
    assert_eq!(rig.end(), Some(EndReason::Failed), "it was over meanwhile");
    let mut rig = Rig::called_in_group();
    rig.input(join());
    assert_eq!((rig.phase(), rig.machine.view().len()), (Phase::Connecting, 1), "joining is answering");
}

#[test]
fn two_who_call_their_group_at_once_are_in_one_call() {
    // Bob's call was first: the server lets Alice into his room.
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(Some(group()), users(&["bob", "carol"])));
    let own = rig.call_id();
    rig.input(rung("b", "bob", &["alice", "carol"], None, true));
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::Calling, 0), "not busy: it may be the same call");
    rig.entered_call(&["bob"], &[("b", &["alice", "carol"])], Some(&id("b")), 500);
    assert_eq!((rig.call_id(), rig.phase(), rig.pending("accept")), (id("b"), Phase::InCall, 1));
    let invite = rig.invited_in_group(&[]);
    assert_eq!((&invite.invite_id, invite.room_id), (&own, Some(room(500))));
    assert_eq!(CallData::parse(&invite.data).expect("call data").call_id, Some(id("b")));
    // A front end that knows the call by its first name may hang up by it.
    rig.input(Input::HangUp(own));
    assert_eq!(rig.end(), Some(EndReason::HungUp));

    // Bob's invitation is to another room after all: then this line is busy.
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(Some(group()), users(&["bob"])));
    let own = rig.call_id();
    rig.input(rung("b", "bob", &["alice"], None, true)).entered_call(&[], &[], Some(&own), 501);
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::Calling, 1));
}

#[test]
fn who_is_called_during_another_call_is_busy() {
    let mut rig = Rig::ringing();
    rig.input(rung("g", "carol", &["alice", "dan"], None, true));
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::Ringing, 1));
    assert!(matches!(&rig.rest[..], [Output::ToldBusy(who)] if *who == user("carol")));
}

#[test]
fn who_is_calling_whoever_calls_them_with_others_gives_way() {
    let mut rig = Rig::ringing();
    let own = rig.call_id();
    rig.input(rung("g", "bob", &["alice", "dan"], None, true));
    assert_eq!((rig.phase(), rig.call_id(), rig.pending("reject")), (Phase::Connecting, id("g"), 0));
    let (_, request) = rig.take("cancel");
    let Request::Cancel(cancel) = request else { panic!("not cancel") };
    assert_eq!(cancel.invite_id, own);
    assert!(CallData::parse(&cancel.data).is_ok_and(|data| data.is_glare() && data.call_id == Some(id("g"))));
    // The other side of it: whoever is rung and calls is about to give way.
    let mut rig = Rig::calling_group();
    rig.input(call_from_bob("b"));
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::Ringing, 0));
    let mut rig = Rig::with_bob();
    rig.input(call_from_bob("b"));
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::InCall, 1));
}

#[test]
fn a_call_of_two_takes_a_third_without_a_break() {
    let mut rig = Rig::talking_as_caller();
    let (call, number) = (rig.call_id(), rig.number());
    rig.wait(5_000);
    let since = rig.view().talking_since_ms;
    rig.input(Input::Add { call: call.clone(), members: vec![], others: users(&["carol", "bob"]) });
    let (_, request) = rig.take("invite");
    let Request::Invite(invite) = request else { panic!("not invite") };
    assert_eq!((&invite.invitee, invite.room_id), (&user("carol"), rig.view().room));
    let data = CallData::parse(&invite.data).expect("call data");
    assert_eq!((data.call_id, data.users), (Some(call.clone()), users(&["bob", "carol"])));
    assert_eq!(rig.pending("invite"), 0, "bob is in the call");
    assert_eq!((rig.phase(), rig.view().talking_since_ms, &rig.media[..]), (Phase::InCall, since, &[true][..]));
    assert_eq!(rig.standings(), [("bob".into(), Standing::In), ("carol".into(), Standing::Ringing)]);
    rig.input(came("carol", number)).input(accepted(&invite.invite_id, "carol", "carol-1"));
    rig.input(went("bob", number, LeaveReason::Exit));
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true][..]));
    // The other side's farewell, sent before it knew that this is a call of several, ends nothing.
    rig.input(notice(&call, Command::Hangup { duration_s: 5 }));
    assert_eq!(rig.phase(), Phase::InCall);
    rig.input(went("carol", number, LeaveReason::Exit)).exited(0, 20_000);
    assert_eq!(rig.hangups().len(), 2, "bob and carol, who were in it");
}

#[test]
fn the_other_side_of_two_learns_that_it_is_a_call_of_several() {
    let mut rig = Rig::talking_as_callee();
    rig.input(rung("x", "bob", &["carol"], Some("b"), false));
    assert_eq!(rig.standings(), [("bob".into(), Standing::In), ("carol".into(), Standing::Ringing)]);
    rig.input(came("carol", 500)).input(went("bob", 500, LeaveReason::Exit));
    assert_eq!((rig.phase(), rig.call_id()), (Phase::InCall, id("b")));
    // Even if the invitation was missed, a stranger in the room says so.
    let mut rig = Rig::talking_as_callee();
    rig.input(came("carol", 500));
    assert_eq!(rig.view().others_in(), 2);
}

#[test]
fn a_third_is_rung_like_by_anybody() {
    let mut rig = Rig::new();
    rig.input(rung("x", "bob", &["alice"], Some("call"), false));
    assert_eq!((rig.phase(), rig.call_id(), rig.view().group), (Phase::Incoming, id("call"), None));
    rig.input(Input::Accept(id("call"))).entered_call(&["bob", "carol"], &[], Some(&id("call")), 500);
    let (_, request) = rig.take("accept");
    assert!(matches!(request, Request::Accept(accept) if accept.invite_id == id("x")), "the invitation, not the call");
    rig.input(accepted(&id("x"), "alice", "alice-1"));
    assert_eq!((rig.phase(), rig.view().others_in()), (Phase::InCall, 2));
}

#[test]
fn several_are_called_without_a_group() {
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(None, users(&["bob", "carol"])));
    let (call, number) = (rig.call_id(), rig.number());
    rig.entered_call(&[], &[], Some(&call), number);
    assert_eq!(rig.pending("invite"), 2);
    rig.invited(&["bob"]).invited(&[]);
    assert_eq!(rig.phase(), Phase::Ringing);
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(None, users(&["bob"])));
    assert!(rig.view().others.is_empty(), "one is a call of two");
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(Some(group()), users(&["alice"])));
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::InvalidParameters)));
}

#[test]
fn a_refused_invitation_ends_only_what_has_nobody() {
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(Some(group()), users(&["bob"])));
    let (call, number) = (rig.call_id(), rig.number());
    rig.entered_call(&[], &[], Some(&call), number).refused("inviteInGroup", Code::InvalidParameters);
    assert_eq!(rig.end(), Some(EndReason::Failed));

    let mut rig = Rig::with_bob();
    let call = rig.call_id();
    rig.input(Input::Add { call, members: users(&["eve"]), others: vec![] })
        .refused("inviteInGroup", Code::InvalidParameters);
    assert_eq!((rig.phase(), rig.standing("eve")), (Phase::InCall, Standing::Failed));
    assert!(matches!(&rig.rest[..], [Output::Refused { whom, .. }] if *whom == users(&["eve"])));
}

#[test]
fn lost_connections_are_shown_and_survived() {
    let mut rig = Rig::with_bob();
    let (call, number) = (rig.call_id(), rig.number());
    rig.input(came("carol", number)).input(accepted(&call, "carol", "carol-1")).input(linked("bob", number, false));
    assert_eq!((rig.phase(), rig.standing("bob")), (Phase::InCall, Standing::Reconnecting), "carol is there");
    rig.input(linked("carol", number, false));
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.input(linked("bob", number, true));
    assert_eq!((rig.phase(), rig.standing("carol")), (Phase::InCall, Standing::Reconnecting));
    rig.input(went("carol", number, LeaveReason::Lost));
    assert_eq!(rig.standing("carol"), Standing::Lost);

    // This device's own connection: it comes back to whoever is there then.
    rig.input(Input::LinkLost);
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.wait(10_000).input(Input::LinkReady).entered_call(&["dan"], &[], Some(&call), number);
    assert_eq!((rig.phase(), rig.standing("bob"), rig.standing("dan")), (Phase::InCall, Standing::Left, Standing::In));
    // Each try to come back that fails is told; the time runs from the first loss.
    rig.input(Input::LinkLost).wait(15_000).input(Input::LinkLost).wait(15_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn who_has_answered_and_does_not_come_is_not_waited_for_for_ever() {
    let mut rig = Rig::calling_group();
    let call = rig.call_id();
    rig.input(accepted(&call, "bob", "bob-1")).input(timed_out_for(&call, &["carol", "dan"]));
    assert_eq!((rig.phase(), rig.standing("bob")), (Phase::Connecting, Standing::Coming));
    rig.wait(10_000);
    assert_eq!((rig.end(), rig.standing("bob")), (Some(EndReason::HungUp), Standing::Lost));
}

#[test]
fn the_end_of_the_group_or_of_membership_ends_the_call_here() {
    let dismissed =
        Event::GroupDismissed(GroupChange { group_id: group(), op_user: user("bob"), group_name: "Class".into() });
    let gone = |who: &str| {
        Event::MemberKicked(GroupMembers { group_id: group(), op_user: user("bob"), member_list: users(&[who]) })
    };
    for event in [dismissed, gone("alice")] {
        let mut rig = Rig::with_bob();
        rig.input(live(event));
        assert_eq!(rig.end(), Some(EndReason::EndedByServer));
    }
    let mut rig = Rig::with_bob();
    let (call, number) = (rig.call_id(), rig.number());
    rig.input(live(gone("carol"))).input(timed_out_for(&call, &["carol", "dan"])).input(went(
        "bob",
        number,
        LeaveReason::Exit,
    ));
    rig.exited(0, 1_000);
    let (_, request) = rig.take("inviteInGroup");
    assert!(matches!(request, Request::InviteInGroup(hangup) if hangup.invitee_list == users(&["bob", "dan"])));
}

#[test]
fn history_of_groups_rings_nothing() {
    let mut rig = Rig::new();
    let Input::Delivery(mut delivery) = rung("b", "bob", &["alice"], None, true) else { panic!("a delivery") };
    delivery.history = true;
    rig.input(Input::Delivery(delivery)).input(rung("c", "bob", &["carol"], None, true));
    assert!(rig.machine.view().is_empty() && rig.requests.is_empty());
}

#[test]
fn what_the_room_said_to_an_earlier_stay_is_old_news() {
    let changed = |who: &str, here: bool, change: u64| {
        let (room_id, participant) = (room(500), participant(who, &format!("{who}-1")));
        live(match here {
            true => Event::RemoteUserEnterRoom(RoomEntered { room_id, participant, change }),
            false => Event::RemoteUserLeaveRoom(RoomLeft { room_id, participant, reason: LeaveReason::Exit, change }),
        })
    };
    let mut rig = Rig::new();
    let there = users(&["bob", "carol"]);
    rig.input(Input::Join { group: group(), room: room(500), call_id: Some(id("b")), there });
    // Dan came and went before this device was in; Carol leaves and Eve comes behind the answer, which overtakes that.
    rig.input(changed("dan", true, 7)).input(changed("carol", false, 10));
    rig.entered_at(&["bob", "carol"], 9);
    rig.input(changed("eve", true, 11)).input(changed("dan", true, 7)).input(changed("bob", false, 6));
    let here: Vec<_> = rig.view().participants.iter().map(|other| other.user_id.clone()).collect();
    assert_eq!(here, users(&["bob", "eve"]));
    assert_eq!(rig.standing("carol"), Standing::Left);
    // A server that was started anew counts from the beginning; the answer comes late.
    rig.input(Input::LinkLost).input(Input::LinkReady).input(changed("dan", true, 2)).entered_at(&["bob"], 1);
    assert_eq!(rig.standings().iter().filter(|(_, standing)| *standing == Standing::In).count(), 2, "bob and dan");
}

#[test]
fn who_was_in_another_call_than_thought_ends_that_one() {
    let mut rig = Rig::new();
    rig.input(Input::PlaceSeveral(Some(group()), users(&["bob", "carol"])));
    // The group had a call already, and the answer that says so is lost.
    rig.refused("enterRoom", Code::Disconnected).input(Input::LinkLost).wait(40_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    rig.input(Input::LinkReady);
    let exit = ExitRoomReply { remaining: 0, talked_ms: 61_000, call_id: Some(id("theirs")) };
    rig.reply("exitRoom", Ok(RequestReply::Exited(exit)));
    let (_, request) = rig.take("inviteInGroup");
    let Request::InviteInGroup(invite) = request else { panic!("not inviteInGroup") };
    let data = CallData::parse(&invite.data).expect("a call's");
    assert!(matches!(data.command, Command::Hangup { duration_s: 61 }), "{data:?}");
    assert_eq!((data.call_id, data.inviter), (Some(id("theirs")), None));
}
