//! A relay that falls silent during a talk, and is heard again.

use super::{party::*, *};
use crate::call::{Network, Standing};

impl Rig {
    /// The relay has said nothing for half a second.
    fn relay_silent(&mut self) -> &mut Self {
        self.wait(500).input(Input::RelaySilent(500))
    }

    fn stands(&self) -> (Phase, Network) {
        (self.phase(), self.view().network)
    }

    fn tests(&self) -> usize {
        self.rest.iter().filter(|output| matches!(output, Output::TestLink)).count()
    }
}

const GOOD: (Phase, Network) = (Phase::InCall, Network::Good);
const WEAK: (Phase, Network) = (Phase::InCall, Network::Weak);
const LOST: (Phase, Network) = (Phase::Reconnecting, Network::Lost);

#[test]
fn a_silence_is_weak_then_lost_then_over() {
    let mut rig = Rig::talking_as_caller();
    rig.relay_silent().wait(1_499);
    assert_eq!((rig.stands(), rig.tests()), (GOOD, 0));
    rig.wait(1);
    assert_eq!((rig.stands(), rig.tests()), (WEAK, 1), "the connection to the server is looked at");
    rig.wait(999);
    assert_eq!(rig.stands(), WEAK);
    rig.wait(1);
    assert_eq!(rig.stands(), LOST);
    rig.wait(26_999);
    assert_eq!((rig.stands(), rig.tests()), (LOST, 1));
    rig.wait(1);
    assert_eq!((rig.end(), rig.view().network), (Some(EndReason::ConnectionLost), Network::Good));
    assert_eq!((rig.pending("exitRoom"), rig.hangups().len()), (1, 1), "the server hears of it if it can");
}

#[test]
fn the_first_packet_makes_it_good_again() {
    let mut rig = Rig::talking_as_callee();
    for silence_ms in [200, 1_700, 20_000] {
        rig.relay_silent().wait(silence_ms).input(Input::RelayHeard);
        assert_eq!((rig.stands(), rig.machine.next_deadline()), (GOOD, None));
    }
    rig.wait(100_000);
    assert_eq!((rig.stands(), rig.tests()), (GOOD, 2));
}

#[test]
fn a_long_silence_is_told_late_only_because_it_began_before_the_call() {
    let mut rig = Rig::talking_as_caller();
    rig.input(Input::RelaySilent(u64::MAX));
    assert_eq!(rig.stands(), GOOD);
    rig.wait(2_000);
    assert_eq!(rig.stands(), LOST);
}

#[test]
fn the_half_minute_runs_from_the_first_silence() {
    let mut rig = Rig::talking_as_caller();
    rig.relay_silent().wait(4_500).input(Input::LinkLost);
    assert_eq!(rig.stands(), LOST);
    rig.wait(10_000).input(Input::LinkLost).wait(14_999);
    assert_eq!(rig.stands(), LOST);
    rig.wait(1);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn a_server_that_is_back_brings_a_fresh_relay() {
    let mut rig = Rig::talking_as_callee();
    rig.relay_silent().wait(4_500).input(Input::LinkLost).wait(20_000).input(Input::LinkReady);
    assert_eq!(rig.stands(), LOST);
    rig.entered(&[("bob", "bob-1")]);
    assert_eq!((rig.stands(), &rig.media[..]), (GOOD, &[true, true][..]));
    rig.relay_silent().wait(2_500);
    assert_eq!(rig.stands(), LOST, "it says nothing either");
    rig.wait(27_000);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn the_relay_alone_does_not_bring_the_server_back() {
    let mut rig = Rig::talking_as_callee();
    rig.relay_silent().wait(4_500).input(Input::LinkLost).input(Input::RelayHeard).wait(24_999);
    assert_eq!(rig.stands(), LOST);
    rig.wait(1);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn what_the_peer_does_meanwhile_counts() {
    let mut rig = Rig::talking_as_caller();
    rig.relay_silent().wait(5_000).peer_leaves(LeaveReason::Exit);
    assert_eq!(rig.end(), Some(EndReason::HungUp), "the server still tells");
    let mut rig = Rig::talking_as_caller();
    rig.peer_link(false).relay_silent().wait(2_500).input(Input::RelayHeard);
    assert_eq!(rig.stands(), (Phase::Reconnecting, Network::Good), "now it is the peer's turn");
    rig.wait(32_999);
    assert_eq!(rig.phase(), Phase::Reconnecting);
    rig.wait(1);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
    let mut rig = Rig::talking_as_caller();
    rig.peer_link(false).relay_silent().wait(2_500).peer_link(true).input(Input::RelayHeard);
    assert_eq!((rig.stands(), rig.machine.next_deadline()), (GOOD, None));
}

#[test]
fn who_holds_waits_for_no_relay() {
    let mut rig = Rig::talking_as_caller();
    let call = rig.call_id();
    rig.relay_silent().wait(2_500);
    assert_eq!(rig.stands(), LOST);
    rig.input(Input::Hold(call)).entered(&[("bob", "bob-1")]).wait(100_000);
    assert_eq!((rig.stands(), rig.view().on_hold), (GOOD, true));
}

#[test]
fn a_call_of_several_is_lost_and_found_like_one_of_two() {
    let mut rig = Rig::called_in_group();
    rig.input(Input::Accept(id("b")));
    rig.entered_call(&["bob"], &[("b", &["alice", "carol"])], Some(&id("b")), 500).done("accept");
    assert_eq!(rig.stands(), GOOD);
    rig.relay_silent().wait(1_500);
    assert_eq!((rig.stands(), rig.tests()), (WEAK, 1));
    rig.wait(1_000);
    assert_eq!(rig.stands(), LOST);
    rig.input(came("carol", 500));
    assert_eq!((rig.stands(), rig.standing("carol")), (LOST, Standing::In));
    rig.input(Input::RelayHeard);
    assert_eq!(rig.stands(), GOOD);
    rig.relay_silent().wait(2_500).input(linked("bob", 500, false)).input(linked("carol", 500, false));
    rig.wait(5_000).input(Input::RelayHeard);
    assert_eq!(rig.stands(), (Phase::Reconnecting, Network::Good), "all the others are cut off, too");
    rig.input(linked("bob", 500, true)).relay_silent().wait(29_500);
    assert_eq!(rig.end(), Some(EndReason::ConnectionLost));
}

#[test]
fn who_is_left_alone_in_a_silence_has_been_left() {
    let mut rig = Rig::called_in_group();
    rig.input(Input::Accept(id("b")));
    rig.entered_call(&["bob"], &[("b", &["alice"])], Some(&id("b")), 500).done("accept");
    rig.relay_silent().wait(5_000).input(went("bob", 500, LeaveReason::Exit));
    assert_eq!(rig.end(), Some(EndReason::HungUp));
}
