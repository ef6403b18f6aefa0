//! What the service refuses, with its codes and texts.
//!
//! Texts that several operations share are made here, so that they can be read together. Their evidence is listed in
//! `docs/emulator.md`.

use serde_json::{Map, Value, json};

use crate::model::{Kind, Location, Model};

pub type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// One refusal: what `x-amzn-ErrorType`, the status and the body say.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    /// Members of the body besides `message`.
    pub details: Map<String, Value>,
}

/// Why the service calls a request invalid; `reason` of `ValidationException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    CannotParse,
    FieldValidationFailed,
    Other,
}

impl ServiceError {
    /// The status is the model's; the codes that the model lacks are those of failed authentication.
    fn new(code: &'static str, message: String, details: Value) -> Self {
        let model = Model::greengrassv2();
        let modelled = model.error(code).and_then(|shape| match &model.shape(shape).kind {
            Kind::Structure(structure) => structure.error.as_ref(),
            _ => None,
        });
        let details = match details {
            Value::Object(details) => details,
            _ => Map::new(),
        };
        Self { status: modelled.map_or(403, |error| error.status), code, message, details }
    }

    pub(super) fn validation(reason: Reason, message: impl Into<String>) -> Self {
        let reason = match reason {
            Reason::CannotParse => "CANNOT_PARSE",
            Reason::FieldValidationFailed => "FIELD_VALIDATION_FAILED",
            Reason::Other => "OTHER",
        };
        Self::new("ValidationException", message.into(), json!({ "reason": reason }))
    }

    /// One member breaks a rule that the model does not tell.
    pub(super) fn member(name: &str, message: impl Into<String>, field_message: &str) -> Self {
        let mut error = Self::validation(Reason::FieldValidationFailed, message);
        error.details.insert("fields".into(), json!([{ "name": name, "message": field_message }]));
        error
    }

    pub(super) fn not_found(message: impl Into<String>, id: &str, kind: &str) -> Self {
        Self::new("ResourceNotFoundException", message.into(), json!({ "resourceId": id, "resourceType": kind }))
    }

    pub(super) fn no_core_device(thing: &str, id: &str) -> Self {
        Self::not_found(format!("Core device ({thing}) does not exist"), id, "coreDevice")
    }

    pub(super) fn no_deployment(deployment: &str, id: &str) -> Self {
        Self::not_found(format!("Deployment ({deployment}) does not exist"), id, "deployment")
    }

    pub(super) fn conflict(message: impl Into<String>, id: &str, kind: &str) -> Self {
        Self::new("ConflictException", message.into(), json!({ "resourceId": id, "resourceType": kind }))
    }

    pub(super) fn access_denied(message: impl Into<String>) -> Self {
        Self::new("AccessDeniedException", message.into(), Value::Null)
    }

    pub(super) fn not_authorized(caller: &str, action: &str, arn: &str) -> Self {
        Self::access_denied(format!("User: {caller} is not authorized to perform: greengrass:{action} on resource: {arn}"))
    }

    /// What the gateway says to requests without credentials, and to those that name no operation.
    pub(super) fn missing_token() -> Self {
        Self::new("MissingAuthenticationTokenException", "Missing Authentication Token".into(), Value::Null)
    }

    /// As the gateway does with a path that it does not know, with a word on what it is.
    pub(super) fn not_here(operation: &str) -> Self {
        Self { message: format!("The local cloud does not have {operation} yet"), ..Self::missing_token() }
    }

    pub(super) fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new("IncompleteSignatureException", message.into(), Value::Null)
    }

    pub(super) fn invalid_signature(message: impl Into<String>) -> Self {
        Self::new("InvalidSignatureException", message.into(), Value::Null)
    }

    pub(super) fn unrecognized_client() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::new("UnrecognizedClientException", message.into(), Value::Null)
    }

    pub(super) fn expired_token() -> Self {
        Self::new("ExpiredTokenException", "The security token included in the request is expired".into(), Value::Null)
    }

    /// More bytes than the gateway takes.
    pub(super) fn too_large() -> Self {
        Self { status: 413, ..Self::new("RequestEntityTooLargeException", "Request Too Long".into(), Value::Null) }
    }

    /// A defect of the emulator or its file: the detail is told, since its user is the one who can act on it.
    pub(super) fn internal(detail: &str) -> Self {
        Self::new("InternalServerException", format!("Internal server error: {detail}"), Value::Null)
    }

    /// The headers and the JSON body of the answer. The model tells which details travel in headers: `Retry-After`.
    #[must_use]
    pub fn parts(&self) -> (Vec<(&'static str, String)>, Value) {
        let model = Model::greengrassv2();
        let members = model.error(self.code).map_or(&[][..], |shape| &model.structure(shape).members);
        let mut body = Map::from_iter([("message".into(), Value::from(&*self.message))]);
        body.extend(self.details.clone());
        let headers = members.iter().filter(|member| member.location == Location::Header);
        let headers = headers.filter_map(|member| Some((&*member.wire_name, body.remove(&*member.name)?.to_string())));
        (headers.collect(), body.into())
    }
}

impl From<rusqlite::Error> for ServiceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(&error.to_string())
    }
}

impl From<serde_json::Error> for ServiceError {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(&error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_puts_in_a_header_goes_there() {
        let details = json!({ "serviceCode": "greengrass", "retryAfterSeconds": 1 });
        let error = ServiceError::new("ThrottlingException", "Rate exceeded".into(), details);
        let body = json!({ "message": "Rate exceeded", "serviceCode": "greengrass" });
        assert_eq!((error.status, error.parts()), (429, (vec![("Retry-After", "1".into())], body)));
    }
}
