//! A PulseAudio daemon of one's own, with virtual sound cards, for tests.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A running daemon; ends when dropped.
pub struct Pulse {
    daemon: Child,
    folder: tempfile::TempDir,
    /// What the first speaker plays.
    monitor: Option<String>,
}

impl Pulse {
    /// Starts a daemon with these sound cards: each name is a speaker (`NAME`, recorded at `NAME.monitor`).
    pub fn start(speakers: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = socket(folder.path());
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-target=stderr"]);
        for speaker in speakers {
            command.args([
                "-L",
                &format!(
                    "module-null-sink sink_name={speaker} rate=48000 sink_properties=device.description={speaker}"
                ),
            ]);
        }
        command.args(["-L", &format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display())]);
        let daemon = isolated(&mut command, folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pulseaudio is installed");
        let monitor = speakers.first().map(|speaker| format!("{speaker}.monitor"));
        let mut pulse = Self { daemon, folder, monitor };
        let deadline = Instant::now() + Duration::from_secs(20);
        while pulse.try_pactl(&["info"]).is_none() {
            assert!(Instant::now() < deadline, "PulseAudio does not start");
            assert!(pulse.daemon.try_wait().expect("a process").is_none(), "PulseAudio has ended");
            std::thread::sleep(Duration::from_millis(50));
        }
        pulse
    }

    /// Adds a microphone that hears what is played to the speaker `over`.
    pub fn add_microphone(&self, name: &str, over: &str) -> String {
        self.pactl(&[
            "load-module",
            "module-remap-source",
            &format!("master={over}.monitor"),
            &format!("source_name={name}"),
            &format!("source_properties=device.description={name}"),
        ])
    }

    /// Adds a speaker; the answer is the module's number, to take it away with [`Self::unload`].
    pub fn add_speaker(&self, name: &str) -> String {
        self.pactl(&[
            "load-module",
            "module-null-sink",
            &format!("sink_name={name}"),
            "rate=48000",
            &format!("sink_properties=device.description={name}"),
        ])
    }

    /// Takes a device away.
    pub fn unload(&self, module: &str) {
        self.pactl(&["unload-module", module]);
    }

    /// Environment for programs that are to use this daemon. Their microphone hears the first speaker.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut environment = self.environment_without_microphone();
        environment.extend(self.monitor.clone().map(|monitor| ("PULSE_SOURCE".into(), monitor)));
        environment
    }

    /// The same, with no microphone but those that are added.
    pub fn environment_without_microphone(&self) -> Vec<(String, String)> {
        let folder = self.folder.path().display().to_string();
        vec![
            ("PULSE_SERVER".into(), format!("unix:{}", socket(self.folder.path()).display())),
            ("PULSE_RUNTIME_PATH".into(), folder),
        ]
    }

    /// The daemon's number.
    pub fn number(&self) -> u32 {
        self.daemon.id()
    }

    /// A program of the PulseAudio tools, talking to this daemon.
    pub fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.envs(self.environment());
        command
    }

    /// Runs `pactl` and returns its output, trimmed.
    pub fn pactl(&self, arguments: &[&str]) -> String {
        self.try_pactl(arguments).unwrap_or_else(|| panic!("pactl {arguments:?} failed"))
    }

    fn try_pactl(&self, arguments: &[&str]) -> Option<String> {
        let output = self.tool("pactl").args(arguments).stderr(Stdio::null()).output().expect("pactl is installed");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("native")
}

/// Without the state or the settings of whoever runs the tests.
fn isolated<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .env("PULSE_RUNTIME_PATH", folder)
        .env("PULSE_STATE_PATH", folder)
        .env("PULSE_CONFIG_PATH", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env_remove("PULSE_SERVER")
        .env_remove("PULSE_SINK")
        .env_remove("PULSE_SOURCE")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
}
