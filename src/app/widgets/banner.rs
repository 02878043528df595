//! A strip at the top of the screen that stays as long as what it says is true.

use egui::{Frame, Label, Margin, RichText, Ui};

use super::super::{icons::Icon, theme};
use super::{icon_ui, sides_ui};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something is missing.
    Warning,
    /// Something calls.
    Call,
}

/// What a banner says.
pub(crate) struct Banner<'a> {
    pub(crate) tone: Tone,
    pub(crate) icon: Icon,
    pub(crate) text: &'a str,
}

/// A banner, with buttons at its right.
pub(crate) fn banner_ui(ui: &mut Ui, banner: &Banner<'_>, buttons: impl FnOnce(&mut Ui)) {
    let t = theme::of(ui);
    let (ground, ink) = match banner.tone {
        Tone::Warning => (t.warning_surface, t.warning_text),
        Tone::Call => (t.accent_surface, t.accent_text),
    };
    Frame::new().fill(ground).inner_margin(Margin::symmetric(24, 10)).show(ui, |ui| {
        sides_ui(ui, buttons, |ui| {
            icon_ui(ui, banner.icon, 20.0, ink);
            let response = ui.add(Label::new(RichText::new(banner.text).color(t.text)).wrap());
            announce(ui, &response);
        });
    });
    ui.add_space(-ui.spacing().item_spacing.y);
}

/// Has a screen reader say a text when it appears.
pub(crate) fn announce(ui: &Ui, response: &egui::Response) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_live(egui::accesskit::Live::Polite));
}
