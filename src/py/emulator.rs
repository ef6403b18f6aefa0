//! The local cloud as a Python object.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::emulator::{
    Cloud, Effect, Emulator, Fault, Injury, Level, Options, RegisterError, Registration, ServiceError, StartError, StoreError,
};
use crate::model::Model;

/// A server that listens from its creation until `stop`.
#[pyclass(frozen, module = "fleetgrass._core")]
#[derive(Debug)]
pub struct EmulatorServer {
    endpoint_url: String,
    /// None once it is stopped, and its store closed.
    emulator: Mutex<Option<Emulator>>,
}

#[pymethods]
impl EmulatorServer {
    #[new]
    #[pyo3(signature = (*, port, region_name, account_id, store, quota, seed, log_level))]
    #[allow(clippy::too_many_arguments)] // the keywords of the Python class
    fn new(
        py: Python<'_>,
        port: u16,
        region_name: String,
        account_id: String,
        store: Option<PathBuf>,
        quota: bool,
        seed: u64,
        log_level: &str,
    ) -> PyResult<Self> {
        let log = Level::NAMES.into_iter().find(|(name, _)| *name == log_level);
        let (_, log) = log.ok_or_else(|| PyValueError::new_err(format!("log_level {log_level:?} is none")))?;
        let options = Options { port, region: region_name, account: account_id, store, quota, seed, log };
        let emulator = py.detach(|| Emulator::start(&options)).map_err(|error| match error {
            StartError::Account(_) | StartError::Region(_) => PyValueError::new_err(error.to_string()),
            StartError::Store(_) | StartError::Port { .. } | StartError::Thread(_) => PyOSError::new_err(error.to_string()),
        })?;
        Ok(Self { endpoint_url: emulator.endpoint_url(), emulator: Mutex::new(Some(emulator)) })
    }

    /// The codes that the fault `error` may have.
    #[staticmethod]
    fn error_codes() -> Vec<&'static str> {
        ServiceError::codes_on_request().collect()
    }

    /// The operations that faults may name, and whether they have pages.
    #[staticmethod]
    fn operations() -> Vec<(&'static str, bool)> {
        let operations = &Model::greengrassv2().operations;
        operations.iter().map(|operation| (&*operation.name, operation.paginator.is_some())).collect()
    }

    #[getter]
    fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    #[pyo3(signature = (names, *, thing_groups, platform, architecture, nucleus_version, runtime))]
    #[allow(clippy::too_many_arguments)] // the keywords of the Python method
    fn register_core_devices(
        &self,
        py: Python<'_>,
        names: Vec<String>,
        thing_groups: Vec<String>,
        platform: String,
        architecture: String,
        nucleus_version: String,
        runtime: String,
    ) -> PyResult<()> {
        let registration = Registration { names, thing_groups, platform, architecture, nucleus_version, runtime };
        self.cloud(py, |cloud| cloud.register(&registration))?.map_err(|error| match error {
            RegisterError::Invalid(problem) => PyValueError::new_err(problem),
            RegisterError::Service(error) => PyRuntimeError::new_err(error.to_string()),
        })
    }

    /// Adds a fault, of the names and values that `fleetgrass.faults` has checked, and gives its number.
    #[pyo3(signature = (fault, value, *, operations, rate, times))]
    fn inject(
        &self,
        py: Python<'_>,
        fault: &str,
        value: &Bound<'_, PyAny>,
        operations: Option<Vec<String>>,
        rate: f64,
        times: Option<u64>,
    ) -> PyResult<u64> {
        let fault = Fault { operations, rate, times, effect: effect(fault, value)? };
        self.cloud(py, |cloud| cloud.inject(fault))
    }

    /// Ends a fault; those of a stopped emulator have ended.
    fn remove_fault(&self, py: Python<'_>, id: u64) {
        self.running(py, |cloud| cloud.remove_fault(id));
    }

    fn clear_faults(&self, py: Python<'_>) -> PyResult<()> {
        self.cloud(py, Cloud::clear_faults)
    }

    /// How many calls a fault has hit; None once it is removed.
    fn fault_hits(&self, py: Python<'_>, id: u64) -> Option<u64> {
        self.running(py, |cloud| cloud.fault_hits(id)).flatten()
    }

    fn snapshot(&self, py: Python<'_>, file: PathBuf) -> PyResult<()> {
        self.cloud(py, move |cloud| cloud.snapshot(&file))?.map_err(|error| unusable(&error))
    }

    fn reset(&self, py: Python<'_>, snapshot: Option<PathBuf>) -> PyResult<()> {
        self.cloud(py, move |cloud| cloud.reset(snapshot.as_deref()))?.map_err(|error| unusable(&error))
    }

    /// Lets requests that have begun end; a second call does nothing.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| {
            let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(emulator);
        });
    }
}

impl EmulatorServer {
    /// Runs `work` on the state behind the server, other Python threads going on; None where it is stopped.
    fn running<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Cloud) -> T + Send) -> Option<T> {
        py.detach(|| {
            let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner);
            emulator.as_ref().map(|emulator| work(emulator.cloud()))
        })
    }

    fn cloud<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Cloud) -> T + Send) -> PyResult<T> {
        self.running(py, work).ok_or_else(|| PyRuntimeError::new_err("the emulator is stopped"))
    }
}

fn unusable(error: &StoreError) -> PyErr {
    PyOSError::new_err(error.to_string())
}

fn effect(fault: &str, value: &Bound<'_, PyAny>) -> PyResult<Effect> {
    let seconds = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(format!("{seconds} seconds: {error}")))
    };
    Ok(match fault {
        "latency" => {
            let (least, most) = value.extract()?;
            Effect::Latency(seconds(least)?, seconds(most)?)
        }
        "error" => {
            let code: String = value.extract()?;
            let error = ServiceError::on_request(&code).ok_or_else(|| PyValueError::new_err(format!("no error {code:?}")))?;
            Effect::Error(Box::new(error))
        }
        "reset" => Effect::Injury(Injury::Reset),
        "truncate" => Effect::Injury(Injury::Truncate(value.extract()?)),
        "slow" => Effect::Injury(Injury::Slow(value.extract()?)),
        "short-pages" => Effect::ShortPage,
        "empty-pages" => Effect::EmptyPage,
        "consistency-delay" => Effect::Lag(seconds(value.extract()?)?),
        _ => return Err(PyValueError::new_err(format!("no fault {fault:?}"))),
    })
}
