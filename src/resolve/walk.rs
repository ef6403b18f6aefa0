//! The walk of a simulation: what is required by now, what is chosen by now, and how one becomes the other.
//!
//! Nothing recurses, so that no catalogue is too deep. It ends: a component that has changed too often is taken for
//! one of a circle that never comes to rest, on which a device walks for ever.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::catalogue::{Catalogue, Entry};
use super::error::ResolveError;
use super::java_order::{JavaMap, Order};
use super::platform::{self, Platform};
use super::recipe::{ComponentType, Recipe};
use super::requirement::Requirement;
use super::simulate::{CloudPolicy, LOCAL_DEPLOYMENT, Plan, Simulation, Source, Visit};
use super::version::Version;

/// A nucleus that runs is kept without asking the cloud where it meets the requirements. The second is the lite
/// device's, which never asks for what it has.
const KEPT: [&str; 2] = ["aws.greengrass.Nucleus", "aws.greengrass.NucleusLite"];

/// How often a component may change before the walk is taken for one without an end.
const CHANGE_LIMIT: u32 = 500;

pub(super) struct Walk<'w, C> {
    simulation: &'w Simulation<'w, C>,
    order: Order,
    /// By component: who requires what of it.
    pub(super) requirements: HashMap<String, JavaMap<Requirement>>,
    pub(super) plan: Plan,
    /// By component: how often it was visited, less the dependents that were taken back.
    visits: HashMap<String, isize>,
    /// By component: how often its dependencies were followed.
    changes: HashMap<String, u32>,
    /// What the cloud gave, which the device holds from then on.
    fetched: HashMap<String, Vec<Arc<Recipe>>>,
    pub(super) trace: Vec<Visit>,
    /// Components of which a version was judged otherwise by all texts in one than by each.
    pub(super) misread: BTreeSet<String>,
}

impl<'w, C: Catalogue> Walk<'w, C> {
    pub(super) fn new(simulation: &'w Simulation<'w, C>, order: Order) -> Self {
        Self {
            simulation,
            order,
            requirements: HashMap::new(),
            plan: Plan::new(),
            visits: HashMap::new(),
            changes: HashMap::new(),
            fetched: HashMap::new(),
            trace: Vec::new(),
            misread: BTreeSet::new(),
        }
    }

    pub(super) fn resolve(&mut self) -> Result<(), ResolveError> {
        let simulation = self.simulation;
        for roots in simulation.all_roots() {
            for (component, version) in &roots.components {
                let requirement = Requirement::parse(version).map_err(|_| ResolveError::InvalidRootRequirement {
                    component: component.clone(),
                    version: version.clone(),
                })?;
                self.require(component, &roots.group, requirement);
            }
        }
        let mut met = HashSet::new();
        for (component, _) in &simulation.deployment.components {
            if met.insert(component) {
                self.visit_from(component)?;
            }
        }
        let mut others = JavaMap::new(self.order);
        for (component, _) in simulation.others.iter().flat_map(|roots| &roots.components) {
            others.insert(component, ());
        }
        for (component, ()) in others.iter().filter(|(component, ())| !met.contains(&String::from(*component))) {
            self.visit_from(component)?;
        }
        self.refuse_cycles()?;
        self.guard_nucleus()
    }

    fn require(&mut self, component: &str, who: &str, requirement: Requirement) {
        let order = self.order;
        self.requirements.entry(component.into()).or_insert_with(|| JavaMap::new(order)).insert(who, requirement);
    }

    /// Who requires what of a component, in the device's order.
    pub(super) fn required(&self, component: &str) -> Vec<(String, Requirement)> {
        self.requirements_of(component).map(|(who, requirement)| (who.into(), requirement.clone())).collect()
    }

    fn requirements_of(&self, component: &str) -> impl Iterator<Item = (&str, &Requirement)> {
        self.requirements.get(component).into_iter().flat_map(JavaMap::iter)
    }

    fn visit_from(&mut self, root: &str) -> Result<(), ResolveError> {
        let mut queue = VecDeque::from([String::from(root)]);
        while let Some(component) = queue.pop_front() {
            let recipe = self.choose(&component)?;
            *self.visits.entry(component.clone()).or_default() += 1;
            match self.plan.insert(component.clone(), recipe.clone()) {
                Some(earlier) if earlier.version.is_same(&recipe.version) => continue,
                Some(earlier) => self.take_back(earlier),
                None => {}
            }
            let changes = self.changes.entry(component.clone()).or_default();
            *changes += 1;
            if *changes > CHANGE_LIMIT {
                return Err(ResolveError::NoFixpoint { component, changes: CHANGE_LIMIT });
            }
            let mut dependencies = JavaMap::new(self.order);
            recipe.dependencies.iter().for_each(|dependency| dependencies.insert(&dependency.name, &dependency.requirement));
            for (dependency, requirement) in dependencies.iter() {
                self.require(dependency, &component, Requirement::clone(requirement));
                queue.push_back(dependency.into());
            }
        }
        Ok(())
    }

