//! The local cloud as a Python object.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pythonize::pythonize;

use super::interpreter::leave;

use crate::emulator::{
    AccessKey, Breakage, Cloud, ControlError, Effect, Emulator, Failure, Fault, Injury, Level, Options, Registration, Rules,
    ServiceError, StartError, StoreError, operations,
};

/// A server that listens from its creation until `stop`.
#[pyclass(frozen, module = "fleetgrass._core")]
#[derive(Debug)]
pub struct EmulatorServer {
    endpoint_url: String,
    device_endpoint_url: Option<String>,
    process: u32,
    /// None once it is stopped, and its store closed.
    emulator: Mutex<Option<Emulator>>,
}

#[pymethods]
#[allow(clippy::needless_pass_by_value)] // arguments are what Python's become
impl EmulatorServer {
    #[new]
    #[pyo3(signature = (
        *, port, region_name, account_id, store, component_seconds, deployment_seconds, report_seconds,
        validate_targets, validate_components, validate_artifacts, strict_data_plane,
        keys, check_signatures, wire_style, device_port, quota, seed, log_level,
    ))]
    #[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // the keywords of the Python class
    fn new(
        py: Python<'_>,
        port: u16,
        region_name: String,
        account_id: String,
        store: Option<PathBuf>,
        component_seconds: [f64; 2],
        deployment_seconds: [f64; 2],
        report_seconds: f64,
        validate_targets: bool,
        validate_components: bool,
        validate_artifacts: bool,
        strict_data_plane: bool,
        keys: &Bound<'_, PyAny>,
        check_signatures: bool,
        wire_style: &str,
        device_port: Option<u16>,
        quota: bool,
        seed: u64,
        log_level: &str,
    ) -> PyResult<Self> {
        let rules = Rules { validate_targets, validate_components, validate_artifacts, strict_data_plane };
        let keys: Vec<AccessKey> =
            pythonize::depythonize(keys).map_err(|error| PyValueError::new_err(format!("credentials: {error}")))?;
        let style = wire_style.parse().map_err(PyValueError::new_err::<String>)?;
        let log = Level::NAMES.into_iter().find(|(name, _)| *name == log_level);
        let (_, log) = log.ok_or_else(|| PyValueError::new_err(format!("log_level {log_level:?} is none")))?;
        let options = Options {
            port,
            region: region_name,
            account: account_id,
            store,
            component_seconds,
            deployment_seconds,
            report_seconds,
            rules,
            keys,
            check_signatures,
            style,
            device_port,
            quota,
            seed,
            log,
        };
        let emulator = leave(py, || Emulator::start(&options)).map_err(|error| match error {
            StartError::Account(_) | StartError::Region(_) | StartError::Seconds(_) | StartError::Keys(_) => {
                PyValueError::new_err(error.to_string())
            }
            StartError::Store(_) | StartError::Port { .. } | StartError::Thread(_) | StartError::DeviceDoor(_) => {
                PyOSError::new_err(error.to_string())
            }
        })?;
        let device_endpoint_url = emulator.device_endpoint_url();
        let (endpoint_url, process) = (emulator.endpoint_url(), std::process::id());
        Ok(Self { endpoint_url, device_endpoint_url, process, emulator: Mutex::new(Some(emulator)) })
    }

    /// The codes that the fault `error` may have.
    #[staticmethod]
    fn error_codes() -> Vec<&'static str> {
        ServiceError::codes_on_request().collect()
    }

    /// The operations that faults may name, and whether they have pages.
    #[staticmethod]
    fn operations() -> Vec<(&'static str, bool)> {
        operations().map(|operation| (&*operation.name, operation.paginator.is_some())).collect()
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
    fn device_certificate(&self, py: Python<'_>, thing_name: &str) -> PyResult<(String, String, String)> {
        let made = self.server(py, |server| server.device_certificate(thing_name)).ok_or_else(|| self.gone())?;
        let made = made.map_err(PyValueError::new_err)?;
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
        self.ask(py, |cloud| cloud.register(&registration))
    }

    /// `component_arn` matters to `greengrass:` URIs only.
    fn put_artifact(&self, py: Python<'_>, component_arn: &str, uri: &str, content: &[u8]) -> PyResult<()> {
        self.ask(py, |cloud| cloud.put_artifact(component_arn, uri, content))
    }

    /// The cloud's time in seconds since 1970.
    fn now(&self, py: Python<'_>) -> PyResult<f64> {
        let now = self.ask(py, Cloud::now)?;
        #[allow(clippy::cast_precision_loss)] // milliseconds are exact for 285,000 years
        Ok(now as f64 / 1000.0)
    }

    fn advance(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        self.ask(py, |cloud| cloud.advance(seconds))
    }

    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.ask(py, Cloud::settle)
    }

    #[pyo3(signature = (name, *, version, devices, state, code, details))]
    #[allow(clippy::too_many_arguments)] // the keywords of the Python method
    fn fail_component(
        &self,
        py: Python<'_>,
        name: String,
        version: Option<String>,
        devices: Option<Vec<String>>,
        state: String,
        code: String,
        details: Option<String>,
    ) -> PyResult<()> {
        let failure = Failure::Component { name, version, fault: Breakage { state, code, details } };
        self.ask(py, |cloud| cloud.fail(failure, devices.as_deref()))
    }

    /// `errors` holds texts by artifact.
    #[pyo3(signature = (name, *, version, errors))]
    fn fail_publication(
        &self,
        py: Python<'_>,
        name: String,
        version: Option<String>,
        errors: Vec<(String, String)>,
    ) -> PyResult<()> {
        let errors = errors.into_iter().map(|(artifact, text)| (artifact, text.into())).collect();
        self.ask(py, |cloud| cloud.fail(Failure::Publication { name, version, errors }, None))
    }

    fn fill_disk(&self, py: Python<'_>, devices: Option<Vec<String>>) -> PyResult<()> {
        self.ask(py, |cloud| cloud.fail(Failure::Disk, devices.as_deref()))
    }

    fn reject_deployments(&self, py: Python<'_>, devices: Option<Vec<String>>, reason: String) -> PyResult<()> {
        self.ask(py, |cloud| cloud.fail(Failure::Rejection { reason }, devices.as_deref()))
    }

    fn heal(&self, py: Python<'_>, devices: Option<Vec<String>>) -> PyResult<()> {
        self.ask(py, |cloud| cloud.heal(devices.as_deref()))
    }

    fn configuration<'py>(&self, py: Python<'py>, device: String) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, &self.ask(py, |cloud| cloud.configuration(device))?)?)
    }

    fn silence(&self, py: Python<'_>, devices: Vec<String>) -> PyResult<()> {
        self.ask(py, |cloud| cloud.silence(&devices))
    }

    fn wake(&self, py: Python<'_>, devices: Vec<String>) -> PyResult<()> {
        self.ask(py, |cloud| cloud.wake(&devices))
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

    /// Lets requests that have begun end; a second call does nothing, nor does one in a child of a fork.
    fn stop(&self, py: Python<'_>) {
        if !self.is_ours() {
            return;
        }
        leave(py, || {
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

    /// Runs `work` on the server, other Python threads going on; None where it is stopped.
    fn server<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Emulator) -> T + Send) -> Option<T> {
        if !self.is_ours() {
            return None;
        }
        leave(py, || self.emulator.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(work))
    }

    /// Runs `work` on the state behind the server.
    fn running<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Cloud) -> T + Send) -> Option<T> {
        self.server(py, |server| work(server.cloud()))
    }

    fn cloud<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Cloud) -> T + Send) -> PyResult<T> {
        self.running(py, work).ok_or_else(|| self.gone())
    }

    fn gone(&self) -> PyErr {
        PyRuntimeError::new_err(if self.is_ours() {
            "the emulator is stopped"
        } else {
            "the emulator runs in the process that made it, of which this one is a fork"
        })
    }

    /// Lets the cloud do something that it may refuse.
    fn ask<T: Send>(&self, py: Python<'_>, what: impl FnOnce(&Cloud) -> Result<T, ControlError> + Send) -> PyResult<T> {
        self.cloud(py, what)?.map_err(|error| match error {
            ControlError::Invalid(problem) => PyValueError::new_err(problem),
            // what a caller may have got wrong is refused as a value
            ControlError::Service(error) if error.status < 500 => PyValueError::new_err(error.to_string()),
            ControlError::Service(error) => PyRuntimeError::new_err(error.to_string()),
        })
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
