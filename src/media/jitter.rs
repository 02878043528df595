//! The jitter buffer: packets of one source, put back in order, until their sound is due. Copies of earlier frames take
//! the places of packets that did not come.
//!
//! It knows nothing of sound: [`Voice`](super::voice::Voice) asks it for the next packet. Bounded whatever comes in.

use std::collections::BTreeMap;

use super::{
    delay::{DelayEstimator, FRAME_TIME},
    frame::ms,
    payload::{EARLIER_UNIT, Payload},
    tally::{Interval, Tally},
};
use crate::protocol::media::Header;

/// Most packets kept.
const MAX_PACKETS: usize = 50;
/// Most time kept, samples.
const MAX_SPAN: i64 = ms(500);
/// A sequence number further off than this cannot belong to the same stream.
const MAX_SEQUENCE_STEP: i64 = 1000;

/// A packet with its numbers unwrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Counts all packets of the stream.
    pub sequence: i64,
    /// Time of the first sample.
    pub timestamp: i64,
    /// It follows a pause: what is missing before it was never sent.
    pub follows_pause: bool,
    /// The frame is stereo.
    pub stereo: bool,
    /// Loudness, -dBFS.
    pub level: u8,
    /// The Opus frame.
    pub payload: Vec<u8>,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Kept.
    Kept,
    /// Its place has been played.
    Late,
    /// It is here already.
    Duplicate,
    /// Its numbers make no sense; a second such packet begins a new stream.
    Strange,
    /// A new stream begins with it: everything before is forgotten.
    Restarted,
}

/// Packets of one source.
#[derive(Debug, Default)]
pub struct JitterBuffer {
    packets: BTreeMap<i64, Packet>,
    /// Newest numbers, unwrapped.
    newest: Option<(i64, i64)>,
    /// Everything that begins before has been played or given up.
    next_time: i64,
    delay: DelayEstimator,
    /// Where a new stream would go on, if the next packet belongs to the one that looked strange.
    candidate: Option<(u32, u32)>,
    tally: Tally,
    /// Packets behind their time.
    late: u64,
}

impl JitterBuffer {
    /// Takes in a packet that arrived at `now`, and the copies in it.
    pub fn insert(&mut self, now: i64, header: &Header, payload: &Payload<'_>) -> Arrival {
        let Header { sequence, timestamp, marker, stereo, level, .. } = *header;
        let packet = |sequence, timestamp| Packet {
            sequence,
            timestamp,
            follows_pause: marker,
            stereo,
            level,
            payload: payload.own.to_vec(),
        };
        let Some((newest_sequence, newest_timestamp)) = self.newest else {
            return self.start(now, packet(sequence.into(), timestamp.into()));
        };
        // The nearest numbers that look the same on the wire.
        let unwrapped_sequence = newest_sequence + i64::from(sequence.wrapping_sub(newest_sequence as u32) as i32);
        let unwrapped_time = newest_timestamp + i64::from(timestamp.wrapping_sub(newest_timestamp as u32) as i32);
        let step = unwrapped_sequence - newest_sequence;
        let out_of_order = (step > 0) != (unwrapped_time > newest_timestamp) && step != 0;
        // As far back as the buffer reaches, old packets are stragglers; from beyond, they are a sender that restarted.
        let strange = !(-(2 * MAX_PACKETS as i64)..=MAX_SEQUENCE_STEP).contains(&step)
            || out_of_order
            || !self.delay.is_plausible(now, unwrapped_time);
        if strange {
            if self.candidate.is_some_and(|(next, after)| sequence == next && timestamp.wrapping_sub(after) < 1 << 24) {
                *self = Self { tally: Tally::default(), late: self.late, ..Self::default() };
                self.start(now, packet(sequence.into(), timestamp.into()));
                return Arrival::Restarted;
            }
            self.candidate = Some((sequence.wrapping_add(1), timestamp.wrapping_add(1)));
            return Arrival::Strange;
        }
        self.candidate = None;
        let here = self.packets.get(&unwrapped_sequence).map(|packet| packet.timestamp);
        if here.is_some_and(|timestamp| timestamp != unwrapped_time) || !self.fits(unwrapped_sequence, unwrapped_time) {
            return Arrival::Strange;
        }
        self.delay.arrived(now, unwrapped_time);
        let news = self.tally.own(unwrapped_sequence, marker);
        if step > 0 {
            self.newest = Some((unwrapped_sequence, unwrapped_time));
        }
        if news {
            self.delay.available(now, unwrapped_time);
        }
        let arrival = if self.packets.contains_key(&unwrapped_sequence) {
            Arrival::Duplicate
        } else if unwrapped_time >= self.next_time {
            self.keep(packet(unwrapped_sequence, unwrapped_time));
            Arrival::Kept
        } else if news {
            // Without a use any more: something was made up for it.
            self.late += 1;
            Arrival::Late
        } else {
            Arrival::Duplicate
        };
        self.insert_copies(now, header, unwrapped_sequence, unwrapped_time, payload);
        arrival
    }

