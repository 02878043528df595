//! The page of a group: what it is, who wants to join, who is in it.

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::{
    engine::{
        Command, GroupCommand, LessonCommand,
        state::{Application, Group, Member},
    },
    protocol::{
        UserId,
        api::{GroupType, Role},
    },
};

use super::super::{
    Cx,
    calling_view::Calling,
    groups_view::{EditGroup, Form, GroupsView, Picking, Question},
    icons, sentences, theme,
    widgets::{self, ButtonKind},
};
use super::{
    group_call,
    groups::{Reach, kind_icon, section_title_ui, summary},
    page_ui,
    people::lamp,
};

const HEADER_HEIGHT: f32 = 76.0;
const ROW_HEIGHT: f32 = 60.0;

pub(crate) fn group_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, view: &mut GroupsView, calling: &mut Option<Calling>) {
    let reach = Reach::of(cx);
    group_call::banner_ui(ui, cx, group);
    page_ui(ui, |ui| {
        header_ui(ui, cx, group, &reach, view, calling);
        ui.add_space(8.0);
        ScrollArea::vertical().id_salt(&group.id).auto_shrink(false).show(ui, |ui| {
            about_ui(ui, cx, group, view);
            applications_ui(ui, cx, group);
            members_ui(ui, cx, group, &reach, view);
            ui.add_space(12.0);
        });
    });
    if let Some(question) = view.question.clone()
        && let Some(yes) = question_ui(ui, cx, group, &question)
    {
        view.question = None;
        if yes {
            cx.send(Command::Group(answer(group, question)));
        }
    }
}

fn header_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    group: &Group,
    reach: &Reach<'_>,
    view: &mut GroupsView,
    calling: &mut Option<Calling>,
) {
    let t = theme::of(ui);
    let size = vec2(ui.available_width(), HEADER_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        controls_ui(ui, cx, group, view);
        group_call::button_ui(ui, cx, group, calling);
        group_call::lesson_button_ui(ui, cx, group, &mut view.form);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            if widgets::small_icon_button_ui(ui, icons::ARROW_LEFT, &cx.tr("group-back")).clicked() {
                view.open = None;
            }
            widgets::picture_ui(ui, group.picture.as_ref(), &group.name, 68.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                ui.add_space(10.0);
                let name = RichText::new(&group.name).font(theme::semibold(theme::size::TITLE)).color(t.text);
                widgets::line_ui(ui, name).on_hover_text(&group.name);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 6.0;
                    ui.spacing_mut().interact_size.y = 18.0;
                    widgets::icon_ui(ui, kind_icon(group.kind), 16.0, t.text_weak);
                    let line = RichText::new(summary(cx, group, reach)).size(theme::size::SMALL).color(t.text_weak);
                    widgets::line_ui(ui, line);
                });
            });
        });
    });
}

/// What can be done with the group, the last thing first: from right to left.
fn controls_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, view: &mut GroupsView) {
    let more = widgets::small_icon_button_ui(ui, icons::DOTS_THREE_VERTICAL, &cx.tr("group-more"));
    widgets::menu_ui(&more, |ui| {
        if group.may_leave() && widgets::menu_item_ui(ui, icons::SIGN_OUT, &cx.tr("group-leave"), false).clicked() {
            view.question = Some(Question::Leave);
        }
        if group.is_mine() && widgets::menu_item_ui(ui, icons::TRASH, &cx.tr("group-dismiss"), true).clicked() {
            view.question = Some(Question::Dismiss);
        }
    });
    if group.may_teach() && widgets::small_icon_button_ui(ui, icons::CLIPBOARD_TEXT, &cx.tr("report-lessons")).clicked()
    {
        view.saved = None;
        cx.send(Command::Lesson(LessonCommand::ShowReports(group.id.clone())));
    }
    if group.may_manage() && widgets::small_icon_button_ui(ui, icons::PENCIL_SIMPLE, &cx.tr("group-edit")).clicked() {
        view.form = Some(Form::Edit(EditGroup::of(group)));
        view.picture_failed = false;
    }
}

