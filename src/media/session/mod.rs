//! Sound of one call, and the microphone test: threads of their own, no sockets.
//!
//! Two threads work: one talks ([`talk`]: microphone, [`Uplink`](super::uplink::Uplink), packets), one listens
//! ([`listen`]: packets, [`Downlink`](super::downlink::Downlink), speaker). Each is driven by its device's clock. Devices
//! are opened and watched by keepers, so that a slow sound system holds up nobody.

mod echo;
mod headsets;
mod listen;
mod shared;
mod talk;
mod treatment;

use std::{
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed, mpsc::channel},
    thread::{self, JoinHandle},
};

pub use super::downlink::ParticipantStats;
use super::{
    device::keeper::{InUse, Keeper, Notices},
    level::SILENT_DBFS,
    plan::PathView,
    processing::Picture,
    spec::DeviceSpec,
};
use crate::protocol::{SourceId, media::Header};
pub use headsets::Headsets;
use rtrb::RingBuffer;
use shared::{Inbox, Shared};
pub use treatment::Treatment;

/// Takes packets to send. Called from a media thread: must not block.
pub type PacketSink = Box<dyn FnMut(Vec<u8>) + Send>;

/// Takes notices. Called from a media thread: must not block.
pub type NoticeSink = Box<dyn Fn(AudioNotice) + Send + Sync>;

/// What a session starts with.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// This device's own number in the room, as granted by the relay.
    pub source: SourceId,
    /// The microphone.
    pub microphone: DeviceSpec,
    /// The speaker.
    pub speaker: DeviceSpec,
    /// Start with the microphone closed.
    pub muted: bool,
    /// Start without sending anything, see [`AudioSession::set_closed`].
    pub closed: bool,
    /// Gain of the microphone, 0.0 to 2.0.
    pub microphone_gain: f32,
    /// Loudness of voices, 0.0 to 2.0.
    pub speaker_volume: f32,
    /// What is done to voices.
    pub treatment: Treatment,
    /// What earlier sessions have found out.
    pub headsets: Headsets,
}

/// What a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioNotice {
    /// There is no microphone (any more); it is being looked for.
    MicrophoneLost,
    /// There is no speaker (any more); it is being looked for.
    SpeakerLost,
    /// The microphone in use is now this one. Not told when it is the one just asked for.
    MicrophoneNow(String),
    /// The speaker in use is now this one. Not told when it is the one just asked for.
    SpeakerNow(String),
    /// Somebody speaks into the closed microphone; at most every 30 s.
    MutedWhileSpeaking,
}

/// A picture of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AudioStats {
    /// Level of the microphone before muting, dBFS; -127.0 is silence.
    pub microphone_level_dbfs: f32,
    /// The microphone in use, in words.
    pub microphone_in_use: Option<String>,
    /// The speaker in use, in words.
    pub speaker_in_use: Option<String>,
    /// What is done to the own voice.
    pub processing: Picture,
    /// One entry per source that has been heard.
    pub participants: Vec<ParticipantStats>,
    /// Packets given to the sink.
    pub packets_sent: u64,
    /// Packets taken in.
    pub packets_received: u64,
    /// Packets that were unreadable, or too many at once.
    pub packets_rejected: u64,
}

/// The sound of one call. Never fails to start: what is missing is silent, and told as a notice. Ends when dropped.
#[derive(Debug)]
pub struct AudioSession {
    shared: Arc<Shared>,
    microphone: Keeper,
    speaker: Keeper,
    microphone_in_use: InUse,
    speaker_in_use: InUse,
    threads: Vec<JoinHandle<()>>,
}

impl AudioSession {
    /// Opens the devices in the background and begins to send and to play.
    pub fn start(config: SessionConfig, sink: PacketSink, notices: NoticeSink) -> Self {
        Self::start_with(config, Arc::default(), sink, notices)
    }

    fn start_with(config: SessionConfig, inbox: Arc<Inbox>, sink: PacketSink, notices: NoticeSink) -> Self {
        let shared = Arc::new(Shared::new(&config, inbox, sink));
        let notices: Notices = Arc::from(notices);
        let (microphone_in_use, speaker_in_use) = (InUse::default(), InUse::default());
        let (intakes, intake_inbox) = channel();
        let (outlets, outlet_inbox) = channel();
        let microphone = Keeper::start(config.microphone, intakes, microphone_in_use.clone(), notices.clone());
        let speaker = Keeper::start(config.speaker, outlets, speaker_in_use.clone(), notices.clone());
        let (reports, report_inbox) = RingBuffer::new(shared::REPORTS_MAX);
        let (played, reference) = echo::reference();
        let headset = headsets::HeadsetWatch::new(config.headsets, microphone_in_use.clone(), speaker_in_use.clone());
        let talk = talk::Talk::new(shared.clone(), intake_inbox, report_inbox, reference, headset, notices);
        let listen = listen::Listen::new(shared.clone(), outlet_inbox, reports, played);
        // A computer that cannot start a thread makes no sound; the call itself goes on.
        let threads = [
            thread::Builder::new().name("microphone".into()).spawn(move || talk.run()),
            thread::Builder::new().name("speaker".into()).spawn(move || listen.run()),
        ];
        let threads = threads.into_iter().filter_map(Result::ok).collect();
        Self { shared, microphone, speaker, microphone_in_use, speaker_in_use, threads }
    }

