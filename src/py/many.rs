//! `_core.Many`: many calls at once, read and answered with the GIL, made without it.

use pyo3::prelude::*;

use super::client::PyClient;
use super::interpreter::{leave, stay};
use super::log;
use super::signals;
use crate::client::many::Many;

/// The calls of one map, each under a number.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Many")]
pub struct PyMany {
    client: Py<PyClient>,
    core: Many,
}

#[pymethods]
impl PyMany {
    #[new]
    fn new(py: Python<'_>, client: Py<PyClient>, max_concurrency: usize) -> PyResult<Self> {
        let _inside = stay(py);
        log::look(py)?;
        let core = Many::new(client.get().core().clone(), max_concurrency);
        Ok(Self { client, core })
    }

    /// Hands over a call. Raises where its parameters do not fit.
    fn submit(&self, number: u64, operation: &str, params: &Bound<'_, PyAny>, paginated: bool) -> PyResult<()> {
        let _inside = stay(params.py());
        Ok(self.core.submit(number, self.client.get().prepare(operation, params, paginated)?)?)
    }

    /// Raises in a child of a fork.
    fn check_process(&self) -> PyResult<()> {
        Ok(self.core.check_process()?)
    }

    /// Waits until calls have ended: their numbers, and what each returned or the exception that it would raise.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Vec<(u64, Bound<'py, PyAny>)>> {
        let _inside = stay(py);
        let ended = leave(py, || self.core.take(&signals::check))?;
        let client = self.client.get();
        let answer = |operation, reply: crate::error::Result<_>| client.answer(py, operation, &reply?);
        Ok(ended
            .into_iter()
            .map(|ended| match answer(ended.operation, ended.reply) {
                Ok(answer) => (ended.number, answer.into_any()),
                Err(raised) => (ended.number, raised.into_value(py).into_bound(py).into_any()),
            })
            .collect())
    }

    /// Takes back the calls that have not begun, and gives their number.
    fn withdraw(&self) -> PyResult<usize> {
        Ok(self.core.withdraw()?)
    }

    /// Ends all calls, within 50 ms; nobody waits for that.
    fn cancel(&self) {
        self.core.cancel();
    }
}
