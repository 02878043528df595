//! What is told about groups.

use serde::{Deserialize, Serialize};

use super::super::{GroupId, UserId};

/// The members that a group event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMembers {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// Who did it; the member itself for entering and leaving.
    pub op_user: UserId,
    /// Whom it concerns.
    pub member_list: Vec<UserId>,
}

/// A group as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupChange {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// Who did it.
    pub op_user: UserId,
    /// The group's name now.
    #[serde(default)]
    pub group_name: String,
}

/// `onGroupInfoChanged`: what a group says about itself is different. Besides the name, only what changed is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupInfoChange {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// Who did it.
    pub op_user: UserId,
    /// The group's name now.
    #[serde(default)]
    pub group_name: String,
    /// The new introduction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introduction: Option<String>,
    /// The new picture; empty: none any more.
    #[serde(rename = "faceURL", default, skip_serializing_if = "Option::is_none")]
    pub face_url: Option<String>,
    /// The new owner; the one before is an ordinary member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
}

/// `onReceiveJoinApplication`: somebody wants to join a Public group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinApplication {
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
}

/// `onApplicationProcessed`: an application is no longer open. Told to the applicant and to all who could decide it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationProcessed {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// The group's name.
    pub group_name: String,
    /// Who decided; the applicant if it was taken back.
    pub op_user: UserId,
    /// Who had applied.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The applicant is a member now.
    pub is_agree_join: bool,
    /// What was said with it.
    #[serde(default)]
    pub op_reason: String,
}
