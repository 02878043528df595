//! The two ends of all sound: where frames come from, and where they go. Each says when it is time for the next one.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use rtrb::{Consumer, Producer};

use super::{card::Health, clock::Clock};
use crate::media::{
    frame::{FRAME, RATE, SILENCE, StereoFrame, mono},
    resample::Resampler,
    tones::Sine,
    wav::{WavSink, WavSource},
};

/// The shortest sleep between two looks at a card.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Where frames come from.
#[derive(Debug)]
pub(in crate::media) enum Intake {
    /// A sound card.
    Card(CardIntake),
    /// A file in a loop.
    File(WavSource, Pace),
    /// A sine.
    Tone(Sine, Pace),
    /// Nothing.
    Silence(Pace),
}

/// Where frames go.
#[derive(Debug)]
pub(in crate::media) enum Outlet {
    /// A sound card.
    Card(Box<CardOutlet>),
    /// A recording.
    File(WavSink, Pace),
    /// Nowhere, at the pace of a sound card.
    Nowhere(Pace),
}

/// A clock of 10 ms.
#[derive(Debug, Default)]
pub(in crate::media) struct Pace(Clock);

impl Intake {
    /// Fills the frame, or says how long to wait for it.
    pub(in crate::media) fn next(&mut self, frame: &mut StereoFrame) -> Option<Duration> {
        let pace = match self {
            Self::Card(card) => return card.next(frame),
            Self::File(_, pace) | Self::Tone(_, pace) | Self::Silence(pace) => pace,
        };
        if let Some(wait) = pace.0.wait(Instant::now()) {
            return Some(wait);
        }
        let [left, right] = frame;
        match self {
            Self::File(file, _) => file.next_frame(left),
            Self::Tone(sine, _) => left.iter_mut().for_each(|sample| *sample = sine.next_sample()),
            Self::Card(_) | Self::Silence(_) => *left = SILENCE[0],
        }
        *right = *left;
        None
    }
}

impl Outlet {
    /// `None` if a frame is wanted now, otherwise how long to wait.
    pub(in crate::media) fn wait(&mut self) -> Option<Duration> {
        match self {
            Self::Card(card) => card.wait(),
            Self::File(_, pace) | Self::Nowhere(pace) => pace.0.wait(Instant::now()),
        }
    }

    /// Takes the frame that was wanted. False if it cannot be used any more.
    pub(in crate::media) fn push(&mut self, frame: &StereoFrame) -> bool {
        match self {
            Self::Card(card) => card.push(frame),
            Self::File(file, _) => return file.write(&mono(frame)).is_ok(),
            Self::Nowhere(_) => {}
        }
        true
    }
}

/// A microphone's ring buffer as frames of 48 kHz.
#[derive(Debug)]
pub(in crate::media) struct CardIntake {
    ring: Consumer<f32>,
    resampler: Resampler,
    raw: Vec<f32>,
    ready: Vec<f32>,
}

impl CardIntake {
    pub(super) fn new(ring: Consumer<f32>, rate: u32) -> Option<Self> {
        Some(Self { ring, resampler: Resampler::new(rate, RATE)?, raw: Vec::new(), ready: Vec::new() })
    }

    fn next(&mut self, frame: &mut StereoFrame) -> Option<Duration> {
        self.raw.clear();
        while let Ok(sample) = self.ring.pop() {
            self.raw.push(sample);
        }
        self.resampler.push(&self.raw, &mut self.ready);
        let missing = FRAME.saturating_sub(self.ready.len());
        if missing > 0 {
            return Some(samples_as_time(missing, RATE).max(SHORTEST_WAIT));
        }
        frame.iter_mut().for_each(|side| side.copy_from_slice(&self.ready[..FRAME]));
        self.ready.drain(..FRAME);
        None
    }
}

/// A speaker's ring buffer, kept as empty as is safe.
#[derive(Debug)]
pub(in crate::media) struct CardOutlet {
    ring: Producer<f32>,
    resampler: Resampler,
    rate: u32,
    health: Arc<Health>,
    raw: Vec<f32>,
    /// Added to what the card takes at once; grows when that was not enough, samples.
    margin: usize,
    underruns: u32,
    /// What the card took at once in the last two stretches of time, samples.
    largest: [usize; 2],
    pushes: u32,
}

impl CardOutlet {
    pub(super) fn new(ring: Producer<f32>, rate: u32, health: Arc<Health>) -> Option<Self> {
        let resampler = Resampler::new(RATE, rate)?;
        let period = rate as usize / 100;
        let margin = period / 4;
        Some(Self {
            ring,
            resampler,
            rate,
            health,
            raw: Vec::new(),
            margin,
            underruns: 0,
            largest: [period; 2],
            pushes: 0,
        })
    }

    fn wait(&mut self) -> Option<Duration> {
        let fill = self.ring.buffer().capacity() - self.ring.slots();
        let underruns = self.health.underruns.load(Relaxed);
        if underruns != self.underruns {
            self.underruns = underruns;
            self.margin = (self.margin + self.rate as usize / 200).min(self.rate as usize / 16);
        }
        let enough = self.largest[0].max(self.largest[1]) + self.margin;
        if fill < enough {
            return None;
        }
        // The card takes its share at once, at some moment of the next 10 ms: look often enough to follow at leisure.
        Some(Duration::from_millis(2))
    }

    fn push(&mut self, frame: &StereoFrame) {
        self.raw.clear();
        self.resampler.push(&mono(frame), &mut self.raw);
        for sample in &self.raw {
            // Full cannot be: the ring holds half a second.
            let _ = self.ring.push(*sample);
        }
        self.pushes += 1;
        if self.pushes.is_multiple_of(100) {
            self.largest = [self.largest[1], self.health.largest.swap(0, Relaxed).min(self.rate as usize / 10)];
        }
        if self.pushes.is_multiple_of(3000) {
            // Half a minute later a little less may do again.
            self.margin = (self.margin - self.margin / 8).max(self.rate as usize / 400);
        }
    }
}

fn samples_as_time(samples: usize, rate: u32) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(rate))
}
