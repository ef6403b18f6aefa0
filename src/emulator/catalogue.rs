//! The public components that every account sees, so that recipes which depend on them resolve.
//!
//! A choice of names and versions as published by AWS, with the shape of their dependencies and one artifact each;
//! their recipes have no real lifecycles. `docs/emulator.md` tells how far this is from the real list.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::arn::{Names, PUBLIC};
use super::devices::LITE;
use super::store::Millis;
use super::{artifacts, components};
use crate::resolve::recipe;

struct Component {
    name: &'static str,
    kind: &'static str,
    systems: &'static [&'static str],
    versions: &'static [&'static str],
    /// Name, requirement, type. In a requirement `NEXT` is the next minor version of the component itself.
    dependencies: &'static [(&'static str, &'static str, &'static str)],
}

const NUCLEUS: &str = "aws.greengrass.Nucleus";
const NUCLEUS_LITE: &str = "aws.greengrass.NucleusLite";
const CLI: &str = "aws.greengrass.Cli";
const TOKENS: &str = "aws.greengrass.TokenExchangeService";
const AUTH: &str = "aws.greengrass.clientdevices.Auth";
const MANAGER: &str = "aws.greengrass.LambdaManager";

const DESKTOP: &[&str] = &["linux", "darwin", "windows"];
const ANY: &[&str] = &["*"];

