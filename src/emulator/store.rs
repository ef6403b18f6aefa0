//! The state of the cloud: one SQLite database, in memory or in a file, and one transaction a request.
//!
//! Times are milliseconds since 1970. Nothing of a deployment is ever removed from its table: devices go on running
//! what a deleted deployment brought, and its revision number is not given again.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::arn::Names;
use super::catalogue;

/// Counted up when the tables change.
const SCHEMA_VERSION: i64 = 2;

const SCHEMA: &str = "
CREATE TABLE component_version (
    namespace TEXT NOT NULL, -- an account id, or `aws`
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    created INTEGER NOT NULL,
    description TEXT,
    publisher TEXT,
    platforms TEXT NOT NULL, -- JSON, as DescribeComponent tells them
    recipe BLOB NOT NULL, -- as it was sent
    PRIMARY KEY (namespace, name, version)
) WITHOUT ROWID;

CREATE TABLE deployment (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    target TEXT NOT NULL, -- ARN of a thing or a thing group
    revision INTEGER NOT NULL,
    parent TEXT,
    name TEXT,
    status TEXT NOT NULL,
    latest INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    job TEXT,
    document TEXT NOT NULL, -- JSON: components and policies, as they were sent
    UNIQUE (target, revision)
);
CREATE INDEX deployment_parent ON deployment (parent) WHERE parent IS NOT NULL;

CREATE TABLE member (
    thing_group TEXT NOT NULL,
    thing TEXT NOT NULL,
    PRIMARY KEY (thing_group, thing)
) WITHOUT ROWID;
CREATE INDEX member_thing ON member (thing);

CREATE TABLE core_device (
    name TEXT PRIMARY KEY, -- of its thing
    platform TEXT NOT NULL,
    architecture TEXT NOT NULL,
    runtime TEXT NOT NULL,
    nucleus_version TEXT NOT NULL,
    status TEXT NOT NULL,
    updated INTEGER NOT NULL -- the last report
) WITHOUT ROWID;
CREATE INDEX core_device_status ON core_device (status, name);
CREATE INDEX core_device_runtime ON core_device (runtime, name);

CREATE TABLE installed (
    device TEXT NOT NULL REFERENCES core_device ON DELETE CASCADE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    root INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    source TEXT NOT NULL, -- a deployment id, or LOCAL
    PRIMARY KEY (device, name)
) WITHOUT ROWID;

-- What became of the last deployment of a target on a device.
CREATE TABLE execution (
    device TEXT NOT NULL REFERENCES core_device ON DELETE CASCADE,
    target TEXT NOT NULL,
    deployment INTEGER NOT NULL REFERENCES deployment,
    applied INTEGER REFERENCES deployment, -- the last one that succeeded: its components are the device's roots
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    details TEXT, -- JSON: statusDetails
    modified INTEGER NOT NULL,
    PRIMARY KEY (device, target)
) WITHOUT ROWID;
CREATE INDEX execution_applied ON execution (target, device) WHERE applied IS NOT NULL;

CREATE TABLE tag (
    resource TEXT NOT NULL, -- ARN
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, key)
) WITHOUT ROWID;

-- Answers to requests with a client token.
CREATE TABLE reply (
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    request BLOB NOT NULL, -- its digest
    answer TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (operation, token)
) WITHOUT ROWID;
CREATE INDEX reply_created ON reply (created);
";

/// Milliseconds since 1970.
pub type Millis = i64;

#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
}

/// What one request sees of the cloud: its transaction, its time, the names of things, and who asks.
pub struct State<'s> {
    pub db: &'s Transaction<'s>,
    pub names: &'s Names,
    pub now: Millis,
    /// An ARN; empty where no request is at work.
    pub caller: &'s str,
}

impl Store {
    /// Opens the database in `file`, or a new one in memory.
    pub fn open(file: Option<&Path>, names: &Names) -> Result<Self, StoreError> {
        let problem =
            |detail: String| StoreError { place: file.map_or("memory".into(), |file| file.display().to_string()), detail };
        let unusable = |error: rusqlite::Error| problem(error.to_string());
        let mut connection = match file {
            Some(file) => Connection::open(file),
            None => Connection::open_in_memory(),
        }
        .map_err(unusable)?;
        connection.set_prepared_statement_cache_capacity(128);
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
            .map_err(unusable)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(unusable)?;
        match version {
            SCHEMA_VERSION => {}
            0 => create(&mut connection, names).map_err(unusable)?,
            other => {
                return Err(problem(format!("its layout has version {other}, not {SCHEMA_VERSION}; begin with a new file")));
            }
        }
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Runs `work` in one transaction, which holds where `work` succeeds and leaves no trace where it does not.
    ///
    /// `behavior`: immediate for what writes; deferred for what only reads, so that no other server of the file waits.
    pub fn transact<T, E: From<rusqlite::Error>>(
        &self,
        names: &Names,
        behavior: TransactionBehavior,
        work: impl FnOnce(&State) -> Result<T, E>,
    ) -> Result<T, E> {
        // A panic while the lock was held has rolled its transaction back.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let db = connection.transaction_with_behavior(behavior)?;
        let done = work(&State { db: &db, names, now: now(), caller: "" })?;
        db.commit()?;
        Ok(done)
    }
}

fn create(connection: &mut Connection, names: &Names) -> rusqlite::Result<()> {
    let db = connection.transaction()?;
    db.execute_batch(SCHEMA)?;
    catalogue::publish(&State { db: &db, names, now: now(), caller: "" })?;
    db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    db.commit()
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the store {place} cannot be used: {detail}")]
pub struct StoreError {
    pub place: String,
    pub detail: String,
}
