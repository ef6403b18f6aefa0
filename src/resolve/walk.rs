//! The walk of a simulation: what is required by now, what is chosen by now, and how one becomes the other.
//!
//! Nothing recurses, so that no catalogue is too deep. A requirement is held against the versions of a component once,
//! when it comes, and what was chosen stands until something changes; so the cost grows as the dependencies visited,
//! however many have a component in common. The same goes for what the device has, once that is looked at; but it is
//! searched with all requirements in one text, and where alternatives or prereleases are among them it takes the text
//! itself to know what that means.
//!
//! The walk ends: a component that has changed too often is taken for one of a circle that never comes to rest, on which
//! a device walks for ever.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::catalogue::{Catalogue, Entry, Question, Unanswered};
use super::error::ResolveError;
use super::java_order::{JavaMap, Order};
use super::platform;
use super::recipe::{ComponentType, Recipe};
use super::requirement::{InvalidRequirement, Requirement};
use super::simulate::{CloudPolicy, LOCAL_DEPLOYMENT, Plan, Simulation, Source, Visit};
use super::version::Version;

/// Where it runs and meets the requirements it is kept without asking the cloud.
const NUCLEUS: &str = "aws.greengrass.Nucleus";

/// How often a component may change before the walk is taken for one without an end.
const CHANGE_LIMIT: u32 = 500;

pub(super) struct Walk<'w, C> {
    simulation: &'w Simulation<'w, C>,
    order: Order,
    pub(super) components: HashMap<String, Component>,
    pub(super) plan: Plan,
    pub(super) trace: Vec<Visit>,
    /// By address, whether a recipe claims the platform: its templates may be costly, and are looked at once.
    claims: RefCell<HashMap<*const Recipe, (Arc<Recipe>, bool)>>,
}

/// What is known of a component.
pub(super) struct Component {
    /// Who requires what of it.
    requirements: JavaMap<Requirement>,
    /// The versions that the cloud has.
    listed: Arc<[Entry]>,
    /// By listed version: how many requirements it fails.
    failed: Vec<u32>,
    /// What the cloud gave, which the device holds from then on.
    fetched: Vec<Arc<Recipe>>,
    /// By version on the device, how many requirements it fails. Empty until somebody looks for a candidate.
    judged: HashMap<Version, u32>,
    /// How many requirements have alternatives.
    alternatives: usize,
    /// What was last chosen, until a requirement or what the device holds changes.
    chosen: Option<(Arc<Recipe>, Source)>,
    /// How often it was visited, less the dependents that were taken back.
    visits: isize,
    /// How often its dependencies were followed.
    changes: u32,
    /// How often a version was held against a requirement: what this component has cost.
    pub(super) judgements: usize,
    /// Whether a version on the device was judged otherwise by all texts in one than by each.
    pub(super) misread: bool,
}

impl Component {
    fn new(listed: Arc<[Entry]>, order: Order) -> Self {
        Self {
            requirements: JavaMap::new(order),
            failed: vec![0; listed.len()],
            listed,
            fetched: Vec::new(),
            judged: HashMap::new(),
            alternatives: 0,
            chosen: None,
            visits: 0,
            changes: 0,
            judgements: 0,
            misread: false,
        }
    }

    fn require(&mut self, who: &str, requirement: &Requirement) {
        let earlier = self.requirements.insert(who, requirement.clone());
        if earlier.as_ref() != Some(requirement) {
            self.judge(requirement, |failed| *failed += 1);
            self.alternatives += usize::from(requirement.has_alternatives());
            if let Some(earlier) = earlier {
                self.forget(&earlier);
            }
        }
    }

    fn release(&mut self, who: &str) {
        if let Some(requirement) = self.requirements.remove(who) {
            self.forget(&requirement);
        }
    }

    fn forget(&mut self, requirement: &Requirement) {
        self.judge(requirement, |failed| *failed -= 1);
        self.alternatives -= usize::from(requirement.has_alternatives());
    }

