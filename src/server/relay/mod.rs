//! The relay: rooms of media connections.
//!
//! * `rooms`: who is in which room, whose packets go where. No I/O.
//! * `link`: one media connection.
//!
//! It reads the header of a packet and never its payload. What may not come in: decoding, accounts, signaling.

mod link;
mod rooms;

pub(super) use link::serve;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::{
    num::NonZeroU32,
    sync::{
        Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_util::sync::CancellationToken;

use crate::{
    protocol::{ApiError, Code, RoomId, SourceId},
    socket::Latest,
};

use super::core::RelayControl;
use rooms::{Dropped, Rooms, Route};

/// Packets that wait for one listener: half a second of five speakers.
const QUEUE: usize = 128;
/// Packets of one source per second: 10 ms frames, and a report on each of some hundred others.
const PACKETS_PER_S: NonZeroU32 = NonZeroU32::new(400).expect("not zero");
/// Bytes of one source per second, and at once: Opus at its highest rate, with room.
const BYTES_PER_S: NonZeroU32 = NonZeroU32::new(128 * 1024).expect("not zero");

/// What the relay has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayStats {
    /// Copies handed to listeners.
    pub forwarded: u64,
    /// Frames on connections without a valid token.
    pub strangers: u64,
    /// Packets whose source is not their connection's.
    pub wrong_source: u64,
    /// Frames that are not media packets, or of a kind that only the relay sends.
    pub malformed: u64,
    /// Packets above the rate of one source.
    pub over_rate: u64,
    /// Copies that had to make way for newer ones.
    pub queue_full: u64,
}

#[derive(Debug, Default)]
struct Counters {
    forwarded: AtomicU64,
    strangers: AtomicU64,
    wrong_source: AtomicU64,
    malformed: AtomicU64,
    over_rate: AtomicU64,
    queue_full: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The way to one media connection.
pub(super) struct Link {
    queue: Latest<Bytes>,
    stop: CancellationToken,
    reason: OnceLock<ApiError>,
    packets: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
}

impl Link {
    fn new() -> Self {
        Self {
            queue: Latest::new(QUEUE),
            stop: CancellationToken::new(),
            reason: OnceLock::new(),
            packets: RateLimiter::direct(Quota::per_second(PACKETS_PER_S)),
            bytes: RateLimiter::direct(Quota::per_second(BYTES_PER_S)),
        }
    }

    /// Ends the connection for a reason; the first one counts.
    fn end(&self, reason: ApiError) {
        let _ = self.reason.set(reason);
        self.stop.cancel();
    }

    fn within_rate(&self, packet_bytes: usize) -> bool {
        let bytes = u32::try_from(packet_bytes).ok().and_then(NonZeroU32::new);
        self.packets.check().is_ok() && bytes.is_none_or(|bytes| matches!(self.bytes.check_n(bytes), Ok(Ok(()))))
    }
}

/// All rooms. Shared by the core, which says who may, and the connections.
#[derive(Default)]
pub(super) struct Relay {
    rooms: RwLock<Rooms<Arc<Link>>>,
    counters: Counters,
}

impl Relay {
    fn read(&self) -> RwLockReadGuard<'_, Rooms<Arc<Link>>> {
        // No code under the lock can panic half-way through a change.
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rooms<Arc<Link>>> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been done so far.
    pub(super) fn stats(&self) -> RelayStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RelayStats {
            forwarded: get(&self.counters.forwarded),
            strangers: get(&self.counters.strangers),
            wrong_source: get(&self.counters.wrong_source),
            malformed: get(&self.counters.malformed),
            over_rate: get(&self.counters.over_rate),
            queue_full: get(&self.counters.queue_full),
        }
    }

    /// Whoever shows the token gets its place; a connection that had it ends.
    fn open(&self, token: &str, link: &Arc<Link>) -> Option<SourceId> {
        let (source, replaced) = self.write().open(token, Arc::clone(link))?;
        if let Some(replaced) = replaced {
            replaced.end(ApiError::new(Code::KickedOffline, "Another connection has taken this one's place."));
        }
        Some(source)
    }

    /// A connection is gone; whether its place is empty now.
    fn close(&self, source: SourceId, link: &Arc<Link>) -> bool {
        self.write().close(source, |held| Arc::ptr_eq(held, link))
    }

    /// Takes one frame of a source to wherever it belongs.
    fn forward(&self, source: SourceId, link: &Link, packet: &Bytes) {
        if !link.within_rate(packet.len()) {
            return count(&self.counters.over_rate);
        }
        let deliver = |to: &Link, packet: Bytes| {
            count(&self.counters.forwarded);
            if to.queue.push(packet).is_some() {
                count(&self.counters.queue_full);
            }
        };
        match rooms::route(source, packet) {
            Ok(Route::Others) => self.read().others(source, |other| deliver(other, packet.clone())),
            Ok(Route::Back(pong)) => deliver(link, pong.into()),
            Err(Dropped::WrongSource) => count(&self.counters.wrong_source),
            Err(Dropped::Malformed) => count(&self.counters.malformed),
        }
    }
}

impl RelayControl for Relay {
    fn admit(&self, room: RoomId, source: SourceId, token: &str) {
        if let Some(link) = self.write().admit(room, source, token) {
            link.end(ApiError::new(Code::NotFound, "This room has been left."));
        }
    }

    fn evict(&self, source: SourceId) {
        if let Some(link) = self.write().evict(source) {
            link.end(ApiError::new(Code::NotFound, "This room has been left."));
        }
    }
}
