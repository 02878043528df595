//! How a server is found, reached and recognised: port, paths, the announcement on the local network, the fingerprint.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The port where none is named.
pub const DEFAULT_PORT: u16 = 7467;
/// Path of the signaling WebSocket; `/` is the same.
pub const SIGNALING_PATH: &str = "/signaling";
/// Path of the media WebSocket.
pub const MEDIA_PATH: &str = "/media";
/// Application protocol (ALPN) of the media connection over QUIC.
pub const MEDIA_ALPN: &[u8] = b"ahoy-media/1";
/// DNS-SD service type of a server.
pub const SERVICE_TYPE: &str = "_ahoy._tcp.local.";
/// TXT key of the certificate's fingerprint, 64 hexadecimal digits.
pub const TXT_FINGERPRINT: &str = "fp";
/// TXT key of the server's name.
pub const TXT_NAME: &str = "name";

/// SHA-256 of a server's certificate (DER): what a client pins, and what two people compare by eye.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 32]);

/// Why a text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a certificate's fingerprint has 64 hexadecimal digits")]
pub struct InvalidFingerprint;

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(InvalidFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let nibble = |digit: u8| char::from(digit).to_digit(16).ok_or(InvalidFingerprint);
            // Two digits below 16 fit a byte.
            *byte = (nibble(pair[0])? * 16 + nibble(pair[1])?) as u8;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidFingerprint;
    fn try_from(text: String) -> Result<Self, InvalidFingerprint> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_and_written() {
        let text = "00ff".repeat(16);
        let fingerprint: Fingerprint = text.parse().expect("valid");
        assert_eq!(fingerprint.to_string(), text);
        for bad in ["", "00", &"0g".repeat(32), &"가".repeat(32), &"0".repeat(63), &"0".repeat(65)] {
            assert_eq!(bad.parse::<Fingerprint>(), Err(InvalidFingerprint), "{bad}");
        }
    }
}
