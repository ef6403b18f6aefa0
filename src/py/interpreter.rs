//! Coming into the interpreter and leaving it, also while it exits.
//!
//! Before Python 3.14 a thread that asks an exiting interpreter for the GIL is ended on the spot by pthread_exit(3), which
//! unwinds its stack, and the process aborts when a frame of Rust is on it. Two things keep that from happening:
//!
//! - Where we ask for the GIL ourselves, to come ([`visit`]) or to come back ([`leave`]), PyO3 lets the thread sleep for
//!   ever instead.
//! - Where Python code runs on top of our frames (a credential provider, the log, whatever makes an exception), it gives
//!   the GIL away and takes it back on its own. So the threads that are inside with a frame of ours are counted, and an
//!   interpreter that exits waits until there are none. That takes as long as they need to build an answer, or at most
//!   a second, for a provider may wait for a server or a human.
//!
//! The last moment to wait is when `atexit` drops its functions, which all have run by then: the main thread goes on from
//! there to the end without giving the GIL away. `atexit` may be emptied at other times as well, so waiting changes nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use once_cell::race::OnceBox;
use pyo3::prelude::*;

use crate::client::process::PerProcess;
use crate::error::{Builtin, Error};

/// How long an exit waits for threads that are inside, and they for the exit.
const LIMIT: Duration = Duration::from_secs(1);

/// The threads that are inside, or about to come.
#[derive(Debug, Default)]
struct Threads {
    inside: AtomicUsize,
    /// Until when nobody else is to come, by [`clock`]; 0 where nobody has ever waited.
    closed_until: AtomicU64,
}

thread_local! {
    /// Where this thread is counted, while it is inside.
    static COUNTED: Cell<Option<&'static Threads>> = const { Cell::new(None) };
}

impl Threads {
    /// Those of this process: a fork takes only one thread along.
    fn of_process() -> &'static Self {
        static THREADS: OnceBox<PerProcess<Threads>> = OnceBox::new();
        THREADS.get_or_init(|| Box::new(PerProcess::new(Self::default()))).get(|_| Self::default())
    }

    fn is_open(&self) -> bool {
        let until = self.closed_until.load(Ordering::SeqCst);
        until == 0 || until <= clock()
    }

    /// Not opened again before its time: `atexit` drops other functions after ours, which may give the GIL away.
    fn close(&self) {
        self.closed_until.store(clock() + millis(LIMIT), Ordering::SeqCst);
    }

    fn wait_until_open(&self) {
        if !self.is_open() {
            wait_until(|| self.is_open(), thread::sleep);
        }
    }

    fn count_this(&'static self) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        COUNTED.set(Some(self));
    }
}

/// Milliseconds since this was first asked.
fn clock() -> u64 {
    static START: OnceBox<Instant> = OnceBox::new();
    millis(START.get_or_init(|| Box::new(Instant::now())).elapsed())
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

fn wait_until(done: impl Fn() -> bool, pause: impl Fn(Duration)) {
    let until = Instant::now() + LIMIT;
    while !done() && Instant::now() < until {
        pause(Duration::from_millis(1));
    }
}

/// Counts the thread until it is dropped.
#[derive(Debug)]
pub(super) struct Inside {
    outermost: bool,
}

impl Drop for Inside {
    fn drop(&mut self) {
        if self.outermost
            && let Some(threads) = COUNTED.take()
        {
            threads.inside.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The first line of what Python calls and what may run Python code in turn.
pub(super) fn stay(py: Python<'_>) -> Inside {
    if COUNTED.get().is_some() {
        return Inside { outermost: false };
    }
    let threads = Threads::of_process();
    if !threads.is_open() {
        py.detach(|| threads.wait_until_open());
    }
    threads.count_this();
    Inside { outermost: true }
}

/// Starts a thread of Python's, and the exit of an interpreter waits until it runs: before Python 3.11 one that begins
/// after the exit writes to what has been freed.
#[pyfunction]
pub fn start_thread(thread: &Bound<'_, PyAny>) -> PyResult<()> {
    let _inside = stay(thread.py());
    thread.call_method0("start")?;
    Ok(())
}

/// Does what needs no Python, other threads going on meanwhile.
pub(super) fn leave<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let counted = COUNTED.take();
    py.detach(|| {
        if let Some(threads) = counted {
            threads.inside.fetch_sub(1, Ordering::SeqCst);
        }
        let done = work();
        if let Some(threads) = counted {
            threads.wait_until_open();
            threads.count_this();
        }
        done
    })
}

/// Runs `work` with Python on a thread that has left it or never was there, or fails where Python is gone.
pub(super) fn visit<T>(work: impl FnOnce(Python<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let gone = || Error::Builtin { class: Builtin::Runtime, message: "the interpreter is shutting down".into() };
    let outermost = COUNTED.get().is_none();
    if outermost {
        let threads = Threads::of_process();
        threads.wait_until_open();
        threads.count_this();
    }
    let _inside = Inside { outermost };
    Python::try_attach(work).unwrap_or_else(|| Err(gone()))
}

/// Lets this interpreter wait at its exit.
pub fn wait_at_exit(py: Python<'_>) -> PyResult<()> {
    if py.version_info() < (3, 14) {
        py.import("atexit")?.call_method1("register", (Exit,))?;
    }
    Ok(())
}

/// Kept by `atexit` until its functions have run.
#[derive(Debug)]
#[pyclass(frozen)]
struct Exit;

#[pymethods]
impl Exit {
    #[expect(clippy::unused_self, reason = "atexit calls it")]
    fn __call__(&self) {}
}

impl Drop for Exit {
    fn drop(&mut self) {
        let threads = Threads::of_process();
        let this_one = usize::from(COUNTED.get().is_some());
        let others_left = || threads.inside.load(Ordering::SeqCst) <= this_one;
        threads.close();
        // Each look is taken with the GIL, so that nobody comes in between the last one and the end.
        Python::attach(|py| wait_until(others_left, |pause| py.detach(|| thread::sleep(pause))));
    }
}
