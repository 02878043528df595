//! Which sound devices there are, and which one is meant.

use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait};

use super::asker::ask;
use crate::media::spec::DeviceSpec;

/// What can be chosen now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// Microphones: what [`DeviceSpec::Named`] takes, and what a person reads.
    pub microphones: Vec<(String, String)>,
    /// Speakers, likewise.
    pub speakers: Vec<(String, String)>,
}

/// How long a sound system may take to list what it has. ALSA opens each device for that.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks the system for its sound devices. Takes up to seconds: never on a thread that draws. Without any sound system,
/// or with one that hangs, both lists are empty.
pub fn devices() -> Devices {
    ask(LIST_TIMEOUT, true, list).unwrap_or_default()
}

fn list(host: &cpal::Host) -> Devices {
    let mut found = Devices::default();
    let Ok(all) = host.devices() else { return found };
    let doubtful = only_plugins(host);
    for device in all {
        let (Ok(id), Ok(description)) = (device.id(), device.description()) else { continue };
        let entry = (id.to_string(), description.name().to_owned());
        if doubtful && !SOUND_SERVERS.contains(&id.id()) {
            continue;
        }
        let hears = description.supports_input() && !is_monitor(&id);
        if hears && (!doubtful || device.default_input_config().is_ok()) {
            found.microphones.push(entry.clone());
        }
        if description.supports_output() && (!doubtful || device.default_output_config().is_ok()) {
            found.speakers.push(entry);
        }
    }
    found
}

/// What a speaker plays is no microphone, though PulseAudio has it as one, and as the default one where there is no other.
fn is_monitor(id: &cpal::DeviceId) -> bool {
    id.id().ends_with(".monitor")
}

/// ALSA's plug-ins that lead to a sound server. (JACK's is not among them: it is noisy where there is none.)
const SOUND_SERVERS: [&str; 3] = ["default", "pulse", "pipewire"];

/// Without any card, ALSA still lists its plug-ins. They lead somewhere or nowhere; only opening them tells.
fn only_plugins(host: &cpal::Host) -> bool {
    let no_cards = || match std::fs::read_to_string("/proc/asound/cards") {
        Ok(cards) => cards.contains("no soundcards"),
        Err(_) => true,
    };
    cfg!(target_os = "linux") && host.id().name() == "ALSA" && no_cards()
}

/// Sound comes in or goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// A microphone.
    In,
    /// A speaker.
    Out,
}

/// A device that can be opened.
pub(super) struct Found {
    /// To open it.
    pub(super) device: cpal::Device,
    /// Its stable name.
    pub(super) id: String,
    /// What a person reads.
    pub(super) name: String,
    /// Whether it is the one that was asked for, and not a substitute.
    pub(super) wanted: bool,
}

/// The device for a name, or else the default one. `None`: there is no device at all.
pub(super) fn find(host: &cpal::Host, direction: Direction, spec: &DeviceSpec) -> Option<Found> {
    if let DeviceSpec::Named(name) = spec {
        return find_named(host, direction, name)
            .or_else(|| find(host, direction, &DeviceSpec::Default).map(|found| Found { wanted: false, ..found }));
    }
    let chosen = name_from_environment(host, direction).and_then(|name| find_named(host, direction, &name));
    if chosen.is_some() {
        return chosen;
    }
    let device = match direction {
        Direction::In => host.default_input_device().filter(|device| device.id().is_ok_and(|id| !is_monitor(&id))),
        Direction::Out => host.default_output_device(),
    }?;
    describe(device, true)
}

/// PulseAudio's own library lets these variables choose the default devices; the client in cpal does not know them.
fn name_from_environment(host: &cpal::Host, direction: Direction) -> Option<String> {
    if host.id().name() != "PulseAudio" {
        return None;
    }
    let variable = match direction {
        Direction::In => "PULSE_SOURCE",
        Direction::Out => "PULSE_SINK",
    };
    std::env::var(variable).ok().filter(|name| !name.is_empty())
}

/// By identifier, with or without the sound system in front, or by the name that a person reads.
fn find_named(host: &cpal::Host, direction: Direction, name: &str) -> Option<Found> {
    let mut by_name = None;
    for device in host.devices().ok()? {
        let fits = device.description().is_ok_and(|description| match direction {
            Direction::In => description.supports_input(),
            Direction::Out => description.supports_output(),
        });
        let Ok(id) = device.id() else { continue };
        if !fits {
            continue;
        }
        if id.to_string() == name || id.id() == name {
            return describe(device, true);
        }
        if by_name.is_none() && device.description().is_ok_and(|description| description.name() == name) {
            by_name = Some(device);
        }
    }
    describe(by_name?, true)
}

fn describe(device: cpal::Device, wanted: bool) -> Option<Found> {
    let id = device.id().ok()?.to_string();
    let name = device.description().map_or_else(|_| id.clone(), |description| description.name().to_owned());
    Some(Found { device, id, name, wanted })
}

/// Keeps ALSA's library from writing to the terminal about devices that are not there, on this thread, and as long as
/// the value lives.
#[cfg(target_os = "linux")]
pub(super) fn quiet() -> impl Sized {
    alsa::Output::local_error_handler().ok()
}

/// Other systems are quiet.
#[cfg(not(target_os = "linux"))]
pub(super) fn quiet() -> impl Sized {}
