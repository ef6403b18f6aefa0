//! The local cloud as a Python object.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::emulator::{Emulator, Options, RegisterError, Registration, StartError};

/// A server that listens from its creation until `stop`.
#[pyclass(frozen, module = "fleetgrass._core")]
#[derive(Debug)]
pub struct EmulatorServer {
    endpoint_url: String,
    process: u32,
    /// None once it is stopped, and its store closed.
    emulator: Mutex<Option<Emulator>>,
}

#[pymethods]
impl EmulatorServer {
    #[new]
    #[pyo3(signature = (*, port, region_name, account_id, store))]
    fn new(py: Python<'_>, port: u16, region_name: String, account_id: String, store: Option<PathBuf>) -> PyResult<Self> {
        let options = Options { port, region: region_name, account: account_id, store };
        let emulator = py.detach(|| Emulator::start(&options)).map_err(|error| match error {
            StartError::Account(_) | StartError::Region(_) => PyValueError::new_err(error.to_string()),
            StartError::Store(_) | StartError::Port { .. } | StartError::Thread(_) => PyOSError::new_err(error.to_string()),
        })?;
        Ok(Self { endpoint_url: emulator.endpoint_url(), process: std::process::id(), emulator: Mutex::new(Some(emulator)) })
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
        if !self.is_ours() {
            return Err(PyRuntimeError::new_err("the emulator runs in the process that made it, of which this one is a fork"));
        }
        let registered = py.detach(|| {
            let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner);
            emulator.as_ref().map(|emulator| emulator.cloud().register(&registration))
        });
        match registered {
            Some(Ok(())) => Ok(()),
            Some(Err(RegisterError::Invalid(problem))) => Err(PyValueError::new_err(problem)),
            Some(Err(RegisterError::Service(error))) => Err(PyRuntimeError::new_err(error.to_string())),
            None => Err(PyRuntimeError::new_err("the emulator is stopped")),
        }
    }

    /// Lets requests that have begun end; a second call does nothing, nor does one in a child of a fork.
    fn stop(&self, py: Python<'_>) {
        if !self.is_ours() {
            return;
        }
        py.detach(|| {
            let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(emulator);
        });
    }
}

impl EmulatorServer {
    /// A child of a fork must not even wait for the lock, which may be held there for ever.
    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }
}
