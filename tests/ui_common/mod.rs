//! A window without an engine: states made by hand, and a list of what the window has sent.

#![allow(dead_code, unreachable_pub, reason = "every test file uses a part of it")]

pub mod groups;
pub mod lesson;
pub mod party;

use std::sync::{Arc, Mutex};

use ahoy::{
    app::{AhoyApp, Backend, Clock, Tab},
    call::{CallView, Direction, EndReason, Network, Phase, log::LogRow},
    engine::{
        Command, Settings, State,
        settings::{Language, Theme},
        state::{
            Audio, Device, DeviceChoice, EchoState, FoundServer, Hosting, LinkQuality, Me, NoiseState,
            ParticipantAudio, Person, Processing, Quality, Session, Transport,
        },
    },
    protocol::{
        DeviceId, InviteId, RoomId, SourceId, UserId,
        event::{Participant, Presence},
    },
};
use egui::Role;
use egui_kittest::{Harness, kittest::Queryable as _};
use jiff::tz::{TimeZone, offset};

/// 22 November 2026, 13:05 UTC; the window shows it nine hours further east.
pub const NOW_MS: i64 = 1_795_352_700_000;
const MINUTE_MS: i64 = 60_000;
pub const FINGERPRINT: &str = "9f2c41d07be85a36c1f4e2907d63ab58f01c94e7b25a8d6033cf7e19a4b8d25c";
pub const OTHER_FINGERPRINT: &str = "1b7740e95cd2f8a36e0b94c7d1582fa3907c6e4db8f1352a9d04e7c6b3a18f52";

/// Stands in for the engine.
#[derive(Clone, Default)]
pub struct Fake {
    state: Arc<Mutex<Arc<State>>>,
    sent: Arc<Mutex<Vec<Command>>>,
}

impl Fake {
    pub fn new(state: State) -> Self {
        let fake = Self::default();
        fake.set(state);
        fake
    }

    pub fn set(&self, state: State) {
        *self.state.lock().expect("no test panics while holding it") = Arc::new(state);
    }

    /// What was sent since last asked.
    pub fn take_sent(&self) -> Vec<Command> {
        std::mem::take(&mut *self.sent.lock().expect("no test panics while holding it"))
    }
}

impl Backend for Fake {
    fn state(&self) -> Arc<State> {
        self.state.lock().expect("no test panics while holding it").clone()
    }

    fn send(&self, command: Command) {
        self.sent.lock().expect("no test panics while holding it").push(command);
    }
}

pub fn clock() -> Clock {
    Clock { zone: TimeZone::fixed(offset(9)), now_ms: Some(NOW_MS) }
}

/// A window of the usual size over a fake.
pub fn window(fake: &Fake, tab: Tab) -> Harness<'static, AhoyApp> {
    let backend = Arc::new(fake.clone());
    let mut harness = Harness::builder().with_size(egui::vec2(980.0, 660.0)).build_eframe(move |cc| {
        let mut app = AhoyApp::new(&cc.egui_ctx, backend, clock());
        app.open(tab);
        app
    });
    harness.run();
    harness
}

pub fn user(id: &str) -> UserId {
    UserId::new(id).expect("an identifier")
}

pub fn invite(id: &str) -> InviteId {
    InviteId::new(id).expect("an identifier")
}

pub fn settings(language: Language, theme: Theme) -> Arc<Settings> {
    Arc::new(Settings { language: Some(language), theme, ..Settings::default() })
}

/// The names of the people in the pictures.
fn names(language: Language) -> [(&'static str, &'static str, Presence); 6] {
    match language {
        Language::English => [
            ("ada", "Ada Lovelace", Presence::Online),
            ("grace", "Grace Hopper", Presence::InCall),
            ("katherine", "Katherine Johnson", Presence::Online),
            ("linus", "Linus Pauling", Presence::Online),
            ("mary", "Mary Somerville", Presence::Offline),
            ("niels", "Niels Bohr", Presence::Offline),
        ],
        Language::Korean => [
            ("minjun", "김민준", Presence::Online),
            ("ada", "Ada Lovelace", Presence::InCall),
            ("seoyeon", "이서연", Presence::Online),
            ("jiho", "박지호", Presence::Online),
            ("haeun", "최하은", Presence::Offline),
            ("doyun", "정도윤", Presence::Offline),
        ],
    }
}

