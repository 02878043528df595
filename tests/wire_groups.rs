//! Groups over the real wire, by clients that share no code with Ahoy's own: who joins how, and that everybody's picture
//! of a group is the same afterwards.

#[path = "common/server.rs"]
mod server;
#[path = "conformance/wire.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod wire;

use serde_json::{Value, json};
use server::ServerProcess;
use wire::{Wire, methods};

const INVALID_PARAMETERS: i64 = 6_017;
const FREQUENCY_LIMIT: i64 = 7_008;
const INVALID_OPERATION: i64 = 7_014;
const TOO_MANY_ACCOUNTS: i64 = 10_005;
const PERMISSION: i64 = 10_007;
const NOT_FOUND: i64 = 10_010;
const ALREADY_MEMBER: i64 = 10_013;
const ACCOUNT_NOT_FOUND: i64 = 10_019;
const ALREADY_PROCESSED: i64 = 10_024;

fn of(group: &str) -> Value {
    json!({"groupID": group})
}

fn about(group: &str, user: &str) -> Value {
    json!({"groupID": group, "userID": user})
}

/// Members and their roles, as somebody sees them.
async fn members(wire: &mut Wire, group: &str) -> Vec<String> {
    let list = wire.ok("getGroupMemberList", of(group)).await;
    let members = list["members"].as_array().expect("a list");
    let text = |member: &Value, field: &str| member[field].as_str().expect("a text").to_owned();
    members.iter().map(|member| format!("{} {}", text(member, "userID"), text(member, "role"))).collect()
}

async fn four(server: &ServerProcess) -> [Wire; 4] {
    let mut wires = Vec::new();
    for name in ["owner", "admin", "guest", "other"] {
        wires.push(Wire::sign_up(server, name).await.0);
    }
    wires.try_into().unwrap_or_else(|_| unreachable!("four names"))
}

/// A class: the server makes a code, and whoever types it in whatever way is in.
#[tokio::test]
async fn a_class_is_joined_by_its_code() {
    let server = ServerProcess::start(&[]);
    let [mut owner, mut guest, mut other, _] = four(&server).await;
    let class = owner.create_group("Meeting", &[]).await;
    assert_eq!(class.len(), 8, "{class}");
    assert!(class.bytes().all(|byte| b"23456789ABCDEFGHJKMNPQRSTUVWXYZ".contains(&byte)), "{class}");
    let spoken = format!("{} - {}", &class[..4], &class[4..]).to_lowercase();
    let reply = guest.ok("joinGroup", of(&spoken)).await;
    assert_eq!(reply, json!({"groupID": class, "joined": true}));
    assert_eq!(owner.expect("onMemberEnter", &class).await["memberList"], json!(["admin"]));
    guest.refused("joinGroup", of(&class), ALREADY_MEMBER).await;
    let info = other.ok("getGroupsInfo", json!({"groupIDList": [class]})).await["groups"][0].take();
    assert_eq!((&info["memberCount"], info.get("owner"), info.get("role")), (&json!(2), None, None));
    for n in 0..10 {
        other.refused("joinGroup", of(&format!("ABCDEFG{}", n % 8 + 2)), NOT_FOUND).await;
    }
    other.refused("joinGroup", of(&class), FREQUENCY_LIMIT).await;
    assert_eq!(members(&mut owner, &class).await, ["admin member", "owner owner"]);
}

/// A public group: found by its name, and two who decide at once see the same.
#[tokio::test]
async fn two_administrators_decide_at_once() {
    let server = ServerProcess::start(&[]);
    let [mut owner, mut admin, mut guest, mut other] = four(&server).await;
    let group = owner.create_group("Public", &["admin", "other"]).await;
    owner.ok("setGroupMemberRole", json!({"groupID": group, "userID": "admin", "role": "admin"})).await;
    let found = guest.ok("searchGroups", json!({"query": "3학년", "limit": 5})).await;
    assert_eq!((&found["groups"][0]["groupID"], &found["more"]), (&json!(group), &json!(false)));

    for round in 0..5 {
        let reply = guest.ok("joinGroup", json!({"groupID": group, "message": "Me, too"})).await;
        assert_eq!(reply["joined"], false);
        guest.refused("joinGroup", of(&group), INVALID_OPERATION).await;
        for manager in [&mut owner, &mut admin] {
            let event = manager.expect("onReceiveJoinApplication", &group).await;
            assert_eq!((&event["userID"], &event["message"]), (&json!("guest"), &json!("Me, too")));
            let open = manager.ok("getGroupApplicationList", json!({})).await;
            assert_eq!(open["applications"][0]["displayName"], "guest");
        }
        other.refused("acceptGroupApplication", about(&group, "guest"), PERMISSION).await;
        let (yes, no) = tokio::join!(
            owner.call("acceptGroupApplication", about(&group, "guest")),
            admin.call("refuseGroupApplication", about(&group, "guest"))
        );
        let accepted = match (&yes, &no) {
            (Ok(_), Err(ALREADY_PROCESSED)) => true,
            (Err(ALREADY_PROCESSED), Ok(_)) => false,
            both => panic!("one of them decides: {both:?}"),
        };
        for wire in [&mut owner, &mut admin, &mut guest] {
            let event = wire.expect("onApplicationProcessed", &group).await;
            assert_eq!(event["isAgreeJoin"], accepted, "round {round}");
            assert_eq!(event["opUser"], if accepted { "owner" } else { "admin" });
        }
        let mut expected = vec!["admin admin", "other member", "owner owner"];
        if accepted {
            expected.insert(1, "guest member");
        }
        for wire in [&mut owner, &mut admin, &mut other] {
            assert_eq!(members(wire, &group).await, expected);
        }
        if accepted {
            admin.ok("kickGroupMember", json!({"groupID": group, "memberList": ["guest"]})).await;
            guest.expect("onMemberKicked", &group).await;
        }
    }

    guest.ok("joinGroup", of(&group)).await;
    guest.ok("cancelGroupApplication", of(&group)).await;
    assert_eq!(owner.expect("onApplicationProcessed", &group).await["opUser"], "guest");
    guest.ok("joinGroup", of(&group)).await;
    owner.ok("dismissGroup", of(&group)).await;
    guest.expect("onApplicationProcessed", &group).await;
    assert_eq!(guest.expect("onApplicationProcessed", &group).await["isAgreeJoin"], false);
    guest.refused("cancelGroupApplication", of(&group), ALREADY_PROCESSED).await;
}

