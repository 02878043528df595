//! A call beside one that there is: whoever asks is told at once, because the call machine says it to people only.

use crate::call::{CallView, Phase};

use crate::engine::LessonCommand;

use super::lines::Ask;

/// Whether this wish would be one more call. To call back whoever rings is to answer, and a call that one is in is joined
/// already.
pub(super) fn is_one_too_many(calls: &[CallView], ask: &Ask) -> bool {
    let rings = |view: &CallView| view.phase == Phase::Incoming;
    let is_that_one = |view: &CallView| match ask {
        Ask::Call(users) => rings(view) && users.iter().all(|user| *user == view.peer),
        Ask::CallGroup(group, _) | Ask::Lesson(LessonCommand::Start { group, .. }) => {
            rings(view) && view.group.as_ref() == Some(group)
        }
        Ask::JoinCall(group) => view.group.as_ref() == Some(group),
        _ => true,
    };
    let mut live = calls.iter().filter(|view| view.is_live()).peekable();
    live.peek().is_some() && !live.any(is_that_one)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        call::{Direction, Network},
        protocol::{GroupId, InviteId, UserId},
    };

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("valid")
    }

    pub(in crate::phone) fn view(peer: &str, group: Option<&str>, phase: Phase) -> CallView {
        CallView {
            call_id: InviteId::new(peer).expect("valid"),
            peer: user(peer),
            group: group.map(|group| GroupId::new(group).expect("valid")),
            others: Arc::default(),
            direction: Direction::Incoming,
            phase,
            room: None,
            participants: Arc::default(),
            talking_since_ms: None,
            ring_deadline_ms: None,
            end: None,
            detail: None,
            duration_s: 0,
            on_hold: false,
            network: Network::Good,
            lesson: None,
            lesson_over: None,
        }
    }

    #[test]
    fn one_call_is_enough_but_what_rings_may_be_called_back() {
        let call = |names: &[&str]| Ask::Call(names.iter().map(|name| user(name)).collect());
        let group = |name: &str| GroupId::new(name).expect("valid");
        let talk = view("alice", None, Phase::InCall);
        let over = view("alice", None, Phase::Ended);
        assert!(!is_one_too_many(&[], &call(&["bob"])) && !is_one_too_many(&[over], &call(&["bob"])));
        for ask in [call(&["alice"]), call(&["bob"]), Ask::CallGroup(group("g"), vec![]), Ask::JoinCall(group("g"))] {
            assert!(is_one_too_many(std::slice::from_ref(&talk), &ask), "{ask:?}");
        }
        let calls = [talk, view("bob", None, Phase::Incoming)];
        assert!(!is_one_too_many(&calls, &call(&["bob"])), "an answer");
        assert!(is_one_too_many(&calls, &call(&["alice"])) && is_one_too_many(&calls, &call(&["bob", "carol"])));
        for (phase, calls_it, joins_it) in [(Phase::Incoming, false, false), (Phase::InCall, true, false)] {
            let calls = [view("bob", Some("g"), phase)];
            assert_eq!(is_one_too_many(&calls, &Ask::CallGroup(group("g"), vec![])), calls_it, "{phase:?}");
            assert_eq!(is_one_too_many(&calls, &Ask::JoinCall(group("g"))), joins_it, "{phase:?}");
            assert!(is_one_too_many(&calls, &Ask::JoinCall(group("other"))), "{phase:?}");
        }
    }
}
