//! Favourites, do not disturb and presence, and calls on hold, over the real wire: what the devices of a user and the
//! others are told, and bad input.

#[path = "common/server.rs"]
mod server;
#[path = "conformance/wire.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod wire;

use serde_json::{Value, json};
use server::ServerProcess;
use wire::Wire;

const INVALID_PARAMETERS: i64 = 6_017;
const INVALID_OPERATION: i64 = 7_014;
const NO_SUCH_ACCOUNT: i64 = 10_019;
const PERMISSION: i64 = 10_007;

/// The parameters of everything of that name that has come so far.
async fn told(wire: &mut Wire, method: &str) -> Vec<Value> {
    let all = wire.everything().await.into_iter();
    all.filter(|event| event["method"] == method).map(|mut event| event["params"].take()).collect()
}

/// Everything of that name, once there is something.
async fn soon_told(wire: &mut Wire, method: &str) -> Vec<Value> {
    loop {
        let told = told(wire, method).await;
        if !told.is_empty() {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn favourites_are_the_users_on_every_device_and_nobody_elses() {
    let server = ServerProcess::start(&[]);
    let (mut desk, account) = Wire::sign_up(&server, "alice").await;
    let (mut sofa, _) = Wire::sign_in(&server, "alice", "sofa").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    bob.everything().await;
    desk.ok("setFavourite", json!({"userID": "bob", "favourite": true})).await;
    for wire in [&mut desk, &mut sofa] {
        assert_eq!(soon_told(wire, "onFavouritesChanged").await[0]["userList"], json!(["bob"]));
        assert_eq!(wire.ok("getFavourites", json!({})).await["userList"], json!(["bob"]));
    }
    desk.refused("setFavourite", json!({"userID": "nobody", "favourite": true}), NO_SUCH_ACCOUNT).await;
    desk.refused("setFavourite", json!({"userID": "bob"}), INVALID_PARAMETERS).await;
    assert!(
        told(&mut sofa, "onFavouritesChanged").await.is_empty()
            && told(&mut bob, "onFavouritesChanged").await.is_empty()
    );
    drop((desk, sofa));
    let mut desk = Wire::come_back(&server, &account, "hot", 0).await;
    assert_eq!(desk.ok("getFavourites", json!({})).await["userList"], json!(["bob"]));
    desk.ok("setFavourite", json!({"userID": "bob", "favourite": false})).await;
    assert_eq!(desk.ok("getFavourites", json!({})).await["userList"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_to_be_disturbed_is_shown_so() {
    let server = ServerProcess::start(&[]);
    let (mut desk, _) = Wire::sign_up(&server, "alice").await;
    let (mut sofa, _) = Wire::sign_in(&server, "alice", "sofa").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    let schedule = json!({"enabled": true, "days": ["monday", "sunday"], "fromMinute": 1_320, "toMinute": 420});
    desk.ok("setSelfStatus", json!({"schedule": schedule})).await;
    desk.ok("setSelfStatus", json!({"doNotDisturb": true})).await;
    let status = soon_told(&mut sofa, "onSelfStatusChanged").await.pop().expect("told");
    assert_eq!((&status["doNotDisturb"], &status["schedule"]), (&json!(true), &schedule), "what is missing stays");
    let minute = json!({"enabled": true, "days": ["monday"], "fromMinute": 1_440, "toMinute": 0});
    for bad in [json!({"schedule": minute}), json!({"doNotDisturb": "yes"})] {
        desk.refused("setSelfStatus", bad, INVALID_PARAMETERS).await;
    }
    assert_eq!(desk.ok("getSelfStatus", json!({})).await["schedule"], schedule, "and what is wrong changes nothing");

    // One device that says so speaks for all; being in a call comes behind it.
    sofa.ok("setDeviceStatus", json!({"doNotDisturb": true})).await;
    desk.ok("enterRoom", json!({"roomID": 7, "create": true})).await;
    assert_eq!(presence(&mut bob, "doNotDisturb").await, "doNotDisturb");
    sofa.ok("setDeviceStatus", json!({"doNotDisturb": false})).await;
    assert_eq!(presence(&mut bob, "inCall").await, "inCall");
    desk.ok("exitRoom", json!({"roomID": 7})).await;
    assert_eq!(presence(&mut bob, "online").await, "online");
    drop((desk, sofa));
    assert_eq!(presence(&mut bob, "offline").await, "offline");
}

/// What Alice is shown as: what is wished, once that was told.
async fn presence(wire: &mut Wire, wished: &str) -> String {
    loop {
        let told = soon_told(wire, "onUserStatusChanged").await;
        let users = told.iter().flat_map(|event| event["userStatusList"].as_array().into_iter().flatten());
        if users.clone().any(|user| user["userID"] == "alice" && user["presence"] == wished) {
            let page = wire.ok("getUsers", json!({"query": "alice", "limit": 10})).await;
            return page["users"][0]["presence"].as_str().expect("a presence").to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_hold_is_beside_others_and_everybody_there_knows() {
    let server = ServerProcess::start(&[]);
    let (mut alice, _) = Wire::sign_up(&server, "alice").await;
    let (mut bob, _) = Wire::sign_up(&server, "bob").await;
    bob.ok("enterRoom", json!({"roomID": 1, "create": true})).await;
    bob.invite("alice", 0, json!({"roomID": 1, "onlineUserOnly": true})).await;
    let place = alice.ok("enterRoom", json!({"roomID": 1})).await;
    let held = alice.ok("enterRoom", json!({"roomID": 1, "onHold": true, "keepOthers": true})).await;
    assert_eq!((&held["sourceID"], held["relayToken"] == place["relayToken"]), (&place["sourceID"], false));
    assert!(held["change"].as_u64() > place["change"].as_u64(), "{held}");
    let hold = soon_told(&mut bob, "onRemoteUserHoldChanged").await;
    let [hold] = &hold[..] else { panic!("{hold:?}") };
    assert_eq!((&hold["participant"]["userID"], &hold["participant"]["onHold"]), (&json!("alice"), &json!(true)));
    assert_eq!(bob.ok("enterRoom", json!({"roomID": 1})).await["participants"][0]["onHold"], true);

    // As many rooms as are allowed; one more is refused, and nothing is left for it.
    for room in 2..=4 {
        alice.ok("enterRoom", json!({"roomID": room, "create": true, "keepOthers": true})).await;
    }
    alice.refused("enterRoom", json!({"roomID": 5, "create": true, "keepOthers": true}), INVALID_OPERATION).await;
    alice.refused("enterRoom", json!({"roomID": 1, "onHold": "yes"}), INVALID_PARAMETERS).await;
    let (mut eve, _) = Wire::sign_up(&server, "eve").await;
    eve.refused("enterRoom", json!({"roomID": 1, "onHold": true}), PERMISSION).await;
    assert!(told(&mut bob, "onRemoteUserLeaveRoom").await.is_empty());
    // Without the wish to keep them the others are left.
    alice.ok("enterRoom", json!({"roomID": 1})).await;
    assert_eq!(soon_told(&mut bob, "onRemoteUserHoldChanged").await[0]["participant"]["onHold"], Value::Null);
    eve.ok("enterRoom", json!({"roomID": 2, "create": true})).await;
}
