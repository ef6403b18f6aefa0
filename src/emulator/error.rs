//! What the service refuses, with its codes and texts.
//!
//! Texts that several operations share are made here, so that they can be read together. Their evidence is listed in
//! `docs/emulator.md`.

use serde_json::{Map, Value, json};

use crate::model::{Kind, Model};

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

/// What the gateway before the service says for itself: status, code and text.
const GATEWAY: [(u16, &str, &str); 4] = [
    (429, "TooManyRequestsException", "Too Many Requests"),
    (502, "BadGatewayException", "Bad Gateway"),
    (503, "ServiceUnavailableException", "Service Unavailable"),
    (504, "GatewayTimeoutException", "Gateway Timeout"),
];

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
    pub(super) fn missing_token(message: impl Into<String>) -> Self {
        Self::new("MissingAuthenticationTokenException", message.into(), Value::Null)
    }

    /// More requests than the quota allows.
    pub(super) fn throttled() -> Self {
        let details = json!({ "serviceCode": "greengrass" });
        Self::new("ThrottlingException", "Rate exceeded".into(), details)
    }

    /// The codes that [`on_request`](Self::on_request) knows.
    pub fn codes_on_request() -> impl Iterator<Item = &'static str> {
        Model::greengrassv2().error_codes().chain(GATEWAY.into_iter().map(|(_, code, _)| code))
    }

    /// The refusal `code` on request: one of the model's codes, or of those that a gateway has.
    #[must_use]
    pub fn on_request(code: &str) -> Option<Self> {
        if code == "ThrottlingException" {
            return Some(Self::throttled());
        }
        if let Some((status, code, message)) = GATEWAY.into_iter().find(|(_, known, _)| *known == code) {
            return Some(Self { status, ..Self::new(code, message.into(), Value::Null) });
        }
        let code = Model::greengrassv2().error_codes().find(|known| *known == code)?;
        let details = match code {
            "ConflictException" | "ResourceNotFoundException" => json!({ "resourceId": "fault", "resourceType": "fault" }),
            "ServiceQuotaExceededException" => json!({ "quotaCode": "fault", "serviceCode": "greengrass" }),
            "ValidationException" => json!({ "reason": "OTHER" }),
            _ => Value::Null,
        };
        Some(Self::new(code, "A fault on request".into(), details))
    }

    /// More bytes than the gateway takes.
    pub(super) fn too_large() -> Self {
        Self { status: 413, ..Self::new("RequestEntityTooLargeException", "Request Too Long".into(), Value::Null) }
    }

    /// A defect of the emulator or its file: the detail is told, since its user is the one who can act on it.
    pub(super) fn internal(detail: &str) -> Self {
        Self::new("InternalServerException", format!("Internal server error: {detail}"), Value::Null)
    }

    /// Seconds, for the header `Retry-After` of whoever asked too much.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        (self.status == 429).then_some(1)
    }

    /// The JSON body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = Map::from_iter([("message".into(), Value::from(&*self.message))]);
        body.extend(self.details.clone());
        body.into()
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
