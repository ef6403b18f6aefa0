//! Component recipes, format 2020-01-25: read from JSON or YAML, printed back as the service does.
//!
//! [`read`] accepts what the classic device accepts. Property names and enum values may have any case, unknown
//! properties are ignored, `null` means absent, defaults are filled in; the keys of maps (platforms, dependencies,
//! lifecycles, configuration) keep their text and their order. What cannot be read ends in a [`RecipeError`], which
//! tells every problem with its place and its remedy.

mod document;
mod error;
mod lifecycle;
mod print;
mod read;
mod yaml;

use serde_json::{Map, Value};

use super::requirement::Requirement;
use super::version::Version;

pub use document::SIZE_LIMIT;
pub use error::{Problem, RecipeError};
pub use lifecycle::{Lifecycle, ScriptStep, StepKind, UnreadableStep, is_step, known as known_steps};
pub use read::{Source, Step, path, read, read_value};
pub use yaml::to_yaml;

/// The one format there is.
pub const FORMAT_VERSION: &str = "2020-01-25";

#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// How it was written.
    pub format: Format,
    pub name: String,
    pub version: Version,
    pub kind: ComponentType,
    pub description: Option<String>,
    pub publisher: Option<String>,
    /// `ComponentSource`, the ARN of a Lambda function.
    pub source: Option<String>,
    /// An empty map where there is none.
    pub default_configuration: Value,
    /// In the order of the recipe.
    pub dependencies: Vec<Dependency>,
    pub manifests: Vec<Manifest>,
    /// The lifecycle for manifests that have none of their own; [`platform::lifecycle`](super::platform::lifecycle) applies it.
    pub lifecycle: Map<String, Value>,
}

impl Recipe {
    /// One that says only what it is, for any platform.
    #[must_use]
    pub fn bare(name: &str, version: Version, kind: ComponentType) -> Self {
        Self {
            format: Format::Json,
            name: name.into(),
            version,
            kind,
            description: None,
            publisher: None,
            source: None,
            default_configuration: Map::new().into(),
            dependencies: Vec::new(),
            manifests: vec![Manifest::default()],
            lifecycle: Map::new(),
        }
    }

    /// What configuration begins with: the default where it is an object, and else null, as devices take it for none.
    #[must_use]
    pub fn defaults(&self) -> &Value {
        if self.default_configuration.is_object() { &self.default_configuration } else { &Value::Null }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComponentType {
    #[default]
    Generic,
    Lambda,
    Plugin,
    Nucleus,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub requirement: Requirement,
    pub kind: DependencyType,
}

/// Whether a component restarts with its dependency. For what is installed the two are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DependencyType {
    #[default]
    Hard,
    Soft,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    pub name: Option<String>,
    /// Attribute and template, in the order of the recipe; a template of `null` fits everything.
    pub platform: Vec<(String, Option<String>)>,
    /// Empty where the manifest has none, and the global one applies.
    pub lifecycle: Map<String, Value>,
    pub selections: Vec<String>,
    pub artifacts: Vec<Artifact>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    pub uri: String,
    pub unarchive: Unarchive,
    /// At least `execute`, which implies it.
    pub read: Permission,
    pub execute: Permission,
    /// Of a recipe that comes from the service; there is nobody else who may say so.
    pub digest: Option<Digest>,
}

/// What an artifact's bytes come to, in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub algorithm: String,
    pub value: String,
}

impl Digest {
    /// The one that the service makes.
    #[must_use]
    pub fn sha_256(value: String) -> Self {
        Self { algorithm: SHA_256.into(), value }
    }
}

const SHA_256: &str = "SHA-256";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unarchive {
    #[default]
    None,
    Zip,
}

/// Each allows what the one before it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    None,
    Owner,
    All,
}

/// An enum of the format: its spellings, which are read in any case and printed as they stand here.
trait Spelled: Copy + PartialEq + 'static {
    const SPELLINGS: &'static [(&'static str, Self)];

    fn spelling(self) -> &'static str {
        Self::SPELLINGS.iter().find(|(_, value)| *value == self).map_or("", |(spelling, _)| spelling)
    }
}

impl Spelled for ComponentType {
    const SPELLINGS: &'static [(&'static str, Self)] = &[
        ("aws.greengrass.generic", Self::Generic),
        ("aws.greengrass.lambda", Self::Lambda),
        ("aws.greengrass.plugin", Self::Plugin),
        ("aws.greengrass.nucleus", Self::Nucleus),
    ];
}

impl Spelled for DependencyType {
    const SPELLINGS: &'static [(&'static str, Self)] = &[("HARD", Self::Hard), ("SOFT", Self::Soft)];
}

impl Spelled for Unarchive {
    const SPELLINGS: &'static [(&'static str, Self)] = &[("NONE", Self::None), ("ZIP", Self::Zip)];
}

impl Spelled for Permission {
    const SPELLINGS: &'static [(&'static str, Self)] = &[("NONE", Self::None), ("OWNER", Self::Owner), ("ALL", Self::All)];
}
