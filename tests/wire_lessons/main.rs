//! A lesson on the real wire, by a client that shares no code with Ahoy's own: the six steps of the specification, two
//! teachers at once, lost connections, roles, removal, the end, and the report.
//!
//! Beside it: `bad_input`, what is refused and heard by nobody; `sound`, what the relay lets through.

#[path = "../common/mod.rs"]
mod common;
#[path = "../conformance/wire.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod wire;

mod bad_input;
mod sound;

use common::server::{self, ServerProcess};
use serde_json::{Value, json};
use wire::{Account, Wire, methods};

const ROOM: u32 = 4_711;
const PERMISSION: i64 = 10_007;
const NOT_FOUND: i64 = 10_010;
const INVALID_OPERATION: i64 = 7_014;
const PART_NOT_OPEN: i64 = 8_010;

const STUDENTS: [&str; 3] = ["ann", "ben", "cho"];

/// A class group with a lesson on. Kim owns it, Lee is an administrator, Dan is a member who did not come.
struct Scene {
    server: ServerProcess,
    kim: Wire,
    lee: Wire,
    students: [Wire; 3],
    dan: Wire,
    accounts: Vec<Account>,
    group: String,
}

impl Scene {
    async fn with(settings: Value) -> Self {
        let server = ServerProcess::start(&[]);
        let (mut wires, mut accounts) = (Vec::new(), Vec::new());
        for name in ["kim", "lee", "ann", "ben", "cho", "dan"] {
            let (wire, account) = Wire::sign_up(&server, name).await;
            wires.push(wire);
            accounts.push(account);
        }
        let Ok([mut kim, mut lee, ann, ben, cho, dan]) = <[Wire; 6]>::try_from(wires) else { unreachable!("six") };
        let group = kim.create_group("Public", &["lee", "ann", "ben", "cho", "dan"]).await;
        kim.ok("setGroupMemberRole", json!({"groupID": group, "userID": "lee", "role": "admin"})).await;
        let open = json!({"roomID": ROOM, "create": true, "groupID": group, "callID": "lesson", "lesson": settings});
        let opened = kim.ok("enterRoom", open).await;
        assert_eq!(opened["lesson"]["people"][0]["teacher"], true, "{opened}");
        lee.ok("enterRoom", json!({"roomID": ROOM})).await;
        let mut scene = Self { server, kim, lee, students: [ann, ben, cho], dan, accounts, group };
        for student in &mut scene.students {
            let joined = student.ok("enterRoom", json!({"roomID": ROOM})).await;
            assert_eq!(joined["lesson"]["settings"]["floors"], 1, "{joined}");
        }
        scene.nobody_heard_more(false).await;
        scene
    }

    async fn new() -> Self {
        Self::with(json!({})).await
    }

    fn student(&mut self, name: &str) -> &mut Wire {
        let place = STUDENTS.iter().position(|known| *known == name).expect("a student");
        &mut self.students[place]
    }

    fn everybody(&mut self) -> impl Iterator<Item = &mut Wire> {
        [&mut self.kim, &mut self.lee, &mut self.dan].into_iter().chain(&mut self.students)
    }

    /// Takes what everybody has heard; with `check`, there is nothing.
    async fn nobody_heard_more(&mut self, check: bool) {
        for wire in self.everybody() {
            let heard = heard(wire).await;
            assert!(!check || heard.is_empty(), "{heard:#?}");
        }
    }

    fn ask(&self, id: &str, command: &Value, whom: &[&str], timeout: u32) -> Value {
        json!({
            "inviteID": id, "groupID": self.group, "inviteeList": whom, "data": class_data(command), "timeout": timeout,
            "onlineUserOnly": true,
        })
    }

    fn of_group(&self) -> Value {
        json!({"groupID": self.group})
    }

    /// The lesson as somebody reads it who enters again, without what passes with time.
    async fn state(&mut self) -> Value {
        let mut entered = self.kim.ok("enterRoom", json!({"roomID": ROOM})).await;
        let mut state = entered["lesson"].take();
        forget_time(&mut state);
        state
    }

    /// Kim invites a student to speak, who accepts.
    async fn give_floor(&mut self, name: &str) {
        let id = format!("floor of {name}");
        let ask = self.ask(&id, &json!({"cmd": "speak"}), &[name], 30);
        self.kim.ok("inviteInGroup", ask).await;
        self.student(name).ok("accept", json!({"inviteID": id, "data": ""})).await;
        self.nobody_heard_more(false).await;
    }
}

