//! The listening thread: packets, one voice per source, mixer, speaker; and once a second a report to each source.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::Receiver},
    thread,
    time::{Duration, Instant},
};

use super::{ParticipantStats, shared::Shared};
use crate::{
    media::{
        device::{ends::Outlet, keeper::End},
        frame::FRAME,
        level::{Glide, Meter},
        mixer::Mixer,
        voice::Voice,
    },
    protocol::{
        SourceId,
        media::{Header, Kind, LEVEL_SILENT, Report},
    },
};

/// Sources heard at once at most; who has been silent longest makes room.
const VOICES_MAX: usize = 64;
/// A source that has been silent for so long may be replaced.
const REPLACEABLE: Duration = Duration::from_secs(3);
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Frames between two pictures of the statistics.
const PICTURE_FRAMES: u32 = 5;
/// Longer round trips are noise.
const RTT_MAX_US: u64 = 60_000_000;

struct Heard {
    voice: Voice,
    meter: Meter,
    volume: Glide,
    loss: f32,
    last: Instant,
}

pub(super) struct Listen {
    shared: Arc<Shared>,
    outlets: Receiver<Outlet>,
    heard: BTreeMap<SourceId, Heard>,
    mixer: Mixer,
    reports: u32,
    frames: u32,
}

impl Listen {
    pub(super) fn new(shared: Arc<Shared>, outlets: Receiver<Outlet>) -> Self {
        let mixer = Mixer::new(shared.speaker_volume.get());
        Self { shared, outlets, heard: BTreeMap::new(), mixer, reports: 0, frames: 0 }
    }

    pub(super) fn run(mut self) {
        let mut outlet = Outlet::absent();
        let mut next_report = Instant::now() + REPORT_EVERY;
        while !self.shared.stop.load(Relaxed) {
            if let Some(newest) = self.outlets.try_iter().last() {
                outlet = newest;
            }
            if let Some(wait) = outlet.wait() {
                thread::sleep(wait.min(Duration::from_millis(10)));
                continue;
            }
            let now = Instant::now();
            self.take_packets();
            let frame = self.mix(now);
            if !outlet.push(&frame) {
                tracing::warn!("The recording of the speaker cannot be written any more.");
                outlet = Outlet::absent();
            }
            if now >= next_report {
                next_report = now + REPORT_EVERY;
                self.report();
            }
        }
    }

    fn take_packets(&mut self) {
        let left = std::mem::take(&mut self.shared.voices().left);
        for source in left {
            self.heard.remove(&source);
        }
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
        match header.kind {
            Kind::Audio => self.hear(arrival, header, payload),
            Kind::Report => {
                let Ok(report) = Report::parse(payload) else { return false };
                if report.about == self.shared.source {
                    // Up at once, down slowly: correction is needed before the next loss, not after it.
                    let old = f32::from(self.shared.loss_percent.load(Relaxed));
                    let new = f32::from(report.lost) * 100.0 / 255.0;
                    self.shared.loss_percent.store(new.max(old * 0.9).round() as u8, Relaxed);
                }
                true
            }
            Kind::Pong => {
                let Ok(sent) = payload.try_into().map(u64::from_be_bytes) else { return false };
                let Some(rtt) = self.shared.micros(arrival).checked_sub(sent).filter(|rtt| *rtt < RTT_MAX_US) else {
                    return false;
                };
                let (old, new) = (self.shared.rtt_ms.get(), rtt as f32 / 1000.0);
                self.shared.rtt_ms.set(if old.is_finite() { old + (new - old) / 4.0 } else { new });
                true
            }
            // Only a relay is asked.
            Kind::Ping => false,
        }
    }

    fn hear(&mut self, arrival: Instant, header: Header, payload: &[u8]) -> bool {
        if !self.heard.contains_key(&header.source) && !self.welcome(header.source, arrival) {
            return false;
        }
        let now = self.shared.samples(arrival);
        let Some(heard) = self.heard.get_mut(&header.source) else { return false };
        heard.last = arrival;
        heard.voice.insert(now, header.sequence, header.timestamp, payload);
        true
    }

    fn welcome(&mut self, source: SourceId, now: Instant) -> bool {
        if self.heard.len() >= VOICES_MAX {
            let quietest = self.heard.iter().min_by_key(|(_, heard)| heard.last);
            match quietest.filter(|(_, heard)| now.saturating_duration_since(heard.last) > REPLACEABLE) {
                Some((&quietest, _)) => self.heard.remove(&quietest),
                None => return false,
            };
        }
        let Ok(voice) = Voice::new() else { return false };
        let volume = Glide::new(self.shared.voices().volume(source));
        self.heard.insert(source, Heard { voice, meter: Meter::default(), volume, loss: 0.0, last: now });
        true
    }

    fn mix(&mut self, now: Instant) -> [f32; FRAME] {
        let now = self.shared.samples(now);
        let volumes: Vec<f32> = {
            let voices = self.shared.voices();
            self.heard.keys().map(|source| voices.volume(*source)).collect()
        };
        let mut frame = [0.0; FRAME];
        for (heard, volume) in self.heard.values_mut().zip(volumes) {
            heard.voice.pull(now, &mut frame);
            heard.meter.feed(&frame);
            heard.volume.apply(volume, &mut frame);
            self.mixer.add(&frame);
        }
        self.frames = self.frames.wrapping_add(1);
        if self.frames.is_multiple_of(PICTURE_FRAMES) {
            self.publish();
        }
        self.mixer.finish(self.shared.speaker_volume.get())
    }

    fn publish(&self) {
        let stats = self.heard.iter().map(|(&source, heard)| ParticipantStats {
            source,
            level_dbfs: heard.meter.dbfs(),
            loss: heard.loss,
            concealed: heard.voice.concealed(),
            jitter_ms: heard.voice.jitter_ms(),
            playout_delay_ms: heard.voice.playout_delay_ms(),
        });
        let stats: Vec<ParticipantStats> = stats.collect();
        let mut voices = self.shared.voices();
        voices.stats = stats;
        let left = std::mem::take(&mut voices.left);
        voices.stats.retain(|stats| !left.contains(&stats.source));
        voices.left = left;
    }

    fn report(&mut self) {
        for (&about, heard) in &mut self.heard {
            let interval = heard.voice.take_interval();
            if interval.expected == 0 {
                continue;
            }
            heard.loss += (interval.loss() - heard.loss) / 3.0;
            let report = Report {
                about,
                lost: (interval.loss() * 255.0).round() as u8,
                jitter_ms: heard.voice.jitter_ms() as u16,
                playout_delay_ms: heard.voice.playout_delay_ms() as u16,
                longest_gap_ms: 0,
                concealed: (heard.voice.concealed() * 255.0).round() as u8,
            };
            let header = Header {
                kind: Kind::Report,
                marker: false,
                stereo: false,
                redundant: false,
                level: LEVEL_SILENT,
                source: self.shared.source,
                sequence: self.reports,
                timestamp: 0,
            };
            self.reports = self.reports.wrapping_add(1);
            self.shared.send(header.packet(&report.to_bytes()));
        }
    }
}
