//! Answers that do not arrive as they should: cut off before or within, or drop by drop.
//!
//! hyper sends the head of an answer together with its first bytes, and closes a connection whose body fails. So a body
//! that fails at once leaves the client without a byte, and one that fails after a pause has sent what came before it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::server::Abort;

/// What happens to the answer of an operation that has been done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Injury {
    /// The connection is reset without an answer.
    Reset,
    /// The connection ends after so many bytes of the body.
    Truncate(usize),
    /// The body comes with so many bytes a second.
    Slow(f64),
}

/// How often a slow body gives something.
const DRIP: Duration = Duration::from_millis(20);

impl Injury {
    /// `response`, whose body is `body`, as this injury leaves it.
    pub fn apply(self, response: Response<Bytes>) -> Response<Injured> {
        match self {
            // an answer of status 204 would be sent without a look at its body
            Self::Reset => {
                let mut cut = Response::new(Injured { rest: Bytes::new(), ending: Ending::Cut, length: 1 });
                cut.extensions_mut().insert(Abort);
                cut
            }
            Self::Truncate(kept) if kept < response.body().len() => response.map(|body| {
                let rest = body.slice(..kept);
                Injured { rest, ending: Ending::Pause, length: body.len() }
            }),
            Self::Truncate(_) => response.map(|body| Injured::drip(body, f64::INFINITY)),
            Self::Slow(rate) => response.map(|body| Injured::drip(body, rate)),
        }
    }
}

/// A body that promises `length` bytes.
pub struct Injured {
    rest: Bytes,
    ending: Ending,
    length: usize,
}

impl Injured {
    fn drip(body: Bytes, rate: f64) -> Self {
        let pace = Pace { rate, begun: Instant::now(), given: 0, sleep: Box::pin(tokio::time::sleep(Duration::ZERO)) };
        Self { length: body.len(), rest: body, ending: Ending::Drip(pace) }
    }
}

enum Ending {
    /// Gives the rest, then pauses.
    Pause,
    /// What was given is to be sent before the connection ends.
    Flush,
    Cut,
    Drip(Pace),
}

/// Keeps to so many bytes a second.
struct Pace {
    rate: f64,
    begun: Instant,
    given: usize,
    sleep: Pin<Box<Sleep>>,
}

impl hyper::body::Body for Injured {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        match &mut this.ending {
            Ending::Pause => {
                this.ending = Ending::Flush;
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.rest)))))
            }
            Ending::Flush => {
                this.ending = Ending::Cut;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::Cut => Poll::Ready(Some(Err(std::io::Error::other("cut off by a fault")))),
            Ending::Drip(_) if this.rest.is_empty() => Poll::Ready(None),
            Ending::Drip(pace) => loop {
                let due = pace.due().min(this.rest.len());
                if due > 0 {
                    pace.given += due;
                    return Poll::Ready(Some(Ok(Frame::data(this.rest.split_to(due)))));
                }
                let next = Instant::now() + pace.until_next();
                pace.sleep.as_mut().reset(next);
                std::task::ready!(pace.sleep.as_mut().poll(context));
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.ending, Ending::Drip(_)) && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length as u64)
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes of bodies")]
impl Pace {
    /// How many bytes more there may be now.
    fn due(&self) -> usize {
        ((self.begun.elapsed().as_secs_f64() * self.rate) as usize).saturating_sub(self.given)
    }

    /// How long it takes until there is another byte.
    fn until_next(&self) -> Duration {
        let next = Duration::try_from_secs_f64((self.given + 1) as f64 / self.rate).unwrap_or(Duration::MAX);
        next.saturating_sub(self.begun.elapsed()).max(DRIP)
    }
}

impl std::fmt::Debug for Injured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Injured").field("rest", &self.rest.len()).field("length", &self.length).finish_non_exhaustive()
    }
}
