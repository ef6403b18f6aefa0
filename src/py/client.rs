//! `_core.Client`: read with the GIL, wait without it, build with it.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::errors::service_error;
use super::identity::PyProvider;
use super::input::PyInput;
use super::interpreter::{leave, stay};
use super::log;
use super::signals;
use super::sink::PySink;
use super::steps::{Answer, Headers, plain_answer};
use crate::client::attempt::header_text;
use crate::client::call::{Client, Prepared};
use crate::client::identity::CredentialProvider;
use crate::client::options::{Options, SignatureVersion};
use crate::client::reply::{Outcome, Reply};
use crate::client::sign::Signer;
use crate::client::steps::Message;
use crate::error::Error;
use crate::model::{Location, Model, Operation};
use crate::protocol::failure::latin1;
use crate::protocol::plain::Plain;

/// A client of one service at one endpoint, with everything about it settled.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Client")]
pub struct PyClient {
    core: Arc<Client>,
}

#[pymethods]
impl PyClient {
    /// `provider` is asked for credentials that may change; without it those in `options` stay.
    #[new]
    #[pyo3(signature = (options, provider = None))]
    fn new(options: &Bound<'_, PyDict>, provider: Option<Py<PyAny>>) -> PyResult<Self> {
        let options: Options = pythonize::depythonize(options).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let provider = provider.map(|provider| Box::new(PyProvider(provider)) as Box<dyn CredentialProvider>);
        Ok(Self { core: Arc::new(Client::new(Model::greengrassv2(), options, provider)?) })
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
        let _inside = stay(py);
        let prepared = self.prepare(operation, params, paginated)?;
        log::look(py)?;
        let reply = leave(py, || self.core.send(&prepared, &signals::check))?;
        self.answer(py, prepared.operation, &reply)
    }

    /// The request of a call to the server at `endpoint_url`, before it is signed, as botocore's handlers see it.
    fn request<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        params: &Bound<'py, PyAny>,
        paginated: bool,
        endpoint_url: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let _inside = stay(py);
        let operation = self.operation(operation)?;
        let draft = self.core.draft(operation, &PyInput(params.clone()), paginated, endpoint_url)?;
        let headers = PyDict::new(py);
        for (name, value) in &draft.message.headers {
            headers.set_item(name, header_text(value)?)?;
        }
        let query = PyDict::new(py);
        for member in operation.input.map_or(&[][..], |input| &self.core.model.structure(input).members) {
            if member.location == Location::Query
                && let Ok(given) = params.cast::<PyDict>()
                && let Some(value) = given.get_item(&*member.name)?
            {
                query.set_item(&*member.wire_name, value)?;
            }
        }
        let request = PyDict::new(py);
        request.set_item("url_path", draft.path)?;
        request.set_item("query_string", query)?;
        request.set_item("method", draft.message.method)?;
        request.set_item("headers", headers)?;
        request.set_item("body", PyBytes::new(py, &draft.message.body))?;
        request.set_item("url", draft.message.url)?;
        Ok(request)
    }

    /// Sends a request to whatever server, once and as it is. Gives status, headers and body of the answer.
    fn fetch<'py>(&self, py: Python<'py>, method: String, url: String, headers: Headers, body: Vec<u8>) -> PyResult<Answer<'py>> {
        let message = Message { method, url, headers, body: body.into() };
        let _inside = stay(py);
        let answer = leave(py, || self.core.fetch(message, &signals::check))?;
        Ok(plain_answer(py, &answer))
    }

    /// Whether a refusal with this code and `Date` of what was signed just now is the clock's fault; the next signature has
    /// the service's time then.
    fn set_clock(&self, code: &str, date: &str) -> bool {
        self.core.set_clock(code, date)
    }

    /// The headers that prove to `service` of `region` who sends a request.
    #[expect(clippy::too_many_arguments, reason = "the parts of a request, and for whom it is signed")]
    fn sign(
        &self,
        py: Python<'_>,
        method: String,
        url: String,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
        version: &str,
        region: &str,
        service: &str,
    ) -> PyResult<Vec<(&'static str, String)>> {
        let _inside = stay(py);
        let message = Message { method, url, headers, body: body.into() };
        let version = version.into();
        Ok(self.core.proof(&message, &version, &signer(&version, region, service))?)
    }

    /// The URL of a request, signed for `expires` seconds.
    #[expect(clippy::too_many_arguments, reason = "the parts of a request, and for whom it is signed")]
    fn sign_url(
        &self,
        py: Python<'_>,
        method: String,
        url: String,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
        version: &str,
        region: &str,
        service: &str,
        expires: &str,
    ) -> PyResult<String> {
        let _inside = stay(py);
        let message = Message { method, url, headers, body: body.into() };
        let version = version.into();
        let query = presigned_query(py, &message)?;
        Ok(self.core.presign(&message, &query, expires, &version, &signer(&version, region, service))?)
    }

    /// Waits until the next attempt may be sent.
    fn admit(&self, py: Python<'_>) -> PyResult<()> {
        let _inside = stay(py);
        Ok(leave(py, || self.core.admit(&signals::check))?)
    }

    /// On AWS Lambda, the trace that the function is part of.
    fn trace_id(&self) -> Option<String> {
        self.core.trace_id()
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
        let _inside = stay(py);
        let operation = self.operation(operation)?;
        let mut message = self.core.draft(operation, &PyInput(params.clone()), false, self.core.endpoint_url(operation))?.message;
        if let Some(method) = method {
            method.clone_into(&mut message.method);
        }
        let query = presigned_query(py, &message)?;
        let expires = expires_in.str()?;
        Ok(self.core.presign(&message, &query, expires.to_str()?, self.core.signature_version(operation), &self.core.signer)?)
    }

    /// The URL of the server that an operation is called at, and whether a device's certificate is all that proves the
    /// caller there.
    fn endpoint(&self, operation: &str) -> PyResult<(&str, bool)> {
        let operation = self.operation(operation)?;
        let unsigned = *self.core.signature_version(operation) == SignatureVersion::Unsigned;
        Ok((self.core.endpoint_url(operation), unsigned))
    }

    /// Requests a second that the budget of an operation allows now; None is no limit.
    fn rate(&self, operation: &str) -> PyResult<Option<f64>> {
        Ok(self.core.purse(self.operation(operation)?).rate())
    }

    /// Closes the idle connections; the client goes on working.
    fn close(&self) {
        self.core.close();
    }
}

