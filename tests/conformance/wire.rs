//! A client that shares no code with Ahoy's own: JSON over a WebSocket over TLS, as a stranger would write it from
//! `docs/protocol.md`.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::server::ServerProcess;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// Far longer than anything here takes: a test waits for a condition, and this only ends a broken one.
const LIMIT: Duration = Duration::from_secs(60);

/// Trusts exactly one certificate, by its SHA-256.
#[derive(Debug)]
struct OnlyThisOne(String, Arc<CryptoProvider>);

impl ServerCertVerifier for OnlyThisOne {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use sha2::Digest as _;
        let shown: String = sha2::Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        if shown == self.0.to_lowercase() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General(format!("the server shows {shown}")))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.1.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.1.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}

/// One connection.
pub(crate) struct Wire {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    next_id: u64,
    inbox: VecDeque<Value>,
}

/// What the server gave a device.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) device: String,
    token: String,
}

impl Wire {
    pub(crate) async fn connect(server: &ServerProcess) -> Self {
        let provider = Arc::new(ring::default_provider());
        let verifier = OnlyThisOne(server.fingerprint.clone().expect("it has TLS"), provider.clone());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let tcp = TcpStream::connect(&server.listen).await.expect("the server listens");
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("TLS");
        let url = format!("{}/", server.url());
        let (socket, _) = tokio_tungstenite::client_async(url, tls).await.expect("a WebSocket");
        Self { socket, next_id: 1, inbox: VecDeque::new() }
    }

    /// A new account, signed in.
    pub(crate) async fn sign_up(server: &ServerProcess, user: &str) -> (Self, Account) {
        let mut wire = Self::connect(server).await;
        let params = json!({"userID": user, "displayName": user, "password": "correct horse", "deviceName": "first"});
        let account = account(&wire.ok("signUp", params).await);
        wire.login(&account, "cold", 0).await;
        (wire, account)
    }

    /// A further device of an account, signed in.
    pub(crate) async fn sign_in(server: &ServerProcess, user: &str, device_name: &str) -> (Self, Account) {
        let mut wire = Self::connect(server).await;
        let params = json!({"userID": user, "password": "correct horse", "deviceName": device_name});
        let account = account(&wire.ok("signIn", params).await);
        wire.login(&account, "cold", 0).await;
        (wire, account)
    }

    /// The same device on a new connection.
    pub(crate) async fn come_back(server: &ServerProcess, account: &Account, start: &str, last_seq: u64) -> Self {
        let mut wire = Self::connect(server).await;
        wire.login(account, start, last_seq).await;
        wire
    }

    /// Signs in and waits until the replay is complete; what was replayed stays in the inbox.
    async fn login(&mut self, account: &Account, start: &str, last_seq: u64) {
        let params = json!({"userID": account.user, "token": account.token, "start": start, "lastSeq": last_seq});
        self.ok("login", params).await;
        while !self.inbox.iter().any(|event| event["method"] == "onSyncFinished") {
            let frame = self.read().await;
            self.inbox.push_back(frame);
        }
    }

    async fn read(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(LIMIT, self.socket.next()).await.expect("the server says something");
            match message.expect("the connection stays open").expect("a good frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
    }

    /// Asks, and returns the result or the error's code.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, i64> {
        let id = self.next_id;
        self.next_id += 1;
        let frame = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        self.socket.send(Message::text(frame)).await.expect("the connection stays open");
        loop {
            let frame = self.read().await;
            if frame.get("method").is_some() {
                self.inbox.push_back(frame);
                continue;
            }
            assert_eq!(frame["id"], id, "answers come in order: {frame}");
            if let Some(error) = frame.get("error") {
                let sentence = error["message"].as_str().expect("a sentence");
                assert!(sentence.len() > 10, "{method} is refused without a reason: {frame}");
                return Err(error["code"].as_i64().expect("a code"));
            }
            return Ok(frame["result"].clone());
        }
    }

    pub(crate) async fn ok(&mut self, method: &str, params: Value) -> Value {
        self.call(method, params.clone()).await.unwrap_or_else(|code| panic!("{method} {params} is refused: {code}"))
    }

    pub(crate) async fn refused(&mut self, method: &str, params: Value, code: i64) {
        assert_eq!(self.call(method, params.clone()).await, Err(code), "{method} {params}");
    }

    /// The parameters of the next notification of that name about that invitation (or group, or anything with that id).
    pub(crate) async fn expect(&mut self, method: &str, id: &str) -> Value {
        let is_it = |event: &Value| {
            let params = &event["params"];
            event["method"] == method && (params["inviteID"] == id || params["groupID"] == id)
        };
        loop {
            if let Some(place) = self.inbox.iter().position(is_it) {
                return self.inbox.remove(place).expect("it is there")["params"].take();
            }
            let frame = self.read().await;
            self.inbox.push_back(frame);
        }
    }

    /// All notifications about an invitation or group so far. Whatever the server did before this call is in it, since
    /// a connection is answered in order.
    pub(crate) async fn everything_about(&mut self, id: &str) -> Vec<Value> {
        self.ok("ping", json!({})).await;
        let (about, rest) = self.inbox.drain(..).partition(|event| {
            let params = &event["params"];
            params["inviteID"] == id || params["groupID"] == id
        });
        self.inbox = rest;
        Vec::from(about)
    }

    /// Everything that came so far and was not taken.
    pub(crate) async fn everything(&mut self) -> Vec<Value> {
        self.ok("ping", json!({})).await;
        self.inbox.drain(..).collect()
    }

    /// Invites one user and returns the identifier.
    pub(crate) async fn invite(&mut self, invitee: &str, timeout: u32, extra: Value) -> String {
        let invite_id = uuid::Uuid::new_v4().to_string();
        let mut params = json!({"inviteID": invite_id, "invitee": invitee, "timeout": timeout, "data": "hello"});
        merge(&mut params, extra);
        let reply = self.ok("invite", params).await;
        assert_eq!(reply["inviteID"], invite_id.as_str());
        invite_id
    }

    /// Invites members of a group and returns the identifier.
    pub(crate) async fn invite_in_group(&mut self, group: &str, invitees: &[&str], timeout: u32, data: &str) -> String {
        let invite_id = uuid::Uuid::new_v4().to_string();
        let params =
            json!({"inviteID": invite_id, "groupID": group, "inviteeList": invitees, "timeout": timeout, "data": data});
        self.ok("inviteInGroup", params).await;
        invite_id
    }

    /// Makes a group with first members and returns the identifier.
    pub(crate) async fn create_group(&mut self, group_type: &str, members: &[&str]) -> String {
        let params = json!({"groupType": group_type, "groupName": "3학년 2반", "memberList": members});
        self.ok("createGroup", params).await["groupID"].as_str().expect("an identifier").to_owned()
    }
}

fn account(credentials: &Value) -> Account {
    let text = |field: &str| credentials[field].as_str().expect("a text").to_owned();
    Account { user: text("userID"), device: text("deviceID"), token: text("token") }
}

fn merge(into: &mut Value, extra: Value) {
    if let (Value::Object(into), Value::Object(extra)) = (into, extra) {
        into.extend(extra);
    }
}

/// The names of notifications, in order.
pub(crate) fn methods(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["method"].as_str()).collect()
}
