//! The relay: rooms of media connections.
//!
//! * `rooms`: who is in which room, whose packets go where; `loudest`: which speakers are heard when there are too many;
//!   `voice`: who may be heard at all; `share`: how many speakers a listener gets; `pace`: whether packets wait for
//!   each other; `queue`: what waits for a listener; `arrivals`: what came of a speaker's packets. No I/O, no clock.
//! * `link`: the way to one connection; `websocket` and `quic` carry it.
//!
//! It reads the header of a packet, and of the payload only whom a report is about. What may not come in: decoding,
//! accounts, signaling.

mod arrivals;
mod link;
mod loudest;
mod pace;
mod queue;
pub(super) mod quic;
mod rooms;
mod share;
mod voice;
pub(super) mod websocket;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Notify, time::sleep};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::protocol::{ApiError, Code, RoomId, SourceId, media::Header};

use super::core::{CoreHandle, Input, RelayControl};
use link::{Link, Put, Way};
use quic::Outbox;
use rooms::{Audio, Dropped, Opened, Rooms, Route};
use voice::Heard;

/// Time between two looks for connections that have fallen silent.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Packets that a WebSocket is handed at once.
const BATCH: usize = 32;

/// What the relay has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayStats {
    /// Copies handed to listeners.
    pub forwarded: u64,
    /// Connections that showed no valid token.
    pub strangers: u64,
    /// Packets whose source is not their connection's.
    pub wrong_source: u64,
    /// Frames that are not media packets, or of a kind that only the relay sends.
    pub malformed: u64,
    /// Packets above the rate of one source.
    pub over_rate: u64,
    /// Packets of sources whose voices are closed.
    pub refused: u64,
    /// Packets of speakers who were not among the loudest of their room.
    pub left_out: u64,
    /// Copies that had to make way for newer ones, or became too old.
    pub queue_full: u64,
}

#[derive(Debug, Default)]
struct Counters {
    forwarded: AtomicU64,
    strangers: AtomicU64,
    wrong_source: AtomicU64,
    malformed: AtomicU64,
    over_rate: AtomicU64,
    refused: AtomicU64,
    left_out: AtomicU64,
    queue_full: AtomicU64,
}

fn count(counter: &AtomicU64, events: u64) {
    counter.fetch_add(events, Ordering::Relaxed);
}

/// The refusal of a connection that shows no token in time.
fn silent() -> ApiError {
    ApiError::new(Code::NotLoggedIn, "Show the relay token at once after connecting.")
}

/// The end of a connection that says something else.
fn only_packets() -> ApiError {
    ApiError::new(Code::InvalidRequest, "Only media packets travel here.")
}

/// All rooms. Shared by the core, which says who may, and the connections.
pub(super) struct Relay {
    rooms: Mutex<Rooms<Arc<Link>>>,
    speakers: AtomicUsize,
    started: Instant,
    counters: Counters,
    outbox: Outbox,
    /// One report to the core at a time, so that the last one is true.
    reporting: tokio::sync::Mutex<()>,
    /// Told when there is a connection.
    opened: Notify,
}

