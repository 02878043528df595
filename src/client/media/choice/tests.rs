//! The choice against a simulated relay and network, on virtual time.

use proptest::prelude::*;
use std::{cmp::Reverse, collections::BinaryHeap};

use super::*;
use Transport::{Quic, WebSocket};

/// One way, ms.
const WAY_MS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    /// A handshake is done, if the network lets it.
    Made,
    /// The token reaches the relay.
    Claimed,
    /// The relay's yes comes back.
    Admitted,
    /// The relay says that another connection has the place.
    Replaced,
    /// Time for a pong.
    Pong,
}

/// Orders transports for the queue.
fn place(transport: Transport) -> usize {
    usize::from(transport == WebSocket)
}

type Entry = Reverse<(u64, u64, usize, u64, Happens)>;

struct World {
    now_ms: u64,
    choice: Choice,
    /// Whether UDP and TCP get through.
    open: [bool; 2],
    /// Number of the present connection of each kind.
    legs: [Option<u64>; 2],
    /// Which connection the relay takes packets from, and sends them to.
    holder: Option<(Transport, u64)>,
    queue: BinaryHeap<Entry>,
    numbers: u64,
    claims: u32,
    /// Milliseconds in which no packet would have got through.
    broken_ms: u64,
    states: Vec<MediaState>,
}

impl World {
    fn new(udp: bool, tcp: bool) -> Self {
        let mut world = Self {
            now_ms: 0,
            choice: Choice::new(0, true),
            open: [udp, tcp],
            legs: [None; 2],
            holder: None,
            queue: BinaryHeap::new(),
            numbers: 0,
            claims: 0,
            broken_ms: 0,
            states: Vec::new(),
        };
        world.tell(Input::Tick);
        world
    }

    fn after(&mut self, ms: u64, transport: Transport, number: u64, happens: Happens) {
        self.numbers += 1;
        self.queue.push(Reverse((self.now_ms + ms, self.numbers, place(transport), number, happens)));
    }

    fn tell(&mut self, input: Input) {
        for action in self.choice.handle(self.now_ms, input) {
            match action {
                Action::Connect(transport) => {
                    self.numbers += 1;
                    self.legs[place(transport)] = Some(self.numbers);
                    self.after(4 * WAY_MS, transport, self.numbers, Happens::Made);
                }
                Action::Claim(transport) => {
                    self.claims += 1;
                    let number = self.legs[place(transport)].expect("a claim over a connection there is");
                    self.after(WAY_MS, transport, number, Happens::Claimed);
                }
                Action::Drop(transport) => self.legs[place(transport)] = None,
            }
        }
        assert!(self.choice.deadline_ms() > self.now_ms, "time stands still: {:?}", self.choice);
        let under =
            |stage: fn(&Stage) -> bool| TRANSPORTS.iter().filter(|t| stage(&self.choice.leg(**t).stage)).count();
        assert!(under(|stage| matches!(stage, Stage::Claiming { .. })) <= 1, "{:?}", self.choice);
        assert!(under(|stage| matches!(stage, Stage::Up { .. })) <= 1, "{:?}", self.choice);
        let state = self.choice.state();
        if self.states.last().is_none_or(|last| std::mem::discriminant(last) != std::mem::discriminant(state)) {
            self.states.push(state.clone());
        }
    }

    fn works(&self) -> bool {
        self.holder.is_some_and(|(transport, number)| {
            self.open[place(transport)] && self.choice.carries(transport) && self.legs[place(transport)] == Some(number)
        })
    }

    fn run(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        loop {
            let next_ms = self.queue.peek().map_or(u64::MAX, |Reverse((at_ms, ..))| *at_ms);
            let step_ms = next_ms.min(self.choice.deadline_ms()).min(end_ms);
            if !self.works() {
                self.broken_ms += step_ms - self.now_ms;
            }
            self.now_ms = step_ms;
            if next_ms <= self.now_ms {
                let Some(Reverse((_, _, transport, number, happens))) = self.queue.pop() else { continue };
                self.happen(TRANSPORTS[transport], number, happens);
            } else if self.choice.deadline_ms() <= self.now_ms {
                self.tell(Input::Tick);
            } else {
                return;
            }
        }
    }

