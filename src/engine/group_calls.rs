//! Calls of several: what the person wishes of them, and which are on in the user's groups, as the server tells.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    call::Input,
    protocol::{ApiError, Code, Event, GroupId, InviteId, UserId, group_call, group_call::GroupCall},
};

use super::{
    actor::Actor,
    state::{Group, Session},
};

/// The calls of the user's groups.
#[derive(Debug, Default)]
pub(super) struct GroupCalls {
    on: BTreeMap<GroupId, GroupCall>,
    shown: Arc<[GroupCall]>,
}

impl GroupCalls {
    /// Nothing is known: there is no connection, or the server is about to tell anew.
    pub(super) fn clear(&mut self) {
        self.change(BTreeMap::clear);
    }

    /// The calls, ordered by group.
    pub(super) fn shown(&self) -> Arc<[GroupCall]> {
        self.shown.clone()
    }

    /// The group's call, if one is on.
    fn of(&self, group: &GroupId) -> Option<&GroupCall> {
        self.on.get(group)
    }

    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<GroupId, GroupCall>)) {
        change(&mut self.on);
        self.shown = self.on.values().cloned().collect();
    }

    /// Takes what concerns calls of groups out of the server's news.
    pub(super) fn hear(&mut self, me: &UserId, event: &Event) {
        match event {
            Event::GroupAttributeChanged(changed) => {
                let call = changed.group_attributes.get(group_call::KEY).and_then(|text| GroupCall::parse(text));
                let group = changed.group_id.clone();
                self.change(|on| match call {
                    Some(call) => _ = on.insert(group, call),
                    None => _ = on.remove(&group),
                });
            }
            Event::GroupDismissed(gone) | Event::QuitFromGroup(gone) => self.change(|on| _ = on.remove(&gone.group_id)),
            Event::MemberKicked(gone) if gone.member_list.contains(me) => {
                self.change(|on| _ = on.remove(&gone.group_id));
            }
            _ => {}
        }
    }
}

impl Actor {
    /// Whether something can be asked of the server now; says so if it cannot.
    pub(super) fn is_reachable(&mut self) -> bool {
        let online = self.draft.session == Session::Online;
        if !online {
            let message = "There is no connection to the server; call again once it is back.";
            self.fail(ApiError::new(Code::Disconnected, message));
        }
        online
    }

    /// The person calls somebody, or several without a group.
    pub(super) fn call(&mut self, mut users: Vec<UserId>) {
        if !self.is_reachable() {
            return;
        }
        self.calls_input(match users.len() {
            1 => Input::Place(users.remove(0)),
            _ => Input::PlaceSeveral(None, users),
        });
    }

    /// The person calls members of a group; all of them if nobody is named.
    pub(super) fn call_group(&mut self, group: GroupId, mut users: Vec<UserId>) {
        if !self.is_reachable() {
            return;
        }
        if users.is_empty() {
            users = self.members_of(&group);
        }
        self.calls_input(Input::PlaceSeveral(Some(group), users));
    }

    /// The person joins the call that is on in a group.
    pub(super) fn join_call(&mut self, group: &GroupId) {
        if !self.is_reachable() {
            return;
        }
        let Some(call) = self.group_calls.of(group).cloned() else {
            return self.fail(ApiError::new(Code::NotFound, "There is no call in this group any more."));
        };
        let GroupCall { group, call_id, room, users, .. } = call;
        self.calls_input(Input::Join { group, room, call_id, there: users });
    }

    /// The person calls more people into the call that is on.
    pub(super) fn add_to_call(&mut self, call: InviteId, users: Vec<UserId>) {
        if !self.is_reachable() {
            return;
        }
        let view = self.calls.views.iter().find(|view| view.call_id == call);
        let members = view.and_then(|view| view.group.clone()).map(|group| self.members_of(&group)).unwrap_or_default();
        let (members, others) = users.into_iter().partition(|user| members.contains(user));
        self.calls_input(Input::Add { call, members, others });
    }

    fn members_of(&mut self, group: &GroupId) -> Vec<UserId> {
        let (groups, ..) = self.groups.shown();
        let members = groups.iter().find(|there| there.id == *group).map(|group: &Group| group.members.clone());
        members.iter().flat_map(|members| members.iter()).map(|member| member.user.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        RoomId,
        event::{GroupAttributeChanged, GroupChange},
    };

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("valid")
    }

    fn group() -> GroupId {
        GroupId::new("class").expect("valid")
    }

    fn attribute(text: Option<String>) -> Event {
        let attributes = text.map(|text| (group_call::KEY.to_owned(), text));
        let group_attributes = attributes.into_iter().collect();
        Event::GroupAttributeChanged(GroupAttributeChanged { group_id: group(), group_attributes })
    }

    fn call() -> GroupCall {
        GroupCall {
            group: group(),
            call_id: None,
            room: RoomId::new(7).expect("valid"),
            users: vec![user("bob")],
            user_count: 1,
            ringing: vec![],
            lesson: false,
        }
    }

    #[test]
    fn what_the_server_tells_is_what_is_on() {
        let mut calls = GroupCalls::default();
        calls.hear(&user("alice"), &attribute(Some(call().to_json())));
        assert_eq!(*calls.shown(), [call()]);
        calls.hear(&user("alice"), &attribute(Some("{}".into())));
        assert!(calls.shown().is_empty(), "not a call");
        calls.hear(&user("alice"), &attribute(Some(call().to_json())));
        calls.hear(&user("alice"), &attribute(None));
        assert!(calls.shown().is_empty());
    }

    #[test]
    fn a_group_that_is_left_has_no_call() {
        let mut calls = GroupCalls::default();
        calls.hear(&user("alice"), &attribute(Some(call().to_json())));
        let change = GroupChange { group_id: group(), op_user: user("alice"), group_name: String::new() };
        calls.hear(&user("alice"), &Event::QuitFromGroup(change));
        assert!(calls.of(&group()).is_none());
    }
}
