//! The groups that one is in, and the way to others.

use std::collections::HashMap;

use egui::{Response, RichText, ScrollArea, Ui};

use crate::{
    engine::{
        Command, GroupCommand,
        state::{Applied, Group, Session},
    },
    protocol::{UserId, api::GroupType, event::Presence},
};

use super::super::{
    Cx,
    groups_view::{Form, JoinGroup, NewGroup},
    icons,
    search::Search,
    sentences, theme,
    view::View,
    widgets::{self, ButtonKind, SearchField},
};
use super::{group, group_forms, page_ui, reports};

const ROW_HEIGHT: f32 = 64.0;

pub(crate) fn groups_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    let open = view.groups.open.as_ref().and_then(|id| cx.state.group(id));
    let reports = cx.state.reports.as_ref().filter(|reports| open.is_some_and(|open| open.id == reports.group));
    match (open, reports) {
        (Some(open), Some(reports)) => reports::reports_ui(ui, cx, open, reports, &mut view.groups),
        (Some(open), None) => group::group_ui(ui, cx, open, &mut view.groups, &mut view.calling),
        (None, _) => list_ui(ui, cx, view),
    }
    group_forms::form_ui(ui, cx, &mut view.groups);
}

fn list_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    page_ui(ui, |ui| {
        let none = cx.state.groups.is_empty() && cx.state.applied.is_empty();
        widgets::title_ui(ui, &cx.tr("groups-title"), |ui| {
            if none {
                return;
            }
            ways_in_ui(ui, cx, view, widgets::button_ui);
            let hint = cx.tr("groups-search");
            SearchField { text: &mut view.groups.search, hint: &hint, focus: &mut view.focus_search }.ui(ui, 180.0);
        });
        ui.add_space(4.0);
        if none {
            let line = cx.tr("groups-empty-line");
            widgets::empty_ui(ui, icons::USERS_THREE, &cx.tr("groups-empty"), &line, |ui| {
                ways_in_ui(ui, cx, view, |ui, kind, icon, label| widgets::wide_button_ui(ui, kind, icon, label, 220.0));
            });
            return;
        }
        let search = Search::new(&view.groups.search);
        let found: Vec<&Group> = cx.state.groups.iter().filter(|group| search.finds(&[&group.name])).collect();
        if found.is_empty() && !search.is_empty() {
            let title = cx.tr_with("groups-none-found", &[("search", view.groups.search.trim())]);
            widgets::empty_ui(ui, icons::MAGNIFYING_GLASS, &title, &cx.tr("groups-none-found-line"), |_| {});
            return;
        }
        let reach = Reach::of(cx);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for group in found {
                if ui.push_id(&group.id, |ui| row_ui(ui, cx, group, &reach)).inner {
                    view.groups.show(&group.id);
                }
            }
            if search.is_empty() && !cx.state.applied.is_empty() {
                section_title_ui(ui, &cx.tr("groups-waiting"));
                for applied in cx.state.applied.iter() {
                    ui.push_id(&applied.id, |ui| applied_ui(ui, cx, applied));
                }
            }
            ui.add_space(12.0);
        });
    });
}

/// The two ways into a group that one is not in, as buttons of a kind that fits the place.
fn ways_in_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    view: &mut View,
    button: impl Fn(&mut Ui, ButtonKind, Option<icons::Icon>, &str) -> Response,
) {
    ui.add_enabled_ui(cx.state.session == Session::Online, |ui| {
        if button(ui, ButtonKind::Primary, Some(icons::PLUS), &cx.tr("groups-new")).clicked() {
            view.groups.form = Some(Form::New(NewGroup::default()));
        }
        if button(ui, ButtonKind::Secondary, Some(icons::SIGN_IN), &cx.tr("groups-join")).clicked() {
            view.groups.form = Some(Form::Join(JoinGroup::default()));
        }
    });
}

