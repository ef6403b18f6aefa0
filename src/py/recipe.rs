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
    "A text that is no recipe. `problems` lists dicts of path, line, column, what and remedy; its text tells them all."
);

/// The recipe in JSON or YAML text as the service prints it, defaults spelled out.
///
/// Raises `RecipeError` where the text is no recipe.
#[pyfunction]
pub fn read_recipe<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Ok(pythonize(py, &read(py, text)?.to_json(|_| None))?)
}

pub fn read(py: Python<'_>, text: &[u8]) -> PyResult<recipe::Recipe> {
    recipe::read(text).map_err(|error| refusal(py, &error).unwrap_or_else(|raised| raised))
}

fn refusal(py: Python<'_>, error: &recipe::RecipeError) -> PyResult<PyErr> {
    let problems = PyList::empty(py);
    for problem in &error.problems {
        let told = PyDict::new(py);
        told.set_item("path", &problem.path)?;
        told.set_item("line", problem.line)?;
        told.set_item("column", problem.column)?;
        told.set_item("what", &problem.what)?;
        told.set_item("remedy", &problem.remedy)?;
        problems.append(told)?;
    }
    let refusal = RecipeError::new_err(error.to_string());
    refusal.value(py).setattr("problems", problems)?;
    Ok(refusal)
}
