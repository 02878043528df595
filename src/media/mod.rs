//! Sound: from the microphone to a media packet, and from media packets to the speaker.
//!
//! What lives here: pure signal processing (frames, codec, jitter buffer, mixer, levels, resampling, tones) and, in
//! `device`, the only code that knows sound cards. What may not come in: sockets, signaling, what a call is.

pub mod spec;
