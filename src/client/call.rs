//! The life of a call: read the parameters, then sign, send and retry until there is an answer.
//!
//! [`Client::prepare`] reads the caller's objects (with the GIL, if they are Python's); [`Client::send`] needs none of
//! them any more. Each attempt is signed anew; body, idempotency token and invocation id stay.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;

use crate::client::options::{Credentials, Options, RetryMode, SignatureVersion};
use crate::client::reply::Reply;
use crate::client::retry::{self, Attempt, Quota, Reason, Skew};
use crate::client::sign::{Signable, Signer, Stamp, sha256};
use crate::client::transport::{Failure, Interrupt, Transport};
use crate::client::url::Endpoint;
use crate::error::{Error, Result};
use crate::model::{Model, Operation};
use crate::protocol::serialize::{Serialized, serialize};
use crate::protocol::timestamp::civil;
use crate::protocol::{Input, failure};

const X_AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const X_AMZ_SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const X_AMZ_CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const SDK_REQUEST: HeaderName = HeaderName::from_static("amz-sdk-request");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// A client of one service at one endpoint.
#[derive(Debug)]
pub struct Client {
    pub model: &'static Model,
    pub(crate) options: Options,
    pub(crate) endpoint: Endpoint,
    pub(crate) signer: Signer,
    transport: Transport,
    quota: Quota,
    /// What the service's clock was ahead of ours when it last refused a signature for it.
    skew: Mutex<Skew>,
    /// Of plain calls, and of a paginator's.
    user_agents: [HeaderValue; 2],
}

/// A call that has been read, to be sent.
#[derive(Debug)]
pub struct Prepared<'m> {
    pub operation: &'m Operation,
    /// Path and query on the wire.
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Bytes>,
    pub paginated: bool,
    /// A read, or a write that the service recognises when it comes twice.
    repeatable: bool,
}

impl Client {
    /// Fails if the endpoint is no URL or the user agent no header.
    pub fn new(model: &'static Model, options: Options) -> Result<Self> {
        let invalid = || Error::value(format!("Invalid endpoint: {}", options.endpoint_url));
        let endpoint = Endpoint::parse(&options.endpoint_url).ok_or_else(invalid)?;
        let user_agent = |paginated| header_value(options.user_agent(paginated).as_bytes());
        let raw_path = options.signature_version == SignatureVersion::S3V4;
        Ok(Self {
            model,
            user_agents: [user_agent(false)?, user_agent(true)?],
            signer: Signer::new(options.signing_region.clone(), model.metadata.signing_name.to_string(), raw_path),
            transport: Transport::new(options.transport()),
            quota: Quota::default(),
            skew: Mutex::default(),
            endpoint,
            options,
        })
    }

    /// Reads the parameters of a call.
    pub fn prepare<I: Input>(&self, operation: &'static Operation, parameters: &I, paginated: bool) -> Result<Prepared<'static>> {
        let token = || uuid::Uuid::new_v4().to_string();
        let Serialized { path, query, headers, body } =
            serialize(self.model, operation, parameters, self.options.parameter_validation, token)?;
        Ok(Prepared {
            operation,
            target: self.endpoint.target(&path, &query),
            headers,
            body: body.map(Bytes::from),
            paginated,
            repeatable: &*operation.http_method == "GET" || self.has_token(operation),
        })
    }

    /// Sends a call until it is answered for good. `interrupt` is asked now and then; its error ends the call.
    pub fn send(&self, call: &Prepared<'_>, interrupt: Interrupt) -> Result<Reply> {
        let identity = self.identity()?;
        let invocation = uuid::Uuid::new_v4().to_string();
        let mut seen = Seen { attempts: 1, ttl: None, paid: None };
        loop {
            let signed_at = self.now();
            let request = self.request(call, identity, &invocation, &seen, signed_at)?;
            let answer = self.transport.exchange(&self.endpoint.origin, request, interrupt);
            if let Err(Failure::Interrupted(error)) = answer {
                return Err(error);
            }
            let verdict = self.verdict(call, &answer, signed_at, &mut seen);
            match verdict? {
                Verdict::Again(delay) => {
                    wait(delay, interrupt)?;
                    seen.attempts += 1;
                }
                Verdict::Final { attempts_spent, quota_spent } => {
                    let answer = answer.map_err(|failure| self.no_answer(call, failure))?;
                    if answer.status().is_success() {
                        self.quota.give(seen.paid);
                    }
                    let (head, body) = answer.into_parts();
                    let retries = seen.attempts - 1;
                    return Ok(Reply { status: head.status, headers: head.headers, body, retries, attempts_spent, quota_spent });
                }
            }
        }
    }

    /// Closes the idle connections; the next call opens a new one.
    pub fn close(&self) {
        self.transport.close();
    }

    /// The operation that the API calls `name`.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.model.operation(name)
    }

