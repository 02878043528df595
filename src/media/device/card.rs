//! An open sound card: a ring buffer that a callback fills or empties, frame by frame.
//!
//! A card of PulseAudio is opened by [`pulse`], any other by cpal.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use cpal::{
    BufferSize, Error, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
    SupportedStreamConfigRange,
    traits::{DeviceTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};

#[cfg(target_os = "linux")]
use super::pulse;
use super::{
    callback::{Capture, Playback, capture_channels, playback_channels},
    find::Direction,
    health::{Health, frames},
    priority::Wish,
};
use crate::media::frame::RATE;

/// How long a sound system may take to open a device.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);
/// Room of the ring buffers, in parts of a second.
const RING_PARTS: u32 = 2;

/// Why a card does not open.
#[derive(Debug, thiserror::Error)]
pub(super) enum CardError {
    /// cpal says why.
    #[error("{0}")]
    Cpal(#[from] Error),
    /// The PulseAudio server does not let us.
    #[cfg(target_os = "linux")]
    #[error("{0}")]
    Pulse(#[from] pulse::PulseError),
}

/// What keeps a card open.
pub(super) enum Stream {
    /// By cpal. A real card's thread sleeps until there is something to do; that of ALSA's plug-ins need not.
    Cpal { _stream: cpal::Stream, real: bool },
    /// By ourselves.
    #[cfg(target_os = "linux")]
    Pulse { _stream: pulse::Stream },
}

impl Stream {
    fn cpal(stream: cpal::Stream, device: &cpal::Device) -> Self {
        Self::Cpal { _stream: stream, real: device.id().is_ok_and(|id| id.id().starts_with("hw:")) }
    }

    /// What the thread of this card is to have.
    pub(super) fn wish(&self) -> Wish {
        if matches!(self, Self::Cpal { real: false, .. }) { Wish::Share } else { Wish::RealTime }
    }
}

/// An open card. The stream ends when it is dropped.
pub(super) struct Card<R> {
    pub(super) stream: Stream,
    pub(super) ring: R,
    /// Channels of the ring: 1 or 2.
    pub(super) channels: usize,
    pub(super) health: Arc<Health>,
}

/// Opens a microphone, with buffers of so many microseconds.
pub(super) fn open_input(device: &cpal::Device, period_us: u32) -> Result<Card<Consumer<f32>>, CardError> {
    #[cfg(target_os = "linux")]
    if let Some((name, shape)) = on_pulse(device, Direction::In) {
        let health = Arc::new(Health::new(shape.rate, frames(shape.rate, period_us), true));
        let channels = usize::from(shape.channels);
        let (producer, ring) = ring(shape.rate, channels);
        let mut capture = Capture::new(producer, channels, health.clone());
        let stream = pulse::record(&name, shape, health.clone(), move |samples| capture.take(samples))?;
        return Ok(Card { stream: Stream::Pulse { _stream: stream }, ring, channels, health });
    }
    let (config, format) = choose(device, Direction::In, period_us)?;
    let health = health(&config);
    let (card, channels) = (usize::from(config.channels), capture_channels(config.channels.into()));
    let (producer, ring) = ring(config.sample_rate, channels);
    let capture = Capture::new(producer, card, health.clone());
    let stream = match format {
        SampleFormat::F32 => input::<f32>(device, config, capture, &health),
        SampleFormat::I16 => input::<i16>(device, config, capture, &health),
        SampleFormat::I24 => input::<cpal::I24>(device, config, capture, &health),
        SampleFormat::I32 => input::<i32>(device, config, capture, &health),
        SampleFormat::U8 => input::<u8>(device, config, capture, &health),
        SampleFormat::U16 => input::<u16>(device, config, capture, &health),
        _ => return Err(Error::from(ErrorKind::UnsupportedConfig).into()),
    }?;
    stream.play()?;
    Ok(Card { stream: Stream::cpal(stream, device), ring, channels, health })
}

/// Opens a speaker, with buffers of so many microseconds.
pub(super) fn open_output(device: &cpal::Device, period_us: u32) -> Result<Card<Producer<f32>>, CardError> {
    #[cfg(target_os = "linux")]
    if let Some((name, shape)) = on_pulse(device, Direction::Out) {
        let health = Arc::new(Health::new(shape.rate, frames(shape.rate, period_us), true));
        let channels = usize::from(shape.channels);
        let (ring, consumer) = ring(shape.rate, channels);
        let mut playback = Playback::new(consumer, channels, health.clone());
        let stream = pulse::play(&name, shape, health.clone(), move |samples| playback.fill(samples))?;
        return Ok(Card { stream: Stream::Pulse { _stream: stream }, ring, channels, health });
    }
    let (config, format) = choose(device, Direction::Out, period_us)?;
    let health = health(&config);
    let (card, channels) = (usize::from(config.channels), playback_channels(config.channels.into()));
    let (ring, consumer) = ring(config.sample_rate, channels);
    let playback = Playback::new(consumer, card, health.clone());
    let stream = match format {
        SampleFormat::F32 => output::<f32>(device, config, playback, &health),
        SampleFormat::I16 => output::<i16>(device, config, playback, &health),
        SampleFormat::I24 => output::<cpal::I24>(device, config, playback, &health),
        SampleFormat::I32 => output::<i32>(device, config, playback, &health),
        SampleFormat::U8 => output::<u8>(device, config, playback, &health),
        SampleFormat::U16 => output::<u16>(device, config, playback, &health),
        _ => return Err(Error::from(ErrorKind::UnsupportedConfig).into()),
    }?;
    stream.play()?;
    Ok(Card { stream: Stream::cpal(stream, device), ring, channels, health })
}

/// A PulseAudio server's own name for a device, and what to ask of it: it converts whatever the device is.
#[cfg(target_os = "linux")]
fn on_pulse(device: &cpal::Device, direction: Direction) -> Option<(String, pulse::Shape)> {
    let id = device.id().ok().filter(|id| id.host() == cpal::HostId::PulseAudio)?;
    let default = match direction {
        Direction::In => device.default_input_config(),
        Direction::Out => device.default_output_config(),
    };
    let channels = if default.is_ok_and(|config| config.channels() == 1) { 1 } else { 2 };
    Some((id.id().to_owned(), pulse::Shape { channels, rate: RATE }))
}

fn ring(rate: u32, channels: usize) -> (Producer<f32>, Consumer<f32>) {
    RingBuffer::new((rate / RING_PARTS) as usize * channels)
}

fn health(config: &StreamConfig) -> Arc<Health> {
    let period = match config.buffer_size {
        BufferSize::Fixed(size) => size,
        BufferSize::Default => config.sample_rate / 100,
    };
    Arc::new(Health::new(config.sample_rate, period, false))
}

fn input<T: SizedSample>(
    device: &cpal::Device,
    config: StreamConfig,
    mut capture: Capture,
    health: &Arc<Health>,
) -> Result<cpal::Stream, Error>
where
    f32: FromSample<T>,
{
    let (told, health) = (health.clone(), health.clone());
    let failed = move |error: Error| report(&told, &error);
    let called = move |data: &[T], _: &_| {
        health.standing.here();
        capture.take(data);
    };
    device.build_input_stream(config, called, failed, Some(OPEN_TIMEOUT))
}

fn output<T: SizedSample + FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut playback: Playback,
    health: &Arc<Health>,
) -> Result<cpal::Stream, Error> {
    let (told, health) = (health.clone(), health.clone());
    let failed = move |error: Error| report(&told, &error);
    let called = move |data: &mut [T], _: &_| {
        health.standing.here();
        playback.fill(data);
    };
    device.build_output_stream(config, called, failed, Some(OPEN_TIMEOUT))
}

fn report(health: &Health, error: &Error) {
    match error.kind() {
        // Heals by itself; whoever watches may take larger buffers.
        ErrorKind::Xrun => drop(health.xruns.fetch_add(1, Relaxed)),
        // Without it we live.
        ErrorKind::RealtimeDenied => {}
        // Until it is closed it may say so thousands of times.
        _ if health.failed.swap(true, Relaxed) => {}
        kind => tracing::debug!("A card fails: {error} ({kind:?})."),
    }
}

/// The best way to open a device: 48 kHz, few channels, floating point, short buffers.
fn choose(device: &cpal::Device, direction: Direction, period_us: u32) -> Result<(StreamConfig, SampleFormat), Error> {
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
    let size = match best.buffer_size() {
        SupportedBufferSize::Range { min, max } => frames(rate, period_us).clamp(*min, *max),
        SupportedBufferSize::Unknown => frames(rate, period_us),
    };
    // Always a fixed size: the default may be seconds.
    let config = StreamConfig { channels: best.channels(), sample_rate: rate, buffer_size: BufferSize::Fixed(size) };
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
