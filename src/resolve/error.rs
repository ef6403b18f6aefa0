//! Why a device refuses a deployment, in the device's words.

use std::fmt::Write;

use super::java_order::{JavaMap, Order};
use super::lite_walk::LiteRefusal;
use super::platform::Platform;
use super::requirement::Requirement;
use super::version::Version;

/// Why a device refuses a deployment. The texts are the device's, but for [`NoFixpoint`](Self::NoFixpoint) and the
/// recipes that it cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    #[error("No local or cloud component version satisfies the requirements. {ADVICE} {}", constraints(component, requirements))]
    NoAvailableVersion { component: String, requirements: Vec<(String, Requirement)> },
    #[error(
        "Device is configured to run offline and no local component version satisfies the requirements. {ADVICE} {}",
        constraints(component, requirements)
    )]
    NoLocalVersion { component: String, requirements: Vec<(String, Requirement)> },
    #[error(
        "An error occurred while negotiating component version with cloud. The version of component requested does not \
         claim platform compatibility. {ADVICE} Component '{component}' is incompatible with the core device(classic) \
         platform requirements - {}.",
        attributes(platform)
    )]
    PlatformIncompatible { component: String, platform: Platform },
    /// The device has the version, but no recipe of it or none for its platform.
    #[error("Failed to find usable recipe for current platform: {component}-v{version}")]
    LocalRecipeUnusable { component: String, version: Version },
    #[error("The recipe of {component}-v{version} cannot be read")]
    RecipeUnreadable { component: String, version: Version },
    #[error("Circular dependency detected for component {component}-v{version}")]
    CircularDependency { component: String, version: Version },
    #[error(
        "Unsupported component version '{version}' for component '{component}'. For pre-release versions, please start \
         the version tag with a non-numeric character"
    )]
    InvalidRootRequirement { component: String, version: String },
    #[error("Deployment cannot have more than 1 component of type Nucleus [{}]", components.join(", "))]
    MultipleNucleus { components: Vec<String> },
    #[error(
        "The deployment attempts to update the nucleus from {}-{} to {}-{} but no component of type nucleus was included as \
         target component, please add the desired nucleus version as top level component if you wish to update the nucleus \
         to a different minor/major version",
        from.0, from.1, to.0, to.1
    )]
    NucleusUpdateNotExplicit { from: Box<(String, Version)>, to: Box<(String, Version)> },
    /// The device may not ask the cloud.
    #[error(
        "Access denied when calling ResolveComponentCandidates. Ensure certificate policy grants \
         greengrass:ResolveComponentCandidates"
    )]
    AccessDenied { component: String },
    /// The cloud gave no answer. A device asks again every minute; its deployment ends by timeout.
    #[error("The cloud does not tell which version of {component} to take: {reason}")]
    Unanswered { component: String, reason: String },
    /// A device goes on for ever here; its deployment ends by timeout.
    #[error("The component versions keep changing each other: {component} changed last of all and has changed {changes} times")]
    NoFixpoint { component: String, changes: u32 },
    /// Of a plan: nobody knows what the device has, and so what it would make of a deployment.
    #[error("The state of the device could not be read: {reason}")]
    StateUnread { reason: String },
    /// A lite device has reasons of its own.
    #[error(transparent)]
    Lite(Box<LiteRefusal>),
}

const ADVICE: &str = "Check whether the version constraints conflict and that the component exists in your AWS account with a \
                      version that matches the version constraints. If the version constraints conflict, revise deployments \
                      to resolve the conflict.";

impl ResolveError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoAvailableVersion { .. } => "no_available_version",
            Self::NoLocalVersion { .. } => "no_available_version_offline",
            Self::PlatformIncompatible { .. } => "platform_incompatible",
            Self::LocalRecipeUnusable { .. } => "local_recipe_unusable",
            Self::RecipeUnreadable { .. } => "recipe_parse_error",
            Self::CircularDependency { .. } => "circular_dependency",
            Self::InvalidRootRequirement { .. } => "invalid_root_requirement",
            Self::MultipleNucleus { .. } => "multiple_nucleus",
            Self::NucleusUpdateNotExplicit { .. } => "nucleus_minor_update_not_explicit",
            Self::AccessDenied { .. } => "access_denied",
            Self::Unanswered { .. } => "unanswered",
            Self::NoFixpoint { .. } => "no_fixpoint",
            Self::StateUnread { .. } => "state_unread",
            Self::Lite(refusal) => refusal.kind(),
        }
    }

    /// The device's error codes, the most general first; those of lite devices are not known.
    #[must_use]
    pub fn codes(&self) -> &'static [&'static str] {
        match self {
            Self::NoAvailableVersion { .. } | Self::NoLocalVersion { .. } | Self::PlatformIncompatible { .. } => {
                &["NO_AVAILABLE_COMPONENT_VERSION", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET"]
            }
            Self::LocalRecipeUnusable { .. } => &["LOCAL_RECIPE_NOT_FOUND"],
            Self::RecipeUnreadable { .. } => &["RECIPE_PARSE_ERROR"],
            Self::CircularDependency { .. } => &["COMPONENT_CIRCULAR_DEPENDENCY_ERROR"],
            Self::InvalidRootRequirement { .. } => &["COMPONENT_VERSION_NOT_VALID"],
            Self::MultipleNucleus { .. } => &["MULTIPLE_NUCLEUS_RESOLVED_ERROR"],
            Self::NucleusUpdateNotExplicit { .. } => &["UNAUTHORIZED_NUCLEUS_MINOR_VERSION_UPDATE"],
            Self::AccessDenied { .. } => &["ACCESS_DENIED", "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED"],
            Self::Unanswered { .. } | Self::NoFixpoint { .. } | Self::StateUnread { .. } | Self::Lite(_) => &[],
        }
    }
}

fn constraints(component: &str, requirements: &[(String, Requirement)]) -> String {
    let requirements: Vec<_> = requirements.iter().map(|(who, requirement)| format!("{who} requires {requirement}")).collect();
    format!("Component {component} version constraints: {}.", requirements.join(", "))
}

fn attributes(platform: &Platform) -> String {
    let mut ordered = JavaMap::new(Order::Java);
    for (attribute, value) in platform {
        ordered.insert(attribute, value);
    }
    let mut text = String::new();
    for (attribute, value) in ordered.iter() {
        let separator = if text.is_empty() { " " } else { ", " };
        let _ = write!(text, "{separator}{attribute}:{value}"); // a String takes all
    }
    text
}
