//! Plain Python values as JSON values: what `json.loads` gives, and tuples.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

/// As deep as JSON texts are read.
const DEPTH: usize = 128;

/// `value` as JSON. What JSON cannot hold is told with its place, which begins with `name`.
pub fn json_of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    read(value, DEPTH).map_err(|(path, what)| {
        let place = path.iter().rev().fold(name.to_owned(), |place, step| place + "[" + step + "]");
        PyValueError::new_err(format!("{place} {what}"))
    })
}

/// The way to a value, from its end, and what is wrong with it.
type Refusal = (Vec<String>, String);

fn read(value: &Bound<'_, PyAny>, depth: usize) -> Result<Value, Refusal> {
    let refuse = |what: String| Err((Vec::new(), what));
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(value.is_true().into());
    }
    if let Ok(text) = value.cast::<PyString>() {
        return text.to_str().map(Value::from).or_else(|_| refuse("has half of a surrogate pair: give whole characters".into()));
    }
    if value.is_instance_of::<PyInt>() {
        let number = value.extract().map(i64::into).or_else(|_| value.extract().map(u64::into));
        return number.or_else(|_| refuse(format!("is {value}: give an integer of at most 64 bits")));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        let finite = Number::from_f64(number.value()).map(Value::Number);
        return finite.map_or_else(|| refuse(format!("is {value}: give a finite number")), Ok);
    }
    let Some(depth) = depth.checked_sub(1) else { return refuse(format!("lies deeper than {DEPTH} levels: nest it less")) };
    if let Ok(map) = value.cast::<PyDict>() {
        return map.iter().map(|(key, value)| entry(&key, &value, depth)).collect::<Result<Map<_, _>, _>>().map(Value::Object);
    }
    let items: Vec<_> = match (value.cast::<PyList>(), value.cast::<PyTuple>()) {
        (Ok(list), _) => list.iter().collect(),
        (_, Ok(tuple)) => tuple.iter().collect(),
        _ => return refuse(format!("is of {}: give a dict, list, str, number, bool or None", value.get_type())),
    };
    let item = |(at, item): (usize, &Bound<'_, PyAny>)| read(item, depth).map_err(|refusal| below(at.to_string(), refusal));
    items.iter().enumerate().map(item).collect::<Result<_, _>>().map(Value::Array)
}

fn entry(key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, depth: usize) -> Result<(String, Value), Refusal> {
    let Some(name) = key.cast::<PyString>().ok().and_then(|key| key.to_str().ok()) else {
        let key = key.repr().map_or_else(|_| "?".into(), |key| key.to_string());
        return Err((Vec::new(), format!("has the key {key}: keys are texts")));
    };
    let value = read(value, depth).map_err(|refusal| below(format!("{name:?}"), refusal))?;
    Ok((name.to_owned(), value))
}

fn below(step: String, (mut path, what): Refusal) -> Refusal {
    path.push(step);
    (path, what)
}
