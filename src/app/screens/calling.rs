//! Who is to be called: a list of people with boxes to tick, and the button that rings them.

use egui::Ui;

use crate::{engine::Command, protocol::limits};

use super::super::{
    Cx,
    calling_view::{Calling, What},
    icons,
    view::View,
    widgets::{self, ButtonKind},
};
use super::pick;

/// The dialog, if people are being chosen, over whatever is behind it.
pub(crate) fn calling_ui(ui: &Ui, cx: &Cx<'_>, view: &mut View) {
    let Some(mut calling) = view.calling.take().filter(|calling| calling.is_possible(cx.state)) else { return };
    let title = match &calling.what {
        What::Several => cx.tr("calling-several"),
        What::Group(group) => {
            let name = cx.state.group(group).map_or("", |group| &group.name);
            cx.tr_with("calling-group", &[("group", name)])
        }
        What::Add(_) => cx.tr("calling-add"),
    };
    let mut done = false;
    let closed = widgets::dialog_ui(ui, &title, &cx.tr("form-close"), 420.0, |ui| {
        let chosen = std::mem::take(&mut calling.picking.chosen);
        calling.picking.chosen = chosen.into_iter().filter(|user| calling.may_pick(cx.state, user)).collect();
        let mut picking = std::mem::take(&mut calling.picking);
        pick::people_ui(
            ui,
            cx,
            &mut picking,
            |user| calling.may_pick(cx.state, user),
            ("people-search", "calling-nobody"),
            300.0,
        );
        calling.picking = picking;
        ui.add_space(8.0);
        done = footer_ui(ui, cx, &mut calling);
    });
    if !closed && !done {
        view.calling = Some(calling);
    }
}

/// Everybody or nobody at the left, the buttons at the right; whether it is over.
fn footer_ui(ui: &mut Ui, cx: &Cx<'_>, calling: &mut Calling) -> bool {
    let mut over = false;
    let everybody: Vec<_> = cx
        .state
        .people
        .iter()
        .filter(|person| calling.may_pick(cx.state, &person.user))
        .map(|person| person.user.clone())
        .collect();
    let all = !everybody.is_empty() && everybody.iter().all(|user| calling.picking.chosen.contains(user));
    let count = calling.picking.chosen.len();
    let (mut toggle, mut call) = (false, false);
    widgets::sides_ui(
        ui,
        |ui| {
            let word = cx.text.tr_count("calling-ring", count as u64);
            let usable = (1..=limits::INVITEES_MAX).contains(&count);
            let button =
                |ui: &mut Ui| widgets::button_ui(ui, ButtonKind::Primary, Some(icons::PHONE_FILL), &word).clicked();
            call = ui.add_enabled_ui(usable, button).inner;
            over = widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("cancel")).clicked();
        },
        |ui| {
            if everybody.len() > 1 {
                let word = cx.tr(if all { "calling-none" } else { "calling-all" });
                toggle = widgets::button_ui(ui, ButtonKind::Quiet, None, &word).clicked();
            }
        },
    );
    if toggle {
        calling.picking.chosen = if all { Default::default() } else { everybody.into_iter().collect() };
    }
    if call {
        let users = calling.picking.chosen.iter().cloned().collect();
        cx.send(match calling.what.clone() {
            What::Several => Command::CallPeople(users),
            What::Group(group) => Command::CallGroup { group, users },
            What::Add(call) => Command::AddToCall { call, users },
        });
    }
    over || call
}
