//! A value that one thread has yet to give, and that a task waits for.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

#[derive(Debug)]
pub(super) struct Promise<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    value: Option<T>,
    /// Who waits.
    waker: Option<Waker>,
}

impl<T> Default for Promise<T> {
    fn default() -> Self {
        Self(Mutex::new(State { value: None, waker: None }))
    }
}

impl<T> Promise<T> {
    pub(super) fn keep(&self, value: T) {
        let mut state = self.state();
        state.value = Some(value);
        let waker = state.waker.take();
        drop(state);
        waker.inspect(Waker::wake_by_ref);
    }

    /// The value, to be taken once.
    pub(super) async fn kept(&self) -> T {
        poll_fn(|context| {
            let mut state = self.state();
            if state.value.is_none() {
                state.waker = Some(context.waker().clone());
            }
            state.value.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
