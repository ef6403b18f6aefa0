//! What devices make of recipes, as Python functions.

use std::collections::BTreeMap;
use std::fmt::Display;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pythonize::pythonize;
use serde_json::{Value, json};

use super::catalogue::PyCatalogue;
use super::plain::json_of;
use super::recipe;
use crate::resolve::configuration::{self, Change, InvalidChange};
use crate::resolve::engine::Engine;
use crate::resolve::lint::{Finding, cycles, lint_text};
use crate::resolve::lite;
use crate::resolve::platform::{self, Platform};
use crate::resolve::recipe::{Lifecycle, UnreadableStep};
use crate::resolve::requirement::Requirement;
use crate::resolve::version::Version;

create_exception!(
    fleetgrass._core,
    InvalidInputError,
    PyValueError,
    "A value that a device cannot read. Its text names it, and tells what to write; `kind` is `unknown_engine`, \
     `invalid_requirement`, `invalid_version`, `invalid_regex`, `platform_missing`, `not_an_object`, `invalid_pointer`, \
     `nothing_there`, `step_unreadable`, `version_given_twice` or `invalid_fact`."
);

pub(super) fn refusal(py: Python<'_>, kind: &str, error: impl Display) -> PyErr {
    let refusal = InvalidInputError::new_err(error.to_string());
    match refusal.value(py).setattr("kind", kind) {
        Ok(()) => refusal,
        Err(raised) => raised,
    }
}

pub(super) fn engine_of(py: Python<'_>, name: &str) -> PyResult<Engine> {
    name.parse().map_err(|error| refusal(py, "unknown_engine", error))
}

/// A requirement as a device sends it to the cloud.
#[pyfunction]
pub fn normalized(py: Python<'_>, requirement: &str) -> PyResult<String> {
    let parsed = Requirement::parse(requirement).map_err(|error| {
        refusal(py, "invalid_requirement", format_args!("{error}; write such as \"^1.0.0\" or \">=1.0.0 <2.0.0\""))
    })?;
    Ok(parsed.to_string())
}

/// Whether a device of this kind takes `version` as meeting `requirement`.
#[pyfunction]
pub fn satisfies(py: Python<'_>, requirement: &str, version: &str, engine: &str) -> PyResult<bool> {
    match engine_of(py, engine)? {
        Engine::Lite => Ok(lite::satisfies(requirement, version)),
        Engine::Classic => {
            let requirement = Requirement::parse(requirement).map_err(|error| {
                refusal(py, "invalid_requirement", format_args!("{error}; write such as \"^1.0.0\" or \">=1.0.0 <2.0.0\""))
            })?;
            let version = Version::parse(version)
                .map_err(|error| refusal(py, "invalid_version", format_args!("{error}; write such as \"1.0.0\"")))?;
            Ok(requirement.matches(&version))
        }
    }
}

/// The place of the recipe's manifest that such a device uses, or None.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // arguments of Python arrive by value
pub fn select_manifest(py: Python<'_>, recipe: &[u8], platform: Platform, engine: &str) -> PyResult<Option<usize>> {
    let engine = engine_of(py, engine)?;
    let manifests = recipe::read(py, recipe)?.manifests;
    match engine {
        Engine::Classic => platform::position(&manifests, &platform).map_err(|error| refusal(py, "invalid_regex", error)),
        Engine::Lite => lite::manifest(&manifests, &platform).map_err(|error| refusal(py, "platform_missing", error)),
    }
}

/// The lifecycle of the recipe's manifest at `index`, which must be there.
#[pyfunction]
pub fn select_lifecycle<'py>(py: Python<'py>, recipe: &[u8], index: usize, engine: &str) -> PyResult<Bound<'py, PyAny>> {
    let engine = engine_of(py, engine)?;
    let recipe = recipe::read(py, recipe)?;
    let manifest = &recipe.manifests[index];
    let lifecycle = match engine {
        Engine::Classic => platform::lifecycle(&recipe, manifest),
        Engine::Lite => lite::lifecycle(&recipe, manifest),
    };
    Ok(pythonize(py, &lifecycle)?)
}

/// The steps of a lifecycle with their defaults.
#[pyfunction]
pub fn lifecycle_steps<'py>(lifecycle: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = lifecycle.py();
    let Value::Object(lifecycle) = json_of("lifecycle", lifecycle)? else {
        return Err(refusal(py, "step_unreadable", "lifecycle is no dict: give what select_lifecycle gives"));
    };
    let told = |problems: Vec<UnreadableStep>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let read = Lifecycle::read(&lifecycle).map_err(|problems| refusal(py, "step_unreadable", told(problems)))?;
    Ok(pythonize(py, &read.told())?)
}

/// What is odd in the text of a recipe, and what of it leads back over a catalogue.
#[pyfunction]
pub fn lint<'py>(py: Python<'py>, text: &[u8], catalogue: Option<&PyCatalogue>) -> PyResult<Bound<'py, PyAny>> {
    let mut findings = lint_text(text);
    if let (Some(catalogue), Ok(recipe)) = (catalogue, crate::resolve::recipe::read(text)) {
        findings.extend(cycles(&recipe, &*catalogue.0));
    }
    let told = |finding: &Finding| {
        json!({
            "code": finding.code,
            "severity": finding.severity.as_str(),
            "place": finding.place,
            "line": finding.line,
            "message": finding.message,
            "remedy": finding.remedy,
        })
    };
    Ok(pythonize(py, &findings.iter().map(told).collect::<Vec<_>>())?)
}

/// The configuration of a component after a deployment.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // arguments of Python arrive by value
pub fn merge_configuration<'py>(
    default: &Bound<'py, PyAny>,
    running: &Bound<'py, PyAny>,
    running_timestamps: BTreeMap<String, u64>,
    deployment_timestamp: u64,
    reset: Vec<String>,
    merge: &Bound<'py, PyAny>,
    engine: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = default.py();
    let change = Change {
        default: &json_of("default", default)?,
        running: &json_of("running", running)?,
        running_timestamps: &running_timestamps,
        deployment_timestamp,
        reset: &reset,
        merge: &json_of("merge", merge)?,
        engine: engine_of(py, engine)?,
    };
    let merged = configuration::merge(&change).map_err(|error| {
        let kind = match error {
            InvalidChange::NotAnObject { .. } => "not_an_object",
            InvalidChange::InvalidPointer { .. } => "invalid_pointer",
            InvalidChange::NothingThere { .. } => "nothing_there",
        };
        refusal(py, kind, error)
    })?;
    Ok(pythonize(py, &merged)?)
}
