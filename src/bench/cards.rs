//! Virtual sound cards: a PulseAudio daemon of one's own, with a mouth and an ear for each person.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::Context;

use super::process::{Folder, Running};

/// The daemon; ends when this is dropped.
#[derive(Debug)]
pub struct Cards {
    _daemon: Running,
    folder: Folder,
}

impl Cards {
    /// Starts a daemon with cards for these people.
    ///
    /// # Errors
    /// If PulseAudio is not here, or does not start.
    pub fn start(people: &[&str]) -> anyhow::Result<Self> {
        let folder = Folder::make()?;
        let path = folder.path();
        let mut command = Command::new("pulseaudio");
        command.args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-target=stderr"]);
        for person in people {
            for end in ["mouth", "ear"] {
                command.args(["-L", &format!("module-null-sink sink_name={person}_{end} rate=48000")]);
            }
        }
        let socket = format!("socket={} auth-anonymous=1", path.join("native").display());
        command.args(["-L", &format!("module-native-protocol-unix {socket}"), "--log-level=info"]);
        for name in ["PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH", "XDG_RUNTIME_DIR"] {
            command.env(name, path);
        }
        // Without the settings and the session of whoever measures.
        for name in ["PULSE_SERVER", "PULSE_SINK", "PULSE_SOURCE", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut daemon = Running::start(&mut command)?;
        let log = daemon.child().stderr.take().context("PulseAudio has no log")?;
        let mut log = BufReader::new(log).lines().map_while(Result::ok);
        let started = log.any(|line| line.contains("Daemon startup complete"));
        anyhow::ensure!(started, "PulseAudio does not start");
        // Nobody may be kept waiting who writes to a full pipe.
        thread::spawn(move || log.for_each(drop));
        Ok(Self { _daemon: daemon, folder })
    }

    /// Where the daemon listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("native")
    }

    fn connect(&self, command: &mut Command) {
        command.env("PULSE_SERVER", format!("unix:{}", self.socket().display()));
        command.env("PULSE_RUNTIME_PATH", self.folder.path());
    }

    /// Gives a program a person's cards as its default ones.
    pub fn plug(&self, command: &mut Command, person: &str) {
        self.connect(command);
        command.env("PULSE_SOURCE", format!("{person}_mouth.monitor")).env("PULSE_SINK", format!("{person}_ear"));
    }

    /// The person says this again and again, until the daemon ends.
    pub fn say(&self, person: &str, speech: &Path) {
        let mut command = Command::new("paplay");
        command.args(["-d", &format!("{person}_mouth")]).arg(speech).stdin(Stdio::null()).stderr(Stdio::null());
        self.connect(&mut command);
        thread::spawn(move || while command.status().is_ok_and(|status| status.success()) {});
    }
}
