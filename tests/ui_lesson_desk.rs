//! Lessons in the window: the teacher's desk, and what its buttons send.
#![cfg(feature = "desktop")]

mod ui_common;

use ahoy::{
    app::{AhoyApp, Tab},
    class::Whose,
    engine::{
        Command, GroupCommand, LessonCommand,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
    },
    protocol::{class_data::ClassCommand, lesson::LessonSettings},
};
use egui::{Key, Role as Part};
use egui_kittest::{
    Harness, SnapshotResults,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{
    Fake, click,
    lesson::{As, busy, change_view, crowd, is_disabled, picture, questions, quiet, shown, signs, wish},
    only, type_into, user, window,
};

const WAYS: [(&str, Language, Theme); 2] = [("en", English, Light), ("ko", Korean, Light)];

#[test]
fn pictures_of_teachers() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        picture(&mut results, format!("desk_quiet_{way}"), quiet(language, theme, As::Teacher));
        picture(&mut results, format!("desk_busy_{way}"), busy(language, theme));
        picture(&mut results, format!("desk_questions_{way}"), questions(language, theme));
        picture(&mut results, format!("desk_crowd_{way}"), crowd(language, theme));
    }
    picture(&mut results, "desk_busy_dark".into(), busy(English, Dark));
    // The smallest window has room for one side at a time.
    let mut harness = window(&Fake::new(busy(English, Light)), Tab::People);
    harness.set_size(egui::vec2(760.0, 520.0));
    harness.run();
    harness.snapshot("desk_small_en");
    click(&mut harness, Part::RadioButton, "Class  5");
    harness.snapshot("desk_small_class_en");
    results.extend_harness(&mut harness);

    let mut harness = window(&Fake::new(quiet(English, Light, As::Teacher)), Tab::People);
    click(&mut harness, Part::Button, "Poll");
    click(&mut harness, Part::RadioButton, "Own choices");
    harness.snapshot("desk_poll_form_en");
    click(&mut harness, Part::Button, "Cancel");
    click(&mut harness, Part::Button, "Settings of the lesson");
    harness.snapshot("desk_settings_en");
    results.extend_harness(&mut harness);
}

#[test]
fn the_queue_stands_in_the_order_of_the_server() {
    let (fake, mut harness) = shown(busy(English, Light));
    let top = |harness: &Harness<'_, AhoyApp>, label: &str| harness.get_by_label(label).rect().top() as i32;
    let (first, second) =
        (top(&harness, "Decline the hand of Linus Pauling"), top(&harness, "Lower the hand of Mary Somerville"));
    assert!(first < second);
    click(&mut harness, Part::Button, "Let Linus Pauling speak");
    assert!(matches!(wish(&fake), LessonCommand::LetSpeak(student) if student == user("linus")));
    click(&mut harness, Part::Button, "Decline the hand of Linus Pauling");
    assert!(matches!(wish(&fake), LessonCommand::Decline(student) if student == user("linus")));
    click(&mut harness, Part::Button, "Lower the hand of Mary Somerville");
    let LessonCommand::LowerHands(Whose::Of(students)) = wish(&fake) else { panic!("not a hand") };
    assert_eq!(students, [user("mary")]);
    assert!(is_disabled(&harness, "Let Mary Somerville speak"), "who is away cannot answer");
    click(&mut harness, Part::Button, "Take the floor back from Grace Hopper");
    let LessonCommand::EndFloors(Whose::Of(students)) = wish(&fake) else { panic!("not a floor") };
    assert_eq!(students, [user("grace")]);
    click(&mut harness, Part::Button, "Take back the invitation to Katherine Johnson");
    assert!(matches!(wish(&fake), LessonCommand::TakeOfferBack(student) if student == user("katherine")));
    click(&mut harness, Part::Button, "Next");
    assert!(matches!(wish(&fake), LessonCommand::LetSpeak(student) if student == user("linus")));
    click(&mut harness, Part::Button, "Lower all");
    assert!(matches!(wish(&fake), LessonCommand::LowerHands(Whose::All)));
}