const CATALOGUE: &[Component] = &[
    Component {
        name: NUCLEUS,
        kind: "nucleus",
        systems: DESKTOP,
        versions: &["2.18.1", "2.17.0", "2.16.1", "2.15.0", "2.14.3", "2.13.0", "2.12.6", "2.12.0", "2.9.5"],
        dependencies: &[],
    },
    Component {
        name: NUCLEUS_LITE,
        kind: "nucleus",
        systems: &["linux"],
        versions: &["2.5.1", "2.5.0", "2.4.0", "2.3.3", "2.2.2", "2.0.0"],
        dependencies: &[],
    },
    Component {
        name: CLI,
        kind: "plugin",
        systems: DESKTOP,
        versions: &["2.18.3", "2.17.0", "2.16.1", "2.14.3", "2.12.6", "2.9.5"],
        dependencies: &[(NUCLEUS, ">=2.5.0 <NEXT", "SOFT")],
    },
    Component { name: TOKENS, kind: "generic", systems: ANY, versions: &["2.0.3"], dependencies: &[] },
    Component {
        name: "aws.greengrass.LogManager",
        kind: "plugin",
        systems: ANY,
        versions: &["2.3.11", "2.3.10", "2.3.7", "2.3.1"],
        dependencies: &[(NUCLEUS, ">=2.1.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.ShadowManager",
        kind: "plugin",
        systems: ANY,
        versions: &["2.3.12", "2.3.9", "2.3.1"],
        dependencies: &[(NUCLEUS, ">=2.5.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.StreamManager",
        kind: "generic",
        systems: ANY,
        versions: &["2.3.0", "2.1.3", "2.1.2"],
        dependencies: &[(NUCLEUS, ">=2.0.0 <3.0.0", "SOFT"), (TOKENS, ">=0.0.0", "HARD")],
    },
    Component {
        name: AUTH,
        kind: "plugin",
        systems: ANY,
        versions: &["2.3.2", "2.3.1"],
        dependencies: &[(NUCLEUS, ">=2.6.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.clientdevices.mqtt.Moquette",
        kind: "plugin",
        systems: ANY,
        versions: &["2.3.1", "2.2.0"],
        dependencies: &[(AUTH, ">=2.2.0 <2.4.0", "HARD")],
    },
    Component {
        name: "aws.greengrass.clientdevices.mqtt.Bridge",
        kind: "plugin",
        systems: ANY,
        versions: &["2.2.4", "2.2.3"],
        dependencies: &[(AUTH, ">=2.2.0 <2.4.0", "HARD")],
    },
    Component {
        name: "aws.greengrass.clientdevices.IPDetector",
        kind: "plugin",
        systems: ANY,
        versions: &["2.1.5"],
        dependencies: &[(NUCLEUS, ">=2.2.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.SecretManager",
        kind: "plugin",
        systems: ANY,
        versions: &["2.1.8", "2.1.4"],
        dependencies: &[(NUCLEUS, ">=2.5.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.DockerApplicationManager",
        kind: "generic",
        systems: ANY,
        versions: &["2.0.8"],
        dependencies: &[(NUCLEUS, ">=2.1.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.SecureTunneling",
        kind: "generic",
        systems: ANY,
        versions: &["2.0.1", "2.0.0", "1.1.3", "1.0.19", "1.0.13"],
        dependencies: &[(NUCLEUS, ">=2.0.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.SystemsManagerAgent",
        kind: "generic",
        systems: ANY,
        versions: &["1.2.4", "1.0.0"],
        dependencies: &[(TOKENS, "^2.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.LocalDebugConsole",
        kind: "plugin",
        systems: ANY,
        versions: &["2.2.7"],
        dependencies: &[(NUCLEUS, ">=2.1.0 <3.0.0", "HARD"), (CLI, ">=2.1.0 <3.0.0", "HARD")],
    },
    Component {
        name: "aws.greengrass.Cloudwatch",
        kind: "generic",
        systems: ANY,
        versions: &["3.1.0"],
        dependencies: &[(NUCLEUS, ">=2.0.0 <3.0.0", "SOFT"), (TOKENS, ">=0.0.0", "HARD")],
    },
    Component {
        name: "aws.greengrass.telemetry.NucleusEmitter",
        kind: "plugin",
        systems: ANY,
        versions: &["1.0.5"],
        dependencies: &[(NUCLEUS, ">=2.4.0 <3.0.0", "HARD")],
    },
    Component {
        name: MANAGER,
        kind: "plugin",
        systems: ANY,
        versions: &["2.2.7"],
        dependencies: &[(NUCLEUS, ">=2.0.0 <3.0.0", "SOFT")],
    },
    Component {
        name: "aws.greengrass.LambdaLauncher",
        kind: "generic",
        systems: ANY,
        versions: &["2.0.10"],
        dependencies: &[(MANAGER, ">=2.0.0 <2.3.0", "HARD")],
    },
    Component { name: "aws.greengrass.LambdaRuntimes", kind: "generic", systems: ANY, versions: &["2.0.8"], dependencies: &[] },
];

/// Publishes the whole catalogue into a new store.
pub fn publish(db: &Connection, names: &Names, now: Millis) -> rusqlite::Result<()> {
    for component in CATALOGUE {
        for version in component.versions {
            let text = component.recipe(version, names).to_string();
            let recipe = recipe::read(text.as_bytes()).expect("the catalogue holds recipes");
            components::publish(db, now, PUBLIC, &recipe, text.as_bytes(), components::DEPLOYABLE)?;
        }
    }
    Ok(())
}

impl Component {
    fn recipe(&self, version: &str, names: &Names) -> Value {
        let next = next_minor(version);
        let dependencies: Map<String, Value> = self
            .dependencies
            .iter()
            .map(|(name, requirement, kind)| {
                let requirement = requirement.replace("NEXT", &next);
                ((*name).into(), json!({ "VersionRequirement": requirement, "DependencyType": kind }))
            })
            .collect();
        // plugins run inside the nucleus' Java
        let file = format!("{}.{}", self.name, if self.kind == "plugin" { "jar" } else { "zip" });
        let uri = artifacts::public_uri(&names.component_version(PUBLIC, self.name, version), &file);
        // what is no part of the nucleus is a process of its own; the parts of Lambda are there for the functions
        let runs = self.kind == "generic" && !self.name.contains("Lambda");
        let lifecycle = if runs { json!({ "Run": "true" }) } else { json!({}) };
        // a lite device takes no manifest that does not name a runtime
        let platform = |os: &str| match self.name {
            NUCLEUS_LITE => json!({ "os": os, "runtime": LITE }),
            _ => json!({ "os": os }),
        };
        let manifest = |os: &&str| json!({ "Platform": platform(os), "Lifecycle": lifecycle, "Artifacts": [{ "URI": uri }] });
        let manifests: Vec<Value> = self.systems.iter().map(manifest).collect();
        json!({
            "RecipeFormatVersion": recipe::FORMAT_VERSION, "ComponentName": self.name, "ComponentVersion": version,
            "ComponentType": format!("aws.greengrass.{}", self.kind), "ComponentPublisher": "AWS",
            "ComponentDependencies": dependencies, "Manifests": manifests,
        })
    }
}

fn next_minor(version: &str) -> String {
    let mut numbers = version.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    format!("{major}.{}.0", minor.parse::<u32>().unwrap_or_default() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_a_recipe() {
        let names = Names::new("eu-west-1", "111122223333");
        for component in CATALOGUE {
            for version in component.versions {
                let text = component.recipe(version, &names).to_string();
                let recipe = recipe::read(text.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", component.name));
                assert_eq!(recipe.manifests.len(), component.systems.len());
            }
        }
    }
}