/// One group; whether it was pressed.
pub(super) fn row_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, reach: &Reach<'_>) -> bool {
    let t = theme::of(ui);
    let line = summary(cx, group, reach);
    let open = group.applications.len() as u64;
    let waiting = (open > 0).then(|| cx.text.tr_count("group-applications", open));
    let on = cx.state.group_call(&group.id).map(|call| {
        let id = if call.lesson { "lesson-count" } else { "group-call-count" };
        cx.text.tr_count(id, call.user_count as u64)
    });
    let said = [Some(&line), on.as_ref(), waiting.as_ref()].into_iter().flatten();
    let name = said.fold(group.name.clone(), |name, words| format!("{name}, {words}"));
    let response = widgets::open_row_ui(ui, ROW_HEIGHT, &name, |ui| {
        widgets::picture_ui(ui, group.picture.as_ref(), &group.name, 44.0);
        let title = RichText::new(&group.name).font(theme::semibold(theme::size::BODY));
        widgets::two_lines_ui(ui, title, |ui| {
            if let Some(on) = on {
                widgets::icon_ui(ui, icons::PHONE_CALL, 15.0, t.accent_text);
                widgets::line_ui(ui, RichText::new(on).size(theme::size::SMALL).color(t.accent_text));
            }
            widgets::icon_ui(ui, kind_icon(group.kind), 15.0, t.text_weak);
            widgets::line_ui(ui, RichText::new(line).size(theme::size::SMALL).color(t.text_weak));
            if let Some(waiting) = waiting {
                widgets::line_ui(ui, RichText::new(waiting).size(theme::size::SMALL).color(t.accent_text));
            }
        });
    });
    response.clicked()
}

fn applied_ui(ui: &mut Ui, cx: &Cx<'_>, applied: &Applied) {
    let left = |ui: &mut Ui| {
        widgets::avatar_ui(ui, &applied.name, 44.0, 0.0);
        widgets::line_ui(ui, RichText::new(&applied.name).font(theme::semibold(theme::size::BODY)));
    };
    widgets::row_ui(ui, ROW_HEIGHT, left, |ui| {
        take_back_ui(ui, cx, applied);
    });
}

/// A button that takes an application back.
pub(super) fn take_back_ui(ui: &mut Ui, cx: &Cx<'_>, applied: &Applied) {
    let name = cx.tr_with("groups-take-back-name", &[("group", &applied.name)]);
    let button = widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("groups-take-back"));
    widgets::name(ui, &button, &name);
    if button.clicked() {
        cx.send(Command::Group(GroupCommand::TakeBack(applied.id.clone())));
    }
}

/// The title of a part of a list.
pub(super) fn section_title_ui(ui: &mut Ui, title: &str) {
    let t = theme::of(ui);
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        ui.label(RichText::new(title).font(theme::semibold(theme::size::SMALL)).color(t.text_weak));
    });
}

pub(super) fn kind_icon(kind: GroupType) -> icons::Icon {
    match kind {
        GroupType::Work => icons::LOCK_SIMPLE,
        GroupType::Meeting => icons::CHALKBOARD_TEACHER,
        GroupType::Public => icons::GLOBE_HEMISPHERE_WEST,
    }
}

/// Kind, members, and how many of them can be reached, in a line.
pub(super) fn summary(cx: &Cx<'_>, group: &Group, reach: &Reach<'_>) -> String {
    let kind = sentences::group_kind(cx.text, group.kind);
    let members = cx.text.tr_count("group-members", group.member_count as u64);
    let online = cx.text.tr_count("group-online", reach.count(group) as u64);
    format!("{kind} · {members} · {online}")
}

/// Who can be reached, to be looked up for many members.
pub(super) struct Reach<'a>(HashMap<&'a UserId, Presence>);

impl<'a> Reach<'a> {
    pub(super) fn of(cx: &Cx<'a>) -> Self {
        let mut known: HashMap<_, _> = cx.state.people.iter().map(|person| (&person.user, person.presence)).collect();
        if let Some(me) = &cx.state.me {
            // Whoever reads this is there.
            let here = cx.state.session == Session::Online;
            known.insert(&me.user, if here { Presence::Online } else { Presence::Offline });
        }
        Self(known)
    }

    pub(super) fn presence(&self, user: &UserId) -> Presence {
        self.0.get(user).copied().unwrap_or(Presence::Offline)
    }

    fn count(&self, group: &Group) -> usize {
        group.members.iter().filter(|member| self.presence(&member.user) != Presence::Offline).count()
    }
}
