//! What the server tells: one notification per callback of the specification, and a few of our own.

mod groups;
mod lessons;
mod rooms;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    ApiError, Code, DeviceId, GroupId, InviteId, UserId,
    api::{Favourites, SelfStatus},
    rpc,
};

pub use groups::*;
pub use lessons::*;
pub use rooms::*;

/// `onReceiveNewInvitation`: an invitation began. Everyone concerned gets it: the invitees, the group's other members,
/// and the inviter's own devices (which do not call it back to the application).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewInvitation {
    /// Its identifier, made by the inviter's device.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Who invites.
    pub inviter: UserId,
    /// The inviter's device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// The group, for a group invitation.
    #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// Who is invited.
    pub invitee_list: Vec<UserId>,
    /// The custom data as it stands now.
    pub data: String,
    /// The timeout as asked for, seconds; 0 is none.
    pub timeout: u32,
    /// Only users who were online got it, and it leaves no history.
    #[serde(default)]
    pub online_user_only: bool,
    /// Time left when the frame was made, ms; 0 when it is over. `None` when there is no timeout and it is not over.
    #[serde(default)]
    pub remaining_ms: Option<u64>,
}

/// `onInviteeAccepted` and `onInviteeRejected`: one invitee answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteeAnswer {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Who answered.
    pub invitee: UserId,
    /// On which device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// That device's name, for "answered on …".
    pub device_name: String,
    /// Custom data of the answer.
    pub data: String,
}

/// `onInvitationCancelled`: the inviter took back what was still open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationCancelled {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Who cancelled.
    pub inviter: UserId,
    /// On which device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// Whose part was still open and is cancelled now.
    pub invitee_list: Vec<UserId>,
    /// Custom data of the cancellation.
    pub data: String,
}

/// `onInvitationTimeout`: these invitees did not answer in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationTimeout {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Who did not answer.
    pub invitee_list: Vec<UserId>,
    /// The invitation's custom data, for whoever renders the message. Not part of the callback.
    pub data: String,
}

/// `onInvitationModified`: the custom data changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationModified {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// The data from now on.
    pub data: String,
}

/// Whether and how a user can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    /// A device is connected.
    Online,
    /// Connected, and in a room.
    InCall,
    /// Connected, and a device of the user lets nothing ring.
    DoNotDisturb,
    /// No device is connected.
    Offline,
}

/// A user as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserStatus {
    /// Who.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The name to show.
    pub display_name: String,
    /// Reachable or not.
    pub presence: Presence,
}

/// `onUserStatusChanged`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserStatusChanged {
    /// Those whose presence or name changed, new users included.
    pub user_status_list: Vec<UserStatus>,
}

/// `onKickedOffline`: this session is over and must not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KickedOffline {
    /// Why, as code and sentence.
    pub reason: ApiError,
    /// The name of the user's device that signed this one out; its token is void then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_device: Option<String>,
}

/// `onDevicesChanged`: the user's devices, or what is known of them, are others than before; `getDevices` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicesChanged {}

/// `onSyncFinished`: everything up to `seq` has been sent; what follows is live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncFinished {
    /// Last number of the user's log when the replay ended.
    pub up_to: u64,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($params:ty) = $method:literal),+ $(,)?) => {
        /// Everything that a server sends by itself.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($(#[$doc])* $name($params)),+ }

        impl Event {
            /// All method names, for documentation and tests.
            pub const METHODS: &[&str] = &[$($method),+];

            /// The notification's name.
            pub fn method(&self) -> &'static str {
                match self { $(Self::$name(_) => $method),+ }
            }

            fn params(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Self::$name(params) => serde_json::to_value(params)),+ }
            }

            fn parse(method: &str, params: serde_json::Value) -> Result<Option<Self>, serde_json::Error> {
                match method {
                    $($method => serde_json::from_value(params).map(|params| Some(Self::$name(params))),)+
                    _ => Ok(None),
                }
            }
        }
    };
}

