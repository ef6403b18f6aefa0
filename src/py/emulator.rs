//! The local cloud as a Python object.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::emulator::{Cloud, Emulator, Options, RegisterError, Registration, Rules, ServiceError, StartError};

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
    #[pyo3(signature = (
        *, port, region_name, account_id, store,
        validate_targets, validate_components, validate_artifacts, strict_data_plane,
    ))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // the keywords of the Python class
    fn new(
        py: Python<'_>,
        port: u16,
        region_name: String,
        account_id: String,
        store: Option<PathBuf>,
        validate_targets: bool,
        validate_components: bool,
        validate_artifacts: bool,
        strict_data_plane: bool,
    ) -> PyResult<Self> {
        let rules = Rules { validate_targets, validate_components, validate_artifacts, strict_data_plane };
        let options = Options { port, region: region_name, account: account_id, store, rules };
        let emulator = py.detach(|| Emulator::start(&options)).map_err(|error| match error {
            StartError::Account(_) | StartError::Region(_) => PyValueError::new_err(error.to_string()),
            StartError::Store(_) | StartError::Port { .. } | StartError::Thread(_) => PyOSError::new_err(error.to_string()),
        })?;
        Ok(Self { endpoint_url: emulator.endpoint_url(), emulator: Mutex::new(Some(emulator)) })
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
        self.with_cloud(py, |cloud| cloud.register(&registration))?.map_err(|error| match error {
            RegisterError::Invalid(problem) => PyValueError::new_err(problem),
            RegisterError::Service(error) => PyRuntimeError::new_err(error.to_string()),
        })
    }

    /// `component_arn` matters to `greengrass:` URIs only.
    fn put_artifact(&self, py: Python<'_>, component_arn: &str, uri: &str, content: &[u8]) -> PyResult<()> {
        let put = self.with_cloud(py, |cloud| cloud.put_artifact(component_arn, uri, content))?;
        put.map_err(|error: ServiceError| PyRuntimeError::new_err(error.to_string()))
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
    /// What `work` makes of the cloud behind the server, while other threads of Python go on.
    fn with_cloud<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Cloud) -> T + Send) -> PyResult<T> {
        let done = py.detach(|| {
            let emulator = self.emulator.lock().unwrap_or_else(PoisonError::into_inner);
            emulator.as_ref().map(|emulator| work(emulator.cloud()))
        });
        done.ok_or_else(|| PyRuntimeError::new_err("the emulator is stopped"))
    }
}
