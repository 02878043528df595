//! The devices of one user.

use serde::{Deserialize, Serialize};

use super::{
    super::{ApiError, DeviceId},
    Call, Empty,
    check::check_name,
};

call! {
    /// The devices that may sign in as this user.
    GetDevices = "getDevices" -> DeviceList {}
}

/// Reply to [`GetDevices`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceList {
    /// The devices, the one seen last first.
    pub devices: Vec<DeviceInfo>,
}

/// A device as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceInfo {
    /// The device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// Its name.
    pub device_name: String,
    /// When it was added, server time, ms since 1970.
    pub created_ms: i64,
    /// When it was connected last, server time, ms since 1970; now, if it is.
    pub last_seen_ms: i64,
    /// It is connected.
    pub online: bool,
    /// It is the one that asks.
    pub own: bool,
}

call! {
    /// Gives one of the user's devices another name.
    RenameDevice = "renameDevice" -> Empty {
        /// Which.
        #[serde(rename = "deviceID")]
        device_id: DeviceId,
        /// The new name.
        device_name: String,
    } where |this| check_name("deviceName", &this.device_name)
}

call! {
    /// Signs another device of the user out: its session ends, and its token is void.
    SignOutDevice = "signOutDevice" -> Empty {
        /// Which.
        #[serde(rename = "deviceID")]
        device_id: DeviceId,
    }
}
