//! Which manifest of a recipe a device uses, and with which lifecycle.
//!
//! Manifests are tried in order and the first that fits wins, however little it asks. Nothing is normalised: a
//! manifest for `x86_64`, `arm64` or `macos` fits no device, since devices say `amd64`, `aarch64` and `darwin`.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use fancy_regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::recipe::{Manifest, Recipe};

/// What a device tells of itself: `os`, `architecture`, `architecture.detail` and what its owner adds.
pub type Platform = BTreeMap<String, String>;

/// The template of a manifest that cannot be applied; a device fails on it.
#[derive(Debug, thiserror::Error)]
#[error(
    "Manifests[{manifest}].Platform[{attribute:?}]: the template {template:?} cannot be applied as a regular expression: \
     {reason}; correct it, or write the value without slashes"
)]
pub struct InvalidTemplate {
    pub manifest: usize,
    pub attribute: String,
    pub template: String,
    pub reason: Box<fancy_regex::Error>,
}

/// The first manifest that fits `device`. `None` means that the recipe is of no use there.
pub fn manifest<'r>(recipe: &'r Recipe, device: &Platform) -> Result<Option<&'r Manifest>, InvalidTemplate> {
    Ok(position(&recipe.manifests, device)?.map(|at| &recipe.manifests[at]))
}

/// The place of the first of `manifests` that fits `device`.
pub fn position(manifests: &[Manifest], device: &Platform) -> Result<Option<usize>, InvalidTemplate> {
    for (at, manifest) in manifests.iter().enumerate() {
        if fits(at, manifest, device)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn fits(at: usize, manifest: &Manifest, device: &Platform) -> Result<bool, InvalidTemplate> {
    for (attribute, template) in &manifest.platform {
        let value = device.get(attribute).map(String::as_str);
        let holds = template_holds(attribute, template.as_deref(), value).map_err(|reason| InvalidTemplate {
            manifest: at,
            attribute: attribute.clone(),
            template: template.clone().unwrap_or_default(),
            reason,
        })?;
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn template_holds(attribute: &str, template: Option<&str>, value: Option<&str>) -> Result<bool, Box<fancy_regex::Error>> {
    let template = match template {
        None | Some("*") => return Ok(true),
        Some(template) => template,
    };
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(false) };
    if let Some(expression) = expression(template) {
        return expression.and_then(|regex| regex.is_match(value).map_err(Box::new));
    }
    let wildcard = matches!(attribute, "os" | "architecture") && matches!(template, "all" | "any");
    // other first characters are reserved
    let plain = template.starts_with(|c: char| c.is_ascii_alphanumeric());
    Ok(wildcard || plain && template == value)
}

/// How often an expression may try another way to match; a device would go on for ever.
const BACKTRACK_LIMIT: usize = 10_000;

/// An expression, or why it is none.
type Compiled = Result<Arc<Regex>, Box<fancy_regex::Error>>;

thread_local! {
    /// The expressions that were met last, by template: there are few, and each is asked for again and again.
    static COMPILED: RefCell<HashMap<String, Compiled>> = RefCell::default();
}

/// How many expressions are kept.
const KEPT: usize = 16;

/// The expression of a template that is one; it is about a whole value.
pub(super) fn expression(template: &str) -> Option<Compiled> {
    let expression = template.strip_prefix('/')?.strip_suffix('/')?;
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(known) = compiled.get(template) {
            return Some(known.clone());
        }
        if compiled.len() == KEPT {
            compiled.clear();
        }
        compiled.insert(template.into(), compile(expression));
        compiled.get(template).cloned()
    })
}

fn compile(expression: &str) -> Compiled {
    // by itself first: what closes a group that it has not opened is none
    RegexBuilder::new(expression).build().map_err(Box::new)?;
    let whole = format!(r"\A(?:{expression})\z");
    RegexBuilder::new(&whole).backtrack_limit(BACKTRACK_LIMIT).build().map(Arc::new).map_err(Box::new)
}

/// The lifecycle of `manifest`, which is one of `recipe`: its own, or else what its selections leave of the global one.
///
/// The selections of all manifests, and `all`, are the keywords. Where keywords are among the keys of a map, the map
/// stands for the value of one of them: of the first selection that is there, else of `all`.
#[must_use]
pub fn lifecycle(recipe: &Recipe, manifest: &Manifest) -> Map<String, Value> {
    if !manifest.lifecycle.is_empty() {
        return manifest.lifecycle.clone();
    }
    let selected = recipe.manifests.iter().flat_map(|manifest| &manifest.selections);
    let selection = Selection {
        keywords: selected.map(String::as_str).chain(["all"]).collect(),
        wanted: manifest.selections.iter().map(String::as_str).chain(["all"]).collect(),
    };
    match selection.of_map(&recipe.lifecycle) {
        Some(Value::Object(steps)) => steps,
        _ => Map::new(),
    }
}

struct Selection<'r> {
    keywords: HashSet<&'r str>,
    /// The keywords that this manifest takes, best first.
    wanted: Vec<&'r str>,
}

impl Selection<'_> {
    fn of(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Null => None,
            Value::Object(map) => self.of_map(map),
            other => Some(other.clone()),
        }
    }

    fn of_map(&self, map: &Map<String, Value>) -> Option<Value> {
        if map.keys().any(|key| self.keywords.contains(&**key)) {
            return self.wanted.iter().find_map(|key| map.get(*key)).and_then(|value| self.of(value));
        }
        Some(map.iter().filter_map(|(key, value)| Some((key.clone(), self.of(value)?))).collect())
    }
}
