//! The local cloud as a Python object.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::emulator::{AccessKey, Emulator, Options, RegisterError, Registration, StartError};

/// A server that listens from its creation until `stop`.
#[pyclass(frozen, module = "fleetgrass._core")]
#[derive(Debug)]
pub struct EmulatorServer {
    endpoint_url: String,
    device_endpoint_url: Option<String>,
    /// None once it is stopped, and its store closed.
    emulator: Mutex<Option<Emulator>>,
}

#[pymethods]
impl EmulatorServer {
    #[new]
    #[pyo3(signature = (*, port, region_name, account_id, store, keys, check_signatures, wire_style, device_port))]
    #[allow(clippy::too_many_arguments)] // the keywords of the Python class
    fn new(
        py: Python<'_>,
        port: u16,
        region_name: String,
        account_id: String,
        store: Option<PathBuf>,
        keys: &Bound<'_, PyAny>,
        check_signatures: bool,
        wire_style: &str,
        device_port: Option<u16>,
    ) -> PyResult<Self> {
        let keys: Vec<AccessKey> =
            pythonize::depythonize(keys).map_err(|error| PyValueError::new_err(format!("credentials: {error}")))?;
        let style = wire_style.parse().map_err(PyValueError::new_err::<String>)?;
        let options =
            Options { port, region: region_name, account: account_id, store, keys, check_signatures, style, device_port };
        let emulator = py.detach(|| Emulator::start(&options)).map_err(|error| match error {
            StartError::Account(_) | StartError::Region(_) | StartError::Keys(_) => PyValueError::new_err(error.to_string()),
            StartError::Store(_) | StartError::Port { .. } | StartError::Thread(_) | StartError::DeviceDoor(_) => {
                PyOSError::new_err(error.to_string())
            }
        })?;
        let device_endpoint_url = emulator.device_endpoint_url();
        Ok(Self { endpoint_url: emulator.endpoint_url(), device_endpoint_url, emulator: Mutex::new(Some(emulator)) })
    }

    #[getter]
    fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    #[getter]
    fn device_endpoint_url(&self) -> Option<&str> {
        self.device_endpoint_url.as_deref()
    }

    /// Certificate, private key and authority, each PEM.
    fn device_certificate(&self, thing_name: &str) -> PyResult<(String, String, String)> {
        let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner);
        let emulator = emulator.as_ref().ok_or_else(|| PyRuntimeError::new_err("the emulator is stopped"))?;
        let made = emulator.device_certificate(thing_name).map_err(PyValueError::new_err)?;
        Ok((made.certificate, made.private_key, made.authority))
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

    /// Lets requests that have begun end; a second call does nothing.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| {
            let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner).take();
            drop(emulator);
        });
    }
}
