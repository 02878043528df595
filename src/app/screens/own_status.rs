//! Who is signed in, and whether calls are wanted: at the head of the sidebar, by hand, and in the settings, by the week.

use egui::{
    Align, Label, Layout, Popup, PopupCloseBehavior, RectAlign, RichText, Role, Sense, Ui, UiBuilder, WidgetInfo, vec2,
};

use crate::{
    engine::{Command, state::Session},
    protocol::api::{DAY_MINUTES, Schedule, Weekday},
};

use super::super::{
    Cx, format, icons, sentences, theme,
    ui::is_default_profile,
    widgets::{self, Lamp},
};
use super::devices::choice_ui;

/// Between two times of day in a list, minutes.
const STEP_MINUTES: u16 = 30;

/// Who is signed in, how that stands, and a menu.
pub(crate) fn me_ui(ui: &mut Ui, cx: &Cx<'_>) {
    const HEIGHT: f32 = 56.0;
    const CARET: f32 = 16.0;
    let t = theme::of(ui);
    let Some(me) = &cx.state.me else { return };
    let (lamp, shown, status) = status_words(cx);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    let name = cx.tr_with("status-name", &[("status", &status)]);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
    let radius = f32::from(theme::RADIUS_CONTROL);
    if response.hovered() {
        ui.painter().rect_filled(rect, radius, t.surface);
    }
    let caret = egui::Rect::from_center_size(rect.right_center() - vec2(CARET, 0.0), vec2(CARET, CARET));
    let icon = icons::CARET_DOWN;
    ui.painter().text(caret.center(), egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(CARET), t.text_weak);
    let inner = rect.with_max_x(caret.left() - 4.0);
    let mut row = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    row.spacing_mut().item_spacing.x = 10.0;
    row.add_space(4.0);
    widgets::avatar_ui(&mut row, &me.display_name, 40.0, 0.0);
    let first = RichText::new(&me.display_name).font(theme::semibold(theme::size::BODY));
    widgets::two_lines_ui(&mut row, first, |ui| {
        widgets::lamp_ui(ui, lamp);
        let words =
            if is_default_profile(&cx.state.profile) { shown } else { format!("{shown} · {}", cx.state.profile) };
        widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(t.text_weak))
            .on_hover_text(cx.tr_with("profile-name", &[("name", &cx.state.profile)]));
    });
    widgets::focus_ring(ui, &response, radius);
    let frame = egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(14));
    Popup::menu(&response)
        .align(RectAlign::BOTTOM_START)
        .gap(4.0)
        .frame(frame)
        .layout(Layout::top_down(Align::Min))
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .show(|ui| menu_ui(ui, cx));
}

/// A lamp, the word beside it, and what is said where there is room for more.
fn status_words(cx: &Cx<'_>) -> (Lamp, String, String) {
    let status = &cx.state.status;
    let (lamp, id) = match &cx.state.session {
        Session::Online if status.holds() => (Lamp::Moon, "presence-do-not-disturb"),
        Session::Online => (Lamp::Full, "session-online"),
        Session::Offline { .. } => (Lamp::Empty, "session-offline"),
        _ => (Lamp::Half, "session-connecting"),
    };
    let shown = cx.tr(id);
    // By hand it has no end; by schedule it does.
    let until = status.schedule_until_ms.filter(|_| lamp == Lamp::Moon && !status.shared.do_not_disturb);
    let long = until.map(|until| {
        let time = cx.clock.time_words(cx.text, until);
        cx.tr_with("status-quiet-until", &[("time", &time)])
    });
    (lamp, shown.clone(), long.unwrap_or(shown))
}

fn menu_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let t = theme::of(ui);
    ui.set_width(320.0);
    let by_hand = cx.state.status.shared.do_not_disturb;
    let choices = [
        (false, icons::BELL, "status-available", "status-available-line"),
        (true, icons::MOON_FILL, "presence-do-not-disturb", "status-quiet-line"),
    ];
    for (quiet, icon, title, line) in choices {
        let pressed = widgets::choice_row_ui(ui, icon, &cx.tr(title), &cx.tr(line), by_hand == quiet).clicked();
        if pressed && by_hand != quiet {
            cx.send(Command::SetDoNotDisturb(quiet));
        }
    }
    if let Some(until) = cx.state.status.schedule_until_ms {
        let words = cx.tr_with("status-schedule-holds", &[("time", &cx.clock.time_words(cx.text, until))]);
        ui.add(Label::new(RichText::new(words).size(theme::size::SMALL).color(t.text_weak)).wrap());
    }
}

/// When not to disturb, by the week.
pub(crate) fn schedule_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let schedule = &cx.state.status.shared.schedule;
    let change = |change: &dyn Fn(&mut Schedule)| {
        let mut schedule = schedule.clone();
        change(&mut schedule);
        cx.send(Command::SetSchedule(schedule));
    };
    let label = cx.tr("schedule-enabled");
    widgets::form_row_ui(ui, &label, Some(&cx.tr("schedule-enabled-line")), |ui| {
        if widgets::switch_ui(ui, schedule.enabled, &label).clicked() {
            change(&|schedule| schedule.enabled = !schedule.enabled);
        }
    });
    ui.add_enabled_ui(schedule.enabled, |ui| {
        let label = cx.tr("schedule-from");
        widgets::form_row_ui(ui, &label, None, |ui| {
            if let Some(minute) = minute_ui(ui, cx, &label, schedule.from_minute) {
                change(&|schedule| schedule.from_minute = minute);
            }
        });
        let label = cx.tr("schedule-to");
        let overnight = schedule.to_minute <= schedule.from_minute;
        let line = overnight.then(|| cx.tr("schedule-next-day"));
        widgets::form_row_ui(ui, &label, line.as_deref(), |ui| {
            if let Some(minute) = minute_ui(ui, cx, &label, schedule.to_minute) {
                change(&|schedule| schedule.to_minute = minute);
            }
        });
        widgets::form_row_ui(ui, &cx.tr("schedule-days"), None, |ui| {
            let toggles = Weekday::ALL.map(|day| {
                let (name, short) = sentences::weekday(cx.text, day);
                (short, name, schedule.days.contains(&day))
            });
            if let Some(pressed) = widgets::toggles_ui(ui, &toggles) {
                let day = Weekday::ALL[pressed];
                // The last day stays: who wants none switches the schedule off.
                if schedule.days.iter().any(|other| *other != day) {
                    change(&|schedule| {
                        if !schedule.days.remove(&day) {
                            schedule.days.insert(day);
                        }
                    });
                } else if !schedule.days.contains(&day) {
                    change(&|schedule| _ = schedule.days.insert(day));
                }
            }
        });
    });
}

fn minute_ui(ui: &mut Ui, cx: &Cx<'_>, label: &str, chosen: u16) -> Option<u16> {
    let mut minutes: Vec<u16> = (0..DAY_MINUTES).step_by(STEP_MINUTES.into()).collect();
    // Another program may have set it to any minute.
    if let Err(place) = minutes.binary_search(&chosen) {
        minutes.insert(place, chosen);
    }
    choice_ui(ui, label, &minutes, chosen, |minute| format::minute_words(cx.text, minute / 60, minute % 60))
}
