//! The resolver against what others wrote: the device's own answers, and recipes from public repositories.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fleetgrass::resolve::platform;
use fleetgrass::resolve::recipe::{self, Format, Recipe};
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

/// The recipes that are none, and all that is wrong with each: path and beginning of what is wrong. Templates have
/// placeholders where a name or a version belongs; two of nucleus lite have a list where the device wants a map.
const REFUSED: &[(&str, &[&str])] = &[
    ("AppInvalidRecipe-1.0.0.yaml", &["recipe (line 2, column 20): it is not YAML"]),
    ("BusinessLogic.json", &["ComponentVersion: \"NEXT_PATCH\" is not a version"]),
    ("aws-greengrass-client-device-auth.json", &[BRACED_NAME, BRACED_VERSION]),
    ("aws-greengrass-labs-certificate-rotator.yaml", &["ComponentVersion (line 4): \"COMPONENT_VERSION\" is not a version"]),
    ("aws-greengrass-labs-component-for-home-assistant.yaml", &["ComponentVersion (line 3): \"COMPONENT_VERSION\" is not"]),
    ("aws.greengrass.DLRImageClassification.json", &[BRACED_VERSION]),
    ("aws.greengrass.TensorFlowLiteObjectDetection.json", &[BRACED_VERSION]),
    ("aws.greengrass.labs.webrtc-1.0.0.json", &["ComponentVersion: \"USER_SETTING\" is not a version"]),
    ("error-recipe-contains-null-element-in-artifacts.json", &["Manifests[0].Artifacts[0]: it is null"]),
    ("error-recipe-contains-null-element-in-manifests.yaml", &["Manifests[0] (line 8): it is null"]),
    ("hello_world_recipe_invalid.yaml", &["RecipeFormatVersion (line 2): \"20-01-25\" is no format version"]),
    ("java-template-HelloWorld.yaml", &["ComponentName (line 3): ", "ComponentVersion (line 4): "]),
    ("java-template-LocalPubSub.yaml", &["ComponentName (line 3): ", "ComponentVersion (line 4): "]),
    ("python-template-HelloWorld.yaml", &["ComponentName (line 3): ", "ComponentVersion (line 4): "]),
    ("python-template-LocalPubSub.yaml", &["ComponentName (line 3): ", "ComponentVersion (line 4): "]),
    ("recipe_missing_comma.json", &["recipe (line 6, column 3): it is not JSON: expected `,` or `}`"]),
    ("sample-recipe-fail-missing-uri.yaml", &["Manifests[0].Artifacts[0].URI (line 10): it is missing"]),
    (
        "sample-recipe-fail-missing-versionRequirement.yaml",
        &["ComponentDependencies[\"abc\"].VersionRequirement (line 9): it is missing", "Manifests[0] (line 11): it is null"],
    ),
    (
        "sample-recipe-with-illegal-component-name.yaml",
        &["ComponentName (line 3): \"aws.greengrass.foo bar service\" contains ' '"],
    ),
    ("sample-recipe-with-long-component-version.yaml", &["ComponentVersion (line 4): "]),
    ("sample.yml", &["Manifests[0].Lifecycle.Startup (line 38): Run and Startup are both given"]),
    ("supported_lifecyle_types-1.json", &["recipe (line 2, column 3): it is not JSON: key must be a string"]),
    ("supported_lifecyle_types-3.yaml", &["Lifecycle (line 31): it is a list of 1; write a map"]),
    ("supported_lifecyle_types-4.yaml", &["Lifecycle (line 29): it is a list of 1; write a map"]),
    ("variant.DLR.ImageClassification.ModelStore.json", &[BRACED_VERSION]),
    ("variant.DLR.json", &[BRACED_VERSION]),
    ("variant.TensorFlowLite.json", &[BRACED_VERSION]),
];

const BRACED_NAME: &str = "ComponentName: \"{COMPONENT_NAME}\" contains '{'";
const BRACED_VERSION: &str = "ComponentVersion: \"{COMPONENT_VERSION}\" is not a version";

/// The recipes of public repositories. They lie beside the checkout, where there is room for them.
fn public_recipes() -> Option<BTreeMap<String, Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/recipes");
    let entries = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path());
    let recipes = entries.filter(|path| path.extension().is_some_and(|extension| extension != "md"));
    Some(recipes.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect())
}

#[test]
fn public_recipes_are_read_or_refused_with_reasons() {
    let Some(recipes) = public_recipes() else { return };
    assert_eq!(recipes.len(), 78);
    let mut refused = BTreeMap::new();
    for (file, bytes) in &recipes {
        match recipe::read(bytes) {
            Ok(recipe) => assert_eq!(recipe.format == Format::Json, file.contains(".json"), "{file}"),
            Err(error) => {
                refused.insert(&**file, error);
            }
        }
    }
    assert_eq!(refused.keys().copied().collect::<Vec<_>>(), REFUSED.iter().map(|(file, _)| *file).collect::<Vec<_>>());
    for (file, reasons) in REFUSED {
        let problems = &refused[file].problems;
        assert_eq!(problems.len(), reasons.len(), "{file}: {problems:?}");
        for (problem, reason) in problems.iter().zip(*reasons) {
            assert!(problem.to_string().starts_with(reason), "{file}: {problem}");
        }
    }
}

/// What the service prints is a recipe that means the same, in JSON and in YAML.
#[test]
fn public_recipes_survive_printing() {
    let Some(recipes) = public_recipes() else { return };
    for (file, bytes) in &recipes {
        let Ok(recipe) = recipe::read(bytes) else { continue };
        let printed = recipe.to_json(|_| Some("digest".into()));
        let json = recipe::read(printed.to_string().as_bytes()).unwrap();
        assert_eq!(Recipe { format: recipe.format, ..json }, recipe, "{file}");
        let yaml = recipe::to_yaml(&printed);
        let yaml = recipe::read(yaml.as_bytes()).unwrap_or_else(|error| panic!("{file}: {error}\n{yaml}"));
        assert_eq!(Recipe { format: recipe.format, ..yaml }, recipe, "{file}");
    }
}