    fn insert_copies(&mut self, now: i64, header: &Header, sequence: i64, timestamp: i64, payload: &Payload<'_>) {
        let Header { stereo, level, .. } = *header;
        for copy in payload.copies() {
            let (sequence, timestamp) =
                (sequence - i64::from(copy.back), timestamp - i64::from(copy.earlier) * EARLIER_UNIT);
            if !self.tally.copy(sequence) {
                continue;
            }
            self.delay.available(now, timestamp);
            if timestamp >= self.next_time && self.fits(sequence, timestamp) {
                let payload = copy.frame.to_vec();
                self.keep(Packet { sequence, timestamp, follows_pause: false, stereo, level, payload });
            }
        }
    }

    /// Whether the times of its neighbours leave room for a packet.
    fn fits(&self, sequence: i64, timestamp: i64) -> bool {
        let before = self.packets.range(..sequence).next_back().is_none_or(|(_, packet)| packet.timestamp < timestamp);
        let after = self.packets.range(sequence + 1..).next().is_none_or(|(_, packet)| packet.timestamp > timestamp);
        before && after
    }

    fn start(&mut self, now: i64, mut first: Packet) -> Arrival {
        // Room below zero, so that a straggler from before the first packet has a number too.
        first.sequence += 1 << 32;
        first.timestamp += 1 << 32;
        self.newest = Some((first.sequence, first.timestamp));
        self.next_time = first.timestamp - MAX_SPAN;
        self.tally.own(first.sequence, true);
        self.delay.arrived(now, first.timestamp);
        self.delay.available(now, first.timestamp);
        self.keep(first);
        Arrival::Kept
    }

    fn keep(&mut self, packet: Packet) {
        self.packets.insert(packet.sequence, packet);
        while self.packets.len() > MAX_PACKETS
            || matches!((self.packets.first_key_value(), self.packets.last_key_value()),
                (Some((_, first)), Some((_, last))) if last.timestamp - first.timestamp > MAX_SPAN)
        {
            self.pop();
        }
    }

    /// A frame that did not come by itself can be had from the packet behind it, which arrived at `now`.
    pub fn note_recoverable(&mut self, now: i64, sequence: i64, timestamp: i64) {
        if self.tally.copy(sequence) {
            self.delay.available(now, timestamp);
        }
    }

    /// The newest packet's number and time.
    pub fn newest(&self) -> Option<(i64, i64)> {
        self.newest
    }

    /// The first packet that has not been taken.
    pub fn first(&self) -> Option<&Packet> {
        self.packets.first_key_value().map(|(_, packet)| packet)
    }

    /// Time of the packet behind the first.
    pub fn second_timestamp(&self) -> Option<i64> {
        self.packets.values().nth(1).map(|packet| packet.timestamp)
    }

    /// Takes the first packet; whatever begins before it is late from now on.
    pub fn pop(&mut self) -> Option<Packet> {
        let (_, packet) = self.packets.pop_first()?;
        self.advance(packet.timestamp + 1);
        Some(packet)
    }

    /// Everything that begins before this time has been played or given up.
    pub fn advance(&mut self, time: i64) {
        self.next_time = self.next_time.max(time);
    }

    /// Transit time plus the delay to add, samples: sound of time `t` is due at `t + due_after()`.
    pub fn due_after(&self) -> i64 {
        self.delay.base() + self.delay.target()
    }

    /// What is known of the path.
    pub fn delay(&self) -> &DelayEstimator {
        &self.delay
    }

    /// Sound that waits here, samples; an estimate for the last packet.
    pub fn span(&self) -> i64 {
        match (self.packets.first_key_value(), self.packets.last_key_value()) {
            (Some((_, first)), Some((_, last))) => last.timestamp - first.timestamp + FRAME_TIME,
            _ => 0,
        }
    }

    /// Counts since the last call.
    pub fn take_interval(&mut self) -> Interval {
        self.tally.take()
    }

    /// Packets that came after their time.
    pub fn late(&self) -> u64 {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::payload::Redundant,
        protocol::{SourceId, media::Kind},
    };
    use proptest::prelude::*;

    fn header(sequence: u32, timestamp: u32) -> Header {
        Header {
            kind: Kind::Audio,
            marker: false,
            stereo: false,
            redundant: false,
            level: 0,
            source: SourceId(1),
            sequence,
            timestamp,
        }
    }

    fn insert(buffer: &mut JitterBuffer, now: i64, sequence: u32, timestamp: u32) -> Arrival {
        buffer.insert(now, &header(sequence, timestamp), &Payload::plain(&[1]))
    }

    fn numbers(buffer: &mut JitterBuffer) -> Vec<i64> {
        std::iter::from_fn(|| buffer.pop()).map(|packet| packet.sequence & 0xffff_ffff).collect()
    }

