//! What a device makes of a deployment, and what it tells the cloud of that.

use rusqlite::named_params;
use serde_json::{Map, Value, json};

use super::plan::{self, Profile};
use super::software::{self, Component};
use super::{install, list};
use crate::emulator::deployments::Deployment;
use crate::emulator::error::Result;
use crate::emulator::failures::{BROKEN, Failure};
use crate::emulator::store::{Millis, State};
use crate::resolve::configuration::{self, Change};
use crate::resolve::engine::Engine;
use crate::resolve::lite;
use crate::resolve::platform;
use crate::resolve::recipe::{ComponentType, Recipe};
use crate::resolve::simulate::{Plan, ResolveError};

/// A deployment on devices that are alike.
pub struct Case<'c> {
    pub deployment: &'c Deployment,
    /// Those of their other targets.
    pub others: &'c [&'c Deployment],
    pub profile: &'c Profile,
    /// What they run before it.
    pub before: &'c [Component],
    pub failures: &'c [&'c Failure],
}

/// What devices report at the end of a deployment.
pub struct Report {
    pub status: &'static str,
    reason: String,
    /// JSON: statusDetails.
    details: Option<String>,
    /// What they run from now on; None where nothing was touched.
    after: Option<Vec<Component>>,
    /// Whether the components of the deployment are their roots from now on.
    applies: bool,
}

impl Report {
    pub fn new(case: &Case, planned: &Result<Plan, ResolveError>, now: Millis) -> Self {
        for failure in case.failures {
            if let Failure::Rejection { reason } = failure {
                return Self { status: "REJECTED", reason: reason.clone(), details: None, after: None, applies: false };
            }
        }
        let report = planned.as_ref().map_or_else(Self::unresolved, |plan| Self::resolved(case, plan, now));
        // lite devices write down their roots before they resolve anything
        Self { applies: report.applies || case.profile.engine() == Engine::Lite, ..report }
    }

    fn resolved(case: &Case, plan: &Plan, now: Millis) -> Self {
        let mut after = case.after(plan, now);
        if let Some(component) = after.iter().find(|component| case.is_new(component))
            && case.failures.contains(&&Failure::Disk)
        {
            let stack = &["ARTIFACT_DOWNLOAD_ERROR", "IO_ERROR", "DISK_SPACE_CRITICAL"];
            let text = format!("There is no space left on the disk for {}-v{}", component.name, component.version);
            return Self::failed(UNTOUCHED, stack, "DEVICE_ERROR", &text);
        }
        software::mark(&mut after, case.failures, now);
        if let Some(broken) = after.iter().find(|component| case.is_new(component) && component.state() == BROKEN) {
            let broken = broken.name.clone();
            return Self::broken(case, &broken, after, now);
        }
        let status = if case.deployment.job.is_some() { "SUCCEEDED" } else { "COMPLETED" };
        Self { status, reason: "SUCCESSFUL".into(), details: None, after: Some(after), applies: true }
    }

    fn unresolved(error: &ResolveError) -> Self {
        let failed = Self::failed(UNTOUCHED, error.codes(), "REQUEST_ERROR", &error.to_string());
        Self { status: if matches!(error, ResolveError::NoFixpoint { .. }) { "TIMED_OUT" } else { "FAILED" }, ..failed }
    }

    /// `component` does not run after the deployment, which is undone unless it says otherwise.
    fn broken(case: &Case, component: &str, after: Vec<Component>, now: Millis) -> Self {
        let stack = &["COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN"];
        let kind = if component.starts_with("aws.greengrass.") { "AWS_COMPONENT_ERROR" } else { "USER_COMPONENT_ERROR" };
        let text = format!("Service {component} in broken state after deployment");
        let policy = case.deployment.document.get("deploymentPolicies").map(|policies| &policies["failureHandlingPolicy"]);
        if policy.is_some_and(|policy| policy == "DO_NOTHING") {
            let failed = Self::failed("FAILED_ROLLBACK_NOT_REQUESTED", stack, kind, &text);
            return Self { after: Some(after), applies: true, ..failed };
        }
        let is_undone = |component: &Component| !after.iter().any(|later| later.is(component));
        let mut restored = case.before.to_vec();
        for component in restored.iter_mut().filter(|component| is_undone(component)) {
            component.changed = now;
        }
        software::mark(&mut restored, case.failures, now);
        let is_lost = restored.iter().any(|component| is_undone(component) && component.state() == BROKEN);
        let detailed = if is_lost { "FAILED_UNABLE_TO_ROLLBACK" } else { "FAILED_ROLLBACK_COMPLETE" };
        Self { after: Some(restored), ..Self::failed(detailed, stack, kind, &text) }
    }

    /// `stack` holds the codes below the most general one.
    fn failed(detailed: &str, stack: &[&str], kind: &str, text: &str) -> Self {
        let stack: Vec<&str> = ["DEPLOYMENT_FAILURE"].iter().chain(stack).copied().collect();
        let code = stack.last().copied().unwrap_or_default();
        Self {
            status: "FAILED",
            reason: format!("{code}: {detailed}: {text}"),
            details: Some(json!({ "errorStack": stack, "errorTypes": [kind] }).to_string()),
            after: None,
            applies: false,
        }
    }

