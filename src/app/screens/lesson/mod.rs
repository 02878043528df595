//! A lesson: for students who speaks, the own hand and the own floor; for teachers a desk.
//!
//! What a teacher sees and what a student sees are made of the same parts: the head, the strip of signs, the bar below.

mod bar;
mod cards;
mod desk;
mod forms;
mod over;
mod queue;
mod results;
mod roster;
mod scene;
mod student;
mod tools;

pub(crate) use forms::start_ui;
pub(crate) use over::over_ui;

use egui::{Align, Frame, Label, Layout, Margin, RichText, Ui, UiBuilder, WidgetInfo, vec2};

use crate::{
    call::{CallView, Phase},
    class,
    engine::Command,
    protocol::{UserId, class_data::Reaction},
};

use self::scene::Scene;
use super::super::{
    Cx, call_words, icons,
    lesson_view::{LessonForm, LessonView},
    lesson_words, theme,
    widgets::{self, Banner, ButtonKind, Tone},
};
use super::{call, link};

/// What was done last is told for so long, ms.
const NEWS_MS: u64 = 12_000;

/// The lesson that this device is in.
pub(crate) fn lesson_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView, lesson: &class::View, view: &mut LessonView) {
    let Some(scene) = Scene::of(cx, call, lesson) else { return };
    view.enter(&call.call_id);
    // The bar comes last, so that the keyboard reaches what is asked before the way out.
    let whole = ui.available_rect_before_wrap();
    let edge = (whole.bottom() - bar::HEIGHT).max(whole.top());
    let (above, below) = (whole.with_max_y(edge), whole.with_min_y(edge));
    let mut main = ui.new_child(UiBuilder::new().id_salt("lesson").max_rect(above));
    main.shrink_clip_rect(above);
    if call.on_hold {
        on_hold_ui(&mut main, cx, call);
    }
    Frame::new().inner_margin(Margin { left: 20, right: 20, top: 10, bottom: 0 }).show(&mut main, |ui| {
        head_ui(ui, cx, &scene, view);
        strip_ui(ui, cx, &scene);
        if scene.teaches {
            desk::desk_ui(ui, cx, &scene, view);
        } else {
            student::student_ui(ui, cx, &scene);
        }
    });
    ui.painter().rect_filled(below, 0.0, theme::of(ui).panel);
    let mut foot = ui.new_child(UiBuilder::new().id_salt("lesson-bar").max_rect(below.shrink2(vec2(20.0, 12.0))));
    bar::bar_ui(&mut foot, cx, &scene, view);
    ui.advance_cursor_after_rect(whole);
    forms::form_ui(ui, cx, &scene, view);
}

/// Which lesson, for how long, and who is there.
fn head_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, view: &mut LessonView) {
    let t = theme::of(ui);
    widgets::sides_ui(
        ui,
        |ui| {
            if scene.teaches && widgets::small_icon_button_ui(ui, icons::GEAR_SIX, &cx.tr("lesson-settings")).clicked()
            {
                view.form = Some(LessonForm::Settings(scene.lesson.settings));
            }
            link::link_ui(ui, cx, scene.call);
        },
        |ui| {
            let name = call_words::call_name(cx.text, cx.state, scene.call);
            let (words, ink) = if scene.call.phase == Phase::InCall && !call::is_troubled(scene.call) {
                let mut words = cx.text.tr_count("lesson-here", scene.here as u64);
                if scene.away > 0 {
                    words = format!("{words} · {}", cx.text.tr_count("lesson-away-count", scene.away as u64));
                }
                (format!("{} · {words}", scene.elapsed()), t.text_weak)
            } else {
                call::status(cx, scene.call, t)
            };
            let words = RichText::new(words).size(theme::size::SMALL).color(ink);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                widgets::line_ui(ui, RichText::new(name).font(theme::semibold(theme::size::HEADING)));
                widgets::line_ui(ui, words);
            });
        },
    );
}

