//! Every way in which a call ends.

use super::*;
use crate::call::CONNECTION_LOST;

#[test]
fn the_caller_learns_why_nobody_answered() {
    for (event, end) in [
        (rejected as fn(&InviteId, &str, &str, Option<&str>) -> Input, EndReason::Declined),
        (|call, who, on, _| rejected(call, who, on, Some("lineBusy")), EndReason::Busy),
        (|call, who, on, _| rejected(call, who, on, Some("doNotDisturb")), EndReason::NotAvailable),
        (|call, who, _, _| timed_out(call, who), EndReason::NoAnswer),
    ] {
        let mut rig = Rig::ringing();
        let call = rig.call_id();
        rig.input(event(&call, "bob", "bob-1", None));
        assert_eq!(rig.end(), Some(end));
        assert_eq!((rig.pending("exitRoom"), rig.pending("cancel")), (1, 0));
        assert!(rig.media.is_empty() && rig.hangups().is_empty());
    }
}

#[test]
fn offline_is_who_had_no_device_and_never_rang() {
    for (rings, end) in [(false, EndReason::Offline), (true, EndReason::NoAnswer)] {
        let mut rig = Rig::new();
        rig.input(Input::Place(user("bob"))).entered(&[]).invited(&[]);
        let call = rig.call_id();
        if rings {
            rig.wait(3_000).input(notice(&call, Command::Ringing));
        }
        rig.input(timed_out(&call, "bob"));
        assert_eq!(rig.end(), Some(end));
    }
}

#[test]
fn giving_up_cancels() {
    let mut rig = Rig::ringing();
    let call = rig.call_id();
    rig.input(Input::HangUp(call.clone()));
    assert_eq!(rig.end(), Some(EndReason::Cancelled), "at once");
    assert_eq!((rig.pending("exitRoom"), rig.pending("cancel")), (1, 1));
    rig.refused("cancel", Code::InvalidInviteId);
    assert_eq!(rig.end(), Some(EndReason::Cancelled), "8010 is no error");
    rig.wait(120_000);
    assert!(rig.hangups().is_empty());
}

#[test]
fn giving_up_before_the_invitation_is_out_leaves_the_room_only() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob")));
    let call = rig.call_id();
    rig.input(Input::HangUp(call));
    assert_eq!((rig.pending("exitRoom"), rig.pending("cancel")), (1, 0));
    rig.entered(&[]);
    assert_eq!((rig.requests.len(), rig.end()), (1, Some(EndReason::Cancelled)), "only exitRoom is left to answer");
}

#[test]
fn an_answer_that_crosses_the_cancellation_is_told_by_the_event() {
    let mut rig = Rig::ringing();
    let call = rig.call_id();
    rig.input(Input::HangUp(call.clone())).input(accepted(&call, "bob", "bob-1"));
    assert_eq!(rig.end(), Some(EndReason::HungUp));
    rig.wait(4_999);
    assert!(rig.hangups().is_empty());
    rig.wait(1);
    assert_eq!(rig.hangups(), [(0, Some(call), Some(user("alice")))]);
}

#[test]
fn the_callee_learns_why_it_stopped_ringing() {
    let b = id("b");
    for (event, end, detail) in [
        (cancelled(&b, "bob"), EndReason::Cancelled, None),
        (timed_out(&b, "alice"), EndReason::NoAnswer, None),
        (accepted(&b, "alice", "alice-2"), EndReason::AnsweredElsewhere, Some("alice-2's name")),
        (rejected(&b, "alice", "alice-2", None), EndReason::DeclinedElsewhere, Some("alice-2's name")),
    ] {
        for answering in [false, true] {
            let mut rig = if answering { Rig::answering() } else { Rig::incoming() };
            rig.input(event.clone());
            assert_eq!((rig.end(), rig.view().detail.as_deref()), (Some(end), detail));
            assert_eq!(rig.pending("exitRoom"), usize::from(answering));
            if answering {
                rig.refused("accept", Code::InvalidInviteId);
            }
            rig.wait(120_000);
            assert_eq!((rig.end(), rig.hangups().len()), (Some(end), 0));
            assert_eq!(rig.machine.view().len(), 1, "until dismissed");
            rig.input(Input::Dismiss(id("b"))).wait(0);
            assert!(rig.machine.view().is_empty());
            assert_eq!(rig.machine.next_deadline(), None);
        }
    }
}

