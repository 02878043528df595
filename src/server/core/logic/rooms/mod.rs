//! Media rooms: who is in them and who may enter. In memory only: a room lives as long as somebody is in it.
//!
//! A device is in one room at a time; entering another one leaves the first, unless it asks to keep it: who holds one
//! call to take another is in both, and sends and hears where it is not on hold. Who is invited to a room may enter it; a
//! group's room every member, and a group has one at a time. The room, with everybody's permission to enter it and the
//! open invitations to it, ends with its last participant; a room with a lesson ends with the lesson. A participant
//! without a signaling connection keeps the place for [`limits::ROOM_GRACE_MS`].
//!
//! What lives here: entering and leaving; the facts are in `places`. What the end of somebody's stay brings to the log
//! ([`Logic::settle_rooms`]) is written with the batch in which it happens, or with the next that can be stored.

mod places;

use std::collections::{BTreeMap, HashSet};

use super::{Answer, ConnId, Effect, Logic, RETRY_MS, answer, refuse, sessions::secret, stopwatch::Stopwatch};
use crate::{
    class::Input,
    protocol::{
        Code, DeviceId, Event, GroupId, RoomId, SourceId, UserId,
        api::{EnterRoom, EnterRoomReply, ExitRoom, ExitRoomReply, Ringing},
        event::{LeaveReason, Participant, RoomEntered, RoomExited, RoomHold, RoomLeft, RoomLink},
        limits,
    },
    signaling::{Actor, Part},
};

/// A media connection that was silent before the signaling connection was gone counts for so long at most, ms.
const SILENCE_COUNTED_MS: u64 = 10_000;

use places::Person;
pub(super) use places::{Room, Rooms};

impl Logic {
    pub(super) fn enter_room(&mut self, actor: &Actor, request: &EnterRoom) -> Answer {
        let token = secret::<16>()?;
        let groups_room =
            request.group_id.as_ref().filter(|_| request.create).and_then(|group| self.rooms.of_group(group));
        let id = groups_room.unwrap_or(request.room_id);
        let again = self.rooms.is_in(id, &actor.device);
        let role = match self.rooms.group_of(id).or(request.group_id.as_ref().filter(|_| request.create)) {
            Some(group) if !again || request.lesson.is_some() => self.store.role(group, &actor.user)?,
            _ => None,
        };
        if !again {
            if request.keep_others && self.rooms.rooms_of(&actor.device).count() >= limits::ROOMS_PER_DEVICE_MAX {
                return refuse(Code::InvalidOperation, "This device is in too many rooms; leave one of them first.");
            }
            match self.rooms.rooms.get(&id) {
                Some(_) if request.create && groups_room.is_none() => {
                    return refuse(Code::IdInUse, "There is a room with this number; make another random one.");
                }
                Some(room) => {
                    let member = room.group.is_some() && role.is_some();
                    if !member && !room.allowed.contains(&actor.user) {
                        return refuse(Code::PermissionDenied, "Nobody has let you into this room.");
                    }
                }
                None if !request.create => {
                    return refuse(Code::NotFound, "There is no such room (any more).");
                }
                None => {
                    if let Some(group) = &request.group_id {
                        self.group_and_role(group, &actor.user)?;
                    }
                }
            }
        }
        let opening = self.check_lesson(actor, request, id, role)?;

        // From here on nothing is refused.
        if !request.keep_others {
            self.leave_rooms_but(Some(id), &actor.device, LeaveReason::Exit);
        }
        if again {
            self.hold(id, &actor.device, request.on_hold);
        } else {
            self.settle_in(actor, id, request);
        }
        let Some(person) = self.rooms.person(id, &actor.device) else {
            return refuse(Code::NotFound, "There is no such room (any more).");
        };
        let source_id = person.participant.source_id;
        person.voice = None;
        if person.participant.on_hold {
            // The others are told that nothing is sent or heard here: so it is, whatever the client does.
            self.relay.evict(source_id);
        } else {
            self.relay.admit(id, source_id, &token);
        }
        let lesson = self.attend(actor, id, opening, (!again).then_some(role));
        let Some(room) = self.rooms.rooms.get(&id) else {
            return refuse(Code::NotFound, "There is no such room (any more).");
        };
        let others = room.people.iter().filter(|(device, _)| **device != actor.device);
        let participants = others.map(|(_, person)| person.participant.clone()).collect();
        let now_ms = self.now_ms;
        let ringing = self.book.open_to(id).filter(|there| there.timeout_s > 0).map(|there| Ringing {
            invite_id: there.id.clone(),
            user_list: there.open_invitees(),
            remaining_ms: there.remaining_ms(now_ms),
        });
        answer(&EnterRoomReply {
            room_id: id,
            call_id: room.call_id.clone(),
            source_id,
            relay_token: token,
            participants,
            change: self.rooms.changes,
            ringing: ringing.collect(),
            lesson: lesson.map(Box::new),
        })
    }

