//! The specification, checked over the real wire against a real server process, by a client that shares no code with
//! Ahoy's own. One test per rule; the numbers are those of the list of checks that the protocol was built to.

#[path = "../common/server.rs"]
mod server;
mod wire;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::ServerProcess;
use wire::{Wire, methods};

const INVALID_PARAMETERS: i64 = 6017;
const NOT_LOGGED_IN: i64 = 6014;
const INVALID_OPERATION: i64 = 7014;
const DATA_TOO_LONG: i64 = 8001;
const PROCESSED: i64 = 8010;
const NO_PERMISSION: i64 = 8011;
const ALREADY_EXISTS: i64 = 8012;
const GROUP_PERMISSION: i64 = 10_007;
const GROUP_NOT_FOUND: i64 = 10_010;
const PEER_NOT_FOUND: i64 = 20_003;

fn id(invite_id: &str) -> Value {
    json!({"inviteID": invite_id})
}

/// Waits until a moment that the test itself is about (a deadline of the protocol).
async fn until(moment: Instant) {
    tokio::time::sleep_until(moment.into()).await;
}

/// 1: two invitations at once reach one invitee; the second is told that the line is busy.
#[tokio::test]
async fn two_invitations_at_once_and_a_busy_line() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let (mut carol, _) = Wire::sign_up(&server, "carol").await;

    let first = alice.invite("carol", 30, json!({})).await;
    let second = bob.invite("carol", 30, json!({})).await;
    assert_ne!(first, second);
    let got = carol.expect("onReceiveNewInvitation", &first).await;
    assert_eq!(
        (&got["inviter"], &got["inviteeList"], &got["data"]),
        (&json!("alice"), &json!(["carol"]), &json!("hello"))
    );
    carol.expect("onReceiveNewInvitation", &second).await;

    let busy = r#"{"businessID":"av_call","version":4,"line_busy":"line_busy","data":{"message":"lineBusy"}}"#;
    carol.ok("accept", id(&first)).await;
    carol.ok("reject", json!({"inviteID": second, "data": busy})).await;
    assert_eq!(alice.expect("onInviteeAccepted", &first).await["invitee"], "carol");
    assert_eq!(bob.expect("onInviteeRejected", &second).await["data"], busy);
    assert!(bob.everything_about(&first).await.is_empty(), "bob has nothing to do with alice's invitation");
}

