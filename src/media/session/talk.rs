//! The talking thread: microphone, gain, mute, encoder, packets; and once a second a ping.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed, mpsc::Receiver},
    thread,
    time::{Duration, Instant},
};

use super::{AudioNotice, shared::Shared};
use crate::{
    media::{
        device::{
            ends::Intake,
            keeper::{End, Notices},
        },
        frame::{FRAME, Frame},
        level::{Glide, Meter, SILENT_DBFS, SpeechWatch, dbfs, level_byte},
        opus::{DTX_MAX_BYTES, Encoder, PACKET_MAX_BYTES},
    },
    protocol::media::{Header, Kind, LEVEL_SILENT},
};

/// Bit rate of voice, bit/s.
const BITRATE: i32 = 32_000;
const PING_EVERY: Duration = Duration::from_secs(1);
/// Whoever is muted is told so no more often than this.
const MUTED_NOTICE_EVERY: Duration = Duration::from_secs(30);
/// The longest sleep: how quickly the thread ends.
const LONGEST_WAIT: Duration = Duration::from_millis(10);

pub(super) struct Talk {
    shared: Arc<Shared>,
    intakes: Receiver<Intake>,
    notices: Notices,
    encoder: Option<Encoder>,
    gain: Glide,
    open: Glide,
    meter: Meter,
    watch: SpeechWatch,
    warned: Option<Instant>,
    sequence: u32,
    timestamp: u32,
    pings: u32,
    /// The last frame was silence, so that the next one need not be sent.
    silent: bool,
    /// Frames were left out since the last packet.
    pausing: bool,
}

impl Talk {
    pub(super) fn new(shared: Arc<Shared>, intakes: Receiver<Intake>, notices: Notices) -> Self {
        let encoder = Encoder::new(BITRATE).inspect_err(|error| tracing::error!("No encoder: {error}.")).ok();
        // Random beginnings, so that a session that starts again is not taken for stragglers of the last one.
        let begin = || getrandom::u32().unwrap_or(0);
        Self {
            gain: Glide::new(shared.microphone_gain.get()),
            open: Glide::new(if shared.muted.load(Relaxed) { 0.0 } else { 1.0 }),
            shared,
            intakes,
            notices,
            encoder,
            meter: Meter::default(),
            watch: SpeechWatch::default(),
            warned: None,
            sequence: begin(),
            timestamp: begin(),
            pings: 0,
            silent: false,
            pausing: true,
        }
    }

    pub(super) fn run(mut self) {
        let mut intake = Intake::absent();
        let mut frame = [0.0; FRAME];
        let mut next_ping = Instant::now();
        while !self.shared.stop.load(Relaxed) {
            if let Some(newest) = self.intakes.try_iter().last() {
                intake = newest;
            }
            let now = Instant::now();
            if now >= next_ping {
                next_ping = now + PING_EVERY;
                self.ping(now);
            }
            match intake.next(&mut frame) {
                None => self.process(&mut frame),
                Some(wait) => thread::sleep(wait.min(LONGEST_WAIT)),
            }
        }
    }

    fn ping(&mut self, now: Instant) {
        let header = self.header(Kind::Ping, LEVEL_SILENT, self.pings);
        self.pings = self.pings.wrapping_add(1);
        self.shared.send(header.packet(&self.shared.micros(now).to_be_bytes()));
    }

    fn header(&self, kind: Kind, level: u8, sequence: u32) -> Header {
        Header {
            kind,
            marker: false,
            stereo: false,
            redundant: false,
            level,
            source: self.shared.source,
            sequence,
            timestamp: self.timestamp,
        }
    }

    fn process(&mut self, frame: &mut Frame) {
        frame.iter_mut().for_each(|s| *s = if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 });
        self.gain.apply(self.shared.microphone_gain.get(), frame);
        self.meter.feed(frame);
        self.shared.microphone_level.set(self.meter.dbfs());
        let muted = self.shared.muted.load(Relaxed);
        if muted {
            self.watch_muted(dbfs(frame));
        } else {
            self.watch.reset();
        }
        self.open.apply(if muted { 0.0 } else { 1.0 }, frame);
        self.encode(frame);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
    }

    fn watch_muted(&mut self, level: f32) {
        let now = Instant::now();
        let may = self.warned.is_none_or(|warned| now - warned >= MUTED_NOTICE_EVERY);
        if self.watch.feed(level) && may {
            self.warned = Some(now);
            self.watch.reset();
            (self.notices)(AudioNotice::MutedWhileSpeaking);
        }
    }

    fn encode(&mut self, frame: &Frame) {
        let Some(encoder) = &mut self.encoder else { return };
        encoder.expect_loss(self.shared.loss_percent.load(Relaxed));
        let mut buffer = [0; PACKET_MAX_BYTES];
        let Ok(payload) = encoder.encode(frame, &mut buffer) else { return };
        let silent = payload.len() <= DTX_MAX_BYTES;
        // The first silent frame says that a pause begins; the rest of it is not sent.
        if silent && std::mem::replace(&mut self.silent, true) {
            self.pausing = true;
            return;
        }
        self.silent = silent;
        let level = dbfs(frame).max(SILENT_DBFS);
        let header = Header { marker: self.pausing, ..self.header(Kind::Audio, level_byte(level), self.sequence) };
        self.pausing = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.shared.send(header.packet(payload));
    }
}