    /// Gives a device its place in a room, which is opened if it is not there.
    fn settle_in(&mut self, actor: &Actor, id: RoomId, request: &EnterRoom) {
        let source_id = self.rooms.new_source();
        let (user_id, device_id) = (actor.user.clone(), actor.device.clone());
        let participant = Participant { user_id, device_id, source_id, on_hold: request.on_hold };
        self.rooms.entries += 1;
        let answering = self.book.open_to(id).any(|there| there.part(&actor.user) == Some(Part::Open));
        let room = self.rooms.rooms.entry(id).or_insert_with(|| Room {
            group: request.group_id.clone(),
            call_id: request.call_id.clone(),
            opener: actor.user.clone(),
            allowed: HashSet::from([actor.user.clone()]),
            people: BTreeMap::new(),
            talking: Stopwatch::default(),
            lesson: None,
        });
        let person = Person {
            participant: participant.clone(),
            came: self.rooms.entries,
            lost_ms: None,
            media_lost_ms: None,
            connected: true,
            answering,
            talked_before_ms: room.talking.read(self.now_ms),
            company: Vec::new(),
            voice: None,
        };
        room.people.insert(actor.device.clone(), person);
        room.introduce(&actor.device);
        room.talking.set(self.now_ms, room.people.len() > 1);
        if let Some(group) = &room.group {
            self.rooms.by_group.insert(group.clone(), id);
        }
        self.rooms.places.insert((actor.device.clone(), id));
        self.rooms.sources.insert(source_id, (actor.device.clone(), id));
        let event = Event::RemoteUserEnterRoom(RoomEntered { room_id: id, participant, change: self.rooms.change() });
        self.tell_room(id, &actor.device, event);
        self.presence.touch(&actor.user);
        self.touch_group_call(id);
    }

    pub(super) fn exit_room(&mut self, actor: &Actor, request: &ExitRoom) -> Answer {
        let groups_room = request.group_id.as_ref().and_then(|group| self.rooms.of_group(group));
        let id = groups_room.filter(|room| self.rooms.is_in(*room, &actor.device)).unwrap_or(request.room_id);
        let Some(room) = self.rooms.rooms.get(&id) else {
            return refuse(Code::NotFound, "There is no such room (any more).");
        };
        if !self.rooms.is_in(id, &actor.device) {
            return refuse(Code::InvalidOperation, "This device is not in that room (any more).");
        }
        let reply = ExitRoomReply {
            // A lesson goes on without anybody: nobody but who ends it is the last one.
            remaining: (room.people.len() - 1).max(usize::from(room.lesson.is_some())),
            talked_ms: room.talking.read(self.now_ms),
            call_id: room.call_id.clone(),
        };
        let reply = answer(&reply)?;
        self.leave_room(id, &actor.device, LeaveReason::Exit);
        Ok(reply)
    }

    /// Takes a device out of all the rooms it is in.
    pub(super) fn leave_rooms(&mut self, device: &DeviceId, reason: LeaveReason) {
        self.leave_rooms_but(None, device, reason);
    }

    fn leave_rooms_but(&mut self, keep: Option<RoomId>, device: &DeviceId, reason: LeaveReason) {
        let rooms: Vec<RoomId> = self.rooms.rooms_of(device).filter(|room| Some(*room) != keep).collect();
        for room in rooms {
            self.leave_room(room, device, reason);
        }
    }