    /// Counts the versions that fail a requirement which comes or goes.
    fn judge(&mut self, requirement: &Requirement, count: impl Fn(&mut u32)) {
        self.judgements += self.listed.len() + self.judged.len();
        self.chosen = None;
        let listed = self.listed.iter().map(|entry| &entry.version).zip(&mut self.failed);
        listed.chain(&mut self.judged).filter(|(version, _)| !requirement.matches(version)).for_each(|(_, failed)| count(failed));
    }

    /// How many requirements a version on the device fails.
    fn failed_by(&mut self, version: &Version) -> u32 {
        if let Some(failed) = self.judged.get(version) {
            return *failed;
        }
        let mut failed = 0;
        for (_, requirement) in self.requirements.iter() {
            self.judgements += 1;
            failed += u32::from(!requirement.matches(version));
        }
        self.judged.insert(version.clone(), failed);
        failed
    }

    /// Whether a version on the device meets all requirements in one text, which reads otherwise than each for itself
    /// where there are alternatives or prereleases; then the component is [`misread`](Self::misread).
    fn meets_merged(&mut self, version: &Version, merged: &mut Option<Result<Requirement, InvalidRequirement>>) -> bool {
        let each = self.failed_by(version) == 0;
        if self.alternatives == 0 && !version.is_prerelease() {
            return each;
        }
        let merged = merged.get_or_insert_with(|| {
            let texts: Vec<_> = self.requirements.iter().map(|(_, requirement)| requirement.to_string()).collect();
            self.judgements += texts.len();
            Requirement::parse(&texts.join(" "))
        });
        let all = merged.as_ref().map_or(each, |merged| merged.matches(version));
        self.misread |= all != each;
        all
    }

    /// The listed versions that meet all requirements.
    fn fitting(&self) -> impl Iterator<Item = &Entry> {
        self.listed.iter().zip(&self.failed).filter(|(_, failed)| **failed == 0).map(|(entry, _)| entry)
    }

    /// Who requires what of it, in the device's order.
    pub(super) fn required(&self) -> Vec<(String, Requirement)> {
        self.requirements.iter().map(|(who, requirement)| (who.into(), requirement.clone())).collect()
    }
}

impl<'w, C: Catalogue> Walk<'w, C> {
    pub(super) fn new(simulation: &'w Simulation<'w, C>, order: Order) -> Self {
        Self { simulation, order, components: HashMap::new(), plan: Plan::new(), trace: Vec::new(), claims: RefCell::default() }
    }

    pub(super) fn resolve(&mut self) -> Result<(), ResolveError> {
        let simulation = self.simulation;
        for roots in simulation.all_roots() {
            for (component, version) in &roots.components {
                let requirement = Requirement::parse(version).map_err(|_| ResolveError::InvalidRootRequirement {
                    component: component.clone(),
                    version: version.clone(),
                })?;
                self.component(component).require(&roots.group, &requirement);
            }
        }
        let mut met = HashSet::new();
        for (component, _) in &simulation.deployment.components {
            if met.insert(&**component) {
                self.visit_from(component)?;
            }
        }
        let mut others = JavaMap::new(self.order);
        for (component, _) in simulation.others.iter().flat_map(|roots| &roots.components) {
            others.insert(component, ());
        }
        for (component, ()) in others.iter().filter(|(component, ())| !met.contains(component)) {
            self.visit_from(component)?;
        }
        self.refuse_cycles()?;
        self.guard_nucleus()
    }

    fn component(&mut self, name: &str) -> &mut Component {
        let (catalogue, order) = (self.simulation.catalogue, self.order);
        self.components.entry(name.into()).or_insert_with(|| Component::new(catalogue.versions(name), order))
    }

