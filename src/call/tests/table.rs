//! What a person sees, hears and can do is a function of the state alone.

use super::*;
use crate::call::{Action, Cue, Direction};

const PHASES: [Phase; 7] = [
    Phase::Calling,
    Phase::Ringing,
    Phase::Incoming,
    Phase::Connecting,
    Phase::InCall,
    Phase::Reconnecting,
    Phase::Ended,
];
const ENDS: [EndReason; 12] = [
    EndReason::HungUp,
    EndReason::Declined,
    EndReason::NoAnswer,
    EndReason::Offline,
    EndReason::Busy,
    EndReason::NotAvailable,
    EndReason::Cancelled,
    EndReason::AnsweredElsewhere,
    EndReason::DeclinedElsewhere,
    EndReason::EndedByServer,
    EndReason::ConnectionLost,
    EndReason::Failed,
];

fn at(phase: Phase, direction: Direction, end: Option<EndReason>) -> CallView {
    CallView { phase, direction, end, ..Rig::calling().view() }
}

#[test]
fn each_phase_has_its_sound_its_window_and_its_buttons() {
    for direction in [Direction::Outgoing, Direction::Incoming] {
        for phase in PHASES {
            let view = at(phase, direction, (phase == Phase::Ended).then_some(EndReason::AnsweredElsewhere));
            let expected: (Option<Cue>, bool, &[Action]) = match phase {
                Phase::Calling => (None, false, &[Action::HangUp]),
                Phase::Ringing => (Some(Cue::Ringback), false, &[Action::HangUp]),
                Phase::Incoming => (Some(Cue::Ringtone), true, &[Action::Accept, Action::Reject]),
                Phase::InCall => (None, false, &[Action::Mute, Action::Hold, Action::AddPeople, Action::HangUp]),
                Phase::Connecting | Phase::Reconnecting => (None, false, &[Action::Mute, Action::HangUp]),
                Phase::Ended => (None, false, &[Action::CallAgain, Action::Dismiss]),
            };
            assert_eq!((view.cue(), view.pops_up(), view.actions()), expected, "{phase:?} {direction:?}");
            let held = CallView { on_hold: true, ..view };
            if matches!(phase, Phase::InCall | Phase::Reconnecting) {
                assert_eq!(held.actions(), [Action::Resume, Action::HangUp]);
            }
        }
    }
}

#[test]
fn what_is_over_never_sounds_on() {
    for direction in [Direction::Outgoing, Direction::Incoming] {
        for end in ENDS {
            let cue = at(Phase::Ended, direction, Some(end)).cue();
            assert!(cue.is_none_or(|cue| !cue.is_loop()), "{end:?}");
        }
    }
    let outgoing = |end| at(Phase::Ended, Direction::Outgoing, Some(end)).cue();
    assert_eq!(outgoing(EndReason::Busy), Some(Cue::Busy));
    assert_eq!(outgoing(EndReason::NotAvailable), Some(Cue::Busy));
    assert_eq!(at(Phase::Ended, Direction::Incoming, Some(EndReason::NotAvailable)).cue(), None);
    assert_eq!(outgoing(EndReason::Declined), Some(Cue::Declined));
    assert_eq!(outgoing(EndReason::NoAnswer), Some(Cue::Failed));
    assert_eq!(outgoing(EndReason::HungUp), Some(Cue::Ended));
    assert_eq!(outgoing(EndReason::Cancelled), None);
}

#[test]
fn the_ladders_reach_every_phase() {
    let mut lost = Rig::talking_as_caller();
    lost.input(Input::LinkLost);
    let mut over = Rig::incoming();
    over.input(Input::Reject(id("b")));
    let reached: Vec<Phase> =
        [Rig::calling(), Rig::ringing(), Rig::incoming(), Rig::answering(), Rig::talking_as_callee(), lost, over]
            .iter()
            .map(Rig::phase)
            .collect();
    assert_eq!(reached, PHASES);
}
