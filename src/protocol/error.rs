//! Error codes: those of the Tencent Chat SDK where it has one, JSON-RPC's own for broken frames.

use serde::{Deserialize, Serialize};

/// What a request is answered with when it changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ApiError {
    /// One of [`Code`]'s numbers, or one this version does not know.
    pub code: i32,
    /// A sentence that says what is wrong and what to do.
    pub message: String,
}

impl ApiError {
    /// An error with a code's number and a sentence of its own.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code as i32, message: message.into() }
    }

    /// Whether this error carries that code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code as i32
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal),+ $(,)?) => {
        /// Every code that an Ahoy server or client gives.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Code { $($(#[$doc])* $name = $number),+ }

        impl Code {
            /// All codes, for documentation and tests.
            pub const ALL: &[Code] = &[$(Code::$name),+];
        }
    };
}

codes! {
    /// The frame is not JSON (JSON-RPC 2.0).
    ParseError = -32700,
    /// The JSON is not a request (JSON-RPC 2.0).
    InvalidRequest = -32600,
    /// There is no such method (JSON-RPC 2.0).
    MethodNotFound = -32601,
    /// The client is not connected to a server (ERR_SDK_NOT_INITIALIZED).
    NotInitialized = 6013,
    /// Not signed in, or signed out meanwhile (ERR_SDK_NOT_LOGGED_IN).
    NotLoggedIn = 6014,
    /// A field is missing, has the wrong type, or is out of bounds (ERR_INVALID_PARAMETERS).
    InvalidParameters = 6017,
    /// No answer came in time (ERR_REQUEST_TIMEOUT).
    RequestTimeout = 6012,
    /// The device token is unknown or was revoked (ERR_USER_SIG_EXPIRED).
    TokenRejected = 6206,
    /// This device was signed out by the same user elsewhere (ERR_LOGIN_KICKED_OFF_BY_OTHER).
    KickedOffline = 6208,
    /// Too many calls; wait and try again (ERR_SDK_COMM_API_CALL_FREQUENCY_LIMIT).
    FrequencyLimit = 7008,
    /// The operation does not apply to this object (ERR_SDK_INVALID_OPERATION).
    InvalidOperation = 7014,
    /// `data` is longer than 12 KB (ERR_SDK_MSG_BODY_SIZE_LIMIT).
    DataTooLong = 8001,
    /// No such invitation, or this part of it has been processed (ERR_SDK_SIGNALING_INVALID_INVITE_ID).
    InvalidInviteId = 8010,
    /// Not the inviter of it, or not one of its invitees (ERR_SDK_SIGNALING_NO_PERMISSION).
    SignalingNoPermission = 8011,
    /// The invitation is known already (ERR_SDK_SIGNALING_ALREADY_EXISTS).
    SignalingAlreadyExists = 8012,
    /// The connection to the server is gone (ERR_SDK_NET_DISCONNECT).
    Disconnected = 9508,
    /// The server could not store the change; nothing was changed (ERR_SVR_GROUP_INTERNAL_ERROR).
    Internal = 10002,
    /// More users in one call, or in one group, than allowed (ERR_SVR_GROUP_ACCOUNT_COUNT_LIMIT).
    TooManyAccounts = 10005,
    /// Your role in the group does not allow this (ERR_SVR_GROUP_PERMISSION_DENY).
    PermissionDenied = 10007,
    /// The owner may not quit this group (ERR_SVR_GROUP_INVALID_REQ).
    OwnerMayNotQuit = 10009,
    /// No such group, room or device, or it was dismissed (ERR_SVR_GROUP_NOT_FOUND).
    NotFound = 10010,
    /// A member already (ERR_SVR_GROUP_INVITEE_OR_MEMBER_EXISTS).
    AlreadyMember = 10013,
    /// The group is full (ERR_SVR_GROUP_FULL_MEMBER_COUNT).
    GroupFull = 10014,
    /// No such account (ERR_SVR_GROUP_ACCOUNT_NOT_FOUND).
    AccountNotFound = 10019,
    /// The identifier is taken (ERR_SVR_GROUP_GROUPID_IN_USED).
    IdInUse = 10021,
    /// The application has been decided, or taken back (ERR_SVR_GROUP_REQ_ALREADY_BEEN_PROCESSED).
    AlreadyProcessed = 10024,
    /// The peer has no account here (ERR_SVR_MSG_... 20003).
    PeerNotFound = 20003,
    /// Name or password is wrong (ERR_SVR_ACCOUNT_... 70003).
    WrongPassword = 70003,
    /// This server does not let people sign up by themselves.
    SignUpClosed = 70009,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut numbers: Vec<i32> = Code::ALL.iter().map(|code| *code as i32).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), Code::ALL.len());
    }
}
