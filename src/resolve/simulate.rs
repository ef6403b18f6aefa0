//! Which component versions a device installs for its deployments, walked as the device does.
//!
//! Lite devices have a [walk](super::lite_walk) of their own. That of classic ones is breadth first from each root. Every
//! visit asks for a version that meets all requirements known by then, the newest answer wins, and nothing is ever tried
//! again another way. So a set of components that would fit together may still be refused, the order of the roots can
//! matter, and so can the order of Java's hash maps; see [`Simulation::is_order_sensitive`].
//!
//! What is a model of ours is the cloud: it answers with the highest version that meets all requirements and claims
//! the platform, or with what the device has, see [`CloudPolicy`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

pub use super::error::ResolveError;
pub use super::java_order::Order;

use super::catalogue::Catalogue;
use super::engine::Engine;
use super::lite_walk;
use super::platform::Platform;
use super::recipe::Recipe;
use super::version::Version;
use super::walk::Walk;

/// The root components of one deployment.
#[derive(Clone, Debug)]
pub struct Roots {
    /// Who asks for them, as the device names it: `thinggroup/<name>`, `thing/<name>` or [`LOCAL_DEPLOYMENT`].
    pub group: String,
    /// Component and version, in the order of the deployment. A local deployment may give a requirement.
    pub components: Vec<(String, String)>,
}

/// The group of what was deployed on the device itself.
pub const LOCAL_DEPLOYMENT: &str = "LOCAL_DEPLOYMENT";

/// What a device has before a deployment.
#[derive(Clone, Debug)]
pub struct Device {
    /// Whether it asks the cloud at all.
    pub online: bool,
    /// The versions that run.
    pub active: HashMap<String, Version>,
    /// The nucleus that runs; it counts among the active ones.
    pub nucleus: Option<(String, Version)>,
    /// By component, the recipes that it holds. What runs has the catalogue's where it is missing here.
    pub store: HashMap<String, Vec<Arc<Recipe>>>,
    /// Components that came from another Region. A local deployment does not trust them.
    pub foreign: HashSet<String>,
    /// Services of the nucleus itself, which run without a recipe.
    pub builtin: HashSet<String>,
}

impl Default for Device {
    /// Online, and empty.
    fn default() -> Self {
        Self {
            online: true,
            active: HashMap::new(),
            nucleus: None,
            store: HashMap::new(),
            foreign: HashSet::new(),
            builtin: HashSet::new(),
        }
    }
}

/// What the cloud answers where several versions would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CloudPolicy {
    /// The highest.
    #[default]
    Highest,
    /// The one that the device has and asks with, else the highest.
    PreferCandidate,
}

/// What is installed: by component name, the recipe of the version chosen.
pub type Plan = BTreeMap<String, Arc<Recipe>>;

/// A deployment that comes to a device.
#[derive(Debug)]
pub struct Simulation<'s, C> {
    pub platform: &'s Platform,
    pub catalogue: &'s C,
    pub device: &'s Device,
    pub deployment: &'s Roots,
    /// The deployments that the device has from its other groups.
    pub others: &'s [Roots],
    pub cloud_policy: CloudPolicy,
    pub engine: Engine,
}

/// What a device makes of a deployment.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub plan: Result<Plan, ResolveError>,
    /// Every answer on the way, also of a way that ends in an error.
    pub trace: Vec<Visit>,
    /// By component, who requires what of it at the end, normalized.
    pub requirements: BTreeMap<String, Vec<(String, String)>>,
    /// What is installed though no root leads to it.
    pub orphans: Vec<String>,
    /// Components of which the device had a version that all requirements in one text, as it searches, judge otherwise
    /// than each of them does: alternatives and prereleases change their meaning there. Sorted.
    pub merged_alternatives: Vec<String>,
    /// How often a version was held against a requirement, which is what a simulation costs.
    pub judgements: usize,
}

impl Outcome {
    /// Of a deployment that is refused before anything is walked.
    pub(super) fn refused(error: ResolveError) -> Self {
        Self {
            plan: Err(error),
            trace: Vec::new(),
            requirements: BTreeMap::new(),
            orphans: Vec::new(),
            merged_alternatives: Vec::new(),
            judgements: 0,
        }
    }
}

/// A version that was chosen for a component. It prints as `A@1.0.0(cloud)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub component: String,
    pub version: Version,
    pub source: Source,
}

/// Where a version comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Cloud,
    /// A local deployment takes what is there.
    Local,
    /// The cloud had none.
    LocalFallback,
    LocalOffline,
    /// The nucleus that runs.
    NucleusSkip,
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Source::Cloud => "cloud",
            Source::Local => "local",
            Source::LocalFallback => "local-fallback",
            Source::LocalOffline => "local-offline",
            Source::NucleusSkip => "nucleus-skip",
        };
        write!(f, "{}@{}({source})", self.component, self.version)
    }
}

/// How many other orders are tried.
const OTHER_ORDERS: u32 = 10;

