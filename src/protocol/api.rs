//! What a client may ask: one type per request, its method name, its reply, and its bounds.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    ApiError, Code, DeviceId, GroupId, InviteId, RoomId, SourceId, UserId,
    event::{Participant, UserStatus},
    limits, rpc,
};

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

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidParameters, message)
}

fn check_data(data: &str) -> Result<(), ApiError> {
    if data.len() > limits::DATA_MAX_BYTES {
        let message = format!("\"data\" has {} bytes; at most {} are allowed.", data.len(), limits::DATA_MAX_BYTES);
        return Err(ApiError::new(Code::DataTooLong, message));
    }
    Ok(())
}

fn check_timeout(timeout: u32) -> Result<(), ApiError> {
    if timeout > limits::TIMEOUT_MAX_S {
        return Err(invalid(format!("\"timeout\" is {timeout} s; use 0 (none) to {} s.", limits::TIMEOUT_MAX_S)));
    }
    Ok(())
}

fn check_name(field: &str, name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.len() > limits::NAME_MAX_BYTES || name.chars().any(char::is_control) {
        let max = limits::NAME_MAX_BYTES;
        return Err(invalid(format!("\"{field}\" must have 1 to {max} bytes and no control characters.")));
    }
    Ok(())
}

fn check_password(password: &str) -> Result<(), ApiError> {
    if password.chars().count() < limits::PASSWORD_MIN_CHARS || password.len() > limits::PASSWORD_MAX_BYTES {
        let (min, max) = (limits::PASSWORD_MIN_CHARS, limits::PASSWORD_MAX_BYTES);
        return Err(invalid(format!("The password must have at least {min} characters and at most {max} bytes.")));
    }
    Ok(())
}

fn check_users(field: &str, users: &[UserId], max: usize) -> Result<(), ApiError> {
    if users.is_empty() {
        return Err(invalid(format!("\"{field}\" is empty; name at least one user.")));
    }
    if users.len() > max {
        let message = format!("\"{field}\" names {} users; at most {max} are allowed in one call.", users.len());
        return Err(ApiError::new(Code::TooManyAccounts, message));
    }
    let mut sorted: Vec<&UserId> = users.iter().collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(invalid(format!("\"{field}\" names {} twice.", pair[0])));
    }
    Ok(())
}

fn check_page(limit: usize) -> Result<(), ApiError> {
    if (1..=limits::PAGE_MAX).contains(&limit) {
        Ok(())
    } else {
        Err(invalid(format!("\"limit\" must be 1 to {}.", limits::PAGE_MAX)))
    }
}

fn default_page() -> usize {
    100
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

// ---- before a session -------------------------------------------------------------------------------------------

call! {
    /// What this server is and allows. Needs no session.
    GetServerInfo = "getServerInfo" -> ServerInfo {}
}

/// Reply to [`GetServerInfo`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// The server's name, as shown in lists.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// Whether people may sign up by themselves.
    pub sign_up_open: bool,
}

call! {
    /// Makes an account and its first device. Needs no session.
    SignUp = "signUp" -> Credentials {
        /// The wished identifier.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// The name that others see.
        display_name: String,
        /// With it, the user can sign in on other devices; without it, only this device's token opens the account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<String>,
        /// This device's name, for "answered on …".
        device_name: String,
    } where |this| {
        check_name("displayName", &this.display_name)?;
        check_name("deviceName", &this.device_name)?;
        this.password.as_deref().map_or(Ok(()), check_password)
    }
}

call! {
    /// Adds a device to an account by its password. Needs no session.
    SignIn = "signIn" -> Credentials {
        /// The account.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// Its password.
        password: String,
        /// This device's name.
        device_name: String,
    } where |this| {
        check_name("deviceName", &this.device_name)?;
        if this.password.len() > limits::PASSWORD_MAX_BYTES {
            return Err(ApiError::new(Code::WrongPassword, "The name or the password is wrong."));
        }
        Ok(())
    }
}

/// What a device keeps: reply to [`SignUp`] and [`SignIn`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The account.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// This device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// The secret that opens sessions for this device.
    pub token: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret and stays out of every log.
        f.debug_struct("Credentials").field("user_id", &self.user_id).field("device_id", &self.device_id).finish()
    }
}

/// How the program came back (specification, FAQ 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Start {
    /// The program was started anew.
    Cold,
    /// The same program run reconnects.
    Hot,
}

