//! Simulated core devices: what they make of the deployments that reach them.
//!
//! A device takes a deployment the moment it is created, or the moment the device joins its target. Its roots are
//! those of this deployment and of the last successful one of every other target. They are resolved once for all
//! devices that have the same platform, nucleus and roots.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::named_params;
use serde_json::{Value, json};

use super::arn::Target;
use super::components;
use super::deployments::{self, Deployment};
use super::error::{Result, ServiceError};
use super::store::State;
use crate::resolve::candidates::{Catalogue, Plan, ResolveError, Roots, resolve};
use crate::resolve::platform::{self, Platform};
use crate::resolve::recipe::{ComponentType, Recipe};
use crate::resolve::version::Version;

pub const CLASSIC: &str = "aws_nucleus_classic";
pub const LITE: &str = "aws_nucleus_lite";

/// All that decides what a device makes of a deployment.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Profile {
    platform: String,
    architecture: String,
    runtime: String,
    nucleus_version: String,
    /// The deployments of other targets that the device runs, a JSON list of their numbers.
    others: String,
}

/// The component that a nucleus reports itself as.
pub fn nucleus_of(runtime: &str) -> &'static str {
    if runtime == LITE { "aws.greengrass.NucleusLite" } else { "aws.greengrass.Nucleus" }
}

/// Gives `deployment` to every device that it addresses and that has not had it yet; where `among` is given, only to those.
pub fn take(state: &State, deployment: &Deployment, among: Option<&[String]>) -> Result<()> {
    let Some(target) = Target::parse(&deployment.target) else { return Ok(()) };
    let shelf = Shelf::new(state);
    for (profile, devices) in waiting(state, deployment, &addressed(state, target, among)?)? {
        let others: Vec<i64> = serde_json::from_str(&profile.others)?;
        let others = others.into_iter().map(|seq| deployments::by_number(state, seq)).collect::<Result<Vec<_>>>()?;
        let outcome = decide(&shelf, deployment, &others, &profile);
        shelf.check()?;
        let report = Report::new(deployment, &others, target, &profile, &outcome);
        for device in &devices {
            report.write(state, deployment, device)?;
        }
        if let (Target::Thing(_), false) = (target, devices.is_empty()) {
            deployments::set_status(state, deployment.seq, if outcome.is_ok() { "COMPLETED" } else { "FAILED" })?;
        }
    }
    Ok(())
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
            let among = serde_json::to_string(among)?;
            state.db.prepare_cached(query)?.query_map((group, among), |row| row.get(0))?.collect()
        }
    };
    Ok(things?)
}

fn waiting(state: &State, deployment: &Deployment, things: &[String]) -> Result<BTreeMap<Profile, Vec<String>>> {
    let mut query = state.db.prepare_cached(
        "SELECT name, platform, architecture, runtime, nucleus_version,
                (SELECT json_group_array(applied ORDER BY applied) FROM execution
                 WHERE device = name AND target <> :target AND applied IS NOT NULL)
         FROM core_device
         WHERE name IN (SELECT value FROM json_each(:things))
           AND NOT EXISTS (SELECT 1 FROM execution WHERE device = name AND target = :target AND deployment = :seq)",
    )?;
    let parameters = named_params! {
        ":target": deployment.target, ":seq": deployment.seq, ":things": serde_json::to_string(things)?,
    };
    let rows = query.query_map(parameters, |row| {
        let profile = Profile {
            platform: row.get(1)?,
            architecture: row.get(2)?,
            runtime: row.get(3)?,
            nucleus_version: row.get(4)?,
            others: row.get(5)?,
        };
        Ok((profile, row.get(0)?))
    })?;
    let mut profiles: BTreeMap<Profile, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (profile, device) = row?;
        profiles.entry(profile).or_default().push(device);
    }
    Ok(profiles)
}

fn decide(shelf: &Shelf, deployment: &Deployment, others: &[Deployment], profile: &Profile) -> Result<Plan, ResolveError> {
    let nucleus = nucleus_of(&profile.runtime);
    let is_updated =
        std::iter::once(deployment).chain(others).any(|deployment| deployment.roots().any(|(name, _)| name == nucleus));
    let view = View { shelf, running: (!is_updated).then_some((nucleus, &profile.nucleus_version)) };
    let others: Vec<Roots> = others.iter().map(roots).collect();
    resolve(&roots(deployment), &others, &profile.attributes(), &view)
}

