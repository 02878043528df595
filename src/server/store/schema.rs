//! Tables, and how an older database becomes the newest.

use std::{path::Path, time::Duration};

use rusqlite::Connection;

use super::{StoreError, StoreResult};

/// Each step leads from the format of its index to the next one. Never change a step that was released: add one.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE accounts (
        user          TEXT    NOT NULL PRIMARY KEY,
        display_name  TEXT    NOT NULL,
        folded        TEXT    NOT NULL,  -- identifier and name in lower case, for the search
        password_hash TEXT,              -- PHC string; NULL: only device tokens open the account
        created_ms    INTEGER NOT NULL,
        last_seq      INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE devices (
        device       TEXT    NOT NULL PRIMARY KEY,
        user         TEXT    NOT NULL REFERENCES accounts ON DELETE CASCADE,
        name         TEXT    NOT NULL,
        token_hash   BLOB    NOT NULL UNIQUE,  -- SHA-256
        created_ms   INTEGER NOT NULL,
        last_seen_ms INTEGER NOT NULL,
        acked_seq    INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX devices_by_user ON devices (user);

    CREATE TABLE groups (
        group_id   TEXT    NOT NULL PRIMARY KEY,
        kind       TEXT    NOT NULL CHECK (kind IN ('Work', 'Public', 'Meeting')),
        name       TEXT    NOT NULL,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE members (
        group_id TEXT    NOT NULL REFERENCES groups ON DELETE CASCADE,
        user     TEXT    NOT NULL REFERENCES accounts ON DELETE CASCADE,
        role     INTEGER NOT NULL CHECK (role BETWEEN 0 AND 2),  -- member, administrator, owner
        PRIMARY KEY (group_id, user)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX members_by_user ON members (user);

    -- An event, once, however many users' logs it stands in.
    CREATE TABLE messages (
        id      INTEGER NOT NULL PRIMARY KEY,
        time_ms INTEGER NOT NULL,
        opens   TEXT,                   -- the invitation that it begins
        frame   TEXT    NOT NULL        -- the notification as JSON
    ) STRICT;
    CREATE INDEX messages_by_invitation ON messages (opens) WHERE opens IS NOT NULL;
    CREATE INDEX messages_by_time ON messages (time_ms);

    CREATE TABLE user_log (
        user    TEXT    NOT NULL REFERENCES accounts ON DELETE CASCADE,
        seq     INTEGER NOT NULL,
        message INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
        PRIMARY KEY (user, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX user_log_by_message ON user_log (message, user);

    CREATE TABLE invitations (
        number     INTEGER NOT NULL PRIMARY KEY,
        id         TEXT    NOT NULL UNIQUE,
        inviter    TEXT    NOT NULL,
        device     TEXT    NOT NULL,
        group_id   TEXT,
        invitees   TEXT    NOT NULL,    -- JSON: [[user, part], ...]
        data       TEXT    NOT NULL,
        modified   INTEGER NOT NULL,
        timeout_s  INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,    -- wall clock: only used to find the age after a restart
        over       INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX invitations_open ON invitations (number) WHERE over = 0;
    CREATE INDEX invitations_over ON invitations (created_ms) WHERE over = 1;
",
    "
    ALTER TABLE accounts ADD COLUMN do_not_disturb INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE accounts ADD COLUMN schedule TEXT;  -- JSON; NULL: never set
",
    "
    CREATE TABLE favourites (
        user      TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        favourite TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
        PRIMARY KEY (user, favourite)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE groups ADD COLUMN introduction TEXT NOT NULL DEFAULT '';
    ALTER TABLE groups ADD COLUMN face_url     TEXT NOT NULL DEFAULT '';  -- of a picture; empty: none
    CREATE INDEX groups_by_face ON groups (face_url);

    -- Open ones only: a decision removes it.
    CREATE TABLE applications (
        number   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        group_id TEXT    NOT NULL REFERENCES groups ON DELETE CASCADE,
        user     TEXT    NOT NULL REFERENCES accounts ON DELETE CASCADE,
        message  TEXT    NOT NULL,
        time_ms  INTEGER NOT NULL,
        UNIQUE (group_id, user)
    ) STRICT;
    CREATE INDEX applications_by_user ON applications (user);

    CREATE TABLE pictures (
        number   INTEGER NOT NULL PRIMARY KEY,
        face_url TEXT    NOT NULL UNIQUE,
        user     TEXT    NOT NULL REFERENCES accounts ON DELETE CASCADE,  -- who left it here first
        data     BLOB    NOT NULL,
        left_ms  INTEGER NOT NULL                                         -- when it was left here last
    ) STRICT;
    CREATE INDEX pictures_by_user ON pictures (user);
",
    "
    -- Those that are over, with their reports.
    CREATE TABLE lessons (
        number     INTEGER NOT NULL PRIMARY KEY,
        group_id   TEXT    NOT NULL REFERENCES groups ON DELETE CASCADE,
        lesson     TEXT    NOT NULL,
        started_ms INTEGER NOT NULL,
        length_ms  INTEGER NOT NULL,
        people     INTEGER NOT NULL,
        rows       TEXT    NOT NULL,    -- JSON, ordered by user
        UNIQUE (group_id, lesson)
    ) STRICT;
",
];

/// Sets how the database works, and takes it for this process alone.
pub(super) fn prepare(db: &Connection) -> StoreResult<()> {
    db.busy_timeout(Duration::from_secs(2))?;
    db.set_prepared_statement_cache_capacity(64);
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON;")?;
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // Locks are taken at the first access.
    Ok(db.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT;")?)
}

/// Checks the file and brings it to the newest format.
pub(super) fn migrate(db: &Connection, path: &Path) -> StoreResult<()> {
    migrate_to(db, path, STEPS.len())
}

/// The same for a format that was the newest once.
pub(super) fn migrate_to(db: &Connection, path: &Path, known: usize) -> StoreResult<()> {
    let known = known as i64;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known || found < 0 {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged { path: path.to_owned(), detail: verdict });
    }
    for (step, sql) in STEPS.iter().enumerate().take(known as usize).skip(found as usize) {
        db.execute_batch(&format!("BEGIN; {sql}; PRAGMA user_version = {}; COMMIT;", step + 1))?;
    }
    Ok(())
}
