//! The rules of the server one by one, on virtual time, with connections that are only queues.

mod delivery;
mod devices;
mod failures;
mod favourites;
mod group_calls;
mod groups;
mod lesson_worlds;
mod lessons;
mod rooms;
mod sessions;
mod signaling;
mod status;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::*;
use crate::{
    protocol::{
        Call, Delivery, GroupId, InviteId, RoomId, SourceId,
        api::{self, Credentials, GroupType, Start},
        event::{Presence, UserStatus},
        rpc::ServerFrame,
    },
    server::core::Out,
};

/// What the relay was told, in order.
#[derive(Debug, Default)]
struct FakeRelay(Mutex<Vec<String>>);

impl FakeRelay {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

impl RelayControl for FakeRelay {
    fn admit(&self, room: RoomId, source: SourceId, token: &str) {
        assert_eq!(token.len(), 32, "128 bits");
        self.0.lock().expect("no panic").push(format!("admit {} to {room}", source.0));
    }
    fn evict(&self, source: SourceId) {
        self.0.lock().expect("no panic").push(format!("evict {}", source.0));
    }
    fn set_voice(&self, source: SourceId, open: bool) {
        let which = if open { "open" } else { "close" };
        self.0.lock().expect("no panic").push(format!("{which} {}", source.0));
    }
}

/// A connection as its client sees it.
struct Phone {
    conn: ConnId,
    frames: mpsc::Receiver<Out>,
    credentials: Option<Credentials>,
    replies: HashMap<u64, Result<Box<RawValue>, ApiError>>,
    events: Vec<Delivery>,
    statuses: Vec<UserStatus>,
    /// How often it was told that the devices changed.
    device_news: usize,
    /// How often it was asked for a sign of life.
    tests: usize,
    closed: Option<ApiError>,
}

impl Phone {
    /// Reads what has come; whether there was anything.
    fn read(&mut self) -> bool {
        let mut any = false;
        while let Ok(out) = self.frames.try_recv() {
            any = true;
            let text = match out {
                Out::Frame(text) => text,
                Out::Test => {
                    self.tests += 1;
                    continue;
                }
                Out::Close { reason } => {
                    self.closed = Some(reason);
                    continue;
                }
            };
            match ServerFrame::parse(&text).expect("a frame") {
                ServerFrame::Reply { id, outcome } => {
                    self.replies.insert(id.expect("a number"), outcome.map(ToOwned::to_owned));
                }
                ServerFrame::Notification { method, params } => {
                    let delivery = Delivery::from_wire(&method, params).expect("readable").expect("known");
                    match delivery.event {
                        Event::UserStatusChanged(changed) => self.statuses.extend(changed.user_status_list),
                        Event::DevicesChanged(_) => self.device_news += 1,
                        _ => self.events.push(delivery),
                    }
                }
            }
        }
        any
    }

    fn creds(&self) -> &Credentials {
        self.credentials.as_ref().expect("signed in")
    }

