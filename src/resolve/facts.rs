//! A simulation told in plain values: JSON objects in, and what came of it as a JSON object.
//!
//! The shapes are those of `tests/vectors/resolution.json`. A component version is told by its facts, `{"deps": {name:
//! requirement}, "soft": [name], "manifests": […], "type": …}`; they become the JSON of a recipe, so that one reader
//! refuses them. A requirement that no device can read makes the recipe unreadable, as it does there; everything else
//! that is wrong is an [`InvalidFact`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Entry, MemoryCatalogue};
use super::engine::Engine;
use super::lite_walk::{self, LiteRefusal};
use super::platform::Platform;
use super::recipe::{self, FORMAT_VERSION, Recipe};
use super::requirement::Requirement;
use super::simulate::{CloudPolicy, Device, LOCAL_DEPLOYMENT, Outcome, ResolveError, Roots, Simulation};
use super::version::{Version, shown};

/// Everything that a [`Simulation`] borrows.
#[derive(Debug)]
pub struct Scenario {
    pub catalogue: Arc<MemoryCatalogue>,
    pub platform: Platform,
    pub device: Device,
    pub deployment: Roots,
    pub others: Vec<Roots>,
    pub cloud_policy: CloudPolicy,
    pub engine: Engine,
}

impl Scenario {
    #[must_use]
    pub fn simulation(&self) -> Simulation<'_, MemoryCatalogue> {
        Simulation {
            platform: &self.platform,
            catalogue: &*self.catalogue,
            device: &self.device,
            deployment: &self.deployment,
            others: &self.others,
            cloud_policy: self.cloud_policy,
            engine: self.engine,
        }
    }
}

/// A value that is not of the shape, with its place and what to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} is {found}: {remedy}")]
pub struct InvalidFact {
    pub place: String,
    pub found: String,
    pub remedy: String,
}

type Result<T> = std::result::Result<T, InvalidFact>;

impl InvalidFact {
    /// The same of one device of many, of which `place` tells which.
    pub(super) fn below(self, place: &str) -> Self {
        let place = match self.place.strip_prefix("device") {
            Some(rest) if rest.is_empty() || rest.starts_with('[') => format!("{place}{rest}"),
            _ => {
                let (key, rest) = self.place.split_at(self.place.find('[').unwrap_or(self.place.len()));
                format!("{place}[{key:?}]{rest}")
            }
        };
        Self { place, ..self }
    }
}

/// The component versions that the cloud has: `{name: {version: facts}}`.
pub fn catalogue(catalog: &Value) -> Result<MemoryCatalogue> {
    let mut entries = Vec::new();
    for (name, versions) in Fact::new("catalog", catalog).entries()? {
        for (text, facts) in versions.entries()? {
            let version = facts.version_of(text)?;
            let recipe = facts.recipe(name, text)?.map(Arc::new);
            entries.push((name.into(), Entry { version, recipe }));
        }
    }
    Ok(entries.into_iter().collect())
}

/// What a device tells of itself: `{"os": "linux", "architecture": "amd64"}`.
pub fn platform(platform: &Value) -> Result<Platform> {
    let entries = Fact::new("platform", platform).entries()?.into_iter();
    entries.map(|(attribute, value)| Ok((attribute.into(), value.text("give a text")?.into()))).collect()
}

/// What [`device`] reads.
pub(super) const DEVICE_KEYS: [&str; 7] =
    ["online", "active", "nucleus", "builtin", "local_store", "local_recipes", "region_mismatch"];

