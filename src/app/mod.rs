//! The window: eframe and egui, drawn from the engine's [`State`], sending [`Command`]s.
//!
//! What lives here: screens, widgets, colours, fonts, words. What may not come in: timers, sockets, sound, and any rule
//! about calls. The window remembers only what a window must: which screen is open, and what has been typed.
//!
//! * `logic` runs at every change, also while the window is hidden: it follows the state.
//! * `ui` draws: the frame of the window here, one file per screen in `screens`, parts in `widgets`.

use std::sync::Arc;

use crate::{
    engine::{Command, State},
    protocol::UserId,
};

mod args;
mod attendance;
mod call_words;
mod calling_view;
mod demo;
mod fonts;
mod format;
mod groups_view;
mod icons;
mod lesson_view;
mod lesson_words;
mod logic;
mod picture_desk;
mod pop_up;
mod run;
mod save_desk;
mod screens;
mod search;
mod sentences;
mod text;
mod theme;
mod title;
mod ui;
mod view;
mod widgets;

pub use args::{InvalidPosition, Position, WindowArgs};
pub use demo::{DemoArgs, DemoError, demo};
pub use format::Clock;
pub use run::{WindowError, run};
pub use view::Tab;

use text::Text;
use view::View;

/// What the window talks to: the engine, or a stand-in for tests.
pub trait Backend: Send + Sync {
    /// The present picture.
    fn state(&self) -> Arc<State>;
    /// Passes a wish on. What comes of it shows in the state.
    fn send(&self, command: Command);
}

/// The window.
pub struct AhoyApp {
    backend: Arc<dyn Backend>,
    clock: Clock,
    state: Arc<State>,
    view: View,
    /// What the main window is called at the moment.
    title: String,
    /// A class that is to be made.
    class: Option<DemoClass>,
}

/// The class of `ahoy demo --class`.
struct DemoClass {
    name: String,
    students: Vec<UserId>,
}

impl AhoyApp {
    /// Sets fonts and themes up and makes the window's contents.
    pub fn new(ctx: &egui::Context, backend: Arc<dyn Backend>, clock: Clock) -> Self {
        fonts::install(ctx);
        theme::install(ctx);
        let state = backend.state();
        Self { backend, clock, state, view: View::default(), title: String::new(), class: None }
    }

    /// Opens a screen, as a click on its name does.
    pub fn open(&mut self, tab: Tab) {
        self.view.tab = tab;
    }

    /// Follows the state and draws one frame, as the window does at each.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        self.follow_state(ui.ctx());
        self.root_ui(ui);
    }

    /// Makes a class as soon as these users are there, for the demo.
    #[must_use]
    pub fn with_class(mut self, name: String, students: Vec<UserId>) -> Self {
        self.class = Some(DemoClass { name, students });
        self
    }

    /// Draws the contents of the window of an incoming call, if there is one.
    pub fn incoming_window_ui(&mut self, ui: &mut egui::Ui) {
        self.state = self.backend.state();
        let cx = Cx::new(&self.state, &self.clock, self.backend.as_ref());
        if let Some(call) = self.state.incoming_call() {
            screens::incoming::window_ui(ui, &cx, call);
        }
    }
}

impl eframe::App for AhoyApp {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.follow_state(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.root_ui(ui);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// What every drawing function needs: the state, the words, and a way to send wishes.
struct Cx<'a> {
    state: &'a State,
    text: Text,
    clock: &'a Clock,
    backend: &'a dyn Backend,
}

impl<'a> Cx<'a> {
    fn new(state: &'a State, clock: &'a Clock, backend: &'a dyn Backend) -> Self {
        Self { state, text: Text::chosen(state.settings.language), clock, backend }
    }

    fn send(&self, command: Command) {
        self.backend.send(command);
    }

    fn tr(&self, id: &str) -> String {
        self.text.tr(id)
    }

    fn tr_with(&self, id: &str, values: &[(&'static str, &str)]) -> String {
        self.text.tr_with(id, values)
    }
}
