//! What a phone does by itself: place the one call, answer, hang up after a while, and know when it is done.

use std::collections::BTreeSet;

use crate::{
    call::{CallView, Direction, EndReason, Phase},
    engine::{
        Command, State,
        state::{Problem, Session},
    },
    protocol::{InviteId, UserId},
};

use super::PhoneArgs;

/// How the phone ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As was wished.
    Done,
    /// Otherwise; in a sentence.
    Failed(String),
}

/// The phone's own part.
#[derive(Debug)]
pub(crate) struct Pilot {
    call: Option<UserId>,
    auto_answer: bool,
    duration_s: Option<u64>,
    was_online: bool,
    asked: bool,
    placed: Option<InviteId>,
    known: BTreeSet<InviteId>,
    answered: BTreeSet<InviteId>,
    hung_up: BTreeSet<InviteId>,
}

impl Pilot {
    pub(crate) fn new(args: &PhoneArgs) -> Self {
        Self {
            call: args.call.clone(),
            auto_answer: args.auto_answer,
            duration_s: args.duration,
            was_online: false,
            asked: false,
            placed: None,
            known: BTreeSet::new(),
            answered: BTreeSet::new(),
            hung_up: BTreeSet::new(),
        }
    }

    /// Whether a call is to be placed and the server has not been reached yet.
    pub(crate) fn waits_for_contact(&self) -> bool {
        self.call.is_some() && !self.was_online
    }

    /// The call that was placed because of `--call`.
    pub(crate) fn placed(&self) -> Option<&InviteId> {
        self.placed.as_ref()
    }

    /// Looks at a new state: what to command, and whether the phone is done.
    pub(crate) fn step(&mut self, state: &State) -> (Vec<Command>, Option<Verdict>) {
        let mut commands = Vec::new();
        match &state.session {
            Session::Online => self.was_online = true,
            Session::SignedOut { problem: Some(problem) } => {
                return (commands, Some(Verdict::Failed(sentence(problem))));
            }
            Session::CertificateChanged { address, pinned, shown } => {
                let problem = format!(
                    "The certificate of {address} has changed: {pinned} was trusted, now it shows {shown}. If you know \
                     why, remove this phone's profile folder and start again."
                );
                return (commands, Some(Verdict::Failed(problem)));
            }
            Session::SignedOut { problem: None }
            | Session::Starting
            | Session::Connecting(_)
            | Session::Offline { .. } => {}
        }
        if let Some(peer) = &self.call
            && !self.asked
            && state.session == Session::Online
        {
            self.asked = true;
            self.known.extend(state.calls.iter().map(|view| view.call_id.clone()));
            commands.push(Command::Call(peer.clone()));
        } else if self.asked && self.placed.is_none() {
            self.placed = self.find_placed(state);
        }
        for view in state.calls.iter().filter(|view| view.is_live()) {
            if self.auto_answer && view.phase == Phase::Incoming && self.answered.insert(view.call_id.clone()) {
                commands.push(Command::Accept(view.call_id.clone()));
            }
            if let Some(limit) = self.duration_s
                && view.talking_since_ms.is_some()
                && state.talk_seconds(view) >= limit
                && self.hung_up.insert(view.call_id.clone())
            {
                commands.push(Command::HangUp(view.call_id.clone()));
            }
        }
        let ended = self
            .placed
            .as_ref()
            .and_then(|placed| state.calls.iter().find(|view| view.call_id == *placed && !view.is_live()).map(verdict));
        (commands, ended)
    }

    /// The call with the wished peer that was not there before. After a glare it is the peer's call.
    fn find_placed(&self, state: &State) -> Option<InviteId> {
        let fits = |view: &&CallView| Some(&view.peer) == self.call.as_ref() && !self.known.contains(&view.call_id);
        let own = state.calls.iter().filter(fits).find(|view| view.direction == Direction::Outgoing);
        own.or_else(|| state.calls.iter().filter(fits).find(|view| view.phase != Phase::Incoming))
            .map(|view| view.call_id.clone())
    }
}

fn verdict(view: &CallView) -> Verdict {
    match view.end {
        Some(EndReason::HungUp) => Verdict::Done,
        _ => Verdict::Failed(format!("The call with {} did not come about: {}.", view.peer, end_words(view))),
    }
}

/// Why the server was not reached in time.
pub(crate) fn no_contact(state: &State) -> String {
    match &state.session {
        Session::Offline { problem, .. } => sentence(problem),
        _ => "The server does not answer; check its address and whether it runs.".to_owned(),
    }
}

/// A problem as a line.
pub(crate) fn sentence(problem: &Problem) -> String {
    format!("{} ({})", problem.detail, problem.code)
}