/// What a device has: `online`, `active`, `nucleus`, `builtin`, `local_store`, `local_recipes` and `region_mismatch`, all of them
/// optional.
pub fn device(device: &Value, catalogue: &MemoryCatalogue) -> Result<Device> {
    let facts = Fact::new("device", device).properties(&DEVICE_KEYS)?;
    let mut store: HashMap<String, Vec<Arc<Recipe>>> = HashMap::new();
    for (name, versions) in facts("local_recipes").entries()? {
        for (text, facts) in versions.entries()? {
            facts.version_of(text)?;
            store.entry(name.into()).or_default().extend(facts.recipe(name, text)?.map(Arc::new));
        }
    }
    for (name, versions) in facts("local_store").entries()? {
        for version in versions.items()? {
            let Some(recipe) = catalogue.recipe(name, &version.version()?) else {
                return version.refuse(&format!("the catalog has no such version of {name}; tell it in local_recipes instead"));
            };
            store.entry(name.into()).or_default().push(recipe);
        }
    }
    let active = facts("active").entries()?.into_iter();
    let active: HashMap<_, _> = active.map(|(name, version)| Ok((name.into(), version.version()?))).collect::<Result<_>>()?;
    let mut builtin = HashSet::new();
    for name in facts("builtin").items()? {
        let text = name.text("give the name of a component")?;
        if !active.contains_key(text) {
            return name.refuse("it does not run; tell its version in active, such as \"0.0.0\"");
        }
        builtin.insert(text.into());
    }
    let foreign = facts("region_mismatch").items()?.into_iter();
    let nucleus = facts("nucleus");
    Ok(Device {
        online: match facts("online").value {
            Value::Null => true,
            Value::Bool(online) => *online,
            _ => return facts("online").refuse("give True or False"),
        },
        active,
        nucleus: if nucleus.value.is_null() {
            None
        } else {
            let facts = nucleus.properties(&["name", "version"])?;
            let name = facts("name").text("give the name of the component, such as \"aws.greengrass.Nucleus\"")?;
            Some((name.into(), facts("version").version()?))
        },
        store,
        builtin,
        foreign: foreign.map(|name| Ok(name.text("give the name of a component")?.into())).collect::<Result<_>>()?,
    })
}

/// The deployment that comes: `{"target": group, "components": [{"name": …, "version": …}]}`.
pub fn deployment(deployment: &Value) -> Result<Roots> {
    let facts = Fact::new("deployment", deployment).properties(&["target", "components"])?;
    let target = facts("target");
    let group = target.text(GROUPS)?;
    target.check_group(group)?;
    let mut components: Vec<(String, String)> = Vec::new();
    let mut names = HashSet::new();
    for component in facts("components").items()? {
        let facts = component.properties(&["name", "version"])?;
        let name = facts("name").text("give the name of a component")?;
        if !names.insert(name) {
            return facts("name").refuse("the deployment names it before; name each component once");
        }
        let version = facts("version").text("give a version, such as \"1.0.0\"")?;
        components.push((name.into(), version.into()));
    }
    Ok(Roots { group: group.into(), components })
}

/// The deployments that the device has from its groups: `{group: {name: version}}`, told as `key`. What it had from the
/// group of the deployment that comes counts no longer.
pub fn other_groups(key: &str, groups: &Value, deployment: &Roots) -> Result<Vec<Roots>> {
    let mut others = Vec::new();
    for (group, roots) in Fact::new(key, groups).entries()? {
        roots.check_group(group)?;
        let components = roots.entries()?.into_iter();
        let components =
            components.map(|(name, version)| Ok((name.into(), version.text("give a version, such as \"1.0.0\"")?.into())));
        others.push(Roots { group: group.into(), components: components.collect::<Result<_>>()? });
    }
    others.retain(|roots| roots.group != deployment.group);
    Ok(others)
}

/// `highest` or `prefer_candidate`.
pub fn cloud_policy(policy: &Value) -> Result<CloudPolicy> {
    match policy.as_str() {
        Some("highest") => Ok(CloudPolicy::Highest),
        Some("prefer_candidate") => Ok(CloudPolicy::PreferCandidate),
        _ => Fact::new("cloud_policy", policy).refuse("write \"highest\" or \"prefer_candidate\""),
    }
}

/// What came of a simulation: `result` or `error`, and how. An error has the fields of the vectors, and `message` and
/// `codes` beside them.
#[must_use]
pub fn told(outcome: &Outcome) -> Value {
    let (result, error) = match &outcome.plan {
        Ok(plan) => {
            let result: BTreeMap<_, _> = plan.iter().map(|(name, recipe)| (name, recipe.version.as_str())).collect();
            (json!(result), Value::Null)
        }
        Err(error) => (Value::Null, json!({"facts": refusal(error), "message": error.to_string(), "codes": error.codes()})),
    };
    let requirements = outcome.requirements.iter().filter(|(_, requirements)| !requirements.is_empty());
    let requirements: Map<_, _> =
        requirements.map(|(component, requirements)| (component.clone(), texts(requirements))).collect();
    json!({
        "result": result,
        "error": error,
        "trace": outcome.trace.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "requirements": requirements,
        "orphans": outcome.orphans,
        "merged_alternatives": outcome.merged_alternatives,
    })
}

