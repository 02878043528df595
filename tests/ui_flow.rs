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
    engine::{Engine, EngineConfig, Overrides, Settings, SignInForm, settings::Language},
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
    // By name and not by place: a banner that comes at this moment moves everything.
    harness.get_by_role_and_label(role, label).click_accesskit();
    harness.step();
}

fn fill(harness: &mut Harness<'_, AhoyApp>, label: &str, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, label).focus();
    harness.step();
    harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
    harness.step();
}

/// A window that is signed in by its command line.
fn signed_in(folder: &Path, server: &str, user: &str) -> Harness<'static, AhoyApp> {
    let form = SignInForm { new_account: true, user: user.into(), display_name: user.into(), password: String::new() };
    window_with(folder, Overrides { sign_in: Some((server.to_owned(), form)), ..overrides() })
}

fn window(folder: &Path) -> Harness<'static, AhoyApp> {
    window_with(folder, overrides())
}

fn overrides() -> Overrides {
    Overrides {
        microphone: Some(DeviceSpec::Tone(440.0)),
        speaker: Some(DeviceSpec::Null),
        ring_device: Some(DeviceSpec::Null),
        no_discovery: true,
        ..Overrides::default()
    }
}

fn window_with(folder: &Path, overrides: Overrides) -> Harness<'static, AhoyApp> {
    let engine = Engine::start(EngineConfig {
        profile: "window".into(),
        data_dir: folder.to_owned(),
        on_change: Arc::new(|| {}),
        overrides,
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

#[test]
fn a_class_is_made_in_one_window_and_joined_in_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = ServerProcess::start(&[]);
    let mut alice = signed_in(&folder.path().join("alice"), &server.url(), "alice");
    let mut bob = signed_in(&folder.path().join("bob"), &server.url(), "bob");

    press(&mut alice, Role::Tab, "Groups");
    // Until the groups are listed, another button stands there: it would be pressed in vain.
    wait_for(&mut alice, "You are in no group yet");
    press(&mut alice, Role::Button, "New group");
    press(&mut alice, Role::RadioButton, "Class");
    fill(&mut alice, "Name of the group", "Algebra");
    press(&mut alice, Role::Button, "Create");
    wait_for(&mut alice, "Class · 1 member · 1 online");
    // The code stands on the page, and is all that somebody else needs.
    let is_code = |label: &String| label.len() == 9 && label.as_bytes()[4] == b'-';
    let labels = alice.root().children_recursive().filter_map(|node| node.accesskit_node().value());
    let code = labels.into_iter().find(is_code).expect("a code");

    press(&mut bob, Role::Tab, "Groups");
    press(&mut bob, Role::Button, "Join");
    wait_for(&mut bob, "There are no public groups on this server yet.");
    fill(&mut bob, "Code", &code.to_lowercase());
    bob.key_press(egui::Key::Enter);
    bob.step();
    for window in [&mut bob, &mut alice] {
        wait_for(window, "Class · 2 members · 2 online");
    }
    press(&mut alice, Role::Button, "What to do with bob");
    press(&mut alice, Role::Button, "Remove from the group…");
    press(&mut alice, Role::Button, "Remove");
    wait_for(&mut bob, "alice removed you from “Algebra”");
    wait_for(&mut bob, "You are in no group yet");
    wait_for(&mut alice, "Class · 1 member · 1 online");
}
