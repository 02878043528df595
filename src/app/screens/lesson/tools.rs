//! What a teacher does with the whole class: ask for hands, give the floor, call the roll, take a poll, close microphones.

use egui::{Response, Ui};

use crate::{
    class::Whose,
    engine::{Command, LessonCommand},
    protocol::{UserId, class_data::ClassCommand, lesson::LessonSettings},
};

use super::super::super::{
    Cx, icons,
    lesson_view::{LessonForm, LessonView, PollForm, TIMES_S},
    lesson_words,
    widgets::{self, ButtonKind},
};
use super::scene::Scene;

pub(super) fn tools_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, view: &mut LessonView) {
    let lesson = scene.lesson;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 6.0);
        let hands = ClassCommand::RaiseHands;
        let ask = tool_ui(ui, lesson.open_prompt(&hands).is_none(), icons::HAND_PALM, &cx.tr("lesson-ask-hands"));
        times_ui(cx, &ask, &hands);
        next_ui(ui, cx, scene);
        random_ui(ui, cx, scene);
        let roll = ClassCommand::RollCall;
        let call = tool_ui(ui, lesson.open_prompt(&roll).is_none(), icons::LIST_CHECKS, &cx.tr("lesson-roll-call"));
        times_ui(cx, &call, &roll);
        let poll = ClassCommand::Poll { question: String::new(), choices: Vec::new() };
        let free = lesson.open_prompt(&poll).is_none();
        if tool_ui(ui, free, icons::CHART_BAR_HORIZONTAL, &cx.tr("lesson-poll")).clicked() {
            view.form = Some(LessonForm::Poll(PollForm::default()));
        }
        microphones_ui(ui, cx, scene);
        let lower = tool_ui(ui, !lesson.hands.is_empty(), icons::X, &cx.tr("lesson-lower-all"));
        if lower.clicked() {
            cx.send(Command::Lesson(LessonCommand::LowerHands(Whose::All)));
        }
    });
}

fn tool_ui(ui: &mut Ui, usable: bool, icon: icons::Icon, word: &str) -> Response {
    // What can be switched off has no width until it is there: the row must be broken before it.
    let fits = widgets::button_width(ui, Some(icon), word) <= ui.available_size_before_wrap().x;
    if !fits {
        ui.end_row();
    }
    ui.add_enabled_ui(usable, |ui| widgets::button_ui(ui, ButtonKind::Secondary, Some(icon), word)).inner
}

/// A menu of times below a button; the one that is chosen asks the class.
fn times_ui(cx: &Cx<'_>, button: &Response, command: &ClassCommand) {
    widgets::menu_ui(button, |ui| {
        for timeout_s in TIMES_S {
            let words = lesson_words::time_limit(cx.text, timeout_s);
            if widgets::menu_item_ui(ui, icons::CLOCK, &words, false).clicked() {
                cx.send(Command::Lesson(LessonCommand::Ask { command: command.clone(), timeout_s }));
            }
        }
    });
}

/// The first hand whose owner can be invited.
fn next_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let next = scene.lesson.hands.iter().map(|hand| &hand.user).find(|user| scene.may_be_invited(user));
    let next = next.filter(|_| scene.floors_left() > 0);
    if tool_ui(ui, next.is_some(), icons::SKIP_FORWARD, &cx.tr("lesson-next")).clicked()
        && let Some(user) = next
    {
        cx.send(Command::Lesson(LessonCommand::LetSpeak(user.clone())));
    }
}

/// One of those who have had the fewest turns.
fn random_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let quiet = quietest(scene);
    let usable = !quiet.is_empty() && scene.floors_left() > 0;
    let button = tool_ui(ui, usable, icons::SHUFFLE, &cx.tr("lesson-random"));
    if button.on_hover_text(cx.tr("lesson-random-line")).clicked()
        // Without the system's randomness, the first one is as good as any.
        && let Some(user) = quiet.get(getrandom::u32().unwrap_or_default() as usize % quiet.len().max(1))
    {
        cx.send(Command::Lesson(LessonCommand::LetSpeak((*user).clone())));
    }
}

/// Students who can be invited and have had the fewest turns.
fn quietest<'a>(scene: &Scene<'a>) -> Vec<&'a UserId> {
    let turns = |user: &UserId| scene.lesson.people.get(user).map_or(0, |person| person.turns);
    let free: Vec<&UserId> = scene.lesson.quiet_ones().into_iter().filter(|user| scene.may_be_invited(user)).collect();
    let fewest = free.first().map_or(0, |user| turns(user));
    free.into_iter().take_while(|user| turns(user) == fewest).collect()
}

fn microphones_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let settings = scene.lesson.settings;
    let mute = LessonCommand::SetMicrophones { open: false, whose: Whose::All };
    let free = |free_microphones| Command::Lesson(LessonCommand::Set(LessonSettings { free_microphones, ..settings }));
    let open = !scene.lesson.floors.is_empty() || !scene.lesson.open.is_empty();
    let button = tool_ui(ui, open, icons::MICROPHONE_SLASH, &cx.tr("lesson-mute-all"));
    if button.on_hover_text(cx.tr("lesson-mute-all-line")).clicked() {
        cx.send(Command::Lesson(mute.clone()));
    }
    if settings.free_microphones {
        let button = tool_ui(ui, true, icons::LOCK_SIMPLE, &cx.tr("lesson-mute-lock"));
        if button.on_hover_text(cx.tr("lesson-mute-lock-line")).clicked() {
            // The lock first, so that nobody opens again what is closed after it.
            cx.send(free(false));
            cx.send(Command::Lesson(mute));
        }
    } else {
        let button = tool_ui(ui, true, icons::LOCK_SIMPLE_OPEN, &cx.tr("lesson-unlock"));
        if button.on_hover_text(cx.tr("lesson-unlock-line")).clicked() {
            cx.send(free(true));
        }
    }
}
