//! Core devices: they appear with their first report, and are read by name, in lists, and by what they run.

use rusqlite::{OptionalExtension, named_params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agenda::{self, Event};
use super::arn::Target;
use super::deployments;
use super::devices::{self, CLASSIC, LITE, nucleus_of, software};
use super::error::{Result, ServiceError};
use super::input::Input;
use super::page::{Filters, Page};
use super::store::{Millis, State};
use super::{arn, jobs, tags, thing_groups, things};
use crate::model::Operation;
use crate::resolve::version::Version;

/// The quota, which is below what the model allows.
const NAME_LIMIT: usize = 124;

/// The services inside a nucleus; devices report them among their components.
const INTERNAL: [&str; 4] = ["DeploymentService", "FleetStatusService", "TelemetryAgent", "UpdateSystemPolicyService"];

/// What core devices say of themselves in their first report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registration {
    pub names: Vec<String>,
    /// Joined in addition to those that the devices are in already.
    pub thing_groups: Vec<String>,
    pub platform: String,
    pub architecture: String,
    pub nucleus_version: String,
    pub runtime: String,
}

impl Registration {
    /// What is wrong with it, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        if let Some(problem) = self.names.iter().find_map(|name| name_problem(name)) {
            return Some(problem);
        }
        if let Some(problem) = self.thing_groups.iter().find_map(|name| Target::ThingGroup(name).problem()) {
            return Some(problem);
        }
        if ![CLASSIC, LITE].contains(&&*self.runtime) {
            return Some(format!("{:?} is not a runtime: use {CLASSIC} or {LITE}", self.runtime));
        }
        if [&self.platform, &self.architecture].iter().any(|text| text.is_empty()) {
            return Some("platform and architecture must not be empty: use for example linux and amd64".into());
        }
        Version::parse(&self.nucleus_version).err().map(|error| format!("nucleus_version: {error}"))
    }
}

/// What is wrong with the name of a core device, if anything.
pub(super) fn name_problem(name: &str) -> Option<String> {
    arn::name_problem("core device", name, &[':', '_', '-'], NAME_LIMIT)
}

/// Devices report for the first time, or again, and take what is deployed to them. Their things and groups are made.
pub fn register(state: &State, registration: &Registration) -> Result<()> {
    for group in &registration.thing_groups {
        thing_groups::register(state, group)?;
    }
    let (names, version) = (&registration.names, &registration.nucleus_version);
    let nucleus = nucleus_of(&registration.runtime);
    let initial = software::keep(state, &software::initial(nucleus, version, state.now))?;
    let rhythm = agenda::schedule(state, state.timings.report, &Event::Report)?;
    for name in names {
        things::register(state, name)?;
        state
            .db
            .prepare_cached(
                "INSERT INTO core_device (name, platform, architecture, runtime, nucleus_version, status, updated, software, rhythm)
                 VALUES (:name, :platform, :architecture, :runtime, :version, 'HEALTHY', :now, :software, :rhythm)
                 ON CONFLICT (name) DO UPDATE SET
                     platform = excluded.platform, architecture = excluded.architecture, runtime = excluded.runtime,
                     nucleus_version = excluded.nucleus_version, updated = excluded.updated, rhythm = excluded.rhythm",
            )?
            .execute(named_params! {
                ":name": name, ":platform": registration.platform, ":architecture": registration.architecture,
                ":runtime": registration.runtime, ":version": version, ":now": state.now, ":software": initial,
                ":rhythm": rhythm,
            })?;
        for group in &registration.thing_groups {
            thing_groups::join(state, group, name)?;
        }
    }
    devices::restart(state, names, initial)?;
    catch_up(state, names)
}

/// Gives to the core devices among `things` what is deployed to them and to their groups.
pub fn catch_up(state: &State, things: &[String]) -> Result<()> {
    for deployment in deployments::active(state, &targets(state, things)?)? {
        devices::take(state, &deployment, Some(things))?;
    }
    Ok(())
}

