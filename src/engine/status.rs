//! Whether this user wants to be called: what all devices share, what it means on this one now, and when that changes.
//!
//! The wall clock is looked at here and nowhere else in the engine: a schedule is made of times of day. Calls are counted
//! by the monotonic clock alone.

use jiff::{Timestamp, Zoned};

use crate::{
    call::Input,
    protocol::api::{Schedule, SelfStatus, SetDeviceStatus, SetSelfStatus},
};

use super::{
    actor::Actor,
    quiet::{Quiet, quiet},
    requests::Wish,
    state::OwnStatus,
};

/// What was found when the clock was last looked at.
#[derive(Debug, Default)]
pub(super) struct Watch {
    quiet: Quiet,
    /// When that was, ms since 1970.
    looked_ms: i64,
    /// What the server was told in this session.
    told: bool,
    /// When to look again, monotonic ms of the engine.
    wake_ms: Option<u64>,
}

impl Watch {
    /// Whether what was found may hold no longer: its boundary has passed, by whichever clock, or the clock was set back.
    fn is_stale(&self, wall_ms: i64, now_ms: u64) -> bool {
        self.quiet.next_ms.is_some_and(|next| next <= wall_ms)
            || self.wake_ms.is_some_and(|at| at <= now_ms)
            || wall_ms < self.looked_ms
    }

    fn found(&mut self, quiet: Quiet, wall_ms: i64, now_ms: u64) {
        // Rounded up: a moment too early would find nothing changed.
        self.wake_ms = quiet.next_ms.map(|next| now_ms + next.abs_diff(wall_ms) + 1);
        (self.quiet, self.looked_ms) = (quiet, wall_ms);
    }
}

impl Actor {
    /// Signed in: what the server keeps, before anything else is heard. A new session begins undisturbed.
    pub(super) fn status_begins(&mut self, status: SelfStatus) {
        self.watch.told = false;
        self.status_changed(status);
    }

    /// This or another device of the user has changed it.
    pub(super) fn status_changed(&mut self, status: SelfStatus) {
        self.draft.status.shared = status;
        self.look_at_clock(true);
    }

    /// Nobody is signed in.
    pub(super) fn forget_status(&mut self) {
        self.watch = Watch::default();
        self.draft.status = OwnStatus::default();
    }

    /// When the schedule alone changes something, monotonic ms.
    pub(super) fn status_deadline(&self) -> Option<u64> {
        self.watch.wake_ms
    }

    /// What was found holds until the next boundary. That is waited for by the monotonic clock, which stands while a
    /// computer sleeps; so whatever comes in is a reason to compare, before it is handled.
    pub(super) fn look_at_clock(&mut self, changed: bool) {
        if self.draft.me.is_none() {
            return;
        }
        let (wall_ms, now_ms) = (Timestamp::now().as_millisecond(), self.now_ms());
        if !changed && !self.watch.is_stale(wall_ms, now_ms) {
            return;
        }
        let found = quiet(&self.draft.status.shared.schedule, &Zoned::now());
        self.watch.found(found, wall_ms, now_ms);
        self.draft.status.schedule_until_ms = found.until_ms;
        let holds = self.draft.status.holds();
        self.calls_input(Input::DoNotDisturb(holds));
        if holds != self.watch.told {
            self.watch.told = holds;
            self.wish(SetDeviceStatus { do_not_disturb: holds }, Wish::OfTheProgram);
        }
    }

    pub(super) fn set_do_not_disturb(&mut self, on: bool) {
        self.wish(SetSelfStatus { do_not_disturb: Some(on), schedule: None }, Wish::OfThePerson);
    }

    pub(super) fn set_schedule(&mut self, schedule: Schedule) {
        self.wish(SetSelfStatus { do_not_disturb: None, schedule: Some(schedule) }, Wish::OfThePerson);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_holds_until_its_boundary_by_either_clock() {
        let mut watch = Watch::default();
        assert!(!watch.is_stale(5_000, 100), "no schedule, no boundary");
        watch.found(Quiet { until_ms: None, next_ms: Some(65_000) }, 5_000, 100);
        assert_eq!(watch.wake_ms, Some(60_101), "sixty seconds from now");
        assert!(!watch.is_stale(64_999, 60_100));
        assert!(watch.is_stale(64_999, 60_101), "the time to look has come");
        assert!(watch.is_stale(65_000, 3_000), "the computer slept, and the monotonic clock stood");
        assert!(watch.is_stale(4_999, 200), "the clock was set back");
        watch.found(Quiet::default(), 70_000, 65_100);
        assert_eq!(watch.wake_ms, None);
        assert!(!watch.is_stale(i64::MAX, u64::MAX), "nothing ever changes");
    }
}
