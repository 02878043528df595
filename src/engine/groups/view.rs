//! Groups as front ends see them.

use std::sync::Arc;

use crate::protocol::{
    GroupId, UserId,
    api::{GroupType, Role},
};

use super::super::{picture::Picture, state::Problem};

/// A group that the signed-in user is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Its kind.
    pub kind: GroupType,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub introduction: String,
    /// Its picture, once it is here.
    pub picture: Option<Picture>,
    /// Its owner; a Work group may have none.
    pub owner: Option<UserId>,
    /// What this user may do in it.
    pub role: Role,
    /// The members in the order of their names, as far as they have been listed.
    pub members: Arc<Vec<Member>>,
    /// How many members there are.
    pub member_count: usize,
    /// Who wants to join, the oldest first; empty where this user does not decide.
    pub applications: Arc<[Application]>,
}

impl Group {
    /// Others join by its code, or find it and show the code to each other.
    pub fn has_code(&self) -> bool {
        self.kind != GroupType::Work
    }

    /// This user may change name, introduction and picture, and bring others in.
    pub fn may_manage(&self) -> bool {
        self.kind == GroupType::Work || self.role >= Role::Admin
    }

    /// This user may make administrators, and hand the group over or dismiss it.
    pub fn is_mine(&self) -> bool {
        self.role == Role::Owner
    }

    /// This user may make administrators of members, and members of administrators.
    pub fn may_name_admins(&self) -> bool {
        self.is_mine() && self.kind != GroupType::Work
    }

    /// This user may open lessons in it, and teaches in them.
    pub fn may_teach(&self) -> bool {
        self.kind != GroupType::Work && self.role >= Role::Admin
    }

    /// This user may remove that member.
    pub fn may_remove(&self, member: &Member) -> bool {
        self.role >= Role::Admin && self.role > member.role
    }

    /// This user may leave. The owner of an open group hands it over or dismisses it instead.
    pub fn may_leave(&self) -> bool {
        self.kind == GroupType::Work || !self.is_mine()
    }
}

/// Somebody in a group. Whether they can be reached says [`State::people`](super::super::State::people).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub user: UserId,
    /// The name to show.
    pub display_name: String,
    /// What the member may do.
    pub role: Role,
}

/// Somebody who wants to join a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The account.
    pub user: UserId,
    /// The name to show.
    pub display_name: String,
    /// What they say; may be empty.
    pub message: String,
    /// When, ms since 1970.
    pub time_ms: i64,
}

/// A group that this user has applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
}

/// Public groups that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSearch {
    /// What was looked for; `None` before the first search.
    pub query: Option<String>,
    /// The answer has not come.
    pub searching: bool,
    /// What was found, in the order of names.
    pub found: Arc<[FoundGroup]>,
    /// There are more than these.
    pub more: bool,
}

/// A public group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundGroup {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is about; may be empty.
    pub introduction: String,
    /// Its picture, once it is here.
    pub picture: Option<Picture>,
    /// How many members it has.
    pub member_count: usize,
}

/// What became of the wish to make a group, or to join one by its code. One at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GroupTask {
    /// Nothing is wished.
    #[default]
    Idle,
    /// It is being done.
    Working,
    /// It was not done.
    Failed(Problem),
    /// This user is in the group, which is in the list.
    In(GroupId),
    /// The group is a public one: this user has applied.
    Applied(GroupId),
}

/// Something that happened to this user with a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNotice {
    /// The group's name.
    pub group: String,
    /// Who did it.
    pub by: UserId,
    /// What.
    pub what: GroupNews,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupNews {
    /// Somebody brought this user in.
    Added,
    /// Somebody removed this user.
    Removed,
    /// The owner ended the group.
    Dismissed,
    /// The application was accepted.
    LetIn,
    /// The application was declined, perhaps with a word why.
    TurnedDown(String),
    /// The group was handed over to this user.
    NowOwner,
    /// The owner made this user an administrator.
    NowAdmin,
    /// Somebody wants to join a group that this user decides about.
    Applicant(String),
}
