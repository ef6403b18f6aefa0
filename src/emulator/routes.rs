//! From a method and a path to an operation: the routes are the model's, the table below says which are served.

use serde_json::Value;

use super::error::Result;
use super::input::{Input, percent_decode};
use super::store::State;
use super::{components, core_devices, deployments, tags};
use crate::model::{Model, Operation, UriPart};

/// Serves one operation: the parameters in, the members of its answer out.
pub type Handler = fn(&State, &Operation, &Input) -> Result<Value>;

/// An operation and the decoded labels of its path.
pub type Route = (&'static Operation, Vec<(&'static str, String)>);

/// What serves the operation that the API calls `name`; None while nothing does.
pub fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "CreateComponentVersion" => components::create,
        "DescribeComponent" => components::describe,
        "GetComponent" => components::get,
        "DeleteComponent" => components::delete,
        "ListComponents" => components::list,
        "ListComponentVersions" => components::list_versions,
        "CreateDeployment" => deployments::create,
        "GetDeployment" => deployments::get,
        "ListDeployments" => deployments::list,
        "CancelDeployment" => deployments::cancel,
        "DeleteDeployment" => deployments::delete,
        "GetCoreDevice" => core_devices::get,
        "ListCoreDevices" => core_devices::list,
        "ListInstalledComponents" => core_devices::list_installed,
        "ListEffectiveDeployments" => core_devices::list_effective,
        "DeleteCoreDevice" => core_devices::delete,
        "ListTagsForResource" => tags::list,
        "TagResource" => tags::tag,
        "UntagResource" => tags::untag,
        _ => return None,
    })
}

/// The operation that `method` and the percent-encoded `path` ask for, and the decoded labels of the path.
pub fn find<'m>(model: &'m Model, method: &str, path: &str) -> Option<(&'m Operation, Vec<(&'m str, String)>)> {
    model
        .operations
        .iter()
        .filter(|operation| *operation.http_method == *method)
        .find_map(|operation| labels(&operation.uri, path).map(|labels| (operation, labels)))
}

/// The labels of `path` where it fits the template. A label is not empty; only a greedy one holds slashes.
fn labels<'m>(template: &'m [UriPart], path: &str) -> Option<Vec<(&'m str, String)>> {
    let Some((part, rest)) = template.split_first() else {
        return path.is_empty().then(Vec::new);
    };
    match part {
        UriPart::Literal(literal) => labels(rest, path.strip_prefix(&**literal)?),
        UriPart::Label { name, greedy } => {
            let slash = path.find('/').unwrap_or(path.len());
            // No template of the service goes on after a greedy label.
            let end = if *greedy { path.len() } else { slash };
            let (label, after) = path.split_at(end);
            let mut found = labels(rest, after)?;
            found.insert(0, (&**name, percent_decode(label)));
            (!label.is_empty()).then_some(found)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Option<(String, Vec<String>)> {
        let (operation, labels) = find(Model::greengrassv2(), method, path)?;
        Some((operation.name.to_string(), labels.into_iter().map(|(_, label)| label).collect()))
    }

    #[test]
    fn every_operation_is_found_by_its_own_template() {
        for operation in &Model::greengrassv2().operations {
            let path: String = operation
                .uri
                .iter()
                .map(|part| match part {
                    UriPart::Literal(text) => text.to_string(),
                    UriPart::Label { greedy, .. } => if *greedy { "a%20b/c" } else { "a%3Ab%2Fc" }.into(),
                })
                .collect();
            let (name, labels) = route(&operation.http_method, &path).expect("a route");
            assert_eq!(name, *operation.name);
            assert!(labels.iter().all(|label| label == "a:b/c" || label == "a b/c"), "{labels:?}");
        }
    }

    #[test]
    fn what_fits_no_template_is_not_found() {
        for path in
            ["/", "", "/greengrass/v2/components/", "/greengrass/v2/components/a/b", "/greengrass/v2/deployments/a/cancel/"]
        {
            assert_eq!(route("GET", path), None, "{path}");
        }
        assert_eq!(route("PATCH", "/greengrass/v2/components"), None);
    }
}
