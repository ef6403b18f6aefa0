//! Python objects as the engine reads them.
//!
//! Exact builtins are read directly; for all else the object itself is asked, as Python code would, and what it raises
//! goes to the caller.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::error::{Error, Result};
use crate::protocol::plain::non_finite;
use crate::protocol::{Class, Input, double, json};

pub(super) struct PyInput<'py>(pub Bound<'py, PyAny>);

impl<'py> PyInput<'py> {
    fn py(&self) -> Python<'py> {
        self.0.py()
    }

    fn is_decimal(&self) -> bool {
        let decimal = self.py().import("decimal").and_then(|module| module.getattr("Decimal"));
        decimal.is_ok_and(|decimal| self.0.is_instance(&decimal).unwrap_or(false))
    }

    /// What `json.dumps` makes of any object.
    fn dumps(&self, value: &Bound<'py, PyAny>) -> Result<String> {
        Ok(self.py().import("json")?.call_method1("dumps", (value,))?.extract()?)
    }

    /// The digits of an integer, whatever its class says of them.
    fn write_digits(&self, out: &mut Vec<u8>) -> Result<()> {
        if let Ok(value) = self.0.extract::<i64>() {
            out.extend_from_slice(value.to_string().as_bytes());
        } else {
            let digits = self.py().get_type::<PyInt>().call_method1("__repr__", (&self.0,))?;
            out.extend_from_slice(digits.cast::<PyString>().map_err(PyErr::from)?.to_str()?.as_bytes());
        }
        Ok(())
    }
}

/// A text's characters as UTF-8, with three bytes for a lone surrogate.
fn wtf8(text: &Bound<'_, PyString>) -> Result<Vec<u8>> {
    if let Ok(text) = text.to_str() {
        return Ok(text.as_bytes().to_vec());
    }
    Ok(text.call_method1("encode", ("utf-8", "surrogatepass"))?.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes().to_vec())
}

fn write_text(text: &Bound<'_, PyString>, out: &mut Vec<u8>) -> Result<()> {
    match text.to_str() {
        Ok(text) => json::write_text(out, text.as_bytes()),
        Err(_) => json::write_text(out, &wtf8(text)?),
    }
    Ok(())
}

