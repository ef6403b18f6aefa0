//! `_core.Client`: read with the GIL, wait without it, build with it.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::errors::service_error;
use super::identity::PyProvider;
use super::input::PyInput;
use super::sink::PySink;
use crate::client::call::{Client, Prepared};
use crate::client::identity::CredentialProvider;
use crate::client::options::Options;
use crate::client::reply::{Outcome, Reply};
use crate::error::Error;
use crate::model::{Model, Operation};
use crate::protocol::failure::latin1;
use crate::protocol::plain::Plain;

/// A client of one service at one endpoint, with everything about it settled.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Client")]
pub struct PyClient {
    core: Client,
}

#[pymethods]
impl PyClient {
    /// `provider` is asked for credentials before each signature; without it those in `options` stay.
    #[new]
    #[pyo3(signature = (options, provider = None))]
    fn new(options: &Bound<'_, PyDict>, provider: Option<Py<PyAny>>) -> PyResult<Self> {
        let options: Options = pythonize::depythonize(options).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let provider = provider.map(|provider| Box::new(PyProvider(provider)) as Box<dyn CredentialProvider>);
        Ok(Self { core: Client::new(Model::greengrassv2(), options, provider)? })
    }

    /// Makes one call and returns its answer as boto3 does, or raises as boto3 does.
    #[pyo3(signature = (operation, params, paginated = false))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        params: &Bound<'py, PyAny>,
        paginated: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let prepared = self.prepare(operation, params, paginated)?;
        let reply = py.detach(|| self.core.send(&prepared, &check_signals))?;
        self.build(py, prepared.operation, &reply)
    }

    /// The URL of a call, signed for `expires_in` seconds; `method` in place of the operation's own.
    fn presign(
        &self,
        py: Python<'_>,
        operation: &str,
        params: &Bound<'_, PyAny>,
        expires_in: &Bound<'_, PyAny>,
        method: Option<&str>,
    ) -> PyResult<String> {
        let prepared = self.prepare(operation, params, false)?;
        let query = prepared.target.split_once('?').map_or("", |(_, query)| query);
        let body = prepared.body.as_ref().map(|body| PyBytes::new(py, body));
        // Nested members stand in the URL as Python prints them, so it is Python that prints them.
        let query = py.import("fleetgrass._presign")?.call_method1("query", (query, body))?;
        let query = query.cast::<PyString>()?.to_str()?;
        let expires = expires_in.str()?;
        let method = method.unwrap_or(&prepared.operation.http_method);
        Ok(self.core.presign(&prepared, query, expires.to_str()?, method)?)
    }

    /// Closes the idle connections; the client goes on working.
    fn close(&self) {
        self.core.close();
    }
}

impl PyClient {
    fn prepare(&self, operation: &str, params: &Bound<'_, PyAny>, paginated: bool) -> PyResult<Prepared<'static>> {
        let unknown = || Error::botocore("OperationNotFoundError", [("operation_name", operation.to_owned())]);
        let operation = self.core.operation(operation).ok_or_else(unknown)?;
        Ok(self.core.prepare(operation, &PyInput(params.clone()), paginated)?)
    }

    fn build<'py>(&self, py: Python<'py>, operation: &Operation, reply: &Reply) -> PyResult<Bound<'py, PyDict>> {
        let sink = PySink::new(py, self.core.model);
        let response = PyDict::new(py);
        let (error, metadata) = (PyDict::new(py), PyDict::new(py));
        if reply.status.as_u16() > 300 {
            response.set_item(intern!(py, "Error"), &error)?;
        }
        response.set_item(intern!(py, "ResponseMetadata"), &metadata)?;
        let outcome = reply.read(self.core.model, operation, &sink, response.clone())?;
        fill_metadata(py, &metadata, reply, &outcome)?;
        if let Some(told) = &outcome.error {
            let mut pairs = [("Message", &told.message), ("Code", &told.code)];
            if told.generic {
                pairs.reverse();
            }
            for (name, value) in pairs {
                error.set_item(name, plain(py, value)?)?;
            }
        }
        if reply.status.as_u16() >= 300 {
            return Err(service_error(py, &operation.name, &response));
        }
        Ok(response)
    }
}

/// A Ctrl-C that came while the thread waited.
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is not general enough in its lifetime")]
fn check_signals() -> Result<(), Error> {
    Python::attach(|py| py.check_signals()).map_err(Error::from)
}

fn fill_metadata<M>(py: Python<'_>, metadata: &Bound<'_, PyDict>, reply: &Reply, outcome: &Outcome<M>) -> PyResult<()> {
    if let Some(id) = &outcome.request_id {
        metadata.set_item(intern!(py, "RequestId"), id)?;
    }
    if let Some(id) = &outcome.host_id {
        metadata.set_item(intern!(py, "HostId"), id)?;
    }
    metadata.set_item(intern!(py, "HTTPStatusCode"), reply.status.as_u16())?;
    let headers = PyDict::new(py);
    for name in reply.headers.keys() {
        let mut values = reply.headers.get_all(name).iter();
        let mut joined = values.next().map(|value| latin1(value.as_bytes())).unwrap_or_default();
        for value in values {
            joined.push_str(", ");
            joined.push_str(&latin1(value.as_bytes()));
        }
        headers.set_item(name.as_str(), joined)?;
    }
    metadata.set_item(intern!(py, "HTTPHeaders"), headers)?;
    if reply.attempts_spent {
        metadata.set_item(intern!(py, "MaxAttemptsReached"), true)?;
    }
    if reply.quota_spent {
        metadata.set_item(intern!(py, "RetryQuotaReached"), true)?;
    }
    metadata.set_item(intern!(py, "RetryAttempts"), reply.retries)
}

/// A value of an error's body, of whatever type the service gave it.
fn plain<'py>(py: Python<'py>, value: &Plain) -> PyResult<Bound<'py, PyAny>> {
    use crate::protocol::Sink;
    let sink = PySink::new(py, Model::greengrassv2());
    Ok(match value {
        Plain::Null => sink.null(),
        Plain::Boolean(value) => sink.boolean(*value),
        Plain::Integer(digits) => sink.integer(digits)?,
        Plain::Double(value) => sink.double(*value),
        Plain::Text(text) => sink.text(text),
        Plain::Surrogates(text) => sink.surrogates(text)?,
        Plain::Bytes(bytes) => sink.blob(bytes),
        Plain::Timestamp(micros) => sink.timestamp(*micros)?,
        Plain::List(items) => sink.list(items.iter().map(|item| plain(py, item)).collect::<PyResult<_>>()?)?,
        Plain::Map(pairs) => {
            let map = PyDict::new(py);
            for (key, value) in pairs {
                map.set_item(key, plain(py, value)?)?;
            }
            map.into_any()
        }
    })
}
