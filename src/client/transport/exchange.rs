//! One request and its whole answer over an open channel.
//!
//! Nothing here waits for time or looks for an interrupt: that is for whoever polls the future.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio_rustls::rustls;

use super::Failure;
use super::route::{Io, Stream};

/// The longest head of an answer, in bytes; of its headers there are at most 100, which hyper sees to.
const MAX_HEAD: usize = 400 * 1024;

/// A connection on which HTTP is spoken.
pub(super) struct Channel {
    sender: SendRequest<Full<Bytes>>,
    /// What moves the bytes; gone when the connection has come to its end.
    driver: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
}

impl Channel {
    /// Begins with HTTP on a stream. Sends nothing and never waits.
    pub(super) async fn open<S: Io>(stream: Stream<S>) -> Result<Self, Failure> {
        let handshake = http1::Builder::new()
            .max_header_size(MAX_HEAD)
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(TokioIo::new(stream));
        let (sender, driver) = handshake.await.map_err(|error| lost(&error, None))?;
        Ok(Self { sender, driver: Some(Box::pin(driver)) })
    }

    /// Sends `request` and reads the whole answer, whose body may have `limit` bytes.
    pub(super) async fn exchange(&mut self, request: Request<Full<Bytes>>, limit: u64) -> Result<Response<Bytes>, Failure> {
        let (mut status, Self { sender, driver }) = (None, self);
        let answer = beside(driver, async {
            sender.ready().await?;
            let answer = sender.send_request(request).await?;
            status = Some(answer.status().as_u16());
            let (head, body) = answer.into_parts();
            let body = read(&head, body, limit).await?;
            Ok(Response::from_parts(head, body))
        });
        answer.await.map_err(|unread| match unread {
            Unread::Lost(error) => lost(&error, status),
            Unread::TooLarge { size } => Failure::TooLarge { status: status.unwrap_or_default(), size, limit },
        })
    }

    /// Whether it can carry another exchange.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }
}

/// Why an answer, of which `status` had come, did not come to its end.
pub(super) fn lost(error: &hyper::Error, status: Option<u16>) -> Failure {
    // In TLS 1.3 a server refuses our certificate only after the handshake has ended for us.
    if let Some(refusal) = cause(error).and_then(|cause| cause.get_ref()?.downcast_ref::<rustls::Error>()) {
        return Failure::Tls(refusal.to_string());
    }
    if status.is_none() && error.is_parse() {
        return Failure::Garbled(error.to_string());
    }
    Failure::Closed { status, reason: error.to_string() }
}

/// Runs `work`, and `driver` with it. When the driver ends it is dropped, by which `work` learns of it.
pub(super) async fn beside<T>(driver: &mut Option<impl Future + Unpin>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        // `work` hands over what the driver sends, and takes what it received.
        let worked = work.as_mut().poll(context);
        if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(context).is_ready()) {
            *driver = None;
        }
        worked
    })
    .await
}

/// Why a body was not read.
enum Unread {
    Lost(hyper::Error),
    /// It has more bytes than it may; `size` says how many, where the head does.
    TooLarge {
        size: Option<u64>,
    },
}

impl From<hyper::Error> for Unread {
    fn from(error: hyper::Error) -> Self {
        Self::Lost(error)
    }
}

/// The whole body, if it has at most `limit` bytes; of an error's answer that ended early what came, as botocore reads it.
///
/// No byte is waited for if the head announces too many, and none kept beyond the limit.
async fn read(head: &response::Parts, mut body: Incoming, limit: u64) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limit {
        return Err(Unread::TooLarge { size: body.size_hint().exact() });
    }
    let (mut pieces, mut size) = (Vec::<Bytes>::new(), 0);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                let Ok(piece) = frame.into_data() else { continue };
                size += piece.len() as u64;
                if size > limit {
                    return Err(Unread::TooLarge { size: None });
                }
                pieces.push(piece);
            }
            Err(error) if !head.status.is_success() && head.headers.contains_key(CONTENT_LENGTH) && ended(&error) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if pieces.len() == 1 {
        return Ok(pieces.swap_remove(0));
    }
    let mut whole = Vec::with_capacity(pieces.iter().map(Bytes::len).sum());
    // Each piece is freed as soon as it is copied, so that there is never the whole body twice.
    for piece in pieces {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

/// Whether the other side closed the connection, as opposed to one that was reset.
fn ended(error: &hyper::Error) -> bool {
    cause(error).is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
}

/// What the connection itself failed with.
fn cause(error: &hyper::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}
