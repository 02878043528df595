//! `ahoy bench frame`: what a frame of the teacher's desk costs while a class of many is scrolled.
//!
//! Usually nothing is shown: input, layout, drawing and tessellation are the program's part of a frame, and what is taken is
//! their time. `--window` shows it in a real window and takes the time from frame to frame ([`window`]). What is drawn is
//! made in [`scene`].

mod scene;
mod window;

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use egui::{RawInput, Rect, pos2};

use super::percentile;
use crate::app::{AhoyApp, Clock};
use scene::{FRAME_MS, Stage, WINDOW};

/// What `ahoy bench frame` may be told.
#[derive(Clone, Debug, clap::Args)]
pub struct FrameArgs {
    /// Students in the class
    #[arg(long, value_name = "N", default_value = "300")]
    pub students: NonZeroUsize,
    /// Frames that are measured
    #[arg(long, value_name = "N", default_value = "600")]
    pub frames: NonZeroUsize,
    /// In a window, as fast as it can be shown; otherwise only the processor's part
    #[arg(long)]
    pub window: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Half of the frames took no longer.
    pub p50: Duration,
    /// Of a hundred frames one took longer.
    pub p99: Duration,
    /// The longest.
    pub most: Duration,
    /// On average.
    pub mean: Duration,
}

impl Figures {
    fn of(mut times: Vec<Duration>) -> anyhow::Result<Self> {
        ensure!(!times.is_empty(), "no frame was drawn");
        times.sort_unstable();
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|share| percentile(&times, share));
        let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).context("so many frames")?;
        Ok(Self { p50, p99, most, mean })
    }

    fn words(&self) -> String {
        let [p50, p99, most] = [self.p50, self.p99, self.most].map(|time| time.as_secs_f64() * 1000.0);
        format!("p50 {p50:.2} ms, p99 {p99:.2} ms, most {most:.2} ms")
    }
}

/// Frames before anything is measured: fonts are read, and the screen opens.
const WARM_UP: usize = 20;
/// Measures and prints.
///
/// # Errors
/// If there is nothing to see.
pub fn run(args: &FrameArgs) -> anyhow::Result<()> {
    let (students, frames) = (args.students, args.frames);
    if args.window {
        let figures = Figures::of(window::measure(students.get(), frames.get())?)?;
        let per_second = 1.0 / figures.mean.as_secs_f64();
        println!("students {students}, frames {frames} in a window: {}, {per_second:.0} a second", figures.words());
    } else {
        println!("students {students}, frames {frames}: {}", measure(args)?.0.words());
    }
    Ok(())
}

/// Scrolls the class up and down, and takes the time of each frame; and how many different pictures there were: what is
/// scrolled looks different.
///
/// # Errors
/// If there is nothing to see.
pub fn measure(args: &FrameArgs) -> anyhow::Result<(Figures, usize)> {
    let stage = Arc::new(Stage::new(args.students.get())?);
    let ctx = egui::Context::default();
    let mut app = AhoyApp::new(&ctx, stage.clone(), Clock::default());
    let mut times = Vec::with_capacity(args.frames.get());
    let mut pictures = std::collections::BTreeSet::new();
    for frame in 0..WARM_UP + args.frames.get() {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), WINDOW)),
            time: Some((frame as u64 * FRAME_MS) as f64 / 1000.0),
            events: stage.turn_to(frame),
            ..RawInput::default()
        };
        let begin = Instant::now();
        let mut output = ctx.run_ui(input, |ui| app.draw(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let meshes = ctx.tessellate(shapes, output.pixels_per_point);
        let took = begin.elapsed();
        let corners: usize = meshes.iter().map(|mesh| corners(&mesh.primitive)).sum();
        output.drop_without_applying_deltas();
        if frame >= WARM_UP {
            times.push(took);
            pictures.insert(corners);
        }
    }
    ensure!(pictures.iter().all(|corners| *corners > 0), "a frame was empty");
    Ok((Figures::of(times)?, pictures.len()))
}

fn corners(primitive: &egui::epaint::Primitive) -> usize {
    match primitive {
        egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
        egui::epaint::Primitive::Callback(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_drawn_and_scrolled() {
        let count = |count: usize| NonZeroUsize::new(count).expect("not zero");
        let (figures, pictures) =
            measure(&FrameArgs { students: count(60), frames: count(30), window: false }).expect("measured");
        assert!(figures.p50 <= figures.p99 && figures.p99 <= figures.most, "{figures:?}");
        assert!(figures.most > Duration::ZERO && pictures > 1, "{figures:?}, {pictures} pictures");
    }
}
