//! The task of a link: does what the choice says, and takes packets between the application and the connections.

use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::Bytes;

use crate::{
    client::{Address, Pin},
    protocol::{
        ApiError, SourceId,
        limits::MEDIA_PACKET_MAX_BYTES,
        media::{Header, Kind, LEVEL_SILENT},
    },
};

use super::{
    MediaState, PathStats, Transport,
    choice::{Action, Choice, Input, TRANSPORTS},
    latest::Latest,
    legs::{Event, Events, From, Leg, Legs, Wire},
    path::Path,
};

/// Events of the connections that wait for the link.
const EVENT_QUEUE: usize = 256;
/// Time between two pings, and between two news of the path, ms.
const PING_EVERY_MS: u64 = 250;
/// What went out so shortly before a change goes out over the new connection, too, ms: the relay may have ended the old
/// one before it read the last of it.
const OVERLAP_MS: u64 = 200;
/// Packets that are kept for that.
const RECENT_MAX: usize = 64;

/// The application's side of a link.
pub(super) struct Ends {
    pub(super) outgoing: Arc<Latest<Vec<u8>>>,
    pub(super) incoming: Arc<Latest<Bytes>>,
    pub(super) state: watch::Sender<MediaState>,
    pub(super) path: watch::Sender<PathStats>,
}

pub(super) struct Link {
    address: Address,
    pin: Pin,
    source: SourceId,
    hello: Arc<str>,
    ends: Ends,
    started: Instant,
    choice: Choice,
    legs: Legs,
    /// Connections tried so far.
    tries: u64,
    events: mpsc::Sender<(From, Event)>,
    happened: mpsc::Receiver<(From, Event)>,
    /// What went out last, and when, ms.
    recent: VecDeque<(u64, Bytes)>,
    pings: u32,
    next_ping_ms: u64,
    too_long: u64,
    /// When the relay was last heard.
    heard_ms: u64,
}

impl Link {
    pub(super) fn new(address: Address, pin: Pin, source: SourceId, hello: String, ends: Ends) -> Self {
        let (events, happened) = mpsc::channel(EVENT_QUEUE);
        let choice = Choice::new(0, address.is_secure());
        Self {
            address,
            pin,
            source,
            hello: hello.into(),
            ends,
            started: Instant::now(),
            choice,
            legs: Legs::default(),
            tries: 0,
            events,
            happened,
            recent: VecDeque::new(),
            pings: 0,
            next_ping_ms: 0,
            too_long: 0,
            heard_ms: 0,
        }
    }

    /// Keeps the link up until the relay refuses; returns its reason.
    pub(super) async fn run(&mut self) -> ApiError {
        let outgoing = Arc::clone(&self.ends.outgoing);
        self.pass(Input::Tick);
        loop {
            if let MediaState::Closed(error) = self.choice.state() {
                return error.clone();
            }
            let wake_ms = self.choice.deadline_ms().min(self.next_ping_ms);
            tokio::select! {
                Some(packet) = outgoing.pop() => self.send(packet.into()),
                Some((from, event)) = self.happened.recv() => self.on_event(from, event),
                () = sleep_until(self.started + Duration::from_millis(wake_ms)) => {
                    self.pass(Input::Tick);
                    self.ping();
                }
            }
        }
    }

    /// Tells the application that nothing more comes.
    pub(super) fn close(self, error: ApiError) {
        self.ends.outgoing.close();
        self.ends.incoming.close();
        self.ends.path.send_replace(PathStats { silent_ms: u32::MAX, ..PathStats::default() });
        self.ends.state.send_replace(MediaState::Closed(error));
    }

    fn now_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    fn now_ms(&self) -> u64 {
        self.now_us() / 1000
    }

    /// Tells the choice, and does what it says.
    fn pass(&mut self, input: Input) {
        if self.now_ms() >= self.choice.deadline_ms() {
            for transport in TRANSPORTS {
                if self.legs.get_mut(transport).is_some_and(Leg::take_heard) {
                    self.act(Input::Heard(transport));
                }
            }
        }
        self.act(input);
        let state = self.choice.state();
        self.ends.state.send_if_modified(|published| {
            let changed = published != state;
            if changed {
                tracing::debug!(?state, "media");
                published.clone_from(state);
            }
            changed
        });
    }

