//! Stands in for the embedded server and the log's fold until they are delivered; hosting says so.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{
    call::log::LogRow,
    protocol::{Delivery, Fingerprint, UserId},
};

pub(super) struct Log;
impl Log {
    pub(super) fn with_rows(_: UserId, _: impl IntoIterator<Item = LogRow>) -> Self {
        Self
    }
    pub(super) fn apply(&mut self, _: &Delivery) -> Option<&LogRow> {
        None
    }
}

#[derive(Clone)]
pub(super) struct ServerConfig {
    pub(super) listen: SocketAddr,
    pub(super) announce: bool,
}
impl ServerConfig {
    pub(super) fn new(listen: SocketAddr, _: PathBuf, _: String) -> Self {
        Self { listen, announce: true }
    }
}
pub(super) struct Server(SocketAddr);
impl Server {
    pub(super) async fn spawn(config: ServerConfig) -> io::Result<Self> {
        let _ = (config.announce, Self(config.listen));
        Err(io::Error::other("This build cannot host yet."))
    }
    pub(super) fn local_addr(&self) -> SocketAddr {
        self.0
    }
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        None
    }
    pub(super) fn name(&self) -> &str {
        ""
    }
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
    pub(super) async fn shutdown(self) {}
}
