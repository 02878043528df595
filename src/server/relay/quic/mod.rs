//! Media connections over QUIC, all of them on one thread.
//!
//! * `peer`: one connection, from its handshake to its end; `peers`: all of them. No I/O, no clock: QUIC itself is
//!   quinn-proto's state machine.
//! * `outbox`: which of them have packets that are to leave.
//! * `wire`: the socket; `batch`: many datagrams in one call of the system.
//!
//! What has come for a listener while the others were served leaves together: QUIC puts several packets into one of its
//! own. What leaves for many listeners leaves in one call of the system.

#[cfg(target_os = "linux")]
mod batch;
mod outbox;
mod peer;
mod peers;
mod wire;

use quinn_proto::{EndpointConfig, Incoming, ServerConfig};
use std::{
    io,
    net::UdpSocket,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    task::yield_now,
    time::{sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::protocol::{ApiError, Code};

use super::{
    super::{core::CoreHandle, gateway::Admitted},
    Relay,
};
pub(super) use outbox::Outbox;
use outbox::Pending;
use peers::Peers;
use wire::Wire;

/// While packets wait for each other, the socket is read this often, not at each packet.
const READ: Duration = Duration::from_millis(2);
/// After a failure, the socket is read again.
const RETRY: Duration = Duration::from_millis(100);
/// Longest datagram that is read.
const DATAGRAM_MAX_BYTES: u64 = 64 * 1024;

/// What becomes of somebody who wants to connect.
pub(in crate::server) enum Decision {
    /// It has until then to show a token.
    Accept(Admitted, Instant),
    /// It must first show that it gets what is sent to its address.
    Retry,
    /// Not now.
    Refuse,
}

/// Carries media over a socket until told to stop, and then for at most `linger`, until everybody has heard the farewell.
///
/// # Errors
/// If the socket cannot be used.
pub(in crate::server) async fn run(
    relay: &Arc<Relay>,
    core: &CoreHandle,
    (socket, config): (UdpSocket, ServerConfig),
    decide: impl Fn(&Incoming) -> Decision,
    (stop, linger): (CancellationToken, Duration),
) -> io::Result<()> {
    let datagram_max_bytes = EndpointConfig::default().get_max_udp_payload_size().min(DATAGRAM_MAX_BYTES);
    let mut wire = Wire::new(socket, datagram_max_bytes as usize)?;
    let mut peers = Peers::new(Instant::now(), config, wire.may_fragment());
    let (mut ends_at, mut changed) = (None, Vec::new());
    loop {
        match relay.outbox.rest() {
            Pending::Now => yield_now().await,
            Pending::Until(until_us) => {
                // Waiting for the socket would wake it up at each packet; the thread has nothing else to do.
                thread::sleep(READ.min(Duration::from_micros(until_us.saturating_sub(relay.now_us()))));
                yield_now().await;
            }
            Pending::Nothing => {
                let deadline = [peers.deadline(), ends_at].into_iter().flatten().min();
                tokio::select! {
                    ready = wire.ready() => ready?,
                    () = relay.outbox.filled() => {}
                    () = until(deadline) => {}
                    () = stop.cancelled(), if ends_at.is_none() => {
                        let now = Instant::now();
                        ends_at = Some(now + linger);
                        peers.close(now, relay, &ApiError::new(Code::Disconnected, "The server is stopping."));
                    }
                }
            }
        }
        let now = Instant::now();
        let received = wire.receive(|datagram, out| {
            let Some(incoming) = peers.receive(now, datagram, out) else { return };
            match decide(&incoming) {
                Decision::Accept(admitted, deadline) if ends_at.is_none() => {
                    peers.accept(now, incoming, admitted, deadline, out);
                }
                Decision::Retry => peers.retry(incoming, out),
                Decision::Accept(..) | Decision::Refuse => peers.refuse(incoming, out),
            }
        });
        if let Err(error) = received {
            // The system is short of something, most likely; connections that nothing reaches end by themselves.
            tracing::warn!("nothing could be read from the network: {error}");
            sleep(RETRY).await;
        }
        peers.wake(now);
        peers.settle(now, relay, &mut changed);
        for source in changed.drain(..) {
            let (relay, core) = (Arc::clone(relay), core.clone());
            tokio::spawn(async move { relay.report(&core, source).await });
        }
        let now_us = relay.now_us();
        for link in &relay.outbox.take(now_us) {
            peers.rouse_link(now, link, relay, now_us);
        }
        loop {
            peers.transmit(now, relay, wire.segments_max(), &mut wire.out);
            wire.send();
            // Either everything is said, or the system takes no more for now.
            if peers.is_quiet() || !wire.out.is_empty() {
                break;
            }
        }
        if ends_at.is_some_and(|at| at <= now || peers.is_empty()) {
            return Ok(());
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
