//! Simulated core devices: how they hear of deployments, take their time, and tell the cloud what came of them.
//!
//! A deployment is QUEUED for the devices that it reaches, IN_PROGRESS once they have begun, and ends when they have
//! taken their time over it. [`plan`] says what a device would run then, [`report`] what it makes of that, with the
//! failures that are asked for, and [`software`] keeps what devices run. Whatever is the same for many devices is done
//! once. A silent device neither hears nor reports; it goes on with what it has when it wakes.

mod plan;
mod report;
pub mod software;

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, named_params};
use serde_json::Value;

use super::agenda::{self, Event};
use super::arn::Target;
use super::deployments::{self, Deployment};
use super::error::Result;
use super::failures::Failures;
use super::store::{Millis, State};
use super::{jobs, rollout};
use plan::{Profile, Shelf};
use report::{Case, Report};

pub const CLASSIC: &str = "aws_nucleus_classic";
pub const LITE: &str = "aws_nucleus_lite";

/// The component that a nucleus reports itself as.
pub fn nucleus_of(runtime: &str) -> &'static str {
    if runtime == LITE { "aws.greengrass.NucleusLite" } else { "aws.greengrass.Nucleus" }
}

/// Lets `deployment` go out to every device that it addresses and that has not had it since it joined; where `among` is given and
/// nothing holds the rollout back, only to those.
pub fn take(state: &State, deployment: &Deployment, among: Option<&[String]>) -> Result<()> {
    match Target::parse(&deployment.target) {
        Some(Target::ThingGroup(_)) if rollout::has_rate(deployment) => rollout::go_on(state, deployment),
        Some(target) => notify(state, deployment, &addressed(state, target, among)?),
        None => Ok(()),
    }
}

/// The things of `target`, or those of them that are among the given.
fn addressed(state: &State, target: Target, among: Option<&[String]>) -> Result<Vec<String>> {
    let group = match target {
        Target::Thing(thing) => return Ok(vec![thing.into()]),
        Target::ThingGroup(group) => group,
    };
    let things: rusqlite::Result<_> = match among {
        None => {
            let query = "SELECT thing FROM member WHERE thing_group = ?1";
            state.db.prepare_cached(query)?.query_map([group], |row| row.get(0))?.collect()
        }
        Some(among) => {
            // a cross join keeps its order: there are fewer of these than of members
            let query = "SELECT thing FROM json_each(?2) CROSS JOIN member ON thing_group = ?1 AND thing = value";
            state.db.prepare_cached(query)?.query_map((group, list(among)), |row| row.get(0))?.collect()
        }
    };
    Ok(things?)
}

