//! The bucket behind artifacts: presigned URLs on the emulator's own port, checked as S3 checks them.
//!
//! A URL names the place of an artifact and holds for an hour. Its key is the server's own, so that it ends with it.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::request::Parts as Head;
use http::{HeaderValue, Response, StatusCode, header};

use super::Cloud;
use super::artifacts;
use super::byte_range::Part;
use super::error::Result;
use super::input::{pairs, percent_decode};
use super::store::Millis;
use crate::client::identity::Credentials;
use crate::client::sign::{Signable, Signer, Stamp};
use crate::protocol::timestamp;
use crate::protocol::uri;

/// What the paths of artifacts begin with.
pub const PATH: &str = "/greengrass-artifacts/";
/// How long a URL holds, in seconds.
const EXPIRES: i64 = 3600;
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

#[derive(Debug)]
pub struct Bucket {
    /// As clients reach the server, `http://127.0.0.1:4566`.
    endpoint: String,
    signer: Signer,
    credentials: Credentials,
}

/// Why a URL is not served: the status, code and text of S3.
#[derive(Debug, PartialEq, Eq)]
struct Refusal(u16, &'static str, &'static str);

const DENIED: Refusal = Refusal(403, "AccessDenied", "Access Denied");
const INCOMPLETE: Refusal = Refusal(
    400,
    "AuthorizationQueryParametersError",
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, \
     X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
);
const WRONG: Refusal = Refusal(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
);
const EXPIRED: Refusal = Refusal(403, "AccessDenied", "Request has expired");
const OUT_OF_RANGE: Refusal = Refusal(416, "InvalidRange", "The requested range is not satisfiable");

impl Bucket {
    pub fn new(endpoint: String, region: String) -> Self {
        let credentials = Credentials {
            access_key: "ASIAFLEETGRASSBUCKET".into(),
            secret_key: Some(uuid::Uuid::new_v4().to_string()),
            token: Some("fleetgrass".into()),
            account_id: None,
        };
        Self { endpoint, signer: Signer::new(region, "s3".into(), true), credentials }
    }

    /// The URL that serves what is at `place` for an hour from `now`.
    pub fn presign(&self, place: &str, now: Millis) -> String {
        let stamp = stamp(now.div_euclid(1000));
        let credential = format!("{}/{}", self.credentials.access_key, self.signer.scope(&stamp));
        let expires = EXPIRES.to_string();
        let parameters = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &stamp.text),
            ("X-Amz-Expires", &expires),
            ("X-Amz-Security-Token", self.credentials.token.as_deref().unwrap_or_default()),
            ("X-Amz-SignedHeaders", "host"),
        ];
        let mut target = String::from(PATH);
        uri::encode_path(&mut target, place.as_bytes());
        for (at, (name, value)) in parameters.into_iter().enumerate() {
            target.push_str(if at == 0 { "?" } else { "&" });
            target.push_str(name);
            target.push('=');
            uri::encode(&mut target, value.as_bytes());
        }
        let host = self.endpoint.rsplit('/').next().unwrap_or_default();
        let signature = self.signature("GET", &target, host, &stamp);
        format!("{}{target}&X-Amz-Signature={signature}", self.endpoint)
    }

    fn signature(&self, method: &str, target: &str, host: &str, stamp: &Stamp) -> String {
        let request = Signable { method, target, headers: &[("host", host)], payload_hash: UNSIGNED };
        self.signer.signature(request, &self.credentials, stamp)
    }

    /// Whether the request is one that [`presign`](Self::presign) made, and still holds.
    fn check(&self, method: &str, path: &str, query: &str, host: &str, now: Millis) -> Result<(), Refusal> {
        if !query.contains("X-Amz-") {
            return Err(DENIED);
        }
        let given = |name: &str| pairs(query).find(|(given, _)| given == name).map(|(_, value)| value);
        let signed = given("X-Amz-Date").and_then(|text| timestamp::from_basic(&text));
        let expires = given("X-Amz-Expires").and_then(|text| text.parse::<i64>().ok());
        let (Some(signed), Some(expires), Some(signature)) = (signed, expires, given("X-Amz-Signature")) else {
            return Err(INCOMPLETE);
        };
        let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
        if self.signature(method, &format!("{path}?{}", rest.join("&")), host, &stamp(signed)) != signature {
            return Err(WRONG);
        }
        if now > signed.saturating_add(expires).saturating_mul(1000) { Err(EXPIRED) } else { Ok(()) }
    }
}