fn is_root(component: &str, deployment: &Deployment, others: &[Deployment]) -> bool {
    std::iter::once(deployment).chain(others).any(|deployment| deployment.roots().any(|(name, _)| name == component))
}

fn roots(deployment: &Deployment) -> Roots {
    let group = Target::parse(&deployment.target).map(Target::key).unwrap_or_default();
    let components = deployment.roots().map(|(name, version)| (name.into(), version.into())).collect();
    Roots { group, components }
}

impl Profile {
    fn attributes(&self) -> Platform {
        let mut attributes =
            Platform::from([("os".into(), self.platform.clone()), ("architecture".into(), self.architecture.clone())]);
        if self.runtime == LITE {
            attributes.insert("runtime".into(), self.runtime.clone());
        }
        attributes
    }
}

/// The published recipes, each read once.
struct Shelf<'s> {
    state: &'s State<'s>,
    read: RefCell<HashMap<String, Vec<Arc<Recipe>>>>,
    failure: RefCell<Option<ServiceError>>,
}

/// The shelf as a device sees it, whose nucleus stays what it is unless a deployment names another.
struct View<'v> {
    shelf: &'v Shelf<'v>,
    running: Option<(&'v str, &'v str)>,
}

impl<'s> Shelf<'s> {
    fn new(state: &'s State<'s>) -> Self {
        Self { state, read: RefCell::default(), failure: RefCell::default() }
    }

    fn recipes(&self, component: &str) -> Vec<Arc<Recipe>> {
        if let Some(known) = self.read.borrow().get(component) {
            return known.clone();
        }
        let recipes = components::read_recipes(self.state, component).unwrap_or_else(|error| {
            self.failure.replace(Some(error));
            Vec::new()
        });
        let recipes: Vec<Arc<Recipe>> = recipes.into_iter().map(Arc::new).collect();
        self.read.borrow_mut().insert(component.into(), recipes.clone());
        recipes
    }

    /// What went wrong while a plan was made.
    fn check(&self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

impl Catalogue for View<'_> {
    fn versions(&self, component: &str) -> Vec<Version> {
        match self.running {
            Some((nucleus, version)) if nucleus == component => Version::parse(version).into_iter().collect(),
            _ => self.shelf.recipes(component).iter().map(|recipe| recipe.version.clone()).collect(),
        }
    }

    fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>> {
        let recipes = self.shelf.recipes(component);
        let found = recipes.iter().find(|recipe| recipe.version == *version).cloned();
        match self.running {
            // any nucleus may be running, also one that is not published here
            Some((nucleus, _)) if nucleus == component => found.or_else(|| {
                let published = recipes.first()?;
                Some(Arc::new(Recipe { version: version.clone(), ..Recipe::clone(published) }))
            }),
            _ => found,
        }
    }
}

/// What a device tells the cloud after a deployment.
struct Report {
    status: &'static str,
    reason: String,
    details: Option<String>,
    /// None where nothing changed.
    installed: Option<Vec<Installed>>,
    nucleus: &'static str,
}

struct Installed {
    name: String,
    version: String,
    state: &'static str,
    root: bool,
    /// The deployment names it.
    named: bool,
}

impl Report {
    fn new(
        deployment: &Deployment,
        others: &[Deployment],
        target: Target,
        profile: &Profile,
        outcome: &Result<Plan, ResolveError>,
    ) -> Self {
        let nucleus = nucleus_of(&profile.runtime);
        match outcome {
            Ok(plan) => {
                let attributes = profile.attributes();
                let installed = plan.iter().map(|(name, recipe)| Installed {
                    name: name.clone(),
                    version: recipe.version.as_str().into(),
                    state: if is_kept_running(recipe, &attributes) { "RUNNING" } else { "FINISHED" },
                    root: is_root(name, deployment, others),
                    named: deployment.roots().any(|(root, _)| root == name),
                });
                let status = if matches!(target, Target::Thing(_)) { "COMPLETED" } else { "SUCCEEDED" };
                Self { status, reason: "SUCCESSFUL".into(), details: None, installed: Some(installed.collect()), nucleus }
            }
            Err(error) => {
                let stack: Vec<&str> = ["DEPLOYMENT_FAILURE"].iter().chain(error.codes()).copied().collect();
                let code = stack.last().copied().unwrap_or_default();
                Self {
                    status: if matches!(error, ResolveError::NoFixpoint { .. }) { "TIMED_OUT" } else { "FAILED" },
                    reason: format!("{code}: FAILED_NO_STATE_CHANGE: {error}"),
                    details: Some(json!({ "errorStack": stack, "errorTypes": ["REQUEST_ERROR"] }).to_string()),
                    installed: None,
                    nucleus,
                }
            }
        }
    }