    fn visit_from(&mut self, root: &str) -> Result<(), ResolveError> {
        let mut queue = VecDeque::from([String::from(root)]);
        while let Some(component) = queue.pop_front() {
            let recipe = self.choose(&component)?;
            self.component(&component).visits += 1;
            match self.plan.insert(component.clone(), recipe.clone()) {
                Some(earlier) if earlier.version.is_same(&recipe.version) => continue,
                Some(earlier) => self.take_back(earlier),
                None => {}
            }
            let known = self.component(&component);
            known.changes += 1;
            if known.changes > CHANGE_LIMIT {
                return Err(ResolveError::NoFixpoint { component, changes: CHANGE_LIMIT });
            }
            let mut dependencies = JavaMap::new(self.order);
            for dependency in &recipe.dependencies {
                dependencies.insert(&dependency.name, &dependency.requirement);
            }
            for (dependency, requirement) in dependencies.iter() {
                self.component(dependency).require(&component, requirement);
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
                let component = self.component(&dependency.name);
                component.release(&recipe.name);
                component.visits -= 1;
                if component.visits == 0 {
                    left.extend(self.plan.remove(&dependency.name));
                }
            }
        }
    }

    /// What the device would install of a component by what is known now.
    fn choose(&mut self, name: &str) -> Result<Arc<Recipe>, ResolveError> {
        let held = self.component(name).fetched.len();
        let chosen = self.component(name).chosen.take();
        let (recipe, source) = chosen.map_or_else(|| self.choose_anew(name), Ok)?;
        let component = self.component(name);
        if component.fetched.len() == held {
            component.chosen = Some((recipe.clone(), source));
        }
        self.trace.push(Visit { component: name.into(), version: recipe.version.clone(), source });
        Ok(recipe)
    }

    fn choose_anew(&mut self, name: &str) -> Result<(Arc<Recipe>, Source), ResolveError> {
        let device = self.simulation.device;
        let component = &self.components[name];
        let is_local = component.requirements.contains(LOCAL_DEPLOYMENT);
        let is_trusted = !component.fetched.is_empty() || !device.foreign.contains(name);
        if is_local
            && is_trusted
            && let Some(version) = self.candidate(name)
        {
            return self.take(name, version, Source::Local);
        }
        if !device.online {
            let candidate = self.candidate(name);
            let none = || ResolveError::NoLocalVersion { component: name.into(), requirements: self.components[name].required() };
            return candidate.ok_or_else(none).and_then(|version| self.take(name, version, Source::LocalOffline));
        }
        if let Some((nucleus, running)) = &device.nucleus
            && nucleus == name
            && name == NUCLEUS
            && let Some(version) = self.candidate(name)
            && running.is_same(&version)
        {
            return self.take(name, version, Source::NucleusSkip);
        }
        match self.ask(name) {
            Ok(version) => self.fetch(name, version),
            Err(error) => match self.candidate(name) {
                Some(version) => self.take(name, version, Source::LocalFallback),
                None => Err(error),
            },
        }
    }

    /// The version that the device has: the one that runs, else the highest. Platforms are not looked at.
    fn candidate(&mut self, name: &str) -> Option<Version> {
        let device = self.simulation.device;
        let nucleus = device.nucleus.as_ref().filter(|(nucleus, _)| nucleus == name).map(|(_, version)| version);
        let running = nucleus.or_else(|| device.active.get(name)).cloned();
        let held: Vec<_> = self.held(name).cloned().collect();
        let component = self.component(name);
        let mut merged = None;
        let running = running.filter(|version| component.meets_merged(version, &mut merged));
        running.or_else(|| {
            let meeting =
                held.iter().map(|recipe| &recipe.version).filter(|version| component.meets_merged(version, &mut merged));
            meeting.max_by(|a, b| a.compare(b)).cloned()
        })
    }

    /// The recipes on the device; of one version the newest come first.
    fn held(&self, name: &str) -> impl Iterator<Item = &Arc<Recipe>> {
        let stored = self.simulation.device.store.get(name);
        self.components[name].fetched.iter().chain(stored.into_iter().flatten())
    }

