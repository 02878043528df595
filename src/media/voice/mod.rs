//! One participant as heard here: jitter buffer, decoder and time stretching together give sound whenever the speaker
//! needs some. Pure: time is a number of samples that the caller passes.
//!
//! Sound that is missing when it is due is taken from what later packets repeat of it (copies, in-band correction, deep
//! redundancy), as far as they are here, and otherwise made up. A packet that comes too late is decoded all the same, as
//! if nothing had been made up, so that the decoder knows what the sender's encoder knows; of its sound is played what
//! is left of it.

mod delay;
mod gaps;
#[cfg(test)]
mod tests;

use super::{
    frame::{FRAME, ms},
    jitter::{Arrival, JitterBuffer, Packet},
    noise::ComfortNoise,
    opus::{DTX_MAX_BYTES, Decode, Decoder, OpusError},
    payload::Payload,
    stretch::Tape,
    tally::Interval,
};
use crate::protocol::media::{Header, LEVEL_SILENT};

/// Longer gaps are not filled but skipped.
const MAX_FILLED: i64 = ms(300);
/// Length of the cross-fade from made-up sound to what was said, samples.
const TAIL: usize = 240;
/// Window of the shares in the statistics, frames.
const WINDOW_FRAMES: f32 = 300.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing to play: before the first packet, in a pause, after a loss of everything.
    Idle,
    /// Sound is under way.
    Playing,
}

/// One participant.
#[derive(Debug)]
pub struct Voice<D = Decoder> {
    buffer: JitterBuffer,
    decoder: D,
    tape: Tape,
    noise: ComfortNoise,
    mode: Mode,
    /// Time of the sample that the next packet should begin with.
    next_time: i64,
    /// Made-up sound that stands for no packet yet, samples. The decoder was saved before it.
    held: i64,
    /// Sound still to come that has been made up already, samples.
    discard: i64,
    /// What the sound behind that is faded in from, interleaved.
    tail: Vec<f32>,
    /// How much of that has been used, samples.
    faded: usize,
    /// Number of the packet that was decoded last.
    last_sequence: Option<i64>,
    /// Length of the last packet, samples.
    packet_time: i64,
    /// The last packet said that silence follows.
    pausing: bool,
    /// Smoothed time between a sample's timestamp and its playing; of two clocks, so it may be a huge number.
    delay: f64,
    /// Pulls until the sound may be stretched again.
    rest: u32,
    /// While nobody hears it: what the sender says of the sound that is due, -dBFS, and when it was.
    passed: (u8, i64),
    concealed: f32,
    damaged: u64,
}

impl Voice<Decoder> {
    /// A participant that has not been heard yet.
    ///
    /// # Errors
    /// If there is no memory for a decoder.
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self::with_decoder(Decoder::new(1)?))
    }
}

impl<D: Decode> Voice<D> {
    /// With a decoder of one's own, to one channel.
    pub fn with_decoder(decoder: D) -> Self {
        Self {
            buffer: JitterBuffer::default(),
            decoder,
            tape: Tape::default(),
            noise: ComfortNoise::default(),
            mode: Mode::Idle,
            next_time: 0,
            held: 0,
            discard: 0,
            tail: Vec::new(),
            faded: 0,
            last_sequence: None,
            packet_time: FRAME as i64,
            pausing: false,
            delay: 0.0,
            rest: 0,
            passed: (LEVEL_SILENT, 0),
            concealed: 0.0,
            damaged: 0,
        }
    }

    /// Takes in a packet that arrived at `now`.
    pub fn insert(&mut self, now: i64, header: &Header, payload: &Payload<'_>) -> Arrival {
        let arrival = self.buffer.insert(now, header, payload);
        match arrival {
            Arrival::Restarted => {
                self.last_sequence = None;
                self.pause();
            }
            Arrival::Kept if self.decoder.can_recover(payload.own) => {
                if let Some((sequence, timestamp)) = self.buffer.newest()
                    && sequence as u32 == header.sequence
                {
                    self.buffer.note_recoverable(now, sequence - 1, timestamp - self.packet_time);
                }
            }
            _ => {}
        }
        arrival
    }

