//! What people debug with: how each attempt of a call ended, and what follows.
//!
//! Told to one listener a process, while somebody wants to know; nothing is made of an attempt otherwise. Names, numbers
//! and the service's request id are told: no header, body, URL or reason that another has worded, and so no secret.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::client::transport::Failure;

/// An attempt that has ended.
#[derive(Debug)]
pub struct Ended<'a> {
    pub operation: &'a str,
    /// From 1.
    pub attempt: u32,
    pub answer: &'a Result<Response<Bytes>, Failure>,
    pub took: Duration,
    /// How long the next attempt waits, if there is one.
    pub again: Option<Duration>,
}

static LISTENER: OnceLock<fn(&Ended)> = OnceLock::new();
static WANTED: AtomicBool = AtomicBool::new(false);

/// From now on attempts are told to `listener`, which is the process's only one, or to nobody.
pub fn listen(listener: Option<fn(&Ended)>) {
    if let Some(listener) = listener {
        LISTENER.get_or_init(|| listener);
    }
    WANTED.store(listener.is_some(), Ordering::Relaxed);
}

/// Tells what `ended` makes, if anybody listens.
pub(super) fn tell<'a>(ended: impl FnOnce() -> Ended<'a>) {
    if WANTED.load(Ordering::Relaxed)
        && let Some(listener) = LISTENER.get()
    {
        listener(&ended());
    }
}

impl fmt::Display for Ended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} attempt {}: ", self.operation, self.attempt)?;
        match self.answer {
            Ok(answer) => {
                write!(f, "status {}", answer.status().as_u16())?;
                if let Some(id) = answer.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()) {
                    write!(f, ", request id {id}")?;
                }
            }
            Err(failure) => f.write_str(kind(failure))?,
        }
        write!(f, ", {:.1} ms", self.took.as_secs_f64() * 1000.0)?;
        self.again.map_or(Ok(()), |wait| write!(f, ", again in {:.3} s", wait.as_secs_f64()))
    }
}

fn kind(failure: &Failure) -> &'static str {
    match failure {
        Failure::Connect(_) => "not connected",
        Failure::ConnectTimeout => "connect timeout",
        Failure::ReadTimeout => "read timeout",
        Failure::Closed { .. } => "connection closed",
        Failure::Garbled(_) => "no HTTP",
        Failure::TooLarge { .. } => "body too large",
        Failure::Tls(_) => "TLS failed",
        Failure::Setup(_) => "certificate or key unusable",
        Failure::Proxy { .. } => "proxy failed",
        Failure::ProxySetup(_) => "proxy settings unusable",
        Failure::Interrupted(_) => "interrupted",
    }
}