/// An error in the words of the vectors.
fn refusal(error: &ResolveError) -> Value {
    let kind = error.kind();
    match error {
        ResolveError::NoAvailableVersion { component, requirements }
        | ResolveError::NoLocalVersion { component, requirements } => {
            json!({"kind": kind, "component": component, "requirements": constraints(requirements)})
        }
        ResolveError::PlatformIncompatible { component, .. }
        | ResolveError::AccessDenied { component }
        | ResolveError::Unanswered { component, .. } => json!({"kind": kind, "component": component}),
        ResolveError::LocalRecipeUnusable { component, version }
        | ResolveError::RecipeUnreadable { component, version }
        | ResolveError::CircularDependency { component, version } => {
            json!({"kind": kind, "component": component, "version": version.as_str()})
        }
        ResolveError::InvalidRootRequirement { component, version } => {
            json!({"kind": kind, "component": component, "requirement": version})
        }
        ResolveError::MultipleNucleus { components } => json!({"kind": kind, "components": components}),
        ResolveError::NucleusUpdateNotExplicit { from, to } => {
            json!({"kind": kind, "component": to.0, "from": from.1.as_str(), "to": to.1.as_str()})
        }
        ResolveError::NoFixpoint { .. } | ResolveError::StateUnread { .. } => json!({"kind": kind}),
        ResolveError::Lite(refusal) => lite_refusal(refusal),
    }
}

fn lite_refusal(refusal: &LiteRefusal) -> Value {
    let kind = refusal.kind();
    match refusal {
        LiteRefusal::RootsDiffer { component, one, other } => {
            json!({"kind": kind, "component": component, "versions": texts(&[(**one).clone(), (**other).clone()])})
        }
        LiteRefusal::NoAvailableVersion { component, requirements } | LiteRefusal::NoLocalVersion { component, requirements } => {
            json!({"kind": kind, "component": component, "requirements": texts(requirements)})
        }
        LiteRefusal::PlatformIncompatible { component }
        | LiteRefusal::AccessDenied { component }
        | LiteRefusal::Unanswered { component, .. } => json!({"kind": kind, "component": component}),
        LiteRefusal::RecipeUnusable { component, version }
        | LiteRefusal::RecipeUnknown { component, version }
        | LiteRefusal::RecipeUnreadable { component, version }
        | LiteRefusal::NotGeneric { component, version } => {
            json!({"kind": kind, "component": component, "version": version.as_str()})
        }
        LiteRefusal::ChosenAlready { component, version, by } => {
            json!({"kind": kind, "component": component, "version": version.as_str(), "requirements": texts(&[(**by).clone()])})
        }
        LiteRefusal::NucleusDiffers { running, version } => {
            json!({"kind": kind, "component": lite_walk::NUCLEUS, "version": version, "running": running.as_str()})
        }
        LiteRefusal::TooManyComponents | LiteRefusal::RequirementsTooLong => json!({"kind": kind}),
    }
}

fn constraints(requirements: &[(String, Requirement)]) -> Value {
    texts(&requirements.iter().map(|(who, requirement)| (who.clone(), requirement.to_string())).collect::<Vec<_>>())
}

fn texts(requirements: &[(String, String)]) -> Value {
    requirements.iter().map(|(who, requirement)| (who.clone(), Value::from(&**requirement))).collect::<Map<_, _>>().into()
}

/// A value and the way to it.
pub(super) struct Fact<'v> {
    place: Rc<Place<'v>>,
    pub(super) value: &'v Value,
}

/// The way to a value, which becomes a text only where something is wrong.
enum Place<'v> {
    Top(String),
    Key(Rc<Self>, &'v str),
    Item(Rc<Self>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(name) => f.write_str(name),
            Self::Key(above, key) => write!(f, "{above}[{key:?}]"),
            Self::Item(above, at) => write!(f, "{above}[{at}]"),
        }
    }
}

pub(super) const GROUPS: &str = "write \"thinggroup/<name>\", \"thing/<name>\" or \"LOCAL_DEPLOYMENT\"";

impl<'v> Fact<'v> {
    pub(super) fn new(place: &str, value: &'v Value) -> Self {
        Self { place: Rc::new(Place::Top(place.into())), value }
    }

    pub(super) fn refuse<T>(&self, remedy: &str) -> Result<T> {
        let found = match self.value {
            Value::Null => "missing".into(),
            Value::Array(items) => format!("a list of {}", items.len()),
            Value::Object(entries) => format!("a dict of {}", entries.len()),
            Value::String(text) => shown(text),
            scalar => scalar.to_string(),
        };
        self.refuse_found(found, remedy)
    }

