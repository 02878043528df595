//! `ahoy phone --json`: the calls of the specification as a program uses them.

#[path = "common/phone.rs"]
mod phone;

use phone::{Phone, Running, ServerProcess, command, wait_exit, wait_line};
use serde_json::{Value, json};

#[test]
fn an_application_signals_whatever_it_likes() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
    let mut alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
    let data = "손들기 {not JSON}";
    let reply = alice.done("invite", json!({"invitee": "bob", "data": data, "timeout": 30}));
    let id = reply["inviteID"].clone();
    assert!(id.as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(reply["online"], json!(["bob"]));
    let invitation = bob.wait_for("onReceiveNewInvitation");
    assert_eq!((&invitation["inviteID"], &invitation["data"]), (&id, &json!(data)));
    // No call: nothing rings, and nobody answers but the application.
    alice.done("modifyInvitation", json!({"inviteID": id, "data": "changed"}));
    assert_eq!(bob.wait_for("onInvitationModified")["data"], "changed");
    bob.done("accept", json!({"inviteID": id, "data": "yes"}));
    let answer = alice.wait_for("onInviteeAccepted");
    assert_eq!((&answer["invitee"], &answer["data"]), (&json!("bob"), &json!("yes")));
    assert_eq!(bob.refused("accept", json!({"inviteID": id})), 8010);
    assert_eq!(alice.refused("cancel", json!({"inviteID": id})), 8010);
    for phone in [&mut alice, &mut bob] {
        assert_eq!(phone.done("getState", json!({}))["calls"], json!([]));
        assert_eq!(phone.done("getLog", json!({}))["rows"], json!([]));
    }
}

#[test]
fn a_person_reads_that_it_rings_before_it_is_answered() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
    let options = ["--call", "bob", "--duration", "1", "--microphone", "silence", "--speaker", "null"];
    let mut alice = Running::start(&mut command(&server.url(), "alice", dir.path(), &options));
    bob.wait_phase("incoming");
    wait_line(&mut alice, "Ringing at bob");
    bob.done("answer", json!({}));
    assert!(wait_exit(&mut alice).success());
    bob.wait_phase("ended");
}

#[test]
fn a_group_is_invited_cancelled_and_asked_about() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
    let mut carol = Phone::start(&server.url(), "carol", dir.path(), &[]);
    let mut alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
    let group = alice.done(
        "createGroup",
        json!({"groupType": "Work", "groupName": "class", "memberList": ["bob", "carol"]}),
    )["groupID"]
        .clone();
    // The group is a part of the state as soon as it has been listed.
    let listed = |state: &Value| state["groups"][0]["members"].as_array().is_some_and(|members| members.len() == 3);
    let shown = bob.wait_state(listed)["groups"][0].take();
    assert_eq!((&shown["groupID"], &shown["role"], &shown["owner"]), (&group, &json!("member"), &json!("alice")));
    let params = json!({"groupID": group, "inviteeList": ["bob", "carol"], "data": "d", "timeout": 0});
    let id = alice.done("inviteInGroup", params)["inviteID"].clone();
    let seq = bob.wait_for("onReceiveNewInvitation")["seq"].clone();
    let info = bob.done("getSignalingInfo", json!({"seq": seq}));
    assert_eq!((&info["inviteID"], &info["actionType"]), (&id, &json!(1)));
    bob.done("reject", json!({"inviteID": id}));
    assert_eq!(alice.wait_for("onInviteeRejected")["invitee"], "bob");
    carol.wait_for("onReceiveNewInvitation");
    alice.done("cancel", json!({"inviteID": id}));
    assert_eq!(carol.wait_for("onInvitationCancelled")["inviteeList"], json!(["carol"]));
}

#[test]
fn bad_lines_are_answered_and_change_nothing() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
    for (line, code) in [
        ("{", -32700),
        ("[1,2]", -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"dance"}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":null,"method":"call","params":{"userID":7}}"#, 6017),
    ] {
        alice.write(line);
        let answer = alice.answer(&json!(null));
        assert_eq!(answer["error"]["code"], code, "{line}");
    }
    let long = "x".repeat(300_000);
    alice.write(&long);
    assert_eq!(alice.answer(&json!(null))["error"]["code"], -32600);
    assert_eq!(alice.refused("hangUp", json!({})), 8010);
    assert_eq!(alice.refused("answer", json!({})), 8010);
    assert_eq!(alice.refused("login", json!({})), 7014);
    let data = "x".repeat(12 * 1024 + 1);
    assert_eq!(alice.refused("invite", json!({"invitee": "bob", "data": data, "timeout": 5})), 8001);
    assert_eq!(alice.refused("invite", json!({"invitee": "bob", "timeout": 5})), 20003);
    assert_eq!(alice.done("getState", json!({}))["session"], "online");
    assert!(alice.quit().success());
}

#[test]
fn a_profile_is_used_by_one_phone_at_a_time() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let _alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
    let output = phone::command(&server.url(), "alice", dir.path(), &[])
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("runs");
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("phone-alice") && words.contains("in use"), "{words}");
}

#[test]
fn an_account_with_a_password_is_used_on_two_devices() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let password = ["--password", "correct horse"];
    let mut desk = Phone::start(&server.url(), "alice", dir.path(), &password);
    let mut lap =
        Phone::start(&server.url(), "alice", dir.path(), &["--password", "correct horse", "--profile", "laptop"]);
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
    bob.done("call", json!({"userID": "alice"}));
    desk.wait_phase("incoming");
    lap.wait_phase("incoming");
    desk.done("answer", json!({}));
    assert_eq!(lap.wait_phase("ended")["end"], "answeredElsewhere");
    desk.wait_phase("inCall");
    bob.wait_phase("inCall");
    bob.done("hangUp", json!({}));
    let row = lap.only_row();
    assert_eq!((&row["answered"], &row["peer"]), (&json!(true), &json!("bob")));
    let wrong =
        phone::command(&server.url(), "alice", dir.path(), &["--profile", "third", "--password", "wrong horse"])
            .stderr(std::process::Stdio::piped())
            .output()
            .expect("runs");
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("70003"), "{wrong:?}");
}

#[test]
fn what_could_not_be_done_is_told_with_its_code() {
    let server = ServerProcess::start(&[]);
    let dir = tempfile::tempdir().expect("a folder");
    let mut bob = Phone::start(&server.url(), "bob", dir.path(), &[]);
    let mut alice = Phone::start(&server.url(), "alice", dir.path(), &[]);
    let failed = |phone: &mut Phone, code: i64| {
        let notice = phone.wait(&format!("the notice {code}"), |news| {
            news["method"] == "notice" && news["params"]["kind"] == "failed" && news["params"]["code"] == code
        });
        assert!(notice["params"]["message"].as_str().is_some_and(|message| message.ends_with('.')), "{notice}");
    };
    alice.done("call", json!({"userID": "bob"}));
    bob.wait_phase("incoming");
    bob.done("answer", json!({}));
    alice.wait_phase("inCall");
    // Nobody of that name; another call meanwhile.
    alice.done("addToCall", json!({"userList": ["nobody"]}));
    failed(&mut alice, 20003);
    assert_eq!(alice.refused("call", json!({"userID": "bob"})), 7014);
    let state = alice.done("getState", json!({}));
    assert_eq!((state["calls"].as_array().map(Vec::len), &state["calls"][0]["phase"]), (Some(1), &json!("inCall")));
}
