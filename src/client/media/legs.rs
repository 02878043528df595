//! The tasks behind the two connections of a link, and what they tell it.

use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    client::{Address, ConnectError, Pin},
    protocol::{ApiError, limits::MEDIA_PACKET_MAX_BYTES},
    socket::quic_error,
};

use super::latest::Latest;
use super::{Transport, path::Path, quic, websocket};

/// Packets on their way out over a WebSocket; at 50 per second half a second of one speaker.
const SEND_QUEUE: usize = 25;

/// What a connection tells.
pub(super) enum Event {
    /// It stands; packets can be sent, but are not read before the token is shown.
    Connected(Wire),
    /// The relay has taken the token.
    Admitted,
    /// A packet has come.
    Packet(Bytes),
    /// It is over, or there is none after all.
    Ended(ConnectError),
}

/// Which connection tells: its kind, and the how many-th of the link it is.
pub(super) type From = (Transport, u64);

/// The way of one connection's events to the link.
pub(super) struct Events {
    pub(super) from: From,
    pub(super) queue: mpsc::Sender<(From, Event)>,
}

impl Events {
    pub(super) async fn send(&self, event: Event) {
        // An error says that the link is gone, and this task with it.
        let _ = self.queue.send((self.from, event)).await;
    }
}

/// Where packets go out.
pub(super) enum Wire {
    Quic(quinn::Connection),
    WebSocket(Arc<Latest<Bytes>>),
}

impl Wire {
    /// Sends a packet, unless it is too long. Never waits: the oldest that is on its way gives way.
    pub(super) fn send(&self, packet: Bytes) -> bool {
        if packet.len() > self.max_packet_bytes() {
            return false;
        }
        match self {
            // The other errors come with the end of the connection, which is told by itself.
            Self::Quic(connection) => {
                !matches!(connection.send_datagram(packet), Err(quinn::SendDatagramError::TooLarge))
            }
            Self::WebSocket(queue) => {
                queue.push(packet);
                true
            }
        }
    }

    /// Longest packet that goes through, bytes.
    pub(super) fn max_packet_bytes(&self) -> usize {
        match self {
            Self::Quic(connection) => connection.max_datagram_size().unwrap_or(0).min(MEDIA_PACKET_MAX_BYTES),
            Self::WebSocket(_) => MEDIA_PACKET_MAX_BYTES,
        }
    }

    /// UDP datagrams that have come, acknowledgements and all; none are counted under a WebSocket.
    fn heard(&self) -> u64 {
        match self {
            Self::Quic(connection) => connection.stats().udp_rx.datagrams,
            Self::WebSocket(_) => 0,
        }
    }
}

/// The connections of a link.
#[derive(Default)]
pub(super) struct Legs {
    quic: Option<Leg>,
    websocket: Option<Leg>,
}

impl Legs {
    pub(super) fn get(&self, transport: Transport) -> Option<&Leg> {
        match transport {
            Transport::Quic => self.quic.as_ref(),
            Transport::WebSocket => self.websocket.as_ref(),
        }
    }

    pub(super) fn get_mut(&mut self, transport: Transport) -> Option<&mut Leg> {
        match transport {
            Transport::Quic => self.quic.as_mut(),
            Transport::WebSocket => self.websocket.as_mut(),
        }
    }

    /// Puts a connection, or none, in the place of the one there was, which ends.
    pub(super) fn put(&mut self, transport: Transport, leg: Option<Leg>) {
        match transport {
            Transport::Quic => self.quic = leg,
            Transport::WebSocket => self.websocket = leg,
        }
    }

    /// Sends a packet over one of them; `None` if there is no way out yet, `false` if the packet is too long.
    pub(super) fn send(&self, transport: Transport, packet: Bytes) -> Option<bool> {
        Some(self.get(transport)?.wire.as_ref()?.send(packet))
    }
}

/// A connection, from the first try on. It ends when dropped.
pub(super) struct Leg {
    pub(super) number: u64,
    pub(super) wire: Option<Wire>,
    pub(super) path: Path,
    heard: u64,
    claim: Option<oneshot::Sender<()>>,
    _task: AbortOnDropHandle<()>,
}

impl Leg {
    /// Begins to make a connection.
    pub(super) fn start(address: Address, pin: Pin, hello: Arc<str>, events: Events) -> Self {
        let (claim, claimed) = oneshot::channel();
        let (transport, number) = events.from;
        let task = tokio::spawn(async move {
            let ended = match transport {
                Transport::Quic => run_quic(&address, pin, &hello, claimed, &events).await,
                Transport::WebSocket => run_websocket(&address, pin, &hello, claimed, &events).await,
            };
            events.send(Event::Ended(ended.map_or_else(|error| error, ConnectError::Api))).await;
        });
        Self {
            number,
            wire: None,
            path: Path::new(0),
            heard: 0,
            claim: Some(claim),
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Shows the token.
    pub(super) fn claim(&mut self, now_us: u64) {
        self.path = Path::new(now_us);
        if let Some(claim) = self.claim.take() {
            // An error says that the connection is over, which is told by itself.
            let _ = claim.send(());
        }
    }

    /// Whether anything has come since the last time.
    pub(super) fn take_heard(&mut self) -> bool {
        let heard = self.wire.as_ref().map_or(0, Wire::heard);
        std::mem::replace(&mut self.heard, heard) != heard
    }
}

async fn run_quic(
    address: &Address,
    pin: Pin,
    hello: &str,
    claimed: oneshot::Receiver<()>,
    events: &Events,
) -> Result<ApiError, ConnectError> {
    let connection = quic::connect(address, pin).await?;
    events.send(Event::Connected(Wire::Quic(connection.clone()))).await;
    tokio::select! {
        error = connection.closed() => return Ok(quic_error(&error)),
        _ = claimed => {}
    }
    Ok(quic::carry(connection, hello, events).await)
}

async fn run_websocket(
    address: &Address,
    pin: Pin,
    hello: &str,
    claimed: oneshot::Receiver<()>,
    events: &Events,
) -> Result<ApiError, ConnectError> {
    let mut socket = websocket::connect(address, pin).await?;
    let outgoing = Arc::new(Latest::new(SEND_QUEUE));
    events.send(Event::Connected(Wire::WebSocket(Arc::clone(&outgoing)))).await;
    tokio::select! {
        error = websocket::closed(&mut socket) => return Ok(error),
        _ = claimed => {}
    }
    Ok(websocket::carry(socket, hello, &outgoing, events).await)
}
