//! What the window does with a state, and what it sends: without an engine, so that every case can be had at once.
#![cfg(feature = "desktop")]

mod ui_common;

use ahoy::{
    app::{AhoyApp, Tab},
    call::{EndReason, Phase},
    engine::{
        Command, Settings,
        settings::{
            Language::{English, Korean},
            Theme::Dark,
        },
        state::{GroupNews, GroupNotice, Notice, NoticeKind, Session},
    },
};
use egui::{Key, Modifiers, Role};
use egui_kittest::{
    Harness, Node,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{Fake, click, ended, home, in_call, incoming, invite, only, signed_out, type_into, window, with_log};

#[test]
fn hosting_takes_a_name_and_enter() {
    let fake = Fake::new(signed_out(English, Dark));
    let mut harness = window(&fake, Tab::People);
    assert!(harness.get_by_role_and_label(Role::Button, "Start").accesskit_node().is_disabled());
    type_into(&mut harness, "Your name", "Alice Park");
    harness.key_press(Key::Enter);
    harness.run();
    match only(&fake) {
        Command::Host(form) => {
            assert_eq!((form.user.as_str(), form.display_name.as_str()), ("alice-park", "Alice Park"));
            assert!(form.new_account && form.password.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn joining_takes_an_address() {
    let fake = Fake::new(signed_out(English, Dark));
    let mut harness = window(&fake, Tab::People);
    click(&mut harness, Role::RadioButton, "I have an account");
    type_into(&mut harness, "User ID", "alice");
    harness.get_by_role_and_label(Role::PasswordInput, "Password").focus();
    harness.run();
    harness.get_by_role_and_label(Role::PasswordInput, "Password").type_text("secret");
    harness.run();
    click(&mut harness, Role::RadioButton, "Another address");
    type_into(&mut harness, "Server address", " example.org:7470 ");
    click(&mut harness, Role::Button, "Sign in");
    match only(&fake) {
        Command::Join { address, form } => {
            assert_eq!(address, "example.org:7470");
            assert_eq!((form.user.as_str(), form.password.as_str(), form.new_account), ("alice", "secret", false));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_identifier_that_cannot_be_is_said_at_once() {
    let fake = Fake::new(signed_out(English, Dark));
    let mut harness = window(&fake, Tab::People);
    type_into(&mut harness, "Your name", "Alice");
    type_into(&mut harness, "User ID", "앨리스");
    assert!(harness.query_by_label_contains("Use 1 to 32 letters").is_some());
    assert!(harness.get_by_role_and_label(Role::Button, "Start").accesskit_node().is_disabled());
}

#[test]
fn a_changed_certificate_is_not_trusted_by_enter() {
    let fake = Fake::new(signed_out(English, Dark));
    let session = Session::CertificateChanged { address: "a:1".into(), pinned: "aa".into(), shown: "bb".into() };
    let mut state = signed_out(English, Dark);
    state.session = session;
    fake.set(state);
    let mut harness = window(&fake, Tab::People);
    harness.key_press(Key::Enter);
    harness.run();
    assert!(matches!(only(&fake), Command::CancelConnect));
    click(&mut harness, Role::Button, "I have checked; trust the new one");
    assert!(matches!(only(&fake), Command::TrustNewCertificate));
}

#[test]
fn people_are_found_and_called() {
    let fake = Fake::new(home(Korean, Dark));
    let mut harness = window(&fake, Tab::People);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "사람 검색").type_text("이서");
    harness.run();
    assert!(harness.query_by_label("김민준").is_none());
    click(&mut harness, Role::Button, "이서연 님에게 전화 걸기");
    assert!(matches!(only(&fake), Command::Call(user) if user.as_str() == "seoyeon"));
}

#[test]
fn a_new_call_opens_its_screen_and_can_be_left_and_found_again() {
    let fake = Fake::new(home(English, Dark));
    let mut harness = window(&fake, Tab::Calls);
    fake.set(in_call(English, Dark));
    harness.run();
    assert!(harness.query_all_by_label("12:34").next().is_some());
    click(&mut harness, Role::Tab, "People");
    assert!(harness.query_by_role_and_label(Role::Button, "Hang up").is_none());
    click(&mut harness, Role::Tab, "Call with Ada Lovelace, 12:34");
    click(&mut harness, Role::Button, "Mute");
    assert!(matches!(only(&fake), Command::SetMuted(true)));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::M);
    harness.run();
    assert!(matches!(only(&fake), Command::SetMuted(true)));
    click(&mut harness, Role::Button, "Hang up");
    assert!(matches!(only(&fake), Command::HangUp(_)));
    fake.set(home(English, Dark));
    harness.run();
    assert!(harness.query_by_label("No calls yet").is_none(), "back to where it was opened from: People");
    assert!(harness.query_by_label("Ada Lovelace").is_some());
}

#[test]
fn an_ended_call_offers_to_call_again() {
    let fake = Fake::new(ended(English, Dark, EndReason::NoAnswer, 0));
    let mut harness = window(&fake, Tab::People);
    assert!(harness.query_by_label("Ada Lovelace did not answer.").is_some());
    click(&mut harness, Role::Button, "Call again");
    assert!(matches!(only(&fake), Command::Call(user) if user.as_str() == "ada"));
    click(&mut harness, Role::Button, "Close");
    assert!(matches!(only(&fake), Command::DismissCall(_)));
}

#[test]
fn incoming_calls_follow_the_state_and_no_single_key_answers() {
    let fake = Fake::new(incoming(English, Dark));
    let mut harness = window(&fake, Tab::People);
    for key in [Key::Enter, Key::Space, Key::A, Key::Escape] {
        harness.key_press(key);
        harness.run();
    }
    assert!(fake.take_sent().is_empty());
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::A);
    harness.run();
    assert!(matches!(only(&fake), Command::Accept(_)));
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::D);
    harness.run();
    assert!(matches!(only(&fake), Command::Reject(_)));
    click(&mut harness, Role::Button, "Silence");
    assert!(matches!(only(&fake), Command::SilenceRing));
    fake.set(home(English, Dark));
    harness.run();
    assert!(harness.query_by_label("Answer").is_none(), "cancelled: the banner is gone by itself");
}

#[test]
fn a_call_that_was_not_answered_here_is_left_to_the_log() {
    for end in [
        EndReason::Cancelled,
        EndReason::NoAnswer,
        EndReason::NotAvailable,
        EndReason::AnsweredElsewhere,
        EndReason::Declined,
    ] {
        let mut state = incoming(English, Dark);
        let fake = Fake::new(state.clone());
        let mut harness = window(&fake, Tab::Calls);
        let mut over = state.calls[0].clone();
        over.phase = Phase::Ended;
        over.end = Some(end);
        state.calls = [over].into();
        fake.set(state);
        harness.run();
        assert!(matches!(only(&fake), Command::DismissCall(_)), "{end:?}");
        assert!(harness.query_by_label("No calls yet").is_some(), "the screen stays");
    }
}

#[test]
fn the_window_says_what_it_is_and_what_was_missed() {
    let fake = Fake::new(with_log(home(English, Dark)));
    let harness = window(&fake, Tab::People);
    assert_eq!(harness.root().accesskit_node().label().as_deref(), Some("(2) Ahoy"));
}

#[test]
fn news_of_groups_wait_until_the_talk_is_over() {
    let mut state = in_call(English, Dark);
    let by = state.people[0].user.clone();
    let group = GroupNotice { group: "Chess".into(), by, what: GroupNews::Added };
    let notices = [NoticeKind::MutedWhileSpeaking, NoticeKind::Group(group)];
    state.notices = notices.into_iter().zip(1..).map(|(kind, id)| Notice { id, kind }).collect();
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    let shown = |harness: &Harness<'_, AhoyApp>| harness.query_all_by_label("Dismiss").count();
    assert_eq!(shown(&harness), 1, "what is about the talk");
    state.calls = [].into();
    fake.set(state);
    harness.run();
    assert_eq!(shown(&harness), 2);
}

#[test]
fn the_log_is_searched_cleared_and_seen() {
    let fake = Fake::new(with_log(home(English, Dark)));
    let mut harness = window(&fake, Tab::People);
    click(&mut harness, Role::Tab, "Calls, 2 missed");
    harness.step();
    assert!(matches!(only(&fake), Command::MarkLogSeen));

    click(&mut harness, Role::RadioButton, "Missed");
    assert!(harness.query_by_label("Grace Hopper").is_none());
    click(&mut harness, Role::RadioButton, "All");
    type_into(&mut harness, "Search calls", "grace");
    assert!(harness.query_by_label("Ada Lovelace").is_none());
    click(&mut harness, Role::Button, "Remove this call with Grace Hopper from the log");
    assert!(matches!(only(&fake), Command::DeleteLogRow(row) if row == invite("row-1")));
    click(&mut harness, Role::Button, "Call Grace Hopper");
    assert!(matches!(only(&fake), Command::Call(user) if user.as_str() == "grace"));

    harness.get_by_role_and_label(Role::Button, "Clear…").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "Cancel").click();
    harness.run_steps(3);
    assert!(fake.take_sent().is_empty());
    harness.get_by_role_and_label(Role::Button, "Clear…").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "Clear all").click();
    harness.run_steps(3);
    assert!(matches!(only(&fake), Command::ClearLog));
}

#[test]
fn the_microphone_test_runs_while_the_settings_are_open() {
    let fake = Fake::new(home(English, Dark));
    let mut harness = window(&fake, Tab::People);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num4);
    harness.run();
    harness.step();
    assert!(matches!(only(&fake), Command::StartMicrophoneTest { hear: false }));
    click(&mut harness, Role::Switch, "Hear yourself");
    assert!(matches!(only(&fake), Command::StartMicrophoneTest { hear: true }));
    // A call ends the test, on whatever screen.
    fake.set(in_call(English, Dark));
    harness.run();
    assert!(matches!(only(&fake), Command::StopMicrophoneTest));
}

#[test]
fn no_setting_reaches_beyond_a_narrow_window() {
    for language in [English, Korean] {
        let mut state = home(language, Dark);
        state.audio.testing = true;
        let mut harness = window(&Fake::new(state), Tab::Settings);
        // The usual width and the least.
        for width in [980.0, 760.0] {
            harness.set_size(egui::vec2(width, 2800.0));
            harness.run();
            let out: Vec<String> = harness
                .query_all_by(|node| !node.is_hidden() && node.label().is_some())
                .filter(|node| node.rect().right() > width)
                .map(|node| format!("{:?} to {}", node.accesskit_node().label(), node.rect().right()))
                .collect();
            assert!(out.is_empty(), "beyond {width}: {out:?}");
        }
    }
}

#[test]
fn settings_are_changed_as_a_whole() {
    let fake = Fake::new(home(English, Dark));
    let mut harness = window(&fake, Tab::Settings);
    harness.set_size(egui::vec2(980.0, 2720.0));
    harness.run();
    fake.take_sent();
    click(&mut harness, Role::RadioButton, "Light");
    match only(&fake) {
        Command::ChangeSettings(settings) => {
            assert_eq!(settings.theme, ahoy::engine::settings::Theme::Light);
            assert_eq!(settings.language, Some(English), "the others stay");
        }
        other => panic!("{other:?}"),
    }
    harness.get_by_role_and_label(Role::ComboBox, "Ringtone").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "Marimba").click();
    harness.run_steps(3);
    assert!(matches!(only(&fake), Command::ChangeSettings(settings)
        if settings.ringtone == ahoy::engine::settings::Ringtone::Marimba));
    type_into(&mut harness, "Your name", " II");
    let save = |node: &Node<'_>| !node.accesskit_node().is_disabled();
    harness.get_all_by_role_and_label(Role::Button, "Save").find(save).expect("one that can be pressed").click();
    harness.run();
    assert!(matches!(only(&fake), Command::SetDisplayName(name) if name == "Alice Park II"));
}

