//! The resolver against the device's own answers.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fleetgrass::resolve::candidates::{self, Catalogue, ResolveError, Roots};
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

/// The component versions of a case.
struct Shelf(Vec<Arc<Recipe>>);

impl Shelf {
    fn of(case: &Value) -> Self {
        let versions = |(name, versions): (&String, &Value)| {
            let recipe = |(version, facts): (&String, &Value)| {
                let dependencies = facts["deps"].as_object().into_iter().flatten();
                let dependencies: serde_json::Map<_, _> =
                    dependencies.map(|(name, requirement)| (name.clone(), json!({"VersionRequirement": requirement}))).collect();
                json!({
                    "RecipeFormatVersion": recipe::FORMAT_VERSION, "ComponentName": name, "ComponentVersion": version,
                    "ComponentDependencies": dependencies, "ComponentType": facts["type"],
                    "Manifests": facts.get("manifests").unwrap_or(&json!([{}])),
                })
            };
            versions.as_object().unwrap().iter().map(recipe).collect::<Vec<_>>()
        };
        let recipes = case["catalog"].as_object().unwrap().iter().flat_map(versions);
        Self(recipes.map(|recipe| Arc::new(recipe::read(recipe.to_string().as_bytes()).unwrap())).collect())
    }
}

impl Catalogue for Shelf {
    fn versions(&self, component: &str) -> Vec<Version> {
        self.0.iter().filter(|recipe| recipe.name == component).map(|recipe| recipe.version.clone()).collect()
    }

    fn recipe(&self, component: &str, version: &Version) -> Option<Arc<Recipe>> {
        self.0.iter().find(|recipe| recipe.name == component && recipe.version == *version).cloned()
    }
}

/// The cases of a device that is online and has installed nothing yet, and that no hash order decides. Recipes that
/// cannot be read are left out: no catalogue takes them in.
#[test]
fn candidates_are_those_of_a_fresh_device() {
    let vectors = vectors("resolution.json");
    let fresh = |case: &&Value| {
        case["device"] == json!({"online": true})
            && case["cloud_policy"] == "highest"
            && case["order_sensitive"] == false
            && case["expect"]["error"]["kind"] != "recipe_parse_error"
    };
    let cases: Vec<_> = cases(&vectors, "cases").iter().filter(fresh).collect();
    assert_eq!(cases.len(), 55);
    for case in cases {
        let components = roots_of(&case["deployment"]["components"]);
        let deployment = Roots { group: case["deployment"]["target"].as_str().unwrap().into(), components };
        let others = case["other_groups"].as_object().into_iter().flatten().map(|(group, roots)| Roots {
            group: group.clone(),
            components: serde_json::from_value::<BTreeMap<_, _>>(roots.clone()).unwrap().into_iter().collect(),
        });
        let platform = serde_json::from_value(case["platform"].clone()).unwrap();
        let plan = candidates::resolve(&deployment, &others.collect::<Vec<_>>(), &platform, &Shelf::of(case));
        let outcome = match plan {
            Ok(plan) => {
                json!({"result": plan.iter().map(|(name, recipe)| (name, recipe.version.as_str())).collect::<BTreeMap<_, _>>()})
            }
            Err(ResolveError::NoAvailableVersion { component, requirements }) => {
                let requirements: BTreeMap<_, _> = requirements.into_iter().map(|(who, it)| (who, it.to_string())).collect();
                json!({"error": {"kind": "no_available_version", "component": component, "requirements": requirements}})
            }
            Err(ResolveError::PlatformIncompatible { component, .. }) => {
                json!({"error": {"kind": "platform_incompatible", "component": component}})
            }
            Err(ResolveError::CircularDependency { component, version }) => {
                json!({"error": {"kind": "circular_dependency", "component": component, "version": version.as_str()}})
            }
            Err(ResolveError::InvalidRootRequirement { component, version }) => {
                json!({"error": {"kind": "invalid_root_requirement", "component": component, "requirement": version}})
            }
            Err(ResolveError::NoFixpoint { .. }) => json!({"error": {"kind": "no_fixpoint"}}),
        };
        let key = if case["expect"]["error"].is_null() { "result" } else { "error" };
        assert_eq!(outcome[key], case["expect"][key], "{case}");
    }
}

fn roots_of(components: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    components.as_array().unwrap().iter().map(|component| (text(&component["name"]), text(&component["version"]))).collect()
}
