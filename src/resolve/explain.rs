//! Whether any set of versions would do, and where none would, why.
//!
//! A device walks (see [`simulate`](super::simulate)) and never looks back. Here the crate pubgrub searches to the end,
//! over the versions that claim the platform and by the device's own reading of requirements. It knows nothing of what
//! the device has, of cycles, or of the nucleus's guard; so a solution is what could be deployed, never what devices
//! would install. A search that takes more than [`STEP_LIMIT`] steps ends without an answer.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics, PubGrubError, SelectedDependencies,
};
use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Entry};
use super::platform::{self, Platform};
use super::requirement::{InvalidRequirement, Requirement};
use super::simulate::Roots;
use super::version::Version;
use super::version_set::VersionSet;

/// How many decisions and conflicts an explanation may take.
pub const STEP_LIMIT: u64 = 300_000;

/// How many constraints a conflict may have for each of them to be left out once, which takes a search each.
const REDUCED_LIMIT: usize = 500;

/// What is to be explained.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q, C> {
    pub platform: &'q Platform,
    pub catalogue: &'q C,
    /// The deployments of all of the device's groups.
    pub groups: &'q [Roots],
}

/// The answer.
#[derive(Clone, Debug)]
pub enum Explanation {
    /// A set of versions that meets everything.
    Solution(BTreeMap<String, Version>),
    Conflict(Conflict),
    /// It would take too long to know.
    Unknown,
}

/// Why no set of versions would do.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// In the order in which paths lead to them.
    pub constraints: Vec<Reached>,
    /// Whether the rest could be met without any one of the constraints. Not known where that would take too long.
    pub is_irreducible: bool,
    /// Each a smallest set of pins whose change would do.
    pub fixes: Vec<Vec<Fix>>,
    /// What the catalogue has of each component that is constrained, highest first.
    pub available: BTreeMap<String, Vec<(Version, Usable)>>,
}

/// Somebody requires something of a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Constraint {
    pub who: Who,
    pub component: String,
    /// As it was written.
    pub requirement: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    Group(String),
    /// Every version of it that says so.
    Component(String),
}

/// A constraint, and how a root leads to it.
#[derive(Clone, Debug)]
pub struct Reached {
    pub constraint: Constraint,
    /// The versions of a component that say so, highest first.
    pub versions: Vec<Version>,
    /// From a group to who requires it.
    pub path: Vec<String>,
}

/// A pin to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub group: String,
    pub component: String,
    pub from: String,
    pub to: Version,
}

/// Whether a version can be installed on the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usable {
    Yes,
    OtherPlatform,
    Unreadable,
}

/// A version that does not meet a constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    pub constraint: Constraint,
    /// `None` where the component is not there at all.
    pub found: Option<Version>,
}

impl Explanation {
    /// As JSON.
    #[must_use]
    pub fn told(&self) -> Value {
        match self {
            Self::Unknown => json!({"satisfiable": null}),
            Self::Solution(versions) => {
                let solution: BTreeMap<_, _> = versions.iter().map(|(name, version)| (name, version.as_str())).collect();
                json!({"satisfiable": true, "solution": solution})
            }
            Self::Conflict(conflict) => json!({
                "satisfiable": false,
                "conflict": conflict.constraints.iter().map(Reached::told).collect::<Vec<_>>(),
                "irreducible": conflict.is_irreducible,
                "fixes": conflict.fixes.iter().map(|fix| fix.iter().map(Fix::told).collect()).collect::<Vec<Vec<_>>>(),
                "available": conflict.available.iter().map(|(name, versions)| {
                    let told = |(version, usable): &(Version, Usable)| (version.to_string(), Value::from(usable.as_str()));
                    (name.clone(), versions.iter().map(told).collect())
                }).collect::<Map<String, Value>>(),
            }),
        }
    }
}

impl Constraint {
    #[must_use]
    pub fn told(&self) -> Value {
        let (Who::Group(who) | Who::Component(who)) = &self.who;
        json!({"who": who, "component": self.component, "requirement": self.requirement})
    }
}

impl Reached {
    fn told(&self) -> Value {
        let mut told = self.constraint.told();
        told["versions"] = self.versions.iter().map(Version::as_str).collect();
        told["path"] = json!(self.path);
        told
    }
}

