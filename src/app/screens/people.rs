//! Everybody on the server.

use egui::{RichText, ScrollArea, Ui};

use crate::{
    engine::{Command, state::Person},
    protocol::event::Presence,
};

use super::super::{
    Cx, icons, sentences, theme,
    view::View,
    widgets::{self, ButtonKind, Lamp, SearchField},
};
use super::page_ui;

const ROW_HEIGHT: f32 = 60.0;

pub(crate) fn people_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    page_ui(ui, |ui| {
        widgets::title_ui(ui, &cx.tr("people-title"), |ui| {
            if !cx.state.people.is_empty() {
                let hint = cx.tr("people-search");
                SearchField { text: &mut view.people_search, hint: &hint, focus: &mut view.focus_search }.ui(ui, 220.0);
            }
        });
        ui.add_space(4.0);
        if cx.state.people.is_empty() {
            empty_server_ui(ui, cx);
            return;
        }
        let search = view.people_search.trim().to_lowercase();
        let matches = |person: &&Person| {
            person.display_name.to_lowercase().contains(&search)
                || person.user.as_str().to_lowercase().contains(&search)
        };
        let (away, here): (Vec<&Person>, Vec<&Person>) =
            cx.state.people.iter().filter(matches).partition(|person| person.presence == Presence::Offline);
        if away.is_empty() && here.is_empty() {
            let title = cx.tr_with("people-none-found", &[("search", view.people_search.trim())]);
            widgets::empty_ui(ui, icons::MAGNIFYING_GLASS, &title, &cx.tr("people-none-found-line"), |_| {});
            return;
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            group_ui(ui, cx, &cx.tr("people-available"), &here);
            group_ui(ui, cx, &cx.tr("people-away"), &away);
            ui.add_space(12.0);
        });
    });
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
    let free = !cx.state.calls.iter().any(|call| call.is_live());
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
            let kind = if person.presence == Presence::Offline { ButtonKind::Secondary } else { ButtonKind::Primary };
            let name = cx.tr_with("people-call", &[("name", &person.display_name)]);
            ui.add_enabled_ui(free, |ui| {
                let button = widgets::round_button_ui(ui, kind, icons::PHONE_FILL, 40.0, &name);
                if button.on_disabled_hover_text(cx.tr("people-in-call-hint")).clicked() {
                    cx.send(Command::Call(person.user.clone()));
                }
            });
        },
    );
}

/// The lamp of whoever can be reached in that way.
pub(super) fn lamp(presence: Presence) -> Lamp {
    match presence {
        Presence::Online => Lamp::Full,
        Presence::InCall => Lamp::Half,
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