impl<C: Catalogue> Simulation<'_, C> {
    #[must_use]
    pub fn run(&self) -> Outcome {
        match self.engine {
            Engine::Classic => self.run_in(Order::Java),
            Engine::Lite => lite_walk::run(self),
        }
    }

    /// Whether what is installed, or why nothing is, hangs on the order of hash maps: whether some of ten others ends otherwise.
    /// Lite devices go by none.
    #[must_use]
    pub fn is_order_sensitive(&self) -> bool {
        if self.engine == Engine::Lite {
            return false;
        }
        let usual = Gist::of(self.run());
        (0..OTHER_ORDERS).any(|seed| Gist::of(self.run_in(Order::Other(seed))) != usual)
    }

    fn run_in(&self, order: Order) -> Outcome {
        let mut walk = Walk::new(self, order);
        let plan = walk.resolve();
        let orphans = if plan.is_ok() { walk.orphans() } else { Vec::new() };
        let (mut requirements, mut merged_alternatives, mut judgements) = (BTreeMap::new(), Vec::new(), 0);
        for (name, component) in walk.components {
            judgements += component.judgements;
            merged_alternatives.extend(component.misread.then(|| name.clone()));
            let required = component.required().into_iter();
            requirements.insert(name, required.map(|(who, requirement)| (who, requirement.to_string())).collect());
        }
        merged_alternatives.sort();
        Outcome { plan: plan.map(|()| walk.plan), trace: walk.trace, requirements, orphans, merged_alternatives, judgements }
    }

    /// The roots of the deployment first.
    pub(super) fn all_roots(&self) -> impl Iterator<Item = &Roots> {
        std::iter::once(self.deployment).chain(self.others)
    }
}

/// An outcome without the marks that every order leaves on it.
#[derive(PartialEq)]
enum Gist {
    Installed(BTreeMap<String, Version>),
    Refused(ResolveError),
    Endless,
}

