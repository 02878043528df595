//! Groups: who is in them, and who may change that.
//!
//! | | Work | Public | Meeting |
//! |---|---|---|---|
//! | joining by oneself | no | by an application (see `applications`) | yes |
//! | bringing others in | any member | owner, administrators | owner, administrators |
//! | changing name, introduction, picture | any member | owner, administrators | owner, administrators |
//! | administrators | no | yes | yes |
//! | the owner may quit | yes, the group then has none | no | no |
//!
//! The owner removes anyone, an administrator ordinary members. Only the owner names administrators, hands the group
//! over and dismisses it. A group without members is gone.

use super::{Answer, Fail, GROUPS_PER_USER, Logic, answer, done, internal, refuse};
use crate::{
    protocol::{
        Code, Event, GroupId, UserId,
        api::{
            CreateGroup, CreateGroupReply, GetGroupMemberList, GetJoinedGroupList, GroupInfo, GroupList, GroupPage,
            GroupType, MemberPage, Role, SearchGroups, SetGroupInfo,
        },
        event::{GroupChange, GroupInfoChange, GroupMembers},
        ids::{CODE_LEN, CODE_LETTERS},
        limits,
    },
    server::store::Group,
    signaling::Actor,
};

impl Logic {
    /// The group, and a member's role in it.
    pub(super) fn group_and_role(&self, id: &GroupId, user: &UserId) -> Result<(Group, Role), Fail> {
        let Some(group) = self.store.group(id)? else { return no_such_group() };
        match self.store.role(id, user)? {
            Some(role) => Ok((group, role)),
            None => refuse(Code::PermissionDenied, "You are not a member of this group."),
        }
    }

    fn owned_group(&self, id: &GroupId, user: &UserId) -> Result<Group, Fail> {
        let (group, role) = self.group_and_role(id, user)?;
        if role != Role::Owner {
            return refuse(Code::PermissionDenied, "Only the owner of the group can do this.");
        }
        Ok(group)
    }

    pub(super) fn check_room_for_group(&self, user: &UserId) -> Result<(), Fail> {
        if self.store.group_count(user)? >= GROUPS_PER_USER {
            return refuse(
                Code::FrequencyLimit,
                format!("You are in {GROUPS_PER_USER} groups, which is the most; leave one first."),
            );
        }
        Ok(())
    }

    pub(super) fn check_size(&self, size: usize) -> Result<(), Fail> {
        if size > limits::GROUP_MEMBERS_MAX {
            let message = format!("A group has at most {} members.", limits::GROUP_MEMBERS_MAX);
            return refuse(Code::GroupFull, message);
        }
        Ok(())
    }

    pub(super) fn tell_members(&mut self, group: &GroupId, event: Event) -> Result<(), Fail> {
        let members = self.store.members(group)?;
        self.record(event, &members)
    }

    pub(super) fn create_group(&mut self, actor: &Actor, request: CreateGroup) -> Answer {
        self.check_room_for_group(&actor.user)?;
        self.check_picture(&request.face_url)?;
        let group_id = request.group_id.map_or_else(|| self.new_code(), Ok)?;
        let group = Group {
            kind: request.group_type,
            name: request.group_name,
            introduction: request.introduction,
            face_url: request.face_url,
        };
        if !self.store.add_group(&group_id, &group, self.wall_ms)? {
            return refuse(Code::IdInUse, format!("There is a group \"{group_id}\"; choose another groupID."));
        }
        for user in request.member_list.iter().filter(|user| **user != actor.user) {
            self.check_account(user)?;
            self.store.set_member(&group_id, user, Role::Member)?;
        }
        self.store.set_member(&group_id, &actor.user, Role::Owner)?;
        let change = GroupChange { group_id: group_id.clone(), op_user: actor.user.clone(), group_name: group.name };
        self.tell_members(&group_id, Event::GroupCreated(change))?;
        answer(&CreateGroupReply { group_id })
    }

