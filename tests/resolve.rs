//! The resolver against the device's own answers.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fleetgrass::resolve::catalogue::{Catalogue, Entry, MemoryCatalogue};
use fleetgrass::resolve::platform;
use fleetgrass::resolve::recipe::{self, Recipe};
use fleetgrass::resolve::requirement::Requirement;
use fleetgrass::resolve::simulate::{CloudPolicy, Device, Outcome, ResolveError, Roots, Simulation};
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
fn catalogue_of(catalog: &Value) -> MemoryCatalogue {
    let entries = |(name, versions): (&String, &Value)| {
        let entry = |(version, facts): (&String, &Value)| {
            let entry = Entry { version: Version::parse(version).unwrap(), recipe: recipe_from(name, version, facts) };
            (name.clone(), entry)
        };
        versions.as_object().unwrap().iter().map(entry).collect::<Vec<_>>()
    };
    catalog.as_object().into_iter().flatten().flat_map(entries).collect()
}

fn recipe_from(name: &str, version: &str, facts: &Value) -> Option<Arc<Recipe>> {
    let dependencies = facts["deps"].as_object().into_iter().flatten();
    let dependencies: serde_json::Map<_, _> =
        dependencies.map(|(name, requirement)| (name.clone(), json!({"VersionRequirement": requirement}))).collect();
    let recipe = json!({
        "RecipeFormatVersion": recipe::FORMAT_VERSION, "ComponentName": name, "ComponentVersion": version,
        "ComponentDependencies": dependencies, "ComponentType": facts["type"],
        "Manifests": facts.get("manifests").unwrap_or(&json!([{}])),
    });
    recipe::read(recipe.to_string().as_bytes()).ok().map(Arc::new)
}

fn device_of(case: &Value, catalogue: &MemoryCatalogue) -> Device {
    let facts = &case["device"];
    let version = |text: &Value| Version::parse(text.as_str().unwrap()).unwrap();
    let mut store: HashMap<String, Vec<Arc<Recipe>>> = HashMap::new();
    for (name, versions) in facts["local_recipes"].as_object().into_iter().flatten() {
        let recipes = versions.as_object().unwrap().iter().filter_map(|(version, facts)| recipe_from(name, version, facts));
        store.entry(name.clone()).or_default().extend(recipes);
    }
    for (name, versions) in facts["local_store"].as_object().into_iter().flatten() {
        let recipes = versions.as_array().unwrap().iter().map(|text| catalogue.recipe(name, &version(text)).unwrap());
        store.entry(name.clone()).or_default().extend(recipes);
    }
    Device {
        online: facts["online"].as_bool().unwrap(),
        active: facts["active"].as_object().into_iter().flatten().map(|(name, it)| (name.clone(), version(it))).collect(),
        nucleus: facts["nucleus"]["name"].as_str().map(|name| (name.into(), version(&facts["nucleus"]["version"]))),
        store,
        foreign: serde_json::from_value::<Option<_>>(facts["region_mismatch"].clone()).unwrap().unwrap_or_default(),
    }
}

#[test]
fn simulations_end_as_on_the_device() {
    let vectors = vectors("resolution.json");
    let cases = cases(&vectors, "cases");
    assert_eq!(cases.len(), 87);
    for case in cases {
        let deployment = &Roots {
            group: case["deployment"]["target"].as_str().unwrap().into(),
            components: roots_of(&case["deployment"]["components"]),
        };
        let others = case["other_groups"].as_object().into_iter().flatten().map(|(group, roots)| Roots {
            group: group.clone(),
            components: roots.as_object().unwrap().iter().map(|(name, it)| (name.clone(), it.as_str().unwrap().into())).collect(),
        });
        let others = &others.collect::<Vec<_>>();
        let platform = &serde_json::from_value(case["platform"].clone()).unwrap();
        let catalogue = &catalogue_of(&case["catalog"]);
        let device = &device_of(case, catalogue);
        let cloud_policy = match case["cloud_policy"].as_str().unwrap() {
            "prefer_candidate" => CloudPolicy::PreferCandidate,
            _ => CloudPolicy::Highest,
        };
        let simulation = Simulation { platform, catalogue, device, deployment, others, cloud_policy };
        assert_eq!(outcome_of(simulation.run()), case["expect"], "{case}");
        assert_eq!(simulation.is_order_sensitive(), case["order_sensitive"].as_bool().unwrap(), "{case}");
    }
}

/// In the words of the vectors.
fn outcome_of(outcome: Outcome) -> Value {
    let plan = match outcome.plan {
        Ok(plan) => plan,
        Err(error) => return json!({"error": refusal_of(&error)}),
    };
    let result: BTreeMap<_, _> = plan.iter().map(|(name, recipe)| (name, recipe.version.as_str())).collect();
    let trace: Vec<_> = outcome.trace.iter().map(ToString::to_string).collect();
    let mut told = json!({"result": result, "trace": trace});
    if !outcome.orphans.is_empty() {
        told["orphans"] = json!(outcome.orphans);
    }
    told
}

fn refusal_of(error: &ResolveError) -> Value {
    let kind = error.kind();
    match error {
        ResolveError::NoAvailableVersion { component, requirements }
        | ResolveError::NoLocalVersion { component, requirements } => {
            let requirements: BTreeMap<_, _> = requirements.iter().map(|(who, it)| (who, it.to_string())).collect();
            json!({"kind": kind, "component": component, "requirements": requirements})
        }
        ResolveError::PlatformIncompatible { component, .. } => json!({"kind": kind, "component": component}),
        ResolveError::LocalRecipeUnusable { component, version }
        | ResolveError::RecipeUnreadable { component, version }
        | ResolveError::CircularDependency { component, version } => {
            json!({"kind": kind, "component": component, "version": version.as_str()})
        }
        ResolveError::InvalidRootRequirement { component, version } => {
            json!({"kind": kind, "component": component, "requirement": version})
        }
        ResolveError::MultipleNucleus { components } => json!({"kind": kind, "components": components}),
        ResolveError::NucleusUpdateNotExplicit { from, to } => {
            json!({"kind": kind, "component": to.0, "from": from.1.as_str(), "to": to.1.as_str()})
        }
        ResolveError::NoFixpoint { .. } => json!({"kind": kind}),
    }
}

fn roots_of(components: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    components.as_array().unwrap().iter().map(|component| (text(&component["name"]), text(&component["version"]))).collect()
}
