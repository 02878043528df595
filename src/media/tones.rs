//! Call progress tones (ITU-T E.180) and ringtones, all synthesised: pure generators of samples.

use std::f32::consts::TAU;

use serde::{Deserialize, Serialize};

use super::{
    frame::RATE,
    ringtones::{self, Note},
};

/// Loudness of call progress tones, dBFS.
const LEVEL_DBFS: f32 = -18.0;
/// Loudness of the one tone that is heard while somebody speaks, dBFS.
const WAITING_DBFS: f32 = -30.0;
/// Every tone rises and falls within this time, ms.
const RAMP_MS: u32 = 10;

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
    /// Loop: somebody else calls during the talk.
    Waiting,
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

/// Frequencies that sound together, Hz; 0 is none. A negative second one modulates the first.
type Pair = [f32; 2];

/// A tone of a country: frequencies, and the times on and off, ms.
struct Cadence {
    hertz: Pair,
    on_off: &'static [u32],
}

fn ringback(region: ToneRegion) -> Cadence {
    match region {
        ToneRegion::Korea => Cadence { hertz: [440.0, 480.0], on_off: &[1000, 2000] },
        ToneRegion::Automatic | ToneRegion::NorthAmerica => Cadence { hertz: [440.0, 480.0], on_off: &[2000, 4000] },
        ToneRegion::Europe => Cadence { hertz: [425.0, 0.0], on_off: &[1000, 4000] },
        ToneRegion::UnitedKingdom => Cadence { hertz: [400.0, 450.0], on_off: &[400, 200, 400, 2000] },
        // 400 Hz, its loudness swinging at 15 Hz.
        ToneRegion::Japan => Cadence { hertz: [400.0, -15.0], on_off: &[1000, 2000] },
    }
}

fn busy(region: ToneRegion) -> Cadence {
    match region {
        ToneRegion::Korea | ToneRegion::Automatic | ToneRegion::NorthAmerica => {
            Cadence { hertz: [480.0, 620.0], on_off: &[500, 500] }
        }
        ToneRegion::Europe => Cadence { hertz: [425.0, 0.0], on_off: &[480, 480] },
        ToneRegion::UnitedKingdom => Cadence { hertz: [400.0, 0.0], on_off: &[375, 375] },
        ToneRegion::Japan => Cadence { hertz: [400.0, 0.0], on_off: &[500, 500] },
    }
}

fn waiting(region: ToneRegion) -> Cadence {
    match region {
        ToneRegion::Korea => Cadence { hertz: [350.0, 440.0], on_off: &[250, 250, 250, 3250] },
        ToneRegion::Automatic | ToneRegion::NorthAmerica => Cadence { hertz: [440.0, 0.0], on_off: &[300, 9700] },
        ToneRegion::Europe => Cadence { hertz: [425.0, 0.0], on_off: &[200, 200, 200, 4400] },
        ToneRegion::UnitedKingdom => Cadence { hertz: [400.0, 0.0], on_off: &[100, 2900] },
        ToneRegion::Japan => Cadence { hertz: [400.0, -15.0], on_off: &[500, 3500] },
    }
}

/// Congestion: the busy tone's pitch, twice as quick.
fn congestion(region: ToneRegion) -> Cadence {
    Cadence { hertz: busy(region).hertz, on_off: &[250, 250] }
}

fn note(start_ms: u32, length_ms: u32, hertz: Pair) -> Note {
    Note { start_ms, length_ms, hertz, dbfs: LEVEL_DBFS, decay_ms: None }
}

/// One round of a cadence.
fn round(cadence: &Cadence) -> (Vec<Note>, u32) {
    let mut at = 0;
    let mut notes = Vec::new();
    for (i, &length) in cadence.on_off.iter().enumerate() {
        if i % 2 == 0 {
            notes.push(note(at, length, cadence.hertz));
        }
        at += length;
    }
    (notes, at)
}

/// The same, no louder than what may be heard through a voice.
fn softly((notes, length_ms): (Vec<Note>, u32)) -> (Vec<Note>, u32) {
    (notes.into_iter().map(|note| Note { dbfs: WAITING_DBFS, ..note }).collect(), length_ms)
}

/// Samples of one cue at 48 kHz, mono; ends unless the cue is a loop.
#[derive(Clone, Debug)]
pub struct Tones {
    notes: Vec<Note>,
    /// Length of a round, samples.
    round: u64,
    /// Rounds left; `None` goes on for ever.
    rounds: Option<u32>,
    /// Samples into the round.
    at: u64,
}