/// 2: an invitation is processed once, by those whom it concerns, with good parameters, after a login.
#[tokio::test]
async fn second_answers_and_strangers_are_refused() {
    let server = ServerProcess::start(&[]);
    let mut nobody = Wire::connect(&server).await;
    nobody.refused("invite", json!({"inviteID": "i", "invitee": "bob", "timeout": 30}), NOT_LOGGED_IN).await;
    nobody.refused("getUsers", json!({}), NOT_LOGGED_IN).await;

    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let (mut carol, _) = Wire::sign_up(&server, "carol").await;

    for (first, second) in [("accept", "accept"), ("accept", "reject"), ("reject", "reject"), ("reject", "accept")] {
        let invite = alice.invite("bob", 30, json!({})).await;
        bob.ok(first, id(&invite)).await;
        bob.refused(second, id(&invite), PROCESSED).await;
        alice.refused("cancel", id(&invite), PROCESSED).await;
        alice.refused("modifyInvitation", json!({"inviteID": invite, "data": "late"}), PROCESSED).await;
    }

    let invite = alice.invite("bob", 30, json!({})).await;
    carol.refused("cancel", id(&invite), NO_PERMISSION).await;
    bob.refused("cancel", id(&invite), NO_PERMISSION).await;
    carol.refused("accept", id(&invite), NO_PERMISSION).await;
    alice.refused("accept", id(&invite), NO_PERMISSION).await;
    bob.refused("modifyInvitation", json!({"inviteID": invite, "data": "mine"}), NO_PERMISSION).await;
    alice.ok("cancel", json!({"inviteID": invite, "data": "changed my mind"})).await;
    assert_eq!(bob.expect("onInvitationCancelled", &invite).await["data"], "changed my mind");
    alice.refused("cancel", id(&invite), PROCESSED).await;
    bob.refused("accept", id(&invite), PROCESSED).await;
    bob.refused("reject", id(&invite), PROCESSED).await;

    alice.refused("accept", id("never-made"), PROCESSED).await;
    alice.refused("invite", json!({"inviteID": "i", "timeout": 30}), INVALID_PARAMETERS).await;
    alice.refused("invite", json!({"inviteID": "i", "invitee": "", "timeout": 30}), INVALID_PARAMETERS).await;
    alice.refused("invite", json!({"inviteID": "i", "invitee": "bob", "timeout": "soon"}), INVALID_PARAMETERS).await;
    alice.refused("invite", json!({"inviteID": "i", "invitee": "alice", "timeout": 30}), INVALID_PARAMETERS).await;
    alice.refused("invite", json!({"inviteID": "i", "invitee": "nobody", "timeout": 30}), PEER_NOT_FOUND).await;
    let long = "가".repeat(5_000);
    alice
        .refused("invite", json!({"inviteID": "i", "invitee": "bob", "timeout": 0, "data": long}), DATA_TOO_LONG)
        .await;
    alice.refused("accept", id(&"x".repeat(65)), INVALID_PARAMETERS).await;
    let theirs = bob.invite("carol", 30, json!({})).await;
    alice.refused("invite", json!({"inviteID": theirs, "invitee": "bob", "timeout": 30}), ALREADY_EXISTS).await;
    assert!(bob.everything_about("i").await.is_empty(), "a refused invitation reaches nobody");
}

/// `data` is opaque: 12 KB of anything arrive as they were sent.
#[tokio::test]
async fn data_arrives_as_it_was_sent() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    for data in ["", "null", "\u{0}\u{1f}\"\\\u{2028}", &"\u{7}".repeat(12 * 1024), &"가".repeat(4 * 1024), "{\"broken"]
    {
        let invite = alice.invite("bob", 0, json!({"data": data})).await;
        assert_eq!(bob.expect("onReceiveNewInvitation", &invite).await["data"], *data);
    }
}

/// A request repeated after a lost answer is recognised: it succeeds, and nobody is told twice.
#[tokio::test]
async fn a_repeated_invite_rings_once() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let invite = alice.invite("bob", 30, json!({})).await;
    alice.ok("invite", json!({"inviteID": invite, "invitee": "bob", "timeout": 30, "data": "hello"})).await;
    assert_eq!(methods(&bob.everything_about(&invite).await), ["onReceiveNewInvitation"]);
}

/// 3: group invitations need the group, and membership on both sides.
#[tokio::test]
async fn group_invitations_need_membership() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let (mut carol, _) = Wire::sign_up(&server, "carol").await;
    let group = alice.create_group("Work", &["bob"]).await;
    bob.expect("onGroupCreated", &group).await;

    let params = |group: &str, invitees: Value| json!({"inviteID": "i", "groupID": group, "inviteeList": invitees, "timeout": 30});
    alice.refused("inviteInGroup", params(&group, json!(["bob", "carol"])), INVALID_PARAMETERS).await;
    alice.refused("inviteInGroup", params("no-such-group", json!(["bob"])), GROUP_NOT_FOUND).await;
    carol.refused("inviteInGroup", params(&group, json!(["bob"])), GROUP_PERMISSION).await;
    alice.refused("inviteInGroup", params(&group, json!([])), INVALID_PARAMETERS).await;
    alice.refused("inviteInGroup", params(&group, json!(["bob", "bob"])), INVALID_PARAMETERS).await;
    alice.refused("inviteInGroup", params(&group, json!(["alice"])), INVALID_PARAMETERS).await;
    assert!(bob.everything_about("i").await.is_empty());

    alice.ok("dismissGroup", json!({"groupID": group})).await;
    bob.expect("onGroupDismissed", &group).await;
    alice.refused("inviteInGroup", params(&group, json!(["bob"])), GROUP_NOT_FOUND).await;
}

