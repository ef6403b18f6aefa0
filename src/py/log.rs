//! The core's log in Python's: `logging.getLogger("fleetgrass")`.
//!
//! A call asks once whether the logger takes what retries are told with. Where nobody has imported `logging`, nobody can want them.

use once_cell::race::OnceBox;
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;

use super::interpreter::visit;
use crate::client::log::{Ended, listen};
use crate::error::Result;

/// Found without a lock, which a fork could leave locked.
static LOGGER: OnceBox<Py<PyAny>> = OnceBox::new();

/// Lets the attempts of the call that begins now be told, or not.
pub(super) fn look(py: Python<'_>) -> PyResult<()> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let logging = modules.call_method1(intern!(py, "get"), (intern!(py, "logging"),))?;
    let wanted = !logging.is_none() && {
        let made = || Ok::<_, PyErr>(Box::new(logging.call_method1(intern!(py, "getLogger"), ("fleetgrass",))?.unbind()));
        let logger = LOGGER.get_or_try_init(made)?.bind(py);
        logger.call_method1(intern!(py, "isEnabledFor"), (20,))?.is_truthy()?
    };
    listen(wanted.then_some(tell));
    Ok(())
}

/// Retries are worth an INFO; all else is DEBUG.
fn tell(ended: &Ended) -> Result<()> {
    let level = if ended.again { 20 } else { 10 };
    let told = visit(|py| {
        let log = |logger: &Py<PyAny>| logger.call_method1(py, intern!(py, "log"), (level, "%s", &ended.words)).err();
        Ok(LOGGER.get().and_then(log).filter(|raised| !raised.is_instance_of::<PyException>(py)))
    });
    // A log that fails is no reason for a call to fail; logging itself reports what goes wrong in handlers. But a Ctrl-C
    // that came meanwhile is for the call.
    match told {
        Ok(Some(raised)) => Err(raised.into()),
        _ => Ok(()),
    }
}
