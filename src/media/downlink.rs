//! From packets to the speaker: one voice per source, mixed; and reports to the sources. Pure: time is a number of
//! samples that the caller passes.

use std::collections::BTreeMap;

use super::{
    frame::{SILENCE, StereoFrame, ms},
    level::{Glide, Meter},
    leveller::Leveller,
    mixer::Mixer,
    payload::Payload,
    voice::Voice,
};
use crate::protocol::{
    SourceId,
    media::{Header, Kind, LEVEL_SILENT, Report},
};

/// Sources heard at once at most; who has been silent longest makes room.
const VOICES_MAX: usize = 64;
/// A source that has been silent for so long may be replaced, samples.
const REPLACEABLE: i64 = ms(3000);
/// Time between two reports, samples.
const REPORT_EVERY: i64 = ms(1000);
/// Volumes that are remembered at most.
const VOLUMES_MAX: usize = 4096;

/// A packet that makes no sense, or for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// How one participant is heard, over the last seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParticipantStats {
    /// Whose packets.
    pub source: SourceId,
    /// Level now, dBFS; -127.0 is silence.
    pub level_dbfs: f32,
    /// Packets that never came, 0.0 to 1.0.
    pub loss: f32,
    /// Sound that had to be made up, 0.0 to 1.0.
    pub concealed: f32,
    /// Mean deviation of the transit time, ms.
    pub jitter_ms: f32,
    /// Delay of the jitter buffer, ms.
    pub playout_delay_ms: f32,
}

#[derive(Debug)]
struct Heard {
    voice: Voice,
    meter: Meter,
    leveller: Leveller,
    volume: [Glide; 2],
    loss: f32,
    /// When the last packet came.
    last: i64,
}

/// The way in of one participant: everybody else, as heard here.
#[derive(Debug)]
pub struct Downlink {
    own: SourceId,
    heard: BTreeMap<SourceId, Heard>,
    /// Loudness by source, where it is not 1.0.
    volumes: BTreeMap<SourceId, f32>,
    mixer: Mixer,
    levelling: bool,
    reports: u32,
    next_report: i64,
}

impl Downlink {
    /// Nobody is heard yet. `own` is the source id of this participant, `volume` the loudness of all voices.
    pub fn new(own: SourceId, volume: f32) -> Self {
        let mixer = Mixer::new(volume);
        let (heard, volumes) = (BTreeMap::new(), BTreeMap::new());
        Self { own, heard, volumes, mixer, levelling: false, reports: 0, next_report: REPORT_EVERY }
    }

    /// Takes in a packet that arrived at `now`. A report about this participant comes back, with whose it is.
    ///
    /// # Errors
    /// If the packet makes no sense here; then nothing has changed.
    pub fn take(&mut self, now: i64, header: &Header, payload: &[u8]) -> Result<Option<(SourceId, Report)>, Refused> {
        match header.kind {
            Kind::Audio => {
                let payload = Payload::parse(payload, header.redundant).map_err(|_| Refused)?;
                self.hear(now, header, &payload).map(|()| None)
            }
            Kind::Report => {
                let report = Report::parse(payload).map_err(|_| Refused)?;
                Ok((report.about == self.own).then_some((header.source, report)))
            }
            // Between a link and its relay.
            Kind::Ping | Kind::Pong => Err(Refused),
        }
    }

    fn hear(&mut self, now: i64, header: &Header, payload: &Payload<'_>) -> Result<(), Refused> {
        if !self.heard.contains_key(&header.source) {
            self.welcome(header.source, now)?;
        }
        let heard = self.heard.get_mut(&header.source).ok_or(Refused)?;
        heard.last = now;
        heard.voice.insert(now, header, payload);
        Ok(())
    }