/// Somebody signed in, at home on their own server, with devices, people and nothing going on.
pub fn home(language: Language, theme: Theme) -> State {
    let people: Vec<Person> = names(language)
        .iter()
        .map(|(id, name, presence)| Person { user: user(id), display_name: (*name).to_owned(), presence: *presence })
        .collect();
    let me = match language {
        Language::English => {
            Me { user: user("alice"), display_name: "Alice Park".into(), server: "192.168.0.24:7470".into() }
        }
        Language::Korean => {
            Me { user: user("hana"), display_name: "박하나".into(), server: "192.168.0.24:7470".into() }
        }
    };
    let choice = |id: &str, name: &str| DeviceChoice { id: id.into(), name: name.into() };
    State {
        profile: "default".into(),
        session: Session::Online,
        hosting: Some(hosting()),
        me: Some(me),
        people: people.into(),
        audio: Audio {
            microphones: [choice("usb", "USB Headset Microphone"), choice("built-in", "Built-in Microphone")].into(),
            speakers: [choice("usb", "USB Headset"), choice("built-in", "Built-in Speakers")].into(),
            microphone_in_use: Some("USB Headset Microphone".into()),
            speaker_in_use: Some("USB Headset".into()),
            microphone_level_dbfs: -127.0,
            ..Audio::default()
        },
        settings: settings(language, theme),
        devices: devices(language),
        ..State::default()
    }
}

pub fn hosting() -> Hosting {
    Hosting {
        name: "Alice’s server".into(),
        addresses: vec!["192.168.0.24:7470".into(), "10.8.0.3:7470".into()],
        fingerprint: FINGERPRINT.into(),
    }
}

/// This device and two others, of which one is connected.
pub fn devices(language: Language) -> Arc<[Device]> {
    let names = match language {
        Language::English => ["Desk", "Laptop", "Living room"],
        Language::Korean => ["책상", "노트북", "거실"],
    };
    let hours_ago = [0, 0, 3 * 24];
    let device = |at: usize| Device {
        id: DeviceId::new(format!("device-{at}")).expect("an identifier"),
        name: names[at].into(),
        created_ms: NOW_MS - 40 * 24 * 60 * MINUTE_MS,
        last_seen_ms: NOW_MS - hours_ago[at] * 60 * MINUTE_MS,
        online: at < 2,
        own: at == 0,
    };
    [device(0), device(1), device(2)].into()
}

pub fn signed_out(language: Language, theme: Theme) -> State {
    State {
        profile: "default".into(),
        session: Session::SignedOut { problem: None },
        settings: settings(language, theme),
        ..State::default()
    }
}

pub fn found_servers() -> Arc<[FoundServer]> {
    [FoundServer { name: "Room 204".into(), address: "192.168.0.31:7470".into(), fingerprint: FINGERPRINT.into() }]
        .into()
}

/// A call with the first of the people.
pub fn call(state: &State, direction: Direction, phase: Phase) -> CallView {
    CallView {
        call_id: invite("call-1"),
        peer: state.people[0].user.clone(),
        group: None,
        others: Arc::default(),
        direction,
        phase,
        room: RoomId::new(7).ok(),
        participants: Arc::default(),
        talking_since_ms: None,
        ring_deadline_ms: None,
        end: None,
        detail: None,
        duration_s: 0,
        on_hold: false,
        network: Network::Good,
        lesson: None,
        lesson_over: None,
    }
}

