//! Connections that break and come back.

use super::*;

fn lose(rig: &mut Rig) {
    for (ticket, _) in std::mem::take(&mut rig.requests) {
        rig.input(Input::Reply(ticket, Err(error(Code::Disconnected))));
    }
    rig.input(Input::LinkLost);
    assert!(rig.requests.is_empty(), "nothing is asked of nobody");
}

#[test]
fn a_talk_survives_a_lost_connection() {
    let mut rig = Rig::talking_as_caller();
    rig.wait(10_000);
    lose(&mut rig);
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.wait(29_000).input(Input::LinkReady);
    let Some((_, Request::EnterRoom(enter))) = rig.requests.front() else { panic!("{:?}", rig.requests) };
    assert!(!enter.create);
    rig.entered(&[("bob", "bob-1")]);
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true, true][..]), "with the fresh token");
    rig.wait(1_000).peer_leaves(LeaveReason::Exit);
    assert_eq!(rig.view().duration_s, 40, "the gap counts");
}

#[test]
fn a_connection_that_stays_away_ends_the_talk() {
    let mut rig = Rig::talking_as_callee();
    lose(&mut rig);
    rig.wait(30_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    rig.wait(50_000);
    assert!(rig.requests.is_empty());
    rig.input(Input::LinkReady);
    assert_eq!((rig.pending("exitRoom"), rig.hangups().len()), (1, 1));
}

#[test]
fn trying_in_vain_to_connect_again_keeps_no_talk_alive() {
    let mut rig = Rig::talking_as_callee();
    lose(&mut rig);
    for _ in 0..3 {
        rig.wait(9_000).input(Input::LinkLost);
    }
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.wait(3_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn what_the_other_said_meanwhile_is_not_said_again() {
    let mut rig = Rig::talking_as_callee();
    lose(&mut rig);
    rig.wait(31_000).input(notice(&id("b"), Command::Hangup { duration_s: 30 })).input(Input::LinkReady).wait(60_000);
    assert!(rig.hangups().is_empty());
}

#[test]
fn a_room_that_is_gone_or_empty_ends_the_talk() {
    let mut rig = Rig::talking_as_caller();
    lose(&mut rig);
    rig.wait(3_000).input(Input::LinkReady).refused("enterRoom", Code::NotFound);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    let mut rig = Rig::talking_as_caller();
    lose(&mut rig);
    rig.wait(3_000).input(Input::LinkReady).entered(&[]);
    assert_eq!((rig.end(), rig.hangups().len()), (Some(EndReason::HungUp), 1));
}

#[test]
fn the_peers_connection_is_waited_for() {
    let mut rig = Rig::talking_as_callee();
    rig.peer_link(false).wait(999);
    assert_eq!(rig.phase(), Phase::InCall, "a moment does not show");
    rig.wait(1);
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.wait(20_000).peer_link(true);
    assert_eq!((rig.phase(), rig.machine.next_deadline()), (Phase::InCall, None));
    rig.peer_link(false).wait(500).peer_link(true);
    assert_eq!((rig.phase(), rig.machine.next_deadline()), (Phase::InCall, None), "back before it showed");
    rig.peer_link(false).wait(34_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost), "should the server forget");
}

#[test]
fn an_answer_given_without_connection_counts_when_it_is_back() {
    let mut rig = Rig::incoming();
    rig.input(Input::LinkLost).wait(5_000).input(Input::Accept(id("b"))).wait(15_000);
    assert_eq!((rig.phase(), rig.requests.len()), (Phase::Connecting, 0));
    rig.input(Input::LinkReady).entered(&[("bob", "bob-1")]).done("accept");
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn an_answer_given_without_connection_is_void_after_the_deadline() {
    let mut rig = Rig::incoming();
    rig.input(Input::LinkLost).input(Input::Accept(id("b"))).wait(40_000).input(Input::LinkReady);
    assert_eq!(rig.end(), Some(EndReason::NoAnswer));
    assert_eq!((rig.pending("enterRoom"), rig.pending("accept")), (0, 0));
}

#[test]
fn an_answer_whose_fate_is_unknown_is_repeated_and_8010_then_is_no_refusal() {
    let mut rig = Rig::answering();
    lose(&mut rig);
    rig.wait(2_000);
    // The server did take it: the event was missed and comes with the replay.
    rig.input(accepted(&id("b"), "alice", "alice-1")).input(Input::LinkReady);
    rig.entered(&[("bob", "bob-1")]).refused("accept", Code::InvalidInviteId).wait(30_000);
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn a_request_without_answer_is_repeated_with_the_same_identifier() {
    let mut rig = Rig::new();
    rig.input(Input::Place(user("bob"))).entered(&[]);
    rig.refused("invite", Code::RequestTimeout);
    assert_eq!(rig.pending("invite"), 0);
    rig.wait(1_000);
    assert_eq!(rig.pending("invite"), 1);
    let call = rig.call_id();
    rig.invited(&["bob"]).input(accepted(&call, "bob", "bob-1"));
    assert_eq!(rig.phase(), Phase::Connecting);
}

#[test]
fn nothing_wished_without_connection_is_lost() {
    let mut rig = Rig::ringing();
    lose(&mut rig);
    let call = rig.call_id();
    rig.input(Input::HangUp(call)).wait(1_000).input(Input::LinkReady);
    assert_eq!((rig.pending("cancel"), rig.pending("exitRoom")), (1, 1));

    let mut rig = Rig::incoming();
    rig.input(Input::LinkLost).input(Input::Reject(id("b"))).input(Input::LinkReady);
    assert_eq!(rig.pending("reject"), 1);
    rig.done("reject").wait(60_000).input(Input::LinkReady);
    assert_eq!(rig.requests.len(), 0, "and nothing is sent twice");
}

#[test]
fn a_call_placed_without_connection_goes_out_or_fails() {
    let mut rig = Rig::new();
    rig.input(Input::LinkLost).input(Input::Place(user("bob"))).wait(10_000);
    assert_eq!((rig.phase(), rig.requests.len()), (Phase::Calling, 0));
    rig.input(Input::LinkReady).entered(&[]);
    assert_eq!(rig.pending("invite"), 1);
    let mut rig = Rig::new();
    rig.input(Input::LinkLost).input(Input::Place(user("bob"))).wait(33_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    rig.input(Input::LinkReady);
    assert_eq!((rig.pending("invite"), rig.pending("cancel")), (0, 0));
}

#[test]
fn an_end_that_comes_as_history_counts_for_a_known_call() {
    let mut rig = Rig::ringing();
    lose(&mut rig);
    let event = Event::InviteeAccepted(answer(&rig.call_id(), "bob", "bob-1", None));
    rig.input(Input::Delivery(Delivery { seq: 4, time_ms: 0, history: true, event }));
    assert_eq!(rig.phase(), Phase::Connecting);
    rig.input(Input::LinkReady).entered(&[("bob", "bob-1")]);
    assert_eq!(rig.phase(), Phase::InCall);
}

#[test]
fn an_answer_older_than_the_events_does_not_undo_them() {
    let mut rig = Rig::ringing();
    lose(&mut rig);
    let call = rig.call_id();
    rig.input(Input::LinkReady).peer_enters().entered(&[]).input(accepted(&call, "bob", "bob-1"));
    assert_eq!(rig.phase(), Phase::InCall);
    lose(&mut rig);
    rig.input(Input::LinkReady).peer_leaves(LeaveReason::Exit).entered(&[("bob", "bob-1")]);
    assert_eq!(rig.end(), Some(EndReason::HungUp));
}
