//! The same in a real window: whole frames, with what the graphics card or the program that stands in for it adds.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, ensure};
use eframe::{Frame, NativeOptions, Renderer};
use egui::{RawInput, Ui, ViewportBuilder, ViewportCommand};

use super::{
    WARM_UP,
    scene::{self, Stage},
};
use crate::app::{AhoyApp, Clock};

/// The class in a window, scrolled by itself, frame after frame without waiting for the screen.
struct Shown {
    app: AhoyApp,
    stage: Arc<Stage>,
    /// Frames so far.
    frame: usize,
    frames: usize,
    last: Option<Instant>,
    times: mpsc::Sender<Duration>,
}

impl eframe::App for Shown {
    fn raw_input_hook(&mut self, _: &egui::Context, input: &mut RawInput) {
        input.events = self.stage.turn_to(self.frame);
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut Frame) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now).filter(|_| self.frame > WARM_UP) {
            // Whoever opened the window waits until it is closed.
            let _ = self.times.send(now - last);
        }
        self.app.draw(ui);
        self.frame += 1;
        if self.frame > WARM_UP + self.frames {
            ui.send_viewport_cmd(ViewportCommand::Close);
        } else {
            ui.request_repaint();
        }
    }
}

/// Opens the window, and takes the time from frame to frame.
///
/// # Errors
/// If no window can be opened, or it is closed before the end.
pub(super) fn measure(students: usize, frames: usize) -> anyhow::Result<Vec<Duration>> {
    let stage = Arc::new(Stage::new(students)?);
    let (times, taken) = mpsc::channel();
    let mut options = NativeOptions {
        viewport: ViewportBuilder::default().with_inner_size(scene::WINDOW),
        renderer: Renderer::Glow,
        multisampling: 0,
        ..NativeOptions::default()
    };
    options.glow_options.vsync = false;
    let opened = eframe::run_native(
        "Ahoy",
        options,
        Box::new(move |cc| {
            let app = AhoyApp::new(&cc.egui_ctx, stage.clone(), Clock::default());
            Ok(Box::new(Shown { app, stage, frame: 0, frames, last: None, times }))
        }),
    );
    opened.map_err(|error| anyhow!("{error}")).context("the window cannot be opened")?;
    let times: Vec<Duration> = taken.into_iter().take(frames).collect();
    ensure!(times.len() == frames, "the window was closed before the end");
    Ok(times)
}
