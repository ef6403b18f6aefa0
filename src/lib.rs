//! The export list of `fleetgrass._core`.

pub mod client;
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
    #[pymodule_export]
    use crate::py::client::PyClient;
    #[cfg(feature = "emulator")]
    #[pymodule_export]
    use crate::py::emulator::EmulatorServer;
    #[pymodule_export]
    use crate::py::model::{model, operations};
    #[pymodule_export]
    use crate::py::recipe::{RecipeError, read_recipe};
}
