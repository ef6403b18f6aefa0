//! What is made of a conflict: the least of it, the ways that lead there, and what to change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use super::search::{Failure, Pin, Search};
use super::{Constraint, Fix, PATH_LIMIT, Reached, Usable, Who};
use crate::resolve::catalogue::{Catalogue, Entry};
use crate::resolve::version::Version;

impl<C: Catalogue> Search<'_, C> {
    /// Leaves out whatever can be left out, and tells whether all was tried.
    pub(super) fn reduce(&self, found: BTreeSet<Constraint>) -> (BTreeSet<Constraint>, bool) {
        self.rest();
        let nothing = HashSet::new();
        let (mut left, mut needed) = (found, HashSet::new());
        loop {
            let mut has_shrunk = false;
            for chain in self.chains(&left) {
                if chain.iter().any(|constraint| needed.contains(constraint)) {
                    continue;
                }
                let mut less = left.clone();
                less.remove(&chain[0]);
                match self.solve(Some(&less), &nothing) {
                    Ok(_) => needed.extend(chain),
                    // what this search did not need either goes at once
                    Err(Failure::Conflict(fewer)) => {
                        left = fewer;
                        has_shrunk = true;
                        break;
                    }
                    Err(Failure::TooLong) => return (left, false),
                }
            }
            if !has_shrunk {
                return (left, true);
            }
        }
    }

    /// The constraints, those together that can only be left out together.
    ///
    /// Where one constraint leads to a component, which has a version for it, and one leads on from there, the component
    /// conflicts with nothing itself: without the first it is not needed, and without the second it does no harm.
    fn chains(&self, constraints: &BTreeSet<Constraint>) -> Vec<Vec<Constraint>> {
        let mut coming: HashMap<&str, Vec<&Constraint>> = HashMap::new();
        let mut going: HashMap<&str, Vec<&Constraint>> = HashMap::new();
        for constraint in constraints {
            coming.entry(&constraint.component).or_default().push(constraint);
            if let Who::Component(name) = &constraint.who {
                going.entry(name).or_default().push(constraint);
            }
        }
        let links = coming.iter().filter_map(|(name, coming)| match (&coming[..], going.get(name).map(Vec::as_slice)) {
            ([first], Some([second])) if self.has_version(first) => Some((*first, *second)),
            _ => None,
        });
        let following: HashMap<&Constraint, &Constraint> = links.collect();
        let not_first: HashSet<&Constraint> = following.values().copied().collect();
        // what is left after those that begin somewhere are circles, which begin anywhere
        let (firsts, others): (Vec<&Constraint>, Vec<_>) = constraints.iter().partition(|it| !not_first.contains(it));
        let (mut chains, mut met) = (Vec::new(), HashSet::new());
        for first in firsts.into_iter().chain(others) {
            let (mut chain, mut next) = (Vec::new(), Some(first));
            while let Some(constraint) = next.filter(|constraint| met.insert(*constraint)) {
                chain.push(constraint.clone());
                next = following.get(constraint).copied();
            }
            chains.extend(Some(chain).filter(|chain| !chain.is_empty()));
        }
        chains
    }

    fn has_version(&self, constraint: &Constraint) -> bool {
        let component: Arc<str> = Arc::from(&*constraint.component);
        self.listed(&component).usable.and(&self.matching(&component, &constraint.requirement)).first().is_some()
    }

    /// Single pins of the conflict that could change, or else one smallest set of pins.
    pub(super) fn fixes(&self, conflict: &BTreeSet<Constraint>) -> Vec<Vec<Fix>> {
        self.rest();
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
    pub(super) fn reached(&self, constraints: &BTreeSet<Constraint>) -> Vec<Reached> {
        let ways = Ways::of(constraints);
        let mut reached: Vec<_> = constraints
            .iter()
            .map(|constraint| match &constraint.who {
                Who::Group(group) => {
                    (1, Reached { constraint: constraint.clone(), versions: Vec::new(), path: vec![group.clone()] })
                }
                Who::Component(name) => {
                    let versions = self.saying(name, constraint);
                    let (length, path) = ways.path(name);
                    (length, Reached { constraint: constraint.clone(), versions, path })
                }
            })
            .collect();
        reached.sort_by_key(|(length, _)| *length);
        reached.into_iter().map(|(_, reached)| reached).collect()
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

    pub(super) fn available(&self, constraints: &BTreeSet<Constraint>) -> BTreeMap<String, Vec<(Version, Usable)>> {
        let versions = |component: &str| {
            let entries = self.question.catalogue.versions(component);
            entries.iter().map(|entry| (entry.version.clone(), self.usable(entry))).collect()
        };
        constraints.iter().map(|constraint| (constraint.component.clone(), versions(&constraint.component))).collect()
    }
}

/// How components are reached.
struct Ways<'c>(HashMap<&'c str, Way<'c>>);

struct Way<'c> {
    /// The component before, if it is not a root.
    before: Option<&'c str>,
    /// How many names lead here, its own and the group's too.
    length: usize,
    /// The first of them.
    head: Rc<[&'c str]>,
}

/// How much of the beginning and of the end of a long path is told.
const PATH_END: usize = PATH_LIMIT / 2;

impl<'c> Ways<'c> {
    fn of(constraints: &'c BTreeSet<Constraint>) -> Self {
        let (mut ways, mut queue) = (HashMap::new(), VecDeque::new());
        let mut going: HashMap<&str, Vec<&str>> = HashMap::new();
        for constraint in constraints {
            let component = &*constraint.component;
            match &constraint.who {
                Who::Component(name) => going.entry(name).or_default().push(component),
                Who::Group(group) if !ways.contains_key(component) => {
                    ways.insert(component, Way { before: None, length: 2, head: Rc::from([&**group, component]) });
                    queue.push_back(component);
                }
                Who::Group(_) => {}
            }
        }
        while let Some(name) = queue.pop_front() {
            for component in going.remove(name).unwrap_or_default() {
                if !ways.contains_key(component) {
                    let Way { length, head, .. } = &ways[name];
                    let length = length + 1;
                    let head = if length > PATH_END { head.clone() } else { [&**head, &[component]].concat().into() };
                    ways.insert(component, Way { before: Some(name), length, head });
                    queue.push_back(component);
                }
            }
        }
        Self(ways)
    }

    /// How many names lead to a component, and these, as many as are told.
    fn path(&self, name: &'c str) -> (usize, Vec<String>) {
        let Some(way) = self.0.get(name) else { return (1, vec![name.into()]) };
        let behind = way.length - way.head.len();
        let back = std::iter::successors(Some(name), |name| self.0.get(name).and_then(|way| way.before));
        let mut tail: Vec<&str> = back.take(behind.min(PATH_END)).collect();
        if behind > PATH_END {
            tail.pop();
            tail.push("…");
        }
        (way.length, way.head.iter().copied().chain(tail.into_iter().rev()).map(String::from).collect())
    }
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