impl Fix {
    fn told(&self) -> Value {
        json!({"group": self.group, "component": self.component, "from": self.from, "to": self.to.as_str()})
    }
}

impl Usable {
    fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "usable",
            Self::OtherPlatform => "other_platform",
            Self::Unreadable => "unreadable",
        }
    }
}

impl<C: Catalogue> Question<'_, C> {
    pub fn explain(&self) -> Result<Explanation, InvalidRequirement> {
        for (_, version) in self.groups.iter().flat_map(|roots| &roots.components) {
            Requirement::parse(version)?;
        }
        let search = Search::new(self);
        Ok(match search.solve(None, &HashSet::new()) {
            Ok(solution) => Explanation::Solution(search.versions(&solution)),
            Err(Failure::TooLong) => Explanation::Unknown,
            Err(Failure::Conflict(found)) => {
                let (constraints, is_irreducible) = search.reduce(&found);
                let fixes = search.fixes(&constraints);
                Explanation::Conflict(Conflict {
                    available: search.available(&constraints),
                    constraints: search.reached(&constraints),
                    is_irreducible,
                    fixes,
                })
            }
        })
    }

    /// The constraints that a set of versions does not meet.
    #[must_use]
    pub fn unmet(&self, versions: &BTreeMap<String, Version>) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let mut check = |who: Who, component: &str, requirement: &str| {
            let found = versions.get(component);
            let is_met = Requirement::parse(requirement).is_ok_and(|requirement| found.is_some_and(|it| requirement.matches(it)));
            if !is_met {
                let constraint = Constraint { who, component: component.into(), requirement: requirement.into() };
                unmet.push(Unmet { constraint, found: found.cloned() });
            }
        };
        for roots in self.groups {
            for (component, version) in &roots.components {
                check(Who::Group(roots.group.clone()), component, version);
            }
        }
        for (name, version) in versions {
            let recipe = self.catalogue.recipe(name, version);
            for dependency in recipe.iter().flat_map(|recipe| &recipe.dependencies) {
                check(Who::Component(name.clone()), &dependency.name, dependency.requirement.as_str());
            }
        }
        unmet
    }
}

/// What pubgrub chooses versions of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Package {
    /// It needs every group.
    Device,
    Group(usize),
    Component(Arc<str>),
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Versions by their places in the catalogue's list.
type At = usize;

#[derive(Debug, thiserror::Error)]
#[error("the search takes too long")]
struct TooLong;

enum Failure {
    /// Constraints that cannot be met together.
    Conflict(BTreeSet<Constraint>),
    TooLong,
}

/// A pin that any version meets instead: group and component.
type Pin<'s> = (&'s str, &'s str);

type Key = (Arc<str>, Box<str>);

struct Search<'s, C> {
    question: &'s Question<'s, C>,
    steps: Cell<u64>,
    listed: RefCell<HashMap<Arc<str>, Listed>>,
    /// By component and requirement.
    matching: RefCell<HashMap<Key, VersionSet>>,
}

/// The versions of a component, and those that can be chosen.
#[derive(Clone)]
struct Listed {
    entries: Arc<[Entry]>,
    usable: VersionSet,
}

/// One search, with some of the constraints.
struct Part<'p, 's, C> {
    search: &'p Search<'s, C>,
    /// `None` stands for all.
    constraints: Option<&'p BTreeSet<Constraint>>,
    relaxed: &'p HashSet<Pin<'p>>,
}

impl<'s, C: Catalogue> Search<'s, C> {
    fn new(question: &'s Question<'s, C>) -> Self {
        Self { question, steps: Cell::new(0), listed: RefCell::default(), matching: RefCell::default() }
    }

