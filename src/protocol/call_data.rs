//! The custom `data` of calls: the public `av_call` JSON, version 4, so that a chat program that knows it can render
//! our calls. The server never reads it.
//!
//! Two keys inside `data` are ours, and others ignore them: `call_id` (which call a hang-up or a ringing notice belongs
//! to) and the command `ringing` (the invitee's device says that it rings).

use serde::{Deserialize, Serialize};

use super::{InviteId, RoomId, UserId};

/// The `businessID` of calls.
pub const BUSINESS_ID: &str = "av_call";
/// The version that we write, and the highest that we read.
pub const VERSION: u32 = 4;
/// `data.message` of a reject because the line is busy.
pub const LINE_BUSY: &str = "lineBusy";
/// `data.message` of a reject because the callee does not want to be disturbed.
pub const DO_NOT_DISTURB: &str = "doNotDisturb";
/// `data.message` of a cancel because both called each other at once.
pub const GLARE: &str = "glare";

/// Sound only, or with picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallType {
    /// `call_type` 1.
    Audio,
    /// `call_type` 2.
    Video,
}

/// What the message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `audioCall`: please talk with me. Also in accept, reject and cancel, where it only names the kind of call.
    AudioCall,
    /// `videoCall`: the same with picture.
    VideoCall,
    /// `hangup`: the call is over. Never rings; the call log is made of it.
    Hangup {
        /// How long they talked, whole seconds.
        duration_s: u64,
    },
    /// `ringing`: the invitee's device rings now. Only between devices that are online; never in the log.
    Ringing,
    /// `switchToAudio`.
    SwitchToAudio,
    /// `switchToVideo`.
    SwitchToVideo,
    /// A command from the future: to be ignored in silence.
    Unknown(String),
}

/// One call message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallData {
    /// Sound or picture.
    pub call_type: CallType,
    /// The media room of the call.
    pub room: RoomId,
    /// What it asks for.
    pub command: Command,
    /// The call this is about, where it is not the invitation that carries it: the `inviteID` of the first invitation.
    pub call_id: Option<InviteId>,
    /// Who called first; a log needs it to place the row.
    pub inviter: Option<UserId>,
    /// A reason, such as [`LINE_BUSY`], [`DO_NOT_DISTURB`] or [`GLARE`].
    pub message: Option<String>,
    /// Who is called or in the call beside the invitee, in a call of several without a group.
    pub users: Vec<UserId>,
}

/// Why a `data` is not a call message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCallData {
    /// Not JSON, or without the fields of a call.
    #[error("not the JSON of a call")]
    Shape,
    /// Another business.
    #[error("businessID is not av_call")]
    OtherBusiness,
    /// Newer than [`VERSION`].
    #[error("the version of the call data is newer than {VERSION}")]
    Newer,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "businessID")]
    business_id: String,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    platform: String,
    #[serde(default, rename = "extInfo")]
    ext_info: String,
    #[serde(default)]
    call_type: u8,
    #[serde(default)]
    room_id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call_end: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line_busy: Option<String>,
    #[serde(default)]
    data: WireInner,
}

#[derive(Default, Serialize, Deserialize)]
struct WireInner {
    #[serde(default)]
    cmd: String,
    #[serde(default, rename = "cmdInfo")]
    cmd_info: String,
    #[serde(default)]
    room_id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inviter: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call_id: Option<InviteId>,
    #[serde(default, rename = "userIDs", skip_serializing_if = "Vec::is_empty")]
    user_ids: Vec<UserId>,
}

impl CallData {
    /// A plain audio call in a room.
    pub fn audio(room: RoomId) -> Self {
        Self {
            call_type: CallType::Audio,
            room,
            command: Command::AudioCall,
            call_id: None,
            inviter: None,
            message: None,
            users: Vec::new(),
        }
    }

    /// Whether a reject with this data means that the line is busy.
    pub fn is_line_busy(&self) -> bool {
        self.message.as_deref() == Some(LINE_BUSY)
    }

    /// Whether a reject with this data means that the callee does not want to be disturbed.
    pub fn is_do_not_disturb(&self) -> bool {
        self.message.as_deref() == Some(DO_NOT_DISTURB)
    }

    /// Whether a cancel with this data only resolves a glare.
    pub fn is_glare(&self) -> bool {
        self.message.as_deref() == Some(GLARE)
    }

