//! The steps of a call one by one, for a caller who looks at a request and its answer between them.
//!
//! [`Client::send`] takes the same steps without stopping. Here each request comes and goes as plain parts, since
//! whoever looks may change any of them.

use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, DATE, HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;

use crate::client::attempt::{header, header_value};
use crate::client::call::{Client, Seen, Verdict, no_answer};
use crate::client::log;
use crate::client::options::SignatureVersion;
use crate::client::retry::Attempt;
use crate::client::sign::{Signable, Signer, Stamp, is_signed, sha256};
use crate::client::transport::{Failure, Interrupt};
use crate::client::url::Endpoint;
use crate::error::{Error, Result};
use crate::model::Operation;
use crate::protocol::Input;
use crate::protocol::serialize::Serialized;

/// A request as whoever looks at it sees it.
#[derive(Debug)]
pub struct Message {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Bytes,
}

/// A request before it is signed, and the parts that its URL is made of.
#[derive(Debug)]
pub struct Draft {
    pub message: Message,
    /// As the operation has it.
    pub path: String,
}

/// Where a call stands between its attempts.
#[derive(Debug)]
pub struct Progress {
    operation: &'static Operation,
    seen: Seen,
    begun: SystemTime,
    /// How the attempt ended.
    ended: Option<Result<Response<Bytes>, Failure>>,
}

/// What the end of an attempt leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Next {
    /// Seconds until another attempt; `None` if this one was the last.
    pub delay: Option<f64>,
    pub attempts_spent: bool,
    pub quota_spent: bool,
}

impl Client {
    /// Reads the parameters of a call to the server at `endpoint_url`.
    pub fn draft<I: Input>(&self, operation: &Operation, parameters: &I, paginated: bool, endpoint_url: &str) -> Result<Draft> {
        let Serialized { path, query, mut headers, body } = self.serialize(operation, parameters)?;
        let endpoint = Endpoint::parse(endpoint_url).ok_or_else(|| invalid(endpoint_url))?;
        let url = format!("{}{}", endpoint.prefix, endpoint.target(&path, query.as_deref()));
        if body.is_some() {
            headers.push(("Content-Type".into(), b"application/json".to_vec()));
        }
        headers.push(("User-Agent".into(), self.options.user_agent(paginated).into_bytes()));
        let message = Message { method: operation.http_method.to_string(), url, headers, body: body.unwrap_or_default().into() };
        Ok(Draft { message, path })
    }

    /// Begins a call of `operation`; a patient one waits for the budget.
    #[must_use]
    pub fn begin(&self, operation: &'static Operation, patient: bool) -> Progress {
        Progress { operation, seen: Seen::new(patient), begun: self.now(), ended: None }
    }

