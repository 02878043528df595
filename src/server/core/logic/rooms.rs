//! Media rooms: who is in them and who may enter. In memory only: a room lives as long as somebody is in it.
//!
//! A device is in one room at a time; entering another one leaves the first. Whoever opens a room may let others in; for
//! a group's room every member may enter. The room, with everybody's permission to enter it, ends with its last
//! participant. A participant without a signaling connection keeps the place for [`limits::ROOM_GRACE_MS`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Answer, ConnId, Effect, Logic, answer, done, refuse, sessions::secret};
use crate::{
    protocol::{
        Code, DeviceId, Event, GroupId, RoomId, SourceId, UserId,
        api::{AllowInRoom, EnterRoom, EnterRoomReply},
        event::{LeaveReason, Participant, RoomEntered, RoomLeft, RoomLink},
        limits,
    },
    signaling::Actor,
};

#[derive(Debug)]
struct Person {
    participant: Participant,
    /// When the signaling connection was lost, monotonic ms.
    lost_ms: Option<u64>,
    /// There was a media connection, and there is none now.
    media_lost: bool,
    /// What the others were told last.
    connected: bool,
}

#[derive(Debug)]
struct Room {
    group: Option<GroupId>,
    allowed: HashSet<UserId>,
    people: BTreeMap<DeviceId, Person>,
}

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: HashMap<RoomId, Room>,
    /// Which room a device is in.
    places: HashMap<DeviceId, RoomId>,
    sources: HashMap<SourceId, DeviceId>,
    last_source: u32,
    /// When participants without connection are removed.
    due: BTreeSet<(u64, DeviceId)>,
}

impl Rooms {
    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    pub(super) fn is_in_room(&self, device: &DeviceId) -> bool {
        self.places.contains_key(device)
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }

    fn room_of(&mut self, device: &DeviceId) -> Option<(RoomId, &mut Room)> {
        let id = *self.places.get(device)?;
        Some((id, self.rooms.get_mut(&id)?))
    }

    fn new_source(&mut self) -> SourceId {
        // Wraps around after four thousand million entries: skip those still in use.
        loop {
            self.last_source = self.last_source.wrapping_add(1);
            let source = SourceId(self.last_source);
            if source.0 != 0 && !self.sources.contains_key(&source) {
                return source;
            }
        }
    }
}

