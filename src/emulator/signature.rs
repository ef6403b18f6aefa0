//! The signature that a request carries: in its `Authorization` header or, presigned, in its query.
//!
//! Only read here; whether it holds is for [`auth`](super::auth) to say. What lacks a part is refused at once.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header;
use http::request::Parts as Head;

use super::error::{Result, ServiceError};
use super::input::pairs;
use crate::client::sign::{Signable, Stamp};
use crate::protocol::timestamp;
use crate::protocol::uri;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SIGNATURE: &str = "X-Amz-Signature";
const TOKEN: &str = "X-Amz-Security-Token";

/// What a signature says of itself.
#[derive(Debug)]
pub struct Signature {
    pub access_key: String,
    /// Date, Region, service and terminator.
    pub scope: [String; 4],
    pub stamp: Stamp,
    /// Lower-case names, sorted.
    signed_headers: Vec<String>,
    /// In hexadecimal.
    pub text: String,
    pub token: Option<String>,
    /// How long a presigned URL holds; None for a signature of the header.
    pub expires: Option<Duration>,
}

impl Signature {
    /// Whether the request carries one, whatever it says.
    pub fn is_there(head: &Head) -> bool {
        head.headers.contains_key(header::AUTHORIZATION) || head.uri.query().is_some_and(|query| query.contains(SIGNATURE))
    }

    pub fn read(head: &Head) -> Result<Self> {
        match head.headers.get(header::AUTHORIZATION) {
            Some(header) => Self::of_header(head, &String::from_utf8_lossy(header.as_bytes())),
            None => Self::of_query(&pairs(head.uri.query().unwrap_or_default()).collect::<Vec<_>>()),
        }
    }

    fn of_header(head: &Head, header: &str) -> Result<Self> {
        let parts = header.strip_prefix(ALGORITHM).filter(|parts| parts.starts_with(' ')).unwrap_or_default();
        let part = |name: &str| {
            let mut parts = parts.split(',').filter_map(|part| part.trim().split_once('='));
            parts.find(|(found, value)| *found == name && !value.is_empty()).map(|(_, value)| value)
        };
        let (credential, signature, signed) = (part("Credential"), part("Signature"), part("SignedHeaders"));
        let date = text(head, "x-amz-date").or_else(|| text(head, "date"));
        let (Some(credential), Some(signature), Some(signed), Some(date)) = (credential, signature, signed, &date) else {
            let given = [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed)];
            let missing = given.into_iter().filter(|(_, value)| value.is_none());
            let mut problems: Vec<String> =
                missing.map(|(name, _)| format!("Authorization header requires '{name}' parameter. ")).collect();
            if date.is_none() {
                problems.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ".into());
            }
            problems.push(format!("Authorization={header}"));
            return Err(ServiceError::incomplete_signature(problems.concat()));
        };
        Self::new(credential, date, signed, signature, text(head, TOKEN).map(Cow::into_owned), None)
    }

    fn of_query(query: &[(String, String)]) -> Result<Self> {
        let given = |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let names = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", SIGNATURE];
        let [Some(ALGORITHM), Some(credential), Some(date), Some(expires), Some(signed), Some(signature)] = names.map(given)
        else {
            let missing = names.into_iter().filter(|name| given(name).is_none());
            let mut problems: Vec<String> =
                missing.map(|name| format!("AWS query-string parameters must include '{name}'. ")).collect();
            if given(names[0]).is_some_and(|algorithm| algorithm != ALGORITHM) {
                problems.push("Unsupported AWS 'algorithm'. ".into());
            }
            problems.push("Re-examine the query-string parameters.".into());
            return Err(ServiceError::incomplete_signature(problems.concat()));
        };
        let seconds = expires.parse().map_err(|_| {
            ServiceError::incomplete_signature(format!("X-Amz-Expires must be a number of seconds, not '{expires}'."))
        })?;
        let token = given(TOKEN).map(str::to_owned);
        Self::new(credential, date, signed, signature, token, Some(Duration::from_secs(seconds)))
    }

    fn new(
        credential: &str,
        date: &str,
        signed: &str,
        signature: &str,
        token: Option<String>,
        expires: Option<Duration>,
    ) -> Result<Self> {
        let elements: Vec<&str> = credential.split('/').collect();
        let [access_key, scope @ ..] = elements.as_slice() else { unreachable!("a split has a first part") };
        let scope: [&str; 4] = scope.try_into().map_err(|_| {
            let rule = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";
            ServiceError::incomplete_signature(format!("{rule}, got '{credential}'"))
        })?;
        let time = moment(date).ok_or_else(|| {
            ServiceError::incomplete_signature(format!("Date must be in ISO-8601 'basic format'. Got '{date}'."))
        })?;
        let mut signed_headers: Vec<String> = signed.split(';').map(str::to_ascii_lowercase).collect();
        signed_headers.sort_unstable();
        Ok(Self {
            access_key: (*access_key).to_owned(),
            scope: scope.map(str::to_owned),
            stamp: Stamp::at(time),
            signed_headers,
            text: signature.to_owned(),
            token,
            expires,
        })
    }

    /// The header that must be signed and is not, if there is one: without the host and the date a signature says little.
    pub fn unsigned(&self, head: &Head) -> Option<&'static str> {
        let date = if head.headers.contains_key("x-amz-date") { "x-amz-date" } else { "date" };
        let needed: &[&str] = if self.expires.is_some() { &["host"] } else { &["host", date] };
        needed.iter().find(|name| self.signed_headers.iter().all(|signed| signed != *name)).copied()
    }

    /// Hands `work` what was signed of this request, as far as the signature tells it. A presigned URL is signed without
    /// its signature.
    pub fn over<T>(&self, head: &Head, payload_hash: &str, work: impl FnOnce(Signable<'_>) -> T) -> T {
        let values: Vec<Cow<str>> = self.signed_headers.iter().map(|name| text(head, name).unwrap_or_default()).collect();
        let headers: Vec<(&str, &str)> =
            self.signed_headers.iter().zip(&values).map(|(name, value)| (&**name, &**value)).collect();
        let target = match head.uri.query() {
            Some(query) => Cow::Owned(format!("{}?{}", head.uri.path(), spelled(query))),
            None => Cow::Borrowed(head.uri.path()),
        };
        work(Signable { method: head.method.as_str(), target: &target, headers: &headers, payload_hash })
    }
}

/// The values of a header, with commas between them.
fn text<'r>(head: &'r Head, name: &str) -> Option<Cow<'r, str>> {
    let mut values = head.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next()?;
    Some(values.fold(first, |all, value| Cow::Owned(format!("{all},{value}"))))
}

/// The query as it is signed: without the signature, and in the one spelling that percent-encoding has.
fn spelled(query: &str) -> String {
    let mut spelled = String::with_capacity(query.len() + 8);
    for (name, value) in pairs(query).filter(|(name, _)| name != SIGNATURE) {
        if !spelled.is_empty() {
            spelled.push('&');
        }
        uri::encode(&mut spelled, name.as_bytes());
        spelled.push('=');
        uri::encode(&mut spelled, value.as_bytes());
    }
    spelled
}

/// `20261123T010203Z`, or what a `Date` header says.
fn moment(text: &str) -> Option<SystemTime> {
    match timestamp::basic(text) {
        Some(seconds) => Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?)),
        // botocore's `Date` header has its zone as a number
        None => httpdate::parse_http_date(&text.replace("-0000", "GMT")).ok(),
    }
}
