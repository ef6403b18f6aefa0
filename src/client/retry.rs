//! Whether a failed attempt is made again, when, and what that costs.
//!
//! The conditions, delays and costs are botocore's, by mode. Time and chance come in as arguments. Two things are ours:
//! `Retry-After` is heeded, and a clock that the service refuses is set by the service's own.

use std::num::{IntErrorKind, ParseIntError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use crate::client::options::RetryMode;

/// Why an attempt is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Transient,
    Throttling,
    /// The signature's time was refused, and the service's clock is far from ours.
    ClockSkew,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub enum Attempt<'a> {
    /// With an answer, and the code of its error.
    Answered { status: StatusCode, headers: &'a HeaderMap, code: Option<&'a str> },
    /// Without one, in a way that may be made again.
    Unanswered,
}

const THROTTLING_CODES: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];
const TRANSIENT_CODES: [&str; 2] = ["RequestTimeout", "RequestTimeoutException"];
const LEGACY_THROTTLING_CODES: [&str; 5] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "ProvisionedThroughputExceededException",
];
const CLOCK_CODES: [&str; 4] = ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"];

/// A service refuses signatures from five minutes off; from four the clock is to blame.
const SKEW: Duration = Duration::from_mins(4);

/// A date that is further off is no clock's; a device without one begins in 1970.
const NO_CLOCK: Duration = Duration::from_hours(24 * 365 * 100);

/// The longest backoff, and the longest `Retry-After` that is heeded.
const LONGEST: Duration = Duration::from_secs(20);

/// Why `attempt` should be made again; `modelled` tells the codes that the operation knows.
#[must_use]
pub fn reason(mode: RetryMode, attempt: Attempt<'_>, modelled: impl Fn(&str) -> bool) -> Option<Reason> {
    let Attempt::Answered { status, code, .. } = attempt else { return Some(Reason::Transient) };
    let status = status.as_u16();
    let is = |codes: &[&str]| code.is_some_and(|code| codes.contains(&code));
    if mode == RetryMode::Legacy {
        if matches!(status, 429 | 500 | 502 | 503 | 504 | 509) {
            return Some(Reason::Transient);
        }
        return (status == 400 && is(&LEGACY_THROTTLING_CODES)).then_some(Reason::Throttling);
    }
    if is(&THROTTLING_CODES) || status == 429 && !code.is_some_and(modelled) {
        return Some(Reason::Throttling);
    }
    (is(&TRANSIENT_CODES) || matches!(status, 500 | 502 | 503 | 504)).then_some(Reason::Transient)
}

/// How far the service's clock is ahead of `signed_at`, if the answer says that this is what is wrong.
#[must_use]
pub fn clock_skew(attempt: Attempt<'_>, signed_at: SystemTime) -> Option<Skew> {
    let Attempt::Answered { headers, code, .. } = attempt else { return None };
    code.filter(|code| CLOCK_CODES.contains(code))?;
    let skew = Skew::between(signed_at, server_date(headers)?);
    (SKEW..NO_CLOCK).contains(&skew.size()).then_some(skew)
}

/// The answer's `Date`.
#[must_use]
pub fn server_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get("date")?.to_str().ok()?).ok()
}

/// By how many milliseconds the service's clock is ahead of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(pub i64);

impl Skew {
    #[must_use]
    pub fn between(ours: SystemTime, theirs: SystemTime) -> Self {
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self(theirs.duration_since(ours).map_or_else(|error| -millis(error.duration()), millis))
    }

    #[must_use]
    pub fn correct(self, ours: SystemTime) -> SystemTime {
        let theirs = if self.0 < 0 { ours.checked_sub(self.size()) } else { ours.checked_add(self.size()) };
        theirs.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    fn size(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }
}

/// How long to wait before the attempt after number `failed`, counted from 1; `random` is at least 0 and less than 1.
#[must_use]
pub fn delay(mode: RetryMode, reason: Reason, failed: u32, attempt: Attempt<'_>, random: f64) -> Duration {
    let power = f64::from(2_u32.saturating_pow(failed.saturating_sub(1).min(31)));
    if mode == RetryMode::Legacy {
        return Duration::try_from_secs_f64(random * power).unwrap_or(LONGEST);
    }
    let scale = if reason == Reason::Throttling { 1.0 } else { 0.05 };
    let backoff = Duration::from_secs_f64(random * (scale * power).min(LONGEST.as_secs_f64()));
    let Attempt::Answered { headers, .. } = attempt else { return backoff };
    if headers.contains_key("x-amz-retry-after") {
        // A hint in milliseconds, heeded up to five seconds beyond the backoff.
        let hint = number(headers, "x-amz-retry-after").map(Duration::from_millis);
        return hint.map_or(backoff, |hint| hint.clamp(backoff, backoff + Duration::from_secs(5)));
    }
    retry_after(headers).map_or(backoff, |hint| backoff.max(hint))
}

/// `Retry-After`, where it is a number of seconds, as far as it is heeded.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    number(headers, "retry-after").map(|seconds| Duration::from_secs(seconds).min(LONGEST))
}