#[test]
fn a_late_answer_waits_for_the_event_and_not_for_ever() {
    let mut rig = Rig::answering();
    rig.refused("accept", Code::InvalidInviteId);
    assert_eq!(rig.phase(), Phase::Connecting, "8010 shows nothing");
    let mut silent = Rig::answering();
    rig.input(cancelled(&id("b"), "bob"));
    assert_eq!(rig.end(), Some(EndReason::Cancelled));
    silent.refused("accept", Code::InvalidInviteId).wait(2_000);
    assert_eq!(silent.end(), Some(EndReason::Cancelled));
}

#[test]
fn a_room_that_is_gone_means_that_the_caller_is() {
    let mut rig = Rig::incoming();
    rig.input(Input::Accept(id("b"))).refused("enterRoom", Code::NotFound);
    assert_eq!((rig.phase(), rig.pending("accept")), (Phase::Connecting, 0));
    let mut silent = Rig::incoming();
    rig.input(cancelled(&id("b"), "bob"));
    assert_eq!(rig.end(), Some(EndReason::Cancelled));
    silent.input(Input::Accept(id("b"))).refused("enterRoom", Code::NotFound).wait(2_000);
    assert_eq!((silent.end(), silent.pending("reject")), (Some(EndReason::Failed), 1));
}

#[test]
fn declining_is_final_unless_the_server_knows_better() {
    let mut rig = Rig::incoming();
    rig.input(Input::Reject(id("b")));
    assert_eq!((rig.end(), rig.pending("reject")), (Some(EndReason::Declined), 1));
    rig.refused("reject", Code::InvalidInviteId).input(cancelled(&id("b"), "bob"));
    assert_eq!(rig.end(), Some(EndReason::Cancelled));
    rig.input(accepted(&id("b"), "alice", "alice-2"));
    assert_eq!(rig.end(), Some(EndReason::Cancelled), "the first is the only");
}

#[test]
fn during_a_call_the_line_is_busy() {
    for mut rig in [Rig::calling(), Rig::ringing(), Rig::talking_as_caller(), Rig::incoming(), Rig::talking_as_callee()]
    {
        let phase = rig.phase();
        let carol = NewInvitation { inviter: user("carol"), device_id: device("carol-1"), ..invitation("c") };
        rig.requests.clear();
        rig.input(live(Event::ReceiveNewInvitation(carol.clone())));
        rig.input(live(Event::ReceiveNewInvitation(carol)));
        assert_eq!((rig.phase(), rig.machine.view().len()), (phase, 1));
        let (_, Request::Reject(reject)) = rig.take("reject") else { panic!("no reject") };
        assert!(CallData::parse(&reject.data).expect("call data").is_line_busy());
        assert_eq!((reject.invite_id, rig.requests.len()), (id("c"), 0));
        assert!(matches!(&rig.rest[..], [Output::ToldBusy(who)] if *who == user("carol")));
    }
}

