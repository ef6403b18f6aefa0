//! One attempt of a call, as a request: headers, signature, body.
//!
//! Each attempt is signed anew; body, idempotency token and invocation id stay.

use std::fmt::Write;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::Full;

use crate::client::call::{Client, Prepared, Seen};
use crate::client::identity::Credentials;
use crate::client::options::{RetryMode, SignatureVersion};
use crate::client::sign::{Signable, Stamp, sha256};
use crate::error::{Error, Result};
use crate::protocol::timestamp::civil;
use crate::protocol::uri;

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const SDK_REQUEST: HeaderName = HeaderName::from_static("amz-sdk-request");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Headers whose values no message may show.
const SECRETS: [&str; 6] = [
    "authorization",
    "dpop",
    "proxy-authorization",
    "x-amz-security-token",
    "x-amz-sso_bearer_token",
    "x-aws-ec2-metadata-token",
];

impl Client {
    /// One attempt's request, signed.
    pub(super) fn request(
        &self,
        call: &Prepared<'_>,
        identity: Option<&Credentials>,
        invocation: &str,
        seen: &Seen,
        signed_at: SystemTime,
    ) -> Result<Request<Full<Bytes>>> {
        let method = &*call.operation.http_method;
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(HOST, header_value(self.endpoint(call.operation).host_header.as_bytes())?);
        for (name, value) in &call.headers {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(credentials) = identity {
            self.sign(call, credentials, &Stamp::at(signed_at), &mut headers)?;
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, self.user_agents[usize::from(call.paginated)].clone());
        headers.insert(INVOCATION_ID, header_value(invocation.as_bytes())?);
        headers.insert(SDK_REQUEST, header_value(self.attempt_header(seen).as_bytes())?);
        if let Some(trace) = self.trace_id() {
            headers.insert(TRACE_ID, header_value(trace.as_bytes())?);
        }
        if method != "GET" {
            headers.insert(CONTENT_LENGTH, call.body.as_ref().map_or(0, Bytes::len).into());
        }
        let mut request = Request::new(Full::new(call.body.clone().unwrap_or_default()));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|error| Error::value(error.to_string()))?;
        *request.uri_mut() = call.target.parse().map_err(|error| unsendable(&format!("Invalid URL {}: {error}", call.target)))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Adds what proves the sender. All headers present by then are signed.
    fn sign(&self, call: &Prepared<'_>, credentials: &Credentials, stamp: &Stamp, headers: &mut HeaderMap) -> Result<()> {
        let payload_hash = sha256(call.body.as_deref().unwrap_or_default());
        headers.insert(X_AMZ_DATE, header_value(stamp.text.as_bytes())?);
        if let Some(token) = credentials.token_to_sign() {
            headers.insert(X_AMZ_SECURITY_TOKEN, secret_value(&X_AMZ_SECURITY_TOKEN, token.as_bytes())?);
        }
        if self.options.signature_version == SignatureVersion::S3V4 {
            headers.insert(X_AMZ_CONTENT_SHA256, header_value(payload_hash.as_bytes())?);
        }
        let authorization = {
            let value = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let mut signed: Vec<(&str, String)> = headers.iter().map(|(name, text)| (name.as_str(), value(text))).collect();
            signed.sort_unstable();
            let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let method = &*call.operation.http_method;
            let request = Signable { method, target: &call.target, headers: &signed, payload_hash: &payload_hash };
            self.signer.authorization(request, credentials, stamp)
        };
        headers.insert(AUTHORIZATION, secret_value(&AUTHORIZATION, authorization.as_bytes())?);
        Ok(())
    }

    /// `amz-sdk-request`: until when an answer is awaited, which attempt this is, of how many.
    fn attempt_header(&self, seen: &Seen) -> String {
        let mut header = String::new();
        if let Some(until) = self.awaited_until(seen) {
            header = format!("ttl={until}; ");
        }
        // Writing to a String cannot fail.
        let _ = write!(header, "attempt={}", seen.attempts);
        if self.options.retry_mode != RetryMode::Legacy || seen.attempts > 1 {
            let _ = write!(header, "; max={}", self.options.total_max_attempts);
        }
        header
    }

    /// Until when an answer is awaited, by the service's clock where it has told it.
    pub(super) fn awaited_until(&self, seen: &Seen) -> Option<String> {
        let (date, patience) = (seen.service_clock?, self.options.read_timeout?);
        let until = date.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()) + patience;
        #[expect(clippy::cast_possible_truncation, reason = "a date of this era, in whole seconds")]
        let until = civil(until as i64);
        Some(until.basic())
    }

    /// On AWS Lambda, the trace that the function is part of.
    pub(crate) fn trace_id(&self) -> Option<String> {
        let trace = self.options.trace_id_from_lambda.then(|| std::env::var("_X_AMZN_TRACE_ID").ok())??;
        let mut encoded = String::new();
        uri::encode_trace_id(&mut encoded, trace.as_bytes());
        Some(encoded)
    }
}

/// A header whose name comes from elsewhere.
pub(super) fn header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name).map_err(|error| Error::value(format!("header {name}: {error}")))?;
    let value = if SECRETS.contains(&name.as_str()) { secret_value(&name, value) } else { header_value(value) }?;
    Ok((name, value))
}

pub(crate) fn header_value(value: &[u8]) -> Result<HeaderValue> {
    HeaderValue::from_bytes(header_text(value)?.as_bytes()).map_err(|_| invalid_header(value))
}

/// Headers are text.
pub(crate) fn header_text(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value).map_err(|_| invalid_header(value))
}

fn invalid_header(value: &[u8]) -> Error {
    unsendable(&format!("Invalid header value {}", bytes_literal(value)))
}

/// A value that no message may show.
fn secret_value(name: &HeaderName, value: &[u8]) -> Result<HeaderValue> {
    let refused = || unsendable(&format!("Invalid header value in {name}"));
    let text = header_text(value).map_err(|_| refused())?;
    let mut value = HeaderValue::from_str(text).map_err(|_| refused())?;
    value.set_sensitive(true);
    Ok(value)
}

/// As Python shows bytes.
fn bytes_literal(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut literal = format!("b{quote}");
    for &byte in bytes {
        match byte {
            b'\n' => literal.push_str("\\n"),
            b'\r' => literal.push_str("\\r"),
            b'\t' => literal.push_str("\\t"),
            b'\\' => literal.push_str("\\\\"),
            b' '..=b'~' if char::from(byte) == quote => literal.extend(['\\', quote]),
            b' '..=b'~' => literal.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(literal, "\\x{byte:02x}")),
        }
    }
    literal.push(quote);
    literal
}

fn unsendable(reason: &str) -> Error {
    Error::botocore("HTTPClientError", [("error", reason.to_owned())])
}
