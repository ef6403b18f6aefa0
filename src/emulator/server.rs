//! The wire: a request becomes a call of a handler, its value or refusal becomes an answer.
//!
//! All of it runs on one thread, since every request is one transaction on one database.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State as Shared};
use http::request::Parts as Head;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::LengthLimitError;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Cloud;
use super::error::{Reason, Result, ServiceError};
use super::faults::Met;
use super::input::{Input, Parts, pairs};
use super::output;
use super::replies;
use super::request_log::Entry;
use super::routes::{self, Route};
use super::store::State;
use crate::model::{Model, Operation};

/// The most bytes that the gateway before the service takes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;
/// How long requests may go on after a stop.
const GRACE: Duration = Duration::from_secs(2);

/// Serves `cloud` until `stop` resolves.
pub async fn serve(listener: TcpListener, cloud: Arc<Cloud>, stop: oneshot::Receiver<()>) {
    let (stopping, stopped) = oneshot::channel();
    let app = Router::new().fallback(answer).with_state(cloud);
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        // a sender that is gone means the same as one that says so
        let _ = stop.await;
        let _ = stopping.send(());
    });
    let patience = async {
        let _ = stopped.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = async { server.await } => {}
        () = patience => {}
    }
}

async fn answer(Shared(cloud): Shared<Arc<Cloud>>, request: Request) -> Response<Body> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let route = routes::find(Model::greengrassv2(), head.method.as_str(), head.uri.path());
    let operation = route.as_ref().map(|(operation, _)| *operation);
    let met = operation.map(|operation| cloud.faults.meet(operation)).unwrap_or_default();
    if !met.latency.is_zero() {
        tokio::time::sleep(met.latency).await;
    }
    let answered = match to_bytes(body, BODY_LIMIT).await {
        Ok(body) => call(&cloud, &head, &body, route, &met),
        Err(error) if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) => Err(ServiceError::too_large()),
        Err(error) => Err(ServiceError::validation(Reason::CannotParse, format!("Could not read request body: {error}"))),
    };
    let error = answered.as_ref().err().map(|error| error.code);
    let mut response = match answered {
        Ok(Answer { status, body: Some(body) }) => json(status, body),
        Ok(Answer { status, body: None }) => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = status;
            response
        }
        Err(error) => {
            let mut response = json(status(error.status), error.body().to_string());
            response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.code));
            if let Some(seconds) = error.retry_after() {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
    };
    let request_id = uuid::Uuid::new_v4().to_string();
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
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    match met.injury {
        Some(injury) => injury.apply(response).map(Body::new),
        None => response.map(Body::from),
    }
}

struct Answer {
    status: StatusCode,
    /// None for an operation that answers 204.
    body: Option<String>,
}

fn call(cloud: &Cloud, head: &Head, body: &Bytes, route: Option<Route>, met: &Met) -> Result<Answer> {
    let query = head.uri.query().unwrap_or_default();
    if !is_signed(head, query) {
        return Err(ServiceError::missing_token("Missing Authentication Token"));
    }
    let model = Model::greengrassv2();
    let Some((operation, labels)) = route else {
        return Err(ServiceError::missing_token("Missing Authentication Token"));
    };
    let Some(handler) = routes::handler(&operation.name) else {
        return Err(ServiceError::missing_token(format!("The local cloud does not have {} yet", operation.name)));
    };
    if let Some(quota) = &cloud.quota {
        quota.admit(&operation.name, Instant::now())?;
    }
    met.refuse()?;
    let input = Input::read(model, operation, &Parts { labels, query, headers: &head.headers, body })?;
    let serve = |state: &State| match met.cut {
        Some(cut) => cut.apply(state, operation, &input, handler),
        None => replies::once(state, operation, &input, handler),
    };
    let value = match met.lag_millis() {
        Some(lag) => cloud.store.transact_past(&cloud.names, lag, serve),
        None => cloud.transact(serve),
    }?;
    Ok(Answer { status: status(operation.status), body: written(model, operation, &value) })
}

fn written(model: &Model, operation: &Operation, value: &Value) -> Option<String> {
    (operation.status != 204).then(|| match operation.output {
        Some(shape) => output::to_json(model, shape, value),
        None => "{}".into(),
    })
}

/// Whether a request carries a signature, in its header or its query. What it says is not looked at.
fn is_signed(head: &Head, query: &str) -> bool {
    head.headers.contains_key(header::AUTHORIZATION) || pairs(query).any(|(name, _)| name == "X-Amz-Signature")
}

fn json(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
