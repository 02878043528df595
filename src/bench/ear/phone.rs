//! A real phone without a window, spoken to in JSON-RPC.

use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::{Value, json};

use super::super::process::Running;

/// Nothing that a phone is asked for takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A phone; ends when this is dropped.
pub(super) struct Phone {
    _running: Running,
    stdin: ChildStdin,
    news: Receiver<Value>,
}

impl Phone {
    /// Starts it and waits until it is online.
    pub(super) fn start(command: &mut Command) -> anyhow::Result<Self> {
        command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = Running::start(command)?;
        let stdin = running.child().stdin.take().context("a phone has no input")?;
        let stdout = running.child().stdout.take().context("a phone has no output")?;
        let (feed, news) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if serde_json::from_str(&line).is_ok_and(|line: Value| feed.send(line).is_err()) {
                    return;
                }
            }
        });
        let phone = Self { _running: running, stdin, news };
        phone.wait("being online", |news| news["method"] == "stateChanged" && news["params"]["session"] == "online")?;
        Ok(phone)
    }

    /// Asks for something; nobody waits for the answer. Returns when it was asked.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> anyhow::Result<Instant> {
        let line = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let asked = Instant::now();
        writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush()).context("a phone does not read")?;
        Ok(asked)
    }

    /// Waits until a call is in this phase.
    pub(super) fn wait_phase(&self, phase: &str) -> anyhow::Result<()> {
        self.wait(phase, |news| news["method"] == "callChanged" && news["params"]["phase"] == phase)
    }

    fn wait(&self, what: &str, found: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let news = self.news.recv_timeout(left).with_context(|| format!("a phone never says: {what}"))?;
            if found(&news) {
                return Ok(());
            }
        }
    }
}
