//! What a person has chosen. Stored in the profile.

use serde::{Deserialize, Serialize};

pub use crate::media::tones::{Ringtone, ToneRegion};
use crate::{media::spec::DeviceSpec, server::SPEAKERS_DEFAULT};

/// All settings of a profile. Unknown fields of newer versions are ignored, missing ones get their default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The microphone.
    pub microphone: DeviceSpec,
    /// The speaker for voices.
    pub speaker: DeviceSpec,
    /// The device for the ringtone.
    pub ring_device: DeviceSpec,
    /// Gain of the microphone, 0.0 to 2.0.
    pub microphone_gain: f32,
    /// Loudness of voices, 0.0 to 2.0.
    pub speaker_volume: f32,
    /// Take away from the microphone what comes out of the speaker.
    pub echo_cancelling: bool,
    /// Take away noise from the microphone.
    pub noise_suppression: bool,
    /// Bring the own voice to a common loudness.
    pub gain_control: bool,
    /// Take away from the microphone what is deeper than a voice.
    pub high_pass: bool,
    /// Bring the voices of others to a common loudness.
    pub levelling: bool,
    /// Send music instead of speech: stereo, a high bit rate, and none of the processing above.
    pub music_mode: bool,
    /// Loudness of the ringtone, 0.0 to 1.0.
    pub ring_volume: f32,
    /// Which ringtone.
    pub ringtone: Ringtone,
    /// Which country's ringback, busy and ended tones.
    pub tones: ToneRegion,
    /// Who calls during a talk may wait; without it, they are told that the line is busy.
    pub call_waiting: bool,
    /// How many are heard in a call at a time, the loudest ones, on the server in this program; 1 to
    /// [`SPEAKERS_MAX`](crate::server::SPEAKERS_MAX).
    pub hosted_speakers: usize,
    /// Which language; `None` follows the system.
    pub language: Option<Language>,
    /// Light, dark, or as the system.
    pub theme: Theme,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            microphone: DeviceSpec::Default,
            speaker: DeviceSpec::Default,
            ring_device: DeviceSpec::Default,
            microphone_gain: 1.0,
            speaker_volume: 1.0,
            echo_cancelling: true,
            noise_suppression: true,
            gain_control: true,
            high_pass: true,
            levelling: true,
            music_mode: false,
            ring_volume: 0.8,
            ringtone: Ringtone::default(),
            tones: ToneRegion::default(),
            call_waiting: false,
            hosted_speakers: SPEAKERS_DEFAULT,
            language: None,
            theme: Theme::default(),
        }
    }
}

/// A language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Korean.
    #[serde(rename = "ko")]
    Korean,
}

/// Colours of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}
