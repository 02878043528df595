//! The lessons that a group has had, and the attendance of one of them.

mod table;

use egui::{RichText, ScrollArea, Ui};

use crate::{
    engine::{
        Command, LessonCommand,
        state::{Group, LessonReport, LessonReports},
    },
    protocol::lesson::LessonSummary,
};

use super::super::{
    Cx, attendance, format,
    groups_view::GroupsView,
    icons,
    save_desk::Saved,
    theme,
    widgets::{self, ButtonKind},
};
use super::page_ui;

const ROW: f32 = 60.0;

pub(crate) fn reports_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, reports: &LessonReports, view: &mut GroupsView) {
    page_ui(ui, |ui| match &reports.report {
        Some(report) => report_ui(ui, cx, group, report, view),
        None => {
            let title = cx.tr_with("report-title", &[("group", &group.name)]);
            if head_ui(ui, &cx.tr("report-back-group"), &title) {
                cx.send(Command::Lesson(LessonCommand::CloseReports));
            }
            list_ui(ui, cx, reports);
        }
    });
}

/// The way back at the left, and a title; whether the way back was taken.
fn head_ui(ui: &mut Ui, back: &str, title: &str) -> bool {
    let head = ui.horizontal(|ui| {
        let back = widgets::small_icon_button_ui(ui, icons::ARROW_LEFT, back).clicked();
        widgets::line_ui(ui, RichText::new(title).font(theme::semibold(theme::size::TITLE)));
        back
    });
    ui.add_space(6.0);
    head.inner
}

/// When a lesson was.
fn when(cx: &Cx<'_>, lesson: &LessonSummary) -> String {
    let (day, time) = (cx.clock.day_words(cx.text, lesson.started), cx.clock.time_words(cx.text, lesson.started));
    format!("{day}, {time}")
}

/// How long it was, and how many were there.
fn what(cx: &Cx<'_>, lesson: &LessonSummary) -> String {
    let length = format::duration_words(cx.text, lesson.length_ms / 1000);
    let people = cx.text.tr_count("report-people", lesson.people as u64);
    if lesson.on { format!("{} · {length} · {people}", cx.tr("report-on")) } else { format!("{length} · {people}") }
}

fn list_ui(ui: &mut Ui, cx: &Cx<'_>, reports: &LessonReports) {
    let t = theme::of(ui);
    let Some(lessons) = &reports.lessons else {
        ui.label(RichText::new(cx.tr("report-loading")).color(t.text_weak));
        return;
    };
    if lessons.is_empty() {
        let line = cx.tr("report-none-line");
        return widgets::empty_ui(ui, icons::CLIPBOARD_TEXT, &cx.tr("report-none"), &line, |_| {});
    }
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for lesson in lessons {
            let (when, what) = (when(cx, lesson), what(cx, lesson));
            let row = ui.push_id(&lesson.lesson_id, |ui| {
                widgets::open_row_ui(ui, ROW, &format!("{when}, {what}"), |ui| {
                    widgets::icon_ui(ui, icons::CHALKBOARD_TEACHER, 26.0, t.accent_text);
                    let title = RichText::new(&when).font(theme::semibold(theme::size::BODY));
                    widgets::two_lines_ui(ui, title, |ui| {
                        widgets::line_ui(ui, RichText::new(&what).size(theme::size::SMALL).color(t.text_weak));
                    });
                })
            });
            if row.inner.clicked() {
                cx.send(Command::Lesson(LessonCommand::ShowReport(lesson.lesson_id.clone())));
            }
        }
    });
}

fn report_ui(ui: &mut Ui, cx: &Cx<'_>, group: &Group, report: &LessonReport, view: &mut GroupsView) {
    let t = theme::of(ui);
    if head_ui(ui, &cx.tr("report-back"), &when(cx, &report.lesson)) {
        view.saved = None;
        cx.send(Command::Lesson(LessonCommand::ShowReports(group.id.clone())));
    }
    widgets::sides_ui(
        ui,
        |ui| {
            let word = cx.tr("report-save");
            let save =
                |ui: &mut Ui| widgets::button_ui(ui, ButtonKind::Primary, Some(icons::FLOPPY_DISK), &word).clicked();
            if ui.add_enabled_ui(report.rows.is_some(), save).inner
                && let Some(contents) = attendance::csv(cx.text, cx.clock, report)
            {
                view.saved = None;
                let name = attendance::file_name(cx.clock, &group.name, &report.lesson);
                view.save.save(ui.ctx(), &word, &name, contents);
            }
        },
        |ui| {
            let words = format!("{} · {}", group.name, what(cx, &report.lesson));
            widgets::line_ui(ui, RichText::new(words).color(t.text_weak));
        },
    );
    if let Some(saved) = &view.saved {
        let (words, ink) = match saved {
            Saved::As(name) => (cx.tr_with("report-saved", &[("name", name)]), t.accent_text),
            Saved::Failed(detail) => (cx.tr_with("report-not-saved", &[("detail", detail)]), t.danger_text),
        };
        let line = ui.label(RichText::new(words).size(theme::size::SMALL).color(ink));
        widgets::announce(ui, &line);
    }
    ui.add_space(6.0);
    match &report.rows {
        Some(rows) => table::table_ui(ui, cx, &report.lesson, rows),
        None => {
            ui.label(RichText::new(cx.tr("report-loading")).color(t.text_weak));
        }
    }
}
