//! `ahoy bench echo`: what is left of an echo, and of whoever speaks into it, in rooms made of numbers: the same on every
//! computer. `benches/voice/score.py` says how the voice sounds.
//!
//! In each scene the far side talks all the time. First it is alone; then somebody speaks near the microphone. How much
//! quieter the echo leaves than it came is counted where nobody speaks near it, between two words too.

use std::{fs, io::Write, path::PathBuf};

use anyhow::{Context, ensure};

use super::voice::{read, write};
use crate::media::{
    frame::{FRAME, Frame, RATE},
    level::dbfs,
    processing::{
        Processor, Settings,
        echo::EchoCanceller,
        room::{Room, rms},
    },
};

/// What `ahoy bench echo` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct EchoArgs {
    /// A WAV file of the voice that comes from the speaker
    #[arg(long, value_name = "PATH")]
    far: PathBuf,
    /// A WAV file of the voice near the microphone
    #[arg(long, value_name = "PATH")]
    near: PathBuf,
    /// Where the listening files and the table go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only scenes whose names contain this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

/// A room and how loud somebody speaks in it.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// Its name in the table.
    pub name: &'static str,
    room: Room,
    /// How much louder the near voice is than the echo, dB; without an echo: its level, dBFS.
    near_db: f32,
    /// The level of the far voice; `None` as recorded.
    far_dbfs: Option<f32>,
}

/// The far side is alone for so long, s; for the second half of it the room counts as known...
const ALONE_S: usize = 20;
/// ... and then somebody speaks into it for so long.
const TOGETHER_S: usize = 20;
/// Below this nobody speaks near the microphone, dBFS.
const NOBODY_DBFS: f32 = -60.0;
/// A word goes on for so many frames, for a room and a codec.
const WORD_END: usize = 15;

/// What is measured.
pub fn scenes() -> Vec<Scene> {
    let room = Room { erl_db: 10.0, noise_dbfs: -76.0, ..Room::default() };
    let delayed = |delay_ms| Room { delay_ms, later_delay_ms: delay_ms, ..room };
    let scene = |name, room| Scene { name, room, near_db: 6.0, far_dbfs: None };
    let headset = Room { erl_db: f32::INFINITY, ..room };
    vec![
        Scene { near_db: -26.0, ..scene("headset", headset) },
        Scene { near_db: -26.0, far_dbfs: Some(-60.0), ..scene("headset, far side noisy", headset) },
        scene("60 ms", delayed(60.0)),
        scene("90 ms", delayed(90.0)),
        scene("90 ms, loud echo", Room { erl_db: 0.0, ..delayed(90.0) }),
        scene("120 ms, T60 0.3 s", Room { t60_s: 0.3, ..delayed(120.0) }),
        scene("250 ms", delayed(250.0)),
        scene("loudspeaker distorts", Room { drive: 3.0, ..delayed(90.0) }),
        scene("clocks 100 ppm apart", Room { drift_ppm: 100.0, ..delayed(90.0) }),
        scene("loud echo, noise -50 dBFS", Room { erl_db: 0.0, noise_dbfs: -50.0, ..delayed(90.0) }),
        scene("120 ms, then 60 ms", Room { delay_ms: 120.0, later_delay_ms: 60.0, ..room }),
    ]
}

/// What came of a scene.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How much quieter the echo leaves than it came: while the far side is alone, and in the pauses of who speaks into
    /// it, dB. Not a number without an echo.
    pub erle_db: [f32; 2],
    /// What leaves, from the moment on at which somebody speaks.
    pub heard: Vec<f32>,
    /// What they said.
    pub near: Vec<f32>,
}

