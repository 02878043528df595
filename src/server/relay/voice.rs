//! A source that may be heard at times only: whether it may now, and what came of its sound. No clock.

use crate::protocol::{
    SourceId,
    media::{CLOCK_HZ, Header},
};

/// Sound is speech if it is louder than this, -dBFS.
const SPEECH_LEVEL: u8 = 50;
/// A payload of so few bytes says that nothing is sent until further notice: it is no sound.
const SILENCE_MAX_BYTES: usize = 2;
/// The longest packet that there is, in samples (120 ms): what is farther apart has a gap in between.
const PACKET_MAX: u32 = CLOCK_HZ / 1_000 * 120;
/// A packet after a gap, or the first one, counts for so many samples (20 ms).
const PACKET: u32 = CLOCK_HZ / 1_000 * 20;
/// Between two reports to the core, ms.
const REPORT_MS: u64 = 1_000;

/// What the core is told of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) source: SourceId,
    /// Packets that were refused since the last report.
    pub(super) refused: u64,
    /// Speech that was let through since the last report, ms.
    pub(super) spoken_ms: u64,
}

/// The voice of one source.
#[derive(Debug)]
pub(super) struct Voice {
    open: bool,
    refused: u64,
    /// Samples of speech.
    spoken: u64,
    /// Timestamp of the last packet that was let through.
    last: Option<u32>,
    /// Packets were refused before the next one that is heard.
    gap: bool,
    reported_ms: u64,
}

impl Voice {
    /// Open or closed; nothing has come so far.
    pub(super) fn new(open: bool, now_ms: u64) -> Self {
        Self { open, refused: 0, spoken: 0, last: None, gap: false, reported_ms: now_ms }
    }

    /// Opens or closes it.
    pub(super) fn set(&mut self, open: bool) {
        self.open = open;
        self.last = None;
    }

    /// A packet of sound has come; whether it is let through.
    pub(super) fn hear(&mut self, header: &Header, payload_bytes: usize) -> bool {
        if !self.open {
            self.refused += 1;
            self.gap = true;
            return false;
        }
        let passed = self.last.map_or(PACKET, |last| header.timestamp.wrapping_sub(last));
        let samples = match passed {
            0 => 0,
            1..=PACKET_MAX => passed,
            // Half of all numbers are behind the last one: late, and counted when those after it came.
            _ if passed > u32::MAX / 2 => return true,
            _ => PACKET,
        };
        self.last = Some(header.timestamp);
        if payload_bytes > SILENCE_MAX_BYTES && header.level < SPEECH_LEVEL {
            self.spoken += u64::from(samples);
        }
        true
    }

    /// Whether packets before this one, which is heard, were refused.
    pub(super) fn returns(&mut self) -> bool {
        std::mem::take(&mut self.gap)
    }

    /// What the core is to be told, if there is something and the last time is long enough ago.
    pub(super) fn report(&mut self, source: SourceId, now_ms: u64) -> Option<Heard> {
        let passed_ms = now_ms.saturating_sub(self.reported_ms);
        if passed_ms < REPORT_MS {
            return None;
        }
        self.reported_ms = now_ms;
        let (refused, spoken) = (std::mem::take(&mut self.refused), std::mem::take(&mut self.spoken));
        // Timestamps are the sender's word: nobody speaks longer than time passes.
        let spoken_ms = (spoken / u64::from(CLOCK_HZ / 1_000)).min(passed_ms);
        (refused > 0 || spoken_ms > 0).then_some(Heard { source, refused, spoken_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::media::Kind;

    const FRAME: u32 = 960;

    fn header(level: u8, timestamp: u32) -> Header {
        Header {
            kind: Kind::Audio,
            marker: false,
            stereo: false,
            redundant: false,
            level,
            source: SourceId(1),
            sequence: timestamp / FRAME,
            timestamp,
        }
    }

    fn spoken(voice: &mut Voice, now_ms: u64) -> u64 {
        voice.report(SourceId(1), now_ms).map_or(0, |heard| heard.spoken_ms)
    }

    #[test]
    fn what_is_refused_is_counted_and_marked_afterwards() {
        let mut voice = Voice::new(false, 0);
        for n in 0..30 {
            assert!(!voice.hear(&header(20, n * FRAME), 60));
        }
        assert_eq!(voice.report(SourceId(1), 999), None, "at most once a second");
        let heard = Heard { source: SourceId(1), refused: 30, spoken_ms: 0 };
        assert_eq!(voice.report(SourceId(1), 1_000), Some(heard));
        assert_eq!(voice.report(SourceId(1), 2_000), None, "nothing new");
        voice.set(true);
        assert!(voice.hear(&header(20, 100 * FRAME), 60));
        assert!(voice.returns(), "the gap is no loss");
        assert!(!voice.returns());
        voice.set(false);
        assert!(!voice.hear(&header(20, 101 * FRAME), 60));
    }

    #[test]
    fn speech_is_measured_by_what_is_loud() {
        let mut voice = Voice::new(true, 0);
        let start = u32::MAX - 10 * FRAME;
        for n in 0_u32..50 {
            // Half of it is noise.
            let level = if n % 2 == 0 { 30 } else { 60 };
            assert!(voice.hear(&header(level, start.wrapping_add(n * FRAME)), 60));
        }
        assert_eq!(spoken(&mut voice, 1_000), 500, "the timestamp wraps around");
        let at = |n: u32| start.wrapping_add(n * FRAME);
        // A copy, a late one, a pause that is announced, and one that is not.
        for (n, bytes) in [(50, 60), (50, 60), (49, 60), (51, 1), (900, 60)] {
            assert!(voice.hear(&header(30, at(n)), bytes));
        }
        assert_eq!(spoken(&mut voice, 2_000), 40);
    }

    #[test]
    fn nobody_speaks_longer_than_time_passes() {
        let mut voice = Voice::new(true, 0);
        for n in 0..400 {
            assert!(voice.hear(&header(0, n * PACKET_MAX), 60));
        }
        assert_eq!(spoken(&mut voice, 1_250), 1_250);
    }
}
