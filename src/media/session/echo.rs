//! What the speaker plays, on its way from the listening to the talking thread, which takes its echo out of the
//! microphone.

use std::sync::atomic::Ordering::Relaxed;

use rtrb::{Consumer, Producer, RingBuffer};

use super::{headsets::HeadsetWatch, shared::Shared};
use crate::media::{
    frame::{Frame, StereoFrame, mono},
    processing::Processor,
};

/// Frames that wait at most (0.5 s): then the microphone stands still.
const WAITING_MAX: usize = 50;
/// After a standstill of the microphone, older frames than the newest so many are not needed any more (50 ms).
const NEWEST: usize = 5;

/// The listening thread's end.
#[derive(Debug)]
pub(super) struct Played(Producer<Frame>);

/// The talking thread's end.
#[derive(Debug)]
pub(super) struct Reference {
    ring: Consumer<Frame>,
    /// Speakers that are known.
    speakers: u32,
    /// Times the two threads had lost each other.
    lost: u32,
}

/// Both ends.
pub(super) fn reference() -> (Played, Reference) {
    let (ours, theirs) = RingBuffer::new(WAITING_MAX);
    (Played(ours), Reference { ring: theirs, speakers: 0, lost: 0 })
}

impl Played {
    /// Tells what the speaker is given. Dropped if nobody takes it.
    pub(super) fn push(&mut self, frame: &StereoFrame) {
        let _ = self.0.push(mono(frame));
    }
}

impl Reference {
    /// Gives all that has been played since the last time to the processor: in time before the microphone's next frame,
    /// in which it may be heard.
    pub(super) fn take(&mut self, shared: &Shared, headset: &mut HeadsetWatch, processor: &mut Processor) {
        let speakers = shared.speakers.load(Relaxed);
        if speakers != self.speakers {
            self.speakers = speakers;
            headset.changed(processor);
        }
        let waiting = self.ring.slots();
        if waiting == WAITING_MAX {
            // Frames were dropped: what is left belongs to sound of half a second ago.
            self.lost += 1;
            tracing::debug!(times = self.lost, "the microphone stood still; the echo canceller starts anew");
            for _ in NEWEST..waiting {
                let _ = self.ring.pop();
            }
            headset.changed(processor);
        }
        while let Ok(frame) = self.ring.pop() {
            processor.render(&frame);
        }
    }
}
