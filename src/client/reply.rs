//! The last answer of a call, and what its caller gets of it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::error::{Error, Result};
use crate::model::{Location, Model, NameId, Operation, ShapeId};
use crate::protocol::failure::{self, latin1};
use crate::protocol::plain::Plain;
use crate::protocol::{Sink, parse};

/// An answer, as it came, with what its attempts tell.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Attempts beyond the first; `None` while there may be more.
    pub retries: Option<u32>,
    /// `MaxAttemptsReached`: no further attempt was allowed, whether it was wanted (legacy) or not.
    pub attempts_spent: bool,
    /// `RetryQuotaReached`: one was wanted, and the client's quota was used up.
    pub quota_spent: bool,
}

/// The error that a reply tells.
#[derive(Debug)]
pub struct ServiceError {
    pub code: Plain,
    pub message: Plain,
    /// A gateway told it, not the service.
    pub generic: bool,
}

/// What a reply means.
#[derive(Debug)]
pub struct Outcome<M> {
    /// The members of the output, or of the error's shape.
    pub members: M,
    pub error: Option<ServiceError>,
    pub request_id: Option<String>,
    /// Told on success, where the request's id came in S3's header.
    pub host_id: Option<String>,
}

impl Reply {
    /// Reads the reply into `members`.
    pub fn read<S: Sink>(&self, model: &Model, operation: &Operation, sink: &S, mut members: S::Map) -> Result<Outcome<S::Map>> {
        if self.status.as_u16() <= 300 {
            self.read_output(model, operation, sink, &mut members)?;
            let request_id = self.header("x-amzn-requestid");
            let amz = if request_id.is_none() { self.header("x-amz-request-id") } else { None };
            let host_id = amz.is_some().then(|| self.header("x-amz-id-2").unwrap_or_default());
            return Ok(Outcome { members, error: None, request_id: request_id.or(amz), host_id });
        }
        let failure = failure::read(self.status, &self.headers, &self.body).map_err(|why| self.unreadable(&why))?;
        if let Some(shape) = failure.code().and_then(|code| model.error(code)) {
            self.read_error_members(model, shape, sink, &mut members)?;
        }
        let request_id = if failure.generic { None } else { self.header("x-amzn-requestid") };
        let error = ServiceError { code: failure.code, message: failure.message, generic: failure.generic };
        Ok(Outcome { members, error: Some(error), request_id, host_id: None })
    }

    fn read_output<S: Sink>(&self, model: &Model, operation: &Operation, sink: &S, members: &mut S::Map) -> Result<()> {
        let has_members = |shape: &ShapeId| !model.structure(*shape).members.is_empty();
        let Some(shape) = operation.output.filter(has_members).filter(|_| !self.body.is_empty()) else { return Ok(()) };
        let body = std::str::from_utf8(&self.body).map_err(|error| self.unreadable(&error.to_string()))?;
        match parse::members(model, shape, body, sink, members) {
            // Status 300 is told as an error whatever its body is.
            Err(parse::Failure::Syntax(_)) if !self.status.is_success() => self.read_message(model, shape, sink, members),
            outcome => outcome.map_err(|failure| self.unparsed(failure)),
        }
    }

    /// The members of an error's shape, of which some come in headers.
    fn read_error_members<S: Sink>(&self, model: &Model, shape: ShapeId, sink: &S, members: &mut S::Map) -> Result<()> {
        for member in &model.structure(shape).members {
            if member.location == Location::Header
                && let Some(value) = self.header(&member.wire_name)
                // What is no number is left out rather than lose the error that it came with.
                && let Ok(value) = sink.coerce_integer(sink.text(&value))
            {
                sink.member(members, member.name_id, value)?;
            }
        }
        let Ok(body) = std::str::from_utf8(&self.body) else { return Ok(()) };
        match parse::members(model, shape, body, sink, members) {
            Ok(()) => Ok(()),
            Err(parse::Failure::Syntax(_)) => self.read_message(model, shape, sink, members),
            Err(failure) => Err(self.unparsed(failure)),
        }
    }

    /// A body that is no JSON is the error's message.
    fn read_message<S: Sink>(&self, model: &Model, shape: ShapeId, sink: &S, members: &mut S::Map) -> Result<()> {
        let structure = model.structure(shape);
        let message: Option<NameId> = structure.wire_position("message").map(|at| structure.members[at].name_id);
        match (message, std::str::from_utf8(&self.body)) {
            (Some(name), Ok(body)) if !body.is_empty() => sink.member(members, name, sink.text(body)),
            _ => Ok(()),
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        let values: Vec<String> = self.headers.get_all(name).iter().map(|value| latin1(value.as_bytes())).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    fn unparsed(&self, failure: parse::Failure) -> Error {
        match failure {
            parse::Failure::Raised(error) => error,
            parse::Failure::Mismatch(why) => self.unreadable(&why),
            parse::Failure::Syntax(error) => self.unreadable(&format!("{} at byte {}", error.reason, error.at)),
        }
    }

    fn unreadable(&self, why: &str) -> Error {
        let message = format!("Unable to read the answer (status {}): {why}", self.status.as_u16());
        Error::botocore("ResponseParserError", [("message", message)])
    }
}
