//! Calls of two.

use crate::protocol::{
    InviteId, UserId,
    call_data::CallData,
    event::{InvitationCancelled, InviteeAnswer, NewInvitation},
};

use super::{
    super::{
        CONNECTION_LOST,
        view::{Direction, EndReason},
    },
    GAVE_WAY_MAX, Log, StoredRow,
};

/// Two hang-up messages of one call that differ by less than this, seconds, mean the same: the larger counts.
const SAME_S: u64 = 2;

impl StoredRow {
    fn is_with(&self, user: &UserId) -> bool {
        self.row.peer == *user || self.row.people.contains(user)
    }

    /// A length that the clock does not allow is not believed; one that has been set back says nothing.
    pub(super) fn believable(&self, duration_s: u64, now_ms: i64) -> u64 {
        let since_ms = self.accepted_ms.unwrap_or(self.row.time_ms);
        let longest_s = u64::try_from(now_ms.saturating_sub(since_ms)).map_or(u64::MAX, |ms| ms.div_ceil(1000));
        duration_s.min(longest_s)
    }
}

impl Log {
    /// The other one of an invitation between two.
    fn peer_of<'a>(&self, invitation: &'a NewInvitation) -> Option<&'a UserId> {
        if invitation.inviter == self.me {
            invitation.invitee_list.first()
        } else {
            invitation.invitee_list.contains(&self.me).then_some(&invitation.inviter)
        }
    }

    /// Somebody calls this user, or this user somebody.
    pub(super) fn called(&mut self, invitation: &NewInvitation, time_ms: i64) {
        let Some(peer) = self.peer_of(invitation) else { return };
        let outgoing = invitation.inviter == self.me;
        let direction = if outgoing { Direction::Outgoing } else { Direction::Incoming };
        self.begin(&invitation.invite_id, peer, direction, time_ms);
    }

    /// The call if nothing has ended it, nor answered it.
    fn open(&mut self, call_id: &InviteId) -> Option<&mut StoredRow> {
        let i = self.find(call_id)?;
        let stored = &mut self.rows[i];
        if stored.row.answered || stored.row.result.is_some() {
            return None;
        }
        self.changed.insert(call_id.clone());
        Some(stored)
    }

    pub(super) fn elsewhere(&self, answer: &InviteeAnswer) -> Option<String> {
        (answer.invitee == self.me && answer.device_id != self.device).then(|| answer.device_name.clone())
    }

    pub(super) fn accepted(&mut self, answer: &InviteeAnswer, time_ms: i64) {
        if self.part_accepted(answer, time_ms) {
            return;
        }
        let elsewhere = self.elsewhere(answer);
        let Some(stored) = self.open(&answer.invite_id) else { return };
        stored.accepted_ms = Some(time_ms);
        stored.row.answered = true;
        stored.row.result = elsewhere.is_some().then_some(EndReason::AnsweredElsewhere);
        stored.row.device_name = elsewhere;
    }

    pub(super) fn rejected(&mut self, answer: &InviteeAnswer) {
        let elsewhere = self.elsewhere(answer);
        let reason = match (CallData::parse(&answer.data), &elsewhere) {
            (Ok(data), _) if data.is_line_busy() => EndReason::Busy,
            (Ok(data), _) if data.is_do_not_disturb() => EndReason::NotAvailable,
            (_, Some(_)) => EndReason::DeclinedElsewhere,
            (_, None) => EndReason::Declined,
        };
        let whose = std::slice::from_ref(&answer.invitee);
        if !self.parts_ended(&answer.invite_id, whose, reason, elsewhere.as_deref()) {
            self.unanswered(&answer.invite_id, reason, elsewhere);
        }
    }

    pub(super) fn unanswered(&mut self, call_id: &InviteId, reason: EndReason, device_name: Option<String>) {
        let Some(stored) = self.open(call_id) else { return };
        stored.row.result = Some(reason);
        stored.row.device_name = device_name;
    }

    pub(super) fn cancelled(&mut self, cancelled: &InvitationCancelled) {
        let id = &cancelled.invite_id;
        if self.parts_ended(id, &cancelled.invitee_list, EndReason::Cancelled, None) {
            return;
        }
        let Some(peer) = self.open(id).map(|stored| stored.row.peer.clone()) else { return };
        let winner = CallData::parse(&cancelled.data).ok().filter(CallData::is_glare).and_then(|data| data.call_id);
        let winner = winner.map(|winner| self.last_winner(winner));
        let Some(i) = winner.as_ref().and_then(|id| self.find(id)).filter(|i| self.rows[*i].is_with(&peer)) else {
            return self.unanswered(id, EndReason::Cancelled, None);
        };
        // Both called each other, and this invitation gave way: the call is in the other row. Who gave way has called too.
        let winner = self.rows[i].row.call_id.clone();
        if cancelled.inviter == self.me && !self.rows[i].row.is_party() {
            self.rows[i].row.direction = Direction::Outgoing;
            self.changed.insert(winner.clone());
        }
        self.rows.retain(|stored| stored.row.call_id != *id);
        self.bury(id.clone());
        if self.gave_way.len() == GAVE_WAY_MAX {
            self.gave_way.pop_front();
        }
        self.gave_way.push_back((id.clone(), winner));
    }

    /// The call that is left where several invitations met: two users with two devices each make up to four.
    fn last_winner(&self, mut winner: InviteId) -> InviteId {
        // Nobody gives way twice; still, a ring must not hold the log up.
        for _ in 0..GAVE_WAY_MAX {
            let Some((_, next)) = self.gave_way.iter().find(|(loser, _)| *loser == winner) else { break };
            winner = next.clone();
        }
        winner
    }

    /// The hang-up message of a call of two.
    pub(super) fn pair_hung_up(&mut self, invitation: &NewInvitation, data: &CallData, duration_s: u64, time_ms: i64) {
        let Some(peer) = self.peer_of(invitation) else { return };
        let i = match &data.call_id {
            Some(call_id) => {
                self.find(call_id).or_else(|| self.begin_from_end(data, call_id, peer, duration_s, time_ms))
            }
            // Other clients do not name the call: it is the last one that was answered and is not over.
            None => {
                self.rows.iter().rposition(|stored| stored.row.peer == *peer && stored.row.answered && !stored.hung_up)
            }
        };
        let Some(stored) = i.map(|i| &mut self.rows[i]).filter(|stored| stored.row.peer == *peer) else { return };
        let never_answered = !stored.row.answered && stored.row.result.is_some();
        if never_answered {
            // The server knows better how that call ended.
            return;
        }
        let duration_s = stored.believable(duration_s, time_ms);
        if stored.hung_up {
            if duration_s.abs_diff(stored.row.duration_s) < SAME_S {
                stored.row.duration_s = duration_s.max(stored.row.duration_s);
            }
        } else {
            let lost = data.message.as_deref() == Some(CONNECTION_LOST);
            let reason = if lost { EndReason::ConnectionLost } else { EndReason::HungUp };
            stored.hung_up = true;
            stored.row.answered = true;
            stored.row.duration_s = duration_s;
            stored.row.result.get_or_insert(reason);
        }
        let id = stored.row.call_id.clone();
        self.changed.insert(id);
    }

    /// A call whose beginning is not in the log any more: its end says enough.
    fn begin_from_end(
        &mut self,
        data: &CallData,
        call_id: &InviteId,
        peer: &UserId,
        duration_s: u64,
        time_ms: i64,
    ) -> Option<usize> {
        let outgoing = match &data.inviter {
            Some(caller) if *caller == self.me => true,
            Some(caller) if caller == peer => false,
            Some(_) | None => return None,
        };
        let direction = if outgoing { Direction::Outgoing } else { Direction::Incoming };
        let began_ms = time_ms.saturating_sub(i64::try_from(duration_s).unwrap_or(0).saturating_mul(1000));
        self.begin(call_id, peer, direction, began_ms)
    }
}
