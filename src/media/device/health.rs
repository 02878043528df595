//! What an open card tells, and is told: the only thing that its callbacks, the keeper and a media thread share.

use std::{
    sync::{
        OnceLock,
        atomic::{
            AtomicBool, AtomicU32, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread::Thread,
};

use super::{priority::Standing, watch::Reading};

/// Counters of one open card. All of it may be touched in a callback, except [`Self::wake`].
#[derive(Debug)]
pub struct Health {
    /// Hz.
    pub(super) rate: u32,
    /// The stream is of no use any more.
    pub(super) failed: AtomicBool,
    /// Callbacks so far.
    pub(super) beats: AtomicU64,
    /// The sound system has said that it pauses the stream; over with the next callback, or when it says so.
    pub(super) paused: AtomicBool,
    /// Frames that callbacks have taken or given so far.
    frames: AtomicU64,
    /// With so many of them, whoever waits has something to do.
    wanted: AtomicU64,
    /// Times a speaker's callback found too little.
    pub(super) underruns: AtomicU32,
    /// Times the sound system itself had nothing to play, or nowhere to record to.
    pub(super) xruns: AtomicU32,
    /// Most frames that one callback has wanted since this was last set to 0.
    pub(super) largest: AtomicUsize,
    /// Frames that the sound system is to ask for, or to deliver, at once.
    pub(super) period: AtomicU32,
    /// Whoever waits for callbacks is woken after them.
    pub(super) wakes: bool,
    /// The card's thread.
    pub(super) standing: Standing,
    /// Who that is.
    waiter: OnceLock<Thread>,
}

impl Health {
    /// Of a card of this rate (Hz), with buffers of so many frames. `wakes`: its thread wakes who waits for it.
    pub fn new(rate: u32, period: u32, wakes: bool) -> Self {
        Self {
            wakes,
            rate,
            failed: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            wanted: AtomicU64::new(0),
            beats: AtomicU64::new(0),
            underruns: AtomicU32::new(0),
            xruns: AtomicU32::new(0),
            largest: AtomicUsize::new(0),
            period: AtomicU32::new(period),
            standing: Standing::default(),
            waiter: OnceLock::new(),
        }
    }

    /// What has been counted so far.
    pub(super) fn reading(&self) -> Reading {
        Reading {
            beats: self.beats.load(Relaxed),
            frames: self.frames.load(Relaxed),
            xruns: self.xruns.load(Relaxed),
            failed: self.failed.load(Relaxed),
            paused: self.paused.load(Relaxed),
        }
    }

    /// From now on this thread is woken after callbacks, if the card does that.
    pub(super) fn wait_here(&self) {
        // The end of a card is used by one thread only.
        self.waiter.get_or_init(std::thread::current);
    }

    /// Asks for buffers of so many microseconds.
    pub(super) fn set_period_us(&self, us: u32) {
        self.period.store(frames(self.rate, us), Relaxed);
    }

    /// A callback has given so many frames to its ring, or taken them from there.
    pub(super) fn count(&self, frames: usize) {
        // Whoever finds the number changed finds the ring changed, too.
        self.frames.fetch_add(frames as u64, SeqCst);
        self.beats.fetch_add(1, Relaxed);
    }

    /// What has been counted of frames so far, for [`Self::want`].
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(SeqCst)
    }

    /// There is nothing to do before so many frames have been counted; false if they have.
    pub(super) fn want(&self, frames: u64) -> bool {
        // Either this sees what a callback has counted, or the callback's thread sees this.
        self.wanted.store(frames, SeqCst);
        self.frames() < frames
    }

    /// Wakes who waits, if there is something to do. A system call: never from within a callback.
    pub(super) fn wake(&self) {
        if self.frames() < self.wanted.load(SeqCst) {
            return;
        }
        if let Some(waiter) = self.waiter.get() {
            waiter.unpark();
        }
    }
}

/// Microseconds as frames of this rate (Hz), at least one.
pub(super) fn frames(rate: u32, us: u32) -> u32 {
    (u64::from(rate) * u64::from(us) / 1_000_000).clamp(1, u64::from(u32::MAX)) as u32
}
