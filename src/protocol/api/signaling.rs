//! Invitations.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, GroupId, InviteId, RoomId, UserId, limits},
    Call, Empty,
    check::{check_data, check_timeout, check_users},
};

call! {
    /// Invites one user.
    Invite = "invite" -> InviteReply {
        /// The invitation's identifier, made by this device, so that a repeated request is recognised.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Whom.
        invitee: UserId,
        /// Custom data, at most 12 KB; the server does not read it.
        #[serde(default)]
        data: String,
        /// Only if the invitee is online; leaves no history.
        #[serde(default)]
        online_user_only: bool,
        /// Seconds until it times out; 0 never.
        timeout: u32,
        /// The room that it is for, which this device is in: the invitees may enter it, and whoever is in it is told
        /// what comes of the invitation. It is cancelled when the room ends.
        #[serde(rename = "roomID", default, skip_serializing_if = "Option::is_none")]
        room_id: Option<RoomId>,
    } where |this| {
        check_data(&this.data)?;
        check_timeout(this.timeout)
    }
}

call! {
    /// Invites members of a group.
    InviteInGroup = "inviteInGroup" -> InviteReply {
        /// The invitation's identifier, made by this device.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom: members of the group.
        invitee_list: Vec<UserId>,
        /// Custom data, at most 12 KB.
        #[serde(default)]
        data: String,
        /// Only members who are online get it; leaves no history.
        #[serde(default)]
        online_user_only: bool,
        /// Seconds until it times out; 0 never.
        timeout: u32,
        /// The room that it is for, which this device is in: the invitees may enter it, and whoever is in it is told
        /// what comes of the invitation. It is cancelled when the room ends.
        #[serde(rename = "roomID", default, skip_serializing_if = "Option::is_none")]
        room_id: Option<RoomId>,
    } where |this| {
        check_users("inviteeList", &this.invitee_list, limits::INVITEES_MAX)?;
        check_data(&this.data)?;
        check_timeout(this.timeout)
    }
}

/// Reply to [`Invite`] and [`InviteInGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteReply {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Those invitees who have a device online now. Whose device is not, the inviter's sends the timeout.
    pub online: Vec<UserId>,
}

call! {
    /// Takes back what is still open of an invitation. Inviter only.
    Cancel = "cancel" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Only these invitees' parts; without it everybody's.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        invitee_list: Vec<UserId>,
        /// Custom data.
        #[serde(default)]
        data: String,
    } where |this| {
        if !this.invitee_list.is_empty() {
            check_users("inviteeList", &this.invitee_list, limits::INVITEES_MAX)?;
        }
        check_data(&this.data)
    }
}

call! {
    /// Accepts an invitation. Invitees only.
    Accept = "accept" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Custom data.
        #[serde(default)]
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Rejects an invitation. Invitees only.
    Reject = "reject" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Custom data.
        #[serde(default)]
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Reports that the deadline has passed; sent by the client program by itself, never by the application. An
    /// invitee's device reports its own part, the inviter's device those of everybody still open.
    Timeout = "timeout" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
    }
}

call! {
    /// Changes the data of an open invitation. Inviter only; not for `onlineUserOnly`.
    ModifyInvitation = "modifyInvitation" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// The new data.
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Tells the server that this device learnt of a group invitation another way (a push message) and wants its events.
    AddInvitedSignaling = "addInvitedSignaling" -> Empty {
        /// The invitation as it was learnt.
        info: SignalingInfo,
    } where |this| check_data(&this.info.data)
}

call! {
    /// What a message of the user's log says as signaling; `null` if it is not signaling.
    GetSignalingInfo = "getSignalingInfo" -> Option<SignalingInfo> {
        /// The message: its place in the user's log.
        seq: u64,
    }
}

/// What a signaling message does (`actionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum ActionType {
    /// Begins an invitation.
    Invite = 1,
    /// The inviter takes it back.
    Cancel = 2,
    /// An invitee accepts.
    Accept = 3,
    /// An invitee rejects.
    Reject = 4,
    /// Invitees did not answer in time.
    Timeout = 5,
}

impl TryFrom<u8> for ActionType {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Ok(match number {
            1 => Self::Invite,
            2 => Self::Cancel,
            3 => Self::Accept,
            4 => Self::Reject,
            5 => Self::Timeout,
            _ => return Err("actionType must be 1 to 5"),
        })
    }
}

impl From<ActionType> for u8 {
    fn from(action: ActionType) -> u8 {
        action as u8
    }
}

/// A signaling message (V2TIMSignalingInfo).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignalingInfo {
    /// The set of messages it belongs to.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// The group; absent between two users.
    #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// Who invited.
    pub inviter: UserId,
    /// Invite: who is invited. Cancel, timeout: whose part it ends. Accept, reject: who answered.
    pub invitee_list: Vec<UserId>,
    /// Custom data of this message.
    #[serde(default)]
    pub data: String,
    /// Timeout of the invitation, seconds.
    #[serde(default)]
    pub timeout: u32,
    /// What the message does.
    pub action_type: ActionType,
}
