//! What a student sees: what one is asked, the own floor, who speaks, and the own hand.

use egui::{Align, Frame, Key, Layout, Margin, Modifiers, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use crate::{
    class::Whose,
    engine::{Command, LessonCommand},
    protocol::{
        UserId,
        class_data::ClassCommand,
        lesson::{Mine, Whereabouts},
    },
};

use super::super::super::{
    Cx, icons, theme,
    widgets::{self, ButtonKind},
};
use super::{cards, floating_ui, results, scene::Scene, weak_ui};

/// The column in which everything stands is at most so wide.
const WIDTH: f32 = 600.0;
/// So many of those who may speak are shown.
const SPEAKERS_MAX: usize = 8;

pub(super) fn student_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    keys(ui, cx, scene);
    ScrollArea::vertical().id_salt("student").auto_shrink(false).show(ui, |ui| {
        let width = ui.available_width().min(WIDTH);
        let side = (ui.available_width() - width) / 2.0;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(side);
            ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Center), |ui| {
                ui.set_width(width);
                ui.spacing_mut().item_spacing = vec2(theme::GRID, theme::GRID);
                floor_ui(ui, cx, scene);
                cards::asked_ui(ui, cx, scene);
                speakers_ui(ui, cx, scene);
                hand_ui(ui, cx, scene);
                microphone_ui(ui, cx, scene);
                poll_ui(ui, cx, scene);
                ui.add_space(12.0);
            });
        });
    });
}

/// What the hand can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HandUse {
    Raise,
    Lower,
    /// Hands are raised only when the teacher asks.
    WaitForQuestion,
    /// Who has the floor needs no hand.
    HasFloor,
}

fn hand_use(scene: &Scene<'_>) -> HandUse {
    let lesson = scene.lesson;
    if lesson.hand_of(scene.me).is_some() {
        HandUse::Lower
    } else if lesson.floor_of(scene.me).is_some() {
        HandUse::HasFloor
    } else if lesson.settings.unasked_hands || lesson.open_prompt(&ClassCommand::RaiseHands).is_some() {
        HandUse::Raise
    } else {
        HandUse::WaitForQuestion
    }
}

fn use_hand(cx: &Cx<'_>, hand: HandUse) {
    match hand {
        HandUse::Raise => cx.send(Command::Lesson(LessonCommand::RaiseHand)),
        HandUse::Lower => cx.send(Command::Lesson(LessonCommand::LowerHands(Whose::Own))),
        HandUse::WaitForQuestion | HandUse::HasFloor => {}
    }
}

/// H is for the hand, wherever the keyboard is, unless somebody types.
fn keys(ui: &Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    if !ui.text_edit_focused() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::H)) {
        use_hand(cx, hand_use(scene));
    }
}

/// The own floor, as a wide bar.
fn floor_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let Some(floor) = scene.lesson.floor_of(scene.me) else { return };
    let t = theme::of(ui);
    let (here, muted) = (scene.may_speak(), cx.state.audio.muted);
    let frame = Frame::new().fill(t.accent_surface).stroke(egui::Stroke::new(2.0, t.accent_text));
    frame.corner_radius(theme::RADIUS_CARD).inner_margin(Margin::symmetric(18, 14)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        widgets::sides_ui(
            ui,
            |ui| {
                let words = cx.tr("lesson-give-back");
                let icon = Some(icons::ARROW_U_UP_LEFT);
                if widgets::wide_button_ui(ui, ButtonKind::Primary, icon, &words, 0.0).clicked() {
                    cx.send(Command::Lesson(LessonCommand::EndFloors(Whose::Own)));
                }
            },
            |ui| {
                widgets::icon_ui(ui, icons::MICROPHONE_FILL, 28.0, t.accent_text);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    let title = RichText::new(cx.tr("lesson-your-floor")).font(theme::semibold(20.0)).color(t.text);
                    let response = widgets::line_ui(ui, title);
                    widgets::announce(ui, &response);
                    let (line, ink) = match (here, muted) {
                        (false, _) => ("lesson-floor-elsewhere", t.warning_text),
                        (true, true) => ("lesson-floor-muted", t.warning_text),
                        (true, false) => ("lesson-floor-heard", t.text_weak),
                    };
                    let words = format!("{} · {}", cx.tr(line), scene.passed(floor.since_ms));
                    widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(ink));
                });
            },
        );
        if here && !muted {
            level_ui(ui, cx);
        }
    });
}

/// The own level over the whole width of the bar.
fn level_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let t = theme::of(ui);
    let level = widgets::level_fraction(cx.state.audio.microphone_level_dbfs);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Meter, true, cx.tr("lesson-own-level"));
        info.value = Some(f64::from((level * 100.0).round()));
        info
    });
    ui.painter().rect_filled(rect, 3.0, t.line);
    if level > 0.02 {
        ui.painter().rect_filled(rect.with_max_x(rect.left() + rect.width() * level), 3.0, t.accent);
    }
}

