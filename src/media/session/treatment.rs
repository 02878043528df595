//! What is done to voices, as one byte that threads can share.

use crate::media::processing::Settings;

/// What is done to voices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// Take away from the microphone what is deeper than a voice.
    pub high_pass: bool,
    /// Take away from the microphone what comes out of the speaker.
    pub echo_cancelling: bool,
    /// Take away noise from the microphone.
    pub noise_suppression: bool,
    /// Bring the own voice to a common loudness.
    pub gain_control: bool,
    /// Bring the voices of others to a common loudness.
    pub levelling: bool,
    /// Music instead of speech: nothing of the above, stereo, and a high bit rate.
    pub music: bool,
}

impl Treatment {
    /// Everything for speech.
    pub const SPEECH: Self = Self {
        high_pass: true,
        echo_cancelling: true,
        noise_suppression: true,
        gain_control: true,
        levelling: true,
        music: false,
    };
    /// Nothing: sound as it comes.
    pub const NONE: Self = Self {
        high_pass: false,
        echo_cancelling: false,
        noise_suppression: false,
        gain_control: false,
        levelling: false,
        music: false,
    };

    /// What is done to the own voice.
    pub fn processing(self) -> Settings {
        if self.music {
            return Settings::NONE;
        }
        Settings {
            high_pass: self.high_pass,
            echo_cancelling: self.echo_cancelling,
            noise_suppression: self.noise_suppression,
            gain_control: self.gain_control,
        }
    }

    /// Whether the voices of others are levelled.
    pub fn levels(self) -> bool {
        self.levelling && !self.music
    }

    pub(super) fn to_bits(self) -> u8 {
        [self.high_pass, self.echo_cancelling, self.noise_suppression, self.gain_control, self.levelling, self.music]
            .into_iter()
            .enumerate()
            .fold(0, |bits, (place, on)| bits | u8::from(on) << place)
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        let on = |place: u32| bits >> place & 1 == 1;
        Self {
            high_pass: on(0),
            echo_cancelling: on(1),
            noise_suppression: on(2),
            gain_control: on(3),
            levelling: on(4),
            music: on(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_treatment_are_the_same() {
        for bits in 0..64 {
            assert_eq!(Treatment::from_bits(bits).to_bits(), bits);
        }
        assert_eq!(Treatment { music: true, ..Treatment::SPEECH }.processing(), Settings::NONE);
        assert!(!Treatment { music: true, ..Treatment::SPEECH }.levels());
    }
}