    /// The time by the service's clock, as far as it is known.
    pub(crate) fn now(&self) -> SystemTime {
        self.skew.lock().unwrap_or_else(PoisonError::into_inner).correct(SystemTime::now())
    }

    /// Who signs; `None` if nobody does.
    pub(crate) fn identity(&self) -> Result<Option<&Credentials>> {
        match &self.options.signature_version {
            SignatureVersion::Unsigned => Ok(None),
            SignatureVersion::Bearer => Err(Error::botocore("NoAuthTokenError", [])),
            SignatureVersion::Unknown(version) => {
                Err(Error::botocore("UnknownSignatureVersionError", [("signature_version", version.clone())]))
            }
            SignatureVersion::V4 | SignatureVersion::S3V4 => match &self.options.credentials {
                Some(credentials) => Ok(Some(credentials)),
                None => Err(Error::botocore("NoCredentialsError", [])),
            },
        }
    }

    fn has_token(&self, operation: &Operation) -> bool {
        operation.input.is_some_and(|input| self.model.structure(input).members.iter().any(|member| member.idempotency_token))
    }

    /// What an attempt's end leads to.
    fn verdict(
        &self,
        call: &Prepared<'_>,
        answer: &Result<Response<Bytes>, Failure>,
        signed_at: SystemTime,
        seen: &mut Seen,
    ) -> Result<Verdict> {
        let mode = self.options.retry_mode;
        let mut failure = None;
        if let Ok(answer) = answer
            && answer.status().as_u16() > 300
        {
            let read = failure::read(answer.status(), answer.headers(), answer.body());
            // An error that cannot be read ends the call; `Reply::read` says what is wrong with it.
            match read {
                Ok(read) => failure = Some(read),
                Err(_) => return Ok(Verdict::END),
            }
        }
        let code = failure.as_ref().and_then(failure::Failure::code);
        let attempt = match answer {
            Ok(answer) => Attempt::Answered { status: answer.status(), headers: answer.headers(), code },
            Err(Failure::Closed { status: Some(200..300), .. }) if !call.repeatable => return Ok(Verdict::END),
            Err(Failure::Setup(_)) => return Ok(Verdict::END),
            Err(_) => Attempt::Unanswered,
        };
        let spent = seen.attempts >= self.options.total_max_attempts;
        let modelled = |code: &str| call.operation.errors.iter().any(|&shape| &*self.model.shape(shape).name == code);
        let reason = match retry::clock_skew(attempt, signed_at) {
            Some(skew) => {
                *self.skew.lock().unwrap_or_else(PoisonError::into_inner) =
                    Skew::between(SystemTime::now(), skew.correct(signed_at));
                Some(Reason::ClockSkew)
            }
            None => retry::reason(mode, attempt, modelled),
        };
        if spent {
            let attempts_spent = mode != RetryMode::Legacy || reason.is_some();
            return Ok(Verdict::Final { attempts_spent, quota_spent: false });
        }
        let Some(reason) = reason else { return Ok(Verdict::END) };
        if mode != RetryMode::Legacy {
            match self.quota.take(reason) {
                Some(price) => seen.paid = Some(price),
                None => return Ok(Verdict::Final { attempts_spent: false, quota_spent: true }),
            }
        }
        seen.ttl = match attempt {
            Attempt::Answered { headers, .. } => retry::server_date(headers).or(seen.ttl),
            Attempt::Unanswered => seen.ttl,
        };
        Ok(Verdict::Again(retry::delay(mode, reason, seen.attempts, attempt, fastrand::f64())))
    }

