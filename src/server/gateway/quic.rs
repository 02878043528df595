//! Media connections over QUIC: their thread, and who may connect.

use quinn_proto::{Incoming, ServerConfig};
use std::{io, net::UdpSocket, sync::Arc, thread, time::Instant};

use super::{
    super::relay::quic::{Decision, run},
    Gateway, LINGER,
};

/// With so many connections that have not signed in, a new one must first show that it gets what is sent to its address.
const STRANGERS: usize = 32;

/// Starts the thread. It ends when the server stops.
pub(in crate::server) fn start(gateway: Arc<Gateway>, socket: UdpSocket, config: ServerConfig) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let counted = gateway.tasks.token();
    thread::Builder::new().name("ahoy-relay".into()).spawn(move || {
        let decide = |incoming: &Incoming| decide(&gateway, incoming);
        let stop = gateway.stop.clone();
        let running = run(&gateway.relay, &gateway.core, (socket, config), decide, (stop, LINGER));
        if let Err(error) = runtime.block_on(running) {
            tracing::warn!("no QUIC, media goes over WebSockets: {error}");
        }
        drop(counted);
    })?;
    Ok(())
}

fn decide(gateway: &Gateway, incoming: &Incoming) -> Decision {
    let peer = incoming.remote_address();
    if gateway.admission.strangers() >= STRANGERS && incoming.may_retry() {
        return Decision::Retry;
    }
    match gateway.admission.admit(peer.ip()) {
        Some(admitted) => Decision::Accept(admitted, Instant::now() + gateway.limits.login),
        None => {
            tracing::warn!(%peer, "refused: too many connections");
            Decision::Refuse
        }
    }
}
