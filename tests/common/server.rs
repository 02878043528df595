//! A real `ahoy serve` process.

#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses a part")]

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A real `ahoy serve` process with a data folder of its own. Killed when dropped.
pub(crate) struct ServerProcess {
    child: Child,
    dir: tempfile::TempDir,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    /// Where it listens, `127.0.0.1:PORT`; the same after a restart.
    pub(crate) listen: String,
    /// SHA-256 of its certificate, hexadecimal; `None` with `--insecure`.
    pub(crate) fingerprint: Option<String>,
}

impl ServerProcess {
    /// Starts a server on a free port of 127.0.0.1, with further options of `ahoy serve`.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_within(Vec::new(), options)
    }

    /// The same, with environment variables of its own.
    pub(crate) fn start_within(environment: Vec<(String, String)>, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let options = options.iter().map(ToString::to_string).collect();
        Self::launch(dir, options, environment, "127.0.0.1:0")
    }

    fn launch(dir: tempfile::TempDir, options: Vec<String>, environment: Vec<(String, String)>, listen: &str) -> Self {
        let log = File::options().create(true).append(true).open(dir.path().join("log")).expect("a log");
        let mut child = command(&dir.path().join("data"), listen)
            .args(&options)
            .env("RUST_LOG", "warn,ahoy=debug")
            .envs(environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        let (listen, fingerprint) = match words[..] {
            ["listening", "on", url, "fingerprint", digits] => {
                (url.strip_prefix("wss://").expect("wss"), Some(digits.to_owned()))
            }
            ["listening", "on", url] => (url.strip_prefix("ws://").expect("ws"), None),
            _ => panic!("unexpected: {line:?}\n{}", std::fs::read_to_string(dir.path().join("log")).unwrap()),
        };
        let listen = listen.to_owned();
        Self { child, dir, options, environment, listen, fingerprint }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Starts again after [`ServerProcess::kill`]: same folder, same port.
    pub(crate) fn restart(self) -> Self {
        // The parts are taken out; what is left must not be killed again.
        let mut old = self;
        let dir = std::mem::replace(&mut old.dir, tempfile::tempdir().expect("a folder"));
        Self::launch(dir, std::mem::take(&mut old.options), std::mem::take(&mut old.environment), &old.listen.clone())
    }

    /// Sends a signal by name and waits for the exit code.
    pub(crate) fn signal(&mut self, name: &str) -> Option<i32> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
        self.child.wait().expect("an end").code()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data folder.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).expect("a log")
    }

    /// Its address for clients.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.fingerprint.is_some() { "wss" } else { "ws" };
        format!("{scheme}://{}", self.listen)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `ahoy serve`, not announced.
pub(crate) fn command(data_dir: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahoy"));
    command.args(["serve", "--no-announce", "--listen", listen, "--data-dir"]).arg(data_dir).stdin(Stdio::null());
    command
}