    /// A code that no group has.
    fn new_code(&self) -> Result<GroupId, Fail> {
        // Of some hundred thousand million codes nearly all are free.
        loop {
            let code = random_code()?;
            if self.store.group(&code)?.is_none() {
                return Ok(code);
            }
        }
    }

    pub(super) fn check_account(&self, user: &UserId) -> Result<(), Fail> {
        if !self.store.has_account(user)? {
            return refuse(Code::AccountNotFound, format!("Nobody here is called \"{user}\"; nothing was changed."));
        }
        Ok(())
    }

    pub(super) fn quit_group(&mut self, actor: &Actor, group: &GroupId) -> Answer {
        let (Group { kind, name, .. }, role) = self.group_and_role(group, &actor.user)?;
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
        let last = before.len() == 1;
        if last {
            self.store.remove_group(group)?;
        }
        let reply = done()?;
        self.leave_group_room(group, &actor.user);
        if last {
            self.end_group_room(group, &actor.user);
        }
        Ok(reply)
    }

    pub(super) fn dismiss_group(&mut self, actor: &Actor, group: &GroupId) -> Answer {
        let group_name = self.owned_group(group, &actor.user)?.name;
        self.refuse_applicants(group, &group_name, actor)?;
        let members = self.store.members(group)?;
        for change in self.book.dismiss_group(group) {
            self.publish_to(change, &members)?;
        }
        let change = GroupChange { group_id: group.clone(), op_user: actor.user.clone(), group_name };
        self.record(Event::GroupDismissed(change), &members)?;
        self.store.remove_group(group)?;
        let reply = done()?;
        self.end_group_room(group, &actor.user);
        Ok(reply)
    }

