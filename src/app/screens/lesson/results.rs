//! What came of a roll call or a poll: numbers, and bars for them.

use egui::{Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::{class::Prompt, protocol::class_data::ClassCommand};

use super::super::super::{Cx, lesson_words, theme, widgets};
use super::{scene::Scene, title_ui, weak_ui};

/// So many who have not answered are named.
const NAMED: usize = 6;

/// A poll with a bar for each choice.
pub(super) fn poll_ui(ui: &mut Ui, cx: &Cx<'_>, poll: &Prompt) {
    let ClassCommand::Poll { question, .. } = &poll.command else { return };
    ui.add(Label::new(RichText::new(question).font(theme::semibold(theme::size::BODY))).wrap());
    let tally = poll.tally();
    let answered: usize = tally.iter().sum();
    for (choice, count) in lesson_words::choices(cx.text, &poll.command).iter().zip(tally) {
        bar_ui(ui, choice, count, answered);
    }
    weak_ui(ui, &answered_words(cx, answered, poll.asked()));
}

/// How many have said that they are here, and who has not.
pub(super) fn roll_call_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, call: &Prompt) {
    let here = call.answers.values().flatten().count();
    title_ui(ui, &cx.tr("lesson-roll-call"));
    bar_ui(ui, &cx.tr("lesson-present"), here, call.asked());
    let declined = call.answers.iter().filter(|(_, answer)| answer.is_none()).map(|(user, _)| user);
    let mut missing: Vec<&str> = call.waiting.iter().chain(declined).map(|user| scene.name(user)).collect();
    missing.sort_unstable_by_key(|name| name.to_lowercase());
    if missing.is_empty() {
        return;
    }
    let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let names = match missing.len().saturating_sub(NAMED) {
        0 => named,
        more => cx.tr_with("names-and-more", &[("names", &named), ("count", &more.to_string())]),
    };
    weak_ui(ui, &cx.tr_with("lesson-not-answered", &[("names", &names)]));
}

/// How many have answered, of how many.
pub(super) fn answered_words(cx: &Cx<'_>, answered: usize, asked: usize) -> String {
    cx.tr_with("lesson-answered", &[("count", &answered.to_string()), ("total", &asked.to_string())])
}

/// One number as a bar: the word above it, the number and its share beside it.
fn bar_ui(ui: &mut Ui, word: &str, count: usize, of: usize) {
    const HEIGHT: f32 = 12.0;
    const NUMBER: f32 = 84.0;
    let t = theme::of(ui);
    let share = if of == 0 { 0.0 } else { (count as f32 / of as f32).min(1.0) };
    let number = format!("{count} · {:.0} %", share * 100.0);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let line = RichText::new(word).size(theme::size::SMALL);
        widgets::line_ui(ui, line).on_hover_text(word);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{word}: {number}")));
        let whole = egui::Rect::from_min_size(
            egui::pos2(rect.left(), rect.center().y - HEIGHT / 2.0),
            vec2((rect.width() - NUMBER).max(20.0), HEIGHT),
        );
        let painter = ui.painter();
        painter.rect_filled(whole, HEIGHT / 2.0, t.surface);
        if count > 0 {
            let filled = whole.with_max_x(whole.left() + (whole.width() * share).max(HEIGHT));
            painter.rect_filled(filled, HEIGHT / 2.0, t.accent);
        }
        let font = theme::semibold(theme::size::SMALL);
        painter.text(rect.right_center(), egui::Align2::RIGHT_CENTER, number, font, t.text);
    });
}
