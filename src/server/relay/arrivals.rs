//! What came of one participant's audio, by the headers: how many packets were sent, how many came, how evenly.

use crate::protocol::media::CLOCK_HZ;

/// A packet this far ahead of the newest is taken for a fresh start of the sender, not for a gap (RFC 3550, A.1).
const AHEAD_MAX: u32 = 3_000;
/// So many sequence numbers behind the newest are remembered; what is older came too late to be told from a copy.
const REMEMBERED: u32 = 128;
/// Transit times that differ by more say that a clock was set, not how the way is, microseconds.
const STEP_MAX_US: u64 = 2_000_000;

/// Counters of one connection. They wrap around.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Packets that were sent, by their sequence numbers.
    pub(super) expected: u32,
    /// Those that came, copies not counted.
    pub(super) received: u32,
    jitter_us: f64,
    newest: Option<Newest>,
}

#[derive(Debug)]
struct Newest {
    sequence: u32,
    /// Bit n: the packet n before this one has come (or was before the first one, and is not waited for).
    came: u128,
    /// Of the packet that came last.
    timestamp: u32,
    at_us: u64,
}

impl Arrivals {
    /// Mean deviation of the transit time, microseconds (RFC 3550, 6.4.1).
    pub(super) fn jitter_us(&self) -> u32 {
        self.jitter_us as u32
    }

    /// An audio packet has come.
    pub(super) fn note(&mut self, sequence: u32, timestamp: u32, at_us: u64) {
        let Some(newest) = &mut self.newest else { return self.begin(sequence, timestamp, at_us) };
        let ahead = sequence.wrapping_sub(newest.sequence);
        let behind = newest.sequence.wrapping_sub(sequence);
        if ahead == 0 {
            return;
        }
        if ahead <= AHEAD_MAX {
            newest.came = newest.came.checked_shl(ahead).unwrap_or(0) | 1;
            newest.sequence = sequence;
            self.expected = self.expected.wrapping_add(ahead);
        } else if behind < REMEMBERED {
            let bit = 1 << behind;
            if newest.came & bit != 0 {
                return;
            }
            newest.came |= bit;
        } else if behind <= AHEAD_MAX {
            return;
        } else {
            return self.begin(sequence, timestamp, at_us);
        }
        self.received = self.received.wrapping_add(1);
        let spoken_us = i64::from(timestamp.wrapping_sub(newest.timestamp) as i32) * 1_000_000 / i64::from(CLOCK_HZ);
        // Both clocks are monotonic and of this program's life: the difference fits.
        let step_us = (at_us.wrapping_sub(newest.at_us) as i64).wrapping_sub(spoken_us).unsigned_abs();
        if step_us <= STEP_MAX_US {
            self.jitter_us += (step_us as f64 - self.jitter_us) / 16.0;
        }
        newest.timestamp = timestamp;
        newest.at_us = at_us;
    }

    fn begin(&mut self, sequence: u32, timestamp: u32, at_us: u64) {
        self.newest = Some(Newest { sequence, came: u128::MAX, timestamp, at_us });
        self.expected = self.expected.wrapping_add(1);
        self.received = self.received.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: u32 = 960;
    const FRAME_US: u64 = 20_000;

    fn after(sequences: impl IntoIterator<Item = u32>) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for (index, sequence) in sequences.into_iter().enumerate() {
            let index = index as u32;
            arrivals.note(sequence, index.wrapping_mul(FRAME), u64::from(index) * FRAME_US);
        }
        arrivals
    }

    fn counts(sequences: impl IntoIterator<Item = u32>) -> (u32, u32) {
        let arrivals = after(sequences);
        (arrivals.expected, arrivals.received)
    }

    #[test]
    fn gaps_copies_and_late_packets_are_counted() {
        assert_eq!(counts([]), (0, 0));
        assert_eq!(counts(5..15), (10, 10));
        assert_eq!(counts([1, 2, 5]), (5, 3));
        assert_eq!(counts([1, 2, 5, 3, 4]), (5, 5), "late, but there");
        assert_eq!(counts([1, 2, 2, 1, 3, 3]), (3, 3), "copies");
        assert_eq!(counts([5, 4, 3]), (1, 1), "nobody waits for what was before the first");
        assert_eq!(counts([u32::MAX - 1, 1, u32::MAX, 0]), (4, 4), "the numbers wrap around");
        assert_eq!(counts([0, 1_000, 1]), (1_001, 2), "too late to be told from a copy");
    }

    #[test]
    fn a_sender_that_starts_again_loses_nothing() {
        assert_eq!(counts([9_000, 9_001, 3, 4, 5]), (5, 5));
        assert_eq!(counts([3, 4, 2_000_000_000, 2_000_000_001]), (4, 4));
    }

    #[test]
    fn jitter_is_that_of_rfc_3550() {
        let mut even = Arrivals::default();
        let mut uneven = Arrivals::default();
        for packet in 0..1_000_u32 {
            let timestamp = packet.wrapping_mul(FRAME).wrapping_sub(10 * FRAME);
            let at_us = u64::from(packet) * FRAME_US;
            even.note(packet, timestamp, at_us);
            uneven.note(packet, timestamp, at_us + u64::from(packet % 2) * 8_000);
        }
        assert_eq!(even.jitter_us(), 0);
        assert!((7_990..=8_000).contains(&uneven.jitter_us()), "{}", uneven.jitter_us());
        // A timestamp from nowhere does not spoil it.
        uneven.note(1_000, 0x7000_0000, 1_000 * FRAME_US);
        assert!(uneven.jitter_us() <= 8_000);
    }

    proptest! {
        /// Of distinct packets in any order within the memory, exactly those are counted that came.
        #[test]
        fn the_order_does_not_matter(
            first: u32,
            came in prop::collection::vec(any::<bool>(), 1..100),
            order in any::<prop::sample::Index>(),
            copies in 0_usize..3,
        ) {
            let mut rest: Vec<u32> = (1..=came.len() as u32).filter(|n| came[*n as usize - 1]).collect();
            let at = if rest.is_empty() { 0 } else { order.index(rest.len()) };
            rest.rotate_left(at);
            let farthest = rest.iter().max().copied().unwrap_or(0);
            let mut sequences = vec![0];
            for n in &rest {
                sequences.extend(std::iter::repeat_n(*n, 1 + copies));
            }
            let (expected, received) = counts(sequences.into_iter().map(|n| first.wrapping_add(n)));
            prop_assert_eq!((expected, received), (farthest + 1, rest.len() as u32 + 1));
        }

        /// Nothing panics, and no more comes than was sent.
        #[test]
        fn noise_is_counted_soundly(packets in prop::collection::vec((0_u32..300, any::<u32>(), any::<u64>()), 0..300)) {
            let mut arrivals = Arrivals::default();
            for (sequence, timestamp, at_us) in packets {
                arrivals.note(sequence, timestamp, at_us);
                prop_assert!(arrivals.received <= arrivals.expected);
            }
            prop_assert!(u64::from(arrivals.jitter_us()) <= STEP_MAX_US);
        }
    }
}
