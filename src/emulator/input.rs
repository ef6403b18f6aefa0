//! Requests: the parameters of an operation, read from where the model says they are.
//!
//! Path labels, query, headers and body end in one map keyed by the model's member names. Unknown members are
//! ignored, `null` means absent; what the model forbids is refused by [`check`](super::check).

use http::HeaderMap;
use serde_json::{Map, Value};

use super::check::Check;
use super::error::{Reason, Result, ServiceError};
use crate::model::{Kind, Location, Model, Operation, ShapeId};

/// The parameters of one call, checked against the model.
#[derive(Debug)]
pub struct Input(Map<String, Value>);

/// A request as it came, path labels already taken off.
pub struct Parts<'r> {
    pub labels: Vec<(&'r str, String)>,
    pub query: &'r str,
    pub headers: &'r HeaderMap,
    pub body: &'r [u8],
}

impl Input {
    pub fn read(model: &'static Model, operation: &Operation, parts: &Parts) -> Result<Self> {
        let Some(shape) = operation.input else { return Ok(Self(Map::new())) };
        let structure = model.structure(shape);
        let mut body = if structure.has_body { read_body(parts.body)? } else { Map::new() };
        let query: Vec<(String, String)> = pairs(parts.query).collect();
        let mut given = Map::new();
        for member in &structure.members {
            let text = |text: &str| from_text(model, member.shape, &member.name, text);
            let value = match member.location {
                Location::Body => body.remove(&*member.wire_name),
                Location::Uri => parts
                    .labels
                    .iter()
                    .find(|(label, _)| *label == &*member.wire_name)
                    .map(|(_, label)| text(label))
                    .transpose()?,
                Location::Header => {
                    let header = parts.headers.get(&*member.wire_name).and_then(|header| header.to_str().ok());
                    header.map(text).transpose()?
                }
                Location::Query => {
                    let mut texts = query.iter().filter(|(name, _)| **name == *member.wire_name).map(|(_, text)| text);
                    if matches!(model.shape(member.shape).kind, Kind::List { .. }) {
                        let texts: Vec<Value> = texts.map(|text| text.as_str().into()).collect();
                        (!texts.is_empty()).then_some(Value::Array(texts))
                    } else {
                        texts.next().map(|found| text(found)).transpose()?
                    }
                }
            };
            given.extend(value.map(|value| (member.wire_name.clone().into(), value)));
        }
        Check::run(model, shape, given.into()).map(Self)
    }

    /// A member that is a string.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member).and_then(Value::as_str)
    }

    /// A string that the model requires.
    pub fn required(&self, member: &str) -> Result<&str> {
        self.text(member).ok_or_else(|| {
            let constraint = "Member must not be null";
            let message =
                format!("1 validation error detected: Value null at '{member}' failed to satisfy constraint: {constraint}");
            ServiceError::member(member, message, constraint)
        })
    }

    pub fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member)
    }

    /// The same with another value of `member`.
    pub fn with(&self, member: &str, value: Value) -> Self {
        let mut members = self.0.clone();
        members.insert(member.into(), value);
        Self(members)
    }

    /// All members but `left_out`, in one order: the same for equal requests.
    pub fn fingerprint(&self, left_out: &[&str]) -> String {
        let members = self.0.iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        let mut members = Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect());
        members.sort_all_objects();
        members.to_string()
    }
}

fn read_body(body: &[u8]) -> Result<Map<String, Value>> {
    let parsed = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
    let detail = match parsed {
        Ok(Value::Object(members)) => return Ok(members),
        Ok(Value::Null) => return Ok(Map::new()),
        Ok(_) => "it is no object".into(),
        Err(error) => error.to_string(),
    };
    Err(ServiceError::validation(Reason::CannotParse, format!("Could not parse request body into json: {detail}")))
}

/// Path, query and header carry every value as text.
fn from_text(model: &Model, shape: ShapeId, name: &str, text: &str) -> Result<Value> {
    let value = match model.shape(shape).kind {
        Kind::Integer | Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Double => text.parse::<f64>().ok().map(Value::from),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        _ => Some(text.into()),
    };
    value.ok_or_else(|| {
        let message = format!("Value '{text}' at '{name}' could not be parsed");
        let mut error = ServiceError::member(name, message, "Could not be parsed");
        error.details.insert("reason".into(), "CANNOT_PARSE".into());
        error
    })
}

/// The decoded names and values of a query string.
pub fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
    })
}

/// Undoes percent-encoding; what is no `%` with two hex digits stays as it is.
pub fn percent_decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&digit| char::from(digit).to_digit(16));
        if byte == b'%'
            && let (Some(high), Some(low)) = (digit(0), digit(1))
        {
            decoded.extend(u8::try_from(high * 16 + low));
            rest = &after[2..];
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encoding_is_undone_once() {
        assert_eq!(percent_decode("arn%3Aaws%253A%zz%4"), "arn:aws%3A%zz%4");
        assert_eq!(percent_decode("%C3%A9"), "é");
    }

    #[test]
    fn query_names_repeat() {
        let found: Vec<_> = pairs("tagKeys=a&tagKeys=b%20c&x").collect();
        assert_eq!(found, [("tagKeys".into(), "a".into()), ("tagKeys".into(), "b c".into()), ("x".into(), String::new())]);
    }
}
