//! The present call: from calling to how it ended.

use egui::{CentralPanel, Color32, Frame, Margin, Panel, RichText, Ui};

use crate::{
    call::{CallView, Direction, EndReason, Network, Phase},
    engine::{Command, state::Session},
};

use super::super::{
    Cx, call_words,
    calling_view::Calling,
    format, icons, lesson_words, theme, ui,
    widgets::{self, ButtonKind},
};
use super::{call_bar, link, party};

/// Height of the bar with the buttons of a call.
pub(crate) const BAR_HEIGHT: f32 = 112.0;

/// Where a call stands, in words.
pub(crate) fn phase_words(cx: &Cx<'_>, call: &CallView) -> String {
    match call.phase {
        Phase::Calling => cx.tr("call-calling"),
        Phase::Ringing => cx.tr("call-ringing"),
        Phase::Incoming => cx.tr("incoming-label"),
        Phase::Connecting => cx.tr("call-connecting"),
        Phase::InCall if call.on_hold => cx.tr_with("call-on-hold", &[("time", &ui::talk_timer(cx, call))]),
        Phase::InCall if call_words::waits(call) => cx.tr("party-waiting"),
        Phase::InCall if call.network == Network::Weak => {
            cx.tr_with("call-weak", &[("time", &ui::talk_timer(cx, call))])
        }
        Phase::InCall => ui::talk_timer(cx, call),
        Phase::Reconnecting if call.network == Network::Lost => cx.tr("call-reconnecting"),
        Phase::Reconnecting if call.is_party() => cx.tr("party-reconnecting"),
        Phase::Reconnecting => cx.tr_with("call-peer-reconnecting", &[("name", cx.state.name_of(&call.peer))]),
        Phase::Ended if let Some(over) = &call.lesson_over => {
            lesson_words::over(cx.text, |user| cx.state.name_of(user), over).0
        }
        Phase::Ended => call.end.map_or_else(String::new, |end| call_words::call_end(cx.text, cx.state, call, end).0),
    }
}

/// Whether somebody's network is in the way of it.
pub(crate) fn is_troubled(call: &CallView) -> bool {
    call.phase == Phase::Reconnecting || (call.phase == Phase::InCall && call.network == Network::Weak)
}

/// Where it stands, with its colour, on its own screen.
pub(super) fn status(cx: &Cx<'_>, call: &CallView, t: &theme::Tokens) -> (String, Color32) {
    let ink = match call.phase {
        _ if is_troubled(call) => t.warning_text,
        Phase::InCall if !call.on_hold => t.text_weak,
        _ => t.accent_text,
    };
    (phase_words(cx, call), ink)
}

pub(crate) fn call_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, calling: &mut Option<Calling>) {
    match call.phase {
        Phase::Ended => ended_ui(ui, cx, call),
        Phase::Calling | Phase::Ringing | Phase::Incoming | Phase::Connecting | Phase::InCall | Phase::Reconnecting => {
            live_ui(ui, cx, call, calling)
        }
    }
}

fn live_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, calling: &mut Option<Calling>) {
    let t = theme::of(ui);
    Panel::bottom("call-bar")
        .exact_size(BAR_HEIGHT)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(t.panel).inner_margin(Margin::symmetric(24, 14)))
        .show(ui, |ui| call_bar::bar_ui(ui, cx, call, calling));
    CentralPanel::no_frame().show(ui, |ui| {
        if call.is_party() {
            return party::party_ui(ui, cx, call);
        }
        let name = cx.state.name_of(&call.peer);
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() / 2.0 - 140.0).max(16.0));
            widgets::avatar_ui(ui, name, 136.0, party::talk_ring(cx, call, &call.peer));
            ui.add_space(16.0);
            ui.label(RichText::new(name).font(theme::semibold(28.0)));
            let (words, ink) = status(cx, call, t);
            ui.label(RichText::new(words).size(theme::size::HEADING).color(ink));
            if call.phase == Phase::InCall && call.participants.is_empty() {
                ui.label(RichText::new(cx.tr_with("call-alone", &[("name", name)])).color(t.warning_text));
            }
            if call.phase == Phase::InCall && call.peer_holds() {
                ui.label(RichText::new(cx.tr_with("call-held-by", &[("name", name)])).color(t.warning_text));
            }
            ui.add_space(8.0);
            link::link_ui(ui, cx, call);
        });
    });
}

fn ended_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let t = theme::of(ui);
    let name = &call_words::call_name(cx.text, cx.state, call);
    let Some(end) = call.end else { return };
    let (title, line) = call_words::call_end(cx.text, cx.state, call, end);
    CentralPanel::no_frame().frame(Frame::new().inner_margin(Margin::same(24))).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space((ui.available_height() / 2.0 - 170.0).max(8.0));
            party::face_ui(ui, cx, call.group.as_ref(), name, 96.0);
            ui.add_space(8.0);
            ui.label(RichText::new(name).size(theme::size::HEADING).color(t.text_weak));
            ui.label(RichText::new(title).font(theme::semibold(28.0)));
            if call.duration_s > 0 {
                let duration = format::duration_words(cx.text, call.duration_s);
                ui.label(RichText::new(cx.tr_with("call-lasted", &[("duration", &duration)])).color(t.text_weak));
            }
            if end != EndReason::HungUp || call.duration_s == 0 {
                ui.label(RichText::new(line).color(t.text_weak));
            }
            ui.add_space(20.0);
            // Calling back makes sense wherever this device did not answer for itself.
            let again = cx.tr("call-again");
            let kind = if call.direction == Direction::Outgoing { ButtonKind::Primary } else { ButtonKind::Secondary };
            ui.add_enabled_ui(cx.state.session == Session::Online, |ui| {
                if call.is_party() {
                    party::again_ui(ui, cx, call, kind);
                } else if widgets::wide_button_ui(ui, kind, Some(icons::PHONE_FILL), &again, 220.0).clicked() {
                    cx.send(Command::Call(call.peer.clone()));
                }
            });
            let close = widgets::wide_button_ui(ui, ButtonKind::Secondary, None, &cx.tr("call-close"), 220.0);
            if close.clicked() {
                cx.send(Command::DismissCall(call.call_id.clone()));
            }
        });
    });
}
