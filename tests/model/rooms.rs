//! The server's rooms.

use std::collections::{BTreeMap, BTreeSet};

use ahoy::{
    protocol::{
        ApiError, Code, Delivery, DeviceId, Event, RoomId, SourceId, UserId,
        api::{EnterRoom, EnterRoomReply, ExitRoom, ExitRoomReply},
        event::{LeaveReason, Participant, RoomEntered, RoomExited, RoomHold, RoomLeft, RoomLink},
    },
    signaling::Actor,
};

use super::server::{Frame, Person, Reply, Room, Server, Stay, refuse};

impl Room {
    /// How long two or more were there between two moments, ms.
    fn talked_ms(&self, from_ms: u64, until_ms: u64) -> u64 {
        let mut sum = 0;
        for (at, (began_ms, count)) in self.counts.iter().enumerate() {
            let ended_ms = self.counts.get(at + 1).map_or(until_ms, |(next, _)| *next);
            if *count > 1 {
                sum += ended_ms.min(until_ms).saturating_sub((*began_ms).max(from_ms));
            }
        }
        sum
    }
}

impl Server {
    pub(crate) fn enter(&mut self, actor: &Actor, enter: &EnterRoom) -> Result<Reply, ApiError> {
        let mut id = enter.room_id;
        let mut joins = false;
        if let (true, Some(group)) = (enter.create, &enter.group_id)
            && let Some((there, _)) = self.rooms.iter().find(|(_, room)| room.group.as_ref() == Some(group))
        {
            (id, joins) = (*there, true);
        }
        let again = self.rooms.get(&id).is_some_and(|room| room.people.contains_key(&actor.device));
        if !again {
            match self.rooms.get(&id) {
                Some(_) if enter.create && !joins => return refuse(Code::IdInUse),
                Some(room) if room.group.is_none() && !room.allowed.contains(&actor.user) => {
                    return refuse(Code::PermissionDenied);
                }
                None if !enter.create => return refuse(Code::NotFound),
                None if u64::from(id.get() % 100) < self.taken_percent => return refuse(Code::IdInUse),
                Some(_) | None => {}
            }
            if !enter.keep_others {
                self.leave_rooms(&actor.device, LeaveReason::Exit);
            }
            self.last_source += 1;
            let source_id = SourceId(self.last_source);
            let (user_id, device_id) = (actor.user.clone(), actor.device.clone());
            let participant = Participant { user_id, device_id, source_id, on_hold: enter.on_hold };
            let now_ms = self.now_ms;
            let answering = self.rung(id).iter().any(|ringing| ringing.user_list.contains(&actor.user));
            let room = self.rooms.entry(id).or_insert_with(|| Room {
                group: enter.group_id.clone(),
                call_id: enter.call_id.clone(),
                opener: actor.user.clone(),
                allowed: BTreeSet::from([actor.user.clone()]),
                people: BTreeMap::new(),
                counts: Vec::new(),
            });
            let met: BTreeSet<UserId> = room.people.values().map(|person| person.participant.user_id.clone()).collect();
            for person in room.people.values_mut() {
                person.met.insert(actor.user.clone());
            }
            let person = Person { participant: participant.clone(), lost_ms: None, came_ms: now_ms, met, answering };
            room.people.insert(actor.device.clone(), person);
            room.counts.push((now_ms, room.people.len()));
            let event = Event::RemoteUserEnterRoom(RoomEntered { room_id: id, participant, change: self.change() });
            self.tell_room(id, &actor.device, &event);
        }
        if again {
            if !enter.keep_others {
                self.leave_rooms_but(Some(id), &actor.device, LeaveReason::Exit);
            }
            self.hold(id, &actor.device, enter.on_hold);
        }
        let room = &self.rooms[&id];
        let people = room.people.values().map(|person| person.participant.clone());
        let (own, participants): (Vec<_>, Vec<_>) = people.partition(|person| person.device_id == actor.device);
        Ok(Reply::Entered(EnterRoomReply {
            room_id: id,
            call_id: room.call_id.clone(),
            source_id: own[0].source_id,
            relay_token: "token".into(),
            participants,
            change: self.changes,
            ringing: self.rung(id),
            lesson: None,
        }))
    }

