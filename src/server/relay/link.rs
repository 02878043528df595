//! The way to one media connection, whatever carries it: what waits for it, what came from it, how it ends.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use quinn_proto::ConnectionHandle;
use std::{
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_util::sync::CancellationToken;

use crate::protocol::{
    ApiError, Code, SourceId,
    media::{Header, Kind, PathReport},
};

use super::{arrivals::Arrivals, queue::Queue, share::Share};

/// Packets of one source per second: 10 ms frames, and a report on each of some hundred others.
const PACKETS_PER_S: NonZeroU32 = NonZeroU32::new(400).expect("not zero");
/// Bytes of one source per second, and at once: Opus at its highest rate, with room.
const BYTES_PER_S: NonZeroU32 = NonZeroU32::new(128 * 1024).expect("not zero");
/// A connection whose place was taken may bring to an end what is on its way, so long.
const RETIREMENT: Duration = Duration::from_secs(1);

/// What one source may send, over whatever connection.
#[derive(Debug)]
struct Rate {
    packets: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
}

impl Rate {
    fn new() -> Self {
        Self {
            packets: RateLimiter::direct(Quota::per_second(PACKETS_PER_S)),
            bytes: RateLimiter::direct(Quota::per_second(BYTES_PER_S)),
        }
    }
}

/// What carries the packets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// Its task takes packets from the queue.
    WebSocket,
    /// The thread of this connection over QUIC takes packets from the queue.
    Quic(ConnectionHandle),
}

/// The way to one media connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) source: SourceId,
    pub(super) way: Way,
    waiting: Mutex<Waiting>,
    /// Told when packets wait that did not before.
    pub(super) filled: Notify,
    /// How many speakers this listener gets.
    speakers: AtomicUsize,
    arrivals: Mutex<Arrivals>,
    /// When the last packet came.
    heard_us: AtomicU64,
    /// What was said of it last.
    silent: AtomicBool,
    rate: Arc<Rate>,
    stop: CancellationToken,
    ending: OnceLock<(ApiError, Duration)>,
}

/// What waits for the way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) queue: Queue<Bytes>,
    share: Share,
    /// Whoever empties the queue knows that there is something in it.
    pub(super) told: bool,
    closed: bool,
    sent: u32,
    /// Since the way was looked at.
    dropped: bool,
}

impl Waiting {
    /// Drops what has become too old; returns how much that was.
    pub(super) fn expire(&mut self, now_us: u64) -> u32 {
        let dropped = self.queue.expire(now_us);
        self.dropped |= dropped > 0;
        dropped
    }
}

/// What became of a packet that was put into a queue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Put {
    /// Packets that had to go to make room.
    pub(super) dropped: u32,
    /// Whoever empties the queue is to be told.
    pub(super) tell: bool,
}

