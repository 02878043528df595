//! What is done to the own voice between microphone and codec: high-pass, echo cancelling, noise suppression, gain
//! control, and how probable it is that somebody speaks.
//!
//! [`Processor`] is the chain; each stage can be switched while sound runs through it ([`fade`]). [`echo`] wraps AEC3,
//! tuned in [`tuning`], watched by [`double_talk`], and left out where nothing is [`audible`]; [`noise`] wraps RNNoise and
//! decides whether it is needed; [`gain`] wraps AGC2. [`room`] is for measurements. What may not come in: threads, devices, clocks.

mod audible;
mod bands;
mod double_talk;
pub mod echo;
mod fade;
mod gain;
mod high_pass;
mod noise;
pub mod room;
#[cfg(test)]
mod tests;
mod tuning;

use sonora_agc2::{common::VAD_RESET_PERIOD_MS, vad_wrapper::VoiceActivityDetectorWrapper};

use super::frame::{FRAME, Frame, RATE, StereoFrame, mono};
use echo::EchoCanceller;
use fade::{Stage, faded};
use gain::GainControl;
use high_pass::HighPass;
use noise::NoiseSuppressor;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Take away what is deeper than a voice.
    pub high_pass: bool,
    /// Take away what comes out of the speaker.
    pub echo_cancelling: bool,
    /// Take away noise.
    pub noise_suppression: bool,
    /// Bring the voice to a common loudness.
    pub gain_control: bool,
}

impl Settings {
    /// Everything.
    pub const ALL: Self = Self { high_pass: true, echo_cancelling: true, noise_suppression: true, gain_control: true };
    /// Nothing: the sound stays as it is, in stereo and without delay. For music.
    pub const NONE: Self =
        Self { high_pass: false, echo_cancelling: false, noise_suppression: false, gain_control: false };
}

/// What has been done, for people to see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Picture {
    /// What is deeper than a voice is taken away.
    pub high_pass: bool,
    /// The state of echo cancelling.
    pub echo: EchoState,
    /// The state of noise suppression.
    pub noise: NoiseState,
    /// Gain of the gain control, dB; `None` if it is off.
    pub gain_db: Option<f32>,
}

/// The state of echo cancelling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum EchoState {
    /// Switched off.
    #[default]
    Off,
    /// On; no echo has been heard and learnt yet.
    Learning,
    /// On.
    On {
        /// From what is given to the speaker until it is heard in the microphone, ms.
        delay_ms: f32,
        /// How much quieter the echo leaves than it came (echo return loss enhancement), dB.
        erle_db: f32,
    },
}

/// The state of noise suppression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoiseState {
    /// Switched off.
    #[default]
    Off,
    /// On; there is no noise.
    Calm,
    /// On; noise is taken away.
    On,
}

/// The chain of one microphone.
pub struct Processor {
    settings: Settings,
    high_pass: Stage<HighPass>,
    echo: Stage<EchoCanceller>,
    noise: Stage<NoiseSuppressor>,
    gain: Stage<GainControl>,
    room: noise::Room,
    voice: VoiceActivityDetectorWrapper,
    /// How probable it was of late that somebody speaks.
    speech: f32,
    /// The last frame went through the chain.
    engaged: bool,
}

impl std::fmt::Debug for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Processor").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The detector of voices counts in 16-bit samples.
const SCALE: f32 = 32_768.0;

impl Processor {
    /// A chain that has heard nothing yet.
    pub fn new(settings: Settings) -> Self {
        let backend = sonora_simd::detect_backend();
        let mut processor = Self {
            settings,
            high_pass: Stage::Off,
            echo: Stage::Off,
            noise: Stage::Off,
            gain: Stage::Off,
            room: noise::Room::default(),
            voice: VoiceActivityDetectorWrapper::with_reset_period(VAD_RESET_PERIOD_MS, backend, RATE as i32),
            speech: 0.0,
            engaged: false,
        };
        // What is on from the beginning need not be faded in, and its delay is there from the first sample on.
        processor.capture(&mut [[0.0; FRAME]; 2]);
        processor.capture(&mut [[0.0; FRAME]; 2]);
        processor.room = noise::Room::default();
        processor
    }

    /// Switches stages from the next frame on, without a click.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Takes 10 ms that go to the speaker: before the matching frame of the microphone.
    pub fn render(&mut self, frame: &Frame) {
        if let Some(echo) = self.echo.get_mut() {
            echo.render(&finite(frame));
        }
    }

    /// Speaker or microphone are others now: what was learnt about the room is wrong.
    pub fn room_changed(&mut self) {
        if let Some(echo) = self.echo.get_mut() {
            echo.forget();
        }
    }

    /// With this speaker and this microphone there has been no echo before.
    pub fn expect_no_echo(&mut self) {
        if let Some(echo) = self.echo.get_mut() {
            echo.expect_no_echo();
        }
    }

    /// Whether the microphone hears the speaker; `None` before anybody knows, and without echo cancelling.
    pub fn hears_speaker(&self) -> Option<bool> {
        self.echo.get()?.hears_speaker()
    }

    /// Lets 10 ms of the microphone through. Returns how probable it is that somebody speaks, 0.0 to 1.0; 1.0 if nothing
    /// is switched on that would know.
    ///
    /// What has been processed is the same on both sides; what has not stays as it was.
    pub fn capture(&mut self, frame: &mut StereoFrame) -> f32 {
        for side in frame.iter_mut() {
            *side = finite(side);
        }
        let settings = self.settings;
        let wanted = settings != Settings::NONE;
        if !wanted && !self.engaged {
            return 1.0;
        }
        let mut voice = mono(frame);
        self.high_pass.apply(settings.high_pass, &mut voice, HighPass::new);
        self.echo.apply(settings.echo_cancelling, &mut voice, EchoCanceller::new);
        let noisy = settings.noise_suppression && self.room.feed(&voice, self.speech);
        self.noise.apply(noisy, &mut voice, NoiseSuppressor::new);
        let speech = self.voice.analyze(&voice.map(|sample| sample * SCALE)).clamp(0.0, 1.0);
        // Words have gaps: a voice is remembered for some 50 ms.
        self.speech = speech.max(self.speech * 0.8);
        if let Some(gain) = self.gain.get_mut() {
            gain.expect(speech);
        }
        self.gain.apply(settings.gain_control, &mut voice, GainControl::new);
        let voice = finite(&voice);
        for side in frame.iter_mut() {
            *side = match (self.engaged, wanted) {
                (true, true) => voice,
                (false, _) => faded(side, &voice),
                (true, false) => faded(&voice, side),
            };
        }
        self.engaged = wanted;
        if wanted { self.speech } else { 1.0 }
    }

    /// What is done now.
    pub fn picture(&self) -> Picture {
        let settings = self.settings;
        Picture {
            high_pass: settings.high_pass,
            echo: match (settings.echo_cancelling, self.echo.get().and_then(EchoCanceller::known)) {
                (false, _) => EchoState::Off,
                (true, None) => EchoState::Learning,
                (true, Some(known)) => EchoState::On { delay_ms: known.delay_ms, erle_db: known.erle_db },
            },
            noise: match (settings.noise_suppression, self.noise.get()) {
                (false, _) => NoiseState::Off,
                (true, None) => NoiseState::Calm,
                (true, Some(_)) => NoiseState::On,
            },
            gain_db: self.gain.get().filter(|_| settings.gain_control).map(GainControl::gain_db),
        }
    }
}

/// Samples as any stage may take them.
fn finite(frame: &Frame) -> Frame {
    frame.map(|sample| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 })
}
