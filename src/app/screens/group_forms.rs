//! The forms about groups: a new one, adding people, editing. The one about joining is in `group_join`.

use egui::{RichText, Ui};

use crate::{
    engine::{
        Command, GroupCommand,
        picture::Picture,
        state::{Group, GroupTask, Problem},
    },
    protocol::{UserId, api::GroupType, limits},
};

use super::super::{
    Cx,
    groups_view::{EditGroup, Form, GroupsView, NewGroup, Picking, is_name, is_short},
    icons,
    picture_desk::{PictureDesk, Place},
    sentences, theme,
    widgets::{self, ButtonKind},
};
use super::{group_join, groups::kind_icon, lesson, pick};

/// What a form wants.
#[derive(PartialEq)]
pub(super) enum Wish {
    Stay,
    Close,
}

/// The form that is open, over whatever is behind it.
pub(crate) fn form_ui(ui: &Ui, cx: &Cx<'_>, view: &mut GroupsView) {
    let Some(mut form) = view.form.take() else { return };
    let group = view.open.as_ref().and_then(|id| cx.state.group(id));
    let wish = match (&mut form, group) {
        (Form::New(form), _) => new_ui(ui, cx, form, &view.desk),
        (Form::Join(form), _) => group_join::join_ui(ui, cx, form),
        (Form::Add(picking), Some(group)) => add_ui(ui, cx, group, picking),
        (Form::Edit(form), Some(group)) => edit_ui(ui, cx, group, form, &view.desk, view.picture_failed),
        // Whoever teaches no more opens no lessons; where a call is on, none begins.
        (Form::Lesson(form), Some(group)) if group.may_teach() && cx.state.group_call(&group.id).is_none() => {
            closed(lesson::start_ui(ui, cx, group, form))
        }
        // The group that it was about is gone.
        (Form::Add(_) | Form::Edit(_) | Form::Lesson(_), _) => Wish::Close,
    };
    match (wish, &form) {
        (Wish::Stay, _) => view.form = Some(form),
        (Wish::Close, Form::New(_) | Form::Join(_)) => cx.send(Command::Group(GroupCommand::EndTask)),
        (Wish::Close, Form::Add(_) | Form::Edit(_) | Form::Lesson(_)) => {}
    }
}

pub(super) fn closed(closed: bool) -> Wish {
    if closed { Wish::Close } else { Wish::Stay }
}

// ---- a new group ---------------------------------------------------------------------------------------------------

fn new_ui(ui: &Ui, cx: &Cx<'_>, form: &mut NewGroup, desk: &PictureDesk) -> Wish {
    let (mut close, mut entered) = (false, false);
    let left = widgets::dialog_ui(ui, &cx.tr("form-new-title"), &cx.tr("form-close"), 680.0, |ui| {
        ui.add_space(4.0);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 24.0;
            ui.columns_const(|[what, who]| {
                for column in [&mut *what, &mut *who] {
                    column.spacing_mut().item_spacing.x = theme::GRID;
                }
                entered = what_ui(what, cx, form, desk);
                let title = cx.tr("form-people");
                who.label(RichText::new(title).size(theme::size::SMALL).color(theme::of(who).text_weak));
                pick::people_ui(
                    who,
                    cx,
                    &mut form.people,
                    |_| true,
                    ("form-people-search", "form-people-nobody"),
                    258.0,
                );
            });
        });
        ui.add_space(8.0);
        problem_ui(ui, cx, |cx, problem| sentences::problem(cx.text, problem));
        let usable = is_name(&form.name) && cx.state.group_task != GroupTask::Working;
        let create = || {
            cx.send(Command::Group(GroupCommand::Create {
                kind: form.kind,
                name: form.name.trim().to_owned(),
                picture: form.picture.clone(),
                members: form.people.chosen.iter().cloned().collect(),
            }));
            false
        };
        if usable && entered {
            create();
        }
        close = footer_ui(ui, cx, &cx.tr("form-create"), usable, create);
    });
    closed(close || left)
}

/// Kind, name and picture; whether the name was ended by Enter.
fn what_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut NewGroup, desk: &PictureDesk) -> bool {
    let t = theme::of(ui);
    ui.spacing_mut().item_spacing.y = 6.0;
    for (kind, line) in [
        (GroupType::Work, "group-kind-private-line"),
        (GroupType::Meeting, "group-kind-class-line"),
        (GroupType::Public, "group-kind-public-line"),
    ] {
        let title = sentences::group_kind(cx.text, kind);
        let row = widgets::choice_row_ui(ui, kind_icon(kind), &title, &cx.tr(line), form.kind == kind);
        if row.clicked() {
            form.kind = kind;
        }
    }
    ui.add_space(2.0);
    let name = ui
        .scope(|ui| {
            let (label, hint) = (cx.tr("form-name"), cx.tr("form-name-hint"));
            widgets::labelled_field_ui(ui, &label, &hint, &mut form.name, false)
        })
        .inner;
    if !std::mem::replace(&mut form.greeted, true) {
        name.request_focus();
    }
    if !is_short(&form.name) {
        ui.label(RichText::new(cx.tr("form-too-long")).size(theme::size::SMALL).color(t.danger_text));
    }
    ui.add_space(2.0);
    let shown = form.picture.as_ref().map(|picture| picture.shown());
    if picture_row_ui(ui, cx, shown, &form.name, desk, &Place::Form, form.picture_failed) {
        form.picture = None;
    }
    name.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
}

