//! `_core.Limiter`: the rate of adaptive clients as a machine without a clock, for tests that hold it against botocore's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::client::limiter::Limiter;

/// All times are seconds by one clock.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Limiter")]
pub struct PyLimiter(Mutex<Limiter>);

#[pymethods]
impl PyLimiter {
    #[new]
    fn new(now: f64) -> Self {
        Self(Mutex::new(Limiter::new(now)))
    }

    /// Takes the token of an attempt and gives None; else the seconds until there is one.
    fn take(&self, now: f64) -> Option<f64> {
        self.limiter().take(now).err()
    }

    /// An attempt has ended.
    fn ended(&self, throttled: bool, now: f64) {
        self.limiter().ended(throttled, now);
    }

    /// Requests a second.
    #[getter]
    fn rate(&self) -> f64 {
        self.limiter().rate()
    }
}

impl PyLimiter {
    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
