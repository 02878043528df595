//! Ten milliseconds, again and again, for ends that have no clock of their own.

use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(10);
/// After a longer sleep than this (a suspended computer) the past is not made up for.
const LONGEST_BACKLOG: Duration = Duration::from_millis(500);

/// Milliseconds since some moment. Where the system tells, those count too in which the computer slept, which [`Instant`]
/// leaves out.
pub(super) fn now_ms() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
    }
    #[cfg(not(target_os = "linux"))]
    {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        START.elapsed().as_millis() as u64
    }
}

/// Deadlines 10 ms apart that do not drift, however late each is served.
#[derive(Debug, Default)]
pub(super) struct Clock {
    next: Option<Instant>,
}

impl Clock {
    /// `None` if a tick is due, which is then taken; otherwise how long to wait.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Duration> {
        let next = match self.next {
            Some(next) if now.saturating_duration_since(next) < LONGEST_BACKLOG => next,
            _ => now,
        };
        if next > now {
            self.next = Some(next);
            return Some(next - now);
        }
        self.next = Some(next + TICK);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_ticks_are_made_up_for_and_do_not_drift() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut clock = Clock::default();
        assert_eq!(clock.wait(at(0)), None);
        assert_eq!(clock.wait(at(4)), Some(Duration::from_millis(6)));
        let ticks = |clock: &mut Clock, now| std::iter::from_fn(|| clock.wait(now).is_none().then_some(())).count();
        assert_eq!(ticks(&mut clock, at(35)), 3);
        assert_eq!(clock.wait(at(35)), Some(Duration::from_millis(5)));
        assert_eq!(ticks(&mut clock, at(60_000)), 1, "a suspended computer");
    }
}
