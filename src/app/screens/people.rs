//! Everybody on the server.

use egui::{RichText, ScrollArea, Ui};

use crate::{
    engine::{
        Command,
        state::{Group, Person, State},
    },
    protocol::event::Presence,
};

use super::super::{
    Cx,
    calling_view::{Calling, free},
    icons,
    search::Search,
    sentences, theme,
    view::{Tab, View},
    widgets::{self, ButtonKind, Lamp, SearchField},
};
use super::{groups, page_ui};

const ROW_HEIGHT: f32 = 60.0;

pub(crate) fn people_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    page_ui(ui, |ui| {
        widgets::title_ui(ui, &cx.tr("people-title"), |ui| {
            if !cx.state.people.is_empty() {
                let hint = cx.tr("people-search");
                SearchField { text: &mut view.people_search, hint: &hint, focus: &mut view.focus_search }.ui(ui, 220.0);
                if cx.state.people.len() > 1 {
                    several_ui(ui, cx, view);
                }
            }
        });
        ui.add_space(4.0);
        if cx.state.people.is_empty() {
            empty_server_ui(ui, cx);
            return;
        }
        let search = Search::new(&view.people_search);
        let groups = Groups::of(cx.state, |person| search.finds(&[&person.display_name, person.user.as_str()]));
        // What is looked for may be a group as well.
        let joined = |group: &&Group| !search.is_empty() && search.finds(&[&group.name]);
        let joined: Vec<&Group> = cx.state.groups.iter().filter(joined).collect();
        if groups.is_empty() && joined.is_empty() {
            let title = cx.tr_with("people-none-found", &[("search", view.people_search.trim())]);
            widgets::empty_ui(ui, icons::MAGNIFYING_GLASS, &title, &cx.tr("people-none-found-line"), |_| {});
            return;
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            group_ui(ui, cx, &cx.tr("people-favourites"), &groups.favourites);
            group_ui(ui, cx, &cx.tr("people-often"), &groups.often);
            group_ui(ui, cx, &cx.tr("people-available"), &groups.here);
            group_ui(ui, cx, &cx.tr("people-away"), &groups.away);
            joined_ui(ui, cx, view, &joined);
            ui.add_space(12.0);
        });
    });
}

/// The way to a call with several people.
fn several_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    ui.add_enabled_ui(free(cx.state), |ui| {
        let words = cx.tr("people-call-several");
        let button = widgets::button_ui(ui, ButtonKind::Secondary, Some(icons::USERS_THREE), &words);
        if button.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
            view.calling = Some(Calling::several());
        }
    });
}

/// Groups that were found, which open their pages.
fn joined_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View, joined: &[&Group]) {
    if joined.is_empty() {
        return;
    }
    groups::section_title_ui(ui, &format!("{}  {}", cx.tr("nav-groups"), joined.len()));
    let reach = groups::Reach::of(cx);
    for group in joined {
        if ui.push_id(&group.id, |ui| groups::row_ui(ui, cx, group, &reach)).inner {
            view.groups.show(&group.id);
            view.tab = Tab::Groups;
        }
    }
}

/// Everybody once, in the first group that fits.
#[derive(Default)]
struct Groups<'a> {
    favourites: Vec<&'a Person>,
    often: Vec<&'a Person>,
    here: Vec<&'a Person>,
    away: Vec<&'a Person>,
}

impl<'a> Groups<'a> {
    fn of(state: &'a State, found: impl Fn(&Person) -> bool) -> Self {
        let mut groups = Self::default();
        for person in state.people.iter().filter(|person| found(person)) {
            let group = if state.favourites.contains(&person.user) {
                &mut groups.favourites
            } else if state.often_called.contains(&person.user) {
                &mut groups.often
            } else if person.presence == Presence::Offline {
                &mut groups.away
            } else {
                &mut groups.here
            };
            group.push(person);
        }
        // The others are in the order of their names.
        groups.often.sort_by_key(|person| state.often_called.iter().position(|user| *user == person.user));
        groups
    }

    fn is_empty(&self) -> bool {
        [&self.favourites, &self.often, &self.here, &self.away].iter().all(|group| group.is_empty())
    }
}

fn group_ui(ui: &mut Ui, cx: &Cx<'_>, title: &str, people: &[&Person]) {
    if people.is_empty() {
        return;
    }
    let t = theme::of(ui);
    let words = format!("{title}  {}", people.len());
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        ui.label(RichText::new(words).font(theme::semibold(theme::size::SMALL)).color(t.text_weak));
    });
    for person in people {
        ui.push_id(&person.user, |ui| person_ui(ui, cx, person));
    }
}

fn person_ui(ui: &mut Ui, cx: &Cx<'_>, person: &Person) {
    let t = theme::of(ui);
    let free = free(cx.state);
    widgets::row_ui(
        ui,
        ROW_HEIGHT,
        |ui| {
            widgets::avatar_ui(ui, &person.display_name, 42.0, 0.0);
            let name = RichText::new(&person.display_name).font(theme::semibold(theme::size::BODY));
            widgets::two_lines_ui(ui, name, |ui| {
                widgets::lamp_ui(ui, lamp(person.presence));
                let words = format!("{} · {}", sentences::presence(cx.text, person.presence), person.user);
                widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(t.text_weak));
            });
        },
        |ui| {
            let kind = match person.presence {
                Presence::Online | Presence::InCall => ButtonKind::Primary,
                Presence::DoNotDisturb | Presence::Offline => ButtonKind::Secondary,
            };
            let name = cx.tr_with("people-call", &[("name", &person.display_name)]);
            ui.add_enabled_ui(free, |ui| {
                let button = widgets::round_button_ui(ui, kind, icons::PHONE_FILL, 40.0, &name);
                if button.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
                    cx.send(Command::Call(person.user.clone()));
                }
            });
            let favourite = cx.state.favourites.contains(&person.user);
            let (icon, id) = if favourite { (icons::STAR_FILL, "people-unstar") } else { (icons::STAR, "people-star") };
            let name = cx.tr_with(id, &[("name", &person.display_name)]);
            if widgets::small_icon_button_ui(ui, icon, &name).clicked() {
                cx.send(Command::SetFavourite { user: person.user.clone(), favourite: !favourite });
            }
        },
    );
}

/// The lamp of whoever can be reached in that way.
pub(super) fn lamp(presence: Presence) -> Lamp {
    match presence {
        Presence::Online => Lamp::Full,
        Presence::InCall => Lamp::Half,
        Presence::DoNotDisturb => Lamp::Moon,
        Presence::Offline => Lamp::Empty,
    }
}

fn empty_server_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let (line, addresses) = match (&cx.state.hosting, &cx.state.me) {
        (Some(hosting), _) => ("people-empty-hosting", hosting.addresses.clone()),
        (None, me) => ("people-empty-joined", me.iter().map(|me| me.server.clone()).collect()),
    };
    widgets::empty_ui(ui, icons::USERS, &cx.tr("people-empty"), &cx.tr(line), |ui| {
        let name = cx.tr_with("copy-what", &[("what", &cx.tr("people-address"))]);
        for (at, address) in addresses.iter().enumerate() {
            ui.push_id(at, |ui| widgets::copy_ui(ui, address, &name));
        }
    });
}
