//! Lessons among real phones: the way of a hand to the floor and back, and what is heard meanwhile; several teachers; who
//! is rung, removed and let in again; and what everybody's log and the report say afterwards.

#[path = "common/class.rs"]
mod class;
#[path = "common/lesson.rs"]
mod lesson;
#[path = "common/phone.rs"]
mod phone;

use std::time::Duration;

use ahoy::{
    client::{Address, Client, ClientConfig, ClientEvent, Pin, account},
    protocol::{
        GroupId, RoomId, UserId,
        api::{SignUp, Start},
        media::{Header, Kind},
    },
};
use class::{Class, answer, live, row, says, wait_call, wait_ended};
use lesson::{TALKS, all_hear, all_see, failed, join, level, person, start, users, wait_lesson};
use phone::Phone;
use serde_json::{Value, json};

/// A prompt of the lesson that is open for its reader.
fn open_prompt(lesson: &Value) -> Option<&Value> {
    lesson["prompts"].as_array()?.iter().find(|prompt| prompt["mine"] == "open" && prompt["over"] != true)
}

/// The row of the only call in a phone's log, and how long this user was in it, s.
fn stay(phone: &mut Phone) -> ((String, bool, String), u64) {
    let only = phone.only_row();
    (row(&only), only["durationS"].as_u64().expect("a length"))
}

