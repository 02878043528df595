//! Sound that is missing when it is due: taken from what later packets repeat of it, or made up.

use super::{TAIL, Voice};
use crate::media::{
    frame::{FRAME, ms},
    opus::{Decode, OpusError},
    stretch::cross_fade,
};

/// After so much made-up sound without any packet, there is silence.
const MAX_HELD: i64 = ms(100);

impl<D: Decode> Voice<D> {
    /// Packets have come again after sound was made up for them.
    pub(super) fn stop_holding(&mut self, gap: i64) {
        // If there should be more delay, the sound goes on where it stopped; otherwise what was made up stands for it.
        let late = (self.due_after() as f64 - self.delay).max(0.0) as i64;
        let longer = late.min(self.held);
        self.delay += longer as f64;
        let mut stands_for = std::mem::take(&mut self.held) - longer;
        self.end_fade();
        // If that fails, there is no cross-fade.
        let _ = self.decoder.conceal(TAIL, &mut self.tail);
        if gap <= 0 || self.can_fill(gap) {
            self.decoder.rewind();
        } else {
            let gone = stands_for.min(gap);
            self.next_time += gone;
            self.buffer.advance(self.next_time);
            stands_for -= gone;
        }
        self.discard = stands_for;
    }

    /// Whether the packet behind a gap knows what was in it.
    pub(super) fn can_fill(&mut self, gap: i64) -> bool {
        let corrects = self.buffer.first().is_some_and(|first| self.decoder.can_recover(&first.payload));
        (gap <= self.packet_time && corrects) || self.repeats(gap)
    }

    /// Fills the gap before the first packet, or a frame of it. Returns the samples that were made up.
    pub(super) fn fill(&mut self, gap: i64) -> i64 {
        let Some(following) = self.buffer.first().map(|first| first.payload.clone()) else { return 0 };
        let from = self.tape.end().len();
        let length = gap.min(FRAME as i64);
        if gap <= self.packet_time && self.decoder.can_recover(&following) {
            let filled = self.decoder.recover(&following, gap as usize, self.tape.end());
            self.fill_up(from, filled, gap);
            return 0;
        }
        let repeated = self.decoder.dred_span(&following) as i64 >= gap;
        let filled = if repeated {
            self.decoder.restore(&following, gap as usize, length as usize, self.tape.end())
        } else {
            self.decoder.conceal(length as usize, self.tape.end())
        };
        self.fill_up(from, filled, length);
        if repeated { 0 } else { length }
    }

    /// Nothing is there: a pause, or the next packet is late.
    pub(super) fn hold(&mut self) -> i64 {
        if self.pausing || self.held >= MAX_HELD {
            self.fall_silent();
            return 0;
        }
        if self.held == 0 {
            self.decoder.save();
        }
        self.held += FRAME as i64;
        let from = self.tape.end().len();
        let filled = self.decoder.conceal(FRAME, self.tape.end());
        self.lengthen_to(from, filled, FRAME as i64);
        FRAME as i64
    }

    /// Sound for the next `length` samples of the sender's time has been put on the tape, from this index on.
    pub(super) fn fill_up(&mut self, from: usize, filled: Result<usize, OpusError>, length: i64) {
        self.lengthen_to(from, filled, length);
        self.next_time += length;
        self.buffer.advance(self.next_time);
        let channels = self.tape.channels();
        let end = self.tape.end();
        let cut = (self.discard.max(0) as usize).min((end.len() - from) / channels);
        end.drain(from..from + cut * channels);
        self.discard -= cut as i64;
        if self.discard > 0 || self.tail.is_empty() {
            return;
        }
        // Little may have been left of this sound: the next goes on with the fade.
        let length = (self.tail.len() / channels).max(1) as f32;
        let fading = end[from..].chunks_exact_mut(channels).zip(self.tail.chunks_exact(channels).skip(self.faded));
        let mut faded = self.faded;
        for (sound, made_up) in fading {
            let weight = (faded as f32 + 0.5) / length;
            sound.iter_mut().zip(made_up).for_each(|(new, old)| *new = old + (*new - old) * weight);
            faded += 1;
        }
        self.faded = faded;
        if faded * channels >= self.tail.len() {
            self.end_fade();
        }
    }

    pub(super) fn end_fade(&mut self) {
        self.tail.clear();
        self.faded = 0;
    }

    /// Whatever the decoder did, the time is filled.
    fn lengthen_to(&mut self, from: usize, filled: Result<usize, OpusError>, length: i64) {
        let channels = self.tape.channels();
        let end = self.tape.end();
        if filled.is_err() {
            end.truncate(from);
        }
        end.resize(from + length.max(0) as usize * channels, 0.0);
    }

    /// One last made-up stretch, fading into the noise of the pause.
    pub(super) fn fall_silent(&mut self) {
        self.pause();
        (self.held, self.discard) = (0, 0);
        self.end_fade();
        let from = self.tape.end().len();
        let filled = self.decoder.conceal(FRAME, self.tape.end());
        self.lengthen_to(from, filled, FRAME as i64);
        let channels = self.tape.channels();
        let noise: Vec<f32> = (0..FRAME).flat_map(|_| std::iter::repeat_n(self.noise.sample(), channels)).collect();
        cross_fade(&mut self.tape.end()[from..], &noise, channels);
    }
}
