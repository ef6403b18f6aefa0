//! Whether any set of versions would do, and where none would, why.
//!
//! A device walks (see [`simulate`](super::simulate)) and never looks back. Here the crate pubgrub searches to the end,
//! over the versions that claim the platform and by the device's own reading of requirements. It knows nothing of what
//! the device has, of cycles, or of the nucleus's guard; so a solution is what could be deployed, never what devices
//! would install. A search that takes more than [`STEP_LIMIT`] steps or
//! [`COMPARISON_LIMIT`] comparisons ends without an answer.
//!
//! Here are question and answer; `search` is the way to a solution or a conflict, `conflict` what is made of that.

mod conflict;
mod search;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::catalogue::Catalogue;
use super::platform::Platform;
use super::requirement::{InvalidRequirement, Requirement};
use super::simulate::Roots;
use super::version::Version;
use search::{Failure, Search};

/// How many decisions and conflicts it may take to find an answer; as many again to reduce a conflict, and to find fixes.
pub const STEP_LIMIT: u64 = 300_000;

/// How many sets of versions it may take to compare for each of these: the more conflicts are known the more a step costs.
pub const COMPARISON_LIMIT: u64 = 50_000_000;

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

/// How many names of a path are told.
pub const PATH_LIMIT: usize = 64;

/// A constraint, and how a root leads to it.
#[derive(Clone, Debug)]
pub struct Reached {
    pub constraint: Constraint,
    /// The versions of a component that say so, highest first.
    pub versions: Vec<Version>,
    /// From a group to who requires it. Of a way that is longer than [`PATH_LIMIT`] the middle is `…`.
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
                let (constraints, is_irreducible) = search.reduce(found);
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
