//! Plays tones and ringtones.

use crate::media::{
    spec::DeviceSpec,
    tones::{RingCue, Ringtone, ToneRegion},
};

/// Plays one cue at a time on a device. No call blocks; without a sound card nothing is heard and nothing fails.
#[derive(Debug)]
pub struct Ringer {}

impl Default for Ringer {
    fn default() -> Self {
        Self::new()
    }
}

impl Ringer {
    /// A silent ringer.
    pub fn new() -> Self {
        Self {}
    }

    /// Plays a cue instead of the one that plays now. Loops go on until [`Self::stop`]; the others end by themselves.
    /// `volume` is 0.0 to 1.0. [`ToneRegion::Automatic`] stands for North America here: resolve it by the language.
    pub fn play(&self, cue: RingCue, region: ToneRegion, ringtone: Ringtone, device: &DeviceSpec, volume: f32) {
        let _ = (cue, region, ringtone, device, volume);
    }

    /// Silence, heard within 200 ms.
    pub fn stop(&self) {}
}
