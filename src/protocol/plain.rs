//! Plain Rust values: what the engine reads and builds where no Python object is wanted.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Builtin, Error, Result};
use crate::model::{Model, NameId};
use crate::protocol::{Class, Input, Sink, double, json};

#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    Null,
    Boolean(bool),
    /// Digits with their sign; of any size.
    Integer(String),
    Double(f64),
    Text(String),
    /// A text with lone surrogates, each as its three bytes.
    Surrogates(Vec<u8>),
    Bytes(Vec<u8>),
    /// Microseconds since 1970.
    Timestamp(i64),
    List(Vec<Plain>),
    /// In order.
    Map(Vec<(String, Plain)>),
}

impl From<&str> for Plain {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

fn type_error(wanted: &str, found: &Plain) -> Error {
    Error::Builtin { class: Builtin::Type, message: format!("{wanted} was expected, not {found:?}") }
}

impl Plain {
    /// As Python would print it.
    fn shown(&self) -> String {
        match self {
            Self::Null => "None".to_owned(),
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Integer(text) | Self::Text(text) => text.clone(),
            Self::Double(value) => {
                let mut text = String::new();
                double::write(&mut text, *value);
                text
            }
            Self::Surrogates(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        }
    }
}

impl Input for Plain {
    fn is(&self, class: Class) -> bool {
        match class {
            Class::Dict => matches!(self, Self::Map(_)),
            Class::List | Class::Repeated => matches!(self, Self::List(_)),
            Class::Text => matches!(self, Self::Text(_) | Self::Surrogates(_)),
            Class::Integer => matches!(self, Self::Integer(_) | Self::Boolean(_)),
            Class::Number => matches!(self, Self::Integer(_) | Self::Boolean(_) | Self::Double(_)),
            Class::Boolean => matches!(self, Self::Boolean(_)),
            Class::Blob => matches!(self, Self::Text(_) | Self::Bytes(_)),
        }
    }

