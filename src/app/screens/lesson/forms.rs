//! What a teacher fills in: a lesson that is about to begin, its settings, a poll, and questions before what cannot be
//! undone.

use egui::{RichText, Ui};

use crate::{
    engine::{
        Command, LessonCommand,
        state::{Group, Session},
    },
    protocol::{
        UserId,
        lesson::{FLOORS_MAX, LessonSettings},
        limits,
    },
};

use super::super::super::{
    Cx,
    groups_view::Question,
    icons,
    lesson_view::{LessonForm, LessonView, PollForm, SILENCES_S, StartLesson, TIMES_S, is_reason},
    lesson_words, theme,
    widgets::{self, ButtonKind},
};
use super::{super::group, scene::Scene};

const WIDTH: f32 = 520.0;

/// What becomes of a form.
enum Outcome {
    Stays,
    Closes,
}

/// The form that is open, over the desk.
pub(super) fn form_ui(ui: &Ui, cx: &Cx<'_>, scene: &Scene<'_>, view: &mut LessonView) {
    // Whoever is no teacher any more has nothing to fill in.
    let Some(mut form) = view.form.take().filter(|_| scene.teaches) else { return };
    let outcome = match &mut form {
        LessonForm::Settings(settings) => settings_ui(ui, cx, scene.lesson.settings, settings),
        LessonForm::Poll(poll) => poll_ui(ui, cx, poll),
        LessonForm::Remove { user, reason, greeted } => remove_ui(ui, cx, scene, user, (reason, greeted)),
        LessonForm::HandOver(user) => hand_over_ui(ui, cx, scene, user),
        LessonForm::End => end_ui(ui, cx),
    };
    if matches!(outcome, Outcome::Stays) {
        view.form = Some(form);
    }
}

/// A lesson that is about to begin in a group; whether the form is to be closed.
pub(crate) fn start_ui(ui: &Ui, cx: &Cx<'_>, group: &Group, form: &mut StartLesson) -> bool {
    let title = cx.tr_with("lesson-start-title", &[("group", &group.name)]);
    let mut close = false;
    let left = widgets::dialog_ui(ui, &title, &cx.tr("form-close"), WIDTH, |ui| {
        settings_rows_ui(ui, cx, &mut form.settings);
        widgets::form_row_ui(ui, &cx.tr("lesson-ring"), Some(&cx.tr("lesson-ring-line")), |ui| {
            if widgets::switch_ui(ui, form.ring, &cx.tr("lesson-ring")).clicked() {
                form.ring = !form.ring;
            }
        });
        ui.add_space(8.0);
        let usable = cx.state.session == Session::Online;
        close = footer_ui(ui, cx, &cx.tr("lesson-start"), usable, || {
            let me = cx.state.me.as_ref().map(|me| &me.user);
            let others = group.members.iter().map(|member| &member.user).filter(|user| Some(*user) != me);
            let members = others.take(limits::INVITEES_MAX).cloned().collect();
            cx.send(Command::Lesson(form.command(group.id.clone(), members)));
        });
    });
    close || left
}

/// The buttons at the foot of a form; whether it is to be closed.
fn footer_ui(ui: &mut Ui, cx: &Cx<'_>, word: &str, usable: bool, done: impl FnOnce()) -> bool {
    let mut close = false;
    widgets::sides_ui(
        ui,
        |ui| {
            let button = |ui: &mut Ui| widgets::button_ui(ui, ButtonKind::Primary, None, word).clicked();
            if ui.add_enabled_ui(usable, button).inner {
                done();
                close = true;
            }
            close |= widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("cancel")).clicked();
        },
        |_| {},
    );
    close
}

/// What teachers choose.
fn settings_rows_ui(ui: &mut Ui, cx: &Cx<'_>, settings: &mut LessonSettings) {
    let floors = cx.tr("lesson-floors");
    widgets::form_row_ui(ui, &floors, Some(&cx.tr("lesson-floors-line")), |ui| {
        let step = |ui: &mut Ui, icon, word: &str, usable: bool| {
            ui.add_enabled_ui(usable, |ui| widgets::small_icon_button_ui(ui, icon, &cx.tr(word)).clicked()).inner
        };
        if step(ui, icons::MINUS, "lesson-fewer-floors", settings.floors > 1) {
            settings.floors -= 1;
        }
        ui.label(RichText::new(settings.floors.to_string()).font(theme::semibold(theme::size::HEADING)));
        if step(ui, icons::PLUS, "lesson-more-floors", settings.floors < FLOORS_MAX) {
            settings.floors += 1;
        }
    });
    for (word, line, on) in [
        ("lesson-unasked", "lesson-unasked-line", &mut settings.unasked_hands),
        ("lesson-free", "lesson-free-line", &mut settings.free_microphones),
    ] {
        let word = cx.tr(word);
        widgets::form_row_ui(ui, &word, Some(&cx.tr(line)), |ui| {
            if widgets::switch_ui(ui, *on, &word).clicked() {
                *on = !*on;
            }
        });
    }
    widgets::form_row_ui(ui, &cx.tr("lesson-silence"), Some(&cx.tr("lesson-silence-line")), |ui| {
        let words = SILENCES_S.map(|seconds| lesson_words::silence(cx.text, seconds));
        // Another program may have chosen another one: then none of these holds.
        let chosen = SILENCES_S.iter().position(|seconds| *seconds == settings.silence_s).unwrap_or(usize::MAX);
        if let Some(seconds) = widgets::segmented_ui(ui, &words, chosen, false).and_then(|at| SILENCES_S.get(at)) {
            settings.silence_s = *seconds;
        }
    });
}

