//! Deployments: revisions of what a thing or a thing group shall run.

use rusqlite::{OptionalExtension, Row, named_params};
use serde_json::{Map, Value, json};

use super::arn::Target;
use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::page::{Filters, Page};
use super::store::{Millis, State};
use super::{components, devices, job_configuration, tags, thing_groups, things};
use crate::model::Operation;

/// One revision for a target.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub seq: i64,
    pub id: String,
    pub target: String,
    pub revision: i64,
    pub parent: Option<String>,
    pub name: Option<String>,
    pub status: String,
    pub latest: bool,
    pub created: Millis,
    /// When it stopped to be ACTIVE.
    pub ended: Option<Millis>,
    pub job: Option<String>,
    /// The members of [`DOCUMENT`], as they were sent.
    pub document: Map<String, Value>,
}

/// The members that a deployment gives back unread.
const DOCUMENT: [&str; 3] = ["components", "deploymentPolicies", "iotJobConfiguration"];

pub fn create(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let target = input.required("targetArn")?;
    let parent = input.text("parentTargetArn");
    for (member, arn) in [("targetArn", Some(target)), ("parentTargetArn", parent)] {
        check_target(state, member, arn)?;
        check_exists(state, arn)?;
    }
    check_parent(state, target, parent)?;
    let document: Map<String, Value> =
        DOCUMENT.iter().filter_map(|&member| input.get(member).map(|value| (member.into(), value.clone()))).collect();
    for (name, component) in document.get("components").and_then(Value::as_object).into_iter().flatten() {
        check_merge(name, component)?;
        if state.rules.validate_components {
            components::must_be_deployable(state, name, component["componentVersion"].as_str().unwrap_or_default())?;
        }
    }
    job_configuration::check(document.get("iotJobConfiguration").unwrap_or(&Value::Null))?;
    let document = Value::from(document).to_string();
    check_size(&document)?;
    replace(state, target)?;
    let id = uuid::Uuid::new_v4().to_string();
    let job = matches!(Target::parse(target), Some(Target::ThingGroup(_))).then(|| uuid::Uuid::new_v4().to_string());
    state
        .db
        .prepare_cached(
            "INSERT INTO deployment (id, target, revision, parent, name, status, latest, created, job, document)
             VALUES (:id, :target, (SELECT coalesce(max(revision), 0) + 1 FROM deployment WHERE target = :target),
                     :parent, :name, 'ACTIVE', TRUE, :created, :job, :document)",
        )?
        .execute(named_params! {
            ":id": id, ":target": target, ":parent": parent, ":name": input.text("deploymentName"),
            ":created": state.now, ":job": job, ":document": document,
        })?;
    tags::put(state, &state.names.deployment(&id), input)?;
    devices::take(state, &find(state, &id)?, None)?;
    Ok(json!({ "deploymentId": id, "iotJobId": job, "iotJobArn": job.as_deref().map(|job| state.names.job(job)) }))
}

/// `merge` is JSON inside a string, which the model cannot tell.
fn check_merge(name: &str, component: &Value) -> Result<()> {
    let Some(merge) = component["configurationUpdate"]["merge"].as_str() else { return Ok(()) };
    if matches!(serde_json::from_str(merge), Ok(Value::Object(_))) {
        return Ok(());
    }
    let member = format!("components.{name}.configurationUpdate.merge");
    Err(ServiceError::member(&member, format!("Value at '{member}' is not a JSON object"), "Must be a JSON object"))
}

/// The most bytes of a document that devices take which know of large configurations, as all devices here do.
const DOCUMENT_LIMIT: usize = 6 * 1024 * 1024;

fn check_size(document: &str) -> Result<()> {
    if document.len() <= DOCUMENT_LIMIT {
        return Ok(());
    }
    let message = format!("Invalid Input: The deployment document has {} bytes; the limit is {DOCUMENT_LIMIT}", document.len());
    Err(ServiceError::validation(Reason::Other, message))
}

/// A target has a name that the registry could know, and lies in the account and Region of its deployment.
fn check_target(state: &State, member: &str, arn: Option<&str>) -> Result<()> {
    let Some((arn, target)) = arn.and_then(|arn| Some((arn, Target::parse(arn)?))) else { return Ok(()) };
    if let Some(problem) = target.problem() {
        return Err(ServiceError::member(member, format!("Value '{arn}' at '{member}': {problem}"), &problem));
    }
    let here = state.names.target(target);
    if arn == here {
        return Ok(());
    }
    let message = format!("Value '{arn}' at '{member}' is of another account or Region: here it would be '{here}'");
    Err(ServiceError::member(member, message, "Must be of the account and Region of the call"))
}

/// The registry knows the target, where the emulator is told to look.
fn check_exists(state: &State, arn: Option<&str>) -> Result<()> {
    match arn.filter(|_| state.rules.validate_targets).and_then(Target::parse) {
        Some(Target::Thing(name)) if !things::exists(state, name)? => Err(ServiceError::no_thing(name)),
        Some(Target::ThingGroup(name)) if !thing_groups::exists(state, name)? => Err(ServiceError::no_thing_group(name)),
        _ => Ok(()),
    }
}