/// A picture with buttons to choose and to remove it; whether it was removed.
fn picture_row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    picture: Option<&Picture>,
    name: &str,
    desk: &PictureDesk,
    place: &Place,
    failed: bool,
) -> bool {
    let t = theme::of(ui);
    let mut removed = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        widgets::picture_ui(ui, picture, name, 56.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                let choose = cx.tr(if picture.is_some() { "form-picture-change" } else { "form-picture" });
                if widgets::button_ui(ui, ButtonKind::Secondary, Some(icons::CAMERA), &choose).clicked() {
                    desk.choose(ui.ctx(), place.clone(), &choose);
                }
                if picture.is_some() {
                    let remove = cx.tr("form-picture-remove");
                    removed = widgets::small_icon_button_ui(ui, icons::TRASH, &remove).clicked();
                }
            });
            let (line, ink) =
                if failed { ("form-picture-failed", t.danger_text) } else { ("form-picture-line", t.text_weak) };
            ui.label(RichText::new(cx.tr(line)).size(theme::size::SMALL).color(ink));
        });
    });
    removed
}

/// Why the last wish was not fulfilled.
pub(super) fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, words: impl Fn(&Cx<'_>, &Problem) -> String) {
    if let GroupTask::Failed(problem) = &cx.state.group_task {
        ui.label(RichText::new(words(cx, problem)).color(theme::of(ui).danger_text));
        ui.add_space(2.0);
    }
}

/// The buttons at the foot of a form; whether it is to be closed.
fn footer_ui(ui: &mut Ui, cx: &Cx<'_>, word: &str, usable: bool, done: impl FnOnce() -> bool) -> bool {
    let mut close = false;
    widgets::sides_ui(
        ui,
        |ui| {
            let pressed =
                ui.add_enabled_ui(usable, |ui| widgets::button_ui(ui, ButtonKind::Primary, None, word).clicked()).inner;
            if pressed {
                close = done();
            }
            close |= widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("cancel")).clicked();
        },
        |ui| {
            if cx.state.group_task == GroupTask::Working {
                ui.label(RichText::new(cx.tr("form-working")).color(theme::of(ui).text_weak));
            }
        },
    );
    close
}

fn add_ui(ui: &Ui, cx: &Cx<'_>, group: &Group, picking: &mut Picking) -> Wish {
    let title = cx.tr_with("form-add-title", &[("group", &group.name)]);
    let mut close = false;
    let left = widgets::dialog_ui(ui, &title, &cx.tr("form-close"), 420.0, |ui| {
        let stranger = |user: &UserId| !group.members.iter().any(|member| member.user == *user);
        // Whoever has come in meanwhile cannot be added.
        picking.chosen.retain(|user| stranger(user));
        pick::people_ui(ui, cx, picking, stranger, ("form-people-search", "form-people-all-in"), 280.0);
        ui.add_space(8.0);
        let chosen = picking.chosen.len();
        let word = cx.text.tr_count("form-add", chosen as u64);
        let usable = (1..=limits::MEMBERS_PER_CALL_MAX).contains(&chosen);
        close = footer_ui(ui, cx, &word, usable, || {
            let users = picking.chosen.iter().cloned().collect();
            cx.send(Command::Group(GroupCommand::Invite(group.id.clone(), users)));
            true
        });
    });
    closed(close || left)
}

// ---- editing -------------------------------------------------------------------------------------------------------

fn edit_ui(
    ui: &Ui,
    cx: &Cx<'_>,
    group: &Group,
    form: &mut EditGroup,
    desk: &PictureDesk,
    picture_failed: bool,
) -> Wish {
    let title = cx.tr_with("form-edit-title", &[("group", &group.name)]);
    let mut close = false;
    let left = widgets::dialog_ui(ui, &title, &cx.tr("form-close"), 460.0, |ui| {
        let place = Place::Group(group.id.clone());
        if picture_row_ui(ui, cx, group.picture.as_ref(), &group.name, desk, &place, picture_failed) {
            cx.send(Command::Group(GroupCommand::SetPicture(group.id.clone(), None)));
        }
        ui.add_space(8.0);
        ui.scope(|ui| widgets::labelled_field_ui(ui, &cx.tr("form-name"), "", &mut form.name, false));
        ui.add_space(4.0);
        ui.scope(|ui| widgets::labelled_area_ui(ui, &cx.tr("form-introduction"), &mut form.introduction, 3));
        let (name, introduction) = (form.name.trim(), form.introduction.trim());
        let fits = introduction.len() <= limits::INTRODUCTION_MAX_BYTES;
        if !fits || !is_short(name) {
            let words = RichText::new(cx.tr("form-too-long")).size(theme::size::SMALL);
            ui.label(words.color(theme::of(ui).danger_text));
        }
        ui.add_space(8.0);
        let changed = name != group.name || introduction != group.introduction;
        close = footer_ui(ui, cx, &cx.tr("form-save"), fits && is_name(name) && changed, || {
            let (group_id, name, introduction) = (group.id.clone(), name.to_owned(), introduction.to_owned());
            cx.send(Command::Group(GroupCommand::SetInfo { group_id, name, introduction }));
            true
        });
    });
    closed(close || left)
}
