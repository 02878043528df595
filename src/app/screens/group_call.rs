//! The call of a group on its page: the button that calls, and the banner of the call that is on.

use egui::Ui;

use crate::engine::{
    Command,
    state::{Group, GroupCall},
};

use super::super::{
    Cx, call_words,
    calling_view::{Calling, free},
    icons,
    widgets::{self, Banner, ButtonKind, Tone},
};

/// Calls the group, or joins the call that is on.
pub(super) fn button_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, calling: &mut Option<Calling>) {
    if group.member_count < 2 {
        return;
    }
    let on = cx.state.group_call(&group.id).is_some();
    let name = cx.tr_with(if on { "group-call-join-name" } else { "group-call-name" }, &[("group", &group.name)]);
    ui.add_enabled_ui(free(cx.state), |ui| {
        let button = widgets::round_button_ui(ui, ButtonKind::Primary, icons::PHONE_FILL, 44.0, &name);
        if button.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
            if on {
                cx.send(Command::JoinCall(group.id.clone()));
            } else {
                *calling = Some(Calling::group(cx.state, group, None));
            }
        }
    });
}

/// Who is in the call that is on, and the way into it.
pub(super) fn banner_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group) {
    let Some(call) = cx.state.group_call(&group.id) else { return };
    let here = cx.state.current_call().is_some_and(|view| view.is_live() && view.group.as_ref() == Some(&group.id));
    let words = words(cx, call);
    let banner = Banner { tone: Tone::Call, icon: icons::PHONE_CALL, text: &words };
    widgets::banner_ui(ui, &banner, |ui| {
        if here {
            return;
        }
        ui.add_enabled_ui(free(cx.state), |ui| {
            let join = widgets::button_ui(ui, ButtonKind::Primary, Some(icons::PHONE_FILL), &cx.tr("group-call-join"));
            if join.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
                cx.send(Command::JoinCall(group.id.clone()));
            }
        });
    });
}

fn words(cx: &Cx<'_>, call: &GroupCall) -> String {
    let names = call_words::some_names(cx.text, cx.state, &call.users, call.user_count);
    if call.ringing.is_empty() {
        return cx.tr_with("group-call-on", &[("names", &names)]);
    }
    let rung = call_words::some_names(cx.text, cx.state, &call.ringing, call.ringing.len());
    cx.tr_with("group-call-on-ringing", &[("names", &names), ("rung", &rung)])
}
