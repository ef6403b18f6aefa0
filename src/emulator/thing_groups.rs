//! Thing groups of the registry, and which things they address.
//!
//! A job for a group runs on the things of the groups below it too. So the table `member` holds, for a thing in a
//! group, one row for the group and one for each group above it; only the first is `direct`. That works since a
//! group never gets another parent, and a thing is in one group of a hierarchy only.

use rusqlite::{OptionalExtension, Row};
use serde_json::{Value, json};

use super::arn::Target;
use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::page::{Filters, Page};
use super::store::{Millis, State};
use super::{core_devices, things};
use crate::model::Operation;

struct ThingGroup {
    name: String,
    id: String,
    parent: Option<String>,
    properties: Value,
    created: Millis,
    version: i64,
}

/// The same group again is taken; with other settings it is refused.
pub fn create(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let name = input.required("thingGroupName")?;
    let parent = input.text("parentGroupName");
    let properties = properties(input.get("thingGroupProperties"));
    let arn = state.names.target(Target::ThingGroup(name));
    let id = match search(state, name)? {
        Some(known) if known.parent.as_deref() == parent && known.properties == properties => known.id,
        Some(_) => return Err(ServiceError::already_exists("Thing Group", name, &arn)),
        None => {
            if let Some(parent) = parent
                && !exists(state, parent)?
            {
                let message = format!("The parent thing group {parent} does not exist");
                return Err(ServiceError::member("parentGroupName", message, "Must be a thing group that exists"));
            }
            insert(state, name, parent, &properties)?
        }
    };
    Ok(json!({ "thingGroupName": name, "thingGroupArn": arn, "thingGroupId": id }))
}

/// Makes a group that is only named, where there is none.
pub fn register(state: &State, name: &str) -> Result<()> {
    if !exists(state, name)? {
        insert(state, name, None, &properties(None))?;
    }
    Ok(())
}

fn insert(state: &State, name: &str, parent: Option<&str>, properties: &Value) -> Result<String> {
    let id = uuid::Uuid::new_v4().to_string();
    state
        .db
        .prepare_cached(
            "INSERT INTO thing_group (name, id, parent, properties, created, version) VALUES (?1, ?2, ?3, ?4, ?5, 1)",
        )?
        .execute((name, &id, parent, properties.to_string(), state.now))?;
    Ok(id)
}

fn properties(given: Option<&Value>) -> Value {
    let given = given.cloned().unwrap_or_default();
    json!({
        "thingGroupDescription": given["thingGroupDescription"],
        "attributePayload": { "attributes": things::merged(serde_json::Map::new(), &given["attributePayload"]) },
    })
}

pub fn describe(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let group = find(state, input.required("thingGroupName")?)?;
    let above: Vec<Value> = lineage(state, &group.name)?[1..].iter().rev().map(|group| told(state, group)).collect();
    Ok(json!({
        "thingGroupName": group.name, "thingGroupId": group.id,
        "thingGroupArn": state.names.target(Target::ThingGroup(&group.name)),
        "version": group.version, "thingGroupProperties": group.properties,
        "thingGroupMetadata": {
            "parentGroupName": group.parent, "creationDate": group.created,
            "rootToParentThingGroups": (!above.is_empty()).then_some(above),
        },
    }))
}

/// All groups, or those below a parent: only the next level where `recursive` is false.
pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let parent = input.text("parentGroup").map(|name| find(state, name)).transpose()?;
    let is_recursive = input.get("recursive") != Some(&Value::Bool(false));
    let mut filters = Filters::default();
    match parent.as_ref().map(|parent| &*parent.name) {
        Some(parent) if is_recursive => filters.add(
            "name IN (WITH RECURSIVE below (name) AS
                        (SELECT name FROM thing_group WHERE parent = ?
                         UNION ALL SELECT thing_group.name FROM thing_group JOIN below ON parent = below.name)
                      SELECT name FROM below)",
            parent,
        ),
        Some(parent) => filters.add("parent = ?", parent),
        None if is_recursive => {}
        None => filters.add("coalesce(parent, '') = ?", ""),
    }
    filters.add_given("instr(name, ?) = 1", input.text("namePrefixFilter"));
    let query = format!("SELECT name FROM thing_group WHERE {filters} name > ? ORDER BY name LIMIT ?");
    let mut query = state.db.prepare_cached(&query)?;
    let names =
        query.query_map(filters.with(page.after.clone().unwrap_or_default(), page.limit()), |row| row.get::<_, String>(0))?;
    let rows = names.map(|name| name.map(|name| (name.clone(), told(state, &name))));
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}

