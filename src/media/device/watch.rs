//! Whether an open card does its work, and when one that does not is tried again. Pure: time is passed in.

/// A card that has not called back for so long is dead.
const STALLED_MS: u64 = 900;
/// A card may take longer for its first callback.
const FIRST_BEAT_MS: u64 = 4_000;
/// A card that takes or gives so many times what its rate says has no clock: ALSA's null device, for one.
const RUNAWAY: u64 = 4;
/// That much, in ms of sound, is taken or given at once by cards that are well.
const AT_ONCE_MS: u64 = 2_000;
/// So often in a second a card runs dry or over in a storm.
const STORM: u32 = 10;
/// A storm that lasts for so long is not weathered; twice as long each time that opening the card anew did not help.
const STORM_MS: u64 = 5_000;
const LONGEST_STORM_MS: u64 = 160_000;
/// A wait that should have been short and took longer than this: the computer slept, or this program did.
const SLEPT_MS: u64 = 2_000;
/// A card that fails sooner than that after it was opened fails again and again.
const SOON_MS: u64 = 5_000;
const SHORTEST_WAIT_MS: u64 = 1_000;
const LONGEST_WAIT_MS: u64 = 4_000;

/// What a card has counted since it was opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Callbacks.
    pub(super) beats: u64,
    /// Frames taken or given.
    pub(super) frames: u64,
    /// Times it ran dry or over.
    pub(super) xruns: u32,
    /// It has said that it is of no use any more.
    pub(super) failed: bool,
    /// It has said that it pauses, and will say when that is over.
    pub(super) paused: bool,
}

/// Why a card is to be closed, or in one case only not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It said so.
    Failed,
    /// It pauses, and may stay open.
    Paused,
    /// What waits in its buffers is from before a pause.
    Resumed,
    /// It does not call back.
    Silent,
    /// It has no clock.
    Runaway,
    /// It runs dry or over, again and again.
    Storm,
    /// What waits in its buffers is from before a sleep.
    Slept,
}

/// True if a wait that began and ended then was a sleep.
pub(super) fn slept(before_ms: u64, after_ms: u64) -> bool {
    after_ms.saturating_sub(before_ms) > SLEPT_MS
}

/// Looks at one open card.
#[derive(Debug)]
pub(super) struct Watch {
    rate: u64,
    opened_ms: u64,
    /// The last callback: how many there were, and when that was seen.
    beat: (u64, u64),
    /// When the present second began, and what was counted then.
    second: (u64, u64, u32),
    paused: bool,
    /// Since when each second has been stormy.
    storm_since_ms: Option<u64>,
}

impl Watch {
    /// Of a card of this rate, Hz, that was opened now.
    pub(super) fn new(now_ms: u64, rate: u32) -> Self {
        Self {
            rate: rate.into(),
            opened_ms: now_ms,
            beat: (0, now_ms),
            second: (now_ms, 0, 0),
            paused: false,
            storm_since_ms: None,
        }
    }

    /// Looks at what the card has counted.
    pub(super) fn look(&mut self, now_ms: u64, card: Reading, patience: &Patience) -> Option<Trouble> {
        if card.beats != self.beat.0 || card.paused {
            self.beat = (card.beats, now_ms);
        }
        let silent_ms = if card.beats == 0 { FIRST_BEAT_MS } else { STALLED_MS };
        if card.failed {
            return Some(Trouble::Failed);
        } else if card.paused {
            return (!std::mem::replace(&mut self.paused, true)).then_some(Trouble::Paused);
        } else if self.paused {
            return Some(Trouble::Resumed);
        } else if now_ms.saturating_sub(self.beat.1) >= silent_ms {
            return Some(Trouble::Silent);
        }
        let (since_ms, frames, xruns) = self.second;
        let passed_ms = now_ms.saturating_sub(since_ms);
        if card.frames.saturating_sub(frames) * 1000 > self.rate * (passed_ms * RUNAWAY + AT_ONCE_MS) {
            return Some(Trouble::Runaway);
        }
        if passed_ms >= 1000 {
            let stormy = u64::from(card.xruns.wrapping_sub(xruns)) * 1000 >= u64::from(STORM) * passed_ms;
            self.storm_since_ms = stormy.then(|| self.storm_since_ms.unwrap_or(since_ms));
            self.second = (now_ms, card.frames, card.xruns);
        }
        let storm_ms = self.storm_since_ms.map_or(0, |since| now_ms.saturating_sub(since));
        (storm_ms >= patience.storm_ms).then_some(Trouble::Storm)
    }

    /// How long the card has been open.
    pub(super) fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.opened_ms)
    }
}

