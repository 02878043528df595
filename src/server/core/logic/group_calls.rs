//! The call that is on in a group, told to the group: an attribute that follows from the rooms as they are.

use std::collections::BTreeMap;

use super::{super::Out, Answer, ConnId, Effect, Logic, answer, connection::Conn, refuse};
use crate::{
    protocol::{
        Code, Event, GroupId, RoomId, UserId,
        api::GroupAttributes,
        event::GroupAttributeChanged,
        group_call::{self, GroupCall, NAMED_MAX},
    },
    signaling::Actor,
};

/// Between two announcements of one group, ms: where a class comes in, one speaks for many.
const ANNOUNCE_MS: u64 = 250;

/// Which groups are to be told, and when they last were.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    due: BTreeMap<GroupId, u64>,
    told: BTreeMap<GroupId, u64>,
}

impl Announcer {
    fn touch(&mut self, group: &GroupId, now_ms: u64) {
        let earliest = self.told.get(group).map_or(now_ms, |told| now_ms.max(told + ANNOUNCE_MS));
        self.due.entry(group.clone()).or_insert(earliest);
    }

    /// When the next group is to be told, monotonic ms.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.due.values().min().copied()
    }

    fn take_due(&mut self, now_ms: u64) -> Vec<GroupId> {
        self.told.retain(|_, told| now_ms < *told + ANNOUNCE_MS);
        let due: Vec<GroupId> =
            self.due.iter().filter(|(_, at)| **at <= now_ms).map(|(group, _)| group.clone()).collect();
        for group in &due {
            self.due.remove(group);
            self.told.insert(group.clone(), now_ms);
        }
        due
    }
}

impl Logic {
    /// Something about the call in this room has changed that its group sees.
    pub(super) fn touch_group_call(&mut self, room: RoomId) {
        if let Some(group) = self.rooms.group_of(room).cloned() {
            self.touch_group(&group);
        }
    }

    pub(super) fn touch_group(&mut self, group: &GroupId) {
        self.group_calls.touch(group, self.now_ms);
    }

    /// There are new members: they have not been told of the call that is on, if there is one.
    pub(super) fn show_call_to_members(&mut self, group: &GroupId) {
        if self.rooms.of_group(group).is_some() {
            self.touch_group(group);
        }
    }

    /// Tells the members who are online.
    pub(super) fn announce_group_calls(&mut self) {
        for group in self.group_calls.take_due(self.now_ms) {
            let members = self.store.members(&group).unwrap_or_else(|error| {
                tracing::error!(%error, "the members of a group could not be read");
                Vec::new()
            });
            let to: Vec<ConnId> = members.iter().flat_map(|user| self.conns_of(user)).collect();
            if !to.is_empty() {
                self.effects.push_back(Effect::Live { to, event: self.attribute_event(group) });
            }
        }
    }

    /// Tells a device whose session has begun about the calls of its groups. What it does not hear of is not on.
    pub(super) fn send_group_calls(&self, there: &mut Conn) {
        let Some(session) = &there.session else { return };
        let user = session.actor.user.clone();
        for group in self.rooms.groups() {
            let member = self.store.role(group, &user).unwrap_or_else(|error| {
                tracing::error!(%error, "the role of a member could not be read");
                None
            });
            if member.is_some() {
                let frame = self.frame_without_seq(self.attribute_event(group.clone()));
                // What does not fit waits.
                let _ = there.push(Out::Frame(frame));
            }
        }
    }

    pub(super) fn get_group_attributes(&self, actor: &Actor, group: &GroupId) -> Answer {
        self.group_and_role(group, &actor.user)?;
        answer(&GroupAttributes { group_attributes: self.attributes(group) })
    }

    fn attribute_event(&self, group_id: GroupId) -> Event {
        let group_attributes = self.attributes(&group_id);
        Event::GroupAttributeChanged(GroupAttributeChanged { group_id, group_attributes })
    }

    fn attributes(&self, group: &GroupId) -> BTreeMap<String, String> {
        let call = self.group_call(group);
        call.map(|call| (group_call::KEY.to_owned(), call.to_json())).into_iter().collect()
    }

    fn group_call(&self, group: &GroupId) -> Option<GroupCall> {
        let room = self.rooms.of_group(group)?;
        let (call_id, users) = self.rooms.call_and_users(room)?;
        let mut ringing: Vec<UserId> = Vec::new();
        for user in self.book.open_to(room).flat_map(|there| there.open_invitees()) {
            if ringing.len() < NAMED_MAX && !users.contains(&user) && !ringing.contains(&user) {
                ringing.push(user);
            }
        }
        let user_count = users.len();
        let users = users.into_iter().take(NAMED_MAX).collect();
        let lesson = self.rooms.lesson(room).is_some();
        Some(GroupCall { group: group.clone(), call_id, room, users, user_count, ringing, lesson })
    }

    /// Who invites to a room must be in it.
    pub(super) fn check_inviting_to(&self, actor: &Actor, room: Option<RoomId>) -> Result<(), super::Fail> {
        match room {
            Some(room) if !self.rooms.exists(room) => refuse(Code::NotFound, "There is no such room (any more)."),
            Some(room) if !self.rooms.is_in(room, &actor.device) => {
                refuse(Code::PermissionDenied, "Only whoever is in the room can invite others to it.")
            }
            _ => Ok(()),
        }
    }
}
