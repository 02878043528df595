//! The scores of the ringtones.

use super::tones::Ringtone;

/// One note of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// When it begins, ms into the round.
    pub start_ms: u32,
    /// How long it lasts, ms.
    pub length_ms: u32,
    /// Frequencies that sound together, Hz; 0 is none. A negative second one modulates the first.
    pub hertz: [f32; 2],
    /// Loudness at its beginning, dBFS.
    pub dbfs: f32,
    /// Time in which it falls to a half, ms; `None` stays as loud.
    pub decay_ms: Option<u32>,
}

/// A struck note with an overtone.
fn struck(start_ms: u32, hertz: f32, decay_ms: u32) -> Note {
    Note { start_ms, length_ms: decay_ms * 6, hertz: [hertz, 0.0], dbfs: -16.0, decay_ms: Some(decay_ms) }
}

fn overtone(start_ms: u32, hertz: f32, decay_ms: u32) -> Note {
    Note { start_ms, length_ms: decay_ms * 6, hertz: [hertz, 0.0], dbfs: -28.0, decay_ms: Some(decay_ms) }
}

/// The notes of one round, and its length in ms.
pub(super) fn round(ringtone: Ringtone) -> (Vec<Note>, u32) {
    match ringtone {
        Ringtone::Classic => {
            // Two notes in turns, like a telephone bell; a pause.
            let warble = (0..20).map(|i| Note {
                start_ms: i * 50,
                length_ms: 50,
                hertz: [if i % 2 == 0 { 784.0 } else { 988.0 }, 0.0],
                dbfs: -16.0,
                decay_ms: None,
            });
            (warble.collect(), 3000)
        }
        Ringtone::Chime => {
            let chord = [523.25, 659.25, 783.99, 1046.5].into_iter().enumerate();
            let notes = chord.flat_map(|(i, hertz)| {
                let start = i as u32 * 180;
                [struck(start, hertz, 220), overtone(start, hertz * 2.0, 110)]
            });
            (notes.collect(), 3000)
        }
        Ringtone::Digital => {
            let beeps = (0..3).map(|i| Note {
                start_ms: i * 160,
                length_ms: 90,
                hertz: [1318.5, 0.0],
                dbfs: -18.0,
                decay_ms: None,
            });
            (beeps.collect(), 2000)
        }
        Ringtone::Marimba => {
            let melody = [(0, 440.0), (200, 554.37), (400, 659.25), (600, 554.37), (800, 880.0), (1100, 659.25)];
            let notes = melody.into_iter().flat_map(|(start, hertz)| {
                // A bar of wood sounds its fourth harmonic, shortly.
                [struck(start, hertz, 90), overtone(start, hertz * 4.0, 25)]
            });
            (notes.collect(), 2800)
        }
    }
}
