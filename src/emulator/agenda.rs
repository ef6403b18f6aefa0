//! What will happen: events with the time at which they are due.
//!
//! Every request, and every move of the clock, first lets happen what has become due, the earliest first, each event at
//! its own time, which is then the time of all that it changes. What an event leads to is on the agenda in its turn. So
//! the same requests at the same times make the same history, and no thread has to wait for anything.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::core_devices::{self, Registration};
use super::error::Result;
use super::store::{Millis, State};
use super::{components, devices, rollout};

/// One event. Numbers are those of deployments. The devices that it is about are those whose execution, or rhythm, names
/// the event.
#[derive(Debug, Serialize, Deserialize)]
pub enum Event {
    /// A version of a component of the account goes on to its next state.
    Component { name: String, version: String, created: Millis },
    /// A rollout reaches more devices.
    Wave(i64),
    /// Devices begin a deployment that they have queued.
    Begin(i64),
    /// Devices end a deployment that they have in progress.
    Finish(i64),
    /// A deployment has been in progress for too long where it has not ended yet.
    TimeOut(i64),
    /// The daily report.
    Report,
    /// The report of a core device that was deleted, whose nucleus goes on.
    Return(Registration),
}

impl Event {
    /// Whether something is under way until it has happened.
    fn is_awaited(&self) -> bool {
        !matches!(self, Self::TimeOut(_) | Self::Report | Self::Return(_))
    }
}

/// Puts `event` on the agenda, `delay` milliseconds from now. Answers its id.
pub fn schedule(state: &State, delay: Millis, event: &Event) -> Result<i64> {
    state.db.prepare_cached("INSERT INTO agenda (due, awaited, event) VALUES (?1, ?2, ?3)")?.execute((
        state.now + delay,
        event.is_awaited(),
        serde_json::to_string(event)?,
    ))?;
    Ok(state.db.last_insert_rowid())
}

/// Takes an event off the agenda.
pub fn strike(state: &State, id: i64) -> Result<()> {
    state.db.prepare_cached("DELETE FROM agenda WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Lets happen what is due.
pub fn run(state: &State) -> Result<()> {
    while let Some((id, due, event)) = next(state)? {
        strike(state, id)?;
        happen(&state.at(due), id, serde_json::from_str(&event)?, state.now)?;
    }
    Ok(())
}

/// When the next event is due that something waits for.
pub fn next_awaited(state: &State) -> Result<Option<Millis>> {
    Ok(state.db.prepare_cached("SELECT min(due) FROM agenda WHERE awaited")?.query_row([], |row| row.get(0))?)
}

fn next(state: &State) -> Result<Option<(i64, Millis, String)>> {
    Ok(state
        .db
        .prepare_cached("SELECT id, due, event FROM agenda WHERE due <= ?1 ORDER BY due, id LIMIT 1")?
        .query_row([state.now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?)
}

/// `state` has the time of the event; the clock stands at `now`.
fn happen(state: &State, id: i64, event: Event, now: Millis) -> Result<()> {
    match event {
        Event::Component { name, version, created } => components::proceed(state, &name, &version, created),
        Event::Wave(deployment) => rollout::wave(state, deployment),
        Event::Begin(deployment) => devices::begin(state, id, deployment),
        Event::Finish(deployment) => devices::finish(state, id, deployment),
        Event::TimeOut(deployment) => devices::time_out(state, deployment),
        Event::Report => devices::report_daily(state, id, now),
        Event::Return(registration) => core_devices::come_back(state, &registration),
    }
}
