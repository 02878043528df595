//! Favourites.

use rusqlite::params;

use super::{Store, StoreResult, accounts::read_user};
use crate::protocol::UserId;

impl Store {
    /// A user's favourites, ordered by identifier.
    pub(crate) fn favourites(&self, user: &UserId) -> StoreResult<Vec<UserId>> {
        let sql = "SELECT favourite FROM favourites WHERE user = ?1 ORDER BY favourite";
        let mut query = self.db.prepare_cached(sql)?;
        query.query_and_then([user.as_str()], |row| read_user(row, 0))?.collect()
    }

    /// Puts somebody in.
    pub(crate) fn add_favourite(&self, user: &UserId, favourite: &UserId) -> StoreResult<()> {
        let sql = "INSERT INTO favourites (user, favourite) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.db.prepare_cached(sql)?.execute(params![user.as_str(), favourite.as_str()])?;
        Ok(())
    }

    /// Takes somebody out.
    pub(crate) fn remove_favourite(&self, user: &UserId, favourite: &UserId) -> StoreResult<()> {
        let sql = "DELETE FROM favourites WHERE user = ?1 AND favourite = ?2";
        self.db.prepare_cached(sql)?.execute(params![user.as_str(), favourite.as_str()])?;
        Ok(())
    }
}
