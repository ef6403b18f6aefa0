//! Lambda functions as components: the recipe that the service writes for one.
//!
//! The function itself is not looked at. Names and defaults of the configuration are those that AWS documents.

use serde_json::{Map, Value, json};

use super::error::{Result, ServiceError};
use super::store::State;
use crate::resolve::recipe::FORMAT_VERSION;

const PUBLISHER: &str = "AWS Lambda";
const ARTIFACT: &str = "greengrass:lambda-artifact.zip";
const LAUNCHER: &str = "{aws.greengrass.LambdaLauncher:artifacts:path}/lambda-launcher";

/// What runs Lambda functions on a device: name, requirement, type.
const RUNTIME: [(&str, &str, &str); 3] = [
    ("aws.greengrass.LambdaLauncher", ">=2.0.0 <3.0.0", "HARD"),
    ("aws.greengrass.LambdaManager", ">=2.0.0 <3.0.0", "HARD"),
    ("aws.greengrass.LambdaRuntimes", ">=2.0.0 <3.0.0", "SOFT"),
];

/// The defaults of a function's parameters, which the model and the recipe call the same.
const DEFAULTS: [(&str, i64); 5] = [
    ("maxQueueSize", 1000),
    ("maxInstancesCount", 100),
    ("maxIdleTimeInSeconds", 60),
    ("timeoutInSeconds", 3),
    ("statusTimeoutInSeconds", 60),
];

/// The recipe of the `lambdaFunction` of a request.
pub fn recipe(state: &State, function: &Value) -> Result<Value> {
    let arn = function["lambdaArn"].as_str().unwrap_or_default();
    let (name, version) = parse(state, arn)?;
    let name = function["componentName"].as_str().unwrap_or(name);
    let version = function["componentVersion"].as_str().map_or_else(|| format!("{version}.0.0"), Into::into);
    let mut dependencies: Map<String, Value> = RUNTIME
        .iter()
        .map(|(name, requirement, kind)| ((*name).into(), json!({ "VersionRequirement": requirement, "DependencyType": kind })))
        .collect();
    for (name, dependency) in function["componentDependencies"].as_object().into_iter().flatten() {
        let (requirement, kind) = (&dependency["versionRequirement"], &dependency["dependencyType"]);
        dependencies.insert(name.clone(), json!({ "VersionRequirement": requirement, "DependencyType": kind }));
    }
    let linux = json!([{ "name": "Linux", "attributes": { "os": "linux" } }]);
    let platforms = function["componentPlatforms"].as_array().or(linux.as_array()).into_iter().flatten();
    let manifests: Vec<Value> = platforms
        .map(|platform| {
            json!({
                "Name": platform["name"], "Platform": platform["attributes"],
                "Artifacts": [{ "URI": ARTIFACT, "Unarchive": "ZIP", "Permission": { "Read": "OWNER", "Execute": "NONE" } }],
            })
        })
        .collect();
    Ok(json!({
        "RecipeFormatVersion": FORMAT_VERSION, "ComponentName": name, "ComponentVersion": version,
        "ComponentType": "aws.greengrass.lambda", "ComponentPublisher": PUBLISHER, "ComponentSource": arn,
        "ComponentConfiguration": { "DefaultConfiguration": configuration(&function["componentLambdaParameters"]) },
        "ComponentDependencies": dependencies, "Manifests": manifests,
        "Lifecycle": {
            "startup": { "requiresPrivilege": true, "script": format!("{LAUNCHER} start") },
            "shutdown": { "requiresPrivilege": true, "script": format!("{LAUNCHER} stop") },
        },
    }))
}

/// The name and the version of a function. What points to a version, as an alias does, is denied like a bad recipe.
fn parse<'a>(state: &State, arn: &'a str) -> Result<(&'a str, &'a str)> {
    let fields: Vec<&str> = arn.split(':').collect();
    match fields[..] {
        ["arn", _, "lambda", _, _, "function", name, version] if !name.is_empty() && !version.is_empty() => {
            let is_version = version.bytes().all(|byte| byte.is_ascii_digit());
            if is_version { Ok((name, version)) } else { Err(ServiceError::hidden(state)) }
        }
        _ => {
            let message = format!("Value '{arn}' at 'lambdaFunction.lambdaArn' is not the ARN of a version of a Lambda function");
            let rule = "Must be the ARN of a version of a Lambda function";
            Err(ServiceError::member("lambdaFunction.lambdaArn", message, rule))
        }
    }
}

fn configuration(parameters: &Value) -> Value {
    let container = &parameters["linuxProcessParams"]["containerParams"];
    let mut execution = Map::new();
    execution.insert("EnvironmentVariables".into(), or(&parameters["environmentVariables"], json!({})));
    if let arguments @ Value::Array(_) = &parameters["execArgs"] {
        execution.insert("execArgs".into(), arguments.clone());
    }
    let mut configuration = json!({
        "lambdaExecutionParameters": execution,
        "containerMode": or(&parameters["linuxProcessParams"]["isolationMode"], "GreengrassContainer".into()),
        "containerParams": {
            "memorySize": or(&container["memorySizeInKB"], 16384.into()),
            "mountROSysfs": or(&container["mountROSysfs"], false.into()),
            "volumes": numbered(&container["volumes"]),
            "devices": numbered(&container["devices"]),
        },
        "inputPayloadEncodingType": or(&parameters["inputPayloadEncodingType"], "json".into()),
        "pinned": or(&parameters["pinned"], true.into()),
        "pubsubTopics": numbered(&parameters["eventSources"]),
    });
    for (name, default) in DEFAULTS {
        configuration[name] = or(&parameters[name], default.into());
    }
    configuration
}

fn or(given: &Value, default: Value) -> Value {
    if given.is_null() { default } else { given.clone() }
}

/// A list as recipes spell it, so that deployments can merge into it: a map by position.
fn numbered(list: &Value) -> Map<String, Value> {
    list.as_array().into_iter().flatten().enumerate().map(|(at, item)| (at.to_string(), item.clone())).collect()
}
