//! Joining groups: at once, or by an application that somebody decides.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, GroupId, UserId, limits},
    Call, Empty,
    check::{check_groups_page, check_text, default_page},
};

fn check_message(message: &str) -> Result<(), ApiError> {
    check_text("message", message, limits::APPLICATION_MESSAGE_MAX_BYTES)
}

call! {
    /// Joins a Meeting group, or applies to a Public one.
    JoinGroup = "joinGroup" -> JoinGroupReply {
        /// The group. A code may be given as people type it.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// For whoever decides, if that is necessary.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    } where |this| check_message(&this.message)
}

/// Reply to [`JoinGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinGroupReply {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// This user is a member now; otherwise it has applied.
    pub joined: bool,
}

call! {
    /// Open applications, the oldest first: those that this user may decide, or its own.
    GetGroupApplicationList = "getGroupApplicationList" -> ApplicationPage {
        /// The user's own.
        #[serde(default)]
        own: bool,
        /// Only those behind this one.
        #[serde(default)]
        after: u64,
        /// At most so many.
        #[serde(default = "default_page")]
        limit: usize,
    } where |this| check_groups_page(this.limit)
}

/// An application that nobody has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupApplication {
    /// Its place in the list; later ones have larger numbers.
    pub number: u64,
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// The group's name.
    pub group_name: String,
    /// Who applies.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The applicant's name.
    pub display_name: String,
    /// What the applicant says.
    #[serde(default)]
    pub message: String,
    /// When it was made, ms since 1970, by the server's clock.
    pub time: i64,
}

/// Reply to [`GetGroupApplicationList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationPage {
    /// The applications.
    pub applications: Vec<GroupApplication>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

call! {
    /// Lets an applicant in. Owner and administrators; the first decision counts.
    AcceptGroupApplication = "acceptGroupApplication" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Who has applied.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// For the applicant.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    } where |this| check_message(&this.message)
}

call! {
    /// Turns an applicant down. Owner and administrators; the first decision counts.
    RefuseGroupApplication = "refuseGroupApplication" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Who has applied.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// For the applicant.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    } where |this| check_message(&this.message)
}

call! {
    /// Takes the own application back.
    CancelGroupApplication = "cancelGroupApplication" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}
