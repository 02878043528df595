//! A real `ahoy serve` process, and real `ahoy phone` processes spoken to in JSON-RPC.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    ops::{Deref, DerefMut},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

mod server;

#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use server::ServerProcess;

/// How long anything may take before a test gives up. Slow machines are slow; a passing test never waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The command line that all phones of a test share: its server, and a folder of its own for profiles.
pub(crate) fn command(server: &str, user: &str, dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahoy"));
    command.args(["phone", "--server", server, "--user", user, "--data-dir"]).arg(dir).args(more);
    if server.starts_with("ws://") {
        command.arg("--insecure");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// A process that does not outlive the test.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A phone in JSON mode.
pub(crate) struct Phone {
    user: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<Value>,
    /// News that nobody has waited for yet.
    news: VecDeque<Value>,
    next_id: u64,
}

impl Phone {
    /// Starts a phone without sound and waits until it is online.
    pub(crate) fn start(server: &str, user: &str, dir: &Path, more: &[&str]) -> Self {
        let mut args = vec!["--json"];
        args.extend(more);
        for (option, silence) in [("--microphone", "silence"), ("--speaker", "null")] {
            if !more.contains(&option) {
                args.extend([option, silence]);
            }
        }
        let mut phone = Self::spawn(&mut command(server, user, dir, &args), user);
        phone.wait("being online", |news| is_state(news, "online"));
        phone
    }

    /// Starts a process that speaks JSON-RPC.
    pub(crate) fn spawn(command: &mut Command, user: &str) -> Self {
        let mut child = command.spawn().expect("the phone starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (feed, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                let Ok(line) = line else { break };
                let value: Value =
                    serde_json::from_str(&line).unwrap_or_else(|error| panic!("not JSON on stdout: {line:?}: {error}"));
                assert_eq!(value["jsonrpc"], "2.0", "{line}");
                if feed.send(value).is_err() {
                    break;
                }
            }
        });
        Self { user: user.to_owned(), child, stdin, lines, news: VecDeque::new(), next_id: 1 }
    }

    fn next(&mut self, deadline: Instant, what: &str) -> Value {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(value) => value,
            Err(error) => {
                let ended = self.child.try_wait();
                panic!("{}: {what} did not come ({error}; ended: {ended:?}); unread news: {:#?}", self.user, self.news)
            }
        }
    }

    /// Writes a line as it is.
    pub(crate) fn write(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("still open");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("the phone reads");
    }

    /// The next line that answers `id`; news that come before it are kept.
    pub(crate) fn answer(&mut self, id: &Value) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.next(deadline, &format!("the answer to {id}"));
            if value.get("method").is_none() && value["id"] == *id {
                return value;
            }
            self.news.push_back(value);
        }
    }

    /// Asks, and returns the result or the error.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = json!(self.next_id);
        self.next_id += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        let answer = self.answer(&id);
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// Asks for something that must work.
    pub(crate) fn done(&mut self, method: &str, params: Value) -> Value {
        let user = self.user.clone();
        self.ask(method, params).unwrap_or_else(|error| panic!("{user}: {method} failed: {error}"))
    }

    /// Asks for something that must be refused, and returns the code.
    pub(crate) fn refused(&mut self, method: &str, params: Value) -> i64 {
        match self.ask(method, params) {
            Ok(result) => panic!("{}: {method} should have been refused: {result}", self.user),
            Err(error) => error["code"].as_i64().expect("a code"),
        }
    }

    /// The first news, read or not, that fits; whatever came before it is dropped.
    pub(crate) fn wait(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = match self.news.pop_front() {
                Some(value) => value,
                None => self.next(deadline, what),
            };
            if fits(&value) {
                return value;
            }
        }
    }

    /// The first notification of this name.
    pub(crate) fn wait_for(&mut self, method: &str) -> Value {
        self.wait(method, |news| news["method"] == method)["params"].clone()
    }

    /// The call as it is when it reaches a phase.
    pub(crate) fn wait_phase(&mut self, phase: &str) -> Value {
        let fits = |news: &Value| news["method"] == "callChanged" && news["params"]["phase"] == phase;
        self.wait(&format!("phase {phase}"), fits)["params"].clone()
    }

    /// The state once `fits` says so.
    pub(crate) fn wait_state(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.done("getState", json!({}));
            if fits(&state) {
                return state;
            }
            assert!(Instant::now() < deadline, "{}: the state stays {state:#?}", self.user);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The log's rows once `fits` says so.
    pub(crate) fn wait_log(&mut self, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.done("getLog", json!({}));
            let rows = log["rows"].as_array().expect("rows").clone();
            if fits(&rows) {
                return rows;
            }
            assert!(Instant::now() < deadline, "{}: the log stays at {rows:#?}", self.user);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The one finished row of the log.
    pub(crate) fn only_row(&mut self) -> Value {
        self.wait_log(|rows| rows.len() == 1 && !rows[0]["result"].is_null()).remove(0)
    }

    /// Waits until the state is as wished.
    pub(crate) fn wait_until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.done("getState", json!({}));
            if fits(&state) {
                return;
            }
            assert!(Instant::now() < deadline, "{}: never {what}: {state:#}", self.user);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until another user shows in the list with this presence.
    pub(crate) fn wait_presence(&mut self, user: &str, presence: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.done("getState", json!({}));
            let people = state["people"].as_array().expect("people");
            if people.iter().any(|person| person["userID"] == user && person["presence"] == presence) {
                return;
            }
            assert!(Instant::now() < deadline, "{}: {user} is not {presence}: {people:#?}", self.user);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the process at once, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Ends the phone by closing its stdin.
    pub(crate) fn quit(mut self) -> ExitStatus {
        drop(self.stdin.take());
        wait_exit(&mut self.child)
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_state(news: &Value, session: &str) -> bool {
    news["method"] == "stateChanged" && news["params"]["session"] == session
}

/// Waits for the end of a process.
pub(crate) fn wait_exit(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("wait") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the process does not end");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a process in plain mode prints a line that begins like this; its later lines are read and dropped.
pub(crate) fn wait_line(child: &mut Child, begin: &str) {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with(begin)), "the phone ended without saying {begin:?}");
    thread::spawn(move || lines.for_each(drop));
}

/// Waits for something that happens outside.
pub(crate) fn wait_for(done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "it never happened");
        thread::sleep(Duration::from_millis(20));
    }
}
