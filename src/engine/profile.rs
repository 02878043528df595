//! What a profile keeps on disk: settings, the account with its pinned server, and the call log.
//!
//! One SQLite file in a folder of its own, readable by its owner only (the device token lies in it). The place in the
//! user's log (`last_seq`) and the rows that came of it are stored in one transaction: after `kill -9` the server
//! replays exactly what is missing.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    call::log::{Change, StoredRow},
    protocol::{DeviceId, InviteId, UserId, api::Credentials},
};

use super::settings::Settings;

/// Longest name of a profile, bytes. A user identifier of 32 bytes fits in its escaped form.
const NAME_MAX_BYTES: usize = 128;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS account (
        id INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        fingerprint TEXT,
        user TEXT NOT NULL,
        device TEXT NOT NULL,
        token TEXT NOT NULL,
        last_seq INTEGER NOT NULL DEFAULT 0,
        UNIQUE (server, user)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS log (
        account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        call_id TEXT NOT NULL,
        row TEXT,
        PRIMARY KEY (account, call_id)
    ) STRICT;
";

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The name would not make a safe folder.
    #[error("\"{0}\" cannot be the name of a profile; use letters, digits, - and _, at most {NAME_MAX_BYTES} of them")]
    Name(String),
    /// Another program has it.
    #[error("the profile \"{0}\" is in use by another window or phone; close that, or choose another with --profile")]
    InUse(String),
    /// The folder cannot be made or read.
    #[error("the profile's folder {path} cannot be used: {error}")]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The database refuses.
    #[error("the profile's data cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
}

/// The embedded server, as remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HostingMemory {
    /// TCP port at which it was found last time.
    pub(crate) port: u16,
}

/// The account of this profile on one server.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    id: i64,
    /// Address of the server, as the client takes it.
    pub(crate) server: String,
    /// SHA-256 of its certificate, hexadecimal; `None` before the first contact and without TLS.
    pub(crate) fingerprint: Option<String>,
    /// User, device and token.
    pub(crate) credentials: Credentials,
    /// Last number of the user's log that is stored here.
    pub(crate) last_seq: u64,
}

/// An open profile. Nobody else can open it meanwhile.
#[derive(Debug)]
pub(crate) struct Profile {
    db: Connection,
    dir: PathBuf,
    // The lock goes when the file is closed, also on kill -9.
    _lock: File,
}

