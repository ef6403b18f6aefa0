//! Failures that the cloud's owner asks for: what shall go wrong, and where.
//!
//! They are kept as scripts and looked at when something happens that they could make fail; nothing else knows of them.
//! Silence is no failure of this kind: it is a state of the device.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::Result;
use super::store::State;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// A component does not run where it is installed; None stands for all its versions.
    Component { name: String, version: Option<String>, fault: Breakage },
    /// There is no room for anything that would have to be downloaded.
    Disk,
    /// The nucleus refuses deployments, for this reason.
    Rejection { reason: String },
    /// A version ends FAILED when it is created, with these texts by artifact.
    Publication { name: String, version: Option<String>, errors: Map<String, Value> },
}

/// What a device reports of a component that does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakage {
    pub state: String,
    /// One of its `lifecycleStatusCodes`.
    pub code: String,
    /// Its `lifecycleStateDetails`; None says nothing.
    pub details: Option<String>,
}

pub const BROKEN: &str = "BROKEN";

/// The states of components that do not run, and the codes that tell why.
const STATES: [&str; 2] = ["ERRORED", BROKEN];
const STEPS: [&str; 3] = ["INSTALL", "STARTUP", "RUN"];
const CAUSES: [&str; 5] = ["ERROR", "TIMEOUT", "CONFIG_NOT_VALID", "IO_ERROR", "MISSING_DEFAULT_RUNWITH"];
const SHUTDOWN: [&str; 2] = ["SHUTDOWN_ERROR", "SHUTDOWN_TIMEOUT"];

impl Breakage {
    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<String> {
        if !STATES.contains(&&*self.state) {
            return Some(format!("state is {:?}: use {}", self.state, STATES.join(" or ")));
        }
        let codes = STEPS.iter().flat_map(|step| CAUSES.iter().map(move |cause| format!("{step}_{cause}")));
        let codes: Vec<String> = codes.chain(SHUTDOWN.map(String::from)).collect();
        (!codes.contains(&self.code)).then(|| format!("code is {:?}: use one of {}", self.code, codes.join(", ")))
    }
}

/// A failure and the devices that it concerns.
#[derive(Debug, Serialize, Deserialize)]
struct Script {
    failure: Failure,
    /// None stands for all, also those that are registered later.
    devices: Option<BTreeSet<String>>,
    /// Devices that have been healed of it since.
    healed: BTreeSet<String>,
}

/// All failures of the cloud.
#[derive(Debug, Default)]
pub struct Failures(Vec<(i64, Script)>);

impl Failures {
    pub fn load(state: &State) -> Result<Self> {
        let mut query = state.db.prepare_cached("SELECT id, script FROM failure ORDER BY id")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let scripts = rows.map(|row| row.map_err(Into::into).and_then(|(id, script)| Ok((id, serde_json::from_str(&script)?))));
        scripts.collect::<Result<_>>().map(Self)
    }

    /// Those that concern `device`, by their place among all.
    pub fn of(&self, device: &str) -> Vec<usize> {
        let concerned = self.0.iter().enumerate().filter(|(_, (_, script))| {
            script.devices.as_ref().is_none_or(|devices| devices.contains(device)) && !script.healed.contains(device)
        });
        concerned.map(|(place, _)| place).collect()
    }

    pub fn at(&self, places: &[usize]) -> Vec<&Failure> {
        places.iter().filter_map(|&place| self.0.get(place)).map(|(_, script)| &script.failure).collect()
    }

    /// Why the version of a component ends FAILED, if it does.
    pub fn of_publication(&self, component: &str, of_version: &str) -> Option<&Map<String, Value>> {
        self.0.iter().find_map(|(_, script)| match &script.failure {
            Failure::Publication { name, version, errors } if name == component && covers(version.as_deref(), of_version) => {
                Some(errors)
            }
            _ => None,
        })
    }
}

/// What `failures` make of the version of a component on a device: the last one that was asked for counts.
pub fn fault<'f>(failures: &[&'f Failure], component: &str, of_version: &str) -> Option<&'f Breakage> {
    failures.iter().rev().find_map(|failure| match failure {
        Failure::Component { name, version, fault } if name == component && covers(version.as_deref(), of_version) => Some(fault),
        _ => None,
    })
}

fn covers(wanted: Option<&str>, version: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == version)
}

/// Makes `failure` happen from now on, on `devices` or on all.
pub fn add(state: &State, failure: Failure, devices: Option<&[String]>) -> Result<()> {
    let devices = devices.map(|devices| devices.iter().cloned().collect());
    let script = Script { failure, devices, healed: BTreeSet::new() };
    state.db.prepare_cached("INSERT INTO failure (script) VALUES (?1)")?.execute([serde_json::to_string(&script)?])?;
    Ok(())
}

/// Ends all failures; where devices are given, those of these devices.
pub fn end(state: &State, devices: Option<&[String]>) -> Result<()> {
    let Some(devices) = devices else {
        state.db.prepare_cached("DELETE FROM failure")?.execute([])?;
        return Ok(());
    };
    for (id, mut script) in Failures::load(state)?.0 {
        script.healed.extend(devices.iter().cloned());
        if script.devices.as_ref().is_some_and(|devices| devices.is_subset(&script.healed)) {
            state.db.prepare_cached("DELETE FROM failure WHERE id = ?1")?.execute([id])?;
        } else {
            let script = serde_json::to_string(&script)?;
            state.db.prepare_cached("UPDATE failure SET script = ?2 WHERE id = ?1")?.execute((id, script))?;
        }
    }
    Ok(())
}
