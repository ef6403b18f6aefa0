//! The life of a call: read the parameters, then sign, send and retry until there is an answer.
//!
//! [`Client::prepare`] reads the caller's objects (with the GIL, if they are Python's); [`Client::send`] needs none of
//! them any more. What an attempt sends is in `attempt`, what follows from its end in `retry`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Response};
use once_cell::race::OnceBox;

use crate::client::attempt::header_value;
use crate::client::identity::{CredentialProvider, Credentials};
use crate::client::limiter::Gate;
use crate::client::log::{self, Ended};
use crate::client::options::{Options, RetryMode, SignatureVersion};
use crate::client::purse::{Owner, Purse, default_rate};
use crate::client::reply::Reply;
use crate::client::retry::{self, Attempt, Quota, Reason, Skew};
use crate::client::sign::Signer;
use crate::client::source::Source;
use crate::client::steps;
use crate::client::transport::{Failure, Interrupt, Transport};
use crate::client::url::Endpoint;
use crate::client::waiting::{CallersThread, Waiting, at_once};
use crate::error::{Builtin, Error, Result};
use crate::model::{DataPlane, Model, Operation};
use crate::protocol::serialize::{Serialized, serialize};
use crate::protocol::{Input, failure};

/// A client of one service at one endpoint.
#[derive(Debug)]
pub struct Client {
    pub model: &'static Model,
    pub(crate) options: Options,
    endpoint: Endpoint,
    data_plane: Option<Endpoint>,
    pub(crate) signer: Signer,
    /// Those that stay.
    credentials: Option<Arc<Credentials>>,
    /// Of those that may change.
    source: Option<Arc<Source>>,
    pub(super) transport: Transport,
    quota: Quota,
    /// Of adaptive clients.
    gate: Option<Gate>,
    /// Of the endpoint and of the data plane, found at the first request, since the signature tells the account.
    purses: [OnceBox<Arc<Purse>>; 2],
    account_id: OnceBox<Option<String>>,
    /// The [`Skew`] that the service last refused a signature for. No lock, since those do not survive a fork.
    skew: AtomicI64,
    /// Of plain calls, and of a paginator's.
    pub(super) user_agents: [HeaderValue; 2],
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
    /// It waits for the budget, which others only debit.
    pub patient: bool,
}

impl Client {
    /// `provider` is asked for the credentials in place of those in the options.
    ///
    /// Fails if the endpoint is no URL or the user agent no header.
    pub fn new(model: &'static Model, options: Options, provider: Option<Box<dyn CredentialProvider>>) -> Result<Self> {
        let parse = |url| Endpoint::parse(url).ok_or_else(|| steps::invalid(url));
        let endpoint = parse(&options.endpoint_url)?;
        let data_plane = options.data_plane.as_ref().map(|data_plane| parse(&data_plane.url)).transpose()?;
        let user_agent = |paginated| header_value(options.user_agent(paginated).as_bytes());
        let raw_path = options.signature_version == SignatureVersion::S3V4;
        Ok(Self {
            model,
            user_agents: [user_agent(false)?, user_agent(true)?],
            signer: Signer::new(options.signing_region.clone(), model.metadata.signing_name.to_string(), raw_path),
            credentials: options.credentials.clone().map(Arc::new),
            source: provider.map(|provider| Arc::new(Source::new(provider))),
            transport: Transport::new(options.transport()),
            quota: Quota::default(),
            gate: (options.retry_mode == RetryMode::Adaptive).then(Gate::new),
            purses: [OnceBox::new(), OnceBox::new()],
            account_id: OnceBox::new(),
            skew: AtomicI64::new(0),
            endpoint,
            data_plane,
            options,
        })
    }

