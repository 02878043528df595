//! The right side of the desk: everybody, with states in words, and what can be done with each. Only the rows that are
//! seen are drawn.

use egui::{Color32, RichText, ScrollArea, Ui};

use crate::{
    class::{Person, Whose},
    engine::{Command, GroupCommand, LessonCommand, state::Group},
    protocol::{UserId, lesson::Whereabouts},
};

use super::super::super::{
    Cx, icons,
    lesson_view::{LessonForm, LessonView},
    search::Search,
    theme,
    widgets::{self, SearchField},
};
use super::{floating_ui, scene::Scene, weak_ui};

const ROW: f32 = 48.0;
const FACE: f32 = 32.0;

pub(super) fn roster_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, view: &mut LessonView) {
    let hint = cx.tr("lesson-search");
    let width = ui.available_width();
    SearchField { text: &mut view.search, hint: &hint, focus: &mut view.focus_search }.ui(ui, width);
    let rows = rows(scene, &Search::new(&view.search));
    if rows.is_empty() {
        let line = if view.search.trim().is_empty() { "lesson-class-empty" } else { "lesson-nobody-found" };
        return weak_ui(ui, &cx.tr(line));
    }
    let spacing = 2.0;
    ui.spacing_mut().item_spacing.y = spacing;
    ScrollArea::vertical().id_salt("roster").auto_shrink(false).show_rows(ui, ROW, rows.len(), |ui, range| {
        for (user, person) in rows.iter().skip(range.start).take(range.len()) {
            ui.push_id(user, |ui| person_ui(ui, cx, scene, user, person, view));
        }
    });
}

/// Who is found, in the order in which they stand: teachers, who is here, who is away, who has left; and by name.
fn rows<'a>(scene: &Scene<'a>, search: &Search) -> Vec<(&'a UserId, &'a Person)> {
    let found = |user: &UserId| search.finds(&[scene.name(user), user.as_str()]);
    let mut rows: Vec<(&UserId, &Person)> = scene.lesson.people.iter().filter(|(user, _)| found(user)).collect();
    rows.sort_by_cached_key(|(user, person)| (person.at, !person.teacher, scene.name(user).to_lowercase()));
    rows
}

/// Where somebody stands, in words, and their colour.
fn state(cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId, person: &Person, t: &theme::Tokens) -> (String, Color32) {
    let lesson = scene.lesson;
    if lesson.barred.contains(user) {
        return (cx.tr("lesson-state-removed"), t.danger_text);
    }
    match person.at {
        Whereabouts::Gone => return (cx.tr("lesson-state-gone"), t.text_weak),
        Whereabouts::Away => return (cx.tr("lesson-state-away"), t.warning_text),
        Whereabouts::Here => {}
    }
    if person.teacher {
        return (cx.tr("lesson-state-teacher"), t.accent_text);
    }
    if let Some(floor) = lesson.floor_of(user) {
        let words = format!("{} · {}", cx.tr("lesson-state-floor"), scene.passed(floor.since_ms));
        return (words, t.accent_text);
    }
    if lesson.offer_to(user).is_some() {
        return (cx.tr("lesson-state-offered"), t.accent_text);
    }
    if let (Some(hand), Some(place)) = (lesson.hand_of(user), scene.place(user)) {
        let (place, time) = (place.to_string(), scene.passed(hand.since_ms));
        return (cx.tr_with("lesson-state-hand", &[("count", &place), ("time", &time)]), t.accent_text);
    }
    if lesson.settings.free_microphones && lesson.open.contains(user) {
        return (cx.tr("lesson-state-open"), t.accent_text);
    }
    if let Some(packets) = lesson.refused.get(user) {
        return (cx.tr_with("lesson-state-refused", &[("count", &packets.to_string())]), t.warning_text);
    }
    (cx.tr("lesson-state-here"), t.text_weak)
}

