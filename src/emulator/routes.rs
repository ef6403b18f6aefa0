//! From a method and a path to an operation: the routes are the models', the table below says what serves them.

use serde_json::Value;

use super::error::Result;
use super::input::{Input, percent_decode};
use super::store::State;
use super::{
    artifacts, candidates, client_devices, components, connectivity, core_devices, deployments, jobs, service_role, tags,
    thing_groups, things,
};
use crate::model::{Model, Operation, UriPart};

/// Serves one operation: the parameters in, the members of its answer out.
pub type Handler = fn(&State, &Operation, &Input) -> Result<Value>;

/// What serves the operation that the API calls `name`; None while nothing does.
pub fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "AssociateServiceRoleToAccount" => service_role::associate,
        "GetServiceRoleForAccount" => service_role::get,
        "DisassociateServiceRoleFromAccount" => service_role::disassociate,
        "GetConnectivityInfo" => connectivity::get,
        "UpdateConnectivityInfo" => connectivity::update,
        "BatchAssociateClientDeviceWithCoreDevice" => client_devices::associate,
        "BatchDisassociateClientDeviceFromCoreDevice" => client_devices::disassociate,
        "ListClientDevicesAssociatedWithCoreDevice" => client_devices::list,
        "CreateComponentVersion" => components::create,
        "DescribeComponent" => components::describe,
        "GetComponent" => components::get,
        "GetComponentVersionArtifact" => artifacts::get_url,
        "DeleteComponent" => components::delete,
        "ListComponents" => components::list,
        "ListComponentVersions" => components::list_versions,
        "ResolveComponentCandidates" => candidates::resolve,
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
        "CreateThing" => things::create,
        "DescribeThing" => things::describe,
        "ListThings" => things::list,
        "UpdateThing" => things::update,
        "DeleteThing" => things::delete,
        "ListThingGroupsForThing" => things::list_groups,
        "ListJobExecutionsForThing" => things::list_job_executions,
        "CreateThingGroup" => thing_groups::create,
        "DescribeThingGroup" => thing_groups::describe,
        "ListThingGroups" => thing_groups::list,
        "DeleteThingGroup" => thing_groups::delete,
        "AddThingToThingGroup" => thing_groups::add_thing,
        "RemoveThingFromThingGroup" => thing_groups::remove_thing,
        "ListThingsInThingGroup" => thing_groups::list_things,
        "DescribeJob" => jobs::describe,
        "CancelJob" => jobs::cancel,
        "ListJobExecutionsForJob" => jobs::list_executions,
        _ => return None,
    })
}

/// The services that share the port. No route of one is a route of the other.
pub fn models() -> [&'static Model; 2] {
    [Model::greengrassv2(), Model::iot()]
}

/// An operation that a request asks for.
pub struct Route {
    pub model: &'static Model,
    pub operation: &'static Operation,
    /// The decoded labels of the path.
    pub labels: Vec<(&'static str, String)>,
}

/// What `method` and the percent-encoded `path` ask for.
pub fn find(method: &str, path: &str) -> Option<Route> {
    models().into_iter().find_map(|model| {
        let mut operations = model.operations.iter().filter(|operation| *operation.http_method == *method);
        operations.find_map(|operation| labels(&operation.uri, path).map(|labels| Route { model, operation, labels }))
    })
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
        let Route { operation, labels, .. } = find(method, path)?;
        Some((operation.name.to_string(), labels.into_iter().map(|(_, label)| label).collect()))
    }

    #[test]
    fn every_operation_is_found_by_its_own_template() {
        for operation in models().into_iter().flat_map(|model| &model.operations) {
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
            assert!(handler(&name).is_some(), "{name} is served");
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
