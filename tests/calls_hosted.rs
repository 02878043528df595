//! Engines as the window uses them: one hosts, another joins, they call each other; and what happens around that.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ahoy::{
    call::{EndReason, Phase},
    engine::{
        Command, Engine, EngineConfig, Overrides, Settings, SignInForm, State,
        state::{NoticeKind, Session},
    },
    media::spec::DeviceSpec,
    protocol::{Code, UserId},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn engine(dir: &Path, profile: &str) -> Engine {
    Engine::start(EngineConfig {
        profile: profile.to_owned(),
        data_dir: dir.to_owned(),
        on_change: Arc::new(|| {}),
        overrides: Overrides {
            microphone: Some(DeviceSpec::Null),
            speaker: Some(DeviceSpec::Null),
            ring_device: Some(DeviceSpec::Null),
            no_discovery: true,
            host_listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            ..Overrides::default()
        },
    })
    .expect("the profile is free")
}

fn wait(engine: &Engine, what: &str, fits: impl Fn(&State) -> bool) -> Arc<State> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = engine.state();
        if fits(&state) {
            return state;
        }
        assert!(Instant::now() < deadline, "{}: never {what}: {state:#?}", state.profile);
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn form(user: &str) -> SignInForm {
    SignInForm { new_account: true, user: user.into(), display_name: user.to_uppercase(), password: String::new() }
}

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn online(engine: &Engine) -> Arc<State> {
    wait(engine, "online", |state| state.session == Session::Online)
}

fn signed_out(engine: &Engine) -> Arc<State> {
    wait(engine, "signed out", |state| matches!(state.session, Session::SignedOut { .. }))
}

/// Ann hosts, Ben joins.
fn pair(dir: &Path) -> (Engine, Engine) {
    let (ann, ben) = (engine(dir, "ann"), engine(dir, "ben"));
    signed_out(&ann);
    ann.send(Command::Host(form("ann")));
    let state = online(&ann);
    let hosting = state.hosting.as_ref().expect("hosts");
    assert_eq!(hosting.fingerprint.len(), 64);
    signed_out(&ben);
    ben.send(Command::Join { address: hosting.addresses[0].clone(), form: form("ben") });
    online(&ben);
    wait(&ann, "Ben in the list", |state| state.people.iter().any(|person| person.display_name == "BEN"));
    (ann, ben)
}

fn ring(ann: &Engine, ben: &Engine) -> Arc<State> {
    ann.send(Command::Call(user("ben")));
    wait(ben, "ringing", |state| state.incoming_call().is_some())
}

#[test]
fn a_host_and_a_guest_talk_and_find_it_in_the_log() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ann, ben) = pair(dir.path());
    let state = ring(&ann, &ben);
    ben.send(Command::SilenceRing);
    wait(&ben, "silenced", |state| state.audio.ring_silenced);
    ben.send(Command::Accept(state.incoming_call().expect("rings").call_id.clone()));
    let in_call = |state: &State| state.current_call().is_some_and(|call| call.phase == Phase::InCall);
    for engine in [&ann, &ben] {
        wait(engine, "talking", in_call);
        wait(engine, "a good link", |state| state.audio.link.is_some_and(|link| link.rtt_ms > 0.0));
    }
    ann.send(Command::SetMuted(true));
    wait(&ann, "muted", |state| state.audio.muted);
    wait(&ann, "the seconds counted", |state| state.current_call().is_some_and(|call| state.talk_seconds(call) >= 1));
    let call = ann.state().current_call().expect("a call").call_id.clone();
    ann.send(Command::HangUp(call.clone()));
    for engine in [&ann, &ben] {
        let state = wait(engine, "over", |state| {
            state.current_call().is_some_and(|call| call.end == Some(EndReason::HungUp)) && state.log.len() == 1
        });
        assert!(state.audio.link.is_none() && !state.audio.muted, "{:#?}", state.audio);
        wait(engine, "its length in the log", |state| state.log[0].answered && state.log[0].duration_s >= 1);
        engine.send(Command::DismissCall(call.clone()));
        wait(engine, "dismissed", |state| state.calls.is_empty());
    }

    // The next start hosts and signs in by itself, wherever the server is to be found then.
    let row = ann.state().log[0].clone();
    drop(ben);
    ann.shutdown();
    let ann = engine(dir.path(), "ann");
    let state = online(&ann);
    assert_eq!((&state.log[..], state.me.as_ref().map(|me| me.display_name.as_str())), (&[row][..], Some("ANN")));
    ann.send(Command::DeleteLogRow(call));
    wait(&ann, "an empty log", |state| state.log.is_empty());
    ann.shutdown();
    let ann = engine(dir.path(), "ann");
    assert!(online(&ann).log.is_empty());
}

