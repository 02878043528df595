//! `ahoy bench ear`: from one person's mouth to the other's ear, and from accepting a call to hearing each other.
//!
//! Two real phones without a window talk through a real server, and through sound cards of a PulseAudio daemon that is
//! started for it. Both people speak nearly all the time, as soon as the daemon runs: who enters the room hears somebody
//! who is already speaking. Pieces of what was said are looked for in what was heard, by cross-correlation, so that codec and
//! processing may change the sound.

mod find;
mod phone;
mod rig;
mod voice;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::json;

use super::{
    cards::Cards,
    process::{Folder, ServerProcess},
};
use find::{find, power};
use phone::Phone;
use rig::{Ear, Mouth, Rig, as_time};
use voice::{Dice, RATE, babble};

/// A piece of speech that is looked for, samples (300 ms).
const PIECE: usize = RATE as usize * 3 / 10;
/// How much later it is looked for, samples (600 ms).
const LATEST: usize = RATE as usize * 6 / 10;
/// Pieces less alike are not counted as found.
const ALIKE: f32 = 0.6;
/// Short pieces must be as much alike.
const SURE: f32 = 0.8;
/// Pieces quieter than this mean power (-36 dBFS) are pauses.
const SPOKEN: f32 = 2.5e-4;
/// From the beginning of a call until its first seconds are over.
const FIRST: Duration = Duration::from_secs(3);

/// What `ahoy bench ear` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct EarArgs {
    /// Pieces of speech that are looked for in each direction
    #[arg(long, value_name = "NUMBER", default_value_t = 60)]
    probes: u32,
    /// Calls that are made after the first, for the time from accepting to hearing
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// Seconds that both talk in the first call, in which the pieces are taken
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    seconds: f64,
    /// A WAV file that both say, at different places; otherwise syllables that are made up
    #[arg(long, value_name = "PATH")]
    speech: Option<PathBuf>,
    /// A folder for recordings of both mouths and both ears
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Further options for both phones, as `ahoy phone` takes them
    #[arg(last = true, value_name = "OPTIONS")]
    options: Vec<String>,
}

/// What was found out about one direction, ms.
#[derive(Clone, Debug, Default)]
pub struct Direction {
    /// From mouth to ear in the midst of a call.
    pub delays: Vec<f64>,
    /// The same in the first seconds of each call: of who comes in while the other speaks.
    pub first_delays: Vec<f64>,
    /// From accepting to the first sound, in all calls but the first.
    pub heard_after: Vec<f64>,
    /// The same in the first call of the two, who know nothing of their rooms yet.
    pub first_call: Option<f64>,
    /// From handing sound to the sound system until it comes back, without any call.
    pub rig: Vec<f64>,
    /// Pieces that were not found.
    pub missing: usize,
}

/// Measures and prints.
///
/// # Errors
/// If server, phones or sound cards do not come up, or a call does not.
pub fn run(args: &EarArgs) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("this program's own file")?;
    for (name, direction) in ["caller to callee", "callee to caller"].into_iter().zip(measure(&program, args)?) {
        println!("{name}");
        println!("  mouth to ear:              {}", figures(&direction.delays));
        println!("  in a call's first seconds: {}", figures(&direction.first_delays));
        println!("  accepted to heard:         {}", figures(&direction.heard_after));
        println!(
            "  the same in a first call:  {}",
            direction.first_call.map_or("none".into(), |ms| format!("{ms:.1} ms"))
        );
        println!("  the rig's own loop:        {}", figures(&direction.rig));
        println!("  pieces not found:          {}", direction.missing);
    }
    Ok(())
}

fn figures(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return "none".into() };
    let at = |share: f64| sorted[(last as f64 * share).round() as usize];
    format!("median {:.1} ms, p95 {:.1} ms, max {:.1} ms, of {}", at(0.5), at(0.95), at(1.0), values.len())
}

