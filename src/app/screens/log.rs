//! The call log.

use egui::{Rect, RichText, ScrollArea, Ui, UiBuilder};

use crate::{
    call::{Direction, EndReason, log::LogRow},
    engine::Command,
    protocol::UserId,
};

use super::super::{
    Cx, call_words,
    calling_view::{Calling, free},
    icons,
    search::Search,
    theme,
    view::View,
    widgets::{self, ButtonKind, SearchField},
};
use super::{page_ui, party};

const ROW_HEIGHT: f32 = 60.0;
const DAY_HEIGHT: f32 = 40.0;

pub(crate) fn log_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    page_ui(ui, |ui| {
        let empty = cx.state.log.is_empty();
        widgets::title_ui(ui, &cx.tr("log-title"), |ui| {
            if empty {
                return;
            }
            if widgets::button_ui(ui, ButtonKind::Quiet, Some(icons::TRASH), &cx.tr("log-clear")).clicked() {
                view.log.asking_to_clear = true;
            }
            let hint = cx.tr("log-search");
            SearchField { text: &mut view.log.search, hint: &hint, focus: &mut view.focus_search }.ui(ui, 160.0);
            let choices = [cx.tr("log-all"), cx.tr("log-missed-only")];
            let pressed = ui
                .push_id("log-filter", |ui| {
                    widgets::segmented_ui(ui, &choices, usize::from(view.log.missed_only), false)
                })
                .inner;
            if let Some(pressed) = pressed {
                view.log.missed_only = pressed == 1;
            }
        });
        ui.add_space(4.0);
        rows_ui(ui, cx, view);
    });
    if view.log.asking_to_clear {
        let answer = widgets::confirm_ui(
            ui,
            &cx.tr("log-clear-title"),
            &cx.tr("log-clear-line"),
            &cx.tr("log-clear-confirm"),
            &cx.tr("cancel"),
        );
        if let Some(yes) = answer {
            view.log.asking_to_clear = false;
            if yes {
                cx.send(Command::ClearLog);
            }
        }
    }
}

fn rows_ui(ui: &mut Ui, cx: &Cx<'_>, view: &mut View) {
    if cx.state.log.is_empty() {
        let icon = icons::CLOCK_COUNTER_CLOCKWISE;
        widgets::empty_ui(ui, icon, &cx.tr("log-empty"), &cx.tr("log-empty-line"), |_| {});
        return;
    }
    let search = Search::new(&view.log.search);
    let rows: Vec<&LogRow> = cx
        .state
        .log
        .iter()
        .filter(|row| !view.log.missed_only || row.is_missed())
        .filter(|row| finds(cx, &search, row))
        .collect();
    if rows.is_empty() && search.is_empty() {
        let icon = icons::PHONE_INCOMING;
        widgets::empty_ui(ui, icon, &cx.tr("log-empty-missed"), &cx.tr("log-empty-missed-line"), |_| {});
        return;
    }
    if rows.is_empty() {
        let title = cx.tr_with("log-none-found", &[("search", view.log.search.trim())]);
        widgets::empty_ui(ui, icons::MAGNIFYING_GLASS, &title, &cx.tr("people-none-found-line"), |_| {});
        return;
    }
    let lines = lines_of(cx, &rows);
    let total: f32 = lines.iter().map(Line::height).sum();
    ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, viewport| {
        ui.set_height(total);
        let whole = ui.max_rect();
        let mut y = 0.0;
        for (at, line) in lines.iter().enumerate() {
            let height = line.height();
            // Only what is visible is drawn: a log grows for years.
            if y + height >= viewport.top() && y <= viewport.bottom() {
                let top = whole.top() + y;
                let rect = Rect::from_x_y_ranges(whole.x_range(), top..=(top + height));
                let mut ui = ui.new_child(UiBuilder::new().id_salt(at).max_rect(rect));
                match line {
                    Line::Day(words) => day_ui(&mut ui, words),
                    Line::Row(row) => row_ui(&mut ui, cx, row, &mut view.calling),
                }
            }
            y += height;
        }
    });
}

enum Line<'a> {
    Day(String),
    Row(&'a LogRow),
}

