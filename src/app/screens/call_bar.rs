//! The bar of a call: mute, devices, volume, hang up.

use egui::{Align, Align2, Layout, Popup, PopupCloseBehavior, RectAlign, RichText, ScrollArea, Sense, Ui, vec2};

use crate::{
    call::{Action, CallView, Phase},
    engine::Command,
};

use super::super::{
    Cx,
    calling_view::Calling,
    icons, theme,
    widgets::{self, ButtonKind},
};
use super::devices;

const BUTTON: f32 = 54.0;
/// Six of them fit the smallest window.
const CELL: f32 = 76.0;

pub(crate) fn bar_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, calling: &mut Option<Calling>) {
    const CELLS: f32 = 6.0;
    const GAP: f32 = 4.0;
    let width = CELLS * CELL + (CELLS - 1.0) * GAP;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        ui.add_space(((ui.available_width() - width) / 2.0).max(0.0));
        mute_ui(ui, cx);
        microphone_ui(ui, cx);
        speaker_ui(ui, cx, call);
        hold_ui(ui, cx, call);
        add_ui(ui, cx, call, calling);
        hang_up_ui(ui, cx, call);
    });
}

/// A round button with a caption below.
fn cell_ui<R>(ui: &mut Ui, caption: &str, button: impl FnOnce(&mut Ui) -> R) -> R {
    let t = theme::of(ui);
    ui.allocate_ui_with_layout(vec2(CELL, BUTTON + 26.0), Layout::top_down(Align::Center), |ui| {
        ui.set_min_width(CELL);
        ui.spacing_mut().item_spacing.y = 6.0;
        let result = button(ui);
        // The button has a name already; what is painted here must not be read out twice.
        let (rect, _) = ui.allocate_exact_size(vec2(CELL, 18.0), Sense::hover());
        let font = theme::regular(theme::size::SMALL);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, caption, font, t.text_weak);
        result
    })
    .inner
}

fn mute_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let muted = cx.state.audio.muted;
    let (kind, icon, name, caption) = if muted {
        (ButtonKind::On, icons::MICROPHONE_SLASH_FILL, "call-unmute", "call-muted")
    } else {
        (ButtonKind::Secondary, icons::MICROPHONE_FILL, "call-mute", "call-mute")
    };
    let pressed = cell_ui(ui, &cx.tr(caption), |ui| {
        let button = widgets::round_button_ui(ui, kind, icon, BUTTON, &cx.tr(name));
        if !muted {
            level_ui(ui, cx, button.rect);
        }
        button.clicked()
    });
    if pressed {
        cx.send(Command::SetMuted(!muted));
    }
}

/// The own level, as a line that grows along the foot of the mute button.
pub(super) fn level_ui(ui: &Ui, cx: &Cx<'_>, button: egui::Rect) {
    let level = widgets::level_fraction(cx.state.audio.microphone_level_dbfs);
    if level > 0.05 {
        let width = 28.0 * level;
        let line = egui::Rect::from_center_size(button.center_bottom() - vec2(0.0, 8.0), vec2(width, 3.0));
        ui.painter().rect_filled(line, 1.5, theme::of(ui).accent_text);
    }
}

fn microphone_ui(ui: &mut Ui, cx: &Cx<'_>) {
    cell_ui(ui, &cx.tr("call-microphone"), |ui| microphone_button_ui(ui, cx, BUTTON));
}

/// The button behind which microphones are chosen.
pub(super) fn microphone_button_ui(ui: &mut Ui, cx: &Cx<'_>, diameter: f32) {
    let name = cx.tr("call-microphone-choose");
    let button = widgets::round_button_ui(ui, ButtonKind::Secondary, icons::MICROPHONE, diameter, &name);
    menu(ui, &button).show(|ui| {
        ui.set_width(300.0);
        devices::menu_ui(ui, cx, devices::Role::Microphone);
    });
}

fn speaker_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    cell_ui(ui, &cx.tr("call-speaker"), |ui| speaker_button_ui(ui, cx, call, BUTTON));
}

