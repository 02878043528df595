//! Sessions for tests of sound cards, and waiting for what comes of them.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::{
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ahoy::{
    media::{AudioNotice, AudioSession, Headsets, SessionConfig, Treatment, spec::DeviceSpec},
    protocol::SourceId,
};

/// Waits for what must come.
pub fn wait(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs an ignored test of the same file in a process of its own, in the environment that `prepare` gives it; what it
/// wrote as an error.
pub fn inner(name: &str, prepare: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--ignored", "--exact", name, "--nocapture", "--test-threads=1"]).stdin(Stdio::null());
    let output = prepare(&mut command).output().expect("this program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{stdout}\n{stderr}");
    assert!(output.status.success() && stdout.contains("1 passed"), "{name} failed");
    stderr.into_owned()
}

/// A session as it begins, with nothing done to voices.
pub fn config(source: u32, microphone: DeviceSpec, speaker: DeviceSpec) -> SessionConfig {
    SessionConfig {
        source: SourceId(source),
        microphone,
        speaker,
        muted: false,
        closed: false,
        microphone_gain: 1.0,
        speaker_volume: 1.0,
        treatment: Treatment::NONE,
        headsets: Headsets::default(),
    }
}

/// Somebody on the default cards, whose microphone hears his speaker, and somebody who speaks to him.
pub struct Loop {
    /// Who has cards.
    pub cards: Arc<AudioSession>,
    /// Who speaks: a tone, as long as it is not muted.
    pub tone: AudioSession,
}

impl Loop {
    /// Starts both.
    pub fn start(notices: impl Fn(AudioNotice) + Send + Sync + 'static) -> Self {
        let devices = config(1, DeviceSpec::Default, DeviceSpec::Default);
        let cards = Arc::new(AudioSession::start(devices, Box::new(|_| ()), Box::new(notices)));
        let to = cards.clone();
        let tone = AudioSession::start(
            config(2, DeviceSpec::Tone(440.0), DeviceSpec::Null),
            Box::new(move |packet| to.receive(packet)),
            Box::new(|_| ()),
        );
        Self { cards, tone }
    }

    /// The tone comes back through the microphone.
    pub fn is_heard(&self) -> bool {
        self.cards.stats().microphone_level_dbfs > -25.0
    }

    /// From the tone's beginning until it is heard, the shortest of some.
    pub fn delay(&self) -> Duration {
        let once = |_| {
            self.tone.set_muted(true);
            wait("silence", || self.cards.stats().microphone_level_dbfs < -60.0);
            let begun = Instant::now();
            self.tone.set_muted(false);
            wait("the tone", || self.is_heard());
            begun.elapsed()
        };
        (0..5).map(once).min().unwrap_or_default()
    }
}
