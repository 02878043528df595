//! Who is in which room: the facts, and what follows from them alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::super::{
    lessons::{OpenLesson, OverLesson},
    stopwatch::Stopwatch,
};
use crate::protocol::{
    DeviceId, GroupId, InviteId, RoomId, SourceId, UserId,
    event::{Participant, RoomExited},
};

/// Most users that a participant is said to have been with.
const COMPANY_MAX: usize = 100;

#[derive(Debug)]
pub(in super::super) struct Person {
    pub(in super::super) participant: Participant,
    /// Counts entries: who came first.
    pub(in super::super) came: u64,
    /// When the signaling connection was lost, monotonic ms.
    pub(in super::super) lost_ms: Option<u64>,
    /// There was a media connection, and it says nothing or is gone since then, monotonic ms.
    pub(super) media_lost_ms: Option<u64>,
    /// What the others were told last.
    pub(super) connected: bool,
    /// Came while an own invitation to the room was open, and has not accepted it yet: not in the call so far.
    pub(super) answering: bool,
    /// What the room's clock of talking showed when this one came, ms.
    pub(super) talked_before_ms: u64,
    /// Who else was there.
    pub(super) company: Vec<UserId>,
    /// In a lesson: whether the relay was told to let sound through; `None` if it has not been told.
    pub(in super::super) voice: Option<bool>,
}

#[derive(Debug)]
pub(in super::super) struct Room {
    pub(in super::super) group: Option<GroupId>,
    pub(in super::super) call_id: Option<InviteId>,
    pub(super) opener: UserId,
    pub(super) allowed: HashSet<UserId>,
    pub(in super::super) people: BTreeMap<DeviceId, Person>,
    /// Runs while two or more are there.
    pub(in super::super) talking: Stopwatch,
    /// While there is one, the room stays although nobody is in it.
    pub(in super::super) lesson: Option<OpenLesson>,
}

impl Room {
    /// Whether more than two may be here: then how long each one talked is in nobody's hang-up message.
    pub(super) fn is_of_several(&self) -> bool {
        self.group.is_some() || self.allowed.len() > 2
    }

    /// Who is here, in the order of coming, each once.
    pub(in super::super) fn users(&self) -> Vec<UserId> {
        let mut people: Vec<&Person> = self.people.values().collect();
        people.sort_by_key(|person| person.came);
        let mut seen = HashSet::new();
        let users = people.into_iter().map(|person| &person.participant.user_id);
        users.filter(|user| seen.insert(*user)).cloned().collect()
    }

    /// They have met.
    pub(super) fn introduce(&mut self, newcomer: &DeviceId) {
        let here = self.users();
        let Some(name) = self.people.get(newcomer).map(|person| person.participant.user_id.clone()) else { return };
        for (device, person) in &mut self.people {
            let mut meet = |user: &UserId| {
                let known = person.company.contains(user) || *user == person.participant.user_id;
                if !known && person.company.len() < COMPANY_MAX {
                    person.company.push(user.clone());
                }
            };
            if device == newcomer { here.iter().for_each(&mut meet) } else { meet(&name) }
        }
    }
}

/// All rooms.
#[derive(Debug, Default)]
pub(in super::super) struct Rooms {
    pub(in super::super) rooms: HashMap<RoomId, Room>,
    /// Which rooms a device is in.
    pub(super) places: BTreeSet<(DeviceId, RoomId)>,
    /// The room that a group has.
    pub(super) by_group: HashMap<GroupId, RoomId>,
    /// Whose place in which room a source belongs to.
    pub(in super::super) sources: HashMap<SourceId, (DeviceId, RoomId)>,
    pub(super) last_source: u32,
    pub(super) entries: u64,
    /// The number of the last change.
    pub(super) changes: u64,
    /// When participants without connection are removed.
    pub(super) due: BTreeSet<(u64, DeviceId, RoomId)>,
    /// Stays that are over and rooms that are gone: not in the log yet.
    pub(super) exits: Vec<(UserId, RoomExited)>,
    pub(super) gone: Vec<RoomId>,
    /// The rooms with a lesson.
    pub(in super::super) lessons: BTreeSet<RoomId>,
    /// Lessons that are over: not stored yet.
    pub(in super::super) over: Vec<OverLesson>,
    /// How many stays, rooms and lessons the present batch has written.
    pub(super) written: (usize, usize, usize),
}

impl Rooms {
    pub(in super::super) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    pub(in super::super) fn is_in_room(&self, device: &DeviceId) -> bool {
        self.rooms_of(device).next().is_some()
    }

