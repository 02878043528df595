//! What events change in what is known of the groups, and what the person is told of.

use crate::{
    engine::people::People,
    protocol::{
        Event, GroupId, UserId,
        api::Role,
        event::{GroupInfoChange, GroupMembers},
    },
};

use super::{
    keep::{Ask, Groups, Known},
    view::{Application, GroupNews, GroupNotice, Member},
};

impl Groups {
    /// Takes in what happened at `time_ms`; what the person should be told of.
    pub(in crate::engine) fn event(
        &mut self,
        event: &Event,
        time_ms: i64,
        me: &UserId,
        people: &People,
    ) -> Option<GroupNotice> {
        let by_me = |op: &UserId| op == me;
        let notice =
            |group: &str, by: &UserId, what| Some(GroupNotice { group: group.to_owned(), by: by.clone(), what });
        match event {
            Event::GroupCreated(new) => {
                self.ask(Ask::Group(new.group_id.clone()));
                return notice(&new.group_name, &new.op_user, GroupNews::Added).filter(|_| !by_me(&new.op_user));
            }
            Event::MemberInvited(new) if new.member_list.contains(me) => {
                if !self.let_in.remove(&new.group_id) && !by_me(&new.op_user) {
                    self.added_by.insert(new.group_id.clone(), new.op_user.clone());
                }
                self.ask(Ask::Group(new.group_id.clone()));
            }
            Event::MemberEnter(new) if new.member_list.contains(me) => {
                self.let_in.remove(&new.group_id);
                self.ask(Ask::Group(new.group_id.clone()));
            }
            Event::MemberInvited(new) | Event::MemberEnter(new) => self.entered(new, people),
            Event::MemberLeave(gone) => self.left(gone),
            Event::MemberKicked(gone) if gone.member_list.contains(me) => {
                let known = self.forget(&gone.group_id)?;
                return notice(&known.info.group_name, &gone.op_user, GroupNews::Removed);
            }
            Event::MemberKicked(gone) => self.left(gone),
            Event::QuitFromGroup(gone) => drop(self.forget(&gone.group_id)),
            Event::GroupDismissed(gone) => {
                self.forget(&gone.group_id);
                return notice(&gone.group_name, &gone.op_user, GroupNews::Dismissed).filter(|_| !by_me(&gone.op_user));
            }
            Event::GroupInfoChanged(change) => {
                self.changed(change, me);
                let mine = change.owner.as_ref() == Some(me);
                return notice(&change.group_name, &change.op_user, GroupNews::NowOwner).filter(|_| mine);
            }
            Event::GrantAdministrator(change) => {
                self.roles(change, Role::Admin, me);
                let known = self.known.get(&change.group_id).filter(|_| change.member_list.contains(me))?;
                return notice(&known.info.group_name, &change.op_user, GroupNews::NowAdmin);
            }
            Event::RevokeAdministrator(change) => self.roles(change, Role::Member, me),
            Event::ReceiveJoinApplication(new) => {
                let (user, display_name, message) =
                    (new.user_id.clone(), new.display_name.clone(), new.message.clone());
                self.applicant(&new.group_id, Application { user, display_name, message, time_ms });
                return notice(&new.group_name, &new.user_id, GroupNews::Applicant(new.display_name.clone()));
            }
            Event::ApplicationProcessed(done) if done.user_id == *me => {
                self.applied.remove(&done.group_id);
                self.stale = true;
                if done.is_agree_join {
                    self.let_in.insert(done.group_id.clone());
                }
                let what = match done.is_agree_join {
                    true => GroupNews::LetIn,
                    false => GroupNews::TurnedDown(done.op_reason.clone()),
                };
                return notice(&done.group_name, &done.op_user, what).filter(|_| !by_me(&done.op_user));
            }
            Event::ApplicationProcessed(done) => {
                if let Some(known) = self.known.get_mut(&done.group_id) {
                    known.applications.retain(|other| other.user != done.user_id);
                    self.stale = true;
                }
            }
            Event::UserStatusChanged(changed) => {
                for status in &changed.user_status_list {
                    self.renamed(&status.user_id, &status.display_name);
                }
            }
            _ => {}
        }
        None
    }

    fn forget(&mut self, id: &GroupId) -> Option<Known> {
        self.stale = true;
        self.added_by.remove(id);
        self.known.remove(id)
    }

    fn entered(&mut self, new: &GroupMembers, people: &People) {
        let Some(known) = self.known.get_mut(&new.group_id) else { return };
        for user in &new.member_list {
            let display_name = people.name(user).unwrap_or(user.as_str()).to_owned();
            known.members.insert(user.clone(), Member { user: user.clone(), display_name, role: Role::Member });
        }
        known.info.member_count += new.member_list.len();
        known.shown = None;
        self.stale = true;
    }

    fn left(&mut self, gone: &GroupMembers) {
        let Some(known) = self.known.get_mut(&gone.group_id) else { return };
        for user in &gone.member_list {
            known.members.remove(user);
            if known.info.owner.as_ref() == Some(user) {
                known.info.owner = None;
            }
        }
        known.info.member_count = known.info.member_count.saturating_sub(gone.member_list.len());
        known.shown = None;
        self.stale = true;
    }

    fn roles(&mut self, change: &GroupMembers, role: Role, me: &UserId) {
        for user in &change.member_list {
            self.set_role(&change.group_id, user, role, me);
        }
    }

    fn set_role(&mut self, id: &GroupId, user: &UserId, role: Role, me: &UserId) {
        let Some(known) = self.known.get_mut(id) else { return };
        if let Some(member) = known.members.get_mut(user) {
            member.role = role;
            known.shown = None;
        }
        self.stale = true;
        if user == me {
            known.role = role;
            if role == Role::Member {
                known.applications.clear();
            } else {
                self.ask_for_applications(false);
            }
        }
    }

    fn changed(&mut self, change: &GroupInfoChange, me: &UserId) {
        let Some(known) = self.known.get_mut(&change.group_id) else { return };
        known.info.group_name.clone_from(&change.group_name);
        if let Some(introduction) = &change.introduction {
            known.info.introduction.clone_from(introduction);
        }
        if let Some(url) = &change.face_url {
            known.info.face_url.clone_from(url);
            self.ask_for_picture(url);
        }
        self.stale = true;
        if let Some(owner) = &change.owner {
            let before = self.known.get_mut(&change.group_id).and_then(|known| known.info.owner.replace(owner.clone()));
            if let Some(before) = before.filter(|before| before != owner) {
                self.set_role(&change.group_id, &before, Role::Member, me);
            }
            self.set_role(&change.group_id, owner, Role::Owner, me);
        }
    }

    fn renamed(&mut self, user: &UserId, name: &str) {
        for known in self.known.values_mut() {
            if let Some(member) = known.members.get_mut(user).filter(|member| member.display_name != name) {
                name.clone_into(&mut member.display_name);
                known.shown = None;
                self.stale = true;
            }
        }
    }
}
