//! Sound cards, and what stands in for them: the only code that knows them.
//!
//! [`asker`] asks the sound system, [`find`] names devices, [`card`] opens them ([`pulse`] those of PulseAudio), [`callback`] is what they call back,
//! [`ends`] makes frames out of their buffers (or out of files), and [`keeper`] watches over them, with [`watch`] to say
//! whether they are well and [`period`] how long their buffers are. [`priority`] makes their threads real-time. [`ringer`] plays tones. Nothing here knows what the sound is for.

mod asker;
pub mod callback;
mod card;
mod clock;
pub(super) mod ends;
mod find;
mod health;
pub(super) mod keeper;
mod period;
pub(super) mod priority;
#[cfg(target_os = "linux")]
mod pulse;
mod ringer;
#[cfg(target_os = "linux")]
mod rtkit;
mod watch;

pub use find::{Devices, devices};
pub use ringer::Ringer;