    fn solve<'p>(
        &'p self,
        constraints: Option<&'p BTreeSet<Constraint>>,
        relaxed: &'p HashSet<Pin<'p>>,
    ) -> Result<SelectedDependencies<Package, At>, Failure> {
        let part = Part { search: self, constraints, relaxed };
        pubgrub::resolve(&part, Package::Device, 0_usize).map_err(|error| match error {
            PubGrubError::NoSolution(tree) => Failure::Conflict(self.constraints_of(&tree)),
            _ => Failure::TooLong,
        })
    }

    fn listed(&self, component: &Arc<str>) -> Listed {
        if let Some(listed) = self.listed.borrow().get(component) {
            return listed.clone();
        }
        let entries = self.question.catalogue.versions(component);
        let usable = VersionSet::of((0..entries.len()).filter(|at| self.usable(&entries[*at]) == Usable::Yes));
        let listed = Listed { entries, usable };
        self.listed.borrow_mut().insert(component.clone(), listed.clone());
        listed
    }

    fn usable(&self, entry: &Entry) -> Usable {
        match &entry.recipe {
            None => Usable::Unreadable,
            Some(recipe) => match platform::manifest(recipe, self.question.platform) {
                Ok(Some(_)) => Usable::Yes,
                _ => Usable::OtherPlatform,
            },
        }
    }

    /// The versions of a component that meet a requirement.
    fn matching(&self, component: &Arc<str>, requirement: &str) -> VersionSet {
        let key: Key = (component.clone(), requirement.into());
        if let Some(known) = self.matching.borrow().get(&key) {
            return known.clone();
        }
        let entries = self.listed(component).entries;
        let matching = match Requirement::parse(requirement) {
            Ok(requirement) => VersionSet::of((0..entries.len()).filter(|at| requirement.matches(&entries[*at].version))),
            Err(_) => VersionSet::default(),
        };
        self.matching.borrow_mut().insert(key, matching.clone());
        matching
    }

    fn versions(&self, solution: &SelectedDependencies<Package, At>) -> BTreeMap<String, Version> {
        let chosen = solution.iter().filter_map(|(package, at)| match package {
            Package::Component(name) => Some((String::from(&**name), self.listed(name).entries[*at].version.clone())),
            Package::Device | Package::Group(_) => None,
        });
        chosen.collect()
    }

    /// The constraints at the leaves of a derivation.
    fn constraints_of(&self, tree: &DerivationTree<Package, VersionSet, String>) -> BTreeSet<Constraint> {
        let mut constraints = BTreeSet::new();
        let mut met = HashSet::new();
        let mut left = vec![tree];
        while let Some(tree) = left.pop() {
            match tree {
                DerivationTree::Derived(derived) => {
                    if derived.shared_id.is_none_or(|id| met.insert(id)) {
                        left.extend([&*derived.cause1, &*derived.cause2]);
                    }
                }
                DerivationTree::External(External::FromDependencyOf(package, versions, Package::Component(component), _)) => {
                    constraints.extend(self.between(package, versions, component));
                }
                DerivationTree::External(_) => {}
            }
        }
        constraints
    }

    /// What a group, or some versions of a component, require of another.
    fn between(&self, package: &Package, versions: &VersionSet, component: &Arc<str>) -> Vec<Constraint> {
        match package {
            Package::Device => Vec::new(),
            Package::Group(at) => {
                let roots = &self.question.groups[*at];
                let named = roots.components.iter().filter(|(name, _)| **name == **component);
                named.map(|(name, version)| constraint(Who::Group(roots.group.clone()), name, version)).collect()
            }
            Package::Component(name) => {
                let entries = self.listed(name).entries;
                let recipes =
                    entries.iter().enumerate().filter(|(at, _)| versions.has(*at)).filter_map(|(_, entry)| entry.recipe.as_ref());
                let required =
                    recipes.flat_map(|recipe| &recipe.dependencies).filter(|dependency| *dependency.name == **component);
                let who = || Who::Component(String::from(&**name));
                required.map(|dependency| constraint(who(), component, dependency.requirement.as_str())).collect()
            }
        }
    }

    /// Leaves out whatever can be left out, and tells whether all was tried.
    fn reduce(&self, found: &BTreeSet<Constraint>) -> (BTreeSet<Constraint>, bool) {
        if found.len() > REDUCED_LIMIT {
            return (found.clone(), false);
        }
        let nothing = HashSet::new();
        let mut left = found.clone();
        for constraint in found {
            if !left.contains(constraint) {
                continue;
            }
            let mut less = left.clone();
            less.remove(constraint);
            match self.solve(Some(&less), &nothing) {
                Ok(_) => {}
                // what this search did not need either goes at once
                Err(Failure::Conflict(needed)) => left = needed,
                Err(Failure::TooLong) => return (left, false),
            }
        }
        (left, true)
    }

    /// Single pins of the conflict that could change, or else one smallest set of pins.
    fn fixes(&self, conflict: &BTreeSet<Constraint>) -> Vec<Vec<Fix>> {
        let pins = pins_of(conflict);
        let singles: Vec<_> = pins.iter().filter_map(|pin| self.fix(&HashSet::from([*pin])).map(|fix| (pin, fix))).collect();
        if !singles.is_empty() {
            return singles.into_iter().map(|(_, fix)| fix).collect();
        }
        // pins of other conflicts join until there is none left
        let mut conflicts = vec![conflict.clone()];
        let relaxed: BTreeSet<(String, String)> = loop {
            let relaxed: BTreeSet<_> =
                conflicts.iter().flat_map(pins_of).map(|(group, component)| (group.to_owned(), component.to_owned())).collect();
            let pins: HashSet<Pin<'_>> = relaxed.iter().map(|(group, component)| (&**group, &**component)).collect();
            match self.solve(None, &pins) {
                Ok(_) => break relaxed,
                Err(Failure::Conflict(other)) if pins_of(&other).iter().any(|pin| !pins.contains(pin)) => conflicts.push(other),
                Err(_) => return Vec::new(),
            }
        };
        let mut needed: HashSet<Pin<'_>> = relaxed.iter().map(|(group, component)| (&**group, &**component)).collect();
        for (group, component) in &relaxed {
            let mut fewer = needed.clone();
            fewer.remove(&(&**group, &**component));
            if self.solve(None, &fewer).is_ok() {
                needed = fewer;
            }
        }
        self.fix(&needed).into_iter().collect()
    }

    /// What these pins would become, if all else can stay.
    fn fix(&self, pins: &HashSet<Pin<'_>>) -> Option<Vec<Fix>> {
        let versions = self.versions(&self.solve(None, pins).ok()?);
        let mut fixes = Vec::new();
        for roots in self.question.groups {
            for (component, from) in &roots.components {
                if pins.contains(&(&*roots.group, &**component)) {
                    let to = versions.get(component)?.clone();
                    fixes.push(Fix { group: roots.group.clone(), component: component.clone(), from: from.clone(), to });
                }
            }
        }
        Some(fixes)
    }

    /// The constraints with the shortest paths that lead to them, the shortest first.
    fn reached(&self, constraints: &BTreeSet<Constraint>) -> Vec<Reached> {
        let mut paths: HashMap<&str, Vec<String>> = HashMap::new();
        let mut queue = VecDeque::new();
        for constraint in constraints {
            if let Who::Group(group) = &constraint.who
                && !paths.contains_key(&*constraint.component)
            {
                paths.insert(&constraint.component, vec![group.clone(), constraint.component.clone()]);
                queue.push_back(&*constraint.component);
            }
        }
        while let Some(name) = queue.pop_front() {
            for constraint in
                constraints.iter().filter(|constraint| matches!(&constraint.who, Who::Component(who) if who == name))
            {
                if !paths.contains_key(&*constraint.component) {
                    let path = [&*paths[name], std::slice::from_ref(&constraint.component)].concat();
                    paths.insert(&constraint.component, path);
                    queue.push_back(&constraint.component);
                }
            }
        }
        let mut reached: Vec<_> = constraints
            .iter()
            .map(|constraint| match &constraint.who {
                Who::Group(group) => Reached { constraint: constraint.clone(), versions: Vec::new(), path: vec![group.clone()] },
                Who::Component(name) => Reached {
                    versions: self.saying(name, constraint),
                    path: paths.get(&**name).cloned().unwrap_or_else(|| vec![name.clone()]),
                    constraint: constraint.clone(),
                },
            })
            .collect();
        reached.sort_by_key(|reached| reached.path.len());
        reached
    }

    /// The versions of `name` that have a constraint.
    fn saying(&self, name: &str, constraint: &Constraint) -> Vec<Version> {
        let says = |entry: &&Entry| {
            entry.recipe.iter().flat_map(|recipe| &recipe.dependencies).any(|dependency| {
                dependency.name == constraint.component && dependency.requirement.as_str() == constraint.requirement
            })
        };
        self.question.catalogue.versions(name).iter().filter(says).map(|entry| entry.version.clone()).collect()
    }

    fn available(&self, constraints: &BTreeSet<Constraint>) -> BTreeMap<String, Vec<(Version, Usable)>> {
        let versions = |component: &str| {
            let entries = self.question.catalogue.versions(component);
            entries.iter().map(|entry| (entry.version.clone(), self.usable(entry))).collect()
        };
        constraints.iter().map(|constraint| (constraint.component.clone(), versions(&constraint.component))).collect()
    }
}

