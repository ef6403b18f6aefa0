//! The search: what pubgrub is told of components, their versions and what these require.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics, PubGrubError, SelectedDependencies,
};

use super::{COMPARISON_LIMIT, Constraint, Question, STEP_LIMIT, Usable, Who};
use crate::resolve::catalogue::{Catalogue, Entry};
use crate::resolve::platform;
use crate::resolve::requirement::Requirement;
use crate::resolve::version::Version;
use crate::resolve::version_set::{VersionSet, comparisons};

/// What pubgrub chooses versions of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Package {
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
pub(super) type At = usize;

#[derive(Debug, thiserror::Error)]
#[error("the search takes too long")]
pub(super) struct TooLong;

pub(super) enum Failure {
    /// Constraints that cannot be met together.
    Conflict(BTreeSet<Constraint>),
    TooLong,
}

/// A pin that any version meets instead: group and component.
pub(super) type Pin<'s> = (&'s str, &'s str);

type Key = (Arc<str>, Box<str>);

pub(super) struct Search<'s, C> {
    pub(super) question: &'s Question<'s, C>,
    /// That are left.
    steps: Cell<u64>,
    /// At how many comparisons it ends.
    end: Cell<u64>,
    listed: RefCell<HashMap<Arc<str>, Listed>>,
    /// By component and requirement.
    matching: RefCell<HashMap<Key, VersionSet>>,
}

/// The versions of a component, and those that can be chosen.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) entries: Arc<[Entry]>,
    pub(super) usable: VersionSet,
}

/// One search, with some of the constraints.
struct Part<'p, 's, C> {
    search: &'p Search<'s, C>,
    /// `None` stands for all.
    constraints: Option<&'p BTreeSet<Constraint>>,
    relaxed: &'p HashSet<Pin<'p>>,
}

impl<'s, C: Catalogue> Search<'s, C> {
    pub(super) fn new(question: &'s Question<'s, C>) -> Self {
        let (steps, end) = (Cell::new(STEP_LIMIT), Cell::new(comparisons() + COMPARISON_LIMIT));
        Self { question, steps, end, listed: RefCell::default(), matching: RefCell::default() }
    }

    /// Allows as much as at first.
    pub(super) fn rest(&self) {
        self.steps.set(STEP_LIMIT);
        self.end.set(comparisons() + COMPARISON_LIMIT);
    }

    pub(super) fn solve<'p>(
        &'p self,
        constraints: Option<&'p BTreeSet<Constraint>>,
        relaxed: &'p HashSet<Pin<'p>>,
    ) -> Result<SelectedDependencies<Package, At>, Failure> {
        let part = Part { search: self, constraints, relaxed };
        pubgrub::resolve(&part, Package::Device, 0_usize).map_err(|error| match error {
            PubGrubError::NoSolution(tree) => {
                let constraints = self.constraints_of(&tree);
                dismantle(tree);
                Failure::Conflict(constraints)
            }
            _ => Failure::TooLong,
        })
    }

    pub(super) fn listed(&self, component: &Arc<str>) -> Listed {
        if let Some(listed) = self.listed.borrow().get(component) {
            return listed.clone();
        }
        let entries = self.question.catalogue.versions(component);
        let usable = VersionSet::of((0..entries.len()).filter(|at| self.usable(&entries[*at]) == Usable::Yes));
        let listed = Listed { entries, usable };
        self.listed.borrow_mut().insert(component.clone(), listed.clone());
        listed
    }

    pub(super) fn usable(&self, entry: &Entry) -> Usable {
        match &entry.recipe {
            None => Usable::Unreadable,
            Some(recipe) => match platform::manifest(recipe, self.question.platform) {
                Ok(Some(_)) => Usable::Yes,
                _ => Usable::OtherPlatform,
            },
        }
    }

    /// The versions of a component that meet a requirement.
    pub(super) fn matching(&self, component: &Arc<str>, requirement: &str) -> VersionSet {
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

    pub(super) fn versions(&self, solution: &SelectedDependencies<Package, At>) -> BTreeMap<String, Version> {
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
}

/// Drops a tree without a call for each level, of which there may be as many as a chain is long.
fn dismantle(tree: DerivationTree<Package, VersionSet, String>) {
    let mut left = vec![Arc::new(tree)];
    while let Some(tree) = left.pop() {
        if let Some(DerivationTree::Derived(derived)) = Arc::into_inner(tree) {
            left.extend([derived.cause1, derived.cause2]);
        }
    }
}

fn constraint(who: Who, component: &str, requirement: &str) -> Constraint {
    Constraint { who, component: component.into(), requirement: requirement.into() }
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
        held.filter_map(|dependency| {
            let component: Arc<str> = Arc::from(&*dependency.name);
            let set = self.search.matching(&component, dependency.requirement.as_str());
            // pubgrub overlooks what a version requires of itself, unless nothing can meet it
            let set = match component == *name {
                true if set.has(at) => return None,
                true => VersionSet::default(),
                false => set,
            };
            Some((Package::Component(component), set))
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
        let left = self.search.steps.get().checked_sub(1).ok_or(TooLong)?;
        self.search.steps.set(left);
        if comparisons() < self.search.end.get() { Ok(()) } else { Err(TooLong) }
    }
}
