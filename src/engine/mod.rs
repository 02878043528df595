//! The engine: one actor that ties client, call machine and sound together on a runtime of its own.
//!
//! Front ends (window, phone) send [`Command`]s, and read an immutable [`State`] that is replaced as a whole at every
//! change, plus a stream of events for whoever wants a stream. What may not come in: anything that draws, prints or parses
//! arguments.

pub mod command;
pub mod settings;
pub mod state;

pub use command::Command;
pub use settings::Settings;
pub use state::State;
