//! `_core.Plan`: what a deployment would make of a fleet of Python objects.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict};
use pythonize::pythonize;
use serde_json::Value;

use super::catalogue::PyCatalogue;
use super::input::PyInput;
use super::interpreter::leave;
use super::plain::json_of;
use super::resolve::refusal;
use super::simulation::read;
use crate::model::Model;
use crate::protocol::serialize::serialize;
use crate::protocol::validate::Validation;
use crate::resolve::plan::{Deployment, Plan};
use crate::resolve::plan_table::Rows;

/// A deployment's outcome on each device, and on each distinct state of devices.
#[derive(Debug)]
#[pyclass(frozen, module = "fleetgrass._core", name = "Plan")]
pub struct PyPlan(Arc<Plan>);

#[pymethods]
impl PyPlan {
    /// `deployment` holds the parameters of `create_deployment`, which is made at `timestamp`, milliseconds since 1970.
    #[new]
    #[pyo3(signature = (deployment, catalogue, devices, timestamp))]
    fn new(
        py: Python<'_>,
        deployment: &Bound<'_, PyAny>,
        catalogue: &PyCatalogue,
        devices: &Bound<'_, PyAny>,
        timestamp: u64,
    ) -> PyResult<Self> {
        let deployment = read(py, Deployment::read(&parameters(deployment)?, timestamp))?;
        let Fleet { states, devices } = Fleet::read(devices)?;
        let states = states.iter().map(|(facts, place)| (place.text(), facts));
        let plan = leave(py, || Plan::new(deployment, catalogue.0.clone(), states, devices));
        Ok(Self(Arc::new(read(py, plan)?)))
    }

    /// What becomes of each state.
    fn states<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.0.decisions.iter().map(|decision| Ok(pythonize(py, &decision.told())?)).collect()
    }

    /// Whether what becomes of a state hangs on the order of hash maps, by its place.
    fn is_order_sensitive(&self, py: Python<'_>, state: usize) -> PyResult<bool> {
        let is_sensitive = leave(py, || self.0.is_order_sensitive(state));
        is_sensitive.ok_or_else(|| PyIndexError::new_err(format!("there is no state {state}")))
    }

    /// The name of each device and the place of its state.
    fn devices(&self) -> Vec<(&str, usize)> {
        self.0.devices.iter().map(|(name, state)| (&**name, *state)).collect()
    }

    fn findings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(pythonize(py, &self.0.findings())?)
    }

    /// Its table, for the Arrow PyCapsule interface. It comes in the one schema that it has.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema; // the interface lets a producer do without it
        let stream = FFI_ArrowArrayStream::new(Box::new(Rows::new(self.0.clone())));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}

/// The parameters, checked as a client checks them, in the spelling of the wire.
fn parameters(deployment: &Bound<'_, PyAny>) -> PyResult<Value> {
    let model = Model::greengrassv2();
    let Some(operation) = model.operation("CreateDeployment") else { return Ok(Value::Null) };
    let request = serialize(model, operation, &PyInput(deployment.clone()), Validation::Standard, String::new)?;
    Ok(serde_json::from_slice(&request.body.unwrap_or_default()).unwrap_or_default())
}

/// Where a device stands among all.
#[derive(Clone)]
enum Place {
    At(usize),
    Named(String),
}

impl Place {
    fn text(&self) -> String {
        match self {
            Self::At(at) => format!("devices[{at}]"),
            Self::Named(name) => format!("devices[{name:?}]"),
        }
    }
}

/// Devices, and the distinct states among them.
#[derive(Default)]
struct Fleet {
    states: Vec<(Value, Place)>,
    devices: Vec<(String, usize)>,
}

