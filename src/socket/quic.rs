//! What both ends of the media connection over QUIC share: its transport settings and its farewells.

use quinn::{AckFrequencyConfig, ConnectionError, TransportConfig, VarInt};
use std::{sync::Arc, time::Duration};

use crate::protocol::{ApiError, Code};

use super::{reason, reason_error, window::VoiceWindowFactory};

/// Longest hello on the connection's only stream, bytes.
pub(crate) const HELLO_MAX_BYTES: usize = 4 * 1024;
/// A connection on which nothing else happens says so this often.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Without a sign of life for so long, a connection is over, ms.
const IDLE_MS: u32 = 6_000;
/// Datagrams that QUIC itself holds on their way out, bytes with overhead: a hundred milliseconds of six speakers. What
/// does not fit makes the oldest give way: it is too late.
const SEND_BUFFER_BYTES: usize = 8 * 1024;
/// Datagrams that wait to be read, bytes.
const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;
/// So many packets may come before one must be acknowledged; none is ever sent again, so nobody waits for it.
const PACKETS_PER_ACK: u32 = 20;
/// The longest that one may wait for its acknowledgement: soon enough to see a queue grow.
const ACK_DELAY: Duration = Duration::from_millis(60);

/// The settings of a media connection, the same at both ends.
pub(crate) fn transport() -> TransportConfig {
    let hello_bytes = VarInt::from_u32(2 * HELLO_MAX_BYTES as u32);
    let mut acks = AckFrequencyConfig::default();
    acks.ack_eliciting_threshold(VarInt::from_u32(PACKETS_PER_ACK)).max_ack_delay(Some(ACK_DELAY));
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(hello_bytes)
        .receive_window(hello_bytes)
        .send_window(2 * HELLO_MAX_BYTES as u64)
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_MS).into()))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .datagram_receive_buffer_size(Some(RECEIVE_BUFFER_BYTES))
        .datagram_send_buffer_size(SEND_BUFFER_BYTES)
        .ack_frequency_config(Some(acks))
        .congestion_controller_factory(Arc::new(VoiceWindowFactory));
    transport
}

/// The error as the end of a QUIC connection: the application's error code (the error's own, without its sign) and the
/// reason, the same text as in a WebSocket's close frame.
pub(crate) fn quic_close(error: &ApiError) -> (VarInt, Vec<u8>) {
    (VarInt::from_u32(error.code.unsigned_abs()), reason(error).into_bytes())
}

/// The error in the end of a QUIC connection; 9508 for one that carries none.
#[allow(dead_code, reason = "only clients read farewells")]
pub(crate) fn quic_error(error: &ConnectionError) -> ApiError {
    let disconnected = |message: &str| ApiError::new(Code::Disconnected, message);
    match error {
        ConnectionError::ApplicationClosed(close) => reason_error(&String::from_utf8_lossy(&close.reason)),
        ConnectionError::TimedOut => disconnected("The relay has fallen silent."),
        ConnectionError::LocallyClosed => disconnected("The media connection was closed."),
        error => disconnected(&format!("The media connection was lost: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::REASON_MAX_BYTES;
    use quinn::ApplicationClose;

    fn closed(error: &ApiError) -> ConnectionError {
        let (error_code, reason) = quic_close(error);
        ConnectionError::ApplicationClosed(ApplicationClose { error_code, reason: reason.into() })
    }

    #[test]
    fn errors_survive_the_end_of_a_connection() {
        for code in Code::ALL {
            let error = ApiError::new(*code, "Wait.");
            assert_eq!(quic_error(&closed(&error)), error);
        }
        let long = ApiError::new(Code::Internal, "긴".repeat(100));
        assert!(quic_close(&long).1.len() <= REASON_MAX_BYTES);
        assert_eq!(quic_error(&closed(&long)).code, long.code);
        assert!(quic_error(&ConnectionError::TimedOut).is(Code::Disconnected));
        let noise = ApplicationClose { error_code: VarInt::from_u32(7), reason: vec![0xff, b' ', b'x'].into() };
        assert!(quic_error(&ConnectionError::ApplicationClosed(noise)).is(Code::Disconnected));
    }
}