/// Whether a text can be the name of a profile, and so of a folder.
pub fn is_valid_name(name: &str) -> bool {
    (1..=NAME_MAX_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl Profile {
    /// Opens or makes the profile `name` below `root`.
    ///
    /// # Errors
    /// If the name is unfit, the profile is in use, or its files cannot be made or read.
    pub(crate) fn open(root: &Path, name: &str) -> Result<Self, ProfileError> {
        if !is_valid_name(name) {
            return Err(ProfileError::Name(name.to_owned()));
        }
        let dir = root.join("profiles").join(name);
        let folder = |error| ProfileError::Folder { path: dir.clone(), error };
        make_private_dir(&dir).map_err(folder)?;
        let lock = private_file(&dir.join("lock")).map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(ProfileError::InUse(name.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(folder(error)),
        }
        let path = dir.join("profile.sqlite");
        // Made by us, so that its mode is right from the first byte; SQLite gives its side files the same mode.
        drop(private_file(&path).map_err(folder)?);
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update(None, "foreign_keys", "on")?;
        db.execute_batch(SCHEMA)?;
        Ok(Self { db, dir, _lock: lock })
    }

    /// Where the embedded server keeps its data.
    pub(crate) fn server_dir(&self) -> PathBuf {
        self.dir.join("server")
    }

    /// The settings; defaults where there are none or they cannot be read.
    pub(crate) fn settings(&self) -> Result<Settings, ProfileError> {
        Ok(self.get("settings")?.unwrap_or_default())
    }

    /// Stores the settings.
    pub(crate) fn set_settings(&self, settings: &Settings) -> Result<(), ProfileError> {
        self.set("settings", settings)
    }

    /// The embedded server, if this profile hosts one.
    pub(crate) fn hosting(&self) -> Result<Option<HostingMemory>, ProfileError> {
        self.get("hosting")
    }

    /// Remembers that this profile hosts.
    pub(crate) fn set_hosting(&self, hosting: Option<&HostingMemory>) -> Result<(), ProfileError> {
        match hosting {
            Some(hosting) => self.set("hosting", hosting),
            None => {
                self.db.execute("DELETE FROM kv WHERE key = 'hosting'", [])?;
                Ok(())
            }
        }
    }

    /// Server time up to which missed calls have been seen, ms since 1970.
    pub(crate) fn log_seen(&self) -> Result<i64, ProfileError> {
        Ok(self.get("log_seen")?.unwrap_or(0))
    }

    /// Stores that mark.
    pub(crate) fn set_log_seen(&self, time_ms: i64) -> Result<(), ProfileError> {
        self.set("log_seen", &time_ms)
    }

    /// The account to sign in with, if there is one.
    pub(crate) fn current_account(&self) -> Result<Option<Account>, ProfileError> {
        let Some(id) = self.get::<i64>("account")? else { return Ok(None) };
        self.account_where("id = ?1", params![id])
    }

    /// The account of `user` on `server`, if this profile has one.
    pub(crate) fn account_of(&self, server: &str, user: &UserId) -> Result<Option<Account>, ProfileError> {
        self.account_where("server = ?1 AND user = ?2", params![server, user.as_str()])
    }

    fn account_where(&self, condition: &str, values: impl rusqlite::Params) -> Result<Option<Account>, ProfileError> {
        let sql =
            format!("SELECT id, server, fingerprint, user, device, token, last_seq FROM account WHERE {condition}");
        let unreadable = |column: usize, error: crate::protocol::ids::InvalidId| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
        };
        Ok(self
            .db
            .query_row(&sql, values, |row| {
                Ok(Account {
                    id: row.get(0)?,
                    server: row.get(1)?,
                    fingerprint: row.get(2)?,
                    credentials: Credentials {
                        user_id: UserId::new(row.get::<_, String>(3)?).map_err(|error| unreadable(3, error))?,
                        device_id: DeviceId::new(row.get::<_, String>(4)?).map_err(|error| unreadable(4, error))?,
                        token: row.get(5)?,
                    },
                    last_seq: row.get::<_, i64>(6)?.try_into().unwrap_or(0),
                })
            })
            .optional()?)
    }

    /// Stores fresh credentials and makes them the current account. An account that is new on this device begins with
    /// an empty log.
    pub(crate) fn sign_in(
        &mut self,
        server: &str,
        fingerprint: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Account, ProfileError> {
        let change = self.db.transaction()?;
        let user = credentials.user_id.as_str();
        // A new device starts at the beginning of the user's log; whatever an older one left here would be told twice.
        change.execute("DELETE FROM account WHERE server = ?1 AND user = ?2", params![server, user])?;
        change.execute(
            "INSERT INTO account (server, fingerprint, user, device, token) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![server, fingerprint, user, credentials.device_id.as_str(), credentials.token],
        )?;
        let id = change.last_insert_rowid();
        put(&change, "account", &id)?;
        change.commit()?;
        Ok(Account {
            id,
            server: server.to_owned(),
            fingerprint: fingerprint.map(str::to_owned),
            credentials: credentials.clone(),
            last_seq: 0,
        })
    }

    /// Makes a stored account the current one.
    pub(crate) fn use_account(&self, account: &Account) -> Result<(), ProfileError> {
        self.set("account", &account.id)
    }

    /// Stores the pin of the account's server.
    pub(crate) fn pin(&self, account: &mut Account, fingerprint: &str) -> Result<(), ProfileError> {
        let sql = "UPDATE account SET fingerprint = ?2 WHERE id = ?1";
        self.db.execute(sql, params![account.id, fingerprint])?;
        account.fingerprint = Some(fingerprint.to_owned());
        Ok(())
    }

    /// Stores where the account's server is to be found now.
    pub(crate) fn move_server(&self, account: &mut Account, server: &str) -> Result<(), ProfileError> {
        self.db.execute("UPDATE account SET server = ?2 WHERE id = ?1", params![account.id, server])?;
        server.clone_into(&mut account.server);
        Ok(())
    }

    /// Forgets an account, with its log.
    pub(crate) fn forget(&mut self, account: &Account) -> Result<(), ProfileError> {
        let change = self.db.transaction()?;
        change.execute("DELETE FROM account WHERE id = ?1", params![account.id])?;
        change.execute("DELETE FROM kv WHERE key = 'account' AND value = ?1", params![account.id.to_string()])?;
        change.commit()?;
        Ok(())
    }

    /// The stored rows, and the calls whose rows were deleted by the person and must not come back.
    pub(crate) fn log(&self, account: &Account) -> Result<(Vec<StoredRow>, BTreeSet<InviteId>), ProfileError> {
        let mut statement = self.db.prepare("SELECT call_id, row FROM log WHERE account = ?1")?;
        let stored = statement
            .query_map(params![account.id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))?;
        let (mut rows, mut deleted) = (Vec::new(), BTreeSet::new());
        for entry in stored {
            let (call, row) = entry?;
            match row {
                Some(json) => match serde_json::from_str(&json) {
                    Ok(row) => rows.push(row),
                    Err(error) => tracing::warn!(%call, %error, "a row of the call log cannot be read"),
                },
                None => deleted.extend(InviteId::new(call)),
            }
        }
        Ok((rows, deleted))
    }

    /// Stores what has changed together with the place in the user's log that they came from.
    pub(crate) fn store_log(
        &mut self,
        account: &mut Account,
        last_seq: u64,
        changes: &[Change],
    ) -> Result<(), ProfileError> {
        let change = self.db.transaction()?;
        for change_of_row in changes {
            match change_of_row {
                Change::Put(stored) => {
                    // Rows hold texts and numbers only: serialising cannot fail.
                    let json = serde_json::to_string(stored).unwrap_or_default();
                    // A row that the person has deleted stays deleted.
                    change.execute(
                        "INSERT INTO log (account, call_id, row) VALUES (?1, ?2, ?3)
                         ON CONFLICT (account, call_id) DO UPDATE SET row = excluded.row WHERE row IS NOT NULL",
                        params![account.id, stored.row.call_id.as_str(), json],
                    )?;
                }
                Change::Delete(call) => {
                    let sql = "DELETE FROM log WHERE account = ?1 AND call_id = ?2 AND row IS NOT NULL";
                    change.execute(sql, params![account.id, call.as_str()])?;
                }
            }
        }
        let seq = i64::try_from(last_seq).unwrap_or(i64::MAX);
        change.execute("UPDATE account SET last_seq = max(last_seq, ?2) WHERE id = ?1", params![account.id, seq])?;
        change.commit()?;
        account.last_seq = account.last_seq.max(last_seq);
        Ok(())
    }

    /// Deletes one row; its later news will be ignored.
    pub(crate) fn delete_row(&self, account: &Account, call: &InviteId) -> Result<(), ProfileError> {
        let sql = "UPDATE log SET row = NULL WHERE account = ?1 AND call_id = ?2";
        self.db.execute(sql, params![account.id, call.as_str()])?;
        Ok(())
    }

    /// Deletes all rows.
    pub(crate) fn clear_log(&self, account: &Account) -> Result<(), ProfileError> {
        self.db.execute("UPDATE log SET row = NULL WHERE account = ?1", params![account.id])?;
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ProfileError> {
        let sql = "SELECT value FROM kv WHERE key = ?1";
        let text: Option<String> = self.db.query_row(sql, params![key], |row| row.get(0)).optional()?;
        Ok(text.and_then(|text| {
            serde_json::from_str(&text)
                .inspect_err(|error| tracing::warn!(key, %error, "a stored value cannot be read; using the default"))
                .ok()
        }))
    }

    fn set<T: Serialize>(&self, key: &str, value: &T) -> Result<(), ProfileError> {
        put(&self.db, key, value)
    }
}

fn put<T: Serialize>(db: &Connection, key: &str, value: &T) -> Result<(), ProfileError> {
    // Plain data with string keys: serialising cannot fail.
    let text = serde_json::to_string(value).unwrap_or_default();
    let sql = "INSERT INTO kv (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute(sql, params![key, text])?;
    Ok(())
}

fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The folder in which profiles lie, as the system has it.
pub fn default_data_dir() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "ahoy").map(|dirs| dirs.data_local_dir().to_owned())
}

/// A profile's name made of a user identifier, which may hold characters that a folder's name may not.
pub fn name_for_user(prefix: &str, user: &UserId) -> String {
    let mut name = prefix.to_owned();
    for byte in user.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("_{byte:02x}"));
        }
    }
    name
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
