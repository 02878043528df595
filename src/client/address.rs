//! Where a server is, as a person types it.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::protocol::lan::DEFAULT_PORT;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
    secure: bool,
}

/// Why a text is not a usable address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Neither a name nor an IP address.
    #[error("write the server as host, host:port or wss://host:port")]
    Host,
    /// The port is not 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// `ws://` without having been allowed.
    #[error("ws:// is not encrypted; use wss://, or allow it with --insecure for a test on this computer")]
    Insecure,
    /// `ws://` to another computer.
    #[error("an unencrypted connection is only possible to this computer (127.0.0.1, ::1 or localhost)")]
    NotLoopback,
    /// Another scheme.
    #[error("the address must begin with wss://, or have no scheme")]
    Scheme,
}

impl Address {
    /// An encrypted address.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, secure: true }
    }

    /// Reads `host`, `host:port` or `wss://host:port`; and, if `allow_insecure`, `ws://` to this computer. A plain
    /// address stays encrypted with `allow_insecure`, too.
    ///
    /// # Errors
    /// With a sentence that says what to write instead.
    pub fn parse(text: &str, allow_insecure: bool) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let (secure, rest) = match text.split_once("://") {
            None => (true, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => (false, rest),
            Some(_) => return Err(InvalidAddress::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split(rest)?;
        if !secure {
            if !allow_insecure {
                return Err(InvalidAddress::Insecure);
            }
            let loopback = host.eq_ignore_ascii_case("localhost")
                || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            if !loopback {
                return Err(InvalidAddress::NotLoopback);
            }
        }
        Ok(Self { host: host.to_owned(), port, secure })
    }

    /// Name or IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn host_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Host and port; the default port where there is none.
fn split(text: &str) -> Result<(&str, u16), InvalidAddress> {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok((text, DEFAULT_PORT));
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(InvalidAddress::Host)?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| InvalidAddress::Host)?;
        match rest {
            "" => (host, None),
            _ => (host, Some(rest.strip_prefix(':').ok_or(InvalidAddress::Host)?)),
        }
    } else {
        let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
        let name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if host.is_empty() || host.len() > 253 || !host.bytes().all(name) {
            return Err(InvalidAddress::Host);
        }
        (host, port)
    };
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(InvalidAddress::Port)?,
    };
    Ok((host, port))
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        Self::parse(text, false)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "wss" } else { "ws" }, self.host_port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, shown) in [
            ("10.0.0.1", "wss://10.0.0.1:7467"),
            (" pc-3.local:80 ", "wss://pc-3.local:80"),
            ("wss://10.0.0.1:9/", "wss://10.0.0.1:9"),
            ("WSS://Host", "wss://Host:7467"),
            ("::1", "wss://[::1]:7467"),
            ("[fe80::1]:5", "wss://[fe80::1]:5"),
            ("wss://[::1]", "wss://[::1]:7467"),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.to_string(), shown);
            assert_eq!(shown.parse(), Ok(address));
        }
    }

    #[test]
    fn bad_addresses_say_what_to_do() {
        for (text, error) in [
            ("", InvalidAddress::Host),
            ("wss://", InvalidAddress::Host),
            ("a b", InvalidAddress::Host),
            ("집", InvalidAddress::Host),
            ("host/path", InvalidAddress::Host),
            ("user@host", InvalidAddress::Host),
            ("[zz]:1", InvalidAddress::Host),
            ("[::1]1", InvalidAddress::Host),
            ("host:", InvalidAddress::Port),
            ("host:0", InvalidAddress::Port),
            ("host:65536", InvalidAddress::Port),
            ("https://host", InvalidAddress::Scheme),
            ("ws://127.0.0.1:1", InvalidAddress::Insecure),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error), "{text}");
        }
        assert_eq!(Address::parse("ws://10.0.0.1", true), Err(InvalidAddress::NotLoopback));
        let address = Address::parse("ws://localhost:1", true).expect("loopback");
        assert!(!address.is_secure());
    }
}
