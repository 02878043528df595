//! An open sound card: a ring buffer of mono samples that a callback fills or empties.
//!
//! The callbacks run on threads that must not wait: they neither lock nor allocate nor call the system.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use cpal::{
    BufferSize, Error, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
    SupportedStreamConfigRange,
    traits::{DeviceTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::find::Direction;
use crate::media::frame::RATE;

/// How long a sound system may take to open a device.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);
/// Room of the ring buffers, in parts of a second.
const RING_PARTS: u32 = 2;

/// What the callbacks tell.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// The stream is of no use any more.
    pub(super) failed: AtomicBool,
    /// Callbacks so far.
    pub(super) beats: AtomicU64,
    /// Times a speaker found too little.
    pub(super) underruns: AtomicU32,
    /// Most samples that one callback has wanted since this was last set to 0.
    pub(super) largest: AtomicUsize,
}

impl Health {
    fn report(&self, error: &Error) {
        // An overrun heals by itself, and without real-time priority we live.
        if !matches!(error.kind(), ErrorKind::Xrun | ErrorKind::RealtimeDenied) {
            self.failed.store(true, Relaxed);
        }
    }
}

/// An open card. The stream ends when it is dropped.
pub(super) struct Card<R> {
    pub(super) stream: cpal::Stream,
    pub(super) ring: R,
    /// Hz.
    pub(super) rate: u32,
    pub(super) health: Arc<Health>,
}

/// Opens a microphone.
pub(super) fn open_input(device: &cpal::Device) -> Result<Card<Consumer<f32>>, Error> {
    let (config, format) = choose(device, Direction::In)?;
    let health = Arc::new(Health::default());
    let (producer, ring) = RingBuffer::new((config.sample_rate / RING_PARTS) as usize);
    let build = Input { device, config, producer, health: &health };
    let stream = match format {
        SampleFormat::F32 => build.stream::<f32>(),
        SampleFormat::I16 => build.stream::<i16>(),
        SampleFormat::I24 => build.stream::<cpal::I24>(),
        SampleFormat::I32 => build.stream::<i32>(),
        SampleFormat::U8 => build.stream::<u8>(),
        SampleFormat::U16 => build.stream::<u16>(),
        _ => return Err(ErrorKind::UnsupportedConfig.into()),
    }?;
    stream.play()?;
    Ok(Card { stream, ring, rate: config.sample_rate, health })
}

/// Opens a speaker.
pub(super) fn open_output(device: &cpal::Device) -> Result<Card<Producer<f32>>, Error> {
    let (config, format) = choose(device, Direction::Out)?;
    let health = Arc::new(Health::default());
    let (ring, consumer) = RingBuffer::new((config.sample_rate / RING_PARTS) as usize);
    let build = Output { device, config, consumer, health: &health };
    let stream = match format {
        SampleFormat::F32 => build.stream::<f32>(),
        SampleFormat::I16 => build.stream::<i16>(),
        SampleFormat::I24 => build.stream::<cpal::I24>(),
        SampleFormat::I32 => build.stream::<i32>(),
        SampleFormat::U8 => build.stream::<u8>(),
        SampleFormat::U16 => build.stream::<u16>(),
        _ => return Err(ErrorKind::UnsupportedConfig.into()),
    }?;
    stream.play()?;
    Ok(Card { stream, ring, rate: config.sample_rate, health })
}

struct Input<'a> {
    device: &'a cpal::Device,
    config: StreamConfig,
    producer: Producer<f32>,
    health: &'a Arc<Health>,
}

impl Input<'_> {
    fn stream<T: SizedSample>(mut self) -> Result<cpal::Stream, Error>
    where
        f32: FromSample<T>,
    {
        let channels = usize::from(self.config.channels);
        let scale = 1.0 / channels as f32;
        let (health, errors) = (self.health.clone(), self.health.clone());
        self.device.build_input_stream::<T, _, _>(
            self.config,
            move |data, _| {
                for frame in data.chunks_exact(channels) {
                    let sum: f32 = frame.iter().map(|&sample| f32::from_sample_(sample)).sum();
                    // Full: whoever reads has gone to sleep; what is newest is lost.
                    let _ = self.producer.push(sum * scale);
                }
                health.beats.fetch_add(1, Relaxed);
            },
            move |error| errors.report(&error),
            Some(OPEN_TIMEOUT),
        )
    }
}

struct Output<'a> {
    device: &'a cpal::Device,
    config: StreamConfig,
    consumer: Consumer<f32>,
    health: &'a Arc<Health>,
}

impl Output<'_> {
    fn stream<T: SizedSample + FromSample<f32>>(mut self) -> Result<cpal::Stream, Error> {
        let channels = usize::from(self.config.channels);
        let (health, errors) = (self.health.clone(), self.health.clone());
        // What is missing before the first sample is no underrun.
        let mut begun = false;
        self.device.build_output_stream::<T, _, _>(
            self.config,
            move |data, _| {
                let wanted = data.len() / channels;
                begun |= self.consumer.slots() > 0;
                if begun && self.consumer.slots() < wanted {
                    health.underruns.fetch_add(1, Relaxed);
                }
                for frame in data.chunks_exact_mut(channels) {
                    frame.fill(T::from_sample_(self.consumer.pop().unwrap_or(0.0)));
                }
                health.largest.fetch_max(wanted, Relaxed);
                health.beats.fetch_add(1, Relaxed);
            },
            move |error| errors.report(&error),
            Some(OPEN_TIMEOUT),
        )
    }
}

/// The best way to open a device: 48 kHz, few channels, floating point, 10 ms buffers.
fn choose(device: &cpal::Device, direction: Direction) -> Result<(StreamConfig, SampleFormat), Error> {
    let (ranges, default): (Vec<SupportedStreamConfigRange>, _) = match direction {
        Direction::In => (device.supported_input_configs()?.collect(), device.default_input_config()),
        Direction::Out => (device.supported_output_configs()?.collect(), device.default_output_config()),
    };
    // Mixing down from, or up to, all of a device's channels is left to the sound system where it can.
    let channels = default.as_ref().map_or(2, |default| default.channels()).min(2);
    let rate = |range: &SupportedStreamConfigRange| RATE.clamp(range.min_sample_rate(), range.max_sample_rate());
    let best = ranges
        .iter()
        .filter_map(|range| Some((range, format_rank(range.sample_format())?)))
        .max_by_key(|(range, format)| {
            let off = (i64::from(rate(range)) - i64::from(RATE)).abs();
            let spare = (i32::from(range.channels()) - i32::from(channels)).abs();
            (std::cmp::Reverse(off), std::cmp::Reverse(spare), *format)
        })
        .map(|(range, _)| range)
        .ok_or_else(|| Error::from(ErrorKind::UnsupportedConfig))?;
    let rate = rate(best);
    let frames = match best.buffer_size() {
        SupportedBufferSize::Range { min, max } => (rate / 100).clamp(*min, *max),
        SupportedBufferSize::Unknown => rate / 100,
    };
    // Always a fixed size: the default may be seconds.
    let config = StreamConfig { channels: best.channels(), sample_rate: rate, buffer_size: BufferSize::Fixed(frames) };
    Ok((config, best.sample_format()))
}

fn format_rank(format: SampleFormat) -> Option<u8> {
    match format {
        SampleFormat::F32 => Some(5),
        SampleFormat::I16 => Some(4),
        SampleFormat::I32 => Some(3),
        SampleFormat::I24 => Some(2),
        SampleFormat::U16 => Some(1),
        SampleFormat::U8 => Some(0),
        _ => None,
    }
}
