//! The state of the cloud: one SQLite database, in memory or in a file, and one transaction a request.
//!
//! A file is whole after the end of its process at any moment: it keeps a write-ahead log, and what was answered is in it.
//! One emulator at a time has it. Times are milliseconds since 1970. Nothing of a deployment is ever removed from its table: devices go on running
//! what a deleted deployment brought, and its revision number is not given again.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, TransactionState};

use super::arn::Names;
use super::bucket::Bucket;
use super::catalogue;
use super::clock::{self, Timings};
use super::cloud::Setting;
use super::lock::Lock;
use super::options::Rules;
use super::past::{self, Past};

/// Counted up when the tables change.
const SCHEMA_VERSION: i64 = 8;

const SCHEMA: &str = "
-- Whose cloud it is: one row.
CREATE TABLE owner (account TEXT NOT NULL, region TEXT NOT NULL);

CREATE TABLE component_version (
    namespace TEXT NOT NULL, -- an account id, or `aws`
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    created INTEGER NOT NULL,
    state TEXT NOT NULL, -- REQUESTED, INITIATED, DEPLOYABLE, FAILED
    errors TEXT NOT NULL DEFAULT '{}', -- JSON: texts by artifact, of a version that FAILED
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
    ended INTEGER, -- when it stopped to be ACTIVE
    job TEXT,
    next_wave INTEGER NOT NULL DEFAULT 0, -- before this time a rollout with a rate reaches no more devices
    document TEXT NOT NULL, -- JSON: components and policies, as they were sent
    UNIQUE (target, revision)
);
CREATE INDEX deployment_parent ON deployment (parent) WHERE parent IS NOT NULL;
CREATE INDEX deployment_latest ON deployment (seq) WHERE latest AND NOT deleted;
CREATE INDEX deployment_latest_of ON deployment (target, seq) WHERE latest AND NOT deleted;
CREATE INDEX deployment_job ON deployment (job) WHERE job IS NOT NULL;

CREATE TABLE thing (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    attributes TEXT NOT NULL, -- a JSON object
    kind TEXT, -- its thing type
    billing_group TEXT,
    version INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE thing_group (
    name TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    parent TEXT REFERENCES thing_group,
    properties TEXT NOT NULL, -- JSON, as DescribeThingGroup tells them
    created INTEGER NOT NULL,
    version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX thing_group_parent ON thing_group (parent);

-- Whom a group addresses: the things in it and those in the groups below it.
CREATE TABLE member (
    thing_group TEXT NOT NULL,
    thing TEXT NOT NULL,
    direct INTEGER NOT NULL, -- whether the thing is in the group itself
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
    updated INTEGER NOT NULL, -- the last report
    software INTEGER NOT NULL REFERENCES software,
    silent INTEGER NOT NULL DEFAULT FALSE, -- it neither hears nor reports
    rhythm INTEGER NOT NULL, -- the event of the agenda that is its next daily report
    summary TEXT NOT NULL AS (json_object( -- its row of ListCoreDevices, so that a page is read as it is written
        'coreDeviceThingName', name, 'status', status,
        'lastStatusUpdateTimestamp', json(printf('%d.%03d', updated / 1000, updated % 1000)),
        'platform', platform, 'architecture', architecture, 'runtime', runtime
    )) STORED
) WITHOUT ROWID;
CREATE INDEX core_device_status ON core_device (status, name);
CREATE INDEX core_device_runtime ON core_device (runtime, name);
CREATE INDEX core_device_software ON core_device (software);
CREATE INDEX core_device_rhythm ON core_device (rhythm);

-- What a device runs, kept once for all that run the same.
CREATE TABLE software (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    components TEXT NOT NULL -- JSON: a list of `devices::software::Component`
);

-- What became of the last deployment of a target on a device.
CREATE TABLE execution (
    device TEXT NOT NULL REFERENCES core_device ON DELETE CASCADE,
    target TEXT NOT NULL,
    deployment INTEGER NOT NULL REFERENCES deployment,
    applied INTEGER REFERENCES deployment, -- the last one whose components became roots of the device
    succeeded INTEGER NOT NULL DEFAULT FALSE, -- whether one of the target ever has
    has_left INTEGER NOT NULL DEFAULT FALSE, -- whether the device was taken out of the target since it was queued
    status TEXT NOT NULL,
    reason TEXT,
    details TEXT, -- JSON: statusDetails
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    modified INTEGER NOT NULL, -- for one that has ended, its end
    event INTEGER, -- of the agenda, which takes it further; NULL where its device is silent, and after its end
    PRIMARY KEY (device, target)
) WITHOUT ROWID;
CREATE INDEX execution_succeeded ON execution (target, device) WHERE succeeded;
CREATE INDEX execution_deployment ON execution (deployment, status);
CREATE INDEX execution_event ON execution (event) WHERE event IS NOT NULL;

-- Executions of jobs that have no row above any more: another revision, or the end of the device, took it.
CREATE TABLE past_execution (
    device TEXT NOT NULL,
    deployment INTEGER NOT NULL REFERENCES deployment,
    status TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    modified INTEGER NOT NULL,
    PRIMARY KEY (device, deployment)
) WITHOUT ROWID;
CREATE INDEX past_execution_deployment ON past_execution (deployment, status);

-- One of a device and a deployment, those of things included.
CREATE VIEW any_execution AS
    SELECT device, deployment, status, queued_at, started_at, modified FROM execution
    UNION ALL SELECT device, deployment, status, queued_at, started_at, modified FROM past_execution;

-- How far the cloud is ahead of this machine's time: one row.
CREATE TABLE clock (ahead INTEGER NOT NULL);
INSERT INTO clock VALUES (0);

-- What will happen.
CREATE TABLE agenda (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due INTEGER NOT NULL,
    awaited INTEGER NOT NULL, -- whether nothing is settled before it
    event TEXT NOT NULL -- JSON: an `agenda::Event`
);
CREATE INDEX agenda_due ON agenda (due);
CREATE INDEX agenda_awaited ON agenda (due) WHERE awaited;

-- What shall go wrong.
CREATE TABLE failure (
    id INTEGER PRIMARY KEY,
    script TEXT NOT NULL -- JSON: a `failures::Script`
);

CREATE TABLE client_device (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    core TEXT NOT NULL REFERENCES core_device ON DELETE CASCADE,
    thing TEXT NOT NULL,
    associated INTEGER NOT NULL,
    UNIQUE (core, thing)
);

CREATE TABLE connectivity (
    thing TEXT PRIMARY KEY,
    endpoints TEXT NOT NULL -- JSON, as GetConnectivityInfo tells them
) WITHOUT ROWID;

CREATE TABLE service_role (
    one INTEGER PRIMARY KEY CHECK (one),
    arn TEXT NOT NULL,
    associated INTEGER NOT NULL
);

CREATE TABLE artifact (
    place TEXT PRIMARY KEY, -- `artifacts::place`
    content BLOB NOT NULL
);

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
    past: Past,
    /// Of a file. It is let go last.
    _lock: Option<Lock>,
}

/// What one request sees of the cloud: its transaction, its time, the names of things, and who asks.
pub struct State<'s> {
    pub db: &'s Connection,
    pub names: &'s Names,
    pub timings: &'s Timings,
    pub rules: Rules,
    pub bucket: &'s Bucket,
    pub now: Millis,
    /// An ARN; empty where no request is at work.
    pub caller: &'s str,
}