call! {
    /// Opens the session of a device on this connection. A session of the same device elsewhere ends.
    Login = "login" -> LoginReply {
        /// The account.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// The device's secret.
        token: String,
        /// Started anew or reconnecting.
        start: Start,
        /// The last number of the user's log that this device has; the replay begins behind it.
        #[serde(default)]
        last_seq: u64,
    }
}

/// Reply to [`Login`]. What follows: the replay from `lastSeq`, then `onSyncFinished`, then live events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginReply {
    /// This device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// The name that others see.
    pub display_name: String,
    /// The server's clock, ms since 1970: a client shows times, and computes none, by its difference to its own.
    pub server_time_ms: i64,
}

call! {
    /// Ends the session; with `forget`, the device's token is revoked as well.
    Logout = "logout" -> Empty {
        /// Revoke the token.
        #[serde(default)]
        forget: bool,
    }
}

call! {
    /// Keeps a connection alive, and measures it.
    Ping = "ping" -> Empty {}
}

call! {
    /// The device has stored its user's log up to `seq`.
    Ack = "ack" -> Empty {
        /// Last number stored.
        seq: u64,
    }
}

// ---- people -----------------------------------------------------------------------------------------------------

call! {
    /// Changes the name that others see.
    SetSelfInfo = "setSelfInfo" -> Empty {
        /// The new name.
        display_name: String,
    } where |this| check_name("displayName", &this.display_name)
}

call! {
    /// People on this server, ordered by identifier.
    GetUsers = "getUsers" -> UserPage {
        /// Only those whose identifier or name contains this, case-insensitively.
        #[serde(default)]
        query: String,
        /// Only those behind this identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// At most so many.
        #[serde(default = "default_page")]
        limit: usize,
    } where |this| {
        if this.query.len() > limits::NAME_MAX_BYTES {
            return Err(invalid(format!("\"query\" has more than {} bytes.", limits::NAME_MAX_BYTES)));
        }
        check_page(this.limit)
    }
}

/// Reply to [`GetUsers`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserStatus>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

// ---- signaling --------------------------------------------------------------------------------------------------

call! {
    /// Invites one user.
    Invite = "invite" -> InviteReply {
        /// The invitation's identifier, made by this device, so that a repeated request is recognised.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Whom.
        invitee: UserId,
        /// Custom data, at most 12 KB; the server does not read it.
        #[serde(default)]
        data: String,
        /// Only if the invitee is online; leaves no history.
        #[serde(default)]
        online_user_only: bool,
        /// Seconds until it times out; 0 never.
        timeout: u32,
    } where |this| {
        check_data(&this.data)?;
        check_timeout(this.timeout)
    }
}

call! {
    /// Invites members of a group.
    InviteInGroup = "inviteInGroup" -> InviteReply {
        /// The invitation's identifier, made by this device.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom: members of the group.
        invitee_list: Vec<UserId>,
        /// Custom data, at most 12 KB.
        #[serde(default)]
        data: String,
        /// Only members who are online get it; leaves no history.
        #[serde(default)]
        online_user_only: bool,
        /// Seconds until it times out; 0 never.
        timeout: u32,
    } where |this| {
        check_users("inviteeList", &this.invitee_list, limits::INVITEES_MAX)?;
        check_data(&this.data)?;
        check_timeout(this.timeout)
    }
}

/// Reply to [`Invite`] and [`InviteInGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteReply {
    /// The invitation.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// Those invitees who have a device online now. Whose device is not, the inviter's sends the timeout.
    pub online: Vec<UserId>,
}

call! {
    /// Takes back what is still open of an invitation. Inviter only.
    Cancel = "cancel" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Custom data.
        #[serde(default)]
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Accepts an invitation. Invitees only.
    Accept = "accept" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Custom data.
        #[serde(default)]
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Rejects an invitation. Invitees only.
    Reject = "reject" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// Custom data.
        #[serde(default)]
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Reports that the deadline has passed; sent by the client program by itself, never by the application. An
    /// invitee's device reports its own part, the inviter's device those of everybody still open.
    Timeout = "timeout" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
    }
}

call! {
    /// Changes the data of an open invitation. Inviter only; not for `onlineUserOnly`.
    ModifyInvitation = "modifyInvitation" -> Empty {
        /// The invitation.
        #[serde(rename = "inviteID")]
        invite_id: InviteId,
        /// The new data.
        data: String,
    } where |this| check_data(&this.data)
}

call! {
    /// Tells the server that this device learnt of a group invitation another way (a push message) and wants its events.
    AddInvitedSignaling = "addInvitedSignaling" -> Empty {
        /// The invitation as it was learnt.
        info: SignalingInfo,
    } where |this| check_data(&this.info.data)
}

