//! Groups and their members.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, GroupId, UserId, limits},
    Call, Empty,
    check::{check_groups_page, check_page, check_query, check_text, check_users, default_page, invalid},
    pictures::check_face_url,
};

/// Kinds of groups; who may join and what a role may do differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupType {
    /// Friends and colleagues: members bring in members, nobody joins by themselves.
    Work,
    /// Found by its name: whoever applies is let in by owner or administrators.
    Public,
    /// A class or conference: anyone may join by the code.
    Meeting,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Ordinary member.
    Member,
    /// May remove ordinary members.
    Admin,
    /// May do everything, once per group.
    Owner,
}

fn check_group_name(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.len() > limits::GROUP_NAME_MAX_BYTES || name.chars().any(char::is_control) {
        let max = limits::GROUP_NAME_MAX_BYTES;
        return Err(invalid(format!("\"groupName\" must have 1 to {max} bytes and no control characters.")));
    }
    Ok(())
}

fn check_introduction(text: &str) -> Result<(), ApiError> {
    check_text("introduction", text, limits::INTRODUCTION_MAX_BYTES)
}

call! {
    /// Makes a group with this user as its owner.
    CreateGroup = "createGroup" -> CreateGroupReply {
        /// The wished identifier; without it the server makes one: a code of eight letters and digits.
        #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
        /// Its kind.
        group_type: GroupType,
        /// Its name.
        group_name: String,
        /// What it is about.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        introduction: String,
        /// Its picture, from `uploadPicture`; empty: none.
        #[serde(rename = "faceURL", default, skip_serializing_if = "String::is_empty")]
        face_url: String,
        /// Further first members.
        #[serde(default)]
        member_list: Vec<UserId>,
    } where |this| {
        check_group_name(&this.group_name)?;
        check_introduction(&this.introduction)?;
        check_face_url(&this.face_url)?;
        if this.member_list.is_empty() { return Ok(()) }
        check_users("memberList", &this.member_list, limits::MEMBERS_PER_CALL_MAX)
    }
}

/// Reply to [`CreateGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroupReply {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
}

call! {
    /// Leaves a group. The owner of a Public or Meeting group must hand it over or dismiss it instead.
    QuitGroup = "quitGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

call! {
    /// Ends a group. Owner only.
    DismissGroup = "dismissGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

call! {
    /// Brings users into a group: any member of a Work group, owner and administrators otherwise.
    InviteUserToGroup = "inviteUserToGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        user_list: Vec<UserId>,
    } where |this| check_users("userList", &this.user_list, limits::MEMBERS_PER_CALL_MAX)
}

call! {
    /// Removes members: the owner anyone, an administrator ordinary members.
    KickGroupMember = "kickGroupMember" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        member_list: Vec<UserId>,
    } where |this| check_users("memberList", &this.member_list, limits::MEMBERS_PER_CALL_MAX)
}

call! {
    /// Makes a member an administrator, or an ordinary member again. Owner only; Work groups have no administrators.
    SetGroupMemberRole = "setGroupMemberRole" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// `admin` or `member`.
        role: Role,
    } where |this| {
        if this.role == Role::Owner {
            return Err(invalid("\"role\" must be admin or member; use transferGroupOwner to hand over a group."));
        }
        Ok(())
    }
}

call! {
    /// Hands a group over to another member. Owner only.
    TransferGroupOwner = "transferGroupOwner" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// The new owner.
        #[serde(rename = "userID")]
        user_id: UserId,
    }
}

call! {
    /// Members of a group, ordered by identifier. Members only.
    GetGroupMemberList = "getGroupMemberList" -> MemberPage {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Only those behind this identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// At most so many.
        #[serde(default = "default_page")]
        limit: usize,
    } where |this| check_page(this.limit)
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The name to show.
    pub display_name: String,
    /// What the member may do.
    pub role: Role,
}

/// Reply to [`GetGroupMemberList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberPage {
    /// The members.
    pub members: Vec<Member>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

call! {
    /// The groups that this user is a member of, ordered by identifier.
    GetJoinedGroupList = "getJoinedGroupList" -> GroupPage {
        /// Only those behind this identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<GroupId>,
        /// At most so many.
        #[serde(default = "default_page")]
        limit: usize,
    } where |this| check_groups_page(this.limit)
}

/// Reply to [`GetGroupsInfo`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupList {
    /// The groups.
    pub groups: Vec<GroupInfo>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupInfo {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// Its kind.
    pub group_type: GroupType,
    /// Its name.
    pub group_name: String,
    /// What it is about.
    #[serde(default)]
    pub introduction: String,
    /// Its picture, for `getPicture`; empty: none.
    #[serde(rename = "faceURL", default)]
    pub face_url: String,
    /// Its owner, told to members; a Work group may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// How many members it has.
    pub member_count: usize,
    /// This user's role; `None` if not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

call! {
    /// Changes what a group says about itself: any member of a Work group, owner and administrators otherwise. What is
    /// not named stays.
    SetGroupInfo = "setGroupInfo" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Its new name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_name: Option<String>,
        /// Its new introduction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        introduction: Option<String>,
        /// Its new picture, from `uploadPicture`; empty: none.
        #[serde(rename = "faceURL", default, skip_serializing_if = "Option::is_none")]
        face_url: Option<String>,
    } where |this| {
        if this.group_name.is_none() && this.introduction.is_none() && this.face_url.is_none() {
            return Err(invalid("Nothing is to be changed; name groupName, introduction or faceURL."));
        }
        this.group_name.as_deref().map_or(Ok(()), check_group_name)?;
        this.introduction.as_deref().map_or(Ok(()), check_introduction)?;
        this.face_url.as_deref().map_or(Ok(()), check_face_url)
    }
}

call! {
    /// What groups say about themselves. Groups that do not exist, and Work groups of others, are left out.
    GetGroupsInfo = "getGroupsInfo" -> GroupList {
        /// Which.
        #[serde(rename = "groupIDList")]
        group_id_list: Vec<GroupId>,
    } where |this| {
        let max = limits::GROUPS_PER_CALL_MAX;
        if !(1..=max).contains(&this.group_id_list.len()) {
            return Err(invalid(format!("\"groupIDList\" must name 1 to {max} groups.")));
        }
        Ok(())
    }
}

call! {
    /// Public groups by name, ordered by identifier.
    SearchGroups = "searchGroups" -> GroupPage {
        /// Only those whose name contains this, case-insensitively.
        #[serde(default)]
        query: String,
        /// Only those behind this identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<GroupId>,
        /// At most so many.
        #[serde(default = "default_page")]
        limit: usize,
    } where |this| {
        check_query(&this.query)?;
        check_groups_page(this.limit)
    }
}

/// Reply to [`GetJoinedGroupList`] and [`SearchGroups`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<GroupInfo>,
    /// Whether there are more behind the last one.
    pub more: bool,
}