/// One direction: who speaks, what is recorded at the mouth and at the other's ear.
struct Way {
    mouth: Mouth,
    said: Ear,
    heard: Ear,
    speech: Arc<[f32]>,
    found: Direction,
}

/// Lets two phones of `PROGRAM` talk: what came of it from caller to callee, and back.
///
/// # Errors
/// If server, phones or sound cards do not come up, or a call does not.
pub fn measure(program: &Path, args: &EarArgs) -> anyhow::Result<[Direction; 2]> {
    let people = ["caller", "callee"];
    let cards = Cards::start(&people)?;
    let server = ServerProcess::start(program, &[] as &[&str])?;
    let folder = Folder::make()?;
    let mut rig = Rig::connect(&cards.socket())?;
    let mut ways = Vec::new();
    for (index, (speaker, listener)) in [(people[0], people[1]), (people[1], people[0])].into_iter().enumerate() {
        let speech = speech(args, index)?;
        let said = rig.ear(&format!("{speaker}_mouth"))?;
        let heard = rig.ear(&format!("{listener}_ear"))?;
        let mouth = rig.mouth(&format!("{speaker}_mouth"), speech.clone())?;
        ways.push(Way { mouth, said, heard, speech, found: Direction::default() });
    }
    let phone = |name: &str| {
        let mut command = Command::new(program);
        command.args(["phone", "--server", &server.address().host_port(), "--user", name, "--data-dir"]);
        command.arg(folder.path()).args(&args.options).env("RUST_LOG", "error");
        cards.plug(&mut command, name);
        Phone::start(&mut command)
    };
    let (mut callee, mut caller) = (phone(people[1])?, phone(people[0])?);
    let mut dice = Dice::new(2024);
    for call in 0..=args.calls {
        caller.ask("call", &json!({ "userID": people[1] }))?;
        callee.wait_phase("incoming")?;
        caller.wait_phase("ringing")?;
        let accepted = callee.ask("answer", &json!({}))?;
        callee.wait_phase("inCall")?;
        caller.wait_phase("inCall")?;
        thread::sleep(FIRST + as_time(LATEST));
        for way in &mut ways {
            way.first_seconds(accepted);
        }
        if call == 0 {
            // What the phones know of their rooms from an earlier call counts from now on.
            for way in &mut ways {
                way.found.first_call = way.found.heard_after.pop();
            }
            let began = Instant::now();
            thread::sleep(Duration::from_secs_f64(args.seconds) + as_time(PIECE + LATEST));
            for way in &mut ways {
                way.midst(began, args, &mut dice);
            }
        }
        caller.ask("hangUp", &json!({}))?;
        caller.wait_phase("ended")?;
        callee.wait_phase("ended")?;
    }
    if let Some(folder) = &args.keep {
        std::fs::create_dir_all(folder).context("the folder for recordings")?;
        for (way, speaker) in ways.iter().zip(people) {
            way.said.keep(&folder.join(format!("{speaker}-said.wav")))?;
            way.heard.keep(&folder.join(format!("{speaker}-heard.wav")))?;
        }
    }
    let mut found = ways.into_iter().map(|way| way.found);
    let both = found.next().zip(found.next()).context("two directions")?;
    ensure!(!both.0.delays.is_empty() && !both.1.delays.is_empty(), "nothing was heard: {both:?}");
    Ok(both.into())
}

fn speech(args: &EarArgs, index: usize) -> anyhow::Result<Arc<[f32]>> {
    let Some(path) = &args.speech else { return Ok(babble(60, 1 + index as u32).into()) };
    let mut source = crate::media::wav::WavSource::open(path)?;
    let mut frame = crate::media::frame::SILENCE;
    let mut sound = Vec::new();
    // The file is played in a loop: the second speaker begins in the middle of the minute.
    while sound.len() < 60 * RATE as usize {
        source.next_frame(&mut frame);
        sound.extend_from_slice(&crate::media::frame::mono(&frame));
    }
    let half = sound.len() / 2 * index;
    sound.rotate_left(half);
    Ok(sound.into())
}

