//! The call log: a fold over signaling messages.

use serde::{Deserialize, Serialize};

use crate::protocol::{InviteId, UserId};

use super::view::{Direction, EndReason};

/// One call as the log shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    /// The call.
    pub call_id: InviteId,
    /// The other one.
    pub peer: UserId,
    /// Who called.
    pub direction: Direction,
    /// When it began to ring, server time, ms since 1970.
    pub time_ms: i64,
    /// How it ended; `None` while it is not over (or its end is not known yet).
    pub result: Option<EndReason>,
    /// It was answered.
    pub answered: bool,
    /// How long they talked, whole seconds.
    pub duration_s: u64,
    /// The device that answered, for "answered on …".
    pub device_name: Option<String>,
}

impl LogRow {
    /// Came in, was not answered anywhere, and not declined by this user.
    pub fn is_missed(&self) -> bool {
        self.direction == Direction::Incoming
            && !self.answered
            && matches!(
                self.result,
                Some(EndReason::NoAnswer | EndReason::Cancelled | EndReason::Offline | EndReason::Busy)
            )
    }
}
