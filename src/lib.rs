//! The export list of `fleetgrass._core`.
#[cfg(feature = "python")]
#[pyo3::pymodule(gil_used = false)]
mod _core {}
