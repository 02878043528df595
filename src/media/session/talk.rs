//! The talking thread: frames of the microphone to the uplink, its packets to the sink.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::Receiver},
    thread,
    time::Duration,
};

use rtrb::Consumer;

use super::{
    AudioNotice,
    shared::{HeardBy, Shared},
};
use crate::media::{
    device::{
        ends::Intake,
        keeper::{End, Notices},
    },
    frame::{SILENCE, StereoFrame},
    uplink::{Controls, Uplink},
};

/// The longest sleep: how quickly the thread ends.
const LONGEST_WAIT: Duration = Duration::from_millis(10);

pub(super) struct Talk {
    shared: Arc<Shared>,
    intakes: Receiver<Intake>,
    reports: Consumer<HeardBy>,
    notices: Notices,
    uplink: Option<Uplink>,
}

impl Talk {
    pub(super) fn new(
        shared: Arc<Shared>,
        intakes: Receiver<Intake>,
        reports: Consumer<HeardBy>,
        notices: Notices,
    ) -> Self {
        let begin = || getrandom::u32().unwrap_or(0);
        let uplink = Uplink::new(shared.source, controls(&shared), begin(), begin());
        let uplink = uplink.inspect_err(|error| tracing::error!("No encoder: {error}.")).ok();
        Self { shared, intakes, reports, notices, uplink }
    }

    pub(super) fn run(mut self) {
        let mut intake = Intake::absent();
        let mut frame = SILENCE;
        while !self.shared.stop.load(Relaxed) {
            if let Some(newest) = self.intakes.try_iter().last() {
                intake = newest;
            }
            match intake.next(&mut frame) {
                None => self.feed(&frame),
                Some(wait) => thread::sleep(wait.min(LONGEST_WAIT)),
            }
        }
    }

    fn feed(&mut self, frame: &StereoFrame) {
        let Some(uplink) = &mut self.uplink else { return };
        while let Ok((listener, report)) = self.reports.pop() {
            uplink.report(listener, &report);
        }
        if let Some(path) = self.shared.path().take() {
            uplink.path(&path);
        }
        let fed = uplink.feed(frame, 1.0, controls(&self.shared), &mut |packet| self.shared.send(packet));
        self.shared.microphone_level.set(fed.level_dbfs);
        if fed.muted_while_speaking {
            (self.notices)(AudioNotice::MutedWhileSpeaking);
        }
    }
}

fn controls(shared: &Shared) -> Controls {
    Controls { muted: shared.muted.load(Relaxed), gain: shared.microphone_gain.get(), music: false }
}
