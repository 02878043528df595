//! What people set for themselves on all of their devices: status, schedule, devices, favourites. Without an engine.
#![cfg(feature = "desktop")]

mod ui_common;

use ahoy::{
    app::{AhoyApp, Tab},
    engine::{
        Command, State,
        settings::{
            Language::{English, Korean},
            Theme::Dark,
        },
        state::{Problem, Session},
    },
    protocol::{
        Code,
        api::{Schedule, Weekday},
    },
};
use egui::{Key, Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{Fake, click, home, hosting, only, signed_out, type_into, user, window, with_log};

/// The visible names of people, from top to bottom.
fn people_shown(harness: &Harness<'_, AhoyApp>, state: &State) -> Vec<String> {
    let mut found: Vec<(f32, String)> = state
        .people
        .iter()
        .filter_map(|person| {
            let row = harness.query_by_role_and_label(Role::Label, &person.display_name)?;
            Some((row.rect().top(), person.display_name.clone()))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn favourites_come_first_and_then_who_is_called_often() {
    let mut state = home(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    assert!(harness.query_by_label_contains("Favourites").is_none(), "a group without anybody is not there");
    click(&mut harness, Role::Button, "Add Niels Bohr to favourites");
    assert!(matches!(only(&fake), Command::SetFavourite { user, favourite: true } if user.as_str() == "niels"));

    state.favourites = std::sync::Arc::new([user("niels")].into());
    state.often_called = [user("mary"), user("grace"), user("gone")].into();
    fake.set(state.clone());
    harness.run();
    let first = ["Niels Bohr", "Mary Somerville", "Grace Hopper", "Ada Lovelace", "Katherine Johnson", "Linus Pauling"];
    assert_eq!(people_shown(&harness, &state), first);
    click(&mut harness, Role::Button, "Remove Niels Bohr from favourites");
    assert!(matches!(only(&fake), Command::SetFavourite { user, favourite: false } if user.as_str() == "niels"));
    harness.get_by_role_and_label(Role::Button, "Add Mary Somerville to favourites").focus();
    harness.run();
    harness.key_press(Key::Space);
    harness.run();
    assert!(matches!(only(&fake), Command::SetFavourite { user, favourite: true } if user.as_str() == "mary"));
}

#[test]
fn people_and_calls_are_found_by_first_consonants() {
    let state = with_log(home(Korean, Dark));
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    type_into(&mut harness, "사람 검색", "ㅅㅇ");
    assert_eq!(people_shown(&harness, &state), ["이서연"]);
    let mut harness = window(&fake, Tab::Calls);
    type_into(&mut harness, "통화 검색", "ㄱㅁㅈ");
    assert!(harness.query_by_label("Ada Lovelace").is_none());
    assert!(harness.query_all_by_label("김민준").count() > 0);
}

#[test]
fn the_status_is_set_in_a_menu() {
    let mut state = home(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    let choose = |harness: &mut Harness<'_, AhoyApp>, status: &str, choice: &str| {
        harness.get_by_role_and_label(Role::Button, &format!("Your status: {status}")).click();
        harness.run_steps(3);
        harness.get_by_role_and_label(Role::RadioButton, choice).click();
        harness.run_steps(3);
    };
    choose(&mut harness, "Connected", "Available");
    assert!(fake.take_sent().is_empty(), "that is how it is");
    choose(&mut harness, "Connected", "Do not disturb");
    assert!(matches!(only(&fake), Command::SetDoNotDisturb(true)));
    state.status.shared.do_not_disturb = true;
    fake.set(state);
    harness.run();
    choose(&mut harness, "Do not disturb", "Available");
    assert!(matches!(only(&fake), Command::SetDoNotDisturb(false)));
}

#[test]
fn the_schedule_is_set_in_the_settings() {
    let mut state = home(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::Settings);
    harness.set_size(egui::vec2(980.0, 2720.0));
    harness.run();
    fake.take_sent();
    let schedule = |fake: &Fake| match only(fake) {
        Command::SetSchedule(schedule) => schedule,
        other => panic!("{other:?}"),
    };
    let night = Schedule::default();
    assert!(harness.get_by_role_and_label(Role::CheckBox, "Monday").accesskit_node().is_disabled());
    click(&mut harness, Role::Switch, "By schedule");
    let on = Schedule { enabled: true, ..night };
    assert_eq!(schedule(&fake), on);

    state.status.shared.schedule = on.clone();
    fake.set(state.clone());
    harness.run();
    assert!(harness.query_by_label("On the next day").is_some());
    harness.get_by_role_and_label(Role::ComboBox, "Until").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "00:30").click();
    harness.run_steps(3);
    assert_eq!(schedule(&fake), Schedule { to_minute: 30, ..on.clone() });
    click(&mut harness, Role::CheckBox, "Monday");
    let mut rest = on.clone();
    rest.days.remove(&Weekday::Monday);
    assert_eq!(schedule(&fake), rest);

    state.status.shared.schedule = Schedule { days: [Weekday::Sunday].into(), ..on };
    fake.set(state);
    harness.run();
    click(&mut harness, Role::CheckBox, "Sunday");
    assert!(fake.take_sent().is_empty(), "the last day stays");
    click(&mut harness, Role::CheckBox, "Monday");
    assert_eq!(schedule(&fake).days, [Weekday::Monday, Weekday::Sunday].into());
}

#[test]
fn devices_are_named_and_signed_out() {
    let fake = Fake::new(home(English, Dark));
    let mut harness = window(&fake, Tab::Settings);
    harness.set_size(egui::vec2(980.0, 2720.0));
    harness.run();
    fake.take_sent();
    type_into(&mut harness, "This device", " 2");
    harness.key_press(Key::Enter);
    harness.run();
    assert!(matches!(only(&fake), Command::RenameDevice { device, name }
        if device.as_str() == "device-0" && name == "Desk 2"));
    assert!(harness.query_by_label("Last seen: 3 days ago").is_some());

    for (answer, sent) in [("Cancel", 0), ("Sign out", 1)] {
        harness.get_by_role_and_label(Role::Button, "Sign out Living room").click();
        harness.run_steps(3);
        harness.get_by_role_and_label(Role::Button, answer).click();
        harness.run_steps(3);
        let commands = fake.take_sent();
        assert_eq!(commands.len(), sent, "{commands:?}");
        assert!(commands.iter().all(|command| matches!(command, Command::SignOutDevice(device)
            if device.as_str() == "device-2")));
    }
    let mut state = home(English, Dark);
    state.devices = state.devices.iter().take(1).cloned().collect();
    fake.set(state);
    harness.run();
    assert!(harness.query_by_label("You are signed in on this device only.").is_some());
}

#[test]
fn a_device_that_was_signed_out_says_from_where() {
    let mut state = signed_out(English, Dark);
    let problem = Problem { code: Code::KickedOffline as i32, detail: "signed out".into() };
    state.session = Session::SignedOut { problem: Some(problem) };
    state.signed_out_by = Some("Laptop".into());
    let harness = window(&Fake::new(state), Tab::People);
    assert!(harness.query_by_label_contains("signed out from “Laptop”").is_some());
}

#[test]
fn a_host_chooses_how_many_are_heard_at_a_time() {
    let mut state = home(English, Dark);
    state.hosting = Some(hosting());
    let fake = Fake::new(state);
    let mut harness = window(&fake, Tab::Settings);
    harness.set_size(egui::vec2(980.0, 2920.0));
    harness.run();
    fake.take_sent();
    harness.get_by_role_and_label(Role::ComboBox, "Heard at a time").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "12").click();
    harness.run_steps(3);
    assert!(matches!(only(&fake), Command::ChangeSettings(settings) if settings.hosted_speakers == 12));
}
