//! Bad input to calls of several, over the real wire: a code and a sentence, nobody hears of it, and nothing has changed.

#[path = "common/server.rs"]
mod server;
#[path = "conformance/wire.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod wire;

use serde_json::{Value, json};
use server::ServerProcess;
use wire::{Wire, methods};

const INVALID_PARAMETERS: i64 = 6_017;
const INVALID_OPERATION: i64 = 7_014;
const DATA_TOO_LONG: i64 = 8_001;
const PART_NOT_OPEN: i64 = 8_010;
const NOT_THE_INVITER: i64 = 8_011;
const TOO_MANY_ACCOUNTS: i64 = 10_005;
const PERMISSION: i64 = 10_007;
const NOT_FOUND: i64 = 10_010;
const ROOM_TAKEN: i64 = 10_021;

const ROOM: u32 = 4_711;
const OTHER_ROOM: u32 = 4_712;

/// Three members, one of them in the group's room, a stranger in a room of their own, and a call that rings.
struct Scene {
    _server: ServerProcess,
    alice: Wire,
    bob: Wire,
    carol: Wire,
    stranger: Wire,
    group: String,
    call: String,
}

impl Scene {
    async fn new() -> Self {
        let server = ServerProcess::start(&[]);
        let [mut alice, bob, carol, mut stranger] = {
            let mut wires = Vec::new();
            for name in ["alice", "bob", "carol", "stranger"] {
                wires.push(Wire::sign_up(&server, name).await.0);
            }
            <[Wire; 4]>::try_from(wires).unwrap_or_else(|_| unreachable!("four names"))
        };
        let group = alice.create_group("Work", &["bob", "carol"]).await;
        let enter = json!({"roomID": ROOM, "create": true, "groupID": group, "callID": "the-call"});
        alice.ok("enterRoom", enter).await;
        stranger.ok("enterRoom", json!({"roomID": OTHER_ROOM, "create": true})).await;
        let mut scene = Self { _server: server, alice, bob, carol, stranger, group, call: "the-call".into() };
        let invitation = scene.invitation(json!({"inviteID": "the-call", "inviteeList": ["bob"]}));
        scene.alice.ok("inviteInGroup", invitation).await;
        scene.bob.expect("onReceiveNewInvitation", &scene.call).await;
        // The attribute is told at most so often: the last news of it is this.
        for wire in [&mut scene.alice, &mut scene.bob, &mut scene.carol] {
            loop {
                let told = wire.expect("onGroupAttributeChanged", &scene.group).await;
                if told.to_string().contains("bob") {
                    break;
                }
            }
            wire.everything().await;
        }
        scene.stranger.everything().await;
        scene
    }

    /// An invitation of Carol's to the group's room, but for what differs.
    fn invitation(&self, differs: Value) -> Value {
        let mut params = json!({
            "inviteID": "another", "groupID": self.group, "inviteeList": ["carol"], "data": "hello", "timeout": 30,
            "roomID": ROOM,
        });
        if let (Value::Object(params), Value::Object(differs)) = (&mut params, differs) {
            params.extend(differs);
        }
        params
    }

    /// Nobody has heard of anything, and the call is what it was.
    async fn is_as_before(&mut self) {
        for wire in [&mut self.alice, &mut self.bob, &mut self.carol, &mut self.stranger] {
            let heard = wire.everything().await;
            assert!(heard.is_empty(), "{:?}: {heard:#?}", methods(&heard));
        }
        let attributes = self.carol.ok("getGroupAttributes", json!({"groupID": self.group})).await;
        let text = attributes["groupAttributes"]["inner_attr_kit_info"].as_str().expect("a call");
        let told: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!((&told["room_id"], &told["call_id"]), (&json!(ROOM), &json!(self.call)), "{told}");
        assert_eq!(
            (&told["user_list"], &told["ringing_list"]),
            (&json!([{"userid": "alice"}]), &json!([{"userid": "bob"}]))
        );
    }
}

