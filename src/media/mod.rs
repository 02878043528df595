//! Sound: from the microphone to a media packet, and from media packets to the speaker.
//!
//! What lives here: pure signal processing (frames, codec, jitter buffer, mixer, levels, resampling, tones) and, in
//! `device` and `session`, the only code that knows sound cards and threads. What may not come in: sockets, signaling,
//! what a call is.

pub mod budget;
pub mod delay;
pub mod device;
pub mod downlink;
pub mod frame;
pub mod jitter;
pub mod level;
pub mod leveller;
pub mod mixer;
pub mod noise;
pub mod opus;
pub mod pauses;
pub mod payload;
pub mod plan;
pub mod processing;
pub mod resample;
pub mod ringtones;
pub mod session;
pub mod spec;
pub mod stretch;
pub mod tally;
pub mod tones;
pub mod uplink;
pub mod voice;
pub mod wav;

pub use device::{Devices, Ringer, devices};
pub use session::{
    AudioNotice, AudioSession, AudioStats, Headsets, MicrophoneTest, NoticeSink, PacketSink, ParticipantStats,
    SessionConfig, Treatment,
};