    fn act(&mut self, input: Input) {
        let now_us = self.now_us();
        for action in self.choice.handle(now_us / 1000, input) {
            match action {
                Action::Connect(transport) => {
                    self.tries += 1;
                    let events = Events { from: (transport, self.tries), queue: self.events.clone() };
                    let leg = Leg::start(self.address.clone(), self.pin, Arc::clone(&self.hello), events);
                    self.legs.put(transport, Some(leg));
                }
                Action::Claim(transport) => {
                    tracing::debug!(?transport, "claims the place in the room");
                    if let Some(leg) = self.legs.get_mut(transport) {
                        leg.claim(now_us);
                    }
                    self.repeat(transport, now_us / 1000);
                }
                Action::Drop(transport) => self.legs.put(transport, None),
            }
        }
    }

    fn on_event(&mut self, (transport, number): From, event: Event) {
        let now_us = self.now_us();
        let Some(leg) = self.legs.get_mut(transport).filter(|leg| leg.number == number) else { return };
        match event {
            Event::Connected(wire) => {
                leg.wire = Some(wire);
                self.pass(Input::Connected(transport));
            }
            Event::Admitted => {
                leg.path.admitted(now_us);
                self.heard_ms = now_us / 1000;
                self.pass(Input::Admitted(transport));
                self.next_ping_ms = 0;
            }
            Event::Packet(packet) => {
                leg.path.arrived();
                self.heard_ms = now_us / 1000;
                match Header::parse(&packet) {
                    Ok((Header { kind: Kind::Ping, .. }, _)) => {}
                    Ok((Header { kind: Kind::Pong, .. }, payload)) => {
                        if leg.path.pong(now_us, payload) {
                            self.pass(Input::Answered(transport));
                        }
                    }
                    _ => {
                        self.ends.incoming.push(packet);
                        self.pass(Input::Heard(transport));
                    }
                }
            }
            Event::Ended(error) => {
                tracing::debug!(?transport, %error, "a media connection ended");
                self.legs.put(transport, None);
                self.pass(Input::Ended(transport, error));
            }
        }
    }

    /// Sends a packet over whatever carries packets now; without any, it is too old when there is one again.
    fn send(&mut self, packet: Bytes) {
        if packet.len() > MEDIA_PACKET_MAX_BYTES {
            self.too_long += 1;
            return;
        }
        let sent: Vec<bool> = self.carriers().filter_map(|over| self.legs.send(over, packet.clone())).collect();
        if sent.is_empty() {
            return;
        }
        self.too_long += u64::from(!sent.contains(&true));
        let now_ms = self.now_ms();
        while self.recent.len() >= RECENT_MAX
            || self.recent.front().is_some_and(|(then_ms, _)| then_ms + OVERLAP_MS < now_ms)
        {
            self.recent.pop_front();
        }
        self.recent.push_back((now_ms, packet));
    }

    fn carriers(&self) -> impl Iterator<Item = Transport> {
        TRANSPORTS.into_iter().filter(|transport| self.choice.carries(*transport))
    }

    /// Sends what went out last over a connection that did not carry it.
    fn repeat(&self, transport: Transport, now_ms: u64) {
        for (_, packet) in self.recent.iter().filter(|(then_ms, _)| then_ms + OVERLAP_MS >= now_ms) {
            self.legs.send(transport, packet.clone());
        }
    }

    /// Pings and tells what the path is like, if it is time.
    fn ping(&mut self) {
        let now_us = self.now_us();
        if now_us / 1000 < self.next_ping_ms {
            return;
        }
        self.next_ping_ms = now_us / 1000 + PING_EVERY_MS;
        self.pings = self.pings.wrapping_add(1);
        let header = Header {
            kind: Kind::Ping,
            marker: false,
            stereo: false,
            redundant: false,
            level: LEVEL_SILENT,
            source: self.source,
            sequence: self.pings,
            timestamp: 0,
        };
        let ping = Bytes::from(header.packet(&Path::ping(now_us)));
        for transport in self.carriers() {
            self.legs.send(transport, ping.clone());
        }
        self.ends.path.send_replace(self.stats(now_us / 1000));
    }

    fn stats(&self, now_ms: u64) -> PathStats {
        let transport = self.choice.serving();
        let waits = PathStats {
            silent_ms: u32::try_from(now_ms.saturating_sub(self.heard_ms)).unwrap_or(u32::MAX),
            too_long: self.too_long,
            ..PathStats::default()
        };
        let Some(leg) = transport.and_then(|transport| self.legs.get(transport)) else { return waits };
        let figures = leg.path.figures();
        PathStats {
            transport,
            rtt_ms: figures.rtt_ms,
            rtt_min_ms: figures.rtt_min_ms,
            loss_up: figures.loss_up,
            loss_down: figures.loss_down,
            jitter_up_ms: figures.jitter_up_ms,
            jitter_down_ms: figures.jitter_down_ms,
            max_packet_bytes: leg.wire.as_ref().map_or(0, Wire::max_packet_bytes),
            ..waits
        }
    }
}