/// Plays a scene; `plain` with WebRTC's canceller as it comes.
pub fn play(scene: &Scene, far: &[f32], near: &[f32], plain: bool) -> Outcome {
    let length = (ALONE_S + TOGETHER_S) * RATE as usize;
    let begin = ALONE_S * RATE as usize;
    let scaled = |sound: &[f32], dbfs: Option<f32>| {
        let gain = dbfs.map_or(1.0, |dbfs| 10f32.powf(dbfs / 20.0) / rms(sound).max(1e-9));
        sound.iter().map(|sample| (sample * gain).clamp(-1.0, 1.0)).collect::<Vec<f32>>()
    };
    let far: Vec<f32> = scaled(far, scene.far_dbfs).into_iter().cycle().take(length).collect();
    let echo = if scene.room.erl_db.is_finite() { scene.room.echo(&far) } else { vec![0.0; length] };
    let loudness = if scene.room.erl_db.is_finite() { 20.0 * rms(&echo).log10() } else { 0.0 };
    let near: Vec<f32> =
        scaled(near, Some(loudness + scene.near_db)).into_iter().cycle().take(TOGETHER_S * RATE as usize).collect();
    let mut microphone: Vec<f32> =
        echo.iter().zip(scene.room.noise(length)).map(|(echo, noise)| echo + noise).collect();
    for (heard, said) in microphone[begin..].iter_mut().zip(&near) {
        *heard += said;
    }
    let heard = if plain {
        let mut canceller = EchoCanceller::plain();
        through(&far, &microphone, |far, near| {
            canceller.render(far);
            canceller.capture(near)
        })
    } else {
        let mut processor = Processor::new(Settings { echo_cancelling: true, ..Settings::NONE });
        through(&far, &microphone, |far, near| {
            processor.render(far);
            let mut sides = [*near; 2];
            processor.capture(&mut sides);
            sides[0]
        })
    };
    let alone = begin / 2..begin;
    let quiet = silent_frames(&near);
    let pick = |sound: &[f32]| -> Vec<f32> {
        let frames = sound[begin..].chunks_exact(FRAME).zip(&quiet);
        frames.filter(|(_, quiet)| **quiet).flat_map(|(frame, _)| frame.iter().copied()).collect()
    };
    let less = |before: &[f32], after: &[f32]| 20.0 * (rms(before) / rms(after).max(1e-9)).log10();
    let erle_db = if scene.room.erl_db.is_finite() {
        [less(&echo[alone.clone()], &heard[alone]), less(&pick(&echo), &pick(&heard))]
    } else {
        [f32::NAN; 2]
    };
    Outcome { erle_db, heard: heard[begin..].to_vec(), near }
}

/// Frames in which nobody speaks, and has not just done so.
fn silent_frames(near: &[f32]) -> Vec<bool> {
    let mut since = WORD_END;
    near.chunks_exact(FRAME)
        .map(|frame| {
            since = if dbfs(frame) > NOBODY_DBFS { 0 } else { since + 1 };
            since > WORD_END
        })
        .collect()
}

fn through(far: &[f32], microphone: &[f32], mut step: impl FnMut(&Frame, &Frame) -> Frame) -> Vec<f32> {
    let frames = |sound: &[f32]| -> Vec<Frame> {
        sound.chunks_exact(FRAME).map(|samples| std::array::from_fn(|i| samples[i])).collect()
    };
    frames(far).iter().zip(&frames(microphone)).flat_map(|(far, near)| step(far, near)).collect()
}

/// Plays every scene, as this program does and as WebRTC does, and writes what is heard, what was said, and a table.
///
/// # Errors
/// If a voice cannot be read, or a file cannot be written.
pub fn run(args: &EchoArgs) -> anyhow::Result<()> {
    let (far, near) = (read(&args.far)?, read(&args.near)?);
    ensure!(rms(&far) > 0.0 && rms(&near) > 0.0, "one of the two voices is silent");
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let path = args.out.join("table.tsv");
    let mut table = fs::File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    writeln!(table, "condition\tfile\tsaid\terle_db\tdouble_talk_erle_db")?;
    for (number, scene) in scenes().iter().enumerate().filter(|(_, scene)| scene.name.contains(&args.only)) {
        for (canceller, plain) in [("Ahoy", false), ("WebRTC", true)] {
            let outcome = play(scene, &far, &near, plain);
            let (file, said) = (format!("{number}-{canceller}.wav"), format!("{number}-said.wav"));
            write(&args.out.join(&file), &outcome.heard)?;
            write(&args.out.join(&said), &outcome.near)?;
            let [alone, together] = outcome.erle_db;
            let line = format!("{}, {canceller}\t{file}\t{said}\t{alone:.1}\t{together:.1}", scene.name);
            println!("{line}");
            writeln!(table, "{line}")?;
        }
    }
    Ok(())
}
