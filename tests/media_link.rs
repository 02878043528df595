//! The media link through a gate that shuts, slows and loses UDP: which way packets take, that none is missing when the
//! way changes, and what the link says about it.
#![cfg(feature = "desktop")]
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/gate.rs"]
mod gate;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use ahoy::{
    client::{
        Address, MediaLink, Pin,
        media::{MediaReceiver, MediaSender, MediaState, PathStats, Transport},
    },
    protocol::{
        Code, RoomId, SourceId,
        api::EnterRoomReply,
        limits::MEDIA_PACKET_MAX_BYTES,
        media::{Header, Kind},
    },
    server::{Server, ServerConfig},
};
use common::{Peer, soon, user};
use gate::{Conditions, Gate};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// No way is looked for longer than this.
const FOUND: Duration = Duration::from_secs(90);
/// Time between two packets of a talker.
const EVERY: Duration = Duration::from_millis(10);

async fn start_server() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        announce: false,
        ..ServerConfig::new(([127, 0, 0, 1], 0).into(), dir.path().join("data"), "test")
    };
    (Server::spawn(config).await.expect("started"), dir)
}

/// Alice behind a gate, and Bob, who is not, in one room.
struct Scene {
    server: Server,
    gate: Gate,
    alice: Peer,
    alice_in: EnterRoomReply,
    bob: Peer,
    bob_in: EnterRoomReply,
    _dir: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let (server, dir) = start_server().await;
        let gate = Gate::before(server.local_addr()).await;
        let pin = Pin::Known(server.fingerprint().expect("encrypted"));
        let near = Address::new("127.0.0.1", server.local_addr().port());
        let far = Address::new("127.0.0.1", gate.port);
        let alice = Peer::sign_up(&far, pin, "alice").await;
        let bob = Peer::sign_up(&near, pin, "bob").await;
        let room = RoomId::new(7).unwrap();
        let alice_in = alice.client.enter_room(room, true, None).await.expect("entered");
        alice.client.invite_to_room(room, user("bob"), "", 0).await.expect("let in");
        let bob_in = bob.client.enter_room(room, false, None).await.expect("entered");
        Self { server, gate, alice, alice_in, bob, bob_in, _dir: dir }
    }

    fn conditions(&self) -> &Conditions {
        &self.gate.conditions
    }

    fn links(&self) -> (MediaLink, MediaLink) {
        (self.alice.client.open_media(&self.alice_in), self.bob.client.open_media(&self.bob_in))
    }

    async fn end(self) {
        self.alice.client.shutdown().await;
        self.bob.client.shutdown().await;
        self.server.shutdown().await;
    }
}

async fn travels_over(path: &mut watch::Receiver<PathStats>, transport: Transport) -> PathStats {
    let found = path.wait_for(|path| path.transport == Some(transport));
    if let Ok(found) = timeout(FOUND, found).await {
        return *found.expect("open");
    }
    panic!("never over {transport:?}: {:?}", *path.borrow());
}

/// Sends numbered packets at an even pace, until it is stopped.
struct Talker {
    stop: CancellationToken,
    task: AbortOnDropHandle<u32>,
}

impl Talker {
    fn start(sender: MediaSender, source: SourceId) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut pace = interval(EVERY);
            // A computer that is busy for a moment is not to send a burst that overruns the queues.
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for sequence in 0.. {
                tokio::select! {
                    () = stopped.cancelled() => return sequence,
                    _ = pace.tick() => sender.send(packet(source, sequence, 80)),
                }
            }
            unreachable!("a talker is stopped before the numbers end")
        });
        Self { stop, task: AbortOnDropHandle::new(task) }
    }

    /// Stops; how many packets were sent.
    async fn end(self) -> u32 {
        self.stop.cancel();
        soon("the talker", self.task).await.expect("no panic")
    }
}

