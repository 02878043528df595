//! What the way to the relay and back is like, from the pings over one connection and what the relay says in its pongs:
//! round trip, loss and jitter of each direction. No I/O, no clock.

use std::collections::VecDeque;

use crate::protocol::media::PathReport;

/// Figures are over this long, µs.
const WINDOW_US: u64 = 5_000_000;
/// Pongs that are remembered at most; some five times what the window needs.
const SAMPLES_MAX: usize = 128;
/// Longer round trips, and larger steps between two transit times, are noise, µs.
const NOISE_US: u64 = 60_000_000;
/// Bytes of a ping's payload.
const PING_BYTES: usize = 8;

/// The measurement of one connection. Times are the caller's monotonic microseconds.
#[derive(Debug)]
pub(super) struct Path {
    /// Packets of all kinds that came.
    arrived: u32,
    /// One per pong of the window, and the newest of those before it: the counters' change over the window is what
    /// counts.
    samples: VecDeque<Sample>,
    rtt_us: f32,
    jitter_up_us: u32,
    jitter_down_us: f32,
    /// When the newest pong came, and the relay's time in it.
    transit: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    at_us: u64,
    rtt_us: u64,
    arrived: u32,
    report: PathReport,
}

/// The figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Round trip, smoothed, ms.
    pub(super) rtt_ms: f32,
    /// Shortest round trip, ms.
    pub(super) rtt_min_ms: f32,
    /// Of the packets to the relay, 0.0 to 1.0.
    pub(super) loss_up: f32,
    /// Of the packets from the relay, 0.0 to 1.0.
    pub(super) loss_down: f32,
    /// Mean deviation of the transit time to the relay, ms.
    pub(super) jitter_up_ms: f32,
    /// Mean deviation of the transit time from the relay, ms.
    pub(super) jitter_down_ms: f32,
}

impl Path {
    /// A connection over which the relay has just been asked for the first time.
    pub(super) fn new(now_us: u64) -> Self {
        let begin = Sample { at_us: now_us, ..Sample::default() };
        Self {
            arrived: 0,
            samples: VecDeque::from([begin]),
            rtt_us: 0.0,
            jitter_up_us: 0,
            jitter_down_us: 0.0,
            transit: None,
        }
    }

    /// The relay has answered for the first time: that is the round trip until there is a better one.
    pub(super) fn admitted(&mut self, now_us: u64) {
        if let Some(begin) = self.samples.front_mut()
            && self.transit.is_none()
        {
            begin.rtt_us = now_us.saturating_sub(begin.at_us);
            self.rtt_us = begin.rtt_us as f32;
        }
    }

    /// The payload of a ping that goes out now.
    pub(super) fn ping(now_us: u64) -> [u8; PING_BYTES] {
        now_us.to_be_bytes()
    }

    /// A packet of any kind has come. Pongs are counted here first, too.
    pub(super) fn arrived(&mut self) {
        self.arrived = self.arrived.wrapping_add(1);
    }

    /// A pong has come; whether it makes sense.
    pub(super) fn pong(&mut self, now_us: u64, payload: &[u8]) -> bool {
        let Some((ping, _)) = payload.split_first_chunk::<PING_BYTES>() else { return false };
        let rtt = now_us.checked_sub(u64::from_be_bytes(*ping)).filter(|rtt| *rtt < NOISE_US);
        let (Some(rtt_us), Ok((_, report))) = (rtt, PathReport::parse(&payload[PING_BYTES..])) else { return false };
        if self.transit.is_some_and(|(_, time_us)| report.time_us <= time_us) {
            // One that was overtaken: its counters are old news.
            return true;
        }
        // RFC 6298, 2.2 and 2.3. The time that the relay took for the token is no measure.
        let share = if self.transit.is_none() { 1.0 } else { 0.125 };
        self.rtt_us += (rtt_us as f32 - self.rtt_us) * share;
        if let Some((then_us, time_us)) = self.transit.replace((now_us, report.time_us)) {
            // RFC 3550, 6.4.1, from pong to pong.
            let deviation = (now_us - then_us).abs_diff(report.time_us - time_us).min(NOISE_US);
            self.jitter_down_us += (deviation as f32 - self.jitter_down_us) / 16.0;
        }
        self.jitter_up_us = report.jitter_us;
        self.samples.push_back(Sample { at_us: now_us, rtt_us, arrived: self.arrived, report });
        let begin_us = now_us.saturating_sub(WINDOW_US);
        while self.samples.len() > SAMPLES_MAX || self.samples.get(1).is_some_and(|second| second.at_us <= begin_us) {
            self.samples.pop_front();
        }
        true
    }

