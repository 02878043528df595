//! A picture of every screen, in both languages and both themes, compared with `tests/snapshots`.
#![cfg(feature = "desktop")]

mod ui_common;

use std::sync::Arc;

use ahoy::{
    app::{AhoyApp, Tab},
    call::{Direction, EndReason, Phase},
    engine::{
        State,
        settings::{
            Language::{self, English, Korean},
            Theme::{self, Dark, Light},
        },
        state::{AudioProblem, ConnectStep, Notice, NoticeKind, Problem, Quality, Session},
    },
    protocol::{Code, event::Presence},
};
use egui::Role;
use egui_kittest::{Harness, SnapshotOptions, SnapshotResults, kittest::Queryable as _};
use ui_common::{Fake, call, ended, home, in_call, incoming, link_quality, signed_out, window, with_log};

/// Takes one picture of a state.
fn picture(results: &mut SnapshotResults, name: &str, state: State, tab: Tab) {
    let mut harness = window(&Fake::new(state), tab);
    harness.snapshot(name);
    results.extend_harness(&mut harness);
}

/// Every screen in two ways: English and dark, Korean and light.
const WAYS: [(&str, Language, Theme); 2] = [("en", English, Dark), ("ko", Korean, Light)];

#[test]
fn sign_in() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = signed_out(language, theme);
        picture(&mut results, &format!("sign_in_{way}"), state.clone(), Tab::People);
        state.found_servers = ui_common::found_servers();
        let problem = Problem { code: Code::IdInUse as i32, detail: "taken".into() };
        state.session = Session::SignedOut { problem: Some(problem) };
        let fake = Fake::new(state);
        let mut harness = window(&fake, Tab::People);
        let (name, address) = match language {
            English => ("Your name", "Another address"),
            Korean => ("이름", "주소 직접 입력"),
        };
        harness.get_by_role_and_label(Role::TextInput, name).click();
        harness.run();
        harness.get_by_role_and_label(Role::TextInput, name).type_text("Alice Park");
        harness.get_by_role_and_label(Role::RadioButton, address).click();
        harness.run();
        harness.snapshot(format!("sign_in_problem_{way}"));
        results.extend_harness(&mut harness);
    }
}

#[test]
fn progress() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = signed_out(language, theme);
        state.session = Session::Connecting(ConnectStep::Reaching);
        picture(&mut results, &format!("connecting_{way}"), state, Tab::People);
    }
}

#[test]
fn certificate() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = signed_out(language, theme);
        state.session = Session::CertificateChanged {
            address: "192.168.0.31:7470".into(),
            pinned: ui_common::FINGERPRINT.into(),
            shown: ui_common::OTHER_FINGERPRINT.into(),
        };
        picture(&mut results, &format!("certificate_{way}"), state, Tab::People);
    }
}

#[test]
fn people() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = home(language, theme);
        state.missed_unseen = 2;
        let mut people = state.people.to_vec();
        people[2].presence = Presence::DoNotDisturb;
        state.people = people.clone().into();
        picture(&mut results, &format!("people_{way}"), state.clone(), Tab::People);
        // Whoever is at hand comes first.
        state.favourites = Arc::new([people[4].user.clone(), people[0].user.clone()].into());
        state.often_called = [people[3].user.clone()].into();
        picture(&mut results, &format!("people_at_hand_{way}"), state.clone(), Tab::People);
        state.people = Arc::default();
        state.profile = "demo-1".into();
        picture(&mut results, &format!("people_empty_{way}"), state, Tab::People);
    }
}

#[test]
fn status_menu() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = home(language, theme);
        state.status.schedule_until_ms = Some(ui_common::NOW_MS + 9 * 60 * 60_000);
        let mut harness = window(&Fake::new(state), Tab::People);
        let button = match language {
            English => "Your status: Do not disturb until 07:05",
            Korean => "내 상태: 오전 7:05까지 방해 금지",
        };
        harness.get_by_role_and_label(Role::Button, button).click();
        harness.run_steps(4);
        harness.remove_cursor();
        harness.step();
        harness.snapshot(format!("status_{way}"));
        results.extend_harness(&mut harness);
    }
}

#[test]
fn offline_and_toasts() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = home(language, theme);
        let problem = Problem { code: Code::Disconnected as i32, detail: "gone".into() };
        state.session = Session::Offline { problem: problem.clone(), retry_in_s: 8 };
        state.audio.problem = Some(AudioProblem::NoMicrophone);
        state.notices = [
            Notice {
                id: 1,
                kind: NoticeKind::Failed(Problem { code: Code::FrequencyLimit as i32, detail: String::new() }),
            },
            Notice { id: 2, kind: NoticeKind::DeviceChanged { microphone: false, name: "USB Headset".into() } },
            Notice { id: 3, kind: NoticeKind::MissedWhileBusy(state.people[2].user.clone()) },
        ]
        .into();
        picture(&mut results, &format!("offline_{way}"), state, Tab::People);
    }
}

#[test]
fn calls() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = home(language, theme);
        state.calls = [call(&state, Direction::Outgoing, Phase::Ringing)].into();
        picture(&mut results, &format!("ringing_{way}"), state, Tab::People);

        picture(&mut results, &format!("call_{way}"), in_call(language, theme), Tab::People);

        let mut state = in_call(language, theme);
        state.audio.muted = true;
        state.audio.link = Some(link_quality(240.0, 0.083, 44.0, Quality::Bad));
        state.notices = [Notice { id: 1, kind: NoticeKind::MutedWhileSpeaking }].into();
        picture(&mut results, &format!("call_muted_{way}"), state, Tab::People);
    }
}

