//! One signaling connection: frames in, checked, to the core; what the core queues, out.

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::{
    net::SocketAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, interval_at, timeout, timeout_at},
};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};
use tokio_util::sync::CancellationToken;

use crate::{
    protocol::{
        ApiError, Code, Request,
        api::{SignIn, SignUp},
        rpc::{self, RawRequest},
    },
    socket::{Socket, close_frame},
};

use super::{
    super::{
        config::Limits,
        core::{ConnId, CoreHandle, Input, Out},
    },
    Admitted, Ending, Gateway,
};

/// Frames on their way to one client; the core switches to paging when it is full.
const OUT_QUEUE: usize = 64;
/// After so many broken frames the peer is no client.
const BROKEN_MAX: u32 = 10;
/// After so many refusals for haste the peer does not listen.
const HASTY_MAX: u32 = 500;
const REQUESTS_PER_S: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const REQUESTS_BURST: NonZeroU32 = NonZeroU32::new(40).expect("not zero");
/// No login under way: no client counts so far.
const NO_LOGIN: u64 = u64::MAX;

/// Serves one signaling connection until it ends; returns how, with the socket for the farewell.
pub(super) async fn serve(
    gateway: &Gateway,
    socket: Socket,
    conn: ConnId,
    peer: SocketAddr,
    deadline: Instant,
    admitted: &mut Admitted,
) -> (Socket, Ending) {
    let (out, queue) = mpsc::channel(OUT_QUEUE);
    if gateway.core.send(Input::Connected { conn, out: out.clone() }).await.is_err() {
        return (socket, stopping());
    }
    tracing::debug!(%peer, conn = conn.0, "connected");
    let (mut sink, mut stream) = socket.split();
    let heard = watch::Sender::new(Instant::now());
    // When a sign of life was asked for last.
    let tested = watch::Sender::new(None::<Instant>);
    let signed_in = CancellationToken::new();
    let login_id = AtomicU64::new(NO_LOGIN);
    // Says that the reader has ended: what is queued is still written.
    let read_out = CancellationToken::new();

    let mut writer = Writer {
        sink: &mut sink,
        queue,
        conn,
        core: &gateway.core,
        limits: &gateway.limits,
        tested: &tested,
        login_id: &login_id,
        signed_in: &signed_in,
        read_out: &read_out,
    };
    let mut reader = Reader {
        gateway,
        conn,
        peer,
        out,
        login_id: &login_id,
        requests: RateLimiter::direct(Quota::per_second(REQUESTS_PER_S).allow_burst(REQUESTS_BURST)),
        broken: 0,
        hasty: 0,
    };
    let read = async {
        loop {
            let message = match stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Ending::from_read(&error),
                None => return Ending::Gone,
            };
            heard.send_replace(Instant::now());
            if let Err(ending) = reader.message(message).await {
                return ending;
            }
            heard.send_replace(Instant::now());
        }
    };
    let login = async {
        if timeout_at(deadline, signed_in.cancelled()).await.is_err() {
            return Ending::refuse(CloseCode::Policy, Code::NotLoggedIn, "Sign in sooner after connecting.");
        }
        admitted.authenticated();
        std::future::pending().await
    };
    let silence = async {
        let mut tests = tested.subscribe();
        loop {
            let heard = *heard.borrow();
            let answer = tests.borrow_and_update().filter(|asked| *asked > heard).map(|at| at + gateway.limits.answer);
            let deadline = answer.into_iter().fold(heard + gateway.limits.dead_after, Instant::min);
            if deadline <= Instant::now() {
                return Ending::refuse(CloseCode::Policy, Code::Disconnected, "Nothing was heard for too long.");
            }
            // The sender is there as long as this waits.
            let _ = timeout_at(deadline, tests.changed()).await;
        }
    };
    let ending = {
        let write = writer.run();
        tokio::pin!(write);
        let ending = tokio::select! {
            ending = &mut write => Err(ending),
            ending = read => Ok(ending),
            ending = login => Ok(ending),
            ending = silence => Ok(ending),
            () = gateway.stop.cancelled() => Ok(stopping()),
        };
        match ending {
            Err(ending) => ending,
            Ok(Ending::Gone) => Ending::Gone,
            Ok(ending) => {
                read_out.cancel();
                // The answers before the farewell; who does not take them goes without.
                let _ = timeout(gateway.limits.write, write).await;
                ending
            }
        }
    };
    // A core that has stopped has forgotten all connections.
    let _ = gateway.core.send(Input::Closed { conn }).await;
    tracing::debug!(%peer, conn = conn.0, "disconnected");
    // Cannot fail: both halves come from this one socket.
    (sink.reunite(stream).expect("the halves of one socket"), ending)
}