/// The lesson goes on, and is neither heard nor spoken to here.
fn on_hold_ui(ui: &mut Ui, cx: &Cx<'_>, call: &CallView) {
    let words = cx.tr("lesson-on-hold");
    widgets::banner_ui(ui, &Banner { tone: Tone::Warning, icon: icons::PAUSE, text: &words }, |ui| {
        if widgets::button_ui(ui, ButtonKind::Primary, Some(icons::PLAY), &cx.tr("call-resume")).clicked() {
            cx.send(Command::Resume(call.call_id.clone()));
        }
    });
}

/// What another teacher has just done, and the signs of the last seconds.
fn strip_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    const HEIGHT: f32 = 28.0;
    let t = theme::of(ui);
    let size = vec2(ui.available_width(), HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        // It stays that high, so that nothing jumps when a sign comes.
        ui.set_min_height(HEIGHT);
        for reaction in [Reaction::Question, Reaction::Applause, Reaction::ThumbsUp] {
            let mut users: Vec<UserId> = Vec::new();
            for sign in scene.signs().filter(|sign| sign.reaction == reaction) {
                if !users.contains(&sign.user) {
                    users.push(sign.user.clone());
                }
            }
            if !users.is_empty() {
                signs_ui(ui, cx, scene, reaction, &users);
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let others = |news: &&class::News| news.by() != Some(scene.me);
            let last = scene.lesson.news.iter().rev().find(others).filter(|news| scene.is_fresh(news.at_ms, NEWS_MS));
            let words = last.filter(|_| scene.teaches);
            if let Some(words) = words.and_then(|news| lesson_words::news(cx.text, |user| scene.name(user), news)) {
                widgets::icon_ui(ui, icons::BROADCAST, 16.0, t.accent_text);
                let line = RichText::new(words).size(theme::size::SMALL).color(t.text);
                let response = ui.add(Label::new(line).truncate());
                widgets::announce(ui, &response);
            }
        });
    });
}

/// One kind of sign, and how many have given it.
fn signs_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, reaction: Reaction, users: &[UserId]) {
    let t = theme::of(ui);
    let names: Vec<&str> = users.iter().take(4).map(|user| scene.name(user)).collect();
    let name = format!("{}: {}", lesson_words::reaction(cx.text, reaction), names.join(", "));
    let frame = Frame::new().fill(t.accent_surface).corner_radius(12).inner_margin(Margin::symmetric(10, 2));
    let inner = frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        // Stands among what is laid out from the right.
        let count = RichText::new(users.len().to_string()).size(theme::size::SMALL).color(t.accent_text);
        ui.add(Label::new(count));
        widgets::icon_ui(ui, icon_of(reaction), 18.0, t.accent_text);
    });
    inner.response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &name));
    inner.response.on_hover_text(name);
}

/// How a sign is drawn.
fn icon_of(reaction: Reaction) -> icons::Icon {
    match reaction {
        Reaction::ThumbsUp => icons::THUMBS_UP,
        Reaction::Applause => icons::HANDS_CLAPPING,
        Reaction::Question => icons::QUESTION,
    }
}

/// The sign that somebody has just given, rising in the place that `ui` has for it.
fn floating_ui(ui: &Ui, scene: &Scene<'_>, user: &UserId, at: egui::Pos2) {
    const RISE: f32 = 8.0;
    let Some((reaction, age)) = scene.sign_of(user) else { return };
    let t = theme::of(ui);
    let at = at - vec2(0.0, RISE * age);
    let icon = icon_of(reaction);
    ui.painter().circle_filled(at, 10.0, t.accent_surface);
    ui.painter().text(at, egui::Align2::CENTER_CENTER, icon.glyph(), icon.font(14.0), t.accent_text);
}

/// A title above a list.
fn title_ui(ui: &mut Ui, words: &str) {
    let t = theme::of(ui);
    ui.label(RichText::new(words).font(theme::semibold(theme::size::BODY)).color(t.text));
}

/// One line of less weight.
fn weak_ui(ui: &mut Ui, words: &str) {
    let ink = theme::of(ui).text_weak;
    ui.label(RichText::new(words).size(theme::size::SMALL).color(ink));
}
