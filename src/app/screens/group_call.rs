//! The call of a group on its page: the button that calls, and the banner of the call that is on.

use egui::Ui;

use crate::engine::{
    Command,
    state::{Group, GroupCall},
};

use super::super::{
    Cx, call_words,
    calling_view::{Calling, free},
    groups_view::Form,
    icons,
    lesson_view::StartLesson,
    widgets::{self, Banner, ButtonKind, Tone},
};

/// From here on, points, there is room for words on the button of a lesson.
const ROOM_FOR_WORDS: f32 = 400.0;

/// Calls the group, or joins the call that is on.
pub(super) fn button_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, calling: &mut Option<Calling>) {
    if group.member_count < 2 {
        return;
    }
    let call = cx.state.group_call(&group.id);
    let on = call.is_some();
    let name = match call {
        Some(call) if call.lesson => "lesson-join-name",
        Some(_) => "group-call-join-name",
        None => "group-call-name",
    };
    let name = cx.tr_with(name, &[("group", &group.name)]);
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

/// Opens the form about a lesson, for those who teach.
pub(super) fn lesson_button_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, form: &mut Option<Form>) {
    if !group.may_teach() || cx.state.group_call(&group.id).is_some() {
        return;
    }
    let word = cx.tr("lesson-start");
    ui.add_enabled_ui(free(cx.state), |ui| {
        let (kind, icon) = (ButtonKind::Primary, icons::CHALKBOARD_TEACHER);
        // In a small window the group's name needs the room.
        let button = if ui.available_width() > ROOM_FOR_WORDS {
            widgets::wide_button_ui(ui, kind, Some(icon), &word, 0.0)
        } else {
            widgets::round_button_ui(ui, kind, icon, 44.0, &word)
        };
        if button.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
            *form = Some(Form::Lesson(StartLesson::default()));
        }
    });
}

/// Who is in the call that is on, and the way into it.
pub(super) fn banner_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group) {
    let Some(call) = cx.state.group_call(&group.id) else { return };
    let here = cx.state.current_call().is_some_and(|view| view.is_live() && view.group.as_ref() == Some(&group.id));
    let words = words(cx, call);
    let (icon, button_icon, join) = if call.lesson {
        (icons::CHALKBOARD_TEACHER, icons::SIGN_IN, "lesson-join")
    } else {
        (icons::PHONE_CALL, icons::PHONE_FILL, "group-call-join")
    };
    let banner = Banner { tone: Tone::Call, icon, text: &words };
    widgets::banner_ui(ui, &banner, |ui| {
        if here {
            return;
        }
        ui.add_enabled_ui(free(cx.state), |ui| {
            let join = widgets::button_ui(ui, ButtonKind::Primary, Some(button_icon), &cx.tr(join));
            if join.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
                cx.send(Command::JoinCall(group.id.clone()));
            }
        });
    });
}

fn words(cx: &Cx<'_>, call: &GroupCall) -> String {
    let names = call_words::some_names(cx.text, cx.state, &call.users, call.user_count);
    if call.lesson {
        return cx.tr_with("lesson-on", &[("names", &names)]);
    }
    if call.ringing.is_empty() {
        return cx.tr_with("group-call-on", &[("names", &names)]);
    }
    let rung = call_words::some_names(cx.text, cx.state, &call.ringing, call.ringing.len());
    cx.tr_with("group-call-on-ringing", &[("names", &names), ("rung", &rung)])
}