#[tokio::test]
async fn an_invitation_that_is_not_right_rings_nowhere() {
    let mut scene = Scene::new().await;
    let crowd: Vec<String> = (0..10_000).map(|n| format!("u{n}")).collect();
    for (differs, code) in [
        (json!({"inviteeList": ["stranger"]}), INVALID_PARAMETERS),
        (json!({"inviteeList": ["carol", "stranger"]}), INVALID_PARAMETERS),
        (json!({"inviteeList": ["carol", "ghost"]}), INVALID_PARAMETERS),
        (json!({"inviteeList": ["carol", "carol"]}), INVALID_PARAMETERS),
        (json!({"inviteeList": ["alice"]}), INVALID_PARAMETERS),
        (json!({"inviteeList": ["carol", "alice"]}), INVALID_PARAMETERS),
        (json!({"inviteeList": []}), INVALID_PARAMETERS),
        (json!({"inviteeList": "carol"}), INVALID_PARAMETERS),
        (json!({"inviteeList": crowd}), TOO_MANY_ACCOUNTS),
        (json!({"groupID": "nowhere"}), NOT_FOUND),
        (json!({"roomID": OTHER_ROOM}), PERMISSION),
        (json!({"roomID": 9_999}), NOT_FOUND),
        (json!({"roomID": 0}), INVALID_PARAMETERS),
        (json!({"roomID": "4711"}), INVALID_PARAMETERS),
        (json!({"timeout": 1_000_000}), INVALID_PARAMETERS),
        (json!({"data": "x".repeat(12 * 1024 + 1)}), DATA_TOO_LONG),
    ] {
        let params = scene.invitation(differs);
        let shown: String = params.to_string().chars().take(200).collect();
        assert_eq!(scene.alice.call("inviteInGroup", params).await, Err(code), "{shown}");
        scene.is_as_before().await;
    }
    // Who is not in the room does not invite to it, and who is not in the group does not invite at all.
    let params = scene.invitation(json!({}));
    scene.bob.refused("inviteInGroup", scene.invitation(json!({"inviteeList": ["carol"]})), PERMISSION).await;
    scene.stranger.refused("inviteInGroup", params, PERMISSION).await;
    scene.is_as_before().await;
}

#[tokio::test]
async fn rooms_and_rings_of_others_are_left_alone() {
    let mut scene = Scene::new().await;
    let (group, call) = (scene.group.clone(), scene.call.clone());
    let stranger = &mut scene.stranger;
    stranger.refused("enterRoom", json!({"roomID": ROOM, "create": false}), PERMISSION).await;
    stranger.refused("enterRoom", json!({"roomID": ROOM, "create": true}), ROOM_TAKEN).await;
    stranger.refused("enterRoom", json!({"roomID": ROOM, "create": true, "groupID": group}), PERMISSION).await;
    stranger.refused("exitRoom", json!({"roomID": ROOM}), INVALID_OPERATION).await;
    stranger.refused("exitRoom", json!({"roomID": 9_999}), NOT_FOUND).await;
    stranger.refused("getGroupAttributes", json!({"groupID": group}), PERMISSION).await;
    let cancel = json!({"inviteID": call, "inviteeList": ["bob"], "data": ""});
    scene.carol.refused("cancel", cancel, NOT_THE_INVITER).await;
    scene.carol.refused("accept", json!({"inviteID": call, "data": ""}), NOT_THE_INVITER).await;
    scene.alice.refused("cancel", json!({"inviteID": call, "inviteeList": ["carol"], "data": ""}), PART_NOT_OPEN).await;
    scene.is_as_before().await;

    // All of this over, it is answered as if nothing had been.
    scene.bob.ok("enterRoom", json!({"roomID": ROOM, "create": false})).await;
    scene.bob.ok("accept", json!({"inviteID": call, "data": ""})).await;
    scene.alice.expect("onInviteeAccepted", &call).await;
}
