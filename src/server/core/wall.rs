//! The wall clock that the server writes under its messages. No I/O: it is told both clocks.
//!
//! The logs of both sides are ordered by it, and the length of a call is held against it. So while people talk it does
//! not go back with a computer's clock that is set right: it goes on as the monotonic clock does.

/// Hang-up messages may come this long after the last participant has left, ms.
const AFTER_MS: u64 = 60_000;

/// Time since the Unix epoch that does not jump back while people talk.
#[derive(Debug)]
pub(super) struct Wall {
    shown_ms: i64,
    now_ms: u64,
    talk_ms: Option<u64>,
}

impl Wall {
    /// Begins with what the computer shows, `system_ms`, at the monotonic time `now_ms`.
    pub(super) fn new(now_ms: u64, system_ms: i64) -> Self {
        Self { shown_ms: system_ms, now_ms, talk_ms: None }
    }

    /// The time to write, ms since the Unix epoch. `talking`: there is somebody in a room.
    pub(super) fn read(&mut self, now_ms: u64, system_ms: i64, talking: bool) -> i64 {
        if talking {
            self.talk_ms = Some(now_ms);
        }
        let held = self.talk_ms.is_some_and(|talk_ms| now_ms.saturating_sub(talk_ms) <= AFTER_MS);
        let passed_ms = i64::try_from(now_ms.saturating_sub(self.now_ms)).unwrap_or(i64::MAX);
        let steady_ms = self.shown_ms.saturating_add(passed_ms);
        // Forward always: the monotonic clock of a computer that slept has stood still.
        self.shown_ms = if held { system_ms.max(steady_ms) } else { system_ms };
        self.now_ms = now_ms;
        self.shown_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: i64 = 1_700_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn it_shows_what_the_computer_shows() {
        let mut wall = Wall::new(500, NOON_MS);
        assert_eq!(wall.read(500, NOON_MS, false), NOON_MS);
        assert_eq!(wall.read(2_500, NOON_MS + 2_000, true), NOON_MS + 2_000);
        assert_eq!(wall.read(2_600, NOON_MS + 8 * HOUR_MS, true), NOON_MS + 8 * HOUR_MS, "a computer that slept");
        assert_eq!(wall.read(2_600 + AFTER_MS, NOON_MS, false), NOON_MS + 8 * HOUR_MS + 60_000);
        assert_eq!(wall.read(2_601 + AFTER_MS, NOON_MS, false), NOON_MS, "nobody talks, or did so lately");
    }

    #[test]
    fn it_does_not_go_back_while_people_talk() {
        for set_back_ms in [5_000, HOUR_MS] {
            let mut wall = Wall::new(0, NOON_MS);
            for now_ms in (0..10_000_u64).step_by(7) {
                let passed_ms = i64::try_from(now_ms).expect("small");
                assert_eq!(wall.read(now_ms, NOON_MS + passed_ms - set_back_ms, true), NOON_MS + passed_ms);
            }
        }
    }

    #[test]
    fn no_pair_of_clocks_breaks_it() {
        let mut wall = Wall::new(u64::MAX, i64::MAX);
        assert_eq!(wall.read(0, i64::MIN, false), i64::MIN);
        assert_eq!(wall.read(u64::MAX, i64::MAX, true), i64::MAX);
        assert_eq!(wall.read(u64::MAX, i64::MIN, true), i64::MAX);
    }
}
