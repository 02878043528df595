//! Lessons on the page of a group: the form that starts one, the banner of the one that is on, and the reports.
#![cfg(feature = "desktop")]

mod ui_common;

use std::sync::Arc;

use ahoy::{
    app::{AhoyApp, Tab},
    engine::{
        Command, GroupCommand, LessonCommand, State,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Light},
        },
        state::LessonReports,
    },
    protocol::{
        api::{GroupType, Role},
        lesson::LessonSettings,
    },
};
use egui::Role as Part;
use egui_kittest::{Harness, SnapshotResults, kittest::Queryable as _};
use ui_common::{
    Fake, click, clock,
    groups::{group_id, open, words},
    home,
    lesson::{at_home, is_on, rings, with_reports},
    only, user, window,
};

const WAYS: [(&str, Language, Theme); 2] = [("en", English, Light), ("ko", Korean, Light)];

/// A window with the page of the class open.
fn class(state: State, language: Language) -> (Fake, Harness<'static, AhoyApp>) {
    let reports = state.reports.clone();
    let fake = Fake::new(State { reports: None, ..state.clone() });
    let mut harness = window(&fake, Tab::Groups);
    open(&mut harness, words(language, "Algebra 7b", "7학년 2반 수학"));
    if reports.is_some() {
        fake.set(state);
        harness.run();
    }
    fake.take_sent();
    (fake, harness)
}

#[test]
fn pictures() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let (_, mut harness) = class(at_home(language, theme), language);
        click(&mut harness, Part::Button, words(language, "Start lesson", "수업 시작"));
        harness.snapshot(format!("lesson_start_{way}"));
        results.extend_harness(&mut harness);
        let (_, mut harness) = class(is_on(language, theme), language);
        harness.snapshot(format!("lesson_banner_{way}"));
        results.extend_harness(&mut harness);
        for (name, shown) in [("lesson_list", false), ("lesson_report", true)] {
            let (_, mut harness) = class(with_reports(language, theme, shown), language);
            harness.snapshot(format!("{name}_{way}"));
            results.extend_harness(&mut harness);
        }
        let mut harness = window(&Fake::new(rings(language, theme)), Tab::People);
        harness.snapshot(format!("lesson_rings_{way}"));
        results.extend_harness(&mut harness);
    }
}

#[test]
fn a_lesson_is_started_with_what_the_teacher_chose() {
    let (fake, mut harness) = class(at_home(English, Light), English);
    click(&mut harness, Part::Button, "Start lesson");
    click(&mut harness, Part::Button, "More floors");
    click(&mut harness, Part::Switch, "Free microphones");
    harness.get_all_by_role_and_label(Part::Button, "Start lesson").last().expect("in the form").click();
    harness.run();
    let Command::Lesson(LessonCommand::Start { group, settings, ring }) = only(&fake) else { panic!("no lesson") };
    let wanted = LessonSettings { floors: 2, free_microphones: true, ..LessonSettings::default() };
    assert_eq!((group, settings), (group_id("K7MQ4TXP"), wanted));
    // Everybody but the teacher.
    assert_eq!(ring, ["ada", "grace", "katherine", "linus", "mary", "niels"].map(user));
    assert!(harness.query_by_label("Start a lesson in Algebra 7b").is_none(), "the form is closed");

    click(&mut harness, Part::Button, "Start lesson");
    click(&mut harness, Part::Switch, "Ring the members");
    harness.get_all_by_role_and_label(Part::Button, "Start lesson").last().expect("in the form").click();
    harness.run();
    assert!(matches!(only(&fake), Command::Lesson(LessonCommand::Start { ring, .. }) if ring.is_empty()));
}

#[test]
fn only_teachers_start_lessons_and_see_reports() {
    let mut state = at_home(English, Light);
    let mut groups = state.groups.to_vec();
    let class_of = groups.iter_mut().find(|group| group.id == group_id("K7MQ4TXP")).expect("the class");
    class_of.role = Role::Member;
    state.groups = groups.into();
    let (_, harness) = class(state, English);
    assert!(harness.query_by_label("Start lesson").is_none());
    assert!(harness.query_by_label("Lessons and attendance").is_none());
    // Among friends nobody teaches.
    let fake = Fake::new(at_home(English, Light));
    let mut harness = window(&fake, Tab::Groups);
    open(&mut harness, "Lunch friends");
    assert!(harness.query_by_label("Start lesson").is_none());
}

