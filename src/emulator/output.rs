//! Answers: values written by the shape that the model gives an operation's output.
//!
//! Members come in the model's order and under their wire names, absent ones are left out, and timestamps, which the
//! emulator keeps in milliseconds, are written as seconds with three decimals.

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::{Kind, Model, ShapeId};

/// The JSON text of `value`, a value of `shape`.
pub fn to_json(model: &Model, shape: ShapeId, value: &Value) -> String {
    let mut text = String::new();
    write(model, shape, value, &mut text);
    text
}

fn write(model: &Model, shape: ShapeId, value: &Value, text: &mut String) {
    match (&model.shape(shape).kind, value) {
        (Kind::Structure(structure), Value::Object(members)) => {
            let members = structure.members.iter().filter_map(|member| {
                let value = members.get(&*member.name).filter(|value| !value.is_null())?;
                Some((&*member.wire_name, member.shape, value))
            });
            entries(model, members, text);
        }
        (Kind::Map { value: shape, .. }, Value::Object(members)) => {
            entries(model, members.iter().map(|(name, value)| (name.as_str(), *shape, value)), text);
        }
        (Kind::List { member }, Value::Array(items)) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, text);
                write(model, *member, item, text);
            }
            text.push(']');
        }
        (Kind::Timestamp, Value::Number(number)) => {
            let milliseconds = number.as_i64().unwrap_or_default();
            // a String takes every write
            let _ = write!(text, "{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000));
        }
        (_, value) => {
            let _ = write!(text, "{value}");
        }
    }
}

fn entries<'v>(model: &Model, entries: impl Iterator<Item = (&'v str, ShapeId, &'v Value)>, text: &mut String) {
    text.push('{');
    for (at, (name, shape, value)) in entries.enumerate() {
        separate(at, text);
        let _ = write!(text, "{}:", Value::from(name));
        write(model, shape, value, text);
    }
    text.push('}');
}

fn separate(at: usize, text: &mut String) {
    if at > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn timestamps_have_three_decimals_and_nulls_go() {
        let model = Model::greengrassv2();
        let shape = model.operation("GetCoreDevice").unwrap().output.unwrap();
        let device = json!({"tags": {"a": "\""}, "coreVersion": null, "lastStatusUpdateTimestamp": 1_788_250_001_005_i64});
        assert_eq!(to_json(model, shape, &device), r#"{"lastStatusUpdateTimestamp":1788250001.005,"tags":{"a":"\""}}"#);
    }

    #[test]
    fn wire_names_are_the_models() {
        let model = Model::greengrassv2();
        let shape = model.operation("GetServiceRoleForAccount").unwrap().output.unwrap();
        assert_eq!(to_json(model, shape, &json!({"roleArn": "r"})), r#"{"RoleArn":"r"}"#);
    }
}