    fn welcome(&mut self, source: SourceId, now: i64) -> Result<(), Refused> {
        if self.heard.len() >= VOICES_MAX {
            let quietest = self.heard.iter().min_by_key(|(_, heard)| heard.last);
            let (&quietest, _) = quietest.filter(|(_, heard)| now - heard.last > REPLACEABLE).ok_or(Refused)?;
            self.heard.remove(&quietest);
        }
        let voice = Voice::new().map_err(|_| Refused)?;
        let volume = [Glide::new(self.volume(source)); 2];
        self.heard.insert(
            source,
            Heard { voice, meter: Meter::default(), leveller: Leveller::default(), volume, loss: 0.0, last: now },
        );
        Ok(())
    }

    fn volume(&self, source: SourceId) -> f32 {
        self.volumes.get(&source).copied().unwrap_or(1.0)
    }

    /// Loudness of one voice, also of one that has not been heard yet.
    pub fn set_volume(&mut self, source: SourceId, volume: f32) {
        if volume == 1.0 {
            self.volumes.remove(&source);
        } else if self.volumes.len() < VOLUMES_MAX {
            self.volumes.insert(source, volume);
        }
    }

    /// Brings all voices to a common loudness, or leaves them as they come.
    pub fn set_levelling(&mut self, on: bool) {
        self.levelling = on;
    }

    /// A participant has left: drops its buffers. Its volume is kept.
    pub fn forget(&mut self, source: SourceId) {
        self.heard.remove(&source);
    }

    /// The next 10 ms for the speaker, to be played from `now` on. `volume` is the loudness of all voices.
    pub fn mix(&mut self, now: i64, volume: f32) -> StereoFrame {
        let mut frame = SILENCE;
        for (source, heard) in &mut self.heard {
            let [left, right] = &mut frame;
            heard.voice.pull(now, left, right);
            heard.meter.feed(left);
            heard.leveller.apply(self.levelling, &mut frame);
            let volume = self.volumes.get(source).copied().unwrap_or(1.0);
            heard.volume.iter_mut().zip(&mut frame).for_each(|(glide, side)| glide.apply(volume, side));
            self.mixer.add(&frame);
        }
        self.mixer.finish(volume)
    }

    /// Lets the sound until `now` pass without making it. The levels are what the senders say.
    pub fn pass(&mut self, now: i64) {
        for heard in self.heard.values_mut() {
            heard.meter.set(-f32::from(heard.voice.pass(now)));
        }
    }

    /// Gives the reports that are due to `send`, as packets.
    pub fn report(&mut self, now: i64, send: &mut dyn FnMut(Vec<u8>)) {
        if now < self.next_report {
            return;
        }
        self.next_report = now + REPORT_EVERY;
        for (&about, heard) in &mut self.heard {
            let (interval, longest_gap_ms) = heard.voice.take_interval();
            if interval.expected == 0 {
                continue;
            }
            heard.loss += (interval.loss() - heard.loss) / 3.0;
            let report = Report {
                about,
                lost: (interval.loss() * 255.0).round() as u8,
                jitter_ms: heard.voice.jitter_ms() as u16,
                playout_delay_ms: heard.voice.playout_delay_ms() as u16,
                longest_gap_ms: longest_gap_ms.try_into().unwrap_or(u16::MAX),
                concealed: (heard.voice.concealed() * 255.0).round() as u8,
            };
            let header = Header {
                kind: Kind::Report,
                marker: false,
                stereo: false,
                redundant: false,
                level: LEVEL_SILENT,
                source: self.own,
                sequence: self.reports,
                timestamp: 0,
            };
            self.reports = self.reports.wrapping_add(1);
            send(header.packet(&report.to_bytes()));
        }
    }

    /// How everybody is heard now.
    pub fn stats(&self) -> impl Iterator<Item = ParticipantStats> {
        self.heard.iter().map(|(&source, heard)| ParticipantStats {
            source,
            level_dbfs: heard.meter.dbfs(),
            loss: heard.loss,
            concealed: heard.voice.concealed(),
            jitter_ms: heard.voice.jitter_ms(),
            playout_delay_ms: heard.voice.playout_delay_ms(),
        })
    }
}
