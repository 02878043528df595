//! Applications to groups, as long as they are open.

use rusqlite::{Row, params};

use super::{Store, StoreResult, accounts::read_user, groups::read_group, signed, unsigned};
use crate::protocol::{GroupId, UserId, api::GroupApplication};

const LISTED: &str = "SELECT a.number, a.group_id, g.name, a.user, u.display_name, a.message, a.time_ms
                      FROM applications a JOIN groups g USING (group_id) JOIN accounts u ON u.user = a.user";

fn read(row: &Row<'_>) -> StoreResult<GroupApplication> {
    Ok(GroupApplication {
        number: unsigned(row.get(0)?),
        group_id: read_group(row, 1)?,
        group_name: row.get(2)?,
        user_id: read_user(row, 3)?,
        display_name: row.get(4)?,
        message: row.get(5)?,
        time: row.get(6)?,
    })
}

impl Store {
    /// Adds an application; `false` if there is one.
    pub(crate) fn add_application(
        &self,
        group: &GroupId,
        user: &UserId,
        message: &str,
        wall_ms: i64,
    ) -> StoreResult<bool> {
        let sql = "INSERT INTO applications (group_id, user, message, time_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO NOTHING";
        Ok(self.db.prepare_cached(sql)?.execute(params![group.as_str(), user.as_str(), message, wall_ms])? == 1)
    }

    /// Removes an application; `false` if there was none.
    pub(crate) fn remove_application(&self, group: &GroupId, user: &UserId) -> StoreResult<bool> {
        let sql = "DELETE FROM applications WHERE group_id = ?1 AND user = ?2";
        Ok(self.db.prepare_cached(sql)?.execute([group.as_str(), user.as_str()])? == 1)
    }

    /// Who has applied to a group.
    pub(crate) fn applicants(&self, group: &GroupId) -> StoreResult<Vec<UserId>> {
        let mut query = self.db.prepare_cached("SELECT user FROM applications WHERE group_id = ?1 ORDER BY number")?;
        query.query_and_then([group.as_str()], |row| read_user(row, 0))?.collect()
    }

    /// How many applications there are to a group, and how many by a user.
    pub(crate) fn application_counts(&self, group: &GroupId, user: &UserId) -> StoreResult<(usize, usize)> {
        let sql = "SELECT (SELECT count(*) FROM applications WHERE group_id = ?1),
                          (SELECT count(*) FROM applications WHERE user = ?2)";
        let count = |row: &Row<'_>| Ok((unsigned(row.get(0)?) as usize, unsigned(row.get(1)?) as usize));
        Ok(self.db.prepare_cached(sql)?.query_row([group.as_str(), user.as_str()], count)?)
    }

    /// Applications behind `after` that a user may decide, the oldest first.
    pub(crate) fn applications_for(
        &self,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> StoreResult<Vec<GroupApplication>> {
        let sql = format!(
            "{LISTED} JOIN members m ON m.group_id = a.group_id AND m.user = ?1 AND m.role > 0
             WHERE a.number > ?2 ORDER BY a.number LIMIT ?3"
        );
        self.applications(&sql, user, after, limit)
    }

    /// Applications behind `after` that a user has made, the oldest first.
    pub(crate) fn applications_by(
        &self,
        user: &UserId,
        after: u64,
        limit: usize,
    ) -> StoreResult<Vec<GroupApplication>> {
        let sql = format!("{LISTED} WHERE a.user = ?1 AND a.number > ?2 ORDER BY a.number LIMIT ?3");
        self.applications(&sql, user, after, limit)
    }

    fn applications(&self, sql: &str, user: &UserId, after: u64, limit: usize) -> StoreResult<Vec<GroupApplication>> {
        let mut query = self.db.prepare_cached(sql)?;
        query.query_and_then(params![user.as_str(), signed(after), signed(limit as u64)], read)?.collect()
    }
}
