//! The session with a server: opened with stored credentials, kept, lost and found again, signed out.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::mpsc;

use crate::{
    call::Input,
    client::{
        Address, Client, ClientConfig, ClientEvent, Pin,
        discovery::{Browser, Found},
    },
    protocol::{ApiError, Code, Fingerprint, api::Start, event::KickedOffline},
};

use super::{
    SignInForm,
    actor::{Actor, Message},
    hosting::Embedded,
    profile::Account,
    state::{ConnectStep, FoundServer, Me, Problem, Session},
};

/// How long the connection may take to close at the end.
const CLOSE: Duration = Duration::from_secs(2);

/// An answer that the actor waits for.
type Answer = BoxFuture<'static, Message>;

/// What is being tried, and continues once a changed certificate is trusted.
pub(super) enum Attempt {
    /// Sign up or in.
    Enter { address: Address, form: SignInForm, either: bool },
    /// Open a session with stored credentials.
    Connect,
}

/// Everything about one server.
#[derive(Default)]
pub(super) struct Link {
    /// Counts sessions: what an earlier one still brings back is not looked at.
    pub(super) generation: u64,
    pub(super) client: Option<Client>,
    /// Answers that must not be overtaken by later events. Bounded by the requests that the call machine has open.
    answers: Option<mpsc::UnboundedSender<Answer>>,
    pub(super) account: Option<Account>,
    pub(super) attempt: Option<Attempt>,
    /// What a changed certificate showed.
    pub(super) shown: Option<Fingerprint>,
    /// This run of the program has been online with this account.
    pub(super) was_online: bool,
    retry_at_ms: Option<u64>,
    /// How far the server's clock is ahead of the engine's, ms; known once it has told the time.
    pub(super) server_clock_ms: Option<i64>,
    pub(super) server: Option<Box<Embedded>>,
    /// Sign up or in at the embedded server once it runs.
    pub(super) host_form: Option<SignInForm>,
    browser: Option<Browser>,
    pub(super) announced: Arc<[Found]>,
}

impl Link {
    /// Brings the seconds until the next try up to date.
    pub(super) fn count_down(&self, session: &mut Session, now_ms: u64) {
        if let Session::Offline { retry_in_s, .. } = session {
            *retry_in_s = self.retry_at_ms.map_or(0, |at| at.saturating_sub(now_ms).div_ceil(1000));
        }
    }

    /// Closes connection and server, within a limit.
    pub(super) async fn close(&mut self) {
        if let Some(client) = self.client.take()
            && tokio::time::timeout(CLOSE, client.shutdown()).await.is_err()
        {
            tracing::warn!("the connection did not close in time");
        }
        if let Some(embedded) = self.server.take() {
            embedded.server.shutdown().await;
        }
    }

    /// Sends a request, whose answer comes to the inbox before all events that follow it.
    pub(super) fn await_in_order(&self, answer: Answer, inbox: &mpsc::Sender<Message>) {
        let refused = match &self.answers {
            Some(answers) => answers.send(answer).err().map(|refused| refused.0),
            None => Some(answer),
        };
        // Without a session nothing can be overtaken; the answer is the failure.
        if let Some(answer) = refused {
            let inbox = inbox.clone();
            tokio::spawn(async move { inbox.send(answer.await).await });
        }
    }

    /// Whatever comes back from now on belongs to a new session.
    pub(super) fn next(&mut self) -> u64 {
        if let Some(client) = self.client.take() {
            tokio::spawn(async move { client.shutdown().await });
        }
        self.answers = None;
        self.generation += 1;
        self.retry_at_ms = None;
        self.generation
    }
}

impl Actor {
    /// What the profile and the command line say to do first.
    pub(super) fn boot(&mut self) {
        if let Some((address, form)) = self.overrides.sign_in.clone() {
            self.join(&address, form, true);
            return;
        }
        let account = self.profile.current_account();
        self.link.account = self.stored(account).flatten();
        let hosting = self.profile.hosting();
        if let Some(hosting) = self.stored(hosting).flatten() {
            self.start_server(hosting.port);
        } else if self.link.account.is_some() {
            self.connect();
        } else {
            self.signed_out(None);
        }
    }

