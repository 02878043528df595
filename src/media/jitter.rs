//! The jitter buffer: packets of one source, put back in order, until their sound is due.
//!
//! It knows nothing of sound: [`Voice`](super::voice::Voice) asks it for the next packet. Bounded whatever comes in.

use std::collections::BTreeMap;

use super::{
    delay::{DelayEstimator, FRAME_TIME},
    frame::ms,
};

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

/// Packets lost and seen over an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Interval {
    /// Packets that should have come.
    pub expected: u64,
    /// Packets that came.
    pub received: u64,
}

impl Interval {
    /// Share of packets that never came, 0.0 to 1.0.
    pub fn loss(self) -> f32 {
        if self.expected == 0 { 0.0 } else { 1.0 - (self.received as f32 / self.expected as f32).min(1.0) }
    }
}

/// Packets of one source.
#[derive(Debug, Default)]
pub struct JitterBuffer {
    packets: BTreeMap<i64, Packet>,
    /// Newest numbers, unwrapped.
    newest: Option<(i64, i64)>,
    /// Everything before this has been played or given up.
    next: i64,
    delay: DelayEstimator,
    /// Where a new stream would go on, if the next packet belongs to the one that looked strange.
    candidate: Option<(u32, u32)>,
    highest_counted: Option<i64>,
    interval: Interval,
    /// Packets behind their time.
    late: u64,
}

