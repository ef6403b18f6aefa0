//! Simulations as Python objects.

use pyo3::prelude::*;
use pythonize::pythonize;
use serde_json::Value;

use super::catalogue::PyCatalogue;
use super::interpreter::leave;
use super::plain::json_of;
use super::resolve::{engine_of, refusal};
use crate::resolve::facts::{self, InvalidFact, Scenario};

/// A deployment that comes to a device, to be simulated in one order or more.
#[pyclass(frozen, module = "fleetgrass._core", name = "Simulation")]
#[derive(Debug)]
pub struct PySimulation(Scenario);

#[pymethods]
impl PySimulation {
    #[new]
    #[pyo3(signature = (catalogue, *, platform, device, deployment, other_groups, cloud_policy, engine))]
    #[allow(clippy::too_many_arguments)] // it takes them by name
    fn new(
        py: Python<'_>,
        catalogue: &PyCatalogue,
        platform: &Bound<'_, PyAny>,
        device: &Bound<'_, PyAny>,
        deployment: &Bound<'_, PyAny>,
        other_groups: &Bound<'_, PyAny>,
        cloud_policy: &str,
        engine: &str,
    ) -> PyResult<Self> {
        let engine = engine_of(py, engine)?;
        let deployment = read(py, facts::deployment(&json_of("deployment", deployment)?))?;
        Ok(Self(Scenario {
            catalogue: catalogue.0.clone(),
            platform: read(py, facts::platform(&json_of("platform", platform)?))?,
            device: read(py, facts::device(&json_of("device", device)?, &catalogue.0))?,
            others: read(py, facts::other_groups("other_groups", &json_of("other_groups", other_groups)?, &deployment))?,
            deployment,
            cloud_policy: read(py, facts::cloud_policy(&Value::from(cloud_policy)))?,
            engine,
        }))
    }

    fn run<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let told = leave(py, || facts::told(&self.0.simulation().run()));
        Ok(pythonize(py, &told)?)
    }

    fn is_order_sensitive(&self, py: Python<'_>) -> bool {
        leave(py, || self.0.simulation().is_order_sensitive())
    }
}

pub(super) fn read<T>(py: Python<'_>, fact: Result<T, InvalidFact>) -> PyResult<T> {
    fact.map_err(|error| refusal(py, "invalid_fact", error))
}
