//! SigV4: what a request must carry to be believed.
//!
//! The canonical request is ours, since it follows botocore's wire path (normalised and encoded a second time for the
//! signature only); key and signature are the AWS crate's, and the key is kept for its day. The clock is an argument.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest, Sha256};

use crate::client::identity::Credentials;
use crate::client::process::PerProcess;
use crate::protocol::timestamp;
use crate::protocol::uri;

/// Signs for one Region and service.
#[derive(Debug)]
pub struct Signer {
    region: String,
    service: String,
    /// Whether the path is signed as it is on the wire.
    raw_path: bool,
    day: PerProcess<Mutex<Option<Day>>>,
}

/// The key of a day.
#[derive(Clone)]
struct Day {
    date: String,
    /// What the key was made of. The access key is not part of it, and may stay when the secret changes.
    secret: String,
    key: Arc<[u8]>,
}

impl std::fmt::Debug for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Day({})", self.date)
    }
}

/// The parts of a request that are signed.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    pub method: &'a str,
    /// Path and query as on the wire.
    pub target: &'a str,
    /// Lower-case names, sorted.
    pub headers: &'a [(&'a str, &'a str)],
    /// Of the body, in hexadecimal.
    pub payload_hash: &'a str,
}

/// The time of a signature.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub time: SystemTime,
    /// As `x-amz-date` writes it.
    pub text: String,
}

impl Stamp {
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { time, text: timestamp::civil(i64::try_from(seconds).unwrap_or(i64::MAX)).basic() }
    }

    /// `20261123`.
    #[must_use]
    pub fn date(&self) -> &str {
        self.text.split('T').next().unwrap_or_default()
    }
}

impl Signer {
    #[must_use]
    pub fn new(region: String, service: String, raw_path: bool) -> Self {
        Self { region, service, raw_path, day: PerProcess::new(Mutex::default()) }
    }

    /// `<date>/<region>/<service>/aws4_request`.
    #[must_use]
    pub fn scope(&self, stamp: &Stamp) -> String {
        format!("{}/{}/{}/aws4_request", stamp.date(), self.region, self.service)
    }

    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self, request: Signable<'_>, credentials: &Credentials, stamp: &Stamp) -> String {
        let signature = self.signature(request, credentials, stamp);
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
            credentials.access_key,
            self.scope(stamp),
            signed_headers(request.headers),
        )
    }

    /// The signature alone, as a presigned URL carries it.
    #[must_use]
    pub fn signature(&self, request: Signable<'_>, credentials: &Credentials, stamp: &Stamp) -> String {
        let canonical = sha256(self.canonical(request).as_bytes());
        let string_to_sign = format!("AWS4-HMAC-SHA256\n{}\n{}\n{canonical}", stamp.text, self.scope(stamp));
        calculate_signature(self.key(credentials, stamp), string_to_sign.as_bytes())
    }

    fn canonical(&self, Signable { method, target, headers, payload_hash }: Signable<'_>) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut canonical = String::with_capacity(2 * target.len() + 256);
        canonical.push_str(method);
        canonical.push('\n');
        let path = if self.raw_path { path.to_owned() } else { encoded_again(path) };
        canonical.push_str(&path);
        canonical.push('\n');
        push_sorted(&mut canonical, query);
        for (name, value) in headers {
            canonical.push('\n');
            canonical.push_str(name);
            canonical.push(':');
            for (at, word) in words(value).enumerate() {
                canonical.push_str(if at == 0 { "" } else { " " });
                canonical.push_str(word);
            }
        }
        // Writing to a String cannot fail.
        let _ = write!(canonical, "\n\n{}\n{payload_hash}", signed_headers(headers));
        canonical
    }

    fn key(&self, credentials: &Credentials, stamp: &Stamp) -> Arc<[u8]> {
        let date = stamp.date();
        // A lock that another thread holds is no reason to wait: keys are cheap.
        let mut day = self.day.get(|_| Mutex::default()).try_lock().ok();
        let known = day.as_deref().and_then(Option::as_ref);
        let secret = credentials.secret_key.as_deref().unwrap_or("None");
        if let Some(day) = known.filter(|day| day.date == date && day.secret == secret) {
            return Arc::clone(&day.key);
        }
        let key: Arc<[u8]> = generate_signing_key(secret, stamp.time, &self.region, &self.service).as_ref().into();
        if let Some(day) = &mut day {
            **day = Some(Day { date: date.to_owned(), secret: secret.to_owned(), key: Arc::clone(&key) });
        }
        key
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 0xf] {
            hex.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    hex
}