fn about_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, view: &GroupsView) {
    let t = theme::of(ui);
    if view.picture_failed && view.form.is_none() {
        ui.label(RichText::new(cx.tr("form-picture-failed")).color(t.danger_text));
    }
    if !group.introduction.is_empty() {
        ui.add(Label::new(RichText::new(&group.introduction)).wrap().selectable(true));
        ui.add_space(4.0);
    }
    if !group.has_code() {
        return;
    }
    widgets::card_ui(ui, |ui| {
        let size = vec2(ui.available_width(), 40.0);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.label(RichText::new(cx.tr("group-code")).font(theme::semibold(theme::size::BODY)));
            ui.add_space(4.0);
            ui.allocate_ui(vec2(220.0, 40.0), |ui| {
                let name = cx.tr_with("copy-what", &[("what", &cx.tr("group-code"))]);
                widgets::copy_ui(ui, &group.id.spoken(), &name);
            });
        });
        let line = if group.kind == GroupType::Meeting { "group-code-line" } else { "group-code-line-public" };
        ui.label(RichText::new(cx.tr(line)).size(theme::size::SMALL).color(t.text_weak));
    });
    ui.add_space(4.0);
}

fn applications_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group) {
    if group.applications.is_empty() {
        return;
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    section_title_ui(ui, &format!("{}  {}", cx.tr("group-wants-to-join"), group.applications.len()));
    for application in group.applications.iter() {
        ui.push_id((&application.user, "application"), |ui| application_ui(ui, cx, group, application));
    }
    ui.add_space(8.0);
}

fn application_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, application: &Application) {
    let t = theme::of(ui);
    let decide = |accept| {
        let (group_id, user_id) = (group.id.clone(), application.user.clone());
        cx.send(Command::Group(GroupCommand::Decide { group_id, user_id, accept }));
    };
    widgets::row_ui(
        ui,
        ROW_HEIGHT,
        |ui| {
            widgets::avatar_ui(ui, &application.display_name, 42.0, 0.0);
            let name = RichText::new(&application.display_name).font(theme::semibold(theme::size::BODY));
            widgets::two_lines_ui(ui, name, |ui| {
                let user = application.user.as_str();
                let words = if application.message.is_empty() { user } else { &application.message };
                let line = RichText::new(words.replace('\n', " ")).size(theme::size::SMALL).color(t.text_weak);
                widgets::line_ui(ui, line).on_hover_text(words);
            });
        },
        |ui| {
            let who = [("name", application.display_name.as_str())];
            for (kind, word, name, accept) in [
                (ButtonKind::Secondary, "group-decline", "group-decline-name", false),
                (ButtonKind::Primary, "group-accept", "group-accept-name", true),
            ] {
                let button = widgets::button_ui(ui, kind, None, &cx.tr(word));
                widgets::name(ui, &button, &cx.tr_with(name, &who));
                if button.clicked() {
                    decide(accept);
                }
            }
        },
    );
}

fn members_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, reach: &Reach<'_>, view: &mut GroupsView) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let add = |ui: &mut Ui| {
        if !group.may_manage() {
            return;
        }
        ui.add_space(12.0);
        let words = cx.tr("group-add-people");
        if widgets::button_ui(ui, ButtonKind::Secondary, Some(icons::USER_PLUS), &words).clicked() {
            view.form = Some(Form::Add(Picking { focus: true, ..Picking::default() }));
        }
    };
    widgets::sides_ui(ui, add, |ui| {
        section_title_ui(ui, &format!("{}  {}", cx.tr("group-members-title"), group.member_count));
    });
    for member in group.members.iter() {
        ui.push_id(&member.user, |ui| member_ui(ui, cx, group, member, reach, view));
    }
    if group.members.len() < group.member_count {
        section_title_ui(ui, &cx.tr("groups-listing"));
    }
}

