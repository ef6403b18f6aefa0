//! Many calls at once, each as [`Client::send`] makes it, on threads of their own.
//!
//! A thread is started only when a call waits that no idle thread will take, so that short maps start few. Whoever
//! submits calls bounds how many are under way; here only the number of threads is bounded. Every call that was
//! submitted ends as an answer that [`Many::take`] gives, unless it was withdrawn or all were cancelled. Nobody waits
//! for the threads: cancelled, each ends at its next look at the flag, at most 50 ms later. No lock is held while a
//! call is under way or Python is asked. A child of a fork has none of the threads, and maybe a lock that stays locked:
//! there, everything fails before it touches one.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::client::call::{Client, Prepared};
use crate::client::reply::Reply;
use crate::client::transport::Interrupt;
use crate::error::{Builtin, Error, Result};
use crate::model::Operation;

/// How a call ended, under the number that it was submitted with.
#[derive(Debug)]
pub struct Answer {
    pub number: u64,
    pub operation: &'static Operation,
    pub reply: Result<Reply>,
}

/// The calls of one map.
#[derive(Debug)]
pub struct Many {
    process: u32,
    max_threads: usize,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Arc<Client>,
    cancelled: AtomicBool,
    state: Mutex<State>,
    call_waits: Condvar,
    answer_waits: Condvar,
}

#[derive(Debug, Default)]
struct State {
    calls: VecDeque<(u64, Prepared<'static>)>,
    answers: Vec<Answer>,
    threads: usize,
    idle: usize,
}

impl Many {
    #[must_use]
    pub fn new(client: Arc<Client>, max_threads: usize) -> Self {
        let shared = Shared {
            client,
            cancelled: AtomicBool::new(false),
            state: Mutex::default(),
            call_waits: Condvar::new(),
            answer_waits: Condvar::new(),
        };
        Self { process: std::process::id(), max_threads, shared: Arc::new(shared) }
    }

    /// Hands over a call. Fails where the system has no thread for it and none is there that could take it.
    pub fn submit(&self, number: u64, call: Prepared<'static>) -> Result<()> {
        self.check_process()?;
        let mut state = self.shared.state();
        if state.calls.len() >= state.idle && state.threads < self.max_threads {
            let shared = Arc::clone(&self.shared);
            let started = thread::Builder::new().name("fleetgrass-map".into()).spawn(move || shared.work());
            match started {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => return Err(runtime(format!("cannot start a thread for a call: {error}"))),
                Err(_) => {}
            }
        }
        state.calls.push_back((number, call));
        drop(state);
        self.shared.call_waits.notify_one();
        Ok(())
    }

    /// Waits until calls have ended, and gives all that have. `interrupt` is asked now and then; its error ends the wait.
    pub fn take(&self, interrupt: Interrupt) -> Result<Vec<Answer>> {
        const SLICE: Duration = Duration::from_millis(50);
        self.check_process()?;
        loop {
            interrupt()?;
            let waits = &self.shared.answer_waits;
            let waited = waits.wait_timeout_while(self.shared.state(), SLICE, |state| state.answers.is_empty());
            let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if !state.answers.is_empty() {
                return Ok(std::mem::take(&mut state.answers));
            }
        }
    }

    /// Takes back the calls that no thread has begun, and gives their number.
    pub fn withdraw(&self) -> Result<usize> {
        self.check_process()?;
        let withdrawn = std::mem::take(&mut self.shared.state().calls);
        Ok(withdrawn.len())
    }

    /// Ends all calls. What they would have answered is lost.
    pub fn cancel(&self) {
        if self.check_process().is_ok() {
            let state = self.shared.state();
            self.shared.cancelled.store(true, Ordering::Relaxed);
            drop(state);
            self.shared.call_waits.notify_all();
        }
    }

    /// Fails in a child of a fork.
    pub fn check_process(&self) -> Result<()> {
        if std::process::id() == self.process {
            return Ok(());
        }
        Err(runtime(format!("this map runs in process {}, and this process is a fork of it: call map again here", self.process)))
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a thread.
    fn work(&self) {
        while let Some((number, call)) = self.next_call() {
            let send = || self.client.send(&call, &|| self.check_cancelled());
            // A call that is never answered would be waited for until the end of days.
            let reply = catch_unwind(AssertUnwindSafe(send)).unwrap_or_else(|_| Err(runtime("the call panicked".into())));
            self.state().answers.push(Answer { number, operation: call.operation, reply });
            self.answer_waits.notify_one();
        }
    }

    /// Waits for a call; `None` once the map is cancelled.
    fn next_call(&self) -> Option<(u64, Prepared<'static>)> {
        let mut state = self.state();
        loop {
            if self.check_cancelled().is_err() {
                return None;
            }
            if let Some(call) = state.calls.pop_front() {
                return Some(call);
            }
            state.idle += 1;
            state = self.call_waits.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn check_cancelled(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) { Err(runtime("the map was cancelled".into())) } else { Ok(()) }
    }
}

fn runtime(message: String) -> Error {
    Error::Builtin { class: Builtin::Runtime, message }
}
