//! One invitation.

use crate::protocol::{DeviceId, GroupId, InviteId, RoomId, UserId, event::NewInvitation};

/// Who does something, and on which device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account.
    pub user: UserId,
    /// Its device.
    pub device: DeviceId,
    /// The device's name, for "answered on …".
    pub device_name: String,
}

/// Where one invitee's part of an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Not processed yet.
    Open,
    /// The invitee accepted.
    Accepted,
    /// The invitee rejected.
    Rejected,
    /// The invitee did not answer in time, or left the group.
    TimedOut,
    /// The inviter cancelled first.
    Cancelled,
}

/// What an inviter asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The identifier, made by the inviter's device.
    pub id: InviteId,
    /// The group, for a group invitation.
    pub group: Option<GroupId>,
    /// Whom.
    pub invitees: Vec<UserId>,
    /// Custom data.
    pub data: String,
    /// Seconds until it times out; 0 never.
    pub timeout_s: u32,
    /// Only for users who are online; leaves no history.
    pub online_only: bool,
    /// The room that it is for, if it is for one.
    pub room: Option<RoomId>,
}

/// One invitation, open or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its identifier.
    pub id: InviteId,
    /// Who invited.
    pub inviter: UserId,
    /// On which device.
    pub device: DeviceId,
    /// The group, for a group invitation.
    pub group: Option<GroupId>,
    /// The invitees in the order in which they were named, and how far each is.
    pub invitees: Vec<(UserId, Part)>,
    /// Custom data as it stands now.
    pub data: String,
    /// The data was changed since it began.
    pub modified: bool,
    /// The timeout as asked for, seconds; 0 is none.
    pub timeout_s: u32,
    /// Only for users who are online; leaves no history.
    pub online_only: bool,
    /// When it began, monotonic ms.
    pub created_ms: u64,
    /// The room that it is for; not kept over a restart of the server, as rooms are not.
    pub room: Option<RoomId>,
}

impl Invitation {
    /// When it times out, monotonic ms; `None` without a timeout.
    pub fn deadline_ms(&self) -> Option<u64> {
        (self.timeout_s > 0).then(|| self.created_ms + u64::from(self.timeout_s) * 1_000)
    }

    /// One invitee's part; `None` for whoever was not invited.
    pub fn part(&self, user: &UserId) -> Option<Part> {
        self.invitees.iter().find(|(invitee, _)| invitee == user).map(|(_, part)| *part)
    }

    /// Whose part is still open.
    pub fn open_invitees(&self) -> Vec<UserId> {
        self.invitees.iter().filter(|(_, part)| *part == Part::Open).map(|(user, _)| user.clone()).collect()
    }

    /// Whether no part is open any more.
    pub fn is_over(&self) -> bool {
        self.invitees.iter().all(|(_, part)| *part != Part::Open)
    }

    /// Whether it is over as this user sees it: an invitee's own part, everybody's for anyone else.
    pub fn is_over_for(&self, user: &UserId) -> bool {
        self.part(user).map_or_else(|| self.is_over(), |part| part != Part::Open)
    }

    /// Time left, ms: 0 when it is over, `None` when it has no timeout and is not over.
    pub fn remaining_ms(&self, now_ms: u64) -> Option<u64> {
        if self.is_over() { Some(0) } else { self.deadline_ms().map(|deadline| deadline.saturating_sub(now_ms)) }
    }

    /// The invitation as it is told at `now_ms`.
    pub fn announce(&self, now_ms: u64) -> NewInvitation {
        NewInvitation {
            invite_id: self.id.clone(),
            inviter: self.inviter.clone(),
            device_id: self.device.clone(),
            group_id: self.group.clone(),
            invitee_list: self.invitees.iter().map(|(user, _)| user.clone()).collect(),
            data: self.data.clone(),
            timeout: self.timeout_s,
            online_user_only: self.online_only,
            remaining_ms: self.remaining_ms(now_ms),
        }
    }

    /// Whether a repeated request asks for this very invitation.
    pub(super) fn is_asked_by(&self, actor: &Actor, proposal: &Proposal) -> bool {
        self.inviter == actor.user
            && self.device == actor.device
            && self.group == proposal.group
            && self.timeout_s == proposal.timeout_s
            && self.online_only == proposal.online_only
            && (self.modified || self.data == proposal.data)
            && self.invitees.iter().map(|(user, _)| user).eq(&proposal.invitees)
    }
}
