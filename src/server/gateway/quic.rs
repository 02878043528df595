//! Media connections over QUIC: their thread, and who may connect.

use quinn::{Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime};
use std::{io, net::UdpSocket, sync::Arc, thread};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    protocol::{ApiError, Code},
    socket::quic_close,
};

use super::{super::relay::quic, Gateway, LINGER};

/// With so many connections that have not signed in, a new one must first show that it gets what is sent to its address.
const STRANGERS: usize = 32;

/// Starts the thread. It ends when the server stops.
pub(in crate::server) fn start(gateway: Arc<Gateway>, socket: UdpSocket, config: ServerConfig) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let running = gateway.tasks.track_future(run(Arc::clone(&gateway), socket, config));
    thread::Builder::new().name("ahoy-relay".into()).spawn(move || runtime.block_on(running))?;
    Ok(())
}

async fn run(gateway: Arc<Gateway>, socket: UdpSocket, config: ServerConfig) {
    let endpoint = match Endpoint::new(EndpointConfig::default(), Some(config), socket, Arc::new(TokioRuntime)) {
        Ok(endpoint) => endpoint,
        Err(error) => return tracing::warn!("no QUIC, media goes over WebSockets: {error}"),
    };
    tokio::select! {
        () = gateway.stop.cancelled() => {}
        () = accept(&gateway, &endpoint) => {}
        () = quic::deliver(&gateway.relay) => {}
    }
    let (code, reason) = quic_close(&ApiError::new(Code::Disconnected, "The server is stopping."));
    endpoint.close(code, &reason);
    // Whoever does not answer the farewell is left behind.
    let _ = timeout(LINGER, endpoint.wait_idle()).await;
}

async fn accept(gateway: &Arc<Gateway>, endpoint: &Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        let peer = incoming.remote_address();
        if gateway.admission.strangers() >= STRANGERS && incoming.may_retry() {
            // An error would mean that it may not be retried.
            let _ = incoming.retry();
            continue;
        }
        match gateway.admission.admit(peer.ip()) {
            Some(admitted) => {
                let gateway = Arc::clone(gateway);
                gateway.tasks.clone().spawn(async move { serve(&gateway, incoming, admitted).await });
            }
            None => {
                tracing::warn!(%peer, "refused: too many connections");
                incoming.refuse();
            }
        }
    }
}

async fn serve(gateway: &Gateway, incoming: Incoming, mut admitted: super::Admitted) {
    let deadline = Instant::now() + gateway.limits.login;
    let peer = incoming.remote_address();
    let connection = match timeout_at(deadline, incoming.into_future()).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%peer, "no connection: {error}"),
        Err(_) => return tracing::debug!(%peer, "no connection: the peer was silent"),
    };
    // When the server stops, the endpoint ends all connections.
    quic::serve(connection, &gateway.relay, &gateway.core, deadline, &mut admitted).await;
}