    fn happen(&mut self, transport: Transport, number: u64, happens: Happens) {
        let alive = self.legs[place(transport)] == Some(number);
        if !self.open[place(transport)] {
            // Handshakes, tokens and answers are sent again until they get through; pings are not.
            let again_ms = if happens == Happens::Pong { 250 } else { 90 };
            if alive || happens == Happens::Claimed {
                self.after(again_ms, transport, number, happens);
            }
            return;
        }
        match happens {
            Happens::Claimed => {
                // Also the token of a connection that was given up meanwhile.
                if let Some((old, old_number)) = self.holder.replace((transport, number))
                    && (old, old_number) != (transport, number)
                {
                    self.after(WAY_MS, old, old_number, Happens::Replaced);
                }
                self.after(WAY_MS, transport, number, Happens::Admitted);
            }
            _ if !alive => {}
            Happens::Made => self.tell(Input::Connected(transport)),
            Happens::Admitted => {
                self.tell(Input::Admitted(transport));
                self.after(100, transport, number, Happens::Pong);
            }
            Happens::Replaced => {
                self.legs[place(transport)] = None;
                self.tell(Input::Ended(transport, kicked().into()));
            }
            Happens::Pong => {
                self.tell(Input::Answered(transport));
                self.after(100, transport, number, Happens::Pong);
            }
        }
    }

    fn end(&mut self, transport: Transport, error: ApiError) {
        self.legs[place(transport)] = None;
        self.tell(Input::Ended(transport, error.into()));
    }

    fn closed(&self) -> bool {
        matches!(self.choice.state(), MediaState::Closed(_))
    }
}

fn kicked() -> ApiError {
    ApiError::new(Code::KickedOffline, "Another connection has taken this one's place.")
}

fn lost() -> ApiError {
    ApiError::new(Code::Disconnected, "lost")
}

#[test]
fn quic_comes_first_and_alone() {
    let mut world = World::new(true, true);
    world.run(60_000);
    assert_eq!(world.choice.serving(), Some(Quic));
    assert_eq!(world.legs[1], None);
    assert_eq!(world.states, [MediaState::Connecting, MediaState::Up]);
    assert_eq!(world.broken_ms, 4 * WAY_MS + WAY_MS, "a handshake, and the token's way");
    assert_eq!(world.choice.websocket.tried_ms, 0, "never tried");
}

#[test]
fn without_udp_the_websocket_follows_and_quic_is_tried_ever_more_rarely() {
    let mut world = World::new(false, true);
    world.run(1_000);
    assert_eq!(world.choice.serving(), Some(WebSocket));
    assert!(world.broken_ms <= HEAD_START_MS + 5 * WAY_MS, "{}", world.broken_ms);
    let mut tries = Vec::new();
    for _ in 0..600 {
        world.run(1_000);
        tries.push(world.choice.quic.tried_ms);
    }
    tries.dedup();
    let waits: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.is_sorted() && waits.len() > 8, "{waits:?}");
    assert_eq!(*waits.last().expect("tries"), QUIC_LIMIT_MS + PROBE_MAX_MS);
    assert_eq!(world.states, [MediaState::Connecting, MediaState::Up]);
}

#[test]
fn when_udp_gets_through_again_the_packets_change_without_a_break() {
    let mut world = World::new(false, true);
    world.run(10_000);
    let broken_ms = world.broken_ms;
    world.open = [true, true];
    world.run(20_000);
    assert_eq!(world.choice.serving(), Some(Quic));
    assert_eq!(world.broken_ms, broken_ms);
    assert_eq!(world.legs[1], None, "the old one is gone");
    assert_eq!(world.states, [MediaState::Connecting, MediaState::Up]);
}

