//! The server's database: one SQLite file.
//!
//! What lives here: tables, migrations, and one function per question or change. What may not come in: rules. Nothing
//! is decided here, and no other module of the server writes SQL.
//!
//! Only the core's thread uses the store. It keeps everything in write-ahead mode with full synchronisation: what was
//! committed survives `kill -9` and a power cut. The file is locked for this process, so that two servers never share
//! one data folder.

mod accounts;
mod applications;
mod favourites;
mod groups;
mod invitations;
mod lessons;
mod log;
mod pictures;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

pub(crate) use accounts::NewDevice;
pub(crate) use groups::Group;
pub(crate) use log::{LogEntry, Message};

/// Name of the database in the data folder.
pub(crate) const FILE_NAME: &str = "ahoy.sqlite3";
/// How many events of a user are kept.
pub(crate) const EVENTS_PER_USER: u64 = 10_000;
/// How long events and invitations that are over are kept, ms (30 days).
pub(crate) const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder cannot be made.
    #[error("the data folder {path} cannot be made: {source}; choose another one or fix its permissions")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("the database {path} is in use by another server; stop that one, or choose another data folder")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a database, or it is damaged.
    #[error("the database {path} is damaged ({detail}); restore a backup, or move the file away to begin anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// A newer version of the program wrote it.
    #[error("the database {path} has format {found}, this version knows {known}; use the newer version of the program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: i64,
        /// The newest format that this version knows.
        known: i64,
    },
    /// A statement failed: the disk is full, or gone.
    #[error("the database refused: {0}")]
    Sql(#[from] rusqlite::Error),
    /// Something in it is not what this program writes.
    #[error("the database holds an unreadable {what}")]
    Unreadable {
        /// What was to be read.
        what: &'static str,
    },
}

/// What a store function gives.
pub(crate) type StoreResult<T> = Result<T, StoreError>;

/// The open database.
#[derive(Debug)]
pub(crate) struct Store {
    db: Connection,
}

impl Store {
    /// Opens the database in a folder; makes both if missing.
    pub(crate) fn open(folder: &Path) -> StoreResult<Self> {
        std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        let path = folder.join(FILE_NAME);
        let db = Connection::open(&path)?;
        restrict(&path);
        schema::prepare(&db).and_then(|()| schema::migrate(&db, &path)).map_err(|error| explain(error, &path))?;
        Ok(Self { db })
    }

    /// Begins the transaction of a batch.
    pub(crate) fn begin(&self) -> StoreResult<()> {
        Ok(self.db.execute_batch("BEGIN")?)
    }

    /// Ends it: everything is on disk.
    pub(crate) fn commit(&self) -> StoreResult<()> {
        Ok(self.db.execute_batch("COMMIT")?)
    }

    /// Ends it: nothing of it happened. SQLite may have done so by itself after an error.
    pub(crate) fn rollback(&self) {
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rolling back failed");
        }
    }

    /// Begins one input within the batch.
    pub(crate) fn savepoint(&self) -> StoreResult<()> {
        Ok(self.db.execute_batch("SAVEPOINT input")?)
    }

    /// Ends the input; it stays part of the batch.
    pub(crate) fn release(&self) -> StoreResult<()> {
        Ok(self.db.execute_batch("RELEASE input")?)
    }

    /// Ends the input; nothing of it happened.
    pub(crate) fn rollback_input(&self) -> StoreResult<()> {
        Ok(self.db.execute_batch("ROLLBACK TO input; RELEASE input")?)
    }

    /// Whether the batch's transaction is alive: after some errors SQLite ends it by itself.
    pub(crate) fn in_transaction(&self) -> bool {
        !self.db.is_autocommit()
    }

    /// How many rows have ever been changed: whether something was written in between.
    pub(crate) fn changes(&self) -> u64 {
        self.db.total_changes()
    }

    /// Forgets what is older than its time.
    pub(crate) fn sweep(&self, wall_ms: i64) -> StoreResult<()> {
        self.sweep_log(wall_ms)?;
        self.sweep_invitations(wall_ms)?;
        self.sweep_pictures(wall_ms)
    }
}

#[cfg(test)]
impl Store {
    /// From now on, nothing can be written (or again).
    pub(crate) fn refuse_writes(&self, refuse: bool) {
        self.db.pragma_update(None, "query_only", refuse).expect("a pragma");
    }

    /// Runs SQL of a test.
    pub(crate) fn execute(&self, sql: &str) {
        self.db.execute_batch(sql).expect("a statement of the test");
    }
}

/// Password hashes and token hashes are for the server's user alone.
fn restrict(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)) {
            tracing::warn!(%error, "the database's permissions could not be narrowed");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Turns what SQLite says when opening into what the reader can do about it.
fn explain(error: StoreError, path: &Path) -> StoreError {
    let StoreError::Sql(rusqlite::Error::SqliteFailure(failure, detail)) = error else { return error };
    let path = path.to_owned();
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::InUse { path },
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
            StoreError::Damaged { path, detail: detail.unwrap_or_else(|| failure.to_string()) }
        }
        _ => StoreError::Sql(rusqlite::Error::SqliteFailure(failure, detail)),
    }
}

/// SQLite's integers are signed; ours fit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