    pub(in super::super) fn exists(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    pub(in super::super) fn is_in(&self, room: RoomId, device: &DeviceId) -> bool {
        self.places.contains(&(device.clone(), room))
    }

    /// The rooms that a device is in.
    pub(in super::super) fn rooms_of(&self, device: &DeviceId) -> impl Iterator<Item = RoomId> {
        let from = (device.clone(), RoomId::MIN);
        self.places.range(from..).take_while(move |(who, _)| who == device).map(|(_, room)| *room)
    }

    /// A device's place in a room.
    pub(super) fn person(&mut self, room: RoomId, device: &DeviceId) -> Option<&mut Person> {
        self.rooms.get_mut(&room)?.people.get_mut(device)
    }

    /// Whoever is in a room; a user with two devices there comes twice.
    pub(in super::super) fn users(&self, room: RoomId) -> impl Iterator<Item = UserId> {
        let people = self.rooms.get(&room).map(|room| room.people.values()).into_iter().flatten();
        people.map(|person| person.participant.user_id.clone())
    }

    pub(in super::super) fn group_of(&self, room: RoomId) -> Option<&GroupId> {
        self.rooms.get(&room)?.group.as_ref()
    }

    pub(in super::super) fn of_group(&self, group: &GroupId) -> Option<RoomId> {
        self.by_group.get(group).copied()
    }

    /// The groups that have a room.
    pub(in super::super) fn groups(&self) -> impl Iterator<Item = &GroupId> {
        self.by_group.keys()
    }

    /// The call that a room is for, and who is in it in the order of coming.
    pub(in super::super) fn call_and_users(&self, room: RoomId) -> Option<(Option<InviteId>, Vec<UserId>)> {
        self.rooms.get(&room).map(|room| (room.call_id.clone(), room.users()))
    }

    /// A device has accepted an invitation to a room.
    pub(in super::super) fn answered(&mut self, room: RoomId, device: &DeviceId) {
        let person = self.rooms.get_mut(&room).and_then(|room| room.people.get_mut(device));
        if let Some(person) = person {
            person.answering = false;
        }
    }

    /// Users are invited to a room.
    pub(in super::super) fn let_in(&mut self, room: RoomId, users: &[UserId]) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.allowed.extend(users.iter().cloned());
        }
    }

    /// What the batch has written is stored.
    pub(in super::super) fn settled(&mut self) {
        let (exits, gone, over) = std::mem::take(&mut self.written);
        self.exits.drain(..exits);
        self.gone.drain(..gone);
        self.over.drain(..over);
    }

    /// Whether something is over that has not been written.
    pub(super) fn is_unwritten(&self) -> bool {
        !self.exits.is_empty() || !self.gone.is_empty() || !self.over.is_empty()
    }

    pub(in super::super) fn next_deadline(&self) -> Option<u64> {
        if self.is_unwritten() {
            // It is due at once, or when the store is tried again.
            return Some(0);
        }
        let lessons = self.lessons.iter().filter_map(|room| self.lesson(*room)?.lesson.next_deadline());
        lessons.chain(self.due.first().map(|(at, ..)| *at)).min()
    }

    /// The lesson in a room.
    pub(in super::super) fn lesson(&self, room: RoomId) -> Option<&OpenLesson> {
        self.rooms.get(&room)?.lesson.as_ref()
    }

    pub(in super::super) fn lesson_mut(&mut self, room: RoomId) -> Option<&mut OpenLesson> {
        self.rooms.get_mut(&room)?.lesson.as_mut()
    }

    /// The room of the lesson that is on in a group.
    pub(in super::super) fn lesson_of(&self, group: &GroupId) -> Option<RoomId> {
        self.of_group(group).filter(|room| self.lesson(*room).is_some())
    }

    /// Whose a source is, and in which room.
    pub(in super::super) fn user_of(&self, source: SourceId) -> Option<(UserId, RoomId)> {
        let (device, room) = self.sources.get(&source)?;
        let person = self.rooms.get(room)?.people.get(device)?;
        Some((person.participant.user_id.clone(), *room))
    }

    /// The devices in a room: a user's, or all.
    pub(in super::super) fn devices_in(&self, room: RoomId, user: Option<&UserId>) -> Vec<DeviceId> {
        let people = self.rooms.get(&room).map(|room| &room.people).into_iter().flatten();
        let theirs = people.filter(|(_, person)| user.is_none_or(|user| person.participant.user_id == *user));
        theirs.map(|(device, _)| device.clone()).collect()
    }

    /// The number of a change that is told now.
    pub(in super::super) fn change(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    pub(super) fn new_source(&mut self) -> SourceId {
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
