//! What calls have found out about a microphone and a speaker, for the next call with the two.

use std::sync::{Arc, Mutex, PoisonError};

use crate::media::{device::keeper::InUse, processing::Processor};

/// So many pairs are remembered.
const PAIRS_MAX: usize = 16;

/// A microphone and a speaker, in words.
type Pair = (String, String);

/// Pairs of microphone and speaker of which the one does not hear the other: a headset. A call with them need not find
/// that out anew, with a canceller that expects an echo in the meantime. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Rooms(Arc<Mutex<Vec<Pair>>>);

impl Rooms {
    fn is_silent(&self, pair: &Pair) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(pair)
    }

    fn note(&self, pair: Pair, silent: bool) {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pairs.contains(&pair) == silent {
            return;
        }
        if silent {
            if pairs.len() == PAIRS_MAX {
                pairs.remove(0);
            }
            pairs.push(pair);
        } else {
            pairs.retain(|known| *known != pair);
        }
    }
}

/// The room of one session.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) rooms: Rooms,
    pub(super) microphone: InUse,
    pub(super) speaker: InUse,
}

impl Room {
    /// Microphone or speaker are others now.
    pub(super) fn changed(&self, processor: &mut Processor) {
        processor.room_changed(self.pair().is_some_and(|pair| self.rooms.is_silent(&pair)));
    }

    /// Remembers what the processor has found out.
    pub(super) fn learn(&self, processor: &Processor) {
        if let (Some(pair), Some(silent)) = (self.pair(), processor.hears_no_speaker()) {
            self.rooms.note(pair, silent);
        }
    }

    fn pair(&self) -> Option<Pair> {
        let name = |in_use: &InUse| in_use.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some((name(&self.microphone)?, name(&self.speaker)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{frame::FRAME, processing::Settings};

    fn room(rooms: &Rooms, microphone: &str) -> Room {
        let in_use = |name: &str| Arc::new(Mutex::new(Some(name.to_owned())));
        Room { rooms: rooms.clone(), microphone: in_use(microphone), speaker: in_use("Headphones") }
    }

    /// The other side talks for some seconds, and the microphone hears a share of it.
    fn talk(processor: &mut Processor, share: f32) {
        for i in 0..1200 {
            let far = std::array::from_fn(|k| ((i * FRAME + k) as f32 * 0.7).sin() * (i as f32 * 0.1).sin() * 0.5);
            processor.render(&far);
            processor.capture(&mut [far.map(|sample| sample * share); 2]);
        }
    }

    #[test]
    fn a_headset_is_known_in_the_next_call_and_nothing_else_is() {
        let rooms = Rooms::default();
        let settings = Settings { echo_cancelling: true, ..Settings::NONE };
        let (headset, desk) = (room(&rooms, "Headset"), room(&rooms, "Desk"));
        let mut processor = Processor::new(settings);
        headset.changed(&mut processor);
        assert_eq!(processor.hears_no_speaker(), Some(false));
        talk(&mut processor, 0.0);
        headset.learn(&processor);
        for (room, known) in [(&headset, true), (&desk, false), (&room(&rooms, ""), false)] {
            let mut next = Processor::new(settings);
            room.changed(&mut next);
            assert_eq!(next.hears_no_speaker(), Some(known), "{room:?}");
        }
        // What is not there any more is not remembered.
        let mut processor = Processor::new(settings);
        headset.learn(&processor);
        headset.changed(&mut processor);
        assert_eq!(processor.hears_no_speaker(), Some(false));
        assert_eq!(Processor::new(Settings::NONE).hears_no_speaker(), None, "nobody listens");
        for i in 0..40 {
            rooms.note((i.to_string(), String::new()), true);
        }
        assert_eq!(rooms.0.lock().map(|pairs| pairs.len()).ok(), Some(PAIRS_MAX));
    }
}
