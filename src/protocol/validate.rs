//! What is wrong with a caller's parameters: botocore's report to the letter, and notes on what was probably meant.
//!
//! botocore asks for types, required and known members, and minima. [`Validation::Strict`] also asks for the rest of what
//! the model says, before the service would: maxima, the size of maps, enums and patterns. Notes are made for problems
//! only, so a call without one pays nothing for them.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{Bound, Breach, Kind, Model, Shape, ShapeId, Structure};
use crate::protocol::{Class, Input, hint};

/// How much of the model parameters are held against.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Validation {
    Off,
    /// What botocore checks.
    Standard,
    /// All that the model says.
    Strict,
}

/// Where a value stands; its text is made only for a message.
pub(super) enum Place<'p, I> {
    Input,
    /// By its position in the structure.
    Member(&'p Place<'p, I>, &'p Structure, usize),
    Item(&'p Place<'p, I>, usize),
    Key(&'p Place<'p, I>, &'p I),
    Value(&'p Place<'p, I>, &'p I),
}

impl<I: Input> Place<'_, I> {
    fn text(&self) -> Result<Vec<u8>> {
        let text = self.dotted()?;
        Ok(match text.strip_prefix(b".") {
            Some(text) => text.to_vec(),
            None if text.is_empty() => b"input".to_vec(),
            None => text,
        })
    }

    fn dotted(&self) -> Result<Vec<u8>> {
        Ok(match self {
            Self::Input => Vec::new(),
            Self::Member(of, structure, at) => [&*of.dotted()?, b".", structure.members[*at].name.as_bytes()].concat(),
            Self::Item(of, at) => [&*of.dotted()?, format!("[{at}]").as_bytes()].concat(),
            Self::Key(of, key) => [&*of.dotted()?, b" (key: ", &key.display()?, b")"].concat(),
            Self::Value(of, key) => [&*of.dotted()?, b".", &key.display()?].concat(),
        })
    }

    /// Whether there need not be a value.
    fn is_optional(&self) -> bool {
        matches!(self, Self::Member(_, structure, at) if !structure.required.contains(at))
    }
}

/// A member of a structure as the caller gives it.
pub(super) struct Given<I> {
    /// Its position in the model; `None` for a key that the model does not have.
    pub at: Option<usize>,
    pub key: I,
    pub value: I,
}

/// The problems that were found so far.
pub(super) struct Report<'m> {
    model: &'m Model,
    validation: Validation,
    /// The operation's input, in which a note looks for a key's right place.
    input: Option<ShapeId>,
    problems: Vec<Vec<u8>>,
    notes: Vec<Vec<u8>>,
}

impl<'m> Report<'m> {
    pub fn new(model: &'m Model, validation: Validation, input: Option<ShapeId>) -> Self {
        Self { model, validation, input, problems: Vec::new(), notes: Vec::new() }
    }

    /// Whether anything is checked.
    pub fn wanted(&self) -> bool {
        self.validation != Validation::Off
    }

