//! The gateway: one task per connection, from accepting it to its farewell.
//!
//! * `admission`: who may connect at all.
//! * `quic`: media connections over QUIC, on a thread of their own.
//! * `session`: a signaling connection; frames are parsed here and handed to the core.
//! * `passwords`: argon2, away from everything else.
//!
//! What may not come in: decisions about accounts, invitations, groups or rooms.

mod admission;
mod passwords;
pub(super) mod quic;
mod session;

pub(super) use admission::Admitted;

use futures_util::SinkExt;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_hdr_async_with_config,
    tungstenite::{
        Error as SocketError, Message,
        error::CapacityError,
        handshake::server::{ErrorResponse, Request as HttpRequest, Response as HttpResponse},
        http::{StatusCode, header::ORIGIN},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    protocol::{
        ApiError, Code,
        lan::{MEDIA_PATH, SIGNALING_PATH},
        limits::TEXT_FRAME_MAX_BYTES,
    },
    socket::{self, ByteStream, Socket, close_frame},
};

use super::{
    config::Limits,
    core::{ConnId, CoreHandle},
    relay::{Relay, websocket},
};
use admission::Admission;
use passwords::Passwords;

/// After the farewell, what a peer still sends is thrown away this long, so that the farewell arrives.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes that the system takes of a connection beyond what it can send at once.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const UNSENT_BYTES: u32 = 16 * 1024;

/// What all connections share.
pub(super) struct Gateway {
    pub(super) core: CoreHandle,
    pub(super) relay: Arc<Relay>,
    pub(super) limits: Limits,
    pub(super) sign_up_open: bool,
    /// `None`: plain TCP, loopback only.
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    next_conn: AtomicU64,
    admission: Arc<Admission>,
    passwords: Passwords,
}

/// How a connection ends.
pub(super) enum Ending {
    /// Told to the peer.
    Close(CloseFrame),
    /// There is nobody to tell.
    Gone,
}

impl Ending {
    /// With a code of the protocol.
    fn refuse(close: CloseCode, code: Code, message: &str) -> Self {
        Self::Close(close_frame(close, &ApiError::new(code, message)))
    }

    /// What a failed read means.
    pub(super) fn from_read(error: &SocketError) -> Self {
        match error {
            SocketError::Capacity(CapacityError::MessageTooLong { .. }) => {
                Self::refuse(CloseCode::Size, Code::InvalidRequest, "The message is too long.")
            }
            SocketError::Utf8(_) => Self::refuse(CloseCode::Invalid, Code::ParseError, "Text must be UTF-8."),
            SocketError::Protocol(error) => {
                Self::refuse(CloseCode::Protocol, Code::InvalidRequest, &format!("Not WebSocket: {error}."))
            }
            _ => Self::Gone,
        }
    }
}

impl Gateway {
    pub(super) fn new(
        core: CoreHandle,
        relay: Arc<Relay>,
        limits: Limits,
        sign_up_open: bool,
        tls: Option<TlsAcceptor>,
    ) -> Arc<Self> {
        Arc::new(Self {
            core,
            relay,
            limits,
            sign_up_open,
            tls,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            next_conn: AtomicU64::new(1),
            admission: Admission::new(limits),
            passwords: Passwords::new(),
        })
    }

    /// Accepts connections until the server stops.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => match self.admission.admit(peer.ip()) {
                    Some(admitted) => {
                        let gateway = Arc::clone(&self);
                        self.tasks.spawn(async move { gateway.serve(tcp, peer, admitted).await });
                    }
                    None => tracing::warn!(%peer, "refused: too many connections"),
                },
                Err(error) => {
                    // Out of file descriptors, most likely: give the others time to end.
                    tracing::warn!("a connection could not be accepted: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, tcp: TcpStream, peer: SocketAddr, mut admitted: Admitted) {
        let deadline = Instant::now() + self.limits.login;
        let opened = tokio::select! {
            () = self.stop.cancelled() => return,
            opened = timeout_at(deadline, self.open(tcp)) => opened,
        };
        let (socket, media) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return tracing::debug!(%peer, "no connection: {error}"),
            Err(_) => return tracing::debug!(%peer, "no connection: the peer was silent"),
        };
        if media {
            let work = websocket::serve(socket, &self.relay, &self.core, &self.limits, deadline, &mut admitted);
            // Media connections end at once when the server stops; their farewell is the signaling connection's.
            tokio::select! {
                () = self.stop.cancelled() => {}
                (socket, ending) = work => self.farewell(socket, peer, ending).await,
            }
        } else {
            // The number of connections over the life of a program fits.
            let conn = ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed));
            let (socket, ending) = session::serve(&self, socket, conn, peer, deadline, &mut admitted).await;
            self.farewell(socket, peer, ending).await;
        }
    }

    /// TLS and the upgrade; whether it is a media connection.
    async fn open(&self, tcp: TcpStream) -> Result<(Socket, bool), SocketError> {
        tcp.set_nodelay(true)?;
        send_nothing_early(&tcp)?;
        let stream: Box<dyn ByteStream> = match &self.tls {
            Some(tls) => Box::new(tls.accept(tcp).await?),
            None => Box::new(tcp),
        };
        let mut media = false;
        // The type of the refusal is given by the WebSocket library.
        #[allow(clippy::result_large_err)]
        let look = |request: &HttpRequest, response: HttpResponse| {
            media = target(request)?;
            Ok(response)
        };
        let config = Some(socket::config(TEXT_FRAME_MAX_BYTES));
        let socket = accept_hdr_async_with_config(stream, look, config).await?;
        Ok((socket, media))
    }

    /// Tells the peer why, and waits until it has had a chance to read it.
    async fn farewell(&self, mut socket: Socket, peer: SocketAddr, ending: Ending) {
        let Ending::Close(frame) = ending else { return tracing::debug!(%peer, "gone") };
        tracing::debug!(%peer, code = %frame.code, reason = %frame.reason, "closed");
        if !matches!(timeout(LINGER, socket.send(Message::Close(Some(frame)))).await, Ok(Ok(()))) {
            return;
        }
        let mut stream = socket.into_inner();
        // A socket closed with bytes unread is reset, and the reset overtakes the farewell.
        let drain = async {
            let mut waste = [0; 4096];
            stream.shutdown().await?;
            while stream.read(&mut waste).await? > 0 {}
            std::io::Result::Ok(())
        };
        // Whatever comes of it, the connection is over.
        let _ = timeout(LINGER, drain).await;
    }
}

/// Keeps what cannot be sent yet out of the system's buffers, where nobody could drop it when it has become too old.
fn send_nothing_early(tcp: &TcpStream) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    socket2::SockRef::from(tcp).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    let _ = tcp;
    Ok(())
}

/// Where a request wants to go: signaling (`false`) or media (`true`).
// The type is given by the WebSocket library.
#[allow(clippy::result_large_err)]
fn target(request: &HttpRequest) -> Result<bool, ErrorResponse> {
    let refuse = |status, why: &str| {
        let mut response = ErrorResponse::new(Some(why.to_owned()));
        *response.status_mut() = status;
        response
    };
    // Only browsers send it, on behalf of any page: none of them has business here.
    if request.headers().contains_key(ORIGIN) {
        return Err(refuse(StatusCode::FORBIDDEN, "This server does not talk to web pages."));
    }
    match request.uri().path() {
        "/" | SIGNALING_PATH => Ok(false),
        MEDIA_PATH => Ok(true),
        _ => Err(refuse(StatusCode::NOT_FOUND, "There are / and /media.")),
    }
}
