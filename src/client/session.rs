//! The task behind a session: connects, signs in, carries requests and events, and starts over when the connection
//! breaks.

use futures_util::{SinkExt, StreamExt};
use serde_json::value::RawValue;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{
    protocol::{
        ApiError, Call, Code, Delivery, Request,
        api::{Ack, Login, LoginReply, Timeout},
        event::KickedOffline,
        lan::SIGNALING_PATH,
        limits::TEXT_FRAME_MAX_BYTES,
        rpc::{self, ServerFrame},
    },
    socket::{Socket, close_error},
};

use super::{
    ClientConfig, ClientEvent, ConnectError, Pin,
    account::read_reply,
    connect::{open, within},
    handle::{Op, Shared},
    link::{Answer, End, Link, PING_EVERY, REQUEST_LIMIT, lost},
    sync::{Inbox, Step},
};

const RETRY_MIN_MS: u64 = 250;
const RETRY_MAX_MS: u64 = 5_000;
/// A try to connect that has lasted so long begins anew when somebody wants it to.
const PATIENCE: Duration = Duration::from_secs(1);
/// A connection that held for so long was a good one: the next wait begins at the minimum again.
const HELD: Duration = Duration::from_secs(2);

/// Runs a session to its end.
pub(super) async fn run(
    config: ClientConfig,
    shared: Arc<Shared>,
    ops: mpsc::Receiver<Op>,
    events: mpsc::Sender<ClientEvent>,
) {
    let inbox = Inbox::new(config.credentials.user_id.clone(), config.start, config.last_seq);
    let _stopped = shared.stopped.clone().drop_guard();
    let birth = Instant::now();
    let mut session = Session { config, shared: Arc::clone(&shared), ops, events, inbox, birth, was_online: false };
    let end = session.live().await;
    // Only this task sets it, and only here.
    let _ = shared.end.set(end);
}

struct Session {
    config: ClientConfig,
    shared: Arc<Shared>,
    ops: mpsc::Receiver<Op>,
    events: mpsc::Sender<ClientEvent>,
    inbox: Inbox,
    birth: Instant,
    was_online: bool,
}

/// The application has closed the session, or has dropped its ends.
struct Stopped;

fn stopped() -> ApiError {
    ApiError::new(Code::NotInitialized, "The session was closed. Connect again.")
}

impl Session {
    async fn live(&mut self) -> ApiError {
        let mut retry_ms = RETRY_MIN_MS;
        loop {
            if self.tell(ClientEvent::Connecting).await.is_err() {
                return stopped();
            }
            let end = match self.connect().await {
                Ok((socket, login)) => {
                    self.was_online = true;
                    let began = Instant::now();
                    let end = self.online(socket, login).await;
                    if began.elapsed() >= HELD {
                        retry_ms = RETRY_MIN_MS;
                    }
                    self.inbox.unlinked();
                    end
                }
                Err(end) => end,
            };
            let error = match end {
                End::Lost(error) => error,
                End::Final(error) => return error,
            };
            tracing::debug!(code = error.code, "connection lost: {}", error.message);
            // Up to a quarter less, so that a restarted server is not met by everybody at once.
            let wait_ms = retry_ms - retry_ms * jitter() / 1024;
            retry_ms = (retry_ms * 2).min(RETRY_MAX_MS);
            let retry = Arc::clone(&self.shared);
            let retry = retry.retry.notified();
            tokio::pin!(retry);
            // From here on a wish to retry counts, even while the application is still being told.
            retry.as_mut().enable();
            if self.tell(ClientEvent::Lost { error, retry_in_ms: wait_ms }).await.is_err() {
                return stopped();
            }
            let wait = async {
                tokio::select! { () = sleep(Duration::from_millis(wait_ms)) => {}, () = retry => {} }
            };
            if self.refusing(wait).await.is_err() {
                return stopped();
            }
        }
    }

    fn now_ms(&self) -> u64 {
        // A program does not run for 2^64 ms.
        self.birth.elapsed().as_millis() as u64
    }

