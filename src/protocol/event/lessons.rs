//! What is told about lessons.

use serde::{Deserialize, Serialize};

use super::super::{GroupId, RoomId, UserId, lesson::LessonChange};

/// `onLessonChanged`: something in the lesson changed, told to whoever is in its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonChanged {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// What, in this order.
    pub changes: Vec<LessonChange>,
    /// As in [`RoomEntered::change`](super::RoomEntered::change).
    #[serde(default)]
    pub change: u64,
}

/// `onLessonOver`: this device is out of the lesson, and not because it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonOver {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// Who ended it, or removed this user; `None` if nobody was there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op_user: Option<UserId>,
    /// This user alone was removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Why, where the teacher said so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `onMicrophoneRefused`: a student's device sends sound that it may not send, and the relay lets nothing of it through.
/// Told to teachers in the room, at most once a second for each device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MicrophoneRefused {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// Whose.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// Packets refused in this lesson so far.
    pub packets: u64,
}