fn packet(source: SourceId, sequence: u32, payload_bytes: usize) -> Vec<u8> {
    let header = Header {
        kind: Kind::Audio,
        marker: false,
        stereo: false,
        redundant: false,
        level: 20,
        source,
        sequence,
        timestamp: sequence.wrapping_mul(480),
    };
    header.packet(&vec![0x55; payload_bytes])
}

/// Collects the numbers of the packets that come.
struct Listener {
    heard: Arc<Mutex<BTreeSet<u32>>>,
    _task: AbortOnDropHandle<()>,
}

impl Listener {
    fn start(mut receiver: MediaReceiver) -> Self {
        let heard = Arc::new(Mutex::new(BTreeSet::new()));
        let numbers = heard.clone();
        let task = tokio::spawn(async move {
            while let Some(packet) = receiver.recv().await {
                let (header, _) = Header::parse(&packet).expect("a packet");
                assert_eq!(header.kind, Kind::Audio, "pings and pongs stay in the link");
                numbers.lock().unwrap().insert(header.sequence);
            }
        });
        Self { heard, _task: AbortOnDropHandle::new(task) }
    }

    fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    async fn hears(&self, what: &str, done: impl Fn(&BTreeSet<u32>) -> bool) {
        let wait = async {
            while !done(&self.heard.lock().unwrap()) {
                tokio::time::sleep(EVERY).await;
            }
        };
        soon(what, wait).await;
    }

    /// What is missing between two numbers, when the last has come.
    async fn missing(&self, from: u32, to: u32) -> Vec<u32> {
        self.hears("the last packet", |heard| heard.last().is_some_and(|last| *last >= to)).await;
        let heard = self.heard.lock().unwrap();
        (from..to).filter(|number| !heard.contains(number)).collect()
    }
}

