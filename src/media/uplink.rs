//! From the microphone to packets: gain, level, mute, codec, copies of what was sent before. Pure: 10 ms in, packets out.
//! [`plan`](super::plan) says how.

use std::collections::VecDeque;

use super::{
    frame::{FRAME, Frame, StereoFrame, mono},
    level::{Glide, Meter, SILENT_DBFS, SpeechWatch, dbfs, level_byte},
    opus::{Application, Encoder, OpusError, PACKET_MAX_BYTES, silence_after},
    pauses::Pauses,
    payload::{EARLIER_UNIT, Payload, Redundant},
    plan::{PathView, Plan, Planner},
};
use crate::protocol::{
    SourceId,
    limits::MEDIA_PACKET_MAX_BYTES,
    media::{HEADER_BYTES, Header, Kind, LEVEL_SILENT, Report},
};

/// Packets of which copies can still be sent.
const SENT_MAX: usize = 8;
/// So many packets say that a pause begins: one may get lost.
const SILENCES: u32 = 2;
/// In a pause, listeners are told when its noise has changed by so much, dB...
const NEWS_DB: u8 = 4;
/// ... and no more often than this, frames (0.5 s).
const NEWS_FRAMES: u32 = 50;
/// Whoever is muted is told so no more often than this, frames (30 s).
const MUTED_NOTICE_FRAMES: u32 = 3000;

/// What a person sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// The microphone is closed.
    pub muted: bool,
    /// Nothing at all is to be sent: nobody would let it through.
    pub closed: bool,
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

/// A frame that was sent, for copies of it.
#[derive(Debug)]
struct Sent {
    sequence: u32,
    timestamp: u32,
    frame: Vec<u8>,
}

/// The way out of one participant.
#[derive(Debug)]
pub struct Uplink {
    source: SourceId,
    planner: Planner,
    encoder: Encoder,
    application: Application,
    stereo: bool,
    /// Samples taken in so far.
    now: i64,
    /// Sound of the packet under way, interleaved if stereo.
    gathered: Vec<f32>,
    /// Its level, dBFS.
    loudest: f32,
    /// What was sent last, the newest at the end; of this spell of sound only.
    sent: VecDeque<Sent>,
    gain: [Glide; 2],
    open: [Glide; 2],
    meter: Meter,
    watch: SpeechWatch,
    /// Frames until the next notice may be given.
    notice_rest: u32,
    sequence: u32,
    timestamp: u32,
    pauses: Pauses,
    /// Packets that said that silence follows.
    silences: u32,
    /// What such a packet consists of; `None` before the first sound.
    silence: Option<[u8; 1]>,
    /// What the last one said of the noise, -dBFS, and frames since then.
    told: (u8, u32),
    /// Packets were left out since the last one that was sent.
    pausing: bool,
}

impl Uplink {
    /// A way out. The numbers begin as given: random ones, so that a session that starts again is not taken for
    /// stragglers of the last one.
    ///
    /// # Errors
    /// If there is no memory for an encoder.
    pub fn new(source: SourceId, controls: Controls, sequence: u32, timestamp: u32) -> Result<Self, OpusError> {
        let planner = Planner::new(controls.music);
        Ok(Self {
            source,
            encoder: encoder(&planner.plan())?,
            application: planner.plan().application,
            planner,
            stereo: controls.music,
            now: 0,
            gathered: Vec::with_capacity(4 * 2 * FRAME),
            loudest: SILENT_DBFS,
            sent: VecDeque::with_capacity(SENT_MAX),
            gain: [Glide::new(controls.gain); 2],
            open: [Glide::new(if controls.muted || controls.closed { 0.0 } else { 1.0 }); 2],
            meter: Meter::default(),
            watch: SpeechWatch::default(),
            notice_rest: 0,
            sequence,
            timestamp,
            pauses: Pauses::default(),
            // Before the first sound nobody waits for any.
            silences: SILENCES,
            silence: None,
            told: (LEVEL_SILENT, 0),
            pausing: true,
        })
    }

