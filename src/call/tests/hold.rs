//! A second call during a talk, and talks on hold.

use super::{
    party::{came, went},
    *,
};
use crate::protocol::{api::EnterRoom, event::RoomHold};

/// Carol's invitation to Alice, to another room than Bob's.
fn call_from_carol() -> Input {
    live(Event::ReceiveNewInvitation(NewInvitation {
        inviter: user("carol"),
        device_id: device("carol-1"),
        data: CallData::audio(room(600)).to_json(),
        ..invitation("c")
    }))
}

impl Rig {
    /// Alice talks with Bob, and Carol's call waits.
    fn waiting() -> Self {
        let mut rig = Self::talking_as_callee();
        rig.input(Input::CallWaiting(true)).input(call_from_carol());
        assert_eq!(rig.phases(), [("b", Phase::InCall, false), ("c", Phase::Incoming, false)]);
        rig.requests.clear();
        rig
    }

    /// Alice talks with Carol, and has Bob on hold.
    fn two_calls() -> Self {
        let mut rig = Self::waiting();
        rig.input(Input::Accept(id("c")));
        assert_eq!(rig.phases(), [("c", Phase::Connecting, false), ("b", Phase::InCall, true)]);
        assert_eq!(rig.media, [true, false], "silent at once");
        assert_eq!(rig.enters(), [on_hold(500), beside(600)]);
        rig.entered(&[("bob", "bob-1")]).entered(&[("carol", "carol-1")]).done("accept");
        assert_eq!(rig.phases(), [("c", Phase::InCall, false), ("b", Phase::InCall, true)]);
        assert_eq!(rig.media, [true, false, true]);
        rig
    }

    fn phases(&self) -> Vec<(&'static str, Phase, bool)> {
        let name = |call: &InviteId| if *call == id("b") { "b" } else { "c" };
        self.machine.view().iter().map(|call| (name(&call.call_id), call.phase, call.on_hold)).collect()
    }

    /// The pending requests to enter a room.
    fn enters(&self) -> Vec<EnterRoom> {
        let enter = |request: &Request| match request {
            Request::EnterRoom(enter) => Some(enter.clone()),
            _ => None,
        };
        self.requests.iter().filter_map(|(_, request)| enter(request)).collect()
    }
}

fn beside(number: u32) -> EnterRoom {
    EnterRoom { keep_others: true, ..EnterRoom::of(room(number)) }
}

fn on_hold(number: u32) -> EnterRoom {
    EnterRoom { on_hold: true, ..beside(number) }
}

#[test]
fn without_call_waiting_the_line_is_busy() {
    let mut rig = Rig::talking_as_callee();
    rig.input(call_from_carol());
    assert_eq!(rig.phases(), [("b", Phase::InCall, false)]);
    assert!(matches!(&rig.rest[..], [Output::ToldBusy(who)] if *who == user("carol")));
}

#[test]
fn only_a_talk_lets_others_wait() {
    for mut rig in [Rig::calling(), Rig::incoming(), Rig::answering(), Rig::waiting(), Rig::two_calls()] {
        rig.requests.clear();
        let before = rig.machine.view();
        let dave = NewInvitation { inviter: user("dave"), device_id: device("dave-1"), ..invitation("d") };
        rig.input(Input::CallWaiting(true)).input(live(Event::ReceiveNewInvitation(dave)));
        assert_eq!((rig.machine.view(), rig.pending("reject")), (before, 1));
    }
}

#[test]
fn who_does_not_want_to_be_disturbed_is_not() {
    let mut rig = Rig::talking_as_callee();
    rig.input(Input::CallWaiting(true)).input(Input::DoNotDisturb(true)).input(call_from_carol());
    assert_eq!((rig.phases().len(), rig.pending("reject")), (1, 1));
}

#[test]
fn a_waiting_call_that_ends_leaves_the_talk_alone() {
    let declined = Input::Reject(id("c"));
    let hung_up = Input::HangUp(id("c"));
    for end in [declined, hung_up, cancelled(&id("c"), "carol"), timed_out(&id("c"), "alice")] {
        let mut rig = Rig::waiting();
        rig.input(end).wait(1000);
        assert_eq!(rig.phases()[0], ("b", Phase::InCall, false));
        assert_eq!((&rig.media[..], rig.pending("enterRoom")), (&[true][..], 0));
    }
}

