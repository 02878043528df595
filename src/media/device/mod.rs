//! Sound cards, and what stands in for them: the only code that knows them.
//!
//! [`find`] names devices, [`card`] opens them, [`ends`] makes frames out of their buffers (or out of files), and
//! [`keeper`] watches over them. [`ringer`] plays tones. Nothing here knows what the sound is for.

mod card;
mod clock;
pub(super) mod ends;
mod find;
pub(super) mod keeper;
mod ringer;

pub use find::{Devices, devices};
pub use ringer::Ringer;