/// A whole number that is none below zero. One beyond all bounds is the greatest.
fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    text.parse()
        .or_else(|error: ParseIntError| if *error.kind() == IntErrorKind::PosOverflow { Ok(u64::MAX) } else { Err(error) })
        .ok()
}

/// What a client may still spend on retries: a bucket that fills up again as calls succeed.
#[derive(Debug)]
pub struct Quota {
    left: AtomicU32,
}

const CAPACITY: u32 = 500;

impl Default for Quota {
    fn default() -> Self {
        Self { left: AtomicU32::new(CAPACITY) }
    }
}

impl Quota {
    /// Pays for one retry; its price, or `None` if there is not enough left.
    pub fn take(&self, reason: Reason) -> Option<u32> {
        let price = if reason == Reason::Throttling { 5 } else { 14 };
        let paid = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(price));
        paid.is_ok().then_some(price)
    }

    /// A call has succeeded: gives back the price of its last retry, or 1 if it needed none.
    pub fn give(&self, price: Option<u32>) {
        let filled = |left: u32| Some((left + price.unwrap_or(1)).min(CAPACITY)).filter(|&filled| filled != left);
        // Nothing to update is an error to `fetch_update`, and none here: the bucket is full.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(pairs: [(&'static str, &'static str); N]) -> HeaderMap {
        pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
    }

    fn answered<'a>(status: u16, headers: &'a HeaderMap, code: &'a str) -> Attempt<'a> {
        Attempt::Answered { status: StatusCode::from_u16(status).unwrap(), headers, code: Some(code) }
    }

    #[test]
    fn a_429_is_final_if_the_operation_knows_its_code() {
        let none = HeaderMap::new();
        let reason = |code| reason(RetryMode::Standard, answered(429, &none, code), |code| code == "ValidationException");
        assert_eq!(reason("ValidationException"), None);
        assert_eq!(reason("ConflictException"), Some(Reason::Throttling));
    }

    #[test]
    fn the_services_hints_lengthen_the_backoff_within_limits() {
        let wait = |headers: &HeaderMap| delay(RetryMode::Standard, Reason::Throttling, 2, answered(429, headers, "x"), 0.5);
        assert_eq!(wait(&HeaderMap::new()), Duration::from_secs(1));
        assert_eq!(wait(&headers([("retry-after", "7")])), Duration::from_secs(7));
        assert_eq!(wait(&headers([("retry-after", "3600")])), Duration::from_secs(20));
        assert_eq!(wait(&headers([("retry-after", "99999999999999999999")])), Duration::from_secs(20));
        assert_eq!(wait(&headers([("x-amz-retry-after", "99999999999999999999")])), Duration::from_secs(6));
        assert_eq!(wait(&headers([("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")])), Duration::from_secs(1));
        assert_eq!(wait(&headers([("x-amz-retry-after", "60000"), ("retry-after", "9")])), Duration::from_secs(6));
        assert_eq!(wait(&headers([("x-amz-retry-after", "-5")])), Duration::from_secs(1));
    }

    #[test]
    fn the_quota_of_constant_failures_is_seventeen_calls_of_two_retries_and_one_of_one() {
        let quota = Quota::default();
        let paid = std::iter::from_fn(|| quota.take(Reason::Transient)).count();
        assert_eq!(paid, 35);
        quota.give(Some(14));
        assert_eq!(quota.take(Reason::Transient), Some(14));
    }

    #[test]
    fn a_refused_clock_is_told_from_a_wrong_secret() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let far = headers([("date", "Tue, 14 Nov 2023 23:13:20 GMT")]);
        let near = headers([("date", "Tue, 14 Nov 2023 22:13:25 GMT")]);
        let skew = clock_skew(answered(403, &far, "InvalidSignatureException"), now).unwrap();
        assert_eq!(skew.correct(now), now + Duration::from_hours(1));
        assert_eq!(clock_skew(answered(403, &near, "InvalidSignatureException"), now), None);
        assert_eq!(clock_skew(answered(403, &far, "AccessDeniedException"), now), None);
        let never = headers([("date", "Fri, 31 Dec 9999 23:59:59 GMT")]);
        assert_eq!(clock_skew(answered(403, &never, "InvalidSignatureException"), now), None);
    }
}