#[test]
fn the_talk_that_ends_leaves_the_waiting_call_ringing() {
    let mut rig = Rig::waiting();
    rig.input(Input::HangUp(id("b")));
    assert_eq!(rig.phases(), [("c", Phase::Incoming, false), ("b", Phase::Ended, false)]);
    rig.input(Input::Accept(id("c"))).entered(&[("carol", "carol-1")]).done("accept");
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true, false, true][..]));
}

#[test]
fn who_switches_goes_on_with_the_other_one() {
    let mut rig = Rig::two_calls();
    rig.input(Input::Resume(id("b")));
    assert_eq!(rig.phases(), [("b", Phase::InCall, false), ("c", Phase::InCall, true)]);
    assert_eq!(rig.enters(), [on_hold(600), beside(500)]);
    assert_eq!(rig.media, [true, false, true, false], "no sound before there is a fresh key");
    rig.entered(&[("carol", "carol-1")]).entered(&[("bob", "bob-1")]);
    assert_eq!(rig.media, [true, false, true, false, true]);
    // What is on hold is not held again, and what is not is not resumed.
    rig.input(Input::Hold(id("c"))).input(Input::Resume(id("b")));
    assert!(rig.enters().is_empty());
}

#[test]
fn when_a_call_is_over_the_one_that_gave_way_goes_on() {
    let mut rig = Rig::two_calls();
    rig.wait(3_000).input(went("carol", 600, LeaveReason::Exit));
    assert_eq!(rig.phases(), [("b", Phase::InCall, false), ("c", Phase::Ended, false)]);
    assert_eq!(rig.enters(), [beside(500)]);
    rig.entered(&[("bob", "bob-1")]);
    assert_eq!(rig.media, [true, false, true, false, true]);
    assert_eq!(rig.hangups(), [(3, Some(id("c")), Some(user("carol")))], "each call has its own end");
    rig.wait(2_000).input(Input::HangUp(id("b"))).wait(6_000);
    assert_eq!(rig.hangups()[1], (5, Some(id("b")), Some(user("bob"))), "the time on hold counts");
}

#[test]
fn what_was_put_on_hold_by_hand_stays_there() {
    let mut rig = Rig::talking_as_callee();
    rig.input(Input::Hold(id("b")));
    assert_eq!((rig.enters(), &rig.media[..]), (vec![on_hold(500)], &[true, false][..]));
    rig.entered(&[("bob", "bob-1")]).input(Input::CallWaiting(true)).input(call_from_carol());
    assert_eq!(rig.phases(), [("c", Phase::Incoming, false), ("b", Phase::InCall, true)]);
    rig.input(Input::Accept(id("c"))).entered(&[("carol", "carol-1")]).done("accept");
    rig.input(Input::HangUp(id("c")));
    assert_eq!(rig.phases()[0], ("b", Phase::InCall, true));
    rig.input(Input::Resume(id("b"))).entered(&[("bob", "bob-1")]);
    assert_eq!(rig.media, [true, false, true, false, true]);
}

#[test]
fn the_one_on_hold_may_hang_up() {
    let mut rig = Rig::two_calls();
    rig.input(went("bob", 500, LeaveReason::Exit));
    assert_eq!(rig.phases(), [("c", Phase::InCall, false), ("b", Phase::Ended, false)]);
    assert_eq!(rig.media.last(), Some(&true), "the other one talks on");
    assert_eq!(rig.hangups().len(), 1);
}

#[test]
fn both_calls_survive_a_lost_connection() {
    let mut rig = Rig::two_calls();
    rig.input(Input::LinkLost).wait(5_000);
    assert_eq!(rig.phases(), [("c", Phase::Reconnecting, false), ("b", Phase::Reconnecting, true)]);
    rig.input(Input::LinkReady);
    assert_eq!(rig.enters(), [on_hold(500), beside(600)]);
    rig.entered(&[("bob", "bob-1")]).entered(&[("carol", "carol-1")]);
    assert_eq!(rig.phases(), [("c", Phase::InCall, false), ("b", Phase::InCall, true)]);
    assert_eq!(rig.media, [true, false, true, true], "the same sound on a new connection");
    rig.input(Input::LinkLost).wait(31_000);
    assert!(rig.machine.view().iter().all(|call| call.end == Some(EndReason::ConnectionLost)));
}