impl Logic {
    pub(super) fn enter_room(&mut self, actor: &Actor, request: &EnterRoom) -> Answer {
        let id = request.room_id;
        let token = secret::<16>()?;
        let again = self.rooms.places.get(&actor.device) == Some(&id);
        if !again {
            match self.rooms.rooms.get(&id) {
                Some(_) if request.create => {
                    return refuse(Code::IdInUse, "There is a room with this number; make another random one.");
                }
                Some(room) => {
                    let member = match &room.group {
                        Some(group) => self.store.role(group, &actor.user)?.is_some(),
                        None => false,
                    };
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

        // From here on nothing is refused.
        if !again {
            self.leave_room(&actor.device, LeaveReason::Exit);
            let source_id = self.rooms.new_source();
            let participant = Participant { user_id: actor.user.clone(), device_id: actor.device.clone(), source_id };
            let room = self.rooms.rooms.entry(id).or_insert_with(|| Room {
                group: request.group_id.clone(),
                allowed: HashSet::from([actor.user.clone()]),
                people: BTreeMap::new(),
            });
            let person = Person { participant: participant.clone(), lost_ms: None, media_lost: false, connected: true };
            room.people.insert(actor.device.clone(), person);
            self.rooms.places.insert(actor.device.clone(), id);
            self.rooms.sources.insert(source_id, actor.device.clone());
            let event = Event::RemoteUserEnterRoom(RoomEntered { room_id: id, participant });
            self.tell_room(id, &actor.device, event);
            self.presence.touch(&actor.user);
        }
        let people = self.rooms.rooms.get(&id).map(|room| &room.people).into_iter().flatten();
        let (own, others): (Vec<_>, Vec<_>) =
            people.map(|(_, person)| person.participant.clone()).partition(|person| person.device_id == actor.device);
        let Some(own) = own.first() else { return refuse(Code::NotFound, "There is no such room (any more).") };
        self.relay.admit(id, own.source_id, &token);
        answer(&EnterRoomReply { room_id: id, source_id: own.source_id, relay_token: token, participants: others })
    }

    pub(super) fn allow_in_room(&mut self, actor: &Actor, request: AllowInRoom) -> Answer {
        for user in &request.user_list {
            self.check_account(user)?;
        }
        let Some(room) = self.rooms.rooms.get_mut(&request.room_id) else {
            return refuse(Code::NotFound, "There is no such room (any more).");
        };
        if !room.people.contains_key(&actor.device) {
            return refuse(Code::PermissionDenied, "Only whoever is in the room can let others in.");
        }
        let new = request.user_list.iter().filter(|user| !room.allowed.contains(*user)).count();
        if room.allowed.len() + new > limits::GROUP_MEMBERS_MAX {
            let message = format!("At most {} users can be let into a room.", limits::GROUP_MEMBERS_MAX);
            return refuse(Code::TooManyAccounts, message);
        }
        room.allowed.extend(request.user_list);
        done()
    }

    pub(super) fn exit_room(&mut self, actor: &Actor, room: RoomId) -> Answer {
        if self.rooms.places.get(&actor.device) != Some(&room) {
            return refuse(Code::NotFound, "This device is not in that room (any more).");
        }
        self.leave_room(&actor.device, LeaveReason::Exit);
        done()
    }

    /// Takes a device out of its room, if it is in one.
    pub(super) fn leave_room(&mut self, device: &DeviceId, reason: LeaveReason) {
        let Some((room_id, room)) = self.rooms.room_of(device) else { return };
        let Some(person) = room.people.remove(device) else { return };
        if room.people.is_empty() {
            self.rooms.rooms.remove(&room_id);
        }
        self.rooms.places.remove(device);
        self.rooms.sources.remove(&person.participant.source_id);
        if let Some(lost_ms) = person.lost_ms {
            self.rooms.due.remove(&(lost_ms + limits::ROOM_GRACE_MS, device.clone()));
        }
        self.relay.evict(person.participant.source_id);
        self.presence.touch(&person.participant.user_id);
        let left = RoomLeft { room_id, participant: person.participant, reason };
        self.tell_room(room_id, device, Event::RemoteUserLeaveRoom(left));
    }

    /// A device's signaling connection is gone, or there is one again.
    pub(super) fn link_changed(&mut self, device: &DeviceId, up: bool) {
        let now_ms = self.now_ms;
        let Some((_, room)) = self.rooms.room_of(device) else { return };
        let Some(person) = room.people.get_mut(device) else { return };
        let before = person.lost_ms;
        person.lost_ms = if up { None } else { before.or(Some(now_ms)) };
        let after = person.lost_ms;
        if let Some(lost_ms) = before {
            self.rooms.due.remove(&(lost_ms + limits::ROOM_GRACE_MS, device.clone()));
        }
        if let Some(lost_ms) = after {
            self.rooms.due.insert((lost_ms + limits::ROOM_GRACE_MS, device.clone()));
        }
        self.tell_link(device);
    }

    /// The relay says that a participant's media connection is up, or gone.
    pub(super) fn media_changed(&mut self, source: SourceId, up: bool) {
        let Some(device) = self.rooms.sources.get(&source).cloned() else { return };
        let Some((_, room)) = self.rooms.room_of(&device) else { return };
        let Some(person) = room.people.get_mut(&device) else { return };
        person.media_lost = !up;
        self.tell_link(&device);
    }

    /// Tells the others in the room if a participant's connection broke or is back.
    fn tell_link(&mut self, device: &DeviceId) {
        let Some((room_id, room)) = self.rooms.room_of(device) else { return };
        let Some(person) = room.people.get_mut(device) else { return };
        let connected = person.lost_ms.is_none() && !person.media_lost;
        if connected != person.connected {
            person.connected = connected;
            let participant = person.participant.clone();
            let event = Event::RemoteUserLinkChanged(RoomLink { room_id, participant, connected });
            self.tell_room(room_id, device, event);
        }
    }

    /// Removes those who did not come back in time.
    pub(super) fn remove_lost_participants(&mut self) {
        while let Some((at, device)) = self.rooms.due.first().cloned() {
            if at > self.now_ms {
                return;
            }
            self.rooms.due.pop_first();
            self.leave_room(&device, LeaveReason::Lost);
        }
    }

    fn tell_room(&mut self, room: RoomId, except: &DeviceId, event: Event) {
        let people = self.rooms.rooms.get(&room).map(|room| &room.people).into_iter().flatten();
        let to: Vec<ConnId> = people
            .filter(|(device, _)| *device != except)
            .filter_map(|(device, person)| self.online.get(&person.participant.user_id)?.get(device).copied())
            .collect();
        if !to.is_empty() {
            self.effects.push_back(Effect::Live { to, event });
        }
    }
}
