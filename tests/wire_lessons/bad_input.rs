//! Bad input to a lesson: a code and a sentence, nobody else hears of it, and nothing has changed.

use super::*;

const INVALID_PARAMETERS: i64 = 6_017;
const NOT_INVITED: i64 = 8_011;

/// What differs from a request that would be right.
fn but(mut params: Value, differs: Value) -> Value {
    if let (Value::Object(params), Value::Object(differs)) = (&mut params, differs) {
        params.extend(differs);
    }
    params
}

#[tokio::test]
async fn what_is_not_right_changes_nothing_for_anyone() {
    let mut scene = Scene::new().await;
    scene.give_floor("ben").await;
    let roll = scene.ask("roll", &json!({"cmd": "rollCall"}), &["ann", "ben"], 60);
    scene.kim.ok("inviteInGroup", roll).await;
    let hand = scene.ask("hand", &json!({"cmd": "askToSpeak"}), &["kim"], 60);
    scene.student("cho").ok("inviteInGroup", hand).await;
    scene.nobody_heard_more(false).await;
    let before = scene.state().await;
    let group = scene.group.clone();
    let ask = |command: Value, whom: &[&str]| scene.ask("bad", &command, whom, 30);
    let accept = |id: &str| json!({"inviteID": id, "data": ""});
    let of = |more: Value| but(json!({"groupID": group}), more);
    let speak = json!({"cmd": "speak"});
    let poll = |choices: &[&str]| json!({"cmd": "poll", "question": "?", "choices": choices});
    let bad: Vec<(&str, &str, Value, i64)> = vec![
        // Forged accepts: not invited, answered, over, never there; a student who gives itself the floor.
        ("cho", "accept", accept("roll"), NOT_INVITED),
        ("dan", "accept", accept("roll"), NOT_INVITED),
        ("ben", "accept", accept("floor of ben"), PART_NOT_OPEN),
        ("ann", "accept", accept("floor of ben"), NOT_INVITED),
        ("ann", "accept", accept("nothing"), PART_NOT_OPEN),
        ("cho", "accept", accept("hand"), NOT_INVITED),
        ("ann", "accept", accept("hand"), NOT_INVITED),
        // A speaking invitation, and all that is a teacher's, from a student.
        ("ann", "inviteInGroup", ask(speak.clone(), &["cho"]), PERMISSION),
        ("ann", "inviteInGroup", ask(json!({"cmd": "raiseHands"}), &["cho"]), PERMISSION),
        ("ann", "inviteInGroup", ask(poll(&[]), &["cho"]), PERMISSION),
        ("ann", "inviteInGroup", ask(json!({"cmd": "askToSpeak"}), &["cho"]), INVALID_PARAMETERS),
        ("dan", "inviteInGroup", ask(json!({"cmd": "askToSpeak"}), &["kim"]), PERMISSION),
        ("dan", "inviteInGroup", ask(json!({"cmd": "react", "reaction": "applause"}), &["kim"]), PERMISSION),
        ("ann", "setLesson", of(json!({"floors": 3})), PERMISSION),
        ("ann", "removeFromLesson", of(json!({"userID": "cho"})), PERMISSION),
        ("ann", "endLesson", of(json!({})), PERMISSION),
        ("ann", "lowerHands", of(json!({"all": true})), PERMISSION),
        ("ann", "endFloors", of(json!({"userList": ["ben"]})), PERMISSION),
        ("ann", "setMicrophones", of(json!({"open": false, "all": true})), PERMISSION),
        ("ann", "setMicrophones", of(json!({"open": true})), PERMISSION),
        ("ann", "getLessons", of(json!({})), PERMISSION),
        ("dan", "lowerHands", of(json!({})), INVALID_OPERATION),
        // Two floors where one is allowed, also by way of a raised hand.
        ("kim", "inviteInGroup", ask(speak.clone(), &["ann"]), INVALID_OPERATION),
        ("lee", "inviteInGroup", ask(speak.clone(), &["ann", "cho"]), INVALID_OPERATION),
        ("kim", "accept", accept("hand"), INVALID_OPERATION),
        // A second hand, a second question, a floor that is none, a teacher who is asked.
        ("cho", "inviteInGroup", ask(json!({"cmd": "askToSpeak"}), &["lee"]), INVALID_OPERATION),
        ("lee", "inviteInGroup", ask(json!({"cmd": "rollCall"}), &["cho"]), INVALID_OPERATION),
        ("kim", "inviteInGroup", ask(poll(&[]), &["ann", "lee"]), INVALID_PARAMETERS),
        ("ann", "endFloors", of(json!({})), INVALID_OPERATION),
        ("kim", "removeFromLesson", of(json!({"userID": "lee"})), PERMISSION),
        ("kim", "readmitToLesson", of(json!({"userID": "ann"})), INVALID_OPERATION),
        // Out of bounds.
        ("kim", "setLesson", of(json!({"floors": 0})), INVALID_PARAMETERS),
        ("kim", "setLesson", of(json!({"floors": 21})), INVALID_PARAMETERS),
        ("kim", "setLesson", of(json!({"silenceS": 2})), INVALID_PARAMETERS),
        ("kim", "setLesson", of(json!({})), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", but(ask(poll(&[]), &["ann"]), json!({"timeout": 9})), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", but(ask(poll(&[]), &["ann"]), json!({"timeout": 301})), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", ask(poll(&["one"]), &["ann"]), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", ask(poll(&["x"; 7]), &["ann"]), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", ask(poll(&[]), &["stranger"]), INVALID_PARAMETERS),
        ("kim", "lowerHands", of(json!({"all": true, "userList": ["cho"]})), INVALID_PARAMETERS),
        ("kim", "removeFromLesson", of(json!({"userID": "ann", "reason": "x".repeat(241)})), INVALID_PARAMETERS),
        // In a form that a lesson's invitations do not have.
        ("kim", "inviteInGroup", but(ask(poll(&[]), &["ann"]), json!({"onlineUserOnly": false})), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", but(ask(poll(&[]), &["ann"]), json!({"roomID": ROOM})), INVALID_PARAMETERS),
        ("kim", "inviteInGroup", ask(json!({"cmd": "dance"}), &["ann"]), INVALID_OPERATION),
        ("kim", "inviteInGroup", ask(json!([]), &["ann"]), INVALID_OPERATION),
        (
            "ann",
            "invite",
            json!({"inviteID": "one", "invitee": "kim", "timeout": 30, "data": class_data(&speak)}),
            INVALID_OPERATION,
        ),
        ("kim", "modifyInvitation", json!({"inviteID": "roll", "data": class_data(&speak)}), INVALID_OPERATION),
        ("kim", "getLessonReport", of(json!({"lessonID": "other"})), NOT_FOUND),
        ("kim", "endLesson", json!({"groupID": "nowhere"}), NOT_FOUND),
        ("ann", "enterRoom", json!({"roomID": 1, "create": true, "groupID": group, "lesson": {}}), PERMISSION),
        ("kim", "enterRoom", json!({"roomID": ROOM, "create": true, "lesson": {}}), INVALID_PARAMETERS),
        (
            "kim",
            "enterRoom",
            json!({"roomID": ROOM, "create": true, "groupID": group, "lesson": {"floors": 0}}),
            INVALID_PARAMETERS,
        ),
    ];
    for (who, method, params, code) in bad {
        let wire = match who {
            "kim" => &mut scene.kim,
            "lee" => &mut scene.lee,
            "dan" => &mut scene.dan,
            student => scene.student(student),
        };
        let shown: String = params.to_string().chars().take(300).collect();
        assert_eq!(wire.call(method, params).await, Err(code), "{who}: {method} {shown}");
        scene.nobody_heard_more(true).await;
    }
    assert_eq!(scene.state().await, before);
    // All of this over, it goes on as if nothing had been.
    scene.student("ann").ok("accept", accept("roll")).await;
    scene.student("ben").ok("endFloors", json!({"groupID": group})).await;
    scene.lee.ok("inviteInGroup", scene.ask("bad", &speak, &["ann"], 30)).await;
}

#[tokio::test]
async fn a_hand_raised_after_the_deadline_is_none() {
    let mut scene = Scene::new().await;
    let hands = scene.ask("hands", &json!({"cmd": "raiseHands"}), &["ann", "ben"], 10);
    scene.kim.ok("inviteInGroup", hands).await;
    scene.student("ann").ok("accept", json!({"inviteID": "hands", "data": ""})).await;
    // Nobody reports the timeout: the server ends it, and everybody sees that.
    for wire in scene.everybody() {
        assert_eq!(wire.expect("onInvitationTimeout", "hands").await["inviteeList"], json!(["ben"]));
    }
    scene.student("ben").refused("accept", json!({"inviteID": "hands", "data": ""}), PART_NOT_OPEN).await;
    let state = scene.state().await;
    assert_eq!((all(&state["hands"], "userID"), &state["prompts"]), (vec!["ann"], &json!([])));
}

#[tokio::test]
async fn without_a_lesson_nothing_of_one_is_taken() {
    let mut scene = Scene::new().await;
    let (group, ask) = (scene.of_group(), scene.ask("late", &json!({"cmd": "raiseHands"}), &["ann"], 30));
    scene.kim.ok("endLesson", group.clone()).await;
    scene.nobody_heard_more(false).await;
    scene.kim.refused("inviteInGroup", ask, NOT_FOUND).await;
    for method in ["lowerHands", "endFloors", "endLesson"] {
        scene.kim.refused(method, group.clone(), NOT_FOUND).await;
    }
    // What is not a lesson's is nobody's business but the members'.
    let other = scene.kim.invite_in_group(&scene.group.clone(), &["ann"], 30, "hello").await;
    scene.student("ann").expect("onReceiveNewInvitation", &other).await;
}
