//! Groups: who is in them, and who may change that.
//!
//! | | Work | Public | Meeting |
//! |---|---|---|---|
//! | joining by oneself | no | yes | yes |
//! | bringing others in | any member | owner, administrators | owner, administrators |
//! | administrators | no | yes | yes |
//! | the owner may quit | yes, the group then has none | no | no |
//!
//! The owner removes anyone, an administrator ordinary members. Only the owner names administrators, hands the group
//! over and dismisses it. A group without members is gone.

use super::{Answer, Fail, GROUPS_PER_USER, Logic, answer, done, refuse};
use crate::{
    protocol::{
        Code, Event, GroupId, UserId,
        api::{CreateGroup, CreateGroupReply, GetGroupMemberList, GroupList, GroupType, MemberPage, Role},
        event::{GroupChange, GroupMembers},
        limits,
    },
    signaling::Actor,
};

impl Logic {
    fn group(&self, group: &GroupId) -> Result<(GroupType, String), Fail> {
        self.store
            .group(group)?
            .map_or_else(|| refuse(Code::NotFound, "There is no such group, or it was dismissed."), Ok)
    }

    /// The group's kind and name, and a member's role in it.
    pub(super) fn group_and_role(&self, group: &GroupId, user: &UserId) -> Result<(GroupType, String, Role), Fail> {
        let (kind, name) = self.group(group)?;
        match self.store.role(group, user)? {
            Some(role) => Ok((kind, name, role)),
            None => refuse(Code::PermissionDenied, "You are not a member of this group."),
        }
    }

    fn owned_group(&self, group: &GroupId, user: &UserId) -> Result<(GroupType, String), Fail> {
        let (kind, name, role) = self.group_and_role(group, user)?;
        if role != Role::Owner {
            return refuse(Code::PermissionDenied, "Only the owner of the group can do this.");
        }
        Ok((kind, name))
    }

    fn check_room_for_group(&self, user: &UserId) -> Result<(), Fail> {
        if self.store.group_count(user)? >= GROUPS_PER_USER {
            return refuse(
                Code::FrequencyLimit,
                format!("You are in {GROUPS_PER_USER} groups, which is the most; leave one first."),
            );
        }
        Ok(())
    }

    fn check_size(&self, size: usize) -> Result<(), Fail> {
        if size > limits::GROUP_MEMBERS_MAX {
            let message = format!("A group has at most {} members.", limits::GROUP_MEMBERS_MAX);
            return refuse(Code::GroupFull, message);
        }
        Ok(())
    }

    fn tell_members(&mut self, group: &GroupId, event: Event) -> Result<(), Fail> {
        let members = self.store.members(group)?;
        self.record(event, &members)
    }

    pub(super) fn create_group(&mut self, actor: &Actor, request: CreateGroup) -> Answer {
        self.check_room_for_group(&actor.user)?;
        let group_id = request.group_id.unwrap_or_else(GroupId::random);
        if !self.store.add_group(&group_id, request.group_type, &request.group_name, self.wall_ms)? {
            return refuse(Code::IdInUse, format!("There is a group \"{group_id}\"; choose another groupID."));
        }
        for user in request.member_list.iter().filter(|user| **user != actor.user) {
            self.check_account(user)?;
            self.store.set_member(&group_id, user, Role::Member)?;
        }
        self.store.set_member(&group_id, &actor.user, Role::Owner)?;
        let change =
            GroupChange { group_id: group_id.clone(), op_user: actor.user.clone(), group_name: request.group_name };
        self.tell_members(&group_id, Event::GroupCreated(change))?;
        answer(&CreateGroupReply { group_id })
    }

    pub(super) fn check_account(&self, user: &UserId) -> Result<(), Fail> {
        if !self.store.has_account(user)? {
            return refuse(Code::AccountNotFound, format!("Nobody here is called \"{user}\"; nothing was changed."));
        }
        Ok(())
    }

    pub(super) fn join_group(&mut self, actor: &Actor, group: &GroupId) -> Answer {
        let (kind, _) = self.group(group)?;
        if self.store.role(group, &actor.user)?.is_some() {
            return refuse(Code::AlreadyMember, "You are a member of this group already.");
        }
        if kind == GroupType::Work {
            return refuse(Code::PermissionDenied, "Nobody joins a Work group alone; ask a member to bring you in.");
        }
        self.check_room_for_group(&actor.user)?;
        self.check_size(self.store.member_count(group)? + 1)?;
        self.store.set_member(group, &actor.user, Role::Member)?;
        self.tell_members(group, Event::MemberEnter(members(group, actor, vec![actor.user.clone()])))?;
        done()
    }

    pub(super) fn quit_group(&mut self, actor: &Actor, group: &GroupId) -> Answer {
        let (kind, name, role) = self.group_and_role(group, &actor.user)?;
        if role == Role::Owner && kind != GroupType::Work {
            let message = "The owner cannot quit this group; hand it over or dismiss it.";
            return refuse(Code::OwnerMayNotQuit, message);
        }
        let before = self.store.members(group)?;
        self.leave_invitations(group, &actor.user, &before)?;
        self.store.remove_member(group, &actor.user)?;
        self.tell_members(group, Event::MemberLeave(members(group, actor, vec![actor.user.clone()])))?;
        let change = GroupChange { group_id: group.clone(), op_user: actor.user.clone(), group_name: name };
        self.record(Event::QuitFromGroup(change), std::slice::from_ref(&actor.user))?;
        if before.len() == 1 {
            self.store.remove_group(group)?;
        }
        let reply = done()?;
        self.leave_group_room(group, &actor.user);
        Ok(reply)
    }

