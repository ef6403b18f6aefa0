//! What a deployment would make of a fleet.
//!
//! The deployment is told as the parameters of `CreateDeployment`, a device by the facts that [`facts::device`] reads,
//! with its platform, its other groups and its configuration. What decides is a device's [`State`]; devices that are
//! alike in it are resolved once. That is one walk; the ten others that [`Plan::is_order_sensitive`] makes wait until
//! somebody asks. A device whose state could not be read is told as `{"error": why}` and stays in the plan with that
//! reason.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, MemoryCatalogue};
use super::configuration::{self, Change as ConfigurationChange, InvalidChange};
use super::engine::Engine;
use super::error::ResolveError;
use super::facts::{self, Fact, InvalidFact};
use super::lint;
use super::platform::Platform;
use super::recipe::{ComponentType, Recipe};
use super::simulate::{CloudPolicy, Device, Outcome, Roots, Simulation};
use super::version::Version;

type Result<T> = std::result::Result<T, InvalidFact>;

/// A deployment, and how it configures its components.
#[derive(Debug)]
pub struct Deployment {
    pub roots: Roots,
    /// The group of the deployment that it is below, and stands in for.
    parent: Option<String>,
    updates: BTreeMap<String, Update>,
    /// In milliseconds since 1970.
    timestamp: u64,
}

#[derive(Debug, Default)]
struct Update {
    reset: Vec<String>,
    merge: Value,
}

/// All that decides what a device makes of a deployment.
#[derive(Debug)]
struct State {
    engine: Engine,
    platform: Platform,
    device: Device,
    others: Vec<Roots>,
    configuration: BTreeMap<String, Running>,
    /// Why nobody knows it.
    unread: Option<String>,
}

/// What a component is configured with, and when values of that were set, in milliseconds since 1970.
type Running = (Value, BTreeMap<String, u64>);

/// What becomes of devices of one state.
#[derive(Debug)]
pub struct Decision {
    pub outcome: Outcome,
    /// What is installed before or after, sorted by name.
    pub components: Vec<Component>,
}

#[derive(Debug)]
pub struct Component {
    pub name: String,
    pub change: Change,
    /// What runs before.
    pub from: Option<Version>,
    /// What runs after.
    pub to: Option<Version>,
    /// Whether a deployment names it.
    pub is_root: bool,
    /// After the deployment.
    pub configuration: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Install,
    Upgrade,
    Downgrade,
    Keep,
    Remove,
}

/// What a deployment makes of all states of a fleet.
#[derive(Debug)]
pub struct Plan {
    deployment: Deployment,
    catalogue: Arc<MemoryCatalogue>,
    states: Vec<State>,
    /// By state.
    pub decisions: Vec<Decision>,
    /// Each device's name and the place of its state.
    pub devices: Vec<(String, usize)>,
}

impl Change {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
            Self::Keep => "keep",
            Self::Remove => "remove",
        }
    }

    fn between(from: Option<&Version>, to: Option<&Version>) -> Self {
        match (from, to) {
            (None, _) => Self::Install,
            (Some(_), None) => Self::Remove,
            (Some(from), Some(to)) if from.is_same(to) => Self::Keep,
            (Some(from), Some(to)) if to.compare(from).is_lt() => Self::Downgrade,
            (Some(_), Some(_)) => Self::Upgrade,
        }
    }
}

impl Deployment {
    /// Of the parameters of `CreateDeployment`, whose types have been checked. `timestamp` is when it is made.
    pub fn read(parameters: &Value, timestamp: u64) -> Result<Self> {
        let fact = |key: &str| Fact::new(&format!("deployment[{key:?}]"), parameters.get(key).unwrap_or(&Value::Null));
        let parent = fact("parentTargetArn");
        let parent = if parent.value.is_null() { None } else { Some(group_of(&parent)?) };
        let mut roots = Roots { group: group_of(&fact("targetArn"))?, components: Vec::new() };
        let mut updates = BTreeMap::new();
        for (name, component) in fact("components").entries()? {
            let members = component.members();
            let version = members("componentVersion");
            let text = version.text(VERSIONS)?;
            if Version::parse(text).is_err() {
                return version.refuse(VERSIONS);
            }
            roots.components.push((name.into(), text.into()));
            let update = members("configurationUpdate").members();
            updates.insert(name.into(), Update { reset: pointers(&update("reset"))?, merge: merge(&update("merge"))? });
        }
        Ok(Self { roots, parent, updates, timestamp })
    }
}

