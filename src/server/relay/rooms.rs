//! Who is in which room, and whose packets go where. `Link` is whatever leads to a connection.

use std::collections::{HashMap, hash_map::Entry};

use crate::protocol::{
    RoomId, SourceId,
    media::{Header, Kind},
};

/// Where a packet goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To everyone else in the room, unchanged.
    Others,
    /// This packet, to its sender.
    Back(Vec<u8>),
}

/// Why a packet goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dropped {
    /// The header names another source than the connection's own.
    WrongSource,
    /// Not a media packet, or of a kind that only the relay sends.
    Malformed,
}

/// Reads a packet's header and decides.
///
/// # Errors
/// If the packet is to be dropped.
pub(super) fn route(own: SourceId, packet: &[u8]) -> Result<Route, Dropped> {
    let (header, payload) = Header::parse(packet).map_err(|_| Dropped::Malformed)?;
    if header.source != own {
        return Err(Dropped::WrongSource);
    }
    match header.kind {
        Kind::Audio | Kind::Report => Ok(Route::Others),
        Kind::Ping => Ok(Route::Back(Header { kind: Kind::Pong, ..header }.packet(payload))),
        Kind::Pong => Err(Dropped::Malformed),
    }
}

/// Sources that were admitted, with their rooms and, while they have one, their connections.
#[derive(Debug)]
pub(super) struct Rooms<Link> {
    sources: HashMap<SourceId, Place>,
    tokens: HashMap<String, SourceId>,
    rooms: HashMap<RoomId, Vec<(SourceId, Link)>>,
}

#[derive(Debug)]
struct Place {
    room: RoomId,
    token: String,
}

impl<Link> Default for Rooms<Link> {
    fn default() -> Self {
        Self { sources: HashMap::new(), tokens: HashMap::new(), rooms: HashMap::new() }
    }
}

impl<Link> Rooms<Link> {
    /// Lets a source in. If it had a place under another token or in another room, that place's connection comes back,
    /// to be ended.
    pub(super) fn admit(&mut self, room: RoomId, source: SourceId, token: &str) -> Option<Link> {
        if self.sources.get(&source).is_some_and(|place| place.room == room && place.token == token) {
            return None;
        }
        let ended = self.evict(source);
        self.tokens.insert(token.to_owned(), source);
        self.sources.insert(source, Place { room, token: token.to_owned() });
        ended
    }

    /// Takes a source's place away; its connection comes back, to be ended.
    pub(super) fn evict(&mut self, source: SourceId) -> Option<Link> {
        let place = self.sources.remove(&source)?;
        self.tokens.remove(&place.token);
        self.take(place.room, source, |_| true)
    }

    /// Connects whoever shows the token. The connection that had the place comes back, to be ended.
    pub(super) fn open(&mut self, token: &str, link: Link) -> Option<(SourceId, Option<Link>)> {
        let source = *self.tokens.get(token)?;
        let room = self.sources.get(&source)?.room;
        let replaced = self.take(room, source, |_| true);
        self.rooms.entry(room).or_default().push((source, link));
        Some((source, replaced))
    }

    /// A connection is gone. Whether it was the one that had the place.
    pub(super) fn close(&mut self, source: SourceId, is_it: impl Fn(&Link) -> bool) -> bool {
        let Some(room) = self.sources.get(&source).map(|place| place.room) else { return false };
        self.take(room, source, is_it).is_some()
    }

    /// Calls `each` with the connections of everyone else in the source's room.
    pub(super) fn others(&self, source: SourceId, mut each: impl FnMut(&Link)) {
        let Some(place) = self.sources.get(&source) else { return };
        for (other, link) in self.rooms.get(&place.room).into_iter().flatten() {
            if *other != source {
                each(link);
            }
        }
    }

