//! Calls of several: one row however many invitations there are to one.
//!
//! What became of this user is in the answers to the invitations and in what the server says of the stay in the room;
//! the hang-up message, which the last one out writes, says how long the call lasted.

use serde::{Deserialize, Serialize};

use crate::protocol::{
    InviteId, UserId,
    call_data::CallData,
    event::{InviteeAnswer, LeaveReason, NewInvitation, RoomExited},
};

use super::{
    super::view::{Direction, EndReason},
    Log, StoredRow,
};

/// Most people that a row names.
const PEOPLE_MAX: usize = 200;

/// One invitation to the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leg {
    id: InviteId,
    /// This user made it.
    own: bool,
    /// Who was invited, and how that ended; `None` while it is open, and [`EndReason::HungUp`] for who accepted.
    parts: Vec<(UserId, Option<EndReason>)>,
}

/// Whether a call invitation is one of several: in a group, to a call that is on, or together with others.
pub(super) fn is_of_several(invitation: &NewInvitation, data: &CallData) -> bool {
    let other = data.call_id.as_ref().is_some_and(|call| *call != invitation.invite_id);
    invitation.group_id.is_some() || other || !data.users.is_empty()
}

impl StoredRow {
    fn meet<'a>(&mut self, users: impl IntoIterator<Item = &'a UserId>, me: &UserId) {
        for user in users {
            let people = &mut self.row.people;
            if user != me && !people.contains(user) && people.len() < PEOPLE_MAX {
                people.push(user.clone());
            }
        }
    }

    fn is_open_for(&self, user: &UserId) -> bool {
        self.legs.iter().flat_map(|leg| &leg.parts).any(|(whose, end)| whose == user && end.is_none())
    }

    /// How an own call ended that nobody came to; `None` while somebody may come.
    fn why_nobody_came(&self) -> Option<EndReason> {
        let parts = self.legs.iter().filter(|leg| leg.own).flat_map(|leg| &leg.parts);
        let ends: Option<Vec<EndReason>> = parts.map(|(_, end)| *end).collect();
        let ends = ends?;
        let first = *ends.first()?;
        Some(if ends.iter().all(|end| *end == first) { first } else { EndReason::NoAnswer })
    }
}

impl Log {
    /// An invitation to a call of several that this user made, is named in, or hears of from inside the call.
    pub(super) fn called_with_others(&mut self, invitation: &NewInvitation, data: &CallData, time_ms: i64) {
        let call_id = data.call_id.as_ref().unwrap_or(&invitation.invite_id);
        let own = invitation.inviter == self.me;
        let named = invitation.invitee_list.contains(&self.me);
        let there = match self.find(call_id) {
            None if own => {
                let Some(first) = invitation.invitee_list.first() else { return };
                self.begin(call_id, first, Direction::Outgoing, time_ms)
            }
            None if named => self.begin(call_id, &invitation.inviter, Direction::Incoming, time_ms),
            there => there,
        };
        let Some(i) = there else { return };
        let me = self.me.clone();
        let stored = &mut self.rows[i];
        if stored.legs.iter().any(|leg| leg.id == invitation.invite_id) {
            return;
        }
        if !stored.row.is_party() {
            // A call of two so far.
            let peer = stored.row.peer.clone();
            stored.meet([&peer], &me);
        }
        stored.row.group = stored.row.group.take().or_else(|| invitation.group_id.clone());
        stored.meet([&invitation.inviter].into_iter().chain(&invitation.invitee_list).chain(&data.users), &me);
        if named && !stored.row.answered {
            // Called again.
            stored.row.result = None;
            stored.row.device_name = None;
        }
        let parts = invitation.invitee_list.iter().map(|user| (user.clone(), None)).collect();
        stored.legs.push(Leg { id: invitation.invite_id.clone(), own, parts });
        self.changed.insert(call_id.clone());
    }

    fn leg(&mut self, id: &InviteId) -> Option<(usize, usize)> {
        self.rows.iter().enumerate().rev().find_map(|(i, stored)| {
            let leg = stored.legs.iter().position(|leg| leg.id == *id)?;
            Some((i, leg))
        })
    }

    fn end_part(&mut self, i: usize, leg: usize, user: &UserId, end: EndReason) {
        let parts = &mut self.rows[i].legs[leg].parts;
        if let Some((_, open)) = parts.iter_mut().find(|(whose, open)| whose == user && open.is_none()) {
            *open = Some(end);
        }
    }

