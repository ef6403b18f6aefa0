//! All that a client needs to know, settled: nothing is looked up after this, save credentials that expire.
//!
//! The facade fills it from arguments, environment and files; `docs/architecture.md` says who does what.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use serde::Deserialize;

use crate::client::identity::Credentials;
use crate::client::transport::{self, Identity, Proxies, Proxy, Verify};
use crate::client::url::Endpoint;
use crate::protocol::validate::Validation;

#[derive(Clone, Debug, Deserialize)]
pub struct Options {
    /// Signatures are made for this Region.
    pub signing_region: String,
    /// The URL that is really called.
    pub endpoint_url: String,
    /// Where a client with a device's certificate calls what devices call.
    pub data_plane: Option<DataPlaneOption>,
    /// Those that stay. `None`: a provider is asked for them, or nobody found any, which is an error of a signed call.
    pub credentials: Option<Credentials>,
    pub signature_version: SignatureVersion,
    /// The user agent before and after its list of features.
    pub user_agent_prefix: String,
    pub user_agent_suffix: String,
    /// `None` where the user agent is the caller's own.
    pub user_agent_features: Option<Vec<String>>,
    pub parameter_validation: Validation,
    /// Seconds.
    pub connect_timeout: Option<f64>,
    /// Seconds of silence.
    pub read_timeout: Option<f64>,
    pub max_pool_connections: usize,
    /// What the caller said of the budget.
    pub requests_per_second: Option<f64>,
    /// No rule of AWS made the endpoint's URL, so no quota of AWS is known to apply.
    pub custom_endpoint: bool,
    /// Of the body of an answer; `None`: no limit.
    pub max_response_bytes: Option<u64>,
    pub retry_mode: RetryMode,
    pub total_max_attempts: u32,
    pub verify: VerifyOption,
    pub client_cert: Option<ClientCertificate>,
    /// `None`: servers are called directly.
    pub proxies: Option<ProxyOptions>,
    pub tcp_keepalive: bool,
    /// On AWS Lambda the function's trace id goes along.
    pub trace_id_from_lambda: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureVersion {
    V4,
    /// As V4, with the path as it is and the body's hash in a header.
    S3V4,
    Unsigned,
    Bearer,
    Unknown(String),
}

impl From<&str> for SignatureVersion {
    fn from(name: &str) -> Self {
        match name {
            "v4" => Self::V4,
            "s3v4" => Self::S3V4,
            "unsigned" => Self::Unsigned,
            "bearer" => Self::Bearer,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for SignatureVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(deserializer)?.as_str().into())
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum RetryMode {
    Legacy,
    Standard,
    Adaptive,
}

/// `verify`, as `requests` made it known: yes, no, or a PEM file.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum VerifyOption {
    Switch(bool),
    File(PathBuf),
}

/// One PEM file with both, or a file each.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ClientCertificate {
    Both(PathBuf),
    Pair(PathBuf, PathBuf),
}

#[derive(Clone, Debug, Deserialize)]
pub struct DataPlaneOption {
    pub url: String,
    /// It was named, so all that it serves is called there, not only what nothing else serves.
    pub named: bool,
}

/// The proxies by the scheme of the URL that is called, and how they are spoken to.
#[derive(Clone, Debug, Deserialize)]
pub struct ProxyOptions {
    pub http: Option<ProxyOption>,
    pub https: Option<ProxyOption>,
    /// Servers are called directly all the same.
    pub bypassed: bool,
    /// The URLs of servers for which the opposite holds.
    pub otherwise: Vec<String>,
    pub verify: VerifyOption,
    pub client_cert: Option<ClientCertificate>,
    pub forwards_https: bool,
}

/// One proxy, or why what was said of it cannot be used.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum ProxyOption {
    Proxy {
        /// Scheme, host and port.
        url: String,
        /// The URL as messages show it.
        shown: String,
        /// What proves the caller to the proxy.
        authorization: Option<String>,
    },
    Unusable(String),
}

impl fmt::Debug for ProxyOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proxy { shown: text, .. } | Self::Unusable(text) => f.write_str(text),
        }
    }
}

impl ProxyOption {
    fn proxy(&self, forwards_https: bool) -> Result<Proxy, String> {
        let (url, shown, authorization) = match self {
            Self::Proxy { url, shown, authorization } => (url, shown, authorization),
            Self::Unusable(reason) => return Err(reason.clone()),
        };
        let unusable = |what: &str| format!("the proxy URL {shown} has no valid {what}");
        let origin = Endpoint::parse(url).ok_or_else(|| unusable("host"))?.origin;
        let mut authorization =
            authorization.as_deref().map(HeaderValue::from_str).transpose().map_err(|_| unusable("user and password"))?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Proxy { origin, shown: shown.clone(), authorization, forwards_https })
    }
}

impl ProxyOptions {
    fn proxies(&self) -> Proxies {
        let proxy = |option: &Option<ProxyOption>| option.as_ref().map(|option| option.proxy(self.forwards_https));
        Proxies {
            http: proxy(&self.http),
            https: proxy(&self.https),
            bypassed: self.bypassed,
            otherwise: self.otherwise.iter().filter_map(|url| Some(Endpoint::parse(url)?.origin)).collect(),
            verify: self.verify.verify(),
            identity: self.client_cert.as_ref().map(ClientCertificate::identity),
        }
    }
}

impl VerifyOption {
    fn verify(&self) -> Verify {
        match self {
            Self::Switch(true) => Verify::System,
            Self::Switch(false) => Verify::Off,
            Self::File(path) => Verify::File(path.clone()),
        }
    }
}

impl ClientCertificate {
    fn identity(&self) -> Identity {
        match self {
            Self::Both(path) => Identity { certificate: path.clone(), key: path.clone() },
            Self::Pair(certificate, key) => Identity { certificate: certificate.clone(), key: key.clone() },
        }
    }
}

impl Options {
    #[must_use]
    pub fn transport(&self) -> transport::Options {
        let seconds = |value: Option<f64>| value.and_then(|value| Duration::try_from_secs_f64(value).ok());
        transport::Options {
            connect_timeout: seconds(self.connect_timeout),
            read_timeout: seconds(self.read_timeout),
            max_idle: self.max_pool_connections,
            keepalive: self.tcp_keepalive,
            max_body: self.max_response_bytes.unwrap_or(u64::MAX),
            verify: self.verify.verify(),
            identity: self.client_cert.as_ref().map(ClientCertificate::identity),
            proxies: self.proxies.as_ref().map(ProxyOptions::proxies),
        }
    }

    /// The `User-Agent` of a call; pages of a paginator say so in it.
    #[must_use]
    pub fn user_agent(&self, paginated: bool) -> String {
        let features = self.user_agent_features.as_ref().map(|features| {
            let paginated = paginated.then(|| "C".to_owned());
            format!("m/{}", features.iter().cloned().chain(paginated).collect::<Vec<_>>().join(","))
        });
        let parts = [Some(self.user_agent_prefix.clone()), features, Some(self.user_agent_suffix.clone())];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
