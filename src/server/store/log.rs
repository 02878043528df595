//! Each user's ordered log of events.

use rusqlite::{OptionalExtension, Row, params};

use super::{EVENTS_PER_USER, KEPT_MS, Store, StoreError, StoreResult, signed, unsigned};
use crate::protocol::{Delivery, Event, InviteId, UserId, rpc::ServerFrame};

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Wall clock, ms since 1970.
    pub(crate) time_ms: i64,
    pub(crate) event: Event,
}

/// A message's place in a user's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogEntry {
    pub(crate) seq: u64,
    pub(crate) message: Message,
}

fn read(row: &Row<'_>) -> StoreResult<LogEntry> {
    let frame = row.get_ref(1)?.as_str().unwrap_or_default();
    let delivery = match ServerFrame::parse(frame) {
        Ok(ServerFrame::Notification { method, params }) => Delivery::from_wire(&method, params).ok().flatten(),
        _ => None,
    };
    let delivery = delivery.ok_or(StoreError::Unreadable { what: "event" })?;
    Ok(LogEntry { seq: unsigned(row.get(0)?), message: Message { time_ms: delivery.time_ms, event: delivery.event } })
}

impl Store {
    /// Appends an event to the logs of users, and says which number it has in each. Users without an account, and
    /// those named twice, get it once or not at all.
    pub(crate) fn append(&self, message: &Message, users: &[UserId]) -> StoreResult<Vec<(UserId, u64)>> {
        let opens = match &message.event {
            Event::ReceiveNewInvitation(new) => Some(new.invite_id.as_str()),
            _ => None,
        };
        let frame =
            Delivery { seq: 0, time_ms: message.time_ms, history: false, event: message.event.clone() }.to_wire();
        let sql = "INSERT INTO messages (time_ms, opens, frame) VALUES (?1, ?2, ?3)";
        let number = self.db.prepare_cached(sql)?.insert(params![message.time_ms, opens, frame])?;

        let mut next = self.db.prepare_cached(
            "UPDATE accounts SET last_seq = last_seq + 1 WHERE user = ?1
             AND NOT EXISTS (SELECT 1 FROM user_log l WHERE l.message = ?2 AND l.user = ?1) RETURNING last_seq",
        )?;
        let mut insert = self.db.prepare_cached("INSERT INTO user_log (user, seq, message) VALUES (?1, ?2, ?3)")?;
        let mut trim = self.db.prepare_cached("DELETE FROM user_log WHERE user = ?1 AND seq <= ?2")?;
        let mut places = Vec::with_capacity(users.len());
        for user in users {
            let seq: Option<i64> = next.query_row(params![user.as_str(), number], |row| row.get(0)).optional()?;
            let Some(seq) = seq else { continue };
            insert.execute(params![user.as_str(), seq, number])?;
            if seq > signed(EVENTS_PER_USER) {
                trim.execute(params![user.as_str(), seq - signed(EVENTS_PER_USER)])?;
            }
            places.push((user.clone(), unsigned(seq)));
        }
        Ok(places)
    }

    /// The number of the latest event of a user; 0 before the first.
    pub(crate) fn last_seq(&self, user: &UserId) -> StoreResult<u64> {
        let mut query = self.db.prepare_cached("SELECT last_seq FROM accounts WHERE user = ?1")?;
        Ok(unsigned(query.query_row([user.as_str()], |row| row.get(0)).optional()?.unwrap_or(0)))
    }

    /// Up to `limit` events behind `after`, in order.
    pub(crate) fn log_page(&self, user: &UserId, after: u64, limit: usize) -> StoreResult<Vec<LogEntry>> {
        let sql = "SELECT l.seq, m.frame FROM user_log l JOIN messages m ON m.id = l.message
                   WHERE l.user = ?1 AND l.seq > ?2 ORDER BY l.seq LIMIT ?3";
        let mut query = self.db.prepare_cached(sql)?;
        query.query_and_then(params![user.as_str(), signed(after), signed(limit as u64)], read)?.collect()
    }

    /// One event.
    pub(crate) fn log_entry(&self, user: &UserId, seq: u64) -> StoreResult<Option<LogEntry>> {
        let sql = "SELECT l.seq, m.frame FROM user_log l JOIN messages m ON m.id = l.message
                   WHERE l.user = ?1 AND l.seq = ?2";
        let mut query = self.db.prepare_cached(sql)?;
        query.query_and_then(params![user.as_str(), signed(seq)], read)?.next().transpose()
    }

    /// Where an invitation begins in a user's log.
    pub(crate) fn seq_of_invitation(&self, user: &UserId, invite: &InviteId) -> StoreResult<Option<u64>> {
        let sql = "SELECT l.seq FROM messages m JOIN user_log l ON l.message = m.id
                   WHERE m.opens = ?2 AND l.user = ?1 ORDER BY l.seq DESC LIMIT 1";
        let mut query = self.db.prepare_cached(sql)?;
        let seq: Option<i64> = query.query_row([user.as_str(), invite.as_str()], |row| row.get(0)).optional()?;
        Ok(seq.map(unsigned))
    }

    pub(super) fn sweep_log(&self, wall_ms: i64) -> StoreResult<()> {
        let sql = "DELETE FROM messages WHERE time_ms < ?1";
        self.db.prepare_cached(sql)?.execute([wall_ms.saturating_sub(KEPT_MS)])?;
        // What stands in nobody's log any more; in portions, so that nobody waits long.
        let sql = "DELETE FROM messages WHERE id IN (
                     SELECT id FROM messages m
                     WHERE NOT EXISTS (SELECT 1 FROM user_log l WHERE l.message = m.id) LIMIT 2000)";
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
