//! The export list of `fleetgrass._core`.

#[cfg(feature = "emulator")]
pub mod emulator;
pub mod error;
pub mod model;
pub mod resolve;

#[cfg(feature = "python")]
#[pyo3::pymodule(gil_used = false)]
mod _core {}
