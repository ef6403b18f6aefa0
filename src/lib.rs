//! The export list of `fleetgrass._core`.

pub mod client;
pub mod error;
pub mod model;

#[cfg(feature = "python")]
#[pyo3::pymodule(gil_used = false)]
mod _core {}