#[test]
fn a_hand_gets_the_floor_and_gives_it_back() {
    let (class, [mut kim, mut bo, mut cho]) = Class::of(["kim", "bo", "cho"]);
    let mut ana = class.phone("ana", TALKS);
    kim.done("inviteUserToGroup", json!({"groupID": class.group, "userList": ["ana"]}));
    for phone in [&mut kim, &mut ana, &mut bo, &mut cho] {
        class.has(phone, 4);
    }
    start(&class, &mut kim, json!({"floors": 1, "unaskedHands": false}), &[]);
    for phone in [&mut ana, &mut bo, &mut cho] {
        join(&class, phone);
    }
    // Students come in listening.
    for (phone, speaks) in [(&mut kim, true), (&mut ana, false), (&mut bo, false)] {
        wait_lesson(phone, "of four", |lesson| users(lesson, "people").len() == 4 && lesson["maySpeak"] == speaks);
    }
    all_hear(&mut [&mut kim, &mut bo, &mut cho], "ana", false);
    // A hand that is not asked for is not taken here.
    bo.done("raiseHand", json!({}));
    assert_eq!(failed(&mut bo), 10007);

    kim.done("askClass", json!({"command": "raiseHands", "timeout": 60}));
    for phone in [&mut ana, &mut bo, &mut cho] {
        let asked = wait_lesson(phone, "asked for hands", |lesson| open_prompt(lesson).is_some());
        assert_eq!(open_prompt(&asked).expect("open")["waiting"], json!(["ana", "bo", "cho"]), "who was asked");
    }
    bo.done("raiseHand", json!({}));
    all_see(&mut [&mut ana], "hands", &["bo"]);
    ana.done("raiseHand", json!({}));
    let only_cho = |lesson: &Value| open_prompt(lesson).is_some_and(|asked| asked["waiting"] == json!(["cho"]));
    let asked = wait_lesson(&mut cho, "the last one to be waited for", only_cho);
    let question = open_prompt(&asked).expect("open")["inviteID"].clone();
    cho.done("answerPrompt", json!({"inviteID": question, "decline": true}));
    all_see(&mut [&mut kim, &mut ana, &mut bo, &mut cho], "hands", &["bo", "ana"]);
    // All have answered: nothing is left to answer, and the hands stay up.
    cho.done("raiseHand", json!({}));
    assert_eq!(failed(&mut cho), 10007);

    kim.done("letSpeak", json!({"userID": "ana"}));
    wait_lesson(&mut ana, "offered the floor", |lesson| users(lesson, "offers") == ["ana"]);
    ana.done("answerOffer", json!({"accept": true}));
    all_see(&mut [&mut kim, &mut ana, &mut bo, &mut cho], "floors", &["ana"]);
    wait_lesson(&mut ana, "allowed to speak", |lesson| lesson["maySpeak"] == true);
    all_hear(&mut [&mut kim, &mut bo, &mut cho], "ana", true);
    // Long enough that the relay has told how long she spoke.
    wait_lesson(&mut kim, "long with the floor", |lesson| lesson["floors"][0]["heldMs"].as_u64() > Some(2_500));
    // There is one floor.
    kim.done("letSpeak", json!({"userID": "bo"}));
    assert_eq!(failed(&mut kim), 7014);
    assert_eq!(ana.refused("endFloors", json!({"userList": ["bo"]})), 10007);

    kim.done("endFloors", json!({"userList": ["ana"]}));
    all_see(&mut [&mut kim, &mut ana, &mut bo, &mut cho], "floors", &[]);
    all_hear(&mut [&mut kim, &mut bo, &mut cho], "ana", false);
    // After the turn the hand is down.
    all_see(&mut [&mut kim, &mut ana, &mut bo, &mut cho], "hands", &["bo"]);
    let seen = wait_lesson(&mut kim, "with her turn counted", |lesson| {
        person(lesson, "ana").is_some_and(|ana| ana["turns"] == 1 && ana["talkedMs"].as_u64() > Some(0))
    });
    assert_eq!(person(&seen, "ana").map(|ana| &ana["hands"]), Some(&json!(1)));
    // Whoever never had the floor has sent nothing that had to be refused.
    assert_eq!((&seen["refused"]["bo"], &seen["refused"]["cho"]), (&Value::Null, &Value::Null), "{seen:#}");

    kim.done(
        "askClass",
        json!({"command": "poll", "question": "쉬는 시간?", "choices": ["네", "아니요"], "timeout": 30}),
    );
    for (phone, choice) in [(&mut ana, 1), (&mut bo, 1), (&mut cho, 0)] {
        let asked = wait_lesson(phone, "asked", |lesson| open_prompt(lesson).is_some());
        let question = open_prompt(&asked).expect("open")["inviteID"].clone();
        phone.done("answerPrompt", json!({"inviteID": question, "choice": choice}));
    }
    wait_lesson(&mut bo, "told the result", |lesson| {
        lesson["prompts"].as_array().is_some_and(|prompts| {
            prompts.iter().any(|poll| poll["over"] == true && poll["tally"] == json!([1, 2]) && poll["mine"] == "done")
        })
    });
    cho.done("react", json!({"reaction": "applause"}));
    wait_lesson(&mut ana, "shown a sign", |lesson| {
        lesson["signs"].as_array().is_some_and(|signs| signs.iter().any(|sign| sign["userID"] == "cho"))
    });

    // Leaving is nobody's business but one's own; the end is for all.
    cho.done("hangUp", json!({}));
    assert_eq!(wait_ended(&mut cho)["end"], "hungUp");
    wait_lesson(&mut kim, "without Cho", |lesson| person(lesson, "cho").is_some_and(|cho| cho["at"] == "gone"));
    let seen = kim.done("getState", json!({}));
    let lasted_s = class::talked_ms(&seen) / 1_000;
    kim.done("endLesson", json!({}));
    assert_eq!(wait_ended(&mut kim)["end"], "hungUp");
    for phone in [&mut ana, &mut bo] {
        let ended = wait_ended(phone);
        assert_eq!((&ended["end"], &ended["lessonOver"]["opUser"]), (&json!("endedByServer"), &json!("kim")));
    }
    class.shows_none(&mut [&mut kim, &mut ana, &mut bo, &mut cho]);
    for (phone, direction, result) in [
        (&mut kim, "outgoing", "endedByServer"),
        (&mut ana, "incoming", "endedByServer"),
        (&mut bo, "incoming", "endedByServer"),
        (&mut cho, "incoming", "hungUp"),
    ] {
        let (row, talked_s) = stay(phone);
        assert_eq!(row, says(direction, true, result));
        assert!(talked_s <= lasted_s + 2, "{talked_s} s of {lasted_s} s");
        // The length of the lesson, by whoever ended it.
        phone.wait_log(|rows| rows.len() == 1 && rows[0]["callS"].as_u64() > Some(0));
    }

    kim.done("showReports", json!({"groupID": class.group}));
    let listed = kim.wait_state(|state| state["reports"]["lessons"].as_array().is_some_and(|list| !list.is_empty()));
    let lesson_id = listed["reports"]["lessons"][0]["lessonID"].clone();
    kim.done("showReport", json!({"lessonID": lesson_id}));
    let shown = kim.wait_state(|state| state["reports"]["report"]["rows"].is_array());
    let rows = shown["reports"]["report"]["rows"].as_array().expect("rows");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["userID"].as_str()).collect();
    assert_eq!(names, ["ana", "bo", "cho", "kim"]);
    assert_eq!((&rows[0]["turns"], &rows[0]["hands"], &rows[3]["teacher"]), (&json!(1), &json!(1), &json!(true)));
    assert!(rows[0]["talkedMs"].as_u64() > Some(0), "{rows:#?}");
    kim.done("closeReports", json!({}));
    kim.wait_until("without reports", |state| state["reports"].is_null());
    bo.done("showReports", json!({"groupID": class.group}));
    assert_eq!(failed(&mut bo), 10007);
}

