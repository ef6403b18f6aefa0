//! Delayed consistency: what the cloud was some time ago, for lists that lag behind.
//!
//! While a fault asks for it, copies of the database are kept in memory: one of each state that is not the present one
//! any more, as long as a list may still tell it. States that lasted shorter than an eighth of the lag share a copy, so
//! that there are few; a change is then told up to that much later, never earlier.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use super::store::Millis;

/// The states that were.
#[derive(Debug, Default)]
pub struct Past(Mutex<States>);

#[derive(Debug, Default)]
struct States {
    /// How far back lists look; 0 where none does, and nothing is kept.
    lag: Millis,
    /// Oldest first.
    copies: VecDeque<Copy>,
}

#[derive(Debug)]
struct Copy {
    made: Millis,
    /// The cloud was like this until then.
    until: Millis,
    /// How many changes the connection had made before.
    changes: u64,
    database: Connection,
}

/// How many copies share the time that a list may lag.
const STEPS: Millis = 8;

impl Past {
    /// From now on lists look back as far as `lag`.
    pub fn look_back(&self, lag: Millis) {
        let mut states = self.lock();
        states.lag = lag;
        if lag == 0 {
            states.copies.clear();
        }
    }

    /// Whether lists look back.
    pub fn is_kept(&self) -> bool {
        self.lock().lag > 0
    }

    /// Forgets the states of before a restoration.
    pub fn clear(&self) {
        self.lock().copies.clear();
    }

    /// Sees to it that the present state of `database` can be told after it has changed.
    pub fn keep(&self, database: &Connection, now: Millis) -> rusqlite::Result<()> {
        let mut states = self.lock();
        if states.lag == 0 {
            return Ok(());
        }
        let (lag, changes) = (states.lag, database.total_changes());
        states.copies.retain(|copy| copy.until >= now - lag);
        match states.copies.back_mut() {
            Some(last) if last.changes == changes || now - last.made < lag / STEPS => last.until = now,
            _ => {
                let copied = copy(database)?;
                states.copies.push_back(Copy { made: now, until: now, changes, database: copied });
            }
        }
        Ok(())
    }

    /// Runs `work` on the state at `time`, which must not be longer ago than the lag.
    ///
    /// None where nothing is kept of that time.
    pub fn at<T>(&self, time: Millis, work: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let mut states = self.lock();
        let found = states.copies.iter_mut().find(|copy| copy.until >= time)?;
        Some(work(&mut found.database))
    }

    fn lock(&self) -> MutexGuard<'_, States> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy of `database` in memory.
pub fn copy(database: &Connection) -> rusqlite::Result<Connection> {
    let mut copied = Connection::open_in_memory()?;
    overwrite(database, &mut copied)?;
    Ok(copied)
}

/// Makes `to` what `from` is, in one transaction.
pub fn overwrite(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    match Backup::new(from, to)?.step(-1)? {
        StepResult::Done => Ok(()),
        // someone else, who knows no lock of ours, is reading or writing one of them
        _ => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(past: &Past, time: Millis) -> Option<i64> {
        past.at(time, |database| database.query_row("SELECT max(n) FROM t", [], |row| row.get(0)).unwrap())
    }

    #[test]
    fn a_change_is_told_after_the_lag() {
        let database = Connection::open_in_memory().unwrap();
        database.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)").unwrap();
        let past = Past::default();
        past.keep(&database, 0).unwrap();
        assert_eq!(told(&past, 0), None);
        past.look_back(80);
        // a change at every tenth millisecond; each is seen by the next request
        for n in 1..=100 {
            past.keep(&database, n * 10).unwrap();
            database.execute("INSERT INTO t VALUES (?1)", [n]).unwrap();
            past.keep(&database, n * 10 + 1).unwrap();
            let time = n * 10 + 1 - 80;
            let seen = told(&past, time).unwrap();
            // never early, and late by no more than an eighth
            assert!(seen <= (time / 10).max(0), "{seen} at {time}");
            assert!(seen >= (time - 11) / 10 - 1, "{seen} at {time}");
        }
        assert!(past.0.lock().unwrap().copies.len() <= 20);
        // nothing changes: the last change is told when its time has come
        past.keep(&database, 1_081).unwrap();
        past.keep(&database, 1_200).unwrap();
        assert_eq!(told(&past, 1_120), Some(100));
    }
}