impl Relay {
    /// A relay in whose rooms at most so many speakers are heard at a time.
    pub(super) fn new(speakers: usize) -> Self {
        Self {
            rooms: Mutex::new(Rooms::new(speakers)),
            speakers: AtomicUsize::new(speakers),
            started: Instant::now(),
            counters: Counters::default(),
            outbox: Outbox::default(),
            reporting: tokio::sync::Mutex::default(),
            opened: Notify::new(),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms<Arc<Link>>> {
        // No code under the lock can panic half-way through a change.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Lets so many speakers be heard at a time in the rooms that are opened from now on.
    pub(super) fn set_speakers(&self, speakers: usize) {
        self.speakers.store(speakers, Ordering::Relaxed);
        self.rooms().set_speakers(speakers);
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
            refused: get(&self.counters.refused),
            left_out: get(&self.counters.left_out),
            queue_full: get(&self.counters.queue_full),
        }
    }

    /// Whoever shows the token gets its place; a connection that had it ends.
    fn open(&self, token: &str, way: Way) -> Result<Arc<Link>, ApiError> {
        let now_us = self.now_us();
        let speakers = self.speakers.load(Ordering::Relaxed);
        let connect = |source, held: Option<&Arc<Link>>| Link::new(source, way, speakers, now_us, held);
        let opened = self.rooms().open(token, connect);
        match opened {
            Some(Opened { link, replaced }) => {
                self.opened.notify_one();
                if let Some(replaced) = replaced {
                    replaced.retire();
                    self.rouse(replaced);
                }
                Ok(link)
            }
            None => {
                count(&self.counters.strangers, 1);
                Err(ApiError::new(Code::NotFound, "This relay token opens nothing. Enter the room again."))
            }
        }
    }

    /// A connection is gone; its source, if it had no other.
    fn close(&self, link: &Arc<Link>) -> Option<SourceId> {
        link.close();
        self.rooms().close(link.source, |held| Arc::ptr_eq(held, link)).then_some(link.source)
    }

    /// A connection is to end.
    fn rouse(&self, link: Arc<Link>) {
        // A WebSocket's task waits for it.
        if let Way::Quic(_) = link.way {
            self.outbox.add(vec![link]);
        }
    }

    /// Tells the core whether a source is connected now.
    async fn report(&self, core: &CoreHandle, source: SourceId) {
        let _turn = self.reporting.lock().await;
        let connected = self.rooms().link(source).is_some_and(|link| !link.is_silent());
        let input = if connected { Input::MediaUp { source } } else { Input::MediaDown { source } };
        // A core that has stopped has closed this connection, too.
        let _ = core.send(input).await;
    }

    /// Tells the core what it cannot see, as long as it is asked to: whose connection has been silent for so long, and
    /// whose is heard again; whose sound was refused, and who spoke for how long.
    pub(super) async fn watch(&self, core: &CoreHandle, silent_after: Duration) {
        let silent_us = u64::try_from(silent_after.as_micros()).unwrap_or(u64::MAX);
        loop {
            let now_us = self.now_us();
            let (changed, voices, any) = {
                let mut rooms = self.rooms();
                let changed: Vec<_> =
                    rooms.links().filter(|(_, link)| link.look(now_us, silent_us)).map(|(of, _)| of).collect();
                (changed, rooms.voices(now_us / 1_000), rooms.links().next().is_some())
            };
            for source in changed {
                self.report(core, source).await;
            }
            for Heard { source, refused, spoken_ms } in voices {
                let refused = (refused > 0).then_some(Input::VoiceRefused { source, packets: refused });
                let spoke = (spoken_ms > 0).then_some(Input::Spoke { source, ms: spoken_ms });
                for input in refused.into_iter().chain(spoke) {
                    // A core that has stopped has no use for it.
                    let _ = core.send(input).await;
                }
            }
            if any {
                sleep(LOOK_EVERY).await;
            } else {
                self.opened.notified().await;
            }
        }
    }

    /// Takes one packet from a connection to wherever it belongs.
    fn forward(&self, link: &Arc<Link>, packet: &Bytes) {
        let now_us = self.now_us();
        link.heard(now_us);
        let routed = rooms::route(link.source, packet);
        if let Ok((Route::Others, header, _)) = &routed {
            // It has come, whatever becomes of it.
            link.note(header, now_us);
        }
        if !link.within_rate(packet.len()) {
            return count(&self.counters.over_rate, 1);
        }
        match routed {
            Ok((Route::Others, header, payload)) => self.audio(header, payload, packet, now_us),
            Ok((Route::To(about), ..)) => {
                let to = self.rooms().in_room_of(link.source, about).cloned();
                if let Some(to) = to {
                    self.tell(&to, to.put(packet.clone(), now_us));
                }
            }
            Ok((Route::Back, header, payload)) => self.tell(link, link.pong(header, payload, now_us)),
            Err(Dropped::WrongSource) => count(&self.counters.wrong_source, 1),
            Err(Dropped::Malformed) => count(&self.counters.malformed, 1),
        }
    }

    fn audio(&self, header: Header, payload: &[u8], packet: &Bytes, now_us: u64) {
        let mut dropped = 0;
        // After packets that were left out, the gap in the sequence is no loss.
        let mut marked: Option<Bytes> = None;
        let mut full = Vec::new();
        let became = self.rooms().audio(
            &header,
            payload.len(),
            now_us / 1_000,
            |link| link.speakers(),
            |link, returns| {
                let packet = if returns {
                    marked.get_or_insert_with(|| Header { marker: true, ..header }.packet(payload).into())
                } else {
                    packet
                };
                let put = link.put(packet.clone(), now_us);
                dropped += u64::from(put.dropped);
                if put.tell {
                    full.push(Arc::clone(link));
                }
            },
        );
        match became {
            Audio::Refused => count(&self.counters.refused, 1),
            Audio::LeftOut => count(&self.counters.left_out, 1),
            Audio::Delivered { copies, waits } => {
                count(&self.counters.forwarded, copies as u64);
                count(&self.counters.queue_full, dropped);
                let quic = self.wake(full);
                match waits {
                    Some((room, until_ms)) => self.outbox.gather(room, quic, until_ms * 1_000),
                    None => self.outbox.add(quic),
                }
            }
        }
    }

    /// After a packet was put into a link's queue.
    fn tell(&self, link: &Arc<Link>, put: Put) {
        count(&self.counters.forwarded, 1);
        count(&self.counters.queue_full, put.dropped.into());
        // Told or not: what waits there already may be waiting for others.
        self.outbox.add(self.wake(vec![Arc::clone(link)]));
    }

    /// Tells the WebSockets among these connections that packets wait for them; returns the others.
    fn wake(&self, mut full: Vec<Arc<Link>>) -> Vec<Arc<Link>> {
        full.retain(|link| match link.way {
            Way::Quic(_) => true,
            Way::WebSocket => {
                link.filled.notify_one();
                false
            }
        });
        full
    }

    /// Waits for packets for a WebSocket and takes them. May be raced against other futures: nothing is lost.
    async fn take(&self, link: &Link, packets: &mut Vec<Message>) {
        loop {
            {
                let now_us = self.now_us();
                let mut waiting = link.waiting();
                count(&self.counters.queue_full, waiting.expire(now_us).into());
                link.observe(&mut waiting, now_us);
                while packets.len() < BATCH
                    && let Some(packet) = waiting.queue.pop()
                {
                    packets.push(Message::Binary(packet));
                }
                if !packets.is_empty() {
                    return;
                }
                waiting.told = false;
            }
            // A packet between the look and the wait leaves a permit behind.
            link.filled.notified().await;
        }
    }
}

impl RelayControl for Relay {
    fn admit(&self, room: RoomId, source: SourceId, token: &str) {
        if let Some(link) = self.rooms().admit(room, source, token) {
            link.end(ApiError::new(Code::NotFound, "This room has been left."));
            self.rouse(link);
        }
    }

    fn evict(&self, source: SourceId) {
        if let Some(link) = self.rooms().evict(source) {
            link.end(ApiError::new(Code::NotFound, "This room has been left."));
            self.rouse(link);
        }
    }

    fn set_voice(&self, source: SourceId, open: bool) {
        let now_ms = self.now_us() / 1_000;
        self.rooms().set_voice(source, open, now_ms);
    }
}