#[test]
fn when_udp_stops_the_packets_change_after_a_second() {
    let mut world = World::new(true, true);
    world.run(5_000);
    let broken_ms = world.broken_ms;
    world.open = [false, true];
    world.run(10_000);
    assert_eq!(world.choice.serving(), Some(WebSocket));
    let broken_ms = world.broken_ms - broken_ms;
    assert!(broken_ms <= MOVE_MS + 100 + WAY_MS, "{broken_ms}");
    assert_eq!(world.states, [MediaState::Connecting, MediaState::Up]);
}

#[test]
fn a_short_silence_changes_nothing() {
    let mut world = World::new(true, true);
    for _ in 0..20 {
        world.run(3_000);
        world.open = [false, true];
        world.run(MOVE_MS - 400);
        world.open = [true, true];
    }
    world.run(1_000);
    assert_eq!((world.choice.serving(), world.legs[1]), (Some(Quic), None));
    assert_eq!(world.claims, 1, "the WebSocket was ready, no more");
}

#[test]
fn quic_that_stops_again_and_again_is_tried_more_rarely() {
    let mut world = World::new(true, true);
    world.run(1_000);
    let mut back_ms = Vec::new();
    for _ in 0..5 {
        world.open = [false, true];
        while world.choice.serving() != Some(WebSocket) {
            world.run(10);
        }
        world.open = [true, true];
        let began_ms = world.now_ms;
        while world.choice.serving() != Some(Quic) {
            world.run(10);
        }
        back_ms.push(world.now_ms - began_ms);
        world.run(1_000);
    }
    assert!(back_ms.is_sorted() && back_ms[4] > 8 * PROBE_MIN_MS, "{back_ms:?}");
    // After a good while it is trusted again.
    world.run(STEADY_MS);
    world.open = [false, true];
    world.run(3_000);
    world.open = [true, true];
    world.run(LINGER_MS + PROBE_MIN_MS + 1_000);
    assert_eq!(world.choice.serving(), Some(Quic));
}

#[test]
fn when_only_the_way_there_is_blocked_the_packets_change_too() {
    let mut choice = Choice::new(0, true);
    choice.handle(0, Input::Tick);
    choice.handle(10, Input::Connected(Quic));
    choice.handle(20, Input::Admitted(Quic));
    let mut claimed_ms = None;
    for now_ms in (30..10_000).step_by(10) {
        for action in choice.handle(now_ms, Input::Heard(Quic)) {
            match action {
                Action::Connect(WebSocket) => {
                    choice.handle(now_ms, Input::Connected(WebSocket));
                }
                Action::Claim(WebSocket) => claimed_ms = claimed_ms.or(Some(now_ms)),
                _ => {}
            }
        }
    }
    assert_eq!(claimed_ms, Some(20 + UNANSWERED_MS));
}

#[test]
fn without_any_network_it_is_tried_again_and_again() {
    let mut world = World::new(true, true);
    world.run(2_000);
    world.open = [false, false];
    world.run(60_000);
    assert!(matches!(world.choice.state(), MediaState::Down(_)));
    world.open = [true, true];
    world.run(20_000);
    assert_eq!(world.choice.serving(), Some(Quic));
    assert!(matches!(world.states[..], [MediaState::Connecting, MediaState::Up, MediaState::Down(_), MediaState::Up]));
}

#[test]
fn a_relay_that_starts_again_is_found_again() {
    let mut world = World::new(true, true);
    world.run(2_000);
    world.holder = None;
    world.end(Quic, lost());
    assert!(matches!(world.choice.state(), MediaState::Down(_)));
    world.run(1_000);
    assert_eq!(world.choice.serving(), Some(Quic));
}

#[test]
fn a_refused_token_closes_the_link() {
    for transport in TRANSPORTS {
        let mut world = World::new(transport == Quic, transport == WebSocket);
        while !world.choice.carries(transport) {
            world.run(1);
        }
        let refusal = ApiError::new(Code::NotFound, "This relay token opens nothing.");
        world.end(transport, refusal.clone());
        assert_eq!(world.choice.state(), &MediaState::Closed(refusal));
        world.run(10_000);
        assert_eq!(world.legs, [None; 2], "nothing is left");
    }
}