impl Way {
    /// A piece of what was recorded at the mouth from `time` on, and how much later it is at the ear, ms. `None`: a pause.
    fn delay(&self, time: Instant) -> Option<Result<(f64, Instant), ()>> {
        let (piece, said_at) = self.said.from(time, PIECE)?;
        if power(&piece) < SPOKEN {
            return None;
        }
        let (heard, heard_at) = self.heard.from(said_at, PIECE + LATEST)?;
        let found = find(&piece, &heard).filter(|found| found.likeness >= ALIKE);
        let delay = found.map(|found| heard_at + as_time(found.lag) - said_at);
        Some(delay.map(|delay| (delay.as_secs_f64() * 1e3, said_at)).ok_or(()))
    }

    /// From handing over the speech to recording it at the mouth, ms.
    fn rig_delay(&self, time: Instant) -> Option<f64> {
        let first = self.mouth.sample_at(time)?;
        let piece: Vec<f32> =
            (first..).take(PIECE).map(|i| self.speech[(i % self.speech.len() as u64) as usize]).collect();
        let handed_over = self.mouth.handed_over(first)?;
        let (said, said_at) = self.said.from(handed_over, PIECE + LATEST)?;
        let found = find(&piece, &said).filter(|found| power(&piece) >= SPOKEN && found.likeness >= ALIKE)?;
        Some((said_at + as_time(found.lag) - handed_over).as_secs_f64() * 1e3)
    }

    fn first_seconds(&mut self, accepted: Instant) {
        let mut first_heard = None;
        let mut offset = Duration::ZERO;
        while offset < FIRST - as_time(PIECE) {
            if let Some(Ok((delay, said_at))) = self.delay(accepted + offset) {
                self.found.first_delays.push(delay);
                first_heard = first_heard.or(Some((said_at, delay)));
            }
            offset += Duration::from_millis(100);
        }
        let Some((said_at, delay)) = first_heard else {
            self.found.missing += 1;
            return;
        };
        self.found.heard_after.extend(self.beginning(accepted, said_at + as_time(PIECE), delay));
    }

    /// When the first of the speech is heard, ms after accepting: the first small piece that is found about where a larger
    /// one was. `None` if there was a pause right before it: nobody knows whether it would have been heard.
    fn beginning(&self, accepted: Instant, latest: Instant, delay_ms: f64) -> Option<f64> {
        const SMALL: usize = RATE as usize * 6 / 100;
        let about = Duration::from_millis(20);
        let delay = Duration::from_secs_f64(delay_ms / 1e3);
        let mut time = accepted;
        let mut spoken_before = true;
        while time < latest {
            let (piece, said_at) = self.said.from(time, SMALL)?;
            let spoken = power(&piece) >= SPOKEN;
            let (heard, heard_at) =
                self.heard.from((said_at + delay).checked_sub(about)?, SMALL + 2 * RATE as usize / 50)?;
            let found = find(&piece, &heard).filter(|found| spoken && found.likeness >= SURE);
            if let Some(found) = found {
                let heard_after = heard_at + as_time(found.lag) - accepted;
                return spoken_before.then_some(heard_after.as_secs_f64() * 1e3);
            }
            spoken_before = spoken;
            time += Duration::from_millis(10);
        }
        None
    }

    fn midst(&mut self, began: Instant, args: &EarArgs, dice: &mut Dice) {
        let (mut wanted, mut tries) = (args.probes, args.probes * 20);
        while wanted > 0 && tries > 0 {
            tries -= 1;
            let time = began + Duration::from_secs_f64(args.seconds * f64::from(dice.next()));
            match self.delay(time) {
                None => continue,
                Some(Ok((delay, _))) => self.found.delays.push(delay),
                Some(Err(())) => self.found.missing += 1,
            }
            wanted -= 1;
            self.found.rig.extend(self.rig_delay(time));
        }
    }
}
