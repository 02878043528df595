//! Which packets of one source have come: counted for reports, by their sequence numbers.

/// A packet that is so many behind the newest is not waited for any more. Reordering reaches less far.
const SETTLED: u32 = 24;

/// What became of the packets of an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Packets that should have come.
    pub expected: u32,
    /// Packets that never did.
    pub lost: u32,
    /// Longest run of those.
    pub longest_run: u32,
}

impl Interval {
    /// Share of packets that never came, 0.0 to 1.0.
    pub fn loss(self) -> f32 {
        if self.expected == 0 { 0.0 } else { self.lost as f32 / self.expected as f32 }
    }
}

/// Counts packets. Numbers are unwrapped.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    newest: Option<i64>,
    /// Bit n: the packet n before the newest has come by itself (or is not waited for).
    came: u128,
    /// Bit n: its frame is here, by itself or as a copy.
    here: u128,
    /// Packets before the first that are still among the unsettled ones.
    before: u32,
    run: u32,
    interval: Interval,
}

impl Tally {
    /// A packet has come. `follows_pause`: what is missing before it was never sent. Returns whether its frame is news.
    pub fn own(&mut self, sequence: i64, follows_pause: bool) -> bool {
        let ahead = match self.newest {
            Some(newest) => sequence - newest,
            None => {
                // What was before the first is not waited for.
                (self.came, self.here, self.before) = (u128::MAX, u128::MAX, SETTLED - 1);
                self.newest = Some(sequence);
                return true;
            }
        };
        if ahead > 0 {
            self.advance(ahead as u64, follows_pause);
            self.newest = Some(sequence);
        }
        let Some(bit) = bit(-ahead.min(0)) else { return false };
        let news = self.here & bit == 0;
        self.came |= bit;
        self.here |= bit;
        news
    }

    /// A copy of an earlier packet's frame has come. Returns whether that is news.
    pub fn copy(&mut self, sequence: i64) -> bool {
        let Some(bit) = self.newest.and_then(|newest| bit(newest - sequence)) else { return false };
        let news = self.here & bit == 0;
        self.here |= bit;
        news
    }

    fn advance(&mut self, by: u64, follows_pause: bool) {
        for step in 0..by {
            // The packet that is SETTLED behind after this step.
            self.settle(self.came >> (SETTLED - 1) & 1 == 1);
            self.came <<= 1;
            self.here <<= 1;
            if follows_pause && step + 1 < by {
                self.came |= 1;
            }
        }
    }

    fn settle(&mut self, came: bool) {
        if self.before > 0 {
            self.before -= 1;
            return;
        }
        self.interval.expected += 1;
        if came {
            self.run = 0;
        } else {
            self.run += 1;
            self.interval.lost += 1;
            self.interval.longest_run = self.interval.longest_run.max(self.run);
        }
    }

    /// Counts since the last call.
    pub fn take(&mut self) -> Interval {
        std::mem::take(&mut self.interval)
    }
}

fn bit(behind: i64) -> Option<u128> {
    u32::try_from(behind).ok().and_then(|behind| 1u128.checked_shl(behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(sequences: impl IntoIterator<Item = i64>) -> Interval {
        let mut tally = Tally::default();
        let mut last = 0;
        for sequence in sequences {
            tally.own(sequence, false);
            last = last.max(sequence);
        }
        // Enough packets for everything to settle.
        for sequence in 1..=i64::from(SETTLED) {
            tally.own(last + sequence, false);
        }
        tally.take()
    }

    #[test]
    fn losses_and_their_runs_are_counted_and_reordering_is_none() {
        assert_eq!(after(100..200), Interval { expected: 100, lost: 0, longest_run: 0 });
        assert_eq!(after((100..110).chain(115..200)), Interval { expected: 100, lost: 5, longest_run: 5 });
        assert_eq!(after((100..200).chain([300])).longest_run, 100);
        let swapped = (100..200).map(|i| i ^ 3);
        assert_eq!(after(swapped).lost, 0);
    }

    #[test]
    fn what_a_relay_left_out_is_no_loss() {
        let mut tally = Tally::default();
        tally.own(1, true);
        tally.own(50, true);
        tally.own(51, false);
        (52..100).for_each(|sequence| assert!(tally.own(sequence, false)));
        assert_eq!(tally.take().lost, 0);
    }

    #[test]
    fn a_frame_is_news_once() {
        let mut tally = Tally::default();
        assert!(tally.own(10, false) && tally.own(12, false));
        assert!(tally.copy(11) && !tally.copy(11) && !tally.copy(10) && !tally.copy(13) && !tally.copy(-1000));
        assert!(!tally.own(11, false), "its copy was here first");
        assert!(!tally.own(12, false), "twice");
    }

    proptest! {
        #[test]
        fn no_more_is_lost_than_was_expected(steps in prop::collection::vec((-200i64..300, any::<bool>()), 1..200)) {
            let (mut tally, mut sequence) = (Tally::default(), 1 << 32);
            for (step, follows_pause) in steps {
                sequence += step;
                tally.own(sequence, follows_pause);
                tally.copy(sequence - step);
                let interval = tally.take();
                prop_assert!(interval.lost <= interval.expected);
            }
        }
    }
}
