//! Answers: values written by the shape that the model gives an operation's output.
//!
//! Members come in the model's order and under their wire names. The emulator keeps times in milliseconds; the wire
//! has seconds. There are two styles: compact, and the one that was observed at AWS.
//!
//! Where the model has a list or a structure and the value is a text, that is the compact JSON of it, times in seconds:
//! long lists are kept so in the store, and given as they are.

use std::io::Write as _;
use std::str::FromStr;

use serde_json::{Number, Value};

use crate::model::{Kind, Location, Model, ShapeId};

/// How JSON is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Without white space, absent members left out, times with three decimals.
    #[default]
    Compact,
    /// On many lines, absent members of structures null, times with an exponent.
    Observed,
}

impl FromStr for Style {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "compact" => Ok(Self::Compact),
            "observed" => Ok(Self::Observed),
            _ => Err(format!("wire_style is {text:?}: give compact or observed")),
        }
    }
}

impl Style {
    /// The JSON text of `value`, a value of `shape`; without a shape, as it stands.
    #[must_use]
    pub fn write(self, model: &Model, shape: Option<ShapeId>, value: &Value) -> Vec<u8> {
        let mut writer = Writer { model, style: self, depth: 0, out: Vec::with_capacity(BESIDE_LISTS) };
        writer.value(shape, value);
        writer.out
    }
}

/// Bytes of an answer that has no long list, or of what stands around one.
const BESIDE_LISTS: usize = 256;

struct Writer<'m> {
    model: &'m Model,
    style: Style,
    /// Of the structures and maps around; lists do not count.
    depth: usize,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn value(&mut self, shape: Option<ShapeId>, value: &Value) {
        let model = self.model;
        match (shape.map(|shape| &model.shape(shape).kind), value) {
            (Some(Kind::Structure(structure)), Value::Object(values)) => {
                let nulls = self.style == Style::Observed;
                let members = structure.members.iter().filter(|member| member.location == Location::Body);
                let members = members.filter_map(|member| match values.get(&*member.name) {
                    None | Some(Value::Null) => nulls.then_some((&*member.wire_name, None, &Value::Null)),
                    Some(value) => Some((&*member.wire_name, Some(member.shape), value)),
                });
                self.entries(members);
            }
            (Some(Kind::Map { value: shape, .. }), Value::Object(values)) => {
                self.entries(values.iter().map(|(name, value)| (name.as_str(), Some(*shape), value)));
            }
            (Some(Kind::List { member }), Value::Array(items)) => self.items(Some(*member), items),
            (Some(Kind::Timestamp), Value::Number(number)) => self.time(milliseconds(number)),
            (Some(Kind::List { .. } | Kind::Structure(_)), Value::String(json)) => match self.style {
                Style::Compact => {
                    self.out.reserve(json.len() + BESIDE_LISTS);
                    self.out.extend_from_slice(json.as_bytes());
                }
                Style::Observed => self.value(shape, &serde_json::from_str(json).unwrap_or_default()),
            },
            (_, Value::Object(values)) => {
                self.entries(values.iter().map(|(name, value)| (name.as_str(), None, value)));
            }
            (_, Value::Array(items)) => self.items(None, items),
            (_, value) => self.scalar(value),
        }
    }

    fn entries<'v>(&mut self, entries: impl Iterator<Item = (&'v str, Option<ShapeId>, &'v Value)>) {
        let observed = self.style == Style::Observed;
        self.out.push(b'{');
        self.depth += 1;
        let mut first = true;
        for (name, shape, value) in entries {
            if !first {
                self.out.push(b',');
            }
            first = false;
            self.line();
            self.scalar(name);
            self.out.extend_from_slice(if observed { b" : " } else { b":" });
            self.value(shape, value);
        }
        self.depth -= 1;
        if first {
            self.space();
        } else {
            self.line();
        }
        self.out.push(b'}');
    }

    fn items(&mut self, shape: Option<ShapeId>, items: &[Value]) {
        self.out.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.space();
            self.value(shape, item);
        }
        self.space();
        self.out.push(b']');
    }

    fn time(&mut self, milliseconds: i64) {
        // a Vec takes every write
        let _ = match self.style {
            Style::Compact => {
                write!(self.out, "{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))
            }
            Style::Observed => {
                #[expect(clippy::cast_precision_loss, reason = "the years that clocks show have fewer digits")]
                let text = format!("{:E}", milliseconds as f64 / 1000.0);
                let (digits, exponent) = text.split_once('E').unwrap_or((&text, "0"));
                let point = if digits.contains('.') { "" } else { ".0" };
                write!(self.out, "{digits}{point}E{exponent}")
            }
        };
    }

    fn scalar(&mut self, value: impl serde::Serialize) {
        let _ = serde_json::to_writer(&mut self.out, &value);
    }

    fn line(&mut self) {
        if self.style == Style::Observed {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.depth, b' ');
        }
    }

    fn space(&mut self) {
        if self.style == Style::Observed {
            self.out.push(b' ');
        }
    }
}