impl Line<'_> {
    fn height(&self) -> f32 {
        match self {
            Self::Day(_) => DAY_HEIGHT,
            Self::Row(_) => ROW_HEIGHT,
        }
    }
}

/// Rows with the days between them.
fn lines_of<'a>(cx: &Cx<'_>, rows: &[&'a LogRow]) -> Vec<Line<'a>> {
    let mut lines = Vec::with_capacity(rows.len() + 8);
    let mut last = None;
    for row in rows {
        let day = cx.clock.day(row.time_ms);
        if last != Some(day) {
            lines.push(Line::Day(cx.clock.day_words(cx.text, row.time_ms)));
            last = Some(day);
        }
        lines.push(Line::Row(row));
    }
    lines
}

fn day_ui(ui: &mut Ui, words: &str) {
    let t = theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(DAY_HEIGHT);
        ui.add_space(12.0);
        ui.label(RichText::new(words).font(theme::semibold(theme::size::SMALL)).color(t.text_weak));
    });
}

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, row: &LogRow, calling: &mut Option<Calling>) {
    let t = theme::of(ui);
    let name = &call_words::row_name(cx.text, cx.state, row);
    let missed = row.is_missed();
    widgets::row_ui(
        ui,
        ROW_HEIGHT,
        |ui| {
            party::face_ui(ui, cx, row.group.as_ref(), name, 42.0);
            let ink = if missed { t.danger_text } else { t.text };
            let first = RichText::new(name).font(theme::semibold(theme::size::BODY)).color(ink);
            widgets::two_lines_ui(ui, first, |ui| {
                let ink = if missed { t.danger_text } else { t.text_weak };
                widgets::icon_ui(ui, direction_icon(row), 15.0, ink);
                let words = call_words::row_result(cx.text, cx.state, row);
                widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(ink));
            });
        },
        |ui| {
            let delete = cx.tr_with("log-delete", &[("name", name)]);
            if widgets::small_icon_button_ui(ui, icons::TRASH, &delete).clicked() {
                cx.send(Command::DeleteLogRow(row.call_id.clone()));
            }
            let redial = cx.tr_with("log-redial", &[("name", name)]);
            ui.add_enabled_ui(may_redial(cx, row), |ui| {
                if widgets::round_button_ui(ui, ButtonKind::Secondary, icons::PHONE_FILL, 38.0, &redial).clicked() {
                    redial_row(cx, row, calling);
                }
            });
            ui.add_space(4.0);
            let time = cx.clock.time_words(cx.text, row.time_ms);
            ui.label(RichText::new(time).size(theme::size::SMALL).color(t.text_weak));
        },
    );
}

/// By the call's name, or by anybody who was in it.
fn finds(cx: &Cx<'_>, search: &Search, row: &LogRow) -> bool {
    let person = |user: &UserId| search.finds(&[cx.state.name_of(user), user.as_str()]);
    search.finds(&[&call_words::row_name(cx.text, cx.state, row)]) || person(&row.peer) || row.people.iter().any(person)
}

fn may_redial(cx: &Cx<'_>, row: &LogRow) -> bool {
    free(cx.state) && row.group.as_ref().is_none_or(|group| cx.state.group(group).is_some())
}

/// Calls again. In a group, which may have other members by now, one chooses who rings.
fn redial_row(cx: &Cx<'_>, row: &LogRow, calling: &mut Option<Calling>) {
    match row.group.as_ref().and_then(|group| cx.state.group(group)) {
        Some(group) => *calling = Some(Calling::group(cx.state, group, Some(&row.people))),
        None if row.is_party() => cx.send(Command::CallPeople(row.people.clone())),
        None => cx.send(Command::Call(row.peer.clone())),
    }
}

fn direction_icon(row: &LogRow) -> icons::Icon {
    match (row.direction, row.result) {
        _ if row.is_missed() => icons::PHONE_X,
        (Direction::Incoming, Some(EndReason::Declined | EndReason::DeclinedElsewhere)) => icons::PHONE_DISCONNECT,
        (Direction::Incoming, _) => icons::PHONE_INCOMING,
        (Direction::Outgoing, _) => icons::PHONE_OUTGOING,
    }
}
