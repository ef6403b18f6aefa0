//! The configuration that a component has after a deployment.
//!
//! A device keeps configuration as a tree whose leaves remember when they were last set. A deployment takes what is
//! running, removes the paths to RESET, merges the recipe's defaults in as of the beginning of time, and then what is to
//! MERGE as of the deployment. An older value never replaces a newer leaf, so defaults only fill in what is missing, and
//! what a component set by itself outlives a deployment that was made before. A leaf that becomes an object, or the
//! reverse, is no such case: it is replaced whatever its age.
//!
//! Lists are leaves, and so is null. On classic devices keys are the same in any case, and keep the spelling they first
//! had, until what is there is replaced by the other kind; on lite devices another case is another key.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::engine::Engine;

/// When defaults are said to have been set, in milliseconds.
const DEFAULT_TIMESTAMP: u64 = 1;

/// One component and what a deployment asks of its configuration. Null stands for configuration that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Change<'c> {
    /// `DefaultConfiguration` of the recipe.
    pub default: &'c Value,
    pub running: &'c Value,
    /// When what is below a JSON pointer in `running` was last set, in milliseconds; of two pointers the longer counts.
    /// Leaves that none leads to are as old as the deployment.
    pub running_timestamps: &'c BTreeMap<String, u64>,
    /// In milliseconds.
    pub deployment_timestamp: u64,
    /// JSON pointers, "" for all there is.
    pub reset: &'c [String],
    pub merge: &'c Value,
    /// Of the device.
    pub engine: Engine,
}

/// A change that no device could make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChange {
    #[error("{part} is {kind}, and configuration is an object; give that, parsed where it is JSON text, or null for none")]
    NotAnObject { part: &'static str, kind: &'static str },
    #[error("{pointer:?} in {part} is no JSON pointer; begin it with \"/\", or give \"\" for the whole configuration")]
    InvalidPointer { part: &'static str, pointer: String },
    #[error("{pointer:?} in running_timestamps leads to nothing in running; leave it out, or correct its path")]
    NothingThere { pointer: String },
}

/// The configuration after `change`, its keys in order. Keys that begin with `_` are a device's own and left out.
pub fn merge(change: &Change) -> Result<Map<String, Value>, InvalidChange> {
    let mut tree = Tree::new(change.engine);
    tree.merge(object("running", change.running)?, change.deployment_timestamp);
    // in this order a pointer comes before those that lead on from it
    for (pointer, timestamp) in change.running_timestamps {
        let path = path_of("running_timestamps", pointer, change.engine)?;
        if !tree.date(&path, *timestamp) {
            return Err(InvalidChange::NothingThere { pointer: pointer.clone() });
        }
    }
    for pointer in change.reset {
        let path = path_of("reset", pointer, change.engine)?;
        if path.is_empty() {
            tree = Tree::new(change.engine);
            break;
        }
        // Devices take every number for a position in a list, and those cannot be reset.
        if !path.iter().any(|segment| is_position(segment)) {
            tree.remove(&path);
        }
    }
    tree.merge(object("default", change.default)?, DEFAULT_TIMESTAMP);
    tree.merge(object("merge", change.merge)?, change.deployment_timestamp);
    Ok(tree.into_map())
}

fn object<'c>(part: &'static str, value: &'c Value) -> Result<Option<&'c Map<String, Value>>, InvalidChange> {
    let kind = match value {
        Value::Null => return Ok(None),
        Value::Object(map) => return Ok(Some(map)),
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
    };
    Err(InvalidChange::NotAnObject { part, kind })
}

/// The segments of a JSON pointer, as keys of a [`Tree`].
fn path_of(part: &'static str, pointer: &str, engine: Engine) -> Result<Vec<String>, InvalidChange> {
    let Some(path) = pointer.strip_prefix('/') else {
        let invalid = || InvalidChange::InvalidPointer { part, pointer: pointer.into() };
        return if pointer.is_empty() { Ok(Vec::new()) } else { Err(invalid()) };
    };
    Ok(path.split('/').map(|segment| folded(&segment.replace("~1", "/").replace("~0", "~"), engine)).collect())
}

fn is_position(segment: &str) -> bool {
    segment.parse::<i32>().is_ok_and(|position| position >= 0 && position.to_string() == segment)
}

/// A key as it is compared.
fn folded(key: &str, engine: Engine) -> String {
    match engine {
        Engine::Classic => key.to_lowercase(),
        Engine::Lite => key.into(),
    }
}

#[derive(Debug)]
struct Tree {
    /// By folded key.
    entries: BTreeMap<String, Entry>,
    engine: Engine,
}

#[derive(Debug)]
struct Entry {
    /// The key as it was first spelt.
    key: String,
    node: Node,
}

#[derive(Debug)]
enum Node {
    Branch(Tree),
    Leaf { value: Value, timestamp: u64 },
}

impl Tree {
    fn new(engine: Engine) -> Self {
        Self { entries: BTreeMap::new(), engine }
    }

    fn merge(&mut self, configuration: Option<&Map<String, Value>>, timestamp: u64) {
        for (key, value) in configuration.into_iter().flatten() {
            let engine = self.engine;
            let known = self.entries.entry(folded(key, engine));
            let known = known.and_modify(|entry| entry.merge(key, value, timestamp, engine));
            known.or_insert_with(|| Entry::new(key, value, timestamp, engine));
        }
    }

    /// Whether there was anything to date.
    fn date(&mut self, path: &[String], timestamp: u64) -> bool {
        let Some((key, rest)) = path.split_first() else {
            self.entries.values_mut().for_each(|entry| _ = entry.node.date(&[], timestamp));
            return true;
        };
        self.entries.get_mut(key).is_some_and(|entry| entry.node.date(rest, timestamp))
    }

    fn remove(&mut self, path: &[String]) {
        match path {
            [] => {}
            [key] => _ = self.entries.remove(key),
            [key, rest @ ..] => {
                if let Some(Entry { node: Node::Branch(tree), .. }) = self.entries.get_mut(key) {
                    tree.remove(rest);
                }
            }
        }
    }

    fn into_map(self) -> Map<String, Value> {
        let shown = self.entries.into_values().filter(|entry| !entry.key.starts_with('_'));
        shown.map(|entry| (entry.key, entry.node.into_value())).collect()
    }
}

impl Entry {
    fn new(key: &str, value: &Value, timestamp: u64, engine: Engine) -> Self {
        let node = match value {
            Value::Object(map) => {
                let mut tree = Tree::new(engine);
                tree.merge(Some(map), timestamp);
                Node::Branch(tree)
            }
            value => Node::Leaf { value: value.clone(), timestamp },
        };
        Self { key: key.into(), node }
    }

    fn merge(&mut self, key: &str, proposed: &Value, now: u64, engine: Engine) {
        match (&mut self.node, proposed) {
            (Node::Branch(tree), Value::Object(map)) => tree.merge(Some(map), now),
            (Node::Branch(_), _) | (Node::Leaf { .. }, Value::Object(_)) => {
                *self = Self::new(key, proposed, now, engine);
            }
            (Node::Leaf { value, timestamp }, _) if now >= *timestamp => (*value, *timestamp) = (proposed.clone(), now),
            (Node::Leaf { .. }, _) => {}
        }
    }
}

impl Node {
    fn date(&mut self, path: &[String], date: u64) -> bool {
        match self {
            Self::Branch(tree) => tree.date(path, date),
            Self::Leaf { timestamp, .. } => {
                *timestamp = date;
                path.is_empty()
            }
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Branch(tree) => Value::Object(tree.into_map()),
            Self::Leaf { value, .. } => value,
        }
    }
}
