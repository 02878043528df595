//! Brings the own voice to a common loudness: the digital part of WebRTC's AGC2, in its port by sonora.

use sonora_agc2::{
    adaptive_digital_gain_controller::{AdaptiveDigitalGainController, FrameInfo},
    common::{ADJACENT_SPEECH_FRAMES_THRESHOLD, SATURATION_PROTECTOR_INITIAL_HEADROOM_DB, float_s16_to_dbfs},
    limiter::Limiter,
    noise_level_estimator::NoiseLevelEstimator,
    saturation_protector::SaturationProtector,
    speech_level_estimator::{AdaptiveDigitalConfig, SpeechLevelEstimator},
};

use super::fade::Work;
use crate::media::frame::{FRAME, Frame};

/// The gain controller counts in 16-bit samples.
const SCALE: f32 = 32_768.0;
/// Below this RMS of 16-bit samples no gain can be read off.
const READABLE: f32 = 1.0;

/// Raises what is quiet, slowly and only while somebody speaks, and limits peaks. Delays by nothing.
pub(super) struct GainControl {
    noise: NoiseLevelEstimator,
    speech: SpeechLevelEstimator,
    saturation: SaturationProtector,
    controller: AdaptiveDigitalGainController,
    limiter: Limiter,
    speech_probability: f32,
    gain_db: f32,
}

impl std::fmt::Debug for GainControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GainControl").field("gain_db", &self.gain_db).finish_non_exhaustive()
    }
}

/// WebRTC's settings, except that it begins with what is said, and not 15 dB louder, and never raises noise by 50 dB.
const CONFIG: AdaptiveDigitalConfig = AdaptiveDigitalConfig {
    headroom_db: 5.0,
    max_gain_db: 30.0,
    initial_gain_db: 0.0,
    max_gain_change_db_per_second: 6.0,
    max_output_noise_level_dbfs: -50.0,
};

impl GainControl {
    pub(super) fn new() -> Self {
        Self {
            noise: NoiseLevelEstimator::default(),
            speech: SpeechLevelEstimator::new(&CONFIG, ADJACENT_SPEECH_FRAMES_THRESHOLD),
            saturation: SaturationProtector::new(
                SATURATION_PROTECTOR_INITIAL_HEADROOM_DB,
                ADJACENT_SPEECH_FRAMES_THRESHOLD,
            ),
            controller: AdaptiveDigitalGainController::new(CONFIG, ADJACENT_SPEECH_FRAMES_THRESHOLD),
            limiter: Limiter::new(FRAME),
            speech_probability: 0.0,
            gain_db: CONFIG.initial_gain_db,
        }
    }

    /// How probable it is that somebody speaks in the next frame.
    pub(super) fn expect(&mut self, speech_probability: f32) {
        self.speech_probability = speech_probability;
    }

    /// The gain now, dB.
    pub(super) fn gain_db(&self) -> f32 {
        self.gain_db
    }
}

impl Work for GainControl {
    fn work(&mut self, frame: &Frame) -> Frame {
        let mut scaled = frame.map(|sample| sample * SCALE);
        let (rms, peak) = (rms(&scaled), scaled.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs())));
        let noise_rms_dbfs = self.noise.analyze(&[&scaled]);
        self.speech.update(float_s16_to_dbfs(rms), self.speech_probability);
        self.saturation.analyze(self.speech_probability, float_s16_to_dbfs(peak), self.speech.level_dbfs());
        let info = FrameInfo {
            speech_probability: self.speech_probability,
            speech_level_dbfs: self.speech.level_dbfs(),
            speech_level_reliable: self.speech.is_confident(),
            noise_rms_dbfs,
            headroom_db: self.saturation.headroom_db(),
            limiter_envelope_dbfs: float_s16_to_dbfs(self.limiter.last_audio_level()),
        };
        self.controller.process(&info, &mut [&mut scaled]);
        if rms > READABLE {
            self.gain_db = 20.0 * (self::rms(&scaled) / rms).max(1e-3).log10();
        }
        self.limiter.process(&mut [&mut scaled]);
        scaled.map(|sample| sample / SCALE)
    }
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}
