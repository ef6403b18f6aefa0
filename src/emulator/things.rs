//! Things of the registry, of which core devices and client devices are some.
//!
//! Greengrass takes names of things that the registry does not know, unless [`Rules`](super::Rules) say otherwise.

use rusqlite::{OptionalExtension, Row};
use serde_json::{Map, Value, json};

use super::arn::Target;
use super::error::{Result, ServiceError};
use super::input::Input;
use super::page::{Filters, Page};
use super::store::State;
use super::{jobs, thing_groups};
use crate::model::Operation;

struct Thing {
    name: String,
    id: String,
    attributes: Map<String, Value>,
    kind: Option<String>,
    billing_group: Option<String>,
    version: i64,
}

/// The same thing again is taken; with other settings it is refused.
pub fn create(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let name = input.required("thingName")?;
    let thing = Thing {
        name: name.into(),
        id: uuid::Uuid::new_v4().to_string(),
        attributes: merged(Map::new(), &input.get("attributePayload").cloned().unwrap_or_default()),
        kind: input.text("thingTypeName").map(Into::into),
        billing_group: input.text("billingGroupName").map(Into::into),
        version: 1,
    };
    let thing = match search(state, name)? {
        None => {
            thing.save(state)?;
            thing
        }
        Some(known) => {
            let settings = |thing: &Thing| (thing.attributes.clone(), thing.kind.clone(), thing.billing_group.clone());
            if settings(&known) != settings(&thing) {
                return Err(ServiceError::already_exists("Thing", name, &state.names.target(Target::Thing(name))));
            }
            known
        }
    };
    Ok(json!({ "thingName": name, "thingArn": state.names.target(Target::Thing(name)), "thingId": thing.id }))
}

/// Makes the thing of a core device, where there is none.
pub fn register(state: &State, name: &str) -> Result<()> {
    let query = "INSERT OR IGNORE INTO thing (name, id, attributes, version) VALUES (?1, ?2, '{}', 1)";
    state.db.prepare_cached(query)?.execute((name, uuid::Uuid::new_v4().to_string()))?;
    Ok(())
}

pub fn describe(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let thing = find(state, input.required("thingName")?)?;
    let mut answer = thing.told(state);
    answer["defaultClientId"] = thing.name.into();
    answer["thingId"] = thing.id.into();
    answer["billingGroupName"] = thing.billing_group.into();
    Ok(answer)
}

pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let mut filters = Filters::default();
    filters.add_given("kind = ?", input.text("thingTypeName"));
    // an attribute as one text, since its name holds no `=`
    let attribute = |condition: &str| format!("EXISTS (SELECT 1 FROM json_each(attributes) WHERE {condition})");
    match (input.text("attributeName"), input.text("attributeValue")) {
        (Some(name), Some(value)) => {
            let is_prefix = input.get("usePrefixAttributeValue") == Some(&Value::Bool(true));
            let condition = if is_prefix { "instr(key || '=' || value, ?) = 1" } else { "key || '=' || value = ?" };
            filters.add(&attribute(condition), &format!("{name}={value}"));
        }
        (Some(name), None) => filters.add(&attribute("key = ?"), name),
        (None, Some(_)) => {
            let message = "attributeValue needs attributeName";
            return Err(ServiceError::member("attributeValue", message, "Must come with attributeName"));
        }
        (None, None) => {}
    }
    let query = format!("SELECT {COLUMNS} FROM thing WHERE {filters} name > ? ORDER BY name LIMIT ?");
    let mut query = state.db.prepare_cached(&query)?;
    let things = query.query_map(filters.with(page.after.clone().unwrap_or_default(), page.limit()), Thing::read)?;
    let rows = things.map(|thing| thing.map(|thing| (thing.name.clone(), thing.told(state))));
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}