    /// Writes down what `devices` report.
    pub fn write(&self, state: &State, case: &Case, devices: &[String]) -> Result<()> {
        let names = list(devices);
        state
            .db
            .prepare_cached(
                "UPDATE execution SET
                     status = :status, reason = :reason, details = :details, modified = :now, event = NULL,
                     applied = iif(:applies, :seq, applied), succeeded = succeeded OR :succeeds
                 WHERE target = :target AND device IN (SELECT value FROM json_each(:devices))",
            )?
            .execute(named_params! {
                ":status": self.status, ":reason": self.reason, ":details": self.details, ":now": state.now,
                ":applies": self.applies, ":seq": case.deployment.seq, ":succeeds": self.details.is_none() && self.applies,
                ":target": case.deployment.target, ":devices": names,
            })?;
        if self.applies {
            // those of groups that the devices have left
            state
                .db
                .prepare_cached(
                    "UPDATE execution SET applied = NULL
                     WHERE device IN (SELECT value FROM json_each(?1)) AND target <> ?2
                       AND applied NOT IN (SELECT value FROM json_each(?3))",
                )?
                .execute((&names, &case.deployment.target, &case.profile.others))?;
        }
        let after = self.after.as_deref().unwrap_or(case.before);
        if let Some(nucleus) = after.iter().find(|component| component.is_nucleus()) {
            state
                .db
                .prepare_cached("UPDATE core_device SET nucleus_version = ?2 WHERE name IN (SELECT value FROM json_each(?1))")?
                .execute((names, &nucleus.version))?;
        }
        install(state, devices, case.profile.software, after)
    }
}

/// How a deployment fails that has changed nothing.
const UNTOUCHED: &str = "FAILED_NO_STATE_CHANGE";

impl Case<'_> {
    /// Whether the devices have it not yet.
    fn is_new(&self, component: &Component) -> bool {
        !self.before.iter().any(|earlier| earlier.is(component))
    }

    /// What a component is configured with then. An update that no device could make changes nothing.
    fn configuration(&self, recipe: &Recipe) -> Map<String, Value> {
        let earlier = self.before.iter().find(|earlier| earlier.name == recipe.name);
        // a nucleus of another name goes on with what the old one has
        let old = || self.before.iter().find(|earlier| recipe.kind == ComponentType::Nucleus && earlier.is_nucleus());
        let earlier = earlier.or_else(old);
        let running = earlier.map_or(Value::Null, |earlier| earlier.configuration.clone().into());
        let time = |at: Millis| u64::try_from(at).unwrap_or_default();
        let update = self.deployment.update(&recipe.name);
        let reset = update["reset"].as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from);
        let merge = update["merge"].as_str().and_then(|merge| serde_json::from_str(merge).ok()).unwrap_or_default();
        let change = Change {
            default: recipe.defaults(),
            running: &running,
            running_timestamps: &earlier.map(|earlier| (String::new(), time(earlier.configured))).into_iter().collect(),
            deployment_timestamp: time(self.deployment.created),
            reset: &reset.collect::<Vec<_>>(),
            merge: &merge,
            engine: self.profile.engine(),
        };
        configuration::merge(&change).unwrap_or_else(|_| earlier.map(|earlier| earlier.configuration.clone()).unwrap_or_default())
    }

    /// What the devices run once they have installed what `plan` holds. The nucleus stays, planned or not, until another
    /// takes its place.
    fn after(&self, plan: &Plan, now: Millis) -> Vec<Component> {
        let mut after = Vec::with_capacity(plan.len() + 1);
        for (name, recipe) in plan {
            let state = if is_kept_running(recipe, self.profile) { "RUNNING" } else { "FINISHED" };
            let mut component = Component::new(name, recipe.version.as_str(), state, now);
            component.source.clone_from(&self.deployment.id);
            component.configuration = self.configuration(recipe);
            component.configured = self.deployment.created;
            component.nucleus = recipe.kind == ComponentType::Nucleus;
            if let Some(earlier) = self.before.iter().find(|earlier| earlier.is(&component)) {
                component.changed = earlier.changed;
                component.fault.clone_from(&earlier.fault);
                if !self.deployment.roots().any(|(root, _)| root == name) {
                    component.source.clone_from(&earlier.source);
                }
            }
            component.root = plan::is_root(name, self.deployment, self.others);
            after.push(component);
        }
        let is_replaced = plan.values().any(|recipe| recipe.kind == ComponentType::Nucleus);
        let stays = |component: &&Component| component.is_nucleus() && !is_replaced && !plan.contains_key(&component.name);
        if let Some(nucleus) = self.before.iter().find(stays) {
            let mut nucleus = nucleus.clone();
            nucleus.root = false;
            after.push(nucleus);
        }
        after
    }
}

/// A component that has something to run is taken to run for ever; plugins live inside the nucleus.
fn is_kept_running(recipe: &Recipe, profile: &Profile) -> bool {
    if recipe.kind == ComponentType::Plugin {
        return true;
    }
    let attributes = profile.attributes();
    let lifecycle = match profile.engine() {
        Engine::Classic => {
            platform::manifest(recipe, &attributes).ok().flatten().map(|manifest| platform::lifecycle(recipe, manifest))
        }
        Engine::Lite => {
            let at = lite::manifest(&recipe.manifests, &attributes).ok().flatten();
            at.map(|at| lite::lifecycle(recipe, &recipe.manifests[at]))
        }
    };
    let runs = |step: &String| ["run", "startup"].iter().any(|run| step.eq_ignore_ascii_case(run));
    lifecycle.is_some_and(|lifecycle| lifecycle.keys().any(runs))
}
