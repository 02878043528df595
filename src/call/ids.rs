//! Where fresh identifiers come from: chance in earnest, a seed in tests.

use crate::protocol::{InviteId, RoomId};

/// Makes invitation identifiers and room numbers.
#[derive(Debug)]
pub struct Ids(Source);

#[derive(Debug)]
enum Source {
    Random,
    Seeded(u64),
}

impl Ids {
    /// Unpredictable ones.
    pub fn random() -> Self {
        Self(Source::Random)
    }

    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(seed))
    }

    pub(super) fn invite(&mut self) -> InviteId {
        match &mut self.0 {
            Source::Random => InviteId::random(),
            Source::Seeded(state) => {
                let text = format!("{:016x}{:016x}", split_mix(state), split_mix(state));
                InviteId::new(text).expect("32 hexadecimal digits are an identifier")
            }
        }
    }

    pub(super) fn room(&mut self) -> RoomId {
        let number = match &mut self.0 {
            Source::Random => {
                u64::from_be_bytes(uuid::Uuid::new_v4().into_bytes().first_chunk().copied().unwrap_or([1; 8]))
            }
            Source::Seeded(state) => split_mix(state),
        };
        let number = u32::try_from(number % i32::MAX as u64).unwrap_or(0) + 1;
        RoomId::new(number).expect("1 to 2^31 - 1 is a room")
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