impl Tones {
    /// The sound of a cue. [`ToneRegion::Automatic`] stands for North America.
    pub fn new(cue: RingCue, region: ToneRegion, ringtone: Ringtone) -> Self {
        let ((notes, round_ms), rounds) = match cue {
            RingCue::Ringtone => (ringtones::round(ringtone), None),
            RingCue::RingtoneOnce => (ringtones::round(ringtone), Some(1)),
            RingCue::Ringback => (round(&ringback(region)), None),
            RingCue::Waiting => (softly(round(&waiting(region))), None),
            RingCue::Busy => (round(&busy(region)), Some(4)),
            RingCue::Declined => (round(&busy(region)), Some(2)),
            RingCue::Failed => (round(&congestion(region)), Some(6)),
            RingCue::Ended => ((vec![note(0, 150, [480.0, 0.0]), note(150, 250, [400.0, 0.0])], 450), Some(1)),
            RingCue::Test => ((vec![note(0, 400, [523.25, 659.25])], 450), Some(1)),
        };
        Self { notes, round: samples(round_ms), rounds, at: 0 }
    }
}

fn samples(milliseconds: u32) -> u64 {
    u64::from(milliseconds) * u64::from(RATE) / 1000
}

impl Iterator for Tones {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.at == self.round {
            self.at = 0;
            self.rounds = self.rounds.map(|rounds| rounds.saturating_sub(1));
        }
        if self.rounds == Some(0) || self.round == 0 {
            return None;
        }
        let sum = self.notes.iter().map(|note| sample(note, self.at)).sum();
        self.at += 1;
        Some(sum)
    }
}

/// One note at a moment of the round.
fn sample(note: &Note, at: u64) -> f32 {
    let (start, length, ramp) = (samples(note.start_ms), samples(note.length_ms), samples(RAMP_MS));
    let Some(into) = at.checked_sub(start).filter(|into| *into < length) else { return 0.0 };
    let edge = (into.min(length - into) as f32 / ramp as f32).min(1.0);
    let t = into as f32 / RATE as f32;
    let sine = |hertz: f32| (TAU * hertz * t).sin();
    // The RMS of the note is its level: a sine has 0.707 of its peak, two of them have their peak.
    let peak = 10f32.powf(note.dbfs / 20.0);
    let wave = match note.hertz {
        [first, second] if second > 0.0 => peak * (sine(first) + sine(second)),
        [first, second] if second < 0.0 => peak * std::f32::consts::SQRT_2 * sine(first) * (0.7 + 0.3 * sine(-second)),
        [first, _] => peak * std::f32::consts::SQRT_2 * sine(first),
    };
    let decay = note.decay_ms.map_or(1.0, |half| 0.5f32.powf(t * 1000.0 / half as f32));
    wave * edge * decay
}

/// An endless sine.
#[derive(Clone, Debug)]
pub struct Sine {
    step: f32,
    phase: f32,
    amplitude: f32,
}

impl Sine {
    /// Of a frequency in Hz and a loudness in dBFS (RMS).
    pub fn new(hertz: f32, dbfs: f32) -> Self {
        Self { step: hertz / RATE as f32, phase: 0.0, amplitude: 10f32.powf(dbfs / 20.0) * std::f32::consts::SQRT_2 }
    }

