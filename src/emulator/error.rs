//! What the services refuse, with their codes and texts.
//!
//! Refusals are made in Greengrass' terms; [`told_by`](ServiceError::told_by) says them as AWS IoT does.
//! Texts that several operations share are made here, so that they can be read together. Their evidence is listed in
//! `docs/emulator.md`.

use serde_json::{Map, Value, json};

use super::routes;
use super::store::State;
use crate::model::{Kind, Location, Model, Structure};

pub type Result<T, E = ServiceError> = std::result::Result<T, E>;

/// One refusal: what `x-amzn-ErrorType`, the status and the body say.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    pub status: u16,
    /// Empty where the service tells none.
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
    /// The status is the models'; the codes that they lack are those of failed authentication.
    fn new(code: &'static str, message: String, details: Value) -> Self {
        let modelled = routes::models().into_iter().find_map(|model| shape(model, code)?.error.as_ref());
        let details = match details {
            Value::Object(details) => details,
            _ => Map::new(),
        };
        Self { status: modelled.map_or(403, |error| error.status), code, message, details }
    }

    /// The same in the words of one service: its code, its status, and no members that it does not know.
    pub(super) fn told_by(mut self, model: &Model) -> Self {
        if shape(model, self.code).is_none()
            && let Some((_, theirs)) = SYNONYMS.iter().find(|(ours, theirs)| *ours == self.code && shape(model, theirs).is_some())
        {
            self.code = theirs;
        }
        if let Some(structure) = shape(model, self.code) {
            self.status = structure.error.as_ref().map_or(self.status, |error| error.status);
            self.details.retain(|member, _| structure.position(member).is_some());
        }
        self
    }

    /// An error of the days before errors had codes.
    pub(super) fn untyped(status: u16, message: &str) -> Self {
        Self { status, code: "", message: message.into(), details: Map::new() }
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

    pub(super) fn no_thing(name: &str) -> Self {
        Self::not_found(format!("Thing {name} does not exist"), name, "thing")
    }

    pub(super) fn no_thing_group(name: &str) -> Self {
        Self::not_found(format!("Thing group {name} does not exist"), name, "thingGroup")
    }

    pub(super) fn already_exists(what: &str, name: &str, arn: &str) -> Self {
        let message = format!("{what} {name} already exists in current account with different properties");
        Self::new("ResourceAlreadyExistsException", message, json!({ "resourceId": name, "resourceArn": arn }))
    }

    pub(super) fn version_conflict(message: String) -> Self {
        Self::new("VersionConflictException", message, Value::Null)
    }

    pub(super) fn quota(message: &str, quota: &str, id: &str) -> Self {
        let details = json!({
            "quotaCode": quota, "serviceCode": "greengrass", "resourceId": id, "resourceType": "component",
        });
        Self::new("ServiceQuotaExceededException", message.into(), details)
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

    /// What the service says where it hides what is wrong: a recipe that is none, a Lambda function without a version.
    pub(super) fn hidden(state: &State) -> Self {
        Self::access_denied(format!("User: {} is not authorized to perform: null", state.caller))
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

    pub(super) fn already_in_progress() -> Self {
        Self::new("RequestAlreadyInProgressException", "The request is already in progress.".into(), Value::Null)
    }

    /// More requests than the quota allows.
    pub(super) fn throttled() -> Self {
        let details = json!({ "serviceCode": "greengrass", "retryAfterSeconds": 1 });
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
            "InternalServerException" => json!({ "retryAfterSeconds": 1 }),
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

    /// The headers and the JSON body of the answer. The model tells which details travel in headers.
    #[must_use]
    pub fn parts(&self) -> (Vec<(&'static str, String)>, Value) {
        let model = Model::greengrassv2();
        let members = model.error(self.code).map_or(&[][..], |shape| &model.structure(shape).members);
        let key = if self.code.is_empty() { "Message" } else { "message" };
        let mut body = Map::from_iter([(key.into(), Value::from(&*self.message))]);
        body.extend(self.details.clone());
        let headers = members.iter().filter(|member| member.location == Location::Header);
        let headers = headers.filter_map(|member| Some((&*member.wire_name, body.remove(&*member.name)?.to_string())));
        (headers.collect(), body.into())
    }
}

/// What AWS IoT calls the same.
const SYNONYMS: [(&str, &str); 3] = [
    ("ValidationException", "InvalidRequestException"),
    ("ConflictException", "ResourceAlreadyExistsException"),
    ("InternalServerException", "InternalFailureException"),
];

/// The shape of an error that `model` knows.
fn shape<'m>(model: &'m Model, code: &str) -> Option<&'m Structure> {
    match &model.shape(model.error(code)?).kind {
        Kind::Structure(structure) => Some(structure),
        _ => None,
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
