//! The resolver against the device's own answers.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fleetgrass::resolve::engine::Engine;
use fleetgrass::resolve::facts::{self, Scenario};
use fleetgrass::resolve::platform;
use fleetgrass::resolve::recipe::{self, Recipe};
use fleetgrass::resolve::requirement::Requirement;
use fleetgrass::resolve::version::Version;
use serde_json::{Value, json};

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn cases<'v>(vectors: &'v Value, key: &str) -> &'v [Value] {
    vectors[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn requirements_are_met_as_on_the_device() {
    let vectors = vectors("version_requirements.json");
    let cases = cases(&vectors, "cases");
    assert_eq!(cases.len(), 335);
    for case in cases {
        let requirement = Requirement::parse(case["requirement"].as_str().unwrap());
        let version = Version::parse(case["version"].as_str().unwrap());
        assert_eq!(requirement.as_ref().ok().map(ToString::to_string).as_deref(), case["normalized"].as_str(), "{case}");
        let (met, error) = match (&requirement, &version) {
            (Ok(requirement), Ok(version)) => (Some(requirement.matches(version)), None),
            (Err(_), _) => (None, Some("invalid_requirement")),
            (_, Err(_)) => (None, Some("invalid_version")),
        };
        assert_eq!(met, case["expected"].as_bool(), "{case}");
        assert_eq!(error, case["error"].as_str(), "{case}");
    }
}

fn recipe_of(case: &Value) -> Recipe {
    let recipe = json!({
        "RecipeFormatVersion": recipe::FORMAT_VERSION, "ComponentName": "A", "ComponentVersion": "1.0.0",
        "Manifests": case["manifests"], "Lifecycle": case["lifecycle"],
    });
    recipe::read(recipe.to_string().as_bytes()).unwrap()
}

#[test]
fn manifests_are_chosen_as_on_the_device() {
    let vectors = vectors("platform_match.json");
    let classic: Vec<_> = cases(&vectors, "cases").iter().filter(|case| case["engine"] == "classic").collect();
    assert_eq!(classic.len(), 50);
    for case in classic {
        let (recipe, device) = (recipe_of(case), serde_json::from_value(case["platform"].clone()).unwrap());
        let chosen = platform::manifest(&recipe, &device);
        assert_eq!(chosen.is_err(), case["error"] == "invalid_regex", "{case}");
        let index =
            chosen.ok().flatten().map(|chosen| recipe.manifests.iter().position(|manifest| std::ptr::eq(manifest, chosen)));
        assert_eq!(json!(index.flatten()), case["expected_index"], "{case}");
    }
}

#[test]
fn lifecycles_are_selected_as_on_the_device() {
    let vectors = vectors("platform_match.json");
    let cases = cases(&vectors, "lifecycle_cases");
    assert_eq!(cases.len(), 14);
    for case in cases {
        let recipe = recipe_of(case);
        let index = usize::try_from(case["manifest_index"].as_u64().unwrap()).unwrap();
        let lifecycle = platform::lifecycle(&recipe, &recipe.manifests[index]);
        assert_eq!(Value::Object(lifecycle), case["expected_lifecycle"], "{case}");
    }
}

#[test]
fn simulations_end_as_on_the_device() {
    let vectors = vectors("resolution.json");
    let cases = cases(&vectors, "cases");
    assert_eq!(cases.len(), 87);
    for case in cases {
        let catalogue = Arc::new(facts::catalogue(&case["catalog"]).unwrap());
        let deployment = facts::deployment(&case["deployment"]).unwrap();
        let scenario = Scenario {
            platform: facts::platform(&case["platform"]).unwrap(),
            device: facts::device(&case["device"], &catalogue).unwrap(),
            others: facts::other_groups("other_groups", &case["other_groups"], &deployment).unwrap(),
            cloud_policy: facts::cloud_policy(&case["cloud_policy"]).unwrap(),
            engine: Engine::Classic,
            catalogue,
            deployment,
        };
        assert_eq!(in_words_of_the_vectors(&facts::told(&scenario.simulation().run())), case["expect"], "{case}");
        assert_eq!(scenario.simulation().is_order_sensitive(), case["order_sensitive"].as_bool().unwrap(), "{case}");
    }
}

fn in_words_of_the_vectors(told: &Value) -> Value {
    if !told["error"].is_null() {
        return json!({"error": told["error"]["facts"]});
    }
    let mut expected = json!({"result": told["result"], "trace": told["trace"]});
    if told["orphans"] != json!([]) {
        expected["orphans"] = told["orphans"].clone();
    }
    expected
}
