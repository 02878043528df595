//! The connection to the relay: media packets out and in, over QUIC or a WebSocket, reconnected by itself with the same
//! token; and what the way is like.
//!
//! * `choice`: which of the two connections is made, used and left when. No I/O, no clock.
//! * `path`: round trip, loss and jitter of each direction, from pings. No I/O, no clock.
//! * `quic`, `websocket`: one connection each; `legs`: the tasks behind them.
//! * `latest`: a queue that drops its oldest packet when it is full.
//! * `link`: the task between the application and the connections.
//!
//! Late audio is worth nothing, so both directions drop their oldest packets when a queue is full. And each link has a
//! thread of its own: packets wait for nothing else that the program does, and none of them wakes up a second thread.

mod choice;
mod latest;
mod legs;
mod link;
mod path;
mod quic;
mod websocket;

use std::{
    future::Future,
    io, pin,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::{oneshot, watch},
    task::JoinHandle,
    time::sleep,
};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::protocol::{
    ApiError, Code,
    api::{EnterRoomReply, MediaHello},
};

use super::{Address, Pin};
use latest::Latest;
use link::{Ends, Link};

/// Packets on their way out; at 50 per second half a second of one speaker.
const SEND_QUEUE: usize = 25;
/// Packets that wait for the application; half a second of several speakers.
const RECEIVE_QUEUE: usize = 256;
/// A link that has ended may take so long to say goodbye.
const FAREWELL: Duration = Duration::from_millis(500);

/// How the link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaState {
    /// The first connection is being made.
    Connecting,
    /// Packets travel, also while they change from one connection to another.
    Up,
    /// The connection is gone; the next try comes by itself.
    Down(ApiError),
    /// Over: closed here, or the relay does not take the token (any more).
    Closed(ApiError),
}

/// What media packets travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams of QUIC (RFC 9221) over UDP.
    Quic,
    /// A WebSocket over TCP.
    WebSocket,
}

/// What the way to the relay and back is like, over the last five seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathStats {
    /// What packets travel over now; `None` while they do not.
    pub transport: Option<Transport>,
    /// Time since the relay was last heard, or since the link was opened, ms.
    pub silent_ms: u32,
    /// Round trip to the relay, smoothed, ms.
    pub rtt_ms: f32,
    /// Shortest round trip, ms.
    pub rtt_min_ms: f32,
    /// Sound that was lost on its way to the relay, in packets, 0.0 to 1.0.
    pub loss_up: f32,
    /// Packets of all kinds that were lost on their way from the relay, 0.0 to 1.0.
    pub loss_down: f32,
    /// Mean deviation of the transit time to the relay, ms (RFC 3550, 6.4.1).
    pub jitter_up_ms: f32,
    /// Mean deviation of the transit time from the relay, ms (RFC 3550, 6.4.1).
    pub jitter_down_ms: f32,
    /// Longest packet that can be sent now, bytes; 0 while none can.
    pub max_packet_bytes: usize,
    /// Packets that were too long and did not go out, since the link was opened.
    pub too_long: u64,
}

/// A media connection. It ends when the receiver is dropped.
pub struct MediaLink {
    /// Packets out.
    pub sender: MediaSender,
    /// Packets in.
    pub receiver: MediaReceiver,
    /// How the link stands.
    pub state: watch::Receiver<MediaState>,
    /// What the way is like; news come several times a second.
    pub path: watch::Receiver<PathStats>,
    /// Where whoever takes the packets is to run.
    pub thread: LinkThread,
}

/// The thread of a link; there is none if it could not be made.
#[derive(Clone, Debug)]
pub struct LinkThread(Option<Handle>);

/// Packets out. Cheap to clone; never waits.
#[derive(Clone)]
pub struct MediaSender(Arc<Latest<Vec<u8>>>);

impl MediaSender {
    /// Queues a packet; if the queue is full, its oldest packet is dropped.
    pub fn send(&self, packet: Vec<u8>) {
        self.0.push(packet);
    }
}

/// Packets in. Dropping it closes the link.
pub struct MediaReceiver {
    queue: Arc<Latest<Bytes>>,
    _end: DropGuard,
}

impl MediaReceiver {
    /// The next packet; `None` once the link is closed. May be raced against other futures: nothing is lost.
    pub async fn recv(&mut self) -> Option<Bytes> {
        self.queue.pop().await
    }
}

impl MediaLink {
    pub(super) fn open(address: Address, pin: Pin, entered: &EnterRoomReply) -> Self {
        let (publish_state, state) = watch::channel(MediaState::Connecting);
        let (publish_path, path) = watch::channel(PathStats::default());
        let stop = CancellationToken::new();
        let outgoing = Arc::new(Latest::new(SEND_QUEUE));
        let incoming = Arc::new(Latest::new(RECEIVE_QUEUE));
        // A struct with one string in it can always be written.
        let hello = serde_json::to_string(&MediaHello { relay_token: entered.relay_token.clone() }).unwrap_or_default();
        let ends = Ends {
            outgoing: Arc::clone(&outgoing),
            incoming: Arc::clone(&incoming),
            state: publish_state,
            path: publish_path,
        };
        let mut link = Link::new(address, pin, entered.source_id, hello, ends);
        let stopped = stop.clone();
        let thread = match begin() {
            Ok((runtime, start)) => {
                // The thread waits for it.
                let _ = start.send(Box::pin(async move {
                    let error = tokio::select! {
                        () = stopped.cancelled() => ApiError::new(Code::Disconnected, "The media connection was closed."),
                        error = link.run() => error,
                    };
                    link.close(error);
                }));
                Some(runtime)
            }
            Err(error) => {
                let message = format!("No media connection can be made: {error}. End other programs and call again.");
                link.close(ApiError::new(Code::Internal, message));
                None
            }
        };
        Self {
            sender: MediaSender(outgoing),
            receiver: MediaReceiver { queue: incoming, _end: stop.drop_guard() },
            state,
            path,
            thread: LinkThread(thread),
        }
    }
}

impl LinkThread {
    /// Runs what takes the link's packets on the link's own thread. It ends with the link at the latest.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        match &self.0 {
            Some(runtime) => runtime.spawn(task),
            None => tokio::spawn(task),
        }
    }
}

type Work = pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts a thread that does the work that it is sent.
fn begin() -> io::Result<(Handle, oneshot::Sender<Work>)> {
    let (start, started) = oneshot::channel::<Work>();
    let (tell, told) = mpsc::channel();
    // The runtime is made and dropped there: whoever asks may run in one, where none may be dropped.
    let run = move || {
        let made = Builder::new_current_thread().enable_all().build();
        // Whoever asked waits for it.
        let _ = tell.send(made.as_ref().map(|runtime| runtime.handle().clone()).map_err(|error| error.kind()));
        if let Ok(runtime) = made {
            runtime.block_on(async {
                if let Ok(work) = started.await {
                    work.await;
                    sleep(FAREWELL).await;
                }
            });
        }
    };
    thread::Builder::new().name("media-link".into()).spawn(run)?;
    let handle = told.recv().map_err(io::Error::other)??;
    Ok((handle, start))
}