/// The button behind which speakers and volumes are chosen.
pub(super) fn speaker_button_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, diameter: f32) {
    let name = cx.tr("call-speaker-choose");
    let button = widgets::round_button_ui(ui, ButtonKind::Secondary, icons::SPEAKER_HIGH, diameter, &name);
    menu(ui, &button).show(|ui| {
        ui.set_width(300.0);
        devices::menu_ui(ui, cx, devices::Role::Speaker);
        ui.add_space(8.0);
        volumes_ui(ui, cx, call);
    });
}

/// What opens above a pressed button.
pub(crate) fn menu<'a>(ui: &Ui, button: &egui::Response) -> Popup<'a> {
    let frame = egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(14));
    Popup::menu(button)
        .align(RectAlign::TOP)
        .gap(12.0)
        .frame(frame)
        .layout(Layout::top_down(Align::Min))
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
}

fn volumes_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    const WIDTH: f32 = 210.0;
    let t = theme::of(ui);
    let caption = |ui: &mut Ui, words: &str| {
        ui.label(RichText::new(words).size(theme::size::SMALL).color(t.text_weak));
    };
    let name = cx.tr("call-volume-all");
    caption(ui, &name);
    let mut volume = cx.state.settings.speaker_volume;
    if widgets::slider_ui(ui, &name, &mut volume, 2.0, WIDTH) {
        devices::change(cx, |settings| settings.speaker_volume = volume);
    }
    ScrollArea::vertical().max_height(320.0).show(ui, |ui| participants_ui(ui, cx, call));
}

/// The loudness of everybody who has been heard.
fn participants_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    const WIDTH: f32 = 210.0;
    let t = theme::of(ui);
    for participant in call.participants.iter() {
        let heard = cx.state.audio.participants.iter().find(|heard| heard.source == participant.source_id);
        let Some(heard) = heard else { continue };
        let name = cx.tr_with("call-volume-of", &[("name", cx.state.name_of(&participant.user_id))]);
        ui.label(RichText::new(&name).size(theme::size::SMALL).color(t.text_weak));
        let mut volume = heard.volume;
        if widgets::slider_ui(ui, &name, &mut volume, 3.0, WIDTH) {
            cx.send(Command::SetParticipantVolume(heard.source, volume));
        }
    }
}

/// A talk can wait.
fn hold_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let (kind, icon, name, caption, command): (_, _, _, _, fn(_) -> _) = if call.on_hold {
        (ButtonKind::On, icons::PLAY, "call-resume", "call-resume", Command::Resume)
    } else {
        (ButtonKind::Secondary, icons::PAUSE, "call-hold-name", "call-hold", Command::Hold)
    };
    let possible = call.actions().iter().any(|action| matches!(action, Action::Hold | Action::Resume));
    let pressed = cell_ui(ui, &cx.tr(caption), |ui| {
        let button = |ui: &mut Ui| widgets::round_button_ui(ui, kind, icon, BUTTON, &cx.tr(name)).clicked();
        ui.add_enabled_ui(possible, button).inner
    });
    if pressed {
        cx.send(command(call.call_id.clone()));
    }
}

/// More people can come into a call that is on.
fn add_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, calling: &mut Option<Calling>) {
    let possible = call.actions().contains(&Action::AddPeople);
    let pressed = cell_ui(ui, &cx.tr("call-add"), |ui| {
        let name = cx.tr("calling-add");
        let button = |ui: &mut Ui| {
            widgets::round_button_ui(ui, ButtonKind::Secondary, icons::USER_PLUS, BUTTON, &name).clicked()
        };
        ui.add_enabled_ui(possible, button).inner
    });
    if pressed {
        *calling = Some(Calling::add(call));
    }
}

fn hang_up_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let id = match call.phase {
        Phase::Calling | Phase::Ringing => "call-give-up",
        // The others go on without this one.
        _ if call.others_in() > 1 => "call-leave",
        Phase::Incoming | Phase::Connecting | Phase::InCall | Phase::Reconnecting | Phase::Ended => "call-hang-up",
    };
    let name = cx.tr(id);
    let button = cell_ui(ui, &name, |ui| {
        widgets::round_button_ui(ui, ButtonKind::Danger, icons::PHONE_DISCONNECT_FILL, BUTTON, &name)
    });
    if button.clicked() {
        cx.send(Command::HangUp(call.call_id.clone()));
    }
}
