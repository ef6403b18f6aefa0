//! What must be over before Python forks (`os.fork`, multiprocessing), lest a child find it begun for ever: look-ups of
//! hosts ([`before_fork`]), and imports. Calls import when they first need to, and a child never gets the lock of a module
//! that a thread of its parent was importing. Python itself waits for neither.

use std::thread;
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::interpreter::leave;
use crate::client::transport::{after_fork, before_fork};

/// How long a fork waits for imports: one may itself wait for the thread that forks.
const LIMIT: Duration = Duration::from_secs(10);

/// Lets this process's forks wait. Nothing where there are no forks.
pub fn wait_at_forks(py: Python<'_>) -> PyResult<()> {
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let hooks = PyDict::new(py);
        hooks.set_item("before", wrap_pyfunction!(before, py)?)?;
        hooks.set_item("after_in_parent", wrap_pyfunction!(after, py)?)?;
        os.call_method("register_at_fork", (), Some(&hooks))?;
    }
    Ok(())
}

#[pyfunction]
fn before(py: Python<'_>) -> PyResult<()> {
    leave(py, before_fork);
    // Last, since the GIL is kept from the last look to the fork: no import begins in between.
    let until = Instant::now() + LIMIT;
    while others_import(py)? && Instant::now() < until {
        leave(py, || thread::sleep(Duration::from_millis(1)));
    }
    Ok(())
}

#[pyfunction]
fn after() {
    after_fork();
}

/// Whether a thread other than this one is in the middle of an import.
fn others_import(py: Python<'_>) -> PyResult<bool> {
    let this_one = py.import(intern!(py, "_thread"))?.call_method0(intern!(py, "get_ident"))?;
    let frames = py.import(intern!(py, "sys"))?.call_method0(intern!(py, "_current_frames"))?;
    for (thread, mut frame) in frames.cast::<PyDict>()? {
        while !thread.eq(&this_one)? && !frame.is_none() {
            let file = frame.getattr(intern!(py, "f_code"))?.getattr(intern!(py, "co_filename"))?;
            if file.eq(intern!(py, "<frozen importlib._bootstrap>"))? {
                return Ok(true);
            }
            frame = frame.getattr(intern!(py, "f_back"))?;
        }
    }
    Ok(false)
}
