//! Everybody in a lesson as a table, and below each name a chart: when somebody was there, and how much of the time they
//! spoke. Only the rows that are seen are drawn.

use egui::{Align2, FontId, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::protocol::lesson::{LessonSummary, ReportRow};

use super::super::super::{Cx, attendance::present_ms, format, theme};

const HEAD: f32 = 26.0;
const ROW: f32 = 58.0;
/// Widths of the columns behind the name, points: came, left, present, spoke, hands, floors, roll calls.
const WIDTHS: [f32; 7] = [74.0, 74.0, 62.0, 62.0, 52.0, 52.0, 58.0];
/// The least for a name.
const NAME: f32 = 96.0;

pub(super) fn table_ui(ui: &mut Ui, cx: &Cx<'_>, lesson: &LessonSummary, rows: &[ReportRow]) {
    let t = theme::of(ui);
    let head = [
        "report-came",
        "report-left",
        "report-present",
        "report-talked",
        "report-hands",
        "report-floors",
        "report-roll-calls",
    ];
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD), Sense::hover());
    let small = theme::semibold(12.0);
    cell_ui(ui, column(rect, None), &cx.tr("report-name"), Align2::LEFT_CENTER, &small, t.text_weak);
    for (at, id) in head.iter().enumerate() {
        cell_ui(ui, column(rect, Some(at)), &cx.tr(id), Align2::RIGHT_CENTER, &small, t.text_weak);
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, t.line));
    legend_ui(ui, cx);
    ScrollArea::vertical().id_salt("report").auto_shrink(false).show_rows(ui, ROW, rows.len(), |ui, range| {
        for row in rows.iter().skip(range.start).take(range.len()) {
            row_ui(ui, cx, lesson, row);
        }
    });
}

/// What the two bars mean.
fn legend_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let t = theme::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        for (colour, height, word) in
            [(t.outline, 6.0, "report-legend-present"), (t.accent, 4.0, "report-legend-talked")]
        {
            let (rect, _) = ui.allocate_exact_size(vec2(22.0, 18.0), Sense::hover());
            ui.painter().rect_filled(Rect::from_center_size(rect.center(), vec2(22.0, height)), height / 2.0, colour);
            ui.label(egui::RichText::new(cx.tr(word)).size(12.0).color(t.text_weak));
        }
    });
}

/// The place of a column in a row; without a number, of the name.
fn column(row: Rect, at: Option<usize>) -> Rect {
    let all: f32 = WIDTHS.iter().sum();
    // In a small window, all columns give way.
    let scale = ((row.width() - NAME) / all).clamp(0.1, 1.0);
    let left = row.right() - all * scale;
    match at {
        None => row.with_max_x(left),
        Some(at) => {
            let before: f32 = WIDTHS.iter().take(at).sum();
            let width = WIDTHS.get(at).copied().unwrap_or_default();
            Rect::from_x_y_ranges((left + before * scale)..=(left + (before + width) * scale), row.y_range())
        }
    }
}

/// One line of text that ends in "…" where it does not fit.
fn cell_ui(ui: &Ui, rect: Rect, words: &str, align: Align2, font: &FontId, ink: egui::Color32) {
    const GAP: f32 = 6.0;
    let mut job = egui::text::LayoutJob::simple_singleline(words.to_owned(), font.clone(), ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width((rect.width() - GAP).max(1.0));
    let galley = ui.painter().layout_job(job);
    let at = align.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(at.min, galley, ink);
}

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, lesson: &LessonSummary, row: &ReportRow) {
    let t = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let at = |ms: Option<u64>| {
        ms.map_or_else(String::new, |ms| cx.clock.time_words(cx.text, lesson.started.saturating_add_unsigned(ms)))
    };
    let cells = [
        at(row.stays.first().map(|stay| stay.0)),
        at(row.stays.last().map(|stay| stay.1)),
        format::timer(present_ms(row) / 1000),
        format::timer(row.talked_ms / 1000),
        row.hands.to_string(),
        row.turns.to_string(),
        format!("{}/{}", row.present, row.called),
    ];
    response.widget_info(|| {
        let names = [("name", row.display_name.as_str()), ("time", &cells[2]), ("duration", &cells[3])];
        let counts = [("count", cells[4].as_str()), ("total", &cells[5]), ("what", &cells[6])];
        let values: Vec<_> =
            names.into_iter().chain(counts).chain([("up", cells[0].as_str()), ("down", &cells[1])]).collect();
        WidgetInfo::labeled(Role::Label, true, cx.tr_with("report-row", &values))
    });
    if response.contains_pointer() {
        ui.painter().rect_filled(rect, f32::from(theme::RADIUS_CONTROL), t.surface);
    }
    let line = rect.with_max_y(rect.top() + 30.0);
    let mut name = row.display_name.clone();
    if row.teacher {
        name = format!("{name} · {}", cx.tr("report-teacher"));
    }
    let bold = theme::semibold(theme::size::BODY);
    cell_ui(ui, column(line, None), &name, Align2::LEFT_CENTER, &bold, t.text);
    let regular = theme::regular(theme::size::SMALL);
    for (number, words) in cells.iter().enumerate() {
        cell_ui(ui, column(line, Some(number)), words, Align2::RIGHT_CENTER, &regular, t.text);
    }
    chart_ui(ui, rect, lesson, row);
}

/// When somebody was there over the length of the lesson, and below it the share of it in which they spoke.
fn chart_ui(ui: &Ui, row: Rect, lesson: &LessonSummary, who: &ReportRow) {
    let t = theme::of(ui);
    let length = lesson.length_ms.max(1) as f32;
    let at = |ms: u64| row.left() + row.width() * (ms as f32 / length).clamp(0.0, 1.0);
    let bar = |from: f32, to: f32, y: f32, height: f32| {
        Rect::from_min_max(pos2(from, y), pos2(to.max(from + 2.0), y + height))
    };
    let painter = ui.painter();
    let y = row.top() + 34.0;
    painter.rect_filled(bar(row.left(), row.right(), y, 6.0), 3.0, t.surface_hover);
    for (from, to) in &who.stays {
        painter.rect_filled(bar(at(*from), at(*to), y, 6.0), 3.0, t.outline);
    }
    if who.talked_ms > 0 {
        painter.rect_filled(bar(row.left(), at(who.talked_ms), y + 9.0, 4.0), 2.0, t.accent);
    }
}
