//! What an answer of status 301 and above says: the error's code and message.
//!
//! The code comes, first match wins, from the header `x-amzn-errortype`, the body's `code` or `Code`, its `__type`, or
//! the status; and then loses all from the first colon and all up to the last `#`. Botocore's order, botocore's clean-up.

use http::{HeaderMap, StatusCode};

use crate::protocol::Sink;
use crate::protocol::json::SyntaxError;
use crate::protocol::parse;
use crate::protocol::plain::{Plain, PlainSink};

/// An error as the service tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub code: Plain,
    pub message: Plain,
    /// The answer is a gateway's page or has no body: nothing else is read from it.
    pub generic: bool,
}

impl Failure {
    /// The code as a text, if it is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.code {
            Plain::Text(code) => Some(code),
            _ => None,
        }
    }
}

/// The error that an answer tells; `Err` says why it cannot be read.
pub fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Failure, String> {
    let status_code = || Plain::Text(status.as_str().into());
    if status.as_u16() >= 500 && is_generic(body) {
        let reason = reason(status.as_u16());
        return Ok(Failure { code: status_code(), message: Plain::Text(reason.into()), generic: true });
    }
    let body = top_level(body)?;
    let member = |name: &str| body.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value);
    let message = member("message").or_else(|| member("Message")).cloned().unwrap_or_else(|| Plain::Text(String::new()));
    let by_header = headers.get("x-amzn-errortype").map(|value| Plain::Text(latin1(value.as_bytes())));
    let by_code = || match (member("code"), member("Code")) {
        (Some(Plain::Null), _) | (None, Some(Plain::Null) | None) => None,
        (Some(code), _) | (None, Some(code)) => Some(code.clone()),
    };
    let code = match by_header.or_else(by_code) {
        Some(Plain::Text(code)) => Plain::Text(cleaned(&code).into()),
        Some(code) => code,
        None => match member("__type") {
            Some(Plain::Null) => Plain::Text(String::new()),
            Some(Plain::Text(code)) => Plain::Text(cleaned(code).into()),
            // A type that is no text says nothing.
            None | Some(_) => status_code(),
        },
    };
    Ok(Failure { code, message, generic: false })
}

/// A header's value as text; HTTP's bytes are Latin-1.
#[must_use]
pub fn latin1(value: &[u8]) -> String {
    value.iter().map(|&byte| char::from(byte)).collect()
}

fn is_generic(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.is_empty() || body.starts_with(b"<html>")
}

fn cleaned(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

/// The pairs of the body; a body that is no JSON is itself the message.
fn top_level(body: &[u8]) -> Result<Vec<(String, Plain)>, String> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    match parse::untyped(text, &PlainSink) {
        Ok(Plain::Map(pairs)) => Ok(pairs),
        Ok(_) => Err("its body is no JSON object".to_owned()),
        Err(parse::Failure::Syntax(SyntaxError { reason: TOO_DEEP, .. })) => Err(TOO_DEEP.to_owned()),
        Err(_) => Ok(vec![("message".to_owned(), PlainSink.text(text))]),
    }
}

const TOO_DEEP: &str = crate::protocol::json::TOO_DEEP;

/// The phrases that Python's `http.client` has for the statuses from 500.
fn reason(status: u16) -> &'static str {
    match status {
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        510 => "Not Extended",
        511 => "Network Authentication Required",
        _ => "",
    }
}
