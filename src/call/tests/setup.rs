//! From the wish to call to the first word.

use super::*;

#[test]
fn the_invitation_goes_out_from_inside_the_room() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob")));
    assert_eq!(rig.phase(), Phase::Calling, "at once");
    assert_eq!((rig.pending("enterRoom"), rig.pending("invite")), (1, 0));
    rig.entered(&[]);
    let Some((_, Request::Invite(invite))) = rig.requests.back() else { panic!("no invite") };
    assert_eq!((invite.timeout, invite.online_user_only, &invite.invitee), (30, false, &user("bob")));
    assert_eq!(invite.room_id, rig.view().room, "it lets the callee in");
    let data = CallData::parse(&invite.data).expect("call data");
    assert_eq!((data.command, Some(data.room)), (Command::AudioCall, rig.view().room));
    assert_eq!(rig.call_id(), invite.invite_id);
}

#[test]
fn a_taken_room_is_replaced_by_another() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob")));
    let first = rig.view().room;
    rig.refused("enterRoom", Code::IdInUse);
    assert_ne!(rig.view().room, first);
    rig.entered(&[]);
    assert_eq!(rig.pending("invite"), 1);
}

#[test]
fn rooms_are_not_tried_for_ever() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob")));
    for _ in 0..5 {
        assert_eq!(rig.phase(), Phase::Calling);
        rig.refused("enterRoom", Code::IdInUse);
    }
    assert_eq!(rig.end(), Some(EndReason::Failed));
    assert!(rig.view().detail.is_some_and(|detail| detail.contains("10021")));
}

#[test]
fn nobody_calls_oneself_or_twice() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("alice")));
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::InvalidParameters)));
    assert!(rig.machine.view().is_empty());
    let mut rig = Rig::ringing();
    rig.input(Input::Place(user("carol")));
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::InvalidOperation)));
    assert_eq!(rig.phase(), Phase::Ringing);
}

#[test]
fn a_callee_that_does_not_exist_fails_the_call() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob"))).entered(&[]).refused("invite", Code::PeerNotFound);
    assert_eq!(rig.end(), Some(EndReason::Failed));
    assert_eq!((rig.pending("exitRoom"), rig.pending("cancel")), (1, 0));
}

#[test]
fn the_caller_talks_when_the_callee_is_in_the_room_and_has_accepted() {
    for enters_first in [true, false] {
        let mut rig = Rig::ringing();
        let call = rig.call_id();
        rig.wait(5_000);
        if enters_first {
            rig.peer_enters();
            assert_eq!(rig.phase(), Phase::Ringing);
            rig.input(accepted(&call, "bob", "bob-1"));
        } else {
            rig.input(accepted(&call, "bob", "bob-1"));
            assert_eq!(rig.phase(), Phase::Connecting);
            rig.peer_enters();
        }
        assert_eq!((rig.phase(), rig.view().talking_since_ms), (Phase::InCall, Some(rig.now_ms)));
        assert_eq!(rig.media, [true]);
        assert_eq!(rig.machine.next_deadline(), None);
    }
}

#[test]
fn the_callee_hears_nothing_before_the_server_has_taken_the_answer() {
    let mut rig = Rig::answering();
    assert!(rig.media.is_empty());
    rig.done("accept");
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true][..]));
    assert_eq!(rig.view().participants.len(), 1);
}

#[test]
fn the_ringing_notice_names_the_call() {
    let mut rig = Rig::new();
    rig.input(call_from_bob("b"));
    let (_, Request::Invite(invite)) = rig.take("invite") else { panic!("no invite") };
    assert_eq!((invite.timeout, invite.online_user_only, &invite.invitee), (0, true, &user("bob")));
    let data = CallData::parse(&invite.data).expect("call data");
    assert_eq!((data.command, data.call_id), (Command::Ringing, Some(id("b"))));
}

#[test]
fn ringing_is_believed_only_of_the_callee() {
    let mut rig = Rig::calling();
    let Input::Delivery(mut delivery) = notice(&rig.call_id(), Command::Ringing) else { panic!("a delivery") };
    if let Event::ReceiveNewInvitation(invitation) = &mut delivery.event {
        invitation.inviter = user("mallory");
    }
    rig.input(Input::Delivery(delivery));
    assert_eq!(rig.phase(), Phase::Calling);
}