    pub(super) fn leave_room(&mut self, room_id: RoomId, device: &DeviceId, reason: LeaveReason) {
        let now_ms = self.now_ms;
        let Some(room) = self.rooms.rooms.get_mut(&room_id) else { return };
        let several = room.is_of_several();
        let Some(person) = room.people.remove(device) else { return };
        // Who was lost was there until then.
        let until_ms = person.lost_ms.unwrap_or(now_ms);
        let talked_ms = room.talking.read(until_ms).saturating_sub(person.talked_before_ms);
        room.talking.set(now_ms, room.people.len() > 1);
        let exited = RoomExited {
            room_id,
            device_id: device.clone(),
            call_id: room.call_id.clone(),
            group_id: room.group.clone(),
            opener: room.opener.clone(),
            user_list: person.company,
            talked_ms,
            reason,
        };
        let group = room.group.clone();
        let over = room.people.is_empty() && room.lesson.is_none();
        if several && !person.answering && !exited.user_list.is_empty() {
            self.rooms.exits.push((person.participant.user_id.clone(), exited));
        }
        if over {
            self.close_room(room_id);
        }
        self.rooms.places.remove(&(device.clone(), room_id));
        self.rooms.sources.remove(&person.participant.source_id);
        if let Some(lost_ms) = person.lost_ms {
            self.rooms.due.remove(&(lost_ms + limits::ROOM_GRACE_MS, device.clone(), room_id));
        }
        self.relay.evict(person.participant.source_id);
        self.presence.touch(&person.participant.user_id);
        if let Some(group) = &group {
            self.touch_group(group);
        }
        let user = person.participant.user_id.clone();
        let left = RoomLeft { room_id, participant: person.participant, reason, change: self.rooms.change() };
        self.tell_room(room_id, device, Event::RemoteUserLeaveRoom(left));
        let lost = reason == LeaveReason::Lost;
        self.tell_lesson(room_id, Input::Left { user, device: device.clone(), lost });
    }

    /// Nobody is in a room, and it is to be no more.
    pub(super) fn close_room(&mut self, room_id: RoomId) {
        let Some(room) = self.rooms.rooms.remove(&room_id) else { return };
        self.rooms.gone.push(room_id);
        if let Some(group) = &room.group {
            self.rooms.by_group.remove(group);
            self.touch_group(group);
        }
    }

    /// A user is no longer a member: out of the group's room, if there is one.
    pub(super) fn leave_group_room(&mut self, group: &GroupId, user: &UserId) {
        let Some(id) = self.rooms.of_group(group) else { return };
        let Some(room) = self.rooms.rooms.get_mut(&id) else { return };
        // That they were once invited to it opens it no more.
        room.allowed.remove(user);
        self.put_out(id, Some(user));
    }

    /// The group is gone: so is its room, and the lesson in it.
    pub(super) fn end_group_room(&mut self, group: &GroupId, by: &UserId) {
        let Some(id) = self.rooms.of_group(group) else { return };
        self.end_lesson_in(id, Some(by.clone()), false);
        self.put_out(id, None);
    }

    /// Takes a user's devices, or all, out of a room.
    pub(super) fn put_out(&mut self, room: RoomId, user: Option<&UserId>) {
        for device in self.rooms.devices_in(room, user) {
            self.leave_room(room, &device, LeaveReason::Removed);
        }
    }

    /// A device that is in a room puts its call on hold, or is back in it.
    fn hold(&mut self, room_id: RoomId, device: &DeviceId, on_hold: bool) {
        let Some(person) = self.rooms.rooms.get_mut(&room_id).and_then(|room| room.people.get_mut(device)) else {
            return;
        };
        if person.participant.on_hold == on_hold {
            return;
        }
        person.participant.on_hold = on_hold;
        // Who holds closes the media connection on purpose, and who comes back has yet to open one.
        person.media_lost_ms = None;
        let participant = person.participant.clone();
        let change = self.rooms.change();
        let event = Event::RemoteUserHoldChanged(RoomHold { room_id, participant, change });
        self.tell_room(room_id, device, event);
        self.tell_link(room_id, device);
    }

    /// Writes down whose stay and which lessons are over, and cancels the open invitations to rooms that are gone.
    pub(super) fn settle_rooms(&mut self) {
        self.rooms.written = (0, 0, 0);
        if self.now_ms < self.not_before_ms || !self.rooms.is_unwritten() {
            return;
        }
        let (exits, gone, over) = (self.rooms.exits.clone(), self.rooms.gone.clone(), self.rooms.over.clone());
        let written = self.attempt(|logic| {
            for (user, exited) in &exits {
                logic.record(Event::ExitRoom(exited.clone()), std::slice::from_ref(user))?;
            }
            over.iter().try_for_each(|lesson| logic.store_lesson(lesson))?;
            for room in &gone {
                // Somebody may have opened it again.
                if !logic.rooms.exists(*room) {
                    for change in logic.book.end_room(*room) {
                        logic.publish(change)?;
                    }
                }
            }
            Ok(())
        });
        match written {
            Ok(()) => self.rooms.written = (exits.len(), gone.len(), over.len()),
            Err(_) => self.not_before_ms = self.now_ms + RETRY_MS,
        }
    }

