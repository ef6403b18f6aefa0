//! How a call waits: for its socket, for a time, for what blocks.
//!
//! The life of a call is one `async fn`, whoever makes it, and is told how to wait. On the caller's thread each wait
//! blocks, and a Ctrl-C ends it: such a future is done when it is first polled ([`at_once`]). In the reactor a waiting
//! call gives way to the others, and who drops it ends it.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::client::identity::Credentials;
use crate::client::log::{self, Ended};
use crate::client::source::Source;
use crate::client::transport::{Drive, INTERRUPT_EVERY, Interrupt, Socket, deadline};
use crate::error::{Error, Result};

pub(super) trait Waiting {
    /// Runs `work` until it is done, or `socket` is silent for `timeout`.
    async fn drive<T>(&self, socket: &Socket, timeout: Option<Duration>, work: impl Future<Output = T>) -> Drive<T>;

    async fn sleep(&self, delay: Duration) -> Result<()>;

    /// Runs `work`, which blocks and which nothing can interrupt, on a thread of its own.
    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Aside<T>;

    /// Asks for credentials, which may take a while.
    async fn ask(&self, source: &Arc<Source>) -> Result<Option<Arc<Credentials>>>;

    /// Takes what the log is to be told.
    fn tell(&self, ended: Ended) -> Result<()>;
}

/// How work on another thread ended.
pub(super) enum Aside<T> {
    Done(T),
    /// There was no thread, or it died.
    Failed(String),
    Interrupted(Error),
}

/// Waits where the call is made; the interrupt is asked at least every 50 ms.
pub(super) struct CallersThread<'a>(pub(super) Interrupt<'a>);

impl Waiting for CallersThread<'_> {
    async fn drive<T>(&self, socket: &Socket, timeout: Option<Duration>, work: impl Future<Output = T>) -> Drive<T> {
        socket.drive(timeout, self.0, work)
    }

    async fn sleep(&self, delay: Duration) -> Result<()> {
        let until = deadline(delay);
        loop {
            (self.0)()?;
            let left = until.map_or(INTERRUPT_EVERY, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(INTERRUPT_EVERY));
        }
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Aside<T> {
        let (sender, receiver) = mpsc::channel();
        if let Err(error) = std::thread::Builder::new().spawn(move || drop(sender.send(work()))) {
            return Aside::Failed(error.to_string());
        }
        loop {
            match receiver.recv_timeout(INTERRUPT_EVERY) {
                Ok(done) => return Aside::Done(done),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    if let Err(error) = (self.0)() {
                        return Aside::Interrupted(error);
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Aside::Failed("its thread died".into()),
            }
        }
    }

    async fn ask(&self, source: &Arc<Source>) -> Result<Option<Arc<Credentials>>> {
        source.ask()
    }

    fn tell(&self, ended: Ended) -> Result<()> {
        log::tell(&ended)
    }
}

/// Sleeps where it is called, and asks at least every 50 ms.
pub fn sleep(delay: Duration, interrupt: Interrupt) -> Result<()> {
    at_once(CallersThread(interrupt).sleep(delay))
}

/// What a future gives that waits on the caller's thread only.
pub(super) fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("a wait on the caller's thread blocks"),
    }
}
