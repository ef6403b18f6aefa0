//! Configuration after a deployment, against the device's own answers.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fleetgrass::resolve::configuration::{self, Change, InvalidChange};
use fleetgrass::resolve::engine::Engine;
use serde_json::{Map, Value, json};

/// What a device makes of `case`, which is shaped as those of the vector file.
fn merged(case: &Value) -> Result<Map<String, Value>, InvalidChange> {
    configuration::merge(&Change {
        default: &case["default"],
        running: &case["running"],
        running_timestamps: &serde_json::from_value::<Option<_>>(case["running_timestamps"].clone()).unwrap().unwrap_or_default(),
        deployment_timestamp: case["deployment_timestamp"].as_u64().unwrap(),
        reset: &serde_json::from_value::<Option<Vec<_>>>(case["reset"].clone()).unwrap().unwrap_or_default(),
        merge: &case["merge"],
        engine: Engine::Classic,
    })
}

#[test]
fn configuration_is_that_of_the_device() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/config_merge.json");
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 53);
    for case in cases {
        // as texts, since the order of keys counts
        assert_eq!(json!(merged(case).unwrap()).to_string(), case["expected"].to_string(), "{case}");
    }
}

#[test]
fn longer_pointers_date_better() {
    let case = |timestamps: BTreeMap<&str, u64>| {
        json!({
            "running": {"A": {"b": {"c": 0}, "d": 0}}, "running_timestamps": timestamps, "deployment_timestamp": 2000,
            "merge": {"a": {"b": {"c": 1}, "d": 1}},
        })
    };
    let merged = |timestamps: &[(&'static str, u64)]| json!(merged(&case(timestamps.iter().copied().collect())).unwrap());
    assert_eq!(merged(&[]), json!({"A": {"b": {"c": 1}, "d": 1}}));
    assert_eq!(merged(&[("", 3000)]), json!({"A": {"b": {"c": 0}, "d": 0}}));
    assert_eq!(merged(&[("", 1000), ("/a/B", 3000)]), json!({"A": {"b": {"c": 0}, "d": 1}}));
    assert_eq!(merged(&[("/a", 3000), ("/a/b/c", 1000)]), json!({"A": {"b": {"c": 1}, "d": 0}}));
}

/// The device takes the old node away and makes a new one.
#[test]
fn another_kind_of_value_brings_its_spelling() {
    let case = |merge: Value| json!({"running": {"A": {"b": 0}, "C": 0}, "deployment_timestamp": 2000, "merge": merge});
    assert_eq!(json!(merged(&case(json!({"a": {"B": 1}, "c": 1}))).unwrap()), json!({"A": {"b": 1}, "C": 1}));
    assert_eq!(json!(merged(&case(json!({"a": 1, "c": {}}))).unwrap()), json!({"a": 1, "c": {}}));
}

#[test]
fn only_positions_are_spared_from_a_reset() {
    let left = |key: &str| {
        let case = json!({"running": {key: 0}, "deployment_timestamp": 2000, "reset": [format!("/{key}")]});
        !merged(&case).unwrap().is_empty()
    };
    for key in ["0", "7", "2147483647"] {
        assert!(left(key), "{key}");
    }
    for key in ["00", "07", "2147483648", "+1", "-1", "1a", "a", ""] {
        assert!(!left(key), "{key}");
    }
}

#[test]
fn a_change_that_cannot_be_made_is_told() {
    let refusal = |part: &str, value: Value| {
        let mut case = json!({"running": {"a": {"b": 1}}, "deployment_timestamp": 2000});
        case[part] = value;
        merged(&case).unwrap_err().to_string()
    };
    let kinds = [("default", json!([1]), "a list"), ("running", json!(1), "a number"), ("merge", json!("{}"), "a text")];
    for (part, value, kind) in kinds {
        let remedy = "give that, parsed where it is JSON text, or null for none";
        assert_eq!(refusal(part, value), format!("{part} is {kind}, and configuration is an object; {remedy}"));
    }
    let pointer = r#"begin it with "/", or give "" for the whole configuration"#;
    assert_eq!(refusal("reset", json!(["a"])), format!(r#""a" in reset is no JSON pointer; {pointer}"#));
    assert_eq!(
        refusal("running_timestamps", json!({"a/b": 1})),
        format!(r#""a/b" in running_timestamps is no JSON pointer; {pointer}"#)
    );
    for pointer in ["/b", "/a/b/c"] {
        assert_eq!(
            refusal("running_timestamps", json!({pointer: 1})),
            format!("{pointer:?} in running_timestamps leads to nothing in running; leave it out, or correct its path")
        );
    }
}
