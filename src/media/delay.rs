//! How long packets take, seen from the listener: the quickest of late, how much later the others come, and so how
//! much delay a jitter buffer must add. Times are samples; only differences of two different clocks are used.

use std::collections::VecDeque;

use super::frame::{FRAME, ms};

/// The quickest packet is looked for among this many seconds.
const BASE_SECONDS: usize = 10;
/// One bucket of the distribution is 1 ms wide.
const BUCKET: i64 = ms(1);
/// Buckets: later packets all count as 400 ms late.
const BUCKETS: usize = 400;
/// How much of the distribution 10 ms of sound leave standing: half is forgotten in 4.6 s.
const KEEP: f32 = 0.9985;
/// No frame counts for more sound than this, samples.
const STEP_MAX: i64 = ms(60);
/// So much more delay is worth it if all frames were late otherwise, ms: 7 ms for 1 % of them.
const WORTH_MS: f32 = 700.0;
/// So much must be gained by a change, ms.
const CHANGE_MS: f32 = 2.0;
/// Added to what is worth it: a frame is wanted up to so long before its first sample is due.
const MARGIN: i64 = ms(10);
/// What is expected of a path before anything is known.
const FIRST_GUESS_MS: usize = 8;
/// So many packets long, a path that turns out quicker by [`NEWS`] makes forget everything before.
const LEARNING: u32 = 200;
const NEWS: i64 = ms(5);

/// Learns from arrivals.
#[derive(Debug)]
pub struct DelayEstimator {
    /// Per second, newest last: the second and the smallest transit time in it.
    quickest: VecDeque<(i64, i64)>,
    base: Option<i64>,
    late: Box<[f32; BUCKETS]>,
    seen: u32,
    /// Time of the newest frame, and how long frames are, samples.
    newest: Option<i64>,
    step: i64,
    worth_ms: usize,
    target: i64,
    last_transit: Option<i64>,
    jitter: f32,
}

impl Default for DelayEstimator {
    fn default() -> Self {
        let late = Box::new(Self::first_guess());
        let target = FIRST_GUESS_MS as i64 * BUCKET + MARGIN;
        Self {
            quickest: VecDeque::new(),
            base: None,
            late,
            seen: 0,
            newest: None,
            step: FRAME_TIME,
            worth_ms: FIRST_GUESS_MS,
            target,
            last_transit: None,
            jitter: 0.0,
        }
    }
}

impl DelayEstimator {
    fn first_guess() -> [f32; BUCKETS] {
        let mut late = [0.0; BUCKETS];
        late[FIRST_GUESS_MS] = 1.0;
        late
    }

    /// Takes in a packet that carries the time `timestamp` and arrived at `now`. What it means for the delay to add is told
    /// by [`Self::available`].
    pub fn arrived(&mut self, now: i64, timestamp: i64) {
        let transit = now - timestamp;
        if let Some(last) = self.last_transit.replace(transit) {
            // RFC 3550, 6.4.1.
            self.jitter += ((transit - last).abs() as f32 - self.jitter) / 16.0;
        }
        if self.seen < LEARNING && self.base.is_some_and(|base| transit + NEWS <= base) {
            // A backlog at the start drains: how late it was says nothing about the path.
            *self.late = Self::first_guess();
            self.seen = 0;
        }
        self.update_base(now, transit);
    }

    /// The frame of the time `timestamp` is here since `now`, by its own packet or by what others repeat of it.
    pub fn available(&mut self, now: i64, timestamp: i64) {
        let transit = now - timestamp;
        let base = *self.base.get_or_insert(transit);
        let bucket = ((transit - base) / BUCKET).clamp(0, BUCKETS as i64 - 1) as usize;
        self.seen = self.seen.saturating_add(1);
        // At first a plain mean, so that the guess is soon gone.
        let step = self.newest.map_or(FRAME_TIME, |newest| timestamp - newest);
        if step > 0 {
            self.newest = Some(timestamp);
            self.step = step.min(STEP_MAX);
        }
        let keep = KEEP.powf(self.step as f32 / FRAME_TIME as f32).min(1.0 - 1.0 / (self.seen as f32 + 1.0));
        self.late.iter_mut().for_each(|share| *share *= keep);
        self.late[bucket] += 1.0 - keep;
        self.worth_ms = self.worth_waiting();
        self.target = self.worth_ms as i64 * BUCKET + MARGIN;
    }