impl JitterBuffer {
    /// Takes in a packet that arrived at `now`.
    pub fn insert(&mut self, now: i64, sequence: u32, timestamp: u32, payload: &[u8]) -> Arrival {
        let Some((newest_sequence, newest_timestamp)) = self.newest else {
            return self.start(now, sequence, timestamp, payload);
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
                *self = Self { interval: self.interval, late: self.late, ..Self::default() };
                self.start(now, sequence, timestamp, payload);
                return Arrival::Restarted;
            }
            self.candidate = Some((sequence.wrapping_add(1), timestamp.wrapping_add(1)));
            return Arrival::Strange;
        }
        self.candidate = None;
        if self.packets.contains_key(&unwrapped_sequence) {
            return Arrival::Duplicate;
        }
        self.count(unwrapped_sequence);
        self.delay.arrived(now, unwrapped_time);
        if step > 0 {
            self.newest = Some((unwrapped_sequence, unwrapped_time));
        }
        if unwrapped_sequence < self.next {
            self.late += 1;
            return Arrival::Late;
        }
        self.keep(unwrapped_sequence, unwrapped_time, payload);
        Arrival::Kept
    }

    fn start(&mut self, now: i64, sequence: u32, timestamp: u32, payload: &[u8]) -> Arrival {
        // Room below zero, so that a straggler from before the first packet has a number too.
        let (sequence, timestamp) = (i64::from(sequence) + (1 << 32), i64::from(timestamp) + (1 << 32));
        self.newest = Some((sequence, timestamp));
        self.next = sequence - MAX_PACKETS as i64;
        self.count(sequence);
        self.delay.arrived(now, timestamp);
        self.keep(sequence, timestamp, payload);
        Arrival::Kept
    }

    fn count(&mut self, sequence: i64) {
        self.interval.received += 1;
        match self.highest_counted {
            Some(highest) if sequence <= highest => {}
            highest => {
                self.interval.expected += (sequence - highest.unwrap_or(sequence - 1)) as u64;
                self.highest_counted = Some(sequence);
            }
        }
    }

    fn keep(&mut self, sequence: i64, timestamp: i64, payload: &[u8]) {
        self.packets.insert(sequence, Packet { sequence, timestamp, payload: payload.to_vec() });
        while self.packets.len() > MAX_PACKETS
            || matches!((self.packets.first_key_value(), self.packets.last_key_value()),
                (Some((_, first)), Some((_, last))) if last.timestamp - first.timestamp > MAX_SPAN)
        {
            self.pop();
        }
    }

    /// The first packet that has not been taken.
    pub fn first(&self) -> Option<&Packet> {
        self.packets.first_key_value().map(|(_, packet)| packet)
    }

    /// Time of the packet behind the first.
    pub fn second_timestamp(&self) -> Option<i64> {
        self.packets.values().nth(1).map(|packet| packet.timestamp)
    }

    /// Takes the first packet; whatever comes of those before it is late from now on.
    pub fn pop(&mut self) -> Option<Packet> {
        let (sequence, packet) = self.packets.pop_first()?;
        self.next = sequence + 1;
        Some(packet)
    }

    /// The number of the packet that is due.
    pub fn next_sequence(&self) -> i64 {
        self.next
    }

    /// Gives up the packet that is due.
    pub fn skip(&mut self) {
        self.next += 1;
    }

    /// Gives up everything before a packet.
    pub fn skip_to(&mut self, sequence: i64) {
        self.next = self.next.max(sequence);
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
        std::mem::take(&mut self.interval)
    }

    /// Packets that came after their time.
    pub fn late(&self) -> u64 {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(buffer: &mut JitterBuffer) -> Vec<i64> {
        std::iter::from_fn(|| buffer.pop()).map(|packet| packet.sequence & 0xffff_ffff).collect()
    }

    #[test]
    fn order_is_restored_across_the_wrap() {
        let mut buffer = JitterBuffer::default();
        let first = u32::MAX - 1;
        for i in [0u32, 2, 1, 3, 3, 5] {
            let arrival = buffer.insert(
                i64::from(i) * FRAME_TIME,
                first.wrapping_add(i),
                (u32::MAX - 500).wrapping_add(i * 480),
                &[1],
            );
            assert!(matches!(arrival, Arrival::Kept | Arrival::Duplicate));
        }
        let mut seen = Vec::new();
        while let Some(packet) = buffer.pop() {
            seen.push(packet.timestamp);
        }
        assert!(seen.windows(2).all(|w| w[1] > w[0]), "{seen:?}");
        assert_eq!(seen.len(), 5);
        assert_eq!(buffer.take_interval(), Interval { expected: 6, received: 5 });
        assert_eq!(buffer.insert(0, first, u32::MAX - 500, &[1]), Arrival::Late);
    }

    #[test]
    fn a_new_stream_needs_two_packets() {
        let mut buffer = JitterBuffer::default();
        for i in 0..10u32 {
            buffer.insert(i64::from(i) * FRAME_TIME, i, i * 480, &[1]);
        }
        assert_eq!(buffer.insert(ms(100), 77_777, 9_999, &[2]), Arrival::Strange, "one stray packet changes nothing");
        assert_eq!(buffer.insert(ms(100), 10, 4800, &[1]), Arrival::Kept);
        assert_eq!(buffer.insert(ms(110), 500_000, 1_000_000_000, &[3]), Arrival::Strange);
        assert_eq!(buffer.insert(ms(120), 500_001, 1_000_000_480, &[3]), Arrival::Restarted);
        assert_eq!(numbers(&mut buffer), [500_001]);
    }

    proptest! {
        #[test]
        fn it_is_bounded_whatever_comes(packets in prop::collection::vec((any::<u32>(), any::<u32>(), 0..3u8), 1..300)) {
            let mut buffer = JitterBuffer::default();
            let (mut sequence, mut timestamp) = (0u32, 0u32);
            for (i, (a, b, kind)) in packets.into_iter().enumerate() {
                match kind {
                    0 => (sequence, timestamp) = (a, b),
                    1 => (sequence, timestamp) = (sequence.wrapping_add(a % 5), timestamp.wrapping_add(b % 3000)),
                    _ => (sequence, timestamp) = (sequence.wrapping_add(1), timestamp.wrapping_add(480)),
                }
                buffer.insert(i as i64 * FRAME_TIME, sequence, timestamp, &[0]);
                prop_assert!(buffer.packets.len() <= MAX_PACKETS);
                prop_assert!(buffer.span() <= MAX_SPAN + FRAME_TIME);
                if a % 3 == 0 {
                    let before = buffer.next_sequence();
                    if let Some(packet) = buffer.pop() {
                        prop_assert!(packet.sequence >= before || kind == 0);
                    }
                }
            }
        }
    }
}
