//! What the lite device reads otherwise than the classic one: version requirements, platforms and lifecycles.
//!
//! It knows no grammar of versions. A requirement is words between single spaces, each a comparison with the text of
//! the version; a word that is none (`^1.0.0`, `~1`, `*`, `||`) is never met. Nothing is refused as unreadable: what
//! this device cannot read it asks the cloud about. So a range that every classic device meets may be met by no
//! version here, and a malformed one by some.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::platform::Platform;
use super::recipe::{Manifest, Recipe};

/// The device's `runtime`.
pub(super) const RUNTIME: &str = "aws_nucleus_lite";

/// A manifest without a Platform (an empty one is taken for none), on which a lite device gives up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Manifests[{manifest}].Platform: it is missing, which a lite device does not accept; name os and runtime, such as \
     {{\"os\": \"linux\", \"runtime\": \"*\"}}"
)]
pub struct MissingPlatform {
    pub manifest: usize,
}

/// Whether `version` meets `requirement`; an empty one is met by all.
#[must_use]
pub fn satisfies(requirement: &str, version: &str) -> bool {
    requirement.is_empty() || requirement.split(' ').all(|word| word_holds(word, version))
}

fn word_holds(word: &str, version: &str) -> bool {
    let against = |bound: &str| compare(version.as_bytes(), bound.as_bytes());
    if let Some(bound) = word.strip_prefix(">=") {
        against(bound).is_ge()
    } else if let Some(bound) = word.strip_prefix('>') {
        against(bound).is_gt()
    } else if let Some(bound) = word.strip_prefix("<=") {
        against(bound).is_le()
    } else if let Some(bound) = word.strip_prefix('<') {
        against(bound).is_lt()
    } else if let Some(bound) = word.strip_prefix('=') {
        against(bound).is_eq()
    } else {
        word.starts_with(|c: char| c.is_ascii_digit()) && against(word).is_eq()
    }
}

/// The order of C's `strverscmp`: text by bytes, but runs of digits by their value; a run that begins with zeros is a
/// fraction. It knows no prereleases: `1.0.0` is below `1.0.0-beta`.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let split = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let run = a[..split].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    let digits = |text: &[u8]| text[run..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_number = |text: &[u8]| text.get(run).is_some_and(|byte| matches!(byte, b'1'..=b'9'));
    let by_length = if is_number(a) && is_number(b) { digits(a).cmp(&digits(b)) } else { Ordering::Equal };
    let (next_a, next_b) = (a.get(split), b.get(split));
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    // after zeros only, more digits come before anything else: 00 is below 0
    let of_zeros = split > run && a[run..split].iter().all(|&byte| byte == b'0');
    let by_zeros = if of_zeros { is_digit(next_b).cmp(&is_digit(next_a)) } else { Ordering::Equal };
    by_length.then(by_zeros).then(next_a.cmp(&next_b))
}

/// The place of the first of `manifests` that fits `device`. It must name `os` and `runtime`; regular expressions and
/// attributes of one's own are not looked at.
pub fn manifest(manifests: &[Manifest], device: &Platform) -> Result<Option<usize>, MissingPlatform> {
    for (at, manifest) in manifests.iter().enumerate() {
        if manifest.platform.is_empty() {
            return Err(MissingPlatform { manifest: at });
        }
        if fits(manifest, device) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The lifecycle of `manifest`: its own, or what the recipe has under that of its selections which is `all` or `linux`.
#[must_use]
pub fn lifecycle(recipe: &Recipe, manifest: &Manifest) -> Map<String, Value> {
    if !manifest.lifecycle.is_empty() {
        return manifest.lifecycle.clone();
    }
    let mut selections = manifest.selections.iter().filter(|selection| matches!(&***selection, "all" | "linux"));
    match selections.find_map(|selection| recipe.lifecycle.get(selection)) {
        Some(Value::Object(steps)) => steps.clone(),
        _ => Map::new(),
    }
}

fn fits(manifest: &Manifest, device: &Platform) -> bool {
    let template = |attribute: &str| {
        let found = manifest.platform.iter().find(|(name, _)| name == attribute);
        found.and_then(|(_, template)| template.as_deref())
    };
    let architecture = device.get("architecture").map(String::as_str);
    matches!(template("runtime"), Some("*" | RUNTIME))
        && matches!(template("os"), Some("linux" | "*" | "all"))
        && template("architecture").is_none_or(|wanted| matches!(wanted, "" | "*") || architecture == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_strverscmp() {
        // the sequence of its manual page, and what versions make of it
        for ascending in [
            &["000", "00", "01", "010", "09", "0", "1", "9", "10"][..],
            &["1.0.0", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.10", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "10.0.0"],
        ] {
            for (at, a) in ascending.iter().enumerate() {
                for (other, b) in ascending.iter().enumerate() {
                    assert_eq!(compare(a.as_bytes(), b.as_bytes()), at.cmp(&other), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn of_the_recipes_lifecycle_all_and_linux_are_known() {
        let recipe = serde_json::json!({
            "RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0",
            "Lifecycle": {"all": {"Run": "all"}, "linux": {"Run": "linux"}, "gpu": {"Run": "gpu"}, "Run": "none"},
            "Manifests": [{"Selections": ["gpu", "linux", "all"]}, {"Selections": ["all"]}, {"Selections": ["gpu"]}, {},
                          {"Selections": ["all"], "Lifecycle": {"Run": "own"}}],
        });
        let recipe = crate::resolve::recipe::read_value(&recipe).unwrap();
        let runs: Vec<_> = recipe.manifests.iter().map(|manifest| lifecycle(&recipe, manifest).remove("Run")).collect();
        assert_eq!(runs, [Some("linux".into()), Some("all".into()), None, None, Some("own".into())]);
    }

    #[test]
    fn what_is_no_comparison_is_not_met() {
        for requirement in ["^1.0.0", "~1.0.0", "*", "1.0.0 || 2.0.0", "1.x", ">=1.0.0  <2.0.0"] {
            assert!(!satisfies(requirement, "1.0.0"), "{requirement}");
        }
        assert!(satisfies("", "1.0.0") && satisfies(">=1.0.0 <2.0.0", "1.0.0") && satisfies("1.0.0", "1.0.0"));
    }
}