pub fn update(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let mut thing = find(state, input.required("thingName")?)?;
    check_version("Thing", &thing.name, thing.version, input)?;
    if let Some(payload) = input.get("attributePayload") {
        thing.attributes = merged(thing.attributes, payload);
    }
    if input.get("removeThingType") == Some(&Value::Bool(true)) {
        thing.kind = None;
    } else if let Some(kind) = input.text("thingTypeName") {
        thing.kind = Some(kind.into());
    }
    thing.version += 1;
    thing.save(state)?;
    Ok(json!({}))
}

/// Its core device goes on: Greengrass knows it by name.
pub fn delete(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let name = input.required("thingName")?;
    let Some(thing) = search(state, name)? else { return Ok(json!({})) };
    check_version("Thing", name, thing.version, input)?;
    for group in thing_groups::of(state, name)? {
        thing_groups::leave(state, &group, name)?;
    }
    state.db.prepare_cached("DELETE FROM thing WHERE name = ?1")?.execute([name])?;
    Ok(json!({}))
}

pub fn list_groups(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let thing = find(state, input.required("thingName")?)?;
    let mut groups = thing_groups::of(state, &thing.name)?;
    groups.retain(|group| page.after.as_ref().is_none_or(|after| group > after));
    groups.truncate(page.size + 1);
    Ok(page.answer(groups.into_iter().map(|group| (group.clone(), thing_groups::told(state, &group))).collect()))
}

pub fn list_job_executions(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let thing = find(state, input.required("thingName")?)?;
    jobs::executions_of_thing(state, operation, input, &thing.name)
}

pub fn exists(state: &State, name: &str) -> Result<bool> {
    Ok(search(state, name)?.is_some())
}

/// What the registry takes for a name, of a thing or of a thing group.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ":_-".contains(c))
}

/// Refuses a change that was meant for another version.
pub fn check_version(what: &str, name: &str, version: i64, input: &Input) -> Result<()> {
    match input.get("expectedVersion").and_then(Value::as_i64) {
        Some(expected) if expected != version => {
            Err(ServiceError::version_conflict(format!("{what} {name} has the version {version}, not the expected {expected}")))
        }
        _ => Ok(()),
    }
}

/// `attributes` after an `AttributePayload`: merged or replaced; an empty value removes an attribute.
pub fn merged(attributes: Map<String, Value>, payload: &Value) -> Map<String, Value> {
    let mut merged = if payload["merge"] == true { attributes } else { Map::new() };
    merged.extend(payload["attributes"].as_object().cloned().unwrap_or_default());
    merged.retain(|_, value| value != "");
    merged
}

fn find(state: &State, name: &str) -> Result<Thing> {
    search(state, name)?.ok_or_else(|| ServiceError::no_thing(name))
}

fn search(state: &State, name: &str) -> Result<Option<Thing>> {
    let query = format!("SELECT {COLUMNS} FROM thing WHERE name = ?1");
    Ok(state.db.prepare_cached(&query)?.query_row([name], Thing::read).optional()?)
}

const COLUMNS: &str = "name, id, attributes, kind, billing_group, version";

impl Thing {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let attributes: String = row.get(2)?;
        let attributes = serde_json::from_str(&attributes)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error.into()))?;
        Ok(Self {
            name: row.get(0)?,
            id: row.get(1)?,
            attributes,
            kind: row.get(3)?,
            billing_group: row.get(4)?,
            version: row.get(5)?,
        })
    }

    fn save(&self, state: &State) -> Result<()> {
        let query = format!("INSERT OR REPLACE INTO thing ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        let attributes = Value::from(self.attributes.clone()).to_string();
        let columns = (&self.name, &self.id, attributes, &self.kind, &self.billing_group, self.version);
        state.db.prepare_cached(&query)?.execute(columns)?;
        Ok(())
    }

    /// What lists and descriptions have in common.
    fn told(&self, state: &State) -> Value {
        json!({
            "thingName": self.name, "thingArn": state.names.target(Target::Thing(&self.name)),
            "thingTypeName": self.kind, "attributes": self.attributes, "version": self.version,
        })
    }
}
