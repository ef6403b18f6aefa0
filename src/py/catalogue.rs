//! `_core.Catalogue`: component versions as a Python object.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pythonize::pythonize;

use super::interpreter::leave;
use super::plain::json_of;
use super::recipe::refuse;
use super::resolve::refusal;
use super::simulation::read;
use crate::resolve::catalogue::{Catalogue, Entry, MemoryCatalogue};
use crate::resolve::dependents::Dependent;
use crate::resolve::facts;
use crate::resolve::recipe;
use crate::resolve::version::{InvalidVersion, Version};

/// The component versions that a cloud has, read once for any number of simulations.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Catalogue")]
pub struct PyCatalogue(pub(super) Arc<MemoryCatalogue>);

#[pymethods]
impl PyCatalogue {
    /// Of `{name: {version: facts}}`.
    #[new]
    fn new(py: Python<'_>, catalog: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Arc::new(read(py, facts::catalogue(&json_of("catalog", catalog)?))?)))
    }

    /// Of recipes, each with the place that it is from. Raises `RecipeError` with what is wrong with all of them.
    #[staticmethod]
    fn of_recipes(py: Python<'_>, recipes: Vec<(String, PyBackedBytes)>) -> PyResult<Self> {
        let read = leave(py, || {
            recipes.into_iter().map(|(place, text)| (place, recipe::read(&text))).collect::<Vec<(String, Result<_, _>)>>()
        });
        let (mut entries, mut refused) = (Vec::new(), Vec::new());
        for (place, recipe) in read {
            match recipe {
                Ok(recipe) => entries.push((place, recipe)),
                Err(error) => refused.push((place, error)),
            }
        }
        if !refused.is_empty() {
            return Err(refuse(py, &refused));
        }
        entries.sort_by(|(_, a), (_, b)| (&a.name, a.version.as_str()).cmp(&(&b.name, b.version.as_str())));
        for pair in entries.windows(2) {
            let [(place, recipe), (other, next)] = pair else { continue };
            if recipe.name == next.name && recipe.version.is_same(&next.version) {
                let told = format!("{other} is {} {}, and so is {place}: leave one of them out", recipe.name, recipe.version);
                return Err(refusal(py, "version_given_twice", told));
            }
        }
        Ok(Self(Arc::new(entries.into_iter().map(|(_, recipe)| recipe).collect())))
    }

    /// Of published versions, (name, version, JSON recipe) each. A recipe that devices cannot read is no error: it is listed.
    #[staticmethod]
    fn of_published(py: Python<'_>, published: Vec<(String, String, PyBackedBytes)>) -> PyResult<Self> {
        let entries = published.into_iter().map(|(name, version, text)| {
            // of any size: the service adds to what was published
            let recipe = serde_json::from_slice(&text).ok().and_then(|recipe| recipe::read_value(&recipe).ok());
            Ok((name, Entry { version: Version::parse(&version)?, recipe: recipe.map(Arc::new) }))
        });
        let catalogue = leave(py, || entries.collect::<Result<MemoryCatalogue, InvalidVersion>>());
        Ok(Self(Arc::new(catalogue.map_err(|error| refusal(py, "invalid_version", error))?)))
    }

    /// All of both; of a version that both have, the other's.
    fn overlaid(&self, py: Python<'_>, other: &Self) -> Self {
        Self(leave(py, || Arc::new(self.0.overlaid(&other.0))))
    }

    fn __len__(&self) -> usize {
        self.0.components().map(|(_, versions)| versions.len()).sum()
    }

    /// Sorted.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.0.components().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// Highest first.
    fn versions(&self, name: &str) -> Vec<String> {
        self.0.versions(name).iter().map(|entry| entry.version.to_string()).collect()
    }

    /// Every version that depends on `name`, as dicts, by component and the highest first.
    fn dependents<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let dependents = self.0.dependents(name);
        Ok(pythonize(py, &dependents.iter().map(Dependent::told).collect::<Vec<_>>())?)
    }

    /// Those of them that do not take `version` of it.
    fn blocks<'py>(&self, py: Python<'py>, name: &str, version: &str) -> PyResult<Bound<'py, PyAny>> {
        let version = Version::parse(version).map_err(|error| refusal(py, "invalid_version", error))?;
        let dependents = self.0.dependents(name);
        let blocking = dependents.iter().filter(|dependent| !dependent.dependency.requirement.matches(&version));
        Ok(pythonize(py, &blocking.map(Dependent::told).collect::<Vec<_>>())?)
    }

    /// The recipe as the service prints it; None where there is none that devices can read.
    fn recipe<'py>(&self, py: Python<'py>, name: &str, version: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let version = Version::parse(version).ok();
        let recipe = version.and_then(|version| self.0.recipe(name, &version));
        recipe.map(|recipe| Ok(pythonize(py, &recipe.to_json(|artifact| artifact.digest.clone()))?)).transpose()
    }
}