impl Link {
    /// A connection of a source; `held` is the one that has the source's place so far.
    pub(super) fn new(source: SourceId, way: Way, speakers: usize, now_us: u64, held: Option<&Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            source,
            way,
            waiting: Mutex::new(Waiting {
                queue: Queue::default(),
                share: Share::new(speakers),
                told: false,
                closed: false,
                sent: 0,
                dropped: false,
            }),
            filled: Notify::new(),
            speakers: AtomicUsize::new(speakers),
            arrivals: Mutex::default(),
            heard_us: AtomicU64::new(now_us),
            silent: AtomicBool::new(false),
            rate: held.map_or_else(|| Arc::new(Rate::new()), |held| Arc::clone(&held.rate)),
            stop: CancellationToken::new(),
            ending: OnceLock::new(),
        })
    }

    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // No code under the lock can panic half-way through a change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        // The same.
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many speakers this listener gets at present.
    pub(super) fn speakers(&self) -> usize {
        self.speakers.load(Ordering::Relaxed)
    }

    /// Ends the connection for a reason; the first one counts.
    pub(super) fn end(&self, reason: ApiError) {
        let _ = self.ending.set((reason, Duration::ZERO));
        self.stop.cancel();
    }

    /// Another connection has taken the place: ends this one once what is on its way has come.
    pub(super) fn retire(&self) {
        let reason = ApiError::new(Code::KickedOffline, "Another connection has taken this one's place.");
        let _ = self.ending.set((reason, RETIREMENT));
        self.stop.cancel();
    }

    /// If the connection is to end: how long what is on its way may take to come.
    pub(super) fn ends_after(&self) -> Option<Duration> {
        self.ending.get().map(|(_, after)| *after)
    }

    /// Why it ends.
    pub(super) fn reason(&self) -> ApiError {
        let stopping = || ApiError::new(Code::Disconnected, "The relay is stopping.");
        self.ending.get().map_or_else(stopping, |(reason, _)| reason.clone())
    }

    /// Resolves when the connection is to end.
    pub(super) async fn ended(&self) -> ApiError {
        self.stop.cancelled().await;
        sleep(self.ends_after().unwrap_or_default()).await;
        self.reason()
    }

    pub(super) fn within_rate(&self, packet_bytes: usize) -> bool {
        let bytes = u32::try_from(packet_bytes).ok().and_then(NonZeroU32::new);
        let Rate { packets, bytes: limit } = &*self.rate;
        packets.check().is_ok() && bytes.is_none_or(|bytes| matches!(limit.check_n(bytes), Ok(Ok(()))))
    }

    /// A packet of any kind has come.
    pub(super) fn heard(&self, now_us: u64) {
        self.heard_us.store(now_us, Ordering::Relaxed);
    }

    /// Whether it was silent when somebody looked last.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Looks whether nothing has come for so long; whether that has changed.
    pub(super) fn look(&self, now_us: u64, silent_us: u64) -> bool {
        let silent = now_us.saturating_sub(self.heard_us.load(Ordering::Relaxed)) > silent_us;
        self.silent.swap(silent, Ordering::Relaxed) != silent
    }

    /// A packet of sound has come.
    pub(super) fn note(&self, header: &Header, now_us: u64) {
        self.arrivals().note(header.sequence, header.timestamp, now_us);
    }

    /// Queues a packet for the listener.
    pub(super) fn put(&self, packet: Bytes, now_us: u64) -> Put {
        Self::put_into(&mut self.waiting(), packet, now_us)
    }

    /// Answers a ping.
    pub(super) fn pong(&self, ping: Header, payload: &[u8], now_us: u64) -> Put {
        let arrivals = {
            let arrivals = self.arrivals();
            (arrivals.expected, arrivals.received, arrivals.jitter_us())
        };
        let mut waiting = self.waiting();
        let report = PathReport {
            time_us: now_us,
            expected: arrivals.0,
            received: arrivals.1,
            jitter_us: arrivals.2,
            sent: waiting.sent.wrapping_add(1),
        };
        let payload = [payload, &report.to_bytes()].concat();
        let pong = Header { kind: Kind::Pong, ..ping }.packet(&payload);
        Self::put_into(&mut waiting, pong.into(), now_us)
    }

    fn put_into(waiting: &mut Waiting, packet: Bytes, now_us: u64) -> Put {
        if waiting.closed {
            return Put::default();
        }
        waiting.sent = waiting.sent.wrapping_add(1);
        let dropped = waiting.queue.push(now_us, packet);
        waiting.dropped |= dropped > 0;
        Put { dropped, tell: !std::mem::replace(&mut waiting.told, true) }
    }

    /// Judges the way to this listener.
    pub(super) fn observe(&self, waiting: &mut Waiting, now_us: u64) {
        let dropped = std::mem::take(&mut waiting.dropped);
        waiting.share.observe(now_us / 1_000, waiting.queue.waiting_us(now_us) / 1_000, dropped);
        self.speakers.store(waiting.share.speakers(), Ordering::Relaxed);
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
    }
}