call! {
    /// What a message of the user's log says as signaling; `null` if it is not signaling.
    GetSignalingInfo = "getSignalingInfo" -> Option<SignalingInfo> {
        /// The message: its place in the user's log.
        seq: u64,
    }
}

/// What a signaling message does (`actionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum ActionType {
    /// Begins an invitation.
    Invite = 1,
    /// The inviter takes it back.
    Cancel = 2,
    /// An invitee accepts.
    Accept = 3,
    /// An invitee rejects.
    Reject = 4,
    /// Invitees did not answer in time.
    Timeout = 5,
}

impl TryFrom<u8> for ActionType {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Ok(match number {
            1 => Self::Invite,
            2 => Self::Cancel,
            3 => Self::Accept,
            4 => Self::Reject,
            5 => Self::Timeout,
            _ => return Err("actionType must be 1 to 5"),
        })
    }
}

impl From<ActionType> for u8 {
    fn from(action: ActionType) -> u8 {
        action as u8
    }
}

/// A signaling message (V2TIMSignalingInfo).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignalingInfo {
    /// The set of messages it belongs to.
    #[serde(rename = "inviteID")]
    pub invite_id: InviteId,
    /// The group; absent between two users.
    #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// Who invited.
    pub inviter: UserId,
    /// Invite: who is invited. Cancel, timeout: whose part it ends. Accept, reject: who answered.
    pub invitee_list: Vec<UserId>,
    /// Custom data of this message.
    #[serde(default)]
    pub data: String,
    /// Timeout of the invitation, seconds.
    #[serde(default)]
    pub timeout: u32,
    /// What the message does.
    pub action_type: ActionType,
}

// ---- groups -----------------------------------------------------------------------------------------------------

/// Kinds of groups; who may join and what a role may do differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupType {
    /// Friends and colleagues: members bring in members, nobody joins by themselves.
    Work,
    /// Open to whoever applies (joins at once here); owner and administrators manage it.
    Public,
    /// A class or conference: anyone may join by the identifier.
    Meeting,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Ordinary member.
    Member,
    /// May remove ordinary members.
    Admin,
    /// May do everything, once per group.
    Owner,
}

fn check_group_name(name: &str) -> Result<(), ApiError> {
    if name.trim().is_empty() || name.len() > limits::GROUP_NAME_MAX_BYTES || name.chars().any(char::is_control) {
        let max = limits::GROUP_NAME_MAX_BYTES;
        return Err(invalid(format!("\"groupName\" must have 1 to {max} bytes and no control characters.")));
    }
    Ok(())
}

call! {
    /// Makes a group with this user as its owner.
    CreateGroup = "createGroup" -> CreateGroupReply {
        /// The wished identifier; without it the server makes one.
        #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
        /// Its kind.
        group_type: GroupType,
        /// Its name.
        group_name: String,
        /// Further first members.
        #[serde(default)]
        member_list: Vec<UserId>,
    } where |this| {
        check_group_name(&this.group_name)?;
        if this.member_list.is_empty() { return Ok(()) }
        check_users("memberList", &this.member_list, limits::MEMBERS_PER_CALL_MAX)
    }
}

/// Reply to [`CreateGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroupReply {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
}

call! {
    /// Joins a Public or Meeting group.
    JoinGroup = "joinGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

call! {
    /// Leaves a group. The owner of a Public or Meeting group must hand it over or dismiss it instead.
    QuitGroup = "quitGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

call! {
    /// Ends a group. Owner only.
    DismissGroup = "dismissGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
    }
}

call! {
    /// Brings users into a group: any member of a Work group, owner and administrators otherwise.
    InviteUserToGroup = "inviteUserToGroup" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        user_list: Vec<UserId>,
    } where |this| check_users("userList", &this.user_list, limits::MEMBERS_PER_CALL_MAX)
}

call! {
    /// Removes members: the owner anyone, an administrator ordinary members.
    KickGroupMember = "kickGroupMember" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        member_list: Vec<UserId>,
    } where |this| check_users("memberList", &this.member_list, limits::MEMBERS_PER_CALL_MAX)
}

call! {
    /// Makes a member an administrator, or an ordinary member again. Owner only; Work groups have no administrators.
    SetGroupMemberRole = "setGroupMemberRole" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Whom.
        #[serde(rename = "userID")]
        user_id: UserId,
        /// `admin` or `member`.
        role: Role,
    } where |this| {
        if this.role == Role::Owner {
            return Err(invalid("\"role\" must be admin or member; use transferGroupOwner to hand over a group."));
        }
        Ok(())
    }
}

