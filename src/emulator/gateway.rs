//! The way of a request: it becomes a call of a handler, its value or refusal becomes an answer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::request::Parts as Head;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use rusqlite::TransactionBehavior;
use tokio_rustls::rustls::pki_types::CertificateDer;
use uuid::Uuid;

use super::Cloud;
use super::bucket;
use super::device_door;
use super::error::{Reason, Result, ServiceError};
use super::faults::Met;
use super::injury::Injured;
use super::input::{Input, Parts};
use super::output::Style;
use super::replies::{self, Ends};
use super::request_log::Entry;
use super::routes::{self, Handler, Route};
use super::server::Arrival;
use super::store::State;
use crate::model::{Model, Operation};

/// The most bytes that the gateway before the service takes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The body of an answer, whole or not.
pub type Body = Either<Full<Bytes>, Injured>;

/// The answer of the cloud.
pub async fn answer(cloud: Arc<Cloud>, Arrival { request, certificate }: Arrival) -> Response<Body> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with(bucket::PATH) {
        return bucket::answer(&cloud, &head).map(Full::new).map(Either::Left);
    }
    let route = routes::find(head.method.as_str(), head.uri.path());
    let (model, operation) = route.as_ref().map(|route| (route.model, route.operation)).unzip();
    let body = Limited::new(body, BODY_LIMIT).collect().await;
    let met = operation.map(|operation| cloud.faults.meet(operation)).unwrap_or_default();
    let admitted = match body {
        Ok(body) => route
            .ok_or_else(ServiceError::missing_token)
            .and_then(|route| admit(&cloud, &head, &body.to_bytes(), certificate.as_deref(), route, &met)),
        Err(error) if error.is::<LengthLimitError>() => Err(ServiceError::too_large()),
        Err(error) => Err(ServiceError::validation(Reason::CannotParse, format!("Could not read request body: {error}"))),
    };
    if !met.latency.is_zero() {
        tokio::time::sleep(met.latency).await;
    }
    let answered = admitted.and_then(|call| serve(&cloud, &call, &met));
    let answered = answered.map_err(|error| if let Some(model) = model { error.told_by(model) } else { error });
    let error = answered.as_ref().err().map(|error| error.code);
    let mut response = answered.unwrap_or_else(|error| refusal(&error, cloud.style));
    let request_id = Uuid::new_v4().to_string();
    mark(&mut response, &request_id, cloud.style);
    Entry {
        operation: operation.map(|operation| &*operation.name),
        method: head.method.as_str(),
        path: head.uri.path(),
        status: response.status(),
        error,
        took: begun.elapsed(),
        request_id: &request_id,
        fault: met.injury.map(|injury| format!("{injury:?}")),
    }
    .write(cloud.log);
    match met.injury {
        Some(injury) => injury.apply(response).map(Either::Right),
        None => response.map(Full::new).map(Either::Left),
    }
}

/// A request that may be served.
struct Call<'c> {
    model: &'static Model,
    operation: &'static Operation,
    handler: Handler,
    input: Input,
    caller: Cow<'c, str>,
    /// What tells others that it goes on.
    _ends: Option<Ends<'c>>,
}

/// Who asks, whether they may, and for what.
fn admit<'c>(
    cloud: &'c Cloud,
    head: &Head,
    body: &[u8],
    certificate: Option<&CertificateDer>,
    route: Route,
    met: &Met,
) -> Result<Call<'c>> {
    let (model, operation) = (route.model, route.operation);
    let service = &model.metadata.signing_name;
    let caller = match certificate.map(|certificate| device_door::caller(&cloud.setting.names, certificate)) {
        Some(device) => device_door::admit(&device, service, operation).map(|()| device.into())?,
        None => cloud.caller(head, body, &route)?.into(),
    };
    let handler = routes::handler(&operation.name).ok_or_else(|| ServiceError::not_here(&operation.name))?;
    if let Some(quota) = &cloud.quota {
        quota.admit(service, &operation.name, Instant::now())?;
    }
    met.refuse()?;
    let query = head.uri.query().unwrap_or_default();
    let input = Input::read(model, operation, &Parts { labels: route.labels, query, headers: &head.headers, body })?;
    let ends = cloud.running.begin(model, operation, &input)?;
    Ok(Call { model, operation, handler, input, caller, _ends: ends })
}

fn serve(cloud: &Cloud, call: &Call, met: &Met) -> Result<Response<Bytes>> {
    let &Call { model, operation, handler, ref input, ref caller, .. } = call;
    let behavior = match &*operation.http_method {
        "GET" => TransactionBehavior::Deferred,
        _ => TransactionBehavior::Immediate,
    };
    let serve = |state: &State| match met.cut {
        Some(cut) => cut.apply(state, operation, input, handler),
        None => replies::once(state, model, operation, input, handler),
    };
    let present = || cloud.transact_for(caller, behavior, serve);
    let value = match met.lag_millis() {
        // what is due happens all the same
        Some(lag) => {
            cloud.transact(|_| Ok::<_, ServiceError>(()))?;
            let past = cloud.store.transact_past(&cloud.setting, lag, |state| serve(&State { caller, ..*state }));
            past.unwrap_or_else(present)
        }
        None => present(),
    }?;
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

fn refusal(error: &ServiceError, style: Style) -> Response<Bytes> {
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
fn mark(response: &mut Response<Bytes>, request_id: &str, style: Style) {
    let length = response.body().len();
    let mut insert = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    insert("x-amzn-requestid", request_id);
    if style == Style::Observed {
        let (now, random) = (SystemTime::now(), Uuid::new_v4());
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        insert("x-amz-apigw-id", &BASE64.encode(&random.as_bytes()[..11]));
        insert("x-amzn-trace-id", &format!("Root=1-{seconds:08x}-{}", &random.simple().to_string()[8..]));
        insert("x-amzn-remapped-x-amzn-requestid", request_id);
        insert("x-amzn-remapped-content-length", &length.to_string());
        insert("x-amzn-remapped-date", &httpdate::fmt_http_date(now));
    }
}

fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
