//! Lessons. Hands, floors and questions are invitations ([`crate::protocol::class_data`]); these requests are for what is
//! no invitation.

use serde::{Deserialize, Serialize};

use super::{
    super::{
        ApiError, GroupId, InviteId, UserId,
        lesson::{FLOORS_MAX, LessonSummary, REASON_MAX_BYTES, ReportRow, SILENCE_S},
        limits,
    },
    Call, Empty, ExitRoomReply,
    check::{check_text, check_users, invalid},
};

call! {
    /// Changes settings of the lesson that is on in a group; what is missing stays. Teachers only.
    SetLesson = "setLesson" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Floors at a time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        floors: Option<u8>,
        /// Whether students may raise their hands unasked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unasked_hands: Option<bool>,
        /// Whether students may open their microphones themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_microphones: Option<bool>,
        /// The silence after which a floor goes back, seconds; 0 never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silence_s: Option<u16>,
    } where |this| {
        if this.floors.is_some_and(|floors| !(1..=FLOORS_MAX).contains(&floors)) {
            return Err(invalid(format!("\"floors\" is 1 to {FLOORS_MAX}.")));
        }
        if this.silence_s.is_some_and(|silence| silence != 0 && !SILENCE_S.contains(&silence)) {
            return Err(invalid(format!("\"silenceS\" is {} to {}, or 0 for never.", SILENCE_S.start(), SILENCE_S.end())));
        }
        if this.floors.is_none() && this.unasked_hands.is_none() && this.free_microphones.is_none() && this.silence_s.is_none() {
            return Err(invalid("Say what to change: \"floors\", \"unaskedHands\", \"freeMicrophones\" or \"silenceS\"."));
        }
        Ok(())
    }
}

call! {
    /// Lowers hands: the own one, or as a teacher those of others.
    LowerHands = "lowerHands" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whose; without it, the own one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_list: Option<Vec<UserId>>,
        /// All that are up when the server gets to it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    } where |this| whose(this.user_list.as_deref(), this.all)
}

call! {
    /// Gives the own floor back, or takes back as a teacher those of others.
    EndFloors = "endFloors" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whose; without it, the own one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_list: Option<Vec<UserId>>,
        /// All.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    } where |this| whose(this.user_list.as_deref(), this.all)
}

call! {
    /// Opens the own microphone, where they are free; closes it; or closes as a teacher those of others, the floors among
    /// them.
    SetMicrophones = "setMicrophones" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Which.
        open: bool,
        /// Whose; without it, the own one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_list: Option<Vec<UserId>>,
        /// All students'.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    } where |this| whose(this.user_list.as_deref(), this.all)
}

fn whose(users: Option<&[UserId]>, all: bool) -> Result<(), ApiError> {
    match users {
        Some(_) if all => Err(invalid("Give \"userList\" or \"all\", not both.")),
        Some(users) => check_users("userList", users, limits::INVITEES_MAX),
        None => Ok(()),
    }
}

call! {
    /// Removes a student for the rest of the lesson. Teachers only.
    RemoveFromLesson = "removeFromLesson" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Why, for the one who is removed.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    } where |this| check_text("reason", &this.reason, REASON_MAX_BYTES)
}

call! {
    /// Lets somebody who was removed come back. Teachers only.
    ReadmitToLesson = "readmitToLesson" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        #[serde(rename = "userID")]
        user_id: UserId,
    }
}

call! {
    /// Ends the lesson for all. Teachers only. Whoever does so writes the end of the call.
    EndLesson = "endLesson" -> ExitRoomReply {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

call! {
    /// The last lessons of a group, the newest first, the one that is on included. Teachers only.
    GetLessons = "getLessons" -> LessonList {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

/// Reply to [`GetLessons`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonList {
    /// The lessons.
    pub lessons: Vec<LessonSummary>,
}

call! {
    /// The report of a lesson: who was there, and what they did. Teachers only.
    GetLessonReport = "getLessonReport" -> LessonReportPage {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Which lesson.
        #[serde(rename = "lessonID")]
        lesson_id: InviteId,
        /// Only users behind this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
    }
}

/// Reply to [`GetLessonReport`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonReportPage {
    /// What is known of the lesson as a whole.
    pub lesson: LessonSummary,
    /// At most [`REPORT_PAGE_MAX`](crate::protocol::lesson::REPORT_PAGE_MAX) users, ordered by identifier.
    pub rows: Vec<ReportRow>,
    /// There are more behind the last of these.
    pub more: bool,
}
