//! `_core.Es256Key`, for the proofs of `fleetgrass.credentials.login`.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::client::es256::Key;

/// A private key that signs JSON web tokens.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Es256Key")]
pub struct PyEs256Key(Key);

#[pymethods]
impl PyEs256Key {
    /// Of DER. `ValueError`: it is no private key on the curve P-256.
    #[new]
    fn new(der: Vec<u8>) -> PyResult<Self> {
        Key::read(der).map(Self).ok_or_else(|| PyValueError::new_err("no private key on the curve P-256"))
    }

    /// The coordinates x and y of the public key.
    fn public<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let (x, y) = self.0.public();
        (PyBytes::new(py, x), PyBytes::new(py, y))
    }

    /// The signature of a message: 64 bytes.
    fn sign<'py>(&self, py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let signature = self.0.sign(message).ok_or_else(|| PyRuntimeError::new_err("the system has no random numbers"))?;
        Ok(PyBytes::new(py, &signature))
    }
}
