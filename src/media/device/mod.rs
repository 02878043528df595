//! Sound cards: the only code that knows them.

mod ringer;

pub use ringer::Ringer;

/// What can be chosen now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// Microphones: what [`DeviceSpec::Named`](super::spec::DeviceSpec) takes, and what a person reads.
    pub microphones: Vec<(String, String)>,
    /// Speakers, likewise.
    pub speakers: Vec<(String, String)>,
}

/// Asks the system for its sound devices. Takes up to seconds: never on a thread that draws. Without any sound system
/// both lists are empty.
pub fn devices() -> Devices {
    Devices::default()
}