#[test]
fn call_menu() {
    let fake = Fake::new(in_call(English, Dark));
    let mut harness = window(&fake, Tab::People);
    harness.get_by_label("Choose the speaker and the volume").click();
    harness.run_steps(4);
    harness.remove_cursor();
    harness.step();
    harness.snapshot("call_menu_en");
}

#[test]
fn link_details() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let fake = Fake::new(in_call(language, theme));
        let mut harness = window(&fake, Tab::People);
        let lamp = match language {
            English => "Good connection: 12 ms round trip, 0.2 % lost, 3 ms jitter",
            Korean => "연결 상태 좋음: 왕복 12ms, 손실 0.2%, 지터 3ms",
        };
        harness.get_by_role_and_label(Role::Button, lamp).click();
        harness.run_steps(4);
        harness.remove_cursor();
        harness.step();
        harness.snapshot(format!("link_{way}"));
        results.extend_harness(&mut harness);
    }
}

#[test]
fn music() {
    let mut state = home(English, Dark);
    Arc::make_mut(&mut state.settings).music_mode = true;
    let mut harness = window(&Fake::new(state), Tab::Settings);
    harness.set_size(egui::vec2(980.0, 1200.0));
    harness.run();
    harness.snapshot("settings_music_en");
}

#[test]
fn ended_calls() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        picture(&mut results, &format!("ended_{way}"), ended(language, theme, EndReason::HungUp, 754), Tab::People);
        for (name, end) in [("busy", EndReason::Busy), ("not_available", EndReason::NotAvailable)] {
            picture(&mut results, &format!("ended_{name}_{way}"), ended(language, theme, end, 0), Tab::People);
        }
    }
}

#[test]
fn incoming_calls() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        picture(&mut results, &format!("incoming_{way}"), incoming(language, theme), Tab::People);
        let fake = Fake::new(incoming(language, theme));
        let mut harness = Harness::builder()
            .with_size(egui::vec2(388.0, 212.0))
            .build_eframe(|cc| PopUp(AhoyApp::new(&cc.egui_ctx, Arc::new(fake), ui_common::clock())));
        harness.run();
        harness.snapshot(format!("incoming_window_{way}"));
        results.extend_harness(&mut harness);
    }
}

/// The window of an incoming call by itself.
struct PopUp(AhoyApp);

impl eframe::App for PopUp {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.0.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.incoming_window_ui(ui);
    }
}

#[test]
fn logs() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        picture(&mut results, &format!("log_{way}"), with_log(home(language, theme)), Tab::Calls);
        picture(&mut results, &format!("log_empty_{way}"), home(language, theme), Tab::Calls);
    }
}

#[test]
fn devices_question() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let fake = Fake::new(home(language, theme));
        let mut harness = window(&fake, Tab::Settings);
        let (below, button) = match language {
            English => ("Copy Fingerprint", "Sign out Living room"),
            Korean => ("지문 복사", "거실에서 로그아웃"),
        };
        harness.get_by_role_and_label(Role::Button, below).scroll_to_me();
        harness.run();
        harness.get_by_role_and_label(Role::Button, button).click();
        harness.run_steps(4);
        harness.remove_cursor();
        harness.step();
        harness.snapshot(format!("devices_{way}"));
        results.extend_harness(&mut harness);
    }
}

#[test]
fn signed_out_from_elsewhere() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = signed_out(language, theme);
        let problem = Problem { code: Code::KickedOffline as i32, detail: "signed out".into() };
        state.session = Session::SignedOut { problem: Some(problem) };
        state.signed_out_by = Some(ui_common::devices(language)[1].name.clone());
        picture(&mut results, &format!("signed_out_{way}"), state, Tab::People);
    }
}

#[test]
fn log_question() {
    let fake = Fake::new(with_log(home(English, Dark)));
    let mut harness = window(&fake, Tab::Calls);
    harness.get_by_label("Clear…").click();
    harness.run_steps(4);
    harness.snapshot("log_clear_en");
}

#[test]
fn settings() {
    let mut results = SnapshotResults::new();
    for (way, language, theme) in WAYS {
        let mut state = home(language, theme);
        state.audio.testing = true;
        state.audio.microphone_level_dbfs = -20.0;
        let fake = Fake::new(state);
        let mut harness = window(&fake, Tab::Settings);
        harness.snapshot(format!("settings_{way}"));
        harness.set_size(egui::vec2(980.0, 2720.0));
        harness.run();
        harness.snapshot(format!("settings_whole_{way}"));
        results.extend_harness(&mut harness);
    }
}

/// The picture of the README, `docs/screenshot.png`: a call, large.
#[test]
fn readme() {
    let fake = Fake::new(in_call(English, Dark));
    let mut harness = Harness::builder()
        .with_size(egui::vec2(1040.0, 660.0))
        .with_pixels_per_point(2.0)
        .build_eframe(move |cc| AhoyApp::new(&cc.egui_ctx, Arc::new(fake), ui_common::clock()));
    harness.run();
    harness.snapshot_options("screenshot", &SnapshotOptions::new().output_path("docs"));
}
