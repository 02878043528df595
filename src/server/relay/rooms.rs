//! Who is in which room, and whose packets go where. `Link` is whatever leads to a connection.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use crate::protocol::{
    RoomId, SourceId,
    media::{Header, Kind, Report},
};

use super::{loudest::Loudest, pace::Pace};

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

    /// Whether a source has a connection.
    pub(super) fn is_connected(&self, source: SourceId) -> bool {
        self.member(source, source).is_some()
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
        source: SourceId,
        level: u8,
        now_ms: u64,
        speakers: impl Fn(&Link) -> usize,
        mut deliver: impl FnMut(&Link, bool),
    ) -> Audio {
        let Some(place) = self.sources.get(&source) else { return Audio::LeftOut };
        let Some(room) = self.rooms.get_mut(&place.room) else { return Audio::LeftOut };
        let Some(heard) = room.loudest.hear(source, level, now_ms) else { return Audio::LeftOut };
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
mod tests {
    use super::*;
    use crate::protocol::media::LEVEL_SILENT;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    const PLACES: usize = 8;

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

    /// Who hears a source.
    fn others(rooms: &mut Rooms<u32>, source: u32) -> Vec<u32> {
        let mut found = Vec::new();
        rooms.audio(SourceId(source), LEVEL_SILENT, 0, |_| PLACES, |link, _| found.push(*link));
        found.sort_unstable();
        found
    }

    /// Opens a connection; the source and the connection it replaces.
    fn open(rooms: &mut Rooms<u32>, token: &str, link: u32) -> Option<(SourceId, Option<u32>)> {
        let mut of = None;
        let opened = rooms.open(token, |source, held| {
            of = Some((source, held.copied()));
            link
        })?;
        assert_eq!((opened.link, opened.replaced), (link, of?.1));
        of
    }

    #[test]
    fn packets_stay_in_their_room() {
        let mut rooms = Rooms::new(PLACES);
        for (source, number) in [(1, 10), (2, 10), (3, 10), (4, 11)] {
            assert_eq!(rooms.admit(room(number), SourceId(source), &format!("t{source}")), None);
            assert_eq!(open(&mut rooms, &format!("t{source}"), source * 100), Some((SourceId(source), None)));
        }
        assert_eq!(others(&mut rooms, 1), [200, 300]);
        assert_eq!(others(&mut rooms, 4), [0; 0]);
        assert_eq!(others(&mut rooms, 9), [0; 0], "a stranger reaches nobody");
        assert_eq!(rooms.evict(SourceId(2)), Some(200));
        assert_eq!(others(&mut rooms, 1), [300]);
        assert_eq!(open(&mut rooms, "t2", 201), None, "the token went with the place");
    }

    #[test]
    fn a_token_opens_one_connection_at_a_time() {
        let mut rooms = Rooms::new(PLACES);
        rooms.admit(room(1), SourceId(1), "old");
        assert_eq!(open(&mut rooms, "nonsense", 0), None);
        assert_eq!(open(&mut rooms, "old", 10), Some((SourceId(1), None)));
        assert_eq!(open(&mut rooms, "old", 11), Some((SourceId(1), Some(10))));
        assert!(!rooms.close(SourceId(1), |link| *link == 10), "it lost its place before");
        assert_eq!(rooms.admit(room(1), SourceId(1), "old"), None, "admitting again changes nothing");
        assert_eq!(rooms.admit(room(1), SourceId(1), "new"), Some(11));
        assert_eq!(open(&mut rooms, "old", 12), None);
        assert_eq!(open(&mut rooms, "new", 13), Some((SourceId(1), None)));
        assert!(rooms.close(SourceId(1), |link| *link == 13));
        assert_eq!(open(&mut rooms, "new", 14), Some((SourceId(1), None)), "the place outlives its connection");
    }

    #[test]
    fn packets_are_routed_by_their_header() {
        let own = SourceId(7);
        let route = |packet: Vec<u8>| route(own, &packet).map(|(route, ..)| route);
        assert_eq!(route(header(Kind::Audio, 7).packet(b"opus")), Ok(Route::Others));
        let report =
            Report { about: SourceId(3), lost: 1, jitter_ms: 2, playout_delay_ms: 3, longest_gap_ms: 4, concealed: 5 };
        assert_eq!(route(header(Kind::Report, 7).packet(&report.to_bytes())), Ok(Route::To(SourceId(3))));
        assert_eq!(route(header(Kind::Report, 7).packet(b"short")), Err(Dropped::Malformed));
        assert_eq!(route(header(Kind::Audio, 8).packet(b"opus")), Err(Dropped::WrongSource));
        assert_eq!(route(header(Kind::Pong, 7).packet(b"x")), Err(Dropped::Malformed));
        assert_eq!(route(b"noise".to_vec()), Err(Dropped::Malformed));
        assert_eq!(route(header(Kind::Ping, 7).packet(&[0; 64])), Ok(Route::Back));
        assert_eq!(route(header(Kind::Ping, 7).packet(&[0; 65])), Err(Dropped::Malformed));
    }

    #[test]
    fn reports_reach_their_source_within_the_room() {
        let mut rooms = Rooms::new(PLACES);
        for (source, number) in [(1, 10), (2, 10), (3, 11)] {
            rooms.admit(room(number), SourceId(source), &format!("t{source}"));
            open(&mut rooms, &format!("t{source}"), source * 100);
        }
        let to = |about| rooms.in_room_of(SourceId(1), SourceId(about)).copied();
        assert_eq!((to(2), to(3), to(4)), (Some(200), None, None));
        assert_eq!(rooms.in_room_of(SourceId(9), SourceId(2)), None);
    }

    /// Sends one packet of each speaker and returns who heard whom, with a mark where packets were left out before.
    fn round(rooms: &mut Rooms<u32>, now_ms: u64, levels: &[(u32, u8)], gets: impl Fn(u32) -> usize) -> Vec<String> {
        let mut heard = Vec::new();
        for (source, level) in levels {
            rooms.audio(
                SourceId(*source),
                *level,
                now_ms,
                |link| gets(*link),
                |link, returns| heard.push(format!("{source}>{link}{}", if returns { "!" } else { "" })),
            );
        }
        heard.sort();
        heard
    }

    #[test]
    fn a_listener_on_a_narrow_way_hears_the_loudest() {
        let mut rooms = Rooms::new(PLACES);
        for source in 1..=4 {
            rooms.admit(room(1), SourceId(source), &format!("t{source}"));
            open(&mut rooms, &format!("t{source}"), source);
        }
        // 3 is the loudest, then 2, then 1; 4 only listens.
        let levels = [(1, 60), (2, 40), (3, 20)];
        for now_ms in (0..1_000).step_by(20) {
            round(&mut rooms, now_ms, &levels, |_| PLACES);
        }
        let everyone = ["1>2", "1>3", "1>4", "2>1", "2>3", "2>4", "3>1", "3>2", "3>4"];
        assert_eq!(round(&mut rooms, 1_000, &levels, |_| PLACES), everyone);
        let narrow = |link| if link == 1 { PLACES } else { 1 };
        assert_eq!(round(&mut rooms, 1_020, &levels, narrow), ["2>1", "2>3", "3>1", "3>2", "3>4"]);
        let again = ["1>2!", "1>3!", "1>4!", "2>1", "2>3", "2>4!", "3>1", "3>2", "3>4"];
        assert_eq!(round(&mut rooms, 1_040, &levels, |_| PLACES), again, "the gaps are marked, for those who had them");
        assert_eq!(round(&mut rooms, 1_060, &levels, |_| PLACES), everyone);
    }

    #[test]
    fn more_speakers_than_places_are_left_out_for_all() {
        let mut rooms = Rooms::new(1);
        for source in 1..=3 {
            rooms.admit(room(1), SourceId(source), &format!("t{source}"));
            open(&mut rooms, &format!("t{source}"), source);
        }
        for now_ms in (0..200).step_by(20) {
            assert_eq!(round(&mut rooms, now_ms, &[(1, 30), (2, 30)], |_| 1), ["1>2", "1>3"]);
        }
        assert!(rooms.close(SourceId(1), |_| true));
        assert_eq!(round(&mut rooms, 220, &[(2, 30)], |_| 1), ["2>3!"]);
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
            let mut rooms = Rooms::new(PLACES);
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
                            prop_assert!(open(&mut rooms, &token, link).is_some());
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
                    let heard: BTreeSet<u32> = others(&mut rooms, *source).into_iter().collect();
                    prop_assert_eq!(heard, expected);
                }
            }
        }
    }
}
