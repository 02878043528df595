//! Lessons in the window: what students see, and what their buttons send.
#![cfg(feature = "desktop")]

mod ui_common;

use ahoy::{
    class::Whose,
    engine::{
        Command, LessonCommand, State,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
    },
    protocol::{
        class_data::{ClassCommand, Reaction},
        lesson::{LessonState, Mine},
    },
};
use egui::{Key, Role as Part};
use egui_kittest::{
    SnapshotResults,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{
    click,
    lesson::{
        As, busy, floor, hand, is_disabled, me, offer, over, person, picture, poll, prompt, quiet, shown, student, wish,
    },
    only,
};

const WAYS: [(&str, Language, Theme); 2] = [("en", English, Light), ("ko", Korean, Light)];

/// The teacher asks who wants to speak.
fn asked(language: Language, theme: Theme) -> State {
    student(language, theme, |state, lesson| {
        lesson.prompts = vec![prompt(ClassCommand::RaiseHands, person(state, 0), Some(24), Mine::Open)];
    })
}

fn hand_up(language: Language, theme: Theme) -> State {
    student(language, theme, |state, lesson| {
        lesson.hands =
            vec![hand(person(state, 2), 80, false), hand(me(state), 65, true), hand(person(state, 3), 5, true)];
    })
}

fn offered(language: Language, theme: Theme) -> State {
    student(language, theme, |state, lesson| {
        lesson.hands = vec![hand(me(state), 65, false)];
        lesson.offers = vec![offer(me(state), person(state, 0), 17)];
    })
}

fn with_floor(language: Language, theme: Theme) -> State {
    let mut state = student(language, theme, |state, lesson| {
        lesson.floors = vec![floor(state, me(state), person(state, 0), 42)];
        lesson.hands = vec![hand(me(state), 90, false)];
    });
    state.audio.microphone_level_dbfs = -22.0;
    state
}

fn polled(language: Language, theme: Theme, own: bool) -> State {
    student(language, theme, |state, lesson| {
        lesson.prompts = vec![prompt(poll(language, own), person(state, 0), None, Mine::Open)];
    })
}

fn roll_called(language: Language, theme: Theme) -> State {
    student(language, theme, |state, lesson| {
        lesson.prompts = vec![prompt(ClassCommand::RollCall, person(state, 0), Some(30), Mine::Open)];
    })
}

#[test]
fn pictures_of_students() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        picture(&mut results, format!("lesson_idle_{way}"), quiet(language, theme, As::Student));
        picture(&mut results, format!("lesson_asked_{way}"), asked(language, theme));
        picture(&mut results, format!("lesson_hand_{way}"), hand_up(language, theme));
        picture(&mut results, format!("lesson_offered_{way}"), offered(language, theme));
        picture(&mut results, format!("lesson_floor_{way}"), with_floor(language, theme));
        picture(&mut results, format!("lesson_poll_{way}"), polled(language, theme, true));
        picture(&mut results, format!("lesson_roll_call_{way}"), roll_called(language, theme));
        let reason = if language == English { "Noise in the microphone" } else { "마이크 잡음" };
        picture(&mut results, format!("lesson_removed_{way}"), over(language, theme, true, reason, true));
    }
    picture(&mut results, "lesson_floor_dark".into(), with_floor(English, Dark));
    picture(&mut results, "lesson_over_en".into(), over(English, Light, false, "", true));
}

#[test]
fn a_student_raises_and_lowers_the_hand() {
    let (fake, mut harness) = shown(quiet(English, Light, As::Student));
    click(&mut harness, Part::Button, "Raise hand");
    assert!(matches!(wish(&fake), LessonCommand::RaiseHand));
    harness.key_press(Key::H);
    harness.run();
    assert!(matches!(wish(&fake), LessonCommand::RaiseHand));
    fake.set(hand_up(English, Light));
    harness.run();
    assert!(harness.query_by_label("Your hand is up · one before you · 1:05").is_some());
    click(&mut harness, Part::Button, "Lower hand");
    assert!(matches!(wish(&fake), LessonCommand::LowerHands(Whose::Own)));
    harness.key_press(Key::H);
    harness.run();
    assert!(matches!(wish(&fake), LessonCommand::LowerHands(Whose::Own)));
}