impl State<'_> {
    /// The same at another time.
    pub fn at(&self, now: Millis) -> Self {
        Self { now, ..*self }
    }
}

impl Store {
    /// Opens the database in `file`, or a new one in memory.
    pub fn open(file: Option<&Path>, names: &Names) -> Result<Self, StoreError> {
        let problem = |detail| StoreError::new(file, detail);
        let unusable = |error: rusqlite::Error| problem(error.to_string());
        let lock = file.map(Lock::take).transpose().map_err(problem)?;
        let mut connection = match file {
            Some(file) => Connection::open(file),
            None => Connection::open_in_memory(),
        }
        .map_err(unusable)?;
        prepare(&connection).map_err(unusable)?;
        match layout(&connection).map_err(unusable)? {
            SCHEMA_VERSION => check_owner(&connection, names).map_err(unusable)?.map_err(problem)?,
            0 => create(&mut connection, names).map_err(unusable)?,
            other => {
                return Err(problem(format!("its layout has version {other}, not {SCHEMA_VERSION}; begin with a new file")));
            }
        }
        Ok(Self { connection: Mutex::new(connection), past: Past::default(), _lock: lock })
    }

    /// Writes the present state to `file`, which is then a store of its own; what `file` held is gone.
    pub fn snapshot(&self, file: &Path) -> Result<(), StoreError> {
        let problem = |detail| StoreError::new(Some(file), detail);
        let _lock = Lock::take(file).map_err(problem)?;
        let written = Connection::open(file).and_then(|mut copy| past::overwrite(&*self.idle()?, &mut copy));
        written.map_err(|error| problem(error.to_string()))
    }

