//! The wire: connections bring requests, a request becomes a call of a handler, its value or refusal an answer.
//!
//! All of it runs on one thread, since every request is one transaction on one database.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::request::Parts as Head;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rusqlite::TransactionBehavior;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use uuid::Uuid;

use super::Cloud;
use super::bucket;
use super::device_door;
use super::error::{Reason, Result, ServiceError};
use super::input::{Input, Parts};
use super::output::Style;
use super::replies;
use super::routes::{self, Route};
use crate::model::Model;

/// The most bytes that the gateway before the service takes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// How long requests may go on after a stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait where connections cannot be taken, as when there are no more files to open.
const PAUSE: Duration = Duration::from_millis(100);

/// A request as it comes in, and the certificate of its sender where the door asks for one.
#[derive(Debug)]
pub struct Arrival {
    pub request: Request<Incoming>,
    pub certificate: Option<Arc<CertificateDer<'static>>>,
}

/// Answers what comes to `listener`, behind TLS or not, until `stop` changes or its sender is gone.
pub async fn serve<A, F>(listener: TcpListener, tls: Option<TlsAcceptor>, answer: A, mut stop: watch::Receiver<()>)
where
    A: Fn(Arrival) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let open = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // answers that leave at once are a matter of speed only
        let _ = stream.set_nodelay(true);
        let (watcher, answer, tls) = (open.watcher(), answer.clone(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => connection(stream, None, answer, watcher).await,
                Some(tls) => {
                    // who has no certificate goes away with the handshake
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned();
                    connection(stream, certificate.map(Arc::new), answer, watcher).await;
                }
            }
        });
    }
    drop(listener);
    // those that go on longer are cut off
    let _ = tokio::time::timeout(GRACE, open.shutdown()).await;
}

async fn connection<S, A, F>(stream: S, certificate: Option<Arc<CertificateDer<'static>>>, answer: A, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    A: Fn(Arrival) -> F,
    F: Future<Output = Response<Full<Bytes>>> + 'static,
{
    let service = service_fn(|request| {
        let answered = answer(Arrival { request, certificate: certificate.clone() });
        async { Ok::<_, Infallible>(answered.await) }
    });
    // what goes wrong with a connection is for its other end to tell
    let _ = watcher.watch(http1::Builder::new().serve_connection(TokioIo::new(stream), service)).await;
}

/// The answer of the cloud.
pub async fn answer(cloud: Arc<Cloud>, Arrival { request, certificate }: Arrival) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with(bucket::PATH) {
        return bucket::answer(&cloud, &head);
    }
    let answered = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => call(&cloud, &head, &body.to_bytes(), certificate.as_deref()),
        Err(error) if error.is::<LengthLimitError>() => Err(ServiceError::too_large()),
        Err(error) => Err(ServiceError::validation(Reason::CannotParse, format!("Could not read request body: {error}"))),
    };
    let style = cloud.style;
    let mut response = answered.unwrap_or_else(|error| refusal(&error, style));
    mark(&mut response, style);
    response
}

fn call(cloud: &Cloud, head: &Head, body: &[u8], certificate: Option<&CertificateDer>) -> Result<Response<Full<Bytes>>> {
    let route = routes::find(head.method.as_str(), head.uri.path()).ok_or_else(ServiceError::missing_token)?;
    let model = route.model;
    perform(cloud, route, head, body, certificate).map_err(|error| error.told_by(model))
}

fn perform(
    cloud: &Cloud,
    Route { model, operation, labels }: Route,
    head: &Head,
    body: &[u8],
    certificate: Option<&CertificateDer>,
) -> Result<Response<Full<Bytes>>> {
    let service = &model.metadata.signing_name;
    let device = certificate.map(|certificate| device_door::caller(&cloud.setting.names, certificate));
    let caller = match &device {
        Some(device) => device_door::admit(device, service, operation).map(|()| device.as_str())?,
        None => cloud.caller(head, body, service, &operation.name)?,
    };
    let handler = routes::handler(&operation.name).ok_or_else(|| ServiceError::not_here(&operation.name))?;
    let query = head.uri.query().unwrap_or_default();
    let input = Input::read(model, operation, &Parts { labels, query, headers: &head.headers, body })?;
    let behavior = match &*operation.http_method {
        "GET" => TransactionBehavior::Deferred,
        _ => TransactionBehavior::Immediate,
    };
    let value = cloud.transact_for(caller, behavior, |state| replies::once(state, model, operation, &input, handler))?;
    let status = status(operation.status);
    Ok(match (operation.status, operation.output) {
        (204, _) => {
            let mut response = Response::default();
            *response.status_mut() = status;
            response
        }
        (_, None) => json(status, "{}"),
        (_, shape) => json(status, cloud.style.write(model, shape, &value)),
    })
}

fn refusal(error: &ServiceError, style: Style) -> Response<Full<Bytes>> {
    let (headers, body) = error.parts();
    let mut response = json(status(error.status), style.write(Model::greengrassv2(), None, &body));
    if !error.code.is_empty() {
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.code));
    }
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Adds what every answer carries; in the observed style that is all that was seen, as of a gateway before the service.
fn mark(response: &mut Response<Full<Bytes>>, style: Style) {
    let length = response.body().size_hint().exact().unwrap_or_default();
    let mut insert = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    let id = Uuid::new_v4().to_string();
    insert("x-amzn-requestid", &id);
    if style == Style::Observed {
        let (now, random) = (SystemTime::now(), Uuid::new_v4());
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        insert("x-amz-apigw-id", &BASE64.encode(&random.as_bytes()[..11]));
        insert("x-amzn-trace-id", &format!("Root=1-{seconds:08x}-{}", &random.simple().to_string()[8..]));
        insert("x-amzn-remapped-x-amzn-requestid", &id);
        insert("x-amzn-remapped-content-length", &length.to_string());
        insert("x-amzn-remapped-date", &httpdate::fmt_http_date(now));
    }
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