    pub(super) fn invite_user_to_group(&mut self, actor: &Actor, group: &GroupId, users: Vec<UserId>) -> Answer {
        let (Group { kind, name, .. }, role) = self.group_and_role(group, &actor.user)?;
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
            if self.store.remove_application(group, user)? {
                self.application_ended(group, &name, actor, user, true, String::new())?;
            }
        }
        self.tell_members(group, Event::MemberInvited(members(group, actor, users)))?;
        self.show_call_to_members(group);
        done()
    }

    pub(super) fn kick_group_member(&mut self, actor: &Actor, group: &GroupId, users: Vec<UserId>) -> Answer {
        let (_, role) = self.group_and_role(group, &actor.user)?;
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
        if self.owned_group(group, &actor.user)?.kind == GroupType::Work {
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
        let admin = role == Role::Admin;
        self.note_role(group, &user, admin);
        let members = members(group, actor, vec![user]);
        let event = if admin { Event::GrantAdministrator(members) } else { Event::RevokeAdministrator(members) };
        self.tell_members(group, event)?;
        done()
    }

    pub(super) fn transfer_group_owner(&mut self, actor: &Actor, group: &GroupId, user: &UserId) -> Answer {
        let group_name = self.owned_group(group, &actor.user)?.name;
        if self.member_role(group, user)? == Role::Owner {
            return refuse(Code::InvalidParameters, "You are the owner; name another member.");
        }
        self.store.set_member(group, &actor.user, Role::Member)?;
        self.store.set_member(group, user, Role::Owner)?;
        self.note_role(group, &actor.user, false);
        self.note_role(group, user, true);
        let change = GroupInfoChange { owner: Some(user.clone()), ..nothing_changed(group, actor, group_name) };
        self.tell_members(group, Event::GroupInfoChanged(change))?;
        done()
    }

    pub(super) fn set_group_info(&mut self, actor: &Actor, request: SetGroupInfo) -> Answer {
        let id = &request.group_id;
        let (before, role) = self.group_and_role(id, &actor.user)?;
        if before.kind != GroupType::Work && role == Role::Member {
            return refuse(Code::PermissionDenied, "Only the owner and administrators change this group.");
        }
        let face_url = request.face_url.filter(|url| *url != before.face_url);
        self.check_picture(face_url.as_deref().unwrap_or_default())?;
        let introduction = request.introduction.filter(|text| *text != before.introduction);
        let name = request.group_name.unwrap_or_else(|| before.name.clone());
        if name == before.name && introduction.is_none() && face_url.is_none() {
            return done();
        }
        let after = Group {
            kind: before.kind,
            name: name.clone(),
            introduction: introduction.clone().unwrap_or(before.introduction),
            face_url: face_url.clone().unwrap_or(before.face_url),
        };
        self.store.set_group(id, &after)?;
        let change = GroupInfoChange { introduction, face_url, ..nothing_changed(id, actor, name) };
        self.tell_members(id, Event::GroupInfoChanged(change))?;
        done()
    }

    pub(super) fn get_group_member_list(&self, actor: &Actor, request: &GetGroupMemberList) -> Answer {
        self.group_and_role(&request.group_id, &actor.user)?;
        let mut members = self.store.member_page(&request.group_id, request.after.as_ref(), request.limit + 1)?;
        let more = members.len() > request.limit;
        members.truncate(request.limit);
        answer(&MemberPage { members, more })
    }

    pub(super) fn get_joined_group_list(&self, actor: &Actor, request: &GetJoinedGroupList) -> Answer {
        let mut groups = self.store.groups_of(&actor.user, request.after.as_ref(), request.limit + 1)?;
        let more = groups.len() > request.limit;
        groups.truncate(request.limit);
        answer(&GroupPage { groups, more })
    }

    /// Own groups in full, and what strangers may know of others.
    pub(super) fn get_groups_info(&mut self, actor: &Actor, ids: &[GroupId]) -> Answer {
        let mut groups = Vec::new();
        for id in ids {
            match self.store.group_info(id, &actor.user)? {
                Some(own) if own.role.is_some() => groups.push(own),
                found => {
                    self.check_guesses(actor)?;
                    match found.filter(|group| group.group_type != GroupType::Work) {
                        Some(group) => groups.push(for_strangers(group)),
                        None => self.guesses.missed(&actor.user, self.now_ms),
                    }
                }
            }
        }
        answer(&GroupList { groups })
    }

    pub(super) fn search_groups(&self, actor: &Actor, request: &SearchGroups) -> Answer {
        let SearchGroups { query, after, limit } = request;
        let mut groups = self.store.public_groups(query, after.as_ref(), limit + 1, &actor.user)?;
        let more = groups.len() > *limit;
        groups.truncate(*limit);
        answer(&GroupPage { groups: groups.into_iter().map(for_strangers).collect(), more })
    }
}

pub(super) fn no_such_group<T>() -> Result<T, Fail> {
    refuse(Code::NotFound, "There is no such group, or it was dismissed.")
}

/// Who owns a group is for its members.
fn for_strangers(group: GroupInfo) -> GroupInfo {
    let owner = group.owner.filter(|_| group.role.is_some());
    GroupInfo { owner, ..group }
}

fn random_code() -> Result<GroupId, Fail> {
    let mut code = String::with_capacity(CODE_LEN);
    while code.len() < CODE_LEN {
        let mut bytes = [0; CODE_LEN];
        getrandom::fill(&mut bytes).map_err(|error| Fail::Api(internal(&error.to_string())))?;
        // One of 32 values stands for no letter and is left out: the others stay equally likely.
        let letters = bytes.iter().filter_map(|byte| CODE_LETTERS.get(usize::from(byte % 32)));
        code.extend(letters.take(CODE_LEN - code.len()).map(|letter| char::from(*letter)));
    }
    GroupId::new(code).map_err(|error| Fail::Api(internal(&error.to_string())))
}

pub(super) fn members(group: &GroupId, actor: &Actor, member_list: Vec<UserId>) -> GroupMembers {
    GroupMembers { group_id: group.clone(), op_user: actor.user.clone(), member_list }
}

fn nothing_changed(group: &GroupId, actor: &Actor, group_name: String) -> GroupInfoChange {
    GroupInfoChange {
        group_id: group.clone(),
        op_user: actor.user.clone(),
        group_name,
        introduction: None,
        face_url: None,
        owner: None,
    }
}
