//! Mouths and ears: what plays into the virtual cards and records from them, with the time of each sample.

use std::{
    ffi::CString,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use pulseaudio::{
    AsPlaybackSource, Client, PlaybackStream, RecordStream,
    protocol::{
        ChannelMap, PlaybackStreamParams, RecordStreamParams, SampleFormat, SampleSpec,
        stream::{BufferAttr, StreamFlags},
    },
};

use super::voice::RATE;
use crate::media::{
    frame::{FRAME, deinterleave},
    wav::WavSink,
};

const SPEC: SampleSpec = SampleSpec { format: SampleFormat::Float32Le, channels: 1, sample_rate: RATE };
/// The daemon lets in who has none, but wants to see one.
const COOKIE: [u8; 256] = [0; 256];
/// Bytes of 5 ms.
const PIECE: u32 = RATE / 200 * 4;

/// A connection to the cards.
pub(super) struct Rig {
    client: Client,
    runtime: tokio::runtime::Runtime,
    /// Streams of the same group would have to go to the same card.
    mouths: u32,
}

impl Rig {
    pub(super) fn connect(socket: &Path) -> anyhow::Result<Self> {
        let socket = std::os::unix::net::UnixStream::connect(socket).context("PulseAudio's socket")?;
        let client = Client::new_unix(c"ahoy bench", socket, Some(COOKIE))?;
        Ok(Self { client, runtime: tokio::runtime::Builder::new_current_thread().build()?, mouths: 0 })
    }

    /// Says this again and again into a sink.
    pub(super) fn mouth(&mut self, sink: &str, speech: Arc<[f32]>) -> anyhow::Result<Mouth> {
        self.mouths += 1;
        let log: Arc<Mutex<Vec<(u64, Instant)>>> = Arc::default();
        let (shared, mut at) = (log.clone(), 0u64);
        let callback = move |bytes: &mut [u8]| {
            let now = Instant::now();
            lock(&shared).push((at, now));
            for four in bytes.as_chunks_mut::<4>().0 {
                *four = speech[(at % speech.len() as u64) as usize].to_le_bytes();
                at += 1;
            }
            bytes.len()
        };
        let params = PlaybackStreamParams {
            sample_spec: SPEC,
            channel_map: ChannelMap::mono(),
            sync_id: self.mouths,
            sink_name: Some(CString::new(sink)?),
            // The card then works in pieces of 5 ms.
            buffer_attr: BufferAttr {
                target_length: 4 * PIECE,
                minimum_request_length: PIECE,
                ..BufferAttr::default()
            },
            flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
            ..PlaybackStreamParams::default()
        };
        let stream = self.client.create_playback_stream(params, callback.as_playback_source());
        Ok(Mouth { _stream: self.runtime.block_on(stream)?, log })
    }

    /// Records what a sink plays.
    pub(super) fn ear(&self, sink: &str) -> anyhow::Result<Ear> {
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let shared = heard.clone();
        let callback = move |bytes: &[u8]| {
            let now = Instant::now();
            let mut heard = lock(&shared);
            heard.samples.extend(bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)));
            let so_far = heard.samples.len();
            heard.log.push((so_far, now));
        };
        let params = RecordStreamParams {
            sample_spec: SPEC,
            channel_map: ChannelMap::mono(),
            source_name: Some(CString::new(format!("{sink}.monitor"))?),
            buffer_attr: BufferAttr { fragment_size: PIECE, ..BufferAttr::default() },
            // Otherwise a card that nobody plays to renders seconds ahead, and what is played then comes after that.
            flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
            ..RecordStreamParams::default()
        };
        let stream = self.runtime.block_on(self.client.create_record_stream(params, callback))?;
        Ok(Ear { _stream: stream, heard })
    }
}

/// What says something.
pub(super) struct Mouth {
    _stream: PlaybackStream,
    log: Arc<Mutex<Vec<(u64, Instant)>>>,
}

impl Mouth {
    /// When a sample was handed to the sound system.
    pub(super) fn handed_over(&self, sample: u64) -> Option<Instant> {
        let log = lock(&self.log);
        let after = log.partition_point(|&(first, _)| first <= sample);
        Some(log.get(after.checked_sub(1)?)?.1)
    }

    /// The first sample that is handed over at this time or later.
    pub(super) fn sample_at(&self, time: Instant) -> Option<u64> {
        let log = lock(&self.log);
        log.get(log.partition_point(|&(_, at)| at < time)).map(|&(first, _)| first)
    }
}

#[derive(Default)]
struct Heard {
    samples: Vec<f32>,
    /// How many there were after each delivery, and when.
    log: Vec<(usize, Instant)>,
}

impl Heard {
    /// When the first sample was heard, as far as deliveries around `time` tell: a card may skip or repeat sound when
    /// its buffers change, so that no one start is right for all of a recording.
    fn start(&self, time: Instant) -> Option<Instant> {
        let around = Duration::from_secs(1);
        let first = self.log.partition_point(|&(_, at)| at + around < time);
        let near = self.log[first..].iter().take_while(|&&(_, at)| at <= time + around);
        // Whatever came quickest was on its way the shortest: the earliest estimate is right.
        near.filter_map(|&(so_far, at)| at.checked_sub(as_time(so_far))).min()
    }
}

/// What listens.
pub(super) struct Ear {
    _stream: RecordStream,
    heard: Arc<Mutex<Heard>>,
}

impl Ear {
    /// What was heard from this time on, so many samples, with the time of the first. `None`: not (yet) recorded.
    pub(super) fn from(&self, time: Instant, samples: usize) -> Option<(Vec<f32>, Instant)> {
        let heard = lock(&self.heard);
        let start = heard.start(time)?;
        let first = (time.checked_duration_since(start)?.as_secs_f64() * f64::from(RATE)) as usize;
        Some((heard.samples.get(first..first + samples)?.to_vec(), start + as_time(first)))
    }
}

impl Ear {
    /// Writes all that was heard.
    pub(super) fn keep(&self, path: &Path) -> anyhow::Result<()> {
        let mut sink = WavSink::create(path, false)?;
        for piece in lock(&self.heard).samples.chunks(FRAME) {
            sink.write(&deinterleave(piece, 1))?;
        }
        Ok(())
    }
}

/// Samples as time.
pub(super) fn as_time(samples: usize) -> Duration {
    Duration::from_secs_f64(samples as f64 / f64::from(RATE))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
