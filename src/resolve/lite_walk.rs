//! Which component versions a lite device installs: its own walk, which has little in common with the classic one.
//!
//! There is one list, which grows. Each name on it is resolved once and never again: what depends on it later must be
//! content with the version chosen, or the deployment fails. What the device has comes first, and the cloud is asked only
//! for the rest. Nothing looks for cycles, and a few components of AWS are not looked for at all.
//!
//! Known from reading the device's code, never run against it. Assumed: the texts of requirements are joined by a space,
//! and the limit on them is on all together; the cloud reads them as for classic devices, and takes `runtime` for one more
//! attribute of the platform; a device that gets no answer gives up. The messages are ours.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::catalogue::{Catalogue, Question, Unanswered};
use super::lite;
use super::platform;
use super::recipe::{ComponentType, Recipe};
use super::requirement::Requirement;
use super::simulate::{LOCAL_DEPLOYMENT, Outcome, Plan, ResolveError, Roots, Simulation, Source, Visit};
use super::version::Version;

/// Why a lite device refuses a deployment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiteRefusal {
    #[error("{component} is a root of {} at {} and of {} at {}; a lite device wants one version", one.0, one.1, other.0, other.1)]
    RootsDiffer { component: String, one: Box<(String, String)>, other: Box<(String, String)> },
    #[error("{}{}", NO_VERSION, constraints(component, requirements))]
    NoAvailableVersion { component: String, requirements: Vec<(String, String)> },
    #[error("The device is offline and has none: {}", constraints(component, requirements))]
    NoLocalVersion { component: String, requirements: Vec<(String, String)> },
    #[error("No version of {component} that meets the requirements claims the platform of the device")]
    PlatformIncompatible { component: String },
    /// None of its manifests is for lite devices, or the first that is looked at has no Platform.
    #[error("The recipe of {component}-v{version} has no manifest that a lite device can use")]
    RecipeUnusable { component: String, version: Version },
    /// The device has the version, and nobody told what is in its recipe.
    #[error("The device has {component}-v{version}, but its recipe is not known: give it in local_recipes or the catalog")]
    RecipeUnknown { component: String, version: Version },
    #[error("The recipe of {component}-v{version} cannot be read")]
    RecipeUnreadable { component: String, version: Version },
    #[error("The device may not ask the cloud which version of {component} to take")]
    AccessDenied { component: String },
    #[error("The cloud does not tell which version of {component} to take: {reason}")]
    Unanswered { component: String, reason: String },
    #[error("{component}-v{version} is no generic component, and a lite device has no others")]
    NotGeneric { component: String, version: Version },
    /// It was chosen before this was asked for.
    #[error("{} requires {component} {}, but {version} is chosen already, which a lite device does not take back", by.0, by.1)]
    ChosenAlready { component: String, version: Version, by: Box<(String, String)> },
    #[error("The deployment asks for {NUCLEUS} {version}, but {running} runs")]
    NucleusDiffers { running: Version, version: String },
    #[error("There are more than {COMPONENT_LIMIT} components")]
    TooManyComponents,
    #[error("The requirements have more than {TEXT_LIMIT} bytes in all")]
    RequirementsTooLong,
}

pub(super) const NUCLEUS: &str = "aws.greengrass.NucleusLite";

/// Dependencies that are passed over.
const SKIPPED: [&str; 3] = ["aws.greengrass.Nucleus", "aws.greengrass.TokenExchangeService", "aws.greengrass.Cli"];

/// Under what it sends the text of all requirements.
const TEXT_KEY: &str = "requirements";

const COMPONENT_LIMIT: usize = 64;
const TEXT_LIMIT: usize = 2048;

const NO_VERSION: &str = "No version on the device or in the cloud meets the requirements: ";

fn constraints(component: &str, requirements: &[(String, String)]) -> String {
    let texts: Vec<_> = requirements.iter().map(|(who, requirement)| format!("{who} requires {requirement}")).collect();
    format!("{component}: {}", texts.join(", "))
}

impl LiteRefusal {
    /// One word for programs; where a classic device knows the case, its word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RootsDiffer { .. } => "roots_differ",
            Self::NoAvailableVersion { .. } => "no_available_version",
            Self::NoLocalVersion { .. } => "no_available_version_offline",
            Self::PlatformIncompatible { .. } => "platform_incompatible",
            Self::RecipeUnusable { .. } | Self::RecipeUnknown { .. } => "local_recipe_unusable",
            Self::RecipeUnreadable { .. } => "recipe_parse_error",
            Self::AccessDenied { .. } => "access_denied",
            Self::Unanswered { .. } => "unanswered",
            Self::NotGeneric { .. } => "component_type_unsupported",
            Self::ChosenAlready { .. } => "chosen_already",
            Self::NucleusDiffers { .. } => "nucleus_differs",
            Self::TooManyComponents => "too_many_components",
            Self::RequirementsTooLong => "requirements_too_long",
        }
    }
}

