//! The call log: a fold over signaling messages.
//!
//! [`Log::apply`] takes every message of the user's log once, in order, live or history, and keeps one row per call. What
//! came of it is read off the messages alone, so that every device of a user, and a device that was away, has the same
//! rows.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Delivery, DeviceId, Event, InviteId, UserId,
    call_data::{CallData, Command},
    event::{InvitationCancelled, InviteeAnswer, NewInvitation},
};

use super::{
    CONNECTION_LOST,
    view::{Direction, EndReason},
};

/// Most rows that are kept; the oldest gives way.
pub const ROWS_MAX: usize = 1_000;
/// Deleted calls that are remembered, so that their hang-up message does not bring them back.
const DELETED_MAX: usize = 256;
/// Invitations that gave way in a glare and are remembered for a moment.
const GAVE_WAY_MAX: usize = 16;
/// Two hang-up messages of one call that differ by less than this, seconds, mean the same: the larger counts.
const SAME_S: u64 = 2;

/// One call as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    /// The call.
    pub call_id: InviteId,
    /// The other one.
    pub peer: UserId,
    /// Who called.
    pub direction: Direction,
    /// When it began to ring, server time, ms since 1970.
    pub time_ms: i64,
    /// How it ended; `None` while it is not over (or its end is not known yet).
    pub result: Option<EndReason>,
    /// It was answered.
    pub answered: bool,
    /// How long they talked, whole seconds.
    pub duration_s: u64,
    /// The other device of this user that answered or declined, for "answered on …".
    pub device_name: Option<String>,
}

impl LogRow {
    /// Came in, was not answered anywhere, and not declined by this user.
    pub fn is_missed(&self) -> bool {
        self.direction == Direction::Incoming
            && !self.answered
            && matches!(
                self.result,
                Some(EndReason::NoAnswer | EndReason::Cancelled | EndReason::Offline | EndReason::Busy)
            )
    }
}

/// A row with what the fold needs to go on with it: what is to be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredRow {
    /// The row as it is shown.
    #[serde(flatten)]
    pub row: LogRow,
    /// When it was answered, server time, ms since 1970.
    #[serde(default)]
    accepted_ms: Option<i64>,
    /// Its hang-up message has come.
    #[serde(default)]
    hung_up: bool,
}

/// What to do to the stored rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Write this row over the one of the same call, if there is one.
    Put(StoredRow),
    /// Remove the row of this call.
    Delete(InviteId),
}

/// The calls of one user as one device tells them.
#[derive(Debug)]
pub struct Log {
    me: UserId,
    device: DeviceId,
    /// In the order in which they became known.
    rows: VecDeque<StoredRow>,
    changed: BTreeSet<InviteId>,
    deleted: VecDeque<InviteId>,
    /// Invitations that gave way in a glare, and to which call.
    gave_way: VecDeque<(InviteId, InviteId)>,
}

impl Log {
    /// An empty log of this user on this device.
    pub fn new(me: UserId, device: DeviceId) -> Self {
        Self {
            me,
            device,
            rows: VecDeque::new(),
            changed: BTreeSet::new(),
            deleted: VecDeque::new(),
            gave_way: VecDeque::new(),
        }
    }

    /// The log from before, rows in any order.
    pub fn restore(me: UserId, device: DeviceId, rows: impl IntoIterator<Item = StoredRow>) -> Self {
        let mut rows: Vec<StoredRow> = rows.into_iter().collect();
        rows.sort_by_key(|stored| stored.row.time_ms);
        let mut log = Self { rows: rows.into(), ..Self::new(me, device) };
        log.trim();
        log
    }