#[test]
fn a_missed_call_is_counted_until_it_is_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ann, ben) = pair(dir.path());
    let call = ring(&ann, &ben).incoming_call().expect("rings").call_id.clone();
    ann.send(Command::HangUp(call));
    wait(&ben, "a missed call", |state| state.missed_unseen == 1 && state.incoming_call().is_none());
    ben.send(Command::MarkLogSeen);
    wait(&ben, "seen", |state| state.missed_unseen == 0);
    drop(ben);
    let ben = engine(dir.path(), "ben");
    online(&ben);
    assert_eq!(wait(&ben, "the log", |state| state.log.len() == 1).missed_unseen, 0);
}

#[test]
fn a_guest_waits_for_a_host_that_went_away() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ann, ben) = pair(dir.path());
    ann.shutdown();
    wait(&ben, "offline with a count-down", |state| match &state.session {
        Session::Offline { problem, retry_in_s } => problem.code == Code::Disconnected as i32 && *retry_in_s > 0,
        _ => false,
    });
    ben.send(Command::Call(user("ann")));
    wait(&ben, "told so", |state| matches!(state.notices.last().map(|n| &n.kind), Some(NoticeKind::Failed(_))));
    let notice = ben.state().notices[0].id;
    ben.send(Command::DismissNotice(notice));
    wait(&ben, "the notice gone", |state| state.notices.is_empty());
}

#[test]
fn failures_on_the_first_screen_say_what_is_wrong() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ann, _ben) = pair(dir.path());
    let address = ann.state().hosting.as_ref().expect("hosts").addresses[0].clone();
    let cid = engine(dir.path(), "cid");
    let problem = |address: &str, form: SignInForm| {
        signed_out(&cid);
        cid.send(Command::Join { address: address.to_owned(), form });
        let state = wait(&cid, "a problem", |state| matches!(&state.session, Session::SignedOut { problem: Some(_) }));
        cid.send(Command::CancelConnect);
        match &state.session {
            Session::SignedOut { problem: Some(problem) } => problem.code,
            _ => 0,
        }
    };
    assert_eq!(problem("http://x", form("cid")), Code::InvalidParameters as i32);
    cid.send(Command::Join { address: address.clone(), form: form("ben") });
    wait(&cid, "taken", |state| match &state.session {
        Session::SignedOut { problem: Some(problem) } => problem.code == Code::IdInUse as i32,
        _ => false,
    });
    cid.send(Command::Join { address: "127.0.0.1:1".into(), form: form("cid") });
    wait(&cid, "unreachable", |state| match &state.session {
        Session::SignedOut { problem: Some(problem) } => problem.code == Code::Disconnected as i32,
        _ => false,
    });
    cid.send(Command::Join { address, form: form("cid") });
    online(&cid);
    cid.send(Command::SignOut);
    let state = signed_out(&cid);
    assert!(state.me.is_none() && state.log.is_empty());
    drop(cid);
    // Signed out is signed out, also after the next start.
    let cid = engine(dir.path(), "cid");
    signed_out(&cid);
}

#[test]
fn a_changed_certificate_stops_everything_until_it_is_trusted() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ann, ben) = pair(dir.path());
    drop(ben);
    let port = ann.state().hosting.as_ref().expect("hosts").addresses[0].clone();
    ann.shutdown();
    // Another server takes the address, with the same accounts but another key.
    let server_dir = dir.path().join("profiles/ann/server");
    std::fs::remove_file(server_dir.join("identity.pem")).expect("the certificate's file");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let listen: SocketAddr = port.parse().expect("an address");
    let config = ahoy::server::ServerConfig {
        announce: false,
        ..ahoy::server::ServerConfig::new(listen, &server_dir, "impostor?")
    };
    let server = runtime.block_on(ahoy::server::Server::spawn(config)).expect("serves");
    let ben = engine(dir.path(), "ben");
    let state = wait(&ben, "warned", |state| matches!(state.session, Session::CertificateChanged { .. }));
    let Session::CertificateChanged { pinned, shown, .. } = &state.session else { return };
    assert_ne!(pinned, shown);
    assert_eq!(Some(shown.clone()), server.fingerprint().map(|fingerprint| fingerprint.to_string()));
    ben.send(Command::TrustNewCertificate);
    online(&ben);
    drop(ben);
    let ben = engine(dir.path(), "ben");
    online(&ben);
    drop(ben);
    runtime.block_on(server.shutdown());
}

