//! Calls of several in the window: what it looks like, what its buttons send, and whom it shows first.
#![cfg(feature = "desktop")]

mod ui_common;

use std::sync::Arc;

use ahoy::{
    app::{AhoyApp, Tab},
    call::{CallView, EndReason, Phase, Standing},
    engine::{
        Command, State,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
    },
};
use egui::{Key, Modifiers, Role as Part};
use egui_kittest::{
    Harness, SnapshotResults,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{
    Fake, click,
    groups::{group_id, open, words},
    home, only,
    party::{call_is_on, ended_party, in_crowd, in_party, incoming_party, with_party_log},
    type_into, user, window,
};

/// Every screen in two ways: English and dark, Korean and light.
const WAYS: [(&str, Language, Theme); 2] = [("en", English, Dark), ("ko", Korean, Light)];

fn picture(results: &mut SnapshotResults, name: &str, state: State, tab: Tab) {
    let mut harness = window(&Fake::new(state), tab);
    harness.snapshot(name);
    results.extend_harness(&mut harness);
}

#[test]
fn pictures() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        picture(&mut results, &format!("party_{way}"), in_party(language, theme), Tab::People);
        picture(&mut results, &format!("party_crowd_{way}"), in_crowd(language, theme), Tab::People);
        picture(&mut results, &format!("party_incoming_{way}"), incoming_party(language, theme), Tab::People);
        let over = ended_party(language, theme, EndReason::NoAnswer);
        picture(&mut results, &format!("party_ended_{way}"), over, Tab::People);
        picture(&mut results, &format!("party_log_{way}"), with_party_log(language, theme), Tab::Calls);
        picture(&mut results, &format!("party_groups_{way}"), call_is_on(language, theme), Tab::Groups);

        let fake = Fake::new(call_is_on(language, theme));
        let mut harness = window(&fake, Tab::Groups);
        open(&mut harness, words(language, "Algebra 7b", "7학년 2반 수학"));
        harness.snapshot(format!("party_banner_{way}"));
        results.extend_harness(&mut harness);

        let mut state = call_is_on(language, theme);
        state.group_calls = [].into();
        let mut harness = window(&Fake::new(state.clone()), Tab::Groups);
        open(&mut harness, words(language, "Algebra 7b", "7학년 2반 수학"));
        let name = &state.group(&group_id("K7MQ4TXP")).expect("the class").name;
        let call = if language == English { format!("Call {name}") } else { format!("{name}에 전화") };
        click(&mut harness, Part::Button, &call);
        harness.snapshot(format!("party_calling_{way}"));
        results.extend_harness(&mut harness);
    }
}

/// A window with the class open.
fn class(state: State) -> (Fake, Harness<'static, AhoyApp>) {
    let fake = Fake::new(state);
    let mut harness = window(&fake, Tab::Groups);
    open(&mut harness, "Algebra 7b");
    (fake, harness)
}

#[test]
fn a_group_is_called_by_choosing_who_rings() {
    let mut state = call_is_on(English, Dark);
    state.group_calls = [].into();
    let (fake, mut harness) = class(state);
    click(&mut harness, Part::Button, "Call Algebra 7b");
    // Whoever can be reached is chosen; who is away is not, and can be.
    assert!(harness.query_by_role_and_label(Part::Button, "Call 4 people").is_some());
    click(&mut harness, Part::CheckBox, "Grace Hopper");
    click(&mut harness, Part::CheckBox, "Niels Bohr");
    click(&mut harness, Part::Button, "Call 4 people");
    let Command::CallGroup { group, users } = only(&fake) else { panic!("not a call") };
    assert_eq!((group, users), (group_id("K7MQ4TXP"), ["ada", "katherine", "linus", "niels"].map(user).to_vec()));
    assert!(harness.query_by_label("Call Algebra 7b").is_some(), "the dialog is closed, the page is there");
}