fn stopping() -> Ending {
    Ending::refuse(CloseCode::Away, Code::Disconnected, "The server is stopping.")
}

/// The way in.
struct Reader<'a> {
    gateway: &'a Gateway,
    conn: ConnId,
    peer: SocketAddr,
    out: mpsc::Sender<Out>,
    login_id: &'a AtomicU64,
    requests: DefaultDirectRateLimiter,
    broken: u32,
    hasty: u32,
}

impl Reader<'_> {
    async fn message(&mut self, message: Message) -> Result<(), Ending> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                let why = "Only text frames travel here; media packets go to /media.";
                return Err(Ending::refuse(CloseCode::Unsupported, Code::InvalidRequest, why));
            }
            Message::Close(_) => return Err(Ending::Gone),
            _ => return Ok(()),
        };
        let raw = match RawRequest::parse(&text) {
            Ok(raw) => raw,
            Err(bad) => {
                self.broken += 1;
                self.refuse(bad.id, &bad.error).await?;
                if self.broken >= BROKEN_MAX {
                    let why = "Too many broken frames.";
                    return Err(Ending::refuse(CloseCode::Policy, Code::InvalidRequest, why));
                }
                return Ok(());
            }
        };
        if self.gateway.admission.limits(self.peer.ip()) && self.requests.check().is_err() {
            self.hasty += 1;
            if self.hasty >= HASTY_MAX {
                return Err(Ending::refuse(CloseCode::Policy, Code::FrequencyLimit, "Too many requests."));
            }
            let error = ApiError::new(Code::FrequencyLimit, "Too many requests; wait a second and try again.");
            return self.refuse(Some(raw.id), &error).await;
        }
        match Request::parse(&raw.method, raw.params) {
            Ok(request) => self.request(raw.id, request).await,
            Err(error) => self.refuse(Some(raw.id), &error).await,
        }
    }

    async fn request(&mut self, id: u64, request: Request) -> Result<(), Ending> {
        let conn = self.conn;
        let input = match request {
            Request::SignUp(request) => match self.sign_up(request).await {
                Ok((request, password_hash)) => Input::SignUp { conn, id, request, password_hash },
                Err(error) => return self.refuse(Some(id), &error).await,
            },
            Request::SignIn(request) => match self.sign_in(request).await {
                Ok((request, verified)) => Input::SignIn { conn, id, request, verified },
                Err(error) => return self.refuse(Some(id), &error).await,
            },
            request => {
                if matches!(request, Request::Login(_)) {
                    self.login_id.store(id, Ordering::Release);
                }
                Input::Request { conn, id, request }
            }
        };
        self.gateway.core.send(input).await.map_err(|_| stopping())
    }

    fn check_tries(&self) -> Result<(), ApiError> {
        if self.gateway.admission.may_try_password(self.peer.ip()) {
            return Ok(());
        }
        Err(ApiError::new(Code::FrequencyLimit, "Too many tries from this address; wait a minute."))
    }

    async fn sign_up(&self, mut request: SignUp) -> Result<(SignUp, Option<String>), ApiError> {
        self.check_tries()?;
        // The password goes no further than this.
        let password = request.password.take();
        // The core refuses; no reason to hash before that.
        if !self.gateway.sign_up_open {
            return Ok((request, None));
        }
        let hash = match password {
            Some(password) => Some(self.gateway.passwords.hash(password).await?),
            None => None,
        };
        Ok((request, hash))
    }

    async fn sign_in(&self, mut request: SignIn) -> Result<(SignIn, bool), ApiError> {
        self.check_tries()?;
        let password = std::mem::take(&mut request.password);
        let (reply, stored) = oneshot::channel();
        let stopping = || ApiError::new(Code::Internal, "The server is stopping. Try again later.");
        let lookup = Input::LookupPassword { user: request.user_id.clone(), reply };
        self.gateway.core.send(lookup).await.map_err(|_| stopping())?;
        let stored = stored.await.map_err(|_| stopping())?;
        let verified = self.gateway.passwords.verify(password, stored).await?;
        Ok((request, verified))
    }

    /// Answers with an error, behind whatever is queued already.
    async fn refuse(&self, id: Option<u64>, error: &ApiError) -> Result<(), Ending> {
        self.out.send(Out::Frame(rpc::refusal(id, error))).await.map_err(|_| Ending::Gone)
    }
}