    pub(crate) fn exit(&mut self, actor: &Actor, exit: &ExitRoom) -> Result<Reply, ApiError> {
        let groups = self.rooms.iter().find(|(_, room)| {
            exit.group_id.is_some() && room.group == exit.group_id && room.people.contains_key(&actor.device)
        });
        let id = groups.map_or(exit.room_id, |(id, _)| *id);
        let Some(room) = self.rooms.get(&id) else { return refuse(Code::NotFound) };
        if !room.people.contains_key(&actor.device) {
            return refuse(Code::InvalidOperation);
        }
        let talked_ms = room.talked_ms(0, self.now_ms);
        let (remaining, call_id) = (room.people.len() - 1, room.call_id.clone());
        self.leave_room(id, &actor.device, LeaveReason::Exit);
        Ok(Reply::Exited(ExitRoomReply { remaining, talked_ms, call_id }))
    }

    fn hold(&mut self, room_id: RoomId, device: &DeviceId, on_hold: bool) {
        let Some(person) = self.rooms.get_mut(&room_id).and_then(|room| room.people.get_mut(device)) else { return };
        if person.participant.on_hold != on_hold {
            person.participant.on_hold = on_hold;
            let participant = person.participant.clone();
            let event = Event::RemoteUserHoldChanged(RoomHold { room_id, participant, change: self.change() });
            self.tell_room(room_id, device, &event);
        }
    }

    fn rooms_of(&self, device: &DeviceId) -> Vec<RoomId> {
        self.rooms.iter().filter(|(_, room)| room.people.contains_key(device)).map(|(id, _)| *id).collect()
    }

    pub(crate) fn leave_rooms(&mut self, device: &DeviceId, reason: LeaveReason) {
        self.leave_rooms_but(None, device, reason);
    }

    fn leave_rooms_but(&mut self, keep: Option<RoomId>, device: &DeviceId, reason: LeaveReason) {
        let rooms = self.rooms_of(device);
        if rooms.len() > 3 {
            self.fault(format!("{device} is in {} rooms", rooms.len()));
        }
        for room in rooms.into_iter().filter(|room| Some(*room) != keep) {
            self.leave_room(room, device, reason);
        }
    }

    pub(crate) fn leave_room(&mut self, room_id: RoomId, device: &DeviceId, reason: LeaveReason) {
        let now_ms = self.now_ms;
        let Some(room) = self.rooms.get_mut(&room_id) else { return };
        let Some(person) = room.people.remove(device) else { return };
        let until_ms = person.lost_ms.unwrap_or(now_ms);
        let talked_ms = room.talked_ms(person.came_ms, until_ms);
        let several = room.group.is_some() || room.allowed.len() > 2;
        let exited = RoomExited {
            room_id,
            device_id: device.clone(),
            call_id: room.call_id.clone(),
            group_id: room.group.clone(),
            opener: room.opener.clone(),
            user_list: person.met.iter().filter(|user| **user != person.participant.user_id).cloned().collect(),
            talked_ms,
            reason,
        };
        let was_last = room.people.is_empty();
        let written = several && !person.answering && !exited.user_list.is_empty();
        let stay = Stay {
            device: device.clone(),
            call_id: room.call_id.clone(),
            in_group: room.group.is_some(),
            at_ms: now_ms,
            reason,
            was_last,
            written,
            talked_ms: room.talked_ms(0, now_ms),
        };
        self.stays.push(stay);
        room.counts.push((now_ms, room.people.len()));
        if was_last {
            self.rooms.remove(&room_id);
        } else {
            let left = RoomLeft { room_id, participant: person.participant.clone(), reason, change: self.change() };
            self.tell_room(room_id, device, &Event::RemoteUserLeaveRoom(left));
        }
        if written {
            self.note_for(&person.participant.user_id, Event::ExitRoom(exited));
        }
        if was_last {
            self.end_invitations_to(room_id);
        }
    }

    pub(crate) fn link_changed(&mut self, device: &DeviceId, up: bool) {
        let now_ms = self.now_ms;
        for room_id in self.rooms_of(device) {
            let Some(person) = self.rooms.get_mut(&room_id).and_then(|room| room.people.get_mut(device)) else {
                continue;
            };
            if person.lost_ms.is_none() != up {
                person.lost_ms = (!up).then_some(now_ms);
                let participant = person.participant.clone();
                let event = Event::RemoteUserLinkChanged(RoomLink {
                    room_id,
                    participant,
                    connected: up,
                    change: self.change(),
                });
                self.tell_room(room_id, device, &event);
            }
        }
    }

    fn change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    fn tell_room(&mut self, room: RoomId, except: &DeviceId, event: &Event) {
        let others = self.rooms[&room].people.keys().filter(|device| *device != except);
        let conns: Vec<usize> = others.filter_map(|device| self.online.get(device)).copied().collect();
        for conn in conns {
            let delivery = Delivery { seq: 0, time_ms: 0, history: false, event: event.clone() };
            self.out.push((conn, Frame::Event(delivery)));
        }
    }
}
