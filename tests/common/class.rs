//! A group whose members are real phones around a real server, and what each of them shows of a call in it.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{collections::BTreeSet, time::Instant};

use serde_json::{Value, json};

use crate::phone::{Phone, ServerProcess};

/// A server, and a group on it that everybody is in.
pub(crate) struct Class {
    pub(crate) server: ServerProcess,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) group: String,
}

impl Class {
    /// Starts a phone for each name; the first one owns the group, in which members bring in members.
    pub(crate) fn of<const N: usize>(names: [&str; N]) -> (Self, [Phone; N]) {
        Self::with(names, &[])
    }

    /// The same, with options for the first one's phone.
    pub(crate) fn with<const N: usize>(names: [&str; N], first: &[&str]) -> (Self, [Phone; N]) {
        Self::of_kind("Work", names, first)
    }

    /// The same, with a group of another kind.
    pub(crate) fn of_kind<const N: usize>(kind: &str, names: [&str; N], first: &[&str]) -> (Self, [Phone; N]) {
        let server = ServerProcess::start(&[]);
        let dir = tempfile::tempdir().expect("a folder");
        let mut phones: [Phone; N] = std::array::from_fn(|n| {
            let more = if n == 0 { first } else { &["--password", "correct horse"] };
            Phone::start(&server.url(), names[n], dir.path(), more)
        });
        let members = json!({"groupType": kind, "groupName": "3학년 2반", "memberList": names[1..]});
        let group = phones[0].done("createGroup", members)["groupID"].as_str().expect("an identifier").to_owned();
        let class = Self { server, dir, group };
        for phone in &mut phones {
            class.has(phone, N);
        }
        (class, phones)
    }

    /// A phone of this server, started anew or for the first time.
    pub(crate) fn phone(&self, name: &str, more: &[&str]) -> Phone {
        Phone::start(&self.server.url(), name, self.dir.path(), more)
    }

    /// Waits until a phone shows the group with so many members.
    pub(crate) fn has(&self, phone: &mut Phone, members: usize) {
        phone.wait_until("in the group", |state| {
            let group = state["groups"].as_array().into_iter().flatten().find(|found| found["groupID"] == *self.group);
            group.and_then(|group| group["members"].as_array()).is_some_and(|there| there.len() == members)
        });
    }

    /// Somebody calls members.
    pub(crate) fn call(&self, phone: &mut Phone, whom: &[&str]) {
        phone.done("callGroup", json!({"groupID": self.group, "userList": whom}));
    }

    /// Somebody joins the call that is on.
    pub(crate) fn join(&self, phone: &mut Phone) {
        phone.done("joinCall", json!({"groupID": self.group}));
    }

    /// Waits until everybody sees who is in the group's call and who rings, and says how long that took.
    pub(crate) fn shows(&self, phones: &mut [&mut Phone], inside: &[&str], ringing: &[&str]) {
        self.shows_since(Instant::now(), phones, inside, ringing);
    }

    /// The same, with the time counted from what brought it about.
    pub(crate) fn shows_since(&self, since: Instant, phones: &mut [&mut Phone], inside: &[&str], ringing: &[&str]) {
        let expected = Some((names(inside), names(ringing)));
        for phone in &mut *phones {
            let what = format!("with {inside:?} in the call and {ringing:?} ringing");
            phone.wait_until(&what, |state| self.on(state) == expected);
        }
        println!("{} phones show {inside:?} in, {ringing:?} ringing: {:?}", phones.len(), since.elapsed());
    }

    /// Waits until nobody sees a call in the group.
    pub(crate) fn shows_none(&self, phones: &mut [&mut Phone]) {
        for phone in phones {
            phone.wait_until("without a call in the group", |state| self.on(state).is_none());
        }
    }

    /// Who is in the group's call and who rings, as a phone shows it.
    fn on(&self, state: &Value) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        let calls = state["groupCalls"].as_array().expect("calls");
        let call = calls.iter().find(|call| call["groupID"] == *self.group)?;
        let list = |field: &str| {
            let users = call[field].as_array().expect("a list");
            users.iter().map(|user| user.as_str().expect("a name").to_owned()).collect()
        };
        Some((list("userList"), list("ringingList")))
    }
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

/// The call that is not over.
pub(crate) fn live(state: &Value) -> Option<&Value> {
    state["calls"].as_array().expect("calls").iter().find(|call| call["phase"] != "ended")
}

/// Waits until the phone's call has reached a phase and everybody named stands there as said.
pub(crate) fn wait_call(phone: &mut Phone, phase: &str, standings: &[(&str, &str)]) -> Value {
    let mut found = Value::Null;
    phone.wait_until(&format!("{phase} with {standings:?}"), |state| {
        live(state).is_some_and(|call| call["phase"] == phase && standings.iter().all(|who| stands(call, *who)))
    });
    let state = phone.done("getState", json!({}));
    if let Some(call) = live(&state) {
        found = call.clone();
    }
    found
}

/// Waits until the phone has a call that is over, and none that is not.
pub(crate) fn wait_ended(phone: &mut Phone) -> Value {
    let state =
        phone.wait_state(|state| live(state).is_none() && !state["calls"].as_array().expect("calls").is_empty());
    state["calls"].as_array().and_then(|calls| calls.last()).cloned().expect("a call")
}

fn stands(call: &Value, (user, standing): (&str, &str)) -> bool {
    call["others"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|other| other["userID"] == user && other["standing"] == standing)
}

/// Somebody answers what rings, and is in the call.
pub(crate) fn answer(phone: &mut Phone) {
    wait_call(phone, "incoming", &[]);
    phone.done("answer", json!({}));
    wait_call(phone, "inCall", &[]);
}

/// How long the phone's call has been talked in, ms.
pub(crate) fn talked_ms(state: &Value) -> u64 {
    let since = live(state).and_then(|call| call["talkingSinceMs"].as_u64());
    since.map_or(0, |since| state["nowMs"].as_u64().expect("a time") - since)
}

/// The fields of a row, as a test names them.
pub(crate) fn row(row: &Value) -> (String, bool, String) {
    let text = |field: &str| row[field].as_str().unwrap_or("none").to_owned();
    (text("direction"), row["answered"] == true, text("result"))
}

/// What a row is expected to say.
pub(crate) fn says(direction: &str, answered: bool, result: &str) -> (String, bool, String) {
    (direction.to_owned(), answered, result.to_owned())
}
