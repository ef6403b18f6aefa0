//! Jobs: a group's deployment as AWS IoT tells it. They have no rows of their own.
//!
//! Of a target, Greengrass tells the last execution of a device only. A job keeps those that its next revision takes the
//! place of, and those of devices that are deleted: what was under way then is CANCELED.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Row, named_params};
use serde_json::{Map, Value, json};

use super::arn::Target;
use super::deployments::{self, Deployment};
use super::error::{Reason, Result, ServiceError};
use super::input::Input;
use super::page::{Filters, Page};
use super::store::{Millis, State};
use crate::model::Operation;

/// The states of an execution, and the counters of a job that belong to them.
const COUNTERS: [(&str, &str); 8] = [
    ("QUEUED", "numberOfQueuedThings"),
    ("IN_PROGRESS", "numberOfInProgressThings"),
    ("SUCCEEDED", "numberOfSucceededThings"),
    ("FAILED", "numberOfFailedThings"),
    ("TIMED_OUT", "numberOfTimedOutThings"),
    ("REJECTED", "numberOfRejectedThings"),
    ("CANCELED", "numberOfCanceledThings"),
    ("REMOVED", "numberOfRemovedThings"),
];

pub fn describe(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let id = input.required("jobId")?;
    let deployment = find(state, id)?;
    let updated: Option<Millis> = state
        .db
        .prepare_cached("SELECT max(modified) FROM any_execution WHERE deployment = ?1")?
        .query_row([deployment.seq], |row| row.get(0))?;
    let updated = updated.max(deployment.ended).unwrap_or(deployment.created);
    let mut job = json!({
        "jobArn": state.names.job(id), "jobId": id, "targetSelection": "CONTINUOUS", "status": status(&deployment),
        "targets": [deployment.target], "createdAt": deployment.created, "lastUpdatedAt": updated,
        "completedAt": deployment.ended, "jobProcessDetails": counters(state, &deployment)?,
    });
    let configuration = deployment.document.get("iotJobConfiguration").and_then(Value::as_object);
    for (name, part) in configuration.into_iter().flatten() {
        job[name] = part.clone();
    }
    Ok(json!({ "job": job }))
}

fn counters(state: &State, deployment: &Deployment) -> Result<Map<String, Value>> {
    let mut counters: Map<String, Value> = COUNTERS.iter().map(|(_, counter)| ((*counter).into(), 0.into())).collect();
    for (status, count) in counts(state, deployment)? {
        if let Some((_, counter)) = COUNTERS.iter().find(|(name, _)| **name == status) {
            counters[*counter] = count.into();
        }
    }
    Ok(counters)
}

/// How many executions a job has in which state.
pub fn counts(state: &State, deployment: &Deployment) -> Result<HashMap<String, u32>> {
    // each table counted by its index; of their union SQLite reads the rows
    let mut query = state.db.prepare_cached(
        "SELECT status, sum(number) FROM (
             SELECT status, count(*) AS number FROM execution WHERE deployment = ?1 GROUP BY status
             UNION ALL SELECT status, count(*) FROM past_execution WHERE deployment = ?1 GROUP BY status)
         GROUP BY status",
    )?;
    let counts = query.query_map([deployment.seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(counts.collect::<rusqlite::Result<_>>()?)
}

/// What a deployment's status is called among jobs. Only those that go on can be canceled.
fn status(deployment: &Deployment) -> &'static str {
    match &*deployment.status {
        "ACTIVE" => "IN_PROGRESS",
        "COMPLETED" => "COMPLETED",
        _ => "CANCELED",
    }
}

/// Cancels the deployment that the job belongs to.
pub fn cancel(state: &State, _: &Operation, input: &Input) -> Result<Value> {
    let id = input.required("jobId")?;
    let deployment = find(state, id)?;
    let status = status(&deployment);
    if status != "IN_PROGRESS" {
        let message = format!("Job {id} is in status {status} and can't be canceled");
        return Err(ServiceError::validation(Reason::Other, message));
    }
    deployments::stop(state, &deployment)?;
    Ok(json!({ "jobArn": state.names.job(id), "jobId": id }))
}