    /// Takes what the device has.
    fn take(&self, name: &str, version: Version, source: Source) -> Result<(Arc<Recipe>, Source), ResolveError> {
        let held = self.held(name).find(|recipe| recipe.version.is_same(&version)).cloned();
        let recipe = held
            .or_else(|| self.simulation.catalogue.recipe(name, &version))
            .filter(|recipe| self.claims_platform(recipe))
            .or_else(|| self.builtin(name, &version))
            .ok_or_else(|| ResolveError::LocalRecipeUnusable { component: name.into(), version })?;
        Ok((recipe, source))
    }

    /// A service of the nucleus has no recipe, and what it needs is there.
    fn builtin(&self, name: &str, version: &Version) -> Option<Arc<Recipe>> {
        let is_builtin = self.simulation.device.builtin.contains(name);
        is_builtin.then(|| Arc::new(Recipe::bare(name, version.clone(), ComponentType::Generic)))
    }

    /// Takes what the cloud has.
    fn fetch(&mut self, name: &str, version: Version) -> Result<(Arc<Recipe>, Source), ResolveError> {
        let Some(recipe) = self.simulation.catalogue.recipe(name, &version) else {
            return Err(ResolveError::RecipeUnreadable { component: name.into(), version });
        };
        let fetched = &mut self.component(name).fetched;
        if !fetched.iter().any(|held| held.version.is_same(&version)) {
            fetched.push(recipe.clone());
        }
        Ok((recipe, Source::Cloud))
    }

    /// The cloud's answer.
    fn ask(&mut self, name: &str) -> Result<Version, ResolveError> {
        let simulation = self.simulation;
        if let Some(cloud) = simulation.catalogue.cloud() {
            let candidate = self.candidate(name);
            let required = self.components[name].required();
            let requirements = required.iter().map(|(who, requirement)| (who.clone(), requirement.to_string())).collect();
            let question = Question { component: name, requirements, candidate, platform: simulation.platform };
            let component = String::from(name);
            return cloud.answer(&question).map_err(|unanswered| match unanswered {
                Unanswered::NoVersion => ResolveError::NoAvailableVersion { component, requirements: required },
                Unanswered::Platform => ResolveError::PlatformIncompatible { component, platform: simulation.platform.clone() },
                Unanswered::Permission => ResolveError::AccessDenied { component },
                Unanswered::Other(reason) => ResolveError::Unanswered { component, reason },
            });
        }
        let preferred = match self.simulation.cloud_policy {
            CloudPolicy::PreferCandidate => self.candidate(name),
            CloudPolicy::Highest => None,
        };
        let component = &self.components[name];
        // what the device cannot read the cloud can; so it is not the platform that keeps it from answering
        let claims = |entry: &&Entry| entry.recipe.as_ref().is_none_or(|recipe| self.claims_platform(recipe));
        let is_preferred = |entry: &&Entry| preferred.as_ref().is_some_and(|version| entry.version.is_same(version));
        let preferred = component.fitting().find(is_preferred).filter(claims);
        if let Some(entry) = preferred.or_else(|| component.fitting().find(claims)) {
            return Ok(entry.version.clone());
        }
        Err(if component.fitting().next().is_some() {
            ResolveError::PlatformIncompatible { component: name.into(), platform: self.simulation.platform.clone() }
        } else {
            ResolveError::NoAvailableVersion { component: name.into(), requirements: component.required() }
        })
    }

    /// A template that is no regular expression claims nothing.
    fn claims_platform(&self, recipe: &Arc<Recipe>) -> bool {
        let mut claims = self.claims.borrow_mut();
        let claim = || matches!(platform::manifest(recipe, self.simulation.platform), Ok(Some(_)));
        claims.entry(Arc::as_ptr(recipe)).or_insert_with(|| (recipe.clone(), claim())).1
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