    /// The next sample.
    pub fn next_sample(&mut self) -> f32 {
        let sample = (TAU * self.phase).sin() * self.amplitude;
        self.phase = (self.phase + self.step).fract();
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::level::dbfs;

    /// Amplitude of one frequency (Goertzel).
    fn amplitude(sound: &[f32], hertz: f32) -> f32 {
        let turn = 2.0 * (TAU * hertz / RATE as f32).cos();
        let (mut a, mut b) = (0.0f32, 0.0f32);
        for sample in sound {
            (a, b) = (sample + turn * a - b, a);
        }
        (a * a + b * b - turn * a * b).max(0.0).sqrt() * 2.0 / sound.len() as f32
    }

    fn sound(cue: RingCue, region: ToneRegion, seconds: usize) -> Vec<f32> {
        Tones::new(cue, region, Ringtone::default()).take(seconds * RATE as usize).collect()
    }

    /// Stretches of sound and silence, ms.
    fn cadence(sound: &[f32]) -> Vec<i64> {
        let loud: Vec<bool> = sound.chunks(480).map(|chunk| dbfs(chunk) > -35.0).collect();
        let mut runs = Vec::new();
        for run in loud.chunk_by(|a, b| a == b) {
            runs.push(run.len() as i64 * 10);
        }
        runs
    }

    #[test]
    fn ringback_has_the_pitch_and_cadence_of_its_country() {
        for (region, hertz, times) in [
            (ToneRegion::Korea, &[440.0, 480.0][..], &[1000, 2000][..]),
            (ToneRegion::NorthAmerica, &[440.0, 480.0], &[2000, 4000]),
            (ToneRegion::Automatic, &[440.0, 480.0], &[2000, 4000]),
            (ToneRegion::Europe, &[425.0], &[1000, 4000]),
            (ToneRegion::UnitedKingdom, &[400.0, 450.0], &[400, 200, 400, 2000]),
            (ToneRegion::Japan, &[400.0], &[1000, 2000]),
        ] {
            let sound = sound(RingCue::Ringback, region, 13);
            let runs = cadence(&sound);
            for (i, (run, time)) in runs.iter().zip(times.iter().cycle()).enumerate().take(runs.len() - 1) {
                assert!((run - time).abs() <= 20, "{region:?} run {i}: {run} ms instead of {time} ms");
            }
            let steady = &sound[4800..4800 + 9600];
            for &pitch in hertz {
                assert!(amplitude(steady, pitch) > 0.08, "{region:?} has {pitch} Hz");
            }
            assert!(amplitude(steady, 1000.0) < 0.005 && amplitude(steady, 350.0) < 0.02, "{region:?}");
            assert!((dbfs(steady) - LEVEL_DBFS).abs() < 3.5, "{region:?}: {} dBFS", dbfs(steady));
        }
    }

    #[test]
    fn busy_and_failed_differ_in_cadence_and_end() {
        let (busy, failed) =
            (sound(RingCue::Busy, ToneRegion::Korea, 60), sound(RingCue::Failed, ToneRegion::Korea, 60));
        assert_eq!((busy.len(), failed.len()), (4 * RATE as usize, 3 * RATE as usize), "they end by themselves");
        assert!(cadence(&busy).iter().all(|run| (run - 500).abs() <= 20));
        assert!(cadence(&failed).iter().all(|run| (run - 250).abs() <= 20));
        for pitch in [480.0, 620.0] {
            assert!(amplitude(&busy[4800..14_400], pitch) > 0.1);
        }
        assert!(!sound(RingCue::Ended, ToneRegion::Japan, 60).is_empty());
        assert!(sound(RingCue::Declined, ToneRegion::Japan, 60).len() < busy.len());
    }

    #[test]
    fn the_tone_for_a_waiting_call_is_short_soft_and_goes_on() {
        for region in ToneRegion::ALL {
            let sound = sound(RingCue::Waiting, region, 60);
            assert_eq!(sound.len(), 60 * RATE as usize);
            let loud = sound.chunks(480).filter(|chunk| dbfs(chunk) > -45.0).count();
            assert!((2..900).contains(&loud), "{region:?}: {loud} of 6000 pieces sound");
            let loudest = sound.chunks(4800).map(dbfs).fold(f32::MIN, f32::max);
            assert!((-34.0..=-26.0).contains(&loudest), "{region:?}: {loudest} dBFS");
        }
    }

    #[test]
    fn no_tone_clicks_or_clips() {
        for ringtone in Ringtone::ALL {
            for cue in
                [RingCue::Ringtone, RingCue::Waiting, RingCue::Busy, RingCue::Failed, RingCue::Ended, RingCue::Test]
            {
                let sound: Vec<f32> = Tones::new(cue, ToneRegion::Japan, ringtone).take(10 * RATE as usize).collect();
                assert!(sound.iter().all(|s| s.abs() < 0.95), "{ringtone:?} {cue:?}");
                let step = sound.windows(2).map(|w| (w[0] - w[1]).abs()).fold(0.0, f32::max);
                assert!(step < 0.12, "{ringtone:?} {cue:?}: a step of {step}");
                assert!(sound[0].abs() < 0.001, "{ringtone:?} {cue:?} begins softly");
            }
        }
    }

    #[test]
    fn ringtones_differ_and_go_on() {
        let of = |ringtone| -> Vec<f32> {
            Tones::new(RingCue::Ringtone, ToneRegion::Korea, ringtone).take(20 * RATE as usize).collect()
        };
        let all: Vec<Vec<f32>> = Ringtone::ALL.into_iter().map(of).collect();
        for (i, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 20 * RATE as usize);
            assert!(dbfs(one) > -40.0, "{:?} is audible", Ringtone::ALL[i]);
            assert!(all[..i].iter().all(|other| other != one));
        }
    }
}