    /// Reads the parameters of a call.
    pub fn prepare<I: Input>(&self, operation: &'static Operation, parameters: &I, paginated: bool) -> Result<Prepared<'static>> {
        let Serialized { path, query, headers, body } = self.serialize(operation, parameters)?;
        Ok(Prepared {
            operation,
            target: self.endpoint(operation).target(&path, query.as_deref()),
            headers,
            body: body.map(Bytes::from),
            paginated,
            patient: false,
        })
    }

    pub(super) fn serialize<I: Input>(&self, operation: &Operation, parameters: &I) -> Result<Serialized> {
        let token = || uuid::Uuid::new_v4().to_string();
        serialize(self.model, operation, parameters, self.options.parameter_validation, token)
    }

    /// Sends a call from this thread until it is answered for good. `interrupt` is asked now and then; its error ends the call.
    pub fn send(&self, call: &Prepared<'_>, interrupt: Interrupt) -> Result<Reply> {
        at_once(self.send_in(&CallersThread(interrupt), call))
    }

    /// The same, wherever it may wait.
    pub(super) async fn send_in(&self, waiting: &impl Waiting, call: &Prepared<'_>) -> Result<Reply> {
        let endpoint = self.endpoint(call.operation);
        let invocation = uuid::Uuid::new_v4().to_string();
        let mut seen = Seen::new(call.patient);
        loop {
            self.admit_in(waiting).await?;
            let identity = self.identity_in(waiting, self.signature_version(call.operation)).await?;
            self.spend_in(waiting, call.operation, &mut seen).await?;
            let signed_at = self.now();
            seen.begun = Instant::now();
            let request = self.request(call, identity.as_deref(), &invocation, &seen, signed_at)?;
            let answer = self.transport.exchange_in(waiting, &endpoint.origin, request).await;
            if let Err(Failure::Interrupted(error)) = answer {
                return Err(error);
            }
            match self.verdict(call.operation, &answer, signed_at, &mut seen, |ended| waiting.tell(ended))? {
                Verdict::Again(delay) => {
                    waiting.sleep(delay).await?;
                    seen.attempts += 1;
                }
                Verdict::BackInLine => {}
                Verdict::Final { attempts_spent, quota_spent } => {
                    let answer = answer.map_err(|failure| no_answer(&format!("{}{}", endpoint.prefix, call.target), &failure))?;
                    let (head, body) = answer.into_parts();
                    let retries = Some(seen.attempts - 1);
                    return Ok(Reply { status: head.status, headers: head.headers, body, retries, attempts_spent, quota_spent });
                }
            }
        }
    }

    /// Waits until the next attempt may be sent.
    pub fn admit(&self, interrupt: Interrupt) -> Result<()> {
        at_once(self.admit_in(&CallersThread(interrupt)))
    }

    async fn admit_in(&self, waiting: &impl Waiting) -> Result<()> {
        match &self.gate {
            Some(gate) => gate.pass(waiting).await,
            None => Ok(()),
        }
    }

    /// An attempt has ended, throttled by the service or not.
    pub(super) fn ended(&self, throttled: bool) {
        if let Some(gate) = &self.gate {
            gate.ended(throttled);
        }
    }

    /// Takes a request from the budget; a patient call waits for it.
    pub(super) fn spend(&self, operation: &Operation, seen: &mut Seen, interrupt: Interrupt) -> Result<()> {
        at_once(self.spend_in(&CallersThread(interrupt), operation, seen))
    }

    async fn spend_in(&self, waiting: &impl Waiting, operation: &Operation, seen: &mut Seen) -> Result<()> {
        let purse = self.purse(operation);
        seen.sent_at = Some(if seen.patient { purse.wait(waiting).await? } else { purse.debit() });
        Ok(())
    }

    /// The budget that calls of `operation` live on.
    #[must_use]
    pub fn purse(&self, operation: &Operation) -> &Purse {
        let at_data_plane = self.is_for_data_plane(operation);
        self.purses[usize::from(at_data_plane)].get_or_init(|| {
            let region = &self.options.signing_region;
            let kept = self.options.credentials.as_ref().and_then(|credentials| credentials.account_id.clone());
            let owner = Owner {
                account_id: self.account_id.get().unwrap_or(&kept).clone(),
                region: region.clone(),
                endpoint_url: self.endpoint_url(operation).trim_end_matches('/').to_owned(),
                service: self.model.metadata.signing_name.to_string(),
            };
            let has_quota = !self.options.custom_endpoint && !at_data_plane;
            Box::new(Purse::of(&owner, self.options.requests_per_second, has_quota.then(|| default_rate(region))))
        })
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

    /// Whether a device's certificate speaks for the caller of `operation`, at the data plane.
    fn is_for_data_plane(&self, operation: &Operation) -> bool {
        match (&self.options.data_plane, operation.data_plane) {
            (None, _) | (_, None) => false,
            (Some(_), Some(DataPlane::Only)) => true,
            (Some(option), Some(DataPlane::Also)) => option.named,
        }
    }

    /// Where `operation` is called.
    pub(super) fn endpoint(&self, operation: &Operation) -> &Endpoint {
        self.data_plane.as_ref().filter(|_| self.is_for_data_plane(operation)).unwrap_or(&self.endpoint)
    }

    /// The URL of the server that `operation` is called at.
    #[must_use]
    pub fn endpoint_url(&self, operation: &Operation) -> &str {
        let data_plane = self.options.data_plane.as_ref().filter(|_| self.is_for_data_plane(operation));
        data_plane.map_or(&self.options.endpoint_url, |data_plane| &data_plane.url)
    }

    /// How `operation` is signed.
    #[must_use]
    pub fn signature_version(&self, operation: &Operation) -> &SignatureVersion {
        if self.is_for_data_plane(operation) { &SignatureVersion::Unsigned } else { &self.options.signature_version }
    }

    /// The time by the service's clock, as far as it is known.
    pub(crate) fn now(&self) -> SystemTime {
        Skew(self.skew.load(Ordering::Relaxed)).correct(SystemTime::now())
    }

    /// Takes over the service's clock where it has refused ours, and tells whether it has.
    pub(super) fn learn_clock(&self, attempt: Attempt<'_>, signed_at: SystemTime) -> bool {
        let Some(skew) = retry::clock_skew(attempt, signed_at) else { return false };
        let Skew(ahead) = Skew::between(SystemTime::now(), skew.correct(signed_at));
        self.skew.store(ahead, Ordering::Relaxed);
        true
    }

    /// Who signs now; `None` if nobody does. Asked on this thread.
    pub(crate) fn identity(&self, version: &SignatureVersion) -> Result<Option<Arc<Credentials>>> {
        at_once(self.identity_in(&CallersThread(&|| Ok(())), version))
    }

    async fn identity_in(&self, waiting: &impl Waiting, version: &SignatureVersion) -> Result<Option<Arc<Credentials>>> {
        match version {
            SignatureVersion::Unsigned => Ok(None),
            SignatureVersion::Bearer => Err(Error::botocore("NoAuthTokenError", [])),
            SignatureVersion::Unknown(version) => {
                Err(Error::botocore("UnknownSignatureVersionError", [("signature_version", version.clone())]))
            }
            SignatureVersion::V4 | SignatureVersion::S3V4 => {
                let found = match &self.source {
                    Some(source) => waiting.ask(source).await?,
                    None => self.credentials.clone(),
                };
                let credentials = found.ok_or_else(|| Error::botocore("NoCredentialsError", []))?;
                self.account_id.get_or_init(|| Box::new(credentials.account_id.clone()));
                Ok(Some(credentials))
            }
        }
    }

    /// A read, or a write that the service recognises when it comes twice.
    fn is_repeatable(&self, operation: &Operation) -> bool {
        let has_token = |input| self.model.structure(input).members.iter().any(|member| member.idempotency_token);
        &*operation.http_method == "GET" || operation.input.is_some_and(has_token)
    }

    /// What an attempt's end leads to, which `tell` passes on to the log.
    pub(super) fn verdict(
        &self,
        operation: &Operation,
        answer: &Result<Response<Bytes>, Failure>,
        signed_at: SystemTime,
        seen: &mut Seen,
        tell: impl FnOnce(Ended) -> Result<()>,
    ) -> Result<Verdict> {
        let took = seen.begun.elapsed();
        let verdict = self.judge(operation, answer, signed_at, seen);
        if log::is_wanted() {
            tell(Ended::new(&operation.name, seen.attempts, answer, took, verdict.delay()))?;
        }
        Ok(verdict)
    }

    fn judge(
        &self,
        operation: &Operation,
        answer: &Result<Response<Bytes>, Failure>,
        signed_at: SystemTime,
        seen: &mut Seen,
    ) -> Verdict {
        let mode = self.options.retry_mode;
        let mut failure = None;
        if let Ok(answer) = answer
            && answer.status().as_u16() > 300
        {
            let read = failure::read(answer.status(), answer.headers(), answer.body());
            // An error that cannot be read ends the call; `Reply::read` says what is wrong with it.
            match read {
                Ok(read) => failure = Some(read),
                Err(_) => return Verdict::END,
            }
        }
        let code = failure.as_ref().and_then(failure::Failure::code);
        let attempt = match answer {
            Ok(answer) => Attempt::Answered { status: answer.status(), headers: answer.headers(), code },
            Err(_) => Attempt::Unanswered,
        };
        let modelled = |code: &str| operation.errors.iter().any(|&shape| &*self.model.shape(shape).name == code);
        let reason = retry::reason(mode, attempt, modelled);
        self.ended(reason == Some(Reason::Throttling));
        // In every mode, though the old one makes no difference.
        let throttled = retry::reason(RetryMode::Standard, attempt, modelled) == Some(Reason::Throttling);
        if let (Some(sent_at), Attempt::Answered { headers, .. }) = (seen.sent_at.take(), attempt) {
            let purse = self.purse(operation);
            if !throttled {
                purse.passed(sent_at);
            } else if !purse.throttled(sent_at, retry::retry_after(headers))
                && seen.patient
                && self.options.total_max_attempts > 1
            {
                return Verdict::BackInLine;
            }
        }
        match answer {
            // What the server has already done must not be done twice.
            Err(Failure::Closed { status: Some(200..300), .. }) if !self.is_repeatable(operation) => return Verdict::END,
            Err(Failure::Setup(_) | Failure::ProxySetup(_) | Failure::TooLarge { .. }) => return Verdict::END,
            _ => {}
        }
        if let Ok(answer) = answer
            && answer.status().is_success()
        {
            self.quota.give(seen.paid);
        }
        let spent = seen.attempts >= self.options.total_max_attempts;
        let reason = if self.learn_clock(attempt, signed_at) { Some(Reason::ClockSkew) } else { reason };
        if spent {
            let attempts_spent = mode != RetryMode::Legacy || reason.is_some();
            return Verdict::Final { attempts_spent, quota_spent: false };
        }
        let Some(reason) = reason else { return Verdict::END };
        // Whoever waits for the budget cannot make a storm of retries of throttlings.
        if mode != RetryMode::Legacy && !(throttled && seen.patient) {
            match self.quota.take(reason) {
                Some(price) => seen.paid = Some(price),
                None => return Verdict::Final { attempts_spent: false, quota_spent: true },
            }
        }
        seen.service_clock = match attempt {
            Attempt::Answered { headers, .. } => retry::server_date(headers).or(seen.service_clock),
            Attempt::Unanswered => seen.service_clock,
        };
        Verdict::Again(retry::delay(mode, reason, seen.attempts, attempt, chance()))
    }
}

/// The exception for a call of `url` that got no answer.
pub(super) fn no_answer(url: &str, failure: &Failure) -> Error {
    let url = || ("endpoint_url", url.to_owned());
    let because = |reason: &str| ("error", reason.to_owned());
    match failure {
        Failure::Connect(reason) => Error::botocore("EndpointConnectionError", [url(), because(reason)]),
        Failure::ConnectTimeout => Error::botocore("ConnectTimeoutError", [url(), because("connect timed out")]),
        Failure::ReadTimeout => Error::botocore("ReadTimeoutError", [url(), because("read timed out")]),
        Failure::Closed { status: Some(status), reason } if (200..300).contains(status) => {
            Error::botocore("ConnectionClosedError", [url(), ("status", status.to_string()), because(reason)])
        }
        Failure::Closed { reason, .. } | Failure::Garbled(reason) => {
            Error::botocore("ConnectionClosedError", [url(), because(reason)])
        }
        Failure::TooLarge { status, size, limit } => {
            Error::botocore("ResponseParserError", [("message", too_large(*status, *size, *limit))])
        }
        Failure::Tls(reason) | Failure::Setup(reason) => Error::botocore("SSLError", [url(), because(reason)]),
        Failure::Proxy { proxy, reason } => {
            Error::botocore("ProxyConnectionError", [("proxy_url", proxy.clone()), because(reason)])
        }
        Failure::ProxySetup(reason) => Error::botocore("HTTPClientError", [because(reason)]),
        // Whoever waited has returned the reason by now.
        Failure::Interrupted(_) => Error::Builtin { class: Builtin::Runtime, message: "the call was interrupted".into() },
    }
}

fn too_large(status: u16, size: Option<u64>, limit: u64) -> String {
    let size = size.map_or_else(|| format!("more than {limit}"), |size| size.to_string());
    format!(
        "Unable to read the answer (status {status}): its body has {size} bytes, and the limit is {limit}; \
         Config(max_response_bytes=...) sets another, or None for no limit"
    )
}

/// What the attempts of a call have shown so far.
#[derive(Debug)]
pub(super) struct Seen {
    /// How many there are, the current one included.
    pub(super) attempts: u32,
    /// When the current one began.
    pub(super) begun: Instant,
    /// The service's clock at the last answer.
    pub(super) service_clock: Option<SystemTime>,
    /// For the last retry.
    paid: Option<u32>,
    /// As the call is.
    patient: bool,
    /// When the current one was, by the clock of the budget.
    pub(super) sent_at: Option<f64>,
}

impl Seen {
    pub(super) fn new(patient: bool) -> Self {
        Self { attempts: 1, begun: Instant::now(), service_clock: None, paid: None, patient, sent_at: None }
    }
}

pub(super) enum Verdict {
    Again(Duration),
    /// It was throttled and waits for the budget, which knew already that what was sent then was too much. That attempt
    /// does not count.
    BackInLine,
    Final {
        attempts_spent: bool,
        quota_spent: bool,
    },
}

impl Verdict {
    /// How long to wait before another attempt, if there is one.
    pub(super) fn delay(&self) -> Option<Duration> {
        match *self {
            Self::Again(delay) => Some(delay),
            Self::BackInLine => Some(Duration::ZERO),
            Self::Final { .. } => None,
        }
    }

    const END: Self = Self::Final { attempts_spent: false, quota_spent: false };
}

/// At least 0 and less than 1. The system's own, since forked children would otherwise draw alike and retry in step.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / 4_294_967_296.0
}