const VERSIONS: &str = "give the one version to deploy, such as \"1.0.0\"; the cloud takes no range";

const TARGETS: &str =
    "give the ARN of a thing or a thing group, such as \"arn:aws:iot:eu-west-1:123456789012:thinggroup/line-4\"";

/// The group of a target's ARN.
fn group_of(target: &Fact) -> Result<String> {
    let group = target.text(TARGETS)?.splitn(6, ':').nth(5).filter(|key| is_group(key));
    group.map_or_else(|| target.refuse(TARGETS), |group| Ok(group.into()))
}

fn is_group(key: &str) -> bool {
    ["thinggroup/", "thing/"].iter().any(|kind| key.strip_prefix(kind).is_some_and(|name| !name.is_empty()))
}

fn pointers(reset: &Fact) -> Result<Vec<String>> {
    let pointers = reset.items()?.into_iter().map(|pointer| {
        let text = pointer.text(POINTERS)?;
        if text.is_empty() || text.starts_with('/') { Ok(text.into()) } else { pointer.refuse(POINTERS) }
    });
    pointers.collect()
}

const POINTERS: &str = "give a JSON pointer: it begins with \"/\", or is \"\" for the whole configuration";

fn merge(merge: &Fact) -> Result<Value> {
    const REMEDY: &str = "give a JSON object as text, such as '{\"port\": 8080}'";
    if merge.value.is_null() {
        return Ok(Value::Null);
    }
    match serde_json::from_str(merge.text(REMEDY)?) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => merge.refuse(REMEDY),
    }
}

impl State {
    /// Of a device's facts; `place` is where they stand.
    fn read(place: &str, facts: &Value, deployment: &Deployment, catalogue: &MemoryCatalogue) -> Result<Self> {
        let placed = |error: InvalidFact| error.below(place);
        if facts.get("error").is_some() {
            let facts = Fact::new(place, facts).properties(&["name", "error"])?;
            let text = facts("error").text("give the text that tells why the device could not be read")?;
            return Ok(Self::unread(text));
        }
        let known: Vec<&str> = OWN_KEYS.iter().chain(&facts::DEVICE_KEYS).copied().collect();
        // a text is a device of this platform that has nothing yet
        let nothing = Value::Object(Map::new());
        let (platform, facts) = if facts.is_string() { (facts, &nothing) } else { (&facts["platform"], facts) };
        let _ = Fact::new(place, facts).properties(&known)?;
        let mut device = facts.as_object().cloned().unwrap_or_default();
        device.retain(|key, _| !OWN_KEYS.contains(&&**key));
        let mut device = facts::device(&Value::Object(device), catalogue).map_err(placed)?;
        recognise_nucleus(&mut device, catalogue);
        know_nucleus(&mut device, catalogue);
        Ok(Self {
            engine: engine_of(&facts["engine"]).map_err(placed)?,
            platform: platform_of(platform).map_err(placed)?,
            others: others_of(facts, deployment).map_err(placed)?,
            configuration: configuration_of(facts).map_err(placed)?,
            device,
            unread: None,
        })
    }

    fn unread(error: &str) -> Self {
        Self {
            engine: Engine::Classic,
            platform: Platform::new(),
            device: Device::default(),
            others: Vec::new(),
            configuration: BTreeMap::new(),
            unread: Some(error.into()),
        }
    }