/// Of a time as the emulator keeps it, or in seconds as the wire has it.
#[expect(clippy::cast_possible_truncation, reason = "the years that clocks show have fewer digits")]
fn milliseconds(time: &Number) -> i64 {
    time.as_i64().unwrap_or_else(|| (time.as_f64().unwrap_or_default() * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(style: Style, operation: &str, value: &Value) -> String {
        let model = Model::greengrassv2();
        let shape = model.operation(operation).unwrap().output;
        String::from_utf8(style.write(model, shape, value)).unwrap()
    }

    #[test]
    fn timestamps_have_three_decimals_and_nulls_go() {
        let device = json!({"tags": {"a": "\""}, "coreVersion": null, "lastStatusUpdateTimestamp": 1_788_250_001_005_i64});
        let text = written(Style::Compact, "GetCoreDevice", &device);
        assert_eq!(text, r#"{"lastStatusUpdateTimestamp":1788250001.005,"tags":{"a":"\""}}"#);
    }

    #[test]
    fn wire_names_are_the_models() {
        let text = written(Style::Compact, "GetServiceRoleForAccount", &json!({"roleArn": "r"}));
        assert_eq!(text, r#"{"RoleArn":"r"}"#);
    }

    #[test]
    fn the_observed_style_has_lines_and_nulls_and_exponents() {
        let page = json!({"componentVersions": [{"componentName": "a"}, {}]});
        let text = written(Style::Observed, "ListComponentVersions", &page);
        let version =
            |name| format!("{{\n    \"componentName\" : {name},\n    \"componentVersion\" : null,\n    \"arn\" : null\n  }}");
        let versions = format!("[ {}, {} ]", version("\"a\""), version("null"));
        assert_eq!(text, format!("{{\n  \"componentVersions\" : {versions},\n  \"nextToken\" : null\n}}"));
        for (time, expected) in [(1_621_884_415_241_i64, "1.621884415241E9"), (1_000_000_000_000, "1.0E9")] {
            let device = json!({"lastStatusUpdateTimestamp": time, "tags": {}});
            let text = written(Style::Observed, "GetCoreDevice", &device);
            assert!(text.contains(&format!("\"lastStatusUpdateTimestamp\" : {expected},\n  \"tags\" : {{ }}\n}}")), "{text}");
        }
    }

    #[test]
    fn json_that_was_kept_is_written_as_its_value_would_be() {
        let time = 1_788_250_001_005_i64;
        let value = json!({"coreDevices": [{"coreDeviceThingName": "a\"", "lastStatusUpdateTimestamp": time}, {}]});
        let kept = r#"[{"coreDeviceThingName":"a\"","lastStatusUpdateTimestamp":1788250001.005},{}]"#;
        for style in [Style::Compact, Style::Observed] {
            let expected = written(style, "ListCoreDevices", &value);
            assert_eq!(written(style, "ListCoreDevices", &json!({ "coreDevices": kept })), expected);
        }
    }
}
