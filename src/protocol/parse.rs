//! From the body of an answer to values, by shape, with no tree in between.
//!
//! A structure's members come out in the model's order, whatever the wire's; unknown ones are skipped, nulls left out.
//! A value of another JSON type than its shape's is built as it is and coerced as Python would; where botocore would
//! stumble over a container that is none, the answer is unreadable.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result as CoreResult};
use crate::model::{Kind, Location, Model, ShapeId};
use crate::protocol::Sink;
use crate::protocol::json::{Next, Number, Reader, SyntaxError, Text};
use crate::protocol::timestamp;

/// Why a body gives no value.
#[derive(Debug)]
pub enum Failure {
    /// It is no JSON.
    Syntax(SyntaxError),
    /// A value is no list or map where the shape is one, or the body is no map.
    Mismatch(String),
    /// What Python raised while a value was built.
    Raised(Error),
}

impl From<SyntaxError> for Failure {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Raised(error)
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// Reads `body` as the structure `shape` and sets its members in `map`.
///
/// A body that is no JSON is that before all else. Of several values that cannot be built the first in the model's order
/// is told.
pub fn members<S: Sink>(model: &Model, shape: ShapeId, body: &str, sink: &S, map: &mut S::Map) -> Result<()> {
    let mut parser = Parser { model, sink, reader: Reader::new(body), values: Vec::new() };
    let outcome = parser.whole(shape, map);
    if !matches!(outcome, Err(Failure::Syntax(_))) {
        parser.reader.end()?;
    }
    outcome
}

/// Reads a JSON text that has no shape.
pub fn untyped<S: Sink>(body: &str, sink: &S) -> Result<S::Value> {
    let mut parser = Parser { model: Model::greengrassv2(), sink, reader: Reader::new(body), values: Vec::new() };
    let value = parser.untyped()?;
    parser.reader.end()?;
    Ok(value)
}

struct Parser<'a, S: Sink> {
    model: &'a Model,
    sink: &'a S,
    reader: Reader<'a>,
    /// Of the structures that are being read, inner ones behind outer ones: what each member has so far.
    values: Vec<Option<Result<S::Value>>>,
}

