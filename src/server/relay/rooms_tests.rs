//! Who hears whom.

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
    rooms.audio(&header(Kind::Audio, source), 4, 0, |_| PLACES, |link, _| found.push(*link));
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
            &Header { level: *level, ..header(Kind::Audio, *source) },
            4,
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

#[test]
fn another_number_of_speakers_is_for_the_rooms_to_come() {
    let mut rooms = Rooms::new(2);
    let loud = |source| Header { level: 20, ..header(Kind::Audio, source) };
    let heard = |rooms: &mut Rooms<u32>, number: u32| {
        let sources = [1, 2, 3].map(|source| 10 * number + source);
        for source in sources {
            rooms.admit(room(number), SourceId(source), &format!("t{source}"));
            open(rooms, &format!("t{source}"), source);
        }
        let loud = |source| rooms.audio(&loud(source), 4, 0, |_| PLACES, |_, _| {});
        sources.map(loud).into_iter().filter(|became| matches!(became, Audio::Delivered { .. })).count()
    };
    assert_eq!(heard(&mut rooms, 1), 2);
    rooms.set_speakers(1);
    assert_eq!(heard(&mut rooms, 2), 1);
    let again = [11, 12, 13].map(|source| rooms.audio(&loud(source), 4, 20, |_| PLACES, |_, _| {}));
    assert_eq!(again.iter().filter(|became| matches!(became, Audio::Delivered { .. })).count(), 2);
}

#[test]
fn closed_voices_take_no_place_among_the_loudest() {
    let mut rooms = Rooms::new(1);
    for source in 1..=3 {
        rooms.admit(room(1), SourceId(source), &format!("t{source}"));
        open(&mut rooms, &format!("t{source}"), source);
    }
    // The only place is for the soft one: the loud one may not be heard.
    rooms.set_voice(SourceId(1), false, 0);
    for now_ms in (0..200).step_by(20) {
        assert_eq!(round(&mut rooms, now_ms, &[(1, 5), (2, 60)], |_| 1), ["2>1", "2>3"]);
    }
    // It gets the place when the other one's voice is closed, at once and with the gap marked.
    rooms.set_voice(SourceId(1), true, 200);
    rooms.set_voice(SourceId(2), false, 200);
    assert_eq!(round(&mut rooms, 200, &[(1, 60), (2, 5)], |_| 1), ["1>2!", "1>3!"]);
    assert_eq!(round(&mut rooms, 220, &[(1, 60), (2, 5)], |_| 1), ["1>2", "1>3"]);
    let mut told = rooms.voices(2_000);
    told.sort_by_key(|heard| heard.source);
    let refused: Vec<_> = told.iter().map(|heard| (heard.source.0, heard.refused)).collect();
    assert_eq!(refused, [(1, 10), (2, 2)]);
}

#[test]
fn a_closed_voice_stays_closed_with_its_place() {
    let mut rooms = Rooms::new(PLACES);
    for source in 1..=2 {
        rooms.admit(room(1), SourceId(source), &format!("t{source}"));
        open(&mut rooms, &format!("t{source}"), source);
    }
    rooms.set_voice(SourceId(1), false, 0);
    assert_eq!(others(&mut rooms, 1), [0; 0]);
    // Another connection takes the place: the voice belongs to the place.
    open(&mut rooms, "t1", 11);
    assert_eq!(others(&mut rooms, 1), [0; 0]);
    rooms.admit(room(1), SourceId(1), "t1");
    assert_eq!(others(&mut rooms, 1), [0; 0], "admitted again with the same token, nothing changes");
    assert_eq!(others(&mut rooms, 2), [11], "who may not speak hears");
    rooms.set_voice(SourceId(1), true, 0);
    assert_eq!(others(&mut rooms, 1), [2]);
    rooms.set_voice(SourceId(9), false, 0);
    assert_eq!(others(&mut rooms, 9), [0; 0], "a stranger has no voice");
}