/// 4: a cancellation ends only the parts still open, and is refused when there are none.
#[tokio::test]
async fn cancelling_a_group_invitation_ends_only_open_parts() {
    let server = ServerProcess::start(&[]);
    let (mut teacher, _) = Wire::sign_up(&server, "teacher").await;
    let (mut a, _) = Wire::sign_up(&server, "a").await;
    let (mut b, _) = Wire::sign_up(&server, "b").await;
    let (mut c, _) = Wire::sign_up(&server, "c").await;
    let group = teacher.create_group("Meeting", &["a", "b", "c"]).await;

    let invite = teacher.invite_in_group(&group, &["a", "b", "c"], 30, "").await;
    a.ok("accept", id(&invite)).await;
    b.ok("reject", id(&invite)).await;
    teacher.ok("cancel", id(&invite)).await;
    let cancelled = c.expect("onInvitationCancelled", &invite).await;
    assert_eq!(cancelled["inviteeList"], json!(["c"]));
    c.refused("accept", id(&invite), PROCESSED).await;
    teacher.refused("cancel", id(&invite), PROCESSED).await;

    let invite = teacher.invite_in_group(&group, &["a", "b"], 30, "").await;
    a.ok("accept", id(&invite)).await;
    b.ok("accept", id(&invite)).await;
    teacher.refused("cancel", id(&invite), PROCESSED).await;
}

/// 5: a timeout of 0 never comes; others come once, by the invitee's device if it is online.
#[tokio::test]
async fn timeouts_are_triggered_by_the_devices() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let (dave, dave_account) = Wire::sign_up(&server, "dave").await;
    drop(dave);

    let began = Instant::now();
    let never = alice.invite("bob", 0, json!({})).await;
    let by_invitee = alice.invite("bob", 2, json!({})).await;
    let by_sender = alice.invite("dave", 2, json!({})).await;
    let by_nobody = alice.invite("bob", 2, json!({})).await;
    bob.refused("timeout", id(&by_invitee), INVALID_OPERATION).await;
    until(began + Duration::from_millis(2_300)).await;

    bob.ok("timeout", id(&by_invitee)).await;
    alice.ok("timeout", id(&by_sender)).await;
    for wire in [&mut alice, &mut bob] {
        assert_eq!(wire.expect("onInvitationTimeout", &by_invitee).await["inviteeList"], json!(["bob"]));
    }
    assert_eq!(alice.expect("onInvitationTimeout", &by_sender).await["inviteeList"], json!(["dave"]));
    bob.refused("accept", id(&by_invitee), PROCESSED).await;

    // Neither device said anything: the server ends it, so that nothing rings for ever.
    alice.expect("onInvitationTimeout", &by_nobody).await;
    bob.expect("onInvitationTimeout", &by_nobody).await;
    bob.refused("timeout", id(&never), INVALID_OPERATION).await;
    assert_eq!(methods(&bob.everything_about(&never).await), ["onReceiveNewInvitation"]);

    // Who was offline finds both in the log, as history, and nothing rings.
    let mut dave = Wire::come_back(&server, &dave_account, "cold", 0).await;
    let events = dave.everything_about(&by_sender).await;
    assert_eq!(methods(&events), ["onReceiveNewInvitation", "onInvitationTimeout"]);
    assert!(events.iter().all(|event| event["params"]["history"] == true), "{events:?}");
}