#[test]
fn what_is_no_call_never_rings() {
    let hangup = CallData { command: Command::Hangup { duration_s: 3 }, ..CallData::audio(room(5)) };
    let unknown = CallData { command: Command::Unknown("dance".into()), ..CallData::audio(room(5)) };
    for data in ["hello", r#"{"businessID":"shop"}"#, &hangup.to_json(), &unknown.to_json()] {
        let mut rig = Rig::new();
        rig.input(live(Event::ReceiveNewInvitation(NewInvitation { data: data.into(), ..invitation("b") })));
        assert!(rig.machine.view().is_empty() && rig.requests.is_empty(), "{data}");
    }
    for odd in [
        NewInvitation { invitee_list: vec![user("carol")], ..invitation("b") },
        NewInvitation { inviter: user("alice"), invitee_list: vec![user("bob")], ..invitation("b") },
        NewInvitation {
            group_id: crate::protocol::GroupId::new("g").ok(),
            invitee_list: vec![user("carol")],
            ..invitation("b")
        },
        NewInvitation { remaining_ms: Some(0), ..invitation("b") },
    ] {
        let mut rig = Rig::new();
        rig.input(live(Event::ReceiveNewInvitation(odd)));
        assert!(rig.machine.view().is_empty() && rig.requests.is_empty());
    }
    let mut rig = Rig::new();
    let history = Delivery { seq: 1, time_ms: 0, history: true, event: Event::ReceiveNewInvitation(invitation("b")) };
    rig.input(Input::Delivery(history));
    assert!(rig.machine.view().is_empty());
}

#[test]
fn an_invitation_told_twice_is_one_call() {
    let mut rig = Rig::incoming();
    rig.input(call_from_bob("b"));
    assert_eq!((rig.machine.view().len(), rig.requests.len()), (1, 0));
    rig.input(Input::Reject(id("b"))).input(call_from_bob("b"));
    assert_eq!((rig.machine.view().len(), rig.end()), (1, Some(EndReason::Declined)));
}

#[test]
fn an_end_before_its_invitation_is_remembered_for_a_minute() {
    for end in [cancelled(&id("b"), "bob"), timed_out(&id("b"), "alice"), accepted(&id("b"), "alice", "alice-2")] {
        let mut rig = Rig::new();
        rig.input(end.clone()).wait(59_000).input(call_from_bob("b"));
        assert!(rig.machine.view().is_empty() && rig.requests.is_empty());
        let mut rig = Rig::new();
        rig.input(end).wait(61_000).input(call_from_bob("b"));
        assert_eq!(rig.phase(), Phase::Incoming);
    }
}

#[test]
fn calling_back_who_rings_is_answering() {
    let mut rig = Rig::incoming();
    rig.input(Input::Place(user("bob")));
    assert_eq!(rig.phase(), Phase::Connecting);
    assert!(rig.rest.is_empty());
    assert_eq!(rig.pending("enterRoom"), 1);
}

#[test]
fn who_does_not_connect_is_lost() {
    let mut rig = Rig::ringing();
    let call = rig.call_id();
    rig.input(accepted(&call, "bob", "bob-1")).wait(9_999);
    assert_eq!(rig.phase(), Phase::Connecting);
    rig.wait(1);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    assert_eq!(rig.hangups(), [(0, Some(call), Some(user("alice")))], "the log hears of it");
    assert_eq!(rig.media, [true, false]);

    let mut rig = Rig::incoming();
    rig.input(Input::Accept(id("b"))).wait(10_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    assert_eq!((rig.pending("exitRoom"), rig.pending("reject")), (1, 1), "the caller shall not ring on");
}

#[test]
fn an_answer_by_the_api_itself_enters_the_room() {
    let mut rig = Rig::incoming();
    rig.input(accepted(&id("b"), "alice", "alice-1"));
    assert_eq!(rig.phase(), Phase::Connecting);
    rig.entered(&[("bob", "bob-1")]);
    assert_eq!((rig.phase(), rig.pending("accept")), (Phase::InCall, 0));
}
