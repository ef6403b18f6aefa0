//! `_core.Question`: explanations as Python objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyo3::prelude::*;
use pythonize::pythonize;
use serde_json::Value;

use super::catalogue::PyCatalogue;
use super::interpreter::leave;
use super::plain::json_of;
use super::resolve::refusal;
use super::simulation::read;
use crate::resolve::catalogue::MemoryCatalogue;
use crate::resolve::explain::{Question, Unmet};
use crate::resolve::facts;
use crate::resolve::platform::Platform;
use crate::resolve::simulate::Roots;
use crate::resolve::version::Version;

/// Whether any set of versions would do for a device's deployments.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Question")]
pub struct PyQuestion {
    catalogue: Arc<MemoryCatalogue>,
    platform: Platform,
    groups: Vec<Roots>,
}

#[pymethods]
impl PyQuestion {
    #[new]
    #[pyo3(signature = (catalogue, *, platform, deployment, other_groups))]
    fn new(
        py: Python<'_>,
        catalogue: &PyCatalogue,
        platform: &Bound<'_, PyAny>,
        deployment: &Bound<'_, PyAny>,
        other_groups: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let deployment = read(py, facts::deployment(&json_of("deployment", deployment)?))?;
        let mut groups = read(py, facts::other_groups("other_groups", &json_of("other_groups", other_groups)?, &deployment))?;
        groups.insert(0, deployment);
        let platform = read(py, facts::platform(&json_of("platform", platform)?))?;
        Ok(Self { catalogue: catalogue.0.clone(), platform, groups })
    }

    fn explain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let told = leave(py, || self.question().explain().map(|explanation| explanation.told()));
        Ok(pythonize(py, &told.map_err(|error| refusal(py, "invalid_requirement", error))?)?)
    }

    /// What these versions do not meet.
    fn unmet<'py>(&self, py: Python<'py>, versions: BTreeMap<String, String>) -> PyResult<Bound<'py, PyAny>> {
        let parsed = versions.into_iter().map(|(name, version)| Ok((name, Version::parse(&version)?)));
        let versions = parsed.collect::<Result<BTreeMap<_, _>, crate::resolve::version::InvalidVersion>>();
        let versions = versions.map_err(|error| refusal(py, "invalid_version", error))?;
        let told = |unmet: &Unmet| {
            let mut told = unmet.constraint.told();
            told["found"] = unmet.found.as_ref().map_or(Value::Null, |version| version.as_str().into());
            told
        };
        Ok(pythonize(py, &self.question().unmet(&versions).iter().map(told).collect::<Vec<_>>())?)
    }
}

impl PyQuestion {
    fn question(&self) -> Question<'_, MemoryCatalogue> {
        Question { platform: &self.platform, catalogue: &*self.catalogue, groups: &self.groups }
    }
}
