//! Streams of a PulseAudio server (or of PipeWire in its place), each over a connection and on a thread of its own.
//!
//! cpal finds the devices; the streams are ours, because cpal's ask the server for the latency after each callback and
//! clear a mebibyte at each read, which costs more than all else in a call, and because only here the buffers can grow
//! and shrink while sound flows. The messages themselves are those of the `pulseaudio` crate.

use std::{
    ffi::CString,
    io::{self, Cursor, Read, Write},
    net::Shutdown,
    ops::Range,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::{self, JoinHandle},
    time::Duration,
};

use pulseaudio::protocol::{
    self as wire, AuthParams, AuthReply, ChannelMap, Command, CommandReply, CorkStreamParams,
    CreatePlaybackStreamReply, CreateRecordStreamReply, DESCRIPTOR_SIZE, Descriptor, DescriptorFlags,
    PlaybackStreamParams, Prop, Props, ProtocolError, RecordStreamParams, SampleFormat, SampleSpec, SetClientNameReply,
    SetPlaybackStreamBufferAttrParams, SetRecordStreamBufferAttrParams,
    stream::{BufferAttr, StreamFlags},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use socket2::{Domain, SockAddr, Socket, Type};

use super::health::Health;

/// How long the server may take for each answer while a stream is opened.
const PATIENCE: Duration = Duration::from_secs(3);
/// Room for one message, bytes. What is longer does not come from a server that was asked for milliseconds.
const MESSAGE_MAX: usize = 64 * 1024;
/// Length of the password that the server has written to a file, bytes.
const COOKIE: usize = 256;
/// What has been recorded and is not fetched is kept for such a part of a second: later it is of no use.
const KEPT_PARTS: u32 = 4;
/// Bytes of a sample: all streams are 32-bit floating point.
const SAMPLE: usize = size_of::<f32>();

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub(super) enum PulseError {
    /// No server is named by the environment.
    #[error("there is no PulseAudio server")]
    NoServer,
    /// It does not answer, or has gone.
    #[error("the PulseAudio server cannot be reached: {0}")]
    Io(#[from] io::Error),
    /// It refuses, or says what makes no sense.
    #[error("the PulseAudio server: {0}")]
    Protocol(#[from] ProtocolError),
    /// The device's name is none.
    #[error("a device's name has a zero byte in it")]
    Name(#[from] std::ffi::NulError),
}

/// There is a server, and it does not answer.
pub(super) fn hangs() -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    matches!(Link::connect(), Err(PulseError::Io(error)) if matches!(error.kind(), TimedOut | WouldBlock))
}

/// What a stream carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// 1 or 2.
    pub(super) channels: u8,
    /// Hz.
    pub(super) rate: u32,
}

impl Shape {
    fn spec(self) -> SampleSpec {
        SampleSpec { format: SampleFormat::Float32Le, channels: self.channels, sample_rate: self.rate }
    }

    fn map(self) -> ChannelMap {
        if self.channels == 1 { ChannelMap::mono() } else { ChannelMap::stereo() }
    }

    fn bytes(self, frames: u32) -> u32 {
        frames * u32::from(self.channels) * SAMPLE as u32
    }
}

/// A running stream; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Stream {
    socket: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Whatever the thread waits for, this ends it.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens a microphone. `take` gets what was recorded, frame by frame, channels interleaved.
pub(super) fn record(
    source: &str,
    shape: Shape,
    health: Arc<Health>,
    mut take: impl FnMut(&[f32]) + Send + 'static,
) -> Result<Stream, PulseError> {
    let mut link = Link::connect()?;
    let period = health.period.load(Relaxed);
    let reply: CreateRecordStreamReply = link.ask(Command::CreateRecordStream(RecordStreamParams {
        sample_spec: shape.spec(),
        channel_map: shape.map(),
        source_name: Some(CString::new(source)?),
        buffer_attr: record_attr(shape, period),
        flags: StreamFlags { adjust_latency: true, ..StreamFlags::default() },
        ..RecordStreamParams::default()
    }))?;
    let mut samples = vec![0.0; MESSAGE_MAX / SAMPLE];
    let work = move |link: &mut Link, health: &Health, period: &mut u32| {
        match link.receive()? {
            Message::Sound(bytes) => {
                take(decode(bytes, &mut samples));
                health.paused.store(false, Relaxed);
                health.wake();
            }
            Message::Paused(paused) => health.paused.store(paused, Relaxed),
            Message::Killed => return Err(gone().into()),
            Message::Request(_) | Message::Underflow | Message::Other => {}
        }
        let wanted = health.period.load(Relaxed);
        if wanted != std::mem::replace(period, wanted) {
            link.tell(&Command::SetRecordStreamBufferAttr(SetRecordStreamBufferAttrParams {
                index: reply.channel,
                buffer_attr: record_attr(shape, wanted),
                adjust_latency: true,
                early_requests: false,
            }))?;
        }
        Ok(())
    };
    start("card-in", link, health, period, work)
}

/// Opens a speaker. `fill` fills what is to be played, frame by frame, channels interleaved.
pub(super) fn play(
    sink: &str,
    shape: Shape,
    health: Arc<Health>,
    mut fill: impl FnMut(&mut [f32]) + Send + 'static,
) -> Result<Stream, PulseError> {
    let mut link = Link::connect()?;
    let period = health.period.load(Relaxed);
    let reply: CreatePlaybackStreamReply = link.ask(Command::CreatePlaybackStream(PlaybackStreamParams {
        sample_spec: shape.spec(),
        channel_map: shape.map(),
        sink_name: Some(CString::new(sink)?),
        buffer_attr: play_attr(shape, period),
        flags: StreamFlags { start_corked: true, adjust_latency: true, ..StreamFlags::default() },
        ..PlaybackStreamParams::default()
    }))?;
    let channel = reply.channel;
    let mut samples = vec![0.0; MESSAGE_MAX / SAMPLE];
    let mut supply = move |link: &mut Link, health: &Health, bytes: u32| -> Result<(), PulseError> {
        let frame = usize::from(shape.channels) * SAMPLE;
        let mut rest = bytes as usize / frame * frame;
        while rest > 0 {
            let now = rest.min(samples.len() * SAMPLE / frame * frame);
            rest -= now;
            let samples = &mut samples[..now / SAMPLE];
            fill(samples);
            link.play(channel, samples)?;
        }
        health.paused.store(false, Relaxed);
        health.wake();
        Ok(())
    };
    // The buffer is full before the first sample is played.
    supply(&mut link, &health, reply.requested_bytes)?;
    link.tell(&Command::CorkPlaybackStream(CorkStreamParams { channel, cork: false }))?;
    let work = move |link: &mut Link, health: &Health, period: &mut u32| {
        match link.receive()? {
            Message::Request(bytes) => supply(link, health, bytes)?,
            Message::Underflow => {
                health.xruns.fetch_add(1, Relaxed);
            }
            Message::Paused(paused) => health.paused.store(paused, Relaxed),
            Message::Killed => return Err(gone().into()),
            Message::Sound(_) | Message::Other => {}
        }
        let wanted = health.period.load(Relaxed);
        if wanted != std::mem::replace(period, wanted) {
            link.tell(&Command::SetPlaybackStreamBufferAttr(SetPlaybackStreamBufferAttrParams {
                index: channel,
                buffer_attr: play_attr(shape, wanted),
                adjust_latency: true,
                early_requests: false,
            }))?;
        }
        Ok(())
    };
    start("card-out", link, health, period, work)
}

/// The server sends what it has in pieces of a period, and keeps little of what is not fetched.
fn record_attr(shape: Shape, period: u32) -> BufferAttr {
    let max_length = shape.bytes(shape.rate / KEPT_PARTS);
    BufferAttr { fragment_size: shape.bytes(period), max_length, ..BufferAttr::default() }
}

/// The server holds two periods and asks for one when it has played one. After an underrun it goes on with the first
/// period that comes. (Without waiting for one at all, it would drop what comes until that catches up with the silence
/// that it has played ahead, which can be seconds where another program has just ended.)
fn play_attr(shape: Shape, period: u32) -> BufferAttr {
    BufferAttr {
        target_length: shape.bytes(2 * period),
        minimum_request_length: shape.bytes(period),
        pre_buffering: shape.bytes(period),
        ..BufferAttr::default()
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the device is gone")
}

fn start(
    name: &str,
    mut link: Link,
    health: Arc<Health>,
    mut period: u32,
    mut work: impl FnMut(&mut Link, &Health, &mut u32) -> Result<(), PulseError> + Send + 'static,
) -> Result<Stream, PulseError> {
    let socket = link.socket.try_clone()?;
    link.patience = None;
    let run = move || {
        health.standing.here();
        loop {
            if let Err(error) = work(&mut link, &health, &mut period) {
                tracing::debug!("A stream has ended: {error}.");
                health.failed.store(true, Relaxed);
                return;
            }
        }
    };
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
    Ok(Stream { socket, thread: Some(thread) })
}

/// What the server sends, as far as it matters here.
enum Message<'a> {
    /// A piece of a recording.
    Sound(&'a [u8]),
    /// It wants so many bytes to play.
    Request(u32),
    /// It had nothing to play.
    Underflow,
    /// It pauses the stream, or goes on with it.
    Paused(bool),
    /// The device is gone.
    Killed,
    Other,
}

/// A connection, and a buffer for each direction. In the steady state nothing is allocated.
struct Link {
    socket: UnixStream,
    version: u16,
    sequence: u32,
    input: Vec<u8>,
    /// What of `input` has been received, and is not used yet.
    unused: Range<usize>,
    output: Vec<u8>,
    /// How long the server may take for what comes next; as long as it likes once the stream is open.
    patience: Option<Timespec>,
}

impl Link {
    fn connect() -> Result<Self, PulseError> {
        let path = pulseaudio::socket_path_from_env().ok_or(PulseError::NoServer)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // A server that hangs takes neither connections, once its queue is full, nor what is said.
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect(&SockAddr::unix(path)?)?;
        let socket = UnixStream::from(OwnedFd::from(socket));
        let mut link = Self {
            socket,
            version: wire::MAX_VERSION,
            sequence: 0,
            input: vec![0; MESSAGE_MAX],
            unused: 0..0,
            output: Vec::with_capacity(MESSAGE_MAX + DESCRIPTOR_SIZE),
            // It fits.
            patience: PATIENCE.try_into().ok(),
        };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        // Who needs none must show one all the same.
        let cookie = cookie.unwrap_or_else(|| vec![0; COOKIE]);
        let version = link.version;
        let auth = AuthParams { version, supports_shm: false, supports_memfd: false, cookie };
        let reply: AuthReply = link.ask(Command::Auth(auth))?;
        link.version = version.min(reply.version);
        let mut name = Props::new();
        name.set(Prop::ApplicationName, c"Ahoy");
        let _: SetClientNameReply = link.ask(Command::SetClientName(name))?;
        Ok(link)
    }

    /// Sends a command and waits for its answer; whatever else comes is passed over.
    fn ask<R: CommandReply>(&mut self, command: Command) -> Result<R, PulseError> {
        self.tell(&command)?;
        let (asked, version) = (self.sequence, self.version);
        loop {
            let (descriptor, payload) = self.message()?;
            if descriptor.channel != u32::MAX {
                continue;
            }
            let mut rest = Cursor::new(&self.input[payload]);
            match Command::read_tag_prefixed(&mut rest, version) {
                Ok((sequence, Command::Reply)) if sequence == asked => {
                    return Ok(wire::TagStructReader::new(&mut rest, version).read()?);
                }
                Ok((sequence, Command::Error(error))) if sequence == asked => {
                    return Err(ProtocolError::ServerError(error).into());
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, command: &Command) -> Result<(), PulseError> {
        self.sequence = self.sequence.wrapping_add(1);
        self.output.clear();
        let length = wire::encode_command_message(&mut self.output, self.sequence, command, self.version)?;
        Ok(self.socket.write_all(&self.output[..length])?)
    }

    fn play(&mut self, channel: u32, samples: &[f32]) -> Result<(), PulseError> {
        let mut head = [0; DESCRIPTOR_SIZE];
        let length = (samples.len() * SAMPLE) as u32;
        let descriptor = Descriptor { length, channel, offset: 0, flags: DescriptorFlags::empty() };
        wire::encode_descriptor(&mut head, &descriptor);
        self.output.clear();
        self.output.extend_from_slice(&head);
        samples.iter().for_each(|sample| self.output.extend_from_slice(&sample.to_le_bytes()));
        Ok(self.socket.write_all(&self.output)?)
    }

    /// What comes next. Messages that this version of the protocol does not know are passed over.
    fn receive(&mut self) -> Result<Message<'_>, PulseError> {
        let (descriptor, payload) = self.message()?;
        let payload = &self.input[payload];
        if descriptor.channel != u32::MAX {
            return Ok(Message::Sound(payload));
        }
        let command = Command::read_tag_prefixed(&mut Cursor::new(payload), self.version);
        Ok(match command {
            Ok((_, Command::Request(request))) => Message::Request(request.length),
            Ok((_, Command::Underflow(_))) => Message::Underflow,
            Ok((_, Command::PlaybackStreamSuspended(params) | Command::RecordStreamSuspended(params))) => {
                Message::Paused(params.suspended)
            }
            Ok((_, Command::PlaybackStreamKilled(_) | Command::RecordStreamKilled(_))) => Message::Killed,
            _ => Message::Other,
        })
    }

    /// The next message, whatever it is: where in the buffer its payload is.
    fn message(&mut self) -> Result<(Descriptor, Range<usize>), PulseError> {
        self.gather(DESCRIPTOR_SIZE)?;
        let descriptor = wire::read_descriptor(&mut &self.input[self.unused.clone()])?;
        let length = DESCRIPTOR_SIZE + descriptor.length as usize;
        if length > MESSAGE_MAX {
            return Err(ProtocolError::Invalid("a message is too long".into()).into());
        }
        self.gather(length)?;
        let payload = self.unused.start + DESCRIPTOR_SIZE..self.unused.start + length;
        self.unused.start += length;
        Ok((descriptor, payload))
    }

    /// Waits until there is something to read. A thread that waited in the read itself would be woken each time that
    /// the server takes what was said, too.
    fn wait(&self) -> io::Result<()> {
        loop {
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], self.patience.as_ref()) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Receives until so many bytes are there.
    fn gather(&mut self, length: usize) -> Result<(), PulseError> {
        if self.unused.start + length > self.input.len() {
            self.input.copy_within(self.unused.clone(), 0);
            self.unused = 0..self.unused.len();
        }
        while self.unused.len() < length {
            if self.unused.is_empty() {
                self.unused = 0..0;
            }
            self.wait()?;
            match self.socket.read(&mut self.input[self.unused.end..]) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.unused.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn decode<'a>(bytes: &[u8], samples: &'a mut [f32]) -> &'a [f32] {
    let (whole, _) = bytes.as_chunks::<SAMPLE>();
    let count = whole.len().min(samples.len());
    for (sample, bytes) in samples.iter_mut().zip(whole) {
        *sample = f32::from_le_bytes(*bytes);
    }
    &samples[..count]
}