    fn refuse_found<T>(&self, found: String, remedy: &str) -> Result<T> {
        Err(InvalidFact { place: self.place.to_string(), found, remedy: remedy.into() })
    }

    /// The entries of an object; of nothing, none.
    pub(super) fn entries(&self) -> Result<Vec<(&'v str, Fact<'v>)>> {
        let place = |key: &'v str| Rc::new(Place::Key(self.place.clone(), key));
        let entry = |(key, value): (&'v String, &'v Value)| (&**key, Fact { place: place(key), value });
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Object(entries) => Ok(entries.iter().map(entry).collect()),
            _ => self.refuse("give a dict"),
        }
    }

    /// The items of a list; of nothing, none.
    pub(super) fn items(&self) -> Result<Vec<Fact<'v>>> {
        let item = |(at, value)| Fact { place: Rc::new(Place::Item(self.place.clone(), at)), value };
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => Ok(items.iter().enumerate().map(item).collect()),
            _ => self.refuse("give a list"),
        }
    }

    /// The way to each property of an object that has no others than those `known`.
    pub(super) fn properties(&self, known: &[&str]) -> Result<impl Fn(&'static str) -> Fact<'v> + use<'v>> {
        let mut keys = match self.value {
            Value::Null => None,
            Value::Object(entries) => Some(entries.keys()),
            _ => return self.refuse("give a dict"),
        };
        if let Some(unknown) = keys.iter_mut().flatten().find(|key| !known.contains(&key.as_str())) {
            let unknown = Fact { place: Rc::new(Place::Key(self.place.clone(), unknown)), value: self.value };
            return unknown.refuse_found("unknown".into(), &format!("the keys are {}", known.join(", ")));
        }
        Ok(self.members())
    }

    /// The way to each property of an object; what is missing is null.
    pub(super) fn members(&self) -> impl Fn(&'static str) -> Fact<'v> + use<'v> {
        let (place, value) = (self.place.clone(), self.value);
        move |key: &'static str| Fact {
            place: Rc::new(Place::Key(place.clone(), key)),
            value: value.get(key).unwrap_or(&Value::Null),
        }
    }

    pub(super) fn text(&self, remedy: &str) -> Result<&'v str> {
        self.value.as_str().map_or_else(|| self.refuse(remedy), Ok)
    }

    fn version(&self) -> Result<Version> {
        self.version_of(self.text("give a version, such as \"1.0.0\"")?)
    }

    /// `text`, which is this value or the key that it stands at.
    fn version_of(&self, text: &str) -> Result<Version> {
        Version::parse(text).or_else(|invalid| {
            self.refuse_found(format!("at {}", shown(text)), &format!("{}; write such as \"1.0.0\"", invalid.reason))
        })
    }

    pub(super) fn check_group(&self, group: &str) -> Result<()> {
        let named = |kind| group.strip_prefix(kind).is_some_and(|name: &str| !name.is_empty());
        if named("thinggroup/") || named("thing/") || group == LOCAL_DEPLOYMENT {
            return Ok(());
        }
        self.refuse_found(format!("of {}", shown(group)), GROUPS)
    }

    /// The recipe of these facts; `None` where a device cannot read it.
    fn recipe(&self, name: &str, version: &str) -> Result<Option<Recipe>> {
        let facts = self.properties(&["deps", "soft", "manifests", "type"])?;
        let mut dependencies = Map::new();
        for (dependency, requirement) in facts("deps").entries()? {
            let requirement = requirement.text("give a requirement, such as \"^1.0.0\"")?;
            dependencies.insert(dependency.into(), json!({"VersionRequirement": requirement}));
        }
        for soft in facts("soft").items()? {
            match dependencies.get_mut(soft.text("give the name of a dependency")?) {
                Some(dependency) => dependency["DependencyType"] = "SOFT".into(),
                None => return soft.refuse("name one of deps"),
            }
        }
        let manifests = facts("manifests").value;
        let recipe = json!({
            "RecipeFormatVersion": FORMAT_VERSION,
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentType": facts("type").value,
            "ComponentDependencies": dependencies,
            "Manifests": if manifests.is_null() { json!([{}]) } else { manifests.clone() },
        });
        match recipe::read_value(&recipe) {
            Ok(recipe) => Ok(Some(recipe)),
            Err(error) => match error.problems.iter().find(|problem| !problem.path.ends_with(".VersionRequirement")) {
                Some(problem) => self.refuse_found(format!("no recipe: {}: {}", problem.path, problem.what), &problem.remedy),
                None => Ok(None),
            },
        }
    }
}
