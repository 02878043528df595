//! What is told about media rooms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::{DeviceId, GroupId, InviteId, RoomId, SourceId, UserId};

/// Someone in a media room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// With which device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// The source id of the participant's media packets.
    #[serde(rename = "sourceID")]
    pub source_id: SourceId,
    /// Has the call on hold, and so neither speaks nor hears.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_hold: bool,
}

/// Why a participant is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LeaveReason {
    /// Left by itself.
    Exit,
    /// Its connection was lost and did not come back in time.
    Lost,
    /// It may not be there any more: removed from the group, or the group was dismissed.
    Removed,
}

/// `onRemoteUserEnterRoom`, and who it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomEntered {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// Who entered.
    pub participant: Participant,
    /// The number of this change: larger than that of every earlier change in any room. What is not larger than the
    /// number in the answer to `enterRoom` is in that answer already.
    #[serde(default)]
    pub change: u64,
}

/// `onRemoteUserLeaveRoom`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomLeft {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// Who left.
    pub participant: Participant,
    /// Why.
    pub reason: LeaveReason,
    /// As in [`RoomEntered`].
    #[serde(default)]
    pub change: u64,
}

/// `onExitRoom`: this user's device is out of a room of several, or of a group, and that is how long it talked there. In
/// the user's log, so that all devices have it, whatever became of that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomExited {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// The device that was in it.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// The call, if the room was opened for one.
    #[serde(rename = "callID", default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<InviteId>,
    /// The group, if it was a group's room.
    #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// Who opened it.
    pub opener: UserId,
    /// Who else was there, in the order of coming; the first hundred.
    pub user_list: Vec<UserId>,
    /// How long somebody else was there, too, ms by the server's monotonic clock.
    pub talked_ms: u64,
    /// Why.
    pub reason: LeaveReason,
}

/// `onGroupAttributeChanged`: the attributes of a group as they are now. The server keeps one by itself:
/// [`crate::protocol::group_call::KEY`], the call that is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupAttributeChanged {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// All of them.
    pub group_attributes: BTreeMap<String, String>,
}

/// `onRemoteUserHoldChanged`: a participant has put the call on hold, or is back in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomHold {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// Who, and whether on hold.
    pub participant: Participant,
    /// As in [`RoomEntered`].
    #[serde(default)]
    pub change: u64,
}

/// `onRemoteUserLinkChanged`: a participant's connection broke, or is back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomLink {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// Whose connection.
    pub participant: Participant,
    /// Back (`true`) or broken.
    pub connected: bool,
    /// As in [`RoomEntered`].
    #[serde(default)]
    pub change: u64,
}