    fn rtt_min_us(&self) -> u64 {
        self.samples.iter().map(|sample| sample.rtt_us).min().unwrap_or_default()
    }

    /// The figures now.
    pub(super) fn figures(&self) -> Figures {
        let first = self.samples.front().copied().unwrap_or_default();
        let last = self.samples.back().copied().unwrap_or_default();
        let (old, new) = (first.report, last.report);
        Figures {
            rtt_ms: self.rtt_us / 1000.0,
            rtt_min_ms: self.rtt_min_us() as f32 / 1000.0,
            loss_up: loss(new.expected.wrapping_sub(old.expected), new.received.wrapping_sub(old.received)),
            loss_down: loss(new.sent.wrapping_sub(old.sent), last.arrived.wrapping_sub(first.arrived)),
            jitter_up_ms: self.jitter_up_us as f32 / 1000.0,
            jitter_down_ms: self.jitter_down_us / 1000.0,
        }
    }
}

/// What is missing of so many; nothing if nothing was expected.
fn loss(expected: u32, came: u32) -> f32 {
    if expected == 0 { 0.0 } else { expected.saturating_sub(came) as f32 / expected as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1000;

    /// A relay and the way to it, on virtual time: a ping every 250 ms, between two pings some sound in each direction.
    struct World {
        path: Path,
        now_us: u64,
        relay: PathReport,
    }

    impl World {
        fn new() -> Self {
            let now_us = 7_000 * MS;
            let mut path = Path::new(now_us - 40 * MS);
            path.admitted(now_us);
            assert_eq!((path.figures().rtt_ms, path.figures().rtt_min_ms), (40.0, 40.0));
            Self { path, now_us, relay: PathReport { time_us: 1, ..PathReport::default() } }
        }

        /// 250 ms, in which `up` of 10 packets to the relay and `down` of 20 from it arrive; the pong takes `delay_us`
        /// on its way back.
        fn quarter(&mut self, up: u32, down: u32, delay_us: u64) {
            self.now_us += 250 * MS;
            self.relay.time_us += 250 * MS;
            self.relay.expected = self.relay.expected.wrapping_add(10);
            self.relay.received = self.relay.received.wrapping_add(up);
            self.relay.sent = self.relay.sent.wrapping_add(21);
            (0..=down).for_each(|_| self.path.arrived());
            let arrival_us = self.now_us + delay_us;
            let payload = [&Path::ping(self.now_us - 15 * MS)[..], &self.relay.to_bytes()].concat();
            assert!(self.path.pong(arrival_us, &payload));
        }
    }

    fn near(a: f32, b: f32) -> bool {
        (a - b).abs() < 1e-3
    }

    #[test]
    fn a_clean_path_has_a_round_trip_and_nothing_else() {
        let mut world = World::new();
        (0..60).for_each(|_| world.quarter(10, 20, 10 * MS));
        let figures = world.path.figures();
        assert!((figures.rtt_ms - 25.0).abs() < 0.1 && near(figures.rtt_min_ms, 25.0), "{figures:?}");
        assert_eq!((figures.loss_up, figures.loss_down, figures.jitter_down_ms), (0.0, 0.0, 0.0));
    }

    #[test]
    fn loss_is_told_per_direction_and_forgotten_after_the_window() {
        let mut world = World::new();
        (0..40).for_each(|_| world.quarter(9, 20, 0));
        let figures = world.path.figures();
        assert!(near(figures.loss_up, 0.1) && figures.loss_down == 0.0, "{figures:?}");
        (0..40).for_each(|_| world.quarter(10, 14, 0));
        let figures = world.path.figures();
        assert!(figures.loss_up == 0.0 && near(figures.loss_down, 6.0 / 21.0), "{figures:?}");
        (0..20).for_each(|_| world.quarter(10, 20, 0));
        assert_eq!(world.path.figures().loss_down, 0.0);
        assert!(world.path.samples.len() <= 22);
    }

    #[test]
    fn loss_counts_from_the_first_packet_on() {
        let mut world = World::new();
        world.quarter(5, 6, 0);
        let figures = world.path.figures();
        assert!(near(figures.loss_up, 0.5) && near(figures.loss_down, 14.0 / 21.0), "{figures:?}");
    }

    #[test]
    fn jitter_of_the_way_back_is_the_mean_deviation() {
        let mut world = World::new();
        (0..100).for_each(|i| world.quarter(10, 20, if i % 2 == 0 { 0 } else { 20 * MS }));
        assert!((world.path.figures().jitter_down_ms - 20.0).abs() < 0.5, "{:?}", world.path.figures());
        world.relay.jitter_us = 7_500;
        world.quarter(10, 20, 0);
        assert_eq!(world.path.figures().jitter_up_ms, 7.5);
    }

    #[test]
    fn counters_wrap() {
        let mut world = World::new();
        world.relay = PathReport { expected: u32::MAX - 35, received: u32::MAX - 35, ..world.relay };
        world.relay.sent = u32::MAX - 70;
        world.path.arrived = u32::MAX - 70;
        world.path.samples =
            VecDeque::from([Sample { arrived: u32::MAX - 70, report: world.relay, ..Sample::default() }]);
        (0..30).for_each(|_| world.quarter(8, 20, 0));
        let figures = world.path.figures();
        assert!(near(figures.loss_up, 0.2) && figures.loss_down == 0.0, "{figures:?}");
    }

    #[test]
    fn a_pong_that_was_overtaken_changes_nothing() {
        let mut world = World::new();
        (0..4).for_each(|_| world.quarter(10, 20, 0));
        let late = [&Path::ping(world.now_us)[..], &PathReport { time_us: 5, ..world.relay }.to_bytes()].concat();
        let before = world.path.figures();
        assert!(world.path.pong(world.now_us + 400 * MS, &late));
        assert_eq!(world.path.figures(), before);
    }

    proptest! {
        #[test]
        fn noise_gives_figures_in_bounds(
            pongs in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..50)), 0..300),
        ) {
            let mut path = Path::new(0);
            let mut now_us = 0;
            for (step, payload) in pongs {
                now_us += step % (2 * NOISE_US);
                path.arrived();
                path.pong(now_us, &payload);
                let figures = path.figures();
                for share in [figures.loss_up, figures.loss_down] {
                    prop_assert!((0.0..=1.0).contains(&share));
                }
                for ms in [figures.rtt_ms, figures.rtt_min_ms, figures.jitter_up_ms, figures.jitter_down_ms] {
                    prop_assert!(ms.is_finite() && ms >= 0.0);
                }
                prop_assert!(path.samples.len() <= SAMPLES_MAX);
            }
        }

        #[test]
        fn any_relay_gives_figures_in_bounds(
            pongs in prop::collection::vec((0..NOISE_US, any::<u64>(), any::<[u32; 4]>()), 0..300),
        ) {
            let mut path = Path::new(0);
            let mut now_us = NOISE_US;
            for (step, time_us, [expected, received, jitter_us, sent]) in pongs {
                now_us += step;
                let report = PathReport { time_us, expected, received, jitter_us, sent };
                prop_assert!(path.pong(now_us, &[&Path::ping(now_us - step)[..], &report.to_bytes()].concat()));
                let figures = path.figures();
                for share in [figures.loss_up, figures.loss_down] {
                    prop_assert!((0.0..=1.0).contains(&share));
                }
                for ms in [figures.rtt_ms, figures.rtt_min_ms, figures.jitter_up_ms, figures.jitter_down_ms] {
                    prop_assert!(ms.is_finite() && ms >= 0.0);
                }
            }
        }
    }
}