    /// Forgets what a recipe required, and the dependencies that nothing else led to.
    fn take_back(&mut self, recipe: Arc<Recipe>) {
        let mut left = vec![recipe];
        while let Some(recipe) = left.pop() {
            for dependency in &recipe.dependencies {
                if let Some(requirements) = self.requirements.get_mut(&dependency.name) {
                    requirements.remove(&recipe.name);
                }
                let visits = self.visits.entry(dependency.name.clone()).or_default();
                *visits -= 1;
                if *visits == 0 {
                    left.extend(self.plan.remove(&dependency.name));
                }
            }
        }
    }

    /// What the device would install of a component by what is known now.
    fn choose(&mut self, component: &str) -> Result<Arc<Recipe>, ResolveError> {
        let device = self.simulation.device;
        let candidate = self.candidate(component);
        let is_kept = |version: &Version| {
            KEPT.contains(&component)
                && device.nucleus.as_ref().is_some_and(|(name, running)| name == component && running.is_same(version))
        };
        let is_local = self.requirements.get(component).is_some_and(|requirements| requirements.contains(LOCAL_DEPLOYMENT));
        let is_trusted = self.fetched.contains_key(component) || !device.foreign.contains(component);
        match candidate {
            Some(version) if is_local && is_trusted => self.take(component, version, Source::Local),
            Some(version) if !device.online => self.take(component, version, Source::LocalOffline),
            None if !device.online => {
                Err(ResolveError::NoLocalVersion { component: component.into(), requirements: self.required(component) })
            }
            Some(version) if is_kept(&version) => self.take(component, version, Source::NucleusSkip),
            candidate => match (self.ask(component, candidate.as_ref()), candidate) {
                (Ok(version), _) => self.fetch(component, version),
                (Err(_), Some(version)) => self.take(component, version, Source::LocalFallback),
                (Err(error), None) => Err(error),
            },
        }
    }

    /// The version that the device has: the one that runs, else the highest. Platforms are not looked at.
    fn candidate(&mut self, component: &str) -> Option<Version> {
        let device = self.simulation.device;
        let nucleus = device.nucleus.as_ref().filter(|(name, _)| name == component).map(|(_, version)| version);
        let running = nucleus.or_else(|| device.active.get(component));
        let mut held = self.held(component).peekable();
        if running.is_none() && held.peek().is_none() {
            return None;
        }
        // all texts in one, which reads otherwise than each for itself where there are alternatives
        let texts: Vec<_> = self.requirements_of(component).map(|(_, requirement)| requirement.to_string()).collect();
        let merged = Requirement::parse(&texts.join(" "));
        let misread = Cell::new(false);
        let meets = |version: &&Version| {
            let each = self.requirements_of(component).all(|(_, requirement)| requirement.matches(version));
            let all = merged.as_ref().map_or(each, |merged| merged.matches(version));
            misread.set(misread.get() || all != each);
            all
        };
        let highest = || held.map(|recipe| &recipe.version).filter(meets).max_by(|a, b| a.compare(b));
        let candidate = running.filter(meets).or_else(highest).cloned();
        if misread.get() {
            self.misread.insert(component.into());
        }
        candidate
    }

    /// The recipes on the device; of one version the newest come first.
    fn held(&self, component: &str) -> impl Iterator<Item = &Arc<Recipe>> {
        let stored = self.simulation.device.store.get(component);
        self.fetched.get(component).into_iter().flatten().chain(stored.into_iter().flatten())
    }

    /// Takes what the device has.
    fn take(&mut self, component: &str, version: Version, source: Source) -> Result<Arc<Recipe>, ResolveError> {
        let held = self.held(component).find(|recipe| recipe.version.is_same(&version)).cloned();
        let recipe = held
            .or_else(|| self.simulation.catalogue.recipe(component, &version))
            .filter(|recipe| claims_platform(recipe, self.simulation.platform))
            .ok_or_else(|| ResolveError::LocalRecipeUnusable { component: component.into(), version: version.clone() })?;
        self.trace.push(Visit { component: component.into(), version, source });
        Ok(recipe)
    }

    /// Takes what the cloud has.
    fn fetch(&mut self, component: &str, version: Version) -> Result<Arc<Recipe>, ResolveError> {
        let Some(recipe) = self.simulation.catalogue.recipe(component, &version) else {
            return Err(ResolveError::RecipeUnreadable { component: component.into(), version });
        };
        let fetched = self.fetched.entry(component.into()).or_default();
        if !fetched.iter().any(|held| held.version.is_same(&version)) {
            fetched.push(recipe.clone());
        }
        self.trace.push(Visit { component: component.into(), version, source: Source::Cloud });
        Ok(recipe)
    }