impl Gist {
    fn of(outcome: Outcome) -> Self {
        match outcome.plan {
            Ok(plan) => {
                Self::Installed(plan.into_iter().map(|(component, recipe)| (component, recipe.version.clone())).collect())
            }
            Err(ResolveError::NoFixpoint { .. }) => Self::Endless,
            Err(mut error) => {
                if let ResolveError::NoAvailableVersion { requirements, .. } | ResolveError::NoLocalVersion { requirements, .. } =
                    &mut error
                {
                    requirements.sort_by(|a, b| a.0.cmp(&b.0));
                }
                Self::Refused(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::catalogue::MemoryCatalogue;
    use crate::resolve::recipe;

    /// Recipes of one line each: name, version, dependencies.
    struct Shelf(MemoryCatalogue);

    impl Shelf {
        fn new<S: AsRef<str>>(recipes: &[(S, &str, S)]) -> Self {
            let read = |(name, version, dependencies): &(S, &str, S)| {
                let (name, dependencies) = (name.as_ref(), dependencies.as_ref());
                let text = format!(
                    "RecipeFormatVersion: 2020-01-25\nComponentName: {name}\nComponentVersion: {version}\n\
                     ComponentDependencies: {{{dependencies}}}\nManifests: [{{Platform: {{os: linux}}}}]\n"
                );
                recipe::read(text.as_bytes()).unwrap()
            };
            Self(recipes.iter().map(read).collect())
        }

        fn run(&self, os: &str, device: &Device) -> Outcome {
            let deployment = Roots { group: "thinggroup/g".into(), components: vec![("A".into(), "1.0.0".into())] };
            let platform = &Platform::from([("os".into(), os.into()), ("architecture".into(), "amd64".into())]);
            let (deployment, cloud_policy, engine) = (&deployment, CloudPolicy::Highest, Engine::Classic);
            Simulation { platform, catalogue: &self.0, device, deployment, others: &[], cloud_policy, engine }.run()
        }

        fn refusal(&self, os: &str, device: &Device) -> String {
            self.run(os, device).plan.unwrap_err().to_string()
        }
    }

    const B: &str = "B: {VersionRequirement: ^1.0.0}";

    #[test]
    fn the_highest_version_that_meets_all_requirements() {
        let shelf = Shelf::new(&[("A", "1.0.0", B), ("B", "1.9.0", ""), ("B", "1.10.0", ""), ("B", "2.0.0", "")]);
        let outcome = shelf.run("linux", &Device::default());
        let trace: Vec<_> = outcome.trace.iter().map(ToString::to_string).collect();
        assert_eq!(trace, ["A@1.0.0(cloud)", "B@1.10.0(cloud)"]);
        assert_eq!(outcome.plan.unwrap()["B"].version.as_str(), "1.10.0");
        assert_eq!(outcome.requirements["B"], [("A".into(), ">=1.0.0 <2.0.0".into())]);
    }

    #[test]
    fn the_texts_are_the_devices() {
        let online = Device::default();
        let shelf = Shelf::new(&[("A", "1.0.0", B)]);
        let error = shelf.refusal("linux", &online);
        assert!(error.starts_with("No local or cloud component version satisfies the requirements. Check whether"), "{error}");
        assert!(error.ends_with("conflict. Component B version constraints: A requires >=1.0.0 <2.0.0."), "{error}");

        let error = shelf.refusal("windows", &online);
        let end = "Component 'A' is incompatible with the core device(classic) platform requirements -  os:windows, architecture:amd64.";
        assert!(error.ends_with(end), "{error}");

        let offline = Device { online: false, ..Device::default() };
        let error = shelf.refusal("linux", &offline);
        assert!(error.starts_with("Device is configured to run offline and no local component version satisfies"), "{error}");

        let shelf = Shelf::new(&[("A", "1.0.0", B), ("B", "1.0.0", "A: {VersionRequirement: ^1.0.0}")]);
        assert_eq!(shelf.refusal("linux", &online), "Circular dependency detected for component A-v1.0.0");
    }

    /// Chains and stars: `count` components below A that all need one more.
    #[test]
    fn the_cost_grows_as_the_dependencies() {
        let all = |names: &[String]| {
            names.iter().map(|name| format!("{name}: {{VersionRequirement: '*'}}")).collect::<Vec<_>>().join(", ")
        };
        let versions: Vec<String> = (0..10).map(|patch| format!("1.0.{patch}")).collect();
        for is_chain in [false, true] {
            for count in [50, 100, 200] {
                let names: Vec<String> = (0..count).map(|at| format!("C{at}")).collect();
                let mut recipes = vec![(String::from("A"), "1.0.0", all(&names[..if is_chain { 1 } else { count }]))];
                for (at, name) in names.iter().enumerate() {
                    let next = is_chain.then(|| names.get(at + 1).cloned()).flatten();
                    recipes.push((
                        name.clone(),
                        "1.0.0",
                        all(&[next, Some("Hub".into())].into_iter().flatten().collect::<Vec<_>>()),
                    ));
                }
                recipes.extend(versions.iter().map(|version| (String::from("Hub"), &**version, String::new())));
                let outcome = Shelf::new(&recipes).run("linux", &Device::default());
                // A, each component, and the hub for each of them
                let edges = 1 + 2 * count;
                assert_eq!((outcome.plan.unwrap().len(), outcome.trace.len()), (count + 2, edges));
                assert!(outcome.judgements <= edges * versions.len(), "{count}: {}", outcome.judgements);
            }
        }
    }

    /// The same of what the device has: a chain below A, each of which needs one more beside its next.
    #[test]
    fn the_cost_offline_grows_as_the_dependencies() {
        for count in [50, 100, 200] {
            let versions: Vec<String> = (0..10).map(|minor| format!("1.{minor}.0")).collect();
            let name = |at: usize| if at == 0 { String::from("A") } else { format!("C{at}") };
            let link = |at: usize| {
                let next = if at < count { format!("{}: {{VersionRequirement: '*'}}, ", name(at + 1)) } else { String::new() };
                (name(at), "1.0.0", next + "Hub: {VersionRequirement: <2.0.0}")
            };
            let mut recipes: Vec<_> = (0..=count).map(link).collect();
            recipes.extend(versions.iter().map(|version| (String::from("Hub"), &**version, String::new())));
            let shelf = Shelf::new(&recipes);
            let mut device = Device { online: false, ..Device::default() };
            for (name, entries) in shelf.0.components() {
                device.store.insert(name.into(), entries.iter().filter_map(|entry| entry.recipe.clone()).collect());
            }
            let outcome = shelf.run("linux", &device);
            let edges = 2 + 2 * count;
            assert_eq!((outcome.trace.len(), outcome.plan.unwrap()["Hub"].version.as_str()), (edges, "1.9.0"));
            // each requirement is held against what the cloud lists and against what the device has
            assert!(outcome.judgements <= 2 * edges * versions.len(), "{count}: {}", outcome.judgements);
        }
    }

    #[test]
    fn a_deep_chain_and_a_deep_cycle_end() {
        const DEPTH: usize = 10_000;
        let name = |at: usize| if at == 0 { String::from("A") } else { format!("C{at}") };
        let link = |at: usize| (name(at), "1.0.0", format!("{}: {{VersionRequirement: ^1.0.0}}", name(at + 1)));
        let mut recipes: Vec<_> = (0..DEPTH).map(link).collect();
        recipes.push((name(DEPTH), "1.0.0", String::new()));
        let outcome = Shelf::new(&recipes).run("linux", &Device::default());
        assert_eq!(outcome.plan.unwrap().len(), DEPTH + 1);

        recipes[DEPTH].2 = "A: {VersionRequirement: ^1.0.0}".into();
        let outcome = Shelf::new(&recipes).run("linux", &Device::default());
        assert_eq!(outcome.plan.unwrap_err().kind(), "circular_dependency");
    }
}
