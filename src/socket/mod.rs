//! What both ends of a connection share: the byte stream under a WebSocket, its buffers, the settings of QUIC, farewells
//! with an error in them, and the fingerprint of a certificate.
//!
//! What may not come in: anything that only one end does.

pub(crate) mod quic;
mod window;

pub(crate) use quic::quic_close;
#[allow(unused_imports, reason = "only clients read farewells")]
pub(crate) use quic::quic_error;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
};

use crate::protocol::{ApiError, Code, Fingerprint};

/// A byte stream under a WebSocket: TLS or, for tests on loopback, plain TCP.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A WebSocket of either end.
pub(crate) type Socket = WebSocketStream<Box<dyn ByteStream>>;

/// Small buffers (an idle connection costs kilobytes, not 135), and no unlimited ones.
pub(crate) fn config(message_max_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(512 * 1024)
        .max_message_size(Some(message_max_bytes))
        .max_frame_size(Some(message_max_bytes))
}

/// SHA-256 of a certificate's DER.
pub(crate) fn fingerprint(der: &[u8]) -> Fingerprint {
    Fingerprint(Sha256::digest(der).into())
}

/// Longest reason of a close frame, bytes (RFC 6455: a control frame has 125, two are the code).
const REASON_MAX_BYTES: usize = 123;

/// A close frame whose reason is the error: `CODE SENTENCE`.
pub(crate) fn close_frame(code: CloseCode, error: &ApiError) -> CloseFrame {
    CloseFrame { code, reason: reason(error).into() }
}

/// The error in a close frame; 9508 for one that carries none.
#[cfg_attr(not(feature = "desktop"), allow(dead_code, reason = "only clients read close frames"))]
pub(crate) fn close_error(frame: Option<&CloseFrame>) -> ApiError {
    reason_error(frame.map_or("", |frame| frame.reason.as_str()))
}

/// The error as the text of a farewell.
fn reason(error: &ApiError) -> String {
    let mut reason = format!("{} {}", error.code, error.message);
    if reason.len() > REASON_MAX_BYTES {
        let end = (0..=REASON_MAX_BYTES).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
        reason.truncate(end);
    }
    reason
}

/// The error in the text of a farewell.
#[cfg_attr(not(feature = "desktop"), allow(dead_code, reason = "only clients read farewells"))]
fn reason_error(reason: &str) -> ApiError {
    if let Some((code, message)) = reason.split_once(' ')
        && let Ok(code) = code.parse()
    {
        return ApiError { code, message: message.to_owned() };
    }
    let message = if reason.is_empty() { "The server closed the connection." } else { reason };
    ApiError::new(Code::Disconnected, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_survive_a_close_frame() {
        let error = ApiError::new(Code::FrequencyLimit, "Wait.");
        assert_eq!(close_error(Some(&close_frame(CloseCode::Policy, &error))), error);
        let long = ApiError::new(Code::Internal, "긴".repeat(100));
        let frame = close_frame(CloseCode::Error, &long);
        assert!(frame.reason.len() <= REASON_MAX_BYTES);
        assert_eq!(close_error(Some(&frame)).code, long.code);
        assert!(close_error(None).is(Code::Disconnected));
        let plain = CloseFrame { code: CloseCode::Normal, reason: "bye bye".into() };
        assert!(close_error(Some(&plain)).is(Code::Disconnected));
    }
}
