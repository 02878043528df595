//! How many speakers one listener gets: as many as there are, fewer while the way to it is too narrow.

/// A queue that stands so long means that the way is too narrow, ms.
const STANDING_MS: u64 = 60;
/// A change needs this long to show, ms.
const SETTLE_MS: u64 = 400;
/// After so long without a queue one more speaker is tried, ms; twice as long after each attempt that failed.
const PATIENCE_MS: u64 = 2_000;
const PATIENCE_MAX_MS: u64 = 32_000;
/// A queue that soon after the attempt is its fault, ms.
const ATTEMPT_MS: u64 = 3_000;

/// One listener's share.
#[derive(Debug)]
pub(super) struct Share {
    speakers: usize,
    most: usize,
    /// Not before then is it cut again.
    cut_after_ms: u64,
    narrow_ms: u64,
    raised_ms: Option<u64>,
    patience_ms: u64,
}

impl Share {
    /// All of at most so many speakers.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { speakers: most, most, cut_after_ms: 0, narrow_ms: 0, raised_ms: None, patience_ms: PATIENCE_MS }
    }

    /// How many speakers the listener gets: the loudest ones.
    pub(super) fn speakers(&self) -> usize {
        self.speakers
    }

    /// How the way is: how long the oldest packet waits for it, and whether packets had to be dropped.
    pub(super) fn observe(&mut self, now_ms: u64, waiting_ms: u64, dropped: bool) {
        if dropped || waiting_ms >= STANDING_MS {
            self.narrow_ms = now_ms;
            if now_ms < self.cut_after_ms {
                return;
            }
            self.cut_after_ms = now_ms + SETTLE_MS;
            if self.raised_ms.take().is_some_and(|raised_ms| now_ms < raised_ms + ATTEMPT_MS) {
                // The attempt failed: one step back, and the next one later.
                self.speakers = (self.speakers - 1).max(1);
                self.patience_ms = (self.patience_ms * 2).min(PATIENCE_MAX_MS);
            } else {
                self.speakers = (self.speakers / 2).max(1);
            }
        } else if self.speakers < self.most && now_ms >= self.narrow_ms + self.patience_ms {
            self.speakers += 1;
            self.narrow_ms = now_ms;
            if self.raised_ms.replace(now_ms).is_some() {
                // The last attempt was well.
                self.patience_ms = PATIENCE_MS;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four speakers over a way that carries `fits` of them, looked at every 20 ms.
    fn run(share: &mut Share, from_ms: u64, to_ms: u64, fits: usize) -> u64 {
        let mut narrow_ms = 0;
        for now_ms in (from_ms..to_ms).step_by(20) {
            let narrow = share.speakers().min(4) > fits;
            narrow_ms += if narrow { 20 } else { 0 };
            share.observe(now_ms, if narrow { 200 } else { 0 }, narrow);
        }
        narrow_ms
    }

    #[test]
    fn a_narrow_way_gets_what_it_carries() {
        let mut share = Share::new(6);
        assert_eq!(share.speakers(), 6);
        run(&mut share, 0, 1_000, 1);
        assert_eq!(share.speakers(), 1);
        assert_eq!(run(&mut share, 1_000, 1_000 + PATIENCE_MS - 1_000, 1), 0);
        // From now on it tries, more and more seldom.
        let narrow_ms = run(&mut share, 2_000, 122_000, 1);
        assert!((1..=8 * SETTLE_MS).contains(&narrow_ms), "{narrow_ms}");
        run(&mut share, 122_000, 400_000, 4);
        assert_eq!(share.speakers(), 6, "a way that has become wide gets all again");
        assert_eq!(share.patience_ms, PATIENCE_MS);
    }

    #[test]
    fn nobody_is_left_without_any() {
        let mut share = Share::new(3);
        for now_ms in 0..100_000 {
            share.observe(now_ms, 1_000, true);
            assert!((1..=3).contains(&share.speakers()));
        }
    }
}
