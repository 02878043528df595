//! What a server is started with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where database, certificate and lock lie; made if missing. One server at a time.
    pub data_dir: PathBuf,
    /// The name in lists and announcements.
    pub name: String,
    /// Whether people may sign up by themselves.
    pub sign_up_open: bool,
    /// No TLS. For tests; refused unless `listen` is a loopback address.
    pub insecure: bool,
    /// Announce the server on the local network.
    pub announce: bool,
    /// How many speakers are heard in a room at a time, 1 to [`SPEAKERS_MAX`]: the loudest ones.
    pub speakers: usize,
    /// What one peer may take.
    pub limits: Limits,
}

/// Most speakers that can be heard at a time: listeners must be able to mix them.
pub const SPEAKERS_MAX: usize = 64;
/// Speakers that are heard at a time where nothing else is said: more at once nobody understands.
pub const SPEAKERS_DEFAULT: usize = 6;

impl ServerConfig {
    /// Open sign-up, TLS, announced, default limits and speakers.
    pub fn new(listen: SocketAddr, data_dir: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            listen,
            data_dir: data_dir.into(),
            name: name.into(),
            sign_up_open: true,
            insecure: false,
            announce: true,
            speakers: SPEAKERS_DEFAULT,
            limits: Limits::default(),
        }
    }
}

/// What one peer may take of the server's time and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From accepting a connection to its successful login (or media token).
    pub login: Duration,
    /// WebSocket ping from the server.
    pub ping_every: Duration,
    /// Without a sign of life for so long, a connection is closed.
    pub dead_after: Duration,
    /// A media connection over which no packet comes for so long is as good as gone: clients ping several times a second.
    pub silent_after: Duration,
    /// A sign of life that was asked for must come within this.
    pub answer: Duration,
    /// One frame must be written within this.
    pub write: Duration,
    /// Connections in all.
    pub connections: usize,
    /// Connections that have not signed in, in all.
    pub unauthenticated: usize,
    /// Connections per IP address.
    pub per_address: usize,
    /// Whether the limits per address and the rates also hold for peers on this computer.
    pub limit_loopback: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
            dead_after: Duration::from_secs(60),
            silent_after: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            write: Duration::from_secs(10),
            connections: 10_000,
            unauthenticated: 500,
            per_address: 64,
            limit_loopback: false,
        }
    }
}
