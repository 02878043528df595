//! The left side of the desk: questions that are open, floors and invitations to speak, hands in their order, and what
//! came of the last questions.

use egui::{Frame, Margin, RichText, ScrollArea, Ui};

use crate::{
    class::{Floor, Hand, Offer, Prompt, Whose},
    engine::{Command, LessonCommand},
    protocol::{UserId, class_data::ClassCommand},
};

use super::super::super::{
    Cx, icons, theme,
    widgets::{self, ButtonKind},
};
use super::{floating_ui, results, scene::Scene, title_ui, weak_ui};

const ROW: f32 = 52.0;
const FACE: f32 = 36.0;

pub(super) fn queue_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>) {
    let lesson = scene.lesson;
    ScrollArea::vertical().id_salt("queue").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        for prompt in lesson.prompts.iter().filter(|prompt| !prompt.over) {
            ui.push_id(&prompt.invite, |ui| prompt_ui(ui, cx, scene, prompt));
        }
        let taken = [("count", lesson.floors.len().to_string()), ("total", lesson.settings.floors.to_string())];
        let taken = taken.each_ref().map(|(name, value)| (*name, value.as_str()));
        title_ui(ui, &cx.tr_with("lesson-floors-title", &taken));
        if lesson.floors.is_empty() && lesson.offers.is_empty() {
            weak_ui(ui, &cx.tr("lesson-floors-empty"));
        }
        for floor in &lesson.floors {
            ui.push_id((&floor.user, "floor"), |ui| floor_ui(ui, cx, scene, floor));
        }
        for offer in &lesson.offers {
            ui.push_id((&offer.user, "offer"), |ui| offer_ui(ui, cx, scene, offer));
        }
        ui.add_space(6.0);
        title_ui(ui, &format!("{}  {}", cx.tr("lesson-hands-title"), lesson.hands.len()));
        if lesson.hands.is_empty() {
            let line = if lesson.settings.unasked_hands { "lesson-hands-empty" } else { "lesson-hands-empty-asked" };
            weak_ui(ui, &cx.tr(line));
        }
        for (at, hand) in lesson.hands.iter().enumerate() {
            ui.push_id((&hand.user, "hand"), |ui| hand_ui(ui, cx, scene, at + 1, hand));
        }
        for prompt in lesson.prompts.iter().filter(|prompt| prompt.over) {
            ui.push_id(&prompt.invite, |ui| prompt_ui(ui, cx, scene, prompt));
        }
        ui.add_space(12.0);
    });
}

/// A question to the class, and what has come of it so far.
fn prompt_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, prompt: &Prompt) {
    let t = theme::of(ui);
    let ground = if prompt.over { t.panel } else { t.accent_surface };
    let frame = Frame::new().fill(ground).stroke(egui::Stroke::new(1.0, t.line)).corner_radius(theme::RADIUS_CARD);
    frame.inner_margin(Margin::symmetric(14, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let words = match prompt.until_ms {
            _ if prompt.over => cx.tr("lesson-asked-over"),
            Some(until) => cx.tr_with("lesson-time-left", &[("time", &scene.left(until))]),
            None => cx.tr("lesson-no-limit"),
        };
        let stop = |ui: &mut Ui| {
            if !prompt.over && widgets::button_ui(ui, ButtonKind::Secondary, None, &cx.tr("lesson-stop")).clicked() {
                cx.send(Command::Lesson(LessonCommand::StopAsking(prompt.invite.clone())));
            }
        };
        let head = |ui: &mut Ui, line: &str| {
            widgets::sides_ui(ui, stop, |ui| {
                widgets::line_ui(ui, RichText::new(line).size(theme::size::SMALL).color(t.text_weak));
            });
        };
        match &prompt.command {
            ClassCommand::Poll { .. } => {
                head(ui, &format!("{} · {words}", cx.tr("lesson-poll")));
                results::poll_ui(ui, cx, prompt);
            }
            ClassCommand::RollCall => {
                head(ui, &words);
                results::roll_call_ui(ui, cx, scene, prompt);
            }
            _ => {
                let answered = results::answered_words(cx, prompt.answers.len(), prompt.asked());
                head(ui, &format!("{} · {words} · {answered}", cx.tr("lesson-hands-asked")));
            }
        }
    });
}

