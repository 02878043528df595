//! The two ends of all sound: where frames come from, and where they go. Each says when it is time for the next one.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use rtrb::{Consumer, Producer};

use super::{clock::Clock, health::Health};
use crate::media::{
    frame::{FRAME, RATE, SILENCE, StereoFrame, deinterleave, mono},
    resample::Resampler,
    tones::Sine,
    wav::{WavSink, WavSource},
};

/// The shortest sleep between two looks at a card.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// The longest one, where the card wakes who waits for it.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// How often is looked after what is off.
pub(in crate::media) const OFF_WAIT: Duration = Duration::from_millis(50);
/// Sound that has waited for longer than this is dropped, ms.
const BACKLOG_MAX_MS: usize = 250;

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
    /// No frames at all.
    Off,
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
    /// No frames are wanted.
    Off,
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
            Self::Off => return Some(OFF_WAIT),
        };
        if let Some(wait) = pace.0.wait(Instant::now()) {
            return Some(wait);
        }
        match self {
            Self::File(file, _) => file.next_frame(frame),
            Self::Tone(sine, _) => {
                let [left, right] = frame;
                left.iter_mut().for_each(|sample| *sample = sine.next_sample());
                *right = *left;
            }
            Self::Card(_) | Self::Silence(_) | Self::Off => *frame = SILENCE,
        }
        None
    }
}

impl Outlet {
    /// `None` if a frame is wanted now, otherwise how long to wait.
    pub(in crate::media) fn wait(&mut self) -> Option<Duration> {
        match self {
            Self::Card(card) => card.wait(Instant::now()),
            Self::File(_, pace) | Self::Nowhere(pace) => pace.0.wait(Instant::now()),
            Self::Off => Some(OFF_WAIT),
        }
    }

    /// Takes the frame that was wanted. False if it cannot be used any more.
    pub(in crate::media) fn push(&mut self, frame: &StereoFrame) -> bool {
        match self {
            Self::Card(card) => card.push(frame),
            Self::File(file, _) => return file.write(frame).is_ok(),
            Self::Nowhere(_) | Self::Off => {}
        }
        true
    }
}

/// A microphone's ring buffer as frames of 48 kHz.
#[derive(Debug)]
pub(in crate::media) struct CardIntake {
    ring: Consumer<f32>,
    channels: usize,
    health: Arc<Health>,
    resampler: Resampler,
    raw: Vec<f32>,
    ready: Vec<f32>,
}

impl CardIntake {
    /// Of a ring of one or two channels.
    pub(super) fn new(ring: Consumer<f32>, channels: usize, health: Arc<Health>) -> Option<Self> {
        let resampler = Resampler::new(health.rate, RATE, channels)?;
        Some(Self { ring, channels, health, resampler, raw: Vec::new(), ready: Vec::new() })
    }

    fn next(&mut self, frame: &mut StereoFrame) -> Option<Duration> {
        self.health.wait_here();
        let samples = FRAME * self.channels;
        loop {
            let counted = self.health.frames();
            self.drain();
            let missing = samples.saturating_sub(self.ready.len()) / self.channels;
            if missing == 0 {
                break;
            }
            if !self.health.wakes {
                return Some(samples_as_time(missing, RATE).max(SHORTEST_WAIT));
            }
            let missing_of_card = missing as u64 * u64::from(self.health.rate) / u64::from(RATE);
            if self.health.want(counted + missing_of_card.max(1)) {
                return Some(LONGEST_WAIT);
            }
        }
        *frame = deinterleave(&self.ready[..samples], self.channels);
        self.ready.drain(..samples);
        None
    }

    /// Takes what has been recorded. What is too old to be of use is dropped: whoever reads was held up, and would
    /// never be on time again.
    fn drain(&mut self) {
        let there = self.ring.slots();
        // It is there: it was just looked for, and nobody else reads.
        let Ok(chunk) = self.ring.read_chunk(there) else { return };
        self.raw.clear();
        self.raw.extend(chunk);
        self.resampler.push(&self.raw, &mut self.ready);
        let most = RATE as usize / 1000 * BACKLOG_MAX_MS * self.channels;
        if there == self.ring.buffer().capacity() {
            // Nobody knows how much did not find room any more.
            self.ready.clear();
        } else if self.ready.len() > most {
            self.ready.drain(..self.ready.len() - FRAME * self.channels);
        }
    }
}

