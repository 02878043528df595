//! What needs no session: sign up, sign in, ask what a server is. One short connection each.

use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    protocol::{
        ApiError, Call, Code, Fingerprint,
        api::{Credentials, GetServerInfo, ServerInfo, SignIn, SignUp},
        lan::SIGNALING_PATH,
        limits::TEXT_FRAME_MAX_BYTES,
        rpc::{self, ServerFrame},
    },
    socket::close_error,
};

use super::{
    Address, ConnectError, Pin,
    connect::{open, within},
};

/// A password takes the server a moment, and others may be waiting before it.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// Makes an account and its first device. Also says which certificate the server showed (`None` without TLS), to be
/// stored as the pin together with the credentials.
///
/// # Errors
/// If the server cannot be reached, shows another certificate than the one pinned, or refuses: 10021 the identifier is
/// taken, 70009 sign-up is closed, 6017 a field is out of bounds, 7008 too many tries.
pub async fn sign_up(
    address: &Address,
    pin: Pin,
    request: SignUp,
) -> Result<(Credentials, Option<Fingerprint>), ConnectError> {
    ask(address, pin, request).await
}

/// Adds a device to an account by its password.
///
/// # Errors
/// As [`sign_up`], and 70003 if name or password is wrong.
pub async fn sign_in(
    address: &Address,
    pin: Pin,
    request: SignIn,
) -> Result<(Credentials, Option<Fingerprint>), ConnectError> {
    ask(address, pin, request).await
}

/// What the server is and allows.
///
/// # Errors
/// If the server cannot be reached or shows another certificate than the one pinned.
pub async fn server_info(address: &Address, pin: Pin) -> Result<(ServerInfo, Option<Fingerprint>), ConnectError> {
    ask(address, pin, GetServerInfo {}).await
}

async fn ask<C: Call>(
    address: &Address,
    pin: Pin,
    request: C,
) -> Result<(C::Reply, Option<Fingerprint>), ConnectError> {
    request.validate()?;
    let (mut socket, shown) = open(address, pin, SIGNALING_PATH, TEXT_FRAME_MAX_BYTES).await?;
    let lost = |error: &dyn std::fmt::Display| {
        ApiError::new(Code::Disconnected, format!("The connection to the server was lost: {error}."))
    };
    let exchange = async {
        socket.send(Message::text(rpc::request(1, C::METHOD, &request))).await.map_err(|error| lost(&error))?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    if let ServerFrame::Reply { outcome, .. } = ServerFrame::parse(&text)? {
                        return read_reply::<C>(outcome?.get());
                    }
                }
                Some(Ok(Message::Close(frame))) => return Err(close_error(frame.as_ref())),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(lost(&error)),
                None => return Err(lost(&"the server closed it")),
            }
        }
    };
    let reply = within(REPLY_LIMIT, exchange).await.unwrap_or_else(|| {
        Err(ApiError::new(Code::RequestTimeout, format!("The server did not answer {} in time. Try again.", C::METHOD)))
    })?;
    // The answer is here; how the connection ends does not matter any more.
    let _ = within(Duration::from_secs(1), socket.close(None)).await;
    Ok((reply, shown))
}

/// The typed reply of a call.
pub(super) fn read_reply<C: Call>(text: &str) -> Result<C::Reply, ApiError> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("The server answered {} with something unreadable: {error}.", C::METHOD);
        ApiError::new(Code::ParseError, message)
    })
}