#[test]
fn several_people_are_called_without_a_group() {
    let fake = Fake::new(home(English, Dark));
    let mut harness = window(&fake, Tab::People);
    click(&mut harness, Part::Button, "Call several");
    let button = harness.get_by_role_and_label(Part::Button, "Call");
    assert!(button.accesskit_node().is_disabled(), "nobody is chosen");
    click(&mut harness, Part::CheckBox, "Ada Lovelace");
    click(&mut harness, Part::CheckBox, "Niels Bohr");
    click(&mut harness, Part::Button, "Call 2 people");
    let Command::CallPeople(users) = only(&fake) else { panic!("not a call") };
    assert_eq!(users, ["ada", "niels"].map(user));
}

#[test]
fn a_call_that_is_on_is_joined_from_the_banner() {
    let (fake, mut harness) = class(call_is_on(English, Dark));
    let banner = "On the call: Ada Lovelace, Grace Hopper, Katherine Johnson and 6 more · Ringing: Mary Somerville";
    assert!(harness.query_by_label_contains(banner).is_some());
    click(&mut harness, Part::Button, "Join the call");
    assert!(matches!(only(&fake), Command::JoinCall(group) if group == group_id("K7MQ4TXP")));
    // Over: the banner is gone with it.
    let mut state = call_is_on(English, Dark);
    state.group_calls = [].into();
    fake.set(state);
    harness.run();
    assert!(harness.query_by_label("Join the call").is_none());
}

#[test]
fn during_a_call_no_other_is_begun() {
    let mut state = call_is_on(English, Dark);
    state.calls = ui_common::in_call(English, Dark).calls;
    let fake = Fake::new(state);
    let mut harness = window(&fake, Tab::Groups);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    harness.run();
    open(&mut harness, "Algebra 7b");
    for name in ["Join the call", "Join the call in Algebra 7b"] {
        assert!(harness.get_by_role_and_label(Part::Button, name).accesskit_node().is_disabled(), "{name}");
    }
}

#[test]
fn the_tiles_say_where_everybody_stands() {
    let fake = Fake::new(in_party(English, Dark));
    let mut harness = window(&fake, Tab::People);
    for tile in [
        "Ada Lovelace: In the call",
        "Grace Hopper: In another call",
        "Linus Pauling: Reconnecting…",
        "Mary Somerville: Ringing…",
        "Niels Bohr: Left",
    ] {
        assert!(harness.query_by_label(tile).is_some(), "{tile}");
    }
    click(&mut harness, Part::Button, "Stop ringing Mary Somerville");
    assert!(matches!(only(&fake), Command::StopRinging { users, .. } if users == [user("mary")]));
    click(&mut harness, Part::Button, "Call Niels Bohr into the call");
    assert!(matches!(only(&fake), Command::AddToCall { users, .. } if users == [user("niels")]));
    assert!(harness.query_by_label("Stop ringing Ada Lovelace").is_none());
    click(&mut harness, Part::Button, "Leave");
    assert!(matches!(only(&fake), Command::HangUp(_)));
}

#[test]
fn people_are_added_who_are_not_there() {
    let fake = Fake::new(in_party(English, Dark));
    let mut harness = window(&fake, Tab::People);
    click(&mut harness, Part::Button, "Add people to the call");
    for there in ["Ada Lovelace", "Linus Pauling", "Mary Somerville"] {
        assert!(harness.query_by_role_and_label(Part::CheckBox, there).is_none(), "{there}");
    }
    click(&mut harness, Part::CheckBox, "Grace Hopper");
    click(&mut harness, Part::Button, "Call one person");
    assert!(matches!(only(&fake), Command::AddToCall { users, .. } if users == [user("grace")]));
    // The call ends while people are being chosen: so does the choice.
    click(&mut harness, Part::Button, "Add people to the call");
    fake.set(ended_party(English, Dark, EndReason::HungUp));
    harness.run();
    assert!(harness.query_by_role_and_label(Part::CheckBox, "Grace Hopper").is_none());
}

#[test]
fn a_call_of_two_can_take_a_third() {
    let fake = Fake::new(ui_common::in_call(English, Dark));
    let mut harness = window(&fake, Tab::People);
    click(&mut harness, Part::Button, "Add people to the call");
    assert!(harness.query_by_role_and_label(Part::CheckBox, "Ada Lovelace").is_none(), "the other one");
    click(&mut harness, Part::CheckBox, "Niels Bohr");
    click(&mut harness, Part::Button, "Call one person");
    assert!(matches!(only(&fake), Command::AddToCall { users, .. } if users == [user("niels")]));
}

