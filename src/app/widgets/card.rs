//! Cards, titles, empty states, questions.

use egui::{Align, Frame, Id, Layout, Margin, Modal, RichText, Ui};

use super::super::{
    icons::{self, Icon},
    theme,
};
use super::{ButtonKind, button_ui, icon_ui, line_ui, sides_ui, small_icon_button_ui};

/// The title of a screen, with controls at its right.
pub(crate) fn title_ui(ui: &mut Ui, title: &str, controls: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(egui::vec2(ui.available_width(), 40.0), Layout::left_to_right(Align::Center), |ui| {
        ui.heading(RichText::new(title).color(theme::of(ui).text));
        ui.with_layout(Layout::right_to_left(Align::Center), controls);
    });
}

/// A ground for things that belong together.
pub(crate) fn card_ui<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let t = theme::of(ui);
    Frame::new()
        .fill(t.panel)
        .stroke(egui::Stroke::new(1.0, t.line))
        .corner_radius(theme::RADIUS_CARD)
        .inner_margin(Margin::same(20))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui)
        })
        .inner
}

/// What a screen shows when it has nothing to show: why, and what to do.
pub(crate) fn empty_ui(ui: &mut Ui, icon: Icon, title: &str, line: &str, more: impl FnOnce(&mut Ui)) {
    const MORE_WIDTH: f32 = 340.0;
    let t = theme::of(ui);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.24).min(140.0));
        icon_ui(ui, icon, 52.0, t.text_weak);
        ui.add_space(4.0);
        ui.label(RichText::new(title).font(theme::semibold(theme::size::HEADING)));
        ui.scope(|ui| {
            ui.set_max_width(440.0);
            ui.label(RichText::new(line).color(t.text_weak));
        });
        ui.add_space(8.0);
        let width = MORE_WIDTH.min(ui.available_width());
        let layout = Layout::top_down(Align::Center);
        ui.allocate_ui_with_layout(egui::vec2(width, 0.0), layout, more);
    });
}

/// A value to pass on to somebody else, with a button that copies it.
pub(crate) fn copy_ui(ui: &mut Ui, value: &str, name: &str) {
    let t = theme::of(ui);
    let frame =
        Frame::new().fill(t.surface).corner_radius(theme::RADIUS_CONTROL).inner_margin(Margin::symmetric(12, 2));
    frame.show(ui, |ui| {
        sides_ui(
            ui,
            |ui| {
                if small_icon_button_ui(ui, icons::COPY, name).clicked() {
                    ui.copy_text(value.to_owned());
                }
            },
            |ui| {
                line_ui(ui, RichText::new(value).font(theme::semibold(theme::size::BODY)));
            },
        );
    });
}

/// What lies over the window until it is answered.
fn modal(ui: &Ui, name: &'static str) -> Modal {
    let t = theme::of(ui);
    let frame = Frame::new()
        .fill(t.panel)
        .stroke(egui::Stroke::new(1.0, t.line))
        .corner_radius(theme::RADIUS_CARD)
        .inner_margin(Margin::same(24));
    Modal::new(Id::unique(name)).frame(frame).backdrop_color(t.backdrop)
}

/// A form over the window, with its title and a way out. Returns whether that was taken.
pub(crate) fn dialog_ui(ui: &Ui, title: &str, close: &str, width: f32, contents: impl FnOnce(&mut Ui)) -> bool {
    let modal = modal(ui, "dialog").show(ui.ctx(), |ui| {
        ui.set_width(width);
        let mut closed = false;
        sides_ui(
            ui,
            |ui| closed = small_icon_button_ui(ui, icons::X, close).clicked(),
            |ui| {
                line_ui(ui, RichText::new(title).font(theme::semibold(theme::size::HEADING)));
            },
        );
        contents(ui);
        closed
    });
    modal.inner || modal.should_close()
}

/// A question before something that cannot be undone. Returns the answer, once there is one.
pub(crate) fn confirm_ui(ui: &Ui, title: &str, line: &str, yes: &str, no: &str) -> Option<bool> {
    let t = theme::of(ui);
    let modal = modal(ui, "question").show(ui.ctx(), |ui| {
        ui.set_width(400.0);
        ui.label(RichText::new(title).font(theme::semibold(theme::size::HEADING)));
        ui.label(RichText::new(line).color(t.text_weak));
        ui.add_space(12.0);
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let yes = button_ui(ui, ButtonKind::Danger, None, yes).clicked();
            let no = button_ui(ui, ButtonKind::Secondary, None, no).clicked();
            if yes { Some(true) } else { no.then_some(false) }
        })
        .inner
    });
    if modal.should_close() { Some(false) } else { modal.inner }
}
