"""Core devices of the local cloud: what they report, and what becomes of deployments on them."""

from typing import Any

import pytest

from fleetgrass.emulator import NUCLEUS_VERSIONS, Emulator
from support.local_cloud import GROUP, THING, deploy, publish, refused, registry_of


def installed(client: Any, device: str, **params: Any) -> dict[str, str]:
    rows = client.list_installed_components(coreDeviceThingName=device, **params)["installedComponents"]
    return {row["componentName"]: row["componentVersion"] for row in rows}


def effective(client: Any, device: str) -> list[dict[str, Any]]:
    return list(client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"])


def test_a_first_report(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1", ["line-4"], architecture="aarch64", nucleus_version="2.12.0")
    told = client.get_core_device(coreDeviceThingName="pump-1")
    del told["ResponseMetadata"]
    reported = told.pop("lastStatusUpdateTimestamp")
    described = {
        "coreDeviceThingName": "pump-1",
        "platform": "linux",
        "architecture": "aarch64",
        "runtime": "aws_nucleus_classic",
        "status": "HEALTHY",
    }
    assert told == {**described, "coreVersion": "2.12.0", "tags": {}}
    assert client.list_core_devices()["coreDevices"] == [{**described, "lastStatusUpdateTimestamp": reported}]
    assert installed(client, "pump-1") == {}
    rows = installed(client, "pump-1", topologyFilter="ALL")
    assert rows["aws.greengrass.Nucleus"] == "2.12.0"
    assert list(rows) == sorted(rows)
    assert rows["FleetStatusService"] == "0.0.0"
    everything = client.list_installed_components(coreDeviceThingName="pump-1", topologyFilter="ALL")
    assert {row["lastInstallationSource"] for row in everything["installedComponents"]} == {"LOCAL"}
    assert not any(row["isRoot"] for row in everything["installedComponents"])


def test_filters(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("a", ["line-4"])
    emulator.register_core_device("b", ["line-4"], runtime="aws_nucleus_lite", nucleus_version="2.5.0")
    emulator.register_core_device("c")

    def listed(**params: Any) -> list[str]:
        return [row["coreDeviceThingName"] for row in client.list_core_devices(**params)["coreDevices"]]

    assert listed() == ["a", "b", "c"]
    assert listed(runtime="aws_nucleus_lite") == ["b"]
    assert listed(status="UNHEALTHY") == []
    # a group has the devices that a deployment of the group has succeeded on
    assert listed(thingGroupArn=GROUP) == []
    client.create_deployment(targetArn=GROUP)
    assert listed(thingGroupArn=GROUP, status="HEALTHY") == ["a", "b"]


def test_deletion_and_return(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    arn = "arn:aws:greengrass:eu-west-1:111122223333:coreDevices:pump-1"
    client.tag_resource(resourceArn=arn, tags={"a": "b"})
    answer = client.delete_core_device(coreDeviceThingName="pump-1")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (
        client.get_core_device,
        client.delete_core_device,
        client.list_installed_components,
        client.list_effective_deployments,
    ):
        status, code, error = refused(call, coreDeviceThingName="pump-1")
        assert (status, code) == (404, "ResourceNotFoundException")
        assert error["message"] == "Core device (pump-1) does not exist"
        assert (error["resourceId"], error["resourceType"]) == ("pump-1", "coreDevice")
    emulator.register_core_device("pump-1")
    assert client.get_core_device(coreDeviceThingName="pump-1")["tags"] == {}


def test_a_deleted_device_reports_within_a_day_unless_it_is_silent(
    emulator: Emulator, client: Any, registry: Any
) -> None:
    names = ["gone", "pump-1", "silent"]
    for name in names:
        emulator.register_core_device(name, ["line-4"], platform="windows", architecture="x86")
    emulator.silence(["silent"])
    for name in names:
        client.delete_core_device(coreDeviceThingName=name)
    registry.delete_thing(thingName="gone")
    made = deploy(client, GROUP)
    emulator.settle()
    assert client.list_core_devices()["coreDevices"] == []
    emulator.advance(86400)
    (row,) = client.list_core_devices()["coreDevices"]
    assert (row["coreDeviceThingName"], row["platform"], row["architecture"]) == ("pump-1", "windows", "x86")
    (execution,) = client.list_effective_deployments(coreDeviceThingName="pump-1")["effectiveDeployments"]
    assert (execution["deploymentId"], execution["coreDeviceExecutionStatus"]) == (made, "SUCCEEDED")


def test_a_device_installs_roots_and_dependencies(emulator: Emulator, client: Any) -> None:
    publish(client, "base", "1.2.0", lifecycle={"Install": "true"})
    publish(client, "base", "1.10.0", lifecycle={"Install": "true"})
    publish(client, "base", "2.0.0")
    publish(client, "pump", needs={"base": "^1.0.0", "aws.greengrass.TokenExchangeService": "^2.0.0"})
    emulator.register_core_device("pump-1", ["line-4"])
    deployment = deploy(client, GROUP, "pump", deploymentName="line 4")
    (root,) = client.list_installed_components(coreDeviceThingName="pump-1")["installedComponents"]
    device = client.get_core_device(coreDeviceThingName="pump-1")
    assert root.pop("lastStatusChangeTimestamp") == root.pop("lastReportedTimestamp")
    assert root == {
        "componentName": "pump",
        "componentVersion": "1.0.0",
        "lifecycleState": "RUNNING",
        "lifecycleStatusCodes": [],
        "isRoot": True,
        "lastInstallationSource": deployment,
    }
    everything = client.list_installed_components(coreDeviceThingName="pump-1", topologyFilter="ALL")
    rows = {row["componentName"]: row for row in everything["installedComponents"]}
    assert (rows["base"]["componentVersion"], rows["base"]["lifecycleState"]) == ("1.10.0", "FINISHED")
    assert rows["base"]["isRoot"] is False
    assert rows["aws.greengrass.TokenExchangeService"]["componentVersion"] == "2.0.3"
    assert {row["lastReportedTimestamp"] for row in rows.values()} == {device["lastStatusUpdateTimestamp"]}


def test_success_has_two_names(emulator: Emulator, client: Any) -> None:
    publish(client, "pump")
    emulator.register_core_device("pump-1", ["line-4"])
    of_group = deploy(client, GROUP, "pump", deploymentName="line 4")
    of_thing = deploy(client, THING, "pump")
    thing, group = effective(client, "pump-1")
    assert group.pop("modifiedTimestamp") >= group.pop("creationTimestamp")
    job = client.get_deployment(deploymentId=of_group)
    assert group == {
        "deploymentId": of_group,
        "deploymentName": "line 4",
        "iotJobId": job["iotJobId"],
        "iotJobArn": job["iotJobArn"],
        "targetArn": GROUP,
        "coreDeviceExecutionStatus": "SUCCEEDED",
        "reason": "SUCCESSFUL",
    }
    assert (thing["deploymentId"], thing["coreDeviceExecutionStatus"]) == (of_thing, "COMPLETED")
    assert job["deploymentStatus"] == "ACTIVE"
    assert client.get_deployment(deploymentId=of_thing)["deploymentStatus"] == "COMPLETED"


def test_a_missing_dependency_fails_and_changes_nothing(emulator: Emulator, client: Any) -> None:
    publish(client, "pump")
    publish(client, "pump", "2.0.0", needs={"base": "^1.0.0"})
    emulator.register_core_device("pump-1")
    deploy(client, THING, "pump")
    failed = deploy(client, THING, "pump", version="2.0.0")
    (row,) = effective(client, "pump-1")
    assert (row["deploymentId"], row["coreDeviceExecutionStatus"]) == (failed, "FAILED")
    begin = "COMPONENT_VERSION_REQUIREMENTS_NOT_MET: FAILED_NO_STATE_CHANGE: No local or cloud component version"
    assert row["reason"].startswith(begin)
    assert row["reason"].endswith("Component base version constraints: pump requires >=1.0.0 <2.0.0.")
    assert row["statusDetails"] == {
        "errorStack": [
            "DEPLOYMENT_FAILURE",
            "NO_AVAILABLE_COMPONENT_VERSION",
            "COMPONENT_VERSION_REQUIREMENTS_NOT_MET",
        ],
        "errorTypes": ["REQUEST_ERROR"],
    }
    assert installed(client, "pump-1") == {"pump": "1.0.0"}
    assert client.get_deployment(deploymentId=failed)["deploymentStatus"] == "FAILED"
    assert client.get_core_device(coreDeviceThingName="pump-1")["status"] == "HEALTHY"


def test_a_platform_decides_device_by_device(emulator: Emulator, client: Any) -> None:
    publish(client, "pump", os="windows")
    emulator.register_core_device("l", ["line-4"])
    emulator.register_core_device("w", ["line-4"], platform="windows")
    deploy(client, GROUP, "pump")
    assert [effective(client, device)[0]["coreDeviceExecutionStatus"] for device in "lw"] == ["FAILED", "SUCCEEDED"]
    assert "'pump' is incompatible" in effective(client, "l")[0]["reason"]
    assert (installed(client, "l"), installed(client, "w")) == ({}, {"pump": "1.0.0"})
    listed = client.list_core_devices(thingGroupArn=GROUP)["coreDevices"]
    assert [row["coreDeviceThingName"] for row in listed] == ["w"]


def test_a_device_runs_the_union_of_its_targets(emulator: Emulator, client: Any) -> None:
    for name in ("a", "b", "c"):
        publish(client, name)
    emulator.register_core_device("pump-1", ["line-4", "all"])
    from_line = deploy(client, GROUP, "a")
    from_all = deploy(client, emulator.thing_group_arn("all"), "b")
    assert installed(client, "pump-1") == {"a": "1.0.0", "b": "1.0.0"}
    deploy(client, GROUP, "c")
    assert installed(client, "pump-1") == {"b": "1.0.0", "c": "1.0.0"}
    rows = client.list_installed_components(coreDeviceThingName="pump-1")["installedComponents"]
    sources = {row["componentName"]: row["lastInstallationSource"] for row in rows}
    assert sources["b"] == from_all != from_line
    deploy(client, GROUP)
    assert installed(client, "pump-1") == {"b": "1.0.0"}
    assert len(effective(client, "pump-1")) == 2


def test_other_targets_hold_their_versions(emulator: Emulator, client: Any) -> None:
    publish(client, "a")
    publish(client, "a", "2.0.0")
    emulator.register_core_device("pump-1", ["line-4"])
    deploy(client, GROUP, "a")
    deploy(client, THING, "a", version="2.0.0")
    row = effective(client, "pump-1")[0]
    assert row["coreDeviceExecutionStatus"] == "FAILED"
    constraints = "Component a version constraints: thing/pump-1 requires =2.0.0, thinggroup/line-4 requires =1.0.0."
    assert row["reason"].endswith(constraints)


def test_a_device_that_joins_later_catches_up(emulator: Emulator, client: Any) -> None:
    publish(client, "a")
    publish(client, "b")
    deploy(client, GROUP, "a")
    deploy(client, THING, "b")
    canceled = deploy(client, emulator.thing_group_arn("all"), "b")
    client.cancel_deployment(deploymentId=canceled)
    emulator.register_core_device("pump-1", ["line-4", "all"])
    assert installed(client, "pump-1") == {"a": "1.0.0", "b": "1.0.0"}
    assert [row["targetArn"] for row in effective(client, "pump-1")] == [THING, GROUP]


def test_a_thing_keeps_its_groups(emulator: Emulator, client: Any) -> None:
    publish(client, "a")
    emulator.register_core_device("pump-1", ["line-4"])
    client.delete_core_device(coreDeviceThingName="pump-1")
    deploy(client, GROUP, "a")
    emulator.register_core_device("pump-1")
    assert installed(client, "pump-1") == {"a": "1.0.0"}


def test_a_deleted_deployment_goes_on_running(emulator: Emulator, client: Any) -> None:
    publish(client, "a")
    publish(client, "b")
    emulator.register_core_device("pump-1", ["line-4"])
    deployment = deploy(client, GROUP, "a")
    client.cancel_deployment(deploymentId=deployment)
    client.delete_deployment(deploymentId=deployment)
    deploy(client, THING, "b")
    assert installed(client, "pump-1") == {"a": "1.0.0", "b": "1.0.0"}


def test_the_nucleus_moves_when_it_is_named(emulator: Emulator, client: Any) -> None:
    publish(client, "a", needs={"aws.greengrass.Nucleus": ">=2.0.0 <3.0.0"})
    emulator.register_core_device("pump-1", nucleus_version="2.10.3")
    deploy(client, THING, "a")
    assert installed(client, "pump-1", topologyFilter="ALL")["aws.greengrass.Nucleus"] == "2.10.3"
    deploy(client, THING, "aws.greengrass.Nucleus", version="2.17.0")
    assert client.get_core_device(coreDeviceThingName="pump-1")["coreVersion"] == "2.17.0"
    assert installed(client, "pump-1") == {"aws.greengrass.Nucleus": "2.17.0"}


@pytest.mark.parametrize("deployed", [False, True])
def test_a_device_has_one_nucleus(emulator: Emulator, client: Any, deployed: bool) -> None:
    publish(client, "a", os=None, runtime="*")

    def nuclei() -> dict[str, str]:
        rows = installed(client, "pump-1", topologyFilter="ALL")
        assert rows.pop("a", "1.0.0") == "1.0.0"
        return {name: version for name, version in rows.items() if "Nucleus" in name}

    classic: dict[str, Any] = {"runtime": "aws_nucleus_classic", "nucleus_version": "2.17.0"}
    lite: dict[str, Any] = {"runtime": "aws_nucleus_lite", "nucleus_version": "2.5.1"}
    emulator.register_core_device("pump-1", **classic)
    if deployed:
        deploy(client, THING, "a")
        nucleus = {"aws.greengrass.Nucleus": {"componentVersion": "2.17.0"}}
        client.create_deployment(targetArn=GROUP, components=nucleus)
    emulator.register_core_device("pump-1", **lite)
    assert nuclei() == {"aws.greengrass.NucleusLite": "2.5.1"}
    assert installed(client, "pump-1") == ({"a": "1.0.0"} if deployed else {})
    told = client.get_core_device(coreDeviceThingName="pump-1")
    assert (told["runtime"], told["coreVersion"]) == ("aws_nucleus_lite", "2.5.1")
    emulator.register_core_device("pump-1", ["line-4"] if deployed else [], **classic)
    assert nuclei() == {"aws.greengrass.Nucleus": "2.17.0"}


def test_a_component_may_have_the_name_of_a_service(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    for name in ("DeploymentService", "a.b"):
        publish(client, name)
    deploy(client, THING, "DeploymentService", "a.b")
    pages = client.get_paginator("list_installed_components")

    def rows(size: int) -> list[dict[str, Any]]:
        told = pages.paginate(coreDeviceThingName="pump-1", topologyFilter="ALL", PaginationConfig={"PageSize": size})
        return [row for page in told for row in page["installedComponents"]]

    whole = rows(100)
    assert [row["componentName"] for row in whole] == [
        "DeploymentService",
        "FleetStatusService",
        "TelemetryAgent",
        "UpdateSystemPolicyService",
        "a.b",
        "aws.greengrass.Nucleus",
    ]
    assert (whole[0]["componentVersion"], whole[0]["isRoot"]) == ("1.0.0", True)
    assert [rows(size) for size in range(1, 8)] == [whole] * 7


def test_many_devices(emulator: Emulator, client: Any) -> None:
    publish(client, "a")
    names = emulator.register_core_devices(1000, "many-", ["line-4"])
    deploy(client, GROUP, "a")
    pages = client.get_paginator("list_core_devices").paginate(thingGroupArn=GROUP, maxResults=100)
    assert [row["coreDeviceThingName"] for page in pages for row in page["coreDevices"]] == names


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": "a b"}, '"a b" is not a core device name'),
        ({"name": "a" * 125}, "is not a core device name"),
        ({"name": "a", "thing_groups": ["g/h"]}, "is not a thing group name"),
        ({"name": "a", "thing_groups": "group"}, "give a list"),
        ({"name": "a", "runtime": "lite"}, "aws_nucleus_lite"),
        ({"name": "a", "nucleus_version": "2"}, "nucleus_version"),
        ({"name": "a", "platform": ""}, "platform"),
    ],
)
def test_wrong_registrations_are_told(emulator: Emulator, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        emulator.register_core_device(**arguments)


@pytest.mark.parametrize("runtime", NUCLEUS_VERSIONS)
def test_a_nucleus_is_a_public_component(runtime: str) -> None:
    with Emulator() as emulator:
        client = emulator.client()
        emulator.register_core_device("pump-9", runtime=runtime)
        rows = client.list_installed_components(coreDeviceThingName="pump-9", topologyFilter="ALL")
        (nucleus,) = [row for row in rows["installedComponents"] if row["componentVersion"] != "0.0.0"]
        name, version = nucleus["componentName"], nucleus["componentVersion"]
        arn = f"arn:aws:greengrass:us-east-1:aws:components:{name}:versions:{version}"
        assert client.describe_component(arn=arn)["componentName"] == name


def test_a_registration_that_cannot_be_is_told(emulator: Emulator, client: Any) -> None:
    registry = registry_of(emulator)
    registry.create_thing_group(thingGroupName="above")
    registry.create_thing_group(thingGroupName="below", parentGroupName="above")
    with pytest.raises(ValueError, match="same hierarchy"):
        emulator.register_core_device("pump-9", ["above", "below"])
    with pytest.raises(ValueError, match="count is -5"):
        emulator.register_core_devices(-5)
    assert client.list_core_devices()["coreDevices"] == []