    fn update_base(&mut self, now: i64, transit: i64) {
        let second = now.div_euclid(ms(1000));
        match self.quickest.back_mut() {
            Some((latest, quickest)) if *latest >= second => *quickest = transit.min(*quickest),
            _ => self.quickest.push_back((second, transit)),
        }
        while self.quickest.len() > BASE_SECONDS {
            self.quickest.pop_front();
        }
        let base = self.quickest.iter().map(|&(_, quickest)| quickest).min().unwrap_or(transit);
        if let Some(old) = self.base.replace(base) {
            // The distribution is relative to the base: what it knows stays true when the base moves.
            let buckets = (base - old) / BUCKET;
            self.shift(buckets);
            // What is less than a bucket waits until it makes a whole one.
            self.base = Some(if buckets == 0 { base.min(old) } else { old + buckets * BUCKET });
        }
    }

    /// Moves the distribution `buckets` earlier (or later, if negative).
    fn shift(&mut self, buckets: i64) {
        if buckets == 0 {
            return;
        }
        let old = *self.late;
        self.late.fill(0.0);
        for (i, share) in old.into_iter().enumerate() {
            let to = (i as i64 - buckets).clamp(0, BUCKETS as i64 - 1) as usize;
            self.late[to] += share;
        }
    }

    /// The delay, ms, at which a little more would cost more than it gains.
    fn worth_waiting(&self) -> usize {
        let total: f32 = self.late.iter().sum();
        let (mut in_time, mut best, mut now) = (0.0, (0, f32::INFINITY), f32::INFINITY);
        for (bucket, share) in self.late.iter().enumerate() {
            in_time += share;
            // A bucket holds all up to its upper end.
            let delay_ms = bucket + 1;
            let cost = delay_ms as f32 + WORTH_MS * (1.0 - in_time / total);
            if cost < best.1 {
                best = (delay_ms, cost);
            }
            if delay_ms == self.worth_ms {
                now = cost;
            }
        }
        // Nobody wants to hear a delay that goes to and fro.
        if now - best.1 < CHANGE_MS { self.worth_ms } else { best.0 }
    }

    /// Transit time of the quickest packet of late, samples; 0 before the first.
    pub fn base(&self) -> i64 {
        self.base.unwrap_or(0)
    }

    /// Delay that the buffer should add to the base, samples.
    pub fn target(&self) -> i64 {
        self.target
    }

    /// Whether a packet could come from the stream seen so far: no more than seconds off in its transit time.
    pub fn is_plausible(&self, now: i64, timestamp: i64) -> bool {
        self.base.is_none_or(|base| (-ms(3000)..ms(5000)).contains(&(now - timestamp - base)))
    }

    /// Mean deviation of the transit time, samples (RFC 3550).
    pub fn jitter(&self) -> f32 {
        self.jitter
    }
}

/// A frame as time.
pub const FRAME_TIME: i64 = FRAME as i64;

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: i64, transit: impl Fn(i64) -> i64) -> DelayEstimator {
        let mut estimator = DelayEstimator::default();
        for i in 0..seconds * 100 {
            let timestamp = i * FRAME_TIME;
            estimator.arrived(timestamp + transit(i), timestamp);
            estimator.available(timestamp + transit(i), timestamp);
        }
        estimator
    }

    #[test]
    fn a_steady_path_needs_the_margin_only() {
        let estimator = run(5, |_| ms(1_000_000));
        assert_eq!((estimator.base(), estimator.target()), (ms(1_000_000), ms(11)));
        assert_eq!(estimator.jitter(), 0.0);
    }

    #[test]
    fn the_target_covers_nearly_all_packets() {
        // 9 of 10 packets come at once, one 50 ms later; then 1 of 100.
        let estimator = run(20, |i| if i % 10 == 0 { ms(50) } else { 0 });
        assert_eq!(estimator.target(), ms(61));
        let estimator = run(20, |i| if i % 100 == 0 { ms(50) } else { 0 });
        assert_eq!(estimator.target(), ms(11));
    }

    #[test]
    fn a_slower_path_moves_the_base_and_not_the_sum() {
        let at = |seconds: i64| run(seconds, |i| if i < 2000 { 0 } else { ms(50) });
        let (during, after) = (at(29), at(40));
        assert_eq!(during.base() + during.target(), ms(61));
        assert_eq!(after.base() + after.target(), ms(61));
        assert!(after.base() == ms(50));
    }

    #[test]
    fn drift_is_followed() {
        // 300 ppm: 18 ms a minute.
        let estimator = run(60, |i| i * FRAME_TIME * 300 / 1_000_000);
        assert!(estimator.base() > ms(13) && estimator.target() < ms(16), "{estimator:?}");
    }
}