#[test]
fn who_is_not_to_be_disturbed_is_not_rung() {
    for mut rig in [Rig::new(), Rig::talking_as_caller(), Rig::ringing()] {
        let before: Vec<Phase> = rig.machine.view().iter().map(|view| view.phase).collect();
        let carol = NewInvitation { inviter: user("carol"), device_id: device("carol-1"), ..invitation("c") };
        rig.input(Input::DoNotDisturb(true));
        rig.requests.clear();
        rig.input(live(Event::ReceiveNewInvitation(carol.clone())));
        rig.input(live(Event::ReceiveNewInvitation(carol)));
        let after: Vec<Phase> = rig.machine.view().iter().map(|view| view.phase).collect();
        assert_eq!(after, before, "nothing rings, and what goes on goes on");
        let (_, Request::Reject(reject)) = rig.take("reject") else { panic!("no reject") };
        assert!(CallData::parse(&reject.data).expect("call data").is_do_not_disturb());
        assert_eq!((reject.invite_id, rig.requests.len()), (id("c"), 0), "no notice of ringing either");
        assert!(rig.rest.is_empty(), "not even a word of it");
    }
    let mut rig = Rig::new();
    rig.input(Input::DoNotDisturb(true)).input(Input::DoNotDisturb(false)).input(call_from_bob("b"));
    assert_eq!(rig.phase(), Phase::Incoming);
    // What rings already goes on: that it was switched on meanwhile is no answer to it.
    rig.input(Input::DoNotDisturb(true));
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::Incoming, 0));
    // The same device calls anew: its first call is dead, and the second does not ring.
    rig.input(call_from_bob("d"));
    assert_eq!((rig.end(), rig.pending("reject")), (Some(EndReason::Cancelled), 1));
}

#[test]
fn own_calls_need_no_leave_to_disturb() {
    let mut rig = Rig::new();
    rig.input(Input::DoNotDisturb(true)).input(Input::Place(user("bob")));
    rig.entered(&[]).invited(&["bob"]);
    let call = rig.call_id();
    rig.peer_enters().input(accepted(&call, "bob", "bob-1"));
    assert_eq!(rig.phase(), Phase::InCall);
    // Both call each other: the smaller identifier is the call, and it is answered by itself.
    let mut rig = Rig::calling();
    rig.input(Input::DoNotDisturb(true)).input(call_from_bob("b"));
    assert_eq!(rig.machine.view().len(), 1);
    assert!(rig.requests.iter().all(|(_, request)| !matches!(request, Request::Reject(_))));
}

#[test]
fn what_another_device_turns_away_is_not_declined() {
    let mut rig = Rig::incoming();
    rig.input(rejected(&id("b"), "alice", "alice-2", Some("doNotDisturb")));
    assert_eq!((rig.end(), rig.view().detail), (Some(EndReason::NotAvailable), None));
}

#[test]
fn another_device_of_the_peer_gets_busy_and_the_same_one_a_new_call() {
    let mut rig = Rig::talking_as_callee();
    let other = NewInvitation { device_id: device("bob-2"), ..invitation("c") };
    rig.input(live(Event::ReceiveNewInvitation(other)));
    assert_eq!((rig.phase(), rig.pending("reject")), (Phase::InCall, 1));
    rig.wait(2_000).input(call_from_bob("d"));
    assert_eq!((rig.phase(), rig.call_id()), (Phase::Incoming, id("d")));
    assert_eq!(rig.media, [true, false]);
    assert_eq!(rig.hangups(), [(2, Some(id("b")), Some(user("bob")))]);
    assert_eq!(rig.machine.view().len(), 1, "the old one makes room");
}

#[test]
fn who_hangs_up_leaves_and_speaks_only_if_the_other_does_not() {
    for heard in [true, false] {
        let mut rig = Rig::talking_as_caller();
        let call = rig.call_id();
        rig.wait(83_999).input(Input::HangUp(call.clone()));
        assert_eq!((rig.end(), rig.view().duration_s), (Some(EndReason::HungUp), 83));
        assert_eq!((&rig.media[..], rig.pending("exitRoom")), (&[true, false][..], 1));
        assert!(rig.hangups().is_empty());
        if heard {
            rig.wait(1_000).input(notice(&call, Command::Hangup { duration_s: 83 }));
        }
        rig.wait(60_000);
        let expected = if heard { vec![] } else { vec![(83, Some(call), Some(user("alice")))] };
        assert_eq!(rig.hangups(), expected);
        rig.input(Input::Dismiss(rig.call_id())).wait(60_000);
        assert_eq!(rig.machine.next_deadline(), None, "nothing is left");
    }
}

