//! A running server: started, asked for its address, shut down.

use std::{
    fs::{self, File, TryLockError},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use crate::protocol::Fingerprint;

use super::{
    config::{SPEAKERS_MAX, ServerConfig},
    core::{Core, CoreConfig, CoreError, CoreHandle, Input, RelayControl},
    discovery::Announcement,
    gateway::{Gateway, quic},
    relay::{Relay, RelayStats},
    tls::{Identity, IdentityError},
};

/// Connections get this long to say goodbye.
const FAREWELL: Duration = Duration::from_secs(3);
/// Where any port will do, so many are tried until one is free for TCP and UDP.
const PORTS_TRIED: usize = 16;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Plain TCP for everybody.
    #[error("without encryption the server only listens on this computer: use --listen 127.0.0.1:PORT, not {0}")]
    InsecureAddress(SocketAddr),
    /// Too few or too many speakers.
    #[error("{0} speakers cannot be heard at a time; choose a number from 1 to {SPEAKERS_MAX}")]
    Speakers(usize),
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used: {error}")]
    DataDir {
        /// Which folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another server has it.
    #[error("another server is running on the data folder {0}; stop it, or give this one a folder of its own")]
    DataDirInUse(PathBuf),
    /// No certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The core did not start.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {error}; choose another port with --listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
}

/// A running server. Dropping it ends it without farewells.
pub struct Server {
    name: String,
    local_addr: SocketAddr,
    fingerprint: Option<Fingerprint>,
    core: CoreHandle,
    gateway: Arc<Gateway>,
    relay: Arc<Relay>,
    announcement: Option<Announcement>,
    // Held, not read: the lock goes with it.
    _lock: File,
}

impl Server {
    /// Starts everything on the current tokio runtime.
    ///
    /// # Errors
    /// If the data folder is unusable or in use, certificate or database are damaged, or the address is taken.
    pub async fn spawn(config: ServerConfig) -> Result<Self, ServerError> {
        if config.insecure && !config.listen.ip().is_loopback() {
            return Err(ServerError::InsecureAddress(config.listen));
        }
        check_speakers(config.speakers)?;
        let lock = claim(&config.data_dir)?;
        let identity = if config.insecure { None } else { Some(Identity::load_or_make(&config.data_dir)?) };
        let listen_error = |error| ServerError::Listen { address: config.listen, error };
        let (listener, udp) = listen(config.listen, identity.is_some()).await.map_err(listen_error)?;
        let local_addr = listener.local_addr().map_err(listen_error)?;
        let relay = Arc::new(Relay::new(config.speakers));
        let core = Core::start(CoreConfig {
            data_dir: config.data_dir.clone(),
            server_name: config.name.clone(),
            sign_up_open: config.sign_up_open,
            relay: Arc::clone(&relay) as Arc<dyn RelayControl>,
        })?;
        let fingerprint = identity.as_ref().map(|identity| identity.fingerprint);
        let (tls, quic_config) = identity.map(|identity| (identity.acceptor, identity.quic)).unzip();
        let gateway = Gateway::new(core.clone(), Arc::clone(&relay), config.limits, config.sign_up_open, tls);
        gateway.tasks.spawn(Arc::clone(&gateway).accept(listener));
        let (watching, of, stop) = (Arc::clone(&relay), core.clone(), gateway.stop.clone());
        let silent_after = config.limits.silent_after;
        gateway.tasks.spawn(async move { stop.run_until_cancelled(watching.watch(&of, silent_after)).await });
        if let Some((udp, config)) = udp.zip(quic_config) {
            quic::start(Arc::clone(&gateway), udp, config).map_err(listen_error)?;
        }
        let announcement = match fingerprint {
            Some(fingerprint) if config.announce => Announcement::start(&config.name, local_addr, fingerprint)
                .inspect_err(|error| {
                    // Whoever knows the address gets in without it.
                    tracing::warn!("the server is not announced on the local network: {error}");
                })
                .ok(),
            _ => None,
        };
        tracing::info!(%local_addr, "listening");
        Ok(Self { name: config.name, local_addr, fingerprint, core, gateway, relay, announcement, _lock: lock })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Its name as announced.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where others reach it, as far as this computer knows: the address towards the network if it listens on all.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        if !self.local_addr.ip().is_unspecified() {
            return vec![self.local_addr];
        }
        let towards_network = || {
            // Connecting a datagram socket sends nothing; it only asks the routing table.
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
            socket.local_addr()
        };
        let ip = towards_network().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
        vec![SocketAddr::new(ip, self.local_addr.port())]
    }

    /// SHA-256 of its certificate; `None` without TLS.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint
    }

    /// Lets so many speakers be heard at a time, 1 to [`SPEAKERS_MAX`], in the rooms that are opened from now on.
    ///
    /// # Errors
    /// If they are too few or too many; nothing is changed then.
    pub fn set_speakers(&self, speakers: usize) -> Result<(), ServerError> {
        check_speakers(speakers)?;
        self.relay.set_speakers(speakers);
        Ok(())
    }

    /// What the relay has done so far.
    pub fn relay_stats(&self) -> RelayStats {
        self.relay.stats()
    }

    /// Takes back the announcement, closes all connections, and waits until everything is on disk.
    pub async fn shutdown(mut self) {
        if let Some(announcement) = self.announcement.take() {
            announcement.end().await;
        }
        self.gateway.stop.cancel();
        self.gateway.tasks.close();
        // Whoever does not answer the farewell is left behind.
        let _ = timeout(FAREWELL, self.gateway.tasks.wait()).await;
        let (done, stopped) = oneshot::channel();
        if self.core.send(Input::Stop { done }).await.is_ok() {
            // An error means that the core has stopped already.
            let _ = stopped.await;
        }
        let stats = self.relay.stats();
        tracing::info!(?stats, "stopped");
    }
}

fn check_speakers(speakers: usize) -> Result<(), ServerError> {
    if (1..=SPEAKERS_MAX).contains(&speakers) { Ok(()) } else { Err(ServerError::Speakers(speakers)) }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.gateway.stop.cancel();
        self.gateway.tasks.close();
    }
}

/// Listens for TCP and, for QUIC, on the same number for UDP. Without that number calls still work.
async fn listen(address: SocketAddr, quic: bool) -> io::Result<(TcpListener, Option<UdpSocket>)> {
    // Held until a number is found that is free for both, so that each attempt gets another.
    let mut taken = Vec::new();
    loop {
        let tcp = TcpListener::bind(address).await?;
        if !quic {
            return Ok((tcp, None));
        }
        match UdpSocket::bind(tcp.local_addr()?) {
            Ok(udp) => {
                udp.set_nonblocking(true)?;
                return Ok((tcp, Some(udp)));
            }
            Err(_) if address.port() == 0 && taken.len() < PORTS_TRIED => taken.push(tcp),
            Err(error) => {
                tracing::warn!("the port is not free for UDP, media goes over WebSockets: {error}");
                return Ok((tcp, None));
            }
        }
    }
}

/// Makes the data folder and takes its lock; the system gives the lock back when the process ends, however it ends.
fn claim(data_dir: &Path) -> Result<File, ServerError> {
    let unusable = |error| ServerError::DataDir { path: data_dir.to_owned(), error };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir).map_err(unusable)?;
    let lock = File::create(data_dir.join("lock")).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(ServerError::DataDirInUse(data_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