/// What addresses one of these things: its own ARN, and those of its groups.
fn targets(state: &State, things: &[String]) -> Result<Vec<String>> {
    let mut query =
        state.db.prepare_cached("SELECT DISTINCT thing_group FROM member WHERE thing IN (SELECT value FROM json_each(?1))")?;
    let groups = query.query_map([serde_json::to_string(things)?], |row| row.get(0))?;
    let groups: Vec<String> = groups.collect::<rusqlite::Result<_>>()?;
    let groups = groups.iter().map(|group| state.names.target(Target::ThingGroup(group)));
    Ok(groups.chain(things.iter().map(|thing| state.names.target(Target::Thing(thing)))).collect())
}

pub fn get(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let name = input.required("coreDeviceThingName")?;
    let found = state
        .db
        .prepare_cached(
            "SELECT platform, architecture, runtime, nucleus_version, status, updated FROM core_device WHERE name = ?1",
        )?
        .query_row([name], |row| {
            Ok(json!({
                "coreDeviceThingName": name, "platform": row.get::<_, String>(0)?, "architecture": row.get::<_, String>(1)?,
                "runtime": row.get::<_, String>(2)?, "coreVersion": row.get::<_, String>(3)?,
                "status": row.get::<_, String>(4)?, "lastStatusUpdateTimestamp": row.get::<_, Millis>(5)?,
            }))
        })
        .optional()?;
    let mut answer = found.ok_or_else(|| ServiceError::no_core_device(name, name))?;
    answer["tags"] = tags::of(state, &state.names.core_device(name))?.into();
    Ok(answer)
}

pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let mut filters = Filters::default();
    let (table, name) = match input.text("thingGroupArn") {
        Some(group) => {
            filters.add("execution.target = ? AND succeeded", group);
            ("execution JOIN core_device ON name = device", "device")
        }
        None => ("core_device", "name"),
    };
    filters.add_given("core_device.status = ?", input.text("status"));
    filters.add_given("runtime = ?", input.text("runtime"));
    let query = format!("SELECT summary FROM {table} WHERE {filters} {name} > ? ORDER BY {name} LIMIT ?");
    let parameters = filters.with(page.after.clone().unwrap_or_default(), page.limit());
    page.written(state.db.prepare_cached(&query)?.query(parameters)?, "coreDeviceThingName")
}

pub fn list_installed(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let device = input.required("coreDeviceThingName")?;
    let (updated, runtime, software) = find(state, device)?;
    let all = input.text("topologyFilter") == Some("ALL");
    let installed = software::read(state, software)?;
    let nucleus = installed.iter().find(|component| runtime == CLASSIC && component.is_nucleus());
    let nucleus = nucleus.map(|component| component.name.clone());
    let rows = installed.into_iter().map(|component| {
        let codes: Vec<&str> = component.fault.iter().map(|fault| &*fault.code).collect();
        let row = json!({
            "componentName": component.name, "componentVersion": component.version,
            "lifecycleState": component.state(), "lifecycleStatusCodes": codes, "isRoot": component.root,
            "lastStatusChangeTimestamp": component.changed, "lastReportedTimestamp": updated,
            "lastInstallationSource": component.source,
            "lifecycleStateDetails": component.fault.as_ref().and_then(|fault| fault.details.as_deref()),
        });
        (component.name, row)
    });
    let mut rows: Vec<(String, Value)> = rows.collect();
    if all {
        let internal = internal_services(&rows, nucleus.as_deref());
        rows.extend(internal);
    }
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    let after = page.after.as_deref().unwrap_or_default();
    rows.retain(|(name, component)| name.as_str() > after && (all || component["isRoot"] == true));
    rows.truncate(page.size + 1);
    Ok(page.answer(rows))
}

/// The classic nucleus has services of its own, as old as itself. A component of the same name takes the place of one.
fn internal_services(installed: &[(String, Value)], nucleus: Option<&str>) -> Vec<(String, Value)> {
    let nucleus = installed.iter().find(|(name, _)| Some(&**name) == nucleus);
    let Some((_, nucleus)) = nucleus else { return Vec::new() };
    let service = |name: &str| {
        let mut service = nucleus.clone();
        service["componentName"] = name.into();
        service["componentVersion"] = "0.0.0".into();
        service["lifecycleState"] = "RUNNING".into();
        service["lifecycleStatusCodes"] = json!([]);
        service["lifecycleStateDetails"] = Value::Null;
        service["isRoot"] = false.into();
        (name.into(), service)
    };
    let is_taken = |name: &str| installed.iter().any(|(other, _)| other == name);
    INTERNAL.into_iter().filter(|name| !is_taken(name)).map(service).collect()
}

