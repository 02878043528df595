//! Identifiers, checked once when they come in, so that no inner room has to.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

use super::limits;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to {max} printable ASCII characters without spaces at its ends")]
pub struct InvalidId {
    kind: &'static str,
    max: usize,
}

fn check(text: &str, kind: &'static str, max: usize) -> Result<(), InvalidId> {
    let printable = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if text.is_empty() || text.len() > max || !printable || text.trim() != text {
        return Err(InvalidId { kind, max });
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $wire:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and takes an identifier.
            ///
            /// # Errors
            /// If it is empty, too long, not printable ASCII, or begins or ends with a space.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                check(text.as_ref(), $wire, $max)?;
                Ok(Self(text.as_ref().into()))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

text_id! {
    /// An account (`userID`): 1 to 32 bytes of printable ASCII.
    UserId, "userID", limits::USER_ID_MAX_BYTES
}
text_id! {
    /// A group (`groupID`): 1 to 48 bytes of printable ASCII.
    GroupId, "groupID", limits::GROUP_ID_MAX_BYTES
}
text_id! {
    /// A set of signaling messages (`inviteID`): invitation, answers, cancellation and timeouts share it.
    InviteId, "inviteID", limits::OPAQUE_ID_MAX_BYTES
}
text_id! {
    /// One signed-in instance of a user.
    DeviceId, "deviceID", limits::OPAQUE_ID_MAX_BYTES
}

/// Makes a fresh random identifier (UUID version 4).
macro_rules! random_id {
    ($($name:ident),+) => {$(
        impl $name {
            /// A fresh random identifier (UUID version 4).
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().to_string().into())
            }
        }
    )+};
}
random_id!(InviteId, DeviceId);

/// What a group's code is made of: digits and capitals without those that are taken for each other (0 O, 1 I L).
pub const CODE_LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// How many of them a code has.
pub const CODE_LEN: usize = 8;

/// Groups that were made without a wished identifier have a code as theirs: short enough to be read out.
impl GroupId {
    /// The code that somebody may have typed: without spaces and dashes, in capitals. `None` if that is no code.
    pub fn from_typed(text: &str) -> Option<Self> {
        let typed = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')).map(|byte| byte.to_ascii_uppercase());
        // One more than a code has shows that it is none.
        let code: Vec<u8> = typed.take(CODE_LEN + 1).collect();
        let is_code = code.len() == CODE_LEN && code.iter().all(|letter| CODE_LETTERS.contains(letter));
        is_code.then(|| String::from_utf8(code).ok().and_then(|code| Self::new(code).ok())).flatten()
    }

    /// As it is shown: a code in two halves (`K7MQ-4TXP`), a wished identifier as it is.
    pub fn spoken(&self) -> String {
        match Self::from_typed(self.as_str()) {
            Some(code) if code == *self => format!("{}-{}", &self.0[..CODE_LEN / 2], &self.0[CODE_LEN / 2..]),
            _ => self.to_string(),
        }
    }
}

/// A media room: 1 to 2^31 - 1, as in the public call data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RoomId(u32);

impl RoomId {
    /// The first one.
    pub const MIN: Self = Self(1);

    /// Checks and takes a room number.
    ///
    /// # Errors
    /// If it is 0 or above 2^31 - 1.
    pub fn new(number: u32) -> Result<Self, InvalidRoomId> {
        if (1..=i32::MAX as u32).contains(&number) { Ok(Self(number)) } else { Err(InvalidRoomId) }
    }

    /// The room's number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for RoomId {
    type Error = InvalidRoomId;
    fn try_from(number: u32) -> Result<Self, InvalidRoomId> {
        Self::new(number)
    }
}

impl From<RoomId> for u32 {
    fn from(room: RoomId) -> u32 {
        room.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a number is not a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("roomID must be a number from 1 to 2147483647")]
pub struct InvalidRoomId;

/// Who sent a media packet: given by the relay, unique on a server while it runs (as an SSRC is in RTP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_checked() {
        assert!(UserId::new("alice").is_ok());
        for bad in ["", " alice", "alice ", "al\nice", "앨리스", &"a".repeat(33)] {
            assert!(UserId::new(bad).is_err(), "{bad:?}");
            assert!(serde_json::from_value::<UserId>(serde_json::json!(bad)).is_err());
        }
        assert!(RoomId::new(0).is_err());
        assert!(RoomId::new(u32::MAX).is_err());
        assert!(serde_json::from_str::<RoomId>("-1").is_err());
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = GroupId::new("K7MQ4TXP").expect("valid");
        for typed in ["K7MQ4TXP", "k7mq-4txp", " K7MQ 4TXP ", "k7-mq-4t-xp"] {
            assert_eq!(GroupId::from_typed(typed).as_ref(), Some(&code), "{typed:?}");
        }
        for other in ["", "K7MQ4TX", "K7MQ4TXPP", "K7MQ4TX0", "class-3b", "K7MQ_4TXP", "K7MQ4TX한"] {
            assert_eq!(GroupId::from_typed(other), None, "{other:?}");
        }
        assert_eq!(code.spoken(), "K7MQ-4TXP");
        for wished in ["k7mq4txp", "class-3b"] {
            assert_eq!(GroupId::new(wished).expect("valid").spoken(), wished);
        }
    }
}
