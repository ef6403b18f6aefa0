//! Permissions: what the user of a key may do, and how the service says no.
//!
//! A user has a list of IAM actions, such as `greengrass:Get*`, with the wildcards that IAM has; or none, and may do
//! everything. There are no resources, conditions or denials in it: what is denied is denied wherever it is asked.

use super::arn::{Names, Target};
use super::error::{Result, ServiceError};
use super::routes::{self, Route};
use crate::model::{Model, Operation};

/// What one user may do.
#[derive(Debug)]
pub struct Permissions(Option<Vec<String>>);

impl Permissions {
    /// None allows everything. An action that allows nothing is a mistake.
    pub fn new(actions: Option<&[String]>) -> Result<Self, String> {
        for action in actions.unwrap_or_default() {
            if !known().any(|known| covers(action, &known)) {
                return Err(format!("action {action:?} covers nothing here: give one such as \"greengrass:Get*\""));
            }
        }
        Ok(Self(actions.map(<[_]>::to_vec)))
    }

    /// Lets `caller` ask for what `route` names.
    pub fn admit(&self, caller: &str, names: &Names, route: &Route) -> Result<()> {
        let Some(actions) = &self.0 else { return Ok(()) };
        let action = name(route.model, route.operation);
        if actions.iter().any(|pattern| covers(pattern, &action)) {
            return Ok(());
        }
        let message = format!(
            "User: {caller} is not authorized to perform: {action} on resource: {} \
             because no identity-based policy allows the {action} action",
            resource(names, route)
        );
        Err(ServiceError::access_denied(message))
    }
}

/// The actions that there are here.
fn known() -> impl Iterator<Item = String> {
    routes::models().into_iter().flat_map(|model| model.operations.iter().map(|operation| name(model, operation)))
}

/// What IAM calls an operation.
fn name(model: &Model, operation: &Operation) -> String {
    format!("{}:{}", model.metadata.signing_name, operation.name)
}

/// The ARN of what the path names; `*` where it names nothing.
fn resource(names: &Names, route: &Route) -> String {
    let Some((label, value)) = route.labels.first() else { return "*".into() };
    match *label {
        "arn" | "resourceArn" => value.clone(),
        "coreDeviceThingName" => names.core_device(value),
        "deploymentId" => names.deployment(value),
        "jobId" => names.job(value),
        "thingGroupName" => names.target(Target::ThingGroup(value)),
        "thingName" if *route.model.metadata.signing_name == *"greengrass" => names.connectivity(value),
        "thingName" => names.target(Target::Thing(value)),
        _ => "*".into(),
    }
}

/// Whether an action is one of those that `pattern` stands for: `*` for any letters, `?` for one. Case does not matter.
fn covers(pattern: &str, action: &str) -> bool {
    match pattern.chars().next() {
        None => action.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            action.char_indices().any(|(at, _)| covers(rest, &action[at..])) || covers(rest, "")
        }
        Some(letter) => action.chars().next().is_some_and(|found| {
            (letter == '?' || letter.eq_ignore_ascii_case(&found))
                && covers(&pattern[letter.len_utf8()..], &action[found.len_utf8()..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UriPart;

    #[test]
    fn actions_have_the_wildcards_of_iam() {
        for (pattern, action, expected) in [
            ("greengrass:GetCoreDevice", "greengrass:GetCoreDevice", true),
            ("greengrass:GetCore", "greengrass:GetCoreDevice", false),
            ("Greengrass:getcoredevice", "greengrass:GetCoreDevice", true),
            ("greengrass:*CoreDevice", "greengrass:GetCoreDevice", true),
            ("greengrass:*CoreDevice", "greengrass:ListCoreDevices", false),
            ("greengrass:?etCoreDevice", "greengrass:GetCoreDevice", true),
            ("*", "iot:CreateThing", true),
            ("iot:*", "iot:CreateThing", true),
            ("iot:*", "greengrass:GetCoreDevice", false),
            ("", "iot:CreateThing", false),
        ] {
            assert_eq!(covers(pattern, action), expected, "{pattern} {action}");
        }
    }

    #[test]
    fn a_denial_names_what_the_path_names() {
        let names = Names::new("eu-west-1", "123456789012");
        let of = |method, path| resource(&names, &routes::find(method, path).unwrap());
        assert_eq!(of("GET", "/greengrass/v2/coreDevices"), "*");
        assert_eq!(
            of("GET", "/greengrass/v2/coreDevices/a/installedComponents"),
            "arn:aws:greengrass:eu-west-1:123456789012:coreDevices:a"
        );
        assert_eq!(
            of("GET", "/greengrass/things/a/connectivityInfo"),
            "arn:aws:greengrass:eu-west-1:123456789012:/greengrass/things/a/connectivityInfo"
        );
        assert_eq!(of("GET", "/things/a"), "arn:aws:iot:eu-west-1:123456789012:thing/a");
        assert_eq!(of("GET", "/tags/arn%3Aaws%3Ax"), "arn:aws:x");
    }

    #[test]
    fn every_path_with_a_label_names_something() {
        let names = Names::new("eu-west-1", "123456789012");
        for model in routes::models() {
            for operation in &model.operations {
                let labels: Vec<_> = operation
                    .uri
                    .iter()
                    .filter_map(|part| match part {
                        UriPart::Label { name, .. } => Some((&**name, "x".to_owned())),
                        UriPart::Literal(_) => None,
                    })
                    .collect();
                let bare = labels.is_empty();
                assert_eq!(resource(&names, &Route { model, operation, labels }) == "*", bare, "{}", operation.name);
            }
        }
    }

    #[test]
    fn an_action_that_allows_nothing_is_told() {
        assert!(Permissions::new(Some(&["greengrass:List*".into()])).is_ok());
        assert!(Permissions::new(Some(&["greengrass:GetCoreDevise".into()])).unwrap_err().contains("GetCoreDevise"));
    }
}