/// Headers that what lies between may change; signatures leave them out.
const UNSIGNED: [&str; 14] = [
    "baggage",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];

/// Whether the header `name`, in lower case, is signed.
#[must_use]
pub fn is_signed(name: &str) -> bool {
    !UNSIGNED.contains(&name)
}

/// The names, as the signature lists them.
#[must_use]
pub fn signed_headers(headers: &[(&str, &str)]) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.join(";")
}

/// What white space parts, as Python sees it: the four separators of ASCII are among it.
fn words(value: &str) -> impl Iterator<Item = &str> {
    let space = |letter: char| letter.is_whitespace() || matches!(letter, '\x1c'..='\x1f');
    value.split(space).filter(|word| !word.is_empty())
}

fn encoded_again(path: &str) -> String {
    let mut encoded = String::with_capacity(2 * path.len());
    uri::encode_path(&mut encoded, normalized(path).as_bytes());
    encoded
}

/// Without dot segments and without empty ones, but for a slash at the end.
fn normalized(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Appends the parameters of `query` sorted by name, then value.
fn push_sorted(out: &mut String, query: &str) {
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !query.is_empty() || !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "&" });
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::Credentials as Identity;
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4::SigningParams;

    use super::*;

    fn credentials() -> Credentials {
        Credentials { access_key: "AKID".into(), secret_key: Some("secret".into()), token: None, account_id: None }
    }

    #[test]
    fn agrees_with_the_crates_own_signer() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (method, target, body) in [
            ("GET", "/greengrass/v2/components?maxResults=3&nextToken=a%2Fb", ""),
            ("GET", "/greengrass/v2/components/arn%3Aaws%3Agreengrass/metadata", ""),
            ("POST", "/greengrass/v2/deployments", "{\"targetArn\": \"x\"}"),
            ("DELETE", "/tags/a?tagKeys=b&tagKeys=a", ""),
        ] {
            let identity = SigningParams::<SigningSettings>::builder().settings(SigningSettings::default());
            let credential = Identity::new("AKID", "secret", None, None, "test").into();
            let params = identity.identity(&credential).region("eu-west-1").name("greengrass").time(now).build().unwrap().into();
            let url = format!("https://h.example{target}");
            let signable =
                SignableRequest::new(method, url.as_str(), std::iter::empty(), SignableBody::Bytes(body.as_bytes())).unwrap();
            let (_, want) = sign(signable, &params).unwrap().into_parts();
            let signer = Signer::new("eu-west-1".into(), "greengrass".into(), false);
            let stamp = Stamp::at(now);
            let headers = [("host", "h.example"), ("x-amz-date", stamp.text.as_str())];
            let request = Signable { method, target, headers: &headers, payload_hash: &sha256(body.as_bytes()) };
            assert_eq!(signer.signature(request, &credentials(), &stamp), want, "{method} {target}");
        }
    }

    #[test]
    fn dot_segments_are_signed_away() {
        assert_eq!(normalized("/a//b/../c/./d/"), "/a/c/d/");
        assert_eq!(normalized("/../.."), "/");
        assert_eq!(normalized("//"), "/");
    }

    #[test]
    fn the_key_is_made_anew_for_a_new_day_and_for_another_secret() {
        let signer = Signer::new("r".into(), "s".into(), false);
        let other = Credentials { secret_key: Some("other".into()), ..credentials() };
        let day = |days: u64, seconds: u64| Stamp::at(UNIX_EPOCH + Duration::from_secs(days * 86_400 + seconds));
        let first = signer.key(&credentials(), &day(1, 0));
        assert!(Arc::ptr_eq(&first, &signer.key(&credentials(), &day(1, 86_399))));
        assert_ne!(first, signer.key(&credentials(), &day(2, 0)));
        assert_ne!(signer.key(&credentials(), &day(2, 0)), signer.key(&other, &day(2, 0)));
    }
}
