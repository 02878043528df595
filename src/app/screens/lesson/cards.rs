//! What a student is asked: one thing at a time, large and calm. An invitation to speak comes first.

use egui::{Frame, Label, Margin, RichText, Ui};

use crate::{
    class::{Offer, Prompt},
    engine::{Command, LessonCommand},
    protocol::{class_data::ClassCommand, lesson::Mine},
};

use super::super::super::{
    Cx, icons, lesson_words, theme,
    widgets::{self, ButtonKind},
};
use super::scene::Scene;

/// Buttons side by side.
const BUTTON: f32 = 210.0;
const HEIGHT: f32 = 56.0;
const GAP: f32 = 12.0;

/// What waits for an answer of this student's, if anything.
pub(super) fn asked_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    if let Some(offer) = scene.lesson.offer_to(scene.me) {
        offer_ui(ui, cx, scene, offer);
    } else if let Some(prompt) = open_prompt(scene) {
        ui.push_id(&prompt.invite, |ui| prompt_ui(ui, cx, scene, prompt));
    }
}

/// Whether the card asks for the hand, so that no other button needs to.
pub(super) fn asks_for_hands(scene: &Scene<'_>) -> bool {
    scene.lesson.offer_to(scene.me).is_none()
        && open_prompt(scene).is_some_and(|prompt| prompt.command == ClassCommand::RaiseHands)
}

/// The oldest question that waits for this student. Whose hand is up, or who has the floor, is not asked for a hand.
fn open_prompt<'a>(scene: &Scene<'a>) -> Option<&'a Prompt> {
    let lesson = scene.lesson;
    let served = lesson.hand_of(scene.me).is_some() || lesson.floor_of(scene.me).is_some();
    let waits = |prompt: &&Prompt| prompt.command != ClassCommand::RaiseHands || !served;
    lesson.prompts.iter().filter(|prompt| prompt.mine == Mine::Open && !prompt.over).find(waits)
}

/// A card with its heading, which is read out when it comes.
fn card_ui(ui: &mut Ui, who: &str, what: &str, left: Option<String>, answers: impl FnOnce(&mut Ui)) {
    let t = theme::of(ui);
    let frame = Frame::new().fill(t.panel).stroke(egui::Stroke::new(2.0, t.accent_text));
    frame.corner_radius(theme::RADIUS_CARD).inner_margin(Margin::symmetric(20, 16)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.vertical_centered(|ui| {
            ui.label(RichText::new(who).color(t.text_weak));
            let title = RichText::new(what).font(theme::semibold(theme::size::TITLE));
            let response = ui.add(Label::new(title).wrap());
            widgets::announce(ui, &response);
            if let Some(left) = left {
                ui.label(RichText::new(left).size(theme::size::SMALL).color(t.text_weak));
            }
            ui.add_space(6.0);
            answers(ui);
        });
    });
}

/// How long there is for an answer, in words.
fn left(cx: &Cx<'_>, scene: &Scene<'_>, until_ms: Option<u64>) -> Option<String> {
    until_ms.map(|until| cx.tr_with("lesson-time-left", &[("time", &scene.left(until))]))
}

/// Buttons side by side in the middle; the number of the one that was pressed.
fn buttons_ui(ui: &mut Ui, buttons: &[(ButtonKind, Option<icons::Icon>, String)]) -> Option<usize> {
    let mut pressed = None;
    let count = buttons.len() as f32;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let width = BUTTON.min((ui.available_width() - (count - 1.0) * GAP) / count);
        ui.add_space(((ui.available_width() - count * width - (count - 1.0) * GAP) / 2.0 - GAP).max(0.0));
        for (at, (kind, icon, word)) in buttons.iter().enumerate() {
            if widgets::big_button_ui(ui, *kind, *icon, word, width, HEIGHT).clicked() {
                pressed = Some(at);
            }
        }
    });
    pressed
}

fn offer_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, offer: &Offer) {
    let what = cx.tr_with("lesson-offer", &[("name", scene.name(&offer.by))]);
    card_ui(ui, &cx.tr("lesson-offer-line"), &what, left(cx, scene, offer.until_ms), |ui| {
        let buttons = [
            (ButtonKind::Primary, Some(icons::MICROPHONE_FILL), cx.tr("lesson-speak")),
            (ButtonKind::Secondary, None, cx.tr("lesson-not-now")),
        ];
        if let Some(at) = buttons_ui(ui, &buttons) {
            cx.send(Command::Lesson(LessonCommand::AnswerOffer { accept: at == 0 }));
        }
    });
}

fn prompt_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, prompt: &Prompt) {
    let who = cx.tr_with("lesson-asks", &[("name", scene.name(&prompt.by))]);
    let left = left(cx, scene, prompt.until_ms);
    let answer = |choice: Option<u8>| cx.send(Command::Lesson(LessonCommand::Answer(prompt.invite.clone(), choice)));
    match &prompt.command {
        ClassCommand::RaiseHands => card_ui(ui, &who, &cx.tr("lesson-who-speaks"), left, |ui| {
            let buttons = [
                (ButtonKind::Primary, Some(icons::HAND_PALM), cx.tr("lesson-raise-hand")),
                (ButtonKind::Secondary, None, cx.tr("lesson-not-now")),
            ];
            match buttons_ui(ui, &buttons) {
                Some(0) => cx.send(Command::Lesson(LessonCommand::RaiseHand)),
                Some(_) => answer(None),
                None => {}
            }
        }),
        ClassCommand::RollCall => card_ui(ui, &who, &cx.tr("lesson-who-is-here"), left, |ui| {
            if buttons_ui(ui, &[(ButtonKind::Primary, Some(icons::CHECK), cx.tr("lesson-i-am-here"))]).is_some() {
                answer(Some(0));
            }
        }),
        ClassCommand::Poll { question, choices } => card_ui(ui, &who, question, left, |ui| {
            let words = lesson_words::choices(cx.text, &prompt.command);
            let pressed = if choices.is_empty() {
                let buttons: Vec<_> = words.into_iter().map(|word| (ButtonKind::Primary, None, word)).collect();
                buttons_ui(ui, &buttons)
            } else {
                ui.spacing_mut().item_spacing.y = 6.0;
                let width = ui.available_width();
                let button = |ui: &mut Ui, word: &str| {
                    widgets::big_button_ui(ui, ButtonKind::Secondary, None, word, width, 44.0).clicked()
                };
                let mut pressed = None;
                for (at, word) in words.iter().enumerate() {
                    if ui.push_id(at, |ui| button(ui, word)).inner {
                        pressed = Some(at);
                    }
                }
                pressed
            };
            if let Some(choice) = pressed.and_then(|at| u8::try_from(at).ok()) {
                answer(Some(choice));
            }
        }),
        ClassCommand::Speak | ClassCommand::AskToSpeak | ClassCommand::React { .. } => {}
    }
}