#[test]
fn where_hands_are_not_free_a_student_waits_for_the_question() {
    let closed = |state: &mut LessonState| state.settings.unasked_hands = false;
    let (fake, mut harness) = shown(student(English, Light, |_, lesson| closed(lesson)));
    assert!(is_disabled(&harness, "Raise hand"));
    harness.key_press(Key::H);
    harness.run();
    assert!(fake.take_sent().is_empty());
    fake.set(student(English, Light, |state, lesson| {
        closed(lesson);
        lesson.prompts = vec![prompt(ClassCommand::RaiseHands, person(state, 0), None, Mine::Done)];
    }));
    harness.run();
    click(&mut harness, Part::Button, "Raise hand");
    assert!(matches!(wish(&fake), LessonCommand::RaiseHand));
}

#[test]
fn the_question_is_one_prompt_that_the_keyboard_reaches() {
    let (fake, mut harness) = shown(asked(English, Light));
    assert!(harness.query_by_label("Ada Lovelace asks the class").is_some());
    assert!(harness.query_by_label("0:24 left").is_some());
    assert_eq!(harness.query_all_by_role_and_label(Part::Button, "Raise hand").count(), 1, "one button for it");
    harness.get_by_role_and_label(Part::Button, "Raise hand").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(matches!(wish(&fake), LessonCommand::RaiseHand));
    click(&mut harness, Part::Button, "Not now");
    assert!(matches!(wish(&fake), LessonCommand::Answer(id, None) if id.as_str() == "hands-1"));
    // Read out when it comes.
    let title = harness.get_by_label("Who wants to speak?");
    assert_eq!(title.accesskit_node().data().live(), Some(egui::accesskit::Live::Polite));
}

#[test]
fn whose_hand_is_up_is_not_asked_for_it() {
    let (_, harness) = shown(student(English, Light, |state, lesson| {
        lesson.hands = vec![hand(me(state), 65, true)];
        lesson.prompts = vec![
            prompt(ClassCommand::RaiseHands, person(state, 0), None, Mine::Open),
            prompt(ClassCommand::RollCall, person(state, 0), None, Mine::Open),
        ];
    }));
    assert!(harness.query_by_label("Who wants to speak?").is_none());
    assert!(harness.query_by_role_and_label(Part::Button, "Lower hand").is_some());
    assert!(harness.query_by_role_and_label(Part::Button, "I am here").is_some(), "the next question");
}

#[test]
fn a_roll_call_is_one_tap_and_a_poll_has_its_choices() {
    let (fake, mut harness) = shown(roll_called(English, Light));
    click(&mut harness, Part::Button, "I am here");
    assert!(matches!(wish(&fake), LessonCommand::Answer(id, Some(0)) if id.as_str() == "roll-1"));
    fake.set(polled(English, Light, false));
    harness.run();
    click(&mut harness, Part::Button, "No");
    assert!(matches!(wish(&fake), LessonCommand::Answer(id, Some(1)) if id.as_str() == "poll-1"));
    fake.set(polled(English, Light, true));
    harness.run();
    click(&mut harness, Part::Button, "It depends");
    assert!(matches!(wish(&fake), LessonCommand::Answer(id, Some(2)) if id.as_str() == "poll-1"));
}

