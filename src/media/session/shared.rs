//! What the threads of a session share.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use super::{PacketSink, ParticipantStats, SessionConfig, Treatment};
use crate::{
    media::{frame::RATE, level::SILENT_DBFS, plan::PathView, processing::Picture},
    protocol::{SourceId, media::Report},
};

/// How a listener hears this participant.
pub(super) type HeardBy = (SourceId, Report);
/// Reports that wait at most: a second of a full room.
pub(super) const REPORTS_MAX: usize = 256;

/// Packets that wait at most: a second of ten people speaking at once.
const INBOX_MAX: usize = 1024;
/// Wishes that wait at most.
const VOLUMES_MAX: usize = 4096;

/// A number in bounds, also when it is none.
pub(super) fn within(value: f32, most: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, most) } else { 1.0 }
}

/// A number that any thread may read or write.
#[derive(Debug)]
pub(super) struct AtomicF32(AtomicU32);

impl AtomicF32 {
    pub(super) fn new(value: f32) -> Self {
        Self(AtomicU32::new(value.to_bits()))
    }

    pub(super) fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Relaxed))
    }

    pub(super) fn set(&self, value: f32) {
        self.0.store(value.to_bits(), Relaxed);
    }
}

/// Packets on their way in.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    packets: Mutex<VecDeque<(Instant, Vec<u8>)>>,
    dropped: AtomicU64,
}

impl Inbox {
    /// Takes a packet, or drops it if there are too many.
    pub(super) fn push(&self, packet: Vec<u8>) {
        let mut packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        if packets.len() >= INBOX_MAX {
            self.dropped.fetch_add(1, Relaxed);
        } else {
            packets.push_back((Instant::now(), packet));
        }
    }

    /// All that have come, with the time of their arrival.
    pub(super) fn take(&self) -> VecDeque<(Instant, Vec<u8>)> {
        std::mem::take(&mut *self.packets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many were too many.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

/// What the listening thread is to do.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) volumes: BTreeMap<SourceId, f32>,
    /// Who has left.
    pub(super) left: Vec<SourceId>,
}

/// What is wanted of, and known about, the voices.
#[derive(Debug, Default)]
pub(super) struct Voices {
    pub(super) wishes: Wishes,
    pub(super) stats: Vec<ParticipantStats>,
}

impl Voices {
    pub(super) fn set_volume(&mut self, source: SourceId, volume: f32) {
        if self.wishes.volumes.len() < VOLUMES_MAX {
            self.wishes.volumes.insert(source, volume);
        }
    }

    pub(super) fn forget(&mut self, source: SourceId) {
        self.wishes.left.push(source);
        self.stats.retain(|stats| stats.source != source);
    }
}

/// Settings, counters, and the ways in and out.
pub(super) struct Shared {
    pub(super) source: SourceId,
    pub(super) started: Instant,
    pub(super) stop: AtomicBool,
    pub(super) muted: AtomicBool,
    pub(super) closed: AtomicBool,
    pub(super) microphone_gain: AtomicF32,
    pub(super) speaker_volume: AtomicF32,
    treatment: AtomicU8,
    /// Speakers so far: with each, the way of the echo is another one.
    pub(super) speakers: AtomicU32,
    picture: Mutex<Picture>,
    pub(super) inbox: Arc<Inbox>,
    sink: Mutex<PacketSink>,
    voices: Mutex<Voices>,
    /// News of the way to the relay.
    path: Mutex<Option<PathView>>,
    pub(super) microphone_level: AtomicF32,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) rejected: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(config: &SessionConfig, inbox: Arc<Inbox>, sink: PacketSink) -> Self {
        Self {
            source: config.source,
            started: Instant::now(),
            stop: AtomicBool::new(false),
            muted: AtomicBool::new(config.muted),
            closed: AtomicBool::new(config.closed),
            microphone_gain: AtomicF32::new(within(config.microphone_gain, 2.0)),
            speaker_volume: AtomicF32::new(within(config.speaker_volume, 2.0)),
            treatment: AtomicU8::new(config.treatment.to_bits()),
            speakers: AtomicU32::new(0),
            picture: Mutex::default(),
            inbox,
            sink: Mutex::new(sink),
            voices: Mutex::default(),
            path: Mutex::default(),
            microphone_level: AtomicF32::new(SILENT_DBFS),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    pub(super) fn voices(&self) -> MutexGuard<'_, Voices> {
        self.voices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// News of the way to the relay, the latest only.
    pub(super) fn path(&self) -> MutexGuard<'_, Option<PathView>> {
        self.path.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be done to the voices.
    pub(super) fn treatment(&self) -> Treatment {
        Treatment::from_bits(self.treatment.load(Relaxed))
    }

    pub(super) fn set_treatment(&self, treatment: Treatment) {
        self.treatment.store(treatment.to_bits(), Relaxed);
    }

    /// What is done to the own voice.
    pub(super) fn picture(&self) -> MutexGuard<'_, Picture> {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a packet to the sink.
    pub(super) fn send(&self, packet: Vec<u8>) {
        self.sent.fetch_add(1, Relaxed);
        (*self.sink.lock().unwrap_or_else(PoisonError::into_inner))(packet);
    }

    /// A moment as samples since the session began.
    pub(super) fn samples(&self, moment: Instant) -> i64 {
        let elapsed = moment.saturating_duration_since(self.started);
        (elapsed.as_micros() as i64).saturating_mul(i64::from(RATE)) / 1_000_000
    }
}
