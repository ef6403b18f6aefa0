//! Which component versions a device installs for its deployments.
//!
//! The walk is the classic device's: breadth first from each root, every visit asks for the highest version that
//! meets all requirements known by then, the newest answer wins, and nothing is ever tried again another way. So a
//! set of components that would fit together may still be refused, and the order of the roots can matter.
//!
//! The device here has no memory and is always online: what it runs already, what its own recipe store holds and
//! the rules for updates of its nucleus play no part.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use super::platform::{self, Platform};
use super::recipe::Recipe;
use super::requirement::Requirement;
use super::version::Version;

/// Where component versions come from.
pub trait Catalogue {
    /// All versions of `component`, in any order; none where it is unknown.
    fn versions(&self, component: &str) -> Vec<Version>;

    /// The recipe of a version that [`versions`](Self::versions) told; `None` where it is gone by now.
    fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>>;
}

/// The root components of one deployment.
#[derive(Clone, Debug)]
pub struct Roots {
    /// Who asks for them, as the device names it: `thinggroup/<name>` or `thing/<name>`.
    pub group: String,
    /// Component and version, in the order of the deployment.
    pub components: Vec<(String, String)>,
}

/// What is installed: by component name, the recipe of the version chosen.
pub type Plan = BTreeMap<String, Arc<Recipe>>;

/// Why a device refuses a deployment. The texts are the device's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("No local or cloud component version satisfies the requirements. {ADVICE} {}", constraints(component, requirements))]
    NoAvailableVersion { component: String, requirements: Vec<(String, Requirement)> },
    #[error(
        "An error occurred while negotiating component version with cloud. The version of component requested does not \
         claim platform compatibility. {ADVICE} Component '{component}' is incompatible with the core device(classic) \
         platform requirements - {}.",
        attributes(platform)
    )]
    PlatformIncompatible { component: String, platform: Platform },
    #[error("Circular dependency detected for component {component}-v{version}")]
    CircularDependency { component: String, version: Version },
    #[error(
        "Unsupported component version '{version}' for component '{component}'. For pre-release versions, please start \
         the version tag with a non-numeric character"
    )]
    InvalidRootRequirement { component: String, version: String },
    /// A device goes on for ever here; its deployment ends by timeout.
    #[error("The component versions keep changing each other: {component} was visited last of {STEP_LIMIT} times")]
    NoFixpoint { component: String },
}

const ADVICE: &str = "Check whether the version constraints conflict and that the component exists in your AWS account with a \
                      version that matches the version constraints. If the version constraints conflict, revise deployments \
                      to resolve the conflict.";

/// How many visits are enough to tell that there will be no end.
const STEP_LIMIT: usize = 2000;

impl ResolveError {
    /// The device's error codes, the most general first.
    #[must_use]
    pub fn codes(&self) -> &'static [&'static str] {
        match self {
            Self::NoAvailableVersion { .. } | Self::PlatformIncompatible { .. } => {
                &["NO_AVAILABLE_COMPONENT_VERSION", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET"]
            }
            Self::CircularDependency { .. } => &["COMPONENT_CIRCULAR_DEPENDENCY_ERROR"],
            Self::InvalidRootRequirement { .. } => &["COMPONENT_VERSION_NOT_VALID"],
            Self::NoFixpoint { .. } => &[],
        }
    }
}

/// Resolves the roots of `deployment`, and of `others`, the deployments that the device has from its other groups.
pub fn resolve(
    deployment: &Roots,
    others: &[Roots],
    platform: &Platform,
    catalogue: &impl Catalogue,
) -> Result<Plan, ResolveError> {
    let mut walk =
        Walk { catalogue, platform, requirements: HashMap::new(), plan: Plan::new(), visits: HashMap::new(), steps: 0 };
    let roots = || std::iter::once(deployment).chain(others);
    for roots in roots() {
        for (component, version) in &roots.components {
            let requirement = Requirement::parse(version)
                .map_err(|_| ResolveError::InvalidRootRequirement { component: component.clone(), version: version.clone() })?;
            walk.require(component, &roots.group, requirement);
        }
    }
    for (component, _) in roots().flat_map(|roots| &roots.components) {
        walk.visit_from(component)?;
    }
    for (component, _) in &deployment.components {
        if let Some(recipe) = walk.plan.get(component)
            && reaches_cycle(&walk.plan, component, &mut Vec::new(), &mut HashSet::new())
        {
            return Err(ResolveError::CircularDependency { component: component.clone(), version: recipe.version.clone() });
        }
    }
    Ok(walk.plan)
}

