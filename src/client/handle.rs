//! The application's end of a session.

use serde_json::value::RawValue;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::protocol::{
    ApiError, Call, Code, Delivery, Fingerprint, Request,
    api::{Credentials, EnterRoomReply, LoginReply, Start},
    event::KickedOffline,
};

use super::{Address, MediaLink, Pin, account::read_reply, session};

/// Events that wait for the application before the connection is read no further.
const EVENT_QUEUE: usize = 256;
/// Requests that wait for the connection.
const REQUEST_QUEUE: usize = 64;

/// What a session needs.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the server is.
    pub address: Address,
    /// Its certificate.
    pub pin: Pin,
    /// Who signs in, from [`account`](super::account).
    pub credentials: Credentials,
    /// Cold: the program was started anew; open invitations ring again. Reconnects of a running session are always hot.
    pub start: Start,
    /// Number of the last event that the application has stored; 0 if none.
    pub last_seq: u64,
}

/// What happens in a session. Read them all: while nobody does, the connection is read no further.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// A try to connect begins.
    Connecting,
    /// First use: this certificate was taken, and is to be stored as the pin.
    FirstPin(Fingerprint),
    /// The certificate is not the one pinned. Nothing was sent; the session is over. To trust the new one, start
    /// another session with it as the pin.
    CertificateChanged {
        /// What was expected.
        pinned: Fingerprint,
        /// What was shown.
        shown: Fingerprint,
    },
    /// Signed in. What was missed follows, then [`ClientEvent::Synced`].
    Online(LoginReply),
    /// Everything missed has been handed over.
    Synced {
        /// Last number of the user's log at the server.
        up_to: u64,
    },
    /// A stored event: every one, in order, exactly once. For the log; history included.
    Record(Delivery),
    /// The application is called back: what happens now. Never history, and never one's own invitation.
    Callback(Delivery),
    /// The connection is gone, or a try failed. The next try comes by itself.
    Lost {
        /// Why.
        error: ApiError,
        /// Time until the next try, ms.
        retry_in_ms: u64,
    },
    /// Signed out by the server, for instance because the device signed in elsewhere; the session is over. If another
    /// device of the user wanted it, the token is void.
    KickedOffline(KickedOffline),
    /// The device's token is unknown or was revoked; the session is over.
    TokenRejected(ApiError),
}

/// What the handle asks of the session's task.
pub(super) struct Op {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Result<Box<RawValue>, ApiError>>,
}

/// What handle and task share.
pub(super) struct Shared {
    pub(super) address: Address,
    /// The pin as it stands: first use turns it into a known one.
    pub(super) pin: Mutex<Pin>,
    pub(super) retry: Notify,
    pub(super) test: Notify,
    pub(super) stop: CancellationToken,
    pub(super) stopped: CancellationToken,
    /// What requests are answered with once the task is gone.
    pub(super) end: OnceLock<ApiError>,
}

impl Shared {
    pub(super) fn pin(&self) -> Pin {
        *self.pin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_pin(&self, pin: Pin) {
        *self.pin.lock().unwrap_or_else(PoisonError::into_inner) = pin;
    }
}

/// A session. Cheap to clone; it ends with [`Client::shutdown`] or with its last clone.
#[derive(Clone)]
pub struct Client {
    ops: mpsc::Sender<Op>,
    shared: Arc<Shared>,
}

impl Client {
    /// Starts a session on the current tokio runtime: connects, signs in, and keeps at it.
    ///
    /// The receiver's end is also the session's end. Never await a request in the task that reads the events: an answer
    /// stands behind the events that were sent before it.
    pub fn start(config: ClientConfig) -> (Self, mpsc::Receiver<ClientEvent>) {
        let (ops, op_queue) = mpsc::channel(REQUEST_QUEUE);
        let (events, event_queue) = mpsc::channel(EVENT_QUEUE);
        let shared = Arc::new(Shared {
            address: config.address.clone(),
            pin: Mutex::new(config.pin),
            retry: Notify::new(),
            test: Notify::new(),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            end: OnceLock::new(),
        });
        tokio::spawn(session::run(config, Arc::clone(&shared), op_queue, events));
        (Self { ops, shared }, event_queue)
    }

    /// Sends a request and waits for its answer, as it came.
    ///
    /// # Errors
    /// 6017 and 8001 for parameters out of bounds (nothing is sent), 6013 before the first sign-in, 6014 after the
    /// session has ended, 9508 while the connection is gone or if it breaks meanwhile (the server may have acted on the
    /// request), 6012 if no answer comes within 10 s; otherwise what the server says.
    pub async fn request(&self, request: Request) -> Result<Box<RawValue>, ApiError> {
        request.validate()?;
        let (reply, answer) = oneshot::channel();
        let ended = || {
            let default = || ApiError::new(Code::NotLoggedIn, "The session is over. Sign in again.");
            self.shared.end.get().cloned().unwrap_or_else(default)
        };
        self.ops.send(Op { request, reply }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// Sends a request and waits for its typed answer.
    ///
    /// # Errors
    /// As [`Client::request`], and -32700 for an answer that cannot be read.
    pub async fn call<C: Call + Into<Request>>(&self, params: C) -> Result<C::Reply, ApiError> {
        read_reply::<C>(self.request(params.into()).await?.get())
    }

    /// Tries again now, if the session waits for its next try or has been trying in vain for more than a second.
    pub fn retry_now(&self) {
        self.shared.retry.notify_waiters();
    }

    /// Asks the server for a sign of life at once: if none comes within three seconds, the connection is lost.
    pub fn test_connection(&self) {
        self.shared.test.notify_one();
    }

    /// Opens the media connection of a room that was entered.
    pub fn open_media(&self, entered: &EnterRoomReply) -> MediaLink {
        MediaLink::open(self.shared.address.clone(), self.shared.pin(), entered)
    }

    /// Closes the connection and waits until it is closed. The device stays signed in at the server's books; see
    /// [`Client::logout`] for the opposite.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.stopped.cancelled().await;
    }
}
