//! Findings on the steps of a lifecycle, which a device reads only when it comes to them.

use serde_json::{Map, Value};

use super::{Findings, Severity};
use crate::resolve::platform;
use crate::resolve::recipe::{self, Recipe, Step};

pub fn check(recipe: &Recipe, findings: &mut Findings) {
    for (at, manifest) in recipe.manifests.iter().enumerate() {
        if !manifest.lifecycle.is_empty() {
            let place = [Step::Property("Manifests"), Step::Item(at), Step::Property("Lifecycle")];
            steps(&place, &manifest.lifecycle, findings);
        }
    }
    let mut checked = Vec::new();
    for manifest in recipe.manifests.iter().filter(|manifest| manifest.lifecycle.is_empty()) {
        let selected = platform::lifecycle(recipe, manifest);
        if !checked.contains(&selected) {
            let before = findings.list.len();
            steps(&[Step::Property("Lifecycle")], &selected, findings);
            if selected != recipe.lifecycle {
                // it lies somewhere below
                findings.list[before..].iter_mut().for_each(|finding| finding.place = "Lifecycle".into());
            }
            checked.push(selected);
        }
    }
}

fn steps(place: &[Step], lifecycle: &Map<String, Value>, findings: &mut Findings) {
    for name in lifecycle.keys().filter(|name| !recipe::is_step(name)) {
        let message = format!("{name:?} is no step, so devices never run it");
        let remedy = format!("write one of {}", recipe::known_steps().collect::<Vec<_>>().join(", "));
        findings.add(Severity::Warning, "unknown_step", &[place, &[Step::Entry(name)]].concat(), message, remedy);
    }
    let given = |step: &str| lifecycle.iter().find(|(name, value)| name.eq_ignore_ascii_case(step) && !value.is_null());
    if let (Some(_), Some((startup, _))) = (given("Run"), given("Startup")) {
        let remedy = "keep Run for what ends, Startup for what stays in the background";
        let place = [place, &[Step::Entry(startup)]].concat();
        findings.add(Severity::Error, "run_and_startup", &place, "Run and Startup are both given".into(), remedy);
    }
    for unreadable in recipe::Lifecycle::read(lifecycle).err().unwrap_or_default() {
        let keys: Vec<_> = unreadable.path.iter().map(|key| Step::Entry(key)).collect();
        findings.add(Severity::Error, "step_unreadable", &[place, &keys].concat(), unreadable.what, unreadable.remedy);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::super::lint;
    use crate::resolve::recipe;
    use serde_json::{Value, json};

    fn found(manifest: &Value, lifecycle: &Value) -> Vec<(&'static str, String)> {
        let recipe = json!({
            "RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0",
            "Lifecycle": lifecycle, "Manifests": [{"Platform": {"os": "linux", "runtime": "*"}, "Lifecycle": {"run": "x"}}, manifest],
        });
        let findings = lint(&recipe::read_value(&recipe).unwrap());
        findings.into_iter().map(|finding| (finding.code, finding.place)).collect()
    }

    #[test]
    fn what_a_device_reads_is_not_found() {
        let step =
            json!({"Script": "x", "Timeout": "30", "RequiresPrivilege": "True", "skipif": "onpath git", "Setenv": {"a": 1}});
        let lifecycle =
            json!({"setenv": {"Timeout": "x"}, "Install": step, "Run": "x", "Shutdown": {"script": "x", "timeout": 5}});
        assert_eq!(found(&json!({"Lifecycle": lifecycle}), &json!({})), []);
        assert_eq!(found(&json!({"Selections": ["pi"]}), &json!({"pi": lifecycle, "Instal": "x"})), []);
    }

    #[test]
    fn two_ways_to_run_are_found_wherever_they_stand() {
        let both = json!({"run": "x", "Startup": "y"});
        let own = found(&json!({"Lifecycle": both}), &json!({}));
        assert_eq!(own, [("run_and_startup", "Manifests[1].Lifecycle[\"Startup\"]".into())]);
        assert_eq!(found(&json!({}), &both), [("run_and_startup", "Lifecycle[\"Startup\"]".into())]);
        assert_eq!(found(&json!({}), &json!({"all": both})), [("run_and_startup", "Lifecycle".into())]);
        assert_eq!(found(&json!({"Lifecycle": {"Run": "x", "Startup": null}}), &json!({})), []);
    }

    #[test]
    fn what_it_does_not_read_is_found_in_its_place() {
        let place = |steps: &str| format!("Manifests[1].Lifecycle{steps}");
        let lifecycle = json!({"Instal": "x", "Run": ["x"], "Startup2": 1, "Install": {"Timeout": 1.5, "Skipif": "exist x", "RequiresPrivilege": 1}});
        assert_eq!(
            found(&json!({"Lifecycle": lifecycle}), &json!({})),
            [
                ("unknown_step", place("[\"Instal\"]")),
                ("unknown_step", place("[\"Startup2\"]")),
                ("step_unreadable", place("[\"Run\"]")),
                ("step_unreadable", place("[\"Install\"][\"Timeout\"]")),
                ("step_unreadable", place("[\"Install\"][\"Skipif\"]")),
                ("step_unreadable", place("[\"Install\"][\"RequiresPrivilege\"]")),
            ]
        );
        assert_eq!(found(&json!({}), &json!({"all": {"Instal": "x"}})), [("unknown_step", "Lifecycle".into())]);
        assert_eq!(found(&json!({}), &json!({"Instal": "x"})), [("unknown_step", "Lifecycle[\"Instal\"]".into())]);
    }
}
