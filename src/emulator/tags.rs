//! Tags, of whatever has an ARN: component versions, deployments, core devices.

use serde_json::{Map, Value, json};

use super::arn::{PUBLIC, Resource};
use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::store::State;
use super::{components, core_devices, deployments};
use crate::model::Operation;

pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("resourceArn")?;
    must_exist(state, operation, arn)?;
    Ok(json!({ "tags": of(state, arn)? }))
}

pub fn tag(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("resourceArn")?;
    must_exist(state, operation, arn)?;
    put(state, arn, input)?;
    Ok(json!({}))
}

pub fn untag(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let arn = input.required("resourceArn")?;
    must_exist(state, operation, arn)?;
    let keys = input.get("tagKeys").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for key in keys {
        state.db.prepare_cached("DELETE FROM tag WHERE resource = ?1 AND key = ?2")?.execute((arn, key))?;
    }
    Ok(json!({}))
}

/// The tags of `arn`.
pub fn of(state: &State, arn: &str) -> Result<Map<String, Value>> {
    let mut query = state.db.prepare_cached("SELECT key, value FROM tag WHERE resource = ?1 ORDER BY key")?;
    let tags = query.query_map([arn], |row| Ok((row.get(0)?, Value::String(row.get(1)?))))?;
    Ok(tags.collect::<rusqlite::Result<_>>()?)
}

/// The most tags that one resource has, whatever the service.
const MOST: usize = 50;

/// Gives `arn` the `tags` of a request, if there are any.
pub fn put(state: &State, arn: &str, input: &Input) -> Result<()> {
    let tags = input.get("tags").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in tags {
        if key.starts_with("aws:") {
            return Err(ServiceError::validation(Reason::Other, format!("Tag key '{key}' begins with the reserved prefix aws:")));
        }
        state.db.prepare_cached("INSERT OR REPLACE INTO tag (resource, key, value) VALUES (?1, ?2, ?3)")?.execute((
            arn,
            key,
            value.as_str().unwrap_or_default(),
        ))?;
    }
    let count = of(state, arn)?.len();
    if count > MOST {
        let message = format!("The resource {arn} would have {count} tags; the limit is {MOST}");
        return Err(ServiceError::validation(Reason::Other, message));
    }
    Ok(())
}

/// Tags end with what they are on.
pub fn remove_all(state: &State, arn: &str) -> Result<()> {
    state.db.prepare_cached("DELETE FROM tag WHERE resource = ?1")?.execute([arn])?;
    Ok(())
}

fn must_exist(state: &State, operation: &Operation, arn: &str) -> Result<()> {
    match state.names.resource(arn) {
        Some(Resource::Component { namespace: PUBLIC, .. }) => {
            Err(ServiceError::not_authorized(state.caller, &operation.name, arn))
        }
        Some(Resource::Component { namespace, name, version: Some(version) }) => {
            components::must_exist(state, arn, namespace, name, version)
        }
        Some(Resource::Deployment(id)) => deployments::must_exist(state, arn, id),
        Some(Resource::CoreDevice(thing)) => core_devices::must_exist(state, arn, thing),
        _ => Err(ServiceError::not_found(format!("Resource ({arn}) does not exist"), arn, "resource")),
    }
}
