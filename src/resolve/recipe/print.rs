//! A recipe as the service tells it: `GetComponent`'s recipe and `DescribeComponent`'s platforms.

use serde_json::{Map, Value, json};

use super::{Artifact, ComponentType, DependencyType, Digest, FORMAT_VERSION, Manifest, Recipe, Spelled};

impl Recipe {
    /// The recipe that `GetComponent` and `ResolveComponentCandidates` give: defaults spelled out, nothing null, and
    /// what `digest` knows of an artifact.
    #[must_use]
    pub fn to_json(&self, digest: impl Fn(&Artifact) -> Option<Digest>) -> Value {
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
    fn to_json(&self, digest: impl Fn(&Artifact) -> Option<Digest>) -> Value {
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
        put("Artifacts", self.artifacts.iter().map(|artifact| artifact.to_json(digest(artifact))).collect());
        Value::Object(printed)
    }

    /// A template of `null` says the same as a wildcard.
    fn attributes(&self) -> Value {
        self.platform.iter().map(|(name, template)| (&**name, template.as_deref().unwrap_or("*"))).collect()
    }
}

impl Artifact {
    fn to_json(&self, digest: Option<Digest>) -> Value {
        let mut printed = Map::from_iter([("Uri".into(), Value::from(&*self.uri))]);
        if let Some(digest) = digest {
            printed.insert("Digest".into(), digest.value.into());
            printed.insert("Algorithm".into(), digest.algorithm.into());
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

impl DependencyType {
    /// As the format spells it, `HARD`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.spelling()
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn get_component_spells_out_defaults() {
        let recipe = read(
            b"ComponentVersion: 1.4.0\nComponentName: io.acme.Pump\nRecipeFormatVersion: 2020-01-25\n\
              ComponentDependencies: {T: {VersionRequirement: ^2.0.0}}\n\
              Manifests: [{Name: one, Platform: {os: linux, gpu: ~}, Lifecycle: {Run: x}, Artifacts: [{URI: 's3://b/k'}]}, {}]\n",
        )
        .unwrap();
        let printed = recipe.to_json(|artifact| Some(Digest::sha_256(format!("digest of {}", artifact.uri))));
        assert_eq!(
            printed.to_string(),
            concat!(
                r#"{"RecipeFormatVersion":"2020-01-25","ComponentName":"io.acme.Pump","ComponentVersion":"1.4.0","#,
                r#""ComponentDependencies":{"T":{"VersionRequirement":"^2.0.0","DependencyType":"HARD"}},"#,
                r#""Manifests":[{"Name":"one","Platform":{"os":"linux","gpu":"*"},"Lifecycle":{"Run":"x"},"#,
                r#""Artifacts":[{"Uri":"s3://b/k","Digest":"digest of s3://b/k","Algorithm":"SHA-256","Unarchive":"NONE","#,
                r#""Permission":{"Read":"OWNER","Execute":"NONE"}}]},{"Lifecycle":{},"Artifacts":[]}],"#,
                r#""ComponentType":"aws.greengrass.generic"}"#
            )
        );
        assert_eq!(recipe.to_json(|_| None)["Manifests"][0]["Artifacts"][0].get("Digest"), None);
        let platforms = [json!({"name": "one", "attributes": {"os": "linux", "gpu": "*"}}), json!({"attributes": {}})];
        assert_eq!(recipe.platforms(), platforms);
    }
}
