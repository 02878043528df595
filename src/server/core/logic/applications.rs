//! Joining groups: a Meeting group at once, a Public one by an application that its owner or an administrator decides.
//!
//! An application is open until it is decided, taken back, or pointless: its applicant was brought in, or the group was
//! dismissed. Whoever decides first decides; the applicant and all who could have decided are told.

use super::{Answer, Fail, Logic, answer, done, groups::no_such_group, refuse};
use crate::{
    protocol::{
        Code, Event, GroupId, UserId,
        api::{ApplicationPage, GetGroupApplicationList, GroupType, JoinGroup, JoinGroupReply, Role},
        event::{ApplicationProcessed, GroupMembers, JoinApplication},
    },
    signaling::Actor,
};

/// How many applications to one group may be open.
const PER_GROUP: usize = 1_000;
/// How many of one user.
const PER_USER: usize = 50;

impl Logic {
    pub(super) fn join_group(&mut self, actor: &Actor, request: JoinGroup) -> Answer {
        self.check_guesses(actor)?;
        let (mut id, mut found) = (request.group_id, None);
        for typed in [Some(id.clone()), GroupId::from_typed(id.as_str())].into_iter().flatten() {
            if found.is_none() {
                found = self.store.group(&typed)?;
                id = typed;
            }
        }
        let Some(group) = found else {
            self.guesses.missed(&actor.user, self.now_ms);
            return no_such_group();
        };
        if self.store.role(&id, &actor.user)?.is_some() {
            return refuse(Code::AlreadyMember, "You are a member of this group already.");
        }
        if group.kind == GroupType::Work {
            return refuse(Code::PermissionDenied, "Nobody joins a Work group alone; ask a member to bring you in.");
        }
        self.check_room_for_group(&actor.user)?;
        self.check_size(self.store.member_count(&id)? + 1)?;
        let joined = group.kind == GroupType::Meeting;
        if joined {
            self.enter_group(&id, &actor.user)?;
        } else {
            self.apply(actor, &id, group.name, request.message)?;
        }
        answer(&JoinGroupReply { group_id: id, joined })
    }

    /// Codes are short: they must not be found by trying.
    pub(super) fn check_guesses(&self, actor: &Actor) -> Result<(), Fail> {
        if !self.guesses.may(&actor.user, self.now_ms) {
            return refuse(Code::FrequencyLimit, "Too many groups named that do not exist; wait a minute.");
        }
        Ok(())
    }

    /// Somebody becomes a member by own wish.
    fn enter_group(&mut self, group: &GroupId, user: &UserId) -> Result<(), Fail> {
        self.store.set_member(group, user, Role::Member)?;
        let members = GroupMembers { group_id: group.clone(), op_user: user.clone(), member_list: vec![user.clone()] };
        self.tell_members(group, Event::MemberEnter(members))?;
        self.show_call_to_members(group);
        Ok(())
    }

    fn apply(&mut self, actor: &Actor, group: &GroupId, group_name: String, message: String) -> Result<(), Fail> {
        let (to_group, by_user) = self.store.application_counts(group, &actor.user)?;
        if !self.store.add_application(group, &actor.user, &message, self.wall_ms)? {
            let message = "You have applied to this group already; wait for the answer, or take it back.";
            return refuse(Code::InvalidOperation, message);
        }
        if by_user >= PER_USER {
            let message = format!("You have applied to {PER_USER} groups, which is the most; take one back first.");
            return refuse(Code::FrequencyLimit, message);
        }
        if to_group >= PER_GROUP {
            return refuse(Code::FrequencyLimit, "Too many wait to join this group already; try again later.");
        }
        let application = JoinApplication {
            group_id: group.clone(),
            group_name,
            user_id: actor.user.clone(),
            display_name: self.store.display_name(&actor.user)?.unwrap_or_default(),
            message,
        };
        let managers = self.store.managers(group)?;
        self.record(Event::ReceiveJoinApplication(application), &managers)
    }

    pub(super) fn decide_application(
        &mut self,
        actor: &Actor,
        id: &GroupId,
        user: &UserId,
        agreed: bool,
        reason: String,
    ) -> Answer {
        let (group, role) = self.group_and_role(id, &actor.user)?;
        if role == Role::Member {
            return refuse(Code::PermissionDenied, "Only the owner and administrators decide who joins this group.");
        }
        if !self.store.remove_application(id, user)? {
            let message = format!("No application of {user} is open here: it was decided or taken back.");
            return refuse(Code::AlreadyProcessed, message);
        }
        if agreed {
            self.check_size(self.store.member_count(id)? + 1)?;
        }
        self.application_ended(id, &group.name, actor, user, agreed, reason)?;
        if agreed {
            self.enter_group(id, user)?;
        }
        done()
    }

    pub(super) fn cancel_application(&mut self, actor: &Actor, id: &GroupId) -> Answer {
        // Only who has applied learns anything about the group.
        let removed = self.store.remove_application(id, &actor.user)?;
        let Some(group) = self.store.group(id)?.filter(|_| removed) else {
            let message = "You have no open application to this group: it was decided or taken back.";
            return refuse(Code::AlreadyProcessed, message);
        };
        self.application_ended(id, &group.name, actor, &actor.user, false, String::new())?;
        done()
    }

    /// A group is being dismissed.
    pub(super) fn refuse_applicants(&mut self, id: &GroupId, name: &str, actor: &Actor) -> Result<(), Fail> {
        for user in self.store.applicants(id)? {
            let event = processed(id, name, actor, &user, false, String::new());
            self.record(event, &[user])?;
        }
        Ok(())
    }

    /// Tells whom it concerns that an application is no longer open.
    pub(super) fn application_ended(
        &mut self,
        id: &GroupId,
        name: &str,
        actor: &Actor,
        user: &UserId,
        agreed: bool,
        reason: String,
    ) -> Result<(), Fail> {
        let mut concerned = self.store.managers(id)?;
        concerned.push(user.clone());
        self.record(processed(id, name, actor, user, agreed, reason), &concerned)
    }

    pub(super) fn get_group_application_list(&self, actor: &Actor, request: &GetGroupApplicationList) -> Answer {
        let (after, limit) = (request.after, request.limit + 1);
        let mut applications = if request.own {
            self.store.applications_by(&actor.user, after, limit)?
        } else {
            self.store.applications_for(&actor.user, after, limit)?
        };
        let more = applications.len() > request.limit;
        applications.truncate(request.limit);
        answer(&ApplicationPage { applications, more })
    }
}

fn processed(id: &GroupId, name: &str, actor: &Actor, user: &UserId, agreed: bool, reason: String) -> Event {
    Event::ApplicationProcessed(ApplicationProcessed {
        group_id: id.clone(),
        group_name: name.to_owned(),
        op_user: actor.user.clone(),
        user_id: user.clone(),
        is_agree_join: agreed,
        op_reason: reason,
    })
}
