//! How much of a voice connection may be on its way.
//!
//! A voice sends what it has to say and not a byte more, so there is no rate to be found out. Controllers for bulk data
//! halve the rate at each lost packet; on a way that loses one packet in a hundred this delays speech by half a second.
//! Here loss counts for nothing. What counts is a queue that stands in the network: if for a while no packet came
//! through without waiting, no more is sent than comes out at the other end, and what is too much is dropped here,
//! where the oldest can be chosen.

use quinn_proto::{
    RttEstimator,
    congestion::{Controller, ControllerFactory},
};
use std::{
    any::Any,
    sync::Arc,
    time::{Duration, Instant},
};

/// Window of a way without a queue, bytes: 100 kB/s with 600 ms there and back.
const WINDOW_MAX_BYTES: u64 = 64 * 1024;
/// The window never goes below so many packets of full size.
const WINDOW_MIN_PACKETS: u64 = 2;
/// Whoever waits longer than this stands in a queue. Well above what acknowledgements wait for each other.
const QUEUE: Duration = Duration::from_millis(100);
/// Only a queue that has stood so long is one: a way that stalls and then brings everything at once is not narrow.
const STANDING: Duration = Duration::from_millis(400);
/// The way's own delay is the shortest of the last one to two of these: routes change.
const ROUTE: Duration = Duration::from_secs(10);
/// A window that is too small grows by this part of what was acknowledged.
const GROWTH: u64 = 8;

/// The window of one connection.
#[derive(Clone, Debug)]
struct VoiceWindow {
    bytes: u64,
    packet_bytes: u64,
    /// Shortest time from sending to acknowledgement, in this and in the last span of [`ROUTE`].
    shortest: [Duration; 2],
    span_began: Instant,
    /// Since when every packet has waited, and how much came through since.
    waiting: Option<(Instant, u64)>,
}

impl VoiceWindow {
    fn new(now: Instant, packet_bytes: u16) -> Self {
        Self {
            bytes: WINDOW_MAX_BYTES,
            packet_bytes: packet_bytes.into(),
            shortest: [Duration::MAX; 2],
            span_began: now,
            waiting: None,
        }
    }

    fn least(&self) -> u64 {
        WINDOW_MIN_PACKETS * self.packet_bytes
    }

    fn acknowledged(&mut self, now: Instant, sent: Instant, bytes: u64, held_back: bool) {
        let took = now.saturating_duration_since(sent);
        if now.saturating_duration_since(self.span_began) >= ROUTE {
            self.shortest = [Duration::MAX, self.shortest[0]];
            self.span_began = now;
        }
        self.shortest[0] = self.shortest[0].min(took);
        let way = self.shortest[0].min(self.shortest[1]);
        if took <= way + QUEUE {
            self.waiting = None;
            if held_back {
                self.bytes = (self.bytes + bytes / GROWTH).min(WINDOW_MAX_BYTES);
            }
            return;
        }
        let (since, through) = self.waiting.get_or_insert((now, 0));
        *through += bytes;
        let span = now.saturating_duration_since(*since);
        if span >= STANDING {
            let bytes_per_s = *through as f64 / span.as_secs_f64();
            // A little less than the way holds: the queue drains, and the way's own delay can be seen again.
            let fits = (0.9 * bytes_per_s * way.as_secs_f64()) as u64;
            self.bytes = fits.min(self.bytes).max(self.least());
            self.waiting = None;
        }
    }
}

