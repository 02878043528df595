//! Which sound device, in words: as on the command line, in the settings, and on the wire of the phone.

use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, str::FromStr};

/// A microphone or a speaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceSpec {
    /// `default`: whatever the system says, also when that changes.
    #[default]
    Default,
    /// A device by its identifier or name.
    Named(String),
    /// `file:PATH.wav`: as a microphone, played in a loop; as a speaker, recorded.
    File(PathBuf),
    /// `tone:HZ`: as a microphone, a sine of -20 dBFS.
    Tone(f32),
    /// `silence` (microphone) or `null` (speaker): no sound, no sound card.
    Null,
    /// `off`: nothing is recorded, or decoded. Whose speaker is off sees how loud others say they are.
    Off,
}

/// Why a text is not a device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSpec {
    /// No text at all.
    #[error("name a device, or write default, file:PATH.wav, tone:HZ, silence, null or off")]
    Empty,
    /// `file:` without a path.
    #[error("file: needs the path of a WAV file behind it")]
    NoPath,
    /// `tone:` without a usable number.
    #[error("tone: needs a frequency from 20 to 20000 Hz behind it")]
    Tone,
}

impl FromStr for DeviceSpec {
    type Err = InvalidSpec;

    fn from_str(text: &str) -> Result<Self, InvalidSpec> {
        match text {
            "" => Err(InvalidSpec::Empty),
            "default" => Ok(Self::Default),
            "silence" | "null" => Ok(Self::Null),
            "off" => Ok(Self::Off),
            _ => {
                if let Some(path) = text.strip_prefix("file:") {
                    return if path.is_empty() { Err(InvalidSpec::NoPath) } else { Ok(Self::File(path.into())) };
                }
                if let Some(hertz) = text.strip_prefix("tone:") {
                    let hertz: f32 = hertz.parse().map_err(|_| InvalidSpec::Tone)?;
                    return if (20.0..=20_000.0).contains(&hertz) {
                        Ok(Self::Tone(hertz))
                    } else {
                        Err(InvalidSpec::Tone)
                    };
                }
                Ok(Self::Named(text.to_owned()))
            }
        }
    }
}

impl TryFrom<String> for DeviceSpec {
    type Error = InvalidSpec;
    fn try_from(text: String) -> Result<Self, InvalidSpec> {
        text.parse()
    }
}

impl From<DeviceSpec> for String {
    fn from(spec: DeviceSpec) -> String {
        spec.to_string()
    }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Named(name) => f.write_str(name),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Tone(hertz) => write!(f, "tone:{hertz}"),
            Self::Null => f.write_str("null"),
            Self::Off => f.write_str("off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read_and_written() {
        for text in ["default", "null", "off", "file:/tmp/a.wav", "tone:440", "pulseaudio:sink.monitor"] {
            let spec: DeviceSpec = text.parse().expect(text);
            assert_eq!(spec.to_string(), text);
        }
        assert_eq!("silence".parse(), Ok(DeviceSpec::Null));
        assert_eq!("".parse::<DeviceSpec>(), Err(InvalidSpec::Empty));
        assert_eq!("file:".parse::<DeviceSpec>(), Err(InvalidSpec::NoPath));
        for tone in ["tone:", "tone:x", "tone:NaN", "tone:5", "tone:-440", "tone:1e9"] {
            assert_eq!(tone.parse::<DeviceSpec>(), Err(InvalidSpec::Tone), "{tone}");
        }
    }
}
