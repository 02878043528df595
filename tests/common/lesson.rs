//! What the tests of lessons with real phones share.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    class::{Class, live, wait_call},
    phone::{PATIENCE, Phone},
};

/// Options of a student who never stops talking.
pub(crate) const TALKS: &[&str] = &["--no-processing", "--microphone", "tone:500"];

/// The teacher opens a lesson in the group, ringing these.
pub(crate) fn start(class: &Class, teacher: &mut Phone, settings: Value, ring: &[&str]) {
    teacher.done("startLesson", json!({"groupID": class.group, "settings": settings, "ring": ring}));
    wait_call(teacher, "inCall", &[]);
}

/// Somebody sees that the lesson is on, and joins.
pub(crate) fn join(class: &Class, phone: &mut Phone) {
    phone.wait_until("told of the lesson", |state| {
        let calls = state["groupCalls"].as_array().expect("calls");
        calls.iter().any(|call| call["groupID"] == *class.group && call["lesson"] == true)
    });
    class.join(phone);
    wait_call(phone, "inCall", &[]);
}

/// The lesson that a phone is in.
pub(crate) fn lesson(state: &Value) -> Option<&Value> {
    live(state).map(|call| &call["lesson"]).filter(|lesson| lesson.is_object())
}

/// Waits until a phone sees its lesson as wished.
pub(crate) fn wait_lesson(phone: &mut Phone, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    phone.wait_until(what, |state| lesson(state).is_some_and(&fits));
    let state = phone.done("getState", json!({}));
    lesson(&state).cloned().unwrap_or_default()
}

/// The users in a list of the lesson, in its order.
pub(crate) fn users(lesson: &Value, list: &str) -> Vec<String> {
    let list = lesson[list].as_array().into_iter().flatten();
    list.map(|there| there["userID"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until everybody sees these hands, or floors, in this order, and says how long that took.
pub(crate) fn all_see(phones: &mut [&mut Phone], list: &str, expected: &[&str]) {
    let began = Instant::now();
    for phone in &mut *phones {
        wait_lesson(phone, &format!("with the {list} {expected:?}"), |lesson| users(lesson, list) == expected);
    }
    println!("{} phones see the {list} {expected:?}: {:?}", phones.len(), began.elapsed());
}

/// Somebody in the lesson.
pub(crate) fn person<'a>(lesson: &'a Value, user: &str) -> Option<&'a Value> {
    lesson["people"].as_array()?.iter().find(|person| person["userID"] == user)
}

/// How loud a phone hears somebody, dBFS; `None` if not at all.
pub(crate) fn level(phone: &mut Phone, user: &str) -> Option<f64> {
    let state = phone.done("getState", json!({}));
    let mut there = live(&state)?["participants"].as_array()?.iter();
    let source = there.find(|participant| participant["userID"] == user)?["sourceID"].clone();
    let stats = phone.done("getStats", json!({}));
    let heard = stats["participants"].as_array()?.iter().find(|heard| heard["sourceID"] == source)?;
    heard["levelDbfs"].as_f64()
}

/// Waits until all these hear somebody, or nothing of them.
pub(crate) fn all_hear(phones: &mut [&mut Phone], user: &str, wished: bool) {
    let began = Instant::now();
    for phone in &mut *phones {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let level = level(phone, user);
            let (heard, unheard) = (level.is_some_and(|db| db > -40.0), level.is_none_or(|db| db < -60.0));
            if if wished { heard } else { unheard } {
                break;
            }
            assert!(Instant::now() < deadline, "{user} is heard at {level:?}; should be heard: {wished}");
            sleep(Duration::from_millis(50));
        }
    }
    println!("{} phones hear {user} ({wished}): {:?}", phones.len(), began.elapsed());
}

/// The code of the next wish that was not done.
pub(crate) fn failed(phone: &mut Phone) -> i64 {
    let fits = |news: &Value| news["method"] == "notice" && news["params"]["kind"] == "failed";
    phone.wait("a failure", fits)["params"]["code"].as_i64().expect("a code")
}
