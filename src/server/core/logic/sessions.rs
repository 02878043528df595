//! Accounts and sessions: signing up, signing in, being signed in, people.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{
    Answer, ConnId, DEVICES_PER_USER, Effect, Fail, Logic, answer, connection::Session, devices::DeviceChange, done,
    internal, refuse,
};
use crate::{
    protocol::{
        ApiError, Code, DeviceId, Event, UserId,
        api::{Credentials, GetUsers, Login, LoginReply, SignIn, SignUp, Start, UserPage},
        event::{KickedOffline, LeaveReason, UserStatus},
    },
    server::store::NewDevice,
    signaling::Actor,
};

/// A secret of so many random bytes, as hexadecimal text.
pub(super) fn secret<const BYTES: usize>() -> Result<String, Fail> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Fail::Api(internal(&error.to_string())))?;
    let mut text = String::with_capacity(2 * BYTES);
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Logic {
    pub(super) fn sign_up(&mut self, request: &SignUp, password_hash: Option<&str>) -> Answer {
        if !self.sign_up_open {
            return refuse(
                Code::SignUpClosed,
                "This server does not take sign-ups; ask whoever runs it for an account.",
            );
        }
        if !self.store.add_account(&request.user_id, &request.display_name, password_hash, self.wall_ms)? {
            return refuse(Code::IdInUse, format!("\"{}\" is taken; choose another name.", request.user_id));
        }
        let credentials = self.add_device(&request.user_id, &request.device_name)?;
        self.presence.renew(&request.user_id);
        answer(&credentials)
    }

    pub(super) fn sign_in(&mut self, request: &SignIn, verified: bool) -> Answer {
        if !verified || !self.store.has_account(&request.user_id)? {
            return refuse(Code::WrongPassword, "The name or the password is wrong.");
        }
        let devices = self.store.devices(&request.user_id)?;
        if devices.len() >= DEVICES_PER_USER {
            let online = self.online.get(&request.user_id);
            let idle = devices.iter().find(|known| !online.is_some_and(|there| there.contains_key(&known.device)));
            let Some(idle) = idle else {
                return refuse(Code::FrequencyLimit, "Too many devices are signed in; sign out on one of them first.");
            };
            self.store.remove_device(&request.user_id, &idle.device)?;
        }
        let credentials = self.add_device(&request.user_id, &request.device_name)?;
        self.effects.push_back(Effect::Devices { user: request.user_id.clone(), change: DeviceChange::Added });
        answer(&credentials)
    }

    fn add_device(&self, user: &UserId, name: &str) -> Result<Credentials, Fail> {
        let (device, token) = (DeviceId::random(), secret::<32>()?);
        let new = NewDevice { user, device: &device, name, token_hash: &token_hash(&token) };
        self.store.add_device(&new, self.wall_ms)?;
        Ok(Credentials { user_id: user.clone(), device_id: device, token })
    }

    pub(super) fn login(&mut self, conn: ConnId, login: &Login) -> Answer {
        if self.actor(conn).is_ok() {
            return refuse(Code::InvalidOperation, "This connection is signed in already; sign out first.");
        }
        let device = self.store.device_by_token(&token_hash(&login.token))?;
        let Some(device) = device.filter(|device| device.user == login.user_id) else {
            return refuse(Code::TokenRejected, "This device's token is not valid (any more); sign in again.");
        };
        let until = self.store.last_seq(&device.user)?;
        // A device may have more than there is if the server lost its data: it goes on from what there is.
        let base = login.last_seq.min(until);
        let callbacks = self.callbacks(&device.user, login.start, base)?;
        let display_name = self.store.display_name(&device.user)?.unwrap_or_default();
        let reply = answer(&LoginReply {
            device_id: device.device.clone(),
            display_name,
            server_time_ms: self.wall_ms,
            self_status: self.store.self_status(&device.user)?,
        })?;

        // From here on nothing fails.
        let actor = Actor { user: device.user, device: device.device, device_name: device.name };
        let before = self.online.entry(actor.user.clone()).or_default().insert(actor.device.clone(), conn);
        match before {
            Some(before) => self.kick(before),
            None => self.tell_devices(&actor.user, Some(conn)),
        }
        self.presence.touch(&actor.user);
        match login.start {
            // The program that was in a room is gone, whatever its connection says; the new one knows of no room.
            Start::Cold => self.leave_rooms(&actor.device, LeaveReason::Lost),
            Start::Hot => self.link_changed(&actor.device, true),
        }
        if let Some(there) = self.conns.get_mut(&conn) {
            there.session = Some(Session {
                actor,
                since_ms: self.now_ms,
                start: login.start,
                base,
                until,
                cursor: base,
                behind: true,
                syncing: true,
                callbacks,
                told: std::collections::HashSet::new(),
                acked: base,
                do_not_disturb: false,
            });
        }
        self.effects.push_back(Effect::Begin { conn });
        Ok(reply)
    }

    /// The same device has signed in elsewhere.
    fn kick(&mut self, conn: ConnId) {
        let message = "This device was signed in again from somewhere else; this session has ended.";
        let reason = ApiError::new(Code::KickedOffline, message);
        if let Some(there) = self.conns.get_mut(&conn) {
            there.session = None;
        }
        let event = Event::KickedOffline(KickedOffline { reason: reason.clone(), by_device: None });
        self.effects.push_back(Effect::Live { to: vec![conn], event });
        self.effects.push_back(Effect::Close { conn, reason });
    }

    pub(super) fn logout(&mut self, conn: ConnId, actor: &Actor, forget: bool) -> Answer {
        if forget {
            self.store.remove_device(&actor.user, &actor.device)?;
        } else {
            self.note_seen(conn)?;
        }
        let reply = done()?;
        self.leave_rooms(&actor.device, crate::protocol::event::LeaveReason::Exit);
        if let Some(there) = self.conns.get_mut(&conn) {
            there.session = None;
            there.stale.clear();
        }
        self.end_session(conn, actor);
        Ok(reply)
    }

    /// A connection is gone; whatever it began stays for a while.
    pub(super) fn closed(&mut self, conn: ConnId) {
        if self.conns.get(&conn).is_some_and(|there| there.session.is_some()) {
            // If it cannot be noted, it is only a little less known about the device.
            let _ = self.attempt(|logic| logic.note_seen(conn));
        }
        if let Some(session) = self.conns.remove(&conn).and_then(|there| there.session) {
            self.end_session(conn, &session.actor);
        }
    }

    /// Notes that the device on a connection is, or was, here.
    pub(super) fn note_seen(&self, conn: ConnId) -> Result<(), Fail> {
        if let Some(session) = self.conns.get(&conn).and_then(|there| there.session.as_ref()) {
            self.store.device_seen(&session.actor.device, self.wall_ms, session.acked)?;
        }
        Ok(())
    }

    /// The device has no connection any more.
    pub(super) fn end_session(&mut self, conn: ConnId, actor: &Actor) {
        let Some(devices) = self.online.get_mut(&actor.user) else { return };
        if devices.get(&actor.device) != Some(&conn) {
            return;
        }
        devices.remove(&actor.device);
        if devices.is_empty() {
            self.online.remove(&actor.user);
        }
        self.presence.touch(&actor.user);
        self.link_changed(&actor.device, false);
        self.tell_devices(&actor.user, None);
    }

    pub(super) fn ack(&mut self, conn: ConnId, seq: u64) -> Answer {
        if let Some(session) = self.conns.get_mut(&conn).and_then(|there| there.session.as_mut()) {
            session.acked = session.acked.max(seq.min(session.cursor));
        }
        done()
    }

    pub(super) fn set_self_info(&mut self, actor: &Actor, display_name: &str) -> Answer {
        self.store.set_display_name(&actor.user, display_name)?;
        self.presence.renew(&actor.user);
        done()
    }

    pub(super) fn get_users(&self, request: &GetUsers) -> Answer {
        let mut found = self.store.users(&request.query, request.after.as_ref(), request.limit + 1)?;
        let more = found.len() > request.limit;
        found.truncate(request.limit);
        let status = |(user_id, display_name): (UserId, String)| {
            let presence = self.presence_of(&user_id);
            UserStatus { user_id, display_name, presence }
        };
        answer(&UserPage { users: found.into_iter().map(status).collect(), more })
    }
}
