//! What a client may ask: one type per request, its method name, its reply, and its bounds.
//!
//! A request is declared once with `call!` in the file of its subject, and listed once in `calls!` at the end of this
//! one. What may not come in: what a request does.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{ApiError, Code, rpc};
use check::invalid;

/// A request: its parameters, with the name and the reply that go with them.
pub trait Call: Serialize + DeserializeOwned + Send + 'static {
    /// The JSON-RPC method.
    const METHOD: &'static str;
    /// What a success is answered with.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// With the code and a sentence for the first field that is out of bounds.
    fn validate(&self) -> Result<(), ApiError> {
        Ok(())
    }
}

/// A reply without content: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

macro_rules! calls {
    ($($name:ident),+ $(,)?) => {
        /// Any request, with its parameters checked.
        #[derive(Debug)]
        #[allow(missing_docs, reason = "each variant is documented at its type")]
        pub enum Request { $($name($name)),+ }

        impl Request {
            /// All method names, for documentation and tests.
            pub const METHODS: &[&str] = &[$($name::METHOD),+];

            /// Reads and checks a request.
            ///
            /// # Errors
            /// -32601 for an unknown method, 6017 for parameters that are missing, of the wrong type or out of
            /// bounds, 8001 for `data` that is too long.
            pub fn parse(method: &str, params: Option<&RawValue>) -> Result<Self, ApiError> {
                match method {
                    $($name::METHOD => parse_params(params).map(Self::$name),)+
                    _ => Err(ApiError::new(Code::MethodNotFound, format!("There is no method \"{}\".", clip(method)))),
                }
            }

            /// The method's name.
            pub fn method(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::METHOD),+ }
            }

            /// Checks what the types alone do not.
            ///
            /// # Errors
            /// With the code and a sentence for the first field that is out of bounds.
            pub fn validate(&self) -> Result<(), ApiError> {
                match self { $(Self::$name(params) => params.validate()),+ }
            }

            /// The text frame of this request.
            pub fn to_wire(&self, id: u64) -> String {
                match self { $(Self::$name(params) => rpc::request(id, $name::METHOD, params)),+ }
            }
        }

        $(impl From<$name> for Request {
            fn from(params: $name) -> Self {
                Self::$name(params)
            }
        })+
    };
}

/// Foreign text in an error sentence stays short.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

fn parse_params<C: Call>(params: Option<&RawValue>) -> Result<C, ApiError> {
    let params: C = serde_json::from_str(params.map_or("{}", RawValue::get))
        .map_err(|error| invalid(format!("The parameters of {} do not fit: {error}.", C::METHOD)))?;
    params.validate()?;
    Ok(params)
}

macro_rules! call {
    ($(#[$doc:meta])* $name:ident = $method:literal -> $reply:ty { $($(#[$field_attr:meta])* $field:ident: $kind:ty),* $(,)? }
        $(where |$this:ident| $check:expr)?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$field_attr])* pub $field: $kind),* }

        impl Call for $name {
            const METHOD: &'static str = $method;
            type Reply = $reply;

            $(fn validate(&self) -> Result<(), ApiError> {
                let $this = self;
                $check
            })?
        }
    };
}

mod applications;
mod check;
mod devices;
mod favourites;
mod groups;
mod lessons;
mod pictures;
mod rooms;
mod session;
mod signaling;
mod status;

pub use applications::*;
pub use devices::*;
pub use favourites::*;
pub use groups::*;
pub use lessons::*;
pub use pictures::*;
pub use rooms::*;
pub use session::*;
pub use signaling::*;
pub use status::*;

