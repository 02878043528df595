//! One participant as heard here: jitter buffer, decoder and time stretching together give a frame whenever the
//! speaker needs one. Pure: time is a number of samples that the caller passes.

use super::{
    frame::{FRAME, Frame, ms},
    jitter::{Arrival, Interval, JitterBuffer},
    noise::ComfortNoise,
    opus::{DTX_MAX_BYTES, Decode, Decoder, OpusError},
    stretch::Tape,
};

/// After so much made-up sound without any packet, there is silence.
const MAX_HELD: i64 = ms(100);
/// Longer gaps are not filled but skipped.
const MAX_FILLED: i64 = ms(100);
/// Too much delay, and too little, before the sound is stretched.
const TOO_LONG: f32 = ms(6) as f32;
const TOO_SHORT: f32 = ms(2) as f32;
/// From here on it is stretched whether the sound suits or not.
const FAR_OFF: f32 = ms(80) as f32;
/// How far sound is decoded ahead to look for a place to shorten, samples.
const LOOK_AHEAD: usize = 1440;
/// Share of the newest observation in the smoothed delay.
const SMOOTHING: f64 = 0.04;
/// Window of the share of lost packets, packets.
const LOSS_WINDOW: f32 = 500.0;
/// From this share of lost packets on, the sound waits for the packet behind, which repeats the lost one...
const LOSSY: f32 = 0.01;
/// ... and below this it does not any more.
const HARDLY_LOSSY: f32 = 0.004;
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
    /// Made-up sound that stands for no packet yet, samples.
    held: i64,
    /// Length of the last packet, samples.
    packet_time: i64,
    /// The last packet said that silence follows.
    pausing: bool,
    /// Smoothed time between a sample's timestamp and its playing; of two clocks, so it may be a huge number.
    delay: f64,
    /// Frames until the sound may be stretched again.
    rest: u32,
    /// Share of packets that had to be given up of late.
    given_up: f32,
    /// Delay for the sake of error correction, samples.
    patience: i64,
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
    /// With a decoder of one's own.
    pub fn with_decoder(decoder: D) -> Self {
        Self {
            buffer: JitterBuffer::default(),
            decoder,
            tape: Tape::default(),
            noise: ComfortNoise::default(),
            mode: Mode::Idle,
            next_time: 0,
            held: 0,
            packet_time: FRAME as i64,
            pausing: false,
            delay: 0.0,
            rest: 0,
            given_up: 0.0,
            patience: 0,
            concealed: 0.0,
            damaged: 0,
        }
    }

    /// Takes in a packet that arrived at `now`.
    pub fn insert(&mut self, now: i64, sequence: u32, timestamp: u32, payload: &[u8]) -> Arrival {
        let arrival = self.buffer.insert(now, sequence, timestamp, payload);
        if arrival == Arrival::Restarted {
            self.pause();
        }
        arrival
    }

    /// The next 10 ms, to be played from `now` on. Returns whether there is anything but a pause.
    pub fn pull(&mut self, now: i64, out: &mut Frame) -> bool {
        self.rest = self.rest.saturating_sub(1);
        let mut made_up = 0;
        while self.tape.pending() < FRAME {
            let before = self.tape.pending();
            match self.mode {
                Mode::Idle => {
                    if !self.resume(now + before as i64) {
                        break;
                    }
                }
                Mode::Playing => made_up += self.play_on(),
            }
        }
        let active = self.mode == Mode::Playing || self.tape.pending() > 0;
        if self.mode == Mode::Playing {
            self.keep_delay(now);
        }
        let missing = FRAME.saturating_sub(self.tape.pending());
        let noise = &mut self.noise;
        self.tape.end().extend((0..missing).map(|_| noise.sample()));
        self.tape.take(out);
        if active {
            self.concealed += (made_up as f32 / FRAME as f32 - self.concealed) / WINDOW_FRAMES;
        }
        active
    }

    /// In a pause: begins to play if the first packet is due before `now` plus what the tape lacks.
    fn resume(&mut self, now: i64) -> bool {
        let due_after = self.due_after();
        // Who joins late, or was away, starts at the live edge.
        while self.buffer.second_timestamp().is_some_and(|second| second + due_after <= now) {
            self.buffer.pop();
        }
        let Some(first) = self.buffer.first() else { return false };
        let wait = first.timestamp + due_after - now;
        let room = (FRAME - self.tape.pending()) as i64;
        if wait >= room {
            return false;
        }
        // The delay is exact to the sample from the start.
        let lead = wait.max(0);
        self.next_time = first.timestamp;
        let sequence = first.sequence;
        self.buffer.skip_to(sequence);
        let noise = &mut self.noise;
        self.tape.end().extend((0..lead).map(|_| noise.sample()));
        self.mode = Mode::Playing;
        self.held = 0;
        self.pausing = false;
        self.delay = (now + lead - self.next_time) as f64;
        true
    }

    /// Sound of time `t` is due at `t + due_after()`.
    fn due_after(&self) -> i64 {
        self.buffer.due_after() + self.patience
    }

    /// Learns from a packet that came in time, or that did not.
    fn count(&mut self, given_up: bool) {
        self.given_up += (f32::from(u8::from(given_up)) - self.given_up) / LOSS_WINDOW;
        if self.given_up > LOSSY {
            self.patience = self.packet_time;
        } else if self.given_up < HARDLY_LOSSY {
            self.patience = 0;
        }
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
        let (sequence, gap) = (first.sequence, first.timestamp - self.next_time);
        if gap <= 0 {
            self.decode();
            return 0;
        }
        let none_lost = sequence == self.buffer.next_sequence();
        if none_lost || self.pausing || gap > MAX_FILLED {
            // The sender paused, or so much is missing that it is better skipped.
            self.fall_silent();
            return 0;
        }
        let following = first.payload.clone();
        self.buffer.skip();
        self.count(true);
        let length = gap.min(self.packet_time);
        self.next_time += length;
        if self.held >= length {
            // Its time has passed already, filled with made-up sound.
            self.held -= length;
            return 0;
        }
        let adjacent = gap <= self.packet_time;
        if adjacent && self.decoder.can_recover(&following) {
            let filled = self.decoder.recover(&following, length as usize, self.tape.end());
            self.fill_up(filled, length);
            return 0;
        }
        let filled = self.decoder.conceal(length as usize, self.tape.end());
        self.fill_up(filled, length)
    }

    fn decode(&mut self) {
        let Some(packet) = self.buffer.pop() else { return };
        self.count(false);
        match self.decoder.decode(&packet.payload, self.tape.end()) {
            Ok(samples) => {
                self.next_time = packet.timestamp + samples as i64;
                self.packet_time = samples as i64;
            }
            Err(_) => {
                self.damaged += 1;
                self.next_time = packet.timestamp + self.packet_time;
                let filled = self.decoder.conceal(self.packet_time as usize, self.tape.end());
                self.fill_up(filled, self.packet_time);
            }
        }
        self.held = 0;
        self.pausing = packet.payload.len() <= DTX_MAX_BYTES;
        if self.pausing {
            let last = self.tape.last(FRAME);
            self.noise.learn(last);
        }
    }

    /// Nothing is there: a pause, or the next packet is late.
    fn hold(&mut self) -> i64 {
        if self.pausing || self.held >= MAX_HELD {
            self.fall_silent();
            return 0;
        }
        self.held += FRAME as i64;
        let filled = self.decoder.conceal(FRAME, self.tape.end());
        self.fill_up(filled, FRAME as i64)
    }

    /// Whatever the decoder did, the time is filled.
    fn fill_up(&mut self, filled: Result<usize, OpusError>, length: i64) -> i64 {
        let lacking = length - filled.unwrap_or(0) as i64;
        let end = self.tape.end();
        end.resize(end.len() + lacking.max(0) as usize, 0.0);
        length
    }

    /// One last made-up stretch, fading into the noise of the pause.
    fn fall_silent(&mut self) {
        self.pause();
        let filled = self.decoder.conceal(FRAME, self.tape.end());
        self.fill_up(filled, FRAME as i64);
        let noise = &mut self.noise;
        for (i, sample) in self.tape.last(FRAME).iter_mut().enumerate() {
            let fade = 1.0 - (i as f32 + 1.0) / FRAME as f32;
            *sample = *sample * fade + noise.sample() * (1.0 - fade);
        }
    }

    /// Compares the delay with what the path needs, and makes the sound a little longer or shorter.
    fn keep_delay(&mut self, now: i64) {
        let playing = self.next_time - self.tape.pending() as i64;
        self.delay += SMOOTHING * ((now - playing) as f64 - self.delay);
        let excess = (self.delay - self.due_after() as f64) as f32;
        if self.rest > 0 || self.held > 0 {
            return;
        }
        let force = excess.abs() > FAR_OFF;
        if excess > TOO_LONG {
            let most = excess as usize;
            while self.tape.pending() < LOOK_AHEAD.min(FRAME + Tape::needed_to_shorten(most)) && self.next_is_here() {
                self.decode();
            }
            let cut = self.tape.shorten(most, force);
            self.delay -= cut as f64;
            self.pause_stretching(cut, excess);
        } else if excess < -TOO_SHORT {
            let added = self.tape.lengthen((-excess) as usize + ms(4) as usize, force);
            self.delay += added as f64;
            self.pause_stretching(added, excess);
        }
        // A cut may leave less than a frame.
        while self.tape.pending() < FRAME && self.mode == Mode::Playing {
            self.play_on();
        }
    }

    fn next_is_here(&self) -> bool {
        self.buffer.first().is_some_and(|first| first.timestamp <= self.next_time)
    }

    /// Small corrections are rare, so that nobody hears them.
    fn pause_stretching(&mut self, stretched: usize, excess: f32) {
        if stretched > 0 {
            self.rest = if excess.abs() > ms(40) as f32 { 2 } else { 10 };
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
            Mode::Idle => (self.buffer.delay().target() + self.patience) as f32,
        };
        (added / ms(1) as f32).max(0.0)
    }

    /// Mean deviation of the transit time, ms.
    pub fn jitter_ms(&self) -> f32 {
        self.buffer.delay().jitter() / ms(1) as f32
    }

    /// Packets lost and seen since the last call.
    pub fn take_interval(&mut self) -> Interval {
        self.buffer.take_interval()
    }

    /// Packets that no decoder understood.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }
}

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
