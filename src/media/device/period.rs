//! How long the buffers of a sound card are: as short as goes well. Pure: time is passed in.

/// Lengths, µs, shortest first.
const STEPS_US: [u32; 7] = [5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 40_000];
/// After a change, and after the start, so long nothing is learnt: the buffers fill first.
const SETTLE_MS: u64 = 1_000;
/// So often within [`TOGETHER_MS`] is trouble: once, when another program begins to play, is none.
const TROUBLE: u32 = 3;
const TOGETHER_MS: u64 = 10_000;
/// So much trouble takes two steps.
const MUCH: u32 = 10;
/// Without trouble for so long, shorter buffers are tried again; twice as long each time that this went wrong.
const PATIENCE_MS: u64 = 20_000;
const LONGEST_PATIENCE_MS: u64 = 16 * 60_000;
/// Where a change means to open the card anew, which is heard, there is more patience.
const REOPENING: u64 = 20;

/// The length of the buffers of one card.
#[derive(Debug)]
pub(super) struct Period {
    step: usize,
    xruns: u32,
    /// Those of the last [`TOGETHER_MS`], and when they began.
    lately: (u32, u64),
    changed_ms: u64,
    quiet_since_ms: u64,
    patience_ms: u64,
    /// The last change was to shorter buffers, and nothing has gone wrong since.
    on_trial: bool,
}

impl Period {
    /// Where each card begins, µs.
    pub(super) const SHORTEST_US: u32 = STEPS_US[0];

    /// Of a card that was opened at `now_ms`. `reopens`: it must be opened anew for each change.
    pub(super) fn new(now_ms: u64, reopens: bool) -> Self {
        let patience_ms = if reopens { PATIENCE_MS * REOPENING } else { PATIENCE_MS };
        Self {
            step: 0,
            xruns: 0,
            lately: (0, now_ms),
            changed_ms: now_ms,
            quiet_since_ms: now_ms,
            patience_ms,
            on_trial: false,
        }
    }

    /// Now, µs.
    pub(super) fn us(&self) -> u32 {
        STEPS_US[self.step]
    }

    /// The card was opened anew at `now_ms`, with its counter at 0.
    pub(super) fn reopened(&mut self, now_ms: u64) {
        (self.xruns, self.changed_ms, self.quiet_since_ms) = (0, now_ms, now_ms);
    }

    /// The card has failed, which with some means that it ran dry. True if the length has changed.
    pub(super) fn failed(&mut self, now_ms: u64) -> bool {
        self.grow(now_ms, 1)
    }

    fn grow(&mut self, now_ms: u64, steps: usize) -> bool {
        let before = self.step;
        if std::mem::take(&mut self.on_trial) {
            self.patience_ms = (self.patience_ms * 2).min(LONGEST_PATIENCE_MS);
        }
        self.quiet_since_ms = now_ms;
        self.step = (self.step + steps).min(STEPS_US.len() - 1);
        self.step != before
    }

    /// Looks at how often the sound system ran dry or over so far. True if the length has changed.
    pub(super) fn look(&mut self, now_ms: u64, xruns: u32) -> bool {
        let fresh = xruns.wrapping_sub(self.xruns);
        self.xruns = xruns;
        if now_ms.saturating_sub(self.changed_ms) < SETTLE_MS {
            return false;
        }
        let before = self.step;
        if now_ms.saturating_sub(self.lately.1) > TOGETHER_MS {
            self.lately = (0, now_ms);
        }
        self.lately.0 += fresh;
        if self.lately.0 >= TROUBLE {
            self.grow(now_ms, if self.lately.0 >= MUCH { 2 } else { 1 });
        } else if now_ms.saturating_sub(self.quiet_since_ms) >= self.patience_ms {
            self.quiet_since_ms = now_ms;
            self.step = self.step.saturating_sub(1);
            self.on_trial = self.step < before;
        }
        if self.step != before {
            (self.changed_ms, self.lately) = (now_ms, (0, now_ms));
        }
        self.step != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks five times a second at a card that runs dry `per_second` times while its buffers are shorter than `enough_us`.
    fn run(period: &mut Period, seconds: std::ops::Range<u64>, enough_us: u32, per_second: u32) -> u32 {
        let (mut xruns, mut changes) = (period.xruns, 0);
        for now_ms in (seconds.start * 1000..seconds.end * 1000).step_by(200) {
            if period.us() < enough_us && now_ms % 1000 == 0 {
                xruns += per_second;
            }
            changes += u32::from(period.look(now_ms, xruns));
        }
        changes
    }

    #[test]
    fn a_quiet_card_stays_short_and_a_busy_one_grows_until_it_is_quiet() {
        let mut period = Period::new(0, false);
        assert_eq!((run(&mut period, 0..600, 0, 0), period.us()), (0, 5_000));
        run(&mut period, 600..630, 15_000, 1);
        assert_eq!(period.us(), 15_000);
        let mut period = Period::new(0, false);
        run(&mut period, 0..20, u32::MAX, 50);
        assert_eq!(period.us(), 40_000, "the longest, whatever comes");
    }

    #[test]
    fn it_shrinks_when_the_trouble_is_over() {
        let mut period = Period::new(0, false);
        run(&mut period, 0..30, 20_000, 1);
        assert_eq!(period.us(), 20_000);
        run(&mut period, 30..200, 0, 0);
        assert_eq!(period.us(), 5_000);
    }

    #[test]
    fn what_goes_wrong_again_and_again_is_tried_less_and_less() {
        let mut period = Period::new(0, false);
        let first = run(&mut period, 0..600, 10_000, 1);
        let later = run(&mut period, 600..3600, 10_000, 1);
        assert!(first >= 4 && later <= first, "{first} changes in ten minutes, {later} in the next fifty");
        let mut period = Period::new(0, true);
        run(&mut period, 0..30, 10_000, 1);
        assert_eq!(run(&mut period, 30..400, 10_000, 1), 0, "a card that must be opened anew is left alone");
    }

    #[test]
    fn once_in_a_while_is_no_trouble() {
        let mut period = Period::new(0, false);
        for (xruns, second) in (2..100).step_by(20).enumerate() {
            assert!(!period.look(second * 1000, xruns as u32 + 1), "at {second} s");
        }
    }

    #[test]
    fn a_card_that_fails_gets_longer_buffers_and_shorter_ones_again() {
        let mut period = Period::new(0, false);
        assert!((0..6).all(|second| period.failed(second * 1000)));
        assert_eq!((period.us(), period.failed(7_000)), (40_000, false));
        period.reopened(8_000);
        run(&mut period, 8..200, 0, 0);
        assert_eq!(period.us(), 5_000);
    }

    #[test]
    fn the_beginning_does_not_count() {
        let mut period = Period::new(1_000, false);
        assert!(!period.look(1_500, 7) && !period.look(2_100, 7));
        period.reopened(3_000);
        assert!(!period.look(3_500, 3) && period.us() == 5_000);
    }
}