#[test]
fn a_lesson_that_is_on_is_joined_from_the_banner() {
    let (fake, mut harness) = class(is_on(English, Light), English);
    let banner = "The lesson is on: Ada Lovelace, Grace Hopper, Katherine Johnson and 6 more";
    assert!(harness.query_by_label(banner).is_some());
    assert!(harness.query_by_label("Start lesson").is_none(), "one is on");
    click(&mut harness, Part::Button, "Join the lesson");
    assert!(matches!(only(&fake), Command::JoinCall(group) if group == group_id("K7MQ4TXP")));
    fake.set(rings(English, Light));
    harness.run();
    assert!(harness.query_by_label("Ada Lovelace calls you to the lesson of Algebra 7b").is_some());
}

#[test]
fn a_form_about_a_lesson_is_gone_when_one_is_on() {
    let (fake, mut harness) = class(at_home(English, Light), English);
    click(&mut harness, Part::Button, "Start lesson");
    fake.set(is_on(English, Light));
    harness.run();
    assert!(harness.query_by_label("Start a lesson in Algebra 7b").is_none());
}

#[test]
fn reports_are_opened_read_and_closed() {
    let (fake, mut harness) = class(at_home(English, Light), English);
    click(&mut harness, Part::Button, "Lessons and attendance");
    assert!(matches!(only(&fake), Command::Lesson(LessonCommand::ShowReports(group)) if group == group_id("K7MQ4TXP")));
    let mut state = with_reports(English, Light, false);
    fake.set(state.clone());
    harness.run();
    let second = harness
        .get_by(|node| node.role() == Part::Button && node.label().is_some_and(|label| label.contains("46 min 1 s")));
    second.click();
    harness.run();
    assert!(matches!(only(&fake), Command::Lesson(LessonCommand::ShowReport(id)) if id.as_str() == "lesson-1"));
    fake.set(with_reports(English, Light, true));
    harness.run();
    let row = "Katherine Johnson: came 21:18, left 22:00, present 38:00, spoke 1:05, hands 1, floors 1, roll calls 2/2";
    assert!(harness.query_by_label(row).is_some());
    click(&mut harness, Part::Button, "Back to all lessons");
    assert!(matches!(only(&fake), Command::Lesson(LessonCommand::ShowReports(_))));
    fake.set(state.clone());
    harness.run();
    click(&mut harness, Part::Button, "Back to the group");
    assert!(matches!(only(&fake), Command::Lesson(LessonCommand::CloseReports)));
    // None yet, and not known yet.
    for (lessons, words) in [(Some(vec![]), "No lessons yet"), (None, "The report is being loaded…")] {
        let reports = LessonReports { group: group_id("K7MQ4TXP"), lessons, report: None };
        state.reports = Some(Arc::new(reports));
        fake.set(state.clone());
        harness.run();
        assert!(harness.query_by_label(words).is_some(), "{words}");
    }
}

#[test]
fn reports_that_nobody_looks_at_are_closed_once() {
    let (fake, mut harness) = class(with_reports(English, Light, false), English);
    click(&mut harness, Part::Tab, "Groups, 2 applications");
    assert!(matches!(only(&fake), Command::Lesson(LessonCommand::CloseReports)));
    harness.run();
    assert!(fake.take_sent().is_empty());
}

#[test]
fn the_demo_makes_its_class_once_everybody_is_there() {
    let mut state = home(English, Light);
    let everybody = state.people.clone();
    state.people = everybody[..1].to_vec().into();
    let fake = Fake::new(state.clone());
    let backend = Arc::new(fake.clone());
    let students = ["ada", "grace"].map(user).to_vec();
    let wanted = students.clone();
    let mut harness = Harness::builder()
        .with_size(egui::vec2(980.0, 660.0))
        .build_eframe(move |cc| AhoyApp::new(&cc.egui_ctx, backend, clock()).with_class("Class".into(), students));
    harness.run();
    assert!(fake.take_sent().is_empty(), "one student is missing");
    state.people = everybody;
    fake.set(state);
    harness.run();
    let Command::Group(GroupCommand::Create { kind, name, members, .. }) = only(&fake) else { panic!("no class") };
    assert_eq!((kind, name.as_str(), members), (GroupType::Meeting, "Class", wanted));
    harness.run();
    assert!(fake.take_sent().is_empty(), "only once");
}
