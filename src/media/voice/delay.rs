//! The delay follows what the path needs: the sound is made a little longer or shorter.

use super::{Mode, Voice};
use crate::media::{frame::ms, opus::Decode, stretch::Tape};

/// Too much delay, and too little, before the sound is stretched.
const TOO_LONG: f32 = ms(6) as f32;
const TOO_SHORT: f32 = ms(2) as f32;
/// From here on it is stretched whether the sound suits or not.
const FAR_OFF: f32 = ms(80) as f32;
/// How far sound is decoded ahead to look for a place to shorten, samples.
pub(super) const LOOK_AHEAD: usize = 1440;
/// Share of the newest observation in the smoothed delay.
const SMOOTHING: f64 = 0.04;

impl<D: Decode> Voice<D> {
    /// Sound of time `t` is due at `t + due_after()`.
    pub(super) fn due_after(&self) -> i64 {
        self.buffer.due_after()
    }

    /// Compares the delay with what the path needs, and makes the sound a little longer or shorter.
    pub(super) fn keep_delay(&mut self, now: i64, wanted: usize) {
        let playing = self.next_time + self.held + self.discard - self.tape.pending() as i64;
        self.delay += SMOOTHING * ((now - playing) as f64 - self.delay);
        let excess = (self.delay - self.due_after() as f64) as f32;
        if self.rest > 0 || self.held > 0 || self.discard > 0 {
            return;
        }
        let alike = likeness(excess);
        if excess > TOO_LONG {
            let most = excess as usize;
            while self.tape.pending() < LOOK_AHEAD.min(wanted + Tape::needed_to_shorten(most)) && self.next_is_here() {
                self.decode();
            }
            let cut = self.tape.shorten(most, alike);
            self.delay -= cut as f64;
            self.pause_stretching(cut, excess);
        } else if excess < -TOO_SHORT {
            let added = self.tape.lengthen((-excess) as usize + ms(4) as usize, alike);
            self.delay += added as f64;
            self.pause_stretching(added, excess);
        }
        // A cut may leave less than is wanted.
        while self.tape.pending() < wanted && self.mode == Mode::Playing {
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
}

/// How much alike the two ends of a jump have to be: the farther off the delay is, the less.
fn likeness(excess: f32) -> f32 {
    let off = excess.abs();
    if off > FAR_OFF { -2.0 } else { 0.95 - 0.4 * off / FAR_OFF }
}
