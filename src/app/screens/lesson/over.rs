//! A lesson that is over, or that goes on without this device.

use egui::{CentralPanel, Frame, Margin, RichText, Ui};

use crate::{
    call::{CallView, EndReason},
    engine::{Command, state::Session},
};

use super::super::super::{
    Cx, call_words, format, icons, lesson_words, theme,
    widgets::{self, ButtonKind},
};
use super::super::party;

pub(crate) fn over_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let t = theme::of(ui);
    let (title, line) = words(cx, call);
    let name = &call_words::call_name(cx.text, cx.state, call);
    let removed = call.lesson_over.as_ref().is_some_and(|over| over.removed);
    let on = call.group.as_ref().filter(|group| !removed && cx.state.group_call(group).is_some());
    CentralPanel::no_frame().frame(Frame::new().inner_margin(Margin::same(24))).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() / 2.0 - 170.0).max(8.0));
            party::face_ui(ui, cx, call.group.as_ref(), name, 96.0);
            ui.add_space(8.0);
            ui.label(RichText::new(name).size(theme::size::HEADING).color(t.text_weak));
            let title = ui.label(RichText::new(title).font(theme::semibold(28.0)));
            widgets::announce(ui, &title);
            ui.scope(|ui| {
                ui.set_max_width(460.0);
                ui.label(RichText::new(line).color(t.text_weak));
            });
            if call.duration_s > 0 {
                let duration = format::duration_words(cx.text, call.duration_s);
                ui.label(RichText::new(cx.tr_with("lesson-lasted", &[("duration", &duration)])).color(t.text_weak));
            }
            ui.add_space(20.0);
            if let Some(group) = on {
                ui.add_enabled_ui(cx.state.session == Session::Online, |ui| {
                    let icon = Some(icons::CHALKBOARD_TEACHER);
                    let join = cx.tr("lesson-join-again");
                    if widgets::wide_button_ui(ui, ButtonKind::Primary, icon, &join, 220.0).clicked() {
                        cx.send(Command::JoinCall(group.clone()));
                    }
                });
            }
            let close = widgets::wide_button_ui(ui, ButtonKind::Secondary, None, &cx.tr("call-close"), 220.0);
            if close.clicked() {
                cx.send(Command::DismissCall(call.call_id.clone()));
            }
        });
    });
}

/// How it ended: a title, and a sentence that says more.
fn words(cx: &Cx<'_>, call: &CallView) -> (String, String) {
    if let Some(over) = &call.lesson_over {
        return lesson_words::over(cx.text, |user| cx.state.name_of(user), over);
    }
    match call.end {
        Some(EndReason::HungUp) | None => (cx.tr("lesson-left"), cx.tr("lesson-left-line")),
        Some(end) => call_words::call_end(cx.text, cx.state, call, end),
    }
}