    /// A device's signaling connection is gone, or there is one again.
    pub(super) fn link_changed(&mut self, device: &DeviceId, up: bool) {
        let rooms: Vec<RoomId> = self.rooms.rooms_of(device).collect();
        for room in rooms {
            self.link_changed_in(room, device, up);
        }
    }

    fn link_changed_in(&mut self, room_id: RoomId, device: &DeviceId, up: bool) {
        let now_ms = self.now_ms;
        let Some(person) = self.rooms.person(room_id, device) else { return };
        let before = person.lost_ms;
        // Who has fallen silent was gone before the connection was.
        let silent_ms = person.media_lost_ms.map(|since| since.max(now_ms.saturating_sub(SILENCE_COUNTED_MS)));
        person.lost_ms = if up { None } else { before.or(silent_ms).or(Some(now_ms)) };
        let after = person.lost_ms;
        let user = person.participant.user_id.clone();
        if let Some(lost_ms) = before {
            self.rooms.due.remove(&(lost_ms + limits::ROOM_GRACE_MS, device.clone(), room_id));
        }
        if let Some(lost_ms) = after {
            self.rooms.due.insert((lost_ms + limits::ROOM_GRACE_MS, device.clone(), room_id));
        }
        self.tell_link(room_id, device);
        let device = device.clone();
        self.tell_lesson(room_id, if up { Input::Back { user, device } } else { Input::Lost { user, device } });
    }

    /// The relay says that a participant's media connection is up, or silent or gone.
    pub(super) fn media_changed(&mut self, source: SourceId, up: bool) {
        let now_ms = self.now_ms;
        let Some((device, room)) = self.rooms.sources.get(&source).cloned() else { return };
        let Some(person) = self.rooms.person(room, &device) else { return };
        let lost = !up && !person.participant.on_hold;
        person.media_lost_ms = lost.then(|| person.media_lost_ms.unwrap_or(now_ms));
        // The network between may be gone, and nobody has told this connection.
        let conn = self.online.get(&person.participant.user_id).and_then(|devices| devices.get(&device));
        if let (true, Some(conn)) = (lost, conn) {
            self.effects.push_back(Effect::Test { conn: *conn });
        }
        self.tell_link(room, &device);
    }

    /// Tells the others in the room if a participant's connection broke or is back.
    fn tell_link(&mut self, room_id: RoomId, device: &DeviceId) {
        let Some(person) = self.rooms.person(room_id, device) else { return };
        let connected = person.lost_ms.is_none() && person.media_lost_ms.is_none();
        if connected != person.connected {
            person.connected = connected;
            let participant = person.participant.clone();
            let change = self.rooms.change();
            let event = Event::RemoteUserLinkChanged(RoomLink { room_id, participant, connected, change });
            self.tell_room(room_id, device, event);
        }
    }

    /// Removes those who did not come back in time.
    pub(super) fn remove_lost_participants(&mut self) {
        while let Some((at, device, room)) = self.rooms.due.first().cloned() {
            if at > self.now_ms {
                return;
            }
            self.rooms.due.pop_first();
            self.leave_room(room, &device, LeaveReason::Lost);
        }
    }

    fn tell_room(&mut self, room: RoomId, except: &DeviceId, event: Event) {
        self.tell_people(room, |device, _| device != except, event);
    }

    /// Tells those devices in a room that are meant.
    pub(super) fn tell_people(&mut self, room: RoomId, whom: impl Fn(&DeviceId, &UserId) -> bool, event: Event) {
        let people = self.rooms.rooms.get(&room).map(|room| &room.people).into_iter().flatten();
        let to: Vec<ConnId> = people
            .filter(|(device, person)| whom(device, &person.participant.user_id))
            .filter_map(|(device, person)| self.online.get(&person.participant.user_id)?.get(device).copied())
            .collect();
        if !to.is_empty() {
            self.effects.push_back(Effect::Live { to, event });
        }
    }
}
