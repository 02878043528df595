//! Media rooms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        ApiError, GroupId, InviteId, RoomId, SourceId, UserId,
        event::Participant,
        lesson::{LessonSettings, LessonState},
    },
    Call,
    check::invalid,
};

call! {
    /// Enters a media room. With `create`, opens it; the room then belongs to the group, or to whoever is invited to it.
    /// A group has one room at a time: who opens a second one enters the first.
    ///
    /// Who is in it already enters it again: after a lost connection, to hold the call, and to take it off hold.
    EnterRoom = "enterRoom" -> EnterRoomReply {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
        /// Open the room if it does not exist.
        #[serde(default)]
        create: bool,
        /// With `create`: every member of this group may enter.
        #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
        /// With `create`: the call that the room is for, for whoever comes later.
        #[serde(rename = "callID", default, skip_serializing_if = "Option::is_none")]
        call_id: Option<InviteId>,
        /// Stay in the other rooms that this device is in, too; without it, they are left.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep_others: bool,
        /// Be there without sending or hearing: the call is on hold on this device, and the others are told so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        on_hold: bool,
        /// With `create` and a group: the room is a lesson with these settings. Teachers only. If the group's room is open,
        /// it becomes one, unless it is one already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lesson: Option<LessonSettings>,
    } where |this| match &this.lesson {
        Some(_) if !this.create || this.group_id.is_none() => {
            Err(invalid("A lesson is opened in a group: give \"groupID\", and \"create\"."))
        }
        Some(settings) => settings.check(),
        None => Ok(()),
    }
}

impl EnterRoom {
    /// Enters a room that is open.
    pub fn of(room_id: RoomId) -> Self {
        Self { room_id, create: false, group_id: None, call_id: None, keep_others: false, on_hold: false, lesson: None }
    }
}

/// Reply to [`EnterRoom`]. Entering again with the same device (after a lost connection) keeps the source id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnterRoomReply {
    /// The room: the one asked for, or the group's.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// The call that it was opened for.
    #[serde(rename = "callID", default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<InviteId>,
    /// The source id of this device's media packets.
    #[serde(rename = "sourceID")]
    pub source_id: SourceId,
    /// Opens the media connection, unless the call is on hold here: the first text frame on `/media`.
    pub relay_token: String,
    /// Who else is in the room.
    pub participants: Vec<Participant>,
    /// The number of the last change that is in this answer, see [`RoomEntered::change`].
    ///
    /// [`RoomEntered::change`]: crate::protocol::event::RoomEntered::change
    #[serde(default)]
    pub change: u64,
    /// Whose answer to an invitation to this room is open.
    #[serde(default)]
    pub ringing: Vec<Ringing>,
    /// The lesson, if the room is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Box<LessonState>>,
}

/// The open parts of an invitation to a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ringing {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Who was invited and has not answered.
    pub user_list: Vec<UserId>,
    /// Time left, ms; `None` without a timeout.
    pub remaining_ms: Option<u64>,
}

impl std::fmt::Debug for EnterRoomReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The relay token is a secret and stays out of every log.
        f.debug_struct("EnterRoomReply")
            .field("room_id", &self.room_id)
            .field("call_id", &self.call_id)
            .field("source_id", &self.source_id)
            .field("participants", &self.participants)
            .field("change", &self.change)
            .field("ringing", &self.ringing)
            .field("lesson", &self.lesson)
            .finish()
    }
}

call! {
    /// Leaves the room.
    ExitRoom = "exitRoom" -> ExitRoomReply {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
        /// As it was given with `create`: then it may be the group's room, if that was another one. For who does not
        /// know, because the answer was lost.
        #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
    }
}

/// Reply to [`ExitRoom`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExitRoomReply {
    /// How many devices are in the room still; at least 1 where a lesson goes on without anybody. Whoever reads 0 was the
    /// last one, and ends the call in the log.
    pub remaining: usize,
    /// How long two or more were in the room at a time, ms.
    pub talked_ms: u64,
    /// The call that the room was opened for, if for one. Who asked to open a group's room and never heard that there was
    /// one already has been in another call than the own one.
    #[serde(rename = "callID", default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<InviteId>,
}

call! {
    /// What a group's attributes are: the call that is on ([`crate::protocol::group_call`]). Members only.
    GetGroupAttributes = "getGroupAttributes" -> GroupAttributes {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

/// Reply to [`GetGroupAttributes`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupAttributes {
    /// All of them.
    pub group_attributes: BTreeMap<String, String>,
}

/// First frame on a media connection (`/media`); answered by `{}` or closed with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaHello {
    /// From [`EnterRoomReply`].
    pub relay_token: String,
}
