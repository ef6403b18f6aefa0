//! From the core's error to the exception that botocore raises for it.

use pyo3::exceptions::{PyAttributeError, PyKeyError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Builtin, Error};

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Python(raised) => raised,
            Error::Validation(report) => botocore("ParamValidationError", vec![("report", report)]),
            Error::Botocore { class, arguments } => botocore(class, arguments),
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

/// `fleetgrass.exceptions` knows whether botocore's own class is to be had.
fn botocore(class: &str, arguments: Vec<(&'static str, String)>) -> PyErr {
    Python::attach(|py| {
        let make = || -> PyResult<PyErr> {
            let keywords = PyDict::new(py);
            for (name, value) in arguments {
                keywords.set_item(name, value)?;
            }
            let exception = py.import("fleetgrass.exceptions")?.call_method1("make", (class, keywords))?;
            Ok(PyErr::from_value(exception))
        };
        make().unwrap_or_else(|raised| raised)
    })
}

/// The exception of an answer that tells an error.
pub(super) fn service_error(py: Python<'_>, operation: &str, response: &Bound<'_, PyDict>) -> PyErr {
    let make = || py.import("fleetgrass.exceptions")?.call_method1("client_error", (operation, response));
    make().map_or_else(|raised| raised, PyErr::from_value)
}