#[test]
fn the_floor_is_taken_or_not_and_given_back() {
    let (fake, mut harness) = shown(offered(English, Light));
    assert!(harness.query_by_label("Ada Lovelace invites you to speak").is_some());
    click(&mut harness, Part::Button, "Speak");
    assert!(matches!(wish(&fake), LessonCommand::AnswerOffer { accept: true }));
    click(&mut harness, Part::Button, "Not now");
    assert!(matches!(wish(&fake), LessonCommand::AnswerOffer { accept: false }));
    assert!(is_disabled(&harness, "Your microphone is closed. Raise your hand to speak."));
    fake.set(with_floor(English, Light));
    harness.run();
    let title = harness.get_by_label("You have the floor");
    assert_eq!(title.accesskit_node().data().live(), Some(egui::accesskit::Live::Polite));
    click(&mut harness, Part::Button, "Mute");
    assert!(matches!(only(&fake), Command::SetMuted(true)));
    click(&mut harness, Part::Button, "Give the floor back");
    assert!(matches!(wish(&fake), LessonCommand::EndFloors(Whose::Own)));
}

#[test]
fn where_microphones_are_free_students_open_their_own() {
    let (fake, mut harness) = shown(student(English, Light, |_, lesson| lesson.settings.free_microphones = true));
    click(&mut harness, Part::Button, "Open my microphone");
    assert!(matches!(wish(&fake), LessonCommand::SetMicrophones { open: true, whose: Whose::Own }));
    fake.set(student(English, Light, |state, lesson| {
        lesson.settings.free_microphones = true;
        lesson.open = vec![me(state)];
    }));
    harness.run();
    click(&mut harness, Part::Button, "Close my microphone");
    assert!(matches!(wish(&fake), LessonCommand::SetMicrophones { open: false, whose: Whose::Own }));
}

#[test]
fn signs_are_given_and_seen_for_a_while() {
    let (fake, mut harness) = shown(quiet(English, Light, As::Student));
    click(&mut harness, Part::Button, "Show: Applause");
    assert!(matches!(wish(&fake), LessonCommand::React(Reaction::Applause)));
    let mut state = busy(English, Light);
    fake.set(state.clone());
    harness.run();
    assert!(harness.query_by_label("Applause: Grace Hopper, Katherine Johnson").is_some());
    assert!(harness.query_by_label("Ada Lovelace gave Grace Hopper the floor").is_some(), "a co-teacher did");
    state.now_ms += 20_000;
    fake.set(state);
    harness.run();
    assert!(harness.query_by_label("Applause: Grace Hopper, Katherine Johnson").is_none());
    assert!(harness.query_by_label("Ada Lovelace gave Grace Hopper the floor").is_none());
}

#[test]
fn who_was_removed_is_told_by_whom_and_why() {
    let (fake, mut harness) = shown(over(English, Light, true, "Too loud", true));
    let words = "Ada Lovelace has removed you: “Too loud”. To come back, ask to be let in again.";
    assert!(harness.query_by_label(words).is_some());
    assert!(harness.query_by_label("Call again").is_none());
    click(&mut harness, Part::Button, "Close");
    assert!(matches!(only(&fake), Command::DismissCall(_)));
    for (by, words) in [(true, "Ada Lovelace has ended it for all."), (false, "Nobody was there any more.")] {
        fake.set(over(English, Light, false, "", by));
        harness.run();
        assert!(harness.query_by_label(words).is_some(), "{words}");
    }
}

#[test]
fn the_keyboard_reaches_what_is_asked_before_the_way_out() {
    let (_, mut harness) = shown(offered(English, Light));
    let mut reached: Vec<String> = Vec::new();
    for _ in 0..40 {
        harness.key_press(Key::Tab);
        harness.run();
        let focused = harness.query_all_by(|node| node.is_focused()).next();
        reached.extend(focused.and_then(|node| node.accesskit_node().label()));
    }
    let place = |name: &str| reached.iter().position(|label| label == name).expect("reached");
    let order = ["Speak", "Not now", "Lower hand", "Show: Applause", "Leave"].map(place);
    assert!(order.is_sorted(), "{reached:?}");
}
