//! The call that is on in a group, as everybody in the group sees it: one of the group's attributes, in the public form
//! that call kits read. The server writes it from the rooms as they are, so that it is never stale.

use serde::{Deserialize, Serialize};

use super::{GroupId, InviteId, RoomId, UserId};

/// The attribute's name.
pub const KEY: &str = "inner_attr_kit_info";
/// Its `business_type`.
const BUSINESS: &str = "callkit";
/// Most people that are named; `user_count` says how many there are.
pub const NAMED_MAX: usize = 100;

/// A call of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCall {
    /// The group.
    pub group: GroupId,
    /// The call, if its room was opened for one.
    pub call_id: Option<InviteId>,
    /// Its room.
    pub room: RoomId,
    /// Who is in it, in the order of coming; the first [`NAMED_MAX`].
    pub users: Vec<UserId>,
    /// How many are in it.
    pub user_count: usize,
    /// Who is being rung; the first [`NAMED_MAX`].
    pub ringing: Vec<UserId>,
    /// It is a lesson.
    pub lesson: bool,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    business_type: String,
    #[serde(default)]
    room_id_type: u8,
    room_id: RoomId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call_id: Option<InviteId>,
    group_id: GroupId,
    #[serde(default)]
    call_media_type: String,
    #[serde(default)]
    user_list: Vec<Named>,
    #[serde(default)]
    user_count: usize,
    #[serde(default)]
    ringing_list: Vec<Named>,
    /// Ours; others ignore it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lesson: bool,
}

#[derive(Serialize, Deserialize)]
struct Named {
    userid: UserId,
}

fn named(users: &[UserId]) -> Vec<Named> {
    users.iter().take(NAMED_MAX).map(|user| Named { userid: user.clone() }).collect()
}

fn names(named: Vec<Named>) -> Vec<UserId> {
    named.into_iter().map(|named| named.userid).collect()
}

impl GroupCall {
    /// Reads the attribute's value; `None` for anything that is not a call.
    pub fn parse(text: &str) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text).ok().filter(|wire: &Wire| wire.business_type == BUSINESS)?;
        let users = names(wire.user_list);
        Some(Self {
            group: wire.group_id,
            call_id: wire.call_id,
            room: wire.room_id,
            user_count: wire.user_count.max(users.len()),
            users,
            ringing: names(wire.ringing_list),
            lesson: wire.lesson,
        })
    }

    /// The attribute's value.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            business_type: BUSINESS.to_owned(),
            room_id_type: 1,
            room_id: self.room,
            call_id: self.call_id.clone(),
            group_id: self.group.clone(),
            call_media_type: "audio".to_owned(),
            user_list: named(&self.users),
            user_count: self.user_count,
            ringing_list: named(&self.ringing),
            lesson: self.lesson,
        };
        // Strings and numbers only: serialising cannot fail.
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_survives_the_wire() {
        let user = |name: &str| UserId::new(name).expect("valid");
        let call = GroupCall {
            group: GroupId::new("class").expect("valid"),
            call_id: Some(InviteId::random()),
            room: RoomId::new(7).expect("valid"),
            users: vec![user("alice"), user("bob")],
            user_count: 2,
            ringing: vec![user("carol")],
            lesson: true,
        };
        assert_eq!(GroupCall::parse(&call.to_json()), Some(call));
    }

    #[test]
    fn what_others_write_is_read_and_what_is_none_is_not() {
        let other = r#"{"business_type":"callkit","room_id_type":1,"room_id":5,"group_id":"g","call_id":"c",
                        "call_media_type":"audio","user_list":[{"userid":"a"},{"userid":"b"}]}"#;
        assert_eq!(GroupCall::parse(other).expect("a call").user_count, 2);
        for none in
            ["", "{}", r#"{"business_type":"shop","room_id":5,"group_id":"g"}"#, r#"{"business_type":"callkit"}"#]
        {
            assert_eq!(GroupCall::parse(none), None, "{none}");
        }
    }
}