/// Joins Ann's server and says a tone.
fn speaker(dir: &Path, name: &str, server: &str, hz: f32) -> Engine {
    let engine = Engine::start(EngineConfig {
        profile: name.into(),
        data_dir: dir.to_owned(),
        on_change: Arc::new(|| {}),
        overrides: Overrides {
            microphone: Some(DeviceSpec::Tone(hz)),
            speaker: Some(DeviceSpec::Null),
            ring_device: Some(DeviceSpec::Null),
            no_discovery: true,
            ..Overrides::default()
        },
    })
    .expect("the profile is free");
    signed_out(&engine);
    engine.send(Command::Join { address: server.into(), form: form(name) });
    online(&engine);
    // A tone is no voice, and would be taken for noise.
    let state = engine.state();
    let plain = Settings { noise_suppression: false, gain_control: false, ..Settings::clone(&state.settings) };
    engine.send(Command::ChangeSettings(Box::new(plain)));
    engine
}

#[test]
fn a_host_chooses_how_many_are_heard_at_a_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ann, _ben) = pair(dir.path());
    let server = ann.state().hosting.as_ref().expect("hosts").addresses[0].clone();
    let speakers = [("cal", 500.0), ("dot", 800.0)].map(|(name, hz)| speaker(dir.path(), name, &server, hz));
    let call = |heard: usize| {
        ann.send(Command::CallPeople(vec![user("cal"), user("dot")]));
        for speaker in &speakers {
            let state = wait(speaker, "ringing", |state| state.incoming_call().is_some());
            speaker.send(Command::Accept(state.incoming_call().expect("rings").call_id.clone()));
        }
        wait(&ann, "with both", |state| state.current_call().is_some_and(|call| call.others_in() == 2));
        let loud = |state: &State| state.audio.participants.iter().filter(|other| other.level_dbfs > -40.0).count();
        // Who talks longer is no louder: it stays like this.
        for _ in 0..10 {
            wait(&ann, "hearing so many", |state| loud(state) == heard);
            std::thread::sleep(Duration::from_millis(100));
        }
        let call = ann.state().current_call().expect("a call").call_id.clone();
        for engine in speakers.iter().chain([&ann]) {
            engine.send(Command::HangUp(call.clone()));
        }
        for engine in speakers.iter().chain([&ann]) {
            wait(engine, "over", |state| state.calls.iter().all(|call| !call.is_live()));
        }
    };
    call(2);
    let settings = Settings { hosted_speakers: 1, ..Settings::clone(&ann.state().settings) };
    ann.send(Command::ChangeSettings(Box::new(settings)));
    wait(&ann, "changed", |state| state.settings.hosted_speakers == 1);
    call(1);
}

#[test]
fn settings_are_stored_and_what_the_command_line_fixed_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = engine(dir.path(), "one");
    let state = signed_out(&first);
    assert_eq!(state.settings.microphone, DeviceSpec::Null, "fixed for this run");
    let settings =
        Settings { speaker_volume: 0.25, speaker: DeviceSpec::Tone(440.0), ..Settings::clone(&state.settings) };
    first.send(Command::ChangeSettings(Box::new(settings)));
    wait(&first, "changed", |state| state.settings.speaker_volume == 0.25);
    drop(first);
    let plain = Engine::start(EngineConfig {
        profile: "one".into(),
        data_dir: dir.path().to_owned(),
        on_change: Arc::new(|| {}),
        overrides: Overrides { no_discovery: true, ..Overrides::default() },
    })
    .expect("starts");
    let settings = signed_out(&plain).settings.clone();
    assert_eq!((settings.speaker_volume, &settings.microphone), (0.25, &DeviceSpec::Default));
    assert_eq!(settings.speaker, DeviceSpec::Tone(440.0));
}
