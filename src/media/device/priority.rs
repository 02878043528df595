//! Real-time priority for the threads of sound, where the system grants it.

use std::fmt::Debug;

/// Above all ordinary threads, and below what the system itself needs, percent of the range.
#[cfg(unix)]
const PRIORITY: u8 = 10;

/// Raises the calling thread. Whoever is refused it goes on as before.
pub(in crate::media) fn raise() {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    match raised() {
        Ok(()) => tracing::debug!("The thread {name} has real-time priority."),
        Err(error) => tracing::debug!("The thread {name} has no real-time priority: {error:?}."),
    }
}

#[cfg(unix)]
fn raised() -> Result<(), impl Debug> {
    use thread_priority::{
        RealtimeThreadSchedulePolicy::RoundRobin, ThreadPriority, ThreadSchedulePolicy::Realtime,
        set_thread_priority_and_policy, thread_native_id,
    };
    // Out of range cannot be; the lowest would do, too.
    let priority = PRIORITY.try_into().map_or(ThreadPriority::Min, ThreadPriority::Crossplatform);
    set_thread_priority_and_policy(thread_native_id(), priority, Realtime(RoundRobin))
}

#[cfg(not(unix))]
fn raised() -> Result<(), impl Debug> {
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Max)
}
