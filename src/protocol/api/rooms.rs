//! Media rooms.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, GroupId, RoomId, SourceId, UserId, event::Participant, limits},
    Call, Empty,
    check::check_users,
};

call! {
    /// Enters a media room. With `create`, opens it; the room then belongs to the group, or to whoever is let in.
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
    }
}

/// Reply to [`EnterRoom`]. Entering again with the same device (after a lost connection) keeps the source id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnterRoomReply {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// The source id of this device's media packets.
    #[serde(rename = "sourceID")]
    pub source_id: SourceId,
    /// Opens the media connection: the first text frame on `/media`.
    pub relay_token: String,
    /// Who else is in the room.
    pub participants: Vec<Participant>,
}

impl std::fmt::Debug for EnterRoomReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The relay token is a secret and stays out of every log.
        f.debug_struct("EnterRoomReply")
            .field("room_id", &self.room_id)
            .field("source_id", &self.source_id)
            .field("participants", &self.participants)
            .finish()
    }
}

call! {
    /// Lets users into the room that this device is in.
    AllowInRoom = "allowInRoom" -> Empty {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
        /// Whom.
        user_list: Vec<UserId>,
    } where |this| check_users("userList", &this.user_list, limits::INVITEES_MAX)
}

call! {
    /// Leaves the room.
    ExitRoom = "exitRoom" -> Empty {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
    }
}

/// First frame on a media connection (`/media`); answered by `{}` or closed with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaHello {
    /// From [`EnterRoomReply`].
    pub relay_token: String,
}
