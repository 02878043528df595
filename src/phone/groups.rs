//! Groups for programs, as a part of the state.

use serde_json::{Value, json};

use crate::engine::{
    picture::Picture,
    state::{Application, Group, GroupCall, Member},
};

/// A group with its members and the applications to it.
pub(super) fn group(group: &Group) -> Value {
    let member =
        |member: &Member| json!({ "userID": member.user, "displayName": member.display_name, "role": member.role });
    let application = |application: &Application| {
        json!({
            "userID": application.user,
            "displayName": application.display_name,
            "message": application.message,
            "time": application.time_ms,
        })
    };
    json!({
        "groupID": group.id,
        "groupType": group.kind,
        "groupName": group.name,
        "introduction": group.introduction,
        "faceURL": group.picture.as_ref().map(Picture::url),
        "owner": group.owner,
        "role": group.role,
        "memberCount": group.member_count,
        "members": group.members.iter().map(member).collect::<Vec<_>>(),
        "applications": group.applications.iter().map(application).collect::<Vec<_>>(),
    })
}

/// The call that is on in a group.
pub(super) fn call(call: &GroupCall) -> Value {
    json!({
        "groupID": call.group,
        "callID": call.call_id,
        "roomID": call.room,
        "userList": call.users,
        "userCount": call.user_count,
        "ringingList": call.ringing,
        "lesson": call.lesson,
    })
}
