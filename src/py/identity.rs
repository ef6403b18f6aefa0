//! Credentials that a Python object gives: botocore's refreshable ones, or anything alike.

use std::fmt;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::interpreter::visit;
use crate::client::identity::{CredentialProvider, Credentials, Given, Term};
use crate::error::Result;

/// An object whose `get_frozen_credentials()` gives `access_key`, `secret_key` and `token`, or `None`. Where what it gives
/// has a [`Term`], the object is not asked again before its end.
pub(super) struct PyProvider(pub(super) Py<PyAny>);

impl CredentialProvider for PyProvider {
    fn credentials(&self) -> Result<Option<Given>> {
        visit(|py| {
            let frozen = self.0.bind(py).call_method0(intern!(py, "get_frozen_credentials"))?;
            if frozen.is_none() {
                return Ok(None);
            }
            let access_key = text(&frozen, "access_key")?.ok_or_else(|| wrong(&frozen, "access_key"))?;
            let (secret_key, token) = (text(&frozen, "secret_key")?, text(&frozen, "token")?);
            // Older objects, and those of others, do not have it.
            let account_id = frozen.getattr_opt(intern!(py, "account_id"))?.and_then(|id| id.extract().ok());
            let until = |name| Ok::<_, PyErr>(frozen.getattr_opt(name)?.and_then(|until| until.extract().ok()));
            let ends = until(intern!(py, "fresh_until"))?.zip(until(intern!(py, "good_until"))?);
            let term = ends.map(|(fresh_until, good_until)| Term { fresh_until, good_until });
            Ok(Some(Given { credentials: Credentials { access_key, secret_key, token, account_id }, term }))
        })
    }
}

/// What the object shows of itself is its own affair, and may be a secret.
impl fmt::Debug for PyProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PyProvider(…)")
    }
}

fn text(frozen: &Bound<'_, PyAny>, name: &'static str) -> PyResult<Option<String>> {
    let value = frozen.getattr(name)?;
    if value.is_none() {
        return Ok(None);
    }
    // Python's own error for a text that is no Unicode holds the text.
    let text = value.cast::<PyString>().ok().and_then(|text| text.to_str().ok());
    text.map(|text| Some(text.to_owned())).ok_or_else(|| wrong(frozen, name))
}

/// Says what is wrong with a part, and nothing of its value.
fn wrong(frozen: &Bound<'_, PyAny>, name: &'static str) -> PyErr {
    let found = frozen.getattr(name).and_then(|value| Ok(value.get_type().qualname()?.to_string()));
    found.map_or_else(
        |raised| raised,
        |found| {
            PyTypeError::new_err(format!(
                "get_frozen_credentials() gave a {name} of type {found}: it has to be a str of Unicode text"
            ))
        },
    )
}
