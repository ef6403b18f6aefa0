//! The recipe reader against the recipes of public repositories.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fleetgrass::resolve::recipe::{self, Format, Recipe};

/// The recipes that are none, and all that is wrong with each: path and beginning of what is wrong. Templates have
/// placeholders where a name or a version belongs; two of nucleus lite have a list where the device wants a map.
const REFUSED: &[(&str, &[&str])] = &[
    ("AppInvalidRecipe-1.0.0.yaml", &["recipe (line 2, column 20): it is not YAML"]),
    ("BusinessLogic.json", &["ComponentVersion (line 4): \"NEXT_PATCH\" is not a version"]),
    ("aws-greengrass-client-device-auth.json", &[BRACED_NAME, BRACED_VERSION]),
    ("aws-greengrass-labs-certificate-rotator.yaml", &["ComponentVersion (line 4): \"COMPONENT_VERSION\" is not a version"]),
    ("aws-greengrass-labs-component-for-home-assistant.yaml", &["ComponentVersion (line 3): \"COMPONENT_VERSION\" is not"]),
    ("aws.greengrass.DLRImageClassification.json", &[BRACED_VERSION]),
    ("aws.greengrass.TensorFlowLiteObjectDetection.json", &[BRACED_VERSION]),
    ("aws.greengrass.labs.webrtc-1.0.0.json", &["ComponentVersion (line 4): \"USER_SETTING\" is not a version"]),
    ("error-recipe-contains-null-element-in-artifacts.json", &["Manifests[0].Artifacts[0] (line 14): it is null"]),
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
    ("supported_lifecyle_types-1.json", &["recipe (line 2, column 3): it is not JSON: key must be a string"]),
    ("supported_lifecyle_types-3.yaml", &["Lifecycle (line 31): it is a list of one element; write a map"]),
    ("supported_lifecyle_types-4.yaml", &["Lifecycle (line 29): it is a list of one element; write a map"]),
    ("variant.DLR.ImageClassification.ModelStore.json", &[BRACED_VERSION]),
    ("variant.DLR.json", &[BRACED_VERSION]),
    ("variant.TensorFlowLite.json", &[BRACED_VERSION]),
];

const BRACED_NAME: &str = "ComponentName (line 3): \"{COMPONENT_NAME}\" contains '{'";
const BRACED_VERSION: &str = "ComponentVersion (line 4): \"{COMPONENT_VERSION}\" is not a version";

/// The recipes of public repositories. They lie beside the checkout, where there is room for them; `scripts/test` runs the
/// tests that need them where they are.
fn public_recipes() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/recipes");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let recipes = entries.filter(|path| path.extension().is_some_and(|extension| extension != "md"));
    recipes.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect()
}

#[test]
#[ignore = "needs the recipes of public repositories in ../shared/vectors/recipes"]
fn public_recipes_are_read_or_refused_with_reasons() {
    let recipes = public_recipes();
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
#[ignore = "needs the recipes of public repositories in ../shared/vectors/recipes"]
fn public_recipes_survive_printing() {
    let recipes = public_recipes();
    for (file, bytes) in &recipes {
        let Ok(recipe) = recipe::read(bytes) else { continue };
        let printed = recipe.to_json(|artifact| artifact.digest.clone());
        let json = recipe::read(printed.to_string().as_bytes()).unwrap();
        assert_eq!(Recipe { format: recipe.format, ..json }, recipe, "{file}");
        let yaml = recipe::to_yaml(&printed);
        let yaml = recipe::read(yaml.as_bytes()).unwrap_or_else(|error| panic!("{file}: {error}\n{yaml}"));
        assert_eq!(Recipe { format: recipe.format, ..yaml }, recipe, "{file}");
    }
}

/// Damaged recipes are read or refused, and what is read is printed as something that can be read again.
#[test]
#[ignore = "needs the recipes of public repositories in ../shared/vectors/recipes"]
fn damaged_recipes_do_no_harm() {
    let recipes = public_recipes();
    let mut random = fastrand::Rng::with_seed(1);
    for (file, bytes) in &recipes {
        for _ in 0..100 {
            let mut bytes = bytes.clone();
            for _ in 0..random.usize(1..5) {
                let (at, from) = (random.usize(..bytes.len()), random.usize(..bytes.len()));
                let piece = bytes[from..bytes.len().min(from + random.usize(..30))].to_vec();
                let end = bytes.len().min(at + random.usize(..3));
                bytes.splice(at..end, piece);
            }
            let Ok(recipe) = recipe::read(&bytes) else { continue };
            let printed = recipe.to_json(|_| None);
            let again =
                recipe::read(recipe::to_yaml(&printed).as_bytes()).unwrap_or_else(|error| panic!("{file}: {error}\n{printed}"));
            assert_eq!(again.to_json(|_| None), printed, "{file}");
        }
    }
}