/// Deployments to the group stay; nobody is in it any more.
pub fn delete(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let name = input.required("thingGroupName")?;
    let Some(group) = search(state, name)? else { return Ok(json!({})) };
    things::check_version("Thing group", name, group.version, input)?;
    let child: Option<String> = state
        .db
        .prepare_cached("SELECT name FROM thing_group WHERE parent = ?1 ORDER BY name")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if let Some(child) = child {
        let message = format!("Thing group {name} has child groups and can't be deleted. Delete {child} first.");
        return Err(ServiceError::validation(Reason::Other, message));
    }
    for thing in members(state, name)? {
        leave(state, name, &thing)?;
    }
    state.db.prepare_cached("DELETE FROM thing_group WHERE name = ?1")?.execute([name])?;
    Ok(json!({}))
}

/// A core device among the group's things takes what is deployed to the group.
pub fn add_thing(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let (group, thing) = pair(state, input)?;
    join(state, &group, &thing)?;
    core_devices::catch_up(state, &[thing])?;
    Ok(json!({}))
}

pub fn remove_thing(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let (group, thing) = pair(state, input)?;
    leave(state, &group, &thing)?;
    Ok(json!({}))
}

/// The group and the thing of a request, each by its name or its ARN.
fn pair(state: &State, input: &Input) -> Result<(String, String)> {
    let group = named(input, "thingGroupName", "thingGroupArn", "thinggroup")?;
    let thing = named(input, "thingName", "thingArn", "thing")?;
    find(state, group)?;
    if !things::exists(state, thing)? {
        return Err(ServiceError::no_thing(thing));
    }
    Ok((group.into(), thing.into()))
}

fn named<'i>(input: &'i Input, name: &str, arn: &str, kind: &str) -> Result<&'i str> {
    let of_arn = input.text(arn).and_then(|arn| match Target::parse(arn) {
        Some(Target::Thing(name)) if kind == "thing" => Some(name),
        Some(Target::ThingGroup(name)) if kind == "thinggroup" => Some(name),
        _ => None,
    });
    match (input.text(name), of_arn) {
        (Some(name), None) | (None, Some(name)) => Ok(name),
        (Some(one), Some(other)) if one == other => Ok(one),
        _ => {
            let message = format!("{name} or {arn} must name one {kind}");
            Err(ServiceError::member(name, message, "Must name one"))
        }
    }
}

pub fn list_things(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let group = find(state, input.required("thingGroupName")?)?;
    let which = if input.get("recursive") == Some(&Value::Bool(true)) { "" } else { "direct AND" };
    let query = format!("SELECT thing FROM member WHERE thing_group = ?1 AND {which} thing > ?2 ORDER BY thing LIMIT ?3");
    let mut query = state.db.prepare_cached(&query)?;
    let things = query.query_map((&group.name, page.after.as_deref().unwrap_or_default(), page.limit()), |row| row.get(0))?;
    let rows = things.map(|thing| thing.map(|thing: String| (thing.clone(), thing.into())));
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}

/// Puts `thing` into `group`, where it may be already.
pub fn join(state: &State, group: &str, thing: &str) -> Result<()> {
    let lineage = lineage(state, group)?;
    let root = lineage.last().map_or(group, String::as_str);
    if let Some(other) = of_hierarchy(state, root, thing)? {
        if other == group {
            return Ok(());
        }
        let message = format!("Thing {thing} is in the thing group {other}, which is of the same hierarchy as {group}");
        return Err(ServiceError::validation(Reason::Other, message));
    }
    for (level, name) in lineage.iter().enumerate() {
        state.db.prepare_cached("INSERT INTO member (thing_group, thing, direct) VALUES (?1, ?2, ?3)")?.execute((
            name,
            thing,
            level == 0,
        ))?;
    }
    Ok(())
}

