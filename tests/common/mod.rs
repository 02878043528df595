//! What the tests over the real wire share: a real server process, and clients that are signed in.
//!
//! Nothing here sleeps and hopes: every wait is for a condition, with a generous limit.

// Each test file uses its part of this.
#![allow(dead_code, clippy::unwrap_used)]

use ahoy::{
    client::{Address, Client, ClientConfig, ClientEvent, Pin, account},
    protocol::{
        Delivery, Event, Fingerprint, UserId,
        api::{Credentials, SignUp, Start},
    },
};
use std::{
    collections::VecDeque,
    fs::File,
    future::Future,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::sync::mpsc;

/// No condition takes this long unless it never comes.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Awaits something that must come.
pub(crate) async fn soon<F: Future>(what: &str, work: F) -> F::Output {
    tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// A user identifier.
pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).expect("a valid user")
}

/// A real `ahoy serve` process with a data folder of its own. Killed when dropped.
pub(crate) struct ServerProcess {
    child: Child,
    dir: tempfile::TempDir,
    options: Vec<String>,
    /// Where it listens, `127.0.0.1:PORT`; the same after a restart.
    pub(crate) listen: String,
    /// Its certificate; `None` with `--insecure`.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl ServerProcess {
    /// Starts a server on a free port of 127.0.0.1, with further options of `ahoy serve`.
    pub(crate) fn start(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let options = options.iter().map(ToString::to_string).collect();
        Self::launch(dir, options, "127.0.0.1:0")
    }

    fn launch(dir: tempfile::TempDir, options: Vec<String>, listen: &str) -> Self {
        let log = File::options().create(true).append(true).open(dir.path().join("log")).expect("a log");
        let mut child = command(&dir.path().join("data"), listen)
            .args(&options)
            .env("RUST_LOG", "warn,ahoy=debug")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        let (listen, fingerprint) = match words[..] {
            ["listening", "on", url, "fingerprint", digits] => {
                (url.strip_prefix("wss://").expect("wss"), Some(digits.parse().expect("a fingerprint")))
            }
            ["listening", "on", url] => (url.strip_prefix("ws://").expect("ws"), None),
            _ => panic!("unexpected: {line:?}\n{}", std::fs::read_to_string(dir.path().join("log")).unwrap()),
        };
        let listen = listen.to_owned();
        Self { child, dir, options, listen, fingerprint }
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
        Self::launch(dir, std::mem::take(&mut old.options), &old.listen.clone())
    }

    /// Sends a signal by name and waits for the exit code.
    pub(crate) fn signal(&mut self, name: &str) -> Option<i32> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
        self.child.wait().expect("an end").code()
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
    pub(crate) fn address(&self) -> Address {
        match self.fingerprint {
            Some(_) => self.listen.parse().expect("an address"),
            None => Address::parse(&format!("ws://{}", self.listen), true).expect("an address"),
        }
    }

    /// What a client expects of it.
    pub(crate) fn pin(&self) -> Pin {
        self.fingerprint.map_or(Pin::FirstUse, Pin::Known)
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
pub(crate) fn command(data_dir: &std::path::Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahoy"));
    command.args(["serve", "--no-announce", "--listen", listen, "--data-dir"]).arg(data_dir).stdin(Stdio::null());
    command
}

/// Makes an account without a password.
pub(crate) async fn sign_up(address: &Address, pin: Pin, name: &str) -> Credentials {
    let request = SignUp {
        user_id: user(name),
        display_name: name.to_owned(),
        password: Some("correct horse".to_owned()),
        device_name: format!("{name}'s computer"),
    };
    let (credentials, _) = soon("sign-up", account::sign_up(address, pin, request)).await.expect("signed up");
    credentials
}

/// A session, with what has happened in it.
pub(crate) struct Peer {
    /// The client.
    pub(crate) client: Client,
    /// What signs it in again.
    pub(crate) credentials: Credentials,
    events: mpsc::Receiver<ClientEvent>,
    /// Events read while something else was waited for, oldest first.
    pub(crate) seen: VecDeque<ClientEvent>,
}

impl Peer {
    /// Signs up and comes online.
    pub(crate) async fn sign_up(address: &Address, pin: Pin, name: &str) -> Self {
        let credentials = sign_up(address, pin, name).await;
        let mut peer = Self::start(address, pin, credentials, Start::Cold, 0);
        peer.synced().await;
        peer
    }

    /// Starts a session.
    pub(crate) fn start(address: &Address, pin: Pin, credentials: Credentials, start: Start, last_seq: u64) -> Self {
        let config = ClientConfig { address: address.clone(), pin, credentials: credentials.clone(), start, last_seq };
        let (client, events) = Client::start(config);
        Self { client, credentials, events, seen: VecDeque::new() }
    }

    /// The user.
    pub(crate) fn user(&self) -> UserId {
        self.credentials.user_id.clone()
    }

    /// The next event; `None` when the session is over.
    pub(crate) async fn next(&mut self) -> Option<ClientEvent> {
        soon("an event", self.events.recv()).await
    }

    /// Waits until the session is online with everything missed.
    pub(crate) async fn synced(&mut self) {
        self.until("synced", |event| matches!(event, ClientEvent::Synced { .. }).then_some(())).await;
    }

    /// Waits for the event that `pick` takes. Others before it are kept in `seen`.
    pub(crate) async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&ClientEvent) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.events.recv().await.unwrap_or_else(|| panic!("the session ended before: {what}"));
                if let Some(picked) = pick(&event) {
                    return picked;
                }
                self.seen.push_back(event);
            }
        };
        soon(what, wait).await
    }

    /// Waits for a callback that `pick` takes.
    pub(crate) async fn callback<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        self.until(what, |event| match event {
            ClientEvent::Callback(Delivery { event, .. }) => pick(event),
            _ => None,
        })
        .await
    }
}
