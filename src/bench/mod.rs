//! `ahoy bench`: what this program does, measured by itself on this computer.
//!
//! * `client`: what a call costs each side.
//! * `ear`: from mouth to ear, and from accepting a call to hearing each other.
//! * `echo`: what is left of an echo, and of whoever speaks into it.
//! * `frame`: what a frame of the teacher's desk costs with a class of many.
//! * `lesson`: how soon a whole class is told, and sees what all of it does at once.
//! * `relay`: packets that the relay carries per second and core.
//! * `voice`: what is left of speech after networks of all kinds, on virtual time.
//! * `cards`: virtual sound cards.
//! * `load`: a load of voice packets, and what came of it.
//! * `process`: processes of this program, and what they have used.
//!
//! What may not come in: anything that a call needs. Measurements against other programs are in `benches/`.

pub mod cards;
pub mod client;
#[cfg(target_os = "linux")]
pub mod ear;
pub mod echo;
pub mod frame;
pub mod lesson;
pub mod load;
pub mod process;
pub mod relay;
pub mod voice;

use std::time::Duration;

/// Measures this program on this computer.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// The relay: packets per second and core, with real connections on loopback
    Relay(relay::RelayArgs),
    /// A lesson: from the teacher's question to the last student's prompt, and all hands going up at once
    Lesson(lesson::LessonArgs),
    /// A client in a call between two people: processor time and memory
    Client(client::ClientArgs),
    /// Speech over networks that lose, delay and reorder packets: listening files and a table, on virtual time
    Voice(voice::VoiceArgs),
    /// Echo cancelling in rooms of all kinds: listening files and a table, on virtual time
    Echo(echo::EchoArgs),
    /// A frame of the teacher's desk while a class of many is scrolled: processor time
    Frame(frame::FrameArgs),
    /// Mouth to ear in a call between two people, through virtual sound cards
    #[cfg(target_os = "linux")]
    Ear(ear::EarArgs),
}

/// Measures what was asked for, and prints it.
///
/// # Errors
/// If a process cannot be started or does not do what is expected of it.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    match &args.what {
        What::Relay(args) => relay::run(args),
        What::Lesson(args) => lesson::run(args),
        What::Client(args) => client::run(args),
        What::Voice(args) => voice::run(args),
        What::Echo(args) => echo::run(args),
        What::Frame(args) => frame::run(args),
        #[cfg(target_os = "linux")]
        What::Ear(args) => ear::run(args),
    }
}

/// The smallest of the sorted times that so large a share of them does not exceed.
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_those_there_are() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        for (share, ms) in [(0.5, 100), (0.99, 198), (1.0, 200)] {
            assert_eq!(percentile(&times, share), Duration::from_millis(ms));
        }
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