    /// Reads a `data`.
    ///
    /// # Errors
    /// If it is not a call message that this version understands.
    pub fn parse(data: &str) -> Result<Self, NotCallData> {
        let wire: Wire = serde_json::from_str(data).map_err(|_| NotCallData::Shape)?;
        if wire.business_id != BUSINESS_ID {
            return Err(NotCallData::OtherBusiness);
        }
        if wire.version > VERSION {
            return Err(NotCallData::Newer);
        }
        let number = if wire.room_id != 0 { wire.room_id } else { wire.data.room_id };
        let room = RoomId::new(number).map_err(|_| NotCallData::Shape)?;
        let command = match wire.data.cmd.as_str() {
            "audioCall" => Command::AudioCall,
            "videoCall" => Command::VideoCall,
            "hangup" => {
                let duration_s = wire.call_end.or_else(|| wire.data.cmd_info.parse().ok()).unwrap_or(0);
                Command::Hangup { duration_s }
            }
            "ringing" => Command::Ringing,
            "switchToAudio" => Command::SwitchToAudio,
            "switchToVideo" => Command::SwitchToVideo,
            other => Command::Unknown(other.to_owned()),
        };
        let message = wire.data.message.or_else(|| wire.line_busy.map(|_| LINE_BUSY.to_owned()));
        Ok(Self {
            call_type: if wire.call_type == 2 { CallType::Video } else { CallType::Audio },
            room,
            command,
            call_id: wire.data.call_id,
            inviter: wire.data.inviter,
            message,
            users: wire.data.user_ids,
        })
    }

    /// The `data` to send.
    pub fn to_json(&self) -> String {
        let (cmd, cmd_info, call_end) = match &self.command {
            Command::AudioCall => ("audioCall", String::new(), None),
            Command::VideoCall => ("videoCall", String::new(), None),
            Command::Hangup { duration_s } => ("hangup", duration_s.to_string(), Some(*duration_s)),
            Command::Ringing => ("ringing", String::new(), None),
            Command::SwitchToAudio => ("switchToAudio", String::new(), None),
            Command::SwitchToVideo => ("switchToVideo", String::new(), None),
            Command::Unknown(other) => (other.as_str(), String::new(), None),
        };
        let wire = Wire {
            business_id: BUSINESS_ID.to_owned(),
            version: VERSION,
            platform: "Ahoy".to_owned(),
            ext_info: String::new(),
            call_type: match self.call_type {
                CallType::Audio => 1,
                CallType::Video => 2,
            },
            room_id: self.room.get(),
            call_end,
            line_busy: self.is_line_busy().then(|| "line_busy".to_owned()),
            data: WireInner {
                cmd: cmd.to_owned(),
                cmd_info,
                room_id: self.room.get(),
                message: self.message.clone(),
                inviter: self.inviter.clone(),
                call_id: self.call_id.clone(),
                user_ids: self.users.clone(),
            },
        };
        // Strings and numbers only: serialising cannot fail.
        serde_json::to_string(&wire).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room() -> RoomId {
        RoomId::new(7).expect("a valid room")
    }

    #[test]
    fn every_command_survives_the_wire() {
        for command in [
            Command::AudioCall,
            Command::VideoCall,
            Command::Hangup { duration_s: 93 },
            Command::Ringing,
            Command::SwitchToAudio,
            Command::SwitchToVideo,
            Command::Unknown("dance".into()),
        ] {
            let data = CallData {
                command,
                call_id: Some(InviteId::random()),
                inviter: UserId::new("alice").ok(),
                message: Some(GLARE.into()),
                users: vec![UserId::new("carol").expect("valid")],
                ..CallData::audio(room())
            };
            assert_eq!(CallData::parse(&data.to_json()), Ok(data));
        }
    }

    #[test]
    fn foreign_data_is_told_apart() {
        assert_eq!(CallData::parse("hello"), Err(NotCallData::Shape));
        assert_eq!(CallData::parse(r#"{"businessID":"shop"}"#), Err(NotCallData::OtherBusiness));
        assert_eq!(CallData::parse(r#"{"businessID":"av_call","version":5,"room_id":1}"#), Err(NotCallData::Newer));
        assert_eq!(CallData::parse(r#"{"businessID":"av_call","version":4}"#), Err(NotCallData::Shape));
    }

    #[test]
    fn old_peers_mark_a_busy_line_at_the_top() {
        let data = r#"{"businessID":"av_call","version":4,"call_type":1,"room_id":5,"line_busy":"line_busy"}"#;
        assert!(CallData::parse(data).expect("call data").is_line_busy());
    }

    proptest! {
        #[test]
        fn noise_never_panics(text in ".{0,200}") {
            let _ = CallData::parse(&text);
        }
    }
}
