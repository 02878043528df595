//! Which speakers of a room are heard when more of them send than listeners get: the loudest, by the level in their
//! packets' headers.
//!
//! A speaker's loudness follows its packets within some tens of milliseconds, so that a click takes nobody's
//! place, and is held for a second before it falls, so that nobody is cut off between two words. A place changes hands
//! only for a clear difference.

use crate::protocol::{SourceId, media::LEVEL_SILENT};

/// A loudness is held this long, ms.
const HOLD_MS: u64 = 1_000;
/// Then it falls, dB per second.
const FALL_DB_PER_S: f32 = 30.0;
/// Loudness follows the packets' with this time constant, ms.
const SMOOTH_MS: f32 = 40.0;
/// A rise begins at most so far below the packet's loudness, dB.
const RISE_MAX_DB: f32 = 40.0;
/// A packet of a source that was silent counts for so much sound, ms; any other for the time since the last one.
const PACKET_MS: u64 = 20;
/// Whoever is to take another's place is so much louder, dB.
const MARGIN_DB: f32 = 6.0;
/// A speaker that has sent nothing for so long gives up its place to anyone, ms.
const GONE_MS: u64 = 2_000;

/// How loud a source is, dB above digital silence.
#[derive(Clone, Copy, Debug)]
struct Loudness {
    smooth_db: f32,
    held_db: f32,
    held_at_ms: u64,
    heard_ms: u64,
}

impl Loudness {
    fn new(level: u8, now_ms: u64) -> Self {
        let mut new = Self { smooth_db: 0.0, held_db: 0.0, held_at_ms: 0, heard_ms: now_ms.saturating_sub(PACKET_MS) };
        new.hear(level, now_ms);
        new
    }

    fn at(&self, now_ms: u64) -> f32 {
        let falling_ms = now_ms.saturating_sub(self.held_at_ms + HOLD_MS);
        (self.held_db - falling_ms as f32 * FALL_DB_PER_S / 1_000.0).max(0.0)
    }

    fn hear(&mut self, level: u8, now_ms: u64) {
        let packet_db = f32::from(LEVEL_SILENT.saturating_sub(level));
        let span_ms = now_ms.saturating_sub(self.heard_ms).min(PACKET_MS) as f32;
        let from_db = self.smooth_db.max(packet_db - RISE_MAX_DB);
        self.smooth_db = from_db + (packet_db - from_db) * span_ms / (span_ms + SMOOTH_MS);
        if self.smooth_db >= self.at(now_ms) {
            self.held_db = self.smooth_db;
            self.held_at_ms = now_ms;
        }
        self.heard_ms = now_ms;
    }
}

#[derive(Debug)]
struct Speaker {
    source: SourceId,
    loudness: Loudness,
    /// Its last packet went nowhere.
    left_out: bool,
}

/// A packet that is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// 0 for the loudest speaker of the room.
    pub(super) rank: usize,
    /// Packets of this speaker before this one were left out.
    pub(super) returns: bool,
}

/// The speakers of one room.
#[derive(Debug)]
pub(super) struct Loudest {
    places: usize,
    /// In front those who are heard, the loudest first; behind them the others in no order.
    speakers: Vec<Speaker>,
}

impl Loudest {
    /// A room where at most so many are heard at a time; at least 1.
    pub(super) fn new(places: usize) -> Self {
        Self { places: places.max(1), speakers: Vec::new() }
    }

    /// A source has sent a packet of sound; `None` if it is not to be heard.
    pub(super) fn hear(&mut self, source: SourceId, level: u8, now_ms: u64) -> Option<Heard> {
        let mut at = match self.speakers.iter().position(|speaker| speaker.source == source) {
            Some(at) => {
                self.speakers[at].loudness.hear(level, now_ms);
                at
            }
            None => {
                let loudness = Loudness::new(level, now_ms);
                self.speakers.push(Speaker { source, loudness, left_out: false });
                self.speakers.len() - 1
            }
        };
        if at >= self.places {
            let Some(place) = self.place_for(at, now_ms) else {
                self.speakers[at].left_out = true;
                return None;
            };
            self.speakers.swap(at, place);
            at = place;
        }
        while at > 0 && self.db(at, now_ms) > self.db(at - 1, now_ms) + MARGIN_DB {
            self.speakers.swap(at, at - 1);
            at -= 1;
        }
        let returns = std::mem::take(&mut self.speakers[at].left_out);
        Some(Heard { rank: at, returns })
    }

    /// How loud the speaker is; one who is gone is below all others.
    fn db(&self, at: usize, now_ms: u64) -> f32 {
        let loudness = &self.speakers[at].loudness;
        if now_ms.saturating_sub(loudness.heard_ms) >= GONE_MS { -2.0 * MARGIN_DB } else { loudness.at(now_ms) }
    }

    /// The place of the weakest who is heard, if the challenger may have it.
    fn place_for(&self, challenger: usize, now_ms: u64) -> Option<usize> {
        let weakest = (0..self.places).rev().min_by(|a, b| self.db(*a, now_ms).total_cmp(&self.db(*b, now_ms)))?;
        (self.db(challenger, now_ms) > self.db(weakest, now_ms) + MARGIN_DB).then_some(weakest)
    }

    /// The rank of a source, if it is heard at present.
    pub(super) fn rank(&self, source: SourceId) -> Option<usize> {
        self.speakers.iter().take(self.places).position(|speaker| speaker.source == source)
    }