    /// Goes back to the state of a snapshot; without one, to that of a new store.
    pub fn restore(&self, snapshot: Option<&Path>, names: &Names) -> Result<(), StoreError> {
        let problem = |detail| StoreError::new(snapshot, detail);
        let unusable = |error: rusqlite::Error| problem(error.to_string());
        // one that ended by force may have a log, which is to be written into it
        let source = match snapshot {
            Some(file) => Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE),
            None => pristine(names),
        }
        .map_err(unusable)?;
        let version = layout(&source).map_err(unusable)?;
        if version != SCHEMA_VERSION {
            return Err(problem(format!("its layout has version {version}, not {SCHEMA_VERSION}: it is no snapshot")));
        }
        check_owner(&source, names).map_err(unusable)?.map_err(problem)?;
        self.past.clear();
        self.idle().and_then(|mut connection| past::overwrite(&source, &mut connection)).map_err(unusable)
    }

    /// From now on [`transact_past`](Self::transact_past) may look back as far as `lag`; 0 for never.
    pub fn look_back(&self, lag: Millis) {
        self.past.look_back(lag);
    }

    /// Runs `work` in one transaction, which holds where `work` succeeds and leaves no trace where it does not.
    ///
    /// `behavior`: immediate for what writes; deferred for what only reads, so that no other server of the file waits.
    pub fn transact<T, E: From<rusqlite::Error>>(
        &self,
        setting: &Setting,
        behavior: TransactionBehavior,
        work: impl FnOnce(&State) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.connection();
        if self.past.is_kept() {
            Transaction::end(&connection)?; // in which SQLite makes no copies
            self.past.keep(&connection, clock::read(&connection)?)?;
        }
        let transaction = Transaction::begin(&connection, behavior)?;
        let done = work(&setting.state(&connection, clock::read(&connection)?))?;
        transaction.commit()?;
        Ok(done)
    }

    /// Runs `work` on the state of `lag` ago, to read from; None where that is not kept.
    pub fn transact_past<T, E: From<rusqlite::Error>>(
        &self,
        setting: &Setting,
        lag: Millis,
        work: impl FnOnce(&State) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let now = match clock::read(&self.connection()) {
            Ok(now) => now,
            Err(error) => return Some(Err(error.into())),
        };
        self.past.at(now - lag, |database| {
            let db = database.transaction()?;
            work(&setting.state(&db, now))
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held has rolled its transaction back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, in no transaction.
    fn idle(&self) -> rusqlite::Result<MutexGuard<'_, Connection>> {
        let connection = self.connection();
        Transaction::end(&connection)?;
        Ok(connection)
    }
}

/// A transaction, which is rolled back unless it is committed. As rusqlite's, but that its statements are prepared once,
/// and that one which has only read goes on in the next: as nobody else writes, it sees the same, and asks for no locks.
struct Transaction<'c> {
    connection: &'c Connection,
    is_over: bool,
}

impl<'c> Transaction<'c> {
    fn begin(connection: &'c Connection, behavior: TransactionBehavior) -> rusqlite::Result<Self> {
        if !matches!(behavior, TransactionBehavior::Deferred) {
            Self::end(connection)?;
            connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        } else if connection.is_autocommit() {
            connection.prepare_cached("BEGIN")?.execute([])?;
        }
        Ok(Self { connection, is_over: false })
    }

    fn commit(mut self) -> rusqlite::Result<()> {
        if self.connection.transaction_state::<&str>(None)? == TransactionState::Write {
            Self::end(self.connection)?;
        }
        self.is_over = true;
        Ok(())
    }

    /// Of whatever transaction the connection is in.
    fn end(connection: &Connection) -> rusqlite::Result<()> {
        if !connection.is_autocommit() {
            connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.is_over && !self.connection.is_autocommit() {
            // where that fails, the next one cannot begin and says so
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

/// Settings of a connection. What is read again and again stays in memory: 64 MiB, most of a hundred thousand devices.
/// The pages are large, so that a list of a hundred devices is on three of them, and not on ten that are looked up.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    // statements are planned once, not again for every value of a parameter
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536;",
    )
}

/// The version of the tables; 0 for none.
fn layout(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// A store is of one account and Region: its ARNs name them.
fn check_owner(connection: &Connection, names: &Names) -> rusqlite::Result<Result<(), String>> {
    let owner = connection.query_row("SELECT account, region FROM owner", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let here: (String, String) = (names.account.clone(), names.region.clone());
    if owner == here {
        return Ok(Ok(()));
    }
    let [kept, started] = [owner, here].map(|(account, region)| format!("account {account} and Region {region}"));
    Ok(Err(format!("it is of {kept}, the emulator of {started}; start the emulator for the former, or name another file")))
}

/// A new database in memory.
fn pristine(names: &Names) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    prepare(&connection)?; // copies want pages of one size
    create(&mut connection, names)?;
    Ok(connection)
}

fn create(connection: &mut Connection, names: &Names) -> rusqlite::Result<()> {
    let db = connection.transaction()?;
    db.execute_batch(SCHEMA)?;
    db.execute("INSERT INTO owner (account, region) VALUES (?1, ?2)", (&names.account, &names.region))?;
    catalogue::publish(&db, names, clock::read(&db)?)?;
    db.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    db.commit()
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the store {place} cannot be used: {detail}")]
pub struct StoreError {
    pub place: String,
    pub detail: String,
}

impl StoreError {
    fn new(file: Option<&Path>, detail: String) -> Self {
        Self { place: file.map_or("memory".into(), |file| file.display().to_string()), detail }
    }
}
