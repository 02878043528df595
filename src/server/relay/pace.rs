//! Whether packets of a room may wait a little for each other, so that several leave together.
//!
//! In a call they never do. Where many speak to many, most of the relay's work is the packets of QUIC and the system
//! calls, not what is in them: one with three packets of sound costs little more than one with a single one.

/// How long the room is looked at, ms.
const LOOK_MS: u64 = 100;
/// From so many packets of sound on in that time, others come while one waits.
const PACKETS: u64 = 40;
/// From so many copies on in that time, it is worth while.
const COPIES: u64 = 1_000;

/// The pace of one room.
#[derive(Debug, Default)]
pub(super) struct Pace {
    since_ms: u64,
    packets: u64,
    copies: u64,
    busy: bool,
}

impl Pace {
    /// A packet of sound went to so many listeners; whether it may wait for others.
    pub(super) fn note(&mut self, now_ms: u64, copies: usize) -> bool {
        if now_ms.saturating_sub(self.since_ms) >= LOOK_MS {
            self.busy = self.packets >= PACKETS && self.copies >= COPIES;
            *self = Self { since_ms: now_ms, busy: self.busy, ..Self::default() };
        }
        self.packets += 1;
        self.copies += copies as u64;
        self.busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether packets wait in a room with so many speakers of 50 packets a second.
    fn waits(speakers: u64, listeners: usize) -> bool {
        let mut pace = Pace::default();
        let mut waits = false;
        for packet in 0..50 * speakers {
            waits = pace.note(packet * 20 / speakers, listeners);
        }
        waits
    }

    #[test]
    fn only_many_who_speak_to_many_wait_for_each_other() {
        assert!(!waits(2, 1));
        assert!(!waits(6, 200));
        assert!(!waits(10, 9));
        assert!(waits(10, 50));
        assert!(waits(40, 50));
    }

    #[test]
    fn a_room_that_has_become_quiet_waits_no_longer() {
        let mut pace = Pace::default();
        for now_ms in 0..1_000 {
            pace.note(now_ms, 50);
        }
        assert!(pace.note(1_000, 50));
        pace.note(2_000, 50);
        assert!(!pace.note(2_100, 50));
    }
}
