//! Somebody calls: a window of its own above all others, and a banner in the main window; and a call that is on hold
//! beside another. All follow from the state.

use egui::{Align, CentralPanel, Frame, Layout, Margin, RichText, Ui};

use crate::{
    call::{CallView, Phase},
    engine::Command,
};

use super::super::{
    Cx, call_words, icons, theme,
    widgets::{self, Banner, ButtonKind, Tone},
};

use super::party;

/// From here on, points, all buttons of a waiting call fit beside who it is.
const ROOM_FOR_ALL: f32 = 700.0;

/// The contents of the window of an incoming call. Returns whether the call was answered.
pub(crate) fn window_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) -> bool {
    let mut answered = false;
    let t = theme::of(ui);
    let name = &call_words::call_name(cx.text, cx.state, call);
    let edge = egui::Stroke::new(1.0, t.outline);
    let frame = Frame::new().fill(t.panel).stroke(edge).inner_margin(Margin::same(20));
    CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            party::face_ui(ui, cx, call.group.as_ref(), name, 64.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(8.0);
                let label = RichText::new(label(cx, call)).size(theme::size::SMALL).color(t.accent_text);
                widgets::line_ui(ui, label);
                widgets::line_ui(ui, RichText::new(name).font(theme::semibold(20.0)));
            });
        });
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let width = (ui.available_width() - ui.spacing().item_spacing.x) / 2.0;
            let answer = cx.tr(answer_words(cx));
            if widgets::wide_button_ui(ui, ButtonKind::Primary, Some(icons::PHONE_FILL), &answer, width).clicked() {
                cx.send(Command::Accept(call.call_id.clone()));
                answered = true;
            }
            let decline = cx.tr("incoming-decline");
            let icon = Some(icons::PHONE_DISCONNECT_FILL);
            if widgets::wide_button_ui(ui, ButtonKind::Danger, icon, &decline, width).clicked() {
                cx.send(Command::Reject(call.call_id.clone()));
            }
        });
        if let Some(talk) = cx.state.talk() {
            let instead = cx.tr("incoming-end-answer");
            let width = ui.available_width();
            if widgets::wide_button_ui(ui, ButtonKind::Secondary, None, &instead, width).clicked() {
                answer_instead(cx, talk, call);
                answered = true;
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            silence_ui(ui, cx);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(RichText::new(cx.tr("incoming-keys")).size(12.0).color(t.text_weak));
            });
        });
    });
    answered
}

/// To answer during a talk is to put that on hold.
fn answer_words(cx: &Cx<'_>) -> &'static str {
    if cx.state.talk().is_some() { "incoming-hold-answer" } else { "incoming-answer" }
}

/// Ends the talk and answers.
fn answer_instead(cx: &Cx<'_>, talk: &CallView, call: &CallView) {
    cx.send(Command::HangUp(talk.call_id.clone()));
    cx.send(Command::Accept(call.call_id.clone()));
}

/// Who calls, where the name below is not theirs.
fn label(cx: &Cx<'_>, call: &CallView) -> String {
    if call_words::is_lesson(cx.state, call) {
        cx.tr_with("lesson-incoming-label", &[("name", cx.state.name_of(&call.peer))])
    } else if call.is_party() {
        cx.tr_with("incoming-party-label", &[("name", cx.state.name_of(&call.peer))])
    } else {
        cx.tr("incoming-label")
    }
}

/// The same call in the main window.
pub(crate) fn banner_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let line = call_words::incoming(cx.text, cx.state, call);
    let banner = Banner { tone: Tone::Call, icon: icons::PHONE_INCOMING, text: &line };
    let talk = cx.state.talk();
    // In a small window, one can hang up and then answer.
    let roomy = ui.available_width() > ROOM_FOR_ALL;
    let instead = talk.filter(|_| roomy);
    widgets::banner_ui(ui, &banner, |ui| {
        // From the right: what is read first stands at the left.
        if widgets::button_ui(ui, ButtonKind::Danger, Some(icons::PHONE_DISCONNECT_FILL), &cx.tr("incoming-decline"))
            .clicked()
        {
            cx.send(Command::Reject(call.call_id.clone()));
        }
        let keys = cx.tr("incoming-keys");
        let answer = widgets::button_ui(ui, ButtonKind::Primary, Some(icons::PHONE_FILL), &cx.tr(answer_words(cx)));
        if answer.on_hover_text(keys).clicked() {
            cx.send(Command::Accept(call.call_id.clone()));
        }
        if let Some(talk) = instead
            && widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("incoming-end-answer")).clicked()
        {
            answer_instead(cx, talk, call);
        }
        if talk.is_none() && roomy {
            silence_ui(ui, cx);
        } else {
            silence_icon_ui(ui, cx);
        }
    });
}

/// The call that waits until the present one is over, or until one switches back to it.
pub(crate) fn on_hold_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let name = call_words::call_name(cx.text, cx.state, call);
    let time = super::super::format::timer(cx.state.talk_seconds(call));
    let line = cx.tr_with("call-on-hold-line", &[("name", &name), ("time", &time)]);
    let banner = Banner { tone: Tone::Call, icon: icons::PAUSE, text: &line };
    widgets::banner_ui(ui, &banner, |ui| {
        let hang_up = cx.tr("call-hang-up");
        let button = widgets::button_ui(ui, ButtonKind::Danger, Some(icons::PHONE_DISCONNECT_FILL), &hang_up);
        widgets::name(ui, &button, &cx.tr_with("call-hang-up-with", &[("name", &name)]));
        if button.clicked() {
            cx.send(Command::HangUp(call.call_id.clone()));
        }
        let connects = cx.state.current_call().is_some_and(|other| other.phase == Phase::Connecting);
        let switch = |ui: &mut Ui| {
            widgets::button_ui(ui, ButtonKind::Primary, Some(icons::PLAY), &cx.tr("call-switch")).clicked()
        };
        if ui.add_enabled_ui(!connects, switch).inner {
            cx.send(Command::Resume(call.call_id.clone()));
        }
    });
}

fn silence_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let silenced = cx.state.audio.ring_silenced;
    let (icon, id) =
        if silenced { (icons::BELL_SLASH, "incoming-silenced") } else { (icons::BELL, "incoming-silence") };
    let pressed = ui
        .add_enabled_ui(!silenced, |ui| widgets::button_ui(ui, ButtonKind::Quiet, Some(icon), &cx.tr(id)).clicked())
        .inner;
    if pressed {
        cx.send(Command::SilenceRing);
    }
}

/// The same where there is little room.
fn silence_icon_ui(ui: &mut Ui, cx: &Cx<'_>) {
    if !cx.state.audio.ring_silenced
        && widgets::small_icon_button_ui(ui, icons::BELL, &cx.tr("incoming-silence")).clicked()
    {
        cx.send(Command::SilenceRing);
    }
}
