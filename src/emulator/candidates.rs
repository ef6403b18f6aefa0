//! Candidates: the question that a device asks for each component of its deployments, which version it shall take.
//!
//! The answer is the highest version that meets every requirement and claims the platform.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::components;
use super::device_door;
use super::error::{Result, ServiceError};
use super::input::Input;
use super::store::State;
use crate::model::Operation;
use crate::resolve::platform::{self, Platform};
use crate::resolve::recipe::Recipe;
use crate::resolve::requirement::Requirement;

pub fn resolve(state: &State, operation: &Operation, input: &Input) -> Result<Value> {
    if state.rules.strict_data_plane && !device_door::is_device(state.caller) {
        return Err(ServiceError::not_authorized(state.caller, &operation.name, "*"));
    }
    let attributes = input.get("platform").and_then(|platform| platform["attributes"].as_object()).into_iter().flatten();
    let platform: Platform = attributes.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().into())).collect();
    let Some(Value::Array(candidates)) = input.get("componentCandidates") else {
        return Err(ServiceError::member("componentCandidates", "componentCandidates is missing", "Must be given"));
    };
    let resolved = candidates.iter().enumerate().map(|(at, candidate)| {
        let place = format!("componentCandidates.{at}");
        answer(state, &Candidate::read(candidate, &place)?, &platform)
    });
    Ok(json!({ "resolvedComponentVersions": resolved.collect::<Result<Vec<_>>>()? }))
}

struct Candidate<'c> {
    name: &'c str,
    /// Who requires what.
    requirements: Vec<(&'c str, Requirement)>,
}

impl<'c> Candidate<'c> {
    /// A version is what the device has; it is a requirement only where there are no others.
    fn read(candidate: &'c Value, place: &str) -> Result<Self> {
        let member = |name: &str| format!("{place}.{name}");
        let Some(name) = candidate["componentName"].as_str() else {
            let place = member("componentName");
            return Err(ServiceError::member(&place, format!("Value at '{place}' is missing"), "Must be given"));
        };
        let required = candidate["versionRequirements"].as_object().into_iter().flatten();
        let required: Vec<(&str, &Value)> = required.map(|(who, requirement)| (who.as_str(), requirement)).collect();
        let given = if required.is_empty() { vec![("componentVersion", &candidate["componentVersion"])] } else { required };
        let mut requirements = Vec::new();
        for (who, text) in given {
            let Some(text) = text.as_str() else { continue };
            let requirement = Requirement::parse(text).map_err(|error| {
                let place = if who == "componentVersion" { member(who) } else { member(&format!("versionRequirements.{who}")) };
                ServiceError::member(&place, error.to_string(), "Must be a version requirement")
            })?;
            requirements.push((who, requirement));
        }
        Ok(Self { name, requirements })
    }

    /// Versions that meet some requirements but never all are in conflict; else there is nothing to find.
    fn refusal(&self, recipes: &[Recipe]) -> ServiceError {
        let said = self.requirements.iter().map(|(who, requirement)| format!("{who} requires {requirement}"));
        let said = said.collect::<Vec<_>>().join(", ");
        let is_met = |requirement: &Requirement| recipes.iter().any(|recipe| requirement.matches(&recipe.version));
        if !recipes.is_empty() && self.requirements.iter().all(|(_, requirement)| is_met(requirement)) {
            let message = format!("Component {} has version requirements in conflict: {said}", self.name);
            return ServiceError::conflict(message, self.name, "component");
        }
        let message = format!("Component {} has no usable version satisfying requirements: {said}", self.name);
        ServiceError::not_found(message, self.name, "component")
    }
}

fn answer(state: &State, candidate: &Candidate, platform: &Platform) -> Result<Value> {
    let recipes = components::read_recipes(state, candidate.name)?;
    let meets = |recipe: &&Recipe| candidate.requirements.iter().all(|(_, requirement)| requirement.matches(&recipe.version));
    let mut fitting: Vec<&Recipe> = recipes.iter().filter(meets).collect();
    fitting.sort_by(|a, b| b.version.compare(&a.version));
    if fitting.is_empty() {
        return Err(candidate.refusal(&recipes));
    }
    // a template that is no regular expression claims nothing
    let claims = |recipe: &&&Recipe| matches!(platform::manifest(recipe, platform), Ok(Some(_)));
    let Some(recipe) = fitting.iter().find(claims) else {
        let platform: Vec<String> = platform.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        let (name, platform) = (candidate.name, platform.join(", "));
        let message = format!("The latest version of Component {name} doesn't claim platform {platform} compatibility");
        return Err(ServiceError::not_found(message, name, "component"));
    };
    let arn = components::arn_of(state, recipe)?;
    let printed = components::rewritten(state, &arn, recipe)?;
    Ok(json!({
        "arn": arn, "componentName": recipe.name, "componentVersion": recipe.version.as_str(),
        "recipe": BASE64.encode(printed.to_string()), "vendorGuidance": "ACTIVE",
    }))
}
