//! Words about calls of several: what they are called, who is in them, and how they ended.

use crate::{
    call::{CallView, Direction, EndReason, LogRow, Phase, Standing},
    engine::state::State,
    protocol::{GroupId, UserId},
};

use super::{format::duration_words, sentences, text::Text};

/// So many people are named; the others are counted.
const NAMED: usize = 3;

fn name_of<'a>(state: &'a State, user: &'a UserId) -> &'a str {
    match &state.me {
        Some(me) if me.user == *user => &me.display_name,
        _ => state.name_of(user),
    }
}

/// Some people by name, and how many more there are.
pub(crate) fn some_names(text: Text, state: &State, users: &[UserId], count: usize) -> String {
    let named: Vec<&str> = users.iter().take(NAMED).map(|user| name_of(state, user)).collect();
    let names = named.join(", ");
    match count.saturating_sub(named.len()) {
        0 => names,
        more => text.tr_with("names-and-more", &[("names", &names), ("count", &more.to_string())]),
    }
}

/// A group's name, also of one that this user is no longer in.
fn group_name(text: Text, state: &State, group: &GroupId) -> String {
    state.group(group).map_or_else(|| text.tr("call-of-a-group"), |group| group.name.clone())
}

/// What a call is called: the other one's name, the group's, or some of those in it.
pub(crate) fn call_name(text: Text, state: &State, call: &CallView) -> String {
    if let Some(group) = &call.group {
        return group_name(text, state, group);
    }
    if !call.is_party() {
        return state.name_of(&call.peer).to_owned();
    }
    let others: Vec<UserId> = call.others.iter().map(|other| other.user.clone()).collect();
    some_names(text, state, &others, others.len())
}

/// The same for a row of the log.
pub(crate) fn row_name(text: Text, state: &State, row: &LogRow) -> String {
    match &row.group {
        Some(group) => group_name(text, state, group),
        None if row.is_party() => some_names(text, state, &row.people, row.people.len()),
        None => state.name_of(&row.peer).to_owned(),
    }
}

/// What happened, as a row of the log says it.
pub(crate) fn row_result(text: Text, state: &State, row: &LogRow) -> String {
    let mut words = sentences::log_result(text, row);
    if !row.is_party() {
        return words;
    }
    // Less than a minute more is what it takes to leave one after the other.
    if row.answered && row.call_s > row.duration_s + 60 {
        let duration = duration_words(text, row.call_s);
        words = format!("{words} · {}", text.tr_with("log-call-lasted", &[("duration", &duration)]));
    }
    if row.group.is_some() && row.direction == Direction::Incoming {
        let caller = text.tr_with("log-called-by", &[("name", name_of(state, &row.peer))]);
        words = format!("{words} · {caller}");
    }
    words
}

/// Who calls, in a line.
pub(crate) fn incoming(text: Text, state: &State, call: &CallView) -> String {
    let name = state.name_of(&call.peer);
    match &call.group {
        Some(group) if is_lesson(state, call) => {
            text.tr_with("lesson-incoming", &[("name", name), ("group", &group_name(text, state, group))])
        }
        Some(group) => {
            text.tr_with("incoming-group-line", &[("name", name), ("group", &group_name(text, state, group))])
        }
        None if call.is_party() => {
            text.tr_with("incoming-several-line", &[("name", name), ("names", &call_name(text, state, call))])
        }
        None => text.tr_with("incoming-line", &[("name", name)]),
    }
}

/// Whether a call that rings is one into a lesson: the group's call says so.
pub(crate) fn is_lesson(state: &State, call: &CallView) -> bool {
    call.group.as_ref().and_then(|group| state.group_call(group)).is_some_and(|on| on.lesson)
}

/// How a call ended: a title, and a sentence that says more.
pub(crate) fn call_end(text: Text, state: &State, call: &CallView, end: EndReason) -> (String, String) {
    let name = if call.group.is_some() { state.name_of(&call.peer).to_owned() } else { call_name(text, state, call) };
    let (title, line) = sentences::end_reason(text, end, &name, call.detail.as_deref());
    if !call.is_party() {
        return (title, line);
    }
    let line = match (end, call.direction) {
        (EndReason::Declined, Direction::Outgoing) => text.tr("party-end-declined-line"),
        (EndReason::NoAnswer | EndReason::Offline, Direction::Outgoing) => text.tr("party-end-no-answer-line"),
        (EndReason::Busy, Direction::Outgoing) => text.tr("party-end-busy-line"),
        (EndReason::NotAvailable, Direction::Outgoing) => text.tr("party-end-not-available-line"),
        (EndReason::EndedByServer, _) if call.group.is_some() => text.tr("party-end-removed-line"),
        (EndReason::HungUp, _) => text.tr("party-end-hung-up-line"),
        _ => line,
    };
    (title, line)
}

/// Where somebody stands in a call of several.
pub(crate) fn standing(text: Text, standing: Standing) -> String {
    text.tr(match standing {
        Standing::Ringing => "standing-ringing",
        Standing::Coming => "standing-coming",
        Standing::In => "standing-in",
        Standing::Reconnecting => "standing-reconnecting",
        Standing::OnHold => "standing-on-hold",
        Standing::Declined => "standing-declined",
        Standing::Busy => "standing-busy",
        Standing::NotAvailable => "standing-not-available",
        Standing::NoAnswer => "standing-no-answer",
        Standing::Cancelled => "standing-cancelled",
        Standing::Left => "standing-left",
        Standing::Lost => "standing-lost",
        Standing::Failed => "standing-failed",
    })
}

/// Whether a call of several only waits for those who are being rung.
pub(crate) fn waits(call: &CallView) -> bool {
    call.phase == Phase::InCall && call.is_party() && call.lesson.is_none() && call.others_in() == 0
}