calls! {
    GetServerInfo, SignUp, SignIn, Login, Logout,
    Ping, Ack, SetSelfInfo, GetUsers,
    GetDevices, RenameDevice, SignOutDevice,
    GetSelfStatus, SetSelfStatus, SetDeviceStatus,
    SetFavourite, GetFavourites,
    Invite, InviteInGroup, Cancel, Accept, Reject,
    Timeout, ModifyInvitation, AddInvitedSignaling,
    GetSignalingInfo,
    CreateGroup, JoinGroup, QuitGroup, DismissGroup,
    InviteUserToGroup, KickGroupMember,
    SetGroupMemberRole, TransferGroupOwner,
    GetGroupMemberList, GetJoinedGroupList,
    SetGroupInfo, GetGroupsInfo, SearchGroups,
    GetGroupApplicationList, AcceptGroupApplication,
    RefuseGroupApplication, CancelGroupApplication,
    UploadPicture, GetPicture,
    EnterRoom, ExitRoom, GetGroupAttributes,
    SetLesson, LowerHands, EndFloors, SetMicrophones,
    RemoveFromLesson, ReadmitToLesson, EndLesson,
    GetLessons, GetLessonReport,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        DeviceId, GroupId, InviteId, RoomId, SourceId, UserId,
        class_data::{ClassCommand, POLL_TEXT_MAX_BYTES},
        event::Participant,
        lesson::{Attendee, Hand, LessonState, Mine, PEOPLE_MAX, Prompt, Whereabouts},
        limits,
    };

    fn parse(method: &str, params: &serde_json::Value) -> Result<Request, ApiError> {
        let raw = RawValue::from_string(params.to_string()).expect("JSON");
        Request::parse(method, Some(&raw))
    }

    #[test]
    fn each_method_has_one_name() {
        let mut names = Request::METHODS.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Request::METHODS.len());
    }

    #[test]
    fn the_largest_pages_fit_a_frame() {
        // Each of these is twice as long in JSON.
        let text = |bytes: usize| "\"".repeat(bytes);
        let user = || UserId::new(text(limits::USER_ID_MAX_BYTES)).expect("valid");
        let group = || GroupId::new(text(limits::GROUP_ID_MAX_BYTES)).expect("valid");
        let info = GroupInfo {
            group_id: group(),
            group_type: GroupType::Meeting,
            group_name: text(limits::GROUP_NAME_MAX_BYTES),
            introduction: text(limits::INTRODUCTION_MAX_BYTES),
            face_url: format!("{PICTURE_SCHEME}{}", "0".repeat(64)),
            owner: Some(user()),
            member_count: limits::GROUP_MEMBERS_MAX,
            role: Some(Role::Member),
        };
        let application = GroupApplication {
            number: u64::MAX,
            group_id: group(),
            group_name: text(limits::GROUP_NAME_MAX_BYTES),
            user_id: user(),
            display_name: text(limits::NAME_MAX_BYTES),
            message: text(limits::APPLICATION_MESSAGE_MAX_BYTES),
            time: i64::MIN,
        };
        let member = Member { user_id: user(), display_name: text(limits::NAME_MAX_BYTES), role: Role::Member };
        let base64 = "A".repeat(limits::PICTURE_MAX_BYTES.div_ceil(3) * 4);
        for frame in [
            rpc::reply(u64::MAX, &GroupPage { groups: vec![info.clone(); limits::GROUPS_PAGE_MAX], more: false }),
            rpc::reply(u64::MAX, &GroupList { groups: vec![info; limits::GROUPS_PER_CALL_MAX] }),
            rpc::reply(
                u64::MAX,
                &ApplicationPage { applications: vec![application; limits::GROUPS_PAGE_MAX], more: false },
            ),
            rpc::reply(u64::MAX, &MemberPage { members: vec![member; limits::PAGE_MAX], more: false }),
            rpc::reply(u64::MAX, &Picture { data: base64 }),
        ] {
            assert!(frame.len() <= limits::TEXT_FRAME_MAX_BYTES, "{} bytes: {:.80}", frame.len(), frame);
        }
    }

    #[test]
    fn a_full_lesson_in_which_all_is_going_on_fits_a_frame() {
        let people: Vec<UserId> =
            (0..PEOPLE_MAX).map(|n| UserId::new(format!("student-{n:04}")).expect("valid")).collect();
        let prompt = |command| Prompt {
            invite_id: InviteId::random(),
            by: people[0].clone(),
            command,
            remaining_ms: Some(300_000),
            over: false,
            answers: people.iter().map(|user| (user.clone(), Some(0))).collect(),
            waiting: Vec::new(),
            mine: Mine::Done,
        };
        let attendee = |user_id: UserId| Attendee {
            user_id,
            teacher: false,
            at: Whereabouts::Here,
            hands: 12,
            turns: 3,
            talked_ms: 123_456,
        };
        let hand = |user_id: UserId| Hand { user_id, invite_id: Some(InviteId::random()), waiting_ms: 123_456 };
        let lesson = LessonState {
            elapsed_ms: 3_600_000,
            people: people.iter().cloned().map(attendee).collect(),
            hands: people.iter().cloned().map(hand).collect(),
            prompts: vec![
                prompt(ClassCommand::RollCall),
                prompt(ClassCommand::Poll { question: "?".repeat(POLL_TEXT_MAX_BYTES), choices: vec![] }),
            ],
            ..LessonState::default()
        };
        let participant = |user_id: UserId| Participant {
            user_id,
            device_id: DeviceId::random(),
            source_id: SourceId(123_456),
            on_hold: false,
        };
        let reply = EnterRoomReply {
            room_id: RoomId::MIN,
            call_id: Some(InviteId::random()),
            source_id: SourceId(1),
            relay_token: "0".repeat(32),
            participants: people.iter().cloned().map(participant).collect(),
            change: u64::MAX,
            ringing: Vec::new(),
            lesson: Some(Box::new(lesson)),
        };
        let frame = rpc::reply(u64::MAX, &reply);
        assert!(frame.len() <= limits::TEXT_FRAME_MAX_BYTES, "{} bytes", frame.len());
    }

    #[test]
    fn bad_fields_have_their_codes() {
        let long = "x".repeat(limits::DATA_MAX_BYTES + 1);
        let large = "A".repeat(limits::PICTURE_MAX_BYTES * 4 / 3 + 5);
        let groups: Vec<String> = (0..=limits::GROUPS_PER_CALL_MAX).map(|n| format!("g{n}")).collect();
        let crowd: Vec<String> = (0..10_000).map(|n| format!("user{n}")).collect();
        for (method, params, code) in [
            ("dance", serde_json::json!({}), Code::MethodNotFound),
            ("invite", serde_json::json!({}), Code::InvalidParameters),
            ("invite", serde_json::json!({"inviteID":"i","invitee":"","timeout":30}), Code::InvalidParameters),
            ("invite", serde_json::json!({"inviteID":"i","invitee":"b","timeout":-1}), Code::InvalidParameters),
            ("invite", serde_json::json!({"inviteID":"i","invitee":"b","timeout":86_401}), Code::InvalidParameters),
            ("invite", serde_json::json!({"inviteID":"i","invitee":"b","timeout":30,"data":long}), Code::DataTooLong),
            (
                "inviteInGroup",
                serde_json::json!({"inviteID":"i","groupID":"g","inviteeList":[],"timeout":0}),
                Code::InvalidParameters,
            ),
            (
                "inviteInGroup",
                serde_json::json!({"inviteID":"i","groupID":"g","inviteeList":["a","a"],"timeout":0}),
                Code::InvalidParameters,
            ),
            (
                "inviteInGroup",
                serde_json::json!({"inviteID":"i","groupID":"g","inviteeList":crowd,"timeout":0}),
                Code::TooManyAccounts,
            ),
            (
                "signUp",
                serde_json::json!({"userID":"a","displayName":"A","password":"short","deviceName":"d"}),
                Code::InvalidParameters,
            ),
            ("getUsers", serde_json::json!({"limit":0}), Code::InvalidParameters),
            ("setSelfStatus", serde_json::json!({}), Code::InvalidParameters),
            (
                "setSelfStatus",
                serde_json::json!({"schedule":{"enabled":true,"days":["monday"],"fromMinute":1440,"toMinute":0}}),
                Code::InvalidParameters,
            ),
            (
                "setSelfStatus",
                serde_json::json!({"schedule":{"enabled":true,"days":[],"fromMinute":0,"toMinute":0}}),
                Code::InvalidParameters,
            ),
            (
                "setSelfStatus",
                serde_json::json!({"schedule":{"enabled":true,"days":["someday"],"fromMinute":0,"toMinute":0}}),
                Code::InvalidParameters,
            ),
            ("enterRoom", serde_json::json!({"roomID":0}), Code::InvalidParameters),
            (
                "setGroupMemberRole",
                serde_json::json!({"groupID":"g","userID":"a","role":"owner"}),
                Code::InvalidParameters,
            ),
            ("setGroupInfo", serde_json::json!({"groupID":"g"}), Code::InvalidParameters),
            ("setGroupInfo", serde_json::json!({"groupID":"g","groupName":" "}), Code::InvalidParameters),
            (
                "setGroupInfo",
                serde_json::json!({"groupID":"g","introduction":"가".repeat(81)}),
                Code::InvalidParameters,
            ),
            ("setGroupInfo", serde_json::json!({"groupID":"g","faceURL":"http://x/"}), Code::InvalidParameters),
            ("joinGroup", serde_json::json!({"groupID":"g","message":"\u{7}"}), Code::InvalidParameters),
            ("inviteUserToGroup", serde_json::json!({"groupID":"g","userList":crowd}), Code::TooManyAccounts),
            ("createGroup", serde_json::json!({"groupType":"Club","groupName":"n"}), Code::InvalidParameters),
            ("getGroupsInfo", serde_json::json!({"groupIDList":[]}), Code::InvalidParameters),
            ("getGroupsInfo", serde_json::json!({"groupIDList":groups}), Code::InvalidParameters),
            ("uploadPicture", serde_json::json!({"data":large}), Code::InvalidParameters),
            ("getPicture", serde_json::json!({"faceURL":"ahoy:short"}), Code::InvalidParameters),
        ] {
            let error = parse(method, &params).expect_err(method);
            assert!(error.is(code), "{method}: {error}");
        }
    }
}