fn settings_ui(ui: &Ui, cx: &Cx<'_>, now: LessonSettings, settings: &mut LessonSettings) -> Outcome {
    let mut close = false;
    let left = widgets::dialog_ui(ui, &cx.tr("lesson-settings"), &cx.tr("form-close"), WIDTH, |ui| {
        settings_rows_ui(ui, cx, settings);
        ui.add_space(8.0);
        close = footer_ui(ui, cx, &cx.tr("form-save"), *settings != now, || {
            cx.send(Command::Lesson(LessonCommand::Set(*settings)));
        });
    });
    closed(close || left)
}

fn closed(close: bool) -> Outcome {
    if close { Outcome::Closes } else { Outcome::Stays }
}

fn poll_ui(ui: &Ui, cx: &Cx<'_>, poll: &mut PollForm) -> Outcome {
    let mut close = false;
    let left = widgets::dialog_ui(ui, &cx.tr("lesson-poll-title"), &cx.tr("form-close"), WIDTH, |ui| {
        let question = ui
            .scope(|ui| widgets::labelled_field_ui(ui, &cx.tr("lesson-poll-question"), "", &mut poll.question, false));
        if !std::mem::replace(&mut poll.greeted, true) {
            question.inner.request_focus();
        }
        let kinds = [cx.tr("lesson-poll-yes-no"), cx.tr("lesson-poll-own")];
        if let Some(kind) = widgets::segmented_ui(ui, &kinds, usize::from(poll.own), true) {
            poll.own = kind == 1;
        }
        if poll.own {
            for (at, choice) in poll.choices.iter_mut().enumerate() {
                let label = cx.tr_with("lesson-poll-choice", &[("count", &(at + 1).to_string())]);
                ui.horizontal(|ui| {
                    let words = RichText::new(&label).size(theme::size::SMALL).color(theme::of(ui).text_weak);
                    ui.add_sized(egui::vec2(64.0, theme::TARGET), egui::Label::new(words));
                    let width = ui.available_width() - 24.0;
                    widgets::field_ui(ui, &label, choice, width);
                });
            }
            if poll.may_grow()
                && widgets::button_ui(ui, ButtonKind::Quiet, Some(icons::PLUS), &cx.tr("lesson-poll-more")).clicked()
            {
                poll.choices.push(String::new());
            }
        }
        let title = cx.tr("lesson-poll-time");
        ui.label(RichText::new(title).size(theme::size::SMALL).color(theme::of(ui).text_weak));
        let times = TIMES_S.map(|seconds| lesson_words::time_limit(cx.text, seconds));
        let chosen = TIMES_S.iter().position(|seconds| *seconds == poll.timeout_s).unwrap_or(0);
        if let Some(seconds) = widgets::segmented_ui(ui, &times, chosen, true).and_then(|at| TIMES_S.get(at)) {
            poll.timeout_s = *seconds;
        }
        ui.add_space(8.0);
        let command = poll.command();
        close = footer_ui(ui, cx, &cx.tr("lesson-poll-ask"), command.is_some(), || {
            if let Some(command) = command {
                cx.send(Command::Lesson(LessonCommand::Ask { command, timeout_s: poll.timeout_s }));
            }
        });
    });
    closed(close || left)
}

fn remove_ui(
    ui: &Ui,
    cx: &Cx<'_>,
    scene: &Scene<'_>,
    user: &UserId,
    (reason, greeted): (&mut String, &mut bool),
) -> Outcome {
    let title = cx.tr_with("lesson-remove-title", &[("name", scene.name(user))]);
    let mut close = false;
    let left = widgets::dialog_ui(ui, &title, &cx.tr("form-close"), 440.0, |ui| {
        let t = theme::of(ui);
        ui.label(RichText::new(cx.tr("lesson-remove-line")).color(t.text_weak));
        let field = ui.scope(|ui| widgets::labelled_field_ui(ui, &cx.tr("lesson-remove-reason"), "", reason, false));
        if !std::mem::replace(greeted, true) {
            field.inner.request_focus();
        }
        if !is_reason(reason) {
            ui.label(RichText::new(cx.tr("form-too-long")).size(theme::size::SMALL).color(t.danger_text));
        }
        ui.add_space(8.0);
        close = footer_ui(ui, cx, &cx.tr("lesson-remove-confirm"), is_reason(reason), || {
            let (user, reason) = (user.clone(), reason.trim().to_owned());
            cx.send(Command::Lesson(LessonCommand::Remove { user, reason }));
        });
    });
    closed(close || left)
}

/// The class, and with it the lesson, gets another owner: the question is the one of the group's page.
fn hand_over_ui(ui: &Ui, cx: &Cx<'_>, scene: &Scene<'_>, user: &UserId) -> Outcome {
    let Some(group) = scene.group else { return Outcome::Closes };
    let question = Question::HandOver(user.clone());
    match group::question_ui(ui, cx, group, &question) {
        Some(yes) => {
            if yes {
                cx.send(Command::Group(group::answer(group, question)));
            }
            Outcome::Closes
        }
        None => Outcome::Stays,
    }
}

fn end_ui(ui: &Ui, cx: &Cx<'_>) -> Outcome {
    let (title, line) = (cx.tr("lesson-end-title"), cx.tr("lesson-end-line"));
    match widgets::confirm_ui(ui, &title, &line, &cx.tr("lesson-end"), &cx.tr("cancel")) {
        Some(yes) => {
            if yes {
                cx.send(Command::Lesson(LessonCommand::End));
            }
            Outcome::Closes
        }
        None => Outcome::Stays,
    }
}
