//! What a waiting thread asks Python now and then: whether a signal wants the call to end.
//!
//! Python handles signals in its main thread. The others would attach for nothing, and each of them would take the GIL
//! from whoever works; so a thread asks once whether it is the main one, and again after a fork, which makes the thread
//! that forked the child's main one. A thread that does not attach has nothing to fear of an interpreter that shuts
//! down: its call ends as the server or its timeouts will, or with the process.

use std::cell::Cell;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::interpreter::{leave, stay, visit};
use crate::client::waiting;
use crate::error::Error;

thread_local! {
    /// The process in which this thread was found to be none that signals reach.
    static DEAF_IN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// What the handler of a signal raised that came while the thread waited: `KeyboardInterrupt` after a Ctrl-C.
pub(super) fn check() -> Result<(), Error> {
    let process = std::process::id();
    if DEAF_IN.get() == Some(process) {
        return Ok(());
    }
    visit(|py| {
        // The question runs Python code, in which a signal's handler may raise already.
        if !is_main(py)? {
            DEAF_IN.set(Some(process));
            return Ok(());
        }
        Ok(py.check_signals()?)
    })
}

/// Sleeps for so many seconds, or until a signal's handler raises, or `check` does, which is called now and then.
///
/// Python's own sleep goes on to its end if a signal comes just as it begins.
#[expect(clippy::needless_pass_by_value, reason = "what PyO3 hands over")]
#[pyfunction]
#[pyo3(signature = (seconds, check=None))]
pub(crate) fn sleep(py: Python<'_>, seconds: f64, check: Option<Py<PyAny>>) -> PyResult<()> {
    let delay =
        Duration::try_from_secs_f64(seconds).map_err(|_| PyValueError::new_err(format!("cannot sleep for {seconds} s")))?;
    let _inside = stay(py);
    Ok(leave(py, || waiting::sleep(delay, &|| check_all(check.as_ref())))?)
}

/// What [`check`] does, after a caller's own check.
pub(super) fn check_all(own: Option<&Py<PyAny>>) -> Result<(), Error> {
    if let Some(own) = own {
        visit(|py| Ok(own.call0(py).map(drop)?))?;
    }
    check()
}

/// Without `threading` nobody knows: importing it here could take this thread for the main one.
fn is_main(py: Python<'_>) -> PyResult<bool> {
    let modules = py.import("sys")?.getattr("modules")?;
    let threading = modules.call_method1("get", ("threading",))?;
    if threading.is_none() {
        return Ok(true);
    }
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    threading.call_method0("get_ident")?.eq(main)
}
