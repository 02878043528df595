//! Packets that wait for the way to one listener. Late sound is worth nothing: the oldest packets go first, and go away
//! when they have become too old.

use std::collections::VecDeque;

/// Sound that has waited longer is too late, microseconds.
const AGE_MAX_US: u64 = 300_000;
/// Packets that wait at most, however young: a hundred milliseconds of forty speakers.
const PACKETS_MAX: usize = 400;

/// The queue. Times are microseconds of one monotonic clock.
#[derive(Debug)]
pub(super) struct Queue<Packet> {
    packets: VecDeque<(u64, Packet)>,
}

impl<Packet> Default for Queue<Packet> {
    fn default() -> Self {
        Self { packets: VecDeque::new() }
    }
}

impl<Packet> Queue<Packet> {
    /// Appends a packet; returns how many older ones had to go.
    pub(super) fn push(&mut self, now_us: u64, packet: Packet) -> u32 {
        let mut dropped = self.expire(now_us);
        if self.packets.len() >= PACKETS_MAX {
            self.packets.pop_front();
            dropped += 1;
        }
        self.packets.push_back((now_us, packet));
        dropped
    }

    /// Drops what has become too old; returns how much that was.
    pub(super) fn expire(&mut self, now_us: u64) -> u32 {
        let mut dropped = 0;
        while self.waiting_us(now_us) > AGE_MAX_US {
            self.packets.pop_front();
            dropped += 1;
        }
        dropped
    }

    /// How long the oldest packet has waited.
    pub(super) fn waiting_us(&self, now_us: u64) -> u64 {
        self.packets.front().map_or(0, |(at_us, _)| now_us.saturating_sub(*at_us))
    }

    /// The oldest packet.
    pub(super) fn first(&self) -> Option<&Packet> {
        self.packets.front().map(|(_, packet)| packet)
    }

    /// Takes the oldest packet.
    pub(super) fn pop(&mut self) -> Option<Packet> {
        self.packets.pop_front().map(|(_, packet)| packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_oldest_goes_first_and_not_too_late() {
        let mut queue = Queue::default();
        assert_eq!([queue.push(0, 'a'), queue.push(200_000, 'b'), queue.push(AGE_MAX_US, 'c')], [0, 0, 0]);
        assert_eq!((queue.waiting_us(AGE_MAX_US), queue.first()), (AGE_MAX_US, Some(&'a')));
        assert_eq!(queue.push(AGE_MAX_US + 1, 'd'), 1);
        assert_eq!((queue.pop(), queue.pop()), (Some('b'), Some('c')));
        assert_eq!(queue.expire(10 * AGE_MAX_US), 1);
        assert_eq!((queue.pop(), queue.waiting_us(0)), (None, 0));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_without_being_counted(steps in prop::collection::vec((0_u64..2_000, 0_usize..4), 1..2_000)) {
            let mut queue = Queue::default();
            let (mut now_us, mut put, mut dropped, mut got) = (0, 0, 0, 0);
            for (step_us, taken) in steps {
                now_us += step_us;
                dropped += queue.push(now_us, ());
                put += 1;
                got += (0..taken).filter(|_| queue.pop().is_some()).count() as u32;
                prop_assert!(queue.packets.len() <= PACKETS_MAX);
                prop_assert!(queue.waiting_us(now_us) <= AGE_MAX_US);
                prop_assert_eq!(put, dropped + got + queue.packets.len() as u32);
            }
        }
    }
}