    fn is_none(&self) -> bool {
        *self == Self::Null
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>> {
        match self {
            Self::Map(pairs) => Ok(pairs.iter().map(|(key, value)| (Self::Text(key.clone()), value.clone())).collect()),
            other => Err(type_error("a map", other)),
        }
    }

    fn items(&self) -> Result<Vec<Self>> {
        match self {
            Self::List(items) => Ok(items.clone()),
            other => Err(type_error("a list", other)),
        }
    }

    fn length(&self) -> Result<usize> {
        match self {
            Self::Text(text) => Ok(text.chars().count()),
            Self::List(items) => Ok(items.len()),
            Self::Map(pairs) => Ok(pairs.len()),
            other => Err(type_error("a text, a list or a map", other)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the model's limits are small")]
    fn is_below(&self, min: i64) -> Result<bool> {
        match self {
            Self::Boolean(value) => Ok(i64::from(*value) < min),
            Self::Double(value) => Ok(*value < min as f64),
            Self::Integer(digits) => Ok(digits.parse::<i64>().map_or(digits.starts_with('-'), |value| value < min)),
            other => Err(type_error("a number", other)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the limits of the model are small, or far beyond what precision decides")]
    fn is_above(&self, max: i64) -> Result<bool> {
        match self {
            Self::Boolean(value) => Ok(i64::from(*value) > max),
            Self::Double(value) => Ok(*value > max as f64),
            Self::Integer(digits) => Ok(digits.parse::<i64>().map_or(!digits.starts_with('-'), |value| value > max)),
            other => Err(type_error("a number", other)),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn display(&self) -> Result<Vec<u8>> {
        self.text()
    }

    fn text(&self) -> Result<Vec<u8>> {
        Ok(self.shown().into_bytes())
    }

    fn type_name(&self) -> Result<Vec<u8>> {
        let name = match self {
            Self::Null => "NoneType",
            Self::Boolean(_) => "bool",
            Self::Integer(_) => "int",
            Self::Double(_) => "float",
            Self::Text(_) | Self::Surrogates(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "datetime.datetime",
            Self::List(_) => "list",
            Self::Map(_) => "dict",
        };
        Ok(format!("<class '{name}'>").into_bytes())
    }

    fn missing(&self) -> Error {
        Error::Builtin { class: Builtin::Key, message: self.shown() }
    }

    fn encoded(&self) -> Result<Cow<'_, [u8]>> {
        Ok(match self {
            Self::Text(text) => Cow::Borrowed(text.as_bytes()),
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            other => Cow::Owned(other.display()?),
        })
    }

    fn write_json(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Null => out.extend(b"null"),
            Self::Boolean(value) => out.extend(if *value { &b"true"[..] } else { b"false" }),
            Self::Integer(digits) => out.extend(digits.as_bytes()),
            Self::Text(text) => json::write_text(out, text.as_bytes()),
            Self::Surrogates(text) => json::write_text(out, text),
            Self::Double(_) => out.extend(self.display()?),
            other => return Err(type_error("a scalar", other)),
        }
        Ok(())
    }

    fn write_json_key(&self, out: &mut Vec<u8>) -> Result<()> {
        self.write_json(out)
    }

    fn write_json_double(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Double(value) if !value.is_finite() => {
                json::write_text(out, non_finite(*value).as_bytes());
                Ok(())
            }
            other => other.write_json(out),
        }
    }

    fn write_base64(&self, out: &mut Vec<u8>) -> Result<()> {
        json::write_text(out, STANDARD.encode(self.encoded()?).as_bytes());
        Ok(())
    }
}

/// How rest-json spells a double that JSON has no number for.
#[must_use]
pub fn non_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Builds [`Plain`] values.
#[derive(Debug)]
pub struct PlainSink;

impl Sink for PlainSink {
    type Value = Plain;
    type Map = Vec<(String, Plain)>;

    fn null(&self) -> Plain {
        Plain::Null
    }

    fn boolean(&self, value: bool) -> Plain {
        Plain::Boolean(value)
    }

    fn integer(&self, digits: &str) -> Result<Plain> {
        Ok(Plain::Integer(digits.to_owned()))
    }

    fn double(&self, value: f64) -> Plain {
        Plain::Double(value)
    }

    fn text(&self, value: &str) -> Plain {
        value.into()
    }

    fn surrogates(&self, value: &[u8]) -> Result<Plain> {
        Ok(Plain::Surrogates(value.to_vec()))
    }

    fn blob(&self, value: &[u8]) -> Plain {
        Plain::Bytes(value.to_vec())
    }

    fn timestamp(&self, micros: i64) -> Result<Plain> {
        Ok(Plain::Timestamp(micros))
    }

    fn list(&self, values: Vec<Plain>) -> Result<Plain> {
        Ok(Plain::List(values))
    }

    fn map(&self) -> Self::Map {
        Vec::new()
    }

    fn insert(&self, map: &mut Self::Map, key: Plain, value: Plain) -> Result<()> {
        map.push((key.shown(), value));
        Ok(())
    }

    fn member(&self, map: &mut Self::Map, name: NameId, value: Plain) -> Result<()> {
        map.push((Model::greengrassv2().names()[name.index()].to_string(), value));
        Ok(())
    }

    fn finish(&self, map: Self::Map) -> Plain {
        Plain::Map(map)
    }

    #[expect(clippy::cast_possible_truncation, reason = "as Python's int() cuts a float")]
    fn coerce_integer(&self, value: Plain) -> Result<Plain> {
        match value {
            Plain::Double(value) => Ok(Plain::Integer((value as i64).to_string())),
            Plain::Boolean(value) => Ok(Plain::Integer(i32::from(value).to_string())),
            Plain::Text(text) if text.trim().parse::<i64>().is_ok() => Ok(Plain::Integer(text.trim().to_owned())),
            other => Err(type_error("an integer", &other)),
        }
    }

    fn coerce_double(&self, value: Plain) -> Result<Plain> {
        match &value {
            Plain::Integer(text) | Plain::Text(text) => {
                text.trim().parse().map(Plain::Double).map_err(|_| type_error("a number", &value))
            }
            Plain::Boolean(value) => Ok(Plain::Double(f64::from(u8::from(*value)))),
            other => Err(type_error("a number", other)),
        }
    }

    fn coerce_timestamp(&self, value: Plain) -> Result<Plain> {
        Err(type_error("a number of seconds within the years 1 to 9999", &value))
    }

    fn coerce_blob(&self, value: Plain) -> Result<Plain> {
        Err(type_error("padded base64", &value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::validate::Validation;
    use crate::protocol::{parse, serialize};

    fn map<const N: usize>(pairs: [(&str, Plain); N]) -> Plain {
        Plain::Map(pairs.map(|(key, value)| (key.to_owned(), value)).into())
    }

    fn request(operation: &str, parameters: &Plain) -> Result<serialize::Serialized> {
        let model = Model::greengrassv2();
        serialize::serialize(model, model.operation(operation).unwrap(), parameters, Validation::Standard, || "token".to_owned())
    }

    #[test]
    fn members_go_where_the_model_says() {
        let parameters = map([("arn", "a:b/c".into()), ("artifactName", "x/../ y".into()), ("s3EndpointType", "GLOBAL".into())]);
        let request = request("GetComponentVersionArtifact", &parameters).unwrap();
        assert_eq!(request.path, "/greengrass/v2/components/a%3Ab%2Fc/artifacts/x/../%20y");
        assert_eq!((request.query.as_deref(), request.body), (Some("s3EndpointType=GLOBAL"), None));
    }

    #[test]
    fn the_token_is_the_last_member_unless_given() {
        let body =
            |parameters: &Plain| String::from_utf8(request("CreateDeployment", parameters).unwrap().body.unwrap()).unwrap();
        assert_eq!(body(&map([("targetArn", "é".into())])), r#"{"targetArn": "\u00e9", "clientToken": "token"}"#);
        let given = map([("clientToken", "mine".into()), ("targetArn", "t".into())]);
        assert_eq!(body(&given), r#"{"clientToken": "mine", "targetArn": "t"}"#);
    }

    #[test]
    fn all_problems_are_told_in_botocores_order() {
        let limits = map([("cpus", Plain::Integer("-1".into())), ("ram", Plain::Null)]);
        let run_with = map([("runWith", map([("systemResourceLimits", limits)]))]);
        let Err(Error::Validation { report, .. }) = request("CreateDeployment", &map([("components", map([("x", run_with)]))]))
        else {
            panic!("the parameters are wrong")
        };
        assert_eq!(
            String::from_utf8(report).unwrap(),
            "Missing required parameter in input: \"targetArn\"\n\
             Missing required parameter in components.x: \"componentVersion\"\n\
             Unknown parameter in components.x.runWith.systemResourceLimits: \"ram\", must be one of: memory, cpus\n\
             Invalid value for parameter components.x.runWith.systemResourceLimits.cpus, value: -1, valid min value: 0"
        );
    }

    #[test]
    fn an_answer_comes_in_the_models_order_without_nulls() {
        let model = Model::greengrassv2();
        let shape = model.operation("GetCoreDevice").unwrap().output.unwrap();
        let body = r#"{"tags":{"b":null},"x":[{}],"status":null,"lastStatusUpdateTimestamp":1.5E9,"coreDeviceThingName":"d"}"#;
        let mut members = Vec::new();
        parse::members(model, shape, body, &PlainSink, &mut members).unwrap();
        let want = map([
            ("coreDeviceThingName", "d".into()),
            ("lastStatusUpdateTimestamp", Plain::Timestamp(1_500_000_000_000_000)),
            ("tags", map([("b", Plain::Null)])),
        ]);
        assert_eq!(Plain::Map(members), want);
    }

    #[test]
    fn of_faults_in_a_map_the_one_whose_key_came_first_is_told() {
        let model = Model::greengrassv2();
        let shape = model.operation("GetDeployment").unwrap().output.unwrap();
        for (first, last, named) in [
            ("[]", "[]", "ComponentDeploymentSpecification is"),
            ("{}", "[]", "ComponentDeploymentSpecification is"),
            ("[]", "{}", "ComponentConfigurationUpdate is"),
        ] {
            let body = format!(r#"{{"components": {{"a": {first}, "b": {{"configurationUpdate": "x"}}, "a": {last}}}}}"#);
            let told = parse::members(model, shape, &body, &PlainSink, &mut Vec::new()).unwrap_err();
            assert!(format!("{told:?}").contains(named), "{body}: {told:?}");
        }
    }

    #[test]
    fn a_body_that_is_cut_off_is_no_json_whatever_else_is_wrong_with_it() {
        let model = Model::greengrassv2();
        let shape = model.operation("GetCoreDevice").unwrap().output.unwrap();
        for body in [r#"{"lastStatusUpdateTimestamp": "bad", "#, r#"{"tags": 3"#] {
            let outcome = parse::members(model, shape, body, &PlainSink, &mut Vec::new());
            assert!(matches!(outcome, Err(parse::Failure::Syntax(_))), "{outcome:?}");
        }
    }
}
