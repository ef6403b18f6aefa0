//! What a device would run for a deployment.
//!
//! Its roots are those of the deployment and of the last one that it applied of every other target which still addresses
//! it: its own thing, and the groups that it is in. Of a target and its subdeployments only the newest that it has counts.
//! They are resolved once for all devices that have the same [`Profile`].

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::named_params;

use super::software::Component;
use super::{LITE, nucleus_of};
use crate::emulator::arn::Target;
use crate::emulator::components;
use crate::emulator::deployments::Deployment;
use crate::emulator::error::{Result, ServiceError};
use crate::emulator::failures::Failures;
use crate::emulator::store::State;
use crate::resolve::catalogue::{self, Catalogue, Entry};
use crate::resolve::engine::Engine;
use crate::resolve::platform::Platform;
use crate::resolve::recipe::Recipe;
use crate::resolve::simulate::{CloudPolicy, Device, Plan, ResolveError, Roots, Simulation};
use crate::resolve::version::Version;

/// All that decides what a device makes of a deployment.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Profile {
    platform: String,
    architecture: String,
    pub runtime: String,
    nucleus_version: String,
    /// What the device runs now.
    pub software: i64,
    /// The deployments of other targets that the device runs, a JSON list of their numbers.
    pub others: String,
    /// What goes wrong on it: places in the failures.
    pub failures: Vec<usize>,
}

/// What devices of this profile would run, or why they would refuse.
pub fn decide(
    shelf: &Shelf,
    deployment: &Deployment,
    others: &[&Deployment],
    profile: &Profile,
    running: &[Component],
) -> Result<Plan, ResolveError> {
    let device = shelf.device(profile, running);
    let others: Vec<Roots> = others.iter().map(|other| roots(other)).collect();
    let (platform, deployment) = (&profile.attributes(), &roots(deployment));
    let (cloud_policy, engine) = (CloudPolicy::Highest, profile.engine());
    Simulation { platform, catalogue: shelf, device: &device, deployment, others: &others, cloud_policy, engine }.run().plan
}

/// What has an effect on a device that has `others` and ends `deployment`: that one, without components where another
/// stands in for it, and the others that count.
pub fn effective<'d>(deployment: &'d Deployment, others: &'d [Deployment]) -> (Cow<'d, Deployment>, Vec<&'d Deployment>) {
    let counts = |one: &Deployment| !others.iter().chain([deployment]).any(|other| other.stands_in_for(one));
    let own = if counts(deployment) { Cow::Borrowed(deployment) } else { Cow::Owned(deployment.emptied()) };
    (own, others.iter().filter(|other| counts(other)).collect())
}

/// Whether one of the deployments names the component.
pub fn is_root(component: &str, deployment: &Deployment, others: &[&Deployment]) -> bool {
    others.iter().copied().chain([deployment]).any(|deployment| deployment.roots().any(|(name, _)| name == component))
}

fn roots(deployment: &Deployment) -> Roots {
    let group = Target::parse(&deployment.target).map(Target::key).unwrap_or_default();
    let components = deployment.roots().map(|(name, version)| (name.into(), version.into())).collect();
    Roots { group, components }
}

impl Profile {
    /// The devices that finish a deployment with `event`, by their profiles.
    pub fn of_finishing(state: &State, event: i64, failures: &Failures) -> Result<BTreeMap<Self, Vec<String>>> {
        let mut query = state.db.prepare_cached(
            "SELECT name, platform, architecture, runtime, nucleus_version, software,
                    (SELECT json_group_array(applied ORDER BY applied) FROM execution AS other
                     WHERE other.device = name AND other.target <> execution.target AND applied IS NOT NULL
                       AND (other.target = :things || name
                            OR EXISTS (SELECT 1 FROM member WHERE thing = name AND other.target = :groups || thing_group)))
             FROM execution JOIN core_device ON name = device WHERE event = :event ORDER BY name",
        )?;
        let [things, groups] = [Target::Thing(""), Target::ThingGroup("")].map(|any| state.names.target(any));
        let parameters = named_params! { ":event": event, ":things": things, ":groups": groups };
        let rows = query.query_map(parameters, |row| {
            let device: String = row.get(0)?;
            let profile = Self {
                platform: row.get(1)?,
                architecture: row.get(2)?,
                runtime: row.get(3)?,
                nucleus_version: row.get(4)?,
                software: row.get(5)?,
                others: row.get(6)?,
                failures: failures.of(&device),
            };
            Ok((profile, device))
        })?;
        let mut profiles: BTreeMap<Self, Vec<String>> = BTreeMap::new();
        for row in rows {
            let (profile, device) = row?;
            profiles.entry(profile).or_default().push(device);
        }
        Ok(profiles)
    }

    pub fn engine(&self) -> Engine {
        if self.runtime == LITE { Engine::Lite } else { Engine::Classic }
    }

    pub fn attributes(&self) -> Platform {
        let mut attributes =
            Platform::from([("os".into(), self.platform.clone()), ("architecture".into(), self.architecture.clone())]);
        if self.runtime == LITE {
            attributes.insert("runtime".into(), self.runtime.clone());
        }
        attributes
    }
}

/// The published recipes, each read once.
pub struct Shelf<'s> {
    state: &'s State<'s>,
    read: RefCell<HashMap<String, Arc<[Entry]>>>,
    failure: RefCell<Option<ServiceError>>,
}

impl<'s> Shelf<'s> {
    pub fn new(state: &'s State<'s>) -> Self {
        Self { state, read: RefCell::default(), failure: RefCell::default() }
    }

    /// A device that runs these. Any nucleus may run, also a version that is not published here. A lite device counts
    /// what has failed as nothing that it has.
    fn device(&self, profile: &Profile, running: &[Component]) -> Device {
        let version = |component: &Component| Some((component.name.clone(), Version::parse(&component.version).ok()?));
        let counts =
            |component: &&Component| profile.engine() == Engine::Classic || matches!(component.state(), "RUNNING" | "FINISHED");
        let active = running.iter().filter(counts).filter_map(version).collect();
        let mut device = Device { active, ..Device::default() };
        let nucleus = running.iter().find(|component| component.is_nucleus()).map(|component| &*component.name);
        let nucleus = nucleus.unwrap_or_else(|| nucleus_of(&profile.runtime));
        let published = self.versions(nucleus);
        let newest = published.iter().find_map(|entry| entry.recipe.as_deref());
        if let (Some(recipe), Ok(version)) = (newest, Version::parse(&profile.nucleus_version)) {
            if !published.iter().any(|entry| entry.version.is_same(&version)) {
                let recipe = Recipe { version: version.clone(), ..recipe.clone() };
                device.store.insert(nucleus.into(), vec![Arc::new(recipe)]);
            }
            device.nucleus = Some((nucleus.into(), version));
        }
        device
    }

    /// What went wrong while a plan was made.
    pub fn check(&self) -> Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

impl Catalogue for Shelf<'_> {
    fn versions(&self, component: &str) -> Arc<[Entry]> {
        if let Some(known) = self.read.borrow().get(component) {
            return known.clone();
        }
        let recipes = components::read_recipes(self.state, component).unwrap_or_else(|error| {
            self.failure.replace(Some(error));
            Vec::new()
        });
        let versions = catalogue::sorted(recipes.into_iter().map(Entry::from).collect());
        self.read.borrow_mut().insert(component.into(), versions.clone());
        versions
    }
}