fn constraint(who: Who, component: &str, requirement: &str) -> Constraint {
    Constraint { who, component: component.into(), requirement: requirement.into() }
}

fn pins_of(constraints: &BTreeSet<Constraint>) -> Vec<Pin<'_>> {
    let mut pins = Vec::new();
    for constraint in constraints {
        if let Who::Group(group) = &constraint.who {
            pins.push((&**group, &*constraint.component));
        }
    }
    pins
}

impl<C: Catalogue> Part<'_, '_, C> {
    fn holds(&self, who: impl FnOnce() -> Who, component: &str, requirement: &str) -> bool {
        self.constraints.is_none_or(|constraints| constraints.contains(&constraint(who(), component, requirement)))
    }

    fn of_group(&self, at: usize) -> Vec<(Package, VersionSet)> {
        let roots = &self.search.question.groups[at];
        let mut required: BTreeMap<&str, VersionSet> = BTreeMap::new();
        for (component, version) in &roots.components {
            if !self.holds(|| Who::Group(roots.group.clone()), component, version) {
                continue;
            }
            let set = if self.relaxed.contains(&(&*roots.group, &**component)) {
                VersionSet::all()
            } else {
                self.search.matching(&Arc::from(&**component), version)
            };
            let both = required.remove(&**component).map_or(set.clone(), |other| other.and(&set));
            required.insert(component, both);
        }
        required.into_iter().map(|(component, set)| (Package::Component(component.into()), set)).collect()
    }