#[test]
fn two_teachers_decide_once() {
    let (class, [mut kim, mut lee, mut bo]) = Class::of_kind("Public", ["kim", "lee", "bo"], &[]);
    let mut ana = class.phone("ana", TALKS);
    kim.done("inviteUserToGroup", json!({"groupID": class.group, "userList": ["ana"]}));
    kim.done("setGroupMemberRole", json!({"groupID": class.group, "userID": "lee", "role": "admin"}));
    for phone in [&mut kim, &mut lee, &mut ana, &mut bo] {
        class.has(phone, 4);
    }
    start(&class, &mut kim, json!({"floors": 1}), &[]);
    for phone in [&mut lee, &mut ana, &mut bo] {
        join(&class, phone);
    }
    wait_lesson(&mut lee, "a teacher's", |lesson| lesson["maySpeak"] == true);
    wait_lesson(&mut kim, "of four", |lesson| users(lesson, "people").len() == 4);

    // Unasked, and both teachers say yes at once: one floor, and a word to the one who was second.
    ana.done("raiseHand", json!({}));
    all_see(&mut [&mut kim, &mut lee, &mut ana, &mut bo], "hands", &["ana"]);
    kim.done("letSpeak", json!({"userID": "ana"}));
    lee.done("letSpeak", json!({"userID": "ana"}));
    all_see(&mut [&mut kim, &mut lee, &mut ana, &mut bo], "floors", &["ana"]);
    all_hear(&mut [&mut kim, &mut lee, &mut bo], "ana", true);
    let floor = wait_lesson(&mut bo, "given", |lesson| users(lesson, "floors") == ["ana"])["floors"][0].clone();
    let second = if floor["by"] == "kim" { &mut lee } else { &mut kim };
    let code = failed(second);
    assert!([7014, 8010].contains(&code), "{code}");

    // One closes all microphones, the other sees it at once.
    lee.done("setMicrophones", json!({"open": false, "all": true}));
    all_see(&mut [&mut kim, &mut lee, &mut ana, &mut bo], "floors", &[]);
    all_hear(&mut [&mut kim, &mut lee, &mut bo], "ana", false);

    // A hand may be declined, and taken down by its owner.
    for (done, by_teacher) in [("declineHand", true), ("lowerHands", false)] {
        ana.done("raiseHand", json!({}));
        all_see(&mut [&mut kim, &mut lee, &mut ana, &mut bo], "hands", &["ana"]);
        let (phone, params) = if by_teacher { (&mut lee, json!({"userID": "ana"})) } else { (&mut ana, json!({})) };
        phone.done(done, params);
        all_see(&mut [&mut kim, &mut lee, &mut ana, &mut bo], "hands", &[]);
    }

    // Where microphones are free, a student who speaks on with the hand up is reminded of it.
    kim.done("setLesson", json!({"freeMicrophones": true}));
    wait_lesson(&mut lee, "with free microphones", |lesson| lesson["settings"]["freeMicrophones"] == true);
    wait_lesson(&mut ana, "with free microphones", |lesson| lesson["settings"]["freeMicrophones"] == true);
    ana.done("setMicrophones", json!({"open": true}));
    all_hear(&mut [&mut kim, &mut lee, &mut bo], "ana", true);
    ana.done("raiseHand", json!({}));
    ana.wait("the reminder", |news| news["method"] == "notice" && news["params"]["kind"] == "handStillUp");

    // Handed over: who opened it leaves, and the other goes on and ends it.
    kim.done("hangUp", json!({}));
    assert_eq!(wait_ended(&mut kim)["end"], "hungUp");
    wait_lesson(&mut lee, "without Kim", |lesson| person(lesson, "kim").is_some_and(|kim| kim["at"] == "gone"));
    all_hear(&mut [&mut lee, &mut bo], "ana", true);
    assert_eq!(bo.refused("endLesson", json!({"groupID": "elsewhere"})), 10010);
    bo.done("endLesson", json!({}));
    assert_eq!(failed(&mut bo), 10007);
    lee.done("endLesson", json!({}));
    for phone in [&mut lee, &mut ana, &mut bo] {
        wait_ended(phone);
    }
    for phone in [&mut kim, &mut lee, &mut ana, &mut bo] {
        phone.wait_log(|rows| rows.len() == 1 && rows[0]["callS"].as_u64() > Some(0));
    }
}