    fn write(&self, state: &State, deployment: &Deployment, device: &str) -> Result<()> {
        if let Some(installed) = &self.installed {
            self.install(state, deployment, device, installed)?;
        }
        state
            .db
            .prepare_cached(
                "INSERT INTO execution (device, target, deployment, applied, succeeded, status, reason, details,
                                        queued_at, started_at, modified)
                 VALUES (:device, :target, :seq, iif(:applies, :seq, NULL), :applies, :status, :reason, :details,
                         :now, :now, :now)
                 ON CONFLICT (device, target) DO UPDATE SET
                     deployment = excluded.deployment, applied = coalesce(excluded.applied, applied),
                     succeeded = succeeded OR excluded.succeeded,
                     status = excluded.status, reason = excluded.reason, details = excluded.details,
                     queued_at = excluded.queued_at, started_at = excluded.started_at, modified = excluded.modified",
            )?
            .execute(named_params! {
                ":device": device, ":target": deployment.target, ":seq": deployment.seq,
                ":applies": self.installed.is_some(), ":status": self.status, ":reason": self.reason,
                ":details": self.details, ":now": state.now,
            })?;
        state.db.prepare_cached("UPDATE core_device SET updated = ?2 WHERE name = ?1")?.execute((device, state.now))?;
        Ok(())
    }

    /// Leaves on the device what the plan holds, and the nucleus.
    fn install(&self, state: &State, deployment: &Deployment, device: &str, installed: &[Installed]) -> Result<()> {
        let kept: Value = installed.iter().map(|component| &*component.name).chain([self.nucleus]).collect();
        state
            .db
            .prepare_cached("DELETE FROM installed WHERE device = ?1 AND name NOT IN (SELECT value FROM json_each(?2))")?
            .execute((device, kept.to_string()))?;
        for component in installed {
            state
                .db
                .prepare_cached(
                    "INSERT INTO installed (device, name, version, state, root, changed, source)
                     VALUES (:device, :name, :version, :state, :root, :now, :source)
                     ON CONFLICT (device, name) DO UPDATE SET
                         changed = iif(version = excluded.version, changed, excluded.changed),
                         source = iif(version = excluded.version AND NOT :named, source, excluded.source),
                         version = excluded.version, state = excluded.state, root = excluded.root",
                )?
                .execute(named_params! {
                    ":device": device, ":name": component.name, ":version": component.version,
                    ":state": component.state, ":root": component.root, ":named": component.named,
                    ":now": state.now, ":source": deployment.id,
                })?;
            if component.name == self.nucleus {
                state
                    .db
                    .prepare_cached("UPDATE core_device SET nucleus_version = ?2 WHERE name = ?1")?
                    .execute((device, &component.version))?;
            }
        }
        Ok(())
    }
}

/// A component that has something to run is taken to run for ever; plugins live inside the nucleus.
fn is_kept_running(recipe: &Recipe, attributes: &Platform) -> bool {
    if recipe.kind == ComponentType::Plugin {
        return true;
    }
    let Ok(Some(manifest)) = platform::manifest(recipe, attributes) else { return false };
    let runs = |step: &String| ["run", "startup"].iter().any(|run| step.eq_ignore_ascii_case(run));
    platform::lifecycle(recipe, manifest).keys().any(runs)
}
