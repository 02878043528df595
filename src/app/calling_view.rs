//! What the window remembers of a choice of people to call.

use std::collections::BTreeSet;

use super::groups_view::Picking;
use crate::{
    call::{CallView, Standing},
    engine::state::{Group, State},
    protocol::{GroupId, InviteId, UserId, event::Presence},
};

/// People are being chosen.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) what: What,
    pub(crate) picking: Picking,
}

/// What for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A call of several people.
    Several,
    /// A call in a group.
    Group(GroupId),
    /// To come into the call that is on.
    Add(InviteId),
}

impl Calling {
    /// People for a new call.
    pub(crate) fn several() -> Self {
        Self { what: What::Several, picking: Picking { focus: true, ..Picking::default() } }
    }

    /// People to add to a call.
    pub(crate) fn add(call: &CallView) -> Self {
        let picking = Picking { focus: true, ..Picking::default() };
        Self { what: What::Add(call.call_id.clone()), picking }
    }

    /// Members of a group: whoever can be reached is ticked, or those of `before` who still are members.
    pub(crate) fn group(state: &State, group: &Group, before: Option<&[UserId]>) -> Self {
        let me = state.me.as_ref().map(|me| &me.user);
        let here: BTreeSet<&UserId> = state
            .people
            .iter()
            .filter(|person| matches!(person.presence, Presence::Online | Presence::InCall))
            .map(|person| &person.user)
            .collect();
        let members = group.members.iter().map(|member| &member.user).filter(|user| Some(*user) != me);
        let ticked = |user: &&UserId| match before {
            Some(before) => before.contains(user),
            None => here.contains(user),
        };
        let picking = Picking { focus: true, chosen: members.filter(ticked).cloned().collect(), ..Picking::default() };
        Self { what: What::Group(group.id.clone()), picking }
    }

    /// What it is for is still there.
    pub(crate) fn is_possible(&self, state: &State) -> bool {
        match &self.what {
            What::Several => free(state),
            What::Group(group) => free(state) && state.group(group).is_some(),
            What::Add(call) => state.calls.iter().any(|view| view.call_id == *call && view.is_live()),
        }
    }

    /// Whether somebody can be chosen.
    pub(crate) fn may_pick(&self, state: &State, user: &UserId) -> bool {
        match &self.what {
            What::Several => true,
            What::Group(group) => {
                state.group(group).is_some_and(|group| group.members.iter().any(|member| member.user == *user))
            }
            What::Add(call) => {
                let view = state.calls.iter().find(|view| view.call_id == *call);
                let there = |view: &CallView| {
                    let other = view.others.iter().find(|other| other.user == *user);
                    other.is_some_and(|other| other.standing.is_busy_here()) || (!view.is_party() && view.peer == *user)
                };
                view.is_some_and(|view| !there(view))
            }
        }
    }
}

/// No call is on here.
pub(crate) fn free(state: &State) -> bool {
    !state.calls.iter().any(|call| call.is_live())
}

/// Where somebody of a call comes in a list: who is in it first, then who may come, then the others.
pub(crate) fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::In | Standing::Reconnecting | Standing::OnHold => 0,
        Standing::Coming | Standing::Ringing => 1,
        Standing::Declined
        | Standing::Busy
        | Standing::NotAvailable
        | Standing::NoAnswer
        | Standing::Cancelled
        | Standing::Left
        | Standing::Lost
        | Standing::Failed => 2,
    }
}