    /// Awaits something, and refuses requests meanwhile.
    async fn refusing<F: Future>(&mut self, work: F) -> Result<F::Output, Stopped> {
        let refusal = if self.was_online {
            ApiError::new(Code::Disconnected, "There is no connection to the server at the moment. Try again.")
        } else {
            ApiError::new(Code::NotInitialized, "The session has not been opened yet. Wait until it is online.")
        };
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return Err(Stopped),
                output = &mut work => return Ok(output),
                op = self.ops.recv() => match op {
                    // Who asked may have given up.
                    Some(op) => drop(op.reply.send(Err(refusal.clone()))),
                    None => return Err(Stopped),
                },
            }
        }
    }

    /// Hands an event over while there is no connection.
    async fn tell(&mut self, event: ClientEvent) -> Result<(), Stopped> {
        let events = self.events.clone();
        self.refusing(async move { events.send(event).await }).await?.map_err(|_| Stopped)
    }

    /// Connects and signs in.
    async fn connect(&mut self) -> Result<(Socket, LoginReply), End> {
        let (address, pin) = (self.shared.address.clone(), self.shared.pin());
        let shared = Arc::clone(&self.shared);
        let work = async move {
            loop {
                let retry = async {
                    sleep(PATIENCE).await;
                    shared.retry.notified().await;
                };
                tokio::select! {
                    opened = open(&address, pin, SIGNALING_PATH, TEXT_FRAME_MAX_BYTES) => return opened,
                    () = retry => {}
                }
            }
        };
        let opened = self.refusing(work).await.map_err(|Stopped| End::Final(stopped()))?;
        let (mut socket, shown) = match opened {
            Ok(opened) => opened,
            Err(ConnectError::Api(error)) => return Err(End::Lost(error)),
            Err(ConnectError::CertificateChanged { pinned, shown }) => {
                // The end is told even if the application has left.
                let _ = self.tell(ClientEvent::CertificateChanged { pinned, shown }).await;
                let message = "The server's certificate has changed. Compare its fingerprint and trust it, or not.";
                return Err(End::Final(ApiError::new(Code::NotInitialized, message)));
            }
        };
        if let (Pin::FirstUse, Some(shown)) = (pin, shown) {
            self.shared.set_pin(Pin::Known(shown));
            self.tell(ClientEvent::FirstPin(shown)).await.map_err(|Stopped| End::Final(stopped()))?;
        }
        let login = Login {
            user_id: self.config.credentials.user_id.clone(),
            token: self.config.credentials.token.clone(),
            start: self.inbox.start(),
            last_seq: self.inbox.last_seq(),
        };
        let signed_in = async {
            let answer = within(REQUEST_LIMIT, sign_in(&mut socket, &login)).await;
            answer.unwrap_or_else(|| Err(late(Login::METHOD)))
        };
        match self.refusing(signed_in).await.map_err(|Stopped| End::Final(stopped()))? {
            Ok(reply) => Ok((socket, reply)),
            Err(error) if error.is(Code::TokenRejected) => {
                let _ = self.tell(ClientEvent::TokenRejected(error)).await;
                Err(End::Final(ApiError::new(Code::NotLoggedIn, "The device's token was rejected. Sign in again.")))
            }
            Err(error) => Err(End::Lost(error)),
        }
    }

    /// Carries requests and events until the connection ends.
    async fn online(&mut self, socket: Socket, login: LoginReply) -> End {
        let events = self.events.clone();
        let (mut link, mut stream) = Link::new(socket, login, self.inbox.last_seq());
        loop {
            let wake = self.next_wake(&link);
            let outcome = tokio::select! {
                () = self.shared.stop.cancelled() => Err(End::Final(stopped())),
                permit = events.reserve(), if !link.pending.is_empty() => match permit {
                    Ok(permit) => {
                        link.hand_over(permit);
                        Ok(())
                    }
                    Err(_) => Err(End::Final(stopped())),
                },
                // While the application is behind, nothing more is read: the server keeps the rest.
                frame = stream.next(), if link.pending.is_empty() => match frame {
                    Some(Ok(message)) => self.received(&mut link, message),
                    Some(Err(error)) => Err(End::Lost(lost(&error))),
                    None => Err(End::Lost(close_error(None))),
                },
                op = self.ops.recv() => match op {
                    Some(op) => link.send_request(op.request, Answer::Application(op.reply)).await,
                    None => Err(End::Final(stopped())),
                },
                () = self.shared.test.notified() => link.test().await,
                () = sleep_until(wake) => self.tick(&mut link).await,
            };
            if let Err(end) = outcome {
                return self.close(link, end).await;
            }
        }
    }

    fn next_wake(&self, link: &Link) -> Instant {
        let report = self.inbox.deadline_ms().map(|due_ms| self.birth + Duration::from_millis(due_ms));
        let expiry = link.waiting.values().map(|waiting| waiting.expires).min();
        [report, expiry, link.dead_at(), link.ack_at].into_iter().flatten().fold(link.next_ping, Instant::min)
    }

    /// Everything whose time has come.
    async fn tick(&mut self, link: &mut Link) -> Result<(), End> {
        let now = Instant::now();
        if link.dead_at().is_some_and(|at| at <= now) {
            return Err(End::Lost(ApiError::new(Code::Disconnected, "The server has fallen silent.")));
        }
        let late_ids: Vec<u64> =
            link.waiting.iter().filter(|(_, waiting)| waiting.expires <= now).map(|(id, _)| *id).collect();
        for id in late_ids {
            if let Some(waiting) = link.waiting.remove(&id) {
                let error = late(waiting.method);
                self.answered(waiting.answer, Err(error));
            }
        }
        for invite_id in self.inbox.due(self.now_ms()) {
            let request = Timeout { invite_id: invite_id.clone() }.into();
            link.send_request(request, Answer::Report(invite_id)).await?;
        }
        if link.ack_at.is_some_and(|at| at <= now) {
            link.ack_at = None;
            link.acked_seq = link.handed_seq;
            link.send_request(Ack { seq: link.acked_seq }.into(), Answer::Nobody).await?;
        }
        if link.next_ping <= now {
            link.next_ping = now + PING_EVERY;
            link.send(Message::Ping(Bytes::new())).await?;
        }
        Ok(())
    }

    /// A message from the server.
    fn received(&mut self, link: &mut Link, message: Message) -> Result<(), End> {
        link.hear();
        let text = match message {
            Message::Text(text) => text,
            Message::Close(frame) => {
                let error = close_error(frame.as_ref());
                if error.is(Code::KickedOffline) {
                    let end = End::Final(kicked(&error));
                    let event = KickedOffline { reason: error, by_device: None };
                    link.pending.push_back(ClientEvent::KickedOffline(event));
                    return Err(end);
                }
                return Err(End::Lost(error));
            }
            _ => return Ok(()),
        };
        match ServerFrame::parse(&text).map_err(End::Lost)? {
            ServerFrame::Reply { id, outcome } => {
                let Some(waiting) = id.and_then(|id| link.waiting.remove(&id)) else { return Ok(()) };
                let logged_out = matches!(waiting.request, Some(Request::Logout(_))) && outcome.is_ok();
                if let (Some(request), Ok(reply)) = (&waiting.request, &outcome)
                    && let Ok(reply) = serde_json::from_str(reply.get())
                {
                    self.inbox.invited(self.now_ms(), request, &reply);
                }
                self.answered(waiting.answer, outcome.map(ToOwned::to_owned));
                if logged_out {
                    return Err(End::Final(ApiError::new(Code::NotLoggedIn, "Signed out. Sign in again.")));
                }
                Ok(())
            }
            ServerFrame::Notification { method, params } => {
                let Some(delivery) = Delivery::from_wire(&method, params).map_err(End::Lost)? else { return Ok(()) };
                self.notified(link, delivery)
            }
        }
    }

    fn notified(&mut self, link: &mut Link, delivery: Delivery) -> Result<(), End> {
        for step in self.inbox.receive(self.now_ms(), delivery) {
            match step {
                Step::Record(delivery) => link.pending.push_back(ClientEvent::Record(delivery)),
                Step::Callback(delivery) => link.pending.push_back(ClientEvent::Callback(delivery)),
                Step::Synced(up_to) => link.pending.push_back(ClientEvent::Synced { up_to }),
                Step::Kicked(event) => {
                    let end = End::Final(kicked(&event.reason));
                    link.pending.push_back(ClientEvent::KickedOffline(event));
                    return Err(end);
                }
            }
        }
        Ok(())
    }

    /// An answer to whoever asked.
    fn answered(&mut self, answer: Answer, outcome: Result<Box<RawValue>, ApiError>) {
        match answer {
            // Who asked may have given up.
            Answer::Application(reply) => drop(reply.send(outcome)),
            Answer::Report(invite_id) => {
                self.inbox.reported(self.now_ms(), &invite_id, outcome.as_ref().map(drop));
            }
            Answer::Nobody => {}
        }
    }

    /// Ends a connection: nobody is left waiting, and what was received is still handed over.
    async fn close(&mut self, mut link: Link, end: End) -> End {
        for (_, waiting) in link.waiting.drain() {
            if let Answer::Application(reply) = waiting.answer {
                let message = "The connection to the server was lost before it answered. Look whether it was done.";
                drop(reply.send(Err(ApiError::new(Code::Disconnected, message))));
            }
        }
        // The farewell may not arrive; the connection is over in any case.
        let _ = timeout(Duration::from_secs(1), link.sink.close()).await;
        for event in std::mem::take(&mut link.pending) {
            if self.tell(event).await.is_err() {
                return End::Final(stopped());
            }
        }
        end
    }
}

/// Sends the login and waits for its answer. The server sends nothing else before it.
async fn sign_in(socket: &mut Socket, login: &Login) -> Result<LoginReply, ApiError> {
    socket.send(Message::text(rpc::request(1, Login::METHOD, login))).await.map_err(|error| lost(&error))?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                if let ServerFrame::Reply { outcome, .. } = ServerFrame::parse(&text)? {
                    return read_reply::<Login>(outcome?.get());
                }
            }
            Some(Ok(Message::Close(frame))) => return Err(close_error(frame.as_ref())),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(lost(&error)),
            None => return Err(close_error(None)),
        }
    }
}

fn kicked(reason: &ApiError) -> ApiError {
    ApiError::new(Code::NotLoggedIn, format!("This device was signed out: {}", reason.message))
}

fn late(method: &str) -> ApiError {
    ApiError::new(Code::RequestTimeout, format!("The server did not answer {method} in time. Try again."))
}

/// 0 to 255.
fn jitter() -> u64 {
    let mut byte = [0];
    // Without randomness the waits are merely equal.
    let _ = getrandom::fill(&mut byte);
    u64::from(byte[0])
}