    /// The next sound, to be played from `now` on: both sides, equally long, at most [`FRAME`]. Returns whether there is
    /// anything but a pause.
    pub fn pull(&mut self, now: i64, left: &mut [f32], right: &mut [f32]) -> bool {
        let wanted = left.len().min(FRAME);
        self.rest = self.rest.saturating_sub(1);
        let mut made_up = 0;
        while self.tape.pending() < wanted {
            let before = self.tape.pending();
            match self.mode {
                Mode::Idle => {
                    if !self.resume(now + before as i64, (wanted - before) as i64) {
                        break;
                    }
                }
                Mode::Playing => made_up += self.play_on(),
            }
        }
        let active = self.mode == Mode::Playing || self.tape.pending() > 0;
        if self.mode == Mode::Playing {
            self.keep_delay(now, wanted);
        }
        let missing = wanted.saturating_sub(self.tape.pending());
        self.add_noise(missing);
        self.tape.take(left, right);
        if active {
            self.concealed += (made_up as f32 / wanted.max(1) as f32 - self.concealed) / WINDOW_FRAMES;
        }
        active
    }

    /// Lets the sound that is due until `now` pass without making it. Returns how loud the sender says it is, -dBFS.
    pub fn pass(&mut self, now: i64) -> u8 {
        if self.mode == Mode::Playing {
            // The decoder goes on with as many channels as it has.
            let channels = self.tape.channels();
            self.tape = Tape::default();
            self.tape.set_channels(channels);
            (self.held, self.discard) = (0, 0);
            self.end_fade();
            self.mode = Mode::Idle;
        }
        let due_after = self.buffer.due_after();
        while self.buffer.first().is_some_and(|first| first.timestamp + due_after <= now) {
            let Some(packet) = self.buffer.pop() else { break };
            self.pausing = packet.payload.len() <= DTX_MAX_BYTES;
            self.last_sequence = Some(packet.sequence);
            self.passed = (if self.pausing { LEVEL_SILENT } else { packet.level }, now);
        }
        let (level, at) = self.passed;
        if now - at > MAX_FILLED { LEVEL_SILENT } else { level }
    }

    fn add_noise(&mut self, samples: usize) {
        let channels = self.tape.channels();
        for _ in 0..samples {
            let sample = self.noise.sample();
            self.tape.end().extend(std::iter::repeat_n(sample, channels));
        }
    }

    /// In a pause: begins to play if the first packet is due before `now` plus `room`.
    fn resume(&mut self, now: i64, room: i64) -> bool {
        let due_after = self.buffer.due_after();
        // Who joins late, or was away, starts at the live edge.
        while self.buffer.second_timestamp().is_some_and(|second| second + due_after <= now) {
            self.buffer.pop();
        }
        self.hear_of_pause(now + room - due_after);
        let Some(first) = self.buffer.first() else { return false };
        let wait = (first.timestamp + due_after - now).max(0);
        let (sequence, timestamp) = (first.sequence, first.timestamp);
        let lost_before = !first.follows_pause && self.last_sequence.is_some_and(|last| sequence != last + 1);
        if lost_before && !self.pausing && wait > 0 && self.repeats(wait) {
            // What the packet repeats of the time before it is played first.
            self.next_time = timestamp - wait;
            self.delay = (now - self.next_time) as f64;
        } else {
            if wait >= room {
                return false;
            }
            // The delay is exact to the sample from the start.
            self.add_noise(wait as usize);
            self.next_time = timestamp;
            self.delay = (now + wait - timestamp) as f64;
        }
        self.buffer.advance(self.next_time);
        (self.held, self.discard) = (0, 0);
        self.end_fade();
        self.pausing = false;
        self.mode = Mode::Playing;
        true
    }

