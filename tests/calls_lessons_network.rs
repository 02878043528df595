//! Whoever has the floor of a lesson and is cut off keeps it for a minute: behind a gate whose cable is pulled for longer
//! than the place in the room is kept, and as a program that dies and is started again. The teacher's own absence ends
//! nothing either.

#[path = "common/class.rs"]
mod class;
#[path = "common/gate.rs"]
mod gate;
#[path = "common/lesson.rs"]
mod lesson;
#[path = "common/phone.rs"]
mod phone;

use std::time::Instant;

use class::{Class, live, wait_call, wait_ended};
use gate::Gate;
use lesson::{TALKS, all_hear, all_see, join, person, start, users, wait_lesson};
use phone::Phone;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Gives Ana the floor.
fn let_speak(kim: &mut Phone, ana: &mut Phone) {
    wait_lesson(kim, "with Ana", |lesson| person(lesson, "ana").is_some_and(|ana| ana["at"] == "here"));
    kim.done("letSpeak", json!({"userID": "ana"}));
    wait_lesson(ana, "offered the floor", |lesson| users(lesson, "offers") == ["ana"]);
    ana.done("answerOffer", json!({"accept": true}));
}

/// Waits until a phone sees where somebody is.
fn sees(phone: &mut Phone, user: &str, at: &str) {
    wait_lesson(phone, &format!("with {user} {at}"), |lesson| {
        person(lesson, user).is_some_and(|there| there["at"] == at)
    });
}

#[test]
fn the_floor_waits_for_who_comes_back_within_a_minute() {
    let (class, [mut kim, mut bo]) = Class::of(["kim", "bo"]);
    let runtime = Runtime::new().expect("threads");
    let gate = runtime.block_on(Gate::before(class.server.listen.parse().expect("an address")));
    let mut ana = Phone::start(&format!("wss://127.0.0.1:{}", gate.port), "ana", class.dir.path(), TALKS);
    kim.done("inviteUserToGroup", json!({"groupID": class.group, "userList": ["ana"]}));
    for phone in [&mut kim, &mut bo, &mut ana] {
        class.has(phone, 3);
    }
    start(&class, &mut kim, json!({}), &[]);
    join(&class, &mut bo);
    join(&class, &mut ana);
    let_speak(&mut kim, &mut ana);
    all_hear(&mut [&mut kim, &mut bo], "ana", true);

    gate.conditions.pull_cable(true);
    let began = Instant::now();
    sees(&mut kim, "ana", "away");
    println!("away after {:?}", began.elapsed());
    wait_call(&mut ana, "reconnecting", &[]);
    // The place in the room is given up after half a minute; hand and floor are not.
    kim.wait_until("without her in the room", |state| {
        let mut there = live(state).and_then(|call| call["participants"].as_array()).into_iter().flatten();
        !there.any(|participant: &Value| participant["userID"] == "ana")
    });
    println!("out of the room after {:?}", began.elapsed());
    all_see(&mut [&mut kim, &mut bo], "floors", &["ana"]);
    gate.conditions.pull_cable(false);
    wait_call(&mut ana, "inCall", &[]);
    println!("back after {:?}", began.elapsed());
    sees(&mut kim, "ana", "here");
    all_see(&mut [&mut kim, &mut bo, &mut ana], "floors", &["ana"]);
    wait_lesson(&mut ana, "allowed to speak", |lesson| lesson["maySpeak"] == true);
    all_hear(&mut [&mut kim, &mut bo], "ana", true);

    ana.done("endFloors", json!({}));
    all_see(&mut [&mut kim, &mut bo, &mut ana], "floors", &[]);
    all_hear(&mut [&mut kim, &mut bo], "ana", false);
    kim.done("endLesson", json!({}));
    for phone in [&mut kim, &mut bo, &mut ana] {
        wait_ended(phone);
        phone.wait_log(|rows| rows.len() == 1 && rows[0]["result"] == "endedByServer");
    }
}

#[test]
fn programs_that_die_come_back_to_what_they_had() {
    let (class, [mut kim, mut bo]) = Class::of(["kim", "bo"]);
    let mut ana = class.phone("ana", TALKS);
    kim.done("inviteUserToGroup", json!({"groupID": class.group, "userList": ["ana"]}));
    for phone in [&mut kim, &mut bo, &mut ana] {
        class.has(phone, 3);
    }
    start(&class, &mut kim, json!({}), &[]);
    join(&class, &mut bo);
    join(&class, &mut ana);
    let_speak(&mut kim, &mut ana);
    all_hear(&mut [&mut kim, &mut bo], "ana", true);
    bo.done("raiseHand", json!({}));
    all_see(&mut [&mut kim, &mut ana], "hands", &["bo"]);

    ana.kill();
    sees(&mut bo, "ana", "away");
    let mut ana = class.phone("ana", TALKS);
    join(&class, &mut ana);
    sees(&mut bo, "ana", "here");
    all_see(&mut [&mut kim, &mut bo, &mut ana], "floors", &["ana"]);
    all_hear(&mut [&mut kim, &mut bo], "ana", true);

    // The lesson goes on without its teacher, and with the same hands when she is back.
    kim.kill();
    sees(&mut bo, "kim", "away");
    all_hear(&mut [&mut bo], "ana", true);
    let mut kim = class.phone("kim", &[]);
    join(&class, &mut kim);
    sees(&mut bo, "kim", "here");
    all_see(&mut [&mut kim, &mut bo, &mut ana], "hands", &["bo"]);
    all_see(&mut [&mut kim, &mut bo, &mut ana], "floors", &["ana"]);
    kim.done("endLesson", json!({}));
    for phone in [&mut kim, &mut bo, &mut ana] {
        wait_ended(phone);
    }
}
