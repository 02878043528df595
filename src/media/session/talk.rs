//! The talking thread: frames of the microphone to the uplink, its packets to the sink.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::Receiver},
    time::Duration,
};

use rtrb::Consumer;

use super::{
    AudioNotice,
    echo::Reference,
    headsets::HeadsetWatch,
    shared::{HeardBy, Shared},
};
use crate::media::{
    device::{
        ends::{Intake, OFF_WAIT},
        keeper::{End, Notices},
        priority::{self, Rest},
    },
    frame::{SILENCE, StereoFrame},
    level::SILENT_DBFS,
    processing::Processor,
    uplink::{Controls, Uplink},
};

/// Frames between two pictures of the processing.
const PICTURE_FRAMES: u32 = 10;
/// The longest sleep: how quickly the thread ends.
const LONGEST_WAIT: Duration = Duration::from_millis(10);

pub(super) struct Talk {
    shared: Arc<Shared>,
    intakes: Receiver<Intake>,
    reports: Consumer<HeardBy>,
    reference: Reference,
    headset: HeadsetWatch,
    notices: Notices,
    processor: Processor,
    uplink: Option<Uplink>,
    frames: u32,
}

impl Talk {
    pub(super) fn new(
        shared: Arc<Shared>,
        intakes: Receiver<Intake>,
        reports: Consumer<HeardBy>,
        reference: Reference,
        headset: HeadsetWatch,
        notices: Notices,
    ) -> Self {
        let begin = || getrandom::u32().unwrap_or(0);
        let uplink = Uplink::new(shared.source, controls(&shared), begin(), begin());
        let uplink = uplink.inspect_err(|error| tracing::error!("No encoder: {error}.")).ok();
        let processor = Processor::new(shared.treatment().processing());
        Self { shared, intakes, reports, reference, headset, notices, processor, uplink, frames: 0 }
    }

    pub(super) fn run(mut self) {
        priority::raise();
        let mut rest = Rest::default();
        let mut intake = Intake::absent();
        let mut frame = SILENCE;
        while !self.shared.stop.load(Relaxed) {
            if let Some(newest) = self.intakes.try_iter().last() {
                intake = newest;
                self.headset.changed(&mut self.processor);
            }
            if matches!(intake, Intake::Off) {
                self.shared.microphone_level.set(SILENT_DBFS);
                rest.park(OFF_WAIT);
                continue;
            }
            match intake.next(&mut frame) {
                None => {
                    let speech = self.process(&mut frame);
                    self.feed(&frame, speech);
                    rest.worked();
                }
                // A card that can do so wakes this thread when there is more.
                Some(wait) => rest.park(wait.min(LONGEST_WAIT)),
            }
        }
    }

    /// Echo, noise and loudness; returns how probable it is that somebody speaks.
    fn process(&mut self, frame: &mut StereoFrame) -> f32 {
        self.processor.set(self.shared.treatment().processing());
        self.reference.take(&self.shared, &mut self.headset, &mut self.processor);
        let speech = self.processor.capture(frame);
        self.frames = self.frames.wrapping_add(1);
        if self.frames.is_multiple_of(PICTURE_FRAMES) {
            *self.shared.picture() = self.processor.picture();
            self.headset.look(&mut self.processor);
        }
        speech
    }

    fn feed(&mut self, frame: &StereoFrame, speech: f32) {
        let Some(uplink) = &mut self.uplink else { return };
        while let Ok((listener, report)) = self.reports.pop() {
            uplink.report(listener, &report);
        }
        if let Some(path) = self.shared.path().take() {
            uplink.path(&path);
        }
        let fed = uplink.feed(frame, speech, controls(&self.shared), &mut |packet| self.shared.send(packet));
        self.shared.microphone_level.set(fed.level_dbfs);
        if fed.muted_while_speaking {
            (self.notices)(AudioNotice::MutedWhileSpeaking);
        }
    }
}

fn controls(shared: &Shared) -> Controls {
    Controls {
        muted: shared.muted.load(Relaxed),
        closed: shared.closed.load(Relaxed),
        gain: shared.microphone_gain.get(),
        music: shared.treatment().music,
    }
}