fn stamp(seconds: i64) -> Stamp {
    Stamp::at(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// Answers a request for a path that begins with [`PATH`].
pub fn answer(cloud: &Cloud, head: &Head) -> Response<Bytes> {
    let found = cloud.transact(|state| {
        let path = head.uri.path();
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let query = head.uri.query().unwrap_or_default();
        match state.bucket.check(head.method.as_str(), path, query, host, state.now) {
            Ok(()) => artifacts::content(state, &percent_decode(&path[PATH.len()..])).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    });
    match found {
        Ok(Ok(content)) => part(content.into(), head),
        Ok(Err(refusal)) => refusal.response(),
        Err(error) => response(500, "text/plain", error.message.into()),
    }
}

/// `content`, or what of it is asked for. There is no `ETag`, so that what depends on one is sent whole.
fn part(content: Bytes, head: &Head) -> Response<Bytes> {
    let asked = head.headers.get(header::RANGE).filter(|_| !head.headers.contains_key(header::IF_RANGE));
    let asked = asked.and_then(|range| range.to_str().ok()).unwrap_or_default();
    let length = content.len();
    let (mut response, range) = match Part::of(asked, length) {
        Part::Whole => (response(200, "binary/octet-stream", content), None),
        Part::Bytes(range) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            (response(206, "binary/octet-stream", content.slice(range)), Some(told))
        }
        Part::Nothing => (OUT_OF_RANGE.response(), Some(format!("bytes */{length}"))),
    };
    response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

impl Refusal {
    fn response(&self) -> Response<Bytes> {
        let Self(status, code, message) = self;
        let text =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        response(*status, "application/xml", text.into())
    }
}

fn response(status: u16, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_788_250_001_125;

    fn check(bucket: &Bucket, method: &str, url: &str, now: Millis) -> Result<(), Refusal> {
        let target = url.strip_prefix("http://127.0.0.1:9").expect("the endpoint");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        bucket.check(method, path, query, "127.0.0.1:9", now)
    }

    #[test]
    fn a_url_holds_for_an_hour_and_as_it_is() {
        let bucket = Bucket::new("http://127.0.0.1:9".into(), "eu-west-1".into());
        let url = bucket.presign("arn:aws:a/b c.jar", NOW);
        assert!(url.starts_with("http://127.0.0.1:9/greengrass-artifacts/arn%3Aaws%3Aa/b%20c.jar?X-Amz-Algorithm="), "{url}");
        assert_eq!(check(&bucket, "GET", &url, NOW), Ok(()));
        assert_eq!(check(&bucket, "GET", &url, NOW - 125 + 3_600_000), Ok(()));
        assert_eq!(check(&bucket, "GET", &url, NOW + 3_600_000), Err(EXPIRED));
        assert_eq!(check(&bucket, "GET", &url.replace("b%20c", "b%20d"), NOW), Err(WRONG));
        assert_eq!(check(&bucket, "GET", &url.replace("Expires=3600", "Expires=9999"), NOW), Err(WRONG));
        assert_eq!(check(&bucket, "PUT", &url, NOW), Err(WRONG));
        assert_eq!(check(&bucket, "GET", &url.replace("&X-Amz-Expires=3600", ""), NOW), Err(INCOMPLETE));
        assert_eq!(check(&bucket, "GET", url.split('?').next().unwrap_or_default(), NOW), Err(DENIED));
        let other = Bucket::new("http://127.0.0.1:9".into(), "eu-west-1".into());
        assert_eq!(check(&other, "GET", &url, NOW), Err(WRONG));
    }
}
