//! What calls have found out about a microphone and a speaker, for the next call with the two.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::media::{device::keeper::InUse, processing::Processor};

/// So many pairs are remembered.
const PAIRS_MAX: usize = 16;

/// A microphone and a speaker, in words.
type Pair = (String, String);

/// Pairs of microphone and speaker of which the one does not hear the other. A call with them need not find that out
/// anew, with a canceller that expects an echo in the meantime. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Headsets(Arc<Mutex<Vec<Pair>>>);

impl Headsets {
    fn pairs(&self) -> MutexGuard<'_, Vec<Pair>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, pair: Pair, is_headset: bool) {
        let mut pairs = self.pairs();
        if pairs.contains(&pair) == is_headset {
            return;
        }
        if is_headset {
            if pairs.len() == PAIRS_MAX {
                pairs.remove(0);
            }
            pairs.push(pair);
        } else {
            pairs.retain(|known| *known != pair);
        }
    }
}

/// Lets the processor of a session know what is known, and remembers what it finds out.
#[derive(Debug)]
pub(super) struct HeadsetWatch {
    headsets: Headsets,
    microphone: InUse,
    speaker: InUse,
    /// The pair that the processor works with; `None` until it has been looked at.
    pair: Option<Pair>,
}

impl HeadsetWatch {
    pub(super) fn new(headsets: Headsets, microphone: InUse, speaker: InUse) -> Self {
        Self { headsets, microphone, speaker, pair: None }
    }

    /// Microphone or speaker are others now. What they are called is told only after they have begun to work.
    pub(super) fn changed(&mut self, processor: &mut Processor) {
        self.pair = None;
        processor.room_changed();
    }

    /// To be called now and then.
    pub(super) fn look(&mut self, processor: &mut Processor) {
        let name = |in_use: &InUse| in_use.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let now = name(&self.microphone).zip(name(&self.speaker));
        if self.pair != now {
            if now.as_ref().is_some_and(|now| self.headsets.pairs().contains(now)) {
                processor.expect_no_echo();
            }
            self.pair = now;
        } else if let (Some(pair), Some(hears)) = (now, processor.hears_speaker()) {
            self.headsets.note(pair, !hears);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{frame::Frame, processing::Settings};

    fn watch(headsets: &Headsets, microphone: &str) -> HeadsetWatch {
        let in_use = |name: &str| Arc::new(Mutex::new(Some(name.to_owned())));
        HeadsetWatch::new(headsets.clone(), in_use(microphone), in_use("Headphones"))
    }

    fn processor() -> Processor {
        Processor::new(Settings { echo_cancelling: true, ..Settings::NONE })
    }

    /// The other side talks for some seconds, and the microphone hears a share of it, besides its own noise.
    fn talk(processor: &mut Processor, share: f32) {
        let mut dice = crate::media::processing::room::Dice::new(5);
        for i in 0..1200 {
            let loud = 0.5 + 0.4 * (i as f32 * 0.1).sin();
            let far: Frame = std::array::from_fn(|_| dice.white() * loud);
            processor.render(&far);
            let near = std::array::from_fn(|k| far[k] * share + dice.white() * 2e-4);
            processor.capture(&mut [near; 2]);
        }
    }

    #[test]
    fn a_headset_is_known_in_the_next_call_and_nothing_else_is() {
        let headsets = Headsets::default();
        let (mut headset, mut first) = (watch(&headsets, "Headset"), processor());
        headset.changed(&mut first);
        headset.look(&mut first);
        assert_eq!(first.hears_speaker(), None);
        talk(&mut first, 0.0);
        headset.look(&mut first);
        for (microphone, expected) in [("Headset", Some(false)), ("Desk", None), ("", None)] {
            let (mut next, mut room) = (processor(), watch(&headsets, microphone));
            room.changed(&mut next);
            room.look(&mut next);
            assert_eq!(next.hears_speaker(), expected, "{microphone}");
        }
    }

    #[test]
    fn what_is_known_of_one_pair_is_never_said_of_the_next() {
        let headsets = Headsets::default();
        let (mut room, mut processor) = (watch(&headsets, "Headset"), processor());
        room.look(&mut processor);
        talk(&mut processor, 0.0);
        room.look(&mut processor);
        // The name is there before the talking thread has seen the device.
        *room.microphone.lock().expect("no thread panicked") = Some("Desk".into());
        room.look(&mut processor);
        room.changed(&mut processor);
        room.look(&mut processor);
        room.look(&mut processor);
        assert_eq!(*headsets.pairs(), [("Headset".to_owned(), "Headphones".to_owned())]);
    }

    #[test]
    fn an_echo_makes_forget_and_there_is_an_end_to_remembering() {
        let headsets = Headsets::default();
        let (mut room, mut processor) = (watch(&headsets, "Headset"), processor());
        headsets.note(("Headset".into(), "Headphones".into()), true);
        room.look(&mut processor);
        assert_eq!(processor.hears_speaker(), Some(false));
        talk(&mut processor, 0.3);
        assert_eq!(processor.hears_speaker(), Some(true));
        room.look(&mut processor);
        assert!(headsets.pairs().is_empty());
        for i in 0..40 {
            headsets.note((i.to_string(), String::new()), true);
        }
        assert_eq!(headsets.pairs().len(), PAIRS_MAX);
    }
}
