//! Who is in which room, and whose packets go where. `Link` is whatever leads to a connection.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use crate::protocol::{
    RoomId, SourceId,
    media::{Header, Kind, Report},
};

use super::{
    loudest::Loudest,
    pace::Pace,
    voice::{Heard, Voice},
};

/// Longest payload of a ping, bytes: it comes back as often as it is sent.
const PING_MAX_BYTES: usize = 64;

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To everyone else in the room who is to hear it, unchanged.
    Others,
    /// To this source alone, unchanged.
    To(SourceId),
    /// Its payload goes back to its sender, in a pong.
    Back,
}

/// Why a packet goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// The header names another source than the connection's own.
    WrongSource,
    /// Not a media packet, or of a kind that only the relay sends.
    Malformed,
}

/// Reads a packet's header and decides; returns the header and the payload, too.
///
/// # Errors
/// If the packet is to be dropped.
pub(super) fn route(own: SourceId, packet: &[u8]) -> Result<(Route, Header, &[u8]), Dropped> {
    let (header, payload) = Header::parse(packet).map_err(|_| Dropped::Malformed)?;
    if header.source != own {
        return Err(Dropped::WrongSource);
    }
    let route = match header.kind {
        Kind::Audio => Route::Others,
        Kind::Report => Route::To(Report::parse(payload).map_err(|_| Dropped::Malformed)?.about),
        Kind::Ping if payload.len() <= PING_MAX_BYTES => Route::Back,
        Kind::Ping | Kind::Pong => return Err(Dropped::Malformed),
    };
    Ok((route, header, payload))
}

/// Sources that were admitted, with their rooms and, while they have one, their connections.
#[derive(Debug)]
pub(super) struct Rooms<Link> {
    sources: HashMap<SourceId, Place>,
    tokens: HashMap<String, SourceId>,
    rooms: HashMap<RoomId, Room<Link>>,
    speakers: usize,
}

#[derive(Debug)]
struct Place {
    room: RoomId,
    token: String,
    /// Only where it was set; who has none is heard.
    voice: Option<Voice>,
}

#[derive(Debug)]
struct Room<Link> {
    members: Vec<Member<Link>>,
    loudest: Loudest,
    pace: Pace,
}

#[derive(Debug)]
struct Member<Link> {
    source: SourceId,
    link: Link,
    /// Speakers whose last packet was left out for this listener alone.
    left_out: HashSet<SourceId>,
}

/// What became of a packet of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audio {
    /// Its speaker may not be heard.
    Refused,
    /// Its speaker is not among those who are heard.
    LeftOut,
    /// It was delivered.
    Delivered {
        /// To so many listeners.
        copies: usize,
        /// Until when it may wait, ms, so that others of its room leave with it; `None`: not at all.
        waits: Option<(RoomId, u64)>,
    },
}

/// A connection that has got its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened<Link> {
    /// The connection.
    pub(super) link: Link,
    /// The one that had the place before, to be ended.
    pub(super) replaced: Option<Link>,
}

impl<Link: Clone> Rooms<Link> {
    /// No rooms yet. In each, at most so many speakers are heard at a time.
    pub(super) fn new(speakers: usize) -> Self {
        Self { sources: HashMap::new(), tokens: HashMap::new(), rooms: HashMap::new(), speakers }
    }

    /// Lets so many speakers be heard at a time in the rooms that are opened from now on.
    pub(super) fn set_speakers(&mut self, speakers: usize) {
        self.speakers = speakers;
    }

    /// Lets a source in. If it had a place under another token or in another room, that place's connection comes back,
    /// to be ended.
    pub(super) fn admit(&mut self, room: RoomId, source: SourceId, token: &str) -> Option<Link> {
        if self.sources.get(&source).is_some_and(|place| place.room == room && place.token == token) {
            return None;
        }
        let ended = self.evict(source);
        self.tokens.insert(token.to_owned(), source);
        self.sources.insert(source, Place { room, token: token.to_owned(), voice: None });
        ended
    }

    /// Takes a source's place away; its connection comes back, to be ended.
    pub(super) fn evict(&mut self, source: SourceId) -> Option<Link> {
        let place = self.sources.remove(&source)?;
        self.tokens.remove(&place.token);
        self.take(place.room, source, |_| true)
    }

    /// Opens or closes the voice of a source, if it has a place.
    pub(super) fn set_voice(&mut self, source: SourceId, open: bool, now_ms: u64) {
        let Some(place) = self.sources.get_mut(&source) else { return };
        place.voice.get_or_insert_with(|| Voice::new(open, now_ms)).set(open);
        if !open && let Some(room) = self.rooms.get_mut(&place.room) {
            // Its place among the loudest is free for others at once.
            room.loudest.remove(source);
        }
    }