call! {
    /// Hands a group over to another member. Owner only.
    TransferGroupOwner = "transferGroupOwner" -> Empty {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// The new owner.
        #[serde(rename = "userID")]
        user_id: UserId,
    }
}

call! {
    /// Members of a group, ordered by identifier. Members only.
    GetGroupMemberList = "getGroupMemberList" -> MemberPage {
        /// The group.
        #[serde(rename = "groupID")]
        group_id: GroupId,
        /// Only those behind this identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// At most so many.
        #[serde(default = "default_page")]
        limit: usize,
    } where |this| check_page(this.limit)
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// The name to show.
    pub display_name: String,
    /// What the member may do.
    pub role: Role,
}

/// Reply to [`GetGroupMemberList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberPage {
    /// The members.
    pub members: Vec<Member>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

call! {
    /// The groups that this user is a member of.
    GetJoinedGroupList = "getJoinedGroupList" -> GroupList {}
}

/// Reply to [`GetJoinedGroupList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupList {
    /// The groups.
    pub groups: Vec<GroupInfo>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupInfo {
    /// The group.
    #[serde(rename = "groupID")]
    pub group_id: GroupId,
    /// Its kind.
    pub group_type: GroupType,
    /// Its name.
    pub group_name: String,
    /// Its owner; a Work group may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// How many members it has.
    pub member_count: usize,
    /// This user's role.
    pub role: Role,
}

// ---- rooms ------------------------------------------------------------------------------------------------------

call! {
    /// Enters a media room. With `create`, opens it; the room then belongs to the group, or to whoever is let in.
    EnterRoom = "enterRoom" -> EnterRoomReply {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
        /// Open the room if it does not exist.
        #[serde(default)]
        create: bool,
        /// With `create`: every member of this group may enter.
        #[serde(rename = "groupID", default, skip_serializing_if = "Option::is_none")]
        group_id: Option<GroupId>,
    }
}

/// Reply to [`EnterRoom`]. Entering again with the same device (after a lost connection) keeps the source id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnterRoomReply {
    /// The room.
    #[serde(rename = "roomID")]
    pub room_id: RoomId,
    /// The source id of this device's media packets.
    #[serde(rename = "sourceID")]
    pub source_id: SourceId,
    /// Opens the media connection: the first text frame on `/media`.
    pub relay_token: String,
    /// Who else is in the room.
    pub participants: Vec<Participant>,
}

impl std::fmt::Debug for EnterRoomReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The relay token is a secret and stays out of every log.
        f.debug_struct("EnterRoomReply")
            .field("room_id", &self.room_id)
            .field("source_id", &self.source_id)
            .field("participants", &self.participants)
            .finish()
    }
}

call! {
    /// Lets users into the room that this device is in.
    AllowInRoom = "allowInRoom" -> Empty {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
        /// Whom.
        user_list: Vec<UserId>,
    } where |this| check_users("userList", &this.user_list, limits::INVITEES_MAX)
}

call! {
    /// Leaves the room.
    ExitRoom = "exitRoom" -> Empty {
        /// The room.
        #[serde(rename = "roomID")]
        room_id: RoomId,
    }
}

calls! {
    GetServerInfo, SignUp, SignIn, Login, Logout,
    Ping, Ack, SetSelfInfo, GetUsers,
    Invite, InviteInGroup, Cancel, Accept, Reject,
    Timeout, ModifyInvitation, AddInvitedSignaling,
    GetSignalingInfo,
    CreateGroup, JoinGroup, QuitGroup, DismissGroup,
    InviteUserToGroup, KickGroupMember,
    SetGroupMemberRole, TransferGroupOwner,
    GetGroupMemberList, GetJoinedGroupList,
    EnterRoom, AllowInRoom, ExitRoom,
}

/// First frame on a media connection (`/media`); answered by `{}` or closed with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaHello {
    /// From [`EnterRoomReply`].
    pub relay_token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn bad_fields_have_their_codes() {
        let long = "x".repeat(limits::DATA_MAX_BYTES + 1);
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
            ("enterRoom", serde_json::json!({"roomID":0}), Code::InvalidParameters),
            (
                "setGroupMemberRole",
                serde_json::json!({"groupID":"g","userID":"a","role":"owner"}),
                Code::InvalidParameters,
            ),
        ] {
            let error = parse(method, &params).expect_err(method);
            assert!(error.is(code), "{method}: {error}");
        }
    }
}