    fn of_version(&self, name: &Arc<str>, at: At) -> Vec<(Package, VersionSet)> {
        let entries = self.search.listed(name).entries;
        let dependencies = entries[at].recipe.iter().flat_map(|recipe| &recipe.dependencies);
        let who = || Who::Component(String::from(&**name));
        let held = dependencies.filter(|dependency| self.holds(who, &dependency.name, dependency.requirement.as_str()));
        held.map(|dependency| {
            let component: Arc<str> = Arc::from(&*dependency.name);
            let set = self.search.matching(&component, dependency.requirement.as_str());
            (Package::Component(component), set)
        })
        .collect()
    }
}

impl<C: Catalogue> DependencyProvider for Part<'_, '_, C> {
    type P = Package;
    type V = At;
    type VS = VersionSet;
    type M = String;
    type Err = TooLong;
    /// Components with most conflicts first, then those with the fewest versions left.
    type Priority = (u32, std::cmp::Reverse<usize>);

    fn prioritize(&self, package: &Package, range: &VersionSet, statistics: &PackageResolutionStatistics) -> Self::Priority {
        let left = match package {
            Package::Device | Package::Group(_) => 0,
            Package::Component(name) => self.search.listed(name).usable.and(range).len(),
        };
        (if left == 0 { u32::MAX } else { statistics.conflict_count() }, std::cmp::Reverse(left))
    }

    fn choose_version(&self, package: &Package, range: &VersionSet) -> Result<Option<At>, TooLong> {
        Ok(match package {
            Package::Device | Package::Group(_) => range.has(0).then_some(0),
            // the list begins with the highest
            Package::Component(name) => self.search.listed(name).usable.and(range).first(),
        })
    }

    fn get_dependencies(&self, package: &Package, version: &At) -> Result<Dependencies<Package, VersionSet, String>, TooLong> {
        let required = match package {
            Package::Device => (0..self.search.question.groups.len()).map(|at| (Package::Group(at), VersionSet::all())).collect(),
            Package::Group(at) => self.of_group(*at),
            Package::Component(name) => self.of_version(name, *version),
        };
        Ok(Dependencies::Available(required.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), TooLong> {
        let steps = self.search.steps.get() + 1;
        self.search.steps.set(steps);
        if steps > STEP_LIMIT { Err(TooLong) } else { Ok(()) }
    }
}