/// Subdeployments have groups on both sides, and a group has one parent as long as a revision is left that had it. None
/// is below itself.
fn check_parent(state: &State, target: &str, parent: Option<&str>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    if ![target, parent].iter().all(|arn| matches!(Target::parse(arn), Some(Target::ThingGroup(_)))) {
        let message = "The target of a subdeployment and its parent target must be thing groups";
        return Err(ServiceError::member("parentTargetArn", message, "Must be a thing group"));
    }
    let is_loop: bool = state
        .db
        .prepare_cached(
            "WITH RECURSIVE above (target) AS (
                 SELECT ?2 UNION
                 SELECT parent FROM deployment JOIN above USING (target) WHERE parent IS NOT NULL AND NOT deleted
             ) SELECT ?1 IN above",
        )?
        .query_row((target, parent), |row| row.get(0))?;
    if is_loop {
        let message = format!("The target {target} can't be below itself: {parent} is no parent for it");
        return Err(ServiceError::member("parentTargetArn", message, "Must be a thing group that is not below the target"));
    }
    let other: Option<String> = state
        .db
        .prepare_cached("SELECT parent FROM deployment WHERE target = ?1 AND parent <> ?2 AND NOT deleted LIMIT 1")?
        .query_row((target, parent), |row| row.get(0))
        .optional()?;
    match other {
        Some(other) => {
            let message = format!("The target {target} has subdeployments of another parent: {other}");
            Err(ServiceError::member("parentTargetArn", message, "Must be the parent that the target has"))
        }
        None => Ok(()),
    }
}

