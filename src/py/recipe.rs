//! The recipe reader as a Python function.

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pythonize::pythonize;

use crate::resolve::recipe;

create_exception!(
    fleetgrass._core,
    RecipeError,
    PyValueError,
    "A text that is no recipe. `problems` lists dicts of path, line, column, what and remedy, \
     and of file where there were several; its text tells them all."
);

/// The recipe in JSON or YAML text as the service prints it, defaults spelled out.
///
/// Raises `RecipeError` where the text is no recipe.
#[pyfunction]
pub fn read_recipe<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(pythonize(py, &read(py, text)?.to_json(|artifact| artifact.digest.clone()))?)
}

pub fn read(py: Python<'_>, text: &[u8]) -> PyResult<recipe::Recipe> {
    recipe::read(text).map_err(|error| refuse(py, &[(String::new(), error)]))
}

/// What is wrong with recipes, each of a place: a file, or nothing where there is but one.
pub fn refuse(py: Python<'_>, errors: &[(String, recipe::RecipeError)]) -> PyErr {
    told(py, errors).unwrap_or_else(|raised| raised)
}

fn told(py: Python<'_>, errors: &[(String, recipe::RecipeError)]) -> PyResult<PyErr> {
    let (problems, mut lines) = (PyList::empty(py), Vec::new());
    for (place, error) in errors {
        for problem in &error.problems {
            let told = PyDict::new(py);
            if !place.is_empty() {
                told.set_item("file", place)?;
            }
            told.set_item("path", &problem.path)?;
            told.set_item("line", problem.line)?;
            told.set_item("column", problem.column)?;
            told.set_item("what", &problem.what)?;
            told.set_item("remedy", &problem.remedy)?;
            problems.append(told)?;
            lines.push(if place.is_empty() { problem.to_string() } else { format!("{place}: {problem}") });
        }
    }
    let refusal = RecipeError::new_err(lines.join("\n"));
    refusal.value(py).setattr("problems", problems)?;
    Ok(refusal)
}