    fn take(&mut self, room: RoomId, source: SourceId, is_it: impl Fn(&Link) -> bool) -> Option<Link> {
        let Entry::Occupied(mut members) = self.rooms.entry(room) else { return None };
        let at = members.get().iter().position(|(member, link)| *member == source && is_it(link))?;
        let (_, link) = members.get_mut().swap_remove(at);
        if members.get().is_empty() {
            members.remove();
        }
        Some(link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::media::LEVEL_SILENT;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn room(number: u32) -> RoomId {
        RoomId::new(number).expect("valid")
    }

    fn header(kind: Kind, source: u32) -> Header {
        Header {
            kind,
            marker: false,
            stereo: false,
            redundant: false,
            level: LEVEL_SILENT,
            source: SourceId(source),
            sequence: 1,
            timestamp: 2,
        }
    }

    fn others(rooms: &Rooms<u32>, source: u32) -> Vec<u32> {
        let mut found = Vec::new();
        rooms.others(SourceId(source), |link| found.push(*link));
        found.sort_unstable();
        found
    }

    #[test]
    fn packets_stay_in_their_room() {
        let mut rooms = Rooms::default();
        for (source, number) in [(1, 10), (2, 10), (3, 10), (4, 11)] {
            assert_eq!(rooms.admit(room(number), SourceId(source), &format!("t{source}")), None);
            assert_eq!(rooms.open(&format!("t{source}"), source * 100), Some((SourceId(source), None)));
        }
        assert_eq!(others(&rooms, 1), [200, 300]);
        assert_eq!(others(&rooms, 4), [0; 0]);
        assert_eq!(others(&rooms, 9), [0; 0], "a stranger reaches nobody");
        assert_eq!(rooms.evict(SourceId(2)), Some(200));
        assert_eq!(others(&rooms, 1), [300]);
        assert_eq!(rooms.open("t2", 201), None, "the token went with the place");
    }

    #[test]
    fn a_token_opens_one_connection_at_a_time() {
        let mut rooms = Rooms::default();
        rooms.admit(room(1), SourceId(1), "old");
        assert_eq!(rooms.open("nonsense", 0), None);
        assert_eq!(rooms.open("old", 10), Some((SourceId(1), None)));
        assert_eq!(rooms.open("old", 11), Some((SourceId(1), Some(10))));
        assert!(!rooms.close(SourceId(1), |link| *link == 10), "it lost its place before");
        assert_eq!(rooms.admit(room(1), SourceId(1), "old"), None, "admitting again changes nothing");
        assert_eq!(rooms.admit(room(1), SourceId(1), "new"), Some(11));
        assert_eq!(rooms.open("old", 12), None);
        assert_eq!(rooms.open("new", 13), Some((SourceId(1), None)));
        assert!(rooms.close(SourceId(1), |link| *link == 13));
        assert_eq!(rooms.open("new", 14), Some((SourceId(1), None)), "the place outlives its connection");
    }

    #[test]
    fn packets_are_routed_by_their_header() {
        let own = SourceId(7);
        assert_eq!(route(own, &header(Kind::Audio, 7).packet(b"opus")), Ok(Route::Others));
        assert_eq!(route(own, &header(Kind::Report, 7).packet(b"")), Ok(Route::Others));
        assert_eq!(route(own, &header(Kind::Audio, 8).packet(b"opus")), Err(Dropped::WrongSource));
        assert_eq!(route(own, &header(Kind::Pong, 7).packet(b"x")), Err(Dropped::Malformed));
        assert_eq!(route(own, b"noise"), Err(Dropped::Malformed));
        let pong = header(Kind::Pong, 7).packet(b"x");
        assert_eq!(route(own, &header(Kind::Ping, 7).packet(b"x")), Ok(Route::Back(pong)));
    }

    #[derive(Clone, Debug)]
    enum Act {
        Admit(u32, u32),
        Evict(u32),
        Open(u32, u32),
        Close(u32, u32),
    }

    fn act() -> impl Strategy<Value = Act> {
        let source = 1_u32..5;
        prop_oneof![
            (1_u32..3, source.clone()).prop_map(|(room, source)| Act::Admit(room, source)),
            source.clone().prop_map(Act::Evict),
            (source.clone(), any::<u32>()).prop_map(|(source, link)| Act::Open(source, link)),
            (source, any::<u32>()).prop_map(|(source, link)| Act::Close(source, link)),
        ]
    }

    proptest! {
        /// Against a model: whoever is admitted and connected hears exactly those of the same room.
        #[test]
        fn the_rooms_agree_with_a_model(acts in prop::collection::vec(act(), 1..60)) {
            let mut rooms = Rooms::default();
            let mut model: BTreeMap<u32, (u32, Option<u32>)> = BTreeMap::new();
            for act in acts {
                match act {
                    Act::Admit(number, source) => {
                        rooms.admit(room(number), SourceId(source), &format!("{number}/{source}"));
                        let place = model.entry(source).or_insert((number, None));
                        if place.0 != number {
                            *place = (number, None);
                        }
                    }
                    Act::Evict(source) => {
                        rooms.evict(SourceId(source));
                        model.remove(&source);
                    }
                    Act::Open(source, link) => {
                        if let Some(place) = model.get_mut(&source) {
                            let token = format!("{}/{source}", place.0);
                            prop_assert!(rooms.open(&token, link).is_some());
                            place.1 = Some(link);
                        }
                    }
                    Act::Close(source, link) => {
                        let gone = rooms.close(SourceId(source), |held| *held == link);
                        let expected = model.get(&source).is_some_and(|place| place.1 == Some(link));
                        prop_assert_eq!(gone, expected);
                        if expected {
                            model.insert(source, (model[&source].0, None));
                        }
                    }
                }
                for (source, (number, _)) in &model {
                    let expected: BTreeSet<u32> = model
                        .iter()
                        .filter(|(other, place)| *other != source && place.0 == *number)
                        .filter_map(|(_, place)| place.1)
                        .collect();
                    let heard: BTreeSet<u32> = others(&rooms, *source).into_iter().collect();
                    prop_assert_eq!(heard, expected);
                }
            }
        }
    }
}
