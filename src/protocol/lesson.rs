//! A lesson as it travels: its settings, what it is like at a moment, what changes in it, and the report of it.
//!
//! [`crate::class`] has the rules. Times are relative to the moment at which a frame was made: nobody's clock matters.

use serde::{Deserialize, Serialize};

use super::{
    ApiError, Code, DeviceId, InviteId, UserId,
    class_data::{ClassCommand, Reaction},
};

/// Most floors at a time.
pub const FLOORS_MAX: u8 = 20;
/// The shortest and the longest silence after which a floor goes back, seconds.
pub const SILENCE_S: std::ops::RangeInclusive<u16> = 3..=600;
/// The shortest and the longest time for raising hands and for answers, seconds; 0 is no limit.
pub const PROMPT_S: std::ops::RangeInclusive<u32> = 10..=300;
/// Longest reason for a removal, bytes of UTF-8.
pub const REASON_MAX_BYTES: usize = 240;
/// Most users in a lesson: with so many, the answer to `enterRoom` fits a text frame, also while all hands are up.
pub const PEOPLE_MAX: usize = 400;

/// What teachers have chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LessonSettings {
    /// Floors at a time, 1 to [`FLOORS_MAX`].
    pub floors: u8,
    /// Students may raise their hands unasked.
    pub unasked_hands: bool,
    /// Students may open their microphones themselves; otherwise only with the floor.
    pub free_microphones: bool,
    /// A floor goes back after so much silence, seconds; 0 never.
    pub silence_s: u16,
}

impl Default for LessonSettings {
    fn default() -> Self {
        Self { floors: 1, unasked_hands: true, free_microphones: false, silence_s: 0 }
    }
}

impl LessonSettings {
    /// Whether the numbers are within bounds.
    ///
    /// # Errors
    /// 6017 if one is not.
    pub fn check(&self) -> Result<(), ApiError> {
        if (1..=FLOORS_MAX).contains(&self.floors) && (self.silence_s == 0 || SILENCE_S.contains(&self.silence_s)) {
            return Ok(());
        }
        let (least, most) = (SILENCE_S.start(), SILENCE_S.end());
        let message =
            format!("A lesson has 1 to {FLOORS_MAX} floors, and {least} to {most} seconds of silence, or 0 for any.");
        Err(ApiError::new(Code::InvalidParameters, message))
    }
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Whereabouts {
    /// In the lesson.
    Here,
    /// The connection is gone, and the place is kept.
    Away,
    /// Has left.
    Gone,
}

/// Somebody who is or was in the lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attendee {
    /// Who.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// Owner or administrator of the group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub teacher: bool,
    /// Where.
    pub at: Whereabouts,
    /// Hands raised.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hands: u32,
    /// Floors had, the present one included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turns: u32,
    /// Speech until the last time that the microphone was closed, ms.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub talked_ms: u64,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_none_yet(number: &u64) -> bool {
    *number == 0
}

/// A raised hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hand {
    /// Whose.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The student's own invitation, of a hand that was raised unasked: a teacher accepts or rejects it.
    #[serde(rename = "inviteID", default, skip_serializing_if = "Option::is_none")]
    pub invite_id: Option<InviteId>,
    /// For how long it has been up, ms.
    pub waiting_ms: u64,
}

/// A floor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Floor {
    /// Who has it.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// Whose microphone is open: this device's.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// Who gave it.
    pub by: UserId,
    /// For how long, ms.
    pub held_ms: u64,
}

/// A speaking invitation that has not been answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// To whom.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// By whom.
    pub by: UserId,
    /// Time left, ms; `None` without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<u64>,
}

/// What a question asked of the class has to do with who reads this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mine {
    /// Nothing: not invited.
    #[default]
    No,
    /// It waits for an answer.
    Open,
    /// It has been answered, or declined.
    Done,
}

/// A question to the class: hands, a roll call, a poll. The last roll call and the last poll stay when they are over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Who asks.
    pub by: UserId,
    /// What.
    pub command: ClassCommand,
    /// Time left, ms; `None` without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<u64>,
    /// It can no longer be answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// Who has answered, and the choice of each: 0 where there is nothing to choose, none where it was declined.
    #[serde(default)]
    pub answers: Vec<(UserId, Option<u8>)>,
    /// Who was asked and has not answered.
    #[serde(default)]
    pub waiting: Vec<UserId>,
    /// What it has to do with the reader.
    #[serde(default)]
    pub mine: Mine,
}

/// A lesson at a moment, for one reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonState {
    /// What teachers have chosen.
    pub settings: LessonSettings,
    /// How long it has been on, ms.
    pub elapsed_ms: u64,
    /// Everybody who is in it or away from it, and who was.
    pub people: Vec<Attendee>,
    /// Raised hands, the first first.
    pub hands: Vec<Hand>,
    /// Floors, the oldest first.
    pub floors: Vec<Floor>,
    /// Speaking invitations.
    pub offers: Vec<Offer>,
    /// Students whose microphones are open without a floor.
    pub open: Vec<UserId>,
    /// Questions.
    pub prompts: Vec<Prompt>,
    /// Who may not come back.
    pub barred: Vec<UserId>,
}

