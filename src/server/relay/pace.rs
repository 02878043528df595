//! Whether packets of a room may wait a little for each other, so that several leave together.
//!
//! In a call they never do. Where there are many listeners, most of the relay's work is the packets of QUIC and the
//! system calls, not what is in them: one with three packets of sound costs little more than one with a single one.
//! The first packet that waits begins a window; it ends when the same speaker's next packet has come.

use crate::protocol::SourceId;

/// How long the room is looked at, ms.
const LOOK_MS: u64 = 100;
/// From so many listeners on, it is worth while.
const LISTENERS: u64 = 20;
/// From so many packets in that time on, others come while one waits: four speakers of 20 ms packets.
const PACKETS: u64 = 20;
/// Or from so many of one speaker on: 10 ms packets.
const PACKETS_OF_ONE: u64 = 8;
/// How long a packet waits at most, ms: until the next one of a speaker of 10 ms packets, a little late.
const WAIT_MS: u64 = 12;

/// The pace of one room.
#[derive(Debug, Default)]
pub(super) struct Pace {
    look: Look,
    busy: bool,
    /// Whose packet waits, and until when.
    window: Option<(SourceId, u64)>,
}

/// What was seen lately.
#[derive(Debug, Default)]
struct Look {
    since_ms: u64,
    packets: u64,
    copies: u64,
    first: Option<SourceId>,
    packets_of_first: u64,
}

impl Pace {
    /// A packet of sound went to so many listeners. Until when it may wait for others, ms: until now if others have
    /// waited for it; `None` if packets of this room do not wait.
    pub(super) fn note(&mut self, now_ms: u64, source: SourceId, copies: usize) -> Option<u64> {
        let look = &mut self.look;
        if now_ms.saturating_sub(look.since_ms) >= LOOK_MS {
            let many = look.packets >= PACKETS || look.packets_of_first >= PACKETS_OF_ONE;
            self.busy = many && look.copies >= look.packets * LISTENERS;
            *look = Look { since_ms: now_ms, ..Look::default() };
        }
        look.packets += 1;
        look.copies += copies as u64;
        look.packets_of_first += u64::from(*look.first.get_or_insert(source) == source);
        let window = self.window.take().filter(|(_, until_ms)| now_ms < *until_ms);
        match window {
            _ if !self.busy => None,
            Some((first, _)) if first == source => Some(now_ms),
            _ => {
                let (_, until_ms) = *self.window.insert(window.unwrap_or((source, now_ms + WAIT_MS)));
                Some(until_ms)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long packets wait in the second second of a room, ms, with so many speakers of packets of `packet_ms`.
    fn waits(speakers: u64, packet_ms: u64, listeners: usize) -> Vec<Option<u64>> {
        let mut pace = Pace::default();
        let mut waits = Vec::new();
        for packet in 0..2_000 * speakers / packet_ms {
            let now_ms = packet * packet_ms / speakers;
            let until = pace.note(now_ms, SourceId(1 + (packet % speakers) as u32), listeners);
            if now_ms >= 1_000 {
                waits.push(until.map(|until_ms| until_ms - now_ms));
            }
        }
        waits
    }

    #[test]
    fn packets_wait_only_where_others_come_soon_and_many_listen() {
        let wait = |speakers, packet_ms, listeners| waits(speakers, packet_ms, listeners).iter().any(Option::is_some);
        assert!(!wait(2, 10, 1), "a call");
        assert!(!wait(1, 10, 19));
        assert!(!wait(10, 20, 9));
        assert!(!wait(1, 20, 200), "the next one comes too late");
        assert!(!wait(3, 20, 200));
        for (speakers, packet_ms, listeners) in [(1, 10, 20), (4, 20, 50), (10, 20, 50), (40, 20, 50)] {
            assert!(wait(speakers, packet_ms, listeners), "{speakers} {packet_ms} {listeners}");
        }
    }

    #[test]
    fn two_packets_of_one_speaker_leave_together() {
        let waits = waits(1, 10, 50);
        assert!(waits.chunks(2).all(|pair| pair == [Some(12), Some(0)] || pair == [Some(0), Some(12)]), "{waits:?}");
    }

    #[test]
    fn a_window_ends_in_time() {
        for (speakers, packet_ms, together) in [(4, 20, 3), (10, 20, 6), (40, 20, 24), (10, 10, 11), (3, 10, 4)] {
            let waits = waits(speakers, packet_ms, 50);
            assert!(waits.iter().all(|wait| wait.is_some_and(|wait| wait <= WAIT_MS)));
            let begins = waits.windows(2).filter(|wait| wait[1] > wait[0]).count();
            assert!(begins * (together - 1) <= waits.len() && waits.len() <= begins * (together + 1), "{begins}");
        }
    }

    #[test]
    fn a_room_that_has_become_quiet_waits_no_longer() {
        let mut pace = Pace::default();
        for now_ms in 0..1_000 {
            pace.note(now_ms, SourceId(1), 50);
        }
        assert!(pace.note(1_000, SourceId(1), 50).is_some());
        pace.note(2_000, SourceId(1), 50);
        assert_eq!(pace.note(2_100, SourceId(1), 50), None);
    }
}