    /// The rows, newest first.
    pub fn rows(&self) -> Vec<LogRow> {
        let mut rows: Vec<LogRow> = self.rows.iter().rev().map(|stored| stored.row.clone()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.time_ms));
        rows
    }

    /// What has changed since the last time, to be stored.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|id| match self.rows.iter().find(|stored| stored.row.call_id == id) {
                Some(stored) => Change::Put(stored.clone()),
                None => Change::Delete(id),
            })
            .collect()
    }

    /// Forgets one row.
    pub fn delete(&mut self, call_id: &InviteId) {
        let before = self.rows.len();
        self.rows.retain(|stored| stored.row.call_id != *call_id);
        if self.rows.len() < before {
            self.changed.insert(call_id.clone());
            self.bury(call_id.clone());
        }
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        for stored in std::mem::take(&mut self.rows) {
            self.changed.insert(stored.row.call_id.clone());
            self.bury(stored.row.call_id);
        }
    }

    /// Takes one message of the user's log. Everything else (presence, rooms, groups, other businesses) changes nothing.
    pub fn apply(&mut self, delivery: &Delivery) {
        match &delivery.event {
            Event::ReceiveNewInvitation(invitation) => self.invited(invitation, delivery.time_ms),
            Event::InviteeAccepted(answer) => self.accepted(answer, delivery.time_ms),
            Event::InviteeRejected(answer) => self.rejected(answer),
            Event::InvitationCancelled(cancelled) => self.cancelled(cancelled),
            Event::InvitationTimeout(timeout) => self.unanswered(&timeout.invite_id, EndReason::NoAnswer, None),
            Event::InvitationModified(_)
            | Event::GroupCreated(_)
            | Event::GroupDismissed(_)
            | Event::GroupInfoChanged(_)
            | Event::MemberEnter(_)
            | Event::MemberLeave(_)
            | Event::MemberInvited(_)
            | Event::MemberKicked(_)
            | Event::GrantAdministrator(_)
            | Event::RevokeAdministrator(_)
            | Event::QuitFromGroup(_)
            | Event::ReceiveJoinApplication(_)
            | Event::ApplicationProcessed(_)
            | Event::UserStatusChanged(_)
            | Event::KickedOffline(_)
            | Event::SyncFinished(_)
            | Event::RemoteUserEnterRoom(_)
            | Event::RemoteUserLeaveRoom(_)
            | Event::RemoteUserLinkChanged(_) => {}
        }
    }

    fn invited(&mut self, invitation: &NewInvitation, time_ms: i64) {
        // Group calls will begin here. What is for online users only leaves no history.
        if invitation.group_id.is_some() || invitation.online_user_only {
            return;
        }
        let Ok(data) = CallData::parse(&invitation.data) else { return };
        let peer = if invitation.inviter == self.me {
            let Some(invitee) = invitation.invitee_list.first() else { return };
            invitee
        } else if invitation.invitee_list.contains(&self.me) {
            &invitation.inviter
        } else {
            return;
        };
        match data.command {
            Command::AudioCall | Command::VideoCall => {
                let outgoing = invitation.inviter == self.me;
                let direction = if outgoing { Direction::Outgoing } else { Direction::Incoming };
                self.begin(&invitation.invite_id, peer, direction, time_ms);
            }
            Command::Hangup { duration_s } => self.hung_up(&data, peer, duration_s, time_ms),
            Command::Ringing | Command::SwitchToAudio | Command::SwitchToVideo | Command::Unknown(_) => {}
        }
    }

    fn begin(&mut self, call_id: &InviteId, peer: &UserId, direction: Direction, time_ms: i64) -> Option<usize> {
        if self.find(call_id).is_some() || self.deleted.contains(call_id) {
            return None;
        }
        self.rows.push_back(StoredRow {
            row: LogRow {
                call_id: call_id.clone(),
                peer: peer.clone(),
                direction,
                time_ms,
                result: None,
                answered: false,
                duration_s: 0,
                device_name: None,
            },
            accepted_ms: None,
            hung_up: false,
        });
        self.changed.insert(call_id.clone());
        self.trim();
        self.find(call_id)
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

    fn elsewhere(&self, answer: &InviteeAnswer) -> Option<String> {
        (answer.invitee == self.me && answer.device_id != self.device).then(|| answer.device_name.clone())
    }

    fn accepted(&mut self, answer: &InviteeAnswer, time_ms: i64) {
        let elsewhere = self.elsewhere(answer);
        let Some(stored) = self.open(&answer.invite_id) else { return };
        stored.accepted_ms = Some(time_ms);
        stored.row.answered = true;
        stored.row.result = elsewhere.is_some().then_some(EndReason::AnsweredElsewhere);
        stored.row.device_name = elsewhere;
    }

    fn rejected(&mut self, answer: &InviteeAnswer) {
        let elsewhere = self.elsewhere(answer);
        let busy = CallData::parse(&answer.data).is_ok_and(|data| data.is_line_busy());
        let reason = match (busy, &elsewhere) {
            (true, _) => EndReason::Busy,
            (false, Some(_)) => EndReason::DeclinedElsewhere,
            (false, None) => EndReason::Declined,
        };
        self.unanswered(&answer.invite_id, reason, elsewhere);
    }

    fn unanswered(&mut self, call_id: &InviteId, reason: EndReason, device_name: Option<String>) {
        let Some(stored) = self.open(call_id) else { return };
        stored.row.result = Some(reason);
        stored.row.device_name = device_name;
    }

    fn cancelled(&mut self, cancelled: &InvitationCancelled) {
        let id = &cancelled.invite_id;
        let Some(peer) = self.open(id).map(|stored| stored.row.peer.clone()) else { return };
        let winner = CallData::parse(&cancelled.data).ok().filter(CallData::is_glare).and_then(|data| data.call_id);
        let winner = winner.map(|winner| self.last_winner(winner));
        let Some(i) = winner.as_ref().and_then(|id| self.find(id)).filter(|i| self.rows[*i].row.peer == peer) else {
            return self.unanswered(id, EndReason::Cancelled, None);
        };
        // Both called each other, and this invitation gave way: the call is in the other row. Who gave way has called too.
        let winner = self.rows[i].row.call_id.clone();
        if cancelled.inviter == self.me {
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

    /// The call that is left where three invitations met: two devices of one user, and the other side.
    fn last_winner(&self, winner: InviteId) -> InviteId {
        let next = self.gave_way.iter().find(|(loser, _)| *loser == winner);
        next.map_or(winner, |(_, last)| last.clone())
    }

    fn hung_up(&mut self, data: &CallData, peer: &UserId, duration_s: u64, time_ms: i64) {
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
        // A length that the clock does not allow is not believed; one that has been set back says nothing.
        let since_ms = stored.accepted_ms.unwrap_or(stored.row.time_ms);
        let longest_s = u64::try_from(time_ms.saturating_sub(since_ms)).map_or(u64::MAX, |ms| ms.div_ceil(1000));
        let duration_s = duration_s.min(longest_s);
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

    fn find(&self, call_id: &InviteId) -> Option<usize> {
        self.rows.iter().rposition(|stored| stored.row.call_id == *call_id)
    }

    fn bury(&mut self, call_id: InviteId) {
        if self.deleted.len() == DELETED_MAX {
            self.deleted.pop_front();
        }
        self.deleted.push_back(call_id);
    }

    fn trim(&mut self) {
        while self.rows.len() > ROWS_MAX {
            if let Some(oldest) = self.rows.pop_front() {
                self.changed.insert(oldest.row.call_id);
            }
        }
    }
}
