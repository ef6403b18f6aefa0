//! Client devices: the things that may connect through a core device.

use serde_json::{Value, json};

use super::error::{Result, ServiceError};
use super::input::Input;
use super::page::Page;
use super::store::{Millis, State};
use super::{core_devices, things};
use crate::model::Operation;

/// One that is associated already keeps its time.
pub fn associate(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    each(state, input, |core, thing| {
        let query = "INSERT OR IGNORE INTO client_device (core, thing, associated) VALUES (?1, ?2, ?3)";
        state.db.prepare_cached(query)?.execute((core, thing, state.now))?;
        Ok(())
    })
}

/// One that is not associated is left as it is.
pub fn disassociate(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    each(state, input, |core, thing| {
        state.db.prepare_cached("DELETE FROM client_device WHERE core = ?1 AND thing = ?2")?.execute((core, thing))?;
        Ok(())
    })
}

/// Does `work` for every entry; what is wrong with one of them is told beside the others.
fn each(state: &State, input: &Input, work: impl Fn(&str, &str) -> Result<()>) -> Result<Value> {
    let core = input.required("coreDeviceThingName")?;
    core_devices::must_exist(state, core, core)?;
    let entries = input.get("entries").and_then(Value::as_array).into_iter().flatten();
    let mut errors = Vec::new();
    for thing in entries.filter_map(|entry| entry["thingName"].as_str()) {
        match refusal(state, thing)? {
            None => work(core, thing)?,
            Some(error) => errors.push(json!({ "thingName": thing, "code": error.code, "message": error.message })),
        }
    }
    Ok(json!({ "errorEntries": errors }))
}

fn refusal(state: &State, thing: &str) -> Result<Option<ServiceError>> {
    if !things::is_name(thing) {
        let message = format!("Thing name {thing} is not valid: use the characters a-z A-Z 0-9 : _ -");
        return Ok(Some(ServiceError::member("thingName", message, "Must be a thing name")));
    }
    let is_missing = state.rules.validate_targets && !things::exists(state, thing)?;
    Ok(is_missing.then(|| ServiceError::no_thing(thing)))
}

/// The last associated first.
pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let core = input.required("coreDeviceThingName")?;
    core_devices::must_exist(state, core, core)?;
    let mut query = state.db.prepare_cached(
        "SELECT seq, thing, associated FROM client_device WHERE core = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    let rows = query.query_map((core, page.after_number()?.unwrap_or(i64::MAX), page.limit()), |row| {
        let device = json!({ "thingName": row.get::<_, String>(1)?, "associationTimestamp": row.get::<_, Millis>(2)? });
        Ok((row.get::<_, i64>(0)?.to_string(), device))
    })?;
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}
