//! The window of an incoming call: above all others, and without the keyboard.
//!
//! It exists exactly as long as the state says that a call rings here. It reads the state for itself, because it is drawn
//! by itself: the main window may be covered or minimised.

use std::sync::Arc;

use egui::{
    Key, KeyboardShortcut, Modifiers, Ui, Vec2, ViewportBuilder, ViewportCommand, ViewportId, X11WindowType, pos2, vec2,
};

use crate::{call::CallView, engine::Command};

use super::{AhoyApp, Cx, call_words, screens, title};

const SIZE: Vec2 = vec2(388.0, 212.0);
/// During a talk there is one more button.
const SIZE_IN_TALK: Vec2 = vec2(388.0, 264.0);
/// From the edges of the screen.
const MARGIN: Vec2 = vec2(24.0, 48.0);

const COMMAND_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const ANSWER: KeyboardShortcut = KeyboardShortcut::new(COMMAND_SHIFT, Key::A);
const DECLINE: KeyboardShortcut = KeyboardShortcut::new(COMMAND_SHIFT, Key::D);

impl AhoyApp {
    pub(super) fn pop_up(&mut self, ui: &Ui) {
        let changed = std::mem::take(&mut self.view.state_changed);
        let Some(call) = self.state.incoming_call() else { return };
        if ui.embed_viewports() {
            // Nothing but this one window can be had; the banner in it does.
            return;
        }
        let cx = Cx::new(&self.state, &self.clock, self.backend.as_ref());
        let builder = builder(ui, &cx, call);
        let id = ViewportId(egui::Id::unique("incoming-call"));
        // egui keeps this function; it must not keep the engine.
        let (backend, clock) = (Arc::downgrade(&self.backend), self.clock.clone());
        ui.show_viewport_deferred(id, builder, move |ui, _| {
            let Some(backend) = backend.upgrade() else { return };
            let state = backend.state();
            let cx = Cx::new(&state, &clock, backend.as_ref());
            if let Some(call) = state.incoming_call() {
                contents_ui(ui, &cx, call);
            }
        });
        if changed {
            ui.request_repaint_of(id);
        }
    }
}

fn title(cx: &Cx<'_>, call: &CallView) -> String {
    cx.tr_with("incoming-title", &[("name", &call_words::call_name(cx.text, cx.state, call))])
}

fn builder(ui: &Ui, cx: &Cx<'_>, call: &CallView) -> ViewportBuilder {
    let size = if cx.state.talk().is_some() { SIZE_IN_TALK } else { SIZE };
    let builder = ViewportBuilder::default()
        .with_title(title(cx, call))
        .with_app_id("ahoy")
        .with_inner_size(size)
        .with_resizable(false)
        .with_minimize_button(false)
        .with_maximize_button(false)
        .with_always_on_top()
        .with_active(false)
        .with_taskbar(false)
        .with_window_type(X11WindowType::Notification)
        // On X11 many window managers give the keyboard to every new window that they manage.
        .with_override_redirect(true);
    match ui.input(|input| input.viewport().monitor_size) {
        Some(monitor) => builder.with_position(pos2(monitor.x - SIZE.x - MARGIN.x, MARGIN.y)),
        None => builder,
    }
}

fn contents_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    title::name_window(ui, title(cx, call));
    incoming_keys(ui, cx);
    if screens::incoming::window_ui(ui, cx, call) {
        // Whoever answers wants to see the call, wherever the main window was.
        ui.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Minimized(false));
        ui.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Focus);
    }
    if ui.input(|input| input.viewport().close_requested()) {
        // Closing the window says neither yes nor no: it goes on ringing for whoever else is near.
        cx.send(Command::SilenceRing);
    }
}

/// Answering takes three keys at once, so that nobody answers by typing on.
pub(super) fn incoming_keys(ui: &Ui, cx: &Cx<'_>) {
    let pressed = |shortcut: &KeyboardShortcut| ui.input_mut(|input| input.consume_shortcut(shortcut));
    if let Some(call) = cx.state.incoming_call() {
        if pressed(&ANSWER) {
            cx.send(Command::Accept(call.call_id.clone()));
        } else if pressed(&DECLINE) {
            cx.send(Command::Reject(call.call_id.clone()));
        }
    }
}