    pub(super) fn dismiss_group(&mut self, actor: &Actor, group: &GroupId) -> Answer {
        let (_, group_name) = self.owned_group(group, &actor.user)?;
        let members = self.store.members(group)?;
        for change in self.book.dismiss_group(group) {
            self.publish_to(change, &members)?;
        }
        let change = GroupChange { group_id: group.clone(), op_user: actor.user.clone(), group_name };
        self.record(Event::GroupDismissed(change), &members)?;
        self.store.remove_group(group)?;
        let reply = done()?;
        self.end_group_room(group);
        Ok(reply)
    }

    pub(super) fn invite_user_to_group(&mut self, actor: &Actor, group: &GroupId, users: Vec<UserId>) -> Answer {
        let (kind, _, role) = self.group_and_role(group, &actor.user)?;
        if kind != GroupType::Work && role == Role::Member {
            let message = "Only the owner and administrators bring others into this group.";
            return refuse(Code::PermissionDenied, message);
        }
        for user in &users {
            self.check_account(user)?;
            if self.store.role(group, user)?.is_some() {
                return refuse(Code::AlreadyMember, format!("{user} is a member already; nobody was brought in."));
            }
        }
        self.check_size(self.store.member_count(group)? + users.len())?;
        for user in &users {
            self.store.set_member(group, user, Role::Member)?;
        }
        self.tell_members(group, Event::MemberInvited(members(group, actor, users)))?;
        done()
    }

    pub(super) fn kick_group_member(&mut self, actor: &Actor, group: &GroupId, users: Vec<UserId>) -> Answer {
        let (_, _, role) = self.group_and_role(group, &actor.user)?;
        for user in &users {
            if *user == actor.user {
                return refuse(Code::InvalidParameters, "\"memberList\" names yourself; use quitGroup to leave.");
            }
            let theirs = self.member_role(group, user)?;
            if role <= theirs || role == Role::Member {
                let message = format!("Your role does not allow you to remove {user}; nobody was removed.");
                return refuse(Code::PermissionDenied, message);
            }
        }
        let before = self.store.members(group)?;
        for user in &users {
            self.leave_invitations(group, user, &before)?;
        }
        self.record(Event::MemberKicked(members(group, actor, users.clone())), &before)?;
        for user in &users {
            self.store.remove_member(group, user)?;
        }
        let reply = done()?;
        for user in &users {
            self.leave_group_room(group, user);
        }
        Ok(reply)
    }

    /// The role of somebody that a request names.
    fn member_role(&self, group: &GroupId, user: &UserId) -> Result<Role, Fail> {
        self.store.role(group, user)?.map_or_else(
            || refuse(Code::InvalidParameters, format!("{user} is not a member of this group; nothing was changed.")),
            Ok,
        )
    }

    pub(super) fn set_group_member_role(&mut self, actor: &Actor, group: &GroupId, user: UserId, role: Role) -> Answer {
        let (kind, _) = self.owned_group(group, &actor.user)?;
        if kind == GroupType::Work {
            return refuse(Code::InvalidOperation, "A Work group has no administrators.");
        }
        let before = self.member_role(group, &user)?;
        if before == Role::Owner {
            return refuse(Code::InvalidParameters, "The owner keeps this role; use transferGroupOwner to hand over.");
        }
        if before == role {
            return done();
        }
        self.store.set_member(group, &user, role)?;
        let members = members(group, actor, vec![user]);
        let admin = role == Role::Admin;
        let event = if admin { Event::GrantAdministrator(members) } else { Event::RevokeAdministrator(members) };
        self.tell_members(group, event)?;
        done()
    }

    pub(super) fn transfer_group_owner(&mut self, actor: &Actor, group: &GroupId, user: &UserId) -> Answer {
        let (_, group_name) = self.owned_group(group, &actor.user)?;
        if self.member_role(group, user)? == Role::Owner {
            return refuse(Code::InvalidParameters, "You are the owner; name another member.");
        }
        self.store.set_member(group, &actor.user, Role::Member)?;
        self.store.set_member(group, user, Role::Owner)?;
        let change = GroupChange { group_id: group.clone(), op_user: actor.user.clone(), group_name };
        self.tell_members(group, Event::GroupInfoChanged(change))?;
        done()
    }

    pub(super) fn get_group_member_list(&self, actor: &Actor, request: &GetGroupMemberList) -> Answer {
        self.group_and_role(&request.group_id, &actor.user)?;
        let mut members = self.store.member_page(&request.group_id, request.after.as_ref(), request.limit + 1)?;
        let more = members.len() > request.limit;
        members.truncate(request.limit);
        answer(&MemberPage { members, more })
    }

    pub(super) fn get_joined_group_list(&self, actor: &Actor) -> Answer {
        answer(&GroupList { groups: self.store.groups_of(&actor.user)? })
    }
}

fn members(group: &GroupId, actor: &Actor, member_list: Vec<UserId>) -> GroupMembers {
    GroupMembers { group_id: group.clone(), op_user: actor.user.clone(), member_list }
}