struct Walk<'a, C> {
    catalogue: &'a C,
    platform: &'a Platform,
    /// By component: who requires what of it.
    requirements: HashMap<String, Vec<(String, Requirement)>>,
    plan: Plan,
    /// By component: how often it was visited, less the dependents that were taken back.
    visits: HashMap<String, isize>,
    steps: usize,
}

impl<C: Catalogue> Walk<'_, C> {
    fn require(&mut self, component: &str, who: &str, requirement: Requirement) {
        let requirements = self.requirements.entry(component.into()).or_default();
        match requirements.iter_mut().find(|(other, _)| other == who) {
            Some((_, earlier)) => *earlier = requirement,
            None => requirements.push((who.into(), requirement)),
        }
    }

    fn visit_from(&mut self, root: &str) -> Result<(), ResolveError> {
        let mut queue = VecDeque::from([String::from(root)]);
        while let Some(component) = queue.pop_front() {
            self.steps += 1;
            if self.steps > STEP_LIMIT {
                return Err(ResolveError::NoFixpoint { component });
            }
            let recipe = self.choose(&component)?;
            *self.visits.entry(component.clone()).or_default() += 1;
            match self.plan.insert(component.clone(), recipe.clone()) {
                Some(earlier) if earlier.version == recipe.version => continue,
                Some(earlier) => self.take_back(&component, &earlier),
                None => {}
            }
            for dependency in &recipe.dependencies {
                self.require(&dependency.name, &component, dependency.requirement.clone());
                queue.push_back(dependency.name.clone());
            }
        }
        Ok(())
    }

    /// Forgets what `component` required by `recipe`, and the dependencies that nothing else led to.
    fn take_back(&mut self, component: &str, recipe: &Recipe) {
        for dependency in &recipe.dependencies {
            if let Some(requirements) = self.requirements.get_mut(&dependency.name) {
                requirements.retain(|(who, _)| who != component);
            }
            let visits = self.visits.entry(dependency.name.clone()).or_default();
            *visits -= 1;
            if *visits == 0
                && let Some(orphan) = self.plan.remove(&dependency.name)
            {
                self.take_back(&dependency.name, &orphan);
            }
        }
    }

    /// The highest version that meets all requirements and claims the platform.
    fn choose(&self, component: &str) -> Result<Arc<Recipe>, ResolveError> {
        let requirements = self.requirements.get(component).map(Vec::as_slice).unwrap_or_default();
        let mut versions = self.catalogue.versions(component);
        versions.retain(|version| requirements.iter().all(|(_, requirement)| requirement.matches(version)));
        versions.sort_by(|a, b| b.compare(a));
        let mut recipes = versions.iter().filter_map(|version| self.catalogue.recipe(component, version)).peekable();
        if recipes.peek().is_none() {
            return Err(ResolveError::NoAvailableVersion { component: component.into(), requirements: requirements.to_vec() });
        }
        // a template that is no regular expression claims nothing
        recipes
            .find(|recipe| matches!(platform::manifest(recipe, self.platform), Ok(Some(_))))
            .ok_or_else(|| ResolveError::PlatformIncompatible { component: component.into(), platform: self.platform.clone() })
    }
}

