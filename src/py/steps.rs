//! `_core.Call`: a call step by step, for the facade's hooks, which emit events between the steps.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::client::PyClient;
use super::interpreter::{leave, stay};
use super::log;
use super::signals;
use crate::client::reply::Reply;
use crate::client::steps::{Message, Progress};
use crate::error::Error;
use crate::model::Operation;
use crate::protocol::failure::latin1;

/// One call on its way.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Call")]
pub struct PyCall {
    client: Py<PyClient>,
    operation: &'static Operation,
    progress: Mutex<Progress>,
    /// Raises when nobody wants the call any more.
    check: Option<Py<PyAny>>,
}

/// As they come from Python.
pub(super) type Headers = Vec<(String, Vec<u8>)>;
/// Status, headers and body.
pub(super) type Answer<'py> = (u16, Vec<(String, String)>, Bound<'py, PyBytes>);

#[pymethods]
impl PyCall {
    #[new]
    fn new(py: Python<'_>, client: Py<PyClient>, operation: &str, patient: bool, check: Option<Py<PyAny>>) -> PyResult<Self> {
        let _inside = stay(py);
        log::look(py)?;
        let operation = client.get().operation(operation)?;
        let progress = Mutex::new(client.get().core().begin(operation, patient));
        Ok(Self { client, operation, progress, check })
    }

    /// Attempt `number` begins. Gives until when its answer is awaited by the service's clock, where that is known.
    fn attempt(&self, number: u32) -> Option<String> {
        self.client.get().core().attempt(&mut self.progress(), number)
    }

    /// Sends a request as it is, if the call is wanted still. Gives status, headers and body of the answer.
    fn send<'py>(&self, py: Python<'py>, method: String, url: String, headers: Headers, body: Vec<u8>) -> PyResult<Answer<'py>> {
        let message = Message { method, url, headers, body: body.into() };
        let _inside = stay(py);
        let answer = leave(py, || {
            self.interrupt()?;
            self.client.get().core().post(&mut self.progress(), message, &|| self.interrupt())
        })?;
        Ok(plain_answer(py, &answer))
    }

    /// The attempt ended with this answer, wherever it came from. Gives what boto3 makes of it, an error's too.
    fn answered<'py>(&self, py: Python<'py>, status: u16, headers: Headers, body: Vec<u8>) -> PyResult<Bound<'py, PyDict>> {
        let _inside = stay(py);
        let status = StatusCode::from_u16(status).map_err(|_| PyValueError::new_err(format!("{status} is no HTTP status")))?;
        let reply = Reply {
            status,
            headers: header_map(headers)?,
            body: body.into(),
            retries: None,
            attempts_spent: false,
            quota_spent: false,
        };
        let mut answer = Response::new(Bytes::clone(&reply.body));
        *answer.status_mut() = status;
        answer.headers_mut().clone_from(&reply.headers);
        self.progress().answered(answer);
        self.client.get().read(py, self.operation, &reply)
    }

    /// What follows: seconds until another attempt or None, whether the attempts are used up, whether the quota is.
    fn next(&self, py: Python<'_>) -> PyResult<(Option<f64>, bool, bool)> {
        let _inside = stay(py);
        let next = self.client.get().core().next(&mut self.progress())?;
        Ok((next.delay, next.attempts_spent, next.quota_spent))
    }
}

impl PyCall {
    fn interrupt(&self) -> Result<(), Error> {
        signals::check_all(self.check.as_ref())
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Status, headers and body.
pub(super) fn plain_answer<'py>(py: Python<'py>, answer: &Response<Bytes>) -> Answer<'py> {
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())));
    (answer.status().as_u16(), headers.collect(), PyBytes::new(py, answer.body()))
}

fn header_map(pairs: Headers) -> PyResult<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let name = HeaderName::try_from(&name).map_err(|error| PyValueError::new_err(format!("header {name:?}: {error}")))?;
        let value = HeaderValue::try_from(value).map_err(|error| PyValueError::new_err(format!("header {name}: {error}")))?;
        headers.append(name, value);
    }
    Ok(headers)
}
