//! Where client devices reach a core device. V1 has the same list, so any thing may have one.

use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::error::Result;
use super::input::Input;
use super::store::State;
use crate::model::Operation;

pub fn get(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let endpoints: Option<String> = state
        .db
        .prepare_cached("SELECT endpoints FROM connectivity WHERE thing = ?1")?
        .query_row([input.required("thingName")?], |row| row.get(0))
        .optional()?;
    let endpoints = endpoints.map_or(Ok(json!([])), |endpoints| serde_json::from_str(&endpoints))?;
    Ok(json!({ "connectivityInfo": endpoints }))
}

/// The new list takes the place of the old one.
pub fn update(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let endpoints = input.get("connectivityInfo").cloned().unwrap_or_else(|| json!([]));
    state
        .db
        .prepare_cached("INSERT OR REPLACE INTO connectivity (thing, endpoints) VALUES (?1, ?2)")?
        .execute((input.required("thingName")?, endpoints.to_string()))?;
    Ok(json!({ "version": uuid::Uuid::new_v4().to_string() }))
}