    fn simulation<'s>(&'s self, deployment: &'s Deployment, catalogue: &'s MemoryCatalogue) -> Simulation<'s, MemoryCatalogue> {
        Simulation {
            platform: &self.platform,
            catalogue,
            device: &self.device,
            deployment: &deployment.roots,
            others: &self.others,
            cloud_policy: CloudPolicy::Highest,
            engine: self.engine,
        }
    }

    fn decide(&self, deployment: &Deployment, catalogue: &MemoryCatalogue) -> Result<Decision> {
        let outcome = match &self.unread {
            Some(reason) => Outcome::refused(ResolveError::StateUnread { reason: reason.clone() }),
            None => self.simulation(deployment, catalogue).run(),
        };
        let components = self.components(deployment, &outcome)?;
        Ok(Decision { outcome, components })
    }

    fn components(&self, deployment: &Deployment, outcome: &Outcome) -> Result<Vec<Component>> {
        let running = |name: &str| {
            let nucleus = self.device.nucleus.as_ref().filter(|(nucleus, _)| nucleus == name).map(|(_, version)| version);
            nucleus.or_else(|| self.device.active.get(name))
        };
        let nucleus = self.nucleus();
        let nothing = BTreeMap::new();
        // a deployment that is refused changes nothing
        let (plan, is_refused) = outcome.plan.as_ref().map_or((&nothing, true), |plan| (plan, false));
        // parts of the nucleus come and go with it
        let active = self.device.active.keys().filter(|name| !self.device.builtin.contains(*name));
        let names: BTreeSet<&String> = plan.keys().chain(active).chain(nucleus).collect();
        let roots: HashSet<&String> = std::iter::once(&deployment.roots)
            .chain(&self.others)
            .flat_map(|roots| &roots.components)
            .map(|(name, _)| name)
            .collect();
        let replaces_nucleus = plan.values().any(|recipe| recipe.kind == ComponentType::Nucleus);
        let component = |name: &String| {
            let from = running(name);
            // the nucleus stays, whether anything needs it or not, until another takes its place
            let stays = is_refused || Some(name) == nucleus && !replaces_nucleus;
            let recipe = plan.get(name);
            let to = recipe.map(|recipe| &recipe.version).or(from.filter(|_| stays));
            Ok(Component {
                name: name.clone(),
                change: Change::between(from, to),
                from: from.cloned(),
                to: to.cloned(),
                is_root: roots.contains(name),
                configuration: match (to, recipe) {
                    (Some(_), Some(recipe)) => self.configured(deployment, recipe)?,
                    (Some(_), None) => {
                        self.configuration.get(name).and_then(|(running, _)| running.as_object()).cloned().unwrap_or_default()
                    }
                    (None, _) => Map::new(),
                },
            })
        };
        names.into_iter().map(component).collect()
    }

    /// The name of the nucleus that runs.
    fn nucleus(&self) -> Option<&String> {
        self.device.nucleus.as_ref().map(|(name, _)| name)
    }

    fn configured(&self, deployment: &Deployment, recipe: &Recipe) -> Result<Map<String, Value>> {
        let update = deployment.updates.get(&recipe.name);
        let running = self.configuration.get(&recipe.name);
        // a nucleus of another name goes on with what the old one has
        let old = self.nucleus().filter(|_| recipe.kind == ComponentType::Nucleus);
        let running = running.or_else(|| self.configuration.get(old?));
        let no_timestamps = BTreeMap::new();
        let change = ConfigurationChange {
            default: recipe.defaults(),
            running: running.map_or(&Value::Null, |(value, _)| value),
            running_timestamps: running.map_or(&no_timestamps, |(_, timestamps)| timestamps),
            deployment_timestamp: deployment.timestamp,
            reset: update.map_or(&[], |update| &update.reset),
            merge: update.map_or(&Value::Null, |update| &update.merge),
            engine: self.engine,
        };
        configuration::merge(&change).map_err(|error| invalid_configuration(&recipe.name, &error))
    }
}