/// 6: what is only for users online leaves no trace, and cannot be modified.
#[tokio::test]
async fn online_only_invitations_leave_no_history() {
    let server = ServerProcess::start(&[]);
    let (mut alice, alice_account) = Wire::sign_up(&server, "alice").await;
    let (mut bob, bob_account) = Wire::sign_up(&server, "bob").await;
    let online_only = json!({"onlineUserOnly": true});

    let seen = alice.invite("bob", 30, online_only.clone()).await;
    assert_eq!(bob.expect("onReceiveNewInvitation", &seen).await["seq"], 0);
    alice.refused("modifyInvitation", json!({"inviteID": seen, "data": "new"}), INVALID_OPERATION).await;
    bob.ok("accept", id(&seen)).await;
    alice.expect("onInviteeAccepted", &seen).await;

    drop(bob);
    let unseen = alice.invite("bob", 30, online_only).await;
    let mut bob = Wire::come_back(&server, &bob_account, "cold", 0).await;
    assert!(bob.everything_about(&unseen).await.is_empty());
    assert!(bob.everything_about(&seen).await.is_empty());
    drop(alice);
    let mut alice = Wire::come_back(&server, &alice_account, "hot", 0).await;
    assert!(alice.everything_about(&seen).await.is_empty());
}

/// The data of an open invitation can be changed; whoever comes later gets the new data.
#[tokio::test]
async fn a_modified_invitation_has_its_new_data() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, bob_account) = Wire::sign_up(&server, "bob").await;
    let invite = alice.invite("bob", 30, json!({})).await;
    alice.ok("modifyInvitation", json!({"inviteID": invite, "data": "new"})).await;
    assert_eq!(bob.expect("onInvitationModified", &invite).await["data"], "new");
    drop(bob);
    let mut bob = Wire::come_back(&server, &bob_account, "cold", u64::from(u32::MAX)).await;
    assert_eq!(bob.expect("onReceiveNewInvitation", &invite).await["data"], "new");
}

/// 7: what rings after a start, and what does not.
#[tokio::test]
async fn cold_and_hot_start() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (bob, bob_account) = Wire::sign_up(&server, "bob").await;
    let group = alice.create_group("Meeting", &["bob"]).await;
    drop(bob);

    let began = Instant::now();
    let old_single = alice.invite("bob", 120, json!({})).await;
    let old_group = alice.invite_in_group(&group, &["bob"], 120, "").await;
    let expired = alice.invite("bob", 1, json!({})).await;
    until(began + Duration::from_secs(31)).await;
    let young_group = alice.invite_in_group(&group, &["bob"], 120, "").await;

    let rings = |events: &[Value]| {
        let calls_back =
            |event: &&Value| event["params"]["history"] != true && event["method"] == "onReceiveNewInvitation";
        let mut ids: Vec<String> = events
            .iter()
            .filter(calls_back)
            .map(|event| event["params"]["inviteID"].as_str().expect("an id").to_owned())
            .collect();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<&String>| {
        ids.sort();
        ids.into_iter().cloned().collect::<Vec<String>>()
    };
    let mut cold = Wire::come_back(&server, &bob_account, "cold", 0).await;
    let events = cold.everything().await;
    assert_eq!(rings(&events), sorted(vec![&old_single, &young_group]), "cold start");
    let single = events.iter().find(|event| event["params"]["inviteID"] == old_single.as_str()).expect("it is there");
    let left = single["params"]["remainingMs"].as_u64().expect("time left");
    assert!((1..=120_000 - 31_000).contains(&left), "the time left is counted from the invitation: {left}");
    let last = events.iter().filter_map(|event| event["params"]["seq"].as_u64()).max().expect("numbers");

    // Everything is known already: a cold start still rings for what is open, a hot start tells nothing twice.
    drop(cold);
    let mut cold = Wire::come_back(&server, &bob_account, "cold", last).await;
    assert_eq!(rings(&cold.everything().await), sorted(vec![&old_single, &young_group]), "cold start, all known");
    drop(cold);
    let mut hot = Wire::come_back(&server, &bob_account, "hot", last).await;
    assert!(rings(&hot.everything().await).is_empty(), "hot start, all known");
    drop(hot);

    let mut hot = Wire::come_back(&server, &bob_account, "hot", 0).await;
    let events = hot.everything().await;
    assert_eq!(rings(&events), sorted(vec![&old_single, &old_group, &young_group]), "hot start");
    assert!(!rings(&events).contains(&expired));
}