/// How long a card that gives trouble is left alone. Outlives the card; a person's choice begins anew.
#[derive(Debug)]
pub(super) struct Patience {
    wait_ms: u64,
    storm_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { wait_ms: 0, storm_ms: STORM_MS }
    }
}

impl Patience {
    /// A card was open for so long, and then had to be closed for this. How long to wait before it is opened anew, ms.
    pub(super) fn after(&mut self, trouble: Trouble, age_ms: u64) -> u64 {
        match trouble {
            Trouble::Paused | Trouble::Resumed | Trouble::Runaway | Trouble::Slept => 0,
            Trouble::Storm => {
                // There is sound, if a bad one.
                let calm = age_ms >= 2 * self.storm_ms;
                self.storm_ms = if calm { STORM_MS } else { (self.storm_ms * 2).min(LONGEST_STORM_MS) };
                0
            }
            Trouble::Failed | Trouble::Silent => {
                let wait_ms = if age_ms >= SOON_MS { 0 } else { self.wait_ms };
                self.wait_ms = (wait_ms * 2).clamp(SHORTEST_WAIT_MS, LONGEST_WAIT_MS);
                wait_ms
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at a card five times a second, until there is trouble: a card that counts so much in each second.
    fn run(ms: std::ops::Range<u64>, frames: u64, xruns: u64, patience: &Patience) -> (u64, Option<Trouble>) {
        let mut watch = Watch::new(ms.start, 48_000);
        for now_ms in ms.clone().step_by(200) {
            let passed = now_ms - ms.start;
            let reading = Reading {
                beats: 1 + passed,
                frames: passed * frames / 1000,
                xruns: (passed * xruns / 1000) as u32,
                ..Reading::default()
            };
            if let Some(trouble) = watch.look(now_ms, reading, patience) {
                return (passed, Some(trouble));
            }
        }
        (ms.end - ms.start, None)
    }

    #[test]
    fn a_card_that_is_well_stays_open() {
        let patience = Patience::default();
        for (frames, xruns) in [(48_000, 0), (48_100, 3), (47_000, 9)] {
            assert_eq!(run(5_000..3_600_000, frames, xruns, &patience).1, None);
        }
    }

    #[test]
    fn a_card_that_does_not_call_back_is_closed() {
        let mut watch = Watch::new(0, 48_000);
        let patience = Patience::default();
        let mut look =
            |now_ms, beats, paused| watch.look(now_ms, Reading { beats, paused, ..Reading::default() }, &patience);
        assert_eq!(look(3_900, 0, false), None, "it may take its time to begin");
        assert_eq!(look(4_000, 1, false), None);
        assert_eq!(look(4_800, 1, false), None);
        assert_eq!(look(4_900, 1, false), Some(Trouble::Silent));
        assert_eq!(look(60_000, 1, true), Some(Trouble::Paused), "a pause is none of its faults");
        assert_eq!(look(90_000, 1, true), None, "however long");
        assert_eq!(look(90_200, 1, false), Some(Trouble::Resumed));
    }

    #[test]
    fn a_card_without_a_clock_is_found_at_once() {
        let (after_ms, trouble) = run(0..60_000, 100 * 48_000, 0, &Patience::default());
        assert_eq!((after_ms, trouble), (200, Some(Trouble::Runaway)));
    }

    #[test]
    fn storms_are_ended_by_opening_the_card_anew_but_not_over_and_over() {
        let mut patience = Patience::default();
        let mut lasted = Vec::new();
        for _ in 0..7 {
            let (after_ms, trouble) = run(0..1_000_000, 48_000, 20, &patience);
            assert_eq!(trouble, Some(Trouble::Storm));
            assert_eq!(patience.after(Trouble::Storm, after_ms), 0);
            lasted.push(after_ms / 1000);
        }
        assert_eq!(lasted, [5, 10, 20, 40, 80, 160, 160]);
        patience.after(Trouble::Storm, 1_000_000);
        assert_eq!(run(0..60_000, 48_000, 20, &patience).0, 5_000, "after calm weather as at first");
    }

    #[test]
    fn what_fails_again_and_again_is_tried_less_often() {
        let mut patience = Patience::default();
        let waits: Vec<u64> = (0..5).map(|_| patience.after(Trouble::Failed, 100)).collect();
        assert_eq!(waits, [0, 1_000, 2_000, 4_000, 4_000]);
        assert_eq!(patience.after(Trouble::Silent, 60_000), 0, "once in a while is another thing");
    }

    #[test]
    fn sleep_is_told_from_waiting() {
        assert!(!slept(1_000, 1_200) && !slept(1_000, 2_500));
        assert!(slept(1_000, 60_000));
        assert_eq!(Patience::default().after(Trouble::Slept, 100), 0);
    }
}
