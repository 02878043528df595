//! The listening thread: packets to the downlink, its frames to the speaker, its reports to the sink.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::Receiver},
    time::{Duration, Instant},
};

use rtrb::Producer;

use super::{
    echo::Played,
    shared::{HeardBy, Shared},
};
use crate::{
    media::{
        device::{
            ends::{OFF_WAIT, Outlet},
            keeper::End,
            priority::{self, Rest},
        },
        downlink::Downlink,
    },
    protocol::media::Header,
};

/// The longest sleep: how quickly the thread ends.
const LONGEST_WAIT: Duration = Duration::from_millis(10);
/// Frames between two pictures of the statistics.
const PICTURE_FRAMES: u32 = 5;

pub(super) struct Listen {
    shared: Arc<Shared>,
    outlets: Receiver<Outlet>,
    reports: Producer<HeardBy>,
    played: Played,
    downlink: Downlink,
    frames: u32,
}

impl Listen {
    pub(super) fn new(
        shared: Arc<Shared>,
        outlets: Receiver<Outlet>,
        reports: Producer<HeardBy>,
        played: Played,
    ) -> Self {
        let downlink = Downlink::new(shared.source, shared.speaker_volume.get());
        Self { shared, outlets, reports, played, downlink, frames: 0 }
    }

    pub(super) fn run(mut self) {
        priority::raise();
        let mut rest = Rest::default();
        let mut outlet = Outlet::absent();
        while !self.shared.stop.load(Relaxed) {
            if let Some(newest) = self.outlets.try_iter().last() {
                outlet = newest;
                self.shared.speakers.fetch_add(1, Relaxed);
            }
            if matches!(outlet, Outlet::Off) {
                self.pass();
                rest.park(OFF_WAIT);
                continue;
            }
            if let Some(wait) = outlet.wait() {
                // A card that can do so wakes this thread when it has taken something.
                rest.park(wait.min(LONGEST_WAIT));
                continue;
            }
            self.obey();
            self.take_packets();
            let now = self.shared.samples(Instant::now());
            self.downlink.set_levelling(self.shared.treatment().levels());
            let frame = self.downlink.mix(now, self.shared.speaker_volume.get());
            self.played.push(&frame);
            if !outlet.push(&frame) {
                tracing::warn!("The recording of the speaker cannot be written any more.");
                outlet = Outlet::absent();
            }
            self.downlink.report(now, &mut |packet| self.shared.send(packet));
            self.frames = self.frames.wrapping_add(1);
            if self.frames.is_multiple_of(PICTURE_FRAMES) {
                self.publish();
            }
            rest.worked();
        }
    }

    /// Nobody hears what comes: it is looked at, and neither decoded nor mixed.
    fn pass(&mut self) {
        self.obey();
        self.take_packets();
        let now = self.shared.samples(Instant::now());
        self.downlink.pass(now);
        self.downlink.report(now, &mut |packet| self.shared.send(packet));
        self.publish();
    }

    /// Does what was asked for since the last frame.
    fn obey(&mut self) {
        let wishes = std::mem::take(&mut self.shared.voices().wishes);
        for (source, volume) in wishes.volumes {
            self.downlink.set_volume(source, volume);
        }
        for source in wishes.left {
            self.downlink.forget(source);
        }
    }

    fn take_packets(&mut self) {
        for (arrival, packet) in self.shared.inbox.take() {
            self.shared.received.fetch_add(1, Relaxed);
            let taken = Header::parse(&packet).is_ok_and(|(header, payload)| self.take(arrival, header, payload));
            if !taken {
                self.shared.rejected.fetch_add(1, Relaxed);
            }
        }
    }

    /// False for what makes no sense.
    fn take(&mut self, arrival: Instant, header: Header, payload: &[u8]) -> bool {
        match self.downlink.take(self.shared.samples(arrival), &header, payload) {
            Ok(Some(heard_by)) => {
                // Full: the talking thread stands still, and newer reports will come.
                let _ = self.reports.push(heard_by);
                true
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    fn publish(&self) {
        let mut voices = self.shared.voices();
        // Whoever has left meanwhile is not seen any more.
        let voices = &mut *voices;
        voices.stats.clear();
        voices.stats.extend(self.downlink.stats().filter(|stats| !voices.wishes.left.contains(&stats.source)));
    }
}