#[test]
fn with_all_floors_taken_nobody_else_is_invited() {
    let mut state = busy(English, Light);
    change_view(&mut state, |view| view.settings.floors = 2);
    let (_, harness) = shown(state);
    for label in ["Let Linus Pauling speak", "Next", "Random"] {
        assert!(is_disabled(&harness, label), "{label}");
    }
}

#[test]
fn a_random_one_is_among_those_who_spoke_least() {
    let mut state = quiet(English, Light, As::Teacher);
    change_view(&mut state, |view| {
        view.people.iter_mut().filter(|(id, _)| **id != user("linus")).for_each(|(_, person)| person.turns = 2);
    });
    let (fake, mut harness) = shown(state);
    for _ in 0..8 {
        click(&mut harness, Part::Button, "Random");
        assert!(matches!(wish(&fake), LessonCommand::LetSpeak(student) if student == user("linus")));
    }
}

#[test]
fn the_class_is_asked_for_a_time_that_the_teacher_chooses() {
    let (fake, mut harness) = shown(quiet(English, Light, As::Teacher));
    for (tool, time, command, seconds) in [
        ("Ask for hands", "10 s", ClassCommand::RaiseHands, 10),
        ("Ask for hands", "No limit", ClassCommand::RaiseHands, 0),
        ("Roll call", "5 min", ClassCommand::RollCall, 300),
    ] {
        click(&mut harness, Part::Button, tool);
        click(&mut harness, Part::Button, time);
        let LessonCommand::Ask { command: sent, timeout_s } = wish(&fake) else { panic!("not a question") };
        assert_eq!((sent, timeout_s), (command, seconds));
    }
    fake.set(questions(English, Light));
    harness.run();
    assert!(is_disabled(&harness, "Roll call"), "one is on");
    assert!(harness.query_by_label("Here: 2 · 50 %").is_some());
    assert!(harness.query_by_label("The hypotenuse: 2 · 67 %").is_some());
    assert!(harness.query_by_label("Not answered: Linus Pauling, Mary Somerville").is_some());
    click(&mut harness, Part::Button, "Stop");
    assert!(matches!(wish(&fake), LessonCommand::StopAsking(id) if id.as_str() == "roll-1"));
}

#[test]
fn a_poll_is_written_and_asked() {
    let (fake, mut harness) = shown(quiet(English, Light, As::Teacher));
    click(&mut harness, Part::Button, "Poll");
    assert!(is_disabled(&harness, "Ask"), "there is no question");
    type_into(&mut harness, "Question", "Break?");
    click(&mut harness, Part::RadioButton, "Own choices");
    assert!(is_disabled(&harness, "Ask"), "there are no choices");
    type_into(&mut harness, "Choice 1", "Now");
    type_into(&mut harness, "Choice 2", "Later");
    click(&mut harness, Part::RadioButton, "30 s");
    click(&mut harness, Part::Button, "Ask");
    let LessonCommand::Ask { command, timeout_s } = wish(&fake) else { panic!("not a question") };
    let choices = ["Now", "Later"].map(String::from).to_vec();
    assert_eq!((command, timeout_s), (ClassCommand::Poll { question: "Break?".into(), choices }, 30));
    assert!(harness.query_by_label("Ask the class").is_none(), "the form is closed");
}

