//! A caller whose values cost next to nothing, so that the engine is what is measured: parameters are lent and not copied,
//! and what is built of an answer is dropped.

use std::borrow::Cow;
use std::hint::black_box;

use fleetgrass::error::{Error, Result};
use fleetgrass::model::NameId;
use fleetgrass::protocol::{Class, Input, Sink, json};
use serde_json::Value;

/// Takes the values of an answer and keeps none.
pub struct Nothing;

impl Sink for Nothing {
    type Value = ();
    type Map = ();

    fn null(&self) {}

    fn boolean(&self, value: bool) {
        black_box(value);
    }

    fn integer(&self, digits: &str) -> Result<()> {
        black_box(digits);
        Ok(())
    }

    fn double(&self, value: f64) {
        black_box(value);
    }

    fn text(&self, value: &str) {
        black_box(value);
    }

    fn surrogates(&self, value: &[u8]) -> Result<()> {
        black_box(value);
        Ok(())
    }

    fn blob(&self, value: &[u8]) {
        black_box(value);
    }

    fn timestamp(&self, micros: i64) -> Result<()> {
        black_box(micros);
        Ok(())
    }

    fn list(&self, _: Vec<()>) -> Result<()> {
        Ok(())
    }

    fn map(&self) {}

    fn insert(&self, (): &mut (), (): (), (): ()) -> Result<()> {
        Ok(())
    }

    fn member(&self, (): &mut (), name: NameId, (): ()) -> Result<()> {
        black_box(name);
        Ok(())
    }

    fn finish(&self, (): ()) {}

    fn coerce_integer(&self, (): ()) -> Result<()> {
        Ok(())
    }

    fn coerce_double(&self, (): ()) -> Result<()> {
        Ok(())
    }

    fn coerce_timestamp(&self, (): ()) -> Result<()> {
        Ok(())
    }

    fn coerce_blob(&self, (): ()) -> Result<()> {
        Ok(())
    }
}

/// Parameters that are right, lent.
#[derive(Clone, Copy)]
pub enum Lent<'v> {
    Key(&'v str),
    Value(&'v Value),
}

impl Lent<'_> {
    fn number(&self) -> f64 {
        let Self::Value(value) = self else { unreachable!("the model has no numbers for keys") };
        value.as_f64().unwrap()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match (self.name(), self) {
            (Some(text), _) => json::write_text(out, text.as_bytes()),
            (None, Self::Value(value)) => serde_json::to_writer(out, value).unwrap(),
            (None, Self::Key(_)) => unreachable!("a key is a text"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the model's limits are small")]
impl Input for Lent<'_> {
    fn is(&self, class: Class) -> bool {
        let Self::Value(value) = self else { return class == Class::Text };
        match class {
            Class::Dict => value.is_object(),
            Class::List | Class::Repeated => value.is_array(),
            Class::Text | Class::Blob => value.is_string(),
            Class::Integer => value.is_i64(),
            Class::Number => value.is_number(),
            Class::Boolean => value.is_boolean(),
        }
    }

    fn is_none(&self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>> {
        let Self::Value(Value::Object(members)) = self else { unreachable!("no dict") };
        Ok(members.iter().map(|(key, value)| (Self::Key(key), Self::Value(value))).collect())
    }

    fn items(&self) -> Result<Vec<Self>> {
        let Self::Value(Value::Array(items)) = self else { unreachable!("no list") };
        Ok(items.iter().map(Self::Value).collect())
    }

    fn length(&self) -> Result<usize> {
        Ok(match self {
            Self::Key(key) => key.chars().count(),
            Self::Value(Value::String(text)) => text.chars().count(),
            Self::Value(Value::Array(items)) => items.len(),
            Self::Value(Value::Object(members)) => members.len(),
            Self::Value(_) => unreachable!("it has no length"),
        })
    }

    fn is_below(&self, min: i64) -> Result<bool> {
        Ok(self.number() < min as f64)
    }

    fn is_above(&self, max: i64) -> Result<bool> {
        Ok(self.number() > max as f64)
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Value(value) => value.as_str(),
        }
    }

    fn display(&self) -> Result<Vec<u8>> {
        self.text()
    }

    fn text(&self) -> Result<Vec<u8>> {
        Ok(self.encoded()?.into_owned())
    }

    fn type_name(&self) -> Result<Vec<u8>> {
        unreachable!("the parameters are right")
    }

    fn missing(&self) -> Error {
        unreachable!("the parameters are right")
    }

    fn encoded(&self) -> Result<Cow<'_, [u8]>> {
        Ok(match (self.name(), self) {
            (Some(text), _) => Cow::Borrowed(text.as_bytes()),
            (None, Self::Value(value)) => Cow::Owned(value.to_string().into_bytes()),
            (None, Self::Key(_)) => unreachable!("a key is a text"),
        })
    }

    fn write_json(&self, out: &mut Vec<u8>) -> Result<()> {
        self.write(out);
        Ok(())
    }

    fn write_json_key(&self, out: &mut Vec<u8>) -> Result<()> {
        self.write(out);
        Ok(())
    }

    fn write_json_double(&self, out: &mut Vec<u8>) -> Result<()> {
        self.write(out);
        Ok(())
    }

    fn write_base64(&self, _: &mut Vec<u8>) -> Result<()> {
        unreachable!("no request here has a blob")
    }
}