    /// Takes in what packets until then say of a pause that goes on.
    fn hear_of_pause(&mut self, until: i64) {
        let says = |first: &Packet| first.payload.len() <= DTX_MAX_BYTES && first.timestamp < until;
        while self.buffer.first().is_some_and(says) {
            let Some(packet) = self.buffer.pop() else { return };
            self.noise.set_level(packet.level);
            self.pausing = true;
            self.last_sequence = Some(packet.sequence);
            self.next_time = packet.timestamp + FRAME as i64;
            self.buffer.advance(self.next_time);
        }
    }

    /// Whether the first packet describes the `gap` before it.
    fn repeats(&mut self, gap: i64) -> bool {
        let span = self.buffer.first().map_or(0, |first| self.decoder.dred_span(&first.payload));
        span as i64 >= gap
    }

    fn pause(&mut self) {
        self.mode = Mode::Idle;
        if !self.pausing {
            self.noise.hush();
        }
    }

    /// Puts more sound on the tape, or goes into a pause. Returns the samples that were made up.
    fn play_on(&mut self) -> i64 {
        let Some(first) = self.buffer.first() else { return self.hold() };
        let gap = first.timestamp - self.next_time;
        let none_lost = first.follows_pause || self.last_sequence.is_some_and(|last| first.sequence == last + 1);
        if gap > 0 && (none_lost || self.pausing || gap > MAX_FILLED) {
            // The sender paused, or so much is missing that it is better skipped.
            self.fall_silent();
            return 0;
        }
        if self.held > 0 {
            self.stop_holding(gap);
            return 0;
        }
        if gap > 0 { self.fill(gap) } else { self.decode() }
    }

    /// Decodes the first packet. Returns the samples that were made up.
    fn decode(&mut self) -> i64 {
        let Some(packet) = self.buffer.pop() else { return 0 };
        self.use_channels(if packet.stereo { 2 } else { 1 });
        let from = self.tape.end().len();
        self.last_sequence = Some(packet.sequence);
        self.next_time = packet.timestamp;
        match self.decoder.decode(&packet.payload, self.tape.end()) {
            Ok(samples) => {
                self.pausing = packet.payload.len() <= DTX_MAX_BYTES;
                if self.pausing {
                    self.noise.set_level(packet.level);
                } else {
                    self.packet_time = samples as i64;
                }
                self.fill_up(from, Ok(samples), samples as i64);
                0
            }
            Err(_) => {
                self.damaged += 1;
                let filled = self.decoder.conceal(self.packet_time as usize, self.tape.end());
                self.fill_up(from, filled, self.packet_time);
                self.packet_time
            }
        }
    }

    fn use_channels(&mut self, channels: u8) {
        if usize::from(channels) == self.tape.channels() {
            return;
        }
        let mut tail = Vec::new();
        // If that fails, the new sound begins at once.
        let _ = self.decoder.conceal(TAIL, &mut tail);
        if self.decoder.set_channels(channels).is_ok() {
            self.tape.set_channels(channels.into());
            self.end_fade();
            self.tail = match channels {
                2 => tail.iter().flat_map(|&sample| [sample, sample]).collect(),
                _ => tail.chunks_exact(2).map(|pair| (pair[0] + pair[1]) * 0.5).collect(),
            };
        }
    }

    /// Share of sound that had to be made up over the last seconds.
    pub fn concealed(&self) -> f32 {
        self.concealed
    }

    /// Delay that is added to the quickest packets' now, ms.
    pub fn playout_delay_ms(&self) -> f32 {
        let added = match self.mode {
            Mode::Playing => (self.delay - self.buffer.delay().base() as f64) as f32,
            Mode::Idle => self.buffer.delay().target() as f32,
        };
        (added / ms(1) as f32).max(0.0)
    }

    /// Mean deviation of the transit time, ms.
    pub fn jitter_ms(&self) -> f32 {
        self.buffer.delay().jitter() / ms(1) as f32
    }

    /// Packets lost and seen since the last call, and how long the longest run of lost ones was, ms of sound.
    pub fn take_interval(&mut self) -> (Interval, u32) {
        let interval = self.buffer.take_interval();
        // Both are small.
        (interval, interval.longest_run.saturating_mul((self.packet_time / ms(1)) as u32))
    }

    /// Packets that no decoder understood.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }
}
