//! The two traits between the engine and whoever calls it.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::model::NameId;

/// What a shape asks of a value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Dict,
    List,
    /// A list, and no tuple: what a query repeats its key for.
    Repeated,
    Text,
    Integer,
    Number,
    Boolean,
    Blob,
}

/// A value that a caller gave.
///
/// [`Input::is`] asks for its type; all other functions may then be called on a value of any type, and fail as the same
/// operation fails in Python. That is what happens when validation is off.
pub trait Input: Sized {
    fn is(&self, class: Class) -> bool;
    fn is_none(&self) -> bool;
    /// The pairs of a dict, in its order.
    fn entries(&self) -> Result<Vec<(Self, Self)>>;
    /// The elements of a list.
    fn items(&self) -> Result<Vec<Self>>;
    /// How many characters, elements or pairs there are.
    fn length(&self) -> Result<usize>;
    /// Whether a number is less than `min`.
    fn is_below(&self, min: i64) -> Result<bool>;
    /// Whether a number is greater than `max`.
    fn is_above(&self, max: i64) -> Result<bool>;
    /// The text of a text, for names; `None` for what is no text or no Unicode.
    fn name(&self) -> Option<&str>;
    /// As it stands in a message: UTF-8, but for lone surrogates, which stand as three bytes each.
    fn display(&self) -> Result<Vec<u8>>;
    /// As `str()` gives it, which a header carries; lone surrogates as in a message.
    fn text(&self) -> Result<Vec<u8>>;
    /// The type as it stands in a message.
    fn type_name(&self) -> Result<Vec<u8>>;
    /// Python's error for a key that is not there.
    fn missing(&self) -> Error;
    /// A text as UTF-8, bytes as they are, anything else as its display.
    fn encoded(&self) -> Result<Cow<'_, [u8]>>;
    /// A value of any type, as JSON.
    fn write_json(&self, out: &mut Vec<u8>) -> Result<()>;
    /// The key of a JSON object.
    fn write_json_key(&self, out: &mut Vec<u8>) -> Result<()>;
    /// A value of a double's shape, as JSON: what is not finite becomes a string.
    fn write_json_double(&self, out: &mut Vec<u8>) -> Result<()>;
    /// Bytes, or a text's UTF-8, as base64.
    fn write_base64(&self, out: &mut Vec<u8>) -> Result<()>;
}

/// Where the values of an answer are built.
///
/// What the engine reads itself comes ready; a wire value of another type than its shape's is built as it is and then
/// given to one of the `coerce_` functions, which do what Python does with it.
pub trait Sink {
    type Value;
    type Map;

    fn null(&self) -> Self::Value;
    fn boolean(&self, value: bool) -> Self::Value;
    /// The digits of a JSON integer, of any size.
    fn integer(&self, digits: &str) -> Result<Self::Value>;
    fn double(&self, value: f64) -> Self::Value;
    fn text(&self, value: &str) -> Self::Value;
    /// A text with lone surrogates, each as its three bytes.
    fn surrogates(&self, value: &[u8]) -> Result<Self::Value>;
    fn blob(&self, value: &[u8]) -> Self::Value;
    /// Microseconds since 1970, within the years that Python's `datetime` knows.
    fn timestamp(&self, micros: i64) -> Result<Self::Value>;
    fn list(&self, values: Vec<Self::Value>) -> Result<Self::Value>;
    fn map(&self) -> Self::Map;
    fn insert(&self, map: &mut Self::Map, key: Self::Value, value: Self::Value) -> Result<()>;
    /// Sets a member of a structure by the name that the model gives it.
    fn member(&self, map: &mut Self::Map, name: NameId, value: Self::Value) -> Result<()>;
    fn finish(&self, map: Self::Map) -> Self::Value;

    fn coerce_integer(&self, value: Self::Value) -> Result<Self::Value>;
    fn coerce_double(&self, value: Self::Value) -> Result<Self::Value>;
    fn coerce_timestamp(&self, value: Self::Value) -> Result<Self::Value>;
    fn coerce_blob(&self, value: Self::Value) -> Result<Self::Value>;
}