impl Input for PyInput<'_> {
    fn is(&self, class: Class) -> bool {
        let value = &self.0;
        match class {
            Class::Dict => value.is_instance_of::<PyDict>(),
            Class::List => value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>(),
            Class::Repeated => value.is_instance_of::<PyList>(),
            Class::Text => value.is_instance_of::<PyString>(),
            Class::Integer => value.is_instance_of::<PyInt>(),
            Class::Number => value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>() || self.is_decimal(),
            Class::Boolean => value.is_instance_of::<PyBool>(),
            Class::Blob => {
                value.is_instance_of::<PyBytes>()
                    || value.is_instance_of::<PyString>()
                    || value.is_instance_of::<PyByteArray>()
                    || value.hasattr("read").unwrap_or(false)
            }
        }
    }

    fn is_none(&self) -> bool {
        self.0.is_none()
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>> {
        if let Ok(dict) = self.0.cast_exact::<PyDict>() {
            // Locked, since a thread that runs at the same time may change the dict.
            let entries = || dict.iter().map(|(key, value)| (PyInput(key), PyInput(value))).collect();
            return Ok(with_critical_section(dict, entries));
        }
        let mut entries = Vec::new();
        for pair in self.0.call_method0("items")?.try_iter()? {
            let (key, value) = pair?.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            entries.push((PyInput(key), PyInput(value)));
        }
        Ok(entries)
    }

    fn items(&self) -> Result<Vec<Self>> {
        if let Ok(list) = self.0.cast_exact::<PyList>() {
            return Ok(list.iter().map(PyInput).collect());
        }
        let items = self.0.try_iter()?.map(|item| item.map(PyInput)).collect::<PyResult<_>>()?;
        Ok(items)
    }

    fn length(&self) -> Result<usize> {
        Ok(self.0.len()?)
    }

    fn is_below(&self, min: i64) -> Result<bool> {
        if let Ok(value) = self.0.cast_exact::<PyInt>()
            && let Ok(value) = value.extract::<i64>()
        {
            return Ok(value < min);
        }
        Ok(self.0.lt(min)?)
    }

    fn is_above(&self, max: i64) -> Result<bool> {
        if let Ok(value) = self.0.cast_exact::<PyInt>()
            && let Ok(value) = value.extract::<i64>()
        {
            return Ok(value > max);
        }
        Ok(self.0.gt(max)?)
    }

    fn name(&self) -> Option<&str> {
        self.0.cast::<PyString>().ok()?.to_str().ok()
    }

    fn display(&self) -> Result<Vec<u8>> {
        let text = match self.0.cast_exact::<PyString>() {
            Ok(text) => text.clone(),
            Err(_) => self.py().import("builtins")?.call_method1("format", (&self.0,))?.cast_into().map_err(PyErr::from)?,
        };
        wtf8(&text)
    }

    fn text(&self) -> Result<Vec<u8>> {
        wtf8(&self.0.str()?)
    }

    fn type_name(&self) -> Result<Vec<u8>> {
        wtf8(&self.0.get_type().str()?)
    }

    fn missing(&self) -> Error {
        PyKeyError::new_err((self.0.clone().unbind(),)).into()
    }

    fn encoded(&self) -> Result<Cow<'_, [u8]>> {
        if let Ok(text) = self.0.cast::<PyString>() {
            return Ok(Cow::Borrowed(text.to_str()?.as_bytes()));
        }
        if let Ok(bytes) = self.0.cast::<PyBytes>() {
            return Ok(Cow::Borrowed(bytes.as_bytes()));
        }
        Ok(Cow::Owned(self.0.str()?.to_str()?.as_bytes().to_vec()))
    }

    fn write_json(&self, out: &mut Vec<u8>) -> Result<()> {
        if let Ok(text) = self.0.cast::<PyString>() {
            return write_text(text, out);
        }
        if let Ok(value) = self.0.cast::<PyBool>() {
            out.extend_from_slice(if value.is_true() { b"true" } else { b"false" });
        } else if self.0.is_instance_of::<PyInt>() {
            return self.write_digits(out);
        } else {
            out.extend_from_slice(self.dumps(&self.0)?.as_bytes());
        }
        Ok(())
    }

    fn write_json_key(&self, out: &mut Vec<u8>) -> Result<()> {
        if let Ok(text) = self.0.cast::<PyString>() {
            return write_text(text, out);
        }
        // Only without validation: Python has rules of its own for the keys that are no text.
        let pair = PyDict::new(self.py());
        pair.set_item(&self.0, 0)?;
        let object = self.dumps(&pair)?;
        out.extend_from_slice(object.trim_start_matches('{').trim_end_matches(": 0}").as_bytes());
        Ok(())
    }

    fn write_json_double(&self, out: &mut Vec<u8>) -> Result<()> {
        if self.0.is_instance_of::<PyInt>() {
            // Too large for a double is an error, although the digits would be written.
            self.0.extract::<f64>()?;
            return self.write_json(out);
        }
        if !self.0.is_instance_of::<PyFloat>() && !self.is_decimal() {
            self.py().import("math")?.call_method1("isnan", (&self.0,))?;
            return self.write_json(out);
        }
        let value: f64 = self.0.extract()?;
        if value.is_finite() {
            let mut text = String::new();
            double::write(&mut text, value);
            out.extend_from_slice(text.as_bytes());
        } else {
            json::write_text(out, non_finite(value).as_bytes());
        }
        Ok(())
    }

    fn write_base64(&self, out: &mut Vec<u8>) -> Result<()> {
        let text = if let Ok(bytes) = self.0.cast::<PyBytes>() {
            STANDARD.encode(bytes.as_bytes())
        } else if let Ok(text) = self.0.cast::<PyString>() {
            STANDARD.encode(text.to_str()?)
        } else if let Ok(bytes) = self.0.cast::<PyByteArray>() {
            STANDARD.encode(bytes.to_vec())
        } else {
            // Python knows what else has bytes, and how to refuse what has none.
            self.py().import("base64")?.call_method1("b64encode", (&self.0,))?.call_method1("decode", ("ascii",))?.extract()?
        };
        json::write_text(out, text.as_bytes());
        Ok(())
    }
}
