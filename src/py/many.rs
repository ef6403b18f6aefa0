//! `_core.Many`: many calls at once, read and answered with the GIL, made without it.

use pyo3::prelude::*;

use super::client::PyClient;
use super::interpreter::{leave, stay};
use super::log::look;
use super::signals;
use crate::client::log;
use crate::client::many::{Answer, Many};

/// Calls that are made together, each under a number.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Many")]
pub struct PyMany {
    client: Py<PyClient>,
    core: Many,
}

#[pymethods]
impl PyMany {
    /// `wakes`: for an event loop, which waits for `fileno()` to be readable.
    #[new]
    #[pyo3(signature = (client, max_concurrency, wakes = false))]
    fn new(py: Python<'_>, client: Py<PyClient>, max_concurrency: usize, wakes: bool) -> PyResult<Self> {
        let _inside = stay(py);
        look(py)?;
        let core = Many::new(client.get().core().clone(), max_concurrency, wakes)?;
        Ok(Self { client, core })
    }

    /// Hands over a call. Raises where its parameters do not fit.
    fn submit(&self, number: u64, operation: &str, params: &Bound<'_, PyAny>, paginated: bool) -> PyResult<()> {
        let _inside = stay(params.py());
        let mut call = self.client.get().prepare(operation, params, paginated)?;
        call.patient = true;
        Ok(self.core.submit(number, call)?)
    }

    /// Raises in a child of a fork.
    fn check_process(&self) -> PyResult<()> {
        Ok(self.core.check_process()?)
    }

    /// Waits until calls have ended: their numbers, and what each returned or the exception that it would raise.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Vec<(u64, Bound<'py, PyAny>)>> {
        let _inside = stay(py);
        let ended = leave(py, || self.core.take(&signals::check))?;
        Ok(self.answers(py, ended))
    }

    /// The same of the calls that have ended by now.
    fn take_ended<'py>(&self, py: Python<'py>) -> PyResult<Vec<(u64, Bound<'py, PyAny>)>> {
        let _inside = stay(py);
        Ok(self.answers(py, self.core.take_ended()?))
    }

    /// Readable when calls have ended; -1 of what was not made for an event loop.
    #[cfg(unix)]
    fn fileno(&self) -> i32 {
        use std::os::fd::AsRawFd;
        self.core.wakeup().map_or(-1, |wakeup| wakeup.ear().as_raw_fd())
    }

    /// Takes back the calls that have not begun, and gives their number.
    fn withdraw(&self) -> PyResult<usize> {
        Ok(self.core.withdraw()?)
    }

    /// Begins the calls that wait, where one was cancelled.
    fn begin(&self) {
        self.core.begin();
    }

    /// Ends one call, whose place stays free until `begin`, or all; nobody waits for that.
    #[pyo3(signature = (number = None))]
    fn cancel(&self, number: Option<u64>) {
        match number {
            Some(number) => self.core.cancel(number),
            None => self.core.cancel_all(),
        }
    }
}

impl PyMany {
    fn answers<'py>(&self, py: Python<'py>, ended: Vec<Answer>) -> Vec<(u64, Bound<'py, PyAny>)> {
        let client = self.client.get();
        let answer = |Answer { operation, reply, log, .. }| {
            log.iter().try_for_each(log::tell)?;
            client.answer(py, operation, &reply?)
        };
        let answered = |ended: Answer| {
            let number = ended.number;
            let answer: PyResult<_> = answer(ended);
            (number, answer.map_or_else(|raised| raised.into_value(py).into_bound(py).into_any(), Bound::into_any))
        };
        ended.into_iter().map(answered).collect()
    }
}
