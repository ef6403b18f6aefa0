//! The cloud's time: that of this machine, and what its owner has moved it ahead.
//!
//! It is real until [`advance`] or [`settle`] moves it; how far it has been moved is kept in the store, so that a file
//! that is opened again goes on. It never stands still and is never moved back. What happens while it moves, happens in
//! order and each thing at its own time: see [`agenda`].

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use super::agenda;
use super::error::Result;
use super::store::{Millis, State};

/// How long things take, in milliseconds. Where that is no time, they happen within the request that causes them.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// A component stays REQUESTED, then INITIATED.
    pub component: [Millis; 2],
    /// A deployment stays QUEUED on a device, then IN_PROGRESS.
    pub deployment: [Millis; 2],
    /// From one report of an idle device to the next; above 0.
    pub report: Millis,
}

const DAY: Millis = 24 * 60 * 60 * 1000;

/// The most that the clock is moved at once and that anything may take: a hundred years.
pub const LIMIT: f64 = 3_155_760_000.0;

impl Default for Timings {
    fn default() -> Self {
        Self { component: [0; 2], deployment: [0; 2], report: DAY }
    }
}

/// `seconds` in milliseconds; None where that is no time, or more than [`LIMIT`].
pub fn millis(seconds: f64) -> Option<Millis> {
    #[allow(clippy::cast_possible_truncation)] // within the limit it fits
    (0.0..=LIMIT).contains(&seconds).then(|| (seconds * 1000.0).round() as Millis)
}

/// The cloud's time.
pub fn read(db: &Connection) -> rusqlite::Result<Millis> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let here = Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX);
    let ahead: Millis = db.prepare_cached("SELECT ahead FROM clock")?.query_row([], |row| row.get(0))?;
    Ok(here.saturating_add(ahead))
}

/// Moves the time `by` milliseconds, and lets happen what is due until then.
pub fn advance(state: &State, by: Millis) -> Result<()> {
    state.db.prepare_cached("UPDATE clock SET ahead = ahead + ?1")?.execute([by])?;
    agenda::run(&state.at(state.now + by))
}

/// Lets all that is under way come to its end, and moves the time as far as that takes.
///
/// Timeouts and daily reports are no reason to move it: they happen if their time comes on the way.
pub fn settle(state: &State) -> Result<()> {
    let mut now = state.now;
    while let Some(due) = agenda::next_awaited(state)? {
        let wait = (due - now).max(0);
        advance(&state.at(now), wait)?;
        now += wait;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_kept_to_the_millisecond() {
        assert_eq!([millis(0.0), millis(1.0005), millis(86400.0)], [Some(0), Some(1001), Some(DAY)]);
        for wrong in [-1.0, f64::NAN, f64::INFINITY, LIMIT * 2.0] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }
}