pub fn list_executions(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    let deployment = find(state, input.required("jobId")?)?;
    let page = Page::read(state, operation, input)?;
    let mut filters = Filters::default();
    filters.add("deployment = ?", &deployment.seq.to_string());
    filters.add_given("execution.status = ?", input.text("status"));
    executions(
        state,
        &page,
        filters,
        "device",
        |job_execution, device| json!({ "thingArn": state.names.target(Target::Thing(device)), "jobExecutionSummary": job_execution }),
    )
}

pub fn executions_of_thing(state: &State, operation: &Operation, input: &Input, thing: &str) -> Result<Value> {
    let page = Page::read(state, operation, input)?;
    let mut filters = Filters::default();
    filters.add("device = ?", thing);
    filters.add_given("job = ?", input.text("jobId"));
    filters.add_given("execution.status = ?", input.text("status"));
    executions(state, &page, filters, "job", |job_execution, job| json!({ "jobId": job, "jobExecutionSummary": job_execution }))
}

/// A page of executions, in the order of the column `key`, whose value `told` is given too.
fn executions(state: &State, page: &Page, filters: Filters, key: &str, told: impl Fn(Value, &str) -> Value) -> Result<Value> {
    let query = format!(
        "SELECT {key}, execution.status, queued_at, started_at, modified
         FROM any_execution AS execution JOIN deployment ON seq = deployment
         WHERE {filters} {key} > ? ORDER BY {key} LIMIT ?"
    );
    let mut query = state.db.prepare_cached(&query)?;
    let rows = query.query_map(filters.with(page.after.clone().unwrap_or_default(), page.limit()), |row: &Row| {
        let key: String = row.get(0)?;
        let job_execution = json!({
            "status": row.get::<_, String>(1)?, "queuedAt": row.get::<_, Millis>(2)?,
            "startedAt": row.get::<_, Option<Millis>>(3)?, "lastUpdatedAt": row.get::<_, Millis>(4)?,
            "executionNumber": 1, "retryAttempt": 0,
        });
        let row = told(job_execution, &key);
        Ok((key, row))
    })?;
    Ok(page.answer(rows.collect::<rusqlite::Result<_>>()?))
}

/// Keeps the executions of its target that `next` takes the place of on `things`; of `next` itself it has new ones.
pub fn make_way(state: &State, next: &Deployment, things: &[String]) -> Result<()> {
    if next.job.is_none() {
        return Ok(());
    }
    let things = Value::from(things).to_string();
    // few have gone of a deployment that goes on: not to be looked for thing by thing
    let query = "DELETE FROM past_execution WHERE deployment = ?1 AND +device IN (SELECT value FROM json_each(?2))";
    state.db.prepare_cached(query)?.execute((next.seq, &things))?;
    keep(state, &things, Some(next))
}

/// Keeps the executions of a device that is about to be deleted.
pub fn outlive(state: &State, device: &str) -> Result<()> {
    keep(state, &json!([device]).to_string(), None)
}

fn keep(state: &State, devices: &str, next: Option<&Deployment>) -> Result<()> {
    state
        .db
        .prepare_cached(
            "INSERT INTO past_execution (device, deployment, status, queued_at, started_at, modified)
             SELECT device, deployment, iif(is_over, execution.status, 'CANCELED'), queued_at, started_at,
                    iif(is_over, modified, :now)
             FROM (SELECT *, status NOT IN ('QUEUED', 'IN_PROGRESS') AS is_over
                   FROM json_each(:devices) CROSS JOIN execution ON device = value) AS execution
             JOIN deployment ON seq = deployment
             WHERE job IS NOT NULL AND (:target IS NULL OR execution.target = :target) AND seq IS NOT :next",
        )?
        .execute(named_params! {
            ":now": state.now, ":devices": devices, ":target": next.map(|next| &next.target), ":next": next.map(|next| next.seq),
        })?;
    Ok(())
}

fn find(state: &State, id: &str) -> Result<Deployment> {
    let seq: Option<i64> =
        state.db.prepare_cached("SELECT seq FROM deployment WHERE job = ?1")?.query_row([id], |row| row.get(0)).optional()?;
    let seq = seq.ok_or_else(|| ServiceError::not_found(format!("Job {id} does not exist"), id, "job"))?;
    deployments::by_number(state, seq)
}
