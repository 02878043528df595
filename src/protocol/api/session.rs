//! Accounts, sessions and people.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, Code, DeviceId, UserId, event::UserStatus, limits},
    Call, Empty, SelfStatus,
    check::{check_name, check_page, check_password, check_query, default_page},
};

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
    /// Whether the user wants to be called: known before anything rings.
    #[serde(default)]
    pub self_status: SelfStatus,
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
        check_query(&this.query)?;
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