    /// The cloud's answer.
    fn ask(&self, component: &str, candidate: Option<&Version>) -> Result<Version, ResolveError> {
        let listed = self.simulation.catalogue.versions(component);
        let requirements = self.requirements.get(component);
        let meets = |entry: &&Entry| {
            requirements.into_iter().flat_map(JavaMap::iter).all(|(_, requirement)| requirement.matches(&entry.version))
        };
        // what the device cannot read the cloud can; so it is not the platform that keeps it from answering
        let claims =
            |entry: &&Entry| entry.recipe.as_ref().is_none_or(|recipe| claims_platform(recipe, self.simulation.platform));
        let fitting = || listed.iter().filter(meets);
        let preferred = candidate.filter(|_| self.simulation.cloud_policy == CloudPolicy::PreferCandidate);
        let preferred = preferred.and_then(|candidate| fitting().find(|entry| entry.version.is_same(candidate) && claims(entry)));
        if let Some(entry) = preferred.or_else(|| fitting().find(claims)) {
            return Ok(entry.version.clone());
        }
        let component = component.into();
        Err(if fitting().next().is_some() {
            ResolveError::PlatformIncompatible { component, platform: self.simulation.platform.clone() }
        } else {
            let requirements = self.required(&component);
            ResolveError::NoAvailableVersion { component, requirements }
        })
    }

    /// Only the roots of the deployment itself are looked at.
    fn refuse_cycles(&self) -> Result<(), ResolveError> {
        let mut done = HashSet::new();
        for (component, _) in &self.simulation.deployment.components {
            if let Some(recipe) = self.plan.get(component)
                && reaches_cycle(&self.plan, recipe, &mut done)
            {
                return Err(ResolveError::CircularDependency { component: component.clone(), version: recipe.version.clone() });
            }
        }
        Ok(())
    }

    /// There is one nucleus, and only a deployment that names it changes more than its patch number.
    fn guard_nucleus(&self) -> Result<(), ResolveError> {
        let nuclei: Vec<_> = self.plan.values().filter(|recipe| recipe.kind == ComponentType::Nucleus).collect();
        let [nucleus] = nuclei[..] else {
            let components: Vec<_> = nuclei.iter().map(|recipe| recipe.name.clone()).collect();
            return if components.is_empty() { Ok(()) } else { Err(ResolveError::MultipleNucleus { components }) };
        };
        let Some((name, running)) = &self.simulation.device.nucleus else { return Ok(()) };
        let line = |version: &Version| (version.major(), version.minor());
        let is_root = self.simulation.deployment.components.iter().any(|(component, _)| *component == nucleus.name);
        if is_root || nucleus.name == *name && line(&nucleus.version) == line(running) {
            return Ok(());
        }
        let to = (nucleus.name.clone(), nucleus.version.clone());
        Err(ResolveError::NucleusUpdateNotExplicit { from: Box::new((name.clone(), running.clone())), to: Box::new(to) })
    }

    /// What is in the plan though no root leads to it.
    pub(super) fn orphans(&self) -> Vec<String> {
        let mut left: BTreeSet<&str> = self.plan.keys().map(String::as_str).collect();
        let roots = self.simulation.all_roots().flat_map(|roots| &roots.components);
        let mut reached: Vec<&str> = roots.map(|(component, _)| &**component).collect();
        while let Some(component) = reached.pop() {
            if left.remove(component) {
                reached.extend(self.plan[component].dependencies.iter().map(|dependency| &*dependency.name));
            }
        }
        left.into_iter().map(String::from).collect()
    }
}

/// Whether dependencies lead from `root` to a component that needs itself. `done` holds what leads to none.
fn reaches_cycle<'p>(plan: &'p Plan, root: &'p Recipe, done: &mut HashSet<&'p str>) -> bool {
    if done.contains(&*root.name) {
        return false;
    }
    let mut open = HashSet::from([&*root.name]);
    let mut path = vec![(&*root.name, root.dependencies.iter())];
    while let Some((component, dependencies)) = path.last_mut() {
        let Some(dependency) = dependencies.next() else {
            open.remove(component);
            done.insert(component);
            path.pop();
            continue;
        };
        if open.contains(&*dependency.name) {
            return true;
        }
        if let Some(recipe) = plan.get(&dependency.name)
            && !done.contains(&*recipe.name)
        {
            open.insert(&recipe.name);
            path.push((&recipe.name, recipe.dependencies.iter()));
        }
    }
    false
}

/// A template that is no regular expression claims nothing.
fn claims_platform(recipe: &Recipe, platform: &Platform) -> bool {
    matches!(platform::manifest(recipe, platform), Ok(Some(_)))
}
