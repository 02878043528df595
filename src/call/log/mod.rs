//! The call log: a fold over signaling messages.
//!
//! [`Log::apply`] takes every message of the user's log once, in order, live or history, and keeps one row per call. What
//! came of it is read off the messages alone, so that every device of a user, and a device that was away, has the same
//! rows.
//!
//! What lives here: the rows and what is done with them; `pair` folds calls of two, `party` calls of several.

mod pair;
mod party;

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Delivery, DeviceId, Event, GroupId, InviteId, UserId,
    call_data::{CallData, Command},
    event::NewInvitation,
};

use super::view::{Direction, EndReason};

/// Most rows that are kept; the oldest gives way.
pub const ROWS_MAX: usize = 1_000;
/// Deleted calls that are remembered, so that their hang-up message does not bring them back.
const DELETED_MAX: usize = 256;
/// Invitations that gave way in a glare and are remembered for a moment.
const GAVE_WAY_MAX: usize = 16;
/// One call as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    /// The call.
    pub call_id: InviteId,
    /// The other one. In a call of several: who called, or who was called first.
    pub peer: UserId,
    /// The group, for a call in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// Everybody else in a call of several, in the order of appearance; empty in a call of two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<UserId>,
    /// Who called.
    pub direction: Direction,
    /// When it began to ring, server time, ms since 1970.
    pub time_ms: i64,
    /// How it ended; `None` while it is not over (or its end is not known yet).
    pub result: Option<EndReason>,
    /// It was answered.
    pub answered: bool,
    /// How long this user talked, whole seconds.
    pub duration_s: u64,
    /// How long a call of several lasted, whole seconds; 0 if nobody has said so.
    #[serde(default)]
    pub call_s: u64,
    /// The other device of this user that answered or declined, for "answered on …".
    pub device_name: Option<String>,
}

impl LogRow {
    /// A call of several.
    pub fn is_party(&self) -> bool {
        self.group.is_some() || !self.people.is_empty()
    }

    /// Came in, was not answered anywhere, and not declined by this user.
    pub fn is_missed(&self) -> bool {
        self.direction == Direction::Incoming
            && !self.answered
            && matches!(
                self.result,
                Some(
                    EndReason::NoAnswer
                        | EndReason::Cancelled
                        | EndReason::Offline
                        | EndReason::Busy
                        | EndReason::NotAvailable
                )
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
    /// The invitations of a call of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    legs: Vec<party::Leg>,
    /// The server has said how long this user was in a call of several.
    #[serde(default)]
    exited: bool,
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
        // The same on every device, also where two calls began in the same millisecond.
        rows.sort_by(|a, b| b.time_ms.cmp(&a.time_ms).then_with(|| a.call_id.cmp(&b.call_id)));
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
            Event::InvitationTimeout(timeout) => {
                if !self.parts_ended(&timeout.invite_id, &timeout.invitee_list, EndReason::NoAnswer, None) {
                    self.unanswered(&timeout.invite_id, EndReason::NoAnswer, None);
                }
            }
            Event::ExitRoom(exited) => self.exited(exited, delivery.time_ms),
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
            | Event::DevicesChanged(_)
            | Event::SelfStatusChanged(_)
            | Event::FavouritesChanged(_)
            | Event::SyncFinished(_)
            | Event::LessonChanged(_)
            | Event::LessonOver(_)
            | Event::MicrophoneRefused(_)
            | Event::RemoteUserEnterRoom(_)
            | Event::RemoteUserLeaveRoom(_)
            | Event::RemoteUserLinkChanged(_)
            | Event::RemoteUserHoldChanged(_)
            | Event::GroupAttributeChanged(_) => {}
        }
    }

    fn invited(&mut self, invitation: &NewInvitation, time_ms: i64) {
        // What is for online users only leaves no history.
        if invitation.online_user_only {
            return;
        }
        let Ok(data) = CallData::parse(&invitation.data) else { return };
        match data.command {
            Command::AudioCall | Command::VideoCall if party::is_of_several(invitation, &data) => {
                self.called_with_others(invitation, &data, time_ms);
            }
            Command::AudioCall | Command::VideoCall => self.called(invitation, time_ms),
            Command::Hangup { duration_s } => {
                let party =
                    data.call_id.as_ref().and_then(|call| self.find(call)).filter(|i| self.rows[*i].row.is_party());
                match party {
                    Some(i) => self.party_hung_up(i, duration_s, time_ms),
                    None if invitation.group_id.is_some() => {}
                    None => self.pair_hung_up(invitation, &data, duration_s, time_ms),
                }
            }
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
                group: None,
                people: Vec::new(),
                direction,
                time_ms,
                result: None,
                answered: false,
                duration_s: 0,
                call_s: 0,
                device_name: None,
            },
            accepted_ms: None,
            hung_up: false,
            legs: Vec::new(),
            exited: false,
        });
        self.changed.insert(call_id.clone());
        self.trim();
        self.find(call_id)
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
