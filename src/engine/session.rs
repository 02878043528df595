//! The way to the server and back: host, join, sign in, stay connected, sign out.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::FutureExt;

use crate::{
    call::Input,
    client::{
        self, Address, Client, ClientConfig, ClientEvent, ConnectError, Pin,
        discovery::{Browser, Found},
    },
    protocol::{
        ApiError, Code, Fingerprint, UserId,
        api::{Credentials, GetUsers, SetSelfInfo, SignIn, SignUp, Start},
        lan::DEFAULT_PORT,
        limits,
    },
    server::{Server, ServerConfig},
};

use super::{
    RawRequest, SignInForm,
    actor::{Actor, Message},
    profile::{Account, HostingMemory},
    state::{ConnectStep, FoundServer, Hosting, Me, Problem, Session},
};

/// How long the connection may take to close at the end.
const CLOSE: Duration = Duration::from_secs(2);

/// The server in this program.
pub(super) struct Embedded {
    server: Server,
    port: u16,
}

/// What is being tried, and continues once a changed certificate is trusted.
enum Attempt {
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
    pub(super) account: Option<Account>,
    attempt: Option<Attempt>,
    /// What a changed certificate showed.
    shown: Option<Fingerprint>,
    /// This run of the program has been online with this account.
    was_online: bool,
    retry_at_ms: Option<u64>,
    server: Option<Box<Embedded>>,
    /// Sign up or in at the embedded server once it runs.
    host_form: Option<SignInForm>,
    browser: Option<Browser>,
    announced: Arc<[Found]>,
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