/// Retires the revisions of `target`, and the subdeployments below it.
fn replace(state: &State, target: &str) -> Result<()> {
    let mut query = state.db.prepare_cached(
        "UPDATE deployment SET latest = FALSE, status = 'INACTIVE', ended = coalesce(ended, ?2)
         WHERE latest AND (target = ?1 OR parent = ?1) RETURNING seq",
    )?;
    let retired = query.query_map((target, state.now), |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    retired.into_iter().try_for_each(|deployment| devices::withdraw(state, deployment))
}

pub fn get(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let deployment = find(state, input.required("deploymentId")?)?;
    let mut answer = deployment.told();
    answer.extend(deployment.document.clone());
    answer.insert("iotJobId".into(), deployment.job.as_deref().into());
    answer.insert("iotJobArn".into(), deployment.job.as_deref().map(|job| state.names.job(job)).into());
    answer.insert("tags".into(), tags::of(state, &state.names.deployment(&deployment.id))?.into());
    Ok(answer.into())
}

pub fn list(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let mut filters = Filters::default();
    filters.add_given("target = ?", input.text("targetArn"));
    filters.add_given("parent = ?", input.text("parentTargetArn"));
    let mut query = state.db.prepare_cached(&list_query(input.text("historyFilter"), &filters))?;
    let rows = query.query_map(filters.with(page.after_number()?.unwrap_or(i64::MAX), page.limit()), Deployment::read)?;
    let rows = rows.map(|row| row.map(|deployment| (deployment.seq.to_string(), deployment.told().into())));
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}

fn list_query(history: Option<&str>, filters: &Filters) -> String {
    let which = if history == Some("ALL") { "" } else { "latest AND" };
    format!("SELECT {COLUMNS} FROM deployment WHERE NOT deleted AND {which} {filters} seq < ? ORDER BY seq DESC LIMIT ?")
}

pub fn cancel(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let deployment = find(state, input.required("deploymentId")?)?;
    if !["ACTIVE", "COMPLETED", "FAILED"].contains(&&*deployment.status) {
        let message = format!("Deployment ({}) is in state {} and can't be canceled.", deployment.id, deployment.status);
        return Err(ServiceError::validation(Reason::Other, message));
    }
    stop(state, &deployment)?;
    Ok(json!({ "message": "SUCCESS" }))
}

/// Lets the deployment, and with it its job, reach no more devices.
pub fn stop(state: &State, deployment: &Deployment) -> Result<()> {
    set_status(state, deployment.seq, "CANCELED")?;
    devices::withdraw(state, deployment.seq)
}

pub fn delete(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let deployment = find(state, input.required("deploymentId")?)?;
    if deployment.status == "ACTIVE" {
        let message = format!("Deployment ({}) is in state ACTIVE and can't be deleted. Cancel it first.", deployment.id);
        return Err(ServiceError::validation(Reason::Other, message));
    }
    state.db.prepare_cached("UPDATE deployment SET deleted = TRUE WHERE seq = ?1")?.execute([deployment.seq])?;
    tags::remove_all(state, &state.names.deployment(&deployment.id))?;
    Ok(Value::Null)
}

/// `status` is one that ends the deployment.
pub fn set_status(state: &State, seq: i64, status: &str) -> Result<()> {
    state
        .db
        .prepare_cached("UPDATE deployment SET status = ?2, ended = coalesce(ended, ?3) WHERE seq = ?1")?
        .execute((seq, status, state.now))?;
    Ok(())
}

pub fn must_exist(state: &State, arn: &str, id: &str) -> Result<()> {
    search(state, id)?.map(|_| ()).ok_or_else(|| ServiceError::no_deployment(id, arn))
}

fn find(state: &State, id: &str) -> Result<Deployment> {
    search(state, id)?.ok_or_else(|| ServiceError::no_deployment(id, id))
}

fn search(state: &State, id: &str) -> Result<Option<Deployment>> {
    let query = format!("SELECT {COLUMNS} FROM deployment WHERE id = ?1 AND NOT deleted");
    Ok(state.db.prepare_cached(&query)?.query_row([id], Deployment::read).optional()?)
}

/// The deployments that still go out to devices which join `target` now, oldest first.
pub fn active(state: &State, targets: &[String]) -> Result<Vec<Deployment>> {
    let query = format!(
        "SELECT {COLUMNS} FROM deployment
         WHERE status = 'ACTIVE' AND NOT deleted AND target IN (SELECT value FROM json_each(?1)) ORDER BY seq"
    );
    let mut query = state.db.prepare_cached(&query)?;
    let found = query.query_map([serde_json::to_string(targets)?], Deployment::read)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The deployment with the number `seq`, deleted or not.
pub fn by_number(state: &State, seq: i64) -> Result<Deployment> {
    let query = format!("SELECT {COLUMNS} FROM deployment WHERE seq = ?1");
    Ok(state.db.prepare_cached(&query)?.query_row([seq], Deployment::read)?)
}

const COLUMNS: &str = "seq, id, target, revision, parent, name, status, latest, created, ended, job, document";

impl Deployment {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let document: String = row.get(11)?;
        let document = serde_json::from_str(&document)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(11, rusqlite::types::Type::Text, error.into()))?;
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            target: row.get(2)?,
            revision: row.get(3)?,
            parent: row.get(4)?,
            name: row.get(5)?,
            status: row.get(6)?,
            latest: row.get(7)?,
            created: row.get(8)?,
            ended: row.get(9)?,
            job: row.get(10)?,
            document,
        })
    }

    /// The components that the deployment names, with their versions.
    pub fn roots(&self) -> impl Iterator<Item = (&str, &str)> {
        let components = self.document.get("components").and_then(Value::as_object).into_iter().flatten();
        components.map(|(name, component)| (name.as_str(), component["componentVersion"].as_str().unwrap_or_default()))
    }

    /// Whether it takes the place of `other` on a device that has both: of a target and the subdeployments below it, the
    /// newest deployment counts.
    pub fn stands_in_for(&self, other: &Self) -> bool {
        let is_child = |one: &Self, parent: &Self| one.parent.as_ref() == Some(&parent.target);
        self.seq > other.seq && (is_child(self, other) || is_child(other, self))
    }

    /// The same without components.
    pub fn emptied(&self) -> Self {
        let mut empty = self.clone();
        empty.document.remove("components");
        empty
    }

    /// How it changes the configuration of a component that it names; null where it does not.
    pub fn update(&self, component: &str) -> &Value {
        self.document.get("components").map_or(&Value::Null, |components| &components[component]["configurationUpdate"])
    }

    /// What lists and single answers have in common.
    fn told(&self) -> Map<String, Value> {
        let told = json!({
            "targetArn": self.target, "revisionId": self.revision.to_string(), "deploymentId": self.id,
            "deploymentName": self.name, "creationTimestamp": self.created, "deploymentStatus": self.status,
            "isLatestForTarget": self.latest, "parentTargetArn": self.parent,
        });
        match told {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cloud, Options};
    use super::*;

    #[test]
    fn the_latest_are_found_without_a_walk_over_revisions() {
        let cloud = Cloud::open(&Options::default(), String::new()).unwrap();
        let plan = |history: Option<&str>, target: Option<&str>| {
            let mut filters = Filters::default();
            filters.add_given("target = ?", target);
            let query = format!("EXPLAIN QUERY PLAN {}", list_query(history, &filters));
            let plan = cloud.transact(|state| -> Result<String> {
                let mut query = state.db.prepare(&query)?;
                let steps = query.query_map(filters.with(i64::MAX, 50), |row| row.get::<_, String>(3))?;
                Ok(steps.collect::<rusqlite::Result<Vec<_>>>()?.join("; "))
            });
            plan.unwrap()
        };
        assert!(plan(None, None).contains("INDEX deployment_latest (seq<?)"), "{}", plan(None, None));
        assert!(plan(None, Some("t")).contains("INDEX deployment_latest_of"), "{}", plan(None, Some("t")));
        for found in [plan(None, None), plan(None, Some("t")), plan(Some("ALL"), None)] {
            assert!(!found.contains("TEMP B-TREE"), "{found}");
        }
    }
}
