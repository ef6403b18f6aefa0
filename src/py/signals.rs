//! What a waiting thread asks Python now and then: whether a signal wants the call to end.
//!
//! Python handles signals in its main thread. The others would attach for nothing, and each of them would take the GIL
//! from whoever works; so a thread asks once whether it is the main one, and again after a fork, which makes the thread
//! that forked the child's main one. A thread that does not attach has nothing to fear of an interpreter that shuts
//! down: its call ends as the server or its timeouts will, or with the process.

use std::cell::Cell;

use pyo3::prelude::*;

use super::interpreter::visit;
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