events! {
    /// An invitation began.
    ReceiveNewInvitation(NewInvitation) = "onReceiveNewInvitation",
    /// An invitee accepted.
    InviteeAccepted(InviteeAnswer) = "onInviteeAccepted",
    /// An invitee rejected.
    InviteeRejected(InviteeAnswer) = "onInviteeRejected",
    /// The inviter cancelled.
    InvitationCancelled(InvitationCancelled) = "onInvitationCancelled",
    /// Invitees did not answer in time.
    InvitationTimeout(InvitationTimeout) = "onInvitationTimeout",
    /// The inviter changed the data.
    InvitationModified(InvitationModified) = "onInvitationModified",
    /// A group with this user in it was created.
    GroupCreated(GroupChange) = "onGroupCreated",
    /// The group is gone.
    GroupDismissed(GroupChange) = "onGroupDismissed",
    /// Name, introduction, picture or owner of the group changed.
    GroupInfoChanged(GroupInfoChange) = "onGroupInfoChanged",
    /// Somebody joined by themselves.
    MemberEnter(GroupMembers) = "onMemberEnter",
    /// Somebody left.
    MemberLeave(GroupMembers) = "onMemberLeave",
    /// Somebody was brought in.
    MemberInvited(GroupMembers) = "onMemberInvited",
    /// Somebody was removed.
    MemberKicked(GroupMembers) = "onMemberKicked",
    /// Somebody became an administrator.
    GrantAdministrator(GroupMembers) = "onGrantAdministrator",
    /// Somebody is no longer an administrator.
    RevokeAdministrator(GroupMembers) = "onRevokeAdministrator",
    /// This user has left the group (told to the user's own devices).
    QuitFromGroup(GroupChange) = "onQuitFromGroup",
    /// Somebody wants to join a group that this user decides about.
    ReceiveJoinApplication(JoinApplication) = "onReceiveJoinApplication",
    /// An application, of this user or for it to decide, is no longer open.
    ApplicationProcessed(ApplicationProcessed) = "onApplicationProcessed",
    /// Presence or names changed.
    UserStatusChanged(UserStatusChanged) = "onUserStatusChanged",
    /// This session is over.
    KickedOffline(KickedOffline) = "onKickedOffline",
    /// The devices of this user changed (told to the user's own devices).
    DevicesChanged(DevicesChanged) = "onDevicesChanged",
    /// What this user has set about being called (told to the user's own devices).
    SelfStatusChanged(SelfStatus) = "onSelfStatusChanged",
    /// The favourites of this user changed (told to the user's own devices).
    FavouritesChanged(Favourites) = "onFavouritesChanged",
    /// The replay after a sign-in is complete.
    SyncFinished(SyncFinished) = "onSyncFinished",
    /// Somebody entered the room that this device is in.
    RemoteUserEnterRoom(RoomEntered) = "onRemoteUserEnterRoom",
    /// Somebody left the room that this device is in.
    RemoteUserLeaveRoom(RoomLeft) = "onRemoteUserLeaveRoom",
    /// The connection of somebody in the room broke, or is back.
    RemoteUserLinkChanged(RoomLink) = "onRemoteUserLinkChanged",
    /// Somebody in the room has put the call on hold, or is back in it.
    RemoteUserHoldChanged(RoomHold) = "onRemoteUserHoldChanged",
    /// A device of this user is out of a room of several.
    ExitRoom(RoomExited) = "onExitRoom",
    /// The call that is on in a group is another, or has other people in it.
    GroupAttributeChanged(GroupAttributeChanged) = "onGroupAttributeChanged",
    /// Something in the lesson changed.
    LessonChanged(LessonChanged) = "onLessonChanged",
    /// This device is out of the lesson.
    LessonOver(LessonOver) = "onLessonOver",
    /// A student's device sends sound that it may not send.
    MicrophoneRefused(MicrophoneRefused) = "onMicrophoneRefused",
}

/// An event on its way to one user's device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Place in the user's ordered log, from 1. 0: not in the log (presence, rooms, `onlineUserOnly`).
    pub seq: u64,
    /// When it happened, by the server's clock, ms since 1970.
    pub time_ms: i64,
    /// Already past when it was sent: for the log only, never called back to the application.
    pub history: bool,
    /// What happened.
    pub event: Event,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    time: i64,
    #[serde(default)]
    history: bool,
}

impl Delivery {
    /// The notification's text: `seq`, `time` and `history` stand beside the event's own parameters.
    pub fn to_wire(&self) -> String {
        let mut params = self.event.params().unwrap_or_default();
        if let Some(object) = params.as_object_mut() {
            object.insert("seq".into(), self.seq.into());
            object.insert("time".into(), self.time_ms.into());
            if self.history {
                object.insert("history".into(), true.into());
            }
        }
        rpc::notification(self.event.method(), &params)
    }

    /// Reads a notification; `None` for a method of a newer server, which is to be ignored.
    ///
    /// # Errors
    /// If the method is known and its parameters are not what they should be.
    pub fn from_wire(method: &str, params: &RawValue) -> Result<Option<Self>, ApiError> {
        let bad = |error: serde_json::Error| {
            ApiError::new(Code::ParseError, format!("The server sent an unreadable {method}: {error}."))
        };
        let envelope: Envelope = serde_json::from_str(params.get()).map_err(bad)?;
        let value = serde_json::from_str(params.get()).map_err(bad)?;
        let event = Event::parse(method, value).map_err(bad)?;
        Ok(event.map(|event| Self { seq: envelope.seq, time_ms: envelope.time, history: envelope.history, event }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::rpc::ServerFrame;

    #[test]
    fn a_delivery_survives_the_wire() {
        let delivery = Delivery {
            seq: 5,
            time_ms: 1_700_000_000_000,
            history: true,
            event: Event::ReceiveNewInvitation(NewInvitation {
                invite_id: InviteId::random(),
                inviter: UserId::new("alice").expect("valid"),
                device_id: DeviceId::random(),
                group_id: None,
                invitee_list: vec![UserId::new("bob").expect("valid")],
                data: "무엇이든 \u{0}".into(),
                timeout: 30,
                online_user_only: false,
                remaining_ms: Some(0),
            }),
        };
        let text = delivery.to_wire();
        let Ok(ServerFrame::Notification { method, params }) = ServerFrame::parse(&text) else {
            panic!("not a notification: {text}")
        };
        assert_eq!(Delivery::from_wire(&method, params), Ok(Some(delivery)));
    }

    #[test]
    fn unknown_notifications_are_ignored() {
        let params = RawValue::from_string("{}".into()).expect("JSON");
        assert_eq!(Delivery::from_wire("onTomorrow", &params), Ok(None));
    }
}
