//! The server's certificate is not the known one: a plain warning, and two ways out.

use egui::{CentralPanel, Frame, Label, Margin, RichText, ScrollArea, Ui};

use crate::engine::Command;

use super::super::{
    Cx, format, icons, theme,
    widgets::{self, ButtonKind},
};

pub(crate) fn certificate_ui(ui: &mut Ui, cx: &Cx<'_>, address: &str, pinned: &str, shown: &str) {
    let t = theme::of(ui);
    CentralPanel::no_frame().frame(Frame::new().fill(t.window).inner_margin(Margin::same(24))).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let width = 620.0_f32.min(ui.available_width());
            ui.vertical_centered(|ui| {
                ui.set_max_width(width);
                ui.add_space(24.0);
                widgets::icon_ui(ui, icons::SHIELD_WARNING, 56.0, t.warning_text);
                ui.label(RichText::new(cx.tr("certificate-title")).font(theme::semibold(theme::size::TITLE)));
                ui.add_space(4.0);
                ui.label(cx.tr_with("certificate-line", &[("address", address)]));
                ui.label(RichText::new(cx.tr("certificate-what-to-do")).color(t.text_weak));
                ui.add_space(8.0);
                fingerprint_ui(ui, &cx.tr("certificate-pinned"), pinned);
                fingerprint_ui(ui, &cx.tr("certificate-shown"), shown);
                ui.add_space(12.0);
                let leave = widgets::wide_button_ui(ui, ButtonKind::Primary, None, &cx.tr("certificate-leave"), 320.0);
                if ui.memory(|memory| memory.focused().is_none()) {
                    // The safe way out is what Enter does.
                    leave.request_focus();
                }
                if leave.clicked() {
                    cx.send(Command::CancelConnect);
                }
                if widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("certificate-trust")).clicked() {
                    cx.send(Command::TrustNewCertificate);
                }
            });
        });
    });
}

fn fingerprint_ui(ui: &mut Ui, label: &str, hex: &str) {
    let t = theme::of(ui);
    let frame = Frame::new().fill(t.panel).corner_radius(theme::RADIUS_CONTROL).inner_margin(Margin::symmetric(16, 12));
    frame.stroke(egui::Stroke::new(1.0, t.line)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.label(RichText::new(label).size(theme::size::SMALL).color(t.text_weak));
        ui.add(Label::new(RichText::new(format::fingerprint(hex)).font(theme::semibold(14.0))).wrap());
    });
}