impl Controller for VoiceWindow {
    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, app_limited: bool, _: &RttEstimator) {
        self.acknowledged(now, sent, bytes, !app_limited);
    }

    fn on_congestion_event(&mut self, _: Instant, _: Instant, is_persistent_congestion: bool, _: u64) {
        // For a while nothing came through at all.
        if is_persistent_congestion {
            self.bytes = self.least();
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.packet_bytes = new_mtu.into();
        self.bytes = self.bytes.max(self.least());
    }

    fn window(&self) -> u64 {
        self.bytes
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        WINDOW_MAX_BYTES
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Makes the windows of connections.
#[derive(Debug)]
pub(super) struct VoiceWindowFactory;

impl ControllerFactory for VoiceWindowFactory {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(VoiceWindow::new(now, current_mtu))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const PACKET: u64 = 200;
    const MS: Duration = Duration::from_millis(1);

    /// A way with a rate, a delay and a queue without end, under a sender that has a packet every `every`; what the
    /// window does not let out is dropped. Packets that `stalled` says wait until it ends.
    struct Way {
        bytes_per_s: f64,
        delay: Duration,
        lost_of_ten: u64,
        stall: Option<(u64, u64)>,
    }

    #[derive(Debug)]
    struct Outcome {
        window: u64,
        sent: u64,
        refused: u64,
        /// Longest wait in the way's queue in the last two seconds.
        queue: Duration,
    }

    fn run(way: &Way, every: Duration, seconds: u64) -> Outcome {
        let start = Instant::now();
        let mut window = VoiceWindow::new(start, 1_200);
        let mut flying: VecDeque<(Instant, Instant, bool)> = VecDeque::new();
        let (mut in_flight, mut free_at, mut next) = (0, start, start);
        let mut outcome = Outcome { window: 0, sent: 0, refused: 0, queue: Duration::ZERO };
        for ms in 0..seconds * 1_000 {
            let now = start + MS * ms as u32;
            let mut held_back = false;
            while next <= now {
                next += every;
                if in_flight + PACKET > window.bytes {
                    outcome.refused += 1;
                    held_back = true;
                    continue;
                }
                outcome.sent += 1;
                in_flight += PACKET;
                let begin = free_at.max(now);
                free_at = begin + Duration::from_secs_f64(PACKET as f64 / way.bytes_per_s);
                let mut there = free_at + way.delay;
                if let Some((from_ms, to_ms)) = way.stall
                    && (from_ms..to_ms).contains(&(ms % 4_000))
                {
                    there = there.max(now + MS * (to_ms - ms % 4_000) as u32 + way.delay);
                }
                if ms > (seconds - 2) * 1_000 {
                    outcome.queue = outcome.queue.max(there - now - way.delay);
                }
                flying.push_back((there, now, outcome.sent % 10 < way.lost_of_ten));
            }
            while flying.front().is_some_and(|(there, ..)| *there <= now) {
                let Some((_, sent, lost)) = flying.pop_front() else { break };
                in_flight -= PACKET;
                if !lost {
                    window.acknowledged(now, sent, PACKET, held_back || in_flight + PACKET > window.bytes / 2);
                }
            }
        }
        outcome.window = window.bytes;
        outcome
    }

    #[test]
    fn a_wide_way_is_never_in_the_way() {
        for (lost_of_ten, stall) in [(0, None), (3, None), (0, Some((1_000, 1_200))), (2, Some((0, 300)))] {
            let way = Way { bytes_per_s: 1e6, delay: 100 * MS, lost_of_ten, stall };
            let outcome = run(&way, 4 * MS, 30);
            assert_eq!((outcome.window, outcome.refused), (WINDOW_MAX_BYTES, 0), "{lost_of_ten} {stall:?}");
        }
    }

    #[test]
    fn on_a_narrow_way_no_queue_stands() {
        // Half of what is to be sent comes through.
        let way = Way { bytes_per_s: 25_000.0, delay: 50 * MS, lost_of_ten: 0, stall: None };
        let outcome = run(&way, 4 * MS, 60);
        assert!(outcome.queue <= 2 * QUEUE, "{outcome:?}");
        let through = outcome.sent as f64 * PACKET as f64 / 60.0 / way.bytes_per_s;
        assert!((0.8..1.1).contains(&through), "{through} {outcome:?}");
    }

    #[test]
    fn a_window_that_became_narrow_becomes_wide_again() {
        let start = Instant::now();
        let mut window = VoiceWindow::new(start, 1_200);
        window.on_congestion_event(start, start, true, 10_000);
        assert_eq!(window.bytes, window.least());
        let mut acks = 0;
        while window.bytes < WINDOW_MAX_BYTES && acks < 100_000 {
            acks += 1;
            window.acknowledged(start + 70 * MS, start + 20 * MS, PACKET, true);
        }
        assert_eq!(window.bytes, WINDOW_MAX_BYTES);
        let before = window.bytes;
        window.on_congestion_event(start, start, false, 10_000);
        assert_eq!(window.bytes, before, "loss alone says nothing");
    }
}