impl Fleet {
    /// Of a dict by name, or of any other iterable.
    fn read(devices: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut reader = Reader::new(devices.py())?;
        if let Ok(named) = devices.cast::<PyDict>() {
            for (name, device) in named.iter() {
                let name: String = name.extract()?;
                reader.add(&device, &Place::Named(name))?;
            }
        } else {
            // all are held until all are read: a state is known again by its object
            let devices = devices.try_iter()?.collect::<PyResult<Vec<_>>>()?;
            for (at, device) in devices.iter().enumerate() {
                reader.add(device, &Place::At(at))?;
            }
        }
        Ok(reader.fleet)
    }
}

struct Reader<'py> {
    fleet: Fleet,
    /// `marshal.dumps`: most devices are known by what it writes of them, and need not be read.
    write: Bound<'py, PyAny>,
    /// By the address of an object without a name of its own.
    objects: HashMap<usize, usize>,
    /// By what is written. States may be one though they are written in two ways.
    written: HashMap<Vec<u8>, usize>,
    values: HashMap<Value, usize>,
    names: HashSet<String>,
}

impl<'py> Reader<'py> {
    fn new(py: Python<'py>) -> PyResult<Self> {
        Ok(Self {
            fleet: Fleet::default(),
            write: py.import("marshal")?.getattr("dumps")?,
            objects: HashMap::new(),
            written: HashMap::new(),
            values: HashMap::new(),
            names: HashSet::new(),
        })
    }

    fn add(&mut self, device: &Bound<'py, PyAny>, place: &Place) -> PyResult<()> {
        let known = self.objects.get(&(device.as_ptr() as usize)).copied();
        let (own, state) = known.map_or_else(|| self.state(device, place), |state| Ok((None, state)))?;
        let name = match place {
            Place::Named(name) => name.clone(),
            Place::At(_) => own.unwrap_or_else(|| place.text()),
        };
        if !self.names.insert(name.clone()) {
            let told = format!("{} is called {name:?}, and so is another: give each device a name of its own", place.text());
            return Err(refusal(device.py(), "invalid_fact", told));
        }
        self.fleet.devices.push((name, state));
        Ok(())
    }

    /// The name that the device gives itself, and the place of its state.
    fn state(&mut self, device: &Bound<'py, PyAny>, place: &Place) -> PyResult<(Option<String>, usize)> {
        let (own, facts) = without_name(device)?;
        let state = self.state_of(&facts, place)?;
        let Some(own) = own else {
            self.objects.insert(device.as_ptr() as usize, state);
            return Ok((None, state));
        };
        let Ok(name) = own.extract() else {
            let told = format!("{}[\"name\"] is {own}: give a text", place.text());
            return Err(refusal(device.py(), "invalid_fact", told));
        };
        Ok((Some(name), state))
    }

    fn state_of(&mut self, facts: &Bound<'py, PyAny>, place: &Place) -> PyResult<usize> {
        // this version writes the same for the same, whoever else refers to it; what it cannot write is refused below
        let written = self.write.call1((facts, 2)).ok();
        let written = written.as_ref().and_then(|written| written.cast::<PyBytes>().ok()).map(PyBytesMethods::as_bytes);
        if let Some(known) = written.and_then(|written| self.written.get(written)) {
            return Ok(*known);
        }
        let value = json_of("device", facts).or_else(|_| json_of(&place.text(), facts))?;
        let next = self.fleet.states.len();
        let state = *self.values.entry(value).or_insert_with_key(|value| {
            self.fleet.states.push((value.clone(), place.clone()));
            next
        });
        self.written.extend(written.map(|written| (written.to_vec(), state)));
        Ok(state)
    }
}

/// The name that a device gives itself, and the rest of it.
fn without_name<'py>(device: &Bound<'py, PyAny>) -> PyResult<(Option<Bound<'py, PyAny>>, Bound<'py, PyAny>)> {
    let Ok(facts) = device.cast::<PyDict>() else { return Ok((None, device.clone())) };
    let Some(name) = facts.get_item("name")? else { return Ok((None, device.clone())) };
    let facts = facts.copy()?;
    facts.del_item("name")?;
    Ok((Some(name), facts.into_any()))
}