    pub fn finish(self) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(Error::Validation { report: self.problems.join(&b'\n'), notes: self.notes })
    }

    /// Reports what a structure lacks, then what it does not have.
    pub fn check_members<I: Input>(&mut self, structure: &Structure, given: &[Given<I>], place: &Place<'_, I>) -> Result<()> {
        if !self.wanted() {
            return Ok(());
        }
        for &required in &structure.required {
            if !given.iter().any(|given| given.at == Some(required)) {
                let name = &structure.members[required].name;
                self.problem(&[b"Missing required parameter in ", &place.text()?, b": \"", name.as_bytes(), b"\""]);
            }
        }
        for Given { key, .. } in given.iter().filter(|given| given.at.is_none()) {
            let known: Vec<&str> = structure.members.iter().map(|member| &*member.name).collect();
            let known = known.join(", ");
            let (place, shown) = (place.text()?, key.display()?);
            self.problem(&[b"Unknown parameter in ", &place, b": \"", &shown, b"\", must be one of: ", known.as_bytes()]);
            if let (Some(key), Some(input)) = (key.name(), self.input) {
                let given = |at| given.iter().any(|given| given.at == Some(at));
                self.notes.extend(hint::unknown(self.model, input, structure, given, key, &place));
            }
        }
        Ok(())
    }

    /// Whether `value` is what `shape` asks for, or nobody asks; what it is not goes into the report.
    pub fn check<I: Input>(&mut self, shape: ShapeId, value: &I, place: &Place<'_, I>) -> Result<bool> {
        if !self.wanted() {
            return Ok(true);
        }
        let shape = self.model.shape(shape);
        let (class, valid_types) = match shape.kind {
            Kind::Structure(_) | Kind::Map { .. } => (Class::Dict, "<class 'dict'>"),
            Kind::List { .. } => (Class::List, "<class 'list'>, <class 'tuple'>"),
            Kind::String => (Class::Text, "<class 'str'>"),
            Kind::Integer | Kind::Long => (Class::Integer, "<class 'int'>"),
            Kind::Double => (Class::Number, "<class 'float'>, <class 'decimal.Decimal'>, <class 'int'>"),
            Kind::Boolean => (Class::Boolean, "<class 'bool'>"),
            Kind::Blob => (Class::Blob, "<class 'bytes'>, <class 'bytearray'>, file-like object"),
            Kind::Timestamp => unreachable!("no input of the model holds a timestamp"),
        };
        if !value.is(class) {
            let optional = place.is_optional();
            let (place, value, given) = (place.text()?, value.display()?, value.type_name()?);
            let head = [&b"Invalid type for parameter "[..], &place, b", value: ", &value, b", type: ", &given].concat();
            self.problem(&[&head, b", valid types: ", valid_types.as_bytes()]);
            self.notes.extend(hint::wrong_type(self.model, &shape.kind, &given, optional, &place));
            return Ok(false);
        }
        self.check_range(shape, value, place)?;
        if self.validation == Validation::Strict && matches!(shape.kind, Kind::String) {
            self.check_letters(shape, value, place)?;
        }
        Ok(true)
    }

    fn check_range<I: Input>(&mut self, shape: &Shape, value: &I, place: &Place<'_, I>) -> Result<()> {
        let strict = self.validation == Validation::Strict;
        let constraints = &shape.constraints;
        if constraints.min.is_none() && !(strict && constraints.max.is_some()) {
            return Ok(());
        }
        // botocore lets an empty map pass.
        let length = match shape.kind {
            Kind::String | Kind::List { .. } => Some(value.length()?),
            Kind::Map { .. } if strict => Some(value.length()?),
            Kind::Integer | Kind::Long | Kind::Double => None,
            _ => return Ok(()),
        };
        let breach = if let Some(length) = length {
            constraints.of_length(length)
        } else {
            let below = constraints.min.map(|min| value.is_below(min)).transpose()? == Some(true);
            let above = strict && constraints.max.map(|max| value.is_above(max)).transpose()? == Some(true);
            constraints.of_range(|_| below, |_| above)
        };
        let (limit, bound): (&str, Bound) = match breach {
            Some(Breach::BelowMin(min)) => ("min", min),
            Some(Breach::AboveMax(max)) if strict => ("max", max),
            _ => return Ok(()),
        };
        let (what, shown) = match length {
            Some(length) => ("length", length.to_string().into_bytes()),
            None => ("value", value.display()?),
        };
        let head = [&b"Invalid "[..], what.as_bytes(), b" for parameter ", &place.text()?, b", value: ", &shown].concat();
        self.problem(&[&head, format!(", valid {limit} {what}: {bound}").as_bytes()]);
        Ok(())
    }

    fn check_letters<I: Input>(&mut self, shape: &Shape, value: &I, place: &Place<'_, I>) -> Result<()> {
        if shape.constraints.pattern.is_none() && shape.constraints.values.is_empty() {
            return Ok(());
        }
        let shown = value.display()?;
        // What is no Unicode is neither a member of an enum nor like a pattern of characters.
        for breach in shape.constraints.of_letters(&String::from_utf8_lossy(&shown)) {
            let valid = match breach {
                Breach::NotOf(values) => format!(", valid values: {}", values.join(", ")),
                Breach::Unlike(pattern) => format!(", valid pattern: {}", pattern.source),
                Breach::BelowMin(_) | Breach::AboveMax(_) => unreachable!("letters have no range"),
            };
            self.problem(&[b"Invalid value for parameter ", &place.text()?, b", value: ", &shown, valid.as_bytes()]);
        }
        Ok(())
    }

    fn problem(&mut self, parts: &[&[u8]]) {
        self.problems.push(parts.concat());
    }
}
