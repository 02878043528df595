//! The bar of a lesson: the own microphone, devices, signs, and the way out.

use egui::{Align, Layout, Ui};

use crate::{
    engine::{Command, LessonCommand},
    protocol::class_data::Reaction,
};

use super::super::super::{
    Cx, icons,
    lesson_view::{LessonForm, LessonView},
    lesson_words,
    widgets::{self, ButtonKind},
};
use super::super::call_bar;
use super::{icon_of, scene::Scene};

/// Height of the bar.
pub(super) const HEIGHT: f32 = 68.0;
const BUTTON: f32 = 44.0;
/// From here on, points, there is room for words on the button that ends the lesson.
const ROOM_FOR_WORDS: f32 = 620.0;

pub(super) fn bar_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, view: &mut LessonView) {
    let wide = ui.available_width() > ROOM_FOR_WORDS;
    ui.horizontal(|ui| {
        mute_ui(ui, cx, scene);
        call_bar::microphone_button_ui(ui, cx, BUTTON);
        call_bar::speaker_button_ui(ui, cx, scene.call, BUTTON);
        ui.add_space(if wide { 20.0 } else { 4.0 });
        for reaction in [Reaction::ThumbsUp, Reaction::Applause, Reaction::Question] {
            let name = cx.tr_with("lesson-react", &[("what", &lesson_words::reaction(cx.text, reaction))]);
            let button = widgets::round_button_ui(ui, ButtonKind::Secondary, icon_of(reaction), BUTTON, &name);
            if button.clicked() {
                cx.send(Command::Lesson(LessonCommand::React(reaction)));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| way_out_ui(ui, cx, scene, wide, view));
    });
}

/// Out of the lesson alone, or with everybody.
fn way_out_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, wide: bool, view: &mut LessonView) {
    let leave = cx.tr("lesson-leave");
    if widgets::wide_button_ui(ui, ButtonKind::Danger, Some(icons::SIGN_OUT), &leave, 0.0).clicked() {
        cx.send(Command::HangUp(scene.call.call_id.clone()));
    }
    if !scene.teaches {
        return;
    }
    let (kind, icon, end) = (ButtonKind::Secondary, icons::STOP_CIRCLE, cx.tr("lesson-end"));
    let pressed = if wide {
        widgets::wide_button_ui(ui, kind, Some(icon), &end, 0.0)
    } else {
        widgets::round_button_ui(ui, kind, icon, BUTTON, &end)
    };
    if pressed.clicked() {
        view.form = Some(LessonForm::End);
    }
}

/// Who may not speak has nothing to mute.
fn mute_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let open = scene.may_speak();
    let muted = cx.state.audio.muted;
    let (kind, icon, name) = match (open, muted) {
        (false, _) => (ButtonKind::Secondary, icons::MICROPHONE_SLASH_FILL, "lesson-microphone-closed"),
        (true, true) => (ButtonKind::On, icons::MICROPHONE_SLASH_FILL, "call-unmute"),
        (true, false) => (ButtonKind::Secondary, icons::MICROPHONE_FILL, "call-mute"),
    };
    let name = cx.tr(name);
    let pressed = ui.add_enabled_ui(open, |ui| {
        let button = widgets::round_button_ui(ui, kind, icon, BUTTON, &name);
        if open && !muted {
            call_bar::level_ui(ui, cx, button.rect);
        }
        button.clicked()
    });
    if pressed.inner {
        cx.send(Command::SetMuted(!muted));
    }
}
