//! The model's constraints, with the texts of the service.
//!
//! A value of the wrong JSON type ends the walk, as it ends the service's own parser; broken constraints are
//! collected and reported together. On the way, wire names become the model's names and nulls are dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::error::{Reason, Result, ServiceError};
use crate::model::{Breach, Constraints, Kind, Model, ShapeId, Structure};

pub struct Check {
    model: &'static Model,
    problems: Vec<Problem>,
}

struct Problem {
    path: String,
    value: String,
    constraint: String,
}

impl Check {
    /// The members of the structure `shape` in `value`.
    pub fn run(model: &'static Model, shape: ShapeId, value: Value) -> Result<Map<String, Value>> {
        let mut check = Self { model, problems: Vec::new() };
        let Value::Object(members) = check.value(shape, value, "")? else { return Ok(Map::new()) };
        check.finish().map(|()| members)
    }

    fn finish(self) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let texts = self.problems.iter().map(|problem| {
            let Problem { path, value, constraint } = problem;
            format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}")
        });
        let texts: Vec<String> = texts.collect();
        let plural = if texts.len() == 1 { "" } else { "s" };
        let message = format!("{} validation error{plural} detected: {}", texts.len(), texts.join("; "));
        let mut error = ServiceError::validation(Reason::FieldValidationFailed, message);
        let fields = self.problems.iter().map(|problem| json!({"name": problem.path, "message": problem.constraint}));
        error.details.insert("fields".into(), fields.collect());
        Err(error)
    }

    fn value(&mut self, id: ShapeId, value: Value, path: &str) -> Result<Value> {
        let model = self.model;
        let shape = model.shape(id);
        Ok(match (&shape.kind, value) {
            (Kind::Structure(structure), Value::Object(members)) => self.structure(structure, members, path)?,
            (Kind::List { member }, Value::Array(items)) => {
                self.length(&shape.constraints, items.len(), path, || Value::Array(items.clone()));
                let items =
                    items.into_iter().enumerate().map(|(at, item)| self.value(*member, item, &inside(path, &at.to_string())));
                Value::Array(items.collect::<Result<_>>()?)
            }
            (Kind::Map { key, value }, Value::Object(entries)) => {
                self.length(&shape.constraints, entries.len(), path, || entries.clone().into());
                let mut checked = Map::new();
                for (name, entry) in entries {
                    let place = inside(path, &name);
                    self.text(&model.shape(*key).constraints, &name, &place);
                    checked.insert(name, self.value(*value, entry, &place)?);
                }
                checked.into()
            }
            (Kind::String, Value::String(text)) => {
                self.text(&shape.constraints, &text, path);
                text.into()
            }
            (Kind::Integer | Kind::Long, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.number(&shape.constraints, &number, path);
                number.into()
            }
            (Kind::Double | Kind::Timestamp, Value::Number(number)) => {
                self.number(&shape.constraints, &number, path);
                number.into()
            }
            (Kind::Boolean, Value::Bool(flag)) => flag.into(),
            (Kind::Blob, Value::String(text)) if BASE64.decode(&text).is_ok() => text.into(),
            (kind, value) => return Err(mismatch(kind, &value, path)),
        })
    }

    fn structure(&mut self, structure: &'static Structure, mut members: Map<String, Value>, path: &str) -> Result<Value> {
        let mut checked = Map::new();
        for member in &structure.members {
            match members.remove(&*member.wire_name) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    let value = self.value(member.shape, value, &inside(path, &member.name))?;
                    checked.insert(member.name.clone().into(), value);
                }
            }
        }
        for &required in &structure.required {
            let name = &*structure.members[required].name;
            if !checked.contains_key(name) {
                let problem =
                    Problem { path: inside(path, name), value: "null".into(), constraint: "Member must not be null".into() };
                self.problems.push(problem);
            }
        }
        Ok(checked.into())
    }

    fn text(&mut self, constraints: &'static Constraints, text: &str, path: &str) {
        self.length(constraints, text.chars().count(), path, || text.into());
        for breach in constraints.of_letters(text) {
            self.broken(path, text.into(), "length", breach);
        }
    }

    fn length(&mut self, constraints: &Constraints, length: usize, path: &str, value: impl Fn() -> Value) {
        if let Some(breach) = constraints.of_length(length) {
            self.broken(path, value(), "length", breach);
        }
    }

    #[allow(clippy::cast_precision_loss)] // the limits of the model are small, or far beyond what precision decides
    fn number(&mut self, constraints: &Constraints, number: &serde_json::Number, path: &str) {
        let value = number.as_f64().unwrap_or(f64::MAX);
        if let Some(breach) = constraints.of_range(|min| value < min as f64, |max| value > max as f64) {
            self.broken(path, number.clone().into(), "value", breach);
        }
    }

    /// `what` is limited: the value, or its length.
    fn broken(&mut self, path: &str, value: Value, what: &str, breach: Breach<'_>) {
        let constraint = match breach {
            Breach::BelowMin(min) => format!("Member must have {what} greater than or equal to {min}"),
            Breach::AboveMax(max) => format!("Member must have {what} less than or equal to {max}"),
            Breach::NotOf(values) => format!("Member must satisfy enum value set: [{}]", values.join(", ")),
            Breach::Unlike(pattern) => format!("Member must satisfy regular expression pattern: {}", pattern.source),
        };
        let value = match value {
            Value::String(text) => format!("'{text}'"),
            other => format!("'{other}'"),
        };
        self.problems.push(Problem { path: path.into(), value, constraint });
    }
}