#[test]
fn in_a_crowd_the_speakers_come_first() {
    let mut state = in_crowd(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    let place = |harness: &Harness<'_, AhoyApp>, name: &str| {
        let rect = harness.get_by_label(&format!("{name}: In the call")).rect();
        (rect.top() as i32, rect.left() as i32)
    };
    let (first, second) = (place(&harness, "Student 40"), place(&harness, "Student 39"));
    assert!(first < second && second < place(&harness, "Student 1"));
    assert!(harness.query_by_label("Student 38: In the call").is_none(), "it is far below, and not drawn");
    state.speakers = [].into();
    fake.set(state);
    harness.run();
    assert!(place(&harness, "Student 1") < place(&harness, "Student 2"));
    assert!(harness.query_by_label("Student 40: In the call").is_none());
}

#[test]
fn a_call_of_a_few_keeps_its_places() {
    let mut state = in_party(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    let left = |harness: &Harness<'_, AhoyApp>| harness.get_by_label("Katherine Johnson: In the call").rect().left();
    let before = left(&harness);
    state.speakers = [ahoy::protocol::SourceId(4)].into();
    fake.set(state);
    harness.run();
    assert!((left(&harness) - before).abs() < 1.0, "whoever speaks lights up, and stays");
}

#[test]
fn an_ended_call_of_several_is_called_again_or_joined() {
    let fake = Fake::new(ended_party(English, Dark, EndReason::NoAnswer));
    let mut harness = window(&fake, Tab::People);
    assert!(harness.query_by_label("Nobody answered.").is_some());
    click(&mut harness, Part::Button, "Call again");
    assert!(matches!(only(&fake), Command::CallGroup { users, .. } if users.len() == 6));
    let mut state = ended_party(English, Dark, EndReason::HungUp);
    state.group_calls = call_is_on(English, Dark).group_calls;
    fake.set(state);
    harness.run();
    click(&mut harness, Part::Button, "Join the call");
    assert!(matches!(only(&fake), Command::JoinCall(_)));
}

#[test]
fn who_waits_for_those_being_rung_is_told_so() {
    let mut state = in_party(English, Dark);
    let mut call = CallView::clone(&state.calls[0]);
    Arc::make_mut(&mut call.others).retain(|other| other.standing == Standing::Ringing);
    call.participants = Arc::default();
    assert_eq!(call.phase, Phase::InCall);
    state.calls = [call].into();
    let harness = window(&Fake::new(state), Tab::People);
    // In the sidebar and on the call's own screen.
    assert_eq!(harness.query_all_by_label("Waiting for others…").count(), 2);
}

#[test]
fn looking_for_somebody_finds_groups_as_well() {
    let fake = Fake::new(call_is_on(English, Dark));
    let mut harness = window(&fake, Tab::People);
    assert!(harness.query_by_label_contains("Algebra 7b").is_none(), "they have a place of their own");
    type_into(&mut harness, "Search people", "alg");
    open(&mut harness, "Algebra 7b");
    assert!(harness.query_by_role_and_label(Part::Button, "Join the call").is_some(), "its page is open");
}

#[test]
fn rows_of_calls_of_several_call_them_again() {
    let fake = Fake::new(with_party_log(English, Dark));
    let mut harness = window(&fake, Tab::Calls);
    fake.take_sent();
    click(&mut harness, Part::Button, "Call Algebra 7b");
    // Those who were in it and are members are chosen.
    click(&mut harness, Part::Button, "Call 5 people");
    assert!(
        matches!(only(&fake), Command::CallGroup { group, users } if group == group_id("K7MQ4TXP") && users.len() == 5)
    );
    click(&mut harness, Part::Button, "Call Ada Lovelace, Grace Hopper, Katherine Johnson and 2 more");
    assert!(matches!(only(&fake), Command::CallPeople(users) if users.len() == 5));
    assert!(
        harness.get_by_role_and_label(Part::Button, "Call A group").accesskit_node().is_disabled(),
        "no longer a member"
    );
}
