//! Whether a user wants to be called: by hand, by schedule, and what comes of it on each device.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{super::ApiError, Call, Empty, check::invalid};

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "they are what they are called")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// The week, in the order in which it is written here.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];
}

/// When the user does not want to be disturbed, each week, in the local time of each device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// It counts.
    pub enabled: bool,
    /// The days on which it begins.
    pub days: BTreeSet<Weekday>,
    /// When it begins, minutes since midnight.
    pub from_minute: u16,
    /// When it ends, minutes since midnight: on the next day, if that is not later than the beginning.
    pub to_minute: u16,
}

impl Default for Schedule {
    /// Every night, but not switched on.
    fn default() -> Self {
        Self { enabled: false, days: Weekday::ALL.into(), from_minute: 22 * 60, to_minute: 7 * 60 }
    }
}

/// What all devices of a user share: reply to [`GetSelfStatus`], and what `onSelfStatusChanged` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfStatus {
    /// Do not disturb, by hand.
    pub do_not_disturb: bool,
    /// Do not disturb, by the week.
    pub schedule: Schedule,
}

call! {
    /// What this user has set.
    GetSelfStatus = "getSelfStatus" -> SelfStatus {}
}

call! {
    /// Sets one of the two, or both; what is missing stays as it is.
    SetSelfStatus = "setSelfStatus" -> Empty {
        /// Do not disturb, by hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        do_not_disturb: Option<bool>,
        /// Do not disturb, by the week.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule: Option<Schedule>,
    } where |this| {
        if this.do_not_disturb.is_none() && this.schedule.is_none() {
            return Err(invalid("Nothing is to be set; give \"doNotDisturb\", \"schedule\" or both."));
        }
        this.schedule.as_ref().map_or(Ok(()), check_schedule)
    }
}

call! {
    /// Says whether this device lets nothing ring now, by hand or by schedule. It holds for the session.
    SetDeviceStatus = "setDeviceStatus" -> Empty {
        /// Nothing rings.
        do_not_disturb: bool,
    }
}

fn check_schedule(schedule: &Schedule) -> Result<(), ApiError> {
    for (field, minute) in [("fromMinute", schedule.from_minute), ("toMinute", schedule.to_minute)] {
        if minute >= DAY_MINUTES {
            return Err(invalid(format!("\"{field}\" is {minute}; use 0 to {}.", DAY_MINUTES - 1)));
        }
    }
    if schedule.enabled && schedule.days.is_empty() {
        return Err(invalid("\"days\" is empty; name at least one day, or switch the schedule off."));
    }
    Ok(())
}
