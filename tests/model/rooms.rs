//! The server's rooms.

use std::collections::{BTreeMap, BTreeSet};

use ahoy::{
    protocol::{
        ApiError, Code, Delivery, DeviceId, Event, RoomId, SourceId,
        api::{EnterRoom, EnterRoomReply},
        event::{LeaveReason, Participant, RoomEntered, RoomLeft, RoomLink},
    },
    signaling::Actor,
};

use super::server::{Frame, Person, Reply, Room, Server, refuse};

impl Server {
    pub(crate) fn enter(&mut self, actor: &Actor, enter: &EnterRoom) -> Result<Reply, ApiError> {
        let id = enter.room_id;
        let again = self.rooms.get(&id).is_some_and(|room| room.people.contains_key(&actor.device));
        if !again {
            match self.rooms.get(&id) {
                Some(_) if enter.create => return refuse(Code::IdInUse),
                Some(room) if !room.allowed.contains(&actor.user) => return refuse(Code::PermissionDenied),
                None if !enter.create => return refuse(Code::NotFound),
                None if u64::from(id.get() % 100) < self.taken_percent => return refuse(Code::IdInUse),
                Some(_) | None => {}
            }
            self.leave_rooms(&actor.device, LeaveReason::Exit);
            self.last_source += 1;
            let source_id = SourceId(self.last_source);
            let participant = Participant { user_id: actor.user.clone(), device_id: actor.device.clone(), source_id };
            let room = self
                .rooms
                .entry(id)
                .or_insert_with(|| Room { allowed: BTreeSet::from([actor.user.clone()]), people: BTreeMap::new() });
            room.people.insert(actor.device.clone(), Person { participant: participant.clone(), lost_ms: None });
            let event = Event::RemoteUserEnterRoom(RoomEntered { room_id: id, participant });
            self.tell_room(id, &actor.device, &event);
        }
        let people = self.rooms[&id].people.values().map(|person| person.participant.clone());
        let (own, participants): (Vec<_>, Vec<_>) = people.partition(|person| person.device_id == actor.device);
        let source_id = own[0].source_id;
        Ok(Reply::Entered(EnterRoomReply { room_id: id, source_id, relay_token: "token".into(), participants }))
    }

    pub(crate) fn leave_rooms(&mut self, device: &DeviceId, reason: LeaveReason) {
        let in_room: Vec<RoomId> =
            self.rooms.iter().filter(|(_, room)| room.people.contains_key(device)).map(|(id, _)| *id).collect();
        if in_room.len() > 1 {
            self.fault(format!("{device} is in {} rooms", in_room.len()));
        }
        for room_id in in_room {
            let Some(room) = self.rooms.get_mut(&room_id) else { continue };
            let Some(person) = room.people.remove(device) else { continue };
            if room.people.is_empty() {
                self.rooms.remove(&room_id);
                continue;
            }
            let left = RoomLeft { room_id, participant: person.participant, reason };
            self.tell_room(room_id, device, &Event::RemoteUserLeaveRoom(left));
        }
    }

    pub(crate) fn link_changed(&mut self, device: &DeviceId, up: bool) {
        let now_ms = self.now_ms;
        let Some((room_id, person)) =
            self.rooms.iter_mut().find_map(|(id, room)| Some((*id, room.people.get_mut(device)?)))
        else {
            return;
        };
        if person.lost_ms.is_none() != up {
            person.lost_ms = (!up).then_some(now_ms);
            let participant = person.participant.clone();
            let event = Event::RemoteUserLinkChanged(RoomLink { room_id, participant, connected: up });
            self.tell_room(room_id, device, &event);
        }
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