impl<S: Sink> Parser<'_, S> {
    fn whole(&mut self, shape: ShapeId, map: &mut S::Map) -> Result<()> {
        if let Err(failure) = self.expect(shape, Next::Map) {
            self.reader.skip()?;
            return Err(failure);
        }
        self.fill(shape, map)
    }

    fn expect(&mut self, shape: ShapeId, wanted: Next) -> Result<()> {
        let found = self.reader.peek()?;
        if found == wanted {
            return Ok(());
        }
        Err(Failure::Mismatch(format!("{} is no {wanted:?} but a {found:?}", self.model.shape(shape).name)))
    }

    fn value(&mut self, shape: ShapeId) -> Result<S::Value> {
        let next = self.reader.peek()?;
        match (&self.model.shape(shape).kind, next) {
            (Kind::String | Kind::Boolean, Next::Boolean) => Ok(self.sink.boolean(self.reader.boolean()?)),
            (Kind::String, _) => self.untyped(),
            (Kind::Boolean, Next::Text) => {
                let text = self.reader.string()?;
                Ok(self.sink.boolean(matches!(text, Text::Unicode(text) if text.to_lowercase() == "true")))
            }
            (Kind::Boolean, _) => {
                self.reader.skip()?;
                Ok(self.sink.boolean(false))
            }
            (Kind::Integer | Kind::Long, Next::Number) => match self.reader.number()? {
                Number::Integer(digits) => Ok(self.sink.integer(digits)?),
                Number::Double(value) => Ok(self.sink.coerce_integer(self.sink.double(value))?),
            },
            (Kind::Integer | Kind::Long, _) => self.coerced(S::coerce_integer),
            (Kind::Double, Next::Number) => match self.reader.number()? {
                Number::Integer(digits) => Ok(self.sink.coerce_double(self.sink.integer(digits)?)?),
                Number::Double(value) => Ok(self.sink.double(value)),
            },
            (Kind::Double, _) => self.coerced(S::coerce_double),
            (Kind::Timestamp, Next::Number) => self.timestamp(),
            (Kind::Timestamp, _) => self.coerced(S::coerce_timestamp),
            (Kind::Blob, Next::Text) => match self.reader.string()? {
                Text::Unicode(text) => self.blob(&text),
                text @ Text::Surrogates(_) => Ok(self.sink.coerce_blob(self.text(text)?)?),
            },
            (Kind::Blob, _) => self.coerced(S::coerce_blob),
            (Kind::Structure(_), _) => {
                self.expect(shape, Next::Map)?;
                let mut map = self.sink.map();
                self.fill(shape, &mut map)?;
                Ok(self.sink.finish(map))
            }
            (Kind::List { member }, _) => {
                self.expect(shape, Next::List)?;
                self.list(|parser| if parser.is_null()? { Ok(parser.sink.null()) } else { parser.value(*member) })
            }
            (Kind::Map { value, .. }, _) => {
                self.expect(shape, Next::Map)?;
                self.shaped_map(*value)
            }
        }
    }

    /// Reads a map into the members of a structure. The reader is behind the map then, unless the text is no JSON.
    fn fill(&mut self, shape: ShapeId, map: &mut S::Map) -> Result<()> {
        let structure = self.model.structure(shape);
        let from = self.values.len();
        self.values.resize_with(from + structure.members.len(), || None);
        self.reader.open_map()?;
        let mut first = true;
        while let Some(key) = self.reader.next_key(first)? {
            first = false;
            let member = match &key {
                Text::Unicode(key) => structure.wire_position(key),
                Text::Surrogates(_) => None,
            };
            match member.filter(|at| structure.members[*at].location == Location::Body) {
                None => self.reader.skip()?,
                // Of a key that comes twice the last one counts, be it null.
                Some(at) => {
                    let value = if self.is_null()? { None } else { Some(self.member(structure.members[at].shape)?) };
                    self.values[from + at] = value;
                }
            }
        }
        for (member, value) in structure.members.iter().zip(self.values.drain(from..)) {
            if let Some(value) = value {
                self.sink.member(map, member.name_id, value?)?;
            }
        }
        Ok(())
    }

    /// A value, or why there is none; the reader is behind it in either case.
    fn member(&mut self, shape: ShapeId) -> Result<Result<S::Value>> {
        let start = self.reader.clone();
        match self.value(shape) {
            Err(Failure::Syntax(error)) => Err(error.into()),
            Err(failure) => {
                self.reader = start;
                self.reader.skip()?;
                Ok(Err(failure))
            }
            value => Ok(value),
        }
    }

    /// A map whose values have a shape. As in a structure, of a key that comes twice the last value counts, be it one that
    /// cannot be built. Of several such the one is told whose key came first.
    fn shaped_map(&mut self, value: ShapeId) -> Result<S::Value> {
        let start = self.reader.clone();
        let mut map = self.sink.map();
        let mut failed: Vec<(Text<'_>, Failure)> = Vec::new();
        self.reader.open_map()?;
        let mut first = true;
        while let Some(key) = self.reader.next_key(first)? {
            first = false;
            let element = if self.is_null()? { Ok(self.sink.null()) } else { self.member(value)? };
            failed.retain(|(known, _)| *known != key);
            match element {
                Ok(element) => {
                    let key = self.text(key)?;
                    self.sink.insert(&mut map, key, element)?;
                }
                Err(failure) => failed.push((key, failure)),
            }
        }
        if failed.is_empty() {
            return Ok(self.sink.finish(map));
        }
        let behind = std::mem::replace(&mut self.reader, start);
        let told = self.first_of(&failed)?;
        self.reader = behind;
        Err(failed.swap_remove(told).1)
    }

    /// Which of these comes first in the map before the reader.
    fn first_of(&mut self, failed: &[(Text<'_>, Failure)]) -> Result<usize> {
        self.reader.open_map()?;
        let mut first = true;
        while let Some(key) = self.reader.next_key(first)? {
            first = false;
            if let Some(at) = failed.iter().position(|(known, _)| *known == key) {
                return Ok(at);
            }
            self.reader.skip()?;
        }
        Ok(0)
    }

    fn timestamp(&mut self) -> Result<S::Value> {
        let seconds = match self.reader.number()? {
            Number::Double(seconds) => seconds,
            Number::Integer(digits) => match digits.parse::<i32>() {
                Ok(seconds) => seconds.into(),
                Err(_) => return Ok(self.sink.coerce_timestamp(self.sink.integer(digits)?)?),
            },
        };
        Ok(match timestamp::micros(seconds) {
            Some(micros) => self.sink.timestamp(micros)?,
            None => self.sink.coerce_timestamp(self.sink.double(seconds))?,
        })
    }

    fn blob(&mut self, text: &str) -> Result<S::Value> {
        match STANDARD.decode(text) {
            Ok(bytes) => Ok(self.sink.blob(&bytes)),
            Err(_) => Ok(self.sink.coerce_blob(self.sink.text(text))?),
        }
    }

    fn coerced(&mut self, coerce: impl FnOnce(&S, S::Value) -> CoreResult<S::Value>) -> Result<S::Value> {
        let value = self.untyped()?;
        Ok(coerce(self.sink, value)?)
    }

    fn untyped(&mut self) -> Result<S::Value> {
        Ok(match self.reader.peek()? {
            Next::Null => {
                self.reader.null()?;
                self.sink.null()
            }
            Next::Boolean => self.sink.boolean(self.reader.boolean()?),
            Next::Number => match self.reader.number()? {
                Number::Integer(digits) => self.sink.integer(digits)?,
                Number::Double(value) => self.sink.double(value),
            },
            Next::Text => {
                let text = self.reader.string()?;
                self.text(text)?
            }
            Next::List => self.list(Self::untyped)?,
            Next::Map => self.map(Self::untyped)?,
        })
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Result<S::Value>) -> Result<S::Value> {
        self.reader.open_list()?;
        let mut values = Vec::new();
        while self.reader.next_item(values.is_empty())? {
            values.push(element(self)?);
        }
        Ok(self.sink.list(values)?)
    }

    fn map(&mut self, mut element: impl FnMut(&mut Self) -> Result<S::Value>) -> Result<S::Value> {
        self.reader.open_map()?;
        let mut map = self.sink.map();
        let mut first = true;
        while let Some(key) = self.reader.next_key(first)? {
            first = false;
            let key = self.text(key)?;
            let value = element(self)?;
            self.sink.insert(&mut map, key, value)?;
        }
        Ok(self.sink.finish(map))
    }

    fn text(&self, text: Text<'_>) -> Result<S::Value> {
        Ok(match text {
            Text::Unicode(Cow::Borrowed(text)) => self.sink.text(text),
            Text::Unicode(Cow::Owned(text)) => self.sink.text(&text),
            Text::Surrogates(bytes) => self.sink.surrogates(&bytes)?,
        })
    }

    /// Whether the next value is null; if so, it is read.
    fn is_null(&mut self) -> Result<bool> {
        let null = self.reader.peek()? == Next::Null;
        if null {
            self.reader.null()?;
        }
        Ok(null)
    }
}
