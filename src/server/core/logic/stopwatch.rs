//! How long something went on, with pauses in between.

/// Adds up the time for which it ran. Pure: it is told the time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopwatch {
    sum_ms: u64,
    since_ms: Option<u64>,
}

impl Stopwatch {
    /// Lets it run, or stops it; what it does already, it goes on doing.
    pub(super) fn set(&mut self, now_ms: u64, runs: bool) {
        self.sum_ms = self.read(now_ms);
        self.since_ms = runs.then_some(now_ms);
    }

    /// What it shows, ms.
    pub(super) fn read(&self, now_ms: u64) -> u64 {
        self.sum_ms + self.since_ms.map_or(0, |since| now_ms.saturating_sub(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_do_not_count() {
        let mut watch = Stopwatch::default();
        assert_eq!(watch.read(5_000), 0);
        watch.set(5_000, true);
        watch.set(6_000, true);
        assert_eq!(watch.read(7_000), 2_000);
        watch.set(8_000, false);
        assert_eq!(watch.read(20_000), 3_000);
        watch.set(20_000, true);
        assert_eq!(watch.read(21_000), 4_000);
    }
}
