//! A media connection over QUIC: one stream for the token, then a datagram a packet.
//!
//! All of them live on one thread. What has come for a listener while the others were served leaves together: QUIC puts
//! several packets into one of its own, and several of those into one system call.

use quinn::{Connection, ReadToEndError, SendDatagramError};
use std::{
    mem::size_of,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_tungstenite::tungstenite::Bytes;

use crate::{
    protocol::{ApiError, Code, api::MediaHello},
    socket::{quic::HELLO_MAX_BYTES, quic_close},
};

use super::{
    super::{core::CoreHandle, gateway::Admitted},
    Link, Relay, Way, count,
};

/// A connection whose datagrams cannot leave now is tried again after this.
const RETRY: Duration = Duration::from_millis(5);
/// Packets that may wait for each other do so this long.
const GATHER: Duration = Duration::from_millis(4);

/// Connections with packets that are to leave.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    full: Mutex<Vec<Arc<Link>>>,
    filled: Notify,
    /// Told in place of `filled` when all packets may wait a little.
    filling: Notify,
}

impl Outbox {
    /// Adds connections that are not in it; whether their packets may wait a little for others.
    pub(super) fn add(&self, links: Vec<Arc<Link>>, may_wait: bool) {
        if links.is_empty() {
            return;
        }
        // No code under the lock can panic half-way through a change.
        self.full.lock().unwrap_or_else(PoisonError::into_inner).extend(links);
        if may_wait { &self.filling } else { &self.filled }.notify_one();
    }

    fn take(&self) -> Vec<Arc<Link>> {
        std::mem::take(&mut self.full.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Hands packets to QUIC as they come, as long as it is polled.
pub(in crate::server) async fn deliver(relay: &Relay) {
    let mut stuck = Vec::new();
    loop {
        tokio::select! {
            () = relay.outbox.filled.notified() => {}
            () = relay.outbox.filling.notified() => {
                // Whatever ends the wait, all leave.
                let _ = timeout(GATHER, relay.outbox.filled.notified()).await;
            }
            () = sleep(RETRY), if !stuck.is_empty() => {}
        }
        stuck.extend(relay.outbox.take());
        let now_us = relay.now_us();
        stuck.retain(|link| !relay.hand_over(link, now_us));
    }
}

impl Relay {
    /// Hands the packets for one listener to QUIC; whether all of them could leave.
    fn hand_over(&self, link: &Link, now_us: u64) -> bool {
        let Way::Quic(connection) = &link.way else { return true };
        let mut waiting = link.waiting();
        let mut dropped = waiting.expire(now_us);
        link.observe(&mut waiting, now_us);
        let mut space = connection.datagram_send_buffer_space();
        let mut all = true;
        while let Some(first) = waiting.queue.first() {
            if first.len() > space {
                all = false;
                break;
            }
            space = space.saturating_sub(first.len() + size_of::<Bytes>());
            let Some(packet) = waiting.queue.pop() else { break };
            match connection.send_datagram(packet) {
                Ok(()) => {}
                Err(SendDatagramError::TooLarge) => dropped += 1,
                // Its task learns of it, too; the rest is never taken.
                Err(_) => break,
            }
        }
        waiting.told = !all;
        count(&self.counters.queue_full, dropped.into());
        all
    }
}

/// Serves one connection until it ends; returns why, if there is somebody to tell.
pub(in crate::server) async fn serve(
    connection: Connection,
    relay: &Relay,
    core: &CoreHandle,
    deadline: Instant,
    admitted: &mut Admitted,
) {
    let ending = match admit(&connection, relay, deadline).await {
        Ok(link) => {
            admitted.authenticated();
            tracing::debug!(source = link.source.0, "media up over QUIC");
            relay.report(core, link.source).await;
            let ending = carry(&connection, relay, &link).await;
            relay.close(core, &link).await;
            tracing::debug!(source = link.source.0, "media down");
            ending
        }
        Err(ending) => ending,
    };
    if let Some(error) = ending {
        tracing::debug!(peer = %connection.remote_address(), %error, "closed");
        let (code, reason) = quic_close(&error);
        connection.close(code, &reason);
    }
}

/// Reads the token and gives the connection its place.
async fn admit(connection: &Connection, relay: &Relay, deadline: Instant) -> Result<Arc<Link>, Option<ApiError>> {
    let refuse = |message: &str| {
        count(&relay.counters.strangers, 1);
        Some(ApiError::new(Code::InvalidRequest, message))
    };
    let read = async {
        let (answer, mut stream) = connection.accept_bi().await.map_err(|_| None)?;
        match stream.read_to_end(HELLO_MAX_BYTES).await {
            Ok(hello) => Ok((answer, hello)),
            Err(ReadToEndError::TooLong) => Err(refuse("The hello is too long.")),
            Err(ReadToEndError::Read(_)) => Err(refuse("Say {\"relayToken\": …} and finish the stream.")),
        }
    };
    let (mut answer, hello) = timeout_at(deadline, read).await.map_err(|_| Some(super::silent()))??;
    let Ok(MediaHello { relay_token }) = serde_json::from_slice(&hello) else {
        return Err(refuse("The stream must say {\"relayToken\": …}."));
    };
    let link = relay.open(&relay_token, Way::Quic(connection.clone())).map_err(Some)?;
    // A connection that is gone is noticed where packets are read.
    let _ = answer.write_all(b"{}").await;
    let _ = answer.finish();
    Ok(link)
}

/// Carries packets until the connection is over or is to end.
async fn carry(connection: &Connection, relay: &Relay, link: &Arc<Link>) -> Option<ApiError> {
    let receive = async {
        while let Ok(packet) = connection.read_datagram().await {
            relay.forward(link, &packet);
        }
    };
    tokio::select! {
        () = receive => None,
        stream = connection.accept_bi() => stream.is_ok().then(super::only_packets),
        reason = link.ended() => Some(reason),
    }
}
