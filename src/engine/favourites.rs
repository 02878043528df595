//! The people at hand: the favourites, which the server keeps, and those who are called often, which the log tells.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    call::{Direction, LogRow},
    protocol::{
        ApiError, UserId,
        api::{Favourites, GetFavourites, SetFavourite},
    },
};

use super::{
    actor::{Actor, Message},
    requests::Wish,
};

/// How far back calls count, ms.
const SINCE_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// With so many calls somebody is called often.
const CALLS_MIN: usize = 3;
/// Most people that are shown as such.
const PEOPLE_MAX: usize = 5;

/// Who is called often: by this user and within 90 days, most calls first, then the latest call.
fn often_called(rows: &[LogRow], now_ms: i64, favourites: &BTreeSet<UserId>) -> Vec<UserId> {
    let mut calls: BTreeMap<&UserId, (usize, i64)> = BTreeMap::new();
    let counts = |row: &&LogRow| {
        row.direction == Direction::Outgoing
            && !row.is_party()
            && row.time_ms > now_ms.saturating_sub(SINCE_MS)
            && !favourites.contains(&row.peer)
    };
    for row in rows.iter().filter(counts) {
        let (number, last_ms) = calls.entry(&row.peer).or_default();
        *number += 1;
        *last_ms = row.time_ms.max(*last_ms);
    }
    let mut often: Vec<(&UserId, (usize, i64))> =
        calls.into_iter().filter(|(_, (number, _))| *number >= CALLS_MIN).collect();
    often.sort_by_key(|(_, calls)| Reverse(*calls));
    often.into_iter().take(PEOPLE_MAX).map(|(user, _)| user.clone()).collect()
}

impl Actor {
    /// Asks for the favourites. A change that follows comes after the answer.
    pub(super) fn list_favourites(&mut self) {
        let Some(client) = self.link.client.clone() else { return };
        let generation = self.link.generation;
        let answer = async move { Message::Favourites(generation, client.call(GetFavourites {}).await) };
        self.link.await_in_order(Box::pin(answer), &self.inbox);
    }

    pub(super) fn favourites_listed(&mut self, answer: Result<Favourites, ApiError>) {
        match answer {
            Ok(favourites) => self.favourites_changed(favourites),
            // The connection broke, and they are asked for again once it is back; or the server is older.
            Err(error) => tracing::info!(%error, "the favourites cannot be listed now"),
        }
    }

    pub(super) fn favourites_changed(&mut self, favourites: Favourites) {
        self.draft.favourites = Arc::new(favourites.user_list.into_iter().collect());
        self.counted = None;
    }

    pub(super) fn set_favourite(&mut self, user_id: UserId, favourite: bool) {
        self.wish(SetFavourite { user_id, favourite }, Wish::OfThePerson);
    }

    /// Counts the calls if the log or the favourites are others than when they were counted last. Nothing is counted
    /// before the server has told its time, by which the log is written.
    pub(super) fn count_calls(&mut self) {
        let Some(ahead_ms) = self.link.server_clock_ms else { return };
        if self.counted.as_ref().is_some_and(|rows| Arc::ptr_eq(rows, &self.calls.rows)) {
            return;
        }
        self.counted = Some(self.calls.rows.clone());
        let now_ms = ahead_ms.saturating_add_unsigned(self.now_ms());
        self.draft.often_called = often_called(&self.calls.rows, now_ms, &self.draft.favourites).into();
    }

    /// Nobody is signed in.
    pub(super) fn forget_favourites(&mut self) {
        self.draft.favourites = Arc::default();
        self.draft.often_called = Arc::default();
        self.link.server_clock_ms = None;
        self.counted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::EndReason, protocol::InviteId};

    const NOW_MS: i64 = 1_700_000_000_000;
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("valid")
    }

    fn row(peer: &str, direction: Direction, days_ago: i64) -> LogRow {
        LogRow {
            call_id: InviteId::random(),
            peer: user(peer),
            group: None,
            people: Vec::new(),
            direction,
            time_ms: NOW_MS - days_ago * DAY_MS,
            result: Some(EndReason::NoAnswer),
            answered: false,
            duration_s: 0,
            call_s: 0,
            device_name: None,
        }
    }

    fn calls(peer: &str, days_ago: &[i64]) -> Vec<LogRow> {
        days_ago.iter().map(|days| row(peer, Direction::Outgoing, *days)).collect()
    }

    fn often(rows: &[Vec<LogRow>], favourites: &[&str]) -> Vec<String> {
        let favourites = favourites.iter().map(|name| user(name)).collect();
        often_called(&rows.concat(), NOW_MS, &favourites).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn three_calls_are_often() {
        let incoming = vec![row("in", Direction::Incoming, 1); 9];
        assert_eq!(often(&[calls("a", &[1, 2]), calls("b", &[1, 2, 3]), incoming], &[]), ["b"]);
        assert_eq!(often(&[], &[]), [""; 0]);
    }

    #[test]
    fn the_most_and_then_the_latest_come_first() {
        let rows = [calls("a", &[5, 6, 7]), calls("b", &[1, 2, 3]), calls("c", &[8, 8, 8, 8])];
        assert_eq!(often(&rows, &[]), ["c", "b", "a"]);
    }

    #[test]
    fn old_calls_do_not_count() {
        let at_the_edge = [calls("a", &[89, 89, 89]), calls("b", &[90, 89, 89]), calls("c", &[400; 50])];
        assert_eq!(often(&at_the_edge, &[]), ["a"]);
    }

    #[test]
    fn at_most_five_and_no_favourites() {
        let rows: Vec<Vec<LogRow>> = ["a", "b", "c", "d", "e", "f", "g"]
            .iter()
            .zip(1..)
            .map(|(name, days)| calls(name, &[days, days, days]))
            .collect();
        assert_eq!(often(&rows, &["b"]), ["a", "c", "d", "e", "f"]);
    }
}
