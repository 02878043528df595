//! What the tests over the real wire share: a real server process, and clients that are signed in.
//!
//! Nothing here sleeps and hopes: every wait is for a condition, with a generous limit.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod server;

pub(crate) use server::ServerProcess;

use ahoy::{
    client::{Address, Client, ClientConfig, ClientEvent, Pin, account},
    protocol::{
        Delivery, Event, UserId,
        api::{Credentials, SignUp, Start},
    },
};
use std::{collections::VecDeque, future::Future, time::Duration};
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

impl ServerProcess {
    /// Its address, as a client takes it.
    pub(crate) fn address(&self) -> Address {
        Address::parse(&self.url(), self.fingerprint.is_none()).expect("an address")
    }

    /// What a client expects of it.
    pub(crate) fn pin(&self) -> Pin {
        self.fingerprint.as_ref().map_or(Pin::FirstUse, |digits| Pin::Known(digits.parse().expect("a fingerprint")))
    }
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
