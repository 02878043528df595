//! What a sound card calls back: between its buffers and our rings.
//!
//! Runs on threads that must not wait: nothing in here locks, allocates or calls the system. `tests/media_callbacks.rs`
//! ends at the first allocation and at the first system call. The rings hold frames of one or two samples.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use cpal::{FromSample, Sample};
use rtrb::{Consumer, Producer};

pub use super::health::Health;

/// Channels of the ring of a microphone with so many: more than two are taken as one.
pub fn capture_channels(card: usize) -> usize {
    if card == 2 { 2 } else { 1 }
}

/// Channels of the ring of a speaker with so many: more than two stay silent from the third on.
pub fn playback_channels(card: usize) -> usize {
    card.clamp(1, 2)
}

/// A microphone's callback.
#[derive(Debug)]
pub struct Capture {
    ring: Producer<f32>,
    channels: usize,
    health: Arc<Health>,
}

impl Capture {
    /// For a card with so many channels (not 0) and a ring of [`capture_channels`].
    pub fn new(ring: Producer<f32>, channels: usize, health: Arc<Health>) -> Self {
        Self { ring, channels: channels.max(1), health }
    }

    /// Takes what was recorded, channels interleaved.
    pub fn take<T: Copy>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        let own = capture_channels(self.channels);
        // Full: whoever reads has gone to sleep; what is newest is lost.
        let given = data.len() / self.channels;
        let frames = given.min(self.ring.slots() / own);
        let data = &data[..frames * self.channels];
        // There is room: it was just looked for, and nobody else writes.
        if let Ok(room) = self.ring.write_chunk_uninit(frames * own) {
            if own == self.channels {
                room.fill_from_iter(data.iter().map(|&sample| f32::from_sample_(sample)));
            } else {
                let scale = 1.0 / self.channels as f32;
                let mean = |frame: &[T]| frame.iter().map(|&sample| f32::from_sample_(sample)).sum::<f32>() * scale;
                room.fill_from_iter(data.chunks_exact(self.channels).map(mean));
            }
        }
        self.health.count(given);
    }
}

/// A speaker's callback.
#[derive(Debug)]
pub struct Playback {
    ring: Consumer<f32>,
    channels: usize,
    health: Arc<Health>,
    /// There was something to play: what is missing before that is no underrun.
    begun: bool,
}

impl Playback {
    /// For a card with so many channels (not 0) and a ring of [`playback_channels`].
    pub fn new(ring: Consumer<f32>, channels: usize, health: Arc<Health>) -> Self {
        Self { ring, channels: channels.max(1), health, begun: false }
    }

    /// Fills what is to be played, channels interleaved.
    pub fn fill<T: Sample + FromSample<f32>>(&mut self, data: &mut [T]) {
        let own = playback_channels(self.channels);
        let wanted = data.len() / self.channels;
        let there = (self.ring.slots() / own).min(wanted);
        self.begun |= there > 0;
        if self.begun && there < wanted {
            self.health.underruns.fetch_add(1, Relaxed);
        }
        let (full, empty) = data.split_at_mut(there * self.channels);
        empty.fill(T::EQUILIBRIUM);
        // It is there: it was just looked for, and nobody else reads.
        if let Ok(chunk) = self.ring.read_chunk(there * own) {
            let mut samples = chunk.into_iter();
            for frame in full.chunks_exact_mut(self.channels) {
                frame.fill(T::EQUILIBRIUM);
                // Left and right; a card with more channels has those first.
                frame.iter_mut().zip(samples.by_ref().take(own)).for_each(|(to, from)| *to = T::from_sample_(from));
            }
        }
        self.health.largest.fetch_max(wanted, Relaxed);
        self.health.count(wanted);
    }
}