fn class_data(command: &Value) -> String {
    json!({"businessID": "ahoy_class", "version": 1, "data": command}).to_string()
}

/// What has come, but for what is told at its own pace: presence and the call of the group.
async fn heard(wire: &mut Wire) -> Vec<Value> {
    let mut heard = wire.everything().await;
    heard.retain(|event| event["method"] != "onUserStatusChanged" && event["method"] != "onGroupAttributeChanged");
    heard
}

/// The changes of the lesson among what has come.
fn changes(heard: &[Value]) -> Vec<Value> {
    let told = heard.iter().filter(|event| event["method"] == "onLessonChanged");
    told.flat_map(|event| event["params"]["changes"].as_array().expect("changes").clone()).collect()
}

fn forget_time(state: &mut Value) {
    match state {
        Value::Object(fields) => {
            for passing in ["elapsedMs", "waitingMs", "heldMs", "remainingMs"] {
                fields.remove(passing);
            }
            fields.values_mut().for_each(forget_time);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_time),
        _ => {}
    }
}

/// The values of a field.
fn all<'a>(items: &'a Value, field: &str) -> Vec<&'a str> {
    items.as_array().expect("a list").iter().map(|item| item[field].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn the_six_steps_of_the_specification() {
    let mut scene = Scene::new().await;
    // 1: the students are invited to raise their hands; the operation is in the data.
    let hands = scene.ask("hands", &json!({"cmd": "raiseHands"}), &STUDENTS, 60);
    scene.kim.ok("inviteInGroup", hands).await;
    for wire in scene.everybody() {
        let told = wire.expect("onReceiveNewInvitation", "hands").await;
        assert_eq!((&told["inviteeList"], &told["inviter"]), (&json!(STUDENTS), &json!("kim")));
        assert_eq!(told["data"], class_data(&json!({"cmd": "raiseHands"})));
    }
    for wire in [&mut scene.kim, &mut scene.lee].into_iter().chain(&mut scene.students) {
        let heard = heard(wire).await;
        assert_eq!(methods(&heard), ["onLessonChanged"]);
        let told = &changes(&heard)[0];
        assert_eq!((&told["what"], told.get("whom")), (&json!("prompted"), None), "all students: {told}");
    }
    assert!(heard(&mut scene.dan).await.is_empty(), "who is not in the lesson hears of invitations only");
    // 2 and 3: two raise them; everybody hears both, and has both in the order in which the server took them.
    for name in ["cho", "ann"] {
        scene.student(name).ok("accept", json!({"inviteID": "hands", "data": ""})).await;
    }
    for wire in scene.everybody() {
        for name in ["cho", "ann"] {
            let told = wire.expect("onInviteeAccepted", "hands").await;
            assert_eq!((&told["invitee"], &told["deviceName"]), (&json!(name), &json!("first")));
        }
    }
    for wire in [&mut scene.kim, &mut scene.lee].into_iter().chain(&mut scene.students) {
        let told = changes(&heard(wire).await);
        let raised: Vec<&Value> = told.iter().filter(|change| change["what"] == "handRaised").collect();
        assert_eq!(raised.iter().map(|change| &change["userID"]).collect::<Vec<_>>(), ["cho", "ann"]);
    }
    assert_eq!(all(&scene.state().await["hands"], "userID"), ["cho", "ann"]);
    // 4: one of them is invited to speak.
    let speak = scene.ask("speak", &json!({"cmd": "speak"}), &["cho"], 30);
    scene.kim.ok("inviteInGroup", speak).await;
    for wire in scene.everybody() {
        let told = wire.expect("onReceiveNewInvitation", "speak").await;
        assert_eq!(told["data"], class_data(&json!({"cmd": "speak"})));
    }
    // 5 and 6: the student accepts, and everybody sees who speaks.
    scene.student("cho").ok("accept", json!({"inviteID": "speak", "data": ""})).await;
    for wire in scene.everybody() {
        assert_eq!(wire.expect("onInviteeAccepted", "speak").await["invitee"], "cho");
    }
    for wire in [&mut scene.kim, &mut scene.lee].into_iter().chain(&mut scene.students) {
        let told = changes(&heard(wire).await);
        let what: Vec<&Value> = told.iter().map(|change| &change["what"]).collect();
        assert_eq!(what, ["offered", "offerEnded", "floorGiven"]);
        assert_eq!((&told[2]["userID"], &told[2]["by"]), (&json!("cho"), &json!("kim")));
    }
    assert!(heard(&mut scene.dan).await.is_empty());
    // The turn is over: the floor goes back, and the hand is lowered by itself.
    let of_group = scene.of_group();
    scene.student("cho").ok("endFloors", of_group).await;
    let told = changes(&heard(&mut scene.lee).await);
    assert_eq!((&told[0]["what"], &told[0]["why"]), (&json!("floorEnded"), &json!("returned")));
    assert_eq!((&told[1]["what"], &told[1]["why"]), (&json!("handLowered"), &json!("spoken")));
    let state = scene.state().await;
    assert_eq!((all(&state["hands"], "userID"), &state["floors"]), (vec!["ann"], &json!([])));
}

#[tokio::test]
async fn two_teachers_at_once_get_one_result_and_one_explanation() {
    let mut scene = Scene::new().await;
    for round in 0..10 {
        let one = scene.ask(&format!("a{round}"), &json!({"cmd": "speak"}), &["ann"], 30);
        let other = scene.ask(&format!("b{round}"), &json!({"cmd": "speak"}), &["ben"], 30);
        let (kim, lee) = tokio::join!(scene.kim.call("inviteInGroup", one), scene.lee.call("inviteInGroup", other));
        let kims = match (kim, lee) {
            (Ok(_), Err(INVALID_OPERATION)) => true,
            (Err(INVALID_OPERATION), Ok(_)) => false,
            both => panic!("one result: {both:?}"),
        };
        let state = scene.state().await;
        assert_eq!(all(&state["offers"], "userID"), [if kims { "ann" } else { "ben" }]);
        let (winner, id) = if kims { (&mut scene.kim, "a") } else { (&mut scene.lee, "b") };
        winner.ok("cancel", json!({"inviteID": format!("{id}{round}"), "data": ""})).await;
        let mut told = Vec::new();
        for wire in [&mut scene.kim, &mut scene.lee].into_iter().chain(&mut scene.students) {
            told.push(changes(&heard(wire).await));
        }
        assert_eq!(told[0].len(), 2, "{:#?}", told[0]);
        assert!(told.iter().all(|others| *others == told[0]), "one order for all");
    }
}

#[tokio::test]
async fn hand_and_floor_are_there_after_a_lost_connection() {
    let mut scene = Scene::new().await;
    scene.give_floor("ann").await;
    let hand = scene.ask("hand", &json!({"cmd": "askToSpeak"}), &["kim", "lee"], 60);
    scene.student("ben").ok("inviteInGroup", hand).await;
    scene.nobody_heard_more(false).await;
    for place in [0, 1] {
        let account = scene.accounts[place + 2].clone();
        // A program that starts anew, and one that goes on.
        let start = ["cold", "hot"][place];
        scene.students[place] = Wire::come_back(&scene.server, &account, start, 0).await;
        let joined = scene.students[place].ok("enterRoom", json!({"roomID": ROOM})).await;
        let lesson = &joined["lesson"];
        assert_eq!((all(&lesson["floors"], "userID"), all(&lesson["hands"], "userID")), (vec!["ann"], vec!["ben"]));
        assert_eq!(lesson["floors"][0]["deviceID"], scene.accounts[2].device, "the same device speaks");
    }
    // The teacher is gone, too: the lesson goes on.
    scene.kim = Wire::come_back(&scene.server, &scene.accounts[0].clone(), "cold", 0).await;
    let state = scene.state().await;
    assert_eq!(all(&state["floors"], "userID"), ["ann"]);
    let of_group = scene.of_group();
    scene.student("ann").ok("endFloors", of_group).await;
    scene.lee.ok("accept", json!({"inviteID": "hand", "data": ""})).await;
    assert_eq!(all(&scene.state().await["floors"], "userID"), ["ben"]);
}

#[tokio::test]
async fn teachers_remove_hand_over_and_end() {
    let mut scene = Scene::new().await;
    scene.give_floor("ann").await;
    let removal = json!({"groupID": scene.group, "userID": "ann", "reason": "시끄러워요"});
    scene.lee.ok("removeFromLesson", removal).await;
    let group = scene.group.clone();
    let over = scene.student("ann").expect("onLessonOver", &group).await;
    assert_eq!((&over["removed"], &over["opUser"]), (&json!(true), &json!("lee")), "{over}");
    assert_eq!(over["reason"], "시끄러워요");
    scene.student("ann").refused("enterRoom", json!({"roomID": ROOM}), PERMISSION).await;
    let told = heard(&mut scene.students[1]).await;
    assert!(methods(&told).contains(&"onRemoteUserLeaveRoom"), "{told:#?}");
    let what: Vec<Value> = changes(&told).iter().map(|change| change["what"].clone()).collect();
    assert_eq!(what, ["barred", "floorEnded", "gone"]);
    scene.kim.ok("readmitToLesson", json!({"groupID": group, "userID": "ann"})).await;
    scene.student("ann").ok("enterRoom", json!({"roomID": ROOM})).await;
    // Handed over: who was the teacher is a student.
    scene.kim.ok("transferGroupOwner", json!({"groupID": group, "userID": "ben"})).await;
    scene.kim.refused("endLesson", json!({"groupID": group}), PERMISSION).await;
    scene.nobody_heard_more(false).await;
    let ended = scene.student("ben").ok("endLesson", json!({"groupID": group})).await;
    assert_eq!((&ended["remaining"], &ended["callID"]), (&json!(0), &json!("lesson")), "{ended}");
    for wire in [&mut scene.kim, &mut scene.lee].into_iter().chain(&mut scene.students) {
        let over = wire.expect("onLessonOver", &group).await;
        assert_eq!((&over["opUser"], &over["removed"]), (&json!("ben"), &Value::Null));
    }
    scene.lee.refused("enterRoom", json!({"roomID": ROOM}), NOT_FOUND).await;
    loop {
        let told = scene.dan.expect("onGroupAttributeChanged", &group).await;
        if told["groupAttributes"] == json!({}) {
            break;
        }
    }
}

#[tokio::test]
async fn a_report_is_there_after_the_lesson_and_after_a_crash() {
    let mut scene = Scene::new().await;
    let roll = scene.ask("roll", &json!({"cmd": "rollCall"}), &["ann", "ben", "cho", "dan"], 60);
    scene.kim.ok("inviteInGroup", roll).await;
    scene.student("ann").ok("accept", json!({"inviteID": "roll", "data": ""})).await;
    scene.student("cho").ok("setSelfInfo", json!({"displayName": "조하늘"})).await;
    scene.give_floor("cho").await;
    let (group, which) = (scene.of_group(), json!({"groupID": scene.group, "lessonID": "lesson"}));
    scene.student("ann").refused("getLessonReport", which.clone(), PERMISSION).await;
    scene.student("ben").ok("exitRoom", json!({"roomID": ROOM})).await;
    scene.kim.ok("endLesson", group.clone()).await;
    let report = scene.kim.ok("getLessonReport", which.clone()).await;
    assert_eq!(all(&report["rows"], "userID"), ["ann", "ben", "cho", "dan", "kim", "lee"]);
    let of = |name: &str| report["rows"].as_array().expect("rows").iter().find(|row| row["userID"] == name);
    let counted =
        |name: &str| ["present", "called", "turns", "teacher"].map(|field| of(name).expect("a row")[field].clone());
    assert_eq!(counted("ann"), [json!(1), json!(1), json!(0), json!(false)]);
    assert_eq!(counted("cho"), [json!(0), json!(1), json!(1), json!(false)]);
    assert_eq!(counted("kim"), [json!(0), json!(0), json!(0), json!(true)]);
    assert_eq!(of("cho").expect("a row")["displayName"], "조하늘");
    assert_eq!((&of("dan").expect("a row")["stays"], &report["lesson"]["people"]), (&json!([]), &json!(5)));
    let ends = |name: &str| of(name).expect("a row")["stays"][0][1].as_u64().expect("a time");
    assert!(ends("ben") <= ends("ann") && ends("ann") == report["lesson"]["lengthMs"], "{report}");

    scene.server.kill();
    let server = scene.server.restart();
    let mut kim = Wire::come_back(&server, &scene.accounts[0], "cold", 0).await;
    assert_eq!(kim.ok("getLessonReport", which).await, report);
    let lessons = kim.ok("getLessons", group.clone()).await;
    assert_eq!(lessons["lessons"], json!([report["lesson"]]));
    kim.refused("endLesson", group, NOT_FOUND).await;
}
