//! What the facade asks when it settles the options of a client.

use std::path::PathBuf;

use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};

use crate::{
    client::endpoint,
    config::{core_device::CoreDevice, profile::SharedFiles},
};

/// The shared files as one dict of tables: `profiles` (merged), `config` and `credentials` (each file alone),
/// `services`, `sso_sessions`.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // arguments of Python arrive by value
pub fn load_profiles(py: Python<'_>, config: PathBuf, credentials: PathBuf) -> PyResult<Bound<'_, PyAny>> {
    Ok(pythonize::pythonize(py, &SharedFiles::load(&config, &credentials)?)?)
}

/// What a core device's own configuration says about reaching the cloud: a dict with None for what it leaves open.
#[pyfunction]
pub fn read_core_device_config<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let device = CoreDevice::read(text).map_err(PyValueError::new_err)?;
    Ok(pythonize::pythonize(py, &device)?)
}

/// `url`, `legacy_url` (or None where the older table has no name), `partition`, `signing_region` and `data_plane_url` (or
/// None where it has no name with these flags) of a Region.
#[pyfunction]
pub fn resolve_endpoint<'py>(py: Python<'py>, region: &str, fips: bool, dualstack: bool) -> PyResult<Bound<'py, PyDict>> {
    let resolved = endpoint::resolve(region, fips, dualstack);
    let facts = PyDict::new(py);
    facts.set_item("url", resolved.url)?;
    facts.set_item("legacy_url", resolved.legacy_url)?;
    facts.set_item("partition", resolved.partition)?;
    facts.set_item("signing_region", resolved.signing_region)?;
    facts.set_item("data_plane_url", resolved.data_plane_url)?;
    Ok(facts)
}

/// The partition whose Regions are named as `region` is, or None.
#[pyfunction]
pub fn partition_of(region: &str) -> Option<&'static str> {
    endpoint::partition_of(region)
}

#[pyfunction]
pub fn partitions() -> Vec<&'static str> {
    endpoint::partitions().collect()
}

/// The Regions that are listed for the service; with `non_regional` other endpoint names too.
#[pyfunction]
pub fn listed_endpoints(partition: &str, non_regional: bool) -> Vec<&'static str> {
    endpoint::listed(partition, non_regional).collect()
}