fn reaches_cycle<'p>(plan: &'p Plan, component: &'p str, path: &mut Vec<&'p str>, done: &mut HashSet<&'p str>) -> bool {
    if path.contains(&component) {
        return true;
    }
    let Some(recipe) = plan.get(component).filter(|_| !done.contains(component)) else { return false };
    path.push(component);
    let cyclic = recipe.dependencies.iter().any(|dependency| reaches_cycle(plan, &dependency.name, path, done));
    path.pop();
    done.insert(component);
    cyclic
}

fn constraints(component: &str, requirements: &[(String, Requirement)]) -> String {
    let requirements: Vec<_> = requirements.iter().map(|(who, requirement)| format!("{who} requires {requirement}")).collect();
    format!("Component {component} version constraints: {}.", requirements.join(", "))
}

fn attributes(platform: &Platform) -> String {
    let mut text = String::new();
    for (attribute, value) in platform {
        let separator = if text.is_empty() { " " } else { ", " };
        let _ = write!(text, "{separator}{attribute}:{value}"); // a String takes all
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::recipe;

    /// Recipes of one line each: name, version, dependencies.
    struct Shelf(Vec<Arc<Recipe>>);

    impl Shelf {
        fn new(recipes: &[(&str, &str, &str)]) -> Self {
            let read = |&(name, version, dependencies): &(&str, &str, &str)| {
                let text = format!(
                    "RecipeFormatVersion: 2020-01-25\nComponentName: {name}\nComponentVersion: {version}\n\
                     ComponentDependencies: {{{dependencies}}}\nManifests: [{{Platform: {{os: linux}}}}]\n"
                );
                Arc::new(recipe::read(text.as_bytes()).unwrap())
            };
            Self(recipes.iter().map(read).collect())
        }

        fn resolve(&self, os: &str) -> Result<BTreeMap<String, String>, String> {
            let roots = Roots { group: "thinggroup/g".into(), components: vec![("A".into(), "1.0.0".into())] };
            let platform = Platform::from([("os".into(), os.into()), ("architecture".into(), "amd64".into())]);
            let plan = resolve(&roots, &[], &platform, self).map_err(|error| error.to_string())?;
            Ok(plan.into_iter().map(|(component, recipe)| (component, recipe.version.to_string())).collect())
        }
    }

    impl Catalogue for Shelf {
        fn versions(&self, component: &str) -> Vec<Version> {
            self.0.iter().filter(|recipe| recipe.name == component).map(|recipe| recipe.version.clone()).collect()
        }

        fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>> {
            self.0.iter().find(|recipe| recipe.name == component && recipe.version == *version).cloned()
        }
    }

    const B: &str = "B: {VersionRequirement: ^1.0.0}";

    #[test]
    fn the_highest_version_that_meets_all_requirements() {
        let shelf = Shelf::new(&[("A", "1.0.0", B), ("B", "1.9.0", ""), ("B", "1.10.0", ""), ("B", "2.0.0", "")]);
        let plan = BTreeMap::from([("A".into(), "1.0.0".into()), ("B".into(), "1.10.0".into())]);
        assert_eq!(shelf.resolve("linux"), Ok(plan));
    }

    #[test]
    fn the_texts_are_the_devices() {
        let shelf = Shelf::new(&[("A", "1.0.0", B)]);
        let error = shelf.resolve("linux").unwrap_err();
        assert!(error.starts_with("No local or cloud component version satisfies the requirements. Check whether"), "{error}");
        assert!(error.ends_with("conflict. Component B version constraints: A requires >=1.0.0 <2.0.0."), "{error}");

        let error = shelf.resolve("windows").unwrap_err();
        let end = "Component 'A' is incompatible with the core device(classic) platform requirements -  architecture:amd64, os:windows.";
        assert!(error.ends_with(end), "{error}");

        let shelf = Shelf::new(&[("A", "1.0.0", B), ("B", "1.0.0", "A: {VersionRequirement: ^1.0.0}")]);
        assert_eq!(shelf.resolve("linux"), Err("Circular dependency detected for component A-v1.0.0".into()));
    }
}
