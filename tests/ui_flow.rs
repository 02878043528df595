//! The window over a real engine, with a real server and a real peer, each a process of its own.
#![cfg(feature = "desktop")]

#[path = "common/server.rs"]
mod server;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use ahoy::{
    app::{AhoyApp, Clock},
    engine::{Engine, EngineConfig, Overrides, Settings, settings::Language},
    media::spec::DeviceSpec,
};
use egui::Role;
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use server::ServerProcess;

/// Generous: only a broken program takes as long.
const LIMIT: Duration = Duration::from_secs(60);

/// A process that ends with the test.
struct Process(Child);

impl Process {
    fn start(args: &[&str], folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_ahoy"))
            .args(args)
            .arg("--data-dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Steps the window until something is true.
#[track_caller]
fn wait_until(harness: &mut Harness<'_, AhoyApp>, what: &str, condition: impl Fn(&Harness<'_, AhoyApp>) -> bool) {
    let deadline = Instant::now() + LIMIT;
    loop {
        harness.step();
        if condition(harness) {
            return;
        }
        if Instant::now() > deadline {
            let shown: Vec<_> =
                harness.root().children_recursive().filter_map(|node| node.accesskit_node().label()).collect();
            panic!("{what} did not come; shown: {shown:#?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for(harness: &mut Harness<'_, AhoyApp>, label: &str) {
    wait_until(harness, label, |harness| harness.query_all_by_label(label).next().is_some());
}

fn press(harness: &mut Harness<'_, AhoyApp>, role: Role, label: &str) {
    wait_until(harness, label, |harness| {
        harness.query_by_role_and_label(role, label).is_some_and(|node| !node.accesskit_node().is_disabled())
    });
    harness.get_by_role_and_label(role, label).click();
    harness.step();
}

fn fill(harness: &mut Harness<'_, AhoyApp>, label: &str, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, label).focus();
    harness.step();
    harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
    harness.step();
}

fn window(folder: &Path) -> Harness<'static, AhoyApp> {
    let engine = Engine::start(EngineConfig {
        profile: "window".into(),
        data_dir: folder.to_owned(),
        on_change: Arc::new(|| {}),
        overrides: Overrides {
            microphone: Some(DeviceSpec::Tone(440.0)),
            speaker: Some(DeviceSpec::Null),
            ring_device: Some(DeviceSpec::Null),
            no_discovery: true,
            ..Overrides::default()
        },
    })
    .expect("the engine starts");
    let settings = Settings { language: Some(Language::English), ..Settings::clone(&engine.state().settings) };
    engine.send(ahoy::engine::Command::ChangeSettings(Box::new(settings)));
    Harness::builder()
        .with_size(egui::vec2(980.0, 660.0))
        .build_eframe(move |cc| AhoyApp::new(&cc.egui_ctx, Arc::new(engine), Clock::default()))
}

#[test]
fn sign_in_call_answer_and_look_it_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(&[]);
    let address = &server.url()[..];

    let mut harness = window(&folder.path().join("window"));
    wait_for(&mut harness, "Your name");
    fill(&mut harness, "Your name", "Alice");
    press(&mut harness, Role::RadioButton, "Another address");
    wait_for(&mut harness, "Server address");
    fill(&mut harness, "Server address", address);
    press(&mut harness, Role::Button, "Start");
    wait_for(&mut harness, "Nobody else is here yet");

    // Outgoing, to somebody who answers at once.
    let phone = |user: &str, more: &[&str]| {
        let mut args = vec!["phone", "--server", address, "--user", user];
        args.extend(["--microphone", "tone:300", "--speaker", "null"]);
        args.extend(more);
        Process::start(&args, &folder.path().join(user))
    };
    let bob = phone("bob", &["--auto-answer"]);
    press(&mut harness, Role::Button, "Call bob");
    wait_for(&mut harness, "0:01");
    wait_until(&mut harness, "the lamp of the link", |harness| {
        // It is there only while packets come.
        harness.query_by_label_contains("round trip").is_some()
    });
    press(&mut harness, Role::Button, "Hang up");
    wait_for(&mut harness, "Call ended");
    press(&mut harness, Role::Button, "Close");
    drop(bob);

    // Incoming, answered in the window.
    let _carol = phone("carol", &["--call", "alice"]);
    wait_for(&mut harness, "carol is calling");
    press(&mut harness, Role::Button, "Answer");
    wait_for(&mut harness, "0:01");
    press(&mut harness, Role::Button, "Hang up");
    wait_for(&mut harness, "Call ended");
    press(&mut harness, Role::Button, "Close");

    // Missed: given up before it was answered.
    let mut dave = phone("dave", &["--call", "alice"]);
    wait_for(&mut harness, "dave is calling");
    // The phone gives its calls up when it is asked to end.
    let asked = Command::new("kill").arg("-TERM").arg(dave.0.id().to_string()).status().expect("kill runs");
    assert!(asked.success());
    dave.0.wait().expect("the phone ends");
    press(&mut harness, Role::Tab, "Calls, 1 missed");
    for (name, result) in [("bob", "Outgoing · "), ("carol", "Incoming · "), ("dave", "Missed")] {
        // The side bar may still name the last caller as well.
        wait_until(&mut harness, name, |harness| {
            harness.query_all_by_label(name).next().is_some()
                && harness.query_all_by_label_contains(result).next().is_some()
        });
    }
    wait_until(&mut harness, "the badge to go", |harness| {
        harness.query_by_role_and_label(Role::Tab, "Calls").is_some()
    });
}