/// How a call ended, in words.
pub(crate) fn end_words(view: &CallView) -> String {
    let detail = view.detail.as_deref();
    match view.end {
        None => "not over".to_owned(),
        Some(EndReason::HungUp) => format!("hung up after {} s", view.duration_s),
        Some(EndReason::Declined) => "declined".to_owned(),
        Some(EndReason::NoAnswer) => "no answer".to_owned(),
        Some(EndReason::Offline) => "not reachable".to_owned(),
        Some(EndReason::Busy) => "busy".to_owned(),
        Some(EndReason::NotAvailable) => "not available".to_owned(),
        Some(EndReason::Cancelled) => "cancelled".to_owned(),
        Some(EndReason::AnsweredElsewhere) => format!("answered on {}", detail.unwrap_or("another device")),
        Some(EndReason::DeclinedElsewhere) => format!("declined on {}", detail.unwrap_or("another device")),
        Some(EndReason::EndedByServer) => "ended by the server".to_owned(),
        Some(EndReason::ConnectionLost) => format!("connection lost after {} s", view.duration_s),
        Some(EndReason::Failed) => format!("failed: {}", detail.unwrap_or("no details").trim_end_matches('.')),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::call::Network;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PhoneArgs,
    }

    fn pilot(more: &[&str]) -> Pilot {
        let line = ["phone", "--server", "s", "--user", "alice"].iter().chain(more);
        Pilot::new(&Line::try_parse_from(line).expect("arguments").args)
    }

    fn view(direction: Direction, phase: Phase, end: Option<EndReason>) -> CallView {
        CallView {
            call_id: InviteId::new("call").expect("valid"),
            peer: UserId::new("bob").expect("valid"),
            group: None,
            others: Arc::default(),
            direction,
            phase,
            room: None,
            participants: Arc::default(),
            talking_since_ms: (phase == Phase::InCall).then_some(1_000),
            ring_deadline_ms: None,
            end,
            detail: None,
            duration_s: 0,
            on_hold: false,
            network: Network::Good,
            lesson: None,
            lesson_over: None,
        }
    }

    fn state(session: Session, calls: &[CallView]) -> State {
        State { session, calls: calls.into(), ..State::default() }
    }

    #[test]
    fn a_phone_calls_once_and_ends_with_the_call() {
        let mut pilot = pilot(&["--call", "bob"]);
        let (commands, end) = pilot.step(&state(Session::Starting, &[]));
        assert!(commands.is_empty() && end.is_none() && pilot.waits_for_contact());
        let (commands, _) = pilot.step(&state(Session::Online, &[]));
        assert!(matches!(&commands[..], [Command::Call(user)] if user.as_str() == "bob"));
        assert!(!pilot.waits_for_contact());
        let calling = view(Direction::Outgoing, Phase::Calling, None);
        assert!(pilot.step(&state(Session::Online, &[calling])).0.is_empty());
        let ended = view(Direction::Outgoing, Phase::Ended, Some(EndReason::HungUp));
        assert_eq!(pilot.step(&state(Session::Online, &[ended])).1, Some(Verdict::Done));
    }

    #[test]
    fn a_call_that_does_not_come_about_is_a_failure_in_words() {
        let mut pilot = pilot(&["--call", "bob"]);
        pilot.step(&state(Session::Online, &[]));
        let ended = view(Direction::Outgoing, Phase::Ended, Some(EndReason::Busy));
        let Some(Verdict::Failed(words)) = pilot.step(&state(Session::Online, &[ended])).1 else {
            panic!("not a failure")
        };
        assert!(words.contains("busy"), "{words}");
    }

    #[test]
    fn a_phone_answers_each_call_once() {
        let mut pilot = pilot(&["--auto-answer"]);
        let ringing = state(Session::Online, &[view(Direction::Incoming, Phase::Incoming, None)]);
        assert!(matches!(pilot.step(&ringing).0[..], [Command::Accept(_)]));
        assert!(pilot.step(&ringing).0.is_empty());
    }

    #[test]
    fn a_phone_hangs_up_after_its_time() {
        let mut pilot = pilot(&["--duration", "3"]);
        let mut talking = state(Session::Online, &[view(Direction::Incoming, Phase::InCall, None)]);
        talking.now_ms = 3_999;
        assert!(pilot.step(&talking).0.is_empty());
        talking.now_ms = 4_000;
        assert!(matches!(pilot.step(&talking).0[..], [Command::HangUp(_)]));
        assert!(pilot.step(&talking).0.is_empty());
    }

    #[test]
    fn being_signed_out_ends_the_phone() {
        let problem = Some(Problem { code: 6206, detail: "The token is unknown.".into() });
        let (_, end) = pilot(&[]).step(&state(Session::SignedOut { problem }, &[]));
        assert_eq!(end, Some(Verdict::Failed("The token is unknown. (6206)".into())));
    }
}