fn member_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, member: &Member, reach: &Reach<'_>, view: &mut GroupsView) {
    let t = theme::of(ui);
    let is_me = cx.state.me.as_ref().is_some_and(|me| me.user == member.user);
    let presence = reach.presence(&member.user);
    widgets::row_ui(
        ui,
        ROW_HEIGHT,
        |ui| {
            widgets::avatar_ui(ui, &member.display_name, 42.0, 0.0);
            let mut name = member.display_name.clone();
            if is_me {
                name = format!("{name} · {}", cx.tr("group-you"));
            }
            widgets::two_lines_ui(ui, RichText::new(name).font(theme::semibold(theme::size::BODY)), |ui| {
                widgets::lamp_ui(ui, lamp(presence));
                let words = format!("{} · {}", sentences::presence(cx.text, presence), member.user);
                widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(t.text_weak));
            });
        },
        |ui| {
            let may_remove = group.may_remove(member);
            let may_raise = group.may_name_admins() && member.role != Role::Owner;
            if !is_me && (may_remove || may_raise) {
                let name = cx.tr_with("group-member-menu", &[("name", &member.display_name)]);
                let button = widgets::small_icon_button_ui(ui, icons::DOTS_THREE_VERTICAL, &name);
                widgets::menu_ui(&button, |ui| member_menu_ui(ui, cx, group, member, view));
            } else {
                ui.add_space(theme::TARGET + theme::GRID);
            }
            if let Some(role) = sentences::group_role(cx.text, group.kind, member.role) {
                ui.label(RichText::new(role).size(theme::size::SMALL).color(t.accent_text));
            }
        },
    );
}

fn member_menu_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, member: &Member, view: &mut GroupsView) {
    if group.may_name_admins() {
        let admin = member.role != Role::Admin;
        let words = cx.tr(if admin { "group-make-admin" } else { "group-unmake-admin" });
        let icon = if admin { icons::SHIELD_STAR } else { icons::USERS };
        if widgets::menu_item_ui(ui, icon, &words, false).clicked() {
            let (group_id, user_id) = (group.id.clone(), member.user.clone());
            cx.send(Command::Group(GroupCommand::SetAdmin { group_id, user_id, admin }));
        }
    }
    if group.is_mine() && widgets::menu_item_ui(ui, icons::CROWN, &cx.tr("group-hand-over"), false).clicked() {
        view.question = Some(Question::HandOver(member.user.clone()));
    }
    if group.may_remove(member) && widgets::menu_item_ui(ui, icons::USER_MINUS, &cx.tr("group-remove"), true).clicked()
    {
        view.question = Some(Question::Remove(member.user.clone()));
    }
}

pub(super) fn question_ui(ui: &Ui, cx: &Cx<'_>, group: &Group, question: &Question) -> Option<bool> {
    let name_of = |user: &UserId| {
        let member = group.members.iter().find(|member| member.user == *user);
        member.map_or_else(|| user.to_string(), |member| member.display_name.clone())
    };
    let (title, line, yes, name) = match question {
        Question::Leave => ("group-leave-title", "group-leave-line", "group-leave-confirm", String::new()),
        Question::Dismiss => ("group-dismiss-title", "group-dismiss-line", "group-dismiss-confirm", String::new()),
        Question::Remove(user) => ("group-remove-title", "group-remove-line", "group-remove-confirm", name_of(user)),
        Question::HandOver(user) => {
            ("group-hand-over-title", "group-hand-over-line", "group-hand-over-confirm", name_of(user))
        }
    };
    let values = [("group", group.name.as_str()), ("name", name.as_str())];
    let words = |id: &str| cx.tr_with(id, &values);
    widgets::confirm_ui(ui, &words(title), &words(line), &cx.tr(yes), &cx.tr("cancel"))
}

pub(super) fn answer(group: &Group, question: Question) -> GroupCommand {
    let id = group.id.clone();
    match question {
        Question::Leave => GroupCommand::Leave(id),
        Question::Dismiss => GroupCommand::Dismiss(id),
        Question::Remove(user) => GroupCommand::Remove(id, user),
        Question::HandOver(user) => GroupCommand::Transfer(id, user),
    }
}