    #[test]
    fn order_is_restored_across_the_wrap() {
        let mut buffer = JitterBuffer::default();
        let first = u32::MAX - 1;
        for i in [0u32, 2, 1, 3, 3, 5] {
            let timestamp = (u32::MAX - 500).wrapping_add(i * 480);
            let arrival = insert(&mut buffer, i64::from(i) * FRAME_TIME, first.wrapping_add(i), timestamp);
            assert!(matches!(arrival, Arrival::Kept | Arrival::Duplicate));
        }
        let mut seen = Vec::new();
        while let Some(packet) = buffer.pop() {
            seen.push(packet.timestamp);
        }
        assert!(seen.windows(2).all(|w| w[1] > w[0]), "{seen:?}");
        assert_eq!(seen.len(), 5);
        assert_eq!(insert(&mut buffer, 0, first, u32::MAX - 500), Arrival::Duplicate);
        assert_eq!(
            insert(&mut buffer, 0, first.wrapping_add(4), (u32::MAX - 500).wrapping_add(4 * 480)),
            Arrival::Late
        );
    }

    #[test]
    fn a_copy_takes_the_place_of_a_lost_packet() {
        let mut buffer = JitterBuffer::default();
        insert(&mut buffer, 0, 10, 4800);
        let copies = [3, 2, 1].map(|back| Redundant { back, earlier: 4 * back, frame: &[7] });
        buffer.insert(FRAME_TIME * 3, &header(13, 4800 + 3 * 480), &Payload::with_copies(copies, &[1]));
        let packets: Vec<Packet> = std::iter::from_fn(|| buffer.pop()).collect();
        let seen: Vec<_> = packets.iter().map(|p| (p.sequence & 0xff, p.timestamp & 0xffff, p.payload[0])).collect();
        assert_eq!(seen, [(10, 4800, 1), (11, 5280, 7), (12, 5760, 7), (13, 6240, 1)]);
        assert_eq!(insert(&mut buffer, FRAME_TIME * 4, 12, 5760), Arrival::Duplicate, "what its copy has stood for");
    }

    #[test]
    fn copies_with_times_that_do_not_fit_are_left_out() {
        let mut buffer = JitterBuffer::default();
        insert(&mut buffer, 0, 10, 4800);
        let copies = [Redundant { back: 1, earlier: 200, frame: &[7] }];
        buffer.insert(FRAME_TIME * 2, &header(12, 4800 + 960), &Payload::with_copies(copies, &[1]));
        assert_eq!(numbers(&mut buffer), [10, 12]);
    }

    #[test]
    fn a_new_stream_needs_two_packets() {
        let mut buffer = JitterBuffer::default();
        for i in 0..10u32 {
            insert(&mut buffer, i64::from(i) * FRAME_TIME, i, i * 480);
        }
        assert_eq!(insert(&mut buffer, ms(100), 77_777, 9_999), Arrival::Strange, "one stray packet changes nothing");
        assert_eq!(insert(&mut buffer, ms(100), 10, 4800), Arrival::Kept);
        assert_eq!(insert(&mut buffer, ms(110), 500_000, 1_000_000_000), Arrival::Strange);
        assert_eq!(insert(&mut buffer, ms(120), 500_001, 1_000_000_480), Arrival::Restarted);
        assert_eq!(numbers(&mut buffer), [500_001]);
    }

    proptest! {
        #[test]
        fn it_is_bounded_whatever_comes(
            packets in prop::collection::vec((any::<u32>(), any::<u32>(), 0..3u8, any::<(u8, u8)>()), 1..300),
        ) {
            let mut buffer = JitterBuffer::default();
            let (mut sequence, mut timestamp) = (0u32, 0u32);
            for (i, (a, b, kind, (back, earlier))) in packets.into_iter().enumerate() {
                match kind {
                    0 => (sequence, timestamp) = (a, b),
                    1 => (sequence, timestamp) = (sequence.wrapping_add(a % 5), timestamp.wrapping_add(b % 3000)),
                    _ => (sequence, timestamp) = (sequence.wrapping_add(1), timestamp.wrapping_add(480)),
                }
                let copies = [Redundant { back, earlier, frame: &[3] }];
                let payload = Payload::with_copies(copies, &[0]);
                buffer.insert(i as i64 * FRAME_TIME, &header(sequence, timestamp), &payload);
                prop_assert!(buffer.packets.len() <= MAX_PACKETS);
                prop_assert!(buffer.span() <= MAX_SPAN + FRAME_TIME);
                let times: Vec<i64> = buffer.packets.values().map(|packet| packet.timestamp).collect();
                prop_assert!(times.windows(2).all(|w| w[0] < w[1]), "{times:?}");
                if a % 3 == 0 {
                    buffer.pop();
                }
            }
        }
    }
}