/// A group invitation that was not called back can be learnt another way (a push message), once.
#[tokio::test]
async fn an_invitation_learnt_by_push_can_be_added() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (bob, bob_account) = Wire::sign_up(&server, "bob").await;
    let (mut carol, _) = Wire::sign_up(&server, "carol").await;
    let group = alice.create_group("Meeting", &["bob"]).await;
    drop(bob);
    let began = Instant::now();
    let invite = alice.invite_in_group(&group, &["bob"], 120, "").await;
    until(began + Duration::from_secs(31)).await;

    let mut bob = Wire::come_back(&server, &bob_account, "cold", 0).await;
    let info = |invite: &str| json!({"info": {"inviteID": invite, "groupID": group, "inviter": "alice", "inviteeList": ["bob"], "timeout": 120, "actionType": 1}});
    bob.everything().await;
    carol.refused("addInvitedSignaling", info(&invite), NO_PERMISSION).await;
    bob.refused("addInvitedSignaling", info("never-made"), PROCESSED).await;
    bob.ok("addInvitedSignaling", info(&invite)).await;
    assert_ne!(bob.expect("onReceiveNewInvitation", &invite).await["history"], true);
    bob.refused("addInvitedSignaling", info(&invite), ALREADY_EXISTS).await;
    bob.ok("accept", id(&invite)).await;
    alice.expect("onInviteeAccepted", &invite).await;
    bob.refused("addInvitedSignaling", info(&invite), PROCESSED).await;
}

/// 8: a message of the log can be read as signaling; what is not signaling reads as nothing.
#[tokio::test]
async fn the_log_can_be_read_as_signaling() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let hang_up = r#"{"businessID":"av_call","version":4,"room_id":1,"call_end":61,"data":{"cmd":"hangup"}}"#;
    let invite = alice.invite("bob", 0, json!({"data": hang_up})).await;
    let seq = bob.expect("onReceiveNewInvitation", &invite).await["seq"].clone();
    let info = bob.ok("getSignalingInfo", json!({"seq": seq})).await;
    assert_eq!(
        info,
        json!({"inviteID": invite, "inviter": "alice", "inviteeList": ["bob"], "data": hang_up, "timeout": 0, "actionType": 1})
    );
    let asked = alice.invite("bob", 30, json!({})).await;
    bob.ok("reject", json!({"inviteID": asked, "data": "no"})).await;
    let seq = alice.expect("onInviteeRejected", &asked).await["seq"].clone();
    let info = alice.ok("getSignalingInfo", json!({"seq": seq})).await;
    assert_eq!((&info["actionType"], &info["inviteeList"], &info["data"]), (&json!(4), &json!(["bob"]), &json!("no")));

    let group = alice.create_group("Work", &["bob"]).await;
    let seq = bob.expect("onGroupCreated", &group).await["seq"].clone();
    assert_eq!(bob.ok("getSignalingInfo", json!({"seq": seq})).await, Value::Null);
    assert_eq!(bob.ok("getSignalingInfo", json!({"seq": 999_999})).await, Value::Null);
}