    /// Opens a session with the account.
    pub(super) fn connect(&mut self) {
        let Some(account) = self.link.account.clone() else { return self.signed_out(None) };
        // What it was stored as was an address once; --insecure may be missing this time.
        let address = match Address::parse(&account.server, self.overrides.insecure) {
            Ok(address) => address,
            Err(error) => return self.refuse_form(&error),
        };
        let pin = account.fingerprint.as_deref().and_then(|text| text.parse().ok());
        let generation = self.link.next();
        self.link.attempt = Some(Attempt::Connect);
        self.link.browser = None;
        self.draft.session = Session::Connecting(ConnectStep::Reaching);
        self.draft.me = Some(Me {
            user: account.credentials.user_id.clone(),
            display_name: account.credentials.user_id.to_string(),
            server: address.host_port(),
        });
        self.forget_own_devices();
        self.open_calls();
        let (client, events) = Client::start(ClientConfig {
            address,
            pin: pin.map_or(Pin::FirstUse, Pin::Known),
            credentials: account.credentials.clone(),
            start: if self.link.was_online { Start::Hot } else { Start::Cold },
            last_seq: account.last_seq,
        });
        self.link.client = Some(client);
        let (answers, asked) = mpsc::unbounded_channel();
        self.link.answers = Some(answers);
        tokio::spawn(carry(generation, events, asked, self.inbox.clone()));
    }