    /// Takes in how a listener hears this participant.
    pub fn report(&mut self, listener: SourceId, report: &Report) {
        self.planner.report(self.now, listener, report);
    }

    /// Takes in what the way to the relay is like.
    pub fn path(&mut self, path: &PathView) {
        self.planner.path(self.now, path);
    }

    /// What is sent now.
    pub fn plan(&self) -> Plan {
        self.planner.plan()
    }

    /// Takes 10 ms from the microphone, and gives packets to `send`. `speech` is how probable it is that somebody speaks,
    /// 0.0 to 1.0; 1.0 if nobody knows.
    pub fn feed(&mut self, frame: &StereoFrame, speech: f32, controls: Controls, send: &mut dyn FnMut(Vec<u8>)) -> Fed {
        if self.gathered.is_empty() {
            self.begin_packet(controls.music);
        }
        let mut sides = *frame;
        if !self.stereo {
            sides[0] = mono(frame);
        }
        let used = if self.stereo { 2 } else { 1 };
        let open = if controls.muted || controls.closed { 0.0 } else { 1.0 };
        let (mut level_dbfs, mut muted_while_speaking) = (SILENT_DBFS, false);
        for (side, samples) in sides.iter_mut().enumerate().take(used) {
            samples.iter_mut().for_each(|s| *s = if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 });
            self.gain[side].apply(controls.gain, samples);
            if side == 0 {
                self.meter.feed(samples);
                // Where nobody would hear it either way, there is nothing to say about it.
                let muted = controls.muted && !controls.closed;
                muted_while_speaking = watch_muted(&mut self.watch, &mut self.notice_rest, muted, speech, samples);
            }
            self.open[side].apply(open, samples);
            level_dbfs = level_dbfs.max(dbfs(samples));
        }
        let pause = self.pauses.feed(level_dbfs, speech) && !self.stereo;
        if speech < SPEECH && !controls.music {
            level_dbfs -= NOISE_BELOW;
        }
        self.now += FRAME as i64;
        if controls.closed {
            self.pass(used);
        } else if pause && self.gathered.is_empty() {
            self.say_nothing(send);
        } else {
            self.loudest = self.loudest.max(level_dbfs);
            let [left, right] = &sides;
            if self.stereo {
                self.gathered.extend(left.iter().zip(right).flat_map(|(&left, &right)| [left, right]));
            } else {
                self.gathered.extend_from_slice(left);
            }
            if self.gathered.len() >= self.planner.plan().frames * FRAME * used {
                self.encode(send);
            }
        }
        Fed { level_dbfs: self.meter.dbfs(), muted_while_speaking }
    }

    /// The time of a frame passes, and of what was gathered, without a packet: there is no gap in the numbers.
    fn pass(&mut self, sides: usize) {
        let samples = self.gathered.len() / sides + FRAME;
        self.gathered.clear();
        self.loudest = SILENT_DBFS;
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
        self.pausing = true;
        self.silences = SILENCES;
        self.sent.clear();
    }

    /// In a pause: the first packets say so, the rest is not sent until its noise is another one.
    fn say_nothing(&mut self, send: &mut dyn FnMut(Vec<u8>)) {
        let level = level_byte(self.pauses.level_dbfs());
        let (told, since) = &mut self.told;
        *since = since.saturating_add(1);
        if self.silences >= SILENCES && *since >= NEWS_FRAMES && told.abs_diff(level) >= NEWS_DB {
            self.silences = 0;
        }
        match self.silence {
            Some(silence) if self.silences < SILENCES => {
                self.silences += 1;
                self.told = (level, 0);
                self.send(&silence, FRAME, level, send);
            }
            _ => {
                self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
                self.pausing = true;
                self.sent.clear();
            }
        }
    }

    /// Between two packets the way of sending may change.
    fn begin_packet(&mut self, music: bool) {
        self.planner.set_music(music);
        let plan = self.planner.plan();
        if plan.application != self.application {
            // Without memory for another encoder it goes on as it was.
            if let Ok(encoder) = encoder(&plan) {
                self.encoder = encoder;
                self.application = plan.application;
                if music != self.stereo {
                    self.stereo = music;
                    self.sent.clear();
                }
            }
        }
        // The settings of a plan are within what libopus takes.
        let _ = self.encoder.apply(plan.settings);
    }

    fn encode(&mut self, send: &mut dyn FnMut(Vec<u8>)) {
        let mut buffer = [0; PACKET_MAX_BYTES];
        let encoded = self.encoder.encode(&self.gathered, &mut buffer);
        let samples = self.gathered.len() / if self.stereo { 2 } else { 1 };
        self.gathered.clear();
        let level = level_byte(std::mem::replace(&mut self.loudest, SILENT_DBFS));
        match encoded {
            Ok(frame) => {
                self.silences = 0;
                self.silence = silence_after(frame);
                self.send(frame, samples, level, send);
            }
            // Its time passes all the same.
            Err(_) => self.timestamp = self.timestamp.wrapping_add(samples as u32),
        }
    }

    /// Sends a frame, with copies of those before.
    fn send(&mut self, frame: &[u8], samples: usize, level: u8, send: &mut dyn FnMut(Vec<u8>)) {
        let copies = copies(&self.sent, self.planner.plan().copies, self.sequence, self.timestamp, frame.len());
        let payload = Payload::with_copies(copies, frame);
        let header = Header {
            kind: Kind::Audio,
            marker: std::mem::replace(&mut self.pausing, false),
            stereo: self.stereo,
            redundant: payload.is_redundant(),
            level,
            source: self.source,
            sequence: self.sequence,
            timestamp: self.timestamp,
        };
        let mut packet = header.packet(&[]);
        payload.write(&mut packet);
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { sequence: self.sequence, timestamp: self.timestamp, frame: frame.to_vec() });
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
        send(packet);
    }
}