/// The way out.
struct Writer<'a> {
    sink: &'a mut SplitSink<Socket, Message>,
    queue: mpsc::Receiver<Out>,
    conn: ConnId,
    core: &'a CoreHandle,
    limits: &'a Limits,
    tested: &'a watch::Sender<Option<Instant>>,
    login_id: &'a AtomicU64,
    signed_in: &'a CancellationToken,
    read_out: &'a CancellationToken,
}

impl Writer<'_> {
    async fn run(&mut self) -> Ending {
        let mut ping = interval_at(Instant::now() + self.limits.ping_every, self.limits.ping_every);
        loop {
            let out = tokio::select! {
                biased;
                out = self.queue.recv() => out,
                () = self.read_out.cancelled() => return Ending::Gone,
                _ = ping.tick() => {
                    if let Err(ending) = self.write(Message::Ping(Bytes::new())).await {
                        return ending;
                    }
                    continue;
                }
            };
            let message = match out {
                Some(Out::Frame(text)) => {
                    let login = self.login_id.load(Ordering::Acquire);
                    if login != NO_LOGIN && is_success(login, &text) {
                        self.login_id.store(NO_LOGIN, Ordering::Release);
                        self.signed_in.cancel();
                    }
                    Message::text(text)
                }
                Some(Out::Test) => {
                    self.tested.send_replace(Some(Instant::now()));
                    Message::Ping(Bytes::new())
                }
                Some(Out::Close { reason }) => return Ending::Close(close_frame(CloseCode::Policy, &reason)),
                None => return Ending::Gone,
            };
            if let Err(ending) = self.write(message).await {
                return ending;
            }
            if self.queue.is_empty() && self.core.send(Input::Drained { conn: self.conn }).await.is_err() {
                return stopping();
            }
        }
    }

    async fn write(&mut self, message: Message) -> Result<(), Ending> {
        match timeout(self.limits.write, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::Gone),
            Err(_) => {
                tracing::info!(conn = self.conn.0, "closed: it takes nothing any more");
                Err(Ending::Gone)
            }
        }
    }
}

/// Whether a frame is the successful answer to a request, by the fixed beginning of all answers.
fn is_success(id: u64, frame: &str) -> bool {
    frame
        .strip_prefix("{\"jsonrpc\":\"2.0\",\"id\":")
        .and_then(|rest| rest.split_once(','))
        .is_some_and(|(number, rest)| number.parse() == Ok(id) && rest.starts_with("\"result\":"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::api::Empty;

    #[test]
    fn the_answer_to_a_login_is_recognised() {
        assert!(is_success(7, &rpc::reply(7, &Empty {})));
        assert!(!is_success(7, &rpc::reply(77, &Empty {})));
        assert!(!is_success(7, &rpc::refusal(Some(7), &ApiError::new(Code::TokenRejected, "no"))));
        assert!(!is_success(7, &rpc::notification("onX", &Empty {})));
    }
}