#[test]
fn whoever_else_shows_the_token_gets_the_place() {
    for open in [[true, true], [false, true]] {
        let mut world = World::new(open[0], open[1]);
        world.run(30_000);
        let serving = world.choice.serving().expect("up");
        world.end(serving, kicked());
        assert_eq!(world.choice.state(), &MediaState::Closed(kicked()));
    }
}

#[test]
fn losing_the_place_to_a_claim_of_ones_own_that_failed_is_no_reason_to_give_up() {
    let mut world = World::new(false, true);
    world.run(3_500);
    world.open = [true, true];
    while world.choice.claiming() != Some(Quic) {
        world.run(1);
    }
    // The token reaches the relay, but nothing comes back over UDP.
    world.run(WAY_MS);
    world.open = [false, true];
    world.run(10_000);
    assert!(!world.closed());
    assert_eq!(world.choice.serving(), Some(WebSocket));
}

#[test]
fn a_token_that_arrives_after_its_connection_was_given_up_is_no_reason_to_give_up_either() {
    let mut world = World::new(false, true);
    while world.choice.claiming() != Some(WebSocket) {
        world.run(1);
    }
    // The token stands in the queue of a TCP connection for a minute.
    world.open = [true, false];
    world.run(60_000);
    assert_eq!(world.choice.serving(), Some(Quic));
    world.open = [true, true];
    world.run(30_000);
    assert_eq!(world.choice.serving(), Some(Quic));
    // The excuse is used up.
    world.end(Quic, kicked());
    assert!(world.closed());
}

#[test]
fn a_changed_certificate_closes_the_link_if_it_is_the_websockets() {
    let fingerprint = crate::protocol::Fingerprint;
    let changed = ConnectError::CertificateChanged { pinned: fingerprint([1; 32]), shown: fingerprint([2; 32]) };
    let mut world = World::new(false, false);
    world.run(10);
    world.tell(Input::Ended(Quic, changed.clone()));
    assert!(!world.closed());
    assert!(world.legs[1].is_some(), "the WebSocket is asked at once");
    world.tell(Input::Ended(WebSocket, changed));
    assert!(matches!(world.choice.state(), MediaState::Closed(error) if error.is(Code::TokenRejected)));
}

#[test]
fn without_encryption_there_is_only_the_websocket() {
    let mut choice = Choice::new(0, false);
    assert_eq!(choice.handle(0, Input::Tick), [Action::Connect(WebSocket)]);
    assert_eq!(choice.handle(5, Input::Connected(WebSocket)), [Action::Claim(WebSocket)]);
    assert_eq!(choice.handle(9, Input::Admitted(WebSocket)), []);
    for now_ms in (10..200_000).step_by(100) {
        assert_eq!(choice.handle(now_ms, Input::Answered(WebSocket)), []);
    }
    assert_eq!(choice.handle(200_001, Input::Ended(WebSocket, lost().into())), []);
    for now_ms in 200_002..210_000 {
        assert!(!choice.handle(now_ms, Input::Tick).contains(&Action::Connect(Quic)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever the network did: once it is steady, packets travel over the best way that it has, and whenever TCP works
    /// nothing is ever given up.
    #[test]
    fn the_best_way_is_found_whatever_happened(
        changes in prop::collection::vec((any::<bool>(), any::<bool>(), 0..8_000u64, prop::option::weighted(0.1, any::<bool>())), 0..40),
        udp: bool,
    ) {
        let mut world = World::new(true, true);
        for (udp, tcp, ms, ends) in changes {
            world.open = [udp, tcp];
            world.run(ms);
            if let Some(quic) = ends {
                let transport = if quic { Quic } else { WebSocket };
                if world.legs[place(transport)].is_some() {
                    world.end(transport, lost());
                }
            }
            prop_assert!(!world.closed(), "{:?}", world.choice);
        }
        world.open = [udp, true];
        world.run(2 * (PROBE_MAX_MS + QUIC_LIMIT_MS));
        prop_assert_eq!(world.choice.serving(), Some(if udp { Quic } else { WebSocket }));
        let broken_ms = world.broken_ms;
        world.run(60_000);
        prop_assert_eq!(world.broken_ms, broken_ms);
    }
}