pub fn list_effective(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let device = input.required("coreDeviceThingName")?;
    find(state, device)?;
    // The last modified first; a number breaks ties, and is the key of the page.
    let mut query = state.db.prepare_cached(
        "SELECT modified, seq, id, name, job, execution.target, execution.status, reason, details, created
         FROM execution JOIN deployment ON seq = deployment
         WHERE device = :device AND (modified, seq) < (:modified, :seq) ORDER BY modified DESC, seq DESC LIMIT :limit",
    )?;
    let (modified, seq) = match page.after.as_deref().and_then(|key| key.split_once(' ')) {
        Some((modified, seq)) => (modified.parse().unwrap_or(i64::MAX), seq.parse().unwrap_or(i64::MAX)),
        None => (i64::MAX, i64::MAX),
    };
    let parameters = named_params! { ":device": device, ":modified": modified, ":seq": seq, ":limit": page.limit() };
    let rows = query.query_map(parameters, |row| {
        let (modified, seq): (Millis, i64) = (row.get(0)?, row.get(1)?);
        let job: Option<String> = row.get(4)?;
        let details: Option<String> = row.get(8)?;
        let execution = json!({
            "deploymentId": row.get::<_, String>(2)?, "deploymentName": row.get::<_, Option<String>>(3)?,
            "iotJobId": job, "iotJobArn": job.as_deref().map(|job| state.names.job(job)),
            "targetArn": row.get::<_, String>(5)?, "coreDeviceExecutionStatus": row.get::<_, String>(6)?,
            "reason": row.get::<_, Option<String>>(7)?, "creationTimestamp": row.get::<_, Millis>(9)?,
            "modifiedTimestamp": modified,
            "statusDetails": details.and_then(|details| serde_json::from_str::<Value>(&details).ok()),
        });
        Ok((format!("{modified} {seq}"), execution))
    })?;
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}

/// The cloud forgets the device. Its nucleus does not know, and reports in time, unless it is silent.
pub fn delete(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let name = input.required("coreDeviceThingName")?;
    let (_, _, software) = find(state, name)?;
    let registration = state
        .db
        .prepare_cached(
            "SELECT platform, architecture, nucleus_version, runtime FROM core_device WHERE name = ?1 AND NOT silent",
        )?
        .query_row([name], |row| {
            Ok(Registration {
                names: vec![name.into()],
                thing_groups: Vec::new(),
                platform: row.get(0)?,
                architecture: row.get(1)?,
                nucleus_version: row.get(2)?,
                runtime: row.get(3)?,
            })
        })
        .optional()?;
    if let Some(registration) = registration {
        agenda::schedule(state, state.timings.report, &Event::Return(registration))?;
    }
    jobs::outlive(state, name)?;
    state.db.prepare_cached("DELETE FROM core_device WHERE name = ?1")?.execute([name])?;
    software::release(state, software)?;
    tags::remove_all(state, &state.names.core_device(name))?;
    Ok(Value::Null)
}

/// A deleted device reports, if it has not done so by itself and there is still a thing for it.
pub fn come_back(state: &State, registration: &Registration) -> Result<()> {
    for name in &registration.names {
        if search(state, name)?.is_none() && things::exists(state, name)? {
            register(state, registration)?;
        }
    }
    Ok(())
}

pub fn must_exist(state: &State, arn: &str, name: &str) -> Result<()> {
    search(state, name)?.map(|_| ()).ok_or_else(|| ServiceError::no_core_device(name, arn))
}

/// The last report and the runtime of a device, and the number of what it runs.
fn find(state: &State, name: &str) -> Result<(Millis, String, i64)> {
    search(state, name)?.ok_or_else(|| ServiceError::no_core_device(name, name))
}

fn search(state: &State, name: &str) -> Result<Option<(Millis, String, i64)>> {
    Ok(state
        .db
        .prepare_cached("SELECT updated, runtime, software FROM core_device WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?)
}