/// What a lite device makes of a deployment.
pub(super) fn run<C: Catalogue>(simulation: &Simulation<'_, C>) -> Outcome {
    let mut walk =
        LiteWalk { simulation, list: Vec::new(), places: HashMap::new(), text: 0, plan: Plan::new(), trace: Vec::new() };
    let plan = walk.resolve().map_err(|refusal| ResolveError::Lite(Box::new(refusal)));
    let requirements: BTreeMap<_, _> = walk.list.into_iter().map(|wanted| (wanted.component, wanted.requirements)).collect();
    let judgements = requirements.values().map(Vec::len).sum();
    Outcome {
        plan: plan.map(|()| walk.plan),
        trace: walk.trace,
        requirements,
        orphans: Vec::new(),
        merged_alternatives: Vec::new(),
        judgements,
    }
}

struct LiteWalk<'w, C> {
    simulation: &'w Simulation<'w, C>,
    list: Vec<Wanted>,
    /// Where a component is on the list.
    places: HashMap<String, usize>,
    /// How many bytes of requirements there are.
    text: usize,
    plan: Plan,
    trace: Vec<Visit>,
}

/// A component on the list.
struct Wanted {
    component: String,
    /// Who requires what.
    requirements: Vec<(String, String)>,
}

impl Wanted {
    fn text(&self) -> String {
        self.requirements.iter().map(|(_, requirement)| &**requirement).collect::<Vec<_>>().join(" ")
    }
}

type Result<T> = std::result::Result<T, LiteRefusal>;