    /// The client's news.
    pub(super) fn client_event(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Connecting => {
                self.link.retry_at_ms = None;
            }
            ClientEvent::FirstPin(shown) => {
                if let Some(mut account) = self.link.account.take() {
                    let pinned = self.profile.pin(&mut account, &shown.to_string());
                    self.link.account = Some(account);
                    self.stored(pinned);
                }
            }
            ClientEvent::CertificateChanged { pinned, shown } => {
                self.link.client = None;
                let address = self.draft.me.as_ref().map(|me| me.server.clone()).unwrap_or_default();
                self.certificate_changed(address, pinned, shown);
            }
            ClientEvent::Online(reply) => {
                if let Some(me) = &mut self.draft.me {
                    me.display_name = reply.display_name;
                }
                self.link.server_clock_ms = Some(reply.server_time_ms.saturating_sub_unsigned(self.now_ms()));
                self.status_begins(reply.self_status);
                if !self.link.was_online {
                    self.draft.session = Session::Connecting(ConnectStep::Catching);
                }
            }
            ClientEvent::Synced { .. } => {
                self.link.was_online = true;
                self.link.retry_at_ms = None;
                self.draft.session = Session::Online;
                // What is on is told behind this.
                self.group_calls.clear();
                self.calls_input(Input::LinkReady);
                self.list_people();
                self.list_own_devices();
                self.list_favourites();
                self.list_groups();
            }
            ClientEvent::Record(delivery) => self.record(delivery),
            ClientEvent::Callback(delivery) => {
                self.group_event(&delivery.event, delivery.time_ms);
                self.callback(delivery);
            }
            ClientEvent::Lost { error, retry_in_ms } => {
                self.link.retry_at_ms = Some(self.now_ms() + retry_in_ms);
                let problem = Problem { code: error.code, detail: error.message };
                self.draft.session = Session::Offline { problem, retry_in_s: 0 };
                self.group_calls.clear();
                self.calls_input(Input::LinkLost);
            }
            ClientEvent::KickedOffline(KickedOffline { reason: error, by_device }) => {
                self.calls_input(Input::SignedOut(error.clone()));
                if by_device.is_some() {
                    self.forget_account();
                }
                self.signed_out(Some(Problem { code: error.code, detail: error.message }));
                self.draft.signed_out_by = by_device;
            }
            ClientEvent::TokenRejected(error) => {
                self.calls_input(Input::SignedOut(error.clone()));
                self.forget_account();
                self.signed_out(Some(Problem { code: error.code, detail: error.message }));
            }
        }
    }

    pub(super) fn retry_now(&mut self) {
        match (&self.link.client, &self.draft.session) {
            (Some(client), Session::Offline { .. }) => client.retry_now(),
            (None, Session::SignedOut { .. }) if self.link.account.is_some() => self.connect(),
            _ => {}
        }
    }

    pub(super) fn cancel_connect(&mut self) {
        if matches!(self.draft.session, Session::Online | Session::SignedOut { .. }) {
            return;
        }
        if self.link.host_form.take().is_some() || self.link.account.is_none() {
            self.stop_hosting();
        }
        self.signed_out(None);
    }

    pub(super) fn sign_out(&mut self) {
        let over = ApiError::new(Code::NotLoggedIn, "This device was signed out.");
        self.calls_input(Input::SignedOut(over));
        if let Some(client) = self.link.client.take() {
            tokio::spawn(async move {
                // Offline, the token stays valid at the server; it is forgotten here all the same.
                let _ = client.logout(true).await;
                client.shutdown().await;
            });
        }
        self.forget_account();
        self.stop_hosting();
        self.signed_out(None);
    }

    fn forget_account(&mut self) {
        if let Some(account) = self.link.account.take() {
            let forgotten = self.profile.forget(&account);
            self.stored(forgotten);
        }
        self.forget_log();
    }

    /// The sign-in screen, which shows what servers there are.
    pub(super) fn signed_out(&mut self, problem: Option<Problem>) {
        self.link.next();
        // Answers to an earlier session's requests are not waited for.
        self.calls.in_flight = 0;
        self.stop_media();
        self.draft.session = Session::SignedOut { problem };
        self.draft.me = None;
        self.draft.signed_out_by = None;
        self.people.clear();
        self.forget_own_devices();
        self.forget_status();
        self.forget_favourites();
        self.forget_groups();
        self.close_reports();
        self.group_calls.clear();
        if self.overrides.no_discovery || self.link.browser.is_some() {
            return;
        }
        match Browser::start() {
            Ok(browser) => {
                let (mut found, inbox) = (browser.found(), self.inbox.clone());
                self.link.browser = Some(browser);
                tokio::spawn(async move {
                    while found.changed().await.is_ok() {
                        let servers = found.borrow_and_update().clone();
                        if inbox.send(Message::Found(servers)).await.is_err() {
                            break;
                        }
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "no servers are looked for"),
        }
    }

    /// Servers on the local network.
    pub(super) fn found(&mut self, servers: &Arc<[Found]>) {
        self.link.announced = servers.clone();
        let shown = |found: &Found| {
            Some(FoundServer {
                name: found.name.clone(),
                address: found.address()?.host_port(),
                fingerprint: found.fingerprint.to_string(),
            })
        };
        self.draft.found_servers = servers.iter().filter_map(shown).collect();
    }
}

/// Brings a session's events and answers to the actor. An answer is looked for before the next event, so that none comes
/// in behind an event that the server sent after it; the other way round does no harm.
async fn carry(
    generation: u64,
    mut events: mpsc::Receiver<ClientEvent>,
    mut asked: mpsc::UnboundedReceiver<Answer>,
    inbox: mpsc::Sender<Message>,
) {
    let mut answers = FuturesUnordered::new();
    let (mut asking, mut living) = (true, true);
    while asking || living || !answers.is_empty() {
        let message = tokio::select! {
            biased;
            answer = asked.recv(), if asking => match answer {
                Some(mut answer) => {
                    // The first poll puts the request into the client's queue: requests leave in order.
                    match tokio::task::unconstrained(&mut answer).now_or_never() {
                        Some(message) => message,
                        None => {
                            answers.push(answer);
                            continue;
                        }
                    }
                }
                None => {
                    asking = false;
                    continue;
                }
            },
            Some(message) = answers.next(), if !answers.is_empty() => message,
            event = events.recv(), if living => match event {
                Some(event) => Message::Client(generation, event),
                None => {
                    living = false;
                    continue;
                }
            },
        };
        if inbox.send(message).await.is_err() {
            break;
        }
    }
}
