//! Pictures, under the hash of their bytes.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreResult};
use crate::protocol::UserId;

/// How long a picture that no group has is kept, ms (a day).
const SPARE_KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// How many of those a user may have; with one more, the oldest is forgotten.
const SPARE_PER_USER: i64 = 8;

/// No group has the picture.
const SPARE: &str = "NOT EXISTS (SELECT 1 FROM groups g WHERE g.face_url = pictures.face_url)";

impl Store {
    /// Keeps a picture; one that is there already is kept for longer.
    pub(crate) fn add_picture(&self, face_url: &str, data: &[u8], user: &UserId, wall_ms: i64) -> StoreResult<()> {
        let sql = "INSERT INTO pictures (face_url, user, data, left_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (face_url) DO UPDATE SET left_ms = excluded.left_ms";
        self.db.prepare_cached(sql)?.execute(params![face_url, user.as_str(), data, wall_ms])?;
        let sql = format!(
            "DELETE FROM pictures WHERE number IN (
               SELECT number FROM pictures WHERE user = ?1 AND {SPARE}
               ORDER BY left_ms DESC, number DESC LIMIT -1 OFFSET ?2)"
        );
        self.db.prepare_cached(&sql)?.execute(params![user.as_str(), SPARE_PER_USER])?;
        Ok(())
    }

    /// A picture's bytes.
    pub(crate) fn picture(&self, face_url: &str) -> StoreResult<Option<Vec<u8>>> {
        let mut query = self.db.prepare_cached("SELECT data FROM pictures WHERE face_url = ?1")?;
        Ok(query.query_row([face_url], |row| row.get(0)).optional()?)
    }

    /// Whether a picture is there.
    pub(crate) fn has_picture(&self, face_url: &str) -> StoreResult<bool> {
        Ok(self.db.prepare_cached("SELECT 1 FROM pictures WHERE face_url = ?1")?.exists([face_url])?)
    }

    pub(super) fn sweep_pictures(&self, wall_ms: i64) -> StoreResult<()> {
        let sql = format!("DELETE FROM pictures WHERE left_ms < ?1 AND {SPARE}");
        self.db.prepare_cached(&sql)?.execute([wall_ms.saturating_sub(SPARE_KEPT_MS)])?;
        Ok(())
    }
}
