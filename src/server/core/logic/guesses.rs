//! How often users name groups that do not exist. In memory only.

use std::collections::HashMap;

use crate::protocol::UserId;

/// Over this time misses are counted, ms.
const WINDOW_MS: u64 = 60_000;
/// With so many in it, nothing can be looked for until it is over.
const MISSES_MAX: u32 = 10;
/// Above so many users, those whose time is over are forgotten.
const USERS_KEPT: usize = 4_096;

/// Who has missed, since when, and how often.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    users: HashMap<UserId, (u64, u32)>,
}

impl Guesses {
    /// Whether a user may look for another group.
    pub(super) fn may(&self, user: &UserId, now_ms: u64) -> bool {
        self.users.get(user).is_none_or(|(since, misses)| now_ms >= since + WINDOW_MS || *misses < MISSES_MAX)
    }

    /// A user named a group that is not there. Counts although the request itself changes nothing.
    pub(super) fn missed(&mut self, user: &UserId, now_ms: u64) {
        if self.users.len() >= USERS_KEPT {
            self.users.retain(|_, (since, _)| now_ms < *since + WINDOW_MS);
        }
        let (since, misses) = self.users.entry(user.clone()).or_insert((now_ms, 0));
        if now_ms >= *since + WINDOW_MS {
            (*since, *misses) = (now_ms, 0);
        }
        *misses += 1;
    }
}