    /// Somebody accepted. `false`: not an invitation to a call of several.
    pub(super) fn part_accepted(&mut self, answer: &InviteeAnswer, time_ms: i64) -> bool {
        let Some((i, leg)) = self.leg(&answer.invite_id) else { return false };
        let elsewhere = self.elsewhere(answer);
        let mine = answer.invitee == self.me;
        self.end_part(i, leg, &answer.invitee, EndReason::HungUp);
        let stored = &mut self.rows[i];
        if mine || (stored.legs[leg].own && !stored.row.answered) {
            stored.accepted_ms.get_or_insert(time_ms);
            stored.row.answered = true;
        }
        if mine && !stored.exited {
            stored.row.result = elsewhere.is_some().then_some(EndReason::AnsweredElsewhere);
            stored.row.device_name = elsewhere;
        }
        let id = stored.row.call_id.clone();
        self.changed.insert(id);
        true
    }

    /// Parts ended without an acceptance. `false`: not an invitation to a call of several.
    pub(super) fn parts_ended(
        &mut self,
        id: &InviteId,
        whose: &[UserId],
        reason: EndReason,
        device_name: Option<&str>,
    ) -> bool {
        let Some((i, leg)) = self.leg(id) else { return false };
        for user in whose {
            self.end_part(i, leg, user, reason);
        }
        let stored = &mut self.rows[i];
        let mine = whose.contains(&self.me);
        if !stored.row.answered {
            if mine && stored.row.direction == Direction::Incoming && !stored.is_open_for(&self.me) {
                stored.row.result = Some(reason);
                stored.row.device_name = device_name.map(str::to_owned);
            }
            if stored.row.direction == Direction::Outgoing {
                stored.row.result = stored.why_nobody_came();
            }
        }
        let id = stored.row.call_id.clone();
        self.changed.insert(id);
        true
    }

    /// The last one out has said how long the call lasted.
    pub(super) fn party_hung_up(&mut self, i: usize, duration_s: u64, time_ms: i64) {
        let stored = &mut self.rows[i];
        stored.row.call_s = stored.row.call_s.max(duration_s);
        if stored.row.answered && !stored.exited && !stored.hung_up {
            // How long this user was in it nobody has said: no longer than since the answer.
            stored.row.duration_s = stored.believable(duration_s, time_ms);
            stored.row.result.get_or_insert(EndReason::HungUp);
            stored.hung_up = true;
        }
        // What is over need not be kept.
        stored.legs.retain(|leg| leg.parts.iter().any(|(_, end)| end.is_none()));
        let id = stored.row.call_id.clone();
        self.changed.insert(id);
    }

    /// A device of this user is out of a call of several.
    pub(super) fn exited(&mut self, exited: &RoomExited, time_ms: i64) {
        let Some(call_id) = &exited.call_id else { return };
        let me = self.me.clone();
        let talked_ms = i64::try_from(exited.talked_ms).unwrap_or(i64::MAX);
        let there = self.find(call_id).or_else(|| {
            // Joined without having been called.
            let outgoing = exited.opener == me;
            let direction = if outgoing { Direction::Outgoing } else { Direction::Incoming };
            let peer = exited.user_list.first().filter(|_| outgoing).unwrap_or(&exited.opener).clone();
            self.begin(call_id, &peer, direction, time_ms.saturating_sub(talked_ms))
        });
        let Some(i) = there else { return };
        let stored = &mut self.rows[i];
        stored.row.group = stored.row.group.take().or_else(|| exited.group_id.clone());
        stored.meet(&exited.user_list, &me);
        let talked_s = exited.talked_ms / 1000;
        stored.row.duration_s = if stored.exited { stored.row.duration_s.saturating_add(talked_s) } else { talked_s };
        stored.exited = true;
        stored.row.answered = true;
        let reason = match exited.reason {
            LeaveReason::Exit => EndReason::HungUp,
            LeaveReason::Lost => EndReason::ConnectionLost,
            LeaveReason::Removed => EndReason::EndedByServer,
        };
        if stored.row.result != Some(EndReason::AnsweredElsewhere) {
            stored.row.result = Some(reason);
        }
        self.changed.insert(call_id.clone());
    }
}
