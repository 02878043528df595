//! Real-time priority for the threads of sound, where the system grants it: of the kernel at once where this program has
//! the right to it, or else by asking RealtimeKit ([`rtkit`]), as ordinary Linux desktops have it.

use std::{
    fmt::Debug,
    thread,
    time::{Duration, Instant},
};

#[cfg(target_os = "linux")]
use super::rtkit;

/// Above all ordinary threads, and below what the system itself needs, percent of the range.
#[cfg(unix)]
const PRIORITY: u8 = 10;
/// A larger share of the processor, as PulseAudio and PipeWire take for themselves.
#[cfg(target_os = "linux")]
pub(super) const NICE: i32 = -11;

/// Raises the calling thread. Whoever is refused it goes on as before.
pub(in crate::media) fn raise() {
    let name = thread::current().name().unwrap_or_default().to_owned();
    #[cfg(target_os = "linux")]
    settle(Who::here(), Wish::RealTime, &name);
    #[cfg(all(unix, not(target_os = "linux")))]
    let outcome = raised(thread_priority::thread_native_id());
    #[cfg(not(unix))]
    let outcome = raised();
    #[cfg(not(target_os = "linux"))]
    match outcome {
        Ok(()) => tracing::debug!("The thread {name} has real-time priority."),
        Err(error) => tracing::debug!("The thread {name} has no real-time priority: {error:?}."),
    }
}

/// What a thread is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To go before all ordinary threads; second best, a larger share.
    RealTime,
    /// A larger share among the ordinary threads: for whoever cannot be trusted to sleep now and then.
    Share,
}

/// Fulfils the wish, or asks for it. The answer may come later; nobody waits for it.
#[cfg(target_os = "linux")]
fn settle(who: Who, wish: Wish, name: &str) {
    let outcome = match wish {
        Wish::RealTime => raised(who.handle).map_err(|error| format!("{error:?}")),
        Wish::Share => rustix::process::setpriority_process(Some(who.kernel), NICE).map_err(|error| error.to_string()),
    };
    match outcome {
        Ok(()) => tracing::debug!("The thread {name} has priority by its own right: {wish:?}."),
        Err(error) => {
            tracing::debug!("The thread {name} has no right to priority ({error}); RealtimeKit is asked.");
            rtkit::ask(who.kernel, wish, name);
        }
    }
}

/// A thread, as the C library and as the kernel know it.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
struct Who {
    handle: thread_priority::ThreadId,
    kernel: rustix::thread::Pid,
}

#[cfg(target_os = "linux")]
impl Who {
    fn here() -> Self {
        Self { handle: thread_priority::thread_native_id(), kernel: rustix::thread::gettid() }
    }
}

/// The thread of a card, which may belong to the sound system: it says who it is, and others raise it.
///
/// Elsewhere than on Linux sound systems raise their threads themselves.
#[derive(Debug, Default)]
pub(super) struct Standing {
    #[cfg(target_os = "linux")]
    who: std::sync::OnceLock<Who>,
}

impl Standing {
    /// The calling thread is the card's. Once it calls the system, for its own number, which never waits.
    pub(super) fn here(&self) {
        #[cfg(target_os = "linux")]
        self.who.get_or_init(Who::here);
    }

    /// Raises the card's thread, once it is known; false until then. It must not have been joined yet.
    pub(super) fn settle(&self, wish: Wish, name: &str) -> bool {
        #[cfg(target_os = "linux")]
        {
            let who = self.who.get();
            who.inspect(|&&who| settle(who, wish, name)).is_some()
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (wish, name);
            true
        }
    }
}

#[cfg(unix)]
fn raised(thread: thread_priority::ThreadId) -> Result<(), impl Debug> {
    use thread_priority::{
        RealtimeThreadSchedulePolicy::RoundRobin, ThreadPriority, ThreadSchedulePolicy::Realtime,
        set_thread_priority_and_policy,
    };
    // Out of range cannot be; the lowest would do, too.
    let priority = PRIORITY.try_into().map_or(ThreadPriority::Min, ThreadPriority::Crossplatform);
    set_thread_priority_and_policy(thread, priority, Realtime(RoundRobin))
}

#[cfg(not(unix))]
fn raised() -> Result<(), impl Debug> {
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Max)
}

/// A real-time thread that works for so long without a pause makes one. RealtimeKit grants priority only to programs that
/// the kernel ends at once when such a thread does not sleep for 0.2 s.
const LONGEST_WORK: Duration = Duration::from_millis(50);
/// Shorter waits may have been none.
const SHORTEST_SLEEP: Duration = Duration::from_micros(200);
const PAUSE: Duration = Duration::from_micros(50);

/// Sees to it that a thread sleeps now and then, however far behind it is.
#[derive(Debug)]
pub(in crate::media) struct Rest {
    awake_since: Instant,
}

impl Default for Rest {
    fn default() -> Self {
        Self { awake_since: Instant::now() }
    }
}

impl Rest {
    /// Waits until woken, or for so long at most.
    pub(in crate::media) fn park(&mut self, longest: Duration) {
        let begun = Instant::now();
        thread::park_timeout(longest);
        let now = Instant::now();
        if now - begun >= SHORTEST_SLEEP {
            self.awake_since = now;
        }
    }

    /// To be called after each piece of work.
    pub(in crate::media) fn worked(&mut self) {
        if self.awake_since.elapsed() >= LONGEST_WORK {
            thread::sleep(PAUSE);
            self.awake_since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_waits_is_made_to() {
        let mut rest = Rest::default();
        let begun = rest.awake_since;
        while rest.awake_since == begun {
            // A wake-up that is already there: no sleep.
            thread::current().unpark();
            rest.park(Duration::ZERO);
            rest.worked();
            assert!(begun.elapsed() < Duration::from_secs(20), "it never slept");
        }
        assert!(rest.awake_since - begun >= SHORTEST_SLEEP);
    }
}