impl PyClient {
    pub(super) fn prepare(&self, operation: &str, params: &Bound<'_, PyAny>, paginated: bool) -> PyResult<Prepared<'static>> {
        Ok(self.core.prepare(self.operation(operation)?, &PyInput(params.clone()), paginated)?)
    }

    pub(super) fn core(&self) -> &Arc<Client> {
        &self.core
    }

    /// What a call returns or raises for `reply`.
    pub(super) fn answer<'py>(&self, py: Python<'py>, operation: &Operation, reply: &Reply) -> PyResult<Bound<'py, PyDict>> {
        let response = self.read(py, operation, reply)?;
        if reply.status.as_u16() >= 300 {
            return Err(service_error(py, &operation.name, &response));
        }
        Ok(response)
    }

    pub(super) fn operation(&self, name: &str) -> PyResult<&'static Operation> {
        let unknown = || Error::botocore("OperationNotFoundError", [("operation_name", name.to_owned())]);
        Ok(self.core.operation(name).ok_or_else(unknown)?)
    }

    /// An answer as boto3 gives it, an error's too.
    pub(super) fn read<'py>(&self, py: Python<'py>, operation: &Operation, reply: &Reply) -> PyResult<Bound<'py, PyDict>> {
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
        Ok(response)
    }
}

fn signer(version: &SignatureVersion, region: &str, service: &str) -> Signer {
    Signer::new(region.into(), service.into(), *version == SignatureVersion::S3V4)
}

/// The pairs of a presigned URL. Nested members stand in it as Python prints them, so it is Python that prints them.
fn presigned_query(py: Python<'_>, message: &Message) -> PyResult<String> {
    let query = message.url.split_once('?').map_or("", |(_, query)| query);
    let body = (!message.body.is_empty()).then(|| PyBytes::new(py, &message.body));
    py.import("fleetgrass._presign")?.call_method1("query", (query, body))?.extract()
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
    if let Some(retries) = reply.retries {
        metadata.set_item(intern!(py, "RetryAttempts"), retries)?;
    }
    Ok(())
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