    /// Whatever comes back from now on belongs to a new session.
    fn next(&mut self) -> u64 {
        if let Some(client) = self.client.take() {
            tokio::spawn(async move { client.shutdown().await });
        }
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

    /// Runs the embedded server, and signs in there.
    pub(super) fn host(&mut self, form: SignInForm) {
        self.link.host_form = Some(form);
        self.start_server(DEFAULT_PORT);
    }

    fn start_server(&mut self, port: u16) {
        let generation = self.link.next();
        self.draft.session = Session::Connecting(ConnectStep::StartingServer);
        let listen = self.overrides.host_listen.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], port)));
        let config = ServerConfig {
            announce: !self.overrides.no_discovery,
            ..ServerConfig::new(listen, self.profile.server_dir(), device_name())
        };
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let result = match Server::spawn(config.clone()).await {
                // Somebody else has the port; any other will do, found by the announcement.
                Err(error) if listen.port() != 0 => {
                    tracing::warn!(%error, "the usual port cannot be used; taking another");
                    let listen = SocketAddr::new(listen.ip(), 0);
                    Server::spawn(ServerConfig { listen, ..config }).await
                }
                result => result,
            };
            let result = result
                .map(|server| Box::new(Embedded { port: server.local_addr().port(), server }))
                .map_err(|error| error.to_string());
            let _ = inbox.send(Message::Server(generation, result)).await;
        });
    }

    /// The embedded server runs, or does not.
    pub(super) fn server_up(&mut self, of: u64, result: Result<Box<Embedded>, String>) {
        let embedded = match result {
            Ok(embedded) => embedded,
            Err(detail) if of == self.link.generation => {
                self.link.host_form = None;
                self.signed_out(Some(Problem { code: Code::Internal as i32, detail }));
                return;
            }
            Err(_) => return,
        };
        if of != self.link.generation {
            // Given up meanwhile.
            tokio::spawn(async move { embedded.server.shutdown().await });
            return;
        }
        let fingerprint = embedded.server.fingerprint();
        self.draft.hosting = Some(Hosting {
            name: embedded.server.name().to_owned(),
            addresses: embedded.server.addresses().iter().map(ToString::to_string).collect(),
            fingerprint: fingerprint.map(|shown| shown.to_string()).unwrap_or_default(),
        });
        let port = embedded.port;
        let address = Address::new("127.0.0.1", port);
        self.link.server = Some(embedded);
        let remembered = self.profile.set_hosting(Some(&HostingMemory { port }));
        self.stored(remembered);
        if let Some(form) = self.link.host_form.take() {
            self.enter(address, fingerprint, form, false);
        } else if let Some(mut account) = self.link.account.take() {
            let moved = self.profile.move_server(&mut account, &address.to_string());
            self.link.account = Some(account);
            self.stored(moved);
            self.connect();
        } else {
            self.signed_out(None);
        }
    }

    /// Signs up or in at a server; with `either`, uses what the profile knows first, and whatever works.
    pub(super) fn join(&mut self, address: &str, form: SignInForm, either: bool) {
        let parsed = Address::parse(address, self.overrides.insecure);
        let (address, user) = match (parsed, UserId::new(form.user.trim())) {
            (Ok(address), Ok(user)) => (address, user),
            (Err(error), _) => return self.refuse_form(&error),
            (_, Err(error)) => return self.refuse_form(&error),
        };
        if either {
            let known = self.profile.account_of(&address.to_string(), &user);
            if let Some(account) = self.stored(known).flatten() {
                let used = self.profile.use_account(&account);
                self.stored(used);
                self.link.account = Some(account);
                return self.connect();
            }
        }
        let announced = self.link.announced.iter().find(|found| {
            found.addresses.iter().any(|at| at.ip().to_string() == address.host() && at.port() == address.port())
        });
        let pin = announced.map(|found| found.fingerprint);
        self.enter(address, pin, form, either);
    }

    fn refuse_form(&mut self, error: &dyn std::error::Error) {
        let detail = error.to_string();
        self.signed_out(Some(Problem { code: Code::InvalidParameters as i32, detail }));
    }

    fn enter(&mut self, address: Address, pin: Option<Fingerprint>, form: SignInForm, either: bool) {
        let generation = self.link.next();
        self.draft.session = Session::Connecting(ConnectStep::SigningIn);
        self.link.attempt = Some(Attempt::Enter { address: address.clone(), form: form.clone(), either });
        let pin = pin.map_or(Pin::FirstUse, Pin::Known);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let result = sign_up_or_in(&address, pin, form, either).await;
            let _ = inbox.send(Message::Entered(generation, result)).await;
        });
    }

    /// Signing up or in is over.
    pub(super) fn entered(&mut self, result: Result<(Credentials, Option<Fingerprint>), ConnectError>) {
        let Some(Attempt::Enter { address, .. }) = &self.link.attempt else { return };
        match result {
            Ok((credentials, shown)) => {
                let shown = shown.map(|shown| shown.to_string());
                let stored = self.profile.sign_in(&address.to_string(), shown.as_deref(), &credentials);
                self.link.was_online = false;
                match self.stored(stored) {
                    Some(account) => {
                        self.link.account = Some(account);
                        self.connect();
                    }
                    // The failure has been told; without storing it, the account would be lost at the next start.
                    None => self.signed_out(None),
                }
            }
            Err(ConnectError::CertificateChanged { pinned, shown }) => {
                let address = address.host_port();
                self.certificate_changed(address, pinned, shown);
            }
            Err(ConnectError::Api(error)) => {
                self.signed_out(Some(Problem { code: error.code, detail: error.message }));
            }
        }
    }

    fn certificate_changed(&mut self, address: String, pinned: Fingerprint, shown: Fingerprint) {
        self.link.shown = Some(shown);
        self.draft.session =
            Session::CertificateChanged { address, pinned: pinned.to_string(), shown: shown.to_string() };
    }

    pub(super) fn trust_new_certificate(&mut self) {
        let Some(shown) = self.link.shown.take() else { return };
        match self.link.attempt.take() {
            Some(Attempt::Enter { address, form, either }) => self.enter(address, Some(shown), form, either),
            Some(Attempt::Connect) => {
                if let Some(mut account) = self.link.account.take() {
                    let pinned = self.profile.pin(&mut account, &shown.to_string());
                    self.link.account = Some(account);
                    self.stored(pinned);
                }
                self.connect();
            }
            None => {}
        }
    }

    /// Opens a session with the account.
    fn connect(&mut self) {
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
        self.open_calls();
        let (client, mut events) = Client::start(ClientConfig {
            address,
            pin: pin.map_or(Pin::FirstUse, Pin::Known),
            credentials: account.credentials.clone(),
            start: if self.link.was_online { Start::Hot } else { Start::Cold },
            last_seq: account.last_seq,
        });
        self.link.client = Some(client);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if inbox.send(Message::Client(generation, event)).await.is_err() {
                    break;
                }
            }
        });
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
                if !self.link.was_online {
                    self.draft.session = Session::Connecting(ConnectStep::Catching);
                }
            }
            ClientEvent::Synced { .. } => {
                self.link.was_online = true;
                self.link.retry_at_ms = None;
                self.draft.session = Session::Online;
                self.calls_input(Input::LinkReady);
                self.list_people();
            }
            ClientEvent::Record(delivery) => self.record(delivery),
            ClientEvent::Callback(delivery) => self.callback(delivery),
            ClientEvent::Lost { error, retry_in_ms } => {
                self.link.retry_at_ms = Some(self.now_ms() + retry_in_ms);
                let problem = Problem { code: error.code, detail: error.message };
                self.draft.session = Session::Offline { problem, retry_in_s: 0 };
                self.calls_input(Input::LinkLost);
            }
            ClientEvent::KickedOffline(error) => {
                self.calls_input(Input::SignedOut(error.clone()));
                self.signed_out(Some(Problem { code: error.code, detail: error.message }));
            }
            ClientEvent::TokenRejected(error) => {
                self.calls_input(Input::SignedOut(error.clone()));
                self.forget_account();
                self.signed_out(Some(Problem { code: error.code, detail: error.message }));
            }
        }
    }

    fn list_people(&mut self) {
        let Some(client) = self.link.client.clone() else { return };
        let (generation, inbox) = (self.link.generation, self.inbox.clone());
        tokio::spawn(async move {
            let mut after = None;
            loop {
                let request = GetUsers { query: String::new(), after: after.take(), limit: limits::PAGE_MAX };
                match client.call(request).await {
                    Ok(page) => {
                        after = page.users.last().map(|user| user.user_id.clone());
                        let _ = inbox.send(Message::People(generation, page.users)).await;
                        if !page.more || after.is_none() {
                            break;
                        }
                    }
                    // The connection broke; the list is asked for again once it is back.
                    Err(error) => {
                        tracing::info!(%error, "people cannot be listed now");
                        break;
                    }
                }
            }
        });
    }

    pub(super) fn rename(&mut self, name: String) {
        let Some(client) = self.link.client.clone() else { return };
        let (generation, inbox) = (self.link.generation, self.inbox.clone());
        tokio::spawn(async move {
            let message = match client.call(SetSelfInfo { display_name: name.clone() }).await {
                Ok(_) => Message::Renamed(generation, name),
                Err(error) => Message::Failed(error),
            };
            let _ = inbox.send(message).await;
        });
    }

    pub(super) fn renamed(&mut self, name: String) {
        if let Some(me) = &mut self.draft.me {
            me.display_name = name;
        }
    }

    pub(super) fn raw_request(&mut self, raw: RawRequest) {
        let RawRequest { request, reply } = raw;
        let Some(client) = self.link.client.clone() else {
            let error = ApiError::new(Code::NotInitialized, "There is no server yet; wait until the phone is online.");
            // Who asked may have given up.
            let _ = reply.send(Err(error));
            return;
        };
        let mut answer = Box::pin(async move {
            let text = client.request(request).await?;
            serde_json::from_str(text.get()).map_err(|error| {
                ApiError::new(Code::ParseError, format!("The server's answer is unreadable: {error}."))
            })
        });
        // As for the machine: requests leave in the order in which they were asked.
        let early = tokio::task::unconstrained(&mut answer).now_or_never();
        tokio::spawn(async move {
            let answer = match early {
                Some(answer) => answer,
                None => answer.await,
            };
            let _ = reply.send(answer);
        });
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

    fn stop_hosting(&mut self) {
        if let Some(embedded) = self.link.server.take() {
            tokio::spawn(async move { embedded.server.shutdown().await });
        }
        self.draft.hosting = None;
        let forgotten = self.profile.set_hosting(None);
        self.stored(forgotten);
    }

    /// The sign-in screen, which shows what servers there are.
    fn signed_out(&mut self, problem: Option<Problem>) {
        self.link.next();
        self.stop_media();
        self.draft.session = Session::SignedOut { problem };
        self.draft.me = None;
        self.people.clear();
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

async fn sign_up_or_in(
    address: &Address,
    pin: Pin,
    form: SignInForm,
    either: bool,
) -> Result<(Credentials, Option<Fingerprint>), ConnectError> {
    let invalid = |error: &dyn std::fmt::Display| ApiError::new(Code::InvalidParameters, error.to_string());
    let user_id = UserId::new(form.user.trim()).map_err(|error| invalid(&error))?;
    let device_name = device_name();
    let sign_in = |pin| {
        let request =
            SignIn { user_id: user_id.clone(), password: form.password.clone(), device_name: device_name.clone() };
        client::account::sign_in(address, pin, request)
    };
    if !form.new_account {
        return sign_in(pin).await;
    }
    let name = form.display_name.trim();
    let request = SignUp {
        user_id: user_id.clone(),
        display_name: if name.is_empty() { user_id.to_string() } else { name.to_owned() },
        password: (!form.password.is_empty()).then(|| form.password.clone()),
        device_name: device_name.clone(),
    };
    match client::account::sign_up(address, pin, request).await {
        Err(ConnectError::Api(error))
            if either && !form.password.is_empty() && (error.is(Code::IdInUse) || error.is(Code::SignUpClosed)) =>
        {
            sign_in(pin).await
        }
        result => result,
    }
}

/// This computer's name, for "answered on …".
fn device_name() -> String {
    let name = std::env::var("HOSTNAME")
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let name: String = name.trim().chars().filter(|letter| !letter.is_control()).take(32).collect();
    if name.is_empty() { "Ahoy".to_owned() } else { name }
}
