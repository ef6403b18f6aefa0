//! The export list of `fleetgrass._core`.
//!
//! The module says that it needs no GIL (`gil_used = false`). It compiles for free-threaded builds of Python, and there it
//! is untested.

pub mod client;
pub mod config;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod error;
pub mod model;
pub mod protocol;
#[cfg(feature = "python")]
mod py;
pub mod resolve;

#[cfg(feature = "python")]
#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_init]
    fn prepare(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        crate::py::fork::wait_at_forks(module.py())?;
        crate::py::interpreter::wait_at_exit(module.py())
    }

    #[pymodule_export]
    #[allow(non_upper_case_globals)] // Python's name for it
    const __version__: &str = env!("CARGO_PKG_VERSION");
    #[pymodule_export]
    #[allow(non_upper_case_globals)] // a sister of `__version__`; benchmarks print it
    const __profile__: &str = if cfg!(debug_assertions) { "debug" } else { "release" };
    #[pymodule_export]
    use crate::py::catalogue::PyCatalogue;
    #[pymodule_export]
    use crate::py::client::PyClient;
    #[pymodule_export]
    use crate::py::cloud::PyCloudSimulation;
    #[pymodule_export]
    use crate::py::config::{
        listed_endpoints, load_profiles, partition_of, partitions, read_core_device_config, resolve_endpoint,
    };
    #[cfg(feature = "emulator")]
    #[pymodule_export]
    use crate::py::emulator::EmulatorServer;
    #[pymodule_export]
    use crate::py::es256::PyEs256Key;
    #[pymodule_export]
    use crate::py::explain::PyQuestion;
    #[pymodule_export]
    use crate::py::interpreter::start_thread;
    #[pymodule_export]
    use crate::py::limiter::PyLimiter;
    #[pymodule_export]
    use crate::py::many::PyMany;
    #[pymodule_export]
    use crate::py::model::{api_version, error_codes, model, operations};
    #[pymodule_export]
    use crate::py::plan::PyPlan;
    #[pymodule_export]
    use crate::py::recipe::{RecipeError, read_recipe};
    #[pymodule_export]
    use crate::py::resolve::{
        InvalidInputError, lifecycle_steps, lint, merge_configuration, normalized, satisfies, select_lifecycle, select_manifest,
    };
    #[pymodule_export]
    use crate::py::signals::sleep;
    #[pymodule_export]
    use crate::py::simulation::PySimulation;
    #[pymodule_export]
    use crate::py::steps::PyCall;
}