/// Copies of what was sent so many packets ago, as far as they fit into a packet.
fn copies<'a>(
    sent: &'a VecDeque<Sent>,
    backs: &[u8],
    sequence: u32,
    timestamp: u32,
    own_bytes: usize,
) -> impl Iterator<Item = Redundant<'a>> {
    let mut room = MEDIA_PACKET_MAX_BYTES - HEADER_BYTES - 1 - own_bytes;
    let copies = backs.iter().filter_map(move |&back| {
        let earlier = sent.iter().find(|sent| sequence.wrapping_sub(sent.sequence) == u32::from(back))?;
        let units = i64::from(timestamp.wrapping_sub(earlier.timestamp)) / EARLIER_UNIT;
        let bytes = earlier.frame.len() + Redundant::HEAD_BYTES;
        let units = u8::try_from(units).ok().filter(|_| bytes <= room)?;
        room -= bytes;
        Some(Redundant { back, earlier: units, frame: &earlier.frame })
    });
    copies.collect::<Vec<_>>().into_iter()
}

fn encoder(plan: &Plan) -> Result<Encoder, OpusError> {
    let channels = if plan.application == Application::Music { 2 } else { 1 };
    Encoder::new(plan.application, channels, plan.settings)
}

/// Whether to say that somebody speaks into a closed microphone.
fn watch_muted(watch: &mut SpeechWatch, rest: &mut u32, muted: bool, speech: f32, samples: &Frame) -> bool {
    *rest = rest.saturating_sub(1);
    if !muted {
        watch.reset();
        return false;
    }
    let told = watch.feed(dbfs(samples), speech) && *rest == 0;
    if told {
        *rest = MUTED_NOTICE_FRAMES;
        watch.reset();
    }
    told
}

#[cfg(test)]
#[path = "uplink_tests.rs"]
mod tests;