    /// A source has left; one who was not heard gets its place.
    pub(super) fn remove(&mut self, source: SourceId) {
        self.speakers.retain(|speaker| speaker.source != source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPEECH: u8 = 27;
    const NOISE: u8 = 65;

    /// Sources numbered from 0, each with its level at a time; a packet each 20 ms.
    fn play(
        loudest: &mut Loudest,
        from_ms: u64,
        to_ms: u64,
        level: impl Fn(u32, u64) -> Option<u8>,
    ) -> Vec<(u64, u32, Option<Heard>)> {
        let mut heard = Vec::new();
        for now_ms in (from_ms..to_ms).step_by(20) {
            for source in 0..20 {
                if let Some(level) = level(source, now_ms) {
                    heard.push((now_ms, source, loudest.hear(SourceId(source), level, now_ms)));
                }
            }
        }
        heard
    }

    fn all_heard(events: &[(u64, u32, Option<Heard>)], source: u32) -> bool {
        events.iter().filter(|event| event.1 == source).all(|event| event.2.is_some())
    }

    #[test]
    fn while_there_are_places_everyone_is_heard() {
        let mut loudest = Loudest::new(3);
        let events = play(&mut loudest, 0, 5_000, |source, _| (source < 3).then_some(LEVEL_SILENT - source as u8));
        assert!(events.iter().all(|event| event.2.is_some_and(|heard| !heard.returns)));
    }

    #[test]
    fn the_loudest_are_heard_and_the_others_are_not() {
        let mut loudest = Loudest::new(3);
        // Ten open microphones in quiet rooms, then three who speak.
        play(&mut loudest, 0, 3_000, |source, _| (source < 10).then_some(NOISE));
        let speaks = |source: u32| [4, 6, 9].contains(&source);
        let level = |source: u32, _| (source < 10).then_some(if speaks(source) { SPEECH } else { NOISE });
        let events = play(&mut loudest, 3_000, 6_000, level);
        for (now_ms, source, heard) in events {
            if speaks(source) && now_ms >= 3_040 {
                assert!(heard.is_some(), "{source} at {now_ms}");
            }
            if !speaks(source) && now_ms >= 3_100 {
                assert_eq!(heard, None, "{source} at {now_ms}");
            }
        }
    }

    #[test]
    fn nobody_is_cut_off_between_words() {
        let mut loudest = Loudest::new(2);
        // Two take turns with pauses of most of a second; a third one is louder than their pauses, softer than they.
        let level = |source, now_ms: u64| match source {
            0 => Some(if now_ms % 1_500 < 700 { SPEECH } else { NOISE }),
            1 => Some(if now_ms % 1_500 >= 700 { SPEECH + 3 } else { NOISE }),
            2 => Some(45),
            _ => None,
        };
        play(&mut loudest, 0, 3_000, level);
        let events = play(&mut loudest, 3_000, 30_000, level);
        assert!(all_heard(&events, 0) && all_heard(&events, 1));
        assert!(events.iter().all(|event| event.1 != 2 || event.2.is_none()));
        // Once they have fallen silent for good, the third is heard.
        let events = play(&mut loudest, 30_000, 40_000, |source, _| {
            (source < 3).then_some(if source == 2 { 45 } else { NOISE })
        });
        let first = events.iter().find(|event| event.1 == 2 && event.2.is_some()).expect("heard");
        assert_eq!(first.2.map(|heard| heard.returns), Some(true), "the gap before it is no loss");
        assert!((30_500..33_000).contains(&first.0), "at {}", first.0);
    }

    #[test]
    fn a_click_takes_no_place() {
        let mut loudest = Loudest::new(2);
        let level = |source, now_ms: u64| match source {
            0 | 1 => Some(SPEECH),
            2 => Some(if now_ms % 700 == 300 { 5 } else { NOISE }),
            _ => None,
        };
        let events = play(&mut loudest, 0, 10_000, level);
        assert!(all_heard(&events, 0) && all_heard(&events, 1));
    }

    #[test]
    fn whoever_sends_nothing_gives_up_the_place() {
        let mut loudest = Loudest::new(1);
        play(&mut loudest, 0, 100, |source, _| (source == 0).then_some(SPEECH));
        let events = play(&mut loudest, 100, 5_000, |source, _| (source == 1).then_some(LEVEL_SILENT));
        let first = events.iter().find(|event| event.2.is_some()).expect("heard in the end");
        assert!((2_000..2_200).contains(&first.0), "at {}", first.0);
        loudest.remove(SourceId(1));
        assert!(loudest.hear(SourceId(2), LEVEL_SILENT, 5_000).is_some());
    }

    #[test]
    fn ranks_follow_loudness() {
        let mut loudest = Loudest::new(4);
        play(&mut loudest, 0, 1_000, |source, _| (source < 4).then(|| 70 - 15 * source as u8));
        let ranks: Vec<_> = (0..5).map(|source| loudest.rank(SourceId(source))).collect();
        assert_eq!(ranks, [Some(3), Some(2), Some(1), Some(0), None]);
    }

    proptest! {
        /// Whatever is sent: never more are heard than there are places, and one who is heard has the rank it is told.
        #[test]
        fn the_places_are_never_exceeded(
            places in 1_usize..5,
            packets in prop::collection::vec((0_u32..12, any::<u8>(), 0_u64..400, any::<bool>()), 1..400),
        ) {
            let mut loudest = Loudest::new(places);
            let mut now_ms = 0;
            for (source, level, step_ms, leaves) in packets {
                now_ms += step_ms;
                if leaves && step_ms > 350 {
                    loudest.remove(SourceId(source));
                } else if let Some(heard) = loudest.hear(SourceId(source), level, now_ms) {
                    prop_assert!(heard.rank < places);
                    prop_assert_eq!(loudest.rank(SourceId(source)), Some(heard.rank));
                } else {
                    prop_assert_eq!(loudest.rank(SourceId(source)), None);
                }
                prop_assert!((0..12).filter(|n| loudest.rank(SourceId(*n)).is_some()).count() <= places);
            }
        }
    }
}
