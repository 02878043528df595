//! The form that leads into groups that others have made.

use egui::{RichText, ScrollArea, Ui, vec2};

use crate::{
    engine::{
        Command, GroupCommand,
        state::{Applied, FoundGroup, GroupTask, Problem},
    },
    protocol::{Code, limits},
};

use super::super::{
    Cx,
    groups_view::JoinGroup,
    sentences, theme,
    widgets::{self, ButtonKind, SearchField},
};
use super::{
    group_forms::{Wish, closed, problem_ui},
    groups::take_back_ui,
};

/// Joining a group: by its code, or by an application to a public one.
pub(super) fn join_ui(ui: &Ui, cx: &Cx<'_>, form: &mut JoinGroup) -> Wish {
    let left = widgets::dialog_ui(ui, &cx.tr("form-join-title"), &cx.tr("form-close"), 560.0, |ui| {
        code_ui(ui, cx, form);
        problem_ui(ui, cx, code_problem);
        ui.separator();
        found_ui(ui, cx, form);
    });
    closed(left)
}

fn code_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut JoinGroup) {
    let label = cx.tr("form-code");
    ui.label(RichText::new(&label).size(theme::size::SMALL).color(theme::of(ui).text_weak));
    let usable = !form.code.trim().is_empty() && cx.state.group_task != GroupTask::Working;
    let (mut pressed, mut entered) = (false, false);
    widgets::sides_ui(
        ui,
        |ui| {
            ui.add_enabled_ui(usable, |ui| {
                pressed = widgets::button_ui(ui, ButtonKind::Primary, None, &cx.tr("form-join")).clicked();
            });
        },
        |ui| {
            let width = ui.available_width();
            let field = widgets::field_ui(ui, &label, &mut form.code, width);
            entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if !std::mem::replace(&mut form.greeted, true) {
                field.request_focus();
            }
        },
    );
    if usable && (pressed || entered) {
        cx.send(Command::Group(GroupCommand::Join(form.code.trim().to_owned())));
    }
}

/// Why there is no way in, in words that go with a code.
fn code_problem(cx: &Cx<'_>, problem: &Problem) -> String {
    let is = |code: Code| problem.code == code as i32;
    if is(Code::NotFound) || is(Code::InvalidParameters) {
        cx.tr("form-code-unknown")
    } else if is(Code::PermissionDenied) {
        cx.tr("form-private")
    } else {
        sentences::problem(cx.text, problem)
    }
}

fn found_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut JoinGroup) {
    const HEIGHT: f32 = 150.0;
    let t = theme::of(ui);
    ui.label(RichText::new(cx.tr("form-public")).font(theme::semibold(theme::size::BODY)));
    let hint = cx.tr("form-public-search");
    let width = ui.available_width();
    SearchField { text: &mut form.search, hint: &hint, focus: &mut false }.ui(ui, width);
    let wanted = form.search.trim();
    if form.asked.as_deref() != Some(wanted) {
        form.asked = Some(wanted.to_owned());
        cx.send(Command::Group(GroupCommand::Search(wanted.to_owned())));
    }
    let search = &cx.state.group_search;
    ui.allocate_ui(vec2(width, HEIGHT), |ui| {
        ui.set_min_height(HEIGHT);
        if search.found.is_empty() {
            if !search.searching && search.query.is_some() {
                let line = if wanted.is_empty() { "form-public-none" } else { "form-public-none-found" };
                ui.label(RichText::new(cx.tr(line)).color(t.text_weak));
            }
            return;
        }
        ScrollArea::vertical().auto_shrink(false).max_height(HEIGHT).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for found in search.found.iter() {
                ui.push_id(&found.id, |ui| one_found_ui(ui, cx, found, &form.message));
            }
            if search.more {
                ui.label(RichText::new(cx.tr("form-public-more")).size(theme::size::SMALL).color(t.text_weak));
            }
        });
    });
    widgets::labelled_field_ui(ui, &cx.tr("form-message"), "", &mut form.message, false);
    if form.message.trim().len() > limits::APPLICATION_MESSAGE_MAX_BYTES {
        ui.label(RichText::new(cx.tr("form-too-long")).size(theme::size::SMALL).color(t.danger_text));
    }
}

fn one_found_ui(ui: &mut Ui, cx: &Cx<'_>, found: &FoundGroup, message: &str) {
    let t = theme::of(ui);
    widgets::row_ui(
        ui,
        56.0,
        |ui| {
            widgets::picture_ui(ui, found.picture.as_ref(), &found.name, 40.0);
            let name = RichText::new(&found.name).font(theme::semibold(theme::size::BODY));
            widgets::two_lines_ui(ui, name, |ui| {
                let members = cx.text.tr_count("group-members", found.member_count as u64);
                let words = match found.introduction.lines().next() {
                    Some(first) => format!("{members} · {first}"),
                    None => members,
                };
                let line = RichText::new(words).size(theme::size::SMALL).color(t.text_weak);
                widgets::line_ui(ui, line).on_hover_text(&found.introduction);
            });
        },
        |ui| {
            let is_it = |applied: &&Applied| applied.id == found.id;
            if cx.state.group(&found.id).is_some() {
                ui.label(RichText::new(cx.tr("form-is-member")).size(theme::size::SMALL).color(t.text_weak));
            } else if let Some(applied) = cx.state.applied.iter().find(is_it) {
                take_back_ui(ui, cx, applied);
                ui.label(RichText::new(cx.tr("form-applied")).size(theme::size::SMALL).color(t.accent_text));
            } else {
                let message = message.trim();
                let usable = message.len() <= limits::APPLICATION_MESSAGE_MAX_BYTES;
                let button = ui
                    .add_enabled_ui(usable, |ui| {
                        widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("form-apply"))
                    })
                    .inner;
                widgets::name(ui, &button, &cx.tr_with("form-apply-name", &[("group", &found.name)]));
                if button.clicked() {
                    let (group_id, message) = (found.id.clone(), message.to_owned());
                    cx.send(Command::Group(GroupCommand::Apply { group_id, message }));
                }
            }
        },
    );
}
