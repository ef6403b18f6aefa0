//! Answers as Python objects, built straight from the bytes.
//!
//! A short text that comes again in an answer, as states and platforms of devices do, is the same `str`.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};

use super::zone::Zone;
use crate::error::Result;
use crate::model::{Model, NameId};
use crate::protocol::Sink;

pub(super) struct PySink<'py> {
    py: Python<'py>,
    names: &'py [Py<PyString>],
    zone: std::cell::OnceCell<Zone>,
    texts: RefCell<Texts<'py>>,
}

impl<'py> PySink<'py> {
    pub(super) fn new(py: Python<'py>, model: &Model) -> Self {
        // One model a process, so one table of its names, each an interned string.
        static NAMES: PyOnceLock<Vec<Py<PyString>>> = PyOnceLock::new();
        let names = NAMES.get_or_init(py, || model.names().iter().map(|name| PyString::intern(py, name).unbind()).collect());
        Self { py, names, zone: std::cell::OnceCell::new(), texts: RefCell::default() }
    }

    fn call(&self, module: &str, function: &str, value: Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        Ok(self.py.import(module)?.call_method1(function, (value,))?)
    }
}

impl<'py> Sink for PySink<'py> {
    type Value = Bound<'py, PyAny>;
    type Map = Bound<'py, PyDict>;

    fn null(&self) -> Self::Value {
        self.py.None().into_bound(self.py)
    }

    fn boolean(&self, value: bool) -> Self::Value {
        PyBool::new(self.py, value).to_owned().into_any()
    }

    fn integer(&self, digits: &str) -> Result<Self::Value> {
        match digits.parse::<i64>() {
            Ok(value) => Ok(PyInt::new(self.py, value).into_any()),
            Err(_) => Ok(self.py.get_type::<PyInt>().call1((digits,))?),
        }
    }

    fn double(&self, value: f64) -> Self::Value {
        PyFloat::new(self.py, value).into_any()
    }

    fn text(&self, value: &str) -> Self::Value {
        self.texts.borrow_mut().get(self.py, value).into_any()
    }

    fn surrogates(&self, value: &[u8]) -> Result<Self::Value> {
        Ok(PyBytes::new(self.py, value).call_method1("decode", ("utf-8", "surrogatepass"))?)
    }

    fn blob(&self, value: &[u8]) -> Self::Value {
        PyBytes::new(self.py, value).into_any()
    }

    fn timestamp(&self, micros: i64) -> Result<Self::Value> {
        if self.zone.get().is_none() {
            let zone = Zone::local(self.py)?;
            self.zone.get_or_init(|| zone);
        }
        let zone = self.zone.get().unwrap_or_else(|| unreachable!("set above"));
        Ok(zone.datetime(self.py, micros)?)
    }

    fn list(&self, values: Vec<Self::Value>) -> Result<Self::Value> {
        Ok(PyList::new(self.py, values)?.into_any())
    }

    fn map(&self) -> Self::Map {
        PyDict::new(self.py)
    }

    fn insert(&self, map: &mut Self::Map, key: Self::Value, value: Self::Value) -> Result<()> {
        Ok(map.set_item(key, value)?)
    }

    fn member(&self, map: &mut Self::Map, name: NameId, value: Self::Value) -> Result<()> {
        Ok(map.set_item(&self.names[name.index()], value)?)
    }

    fn finish(&self, map: Self::Map) -> Self::Value {
        map.into_any()
    }

    fn coerce_integer(&self, value: Self::Value) -> Result<Self::Value> {
        Ok(self.py.get_type::<PyInt>().call1((value,))?)
    }

    fn coerce_double(&self, value: Self::Value) -> Result<Self::Value> {
        Ok(self.py.get_type::<PyFloat>().call1((value,))?)
    }

    fn coerce_timestamp(&self, value: Self::Value) -> Result<Self::Value> {
        self.call("fleetgrass._timestamps", "parse", value)
    }

    fn coerce_blob(&self, value: Self::Value) -> Result<Self::Value> {
        self.call("base64", "b64decode", value)
    }
}

/// Short texts that came lately: one in each place, which its first and last bytes and its length choose.
#[derive(Default)]
struct Texts<'py>(Vec<Option<Bound<'py, PyString>>>);

impl<'py> Texts<'py> {
    const PLACES: usize = 64;
    /// Longer ones are seldom the same, and are compared for nothing.
    const LONGEST: usize = 32;

    fn get(&mut self, py: Python<'py>, value: &str) -> Bound<'py, PyString> {
        let bytes = value.as_bytes();
        let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return PyString::new(py, value) };
        if bytes.len() > Self::LONGEST {
            return PyString::new(py, value);
        }
        let middle = bytes[bytes.len() / 2];
        let place =
            [first, middle, last].iter().fold(bytes.len(), |mixed, &byte| mixed.wrapping_mul(31).wrapping_add(usize::from(byte)));
        if self.0.is_empty() {
            self.0.resize(Self::PLACES, None);
        }
        let kept = &mut self.0[place % Self::PLACES];
        match kept {
            Some(text) if text.to_str().is_ok_and(|text| text == value) => text.clone(),
            _ => kept.insert(PyString::new(py, value)).clone(),
        }
    }
}