/// How an invitation of a lesson ended for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Accepted.
    Accepted,
    /// Rejected.
    Declined,
    /// Not answered in time.
    TimedOut,
    /// Taken back.
    Cancelled,
}

/// Why a hand is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HandDown {
    /// By its owner.
    Own,
    /// By a teacher.
    Teacher,
    /// A teacher declined what it asked for.
    Declined,
    /// No teacher answered in time.
    TimedOut,
    /// Its owner has had the floor.
    Spoken,
    /// Its owner has gone.
    Gone,
}

/// Why a floor is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FloorEnd {
    /// Given back.
    Returned,
    /// Taken back by a teacher.
    TakenBack,
    /// All microphones were closed by a teacher.
    MutedAll,
    /// Nothing was said for as long as the teachers had chosen.
    Silence,
    /// Its owner has gone.
    Gone,
}

/// One thing that changed. Everybody in the lesson is told all of them in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LessonChange {
    /// Somebody came, or came back.
    Came {
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// As what.
        teacher: bool,
    },
    /// Somebody's connection is gone.
    Away {
        /// Whose.
        #[serde(rename = "userID")]
        user_id: UserId,
    },
    /// Somebody has left, or did not come back in time.
    Gone {
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
    },
    /// Somebody is a teacher now, or is none any more.
    Role {
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Which.
        teacher: bool,
    },
    /// The settings are these now.
    Settings {
        /// All of them.
        settings: LessonSettings,
        /// By whom.
        by: UserId,
    },
    /// A hand is up, as the last in the list.
    HandRaised {
        /// Whose.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// As in [`Hand::invite_id`].
        #[serde(rename = "inviteID", default, skip_serializing_if = "Option::is_none")]
        invite_id: Option<InviteId>,
    },
    /// A hand is down.
    HandLowered {
        /// Whose.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Why.
        why: HandDown,
        /// By whom, where somebody else did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// A student is invited to speak.
    Offered {
        /// The invitation.
        offer: Offer,
    },
    /// A speaking invitation is over.
    OfferEnded {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Whose part.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// How.
        outcome: Outcome,
    },
    /// A student has the floor, or has it with another device now.
    FloorGiven {
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// With which device.
        #[serde(rename = "deviceID")]
        device_id: DeviceId,
        /// By whom.
        by: UserId,
    },
    /// A floor is back.
    FloorEnded {
        /// Whose it was.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Why.
        why: FloorEnd,
        /// By whom, where somebody else did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// Its owner's speech in the lesson, ms.
        talked_ms: u64,
    },
    /// A student's microphone was opened or closed without a floor.
    Microphone {
        /// Whose.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Which.
        open: bool,
        /// By whom, where somebody else did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// Its owner's speech in the lesson, ms.
        talked_ms: u64,
    },
    /// The class is asked something. [`Prompt::waiting`] and [`Prompt::mine`] are to be told from `whom`.
    Prompted {
        /// What.
        prompt: Prompt,
        /// Who was asked; empty: all students who are here or away.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        whom: Vec<UserId>,
    },
    /// Somebody answered a question, or declined to.
    Answered {
        /// Which.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// The choice, or 0; `None` if it was declined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<u8>,
    },
    /// A question can no longer be answered.
    PromptEnded {
        /// Which.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
    },
    /// A sign.
    Reacted {
        /// By whom.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Which.
        reaction: Reaction,
    },
    /// Somebody was removed, or may come back.
    Barred {
        /// Who.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Which.
        barred: bool,
        /// By whom.
        by: UserId,
    },
}

/// One user in the report of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportRow {
    /// Who.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The name at the end of the lesson.
    pub display_name: String,
    /// Teacher or student.
    pub teacher: bool,
    /// From when to when the user was there, ms since the lesson began; in order, at most [`STAYS_MAX`].
    pub stays: Vec<(u64, u64)>,
    /// Speech, ms.
    pub talked_ms: u64,
    /// Hands raised.
    pub hands: u32,
    /// Floors had.
    pub turns: u32,
    /// Roll calls answered, of those that asked this user.
    pub present: u32,
    /// Roll calls that asked this user.
    pub called: u32,
}

/// Most rows in a page of a report: in its worst JSON escaping it fits a text frame.
pub const REPORT_PAGE_MAX: usize = 100;
/// Most stays in a [`ReportRow`]: after that the last one grows.
pub const STAYS_MAX: usize = 16;

/// What is known of a lesson without its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonSummary {
    /// The lesson: the call that its room was opened for, or a name of its own.
    #[serde(rename = "lessonID")]
    pub lesson_id: InviteId,
    /// When it began, ms since 1970.
    pub started: i64,
    /// How long it was, ms; so far, if it is on.
    pub length_ms: u64,
    /// It is still on.
    pub on: bool,
    /// How many users were there.
    pub people: usize,
}
