//! Who speaks in a call, held long enough that a list in this order does not jump about.

use std::sync::Arc;

use crate::protocol::SourceId;

use super::state::ParticipantAudio;

/// What is below this is the noise of a room, dBFS.
const QUIET_DBFS: f32 = -50.0;
/// Who has spoken is among the speakers for so long after the last word, ms.
const HELD_MS: u64 = 8_000;

/// The speakers of a call. Pure: it is told the time.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    /// In the order in which they began, with the time of the last word.
    spoke: Vec<(SourceId, u64)>,
    shown: Arc<[SourceId]>,
}

impl Speakers {
    /// Takes the levels of now, and gives the speakers in the order in which they began.
    pub(super) fn hear(&mut self, now_ms: u64, participants: &[ParticipantAudio]) -> Arc<[SourceId]> {
        for heard in participants.iter().filter(|heard| heard.level_dbfs > QUIET_DBFS) {
            match self.spoke.iter_mut().find(|(source, _)| *source == heard.source) {
                Some((_, at)) => *at = now_ms,
                None => self.spoke.push((heard.source, now_ms)),
            }
        }
        self.spoke
            .retain(|(source, at)| now_ms < at + HELD_MS && participants.iter().any(|heard| heard.source == *source));
        let speakers = self.spoke.iter().map(|(source, _)| *source);
        if !self.shown.iter().copied().eq(speakers.clone()) {
            self.shown = speakers.collect();
        }
        self.shown.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(levels: &[(u32, f32)]) -> Vec<ParticipantAudio> {
        let of = |(source, level_dbfs): &(u32, f32)| ParticipantAudio {
            source: SourceId(*source),
            level_dbfs: *level_dbfs,
            volume: 1.0,
            concealed: 0.0,
            playout_delay_ms: 20,
        };
        levels.iter().map(of).collect()
    }

    fn order(speakers: &mut Speakers, now_ms: u64, levels: &[(u32, f32)]) -> Vec<u32> {
        speakers.hear(now_ms, &heard(levels)).iter().map(|source| source.0).collect()
    }

    #[test]
    fn speakers_keep_their_places_while_they_speak_and_a_while_longer() {
        let mut speakers = Speakers::default();
        assert_eq!(order(&mut speakers, 0, &[(1, -60.0), (2, -20.0)]), [2]);
        assert_eq!(order(&mut speakers, 1_000, &[(1, -20.0), (2, -10.0)]), [2, 1]);
        assert_eq!(order(&mut speakers, 2_000, &[(1, -10.0), (2, -127.0)]), [2, 1], "a breath");
        assert_eq!(order(&mut speakers, 9_100, &[(1, -127.0), (2, -127.0)]), [1], "2 has been silent for long");
        assert_eq!(order(&mut speakers, 9_200, &[(1, -127.0), (2, -20.0)]), [1, 2]);
        assert_eq!(order(&mut speakers, 9_300, &[(2, -20.0)]), [2], "1 is gone");
    }
}
