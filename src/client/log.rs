//! What people debug with: how each attempt of a call ended, and what follows.
//!
//! Told to one listener a process, while somebody wants to know; nothing is made of an attempt otherwise. Names, numbers
//! and the service's request id are told: no header, body, URL or reason that another has worded, and so no secret.
//!
//! A listener may take its time and make calls itself, so it runs on the thread that wants the call: at once, where the
//! call is made there, else when its answer is taken ([`Answer::log`](crate::client::many::Answer::log)).

use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::client::transport::Failure;
use crate::error::Result;

/// An attempt that has ended, in words.
#[derive(Debug)]
pub struct Ended {
    /// Another one follows.
    pub again: bool,
    pub words: String,
}

/// Its error ends the call.
pub type Listener = fn(&Ended) -> Result<()>;

static LISTENER: OnceLock<Listener> = OnceLock::new();
static WANTED: AtomicBool = AtomicBool::new(false);

/// From now on attempts are told to `listener`, which is the process's only one, or to nobody.
pub fn listen(listener: Option<Listener>) {
    if let Some(listener) = listener {
        LISTENER.get_or_init(|| listener);
    }
    WANTED.store(listener.is_some(), Ordering::Relaxed);
}

/// Whether anybody listens.
pub(super) fn is_wanted() -> bool {
    WANTED.load(Ordering::Relaxed)
}

/// Tells the listener, on this thread.
pub fn tell(ended: &Ended) -> Result<()> {
    LISTENER.get().map_or(Ok(()), |listener| listener(ended))
}

impl Ended {
    /// `attempt` counts from 1; `again` is how long the next one waits, if there is one.
    pub(super) fn new(
        operation: &str,
        attempt: u32,
        answer: &Result<Response<Bytes>, Failure>,
        took: Duration,
        again: Option<Duration>,
    ) -> Self {
        let mut words = format!("{operation} attempt {attempt}: ");
        match answer {
            Ok(answer) => {
                // Writing to a String cannot fail.
                let _ = write!(words, "status {}", answer.status().as_u16());
                if let Some(id) = answer.headers().get("x-amzn-requestid").and_then(|id| id.to_str().ok()) {
                    let _ = write!(words, ", request id {id}");
                }
            }
            Err(failure) => words.push_str(kind(failure)),
        }
        let _ = write!(words, ", {:.1} ms", took.as_secs_f64() * 1000.0);
        if let Some(wait) = again {
            let _ = write!(words, ", again in {:.3} s", wait.as_secs_f64());
        }
        Self { again: again.is_some(), words }
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
