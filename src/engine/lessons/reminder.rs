//! A gentle reminder: who speaks for a while with the hand still up may have forgotten it. Pure: it is told the time.

/// What is louder than this is speech, dBFS.
const SPEECH_DBFS: f32 = -45.0;
/// So much speech is no slip of the tongue, ms.
const LONG_MS: u64 = 5_000;
/// A pause of so long does not end a speech, ms.
const PAUSE_MS: u64 = 3_000;

/// Listens to the own microphone while the own hand is up.
#[derive(Debug, Default)]
pub(in crate::engine) struct Reminder {
    /// When the speech began, and when it was heard last.
    speech: Option<(u64, u64)>,
    /// Of this hand the person has been reminded.
    reminded: bool,
}

impl Reminder {
    /// Takes the level of now, as far as others hear it; `waits`: the own hand is up, without a floor. `true`: it is time
    /// to remind, once for each hand.
    pub(in crate::engine) fn hear(&mut self, now_ms: u64, level_dbfs: Option<f32>, waits: bool) -> bool {
        if !waits {
            *self = Self::default();
            return false;
        }
        if level_dbfs.is_none_or(|level| level <= SPEECH_DBFS) {
            return false;
        }
        let goes_on = self.speech.filter(|(_, last)| now_ms.saturating_sub(*last) <= PAUSE_MS);
        let since = goes_on.map_or(now_ms, |(since, _)| since);
        self.speech = Some((since, now_ms));
        now_ms.saturating_sub(since) >= LONG_MS && !std::mem::replace(&mut self.reminded, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: Option<f32> = Some(-30.0);
    const NOISE: Option<f32> = Some(-45.0);

    /// When it reminds, hearing each of these for so long, ten times a second.
    fn reminds(reminder: &mut Reminder, from_ms: u64, heard: &[(u64, Option<f32>, bool)]) -> Vec<u64> {
        let mut now_ms = from_ms;
        let mut times = Vec::new();
        for (for_ms, level, waits) in heard {
            let end = now_ms + for_ms;
            while now_ms < end {
                if reminder.hear(now_ms, *level, *waits) {
                    times.push(now_ms);
                }
                now_ms += 100;
            }
        }
        times
    }

    #[test]
    fn five_seconds_of_speech_remind_once_of_each_hand() {
        let mut reminder = Reminder::default();
        assert_eq!(reminds(&mut reminder, 0, &[(20_000, LOUD, true)]), [5_000]);
        assert!(reminds(&mut reminder, 20_000, &[(9_000, NOISE, true), (9_000, LOUD, true)]).is_empty());
        let again = [(100, NOISE, false), (1_900, NOISE, true), (9_000, LOUD, true)];
        assert_eq!(reminds(&mut reminder, 40_000, &again), [47_000], "another hand");
    }

    #[test]
    fn short_pauses_are_bridged_and_long_ones_are_not() {
        let speech = |pause_ms| [(3_000, LOUD, true), (pause_ms, NOISE, true), (2_500, LOUD, true)];
        assert_eq!(reminds(&mut Reminder::default(), 0, &speech(2_900)), [5_900]);
        assert!(reminds(&mut Reminder::default(), 0, &speech(3_100)).is_empty());
    }

    #[test]
    fn nobody_is_reminded_without_hand_or_unheard() {
        assert!(reminds(&mut Reminder::default(), 0, &[(20_000, LOUD, false)]).is_empty());
        assert!(reminds(&mut Reminder::default(), 0, &[(20_000, NOISE, true), (20_000, None, true)]).is_empty());
        // What was said before the hand was up does not count.
        let mut reminder = Reminder::default();
        assert_eq!(reminds(&mut reminder, 0, &[(4_000, LOUD, false), (6_000, LOUD, true)]), [9_000]);
    }
}