/// In the middle of a call that has gone on for a while.
pub fn in_call(language: Language, theme: Theme) -> State {
    let mut state = home(language, theme);
    let mut talk = call(&state, Direction::Outgoing, Phase::InCall);
    let source = SourceId(3);
    talk.talking_since_ms = Some(1_000);
    talk.participants = Arc::new(vec![Participant {
        user_id: talk.peer.clone(),
        device_id: DeviceId::new("device").expect("an identifier"),
        source_id: source,
        on_hold: false,
    }]);
    state.now_ms = 1_000 + 754_000;
    state.calls = [talk].into();
    state.audio.microphone_level_dbfs = -24.0;
    state.audio.participants =
        [ParticipantAudio { source, level_dbfs: -18.0, volume: 1.0, concealed: 0.0, playout_delay_ms: 60 }].into();
    state.audio.link = Some(link_quality(12.4, 0.002, 3.1, Quality::Good));
    state.audio.processing = Some(Processing {
        music: false,
        high_pass: true,
        echo: EchoState::On { delay_ms: 42.0, erle_db: 28.0 },
        noise: NoiseState::Calm,
        gain_db: Some(6.0),
        levelling: true,
    });
    state
}

/// A link over QUIC whose way back is the worse one.
pub fn link_quality(rtt_ms: f32, loss: f32, jitter_ms: f32, verdict: Quality) -> LinkQuality {
    LinkQuality {
        transport: Some(Transport::Quic),
        rtt_ms,
        loss_up: loss / 2.0,
        loss_down: loss,
        jitter_up_ms: jitter_ms / 2.0,
        jitter_down_ms: jitter_ms,
        loss,
        jitter_ms,
        verdict,
    }
}

pub fn incoming(language: Language, theme: Theme) -> State {
    let mut state = home(language, theme);
    state.calls = [call(&state, Direction::Incoming, Phase::Incoming)].into();
    state
}

pub fn ended(language: Language, theme: Theme, end: EndReason, duration_s: u64) -> State {
    let mut state = home(language, theme);
    let mut over = call(&state, Direction::Outgoing, Phase::Ended);
    over.end = Some(end);
    over.duration_s = duration_s;
    state.calls = [over].into();
    state
}

/// A call log with every kind of row.
pub fn with_log(mut state: State) -> State {
    let rows = [
        (0, Direction::Incoming, Some(EndReason::NoAnswer), false, 0, 12),
        (1, Direction::Outgoing, Some(EndReason::HungUp), true, 754, 95),
        (2, Direction::Incoming, Some(EndReason::AnsweredElsewhere), true, 61, 180),
        (3, Direction::Outgoing, Some(EndReason::Busy), false, 0, 26 * 60),
        (0, Direction::Incoming, Some(EndReason::Busy), false, 0, 27 * 60),
        (4, Direction::Incoming, Some(EndReason::HungUp), true, 3_723, 28 * 60),
        (5, Direction::Outgoing, Some(EndReason::NoAnswer), false, 0, 75 * 60),
    ];
    let rows = rows
        .into_iter()
        .enumerate()
        .map(|(at, (person, direction, result, answered, duration_s, minutes_ago))| LogRow {
            call_id: invite(&format!("row-{at}")),
            peer: state.people[person].user.clone(),
            group: None,
            people: Vec::new(),
            direction,
            time_ms: NOW_MS - minutes_ago * MINUTE_MS,
            result,
            answered,
            duration_s,
            call_s: 0,
            device_name: (result == Some(EndReason::AnsweredElsewhere)).then(|| "Laptop".into()),
        })
        .collect();
    state.log = Arc::new(rows);
    state.missed_unseen = 2;
    state
}

/// The single command that was sent.
#[track_caller]
pub fn only(fake: &Fake) -> Command {
    let mut sent = fake.take_sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}

/// Presses what has this role and name.
pub fn click(harness: &mut Harness<'_, AhoyApp>, role: Role, label: &str) {
    harness.get_by_role_and_label(role, label).click();
    harness.run();
}

/// Types into the field of this name.
pub fn type_into(harness: &mut Harness<'_, AhoyApp>, label: &str, text: &str) {
    let field = harness.get_by_role_and_label(Role::TextInput, label);
    field.focus();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
    harness.run();
}