/// A speaker's ring buffer, kept as empty as is safe.
#[derive(Debug)]
pub(in crate::media) struct CardOutlet {
    ring: Producer<f32>,
    channels: usize,
    resampler: Resampler,
    health: Arc<Health>,
    raw: Vec<f32>,
    mixed: Vec<f32>,
    /// How long before the card's next callback a frame is made, frames of the card; grows when that was too late.
    lead: usize,
    underruns: u32,
    /// The last callback, and when it was seen.
    beat: (u64, Option<Instant>),
    /// What the card took at once in the last two stretches of time, frames.
    largest: [usize; 2],
    pushes: u32,
}

impl CardOutlet {
    /// Of a ring of one or two channels.
    pub(super) fn new(ring: Producer<f32>, channels: usize, health: Arc<Health>) -> Option<Self> {
        let resampler = Resampler::new(RATE, health.rate, channels)?;
        let lead = Self::shortest_lead(&health);
        let largest = [health.period.load(Relaxed) as usize; 2];
        let (raw, mixed) = (Vec::new(), Vec::new());
        Some(Self {
            ring,
            channels,
            resampler,
            health,
            raw,
            mixed,
            lead,
            underruns: 0,
            beat: (0, None),
            largest,
            pushes: 0,
        })
    }

    /// Frames of the card.
    fn shortest_lead(health: &Health) -> usize {
        // Who is not woken sees a callback up to 2 ms later, and must have had enough for it before.
        health.rate as usize / if health.wakes { 500 } else { 80 }
    }

    fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.health.wait_here();
        let counted = self.health.frames();
        let (beats, underruns) = (self.health.beats.load(Relaxed), self.health.underruns.load(Relaxed));
        if beats != self.beat.0 {
            self.beat = (beats, Some(now));
        }
        if underruns != self.underruns {
            self.underruns = underruns;
            self.lead = (self.lead + self.health.rate as usize / 800).min(self.health.rate as usize / 16);
        }
        let fill = (self.ring.buffer().capacity() - self.ring.slots()) / self.channels;
        let once = self.largest[0].max(self.largest[1]);
        let rate = self.health.rate;
        if !self.health.wakes {
            // The card takes its share at once, at some moment: look often enough to follow at leisure.
            return (fill >= once + self.lead).then_some(Duration::from_millis(2));
        }
        // Less than that is too little until the next callback.
        let enough = once.max(self.lead);
        if fill >= enough && self.health.want(counted + (fill - enough + 1) as u64) {
            return Some(LONGEST_WAIT);
        }
        let due = self.beat.1? + samples_as_time(once.saturating_sub(self.lead), rate);
        due.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    fn push(&mut self, frame: &StereoFrame) {
        self.mixed.clear();
        if self.channels == 2 {
            let [left, right] = frame;
            self.mixed.extend(left.iter().zip(right).flat_map(|(left, right)| [*left, *right]));
        } else {
            self.mixed.extend(mono(frame));
        }
        self.raw.clear();
        self.resampler.push(&self.mixed, &mut self.raw);
        // Full cannot be: the ring holds half a second.
        let room = self.raw.len().min(self.ring.slots() / self.channels * self.channels);
        if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
            chunk.fill_from_iter(self.raw.drain(..room));
        }
        self.pushes += 1;
        if self.pushes.is_multiple_of(100) {
            self.largest = [self.largest[1], self.health.largest.swap(0, Relaxed).min(self.health.rate as usize / 10)];
        }
        if self.pushes.is_multiple_of(1000) {
            // Ten seconds later a little less may do again.
            self.lead = (self.lead - self.lead / 8).max(Self::shortest_lead(&self.health));
        }
    }
}

fn samples_as_time(samples: usize, rate: u32) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(rate))
}