/// Bad input has a code, changes nothing, and reaches nobody.
#[tokio::test]
async fn bad_input_changes_nothing() {
    let server = ServerProcess::start(&[]);
    let [mut owner, mut admin, mut guest, _] = four(&server).await;
    let group = owner.create_group("Public", &["admin"]).await;
    admin.everything().await;
    let crowd: Vec<String> = (0..3_000).map(|n| format!("u{n}")).collect();
    let nowhere = format!("ahoy:{}", "0".repeat(64));
    for (method, field, value, code) in [
        ("inviteUserToGroup", "userList", json!(["guest", "guest"]), INVALID_PARAMETERS),
        ("inviteUserToGroup", "userList", json!(["owner"]), ALREADY_MEMBER),
        ("inviteUserToGroup", "userList", json!([]), INVALID_PARAMETERS),
        ("inviteUserToGroup", "userList", json!(["guest", "ghost"]), ACCOUNT_NOT_FOUND),
        ("inviteUserToGroup", "userList", json!(crowd), TOO_MANY_ACCOUNTS),
        ("kickGroupMember", "memberList", json!(["owner"]), INVALID_PARAMETERS),
        ("kickGroupMember", "memberList", json!(["guest"]), INVALID_PARAMETERS),
        ("transferGroupOwner", "userID", json!("guest"), INVALID_PARAMETERS),
        ("acceptGroupApplication", "userID", json!("guest"), ALREADY_PROCESSED),
        ("setGroupInfo", "groupName", json!(""), INVALID_PARAMETERS),
        ("setGroupInfo", "introduction", json!("x".repeat(241)), INVALID_PARAMETERS),
        ("setGroupInfo", "faceURL", json!("https://example.org/a.png"), INVALID_PARAMETERS),
        ("setGroupInfo", "faceURL", json!(nowhere), INVALID_PARAMETERS),
        ("setGroupInfo", "unknown", json!("field"), INVALID_PARAMETERS),
    ] {
        owner.refused(method, json!({"groupID": group, field: value}), code).await;
    }
    let elsewhere = of("nowhere");
    owner.refused("dismissGroup", elsewhere.clone(), NOT_FOUND).await;
    guest.refused("setGroupInfo", json!({"groupID": group, "groupName": "mine"}), PERMISSION).await;
    guest.refused("uploadPicture", json!({"data": "R0lGODlhAQABAAAAACw="}), INVALID_PARAMETERS).await;
    guest.refused("uploadPicture", json!({"data": "A".repeat(44_000)}), INVALID_PARAMETERS).await;
    guest.refused("getPicture", json!({"faceURL": nowhere}), NOT_FOUND).await;
    assert!(admin.everything_about(&group).await.is_empty(), "nobody hears of what was not done");
    assert_eq!(members(&mut owner, &group).await, ["admin member", "owner owner"]);
}

/// What a group says about itself survives the server, reaches everybody, and shows who owns it.
#[tokio::test]
async fn names_pictures_and_owners_survive_the_server() {
    let server = ServerProcess::start(&[]);
    let (mut owner, owner_account) = Wire::sign_up(&server, "owner").await;
    let (mut admin, admin_account) = Wire::sign_up(&server, "admin").await;
    let group = owner.create_group("Meeting", &["admin"]).await;
    let picture = "/9j/2wBDAA==";
    let face = owner.ok("uploadPicture", json!({"data": picture})).await["faceURL"].take();
    let change = json!({"groupID": group, "groupName": "수학", "introduction": "월요일 9시", "faceURL": face});
    owner.ok("setGroupInfo", change).await;
    let told = admin.expect("onGroupInfoChanged", &group).await;
    assert_eq!(
        (&told["groupName"], &told["introduction"], &told["faceURL"], told.get("owner")),
        (&json!("수학"), &json!("월요일 9시"), &face, None)
    );
    owner.ok("transferGroupOwner", about(&group, "admin")).await;
    assert_eq!(admin.expect("onGroupInfoChanged", &group).await["owner"], "admin");
    owner.refused("setGroupInfo", json!({"groupID": group, "groupName": "mine"}), PERMISSION).await;

    let mut server = server;
    server.kill();
    let server = server.restart();
    let mut owner = Wire::come_back(&server, &owner_account, "cold", 0).await;
    let mut admin = Wire::come_back(&server, &admin_account, "hot", 0).await;
    for (wire, role) in [(&mut owner, "member"), (&mut admin, "owner")] {
        let groups = wire.ok("getJoinedGroupList", json!({})).await["groups"].take();
        let expected = json!([{
            "groupID": group, "groupType": "Meeting", "groupName": "수학", "introduction": "월요일 9시",
            "faceURL": face, "owner": "admin", "memberCount": 2, "role": role,
        }]);
        assert_eq!(groups, expected);
        assert_eq!(wire.ok("getPicture", json!({"faceURL": face})).await["data"], picture);
    }
    let replayed = methods(&owner.everything_about(&group).await).join(" ");
    assert!(replayed.ends_with("onGroupInfoChanged onGroupInfoChanged"), "{replayed}");
}