fn inside(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

fn mismatch(kind: &Kind, value: &Value, path: &str) -> ServiceError {
    let expected = match kind {
        Kind::Structure(_) | Kind::Map { .. } => "an object",
        Kind::List { .. } => "a list",
        Kind::String => "a string",
        Kind::Integer | Kind::Long => "a whole number",
        Kind::Double | Kind::Timestamp => "a number",
        Kind::Boolean => "true or false",
        Kind::Blob => "base64 text",
    };
    let mut shown = value.to_string();
    if let Some((end, _)) = shown.char_indices().nth(80) {
        shown.truncate(end);
    }
    let message = format!("Could not parse request body into json: {shown} at '{path}' is not {expected}");
    ServiceError::validation(Reason::CannotParse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operation: &str, members: Value) -> Result<Map<String, Value>> {
        let model = Model::greengrassv2();
        Check::run(model, model.operation(operation).unwrap().input.unwrap(), members)
    }

    #[test]
    fn the_texts_are_the_services() {
        let error = check("ListCoreDevices", json!({"maxResults": 101})).unwrap_err();
        assert_eq!(
            error.message,
            "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: \
             Member must have value less than or equal to 100"
        );
        assert_eq!(
            error.details["fields"],
            json!([{"name": "maxResults", "message": "Member must have value less than or equal to 100"}])
        );
        let error = check("CreateDeployment", json!({"components": {"a": {}}, "tags": {}})).unwrap_err();
        assert!(
            error.message.starts_with("3 validation errors detected: Value null at 'components.a.componentVersion'"),
            "{error}"
        );
        let error = check("ListDeployments", json!({"historyFilter": "SOME"})).unwrap_err();
        assert!(error.message.ends_with("Member must satisfy enum value set: [ALL, LATEST_ONLY]"), "{error}");
    }

    #[test]
    fn patterns_hold_for_the_whole_text() {
        let arn = "arn:aws:greengrass:us-east-1:123456789012:components:a";
        assert!(check("ListComponentVersions", json!({ "arn": arn })).is_ok());
        assert!(check("ListComponentVersions", json!({ "arn": format!("{arn}:versions:1.0.0") })).is_err());
        assert!(check("GetComponent", json!({ "arn": arn })).is_err());
    }

    #[test]
    fn a_wrong_type_is_told_with_its_place() {
        let error = check("CreateDeployment", json!({"targetArn": "x", "components": {"a": 3}})).unwrap_err();
        assert_eq!(error.message, "Could not parse request body into json: 3 at 'components.a' is not an object");
        assert_eq!(error.details["reason"], "CANNOT_PARSE");
    }

    #[test]
    fn nulls_and_unknown_members_are_dropped() {
        let members = check("ListDeployments", json!({"nextToken": null, "colour": "red"})).unwrap();
        assert!(members.is_empty());
    }
}