/// Somebody in a row: number or face, name, a line, and buttons at the right.
fn row_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    scene: &Scene<'_>,
    (number, user): (Option<usize>, &UserId),
    line: &str,
    buttons: impl FnOnce(&mut Ui),
) {
    let t = theme::of(ui);
    let name = scene.name(user);
    let left = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        if let Some(number) = number {
            let number = RichText::new(format!("{number}")).font(theme::semibold(theme::size::BODY));
            ui.label(number.color(t.accent_text));
        }
        let face = ui.cursor().min;
        widgets::avatar_ui(ui, name, FACE, 0.3 * scene.ring(cx, user));
        widgets::two_lines_ui(ui, RichText::new(name).font(theme::semibold(theme::size::BODY)), |ui| {
            widgets::line_ui(ui, RichText::new(line).size(theme::size::SMALL).color(t.text_weak)).on_hover_text(line);
        });
        floating_ui(ui, scene, user, face + egui::vec2(FACE - 6.0, 6.0));
    };
    widgets::row_ui(ui, ROW, left, buttons);
}

/// A button whose name says about whom it is.
fn about_ui(ui: &mut Ui, cx: &Cx<'_>, kind: ButtonKind, (word, id): (&str, &str), name: &str) -> bool {
    let button = widgets::button_ui(ui, kind, None, &cx.tr(word));
    widgets::name(ui, &button, &cx.tr_with(id, &[("name", name)]));
    button.clicked()
}

fn floor_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, floor: &Floor) {
    let name = scene.name(&floor.user);
    let mut line = format!("{} · {}", cx.tr("lesson-state-floor"), scene.passed(floor.since_ms));
    if floor.by != *scene.me {
        line = format!("{line} · {}", cx.tr_with("lesson-given-by", &[("by", scene.name(&floor.by))]));
    }
    row_ui(ui, cx, scene, (None, &floor.user), &line, |ui| {
        let words = ("lesson-take-back", "lesson-take-back-name");
        if about_ui(ui, cx, ButtonKind::Secondary, words, name) {
            cx.send(Command::Lesson(LessonCommand::EndFloors(Whose::Of(vec![floor.user.clone()]))));
        }
    });
}

fn offer_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, offer: &Offer) {
    let name = scene.name(&offer.user);
    let mut line = cx.tr("lesson-state-offered");
    if let Some(until) = offer.until_ms {
        line = format!("{line} · {}", cx.tr_with("lesson-time-left", &[("time", &scene.left(until))]));
    }
    row_ui(ui, cx, scene, (None, &offer.user), &line, |ui| {
        let words = ("cancel", "lesson-cancel-offer-name");
        if about_ui(ui, cx, ButtonKind::Secondary, words, name) {
            cx.send(Command::Lesson(LessonCommand::TakeOfferBack(offer.user.clone())));
        }
    });
}

fn hand_ui(ui: &mut Ui, cx: &Cx<'_>, scene: &Scene<'_>, place: usize, hand: &Hand) {
    let name = scene.name(&hand.user);
    let lesson = scene.lesson;
    let mut line = cx.tr_with("lesson-waiting", &[("time", &scene.passed(hand.since_ms))]);
    if lesson.floor_of(&hand.user).is_some() {
        line = cx.tr("lesson-state-floor");
    } else if lesson.offer_to(&hand.user).is_some() {
        line = cx.tr("lesson-state-offered");
    }
    row_ui(ui, cx, scene, (Some(place), &hand.user), &line, |ui| {
        let usable = scene.may_be_invited(&hand.user) && scene.floors_left() > 0;
        let words = ("lesson-let-speak", "lesson-let-speak-name");
        let pressed = ui.add_enabled_ui(usable, |ui| about_ui(ui, cx, ButtonKind::Primary, words, name));
        if pressed.inner {
            cx.send(Command::Lesson(LessonCommand::LetSpeak(hand.user.clone())));
        }
        // A hand that was raised unasked is a question: it gets an answer.
        let (word, command) = if hand.invite.is_some() {
            ("lesson-decline-name", LessonCommand::Decline(hand.user.clone()))
        } else {
            ("lesson-lower-name", LessonCommand::LowerHands(Whose::Of(vec![hand.user.clone()])))
        };
        if widgets::small_icon_button_ui(ui, icons::X, &cx.tr_with(word, &[("name", name)])).clicked() {
            cx.send(Command::Lesson(command));
        }
    });
}
