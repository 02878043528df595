//! The way in: sign up or in at a server, and what to do when its certificate is not the one expected.

use crate::{
    client::{self, Address, ConnectError, Pin},
    protocol::{
        ApiError, Code, Fingerprint, UserId,
        api::{Credentials, SignIn, SignUp},
    },
};

use super::{
    SignInForm,
    actor::{Actor, Message},
    session::Attempt,
    state::{ConnectStep, Problem, Session},
};

impl Actor {
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

    pub(super) fn refuse_form(&mut self, error: &dyn std::error::Error) {
        let detail = error.to_string();
        self.signed_out(Some(Problem { code: Code::InvalidParameters as i32, detail }));
    }

    pub(super) fn enter(&mut self, address: Address, pin: Option<Fingerprint>, form: SignInForm, either: bool) {
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

    pub(super) fn certificate_changed(&mut self, address: String, pinned: Fingerprint, shown: Fingerprint) {
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
pub(super) fn device_name() -> String {
    let name = std::env::var("HOSTNAME")
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .unwrap_or_default();
    let name: String = name.trim().chars().filter(|letter| !letter.is_control()).take(32).collect();
    if name.is_empty() { "Ahoy".to_owned() } else { name }
}