#[test]
fn who_remains_ends_the_call_and_tells_the_log() {
    for (reason, end, message) in [
        (LeaveReason::Exit, EndReason::HungUp, None),
        (LeaveReason::Lost, EndReason::ConnectionLost, Some(CONNECTION_LOST)),
    ] {
        let mut rig = Rig::talking_as_callee();
        rig.wait(5_500).peer_leaves(reason);
        assert_eq!((rig.end(), rig.view().duration_s, rig.pending("exitRoom")), (Some(end), 5, 1));
        assert_eq!(rig.hangups(), [(5, Some(id("b")), Some(user("bob")))]);
        assert_eq!(rig.notices()[0].message.as_deref(), message);
        let sent = rig.requests.iter().find_map(|(_, request)| match request {
            Request::Invite(invite) => Some((invite.timeout, invite.online_user_only, invite.invitee.clone())),
            _ => None,
        });
        assert_eq!(sent, Some((0, false, user("bob"))));
        rig.wait(60_000);
        assert_eq!(rig.hangups().len(), 1, "once");
    }
}

#[test]
fn a_hangup_message_ends_what_is_left_of_the_call() {
    let mut rig = Rig::talking_as_callee();
    rig.input(notice(&id("b"), Command::Hangup { duration_s: 9 }));
    assert_eq!((rig.end(), &rig.media[..]), (Some(EndReason::HungUp), &[true, false][..]));
    rig.wait(60_000);
    assert!(rig.hangups().is_empty(), "the log has it");
}

#[test]
fn hanging_up_while_the_answer_travels() {
    let mut rig = Rig::answering();
    rig.input(Input::HangUp(id("b")));
    assert_eq!((rig.end(), rig.pending("reject"), rig.pending("exitRoom")), (Some(EndReason::HungUp), 1, 1));
    let mut too_late = Rig::answering();
    too_late.input(Input::HangUp(id("b")));
    rig.done("accept").refused("reject", Code::InvalidInviteId).wait(5_000);
    assert_eq!((rig.end(), rig.hangups().len()), (Some(EndReason::HungUp), 1));
    too_late.input(rejected(&id("b"), "alice", "alice-1", None)).wait(10_000);
    assert_eq!((too_late.end(), too_late.hangups().len()), (Some(EndReason::Declined), 0));
}

#[test]
fn the_caller_that_left_while_the_answer_travelled_is_noticed() {
    let mut rig = Rig::answering();
    rig.peer_leaves(LeaveReason::Exit);
    assert_eq!(rig.phase(), Phase::Connecting);
    rig.done("accept");
    assert_eq!((rig.end(), rig.hangups().len()), (Some(EndReason::HungUp), 1));
}

#[test]
fn ringing_ends_without_a_word_from_the_server() {
    let mut rig = Rig::ringing();
    rig.wait(32_999);
    assert_eq!(rig.phase(), Phase::Ringing);
    rig.wait(1);
    assert_eq!((rig.end(), rig.pending("cancel")), (Some(EndReason::NoAnswer), 1));
    let call = rig.call_id();
    rig.input(cancelled(&call, "alice"));
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));

    let mut rig = Rig::incoming();
    rig.wait(33_000);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
    let long = NewInvitation { remaining_ms: Some(86_400_000), ..invitation("c") };
    rig.input(live(Event::ReceiveNewInvitation(long))).wait(93_000);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer), "a day is too long to ring");
}

#[test]
fn a_signed_out_device_has_no_calls() {
    for mut rig in [Rig::ringing(), Rig::incoming(), Rig::talking_as_caller(), Rig::talking_as_callee()] {
        let media = rig.media.clone();
        rig.requests.clear();
        rig.input(Input::SignedOut(error(Code::KickedOffline)));
        assert_eq!(rig.end(), Some(EndReason::EndedByServer));
        assert!(rig.view().detail.is_some_and(|detail| detail.contains("6208")));
        assert_eq!(rig.media.len(), 2 * media.len());
        rig.wait(120_000);
        assert!(rig.requests.is_empty());
    }
}