/// The first `limit` devices, by their names, that `deployment` addresses and that have not had it since they joined.
pub fn waiting(state: &State, deployment: &Deployment, limit: usize) -> Result<Vec<String>> {
    let Some(target) = Target::parse(&deployment.target) else { return Ok(Vec::new()) };
    let things = addressed(state, target, None)?;
    let mut query = state.db.prepare_cached(
        "SELECT name FROM core_device
         WHERE name IN (SELECT value FROM json_each(:things))
           AND NOT EXISTS (SELECT 1 FROM execution
                           WHERE device = name AND target = :target AND deployment = :seq AND NOT has_left)
         ORDER BY name LIMIT :limit",
    )?;
    let parameters = named_params! {
        ":things": list(&things), ":target": deployment.target, ":seq": deployment.seq,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let names = query.query_map(parameters, |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Queues `deployment` for those of `things` that are devices and have not had it since they joined its target.
pub fn notify(state: &State, deployment: &Deployment, things: &[String]) -> Result<()> {
    let event = agenda::schedule(state, state.timings.deployment[0], &Event::Begin(deployment.seq))?;
    jobs::make_way(state, deployment, things)?;
    let queued = state
        .db
        .prepare_cached(
            "INSERT INTO execution (device, target, deployment, status, queued_at, modified, event)
             SELECT name, :target, :seq, 'QUEUED', :now, :now, iif(silent, NULL, :event)
             FROM json_each(:things) CROSS JOIN core_device ON name = value
             WHERE TRUE
             ON CONFLICT (device, target) DO UPDATE SET
                 deployment = excluded.deployment, status = excluded.status, reason = NULL, details = NULL,
                 queued_at = excluded.queued_at, started_at = NULL, modified = excluded.modified, event = excluded.event,
                 has_left = FALSE
             WHERE execution.deployment <> excluded.deployment OR has_left",
        )?
        .execute(named_params! {
            ":target": deployment.target, ":seq": deployment.seq, ":now": state.now, ":event": event,
            ":things": list(things),
        })?;
    if queued == 0 { agenda::strike(state, event) } else { Ok(()) }
}

/// Devices begin what they have queued for `event`, and report.
pub fn begin(state: &State, event: i64, deployment: i64) -> Result<()> {
    let next = agenda::schedule(state, state.timings.deployment[1], &Event::Finish(deployment))?;
    let begun = state
        .db
        .prepare_cached(
            "UPDATE execution SET status = 'IN_PROGRESS', started_at = :now, modified = :now, event = :next WHERE event = :event",
        )?
        .execute(named_params! { ":now": state.now, ":next": next, ":event": event })?;
    if begun == 0 {
        return agenda::strike(state, next);
    }
    state
        .db
        .prepare_cached("UPDATE core_device SET updated = ?1 WHERE name IN (SELECT device FROM execution WHERE event = ?2)")?
        .execute((state.now, next))?;
    let deployment = deployments::by_number(state, deployment)?;
    // only jobs have a time in which they must end
    if let (Some(_), Some(timeout)) = (&deployment.job, rollout::timeout(&deployment)) {
        agenda::schedule(state, timeout, &Event::TimeOut(deployment.seq))?;
    }
    Ok(())
}

/// Devices end what they have in progress for `event`.
pub fn finish(state: &State, event: i64, deployment: i64) -> Result<()> {
    let deployment = deployments::by_number(state, deployment)?;
    let failures = Failures::load(state)?;
    let shelf = Shelf::new(state);
    for (profile, devices) in Profile::of_finishing(state, event, &failures)? {
        let others: Vec<i64> = serde_json::from_str(&profile.others)?;
        let others = others.into_iter().map(|seq| deployments::by_number(state, seq)).collect::<Result<Vec<_>>>()?;
        let (effective, others) = plan::effective(&deployment, &others);
        let before = software::read(state, profile.software)?;
        let planned = plan::decide(&shelf, &effective, &others, &profile, &before);
        shelf.check()?;
        let failures = failures.at(&profile.failures);
        let case = Case { deployment: &effective, others: &others, profile: &profile, before: &before, failures: &failures };
        let report = Report::new(&case, &planned, state.now);
        report.write(state, &case, &devices)?;
        if deployment.job.is_none() && deployment.status == "ACTIVE" {
            let is_done = report.status == "COMPLETED";
            deployments::set_status(state, deployment.seq, if is_done { "COMPLETED" } else { "FAILED" })?;
        }
    }
    rollout::judge(state, &deployment)
}

/// Ends `deployment` where it has been in progress for longer than it may.
pub fn time_out(state: &State, deployment: i64) -> Result<()> {
    let deployment = deployments::by_number(state, deployment)?;
    let Some(timeout) = rollout::timeout(&deployment) else { return Ok(()) };
    let reason = format!("The deployment was in progress for {} minutes, which is all that its job allows", timeout / 60_000);
    state
        .db
        .prepare_cached(
            "UPDATE execution SET status = 'TIMED_OUT', reason = :reason, modified = :now, event = NULL
             WHERE deployment = :seq AND status = 'IN_PROGRESS' AND started_at <= :latest",
        )?
        .execute(named_params! {
            ":reason": reason, ":now": state.now, ":seq": deployment.seq, ":latest": state.now - timeout,
        })?;
    rollout::judge(state, &deployment)
}

/// Takes a deployment back from the devices that have not begun it.
pub fn withdraw(state: &State, deployment: i64) -> Result<()> {
    state
        .db
        .prepare_cached(
            "UPDATE execution SET status = 'CANCELED', modified = ?2, event = NULL WHERE deployment = ?1 AND status = 'QUEUED'",
        )?
        .execute((deployment, state.now))?;
    Ok(())
}

/// The devices whose rhythm is `event` report, and will again. The clock stands at `now`: of the reports that are due
/// until then, with nothing between them that devices do, the last one is all that can be seen.
pub fn report_daily(state: &State, event: i64, now: Millis) -> Result<()> {
    let period = state.timings.report;
    let until = agenda::next_awaited(state)?.map_or(now, |due| due.min(now));
    let state = &state.at(until - (until - state.now).rem_euclid(period));
    let next = agenda::schedule(state, period, &Event::Report)?;
    let reported = state
        .db
        .prepare_cached(
            "UPDATE core_device SET rhythm = :next, updated = iif(silent, updated, max(updated, :now)) WHERE rhythm = :event",
        )?
        .execute(named_params! { ":next": next, ":now": state.now, ":event": event })?;
    if reported == 0 { agenda::strike(state, next) } else { Ok(()) }
}

/// The nucleus of these devices has started and says what it is; no other is left. `initial` is the number of what it
/// brings along.
pub fn restart(state: &State, names: &[String], initial: i64) -> Result<()> {
    let nucleus = software::read(state, initial)?;
    let mut query = state.db.prepare_cached(
        "SELECT software, json_group_array(name) FROM core_device
         WHERE name IN (SELECT value FROM json_each(?1)) AND software <> ?2 GROUP BY software",
    )?;
    let others = query.query_map((list(names), initial), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    for (software, devices) in others.collect::<rusqlite::Result<Vec<_>>>()? {
        let mut components = software::read(state, software)?;
        components.retain(|component| !component.is_nucleus() || nucleus.iter().any(|nucleus| nucleus.is(component)));
        let missing = nucleus.iter().filter(|nucleus| !components.iter().any(|component| component.is(nucleus)));
        let missing: Vec<_> = missing.cloned().collect();
        components.extend(missing);
        let devices: Vec<String> = serde_json::from_str(&devices)?;
        install(state, &devices, software, &components)?;
    }
    wake(state, names)?;
    recheck(state, Some(names))
}

/// The first of `names` that is no core device.
pub fn first_unknown(state: &State, names: &[String]) -> Result<Option<String>> {
    let query = "SELECT value FROM json_each(?1) WHERE value NOT IN (SELECT name FROM core_device) LIMIT 1";
    Ok(state.db.prepare_cached(query)?.query_row([list(names)], |row| row.get(0)).optional()?)
}

/// Devices are heard of no more, and hear nothing, until they wake.
pub fn silence(state: &State, names: &[String]) -> Result<()> {
    let names = list(names);
    state
        .db
        .prepare_cached("UPDATE core_device SET silent = TRUE WHERE name IN (SELECT value FROM json_each(?1))")?
        .execute([&names])?;
    state
        .db
        .prepare_cached("UPDATE execution SET event = NULL WHERE device IN (SELECT value FROM json_each(?1))")?
        .execute([&names])?;
    Ok(())
}

/// Those of the devices that are silent report again, and go on with what they have.
pub fn wake(state: &State, names: &[String]) -> Result<()> {
    let query = "SELECT name FROM core_device WHERE silent AND name IN (SELECT value FROM json_each(?1))";
    let woken = state.db.prepare_cached(query)?.query_map([list(names)], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let woken: Vec<String> = woken;
    let list = list(&woken);
    state
        .db
        .prepare_cached("UPDATE core_device SET silent = FALSE, updated = ?2 WHERE name IN (SELECT value FROM json_each(?1))")?
        .execute((&list, state.now))?;
    let mut query = state.db.prepare_cached(
        "SELECT DISTINCT deployment, status FROM execution
         WHERE device IN (SELECT value FROM json_each(?1)) AND status IN ('QUEUED', 'IN_PROGRESS') ORDER BY deployment",
    )?;
    let unfinished = query.query_map([&list], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (deployment, status) in unfinished.collect::<rusqlite::Result<Vec<(i64, String)>>>()? {
        let [queued, in_progress] = state.timings.deployment;
        let event = match &*status {
            "QUEUED" => agenda::schedule(state, queued, &Event::Begin(deployment))?,
            _ => agenda::schedule(state, in_progress, &Event::Finish(deployment))?,
        };
        state
            .db
            .prepare_cached(
                "UPDATE execution SET event = :event
                 WHERE deployment = :seq AND status = :status AND device IN (SELECT value FROM json_each(:devices))",
            )?
            .execute(named_params! { ":event": event, ":seq": deployment, ":status": status, ":devices": list })?;
    }
    recheck(state, Some(&woken))
}

/// Devices see how their components are, and report where that has changed; where `among` is given, only those.
pub fn recheck(state: &State, among: Option<&[String]>) -> Result<()> {
    let failures = Failures::load(state)?;
    let which = if among.is_some() { "AND name IN (SELECT value FROM json_each(?1))" } else { "AND ?1 IS NULL" };
    let mut query =
        state.db.prepare_cached(&format!("SELECT name, software FROM core_device WHERE NOT silent {which} ORDER BY name"))?;
    let rows = query.query_map([among.map(list)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut alike: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (device, software) = row?;
        alike.entry((software, failures.of(&device))).or_default().push(device);
    }
    for ((software, places), devices) in alike {
        let before = software::read(state, software)?;
        let mut after = before.clone();
        software::mark(&mut after, &failures.at(&places), state.now);
        if after != before {
            install(state, &devices, software, &after)?;
        }
    }
    Ok(())
}

/// Devices that ran the list `before` run `after` from now on, and report.
fn install(state: &State, devices: &[String], before: i64, after: &[software::Component]) -> Result<()> {
    state
        .db
        .prepare_cached(
            "UPDATE core_device SET software = :software, status = :status, updated = :now
             WHERE name IN (SELECT value FROM json_each(:devices))",
        )?
        .execute(named_params! {
            ":software": software::keep(state, after)?, ":status": software::health(after), ":now": state.now,
            ":devices": list(devices),
        })?;
    software::release(state, before)
}

/// What the components of a device are configured with: a JSON object by name.
pub fn configuration(state: &State, device: &str) -> Result<Value> {
    let mut query = state.db.prepare_cached("SELECT software FROM core_device WHERE name = ?1")?;
    let components = software::read(state, query.query_row([device], |row| row.get(0))?)?;
    Ok(components.into_iter().map(|component| (component.name, Value::from(component.configuration))).collect())
}

/// Names as a parameter of a query.
fn list(names: &[String]) -> String {
    Value::from(names).to_string()
}