/// What a device of a fleet has beside the facts of [`facts::device`].
const OWN_KEYS: [&str; 8] =
    ["name", "engine", "platform", "other_groups", "parents", "superseded", "configuration", "configuration_timestamps"];

/// What counts beside the deployment, which stands in for what its parent or a child of its target has brought. What a
/// parent brought counts again where no subdeployment is left that stands in for it.
fn others_of(facts: &Value, deployment: &Deployment) -> Result<Vec<Roots>> {
    let mut others = facts::other_groups("other_groups", &facts["other_groups"], &deployment.roots)?;
    let mut superseded = facts::other_groups("superseded", &facts["superseded"], &deployment.roots)?;
    let mut parents = BTreeMap::new();
    for (group, parent) in Fact::new("parents", &facts["parents"]).entries()? {
        if facts["other_groups"].get(group).is_none() {
            return parent.refuse("other_groups tells nothing of this group; leave it out");
        }
        let text = parent.text(facts::GROUPS)?;
        parent.check_group(text)?;
        parents.insert(group, text);
    }
    let (target, parent) = (&deployment.roots.group, &deployment.parent);
    others.retain(|roots| Some(&roots.group) != parent.as_ref() && parents.get(&*roots.group) != Some(&&**target));
    superseded.retain(|roots| {
        let stands_in = |(child, parent): (&&str, &&str)| *child != target && *parent == roots.group;
        Some(&roots.group) != parent.as_ref() && !parents.iter().any(stands_in)
    });
    others.append(&mut superseded);
    Ok(others)
}

fn engine_of(engine: &Value) -> Result<Engine> {
    match engine.as_str().map(str::parse) {
        Some(Ok(engine)) => Ok(engine),
        None if engine.is_null() => Ok(Engine::Classic),
        _ => Fact::new("engine", engine).refuse("write \"classic\" or \"lite\""),
    }
}

/// `linux/amd64`, or all attributes.
fn platform_of(platform: &Value) -> Result<Platform> {
    match platform.as_str().map(|text| text.split_once('/')) {
        Some(Some((os, architecture))) if !os.is_empty() && !architecture.is_empty() && !architecture.contains('/') => {
            Ok(Platform::from([("os".into(), os.into()), ("architecture".into(), architecture.into())]))
        }
        Some(_) => Fact::new("platform", platform).refuse(PLATFORMS),
        None if platform.is_null() => Fact::new("platform", platform).refuse(PLATFORMS),
        None => facts::platform(platform),
    }
}

const PLATFORMS: &str = "give such as \"linux/amd64\" or {\"os\": \"linux\", \"architecture\": \"amd64\"}";

/// Of a nucleus that took the place of the usual one, a device tells the version alone. The catalogue knows which of the
/// components that it runs is one.
fn recognise_nucleus(device: &mut Device, catalogue: &MemoryCatalogue) {
    let Some((_, version)) = &device.nucleus else { return };
    let is_nucleus = |name: &str, running: &Version| {
        running.is_same(version) && catalogue.recipe(name, running).is_some_and(|recipe| recipe.kind == ComponentType::Nucleus)
    };
    let found = device.active.iter().find(|(name, running)| is_nucleus(name, running)).map(|(name, _)| name.clone());
    if let Some(name) = found {
        device.nucleus = device.active.remove_entry(&name);
    }
}

/// A device has the recipe of the nucleus that it runs, whether the catalogue knows that version or not.
fn know_nucleus(device: &mut Device, catalogue: &MemoryCatalogue) {
    let Some((name, version)) = &device.nucleus else { return };
    if catalogue.recipe(name, version).is_some() {
        return;
    }
    let recipe = Recipe::bare(name, version.clone(), ComponentType::Nucleus);
    device.store.entry(name.clone()).or_default().push(Arc::new(recipe));
}

