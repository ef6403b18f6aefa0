//! From the core's error to the exception that botocore raises for it.

use std::sync::Arc;

use pyo3::exceptions::{PyAttributeError, PyException, PyKeyError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::interpreter::stay;
use crate::error::{Builtin, Error};

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Python(raised) => Arc::try_unwrap(raised).unwrap_or_else(|shared| copy(&shared)),
            Error::Validation { report, notes } => validation(&report, &notes),
            Error::Botocore { class, arguments } => botocore(class, &arguments),
            Error::Builtin { class, message } => match class {
                Builtin::Attribute => PyAttributeError::new_err(message),
                Builtin::Key => PyKeyError::new_err(message),
                Builtin::Overflow => PyOverflowError::new_err(message),
                Builtin::Runtime => PyRuntimeError::new_err(message),
                Builtin::Type => PyTypeError::new_err(message),
                Builtin::Value => PyValueError::new_err(message),
            },
        }
    }
}

/// An exception of its own for each call that fails with it, where the class can be copied: who raises or notes something
/// changes no other call's.
fn copy(shared: &PyErr) -> PyErr {
    Python::attach(|py| {
        let _inside = stay(py);
        let value = shared.value(py);
        let copied = || {
            let copied = py.import("copy")?.call_method1("copy", (value,))?;
            for name in ["__cause__", "__context__", "__suppress_context__"] {
                copied.setattr(name, value.getattr(name)?)?;
            }
            copied.setattr("__traceback__", shared.traceback(py))?;
            Ok::<_, PyErr>(copied)
        };
        let copied = copied().ok().filter(|copied| copied.get_type().is(value.get_type()));
        copied.map_or_else(|| shared.clone_ref(py), PyErr::from_value)
    })
}

/// Notes (PEP 678) are set as Python 3.11's `add_note` would, which Python 3.10 does not have.
fn validation(report: &[u8], notes: &[Vec<u8>]) -> PyErr {
    Python::attach(|py| {
        let decode = |text: &[u8]| PyBytes::new(py, text).call_method1("decode", ("utf-8", "surrogatepass"));
        let make_with_notes = || {
            let raised = make(py, "ParamValidationError", &[("report", decode(report)?)]);
            if !notes.is_empty() {
                let notes = notes.iter().map(|note| decode(note)).collect::<PyResult<Vec<_>>>()?;
                raised.value(py).setattr("__notes__", notes)?;
            }
            Ok(raised)
        };
        make_with_notes().unwrap_or_else(|raised| raised)
    })
}

fn botocore(class: &str, arguments: &[(&'static str, String)]) -> PyErr {
    Python::attach(|py| {
        let arguments: Vec<_> = arguments.iter().map(|(name, value)| (*name, PyString::new(py, value).into_any())).collect();
        make(py, class, &arguments)
    })
}

/// `fleetgrass.exceptions` knows whether botocore's own class is to be had.
fn make(py: Python<'_>, class: &str, arguments: &[(&'static str, Bound<'_, PyAny>)]) -> PyErr {
    let _inside = stay(py);
    let made = || {
        let keywords = PyDict::new(py);
        for (name, value) in arguments {
            keywords.set_item(name, value)?;
        }
        py.import("fleetgrass.exceptions")?.call_method1("make", (class, keywords))
    };
    made().map_or_else(|raised| unmade(py, class, arguments, raised), PyErr::from_value)
}

/// Most likely the process has no descriptor left to load a class with: what had failed must not get lost in that.
/// A Ctrl-C that comes meanwhile stays one.
fn unmade(py: Python<'_>, class: &str, arguments: &[(&'static str, Bound<'_, PyAny>)], raised: PyErr) -> PyErr {
    if !raised.is_instance_of::<PyException>(py) {
        return raised;
    }
    let told: Vec<String> = arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let error = PyRuntimeError::new_err(format!("{class}({}), whose class cannot be loaded: {raised}", told.join(", ")));
    error.set_cause(py, Some(raised));
    error
}

/// The exception of an answer that tells an error.
pub(super) fn service_error(py: Python<'_>, operation: &str, response: &Bound<'_, PyDict>) -> PyErr {
    let make = || py.import("fleetgrass.exceptions")?.call_method1("client_error", (operation, response));
    make().map_or_else(|raised| raised, PyErr::from_value)
}