#[test]
fn what_is_done_to_voices_is_switched_and_rests_for_music() {
    let mut state = home(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::Settings);
    harness.set_size(egui::vec2(980.0, 2720.0));
    harness.run();
    fake.take_sent();
    let defaults = Settings { language: Some(English), theme: Dark, ..Settings::default() };
    let switched = [
        ("Echo cancelling", Settings { echo_cancelling: false, ..defaults.clone() }),
        ("Noise suppression", Settings { noise_suppression: false, ..defaults.clone() }),
        ("Automatic gain", Settings { gain_control: false, ..defaults.clone() }),
        ("Rumble filter", Settings { high_pass: false, ..defaults.clone() }),
        ("Voice levelling", Settings { levelling: false, ..defaults.clone() }),
        ("Music", Settings { music_mode: true, ..defaults.clone() }),
    ];
    for (name, settings) in &switched {
        click(&mut harness, Role::Switch, name);
        assert!(matches!(only(&fake), Command::ChangeSettings(sent) if *sent == *settings), "{name}");
    }
    state.settings = std::sync::Arc::new(switched[5].1.clone());
    fake.set(state);
    harness.run();
    for (name, _) in &switched[..5] {
        assert!(harness.get_by_role_and_label(Role::Switch, name).accesskit_node().is_disabled(), "{name}");
    }
    click(&mut harness, Role::Switch, "Music");
    assert!(matches!(only(&fake), Command::ChangeSettings(sent) if *sent == defaults));
}

#[test]
fn notices_can_be_dismissed() {
    let mut state = home(English, Dark);
    state.notices = [Notice { id: 7, kind: NoticeKind::MutedWhileSpeaking }].into();
    let fake = Fake::new(state);
    let mut harness = window(&fake, Tab::People);
    click(&mut harness, Role::Button, "Dismiss");
    assert!(matches!(only(&fake), Command::DismissNotice(7)));
}

#[test]
fn the_keyboard_reaches_everything() {
    let fake = Fake::new(home(English, Dark));
    let mut harness = window(&fake, Tab::People);
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..32 {
        harness.key_press(Key::Tab);
        harness.run();
        let root = harness.root();
        let focused = root.children_recursive().find(|node| node.is_focused());
        reached.extend(focused.and_then(|node| node.accesskit_node().label()));
    }
    for name in [
        "Your status: Connected",
        "People",
        "Groups",
        "Calls",
        "Settings",
        "Search people",
        "Call Ada Lovelace",
        "Add Ada Lovelace to favourites",
        "Call Niels Bohr",
    ] {
        assert!(reached.contains(name), "{name} is not among {reached:?}");
    }
}
