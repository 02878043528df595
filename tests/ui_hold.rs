//! A second call during a talk, and talks on hold, in the window.
#![cfg(feature = "desktop")]

mod ui_common;

use std::sync::Arc;

use ahoy::{
    app::Tab,
    call::{CallView, Direction, Phase},
    engine::{
        Command, State,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
    },
    protocol::InviteId,
};
use egui::Role as Part;
use egui_kittest::{SnapshotResults, kittest::Queryable as _};
use ui_common::{Fake, call, click, in_call, invite, only, window};

/// Every screen in two ways: English and dark, Korean and light.
const WAYS: [(&str, Language, Theme); 2] = [("en", English, Dark), ("ko", Korean, Light)];

/// The second one calls during a talk with the first.
fn waiting(language: Language, theme: Theme) -> State {
    let mut state = in_call(language, theme);
    let second = call(&state, Direction::Incoming, Phase::Incoming);
    let second = CallView { call_id: invite("call-2"), peer: state.people[1].user.clone(), ..second };
    state.calls = [state.calls[0].clone(), second].into();
    state
}

/// A talk with the second one, and the first on hold.
fn two_calls(language: Language, theme: Theme) -> State {
    let mut state = waiting(language, theme);
    let first = CallView { on_hold: true, ..state.calls[0].clone() };
    let talk = CallView { phase: Phase::InCall, talking_since_ms: Some(700_000), ..state.calls[1].clone() };
    state.calls = [talk, first].into();
    state
}

fn on_hold(language: Language, theme: Theme) -> State {
    let mut state = in_call(language, theme);
    state.calls = [CallView { on_hold: true, ..state.calls[0].clone() }].into();
    state
}

/// The other one has put the call on hold.
fn held(language: Language, theme: Theme) -> State {
    let mut state = in_call(language, theme);
    let mut talk = state.calls[0].clone();
    Arc::make_mut(&mut talk.participants)[0].on_hold = true;
    state.calls = [talk].into();
    state
}

#[test]
fn pictures() {
    let mut results = SnapshotResults::new();
    let mut picture = |name: String, state: State| {
        let mut harness = window(&Fake::new(state), Tab::People);
        harness.snapshot(name);
        results.extend_harness(&mut harness);
    };
    for (way, language, theme) in WAYS {
        picture(format!("hold_waiting_{way}"), waiting(language, theme));
        picture(format!("hold_two_calls_{way}"), two_calls(language, theme));
        picture(format!("hold_own_{way}"), on_hold(language, theme));
        picture(format!("hold_held_{way}"), held(language, theme));
    }
}

fn first() -> InviteId {
    invite("call-1")
}

fn second() -> InviteId {
    invite("call-2")
}

#[test]
fn a_waiting_call_is_answered_beside_or_instead() {
    let fake = Fake::new(waiting(English, Dark));
    let mut harness = window(&fake, Tab::People);
    fake.take_sent();
    assert!(harness.query_by_role_and_label(Part::Button, "Answer").is_none(), "it says what becomes of the talk");
    click(&mut harness, Part::Button, "Hold and answer");
    assert!(matches!(only(&fake), Command::Accept(call) if call == second()));
    click(&mut harness, Part::Button, "Hang up and answer");
    let sent = fake.take_sent();
    assert!(matches!(&sent[..], [Command::HangUp(one), Command::Accept(two)] if (one, two) == (&first(), &second())));
    click(&mut harness, Part::Button, "Decline");
    assert!(matches!(only(&fake), Command::Reject(call) if call == second()));
}

#[test]
fn who_only_has_a_call_on_hold_simply_answers() {
    let mut state = waiting(English, Dark);
    state.calls = [state.calls[1].clone(), CallView { on_hold: true, ..state.calls[0].clone() }].into();
    let harness = window(&Fake::new(state), Tab::People);
    assert!(harness.query_by_role_and_label(Part::Button, "Answer").is_some());
    assert!(harness.query_by_role_and_label(Part::Button, "Hang up and answer").is_none());
}

#[test]
fn one_switches_between_two_calls_and_ends_either() {
    let fake = Fake::new(two_calls(English, Dark));
    let mut harness = window(&fake, Tab::People);
    fake.take_sent();
    click(&mut harness, Part::Button, "Switch");
    assert!(matches!(only(&fake), Command::Resume(call) if call == first()));
    click(&mut harness, Part::Button, "Hang up");
    assert!(matches!(only(&fake), Command::HangUp(call) if call == second()));
    let name = fake_name(&fake);
    click(&mut harness, Part::Button, &format!("Hang up with {name}"));
    assert!(matches!(only(&fake), Command::HangUp(call) if call == first()));
}

fn fake_name(fake: &Fake) -> String {
    use ahoy::app::Backend as _;
    fake.state().people[0].display_name.clone()
}

#[test]
fn a_talk_is_put_on_hold_and_taken_up_again() {
    let fake = Fake::new(in_call(English, Dark));
    let mut harness = window(&fake, Tab::People);
    fake.take_sent();
    click(&mut harness, Part::Button, "Put the call on hold");
    assert!(matches!(only(&fake), Command::Hold(call) if call == first()));
    fake.set(on_hold(English, Dark));
    harness.run();
    assert!(harness.query_all_by_label_contains("On hold · 12:34").count() >= 2, "in the sidebar and on its screen");
    click(&mut harness, Part::Button, "Resume");
    assert!(matches!(only(&fake), Command::Resume(call) if call == first()));
}

#[test]
fn call_waiting_is_a_setting() {
    let mut state = in_call(English, Dark);
    state.calls = [].into();
    let fake = Fake::new(state);
    let mut harness = window(&fake, Tab::Settings);
    fake.take_sent();
    harness.get_by_role_and_label(Part::Switch, "Call waiting").scroll_to_me();
    harness.run();
    click(&mut harness, Part::Switch, "Call waiting");
    assert!(matches!(only(&fake), Command::ChangeSettings(settings) if settings.call_waiting));
}
