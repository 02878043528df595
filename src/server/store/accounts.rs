//! Accounts and their devices.

use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError, StoreResult, signed};
use crate::protocol::{DeviceId, UserId, api::SelfStatus};

/// A device that may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) name: String,
}

/// A device of a user, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownDevice {
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) created_ms: i64,
    pub(crate) last_seen_ms: i64,
}

/// A device to be added.
#[derive(Debug)]
pub(crate) struct NewDevice<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) device: &'a DeviceId,
    pub(crate) name: &'a str,
    pub(crate) token_hash: &'a [u8; 32],
}

fn folded(user: &UserId, display_name: &str) -> String {
    format!("{user}\n{display_name}").to_lowercase()
}

pub(super) fn read_user(row: &Row<'_>, column: usize) -> StoreResult<UserId> {
    UserId::new(row.get_ref(column)?.as_str().unwrap_or_default())
        .map_err(|_| StoreError::Unreadable { what: "user identifier" })
}

fn read_device(row: &Row<'_>) -> StoreResult<Device> {
    let device = DeviceId::new(row.get::<_, String>(1)?);
    let device = device.map_err(|_| StoreError::Unreadable { what: "device identifier" })?;
    Ok(Device { user: read_user(row, 0)?, device, name: row.get(2)? })
}

impl Store {
    /// Adds an account; `false` if the identifier is taken.
    pub(crate) fn add_account(
        &self,
        user: &UserId,
        display_name: &str,
        password_hash: Option<&str>,
        wall_ms: i64,
    ) -> StoreResult<bool> {
        let sql = "INSERT INTO accounts (user, display_name, folded, password_hash, created_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        let values = params![user.as_str(), display_name, folded(user, display_name), password_hash, wall_ms];
        Ok(self.db.prepare_cached(sql)?.execute(values)? == 1)
    }

    /// Whether there is such an account.
    pub(crate) fn has_account(&self, user: &UserId) -> StoreResult<bool> {
        Ok(self.db.prepare_cached("SELECT 1 FROM accounts WHERE user = ?1")?.exists([user.as_str()])?)
    }

    /// The name that others see.
    pub(crate) fn display_name(&self, user: &UserId) -> StoreResult<Option<String>> {
        let mut query = self.db.prepare_cached("SELECT display_name FROM accounts WHERE user = ?1")?;
        Ok(query.query_row([user.as_str()], |row| row.get(0)).optional()?)
    }

    /// Changes the name that others see.
    pub(crate) fn set_display_name(&self, user: &UserId, name: &str) -> StoreResult<()> {
        let sql = "UPDATE accounts SET display_name = ?2, folded = ?3 WHERE user = ?1";
        self.db.prepare_cached(sql)?.execute(params![user.as_str(), name, folded(user, name)])?;
        Ok(())
    }