    /// What the core is to be told of voices.
    pub(super) fn voices(&mut self, now_ms: u64) -> Vec<Heard> {
        let voices = self.sources.iter_mut().filter_map(|(source, place)| Some((*source, place.voice.as_mut()?)));
        voices.filter_map(|(source, voice)| voice.report(source, now_ms)).collect()
    }

    /// Gives whoever shows the token its place. `connect` makes the connection, from the source and the connection that
    /// has the place so far.
    pub(super) fn open(
        &mut self,
        token: &str,
        connect: impl FnOnce(SourceId, Option<&Link>) -> Link,
    ) -> Option<Opened<Link>> {
        let source = *self.tokens.get(token)?;
        let number = self.sources.get(&source)?.room;
        let room = self.rooms.entry(number).or_insert_with(|| Room {
            members: Vec::new(),
            loudest: Loudest::new(self.speakers),
            pace: Pace::default(),
        });
        let held = room.members.iter_mut().find(|member| member.source == source);
        let link = connect(source, held.as_ref().map(|member| &member.link));
        let replaced = match held {
            Some(member) => Some(std::mem::replace(&mut member.link, link.clone())),
            None => {
                room.members.push(Member { source, link: link.clone(), left_out: HashSet::new() });
                None
            }
        };
        Some(Opened { link, replaced })
    }

    /// A connection is gone. Whether it was the one that had the place.
    pub(super) fn close(&mut self, source: SourceId, is_it: impl Fn(&Link) -> bool) -> bool {
        let Some(room) = self.sources.get(&source).map(|place| place.room) else { return false };
        self.take(room, source, is_it).is_some()
    }

    /// The connection of a source.
    pub(super) fn link(&self, source: SourceId) -> Option<&Link> {
        self.in_room_of(source, source)
    }

    /// All connections with their sources.
    pub(super) fn links(&self) -> impl Iterator<Item = (SourceId, &Link)> {
        self.rooms.values().flat_map(|room| &room.members).map(|member| (member.source, &member.link))
    }

    /// The connection of a source, if both are in one room.
    pub(super) fn in_room_of(&self, source: SourceId, other: SourceId) -> Option<&Link> {
        self.member(source, other).map(|member| &member.link)
    }

    fn member(&self, source: SourceId, other: SourceId) -> Option<&Member<Link>> {
        let room = self.rooms.get(&self.sources.get(&source)?.room)?;
        room.members.iter().find(|member| member.source == other)
    }

    /// A source has sent sound: calls `deliver` with the connection of each who is to hear it, and whether packets of
    /// this speaker were left out before this one. `speakers` says how many speakers a listener gets.
    pub(super) fn audio(
        &mut self,
        header: &Header,
        payload_bytes: usize,
        now_ms: u64,
        speakers: impl Fn(&Link) -> usize,
        mut deliver: impl FnMut(&Link, bool),
    ) -> Audio {
        let source = header.source;
        let Some(place) = self.sources.get_mut(&source) else { return Audio::LeftOut };
        if place.voice.as_mut().is_some_and(|voice| !voice.hear(header, payload_bytes)) {
            return Audio::Refused;
        }
        let Some(room) = self.rooms.get_mut(&place.room) else { return Audio::LeftOut };
        let Some(mut heard) = room.loudest.hear(source, header.level, now_ms) else { return Audio::LeftOut };
        heard.returns |= place.voice.as_mut().is_some_and(Voice::returns);
        let mut copies = 0;
        for member in &mut room.members {
            if member.source == source {
                continue;
            }
            let gets = speakers(&member.link);
            // Nobody hears itself: a listener that is louder does not count.
            if heard.rank >= gets
                && heard.rank - usize::from(room.loudest.rank(member.source).is_some_and(|own| own < heard.rank))
                    >= gets
            {
                member.left_out.insert(source);
                continue;
            }
            let returns = heard.returns | (!member.left_out.is_empty() && member.left_out.remove(&source));
            deliver(&member.link, returns);
            copies += 1;
        }
        let until_ms = room.pace.note(now_ms, source, copies);
        Audio::Delivered { copies, waits: until_ms.map(|until_ms| (place.room, until_ms)) }
    }

    fn take(&mut self, room: RoomId, source: SourceId, is_it: impl Fn(&Link) -> bool) -> Option<Link> {
        let Entry::Occupied(mut room) = self.rooms.entry(room) else { return None };
        let Room { members, loudest, .. } = room.get_mut();
        let at = members.iter().position(|member| member.source == source && is_it(&member.link))?;
        let taken = members.swap_remove(at);
        loudest.remove(source);
        for member in members.iter_mut() {
            member.left_out.remove(&source);
        }
        if members.is_empty() {
            room.remove();
        }
        Some(taken.link)
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
