//! A recipe before it is understood: the tree that JSON and YAML have in common, and the lines it came from.
//!
//! Keys keep their order. Of a key that is there twice the last one counts, as on the device; the tree holds both.
//! What is no text keeps the text that it was written as, since `VersionRequirement: 1.10` without quotes means that.
//!
//! YAML is that of Jackson, which resolves scalars as YAML 1.1 does: `yes` is a truth value and `0644` octal, but in a
//! property that is a text, each is the text. From Jackson's source (2.16) and, but for octals, from running it (2.8.11).

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Spanned};

use super::Format;
use super::error::Problem;

/// The most bytes a recipe may have.
pub const SIZE_LIMIT: usize = 16_000;

/// A value and the place where it begins, which [`parse`] does not tell of JSON, and [`placed`] does.
pub(super) type Node = Spanned<Content>;

#[derive(Debug)]
pub(super) enum Content {
    Null,
    Bool(bool, String),
    Number(Number, String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads JSON where the text begins with a brace, YAML otherwise.
pub(super) fn parse(bytes: &[u8]) -> Result<(Format, Node), Problem> {
    if bytes.len() > SIZE_LIMIT {
        let what = format!("it has {} bytes, and a recipe may have {SIZE_LIMIT}", bytes.len());
        return Err(Problem::of_document(None, what, "move scripts and data into artifacts"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
        Problem::of_document(Some((line as u64, None)), "it is not UTF-8 text".into(), "save the recipe as UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        json(text).map(|root| (Format::Json, root))
    } else {
        yaml(text).map(|root| (Format::Yaml, root))
    }
}

/// The tree of JSON with places: as the YAML that most of it is too. `None` where it is YAML already, or is not.
pub(super) fn placed(format: Format, bytes: &[u8]) -> Option<Node> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| format == Format::Json)?;
    yaml(text.trim_start_matches('\u{feff}')).ok()
}

/// The tree of a value, which has no places. It is no deeper than JSON texts are read.
pub(super) fn of_value(value: &Value) -> Node {
    let value = match value {
        Value::Null => Content::Null,
        Value::Bool(value) => ContentVisitor::bool(*value),
        Value::Number(number) => ContentVisitor::number(number.clone()),
        Value::String(text) => Content::Text(text.clone()),
        Value::Array(items) => Content::List(items.iter().map(of_value).collect()),
        Value::Object(entries) => Content::Map(entries.iter().map(|(key, value)| (key.clone(), of_value(value))).collect()),
    };
    Node { value, referenced: Location::UNKNOWN, defined: Location::UNKNOWN }
}

fn json(text: &str) -> Result<Node, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let place = (error.line() as u64, Some(error.column() as u64));
        syntax_problem("JSON", Some(place), &error.to_string())
    })
}

fn yaml(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true, // of the other words not all are truth values to the device: see `resolve_as_yaml_1_1`
        legacy_octal_numbers: true,
        budget: serde_saphyr::budget! { max_nodes: SIZE_LIMIT }, // more can only come from aliases of aliases
        with_snippet: false,
    };
    let mut root: Node = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|location| (location.line(), Some(location.column())));
        syntax_problem("YAML", place, &error.render_with_formatter(&serde_saphyr::UserMessageFormatter))
    })?;
    resolve_as_yaml_1_1(&mut root, text);
    Ok(root)
}

fn syntax_problem(format: &str, place: Option<(u64, Option<u64>)>, message: &str) -> Problem {
    // both parsers end with the place, which the problem tells already
    let reason = message.split_once(" at line ").map_or(message, |(reason, _)| reason);
    Problem::of_document(place, format!("it is not {format}: {reason}"), "correct the syntax there or just before")
}

/// Gives each scalar the text it was written as, and what that is in YAML 1.1.
fn resolve_as_yaml_1_1(node: &mut Node, source: &str) {
    let span = node.defined.span();
    let bytes = |count: Option<u64>| usize::try_from(count?).ok();
    let start = bytes(span.byte_offset()).unwrap_or(source.len());
    let written = || source.get(start..)?.get(..bytes(span.byte_len())?).map(str::trim);
    let before = || source.get(..start).unwrap_or_default().trim_end();
    let is_text = || ["!!str", "|-", ">-"].iter().any(|mark| before().ends_with(mark));
    match &mut node.value {
        Content::List(items) => items.iter_mut().for_each(|item| resolve_as_yaml_1_1(item, source)),
        Content::Map(entries) => entries.iter_mut().for_each(|(_, value)| resolve_as_yaml_1_1(value, source)),
        Content::Null => {}
        Content::Text(text) => {
            if written() == Some(text)
                && !is_text()
                && let Some(value) = truth(text)
            {
                node.value = Content::Bool(value, std::mem::take(text));
            }
        }
        Content::Bool(_, text) => {
            if let Some(written) = written() {
                written.clone_into(text);
            }
        }
        Content::Number(number, text) => {
            let Some(written) = written() else { return };
            // no octal, and decimal numbers do not begin so
            if number.is_f64()
                && written.len() > 1
                && written.starts_with('0')
                && written.bytes().all(|byte| byte.is_ascii_digit())
            {
                node.value = Content::Text(written.into());
            } else {
                written.clone_into(text);
            }
        }
    }
}

/// The words for truth values beside `true` and `false`.
fn truth(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

impl Content {
    /// The plain value, without places.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value, _) => Value::Bool(*value),
            Self::Number(value, _) => Value::Number(value.clone()),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.value.to_value()).collect(),
            Self::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value.value.to_value())).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl ContentVisitor {
    fn bool(value: bool) -> Content {
        Content::Bool(value, value.to_string())
    }

    fn number(number: Number) -> Content {
        let text = number.to_string();
        Content::Number(number, text)
    }
}

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a recipe")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Self::bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Self::number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Self::number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        Number::from_f64(value).map(Self::number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.into()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Content::Map(entries))
    }
}