    /// The headers that prove who sends `message`.
    pub fn proof(&self, message: &Message, version: &SignatureVersion, signer: &Signer) -> Result<Vec<(&'static str, String)>> {
        let Some(credentials) = self.identity(version)? else { return Ok(Vec::new()) };
        let (endpoint, target) = parts(&message.url)?;
        let stamp = Stamp::at(self.now());
        let payload_hash = sha256(&message.body);
        let mut proof = vec![("X-Amz-Date", stamp.text.clone())];
        if let Some(token) = credentials.token_to_sign() {
            proof.push(("X-Amz-Security-Token", token.to_owned()));
        }
        if *version == SignatureVersion::S3V4 {
            proof.push(("X-Amz-Content-SHA256", payload_hash.clone()));
        }
        let mut headers: Vec<(String, String)> = message
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned()))
            .filter(|(name, _)| is_signed(name))
            .collect();
        if !headers.iter().any(|(name, _)| name == "host") {
            headers.push(("host".into(), endpoint.host_header));
        }
        for (name, value) in &proof {
            let name = name.to_ascii_lowercase();
            headers.retain(|(known, _)| *known != name);
            headers.push((name, value.clone()));
        }
        headers.sort_unstable();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = Signable { method: &message.method, target: &target, headers: &headers, payload_hash: &payload_hash };
        proof.push(("Authorization", signer.authorization(request, &credentials, &stamp)));
        Ok(proof)
    }

    /// Sends `message` as it is. Without an answer it tells why, as the exception that ends the call if it is the last.
    pub fn post(&self, progress: &mut Progress, message: Message, interrupt: Interrupt) -> Result<Response<Bytes>> {
        let url = message.url.clone();
        self.spend(progress.operation, &mut progress.seen, interrupt)?;
        match self.exchange(message, interrupt)? {
            Ok(answer) => Ok(answer),
            Err(failure) => {
                let error = no_answer(&url, &failure);
                progress.ended = Some(Err(failure));
                Err(error)
            }
        }
    }

    /// Sends `message` as it is, once, and of no operation.
    pub fn fetch(&self, message: Message, interrupt: Interrupt) -> Result<Response<Bytes>> {
        let url = message.url.clone();
        self.exchange(message, interrupt)?.map_err(|failure| no_answer(&url, &failure))
    }

    /// Whether a refusal of what was signed just now, with this code and `Date`, is the clock's fault, which is set then.
    pub fn set_clock(&self, code: &str, date: &str) -> bool {
        let Ok(date) = HeaderValue::from_str(date) else { return false };
        let headers = HeaderMap::from_iter([(DATE, date)]);
        let attempt = Attempt::Answered { status: StatusCode::FORBIDDEN, headers: &headers, code: Some(code) };
        self.learn_clock(attempt, self.now())
    }

    fn exchange(&self, message: Message, interrupt: Interrupt) -> Result<Result<Response<Bytes>, Failure>> {
        let (endpoint, request) = request(message)?;
        match self.transport.exchange(&endpoint.origin, request, interrupt) {
            Err(Failure::Interrupted(error)) => Err(error),
            ended => Ok(ended),
        }
    }

    /// What follows from the attempt's end, and is paid for.
    pub fn next(&self, progress: &mut Progress) -> Result<Next> {
        let Some(ended) = progress.ended.take() else {
            // A handler raised before anything was sent.
            self.ended(false);
            return Ok(Next::default());
        };
        let tell = |ended| log::tell(&ended);
        Ok(match self.verdict(progress.operation, &ended, progress.begun, &mut progress.seen, tell)? {
            Verdict::Final { attempts_spent, quota_spent } => Next { delay: None, attempts_spent, quota_spent },
            again => Next { delay: again.delay().map(|delay| delay.as_secs_f64()), ..Next::default() },
        })
    }

    /// Attempt `number` begins. Until when its answer is awaited by the service's clock, where that is known.
    pub fn attempt(&self, progress: &mut Progress, number: u32) -> Option<String> {
        progress.seen.attempts = number;
        progress.begun = self.now();
        progress.seen.begun = Instant::now();
        progress.ended = None;
        progress.seen.sent_at = None;
        self.awaited_until(&progress.seen)
    }
}

impl Progress {
    /// The attempt ended with this answer, wherever it came from.
    pub fn answered(&mut self, answer: Response<Bytes>) {
        self.ended = Some(Ok(answer));
    }
}

pub(super) fn parts(url: &str) -> Result<(Endpoint, String)> {
    Endpoint::split(url).ok_or_else(|| invalid(url))
}

/// Without all that may be the password of the URL that was meant.
pub(super) fn invalid(url: &str) -> Error {
    let shown = url.rsplit_once('@').map_or_else(
        || url.to_owned(),
        |(before, rest)| match before.split_once("://") {
            Some((scheme, _)) if !scheme.contains(':') => format!("{scheme}://***@{rest}"),
            _ => format!("***@{rest}"),
        },
    );
    Error::value(format!("Invalid endpoint: {shown}"))
}

fn request(message: Message) -> Result<(Endpoint, Request<Full<Bytes>>)> {
    let (endpoint, target) = parts(&message.url)?;
    let mut headers = HeaderMap::with_capacity(message.headers.len() + 3);
    for (name, value) in &message.headers {
        let (name, value) = header(name, value)?;
        headers.append(name, value);
    }
    if !headers.contains_key(HOST) {
        headers.insert(HOST, header_value(endpoint.host_header.as_bytes())?);
    }
    headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
    if message.method != "GET" || !message.body.is_empty() {
        headers.insert(CONTENT_LENGTH, message.body.len().into());
    }
    let unsendable = |error: String| Error::botocore("HTTPClientError", [("error", error)]);
    let mut request = Request::new(Full::new(message.body));
    *request.method_mut() = Method::from_bytes(message.method.as_bytes()).map_err(|error| Error::value(error.to_string()))?;
    *request.uri_mut() = target.parse().map_err(|error| unsendable(format!("Invalid URL {}: {error}", message.url)))?;
    *request.headers_mut() = headers;
    Ok((endpoint, request))
}