fn person_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId, person: &Person, view: &mut LessonView) {
    let t = theme::of(ui);
    let name = scene.name(user);
    let left = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        let (words, ink) = state(cx, scene, user, person, t);
        let face = ui.cursor().min;
        let there = person.at != Whereabouts::Gone;
        ui.scope(|ui| {
            if !there {
                ui.set_opacity(0.6);
            }
            widgets::avatar_ui(ui, name, FACE, if there { 0.3 * scene.ring(cx, user) } else { 0.0 });
        });
        let mut title = name.to_owned();
        if user == scene.me {
            title = format!("{title} · {}", cx.tr("group-you"));
        }
        widgets::two_lines_ui(ui, RichText::new(title).font(theme::semibold(theme::size::BODY)), |ui| {
            if scene.lesson.hand_of(user).is_some() {
                widgets::icon_ui(ui, icons::HAND_PALM, 15.0, ink);
            }
            widgets::line_ui(ui, RichText::new(&words).size(theme::size::SMALL).color(ink)).on_hover_text(&words);
        });
        floating_ui(ui, scene, user, face + egui::vec2(FACE - 6.0, 6.0));
    };
    let right = |ui: &mut Ui| {
        if person.teacher && (!scene.names_teachers() || user == scene.me) {
            return;
        }
        let words = cx.tr_with("lesson-student-menu", &[("name", name)]);
        let button = widgets::small_icon_button_ui(ui, icons::DOTS_THREE_VERTICAL, &words);
        widgets::menu_ui(&button, |ui| student_menu_ui(ui, cx, scene, user, view));
    };
    widgets::row_ui(ui, ROW, left, right);
}

fn student_menu_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId, view: &mut LessonView) {
    let lesson = scene.lesson;
    if lesson.is_teacher(user) {
        role_ui(ui, cx, scene, user, false);
        return hand_over_ui(ui, cx, scene, user, view);
    }
    let only = || Whose::Of(vec![user.clone()]);
    let item = |ui: &mut Ui, icon, word: &str, command: LessonCommand| {
        if widgets::menu_item_ui(ui, icon, &cx.tr(word), false).clicked() {
            cx.send(Command::Lesson(command));
        }
    };
    if lesson.barred.contains(user) {
        return item(ui, icons::DOOR_OPEN, "lesson-readmit", LessonCommand::Readmit(user.clone()));
    }
    if scene.may_be_invited(user) && scene.floors_left() > 0 {
        item(ui, icons::MICROPHONE, "lesson-let-speak", LessonCommand::LetSpeak(user.clone()));
    }
    if lesson.offer_to(user).is_some() {
        item(ui, icons::X, "lesson-cancel-offer", LessonCommand::TakeOfferBack(user.clone()));
    }
    if lesson.floor_of(user).is_some() || lesson.open.contains(user) {
        let close = LessonCommand::SetMicrophones { open: false, whose: only() };
        item(ui, icons::MICROPHONE_SLASH, "lesson-close-theirs", close);
    }
    if lesson.hand_of(user).is_some() {
        item(ui, icons::HAND_PALM, "lesson-lower-theirs", LessonCommand::LowerHands(only()));
    }
    if scene.names_teachers() {
        role_ui(ui, cx, scene, user, true);
        hand_over_ui(ui, cx, scene, user, view);
    }
    if !lesson.is_gone(user) && widgets::menu_item_ui(ui, icons::PROHIBIT, &cx.tr("lesson-remove"), true).clicked() {
        view.form = Some(LessonForm::Remove { user: user.clone(), reason: String::new(), greeted: false });
    }
}

/// Makes somebody a teacher of the class, or a student again.
fn role_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId, teacher: bool) {
    let Some(group) = scene.group else { return };
    let words = cx.tr(if teacher { "lesson-make-teacher" } else { "lesson-unmake-teacher" });
    if widgets::menu_item_ui(ui, if teacher { icons::SHIELD_STAR } else { icons::USERS }, &words, false).clicked() {
        let (group_id, user_id) = (group.id.clone(), user.clone());
        cx.send(Command::Group(GroupCommand::SetAdmin { group_id, user_id, admin: teacher }));
    }
}

/// Gives the class, and with it the lesson, to somebody else.
fn hand_over_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId, view: &mut LessonView) {
    if scene.group.is_some_and(Group::is_mine)
        && widgets::menu_item_ui(ui, icons::CROWN, &cx.tr("lesson-hand-over"), false).clicked()
    {
        view.form = Some(LessonForm::HandOver(user.clone()));
    }
}
