//! The way over a proxy.
//!
//! A request of plain HTTP is sent to the proxy itself, with the whole URL in its first line. For HTTPS the proxy is asked
//! for a tunnel (CONNECT), inside of which the server is spoken to in TLS as without a proxy; or, where the caller wants
//! that, the proxy is sent the whole URL here too and does the TLS. A proxy whose own URL is https is spoken to in TLS.
//!
//! It promises: nothing goes past a proxy that is set; its password is shown in no message and sent to nobody else. What
//! goes wrong before a tunnel stands is the proxy's failure.

use bytes::Bytes;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{Empty, Full};
use hyper::client::conn::http1;
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;

use super::exchange::{beside, lost};
use super::route::{Io, Stream};
use super::tls::{Identity, Verify};
use super::{Failure, Origin};

/// The proxies of a client, by the scheme of the URL that is called, and what TLS with them stands on.
///
/// In place of one that cannot be used there is the reason, for those who need it.
#[derive(Clone, Debug)]
pub struct Proxies {
    pub http: Option<Result<Proxy, String>>,
    pub https: Option<Result<Proxy, String>>,
    /// Servers are called directly all the same.
    pub bypassed: bool,
    /// Servers for which the opposite holds.
    pub otherwise: Vec<Origin>,
    pub verify: Verify,
    pub identity: Option<Identity>,
}

/// One proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub origin: Origin,
    /// Its URL as messages show it.
    pub shown: String,
    /// What proves the caller to it; marked as sensitive.
    pub authorization: Option<HeaderValue>,
    /// It does the TLS with servers, if it is spoken to in TLS itself.
    pub forwards_https: bool,
}

impl Proxies {
    pub(super) fn on_the_way_to(&self, origin: &Origin) -> Result<Option<&Proxy>, Failure> {
        if self.bypassed != self.otherwise.contains(origin) {
            return Ok(None);
        }
        match if origin.tls { &self.https } else { &self.http } {
            None => Ok(None),
            Some(Ok(proxy)) => Ok(Some(proxy)),
            Some(Err(reason)) => Err(Failure::ProxySetup(reason.clone())),
        }
    }
}

impl Proxy {
    /// Whether requests to `origin` are sent to the proxy itself; else through a tunnel.
    pub(super) fn forwards(&self, origin: &Origin) -> bool {
        !origin.tls || (self.forwards_https && self.origin.tls)
    }

    /// Makes a request to `origin` one for the proxy to forward.
    pub(super) fn address(&self, origin: &Origin, request: &mut Request<Full<Bytes>>) {
        let scheme = if origin.tls { "https" } else { "http" };
        let server = request.headers().get(HOST).map_or(&[][..], HeaderValue::as_bytes).to_ascii_lowercase();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let whole = Uri::builder().scheme(scheme).authority(&server[..]).path_and_query(path).build();
        if let Ok(whole) = whole {
            *request.uri_mut() = whole;
        }
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
    }

    pub(super) fn failure(&self, reason: String) -> Failure {
        Failure::Proxy { proxy: self.shown.clone(), reason }
    }

    /// A stream through the proxy to `origin`, asked for on one to the proxy.
    pub(super) async fn tunnel<S: Io>(&self, origin: &Origin, stream: Stream<S>) -> Result<Stream<S>, Failure> {
        let request = ask_for_tunnel(self, origin)?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, driver) = handshake.map_err(|error| lost(&error, None))?;
        let mut driver = Some(Box::pin(driver.with_upgrades()));
        let answer = beside(&mut driver, async {
            let answer = sender.send_request(request).await?;
            match answer.status() {
                StatusCode::OK => Ok::<_, hyper::Error>(Ok(hyper::upgrade::on(answer).await?)),
                _ => Ok(Err(answer)),
            }
        });
        match answer.await.map_err(|error| lost(&error, None))? {
            Ok(tunnel) => inside(tunnel),
            Err(refusal) => Err(self.failure(words(&refusal))),
        }
    }

    /// What fails on the way to the proxy is told of the proxy.
    pub(super) fn blame(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Connect(reason) | Failure::Tls(reason) => self.failure(reason),
            Failure::ConnectTimeout | Failure::ReadTimeout => self.failure("connect timed out".into()),
            other => other,
        }
    }
}

fn ask_for_tunnel(proxy: &Proxy, origin: &Origin) -> Result<Request<Empty<Bytes>>, Failure> {
    let host = &origin.host;
    let server = if host.contains(':') { format!("[{host}]:{}", origin.port) } else { format!("{host}:{}", origin.port) };
    let mut request = Request::builder().method(Method::CONNECT).uri(&server).header(HOST, &server);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    request.body(Empty::new()).map_err(|error| Failure::Connect(format!("{server}: {error}")))
}

/// The stream on which the tunnel was asked for; it is the server's now.
fn inside<S: Io>(tunnel: Upgraded) -> Result<Stream<S>, Failure> {
    match tunnel.downcast::<TokioIo<Stream<S>>>() {
        Ok(Parts { io, read_buf, .. }) if read_buf.is_empty() => Ok(io.into_inner()),
        _ => Err(Failure::Garbled("the proxy's answer goes on after its head".into())),
    }
}

fn words<B>(refusal: &Response<B>) -> String {
    let phrase = refusal.extensions().get::<hyper::ext::ReasonPhrase>().map(|phrase| String::from_utf8_lossy(phrase.as_bytes()));
    let phrase = phrase.as_deref().or(refusal.status().canonical_reason()).unwrap_or_default();
    format!("Tunnel connection failed: {} {phrase}", refusal.status().as_u16())
}
