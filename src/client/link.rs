//! One connection of a session: what is on its way over it, and what waits for its answers.

use futures_util::{
    SinkExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{
    protocol::{ApiError, Code, InviteId, Request, api::LoginReply},
    socket::Socket,
};

use super::ClientEvent;

/// Without a sign of life for so long, the connection is given up.
const DEAD_AFTER: Duration = Duration::from_secs(15);
/// The same where one was asked for because something else has fallen silent.
const TEST_LIMIT: Duration = Duration::from_secs(3);
pub(super) const PING_EVERY: Duration = Duration::from_secs(5);
pub(super) const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Acknowledgements are collected this long.
const ACK_AFTER: Duration = Duration::from_millis(200);

/// Why a connection is over.
pub(super) enum End {
    /// Try again.
    Lost(ApiError),
    /// The session is over; requests from now on are answered with this.
    Final(ApiError),
}

/// Who waits for an answer.
pub(super) enum Answer {
    Application(oneshot::Sender<Result<Box<RawValue>, ApiError>>),
    Report(InviteId),
    Nobody,
}

pub(super) struct Waiting {
    pub(super) answer: Answer,
    pub(super) method: &'static str,
    pub(super) expires: Instant,
    /// Kept for requests whose answer the session itself looks at.
    pub(super) request: Option<Request>,
}

/// One connection.
pub(super) struct Link {
    pub(super) sink: SplitSink<Socket, Message>,
    next_id: u64,
    pub(super) waiting: HashMap<u64, Waiting>,
    /// Events that wait for room in the application's queue.
    pub(super) pending: VecDeque<ClientEvent>,
    pub(super) heard: Instant,
    /// When an answer was asked for that has to come soon, unless something has been heard since.
    pub(super) tested: Option<Instant>,
    pub(super) next_ping: Instant,
    pub(super) handed_seq: u64,
    pub(super) acked_seq: u64,
    pub(super) ack_at: Option<Instant>,
}

impl Link {
    /// A connection that has just signed in; `stored_seq` is what the application has.
    pub(super) fn new(socket: Socket, login: LoginReply, stored_seq: u64) -> (Self, SplitStream<Socket>) {
        let (sink, stream) = futures_util::StreamExt::split(socket);
        let link = Self {
            sink,
            next_id: 2,
            waiting: HashMap::new(),
            pending: VecDeque::from([ClientEvent::Online(login)]),
            heard: Instant::now(),
            tested: None,
            next_ping: Instant::now() + PING_EVERY,
            handed_seq: stored_seq,
            acked_seq: stored_seq,
            ack_at: None,
        };
        (link, stream)
    }

    pub(super) async fn send(&mut self, message: Message) -> Result<(), End> {
        // The server reads whatever happens, so a send that takes long means a dead connection.
        match timeout(REQUEST_LIMIT, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::Lost(lost(&error))),
            Err(_) => Err(End::Lost(ApiError::new(Code::Disconnected, "The connection to the server is stuck."))),
        }
    }

    /// Asks for a sign of life at once.
    pub(super) async fn test(&mut self) -> Result<(), End> {
        self.tested.get_or_insert_with(Instant::now);
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Something has come.
    pub(super) fn hear(&mut self) {
        self.heard = Instant::now();
        self.tested = None;
    }

    /// When the connection is given up, should nothing come until then. Silence only counts while somebody listens.
    pub(super) fn dead_at(&self) -> Option<Instant> {
        let tested = self.tested.map(|at| at + TEST_LIMIT);
        let dead_at = tested.into_iter().fold(self.heard + DEAD_AFTER, Instant::min);
        self.pending.is_empty().then_some(dead_at)
    }

    pub(super) async fn send_request(&mut self, request: Request, answer: Answer) -> Result<(), End> {
        let id = self.next_id;
        self.next_id += 1;
        let text = request.to_wire(id);
        let method = request.method();
        let looked_at = matches!(request, Request::Invite(_) | Request::InviteInGroup(_) | Request::Logout(_));
        let expires = Instant::now() + REQUEST_LIMIT;
        let waiting = Waiting { answer, method, expires, request: looked_at.then_some(request) };
        self.waiting.insert(id, waiting);
        self.send(Message::text(text)).await
    }

    pub(super) fn hand_over(&mut self, permit: mpsc::Permit<'_, ClientEvent>) {
        let Some(event) = self.pending.pop_front() else { return };
        if let ClientEvent::Record(delivery) = &event {
            self.handed_seq = delivery.seq;
            self.ack_at.get_or_insert_with(|| Instant::now() + ACK_AFTER);
        }
        permit.send(event);
        if self.pending.is_empty() {
            self.hear();
        }
    }
}

pub(super) fn lost(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(Code::Disconnected, format!("The connection to the server was lost: {error}."))
}
