//! A recipe as the service tells it: `GetComponent`'s recipe and `DescribeComponent`'s platforms.

use serde_json::{Map, Value, json};

use super::{Artifact, ComponentType, FORMAT_VERSION, Manifest, Recipe, Spelled};

impl Recipe {
    /// The recipe that `GetComponent` and `ResolveComponentCandidates` give: defaults spelled out, nothing null, and
    /// the base64 SHA-256 of an artifact where `digest` knows it for the artifact's URI.
    #[must_use]
    pub fn to_json(&self, digest: impl Fn(&str) -> Option<String>) -> Value {
        let mut printed = Map::new();
        let mut put = |key: &str, value: Value| printed.insert(key.into(), value);
        put("RecipeFormatVersion", FORMAT_VERSION.into());
        put("ComponentName", (*self.name).into());
        put("ComponentVersion", self.version.as_str().into());
        for (key, text) in [
            ("ComponentDescription", &self.description),
            ("ComponentPublisher", &self.publisher),
            ("ComponentSource", &self.source),
        ] {
            if let Some(text) = text {
                put(key, (**text).into());
            }
        }
        if self.default_configuration != json!({}) {
            put("ComponentConfiguration", json!({"DefaultConfiguration": self.default_configuration}));
        }
        if !self.dependencies.is_empty() {
            let dependencies = self.dependencies.iter().map(|dependency| {
                let requirement = dependency.requirement.as_str();
                (&*dependency.name, json!({"VersionRequirement": requirement, "DependencyType": dependency.kind.spelling()}))
            });
            put("ComponentDependencies", dependencies.collect());
        }
        put("Manifests", self.manifests.iter().map(|manifest| manifest.to_json(&digest)).collect());
        if !self.lifecycle.is_empty() {
            put("Lifecycle", self.lifecycle.clone().into());
        }
        put("ComponentType", self.kind.as_str().into());
        Value::Object(printed)
    }

    /// [`to_json`](Self::to_json) as YAML text, with every text in quotes as the service has it.
    #[must_use]
    pub fn to_yaml(printed: &Value) -> String {
        let options = serde_saphyr::ser_options! { quote_all: true };
        let mut text = String::new();
        serde_saphyr::to_fmt_writer_with_options(&mut text, printed, options).unwrap_or_default();
        text
    }

    /// The `platforms` of `DescribeComponent`, one for each manifest.
    #[must_use]
    pub fn platforms(&self) -> Vec<Value> {
        let platform = |manifest: &Manifest| {
            let mut platform = Map::new();
            platform.extend(manifest.name.as_deref().map(|name| ("name".into(), name.into())));
            platform.insert("attributes".into(), manifest.attributes());
            Value::Object(platform)
        };
        self.manifests.iter().map(platform).collect()
    }
}

impl Manifest {
    fn to_json(&self, digest: impl Fn(&str) -> Option<String>) -> Value {
        let mut printed = Map::new();
        let mut put = |key: &str, value: Value| printed.insert(key.into(), value);
        if let Some(name) = &self.name {
            put("Name", (**name).into());
        }
        if !self.platform.is_empty() {
            put("Platform", self.attributes());
        }
        put("Lifecycle", self.lifecycle.clone().into());
        if !self.selections.is_empty() {
            put("Selections", self.selections.iter().map(|key| &**key).collect());
        }
        put("Artifacts", self.artifacts.iter().map(|artifact| artifact.to_json(digest(&artifact.uri))).collect());
        Value::Object(printed)
    }

    /// A template of `null` says the same as a wildcard.
    fn attributes(&self) -> Value {
        self.platform.iter().map(|(name, template)| (&**name, template.as_deref().unwrap_or("*"))).collect()
    }
}

impl Artifact {
    fn to_json(&self, digest: Option<String>) -> Value {
        let mut printed = Map::from_iter([("Uri".into(), Value::from(&*self.uri))]);
        if let Some(digest) = digest {
            printed.insert("Digest".into(), digest.into());
            printed.insert("Algorithm".into(), "SHA-256".into());
        }
        printed.insert("Unarchive".into(), self.unarchive.spelling().into());
        printed.insert("Permission".into(), json!({"Read": self.read.spelling(), "Execute": self.execute.spelling()}));
        Value::Object(printed)
    }
}

impl ComponentType {
    /// As the API spells it, `aws.greengrass.generic`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.spelling()
    }
}
