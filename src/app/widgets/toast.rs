//! Short messages at the lower right edge.

use egui::{Align2, Area, Frame, Id, Label, Margin, Order, RichText, Ui, vec2};

use crate::engine::{
    Command,
    state::{Notice, NoticeKind},
};

use super::super::{Cx, icons, sentences, theme};
use super::{banner::announce, icon_ui, sides_ui, small_icon_button_ui};

/// At most this many at a time; older ones come up as newer ones go.
const MOST: usize = 4;

/// All notices of the state, `above` the lower edge by so much. News of groups wait until a talk is over: they stay until
/// they are dismissed, and would lie over it.
pub(crate) fn toasts_ui(ui: &Ui, cx: &Cx<'_>, above: f32) {
    let talks = cx.state.talk().is_some();
    let waits = |notice: &Notice| talks && matches!(notice.kind, NoticeKind::Group(_));
    let shown: Vec<&Notice> = cx.state.notices.iter().rev().filter(|notice| !waits(notice)).take(MOST).collect();
    if shown.is_empty() {
        return;
    }
    let t = theme::of(ui);
    Area::new(Id::unique("toasts"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-16.0, -16.0 - above))
        .show(ui.ctx(), |ui| {
            ui.set_width(360.0);
            for notice in shown {
                let (icon, ink) = match &notice.kind {
                    NoticeKind::Failed(_) => (icons::WARNING_CIRCLE, t.danger_text),
                    NoticeKind::DeviceLost { .. } => (icons::HEADPHONES, t.warning_text),
                    NoticeKind::DeviceChanged { .. } => (icons::HEADPHONES, t.accent_text),
                    NoticeKind::MutedWhileSpeaking => (icons::MICROPHONE_SLASH, t.warning_text),
                    NoticeKind::HandStillUp => (icons::BELL, t.accent_text),
                    NoticeKind::MissedWhileBusy(_) => (icons::PHONE_X, t.danger_text),
                    NoticeKind::Group(_) => (icons::USERS_THREE, t.accent_text),
                };
                ui.push_id(notice.id, |ui| {
                    Frame::popup(ui.style()).fill(t.surface).inner_margin(Margin::symmetric(14, 8)).show(ui, |ui| {
                        let dismiss = |ui: &mut Ui| {
                            if small_icon_button_ui(ui, icons::X, &cx.tr("notice-dismiss")).clicked() {
                                cx.send(Command::DismissNotice(notice.id));
                            }
                        };
                        sides_ui(ui, dismiss, |ui| {
                            icon_ui(ui, icon, 20.0, ink);
                            let words = sentences::notice(cx.text, cx.state, &notice.kind);
                            let response = ui.add(Label::new(RichText::new(words)).wrap());
                            announce(ui, &response);
                        });
                    });
                });
            }
        });
}