    /// Takes a packet from the network. Never blocks; bounded: what is too much is dropped and counted.
    pub fn receive(&self, packet: Vec<u8>) {
        self.shared.inbox.push(packet);
    }

    /// Says what the way to the relay is like: what is sent follows it.
    pub fn set_path(&self, path: PathView) {
        *self.shared.path() = Some(path);
    }

    /// Closes or opens the microphone.
    pub fn set_muted(&self, muted: bool) {
        self.shared.muted.store(muted, Relaxed);
    }

    /// Sends nothing at all, whatever the microphone is: the relay would not let it through. Or no longer.
    pub fn set_closed(&self, closed: bool) {
        self.shared.closed.store(closed, Relaxed);
    }

    /// Whether what the microphone hears is sent.
    pub fn is_sending(&self) -> bool {
        !self.shared.muted.load(Relaxed) && !self.shared.closed.load(Relaxed)
    }

    /// Level of the microphone before muting, dBFS; -127.0 is silence.
    pub fn microphone_level_dbfs(&self) -> f32 {
        self.shared.microphone_level.get()
    }

    /// Changes the microphone.
    pub fn set_microphone(&self, device: DeviceSpec) {
        self.microphone.want(device);
    }

    /// Changes the speaker.
    pub fn set_speaker(&self, device: DeviceSpec) {
        self.speaker.want(device);
    }

    /// Changes what is done to voices, without a click.
    pub fn set_treatment(&self, treatment: Treatment) {
        self.shared.set_treatment(treatment);
    }

    /// Gain of the microphone, 0.0 to 2.0.
    pub fn set_microphone_gain(&self, gain: f32) {
        self.shared.microphone_gain.set(shared::within(gain, 2.0));
    }

    /// Loudness of all voices, 0.0 to 2.0.
    pub fn set_speaker_volume(&self, volume: f32) {
        self.shared.speaker_volume.set(shared::within(volume, 2.0));
    }

    /// Loudness of one voice, 0.0 to 3.0.
    pub fn set_participant_volume(&self, source: SourceId, volume: f32) {
        self.shared.voices().set_volume(source, shared::within(volume, 3.0));
    }

    /// A participant has left: drops its buffers and statistics. Its volume is kept.
    pub fn forget(&self, source: SourceId) {
        self.shared.voices().forget(source);
    }

    /// The present picture.
    pub fn stats(&self) -> AudioStats {
        let shared = &self.shared;
        let name = |in_use: &InUse| in_use.lock().unwrap_or_else(PoisonError::into_inner).clone();
        AudioStats {
            microphone_level_dbfs: shared.microphone_level.get(),
            microphone_in_use: name(&self.microphone_in_use),
            speaker_in_use: name(&self.speaker_in_use),
            processing: *shared.picture(),
            participants: shared.voices().stats.clone(),
            packets_sent: shared.sent.load(Relaxed),
            packets_received: shared.received.load(Relaxed),
            packets_rejected: shared.rejected.load(Relaxed) + shared.inbox.dropped(),
        }
    }
}

impl Drop for AudioSession {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        for handle in self.threads.drain(..) {
            // Whoever drops it from within a sink or a notice is on one of these threads.
            if handle.thread().id() != thread::current().id() {
                // A thread that panicked has already said so.
                let _ = handle.join();
            }
        }
    }
}

/// The microphone open for the level meter of the settings screen. Ends when dropped.
///
/// With `hear`, what comes in goes through codec and jitter buffer before it is played: as others would hear it.
#[derive(Debug)]
pub struct MicrophoneTest {
    session: AudioSession,
}

impl MicrophoneTest {
    /// Opens the microphone of `config`; with `hear`, what comes in is played on the speaker.
    pub fn start(config: SessionConfig, hear: bool, notices: NoticeSink) -> Self {
        let config = SessionConfig {
            source: SourceId(0),
            speaker: if hear { config.speaker } else { DeviceSpec::Null },
            muted: false,
            closed: false,
            speaker_volume: 1.0,
            // What is heard is the person's own voice: the canceller would take it away.
            treatment: Treatment { echo_cancelling: false, ..config.treatment },
            ..config
        };
        let inbox = Arc::<Inbox>::default();
        let back = inbox.clone();
        let sink: PacketSink = Box::new(move |packet| {
            if hear
                && Header::parse(&packet).is_ok_and(|(header, _)| header.kind == crate::protocol::media::Kind::Audio)
            {
                back.push(packet);
            }
        });
        Self { session: AudioSession::start_with(config, inbox, sink, notices) }
    }

    /// Level of the microphone, dBFS; -127.0 is silence.
    pub fn level_dbfs(&self) -> f32 {
        let level = self.session.shared.microphone_level.get();
        if level.is_finite() { level } else { SILENT_DBFS }
    }
}
