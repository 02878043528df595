//! From the microphone to packets: gain, level, mute, codec. Pure: 10 ms in, packets out.

use super::{
    frame::{FRAME, Frame, StereoFrame, mono},
    level::{Glide, Meter, SILENT_DBFS, SpeechWatch, dbfs, level_byte},
    opus::{Application, DTX_MAX_BYTES, Encoder, OpusError, PACKET_MAX_BYTES, Settings},
};
use crate::protocol::{
    SourceId,
    media::{Header, Kind, Report},
};

/// Bit rate of voice, bit/s.
const BITRATE: u32 = 32_000;
/// Whoever is muted is told so no more often than this, frames (30 s).
const MUTED_NOTICE_FRAMES: u32 = 3000;

/// What a person sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// The microphone is closed.
    pub muted: bool,
    /// Gain of the microphone, 0.0 to 2.0.
    pub gain: f32,
    /// Music instead of speech: stereo and a high bit rate.
    pub music: bool,
}

/// Below this probability a frame counts as noise, however loud it is.
const SPEECH: f32 = 0.5;
/// How much quieter noise is said to be than it is, dB: it takes no speaker's place.
const NOISE_BELOW: f32 = 30.0;

/// What came of 10 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fed {
    /// Level before muting, dBFS, for a meter.
    pub level_dbfs: f32,
    /// Somebody has been speaking into the closed microphone; told at most every 30 s.
    pub muted_while_speaking: bool,
}

/// The way out of one participant.
#[derive(Debug)]
pub struct Uplink {
    source: SourceId,
    encoder: Encoder,
    gain: Glide,
    open: Glide,
    meter: Meter,
    watch: SpeechWatch,
    /// Frames until the next notice may be given.
    notice_rest: u32,
    /// Worst loss that a listener reports, percent.
    loss_percent: f32,
    sequence: u32,
    timestamp: u32,
    /// The last frame was silence, so that the next one need not be sent.
    silent: bool,
    /// Frames were left out since the last packet.
    pausing: bool,
}

impl Uplink {
    /// A way out. The numbers begin as given: random ones, so that a session that starts again is not taken for
    /// stragglers of the last one.
    ///
    /// # Errors
    /// If there is no memory for an encoder.
    pub fn new(source: SourceId, controls: Controls, sequence: u32, timestamp: u32) -> Result<Self, OpusError> {
        Ok(Self {
            source,
            encoder: Encoder::new(Application::Voice, 1, Settings { fec: true, ..Settings::voice(BITRATE) })?,
            gain: Glide::new(controls.gain),
            open: Glide::new(if controls.muted { 0.0 } else { 1.0 }),
            meter: Meter::default(),
            watch: SpeechWatch::default(),
            notice_rest: 0,
            loss_percent: 0.0,
            sequence,
            timestamp,
            silent: false,
            pausing: true,
        })
    }

    /// Takes in how a listener hears this participant.
    pub fn report(&mut self, _listener: SourceId, report: &Report) {
        // Up at once, down slowly: correction is needed before the next loss, not after it.
        let new = f32::from(report.lost) * 100.0 / 255.0;
        self.loss_percent = new.max(self.loss_percent * 0.9);
    }

    /// Takes 10 ms from the microphone, and gives packets to `send`. `speech` is how probable it is that somebody speaks,
    /// 0.0 to 1.0; 1.0 if nobody knows.
    pub fn feed(&mut self, frame: &StereoFrame, speech: f32, controls: Controls, send: &mut dyn FnMut(Vec<u8>)) -> Fed {
        let mut frame = mono(frame);
        frame.iter_mut().for_each(|s| *s = if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 });
        self.gain.apply(controls.gain, &mut frame);
        self.meter.feed(&frame);
        let muted_while_speaking = self.watch_muted(controls.muted, dbfs(&frame));
        self.open.apply(if controls.muted { 0.0 } else { 1.0 }, &mut frame);
        let level_dbfs = dbfs(&frame) - if speech < SPEECH && !controls.music { NOISE_BELOW } else { 0.0 };
        self.encode(&frame, level_dbfs, send);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        Fed { level_dbfs: self.meter.dbfs(), muted_while_speaking }
    }

    fn watch_muted(&mut self, muted: bool, level_dbfs: f32) -> bool {
        self.notice_rest = self.notice_rest.saturating_sub(1);
        if !muted {
            self.watch.reset();
            return false;
        }
        let told = self.watch.feed(level_dbfs) && self.notice_rest == 0;
        if told {
            self.notice_rest = MUTED_NOTICE_FRAMES;
            self.watch.reset();
        }
        told
    }

    fn encode(&mut self, frame: &Frame, level_dbfs: f32, send: &mut dyn FnMut(Vec<u8>)) {
        self.encoder.expect_loss(self.loss_percent.round() as u8);
        let mut buffer = [0; PACKET_MAX_BYTES];
        let Ok(payload) = self.encoder.encode(frame, &mut buffer) else { return };
        let silent = payload.len() <= DTX_MAX_BYTES;
        // The first silent frame says that a pause begins; the rest of it is not sent.
        if silent && std::mem::replace(&mut self.silent, true) {
            self.pausing = true;
            return;
        }
        self.silent = silent;
        let header = Header {
            kind: Kind::Audio,
            marker: self.pausing,
            stereo: false,
            redundant: false,
            level: level_byte(level_dbfs.max(SILENT_DBFS)),
            source: self.source,
            sequence: self.sequence,
            timestamp: self.timestamp,
        };
        self.pausing = false;
        self.sequence = self.sequence.wrapping_add(1);
        send(header.packet(payload));
    }
}
