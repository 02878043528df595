//! A call whose network is weak, gone or lost, in the window.
#![cfg(feature = "desktop")]

mod ui_common;

use ahoy::{
    app::Tab,
    call::{CallView, Direction, EndReason, Network, Phase},
    engine::{
        Command, State,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
        state::{Problem, Quality, Session},
    },
};
use egui::Role as Part;
use egui_kittest::{
    SnapshotResults,
    kittest::{NodeT as _, Queryable as _},
};
use ui_common::{Fake, call, click, in_call, link_quality, only, party::in_party, window};

/// Every screen in two ways: English and dark, Korean and light.
const WAYS: [(&str, Language, Theme); 2] = [("en", English, Dark), ("ko", Korean, Light)];

/// What the call in this state becomes when the network is like this.
fn with(mut state: State, phase: Phase, network: Network) -> State {
    let talk = CallView { phase, network, ..state.calls[0].clone() };
    state.calls = [talk].into();
    let (rtt_ms, verdict) = match network {
        Network::Good => (12.4, Quality::Good),
        Network::Weak => (12.4, Quality::Weak),
        Network::Lost => (0.0, Quality::Down),
    };
    state.audio.link = Some(link_quality(rtt_ms, 0.002, 3.1, verdict));
    state
}

/// The server has not answered either.
fn offline(mut state: State) -> State {
    let problem = Problem { code: 9508, detail: "The server has fallen silent.".into() };
    state.session = Session::Offline { problem, retry_in_s: 4 };
    state
}

fn lost(language: Language, theme: Theme) -> State {
    let mut state = offline(in_call(language, theme));
    let over = call(&state, Direction::Outgoing, Phase::Ended);
    state.calls = [CallView { end: Some(EndReason::ConnectionLost), duration_s: 784, ..over }].into();
    state.audio.participants = [].into();
    state.audio.link = None;
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
        let talk = || in_call(language, theme);
        picture(format!("network_weak_{way}"), with(talk(), Phase::InCall, Network::Weak));
        picture(format!("network_gone_{way}"), offline(with(talk(), Phase::Reconnecting, Network::Lost)));
        picture(format!("network_peer_{way}"), with(talk(), Phase::Reconnecting, Network::Good));
        picture(format!("network_lost_{way}"), lost(language, theme));
        let party = || in_party(language, theme);
        picture(format!("network_party_gone_{way}"), offline(with(party(), Phase::Reconnecting, Network::Lost)));
        picture(format!("network_party_others_{way}"), with(party(), Phase::Reconnecting, Network::Good));
    }
}

#[test]
fn one_sees_whose_network_it_is() {
    let words = |phase, network| {
        let harness = window(&Fake::new(with(in_call(English, Dark), phase, network)), Tab::People);
        ["12:34 · Weak connection", "Reconnecting…", "Ada Lovelace is reconnecting…"]
            .map(|words| harness.query_all_by_label(words).count() > 0)
    };
    assert_eq!(words(Phase::InCall, Network::Good), [false, false, false]);
    assert_eq!(words(Phase::InCall, Network::Weak), [true, false, false]);
    assert_eq!(words(Phase::Reconnecting, Network::Lost), [false, true, false]);
    assert_eq!(words(Phase::Reconnecting, Network::Good), [false, false, true]);
}

#[test]
fn nothing_is_in_the_way_meanwhile() {
    let fake = Fake::new(offline(with(in_call(English, Dark), Phase::Reconnecting, Network::Lost)));
    let mut harness = window(&fake, Tab::People);
    fake.take_sent();
    click(&mut harness, Part::Button, "Mute");
    assert!(matches!(only(&fake), Command::SetMuted(true)));
    click(&mut harness, Part::Button, "Hang up");
    assert!(matches!(only(&fake), Command::HangUp(_)));
}

#[test]
fn who_was_lost_is_called_again() {
    let mut state = lost(English, Dark);
    let fake = Fake::new(state.clone());
    let mut harness = window(&fake, Tab::People);
    fake.take_sent();
    let again = harness.get_by_role_and_label(Part::Button, "Call again");
    assert!(again.accesskit_node().is_disabled(), "there is no way to anybody yet");
    state.session = Session::Online;
    fake.set(state);
    harness.run();
    assert!(harness.query_all_by_label("Connection lost").count() > 0);
    click(&mut harness, Part::Button, "Call again");
    assert!(matches!(only(&fake), Command::Call(_)));
}