/// Everybody who may speak: teachers who are here, and whoever has a floor.
fn speakers_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let floors = scene.lesson.floors.iter().map(|floor| &floor.user).filter(|user| *user != scene.me);
    let mut users: Vec<&UserId> = floors.chain(scene.lesson.there(true)).collect();
    // Whoever speaks without a floor, where microphones are free, comes behind.
    users.extend(scene.lesson.open.iter().filter(|user| *user != scene.me && scene.ring(cx, user) > 0.0));
    users.truncate(SPEAKERS_MAX);
    if users.is_empty() {
        return weak_ui(ui, &cx.tr("lesson-no-teacher"));
    }
    ui.add_space(4.0);
    let size = vec2(if users.len() <= 4 { 132.0 } else { 104.0 }, 126.0);
    let columns = ((ui.available_width() / size.x).floor() as usize).max(1);
    for row in users.chunks(columns) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.add_space(((ui.available_width() - row.len() as f32 * size.x) / 2.0).max(0.0));
            for user in row {
                ui.push_id(user, |ui| speaker_ui(ui, cx, scene, user, size));
            }
        });
    }
}

fn speaker_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId, size: egui::Vec2) {
    const FACE: f32 = 64.0;
    let t = theme::of(ui);
    let name = scene.name(user);
    let ring = scene.ring(cx, user);
    let person = scene.lesson.people.get(user);
    let away = person.is_some_and(|person| person.at == Whereabouts::Away);
    let words = match (away, ring > 0.0, scene.lesson.is_teacher(user)) {
        (true, _, _) => "lesson-state-away",
        (_, true, _) => "lesson-state-speaks",
        (_, false, true) => "lesson-state-teacher",
        (_, false, false) => "lesson-state-floor",
    };
    let words = cx.tr(words);
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Center), |ui| {
        ui.set_min_size(size);
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.add_space(10.0);
        let top = ui.cursor().min;
        widgets::avatar_ui(ui, name, FACE, 0.6 * ring);
        ui.add_space(10.0);
        widgets::line_ui(ui, RichText::new(name).font(theme::semibold(theme::size::BODY)));
        let ink = if ring > 0.0 { t.accent_text } else { t.text_weak };
        widgets::line_ui(ui, RichText::new(words).size(theme::size::SMALL).color(ink));
        floating_ui(ui, scene, user, egui::pos2(top.x + size.x / 2.0 + FACE / 2.0, top.y + 12.0));
    });
}

/// The own hand: one large button, and below it where the hand stands.
fn hand_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let hand = hand_use(scene);
    if hand == HandUse::HasFloor || cards::asks_for_hands(scene) {
        return;
    }
    let up = hand == HandUse::Lower;
    let (kind, word) =
        if up { (ButtonKind::On, "lesson-lower-hand") } else { (ButtonKind::Primary, "lesson-raise-hand") };
    ui.add_space(4.0);
    let usable = hand != HandUse::WaitForQuestion;
    let pressed = ui.add_enabled_ui(usable, |ui| {
        let icon = if up { icons::HAND_PALM_FILL } else { icons::HAND_PALM };
        let button = widgets::big_button_ui(ui, kind, Some(icon), &cx.tr(word), 320.0, 72.0);
        button.on_hover_text(cx.tr("lesson-hand-key")).clicked()
    });
    if pressed.inner {
        use_hand(cx, hand);
    }
    match (scene.lesson.hand_of(scene.me), scene.place(scene.me)) {
        (Some(_), Some(_)) if scene.lesson.floor_of(scene.me).is_some() => {
            weak_ui(ui, &cx.tr("lesson-hand-with-floor"));
        }
        (Some(hand), Some(place)) => {
            let before = cx.text.tr_count("lesson-hand-before", place as u64 - 1);
            let words = format!("{} · {before} · {}", cx.tr("lesson-hand-up"), scene.passed(hand.since_ms));
            ui.label(RichText::new(words).font(theme::semibold(theme::size::BODY)));
        }
        _ if !usable => weak_ui(ui, &cx.tr("lesson-hands-closed")),
        _ => {
            let up = scene.lesson.hands.len() as u64;
            weak_ui(ui, &cx.text.tr_count("lesson-hands-count", up));
        }
    }
}

/// Where microphones are free, students open and close their own.
fn microphone_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    if !scene.lesson.settings.free_microphones || scene.lesson.floor_of(scene.me).is_some() {
        return;
    }
    let open = scene.lesson.open.contains(scene.me);
    let (kind, icon, word) = if open {
        (ButtonKind::On, icons::MICROPHONE_FILL, "lesson-close-microphone")
    } else {
        (ButtonKind::Secondary, icons::MICROPHONE_SLASH_FILL, "lesson-open-microphone")
    };
    if widgets::wide_button_ui(ui, kind, Some(icon), &cx.tr(word), 320.0).clicked() {
        cx.send(Command::Lesson(LessonCommand::SetMicrophones { open: !open, whose: Whose::Own }));
    }
}

/// What became of the last poll, once one has answered it or it is over.
fn poll_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let is_poll = |command: &ClassCommand| matches!(command, ClassCommand::Poll { .. });
    let last = scene.lesson.prompts.iter().rev().find(|prompt| is_poll(&prompt.command));
    if let Some(poll) = last.filter(|poll| poll.over || poll.mine != Mine::Open) {
        ui.add_space(4.0);
        widgets::card_ui(ui, |ui| {
            ui.with_layout(Layout::top_down(Align::Min), |ui| results::poll_ui(ui, cx, poll));
        });
    }
}
