//! What a person has chosen. Stored in the profile.

use serde::{Deserialize, Serialize};

use crate::media::spec::DeviceSpec;
pub use crate::media::tones::{Ringtone, ToneRegion};

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
    /// Loudness of the ringtone, 0.0 to 1.0.
    pub ring_volume: f32,
    /// Which ringtone.
    pub ringtone: Ringtone,
    /// Which country's ringback, busy and ended tones.
    pub tones: ToneRegion,
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
            ring_volume: 0.8,
            ringtone: Ringtone::default(),
            tones: ToneRegion::default(),
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