/// 9: all devices ring; the first answer wins, and the others learn where.
#[tokio::test]
async fn the_first_device_that_answers_wins() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut desk, _) = Wire::sign_up(&server, "bob").await;
    let (mut sofa, sofa_account) = Wire::sign_in(&server, "bob", "sofa").await;

    for (answer, callback) in [("accept", "onInviteeAccepted"), ("reject", "onInviteeRejected")] {
        let invite = alice.invite("bob", 30, json!({})).await;
        desk.expect("onReceiveNewInvitation", &invite).await;
        sofa.expect("onReceiveNewInvitation", &invite).await;
        sofa.ok(answer, id(&invite)).await;
        for wire in [&mut alice, &mut desk, &mut sofa] {
            let event = wire.expect(callback, &invite).await;
            assert_eq!((&event["invitee"], &event["deviceName"]), (&json!("bob"), &json!("sofa")));
            assert_eq!(event["deviceID"], sofa_account.device.as_str());
        }
        desk.refused(answer, id(&invite), PROCESSED).await;
    }

    // The inviter's own other device sees the invitation as well, marked by its inviter.
    let (mut alice_sofa, _) = Wire::sign_in(&server, "alice", "sofa").await;
    let invite = alice.invite("bob", 30, json!({})).await;
    assert_eq!(alice_sofa.expect("onReceiveNewInvitation", &invite).await["inviter"], "alice");
    alice_sofa.ok("cancel", id(&invite)).await;
    desk.expect("onInvitationCancelled", &invite).await;
}