#[test]
fn whoever_holds_while_cut_off_comes_back_on_hold() {
    let mut rig = Rig::talking_as_callee();
    rig.input(Input::LinkLost).input(Input::Hold(id("b")));
    assert!(rig.enters().is_empty());
    rig.input(Input::LinkReady);
    assert_eq!(rig.enters().iter().map(|enter| enter.on_hold).collect::<Vec<_>>(), [true]);
    rig.entered(&[("bob", "bob-1")]);
    assert_eq!((rig.phases(), rig.media.last()), (vec![("b", Phase::InCall, true)], Some(&false)));
}

#[test]
fn an_answer_that_was_overtaken_counts_no_more() {
    let mut rig = Rig::talking_as_callee();
    rig.input(Input::Hold(id("b"))).input(Input::Resume(id("b")));
    assert_eq!(rig.pending("enterRoom"), 2);
    rig.refused("enterRoom", Code::RequestTimeout);
    assert_eq!((rig.phase(), &rig.media[..]), (Phase::InCall, &[true, false][..]));
    rig.entered(&[("bob", "bob-1")]).wait(5_000);
    assert_eq!((&rig.media[..], rig.pending("enterRoom")), (&[true, false, true][..], 0));
}

#[test]
fn what_happens_before_the_answer_is_not_undone_by_it() {
    let mut rig = Rig::talking_as_callee();
    rig.input(Input::Hold(id("b"))).input(came("dave", 500)).input(went("bob", 500, LeaveReason::Exit));
    rig.entered(&[("bob", "bob-1")]);
    let names: Vec<String> = rig.view().participants.iter().map(|other| other.user_id.to_string()).collect();
    assert_eq!(names, ["dave"]);
}

#[test]
fn a_room_that_is_gone_ends_the_call_that_was_on_hold() {
    let mut rig = Rig::two_calls();
    rig.input(Input::Resume(id("b"))).entered(&[("carol", "carol-1")]).refused("enterRoom", Code::NotFound);
    assert_eq!(rig.phases(), [("c", Phase::InCall, false), ("b", Phase::Ended, false)]);
    rig.entered(&[("carol", "carol-1")]);
    assert_eq!(rig.media.last(), Some(&true), "and the one that gave way to it goes on");
}

#[test]
fn one_sees_that_the_other_holds() {
    let mut rig = Rig::talking_as_callee();
    let hold = |on_hold| {
        let participant = Participant { on_hold, ..participant("bob", "bob-1") };
        live(Event::RemoteUserHoldChanged(RoomHold { room_id: room(500), participant, change: 0 }))
    };
    rig.input(hold(true));
    assert!(rig.view().peer_holds() && rig.phase() == Phase::InCall);
    rig.input(came("dave", 500));
    let standings: Vec<_> = rig.view().others.iter().map(|other| other.standing).collect();
    assert_eq!(standings, [crate::call::Standing::OnHold, crate::call::Standing::In]);
    rig.input(hold(false));
    assert_eq!(rig.view().others[0].standing, crate::call::Standing::In);
}

#[test]
fn nobody_switches_while_the_second_call_connects() {
    let mut rig = Rig::waiting();
    rig.input(Input::Accept(id("c"))).input(Input::Resume(id("b")));
    assert!(matches!(&rig.rest[..], [Output::Refused { error, .. }] if error.is(Code::InvalidOperation)));
    assert_eq!(rig.phases(), [("c", Phase::Connecting, false), ("b", Phase::InCall, true)]);
    // It comes to nothing: the talk goes on.
    rig.entered(&[("bob", "bob-1")]).refused("enterRoom", Code::NotFound).wait(3_000);
    assert_eq!(rig.phases()[0], ("b", Phase::InCall, false));
}
