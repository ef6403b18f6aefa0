//! `_core.CloudSimulation`: a simulation whose cloud is a Python function.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;
use pythonize::pythonize;

use super::catalogue::PyCatalogue;
use super::plain::json_of;
use super::resolve::engine_of;
use super::simulation::read;
use crate::resolve::catalogue::{Catalogue, Cloud, Entry, MemoryCatalogue, Question, Unanswered};
use crate::resolve::engine::Engine;
use crate::resolve::facts;
use crate::resolve::platform::Platform;
use crate::resolve::recipe::{self, Recipe};
use crate::resolve::simulate::{CloudPolicy, Device, Roots, Simulation};
use crate::resolve::version::Version;

/// A deployment that comes to a device which asks a real cloud.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "CloudSimulation")]
pub struct PyCloudSimulation {
    cloud: Asked,
    platform: Platform,
    device: Device,
    deployment: Roots,
    others: Vec<Roots>,
    engine: Engine,
}

#[pymethods]
impl PyCloudSimulation {
    /// `ask(component, requirements, candidate)` gives (`None`, version, JSON recipe), or (kind, message, `None`) where
    /// kind is `no_version`, `platform`, `permission` or `other`. `catalogue` has recipes of the device.
    #[new]
    #[pyo3(signature = (ask, catalogue, *, platform, device, deployment, other_groups, engine))]
    #[allow(clippy::too_many_arguments)] // it takes them by name
    fn new(
        py: Python<'_>,
        ask: Py<PyAny>,
        catalogue: &PyCatalogue,
        platform: &Bound<'_, PyAny>,
        device: &Bound<'_, PyAny>,
        deployment: &Bound<'_, PyAny>,
        other_groups: &Bound<'_, PyAny>,
        engine: &str,
    ) -> PyResult<Self> {
        let engine = engine_of(py, engine)?;
        let deployment = read(py, facts::deployment(&json_of("deployment", deployment)?))?;
        Ok(Self {
            platform: read(py, facts::platform(&json_of("platform", platform)?))?,
            device: read(py, facts::device(&json_of("device", device)?, &catalogue.0))?,
            others: read(py, facts::other_groups("other_groups", &json_of("other_groups", other_groups)?, &deployment))?,
            deployment,
            engine,
            cloud: Asked {
                ask,
                known: catalogue.0.clone(),
                answers: Mutex::default(),
                recipes: Mutex::default(),
                raised: Mutex::default(),
            },
        })
    }

    fn run<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let outcome = self.simulation().run();
        self.cloud.check()?;
        Ok(pythonize(py, &facts::told(&outcome))?)
    }

    fn is_order_sensitive(&self) -> PyResult<bool> {
        let is_sensitive = self.simulation().is_order_sensitive();
        self.cloud.check()?;
        Ok(is_sensitive)
    }
}

impl PyCloudSimulation {
    fn simulation(&self) -> Simulation<'_, Asked> {
        Simulation {
            platform: &self.platform,
            catalogue: &self.cloud,
            device: &self.device,
            deployment: &self.deployment,
            others: &self.others,
            cloud_policy: CloudPolicy::Highest,
            engine: self.engine,
        }
    }
}

/// By component and version; `None` where the recipe cannot be read.
type Recipes = HashMap<(String, String), Option<Arc<Recipe>>>;

/// A cloud, and what it has answered; it is asked the same only once.
struct Asked {
    ask: Py<PyAny>,
    known: Arc<MemoryCatalogue>,
    answers: Mutex<HashMap<String, Result<Version, Unanswered>>>,
    recipes: Mutex<Recipes>,
    /// What the function raised first, if it ever did.
    raised: Mutex<Option<PyErr>>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

/// What the Python function gives.
type Answer = (Option<String>, String, Option<PyBackedBytes>);

impl Asked {
    /// Raises what the function raised.
    fn check(&self) -> PyResult<()> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    fn ask(&self, question: &Question) -> PyResult<Answer> {
        Python::attach(|py| {
            let requirements = PyDict::new(py);
            for (who, requirement) in &question.requirements {
                requirements.set_item(who, requirement)?;
            }
            let candidate = question.candidate.as_ref().map(Version::as_str);
            self.ask.call1(py, (question.component, requirements, candidate))?.extract(py)
        })
    }
}

impl Catalogue for Asked {
    fn cloud(&self) -> Option<&dyn Cloud> {
        Some(self)
    }

    fn versions(&self, component: &str) -> Arc<[Entry]> {
        self.known.versions(component)
    }

    fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>> {
        let recipes = self.recipes.lock().unwrap_or_else(PoisonError::into_inner);
        match recipes.get(&(component.into(), version.to_string())) {
            Some(fetched) => fetched.clone(),
            None => self.known.recipe(component, version),
        }
    }
}

impl Cloud for Asked {
    fn answer(&self, question: &Question) -> Result<Version, Unanswered> {
        let mut key: Vec<_> = question.requirements.iter().map(|(who, requirement)| format!("{who} {requirement}")).collect();
        key.sort(); // the order of requirements is the device's, and no part of the question
        let key = format!("{} {:?} {key:?}", question.component, question.candidate.as_ref().map(Version::as_str));
        if let Some(known) = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let answer = match self.ask(question) {
            Ok((None, version, Some(text))) => match Version::parse(&version) {
                Ok(version) => {
                    let recipe = serde_json::from_slice(&text).ok().and_then(|recipe| recipe::read_value(&recipe).ok());
                    let mut recipes = self.recipes.lock().unwrap_or_else(PoisonError::into_inner);
                    recipes.insert((question.component.into(), version.to_string()), recipe.map(Arc::new));
                    Ok(version)
                }
                Err(error) => Err(Unanswered::Other(error.to_string())),
            },
            Ok((Some(kind), _, _)) if kind == "no_version" => Err(Unanswered::NoVersion),
            Ok((Some(kind), _, _)) if kind == "platform" => Err(Unanswered::Platform),
            Ok((Some(kind), _, _)) if kind == "permission" => Err(Unanswered::Permission),
            Ok((_, message, _)) => Err(Unanswered::Other(message)),
            Err(raised) => {
                let error = Unanswered::Other(raised.to_string());
                self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(raised);
                return Err(error);
            }
        };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
        answer
    }
}