    fn device(&self) -> DeviceId {
        self.creds().device_id.clone()
    }
}

struct World {
    logic: Option<Logic>,
    folder: tempfile::TempDir,
    relay: Arc<FakeRelay>,
    now_ms: u64,
    wall_ms: i64,
    next_conn: u64,
    next_id: u64,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            logic: None,
            folder: tempfile::tempdir().expect("a folder"),
            relay: Arc::default(),
            now_ms: 1_000_000_000,
            wall_ms: 1_700_000_000_000,
            next_conn: 1,
            next_id: 1,
        };
        world.open();
        world
    }

    fn open(&mut self) {
        let config = CoreConfig {
            data_dir: self.folder.path().to_owned(),
            server_name: "test".into(),
            sign_up_open: true,
            relay: self.relay.clone(),
        };
        self.logic = Some(Logic::open(config, self.now_ms, self.wall_ms).expect("a database"));
    }

    /// The server is killed, and started again after a while on a clock of its own.
    fn restart(&mut self, after_ms: u64) {
        self.logic = None;
        self.now_ms = 500_000_000;
        self.wall_ms += after_ms as i64;
        self.open();
    }

    fn logic(&mut self) -> &mut Logic {
        self.logic.as_mut().expect("open")
    }

    fn run(&mut self, inputs: Vec<Input>) {
        let (now_ms, wall_ms) = (self.now_ms, self.wall_ms);
        let stop = self.logic().run(now_ms, wall_ms, inputs);
        assert!(stop.is_none());
    }

    /// Time passes; what is due at its moment happens at its moment.
    fn wait(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            let due = self.logic().next_deadline().max(self.now_ms);
            if due > end {
                break;
            }
            self.wall_ms += (due - self.now_ms) as i64;
            self.now_ms = due;
            self.run(vec![]);
            assert!(self.logic().next_deadline() > due, "turns in a circle");
        }
        self.wall_ms += (end - self.now_ms) as i64;
        self.now_ms = end;
    }

    fn connect(&mut self, queue: usize) -> Phone {
        let (out, frames) = mpsc::channel(queue);
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.run(vec![Input::Connected { conn, out }]);
        let (replies, events, statuses) = (HashMap::new(), Vec::new(), Vec::new());
        Phone { conn, frames, credentials: None, replies, events, statuses, device_news: 0, tests: 0, closed: None }
    }

    /// The client reads everything, and the gateway says so.
    fn settle(&mut self, phone: &mut Phone) {
        while phone.read() {
            self.run(vec![Input::Drained { conn: phone.conn }]);
        }
    }

    fn number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn reply<T: serde::de::DeserializeOwned>(&mut self, phone: &mut Phone, id: u64) -> Result<T, ApiError> {
        self.settle(phone);
        let raw = phone.replies.remove(&id).expect("an answer")?;
        Ok(serde_json::from_str(raw.get()).expect("the right reply"))
    }

    fn ask<C: Call + Into<Request>>(&mut self, phone: &mut Phone, call: C) -> Result<C::Reply, ApiError> {
        let id = self.number();
        call.validate().expect("valid");
        self.run(vec![Input::Request { conn: phone.conn, id, request: call.into() }]);
        self.reply(phone, id)
    }

    fn ok<C: Call + Into<Request>>(&mut self, phone: &mut Phone, call: C) -> C::Reply {
        self.ask(phone, call).expect(C::METHOD)
    }

    /// The request is refused with this code.
    #[track_caller]
    fn refused<C: Call + Into<Request>>(&mut self, phone: &mut Phone, call: C, code: Code) {
        match self.ask(phone, call) {
            Ok(_) => panic!("{} was not refused", C::METHOD),
            Err(error) => assert!(error.is(code), "{}: {error}", C::METHOD),
        }
    }

    fn sign_up(&mut self, phone: &mut Phone, name: &str) -> Result<Credentials, ApiError> {
        let id = self.number();
        let request = api::SignUp {
            user_id: user(name),
            display_name: name.to_uppercase(),
            password: None,
            device_name: "desk".into(),
        };
        let password_hash = Some(format!("hash of {name}"));
        self.run(vec![Input::SignUp { conn: phone.conn, id, request, password_hash }]);
        self.reply(phone, id)
    }

    fn sign_in(&mut self, phone: &mut Phone, name: &str, verified: bool) -> Result<Credentials, ApiError> {
        let id = self.number();
        let request = api::SignIn { user_id: user(name), password: "irrelevant".into(), device_name: "phone".into() };
        self.run(vec![Input::SignIn { conn: phone.conn, id, request, verified }]);
        self.reply(phone, id)
    }

    fn login(&mut self, credentials: &Credentials, start: Start, last_seq: u64, queue: usize) -> Phone {
        let mut phone = self.connect(queue);
        let (user_id, token) = (credentials.user_id.clone(), credentials.token.clone());
        self.ok(&mut phone, api::Login { user_id, token, start, last_seq });
        phone.credentials = Some(credentials.clone());
        phone
    }

    fn close(&mut self, phone: &Phone) {
        self.run(vec![Input::Closed { conn: phone.conn }]);
    }

    /// A new user, online, with nothing left to read.
    fn online(&mut self, name: &str) -> Phone {
        let mut phone = self.connect(64);
        let credentials = self.sign_up(&mut phone, name).expect("signed up");
        self.close(&phone);
        let mut phone = self.login(&credentials, Start::Cold, 0, 64);
        self.lines(&mut phone);
        phone
    }

    /// A second device of the same user.
    fn another_device(&mut self, name: &str) -> Phone {
        let mut phone = self.connect(64);
        let credentials = self.sign_in(&mut phone, name, true).expect("signed in");
        self.close(&phone);
        let mut phone = self.login(&credentials, Start::Cold, 0, 64);
        self.lines(&mut phone);
        phone
    }

    /// What has come since the last look, a line each: number, name, `~` if history.
    fn lines(&mut self, phone: &mut Phone) -> Vec<String> {
        self.events(phone).iter().map(line).collect()
    }

    fn events(&mut self, phone: &mut Phone) -> Vec<Delivery> {
        self.settle(phone);
        std::mem::take(&mut phone.events)
    }

    fn presence(&mut self, phone: &mut Phone) -> Vec<(String, Presence)> {
        self.settle(phone);
        let statuses = std::mem::take(&mut phone.statuses);
        statuses.into_iter().map(|status| (status.user_id.to_string(), status.presence)).collect()
    }
}