/// Every state that a link has been in.
fn states(state: &watch::Receiver<MediaState>) -> Arc<Mutex<Vec<MediaState>>> {
    let states = Arc::new(Mutex::new(Vec::new()));
    let (seen, mut state) = (states.clone(), state.clone());
    tokio::spawn(async move {
        loop {
            seen.lock().unwrap().push(state.borrow_and_update().clone());
            if state.changed().await.is_err() {
                return;
            }
        }
    });
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn where_udp_gets_through_packets_travel_over_quic() {
    let scene = Scene::new().await;
    let (mut alice, mut bob) = scene.links();
    let path = travels_over(&mut alice.path, Transport::Quic).await;
    travels_over(&mut bob.path, Transport::Quic).await;
    assert!((1_000..=MEDIA_PACKET_MAX_BYTES).contains(&path.max_packet_bytes), "{path:?}");
    let ears = Listener::start(bob.receiver);
    let talker = Talker::start(alice.sender.clone(), scene.alice_in.source_id);
    ears.hears("speech", |heard| heard.len() > 100).await;
    talker.end().await;
    assert_eq!(alice.path.borrow().too_long, 0);
    // What does not fit is counted, and the longest that does arrives.
    let limit = alice.path.borrow().max_packet_bytes;
    alice.sender.send(packet(scene.alice_in.source_id, 1_000_000, MEDIA_PACKET_MAX_BYTES));
    alice.sender.send(packet(scene.alice_in.source_id, 1_000_001, limit - 16));
    soon("the count", alice.path.wait_for(|path| path.too_long == 1)).await.expect("open");
    ears.hears("the longest packet", |heard| heard.contains(&1_000_001)).await;
    assert!(!ears.heard.lock().unwrap().contains(&1_000_000));
    drop(alice.receiver);
    soon("the end", alice.state.wait_for(|state| matches!(state, MediaState::Closed(_)))).await.expect("told");
    assert_eq!(alice.path.borrow().transport, None);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_udp_is_blocked_they_travel_over_a_websocket_and_change_to_quic_without_a_gap() {
    let scene = Scene::new().await;
    scene.conditions().let_udp(false);
    let (mut alice, mut bob) = scene.links();
    let alice_states = states(&alice.state);
    travels_over(&mut alice.path, Transport::WebSocket).await;
    travels_over(&mut bob.path, Transport::Quic).await;
    let (alice_hears, bob_hears) = (Listener::start(alice.receiver), Listener::start(bob.receiver));
    let alice_talks = Talker::start(alice.sender.clone(), scene.alice_in.source_id);
    let bob_talks = Talker::start(bob.sender.clone(), scene.bob_in.source_id);
    alice_hears.hears("bob", |heard| heard.len() > 50).await;
    bob_hears.hears("alice", |heard| heard.len() > 50).await;
    let first = *bob_hears.heard.lock().unwrap().first().unwrap();
    let first_back = *alice_hears.heard.lock().unwrap().first().unwrap();

    scene.conditions().let_udp(true);
    travels_over(&mut alice.path, Transport::Quic).await;
    let (alice_heard, bob_heard) = (alice_hears.count(), bob_hears.count());
    alice_hears.hears("bob over QUIC", |heard| heard.len() > alice_heard + 100).await;
    bob_hears.hears("alice over QUIC", |heard| heard.len() > bob_heard + 100).await;
    let (sent, sent_back) = (alice_talks.end().await, bob_talks.end().await);
    let missing = bob_hears.missing(first, sent - 1).await;
    let missing_back = alice_hears.missing(first_back, sent_back - 1).await;
    println!("sent {sent}, missing {missing:?}; back {sent_back}, missing {missing_back:?}");
    assert!(missing.is_empty() && missing_back.is_empty());
    assert_eq!(*alice_states.lock().unwrap(), [MediaState::Connecting, MediaState::Up]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_udp_is_blocked_in_mid_call_they_go_on_over_a_websocket() {
    let scene = Scene::new().await;
    let (mut alice, mut bob) = scene.links();
    travels_over(&mut alice.path, Transport::Quic).await;
    travels_over(&mut bob.path, Transport::Quic).await;
    let alice_states = states(&alice.state);
    let (alice_hears, bob_hears) = (Listener::start(alice.receiver), Listener::start(bob.receiver));
    let alice_talks = Talker::start(alice.sender.clone(), scene.alice_in.source_id);
    let bob_talks = Talker::start(bob.sender.clone(), scene.bob_in.source_id);
    alice_hears.hears("bob", |heard| heard.len() > 50).await;
    bob_hears.hears("alice", |heard| heard.len() > 50).await;
    scene.conditions().let_udp(false);
    travels_over(&mut alice.path, Transport::WebSocket).await;
    let (alice_heard, bob_heard) = (alice_hears.count(), bob_hears.count());
    alice_hears.hears("bob over the WebSocket", |heard| heard.len() > alice_heard + 100).await;
    bob_hears.hears("alice over the WebSocket", |heard| heard.len() > bob_heard + 100).await;
    let sent = alice_talks.end().await;
    bob_talks.end().await;
    let missing = bob_hears.missing(0, sent - 1).await;
    println!("sent {sent}, missing {} in the change", missing.len());
    assert_eq!(*alice_states.lock().unwrap(), [MediaState::Up], "no break is shown");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_gets_no_token() {
    let scene = Scene::new().await;
    let (stranger, _stranger_dir) = start_server().await;
    let known = scene.server.local_addr();
    // Behind UDP alone it only means that there is no QUIC.
    scene.conditions().lead_to(known, stranger.local_addr());
    let (mut alice, _bob) = scene.links();
    travels_over(&mut alice.path, Transport::WebSocket).await;
    let strangers = |server: &Server| server.relay_stats().strangers;
    assert_eq!(strangers(&stranger), 0);
    drop(alice.receiver);
    // Behind TCP it ends the link.
    scene.conditions().lead_to(stranger.local_addr(), stranger.local_addr());
    let (mut alice, _bob) = scene.links();
    let refused = |state: &MediaState| matches!(state, MediaState::Closed(error) if error.is(Code::TokenRejected));
    soon("the refusal", alice.state.wait_for(refused)).await.expect("told");
    assert_eq!(strangers(&stranger), 0, "the token was not shown");
    stranger.shutdown().await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loss_and_delay_are_told_per_direction() {
    for (up, down) in [(100, 0), (0, 100)] {
        let scene = Scene::new().await;
        for (way, lost) in [(&scene.conditions().up, up), (&scene.conditions().down, down)] {
            way.delay_ms.store(20, Relaxed);
            way.lost_of_1000.store(lost, Relaxed);
        }
        let (mut alice, mut bob) = scene.links();
        travels_over(&mut alice.path, Transport::Quic).await;
        travels_over(&mut bob.path, Transport::Quic).await;
        let bob_hears = Listener::start(bob.receiver);
        let alice_hears = Listener::start(alice.receiver);
        let alice_talks = Talker::start(alice.sender.clone(), scene.alice_in.source_id);
        let bob_talks = Talker::start(bob.sender.clone(), scene.bob_in.source_id);
        bob_hears.hears("half a window", |heard| heard.len() > 250).await;
        // Means of what the link says, over some windows.
        let (mut told_up, mut told_down, mut news) = (0.0, 0.0, 0.0);
        while bob_hears.count() < 1_500 || alice_hears.count() < 1_500 {
            soon("news", alice.path.changed()).await.expect("open");
            let path = *alice.path.borrow_and_update();
            assert_eq!(path.transport, Some(Transport::Quic), "loss is no reason to leave QUIC");
            assert!(path.rtt_min_ms >= 40.0 && path.rtt_ms >= path.rtt_min_ms, "{path:?}");
            told_up += path.loss_up;
            told_down += path.loss_down;
            news += 1.0;
        }
        let path = *alice.path.borrow();
        let (sent, sent_back) = (alice_talks.end().await, bob_talks.end().await);
        let lost_of = |sent: u32, ears: &Listener| 1.0 - ears.count() as f32 / sent as f32;
        let (lost_up, lost_down) = (lost_of(sent, &bob_hears), lost_of(sent_back, &alice_hears));
        let (told_up, told_down) = (told_up / news, told_down / news);
        println!("up: lost {lost_up:.3}, told {told_up:.3}; down: lost {lost_down:.3}, told {told_down:.3}; {path:?}");
        assert!((told_up - lost_up).abs() < 0.03, "up: {told_up} of {lost_up}");
        assert!((told_down - lost_down).abs() < 0.03, "down: {told_down} of {lost_down}");
        let lossy = if up > 0 { told_up } else { told_down };
        assert!((0.05..0.16).contains(&lossy), "{lossy}");
        scene.end().await;
    }
}

#[tokio::test]
async fn packets_wait_for_nothing_else_that_the_program_does() {
    let scene = Scene::new().await;
    let pin = Pin::Known(scene.server.fingerprint().expect("encrypted"));
    let near = Address::new("127.0.0.1", scene.server.local_addr().port());
    let carol = Peer::sign_up(&near, pin, "carol").await;
    let room = RoomId::new(7).unwrap();
    scene.alice.client.invite_to_room(room, user("carol"), "", 0).await.expect("let in");
    let carol_in = carol.client.enter_room(room, false, None).await.expect("entered");
    let (mut from, mut to) = (carol.client.open_media(&carol_in), scene.bob.client.open_media(&scene.bob_in));
    for link in [&mut from, &mut to] {
        travels_over(&mut link.path, Transport::Quic).await;
    }
    let (tell, heard) = std::sync::mpsc::channel();
    let mut receiver = to.receiver;
    to.thread.spawn(async move {
        while let Some(packet) = receiver.recv().await {
            if tell.send(packet).is_err() {
                break;
            }
        }
    });
    // From here on the runtime of this test, which all else runs on, stands still.
    for sequence in 0..100 {
        let deadline = std::time::Instant::now() + FOUND;
        loop {
            from.sender.send(packet(carol_in.source_id, sequence, 80));
            if heard.recv_timeout(Duration::from_millis(500)).is_ok() {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "packet {sequence} never comes");
        }
    }
    carol.client.shutdown().await;
    scene.end().await;
}
