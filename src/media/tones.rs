//! Call progress tones and ringtones, all synthesised.

use serde::{Deserialize, Serialize};

/// The built-in ringtones, all synthesised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ringtone {
    /// Two warbling notes.
    #[default]
    Classic,
    /// A rising chord.
    Chime,
    /// Three short beeps.
    Digital,
    /// Soft marimba-like notes.
    Marimba,
}

impl Ringtone {
    /// All of them, in the order of the settings screen.
    pub const ALL: [Self; 4] = [Self::Classic, Self::Chime, Self::Digital, Self::Marimba];
}

/// Cadences of the call progress tones (ITU-T E.180).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToneRegion {
    /// By the language: Korean tones for Korean, otherwise North American ones.
    #[default]
    Automatic,
    /// South Korea.
    Korea,
    /// North America.
    NorthAmerica,
    /// Most of Europe.
    Europe,
    /// United Kingdom.
    UnitedKingdom,
    /// Japan.
    Japan,
}

impl ToneRegion {
    /// All of them, in the order of the settings screen.
    pub const ALL: [Self; 6] =
        [Self::Automatic, Self::Korea, Self::NorthAmerica, Self::Europe, Self::UnitedKingdom, Self::Japan];

    /// The country behind [`Self::Automatic`]; every other choice stays.
    pub fn resolve(self, korean: bool) -> Self {
        match self {
            Self::Automatic if korean => Self::Korea,
            Self::Automatic => Self::NorthAmerica,
            chosen => chosen,
        }
    }
}

/// What is to be heard beside the voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RingCue {
    /// Loop: this device rings.
    Ringtone,
    /// Loop: the peer's device rings.
    Ringback,
    /// Once: the line is busy.
    Busy,
    /// Once: the callee declined.
    Declined,
    /// Once: no answer, not reachable, or failed.
    Failed,
    /// Once: the talk is over.
    Ended,
    /// Once: one round of the ringtone, for the settings screen.
    RingtoneOnce,
    /// Once: a short tone, for the settings screen.
    Test,
}
