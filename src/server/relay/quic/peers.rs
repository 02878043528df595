//! All connections over QUIC: no I/O, no clock. Datagrams and times go in, datagrams come out.

use quinn_proto::{
    AcceptError, ConnectionHandle, DatagramEvent, Endpoint, EndpointConfig, Incoming, ServerConfig, Transmit,
};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::protocol::{ApiError, SourceId};

use super::{
    super::{super::gateway::Admitted, Link, Relay, Way},
    peer::Peer,
    wire::{Outgoing, Received},
};

/// Connections are looked at so much later than they want, at most, so that many are due at once.
const TICK: Duration = Duration::from_millis(8);

/// The connections.
pub(super) struct Peers {
    endpoint: Endpoint,
    /// From here on ticks are counted.
    began: Instant,
    /// By their handles.
    peers: Vec<Option<Peer>>,
    /// Those with events, or packets to send.
    restless: VecDeque<ConnectionHandle>,
    /// When connections are to be looked at, each at most once.
    due: BTreeSet<(Instant, usize)>,
}

impl Peers {
    /// No connections yet.
    pub(super) fn new(now: Instant, config: ServerConfig, may_fragment: bool) -> Self {
        let endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), Some(Arc::new(config)), !may_fragment, None);
        Self { endpoint, began: now, peers: Vec::new(), restless: VecDeque::new(), due: BTreeSet::new() }
    }

    /// Whether there is none, not even one that says goodbye.
    pub(super) fn is_empty(&self) -> bool {
        self.peers.iter().all(Option::is_none)
    }

    /// Whether nobody has anything to say.
    pub(super) fn is_quiet(&self) -> bool {
        self.restless.is_empty()
    }

    fn peer(&mut self, handle: ConnectionHandle) -> Option<&mut Peer> {
        self.peers.get_mut(handle.0)?.as_mut()
    }

    fn rouse(&mut self, handle: ConnectionHandle) -> Option<&mut Peer> {
        let peer = self.peers.get_mut(handle.0)?.as_mut()?;
        if !std::mem::replace(&mut peer.restless, true) {
            self.restless.push_back(handle);
        }
        Some(peer)
    }

    /// Takes a datagram. If somebody wants to connect, that comes back, for [`Self::accept`], [`Self::retry`] or
    /// [`Self::refuse`].
    pub(super) fn receive(&mut self, now: Instant, datagram: Received<'_>, out: &mut Outgoing) -> Option<Incoming> {
        let Received { remote, local, ecn, data } = datagram;
        let mut answer = out.buffer();
        let event = self.endpoint.handle(now, remote, local, ecn, data.into(), &mut answer);
        match event {
            Some(DatagramEvent::Response(transmit)) => {
                out.push(transmit, answer);
                return None;
            }
            Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                if let Some(peer) = self.rouse(handle) {
                    peer.connection.handle_event(event);
                }
            }
            Some(DatagramEvent::NewConnection(incoming)) => {
                out.give_back(answer);
                return Some(incoming);
            }
            None => {}
        }
        out.give_back(answer);
        None
    }

    /// Lets somebody connect, who has time until `deadline` to show a token.
    pub(super) fn accept(
        &mut self,
        now: Instant,
        incoming: Incoming,
        admitted: Admitted,
        deadline: Instant,
        out: &mut Outgoing,
    ) {
        let peer = incoming.remote_address();
        let mut answer = out.buffer();
        match self.endpoint.accept(incoming, now, &mut answer, None) {
            Ok((handle, connection)) => {
                if self.peers.len() <= handle.0 {
                    self.peers.resize_with(handle.0 + 1, || None);
                }
                self.peers[handle.0] = Some(Peer::new(connection, Way::Quic(handle), admitted, deadline));
                self.rouse(handle);
                out.give_back(answer);
            }
            Err(AcceptError { cause, response }) => {
                tracing::debug!(%peer, "no connection: {cause}");
                respond(response, answer, out);
            }
        }
    }

    /// Asks somebody who wants to connect to show first that its address is its own.
    pub(super) fn retry(&mut self, incoming: Incoming, out: &mut Outgoing) {
        let mut answer = out.buffer();
        match self.endpoint.retry(incoming, &mut answer) {
            Ok(transmit) => out.push(transmit, answer),
            Err(error) => {
                // It has shown it.
                out.give_back(answer);
                self.refuse(error.into_incoming(), out);
            }
        }
    }

    /// Turns somebody away who wants to connect.
    pub(super) fn refuse(&mut self, incoming: Incoming, out: &mut Outgoing) {
        let mut answer = out.buffer();
        let transmit = self.endpoint.refuse(incoming, &mut answer);
        out.push(transmit, answer);
    }

    /// When [`Self::wake`] is to be called, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Sees to all connections whose time has come.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some((at, handle)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            let handle = ConnectionHandle(handle);
            let Some(peer) = self.peer(handle) else { continue };
            peer.due = None;
            if peer.deadline().is_some_and(|deadline| deadline <= now) {
                peer.wake(now);
                self.rouse(handle);
            } else {
                self.schedule(handle);
            }
        }
    }

    /// Deadlines mostly move away from now, so an entry that is too early is left as it is.
    fn schedule(&mut self, handle: ConnectionHandle) {
        let Some(peer) = self.peers.get_mut(handle.0).and_then(Option::as_mut) else { return };
        let Some(deadline) = peer.deadline() else { return };
        if peer.due.is_none_or(|due| deadline < due) {
            let at = tick(self.began, deadline);
            if let Some(due) = peer.due.replace(at) {
                self.due.remove(&(due, handle.0));
            }
            self.due.insert((at, handle.0));
        }
    }

    /// Does whatever is to be done about what has come; adds the sources that have come or gone to `changed`.
    pub(super) fn settle(&mut self, now: Instant, relay: &Relay, changed: &mut Vec<SourceId>) {
        for handle in &self.restless {
            if let Some(peer) = self.peers.get_mut(handle.0).and_then(Option::as_mut) {
                changed.extend(peer.settle(now, relay));
            }
        }
    }

    /// Something waits for this listener, or it is to go.
    pub(super) fn rouse_link(&mut self, now: Instant, link: &Arc<Link>, relay: &Relay, now_us: u64) {
        let Way::Quic(handle) = link.way else { return };
        if self.peer(handle).is_some_and(|peer| peer.is_of(link))
            && let Some(peer) = self.rouse(handle)
        {
            peer.heed(now);
            peer.fill(relay, now_us);
        }
    }

    /// Ends all connections.
    pub(super) fn close(&mut self, now: Instant, relay: &Relay, error: &ApiError) {
        for handle in (0..self.peers.len()).map(ConnectionHandle) {
            if let Some(peer) = self.rouse(handle) {
                // The core is stopping, too.
                let _ = peer.close(now, relay, error);
            }
        }
    }

    /// Writes what the connections have to say, as long as there is room for it.
    pub(super) fn transmit(&mut self, now: Instant, relay: &Relay, segments_max: usize, out: &mut Outgoing) {
        let now_us = relay.now_us();
        while out.has_room()
            && let Some(handle) = self.restless.front().copied()
        {
            let Some(peer) = self.peers.get_mut(handle.0).and_then(Option::as_mut) else {
                self.restless.pop_front();
                continue;
            };
            if !write(peer, now, segments_max, relay, now_us, out) {
                return;
            }
            let mut again = false;
            while let Some(event) = peer.connection.poll_endpoint_events() {
                if let Some(event) = self.endpoint.handle_event(handle, event) {
                    peer.connection.handle_event(event);
                    again = true;
                }
            }
            if again {
                continue;
            }
            peer.restless = false;
            self.restless.pop_front();
            if peer.connection.is_drained() {
                if let Some(due) = peer.due {
                    self.due.remove(&(due, handle.0));
                }
                self.peers[handle.0] = None;
            } else {
                self.schedule(handle);
            }
        }
    }
}

/// The first tick at or after this time.
fn tick(began: Instant, at: Instant) -> Instant {
    let ticks = at.saturating_duration_since(began).as_nanos().div_ceil(TICK.as_nanos());
    // More than two hundred days do not fit; the timers of connections are seconds.
    began + TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// Writes what one connection has to say; whether all of it fitted.
fn write(peer: &mut Peer, now: Instant, segments_max: usize, relay: &Relay, now_us: u64, out: &mut Outgoing) -> bool {
    loop {
        if !out.has_room() {
            return false;
        }
        let mut buffer = out.buffer();
        match peer.connection.poll_transmit(now, segments_max, &mut buffer) {
            Some(transmit) => out.push(transmit, buffer),
            None => {
                out.give_back(buffer);
                // There is room in QUIC again for what waits.
                if !peer.fill(relay, now_us) {
                    return true;
                }
            }
        }
    }
}

fn respond(transmit: Option<Transmit>, answer: Vec<u8>, out: &mut Outgoing) {
    match transmit {
        Some(transmit) => out.push(transmit, answer),
        None => out.give_back(answer),
    }
}