fn configuration_of(facts: &Value) -> Result<BTreeMap<String, Running>> {
    let mut configuration = BTreeMap::new();
    for (name, running) in Fact::new("configuration", &facts["configuration"]).entries()? {
        configuration.insert(name.to_owned(), (running.value.clone(), BTreeMap::new()));
    }
    for (name, dates) in Fact::new("configuration_timestamps", &facts["configuration_timestamps"]).entries()? {
        let Some((_, timestamps)) = configuration.get_mut(name) else {
            return dates.refuse("configuration tells nothing of this component; leave it out");
        };
        for (pointer, date) in dates.entries()? {
            let Some(timestamp) = date.value.as_u64() else { return date.refuse("give milliseconds since 1970") };
            timestamps.insert(pointer.into(), timestamp);
        }
    }
    Ok(configuration)
}

fn invalid_configuration(component: &str, error: &InvalidChange) -> InvalidFact {
    let place = match error {
        InvalidChange::NotAnObject { .. } => "configuration",
        InvalidChange::InvalidPointer { .. } | InvalidChange::NothingThere { .. } => "configuration_timestamps",
    };
    InvalidFact { place: format!("{place}[{component:?}]"), found: "invalid".into(), remedy: error.to_string() }
}

impl Plan {
    /// `states` holds what [`State`] tells of, each with the place where it stands; `devices` are names, each with the
    /// place of its state.
    pub fn new<'s>(
        deployment: Deployment,
        catalogue: Arc<MemoryCatalogue>,
        states: impl IntoIterator<Item = (String, &'s Value)>,
        devices: Vec<(String, usize)>,
    ) -> Result<Self> {
        let mut plan = Self { deployment, catalogue, states: Vec::new(), decisions: Vec::new(), devices };
        for (place, facts) in states {
            let state = State::read(&place, facts, &plan.deployment, &plan.catalogue)?;
            let decision = state.decide(&plan.deployment, &plan.catalogue).map_err(|error| error.below(&place))?;
            plan.states.push(state);
            plan.decisions.push(decision);
        }
        Ok(plan)
    }

    /// Whether what becomes of a state hangs on the order of hash maps; `None` where there is no such state.
    #[must_use]
    pub fn is_order_sensitive(&self, state: usize) -> Option<bool> {
        let state = self.states.get(state)?;
        Some(state.unread.is_none() && state.simulation(&self.deployment, &self.catalogue).is_order_sensitive())
    }

    /// What [`lint`](lint::lint) finds in the recipes that some device would install, as JSON.
    #[must_use]
    pub fn findings(&self) -> Vec<Value> {
        let plans = self.decisions.iter().filter_map(|decision| decision.outcome.plan.as_ref().ok());
        let mut recipes: BTreeMap<(&str, &str), &Recipe> = BTreeMap::new();
        for recipe in plans.flat_map(BTreeMap::values) {
            recipes.insert((&recipe.name, recipe.version.as_str()), recipe);
        }
        let told = |recipe: &Recipe, finding: lint::Finding| {
            json!({
                "component": recipe.name, "version": recipe.version.as_str(), "code": finding.code,
                "severity": finding.severity.as_str(), "place": finding.place, "message": finding.message, "remedy": finding.remedy,
            })
        };
        recipes.values().flat_map(|recipe| lint::lint(recipe).into_iter().map(|finding| told(recipe, finding))).collect()
    }
}

impl Decision {
    /// As JSON, in the words of [`facts::told`].
    #[must_use]
    pub fn told(&self) -> Value {
        let mut told = facts::told(&self.outcome);
        let component = |component: &Component| {
            let version = |version: &Option<Version>| version.as_ref().map_or(Value::Null, |version| version.as_str().into());
            let facts = json!({
                "change": component.change.as_str(), "from": version(&component.from), "to": version(&component.to),
                "root": component.is_root, "configuration": component.configuration,
            });
            (component.name.clone(), facts)
        };
        told["components"] = self.components.iter().map(component).collect::<Map<_, _>>().into();
        told
    }
}