#[test]
fn who_is_rung_comes_and_who_is_removed_stays_out() {
    let (class, [mut kim, mut bo, mut cho]) = Class::of(["kim", "bo", "cho"]);
    let mut ana = class.phone("ana", &["--auto-answer"]);
    kim.done("inviteUserToGroup", json!({"groupID": class.group, "userList": ["ana"]}));
    for phone in [&mut kim, &mut ana, &mut bo, &mut cho] {
        class.has(phone, 4);
    }
    start(&class, &mut kim, json!({}), &["ana", "bo"]);
    wait_call(&mut ana, "inCall", &[]);
    wait_lesson(&mut ana, "a lesson", |lesson| lesson["maySpeak"] == false);
    answer(&mut bo);
    wait_lesson(&mut kim, "of three", |lesson| users(lesson, "people").len() == 3);

    kim.done("removeFromLesson", json!({"userID": "bo", "reason": "시끄러움"}));
    let ended = wait_ended(&mut bo);
    let over = &ended["lessonOver"];
    assert_eq!(
        (&ended["end"], &over["removed"], &over["reason"]),
        (&json!("endedByServer"), &json!(true), &json!("시끄러움"))
    );
    wait_lesson(&mut ana, "without Bo", |lesson| lesson["barred"] == json!(["bo"]));
    class.join(&mut bo);
    bo.wait_until("refused", |state| {
        live(state).is_none()
            && state["calls"].as_array().is_some_and(|calls| calls.iter().any(|call| call["end"] == "failed"))
    });
    kim.done("readmitToLesson", json!({"userID": "bo"}));
    wait_lesson(&mut ana, "with Bo let in", |lesson| lesson["barred"] == json!([]));
    join(&class, &mut bo);
    wait_lesson(&mut kim, "with Bo", |lesson| person(lesson, "bo").is_some_and(|bo| bo["at"] == "here"));

    kim.done("endLesson", json!({}));
    for phone in [&mut kim, &mut ana, &mut bo] {
        wait_ended(phone);
    }
    for phone in [&mut kim, &mut ana, &mut bo] {
        phone.wait_log(|rows| rows.len() == 1 && rows[0]["result"] == "endedByServer");
    }
    // Who was not rung has missed nothing. The message that says the end has come by when the others have it.
    class.shows_none(&mut [&mut cho]);
    assert_eq!(cho.done("getLog", json!({}))["rows"], json!([]));
    assert_eq!(cho.done("getState", json!({}))["missedUnseen"], 0);
}

/// A client that pays no heed to what the lesson says: it signs in, comes into the room, and sends sound.
async fn shout(url: &str, fingerprint: &str, group: GroupId, room: RoomId, until: impl Fn() -> bool) {
    let address = Address::parse(url, false).expect("an address");
    let pin = Pin::Known(fingerprint.parse().expect("a fingerprint"));
    let request = SignUp {
        user_id: UserId::new("rogue").expect("valid"),
        display_name: "rogue".into(),
        password: None,
        device_name: "rogue".into(),
    };
    let (credentials, _) = account::sign_up(&address, pin, request).await.expect("signed up");
    let config = ClientConfig { address, pin, credentials, start: Start::Cold, last_seq: 0 };
    let (client, mut events) = Client::start(config);
    while !matches!(events.recv().await.expect("a session"), ClientEvent::Synced { .. }) {}
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    client.join_group(group, "").await.expect("a member");
    let entered = client.enter_room(room, false, None).await.expect("let in");
    let link = client.open_media(&entered);
    for sequence in 0.. {
        if until() {
            break;
        }
        let header = Header {
            kind: Kind::Audio,
            marker: false,
            stereo: false,
            redundant: false,
            level: 10,
            source: entered.source_id,
            sequence,
            timestamp: sequence.wrapping_mul(960),
        };
        link.sender.send(header.packet(b"opus"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.shutdown().await;
}

#[test]
fn sound_without_the_floor_reaches_nobody_and_is_counted() {
    let (class, [mut kim, mut bo]) = Class::of_kind("Meeting", ["kim", "bo"], &[]);
    start(&class, &mut kim, json!({}), &[]);
    join(&class, &mut bo);
    let state = kim.done("getState", json!({}));
    let number = live(&state).and_then(|call| call["room"].as_u64()).expect("a room");
    let room = RoomId::new(number.try_into().expect("a number")).expect("valid");
    let (url, group) = (class.server.url(), GroupId::new(class.group.clone()).expect("valid"));
    let fingerprint = class.server.fingerprint.clone().expect("with TLS");
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = stop.clone();
    let rogue = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let until = || stopped.load(std::sync::atomic::Ordering::Relaxed);
        runtime.block_on(shout(&url, &fingerprint, group, room, until));
    });
    // The teacher sees it, and more of it; the students are not told.
    let refused = |lesson: &Value| lesson["refused"]["rogue"].as_u64().unwrap_or(0);
    let first = refused(&wait_lesson(&mut kim, "told of it", |lesson| refused(lesson) > 0));
    wait_lesson(&mut kim, "told of more", |lesson| refused(lesson) > first);
    for phone in [&mut kim, &mut bo] {
        assert_eq!(level(phone, "rogue"), None, "nothing was heard");
    }
    wait_lesson(&mut bo, "with the rogue in it", |lesson| {
        person(lesson, "rogue").is_some() && lesson["refused"] == json!({})
    });
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    rogue.join().expect("no panic");
    kim.done("endLesson", json!({}));
    wait_ended(&mut kim);
}
