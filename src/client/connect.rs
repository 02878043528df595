//! From an address to an open WebSocket: TCP, TLS with the pin, upgrade.

use rustls::pki_types::ServerName;
use std::{future::Future, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    protocol::{ApiError, Code, Fingerprint},
    socket::{self, ByteStream, Socket},
};

use super::{Address, Pin, tls::PinVerifier};

/// All of TCP, TLS and upgrade.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The server shows another certificate than the one pinned. Nothing was sent.
    #[error(
        "the server's certificate has changed: {shown} instead of {pinned}; compare it with the server's before you trust it"
    )]
    CertificateChanged {
        /// What was expected.
        pinned: Fingerprint,
        /// What was shown.
        shown: Fingerprint,
    },
    /// Not reachable (9508), no answer (6012), or refused with the server's code.
    #[error(transparent)]
    Api(#[from] ApiError),
}

pub(super) fn unreachable_server(address: &Address, what: impl std::fmt::Display) -> ConnectError {
    let message = format!("The server {} cannot be reached: {what}.", address.host_port());
    ApiError::new(Code::Disconnected, message).into()
}

/// Opens a WebSocket, and says what certificate the server showed (none without TLS).
pub(super) async fn open(
    address: &Address,
    pin: Pin,
    path: &str,
    message_max_bytes: usize,
) -> Result<(Socket, Option<Fingerprint>), ConnectError> {
    let work = connect(address, pin, path, message_max_bytes);
    within(CONNECT_LIMIT, work).await.unwrap_or_else(|| Err(unreachable_server(address, "it does not answer")))
}

async fn connect(
    address: &Address,
    pin: Pin,
    path: &str,
    message_max_bytes: usize,
) -> Result<(Socket, Option<Fingerprint>), ConnectError> {
    let tcp = TcpStream::connect((address.host(), address.port()))
        .await
        .map_err(|error| unreachable_server(address, error))?;
    tcp.set_nodelay(true).map_err(|error| unreachable_server(address, error))?;
    let (stream, shown): (Box<dyn ByteStream>, _) = if address.is_secure() {
        let (verifier, config) = PinVerifier::new(pin).map_err(|error| unreachable_server(address, error))?;
        // The name only goes into the greeting; an address that is not a valid DNS name is told as a fixed one.
        let name = ServerName::try_from(address.host().to_owned())
            .or_else(|_| ServerName::try_from("ahoy"))
            .map_err(|error| unreachable_server(address, error))?;
        match TlsConnector::from(config).connect(name, tcp).await {
            Ok(tls) => (Box::new(tls), verifier.shown()),
            Err(error) => {
                return Err(match (pin, verifier.shown()) {
                    (Pin::Known(pinned), Some(shown)) if pinned != shown => {
                        ConnectError::CertificateChanged { pinned, shown }
                    }
                    _ => unreachable_server(address, error),
                });
            }
        }
    } else {
        (Box::new(tcp), None)
    };
    let url = format!("ws://{}{path}", address.host_port());
    let config = Some(socket::config(message_max_bytes));
    let (socket, _response) = tokio_tungstenite::client_async_with_config(url, stream, config)
        .await
        .map_err(|error| unreachable_server(address, error))?;
    Ok((socket, shown))
}

/// The future's result, or `None` if it takes longer.
pub(super) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    tokio::time::timeout(limit, work).await.ok()
}
