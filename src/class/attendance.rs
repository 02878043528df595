//! Who was there from when to when, and talked how long.

use std::collections::BTreeMap;

use super::ABSENCE_MS;
use crate::protocol::{UserId, lesson::STAYS_MAX};

/// One user's attendance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttendanceRow {
    /// From when to when, ms since the lesson began.
    pub stays: Vec<(u64, u64)>,
    /// Speech, ms.
    pub talked_ms: u64,
    /// Roll calls answered.
    pub present: u32,
    /// Roll calls that asked this user.
    pub called: u32,
    /// Since when the user is here, ms since the lesson began.
    here_since: Option<u64>,
}

/// Everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attendance {
    rows: BTreeMap<UserId, AttendanceRow>,
}

impl Attendance {
    /// Somebody is here from now on. Who was only away for a moment was here all the time.
    pub(super) fn came(&mut self, at_ms: u64, user: &UserId) {
        let row = self.rows.entry(user.clone()).or_default();
        if row.here_since.is_some() {
            return;
        }
        let short = row.stays.last().is_some_and(|(_, end)| at_ms < end + ABSENCE_MS);
        let goes_on = if short || row.stays.len() >= STAYS_MAX { row.stays.pop() } else { None };
        row.here_since = Some(goes_on.map_or(at_ms, |(begin, _)| begin));
    }

    /// Somebody is not here from now on.
    pub(super) fn left(&mut self, at_ms: u64, user: &UserId) {
        let Some(row) = self.rows.get_mut(user) else { return };
        if let Some(begin) = row.here_since.take() {
            row.stays.push((begin, at_ms));
        }
    }

    /// Somebody has spoken.
    pub(super) fn spoke(&mut self, user: &UserId, ms: u64) {
        self.rows.entry(user.clone()).or_default().talked_ms += ms;
    }

    /// A roll call.
    pub(super) fn called(&mut self, user: &UserId) {
        self.rows.entry(user.clone()).or_default().called += 1;
    }

    /// Somebody has answered it.
    pub(super) fn answered(&mut self, user: &UserId) {
        self.rows.entry(user.clone()).or_default().present += 1;
    }

    /// Somebody's speech, ms.
    pub(super) fn talked_ms(&self, user: &UserId) -> u64 {
        self.rows.get(user).map_or(0, |row| row.talked_ms)
    }

    /// As it is now: who is here still has been until now.
    pub(super) fn rows(&self, at_ms: u64) -> BTreeMap<UserId, AttendanceRow> {
        let mut rows = self.rows.clone();
        for row in rows.values_mut() {
            if let Some(begin) = row.here_since.take() {
                row.stays.push((begin, at_ms));
            }
        }
        rows
    }
}
