"""Each operation as the table of the service has it: its method and path, its status, and all members of its answer.

One cloud in which there is something of everything; boto3 asks once for each operation. What the model knows of an
answer is in it, but for what `NEVER` names.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name

from fleetgrass.emulator import Emulator
from support.artifacts import artifacts
from support.local_cloud import ARN, GROUP, THING, client_of, deploy, publish, recipe

PUMP = f"{ARN}:versions:1.0.0"
CORE = {"coreDeviceThingName": "pump-1"}
CLI = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Cli:versions:2.17.0"
ENTRIES = {"entries": [{"thingName": "valve-1"}, {"thingName": "bad name"}]}
V2, V1 = "/greengrass/v2", "/greengrass"

#: Method, path, status and parameters, in an order that leaves each its resource. `{...}` are ids.
TABLE: dict[str, tuple[str, str, int, dict[str, Any]]] = {
    "AssociateServiceRoleToAccount": (
        "PUT",
        f"{V1}/servicerole",
        200,
        {"roleArn": "arn:aws:iam::111122223333:role/Greengrass"},
    ),
    "GetServiceRoleForAccount": ("GET", f"{V1}/servicerole", 200, {}),
    "DisassociateServiceRoleFromAccount": ("DELETE", f"{V1}/servicerole", 200, {}),
    "UpdateConnectivityInfo": (
        "PUT",
        f"{V1}/things/pump-1/connectivityInfo",
        200,
        {"thingName": "pump-1", "connectivityInfo": [{"id": "a", "hostAddress": "10.0.0.1", "portNumber": 8883}]},
    ),
    "GetConnectivityInfo": ("GET", f"{V1}/things/pump-1/connectivityInfo", 200, {"thingName": "pump-1"}),
    "BatchAssociateClientDeviceWithCoreDevice": (
        "POST",
        f"{V2}/coreDevices/pump-1/associateClientDevices",
        200,
        {**CORE, **ENTRIES},
    ),
    "ListClientDevicesAssociatedWithCoreDevice": (
        "GET",
        f"{V2}/coreDevices/pump-1/associatedClientDevices",
        200,
        {**CORE, "maxResults": 1},
    ),
    "BatchDisassociateClientDeviceFromCoreDevice": (
        "POST",
        f"{V2}/coreDevices/pump-1/disassociateClientDevices",
        200,
        {**CORE, **ENTRIES},
    ),
    "CreateComponentVersion": (
        "POST",
        f"{V2}/createComponentVersion",
        201,
        {"inlineRecipe": recipe("io.acme.Pump", "3.0.0"), "tags": {"a": "b"}},
    ),
    "DescribeComponent": ("GET", f"{V2}/components/{PUMP}/metadata", 200, {"arn": PUMP}),
    "GetComponent": ("GET", f"{V2}/components/{PUMP}", 200, {"arn": PUMP}),
    "GetComponentVersionArtifact": (
        "GET",
        f"{V2}/components/{CLI}/artifacts/{{artifact}}",
        200,
        {"arn": CLI, "artifactName": "{artifact}", "s3EndpointType": "REGIONAL", "iotEndpointType": "standard"},
    ),
    "ListComponents": ("GET", f"{V2}/components", 200, {"scope": "PUBLIC", "maxResults": 1}),
    "ListComponentVersions": ("GET", f"{V2}/components/{ARN}/versions", 200, {"arn": ARN, "maxResults": 1}),
    "DeleteComponent": (
        "DELETE",
        f"{V2}/components/{ARN}:versions:2.0.0",
        204,
        {"arn": f"{ARN}:versions:2.0.0"},
    ),
    "ResolveComponentCandidates": (
        "POST",
        f"{V2}/resolveComponentCandidates",
        200,
        {
            "platform": {"attributes": {"os": "linux"}},
            "componentCandidates": [{"componentName": "io.acme.Pump", "versionRequirements": {"x": "^1.0.0"}}],
        },
    ),
    "CreateDeployment": ("POST", f"{V2}/deployments", 201, {"targetArn": f"{GROUP}-2", "tags": {"a": "b"}}),
    "GetDeployment": ("GET", f"{V2}/deployments/{{sub}}", 200, {"deploymentId": "{sub}"}),
    "ListDeployments": ("GET", f"{V2}/deployments", 200, {"historyFilter": "ALL", "maxResults": 1}),
    "CancelDeployment": ("POST", f"{V2}/deployments/{{sub}}/cancel", 200, {"deploymentId": "{sub}"}),
    "DeleteDeployment": ("DELETE", f"{V2}/deployments/{{sub}}", 204, {"deploymentId": "{sub}"}),
    "GetCoreDevice": ("GET", f"{V2}/coreDevices/pump-1", 200, CORE),
    "ListCoreDevices": ("GET", f"{V2}/coreDevices", 200, {"maxResults": 1, "status": "HEALTHY"}),
    "ListInstalledComponents": (
        "GET",
        f"{V2}/coreDevices/pump-1/installedComponents",
        200,
        {**CORE, "topologyFilter": "ALL", "maxResults": 1},
    ),
    "ListEffectiveDeployments": (
        "GET",
        f"{V2}/coreDevices/pump-1/effectiveDeployments",
        200,
        {**CORE, "maxResults": 1},
    ),
    "TagResource": ("POST", f"/tags/{PUMP}", 200, {"resourceArn": PUMP, "tags": {"a": "b"}}),
    "ListTagsForResource": ("GET", f"/tags/{PUMP}", 200, {"resourceArn": PUMP}),
    "UntagResource": ("DELETE", f"/tags/{PUMP}", 200, {"resourceArn": PUMP, "tagKeys": ["a", "b c"]}),
    "DeleteCoreDevice": ("DELETE", f"{V2}/coreDevices/pump-1", 204, CORE),
}

#: What the model knows, and the service is not known to tell.
NEVER = {
    ("GetConnectivityInfo", "message"),
    ("UpdateConnectivityInfo", "message"),
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[Any, dict[str, str]]]:
    """A client, and the ids that parameters name."""
    with Emulator(region_name="eu-west-1", account_id="111122223333") as emulator:
        client = client_of(emulator)
        emulator.register_core_device("pump-1", ["line-4", "line-4-part"])
        emulator.register_core_device("pump-2")
        for version in ("1.0.0", "2.0.0"):
            publish(client, "io.acme.Pump", version)
        deploy(client, THING, "io.acme.Pump")
        deploy(client, GROUP)
        sub = client.create_deployment(
            targetArn=f"{GROUP}-part",
            parentTargetArn=GROUP,
            deploymentName="part",
            components={"io.acme.Pump": {"componentVersion": "1.0.0"}},
            deploymentPolicies={"failureHandlingPolicy": "ROLLBACK"},
            iotJobConfiguration={},
            tags={"a": "b"},
        )["deploymentId"]
        more = [{"thingName": f"valve-{number}"} for number in (2, 3)]
        client.batch_associate_client_device_with_core_device(**CORE, entries=more)
        artifact = artifacts(client, CLI)[0]["Uri"].removeprefix("greengrass:")
        yield client, {"sub": sub, "artifact": artifact}


def filled(text: Any, ids: dict[str, str]) -> Any:
    for name, id in ids.items():
        text = text.replace(f"{{{name}}}", id) if isinstance(text, str) else text
    return text


def test_every_operation(cloud: tuple[Any, dict[str, str]]) -> None:
    """In the order of the table, since some end what others need."""
    client, ids = cloud
    model = client.meta.service_model
    assert set(TABLE) == set(model.operation_names)
    sent: list[Any] = []
    client.meta.events.register("before-send.greengrassv2", lambda request, **_: sent.append(request))
    absent = set()
    for name, (method, path, status, params) in TABLE.items():
        answer = getattr(client, xform_name(name))(**{key: filled(value, ids) for key, value in params.items()})
        told = answer.pop("ResponseMetadata")
        assert told["HTTPStatusCode"] == status, name
        assert sent[-1].method == method, name
        found = sent[-1].url.partition("//")[2].partition("/")[2].partition("?")[0]
        assert f"/{found}".replace("%3A", ":").replace("%3D", "=") == filled(path, ids), name
        output = model.operation_model(name).output_shape
        known = set(output.members) if output else set()
        assert set(answer) <= known
        absent |= {(name, member) for member in known - set(answer)}
    assert absent == NEVER