impl<C: Catalogue> LiteWalk<'_, C> {
    fn resolve(&mut self) -> Result<()> {
        self.list_roots()?;
        let mut at = 0;
        while at < self.list.len() {
            let component = self.list[at].component.clone();
            let (recipe, source) = self.choose(at)?;
            let version = recipe.version.clone();
            if recipe.kind != ComponentType::Generic && component != NUCLEUS {
                return Err(LiteRefusal::NotGeneric { component, version });
            }
            if !matches!(lite::manifest(&recipe.manifests, self.simulation.platform), Ok(Some(_))) {
                return Err(LiteRefusal::RecipeUnusable { component, version });
            }
            self.trace.push(Visit { component: component.clone(), version, source });
            self.plan.insert(component.clone(), recipe.clone());
            for dependency in recipe.dependencies.iter().filter(|dependency| !SKIPPED.contains(&&*dependency.name)) {
                self.require(&dependency.name, &component, dependency.requirement.as_str())?;
            }
            at += 1;
        }
        Ok(())
    }

    /// The deployment's roots, those of the other groups, and what was deployed on the device itself.
    fn list_roots(&mut self) -> Result<()> {
        let (local, groups): (Vec<&Roots>, Vec<&Roots>) =
            self.simulation.others.iter().partition(|roots| roots.group == LOCAL_DEPLOYMENT);
        for roots in std::iter::once(self.simulation.deployment).chain(groups).chain(local) {
            for (component, version) in &roots.components {
                let earlier = self.places.get(component).map(|at| &self.list[*at].requirements[0]);
                match earlier {
                    Some((_, wanted)) if wanted == version => {}
                    Some(one) => {
                        let (one, other) = (Box::new(one.clone()), Box::new((roots.group.clone(), version.clone())));
                        return Err(LiteRefusal::RootsDiffer { component: component.clone(), one, other });
                    }
                    None => self.require(component, &roots.group, version)?,
                }
            }
        }
        Ok(())
    }

    fn require(&mut self, component: &str, who: &str, requirement: &str) -> Result<()> {
        let wanted = (who.to_owned(), requirement.to_owned());
        self.text += requirement.len();
        if let Some(chosen) = self.plan.get(component) {
            let version = chosen.version.clone();
            if !lite::satisfies(requirement, version.as_str()) {
                return Err(LiteRefusal::ChosenAlready { component: component.into(), version, by: Box::new(wanted) });
            }
        }
        if let Some(at) = self.places.get(component) {
            self.list[*at].requirements.push(wanted);
        } else {
            self.places.insert(component.into(), self.list.len());
            self.list.push(Wanted { component: component.into(), requirements: vec![wanted] });
        }
        if self.list.len() > COMPONENT_LIMIT {
            return Err(LiteRefusal::TooManyComponents);
        }
        if self.text > TEXT_LIMIT { Err(LiteRefusal::RequirementsTooLong) } else { Ok(()) }
    }

    fn choose(&self, at: usize) -> Result<(Arc<Recipe>, Source)> {
        let (component, device) = (&self.list[at].component, self.simulation.device);
        let text = self.list[at].text();
        let nucleus = device.nucleus.as_ref().filter(|(name, _)| name == component).map(|(_, running)| running);
        if let Some(running) = nucleus
            && component == NUCLEUS
            && text != running.as_str()
        {
            return Err(LiteRefusal::NucleusDiffers { running: running.clone(), version: text });
        }
        let meets = |version: &&Version| lite::satisfies(&text, version.as_str());
        let held = device.store.get(component).map(Vec::as_slice).unwrap_or_default();
        let running = nucleus.or_else(|| device.active.get(component)).filter(meets);
        // the first in the folder, not the highest
        if let Some(version) = running.or_else(|| held.iter().map(|recipe| &recipe.version).find(meets)) {
            let recipe = held.iter().find(|recipe| recipe.version.is_same(version)).cloned();
            let recipe = recipe.or_else(|| self.simulation.catalogue.recipe(component, version));
            let source = if component == NUCLEUS { Source::NucleusSkip } else { Source::Local };
            return recipe.map(|recipe| (recipe, source)).ok_or_else(|| self.without_recipe(component, version));
        }
        let requirements = self.list[at].requirements.clone();
        if !device.online {
            return Err(LiteRefusal::NoLocalVersion { component: component.clone(), requirements });
        }
        self.ask(component, &text, requirements).map(|recipe| (recipe, Source::Cloud))
    }

    /// Why a version that the device has cannot be taken.
    fn without_recipe(&self, component: &str, version: &Version) -> LiteRefusal {
        let is_listed = self.simulation.catalogue.versions(component).iter().any(|entry| entry.version == *version);
        let (component, version) = (component.into(), version.clone());
        if is_listed {
            LiteRefusal::RecipeUnreadable { component, version }
        } else {
            LiteRefusal::RecipeUnknown { component, version }
        }
    }

    /// The cloud's answer.
    fn ask(&self, component: &str, text: &str, requirements: Vec<(String, String)>) -> Result<Arc<Recipe>> {
        let mut platform = self.simulation.platform.clone();
        platform.entry("runtime".into()).or_insert_with(|| lite::RUNTIME.into());
        if let Some(cloud) = self.simulation.catalogue.cloud() {
            let asked = vec![(String::from(TEXT_KEY), String::from(text))];
            let question = Question { component, requirements: asked, candidate: None, platform: &platform };
            let component = String::from(component);
            let version = match cloud.answer(&question) {
                Ok(version) => version,
                Err(Unanswered::NoVersion) => return Err(LiteRefusal::NoAvailableVersion { component, requirements }),
                Err(Unanswered::Platform) => return Err(LiteRefusal::PlatformIncompatible { component }),
                Err(Unanswered::Permission) => return Err(LiteRefusal::AccessDenied { component }),
                Err(Unanswered::Other(reason)) => return Err(LiteRefusal::Unanswered { component, reason }),
            };
            let recipe = self.simulation.catalogue.recipe(&component, &version);
            return recipe.ok_or(LiteRefusal::RecipeUnreadable { component, version });
        }
        let requirement = match Requirement::parse(text) {
            Ok(requirement) => requirement,
            // a cloud refuses such a question
            Err(error) => return Err(LiteRefusal::Unanswered { component: component.into(), reason: error.to_string() }),
        };
        let listed = self.simulation.catalogue.versions(component);
        let mut fitting = listed.iter().filter(|entry| requirement.matches(&entry.version)).peekable();
        let component = component.to_owned();
        if fitting.peek().is_none() {
            return Err(LiteRefusal::NoAvailableVersion { component, requirements });
        }
        let claims = |recipe: &Recipe| matches!(platform::manifest(recipe, &platform), Ok(Some(_)));
        let Some(entry) = fitting.find(|entry| entry.recipe.as_ref().is_none_or(|recipe| claims(recipe))) else {
            return Err(LiteRefusal::PlatformIncompatible { component });
        };
        entry.recipe.clone().ok_or_else(|| LiteRefusal::RecipeUnreadable { component, version: entry.version.clone() })
    }
}