    /// What the user has set about being called.
    pub(crate) fn self_status(&self, user: &UserId) -> StoreResult<SelfStatus> {
        let mut query = self.db.prepare_cached("SELECT do_not_disturb, schedule FROM accounts WHERE user = ?1")?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?));
        let Some((do_not_disturb, schedule)) = query.query_row([user.as_str()], read).optional()? else {
            return Ok(SelfStatus::default());
        };
        let unreadable = |_| StoreError::Unreadable { what: "schedule" };
        let schedule = schedule.map(|json| serde_json::from_str(&json).map_err(unreadable)).transpose()?;
        Ok(SelfStatus { do_not_disturb, schedule: schedule.unwrap_or_default() })
    }

    /// Changes what the user has set about being called.
    pub(crate) fn set_self_status(&self, user: &UserId, status: &SelfStatus) -> StoreResult<()> {
        let schedule =
            serde_json::to_string(&status.schedule).map_err(|_| StoreError::Unreadable { what: "schedule" })?;
        let sql = "UPDATE accounts SET do_not_disturb = ?2, schedule = ?3 WHERE user = ?1";
        self.db.prepare_cached(sql)?.execute(params![user.as_str(), status.do_not_disturb, schedule])?;
        Ok(())
    }

    /// The password's hash, if the account exists and has a password.
    pub(crate) fn password_hash(&self, user: &UserId) -> StoreResult<Option<String>> {
        let mut query = self.db.prepare_cached("SELECT password_hash FROM accounts WHERE user = ?1")?;
        Ok(query.query_row([user.as_str()], |row| row.get(0)).optional()?.flatten())
    }

    /// Accounts behind `after` whose identifier or name contains `query`, ordered by identifier.
    pub(crate) fn users(
        &self,
        query: &str,
        after: Option<&UserId>,
        limit: usize,
    ) -> StoreResult<Vec<(UserId, String)>> {
        let sql = "SELECT user, display_name FROM accounts
                   WHERE user > ?1 AND (?2 = '' OR instr(folded, ?2) > 0) ORDER BY user LIMIT ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        let values = params![after.map_or("", UserId::as_str), query.to_lowercase(), signed(limit as u64)];
        let rows = statement.query_and_then(values, |row| Ok((read_user(row, 0)?, row.get(1)?)))?;
        rows.collect()
    }

    /// Adds a device.
    pub(crate) fn add_device(&self, new: &NewDevice<'_>, wall_ms: i64) -> StoreResult<()> {
        let sql = "INSERT INTO devices (device, user, name, token_hash, created_ms, last_seen_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
        let values = params![new.device.as_str(), new.user.as_str(), new.name, &new.token_hash[..], wall_ms];
        self.db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// The device that a token belongs to.
    pub(crate) fn device_by_token(&self, token_hash: &[u8; 32]) -> StoreResult<Option<Device>> {
        let mut query = self.db.prepare_cached("SELECT user, device, name FROM devices WHERE token_hash = ?1")?;
        query.query_and_then([&token_hash[..]], read_device)?.next().transpose()
    }

    /// A user's devices, the one not seen for longest first.
    pub(crate) fn devices(&self, user: &UserId) -> StoreResult<Vec<KnownDevice>> {
        let sql = "SELECT user, device, name, created_ms, last_seen_ms FROM devices WHERE user = ?1
                   ORDER BY last_seen_ms, rowid";
        let mut query = self.db.prepare_cached(sql)?;
        let known = |row: &Row<'_>| {
            let Device { device, name, .. } = read_device(row)?;
            Ok(KnownDevice { device, name, created_ms: row.get(3)?, last_seen_ms: row.get(4)? })
        };
        query.query_and_then([user.as_str()], known)?.collect()
    }

    /// Gives a device of the user another name; `false` if there is none.
    pub(crate) fn rename_device(&self, user: &UserId, device: &DeviceId, name: &str) -> StoreResult<bool> {
        let sql = "UPDATE devices SET name = ?3 WHERE device = ?2 AND user = ?1";
        Ok(self.db.prepare_cached(sql)?.execute(params![user.as_str(), device.as_str(), name])? == 1)
    }

    /// Revokes the token of a device of the user; `false` if there is none.
    pub(crate) fn remove_device(&self, user: &UserId, device: &DeviceId) -> StoreResult<bool> {
        let sql = "DELETE FROM devices WHERE device = ?2 AND user = ?1";
        Ok(self.db.prepare_cached(sql)?.execute(params![user.as_str(), device.as_str()])? == 1)
    }

    /// Notes when a device was here last, and what it has stored.
    pub(crate) fn device_seen(&self, device: &DeviceId, wall_ms: i64, acked_seq: u64) -> StoreResult<()> {
        let sql = "UPDATE devices SET last_seen_ms = ?2, acked_seq = max(acked_seq, ?3) WHERE device = ?1";
        self.db.prepare_cached(sql)?.execute(params![device.as_str(), wall_ms, signed(acked_seq)])?;
        Ok(())
    }
}
