//! The embedded server: started, remembered, and ended.

use std::net::SocketAddr;

use crate::{
    client::Address,
    protocol::{ApiError, Code, lan::DEFAULT_PORT},
    server::{SPEAKERS_MAX, Server, ServerConfig},
};

use super::{
    SignInForm,
    actor::{Actor, Message},
    entry::device_name,
    profile::HostingMemory,
    state::{ConnectStep, Hosting, Problem, Session},
};

/// The server in this program.
pub(super) struct Embedded {
    pub(super) server: Server,
    port: u16,
}

impl Actor {
    /// Runs the embedded server, and signs in there.
    pub(super) fn host(&mut self, form: SignInForm) {
        self.link.host_form = Some(form);
        self.start_server(DEFAULT_PORT);
    }

    pub(super) fn start_server(&mut self, port: u16) {
        let generation = self.link.next();
        self.draft.session = Session::Connecting(ConnectStep::StartingServer);
        let listen = self.overrides.host_listen.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], port)));
        let config = ServerConfig {
            announce: !self.overrides.no_discovery,
            speakers: self.settings.hosted_speakers.clamp(1, SPEAKERS_MAX),
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

    /// How many are heard at a time, from the next call on.
    pub(super) fn set_speakers(&mut self, speakers: usize) {
        if let Some(embedded) = &self.link.server
            && let Err(error) = embedded.server.set_speakers(speakers)
        {
            self.fail(ApiError::new(Code::InvalidParameters, error.to_string()));
        }
    }

    /// Ends the embedded server, also for the next start.
    pub(super) fn stop_hosting(&mut self) {
        if let Some(embedded) = self.link.server.take() {
            tokio::spawn(async move { embedded.server.shutdown().await });
        }
        self.draft.hosting = None;
        let forgotten = self.profile.set_hosting(None);
        self.stored(forgotten);
    }
}
