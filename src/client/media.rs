//! The connection to the relay: media packets out and in, reconnected by itself with the same token.
//!
//! Late audio is worth nothing, so both directions drop their oldest packets when a queue is full.

use futures_util::{SinkExt, StreamExt};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, interval, sleep},
};
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    protocol::{ApiError, Code, api::MediaHello, lan::MEDIA_PATH, limits::MEDIA_PACKET_MAX_BYTES},
    socket::{Latest, Socket, close_error},
};

use super::{
    Address, ConnectError, Pin,
    connect::{open, within},
};

/// Packets on their way out; at 50 per second half a second of one speaker.
const SEND_QUEUE: usize = 25;
/// Packets that wait for the application; half a second of several speakers.
const RECEIVE_QUEUE: usize = 256;
const PING_EVERY: Duration = Duration::from_secs(2);
/// Without a sign of life for so long, the connection is given up and made anew.
const DEAD_AFTER: Duration = Duration::from_secs(6);
const HELLO_LIMIT: Duration = Duration::from_secs(5);
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);

/// How the link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaState {
    /// The first connection is being made.
    Connecting,
    /// Packets travel.
    Up,
    /// The connection is gone; the next try comes by itself.
    Down(ApiError),
    /// Over: closed here, or the relay does not take the token (any more).
    Closed(ApiError),
}

/// A media connection. It ends when the receiver is dropped.
pub struct MediaLink {
    /// Packets out.
    pub sender: MediaSender,
    /// Packets in.
    pub receiver: MediaReceiver,
    /// How the link stands.
    pub state: watch::Receiver<MediaState>,
}

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
    pub(super) fn open(address: Address, pin: Pin, relay_token: String) -> Self {
        let (publish, state) = watch::channel(MediaState::Connecting);
        let stop = CancellationToken::new();
        let outgoing = Arc::new(Latest::new(SEND_QUEUE));
        let incoming = Arc::new(Latest::new(RECEIVE_QUEUE));
        let link = Link {
            address,
            pin,
            hello: serde_json::to_string(&MediaHello { relay_token }).unwrap_or_default(),
            outgoing: Arc::clone(&outgoing),
            incoming: Arc::clone(&incoming),
            state: publish,
        };
        let stopped = stop.clone();
        tokio::spawn(async move {
            let error = tokio::select! {
                () = stopped.cancelled() => ApiError::new(Code::Disconnected, "The media connection was closed."),
                error = link.run() => error,
            };
            link.outgoing.close();
            link.incoming.close();
            link.state.send_replace(MediaState::Closed(error));
        });
        Self {
            sender: MediaSender(outgoing),
            receiver: MediaReceiver { queue: incoming, _end: stop.drop_guard() },
            state,
        }
    }
}

struct Link {
    address: Address,
    pin: Pin,
    hello: String,
    outgoing: Arc<Latest<Vec<u8>>>,
    incoming: Arc<Latest<Bytes>>,
    state: watch::Sender<MediaState>,
}

impl Link {
    /// Connects again and again until the relay refuses; returns its reason.
    async fn run(&self) -> ApiError {
        let mut retry = RETRY_MIN;
        loop {
            let error = match self.connect().await {
                Ok(socket) => {
                    retry = RETRY_MIN;
                    // What was queued without a connection is too old now.
                    self.outgoing.clear();
                    self.state.send_replace(MediaState::Up);
                    self.carry(socket).await
                }
                Err(ConnectError::Api(error)) => error,
                Err(error @ ConnectError::CertificateChanged { .. }) => {
                    return ApiError::new(Code::TokenRejected, error.to_string());
                }
            };
            let again = [Code::Disconnected, Code::RequestTimeout, Code::FrequencyLimit, Code::Internal];
            if !again.iter().any(|code| error.is(*code)) {
                return error;
            }
            self.state.send_replace(MediaState::Down(error));
            sleep(retry).await;
            retry = (retry * 2).min(RETRY_MAX);
        }
    }

    /// Connects and is admitted.
    async fn connect(&self) -> Result<Socket, ConnectError> {
        let (mut socket, _) = open(&self.address, self.pin, MEDIA_PATH, MEDIA_PACKET_MAX_BYTES).await?;
        let admitted = async {
            socket.send(Message::text(self.hello.clone())).await.map_err(|error| lost(&error))?;
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(_))) => return Ok(()),
                    Some(Ok(Message::Close(frame))) => return Err(close_error(frame.as_ref())),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(lost(&error)),
                    None => return Err(close_error(None)),
                }
            }
        };
        let silent = || Err(ApiError::new(Code::RequestTimeout, "The relay does not answer."));
        within(HELLO_LIMIT, admitted).await.unwrap_or_else(silent)?;
        Ok(socket)
    }

    /// Carries packets until the connection ends; returns why.
    async fn carry(&self, socket: Socket) -> ApiError {
        let (mut sink, mut stream) = socket.split();
        let heard = watch::Sender::new(Instant::now());
        let receive = async {
            loop {
                match stream.next().await {
                    Some(Ok(Message::Binary(packet))) => drop(self.incoming.push(packet)),
                    Some(Ok(Message::Close(frame))) => return close_error(frame.as_ref()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return lost(&error),
                    None => return close_error(None),
                }
                heard.send_replace(Instant::now());
            }
        };
        let send = async {
            let mut ping = interval(PING_EVERY);
            loop {
                let message = tokio::select! {
                    packet = self.outgoing.pop() => match packet {
                        Some(packet) => Message::Binary(packet.into()),
                        None => return ApiError::new(Code::Disconnected, "The media connection was closed."),
                    },
                    _ = ping.tick() => Message::Ping(Bytes::new()),
                };
                if let Err(error) = sink.send(message).await {
                    return lost(&error);
                }
            }
        };
        let watch_silence = async {
            loop {
                let deadline = *heard.borrow() + DEAD_AFTER;
                if deadline <= Instant::now() {
                    return ApiError::new(Code::Disconnected, "The relay has fallen silent.");
                }
                tokio::time::sleep_until(deadline).await;
            }
        };
        tokio::select! { error = receive => error, error = send => error, error = watch_silence => error }
    }
}

fn lost(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(Code::Disconnected, format!("The media connection was lost: {error}."))
}
