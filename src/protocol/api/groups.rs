//! Groups.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, GroupId, UserId, limits},
    Call, Empty,
    check::{check_page, check_users, default_page, invalid},
};

/// Kinds of groups; who may join and what a role may do differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupType {
    /// Friends and colleagues: members bring in members, nobody joins by themselves.
    Work,
    /// Open to whoever applies (joins at once here); owner and administrators manage it.
    Public,
    /// A class or conference: anyone may join by the identifier.
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

call! {
    /// Makes a group with this user as its owner.
    CreateGroup = "createGroup" -> CreateGroupReply {
        /// The wished identifier; without it the server makes one.
        #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
        /// Its kind.
        group_type: GroupType,
        /// Its name.
        group_name: String,
        /// Further first members.
        #[serde(default)]
        member_list: Vec<UserId>,
    } where |this| {
        check_group_name(&this.group_name)?;
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
    /// Joins a Public or Meeting group.
    JoinGroup = "joinGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
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
    /// The groups that this user is a member of.
    GetJoinedGroupList = "getJoinedGroupList" -> GroupList {}
}

/// Reply to [`GetJoinedGroupList`].
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
    /// Its owner; a Work group may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// How many members it has.
    pub member_count: usize,
    /// This user's role.
    pub role: Role,
}