/// The group of the hierarchy below `root` that `thing` is in.
fn of_hierarchy(state: &State, root: &str, thing: &str) -> Result<Option<String>> {
    let is_direct: Option<bool> = state
        .db
        .prepare_cached("SELECT direct FROM member WHERE thing_group = ?1 AND thing = ?2")?
        .query_row((root, thing), |row| row.get(0))
        .optional()?;
    match is_direct {
        None => Ok(None),
        Some(true) => Ok(Some(root.into())),
        Some(false) => {
            for group in of(state, thing)? {
                if lineage(state, &group)?.last().is_some_and(|top| top == root) {
                    return Ok(Some(group));
                }
            }
            Ok(None)
        }
    }
}

/// Takes `thing` out of `group`, if it is in it. What its device has from the group goes with the next deployment; should
/// it come back, the device is given again what is deployed to the group then.
pub fn leave(state: &State, group: &str, thing: &str) -> Result<()> {
    if !of(state, thing)?.iter().any(|other| other == group) {
        return Ok(());
    }
    for name in lineage(state, group)? {
        state.db.prepare_cached("DELETE FROM member WHERE thing_group = ?1 AND thing = ?2")?.execute((&name, thing))?;
        let target = state.names.target(Target::ThingGroup(&name));
        state
            .db
            .prepare_cached("UPDATE execution SET has_left = TRUE WHERE device = ?1 AND target = ?2")?
            .execute((thing, target))?;
    }
    Ok(())
}

/// The groups that `thing` was put into, in order.
pub fn of(state: &State, thing: &str) -> Result<Vec<String>> {
    let mut query = state.db.prepare_cached("SELECT thing_group FROM member WHERE thing = ?1 AND direct ORDER BY thing_group")?;
    let groups = query.query_map([thing], |row| row.get(0))?;
    Ok(groups.collect::<rusqlite::Result<_>>()?)
}

fn members(state: &State, group: &str) -> Result<Vec<String>> {
    let mut query = state.db.prepare_cached("SELECT thing FROM member WHERE thing_group = ?1 AND direct")?;
    let things = query.query_map([group], |row| row.get(0))?;
    Ok(things.collect::<rusqlite::Result<_>>()?)
}

/// The group itself, its parent, and so on up to the root.
fn lineage(state: &State, group: &str) -> Result<Vec<String>> {
    let mut query = state.db.prepare_cached(
        "WITH RECURSIVE above (name, level) AS
             (VALUES (?1, 0)
              UNION ALL SELECT parent, level + 1 FROM above JOIN thing_group USING (name) WHERE parent IS NOT NULL)
         SELECT name FROM above ORDER BY level",
    )?;
    let names = query.query_map([group], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

pub fn exists(state: &State, name: &str) -> Result<bool> {
    Ok(search(state, name)?.is_some())
}

fn find(state: &State, name: &str) -> Result<ThingGroup> {
    search(state, name)?.ok_or_else(|| ServiceError::no_thing_group(name))
}

fn search(state: &State, name: &str) -> Result<Option<ThingGroup>> {
    Ok(state
        .db
        .prepare_cached("SELECT name, id, parent, properties, created, version FROM thing_group WHERE name = ?1")?
        .query_row([name], ThingGroup::read)
        .optional()?)
}

/// A group as lists tell it.
pub fn told(state: &State, name: &str) -> Value {
    json!({ "groupName": name, "groupArn": state.names.target(Target::ThingGroup(name)) })
}

impl ThingGroup {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let properties: String = row.get(3)?;
        let properties = serde_json::from_str(&properties)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, error.into()))?;
        Ok(Self {
            name: row.get(0)?,
            id: row.get(1)?,
            parent: row.get(2)?,
            properties,
            created: row.get(4)?,
            version: row.get(5)?,
        })
    }
}