#[test]
fn microphones_are_closed_and_locked_and_unlocked() {
    let mut state = busy(English, Light);
    let (fake, mut harness) = shown(state.clone());
    click(&mut harness, Part::Button, "Mute all");
    assert!(matches!(wish(&fake), LessonCommand::SetMicrophones { open: false, whose: Whose::All }));
    click(&mut harness, Part::Button, "Unlock microphones");
    assert!(matches!(wish(&fake), LessonCommand::Set(settings) if settings.free_microphones && settings.floors == 3));
    change_view(&mut state, |view| view.settings.free_microphones = true);
    fake.set(state);
    harness.run();
    click(&mut harness, Part::Button, "Mute and lock");
    let sent = fake.take_sent();
    assert!(matches!(
        &sent[..],
        [
            Command::Lesson(LessonCommand::Set(LessonSettings { free_microphones: false, .. })),
            Command::Lesson(LessonCommand::SetMicrophones { open: false, whose: Whose::All })
        ]
    ));
}

#[test]
fn settings_are_changed_and_the_lesson_ended_after_a_question() {
    let (fake, mut harness) = shown(quiet(English, Light, As::Teacher));
    click(&mut harness, Part::Button, "Settings of the lesson");
    assert!(is_disabled(&harness, "Save"), "nothing is changed");
    click(&mut harness, Part::Button, "More floors");
    click(&mut harness, Part::Switch, "Hands at any time");
    click(&mut harness, Part::RadioButton, "10 s");
    click(&mut harness, Part::Button, "Save");
    let LessonCommand::Set(settings) = wish(&fake) else { panic!("not settings") };
    let wanted = LessonSettings { floors: 2, unasked_hands: false, free_microphones: false, silence_s: 10 };
    assert_eq!(settings, wanted);
    click(&mut harness, Part::Button, "End for all");
    click(&mut harness, Part::Button, "Cancel");
    assert!(fake.take_sent().is_empty());
    click(&mut harness, Part::Button, "End for all");
    harness.get_all_by_role_and_label(Part::Button, "End for all").last().expect("in the question").click();
    harness.run();
    assert!(matches!(wish(&fake), LessonCommand::End));
    click(&mut harness, Part::Button, "Leave");
    assert!(matches!(only(&fake), Command::HangUp(_)));
}

#[test]
fn one_student_is_spoken_to_closed_removed_and_let_back_in() {
    let mut state = busy(English, Light);
    let (fake, mut harness) = shown(state.clone());
    click(&mut harness, Part::Button, "What to do with Grace Hopper");
    click(&mut harness, Part::Button, "Close the microphone");
    let LessonCommand::SetMicrophones { open: false, whose: Whose::Of(students) } = wish(&fake) else { panic!() };
    assert_eq!(students, [user("grace")]);
    click(&mut harness, Part::Button, "What to do with Linus Pauling");
    click(&mut harness, Part::Button, "Remove…");
    harness.run();
    let reason = harness.get_by_role_and_label(Part::TextInput, "Reason, for them to read");
    assert!(reason.accesskit_node().is_focused(), "one can begin to write");
    reason.type_text("Too loud");
    harness.run();
    click(&mut harness, Part::Button, "Remove");
    let LessonCommand::Remove { user: student, reason } = wish(&fake) else { panic!("not a removal") };
    assert_eq!((student, reason.as_str()), (user("linus"), "Too loud"));
    change_view(&mut state, |view| {
        view.barred.insert(user("linus"));
    });
    fake.set(state);
    harness.run();
    click(&mut harness, Part::Button, "What to do with Linus Pauling");
    click(&mut harness, Part::Button, "Let back in");
    assert!(matches!(wish(&fake), LessonCommand::Readmit(student) if student == user("linus")));
}

#[test]
fn the_owner_of_the_class_says_who_teaches() {
    let (fake, mut harness) = shown(busy(English, Light));
    for (name, words, admin) in
        [("Linus Pauling", "Make a teacher", true), ("Ada Lovelace", "No longer a teacher", false)]
    {
        click(&mut harness, Part::Button, &format!("What to do with {name}"));
        click(&mut harness, Part::Button, words);
        let Command::Group(GroupCommand::SetAdmin { user_id, admin: wished, .. }) = only(&fake) else {
            panic!("{words}")
        };
        assert!(wished == admin && name.to_lowercase().starts_with(user_id.as_str()), "{user_id}");
    }
}