/// 11: the teacher invites hands, then invites one student to speak; everyone sees who.
#[tokio::test]
async fn hands_are_raised_and_one_speaks() {
    let server = ServerProcess::start(&[]);
    let (mut teacher, _) = Wire::sign_up(&server, "teacher").await;
    let (mut min, _) = Wire::sign_up(&server, "min").await;
    let (mut seo, _) = Wire::sign_up(&server, "seo").await;
    let class = teacher.create_group("Meeting", &["min", "seo"]).await;

    let hands = teacher.invite_in_group(&class, &["min", "seo"], 60, r#"{"cmd":"raiseHand"}"#).await;
    assert_eq!(seo.expect("onReceiveNewInvitation", &hands).await["groupID"], class.as_str());
    min.ok("accept", json!({"inviteID": hands, "data": r#"{"cmd":"raiseHand"}"#})).await;
    for wire in [&mut teacher, &mut seo] {
        let event = wire.expect("onInviteeAccepted", &hands).await;
        assert_eq!((&event["invitee"], &event["data"]), (&json!("min"), &json!(r#"{"cmd":"raiseHand"}"#)));
    }

    let speak = teacher.invite_in_group(&class, &["min"], 60, r#"{"cmd":"speak"}"#).await;
    assert_eq!(seo.expect("onReceiveNewInvitation", &speak).await["inviteeList"], json!(["min"]));
    seo.refused("accept", id(&speak), NO_PERMISSION).await;
    min.ok("accept", id(&speak)).await;
    assert_eq!(seo.expect("onInviteeAccepted", &speak).await["invitee"], "min");
}

/// What was answered is on disk: accounts, groups, open invitations and undelivered events outlive a killed server.
#[tokio::test]
async fn a_killed_server_forgets_nothing() {
    let server = ServerProcess::start(&[]);
    let (mut alice, alice_account) = Wire::sign_up(&server, "alice").await;
    let (bob, bob_account) = Wire::sign_up(&server, "bob").await;
    drop(bob);
    let group = alice.create_group("Work", &["bob"]).await;
    let open = alice.invite("bob", 120, json!({"data": "still open"})).await;
    let over = alice.invite("bob", 120, json!({})).await;
    alice.ok("cancel", id(&over)).await;

    let mut server = server;
    server.kill();
    let server = server.restart();
    let mut bob = Wire::come_back(&server, &bob_account, "cold", 0).await;
    let mut alice = Wire::come_back(&server, &alice_account, "hot", 0).await;
    bob.expect("onGroupCreated", &group).await;
    let event = bob.expect("onReceiveNewInvitation", &open).await;
    assert_eq!((&event["data"], event.get("history")), (&json!("still open"), None));
    assert_eq!(methods(&bob.everything_about(&over).await), ["onReceiveNewInvitation", "onInvitationCancelled"]);
    bob.ok("accept", id(&open)).await;
    alice.expect("onInviteeAccepted", &open).await;
    bob.refused("accept", id(&over), PROCESSED).await;
    let (_, _) = Wire::sign_in(&server, "alice", "another device").await;
    alice.refused("joinGroup", json!({"groupID": group}), 10_013).await;
}

/// Groups: who may do what, and who is told.
#[tokio::test]
async fn group_rules() {
    let server = ServerProcess::start(&[]);
    let (mut owner, _) = Wire::sign_up(&server, "owner").await;
    let (mut admin, _) = Wire::sign_up(&server, "admin").await;
    let (mut member, _) = Wire::sign_up(&server, "member").await;
    let (mut guest, _) = Wire::sign_up(&server, "guest").await;

    let work = owner.create_group("Work", &["member"]).await;
    guest.refused("joinGroup", json!({"groupID": work}), GROUP_PERMISSION).await;
    member.ok("inviteUserToGroup", json!({"groupID": work, "userList": ["guest"]})).await;
    assert_eq!(owner.expect("onMemberInvited", &work).await["memberList"], json!(["guest"]));
    member.refused("inviteUserToGroup", json!({"groupID": work, "userList": ["guest"]}), 10_013).await;
    member.refused("inviteUserToGroup", json!({"groupID": work, "userList": ["ghost"]}), 10_019).await;
    guest.ok("quitGroup", json!({"groupID": work})).await;
    guest.expect("onQuitFromGroup", &work).await;
    assert_eq!(owner.expect("onMemberLeave", &work).await["memberList"], json!(["guest"]));

    let class = owner.create_group("Public", &["admin", "member"]).await;
    owner.ok("setGroupMemberRole", json!({"groupID": class, "userID": "admin", "role": "admin"})).await;
    assert_eq!(member.expect("onGrantAdministrator", &class).await["memberList"], json!(["admin"]));
    assert_eq!(guest.ok("joinGroup", json!({"groupID": class})).await["joined"], false);
    admin.expect("onReceiveJoinApplication", &class).await;
    admin.ok("acceptGroupApplication", json!({"groupID": class, "userID": "guest"})).await;
    assert_eq!(owner.expect("onMemberEnter", &class).await["memberList"], json!(["guest"]));
    guest.refused("joinGroup", json!({"groupID": class}), 10_013).await;
    member.refused("kickGroupMember", json!({"groupID": class, "memberList": ["guest"]}), GROUP_PERMISSION).await;
    admin.refused("kickGroupMember", json!({"groupID": class, "memberList": ["owner"]}), GROUP_PERMISSION).await;
    admin.ok("kickGroupMember", json!({"groupID": class, "memberList": ["guest"]})).await;
    assert_eq!(guest.expect("onMemberKicked", &class).await["opUser"], "admin");
    guest.refused("getGroupMemberList", json!({"groupID": class}), GROUP_PERMISSION).await;
    owner.refused("quitGroup", json!({"groupID": class}), 10_009).await;
    member.refused("dismissGroup", json!({"groupID": class}), GROUP_PERMISSION).await;
    owner.ok("transferGroupOwner", json!({"groupID": class, "userID": "member"})).await;
    owner.ok("quitGroup", json!({"groupID": class})).await;
    let members = member.ok("getGroupMemberList", json!({"groupID": class})).await;
    let roles: Vec<(&str, &str)> = members["members"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|member| (member["userID"].as_str().expect("an id"), member["role"].as_str().expect("a role")))
        .collect();
    assert_eq!(roles, [("admin", "admin"), ("member", "owner")]);
    member.ok("dismissGroup", json!({"groupID": class})).await;
    admin.expect("onGroupDismissed", &class).await;
    assert_eq!(admin.ok("getJoinedGroupList", json!({})).await["groups"], json!([]));
}
