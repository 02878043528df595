//! Where in a recording a piece of what was said is heard.

use super::voice::RATE;

/// The rate at which a piece is looked for at first, Hz: what matters in speech is below 4 kHz.
const COARSE: u32 = 8_000;
const STEP: usize = (RATE / COARSE) as usize;

/// A piece that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// How much later than the beginning of the search it begins, samples.
    pub(super) lag: usize,
    /// Normalised cross-correlation, 1.0 is the same.
    pub(super) likeness: f32,
}

/// Looks for a piece at each place of `heard`, which is longer.
pub(super) fn find(piece: &[f32], heard: &[f32]) -> Option<Found> {
    let (small, wide) = (reduce(piece), reduce(heard));
    let lags = wide.len().checked_sub(small.len())?;
    let best = |lags: &mut dyn Iterator<Item = usize>, piece: &[f32], heard: &[f32]| {
        lags.filter_map(|lag| Some(Found { lag, likeness: alike(piece, heard.get(lag..lag + piece.len())?) }))
            .max_by(|a, b| a.likeness.total_cmp(&b.likeness))
    };
    let coarse = best(&mut (0..=lags), &small, &wide)?.lag * STEP;
    let near = coarse.saturating_sub(2 * STEP)..=coarse + 2 * STEP;
    best(&mut near.into_iter(), piece, heard)
}

fn reduce(sound: &[f32]) -> Vec<f32> {
    sound.chunks_exact(STEP).map(|chunk| chunk.iter().sum::<f32>() / STEP as f32).collect()
}

/// Mean power.
pub(super) fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32
}

/// Normalised cross-correlation of two pieces of the same length.
fn alike(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let scale = (power(a) * power(b)).sqrt() * a.len() as f32;
    if scale > 0.0 { dot / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{super::voice::babble, *};

    #[test]
    fn a_piece_is_found_to_the_sample_though_it_is_quieter_and_noisy() {
        let said = babble(3, 5);
        let mut noise = 1u32;
        let mut heard = vec![0.0; 1234];
        heard.extend(said.iter().map(|sample| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sample * 0.3 + ((noise >> 16) as f32 / 65_536.0 - 0.5) * 0.01
        }));
        let piece = &said[48_000..62_400];
        let found = find(piece, &heard[48_000..48_000 + 14_400 + 9_600]).expect("long enough");
        assert!(found.lag == 1234 && found.likeness > 0.9, "{found:?}");
        assert!(find(piece, &heard[..100]).is_none());
    }
}