fn line(delivery: &Delivery) -> String {
    let history = if delivery.history { " ~" } else { "" };
    format!("{} {}{history}", delivery.seq, delivery.event.method())
}

fn user(name: &str) -> UserId {
    UserId::new(name).expect("valid")
}

fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

fn invite_id(name: &str) -> InviteId {
    InviteId::new(name).expect("valid")
}

fn group(name: &str) -> GroupId {
    GroupId::new(name).expect("valid")
}

fn room(number: u32) -> RoomId {
    RoomId::new(number).expect("valid")
}

fn invite(name: &str, invitee: &str) -> api::Invite {
    api::Invite {
        invite_id: invite_id(name),
        invitee: user(invitee),
        data: format!("data of {name}"),
        online_user_only: false,
        timeout: 30,
        room_id: None,
    }
}

fn invite_in_group(name: &str, invitees: &[&str]) -> api::InviteInGroup {
    api::InviteInGroup {
        invite_id: invite_id(name),
        group_id: group("g"),
        invitee_list: users(invitees),
        data: format!("data of {name}"),
        online_user_only: false,
        timeout: 30,
        room_id: None,
    }
}

fn accept(name: &str) -> api::Accept {
    api::Accept { invite_id: invite_id(name), data: "yes".into() }
}

fn reject(name: &str) -> api::Reject {
    api::Reject { invite_id: invite_id(name), data: "no".into() }
}

fn cancel(name: &str) -> api::Cancel {
    api::Cancel { invite_id: invite_id(name), invitee_list: vec![], data: "never mind".into() }
}

fn timeout(name: &str) -> api::Timeout {
    api::Timeout { invite_id: invite_id(name) }
}

fn create_group(kind: GroupType, members: &[&str]) -> api::CreateGroup {
    api::CreateGroup {
        group_id: Some(group("g")),
        group_type: kind,
        group_name: "Group".into(),
        introduction: String::new(),
        face_url: String::new(),
        member_list: users(members),
    }
}

fn joined_groups() -> api::GetJoinedGroupList {
    api::GetJoinedGroupList { after: None, limit: 100 }
}

fn no_lines() -> Vec<String> {
    Vec::new()
}