    /// One attempt's request, signed.
    fn request(
        &self,
        call: &Prepared<'_>,
        identity: Option<&Credentials>,
        invocation: &str,
        seen: &Seen,
        signed_at: SystemTime,
    ) -> Result<Request<Full<Bytes>>> {
        let method = &*call.operation.http_method;
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(HOST, header_value(self.endpoint.host_header.as_bytes())?);
        for (name, value) in &call.headers {
            let name = HeaderName::try_from(name).map_err(|error| Error::value(format!("header {name}: {error}")))?;
            headers.insert(name, header_value(value)?);
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
        *request.uri_mut() = call.target.parse().map_err(|error| self.unsendable(&format!("{}: {error}", call.target)))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Adds what proves the sender. All headers present by then are signed.
    fn sign(&self, call: &Prepared<'_>, credentials: &Credentials, stamp: &Stamp, headers: &mut HeaderMap) -> Result<()> {
        let payload_hash = sha256(call.body.as_deref().unwrap_or_default());
        headers.insert(X_AMZ_DATE, header_value(stamp.text.as_bytes())?);
        if let Some(token) = &credentials.token {
            headers.insert(X_AMZ_SECURITY_TOKEN, header_value(token.as_bytes())?);
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
        headers.insert(AUTHORIZATION, header_value(authorization.as_bytes())?);
        Ok(())
    }

    /// `amz-sdk-request`: until when an answer is awaited by the service's clock, which attempt this is, of how many.
    fn attempt_header(&self, seen: &Seen) -> String {
        let mut header = String::new();
        if let (Some(date), Some(patience)) = (seen.ttl, self.options.read_timeout) {
            let until = date.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()) + patience;
            #[expect(clippy::cast_possible_truncation, reason = "a date of this era, in whole seconds")]
            let until = civil(until as i64);
            header = format!("ttl={}; ", until.basic());
        }
        header.push_str(&format!("attempt={}", seen.attempts));
        if self.options.retry_mode != RetryMode::Legacy || seen.attempts > 1 {
            header.push_str(&format!("; max={}", self.options.total_max_attempts));
        }
        header
    }

    /// On AWS Lambda, the trace that the function is part of.
    fn trace_id(&self) -> Option<String> {
        let trace = self.options.trace_id_from_lambda.then(|| std::env::var("_X_AMZN_TRACE_ID").ok())??;
        let mut encoded = String::new();
        crate::protocol::uri::encode_trace_id(&mut encoded, trace.as_bytes());
        Some(encoded)
    }

    /// The exception for a call that got no answer.
    fn no_answer(&self, call: &Prepared<'_>, failure: Failure) -> Error {
        let url = || ("endpoint_url", format!("{}{}", self.endpoint.prefix, call.target));
        match failure {
            Failure::Connect(reason) => Error::botocore("EndpointConnectionError", [url(), ("error", reason)]),
            Failure::ConnectTimeout => Error::botocore("ConnectTimeoutError", [url(), ("error", "connect timed out".to_owned())]),
            Failure::ReadTimeout => Error::botocore("ReadTimeoutError", [url(), ("error", "read timed out".to_owned())]),
            Failure::Closed { status: Some(status), reason } if (200..300).contains(&status) => {
                Error::botocore("TruncatedResponseError", [url(), ("status", status.to_string()), ("error", reason)])
            }
            Failure::Closed { reason, .. } => Error::botocore("ConnectionClosedError", [url(), ("error", reason)]),
            Failure::Tls(reason) | Failure::Setup(reason) => Error::botocore("SSLError", [url(), ("error", reason)]),
            Failure::Interrupted(error) => error,
        }
    }

    fn unsendable(&self, reason: &str) -> Error {
        Error::botocore("HTTPClientError", [("error", format!("Invalid URL {reason}"))])
    }
}

/// What the attempts of a call have shown so far.
struct Seen {
    /// How many there are, the current one included.
    attempts: u32,
    /// The service's clock at the last answer.
    ttl: Option<SystemTime>,
    /// For the last retry.
    paid: Option<u32>,
}

enum Verdict {
    Again(Duration),
    Final { attempts_spent: bool, quota_spent: bool },
}

impl Verdict {
    const END: Self = Self::Final { attempts_spent: false, quota_spent: false };
}

pub(crate) fn header_value(value: &[u8]) -> Result<HeaderValue> {
    HeaderValue::from_bytes(value).map_err(|_| {
        let shown = String::from_utf8_lossy(value).escape_debug().to_string();
        Error::botocore("HTTPClientError", [("error", format!("Invalid header value b'{shown}'"))])
    })
}

/// Waits on this thread.
fn wait(delay: Duration, interrupt: Interrupt) -> Result<()> {
    const SLICE: Duration = Duration::from_millis(50);
    let until = Instant::now() + delay;
    loop {
        interrupt()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(SLICE));
    }
}
