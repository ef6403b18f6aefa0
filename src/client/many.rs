//! Many calls at once, each as [`Client::send`] makes it, in the reactor.
//!
//! At most `max_concurrency` of them are under way; the others wait for a place, the lowest number first. Every call that was
//! submitted ends as an answer that [`Many::take`] gives, unless it was withdrawn or cancelled. A call that is cancelled
//! closes its connection, and is over soon after. Answers that came meanwhile are taken together: who takes them is woken
//! by the first. A child of a fork cannot go on with the calls of its parent, nor trust a lock of its: there, everything
//! fails before it touches one.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::call::{Client, Prepared};
use crate::client::log::Ended;
use crate::client::reactor::{InReactor, Reactor, TaskId};
use crate::client::reply::Reply;
use crate::client::transport::Interrupt;
use crate::client::wakeup::Wakeup;
use crate::error::{Builtin, Error, Result};
use crate::model::Operation;

/// How a call ended, under the number that it was submitted with.
#[derive(Debug)]
pub struct Answer {
    pub number: u64,
    pub operation: &'static Operation,
    pub reply: Result<Reply>,
    /// What whoever takes the answer has to tell the log.
    pub log: Vec<Ended>,
}

/// Calls that are made together.
#[derive(Debug)]
pub struct Many {
    process: u32,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: Arc<Client>,
    reactor: Arc<Reactor>,
    max_concurrency: usize,
    state: Mutex<State>,
    answer_waits: Condvar,
    /// For an event loop, which cannot wait for the other.
    wakeup: Option<Wakeup>,
}

#[derive(Debug, Default)]
struct State {
    /// With the moment at which they came.
    waiting: BTreeMap<u64, (Instant, Prepared<'static>)>,
    under_way: HashMap<u64, TaskId>,
    answers: Vec<Answer>,
}

impl Many {
    /// `wakes`: for an event loop, which waits for [`Many::wakeup`] to be readable.
    ///
    /// Fails where the system has no thread or descriptors for it.
    pub fn new(client: Arc<Client>, max_concurrency: usize, wakes: bool) -> Result<Self> {
        let reactor = Reactor::get()?;
        let wakeup = wakes.then(Wakeup::new).transpose();
        let wakeup = wakeup.map_err(|error| runtime(format!("no descriptors to wake the event loop with: {error}")))?;
        client.transport.keep(max_concurrency);
        let (state, answer_waits) = (Mutex::default(), Condvar::new());
        let shared = Shared { client, reactor, max_concurrency, state, answer_waits, wakeup };
        Ok(Self { process: std::process::id(), shared: Arc::new(shared) })
    }

    /// Hands over a call.
    pub fn submit(&self, number: u64, call: Prepared<'static>) -> Result<()> {
        self.check_process()?;
        let mut state = self.shared.state();
        state.waiting.insert(number, (Instant::now(), call));
        self.shared.begin_calls(&mut state);
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

    /// Gives the calls that have ended, and waits for none.
    pub fn take_ended(&self) -> Result<Vec<Answer>> {
        self.check_process()?;
        if let Some(wakeup) = &self.shared.wakeup {
            wakeup.hush();
        }
        Ok(std::mem::take(&mut self.shared.state().answers))
    }

    /// Readable when calls have ended.
    #[must_use]
    pub fn wakeup(&self) -> Option<&Wakeup> {
        self.shared.wakeup.as_ref()
    }

    /// Takes back the calls that have not begun, and gives their number. Those that have, but wait for the budget still
    /// and have sent nothing, end soon.
    pub fn withdraw(&self) -> Result<usize> {
        self.check_process()?;
        let mut state = self.shared.state();
        let withdrawn = std::mem::take(&mut state.waiting);
        for task in state.under_way.values() {
            self.shared.reactor.withdraw_task(*task);
        }
        drop(state);
        Ok(withdrawn.len())
    }

    /// Ends one call, whose answer is lost. Its place stays free until [`Many::begin`]: who cancels one call may be about
    /// to cancel the next one, which would have begun meanwhile.
    pub fn cancel(&self, number: u64) {
        if self.check_process().is_ok() {
            let mut state = self.shared.state();
            state.waiting.remove(&number);
            if let Some(task) = state.under_way.remove(&number) {
                self.shared.reactor.drop_task(task);
            }
        }
    }

    /// Begins the calls that wait, where others were cancelled.
    pub fn begin(&self) {
        if self.check_process().is_ok() {
            self.shared.begin_calls(&mut self.shared.state());
        }
    }

    /// Ends all calls. What they would have answered is lost.
    pub fn cancel_all(&self) {
        if self.check_process().is_ok() {
            let mut state = self.shared.state();
            let withdrawn = std::mem::take(&mut state.waiting);
            for (_, task) in state.under_way.drain() {
                self.shared.reactor.drop_task(task);
            }
            drop(state);
            drop(withdrawn);
        }
    }

    /// Fails in a child of a fork.
    pub fn check_process(&self) -> Result<()> {
        if std::process::id() == self.process {
            return Ok(());
        }
        Err(runtime(format!(
            "these calls run in process {}, and this process is a fork of it: begin them again here",
            self.process
        )))
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        self.cancel_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the calls that wait, as far as there is room.
    fn begin_calls(self: &Arc<Self>, state: &mut State) {
        while state.under_way.len() < self.max_concurrency {
            let Some((number, (came, call))) = state.waiting.pop_first() else { return };
            let shared = Arc::clone(self);
            let task = self.reactor.begin(move || async move {
                let waiting = InReactor::new(came);
                let mut place = Place { shared, number, operation: call.operation, waiting, reply: None };
                place.reply = Some(place.shared.client.send_in(&place.waiting, &call).await);
            });
            state.under_way.insert(number, task);
        }
    }
}

/// What a call under way holds. Dropped, it leaves the answer, and the place to another.
struct Place {
    shared: Arc<Shared>,
    number: u64,
    operation: &'static Operation,
    waiting: InReactor,
    reply: Option<Result<Reply>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        // Nobody waits for a call that was cancelled.
        if state.under_way.remove(&self.number).is_none() {
            return;
        }
        // A call that is never answered would be waited for until the end of days: one that panicked or was withdrawn.
        let reply = self.reply.take().unwrap_or_else(|| Err(runtime("the call was given up".into())));
        let first = state.answers.is_empty();
        state.answers.push(Answer { number: self.number, operation: self.operation, reply, log: self.waiting.take_log() });
        self.shared.begin_calls(&mut state);
        drop(state);
        if first {
            self.shared.answer_waits.notify_one();
            if let Some(wakeup) = &self.shared.wakeup {
                wakeup.wake();
            }
        }
    }
}

fn runtime(message: String) -> Error {
    Error::Builtin { class: Builtin::Runtime, message }
}