#[test]
fn the_owner_hands_the_class_over_at_the_desk() {
    let (fake, mut harness) = shown(busy(English, Light));
    for name in ["Linus Pauling", "Ada Lovelace"] {
        for (answer, sends) in [("Cancel", false), ("Hand over", true)] {
            click(&mut harness, Part::Button, &format!("What to do with {name}"));
            click(&mut harness, Part::Button, "Hand the class over…");
            click(&mut harness, Part::Button, answer);
            let sent = fake.take_sent();
            let to = sent.iter().map(|command| match command {
                Command::Group(GroupCommand::Transfer(_, user)) => user.as_str(),
                other => panic!("{other:?}"),
            });
            let first = name.split(' ').next().expect("a name").to_lowercase();
            assert_eq!(to.collect::<Vec<_>>(), if sends { vec![first.as_str()] } else { vec![] }, "{answer}");
        }
    }
}

#[test]
fn a_menu_closes_also_for_who_does_not_use_a_mouse() {
    let (fake, mut harness) = shown(busy(English, Light));
    type Way = fn(&mut egui_kittest::Harness<'_, ahoy::app::AhoyApp>);
    let by_reader: Way = |harness| harness.get_by_role_and_label(Part::Button, "10 s").click_accesskit();
    let by_keyboard: Way = |harness| {
        harness.get_by_role_and_label(Part::Button, "10 s").focus();
        harness.run();
        harness.key_press(egui::Key::Enter);
    };
    for choose in [by_reader, by_keyboard] {
        harness.get_by_role_and_label(Part::Button, "Roll call").click_accesskit();
        harness.run();
        choose(&mut harness);
        harness.run();
        assert!(matches!(wish(&fake), LessonCommand::Ask { timeout_s: 10, .. }));
        assert!(harness.query_by_role_and_label(Part::Button, "10 s").is_none(), "it is closed");
    }
}

#[test]
fn three_hundred_students_are_searched_and_only_seen_rows_are_drawn() {
    let (_, mut harness) = shown(crowd(English, Light));
    let menus = harness.query_all_by_label_contains("What to do with").count();
    assert!((3..40).contains(&menus), "{menus} rows");
    type_into(&mut harness, "Search the class", "299");
    assert!(harness.query_by_label("What to do with Student 299").is_some());
    assert_eq!(harness.query_all_by_label_contains("What to do with").count(), 1);
}

#[test]
fn who_sends_without_the_floor_is_seen() {
    let mut state = quiet(English, Light, As::Teacher);
    change_view(&mut state, |view| view.note_refused(&user("grace"), 123));
    let (_, harness) = shown(state);
    assert!(harness.query_by_label("Sends without the floor: 123 packets stopped").is_some());
}

#[test]
fn a_click_on_a_form_of_another_lesson_is_not_possible() {
    let (fake, mut harness) = shown(quiet(English, Light, As::Teacher));
    click(&mut harness, Part::Button, "Poll");
    // This user is no teacher any more: the form is gone, and does not come back.
    fake.set(quiet(English, Light, As::Student));
    harness.run();
    assert!(harness.query_by_label("Ask the class").is_none());
    fake.set(quiet(English, Light, As::Teacher));
    harness.run();
    assert!(harness.query_by_label("Ask the class").is_none());
    harness.key_press(Key::H);
    harness.run();
    assert!(fake.take_sent().is_empty(), "a teacher has no hand");
}

#[test]
fn the_signs_of_a_lesson_do_not_need_names_that_are_known() {
    let mut state = quiet(English, Light, As::Teacher);
    let changes = signs(&state);
    change_view(&mut state, |view| changes.iter().for_each(|change| view.apply(1_999_000, change)));
    state.people = Vec::new().into();
    let (_, harness) = shown(state);
    assert!(harness.query_by_label("Applause: grace, katherine").is_some());
}
