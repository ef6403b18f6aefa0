"""The local cloud, with boto3 as its client."""

import base64
import json
import os
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, strategies as st

from fleetgrass import _core
from fleetgrass.emulator import Emulator

UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(region_name="eu-west-1", account_id="111122223333") as running:
        yield running


def client_of(emulator: Emulator, **config: Any) -> Any:
    return boto3.client(
        "greengrassv2",
        endpoint_url=emulator.endpoint_url,
        region_name=emulator.region_name,
        config=Config(retries={"total_max_attempts": 1}, **config),
        **emulator.credentials,
    )


@pytest.fixture
def client(emulator: Emulator) -> Any:
    return client_of(emulator)


def recipe(
    name: str,
    version: str = "1.0.0",
    *,
    os: str | None = "linux",
    needs: dict[str, str] | None = None,
    lifecycle: dict[str, Any] | None = None,
) -> bytes:
    return json.dumps(
        {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentDescription": f"{name} for tests.",
            "ComponentPublisher": "Acme",
            "ComponentDependencies": {n: {"VersionRequirement": r} for n, r in (needs or {}).items()},
            "Manifests": [
                {
                    **({"Platform": {"os": os}} if os else {}),
                    "Lifecycle": {"Run": "true"} if lifecycle is None else lifecycle,
                    "Artifacts": [{"URI": "s3://acme/artifact.py"}],
                }
            ],
        }
    ).encode()


def publish(client: Any, *args: Any, **kwargs: Any) -> str:
    return str(client.create_component_version(inlineRecipe=recipe(*args, **kwargs))["arn"])


def refused(call: Any, /, **params: Any) -> tuple[int, str, dict[str, Any]]:
    """The status, code and error members of a call that must fail."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    response: dict[str, Any] = raised.value.response
    assert "RequestId" in response["ResponseMetadata"]
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response


GROUP = "arn:aws:iot:eu-west-1:111122223333:thinggroup/line-4"
THING = "arn:aws:iot:eu-west-1:111122223333:thing/pump-1"
ARN = "arn:aws:greengrass:eu-west-1:111122223333:components:io.acme.Pump"


class TestComponents:
    def test_creation_is_answered_before_it_is_checked(self, client: Any) -> None:
        answer = client.create_component_version(inlineRecipe=recipe("io.acme.Pump"), tags={"team": "pumps"})
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
        assert answer["arn"] == f"{ARN}:versions:1.0.0"
        assert (answer["componentName"], answer["componentVersion"]) == ("io.acme.Pump", "1.0.0")
        assert answer["creationTimestamp"].year >= 2026
        assert answer["status"] == {
            "componentState": "REQUESTED",
            "message": "NONE",
            "errors": {},
            "vendorGuidance": "ACTIVE",
            "vendorGuidanceMessage": "NONE",
        }

    def test_description(self, client: Any) -> None:
        created = client.create_component_version(inlineRecipe=recipe("io.acme.Pump"), tags={"team": "pumps"})
        told = client.describe_component(arn=created["arn"])
        del told["ResponseMetadata"]
        assert told == {
            "arn": created["arn"],
            "componentName": "io.acme.Pump",
            "componentVersion": "1.0.0",
            "creationTimestamp": created["creationTimestamp"],
            "publisher": "Acme",
            "description": "io.acme.Pump for tests.",
            "status": {**created["status"], "componentState": "DEPLOYABLE"},
            "platforms": [{"attributes": {"os": "linux"}}],
            "tags": {"team": "pumps"},
        }

    def test_the_recipe_comes_back_rewritten(self, client: Any) -> None:
        arn = publish(client, "io.acme.Pump", needs={"io.acme.Base": "^1.0.0"})
        answer = client.get_component(arn=arn)
        told = json.loads(answer["recipe"])
        assert (answer["recipeOutputFormat"], answer["tags"]) == ("JSON", {})
        assert told["ComponentType"] == "aws.greengrass.generic"
        dependency = {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}
        assert told["ComponentDependencies"] == {"io.acme.Base": dependency}
        artifact = told["Manifests"][0]["Artifacts"][0]
        assert len(base64.b64decode(artifact.pop("Digest"))) == 32
        assert artifact == {
            "Uri": "s3://acme/artifact.py",
            "Algorithm": "SHA-256",
            "Unarchive": "NONE",
            "Permission": {"Read": "OWNER", "Execute": "NONE"},
        }

    def test_a_recipe_in_yaml_can_be_had_as_either(self, client: Any) -> None:
        text = (
            b"RecipeFormatVersion: 2020-01-25\nComponentName: io.acme.Pump\nComponentVersion: 1.10.0\nManifests: [{}]\n"
        )
        arn = client.create_component_version(inlineRecipe=text)["arn"]
        as_json = client.get_component(arn=arn, recipeOutputFormat="JSON")["recipe"]
        assert json.loads(as_json)["ComponentVersion"] == "1.10.0"
        as_yaml = client.get_component(arn=arn, recipeOutputFormat="YAML")
        assert as_yaml["recipeOutputFormat"] == "YAML"
        # what the service printed, it reads again
        again = as_yaml["recipe"].replace(b"1.10.0", b"1.11.0")
        client.create_component_version(inlineRecipe=again)

    def test_versions_come_greatest_first(self, client: Any) -> None:
        for version in ["1.3.9", "1.10.0", "1.4.0-beta", "1.4.0"]:
            publish(client, "io.acme.Pump", version)
        pages = client.get_paginator("list_component_versions").paginate(arn=ARN, PaginationConfig={"PageSize": 1})
        rows = [row for page in pages for row in page["componentVersions"]]
        assert [row["componentVersion"] for row in rows] == ["1.10.0", "1.4.0", "1.4.0-beta", "1.3.9"]
        first = {"componentName": "io.acme.Pump", "componentVersion": "1.10.0", "arn": f"{ARN}:versions:1.10.0"}
        assert rows[0] == first
        listed = client.list_components()["components"]
        assert [(row["arn"], row["latestVersion"]["componentVersion"]) for row in listed] == [(ARN, "1.10.0")]
        assert listed[0]["latestVersion"]["platforms"] == [{"attributes": {"os": "linux"}}]

    def test_versions_of_what_does_not_exist_are_none(self, client: Any) -> None:
        assert client.list_component_versions(arn=ARN)["componentVersions"] == []
        nucleus = ARN.replace("io.acme.Pump", "aws.greengrass.Nucleus")
        assert client.list_component_versions(arn=nucleus)["componentVersions"] == []
        public = nucleus.replace("111122223333", "aws")
        assert len(client.list_component_versions(arn=public)["componentVersions"]) > 3

    def test_public_components_are_told_and_guarded(self, client: Any) -> None:
        public = client.get_paginator("list_components").paginate(scope="PUBLIC", PaginationConfig={"PageSize": 7})
        names = [row["componentName"] for page in public for row in page["components"]]
        assert "aws.greengrass.Nucleus" in names
        assert names == sorted(set(names))
        arn = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Cli:versions:2.17.0"
        assert client.describe_component(arn=arn)["publisher"] == "AWS"
        status, code, error = refused(client.delete_component, arn=arn)
        assert (status, code) == (403, "AccessDeniedException")
        assert error["message"] == (
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: "
            f"greengrass:DeleteComponent on resource: {arn}"
        )

    def test_deletion(self, client: Any) -> None:
        arn = publish(client, "io.acme.Pump")
        client.tag_resource(resourceArn=arn, tags={"a": "b"})
        assert client.delete_component(arn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert refused(client.delete_component, arn=arn)[:2] == (404, "ResourceNotFoundException")
        assert client.list_components()["components"] == []
        publish(client, "io.acme.Pump")
        assert client.describe_component(arn=arn)["tags"] == {}

    @pytest.mark.parametrize(
        ("whose", "text"),
        [
            ("111122223333", "Private component (io.acme.Pump:9.9.9) does not exist"),
            ("aws", "Public component (io.acme.Pump:9.9.9) does not exist"),
        ],
    )
    def test_an_unknown_version(self, client: Any, whose: str, text: str) -> None:
        arn = f"{ARN}:versions:9.9.9".replace("111122223333", whose)
        for call in (client.describe_component, client.get_component, client.delete_component):
            status, code, error = refused(call, arn=arn)
            assert (status, code, error["message"]) == (404, "ResourceNotFoundException", text)
            assert (error["resourceId"], error["resourceType"]) == (arn, "component")

    @pytest.mark.parametrize(
        ("tags", "end"), [(None, "with state: [DEPLOYABLE]"), ({"a": "b"}, "and can't be created again with tags.")]
    )
    def test_a_version_is_published_once(self, client: Any, tags: dict[str, str] | None, end: str) -> None:
        arn = publish(client, "io.acme.Pump")
        more = {"tags": tags} if tags else {}
        status, code, error = refused(client.create_component_version, inlineRecipe=recipe("io.acme.Pump"), **more)
        assert (status, code) == (409, "ConflictException")
        already = "Component [io.acme.Pump : 1.0.0] for account [111122223333] already exists "
        assert (error["message"], error["resourceId"]) == (already + end, arn)

    def test_what_is_no_document_is_denied(self, client: Any) -> None:
        status, code, error = refused(client.create_component_version, inlineRecipe=b'{"ComponentName": ')
        assert (status, code) == (403, "AccessDeniedException")
        denied = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: null"
        assert error["message"] == denied

    def test_what_is_no_recipe_is_told(self, client: Any) -> None:
        text = recipe("io.acme.Pump").replace(b"ComponentVersion", b"Version")
        status, code, error = refused(client.create_component_version, inlineRecipe=text)
        assert (status, code) == (400, "ValidationException")
        assert "ComponentVersion" in error["message"]

    def test_a_recipe_has_a_limit(self, client: Any) -> None:
        text = recipe("io.acme.Pump") + b" " * 16_000
        assert refused(client.create_component_version, inlineRecipe=text)[:2] == (400, "ValidationException")

    def test_a_recipe_or_a_function(self, client: Any) -> None:
        _, code, error = refused(client.create_component_version)
        assert code == "ValidationException"
        assert error["message"] == "Exactly one of inlineRecipe or lambdaFunction must be specified"
        assert error["fields"][0]["name"] == "inlineRecipe"


class TestDeployments:
    def test_a_group_gets_a_job_and_a_thing_does_not(self, client: Any) -> None:
        group = client.create_deployment(targetArn=GROUP, deploymentName="line 4")
        assert group["ResponseMetadata"]["HTTPStatusCode"] == 201
        assert UUID.fullmatch(group["deploymentId"])
        assert group["iotJobArn"] == f"arn:aws:iot:eu-west-1:111122223333:job/{group['iotJobId']}"
        thing = client.create_deployment(targetArn=THING)
        assert set(thing) == {"deploymentId", "ResponseMetadata"}

    def test_what_is_sent_comes_back(self, client: Any) -> None:
        publish(client, "io.acme.Pump")
        sent = {
            "components": {
                "io.acme.Pump": {
                    "componentVersion": "1.0.0",
                    "configurationUpdate": {"merge": '{"period":"10"}', "reset": ["/legacy"]},
                    "runWith": {"posixUser": "u:g", "systemResourceLimits": {"memory": 65536, "cpus": 0.5}},
                }
            },
            "deploymentPolicies": {
                "failureHandlingPolicy": "ROLLBACK",
                "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
            },
            "iotJobConfiguration": {},
            "tags": {"wave": "1"},
        }
        created = client.create_deployment(targetArn=GROUP, deploymentName="line 4", **sent)
        told = client.get_deployment(deploymentId=created["deploymentId"])
        assert told.pop("creationTimestamp").year >= 2026
        del told["ResponseMetadata"], created["ResponseMetadata"]
        assert told == {
            **sent,
            **created,
            "targetArn": GROUP,
            "revisionId": "1",
            "deploymentName": "line 4",
            "deploymentStatus": "ACTIVE",
            "isLatestForTarget": True,
        }

    def test_revisions_replace_each_other(self, client: Any) -> None:
        first, second = (client.create_deployment(targetArn=GROUP)["deploymentId"] for _ in range(2))
        other = client.create_deployment(targetArn=THING)["deploymentId"]
        told = client.get_deployment(deploymentId=first)
        assert (told["revisionId"], told["deploymentStatus"], told["isLatestForTarget"]) == ("1", "INACTIVE", False)
        assert client.get_deployment(deploymentId=second)["revisionId"] == "2"

        def listed(**params: Any) -> list[str]:
            return [row["deploymentId"] for row in client.list_deployments(**params)["deployments"]]

        assert listed() == [other, second]
        assert listed(historyFilter="ALL") == [other, second, first]
        assert listed(historyFilter="ALL", targetArn=GROUP) == [second, first]
        assert listed(targetArn=THING) == [other]

    def test_an_unnamed_deployment_has_no_name_and_no_components_in_lists(self, client: Any) -> None:
        created = client.create_deployment(targetArn=THING)
        (row,) = client.list_deployments()["deployments"]
        assert row.pop("creationTimestamp")
        assert row == {
            "targetArn": THING,
            "revisionId": "1",
            "deploymentId": created["deploymentId"],
            "deploymentStatus": "ACTIVE",
            "isLatestForTarget": True,
        }

    def test_canceling_and_deleting(self, client: Any) -> None:
        (id,) = (client.create_deployment(targetArn=GROUP, tags={"a": "b"})["deploymentId"],)
        status, code, error = refused(client.delete_deployment, deploymentId=id)
        assert (status, code) == (400, "ValidationException")
        assert error["message"] == f"Deployment ({id}) is in state ACTIVE and can't be deleted. Cancel it first."
        assert client.cancel_deployment(deploymentId=id)["message"] == "SUCCESS"
        told = client.get_deployment(deploymentId=id)
        assert (told["deploymentStatus"], told["isLatestForTarget"]) == ("CANCELED", True)
        assert refused(client.cancel_deployment, deploymentId=id)[:2] == (400, "ValidationException")
        assert client.delete_deployment(deploymentId=id)["ResponseMetadata"]["HTTPStatusCode"] == 204
        for call in (client.get_deployment, client.cancel_deployment, client.delete_deployment):
            status, code, error = refused(call, deploymentId=id)
            assert (status, code) == (404, "ResourceNotFoundException")
            assert error["message"] == f"Deployment ({id}) does not exist"
            assert (error["resourceId"], error["resourceType"]) == (id, "deployment")
        assert client.list_deployments(historyFilter="ALL")["deployments"] == []
        # no number is given twice
        again = client.create_deployment(targetArn=GROUP)["deploymentId"]
        assert client.get_deployment(deploymentId=again)["revisionId"] == "2"

    def test_a_client_token_is_answered_once(self, client: Any) -> None:
        calls = [client.create_deployment(targetArn=THING, clientToken="token-1") for _ in range(3)]
        assert len({call["deploymentId"] for call in calls}) == 1
        assert len(client.list_deployments(historyFilter="ALL")["deployments"]) == 1
        status, code, _ = refused(client.create_deployment, targetArn=GROUP, clientToken="token-1")
        assert (status, code) == (409, "ConflictException")
        created = [client.create_component_version(inlineRecipe=recipe("a"), clientToken="token-1") for _ in range(2)]
        assert created[0]["creationTimestamp"] == created[1]["creationTimestamp"]

    def test_a_refusal_is_not_kept_for_its_token(self, client: Any) -> None:
        params = {"targetArn": GROUP, "components": {"a": {"componentVersion": "1.0.0"}}, "clientToken": "t"}
        assert refused(client.create_deployment, **params)[:2] == (404, "ResourceNotFoundException")
        publish(client, "a")
        client.create_deployment(**params)

    def test_components_must_exist(self, client: Any) -> None:
        for name, whose in [("io.acme.Pump", "Private"), ("aws.greengrass.Cli", "Public")]:
            components = {name: {"componentVersion": "9.9.9"}}
            status, code, error = refused(client.create_deployment, targetArn=GROUP, components=components)
            assert (status, code) == (404, "ResourceNotFoundException")
            assert error["message"] == f"{whose} component ({name}:9.9.9) does not exist"
        assert client.list_deployments()["deployments"] == []

    def test_a_merge_must_be_json(self, client: Any) -> None:
        publish(client, "a")
        component = {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "{"}}
        _, code, error = refused(client.create_deployment, targetArn=GROUP, components={"a": component})
        assert code == "ValidationException"
        assert error["fields"][0]["name"] == "components.a.configurationUpdate.merge"

    def test_subdeployments(self, client: Any) -> None:
        child = GROUP + "-left"
        client.create_deployment(targetArn=GROUP)
        below = client.create_deployment(targetArn=child, parentTargetArn=GROUP)["deploymentId"]
        rows = client.list_deployments(parentTargetArn=GROUP)["deployments"]
        assert [(row["deploymentId"], row["parentTargetArn"]) for row in rows] == [(below, GROUP)]
        other = {"targetArn": child, "parentTargetArn": GROUP + "-other"}
        assert refused(client.create_deployment, **other)[:2] == (400, "ValidationException")
        on_thing = {"targetArn": THING, "parentTargetArn": GROUP}
        assert refused(client.create_deployment, **on_thing)[:2] == (400, "ValidationException")
        client.create_deployment(targetArn=GROUP)
        assert client.get_deployment(deploymentId=below)["deploymentStatus"] == "INACTIVE"


def installed(client: Any, device: str, **params: Any) -> dict[str, str]:
    rows = client.list_installed_components(coreDeviceThingName=device, **params)["installedComponents"]
    return {row["componentName"]: row["componentVersion"] for row in rows}


def deploy(client: Any, target: str, *components: str, version: str = "1.0.0", **params: Any) -> str:
    named = {component: {"componentVersion": version} for component in components}
    return str(client.create_deployment(targetArn=target, components=named, **params)["deploymentId"])


def effective(client: Any, device: str) -> list[dict[str, Any]]:
    return list(client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"])


class TestCoreDevices:
    def test_a_first_report(self, emulator: Emulator, client: Any) -> None:
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

    def test_filters(self, emulator: Emulator, client: Any) -> None:
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

    def test_deletion_and_return(self, emulator: Emulator, client: Any) -> None:
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

    def test_a_device_installs_roots_and_dependencies(self, emulator: Emulator, client: Any) -> None:
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

    def test_success_has_two_names(self, emulator: Emulator, client: Any) -> None:
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

    def test_a_missing_dependency_fails_and_changes_nothing(self, emulator: Emulator, client: Any) -> None:
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

    def test_a_platform_decides_device_by_device(self, emulator: Emulator, client: Any) -> None:
        publish(client, "pump", os="windows")
        emulator.register_core_device("l", ["line-4"])
        emulator.register_core_device("w", ["line-4"], platform="windows")
        deploy(client, GROUP, "pump")
        assert [effective(client, device)[0]["coreDeviceExecutionStatus"] for device in "lw"] == ["FAILED", "SUCCEEDED"]
        assert "'pump' is incompatible" in effective(client, "l")[0]["reason"]
        assert (installed(client, "l"), installed(client, "w")) == ({}, {"pump": "1.0.0"})
        listed = client.list_core_devices(thingGroupArn=GROUP)["coreDevices"]
        assert [row["coreDeviceThingName"] for row in listed] == ["w"]

    def test_a_device_runs_the_union_of_its_targets(self, emulator: Emulator, client: Any) -> None:
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

    def test_other_targets_hold_their_versions(self, emulator: Emulator, client: Any) -> None:
        publish(client, "a")
        publish(client, "a", "2.0.0")
        emulator.register_core_device("pump-1", ["line-4"])
        deploy(client, GROUP, "a")
        deploy(client, THING, "a", version="2.0.0")
        row = effective(client, "pump-1")[0]
        assert row["coreDeviceExecutionStatus"] == "FAILED"
        constraints = (
            "Component a version constraints: thing/pump-1 requires =2.0.0, thinggroup/line-4 requires =1.0.0."
        )
        assert row["reason"].endswith(constraints)

    def test_a_device_that_joins_later_catches_up(self, emulator: Emulator, client: Any) -> None:
        publish(client, "a")
        publish(client, "b")
        deploy(client, GROUP, "a")
        deploy(client, THING, "b")
        canceled = deploy(client, emulator.thing_group_arn("all"), "b")
        client.cancel_deployment(deploymentId=canceled)
        emulator.register_core_device("pump-1", ["line-4", "all"])
        assert installed(client, "pump-1") == {"a": "1.0.0", "b": "1.0.0"}
        assert [row["targetArn"] for row in effective(client, "pump-1")] == [THING, GROUP]

    def test_a_thing_keeps_its_groups(self, emulator: Emulator, client: Any) -> None:
        publish(client, "a")
        emulator.register_core_device("pump-1", ["line-4"])
        client.delete_core_device(coreDeviceThingName="pump-1")
        deploy(client, GROUP, "a")
        emulator.register_core_device("pump-1")
        assert installed(client, "pump-1") == {"a": "1.0.0"}

    def test_a_deleted_deployment_goes_on_running(self, emulator: Emulator, client: Any) -> None:
        publish(client, "a")
        publish(client, "b")
        emulator.register_core_device("pump-1", ["line-4"])
        deployment = deploy(client, GROUP, "a")
        client.cancel_deployment(deploymentId=deployment)
        client.delete_deployment(deploymentId=deployment)
        deploy(client, THING, "b")
        assert installed(client, "pump-1") == {"a": "1.0.0", "b": "1.0.0"}

    def test_the_nucleus_moves_when_it_is_named(self, emulator: Emulator, client: Any) -> None:
        publish(client, "a", needs={"aws.greengrass.Nucleus": ">=2.0.0 <3.0.0"})
        emulator.register_core_device("pump-1", nucleus_version="2.10.3")
        deploy(client, THING, "a")
        assert installed(client, "pump-1", topologyFilter="ALL")["aws.greengrass.Nucleus"] == "2.10.3"
        deploy(client, THING, "aws.greengrass.Nucleus", version="2.17.0")
        assert client.get_core_device(coreDeviceThingName="pump-1")["coreVersion"] == "2.17.0"
        assert installed(client, "pump-1") == {"aws.greengrass.Nucleus": "2.17.0"}

    def test_many_devices(self, emulator: Emulator, client: Any) -> None:
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
    def test_wrong_registrations_are_told(self, emulator: Emulator, arguments: dict[str, Any], text: str) -> None:
        with pytest.raises(ValueError, match=text):
            emulator.register_core_device(**arguments)


class TestTags:
    def test_of_every_kind_of_resource(self, emulator: Emulator, client: Any) -> None:
        emulator.register_core_device("pump-1")
        deployment = client.create_deployment(targetArn=GROUP)["deploymentId"]
        whole = "arn:aws:greengrass:eu-west-1:111122223333"
        for arn in (publish(client, "a"), f"{whole}:deployments:{deployment}", f"{whole}:coreDevices:pump-1"):
            assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {}
            client.tag_resource(resourceArn=arn, tags={"site": "hall-4", "owner": ""})
            client.tag_resource(resourceArn=arn, tags={"site": "hall-5"})
            assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": "", "site": "hall-5"}
            client.untag_resource(resourceArn=arn, tagKeys=["owner", "unknown"])
            assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"site": "hall-5"}
        assert client.get_deployment(deploymentId=deployment)["tags"] == {"site": "hall-5"}

    def test_of_what_does_not_exist(self, client: Any) -> None:
        ghost = "arn:aws:greengrass:eu-west-1:111122223333:coreDevices:ghost"
        status, code, error = refused(client.list_tags_for_resource, resourceArn=ghost)
        assert (status, code, error["message"]) == (
            404,
            "ResourceNotFoundException",
            "Core device (ghost) does not exist",
        )
        assert error["resourceId"] == ghost
        for arn in (f"{ARN}:versions:1.0.0", ghost.replace("eu-west-1", "eu-west-2"), ghost.replace("core", "x")):
            with pytest.raises(ClientError):
                client.tag_resource(resourceArn=arn, tags={"a": "b"})

    def test_reserved_keys_and_public_components(self, client: Any) -> None:
        arn = publish(client, "a")
        assert refused(client.tag_resource, resourceArn=arn, tags={"aws:a": "b"})[:2] == (400, "ValidationException")
        public = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Cli:versions:2.17.0"
        assert refused(client.tag_resource, resourceArn=public, tags={"a": "b"})[:2] == (403, "AccessDeniedException")


class TestPages:
    def test_rows_that_come_and_go_neither_repeat_nor_lose_others(self, client: Any) -> None:
        for name in ("b", "d", "f"):
            publish(client, name)
        first = client.list_components(maxResults=2)
        assert [row["componentName"] for row in first["components"]] == ["b", "d"]
        publish(client, "a")
        publish(client, "e")
        client.delete_component(arn=f"{ARN.replace('io.acme.Pump', 'd')}:versions:1.0.0")
        second = client.list_components(maxResults=2, nextToken=first["nextToken"])
        assert [row["componentName"] for row in second["components"]] == ["e", "f"]
        assert "nextToken" not in second

    def test_fifty_rows_by_default(self, emulator: Emulator, client: Any) -> None:
        emulator.register_core_devices(51)
        first = client.list_core_devices()
        assert len(first["coreDevices"]) == 50
        assert len(client.list_core_devices(nextToken=first["nextToken"])["coreDevices"]) == 1

    def test_deployments_page_newest_first(self, emulator: Emulator, client: Any) -> None:
        made = [client.create_deployment(targetArn=GROUP)["deploymentId"] for _ in range(5)]
        pages = client.get_paginator("list_deployments").paginate(historyFilter="ALL", PaginationConfig={"PageSize": 2})
        assert [row["deploymentId"] for page in pages for row in page["deployments"]] == made[::-1]

    def test_effective_deployments_and_components_page(self, emulator: Emulator, client: Any) -> None:
        emulator.register_core_device("pump-1", ["a", "b", "c"])
        for group in ("a", "b", "c"):
            deploy(client, emulator.thing_group_arn(group))
        pages = client.get_paginator("list_effective_deployments").paginate(
            coreDeviceThingName="pump-1", PaginationConfig={"PageSize": 1}
        )
        targets = [row["targetArn"][-1] for page in pages for row in page["effectiveDeployments"]]
        assert targets == ["c", "b", "a"]
        pages = client.get_paginator("list_installed_components").paginate(
            coreDeviceThingName="pump-1", topologyFilter="ALL", PaginationConfig={"PageSize": 2}
        )
        assert len([row for page in pages for row in page["installedComponents"]]) == 5

    def test_a_token_is_for_its_own_request(self, emulator: Emulator, client: Any) -> None:
        emulator.register_core_devices(3)
        token = client.list_core_devices(maxResults=1)["nextToken"]
        wrong: list[dict[str, str]] = [{"nextToken": "not-a-token"}, {"nextToken": token, "status": "HEALTHY"}]
        for params in wrong:
            status, code, error = refused(client.list_core_devices, **params)
            assert (status, code, error["message"]) == (400, "ValidationException", "Invalid nextToken")
            assert error["reason"] == "OTHER"
        assert refused(client.list_components, nextToken=token)[:2] == (400, "ValidationException")

    @given(
        names=st.sets(st.from_regex(r"[A-Za-z0-9:_-]{1,12}", fullmatch=True), min_size=1, max_size=30),
        size=st.integers(1, 7),
    )
    def test_pages_hold_every_name_once_in_order(self, names: set[str], size: int) -> None:
        with Emulator() as emulator:
            for name in names:
                emulator.register_core_device(name)
            paginator = client_of(emulator).get_paginator("list_core_devices")
            pages = list(paginator.paginate(PaginationConfig={"PageSize": size}))
        rows = [row["coreDeviceThingName"] for page in pages for row in page["coreDevices"]]
        assert rows == sorted(names)
        assert all(len(page["coreDevices"]) == size for page in pages[:-1])


def send(emulator: Emulator, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, Any]:
    """One request without a client: status, headers, body."""
    request = urllib.request.Request(emulator.endpoint_url + path, body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


class TestWire:
    def test_headers_and_times(self, emulator: Emulator) -> None:
        emulator.register_core_device("pump-1")
        status, headers, body = send(emulator, "GET", "/greengrass/v2/coreDevices", Authorization="AWS4")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert UUID.fullmatch(headers["x-amzn-RequestId"])
        assert re.search(rb'"lastStatusUpdateTimestamp":\d{10}\.\d{3},', body)
        assert b"nextToken" not in body

    def test_an_error_names_itself_in_a_header(self, emulator: Emulator) -> None:
        path = "/greengrass/v2/coreDevices?maxResults=101"
        status, headers, body = send(emulator, "GET", path, Authorization="AWS4")
        assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationException")
        constraint = "Member must have value less than or equal to 100"
        start = "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        assert json.loads(body) == {
            "message": start + constraint,
            "reason": "FIELD_VALIDATION_FAILED",
            "fields": [{"name": "maxResults", "message": constraint}],
        }

    def test_no_content(self, emulator: Emulator, client: Any) -> None:
        emulator.register_core_device("pump-1")
        status, headers, body = send(emulator, "DELETE", "/greengrass/v2/coreDevices/pump-1", Authorization="AWS4")
        assert (status, body, headers["Content-Type"]) == (204, b"", None)

    def test_requests_must_be_signed(self, emulator: Emulator) -> None:
        unsigned = client_of(emulator, signature_version=UNSIGNED)
        status, code, error = refused(unsigned.list_core_devices)
        assert (status, code) == (403, "MissingAuthenticationTokenException")
        assert error["Error"]["Message"] == "Missing Authentication Token"
        assert send(emulator, "GET", "/greengrass/v2/coreDevices?X-Amz-Signature=0")[0] == 200

    def test_presigned_urls_are_served(self, emulator: Emulator, client: Any) -> None:
        url = client.generate_presigned_url("list_core_devices", Params={"maxResults": 5})
        assert json.loads(send(emulator, "GET", url.removeprefix(emulator.endpoint_url))[2]) == {"coreDevices": []}

    def test_unknown_routes(self, emulator: Emulator) -> None:
        status, headers, body = send(emulator, "GET", "/greengrass/v3", Authorization="AWS4")
        assert (status, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
        assert json.loads(body) == {"message": "Missing Authentication Token"}

    def test_operations_that_are_not_here_yet(self, client: Any) -> None:
        status, code, error = refused(client.get_service_role_for_account)
        assert (status, code) == (403, "MissingAuthenticationTokenException")
        assert error["Error"]["Message"] == "The local cloud does not have GetServiceRoleForAccount yet"

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"targetArn": 3}', b"\xff"])
    def test_bodies_that_cannot_be_parsed(self, emulator: Emulator, body: bytes) -> None:
        status, _, answer = send(emulator, "POST", "/greengrass/v2/deployments", body, Authorization="AWS4")
        assert status == 400
        assert json.loads(answer)["reason"] == "CANNOT_PARSE"
        assert json.loads(answer)["message"].startswith("Could not parse request body into json: ")

    def test_several_constraints_at_once(self, client: Any) -> None:
        params = {"targetArn": "arn:aws:iot:eu-west-1:111122223333:policy/x", "deploymentName": "n" * 257}
        _, code, error = refused(client.create_deployment, **params)
        assert code == "ValidationException"
        assert error["message"].startswith(
            "2 validation errors detected: Value 'arn:aws:iot:eu-west-1:111122223333:policy/x'"
        )
        pattern = "Member must satisfy regular expression pattern: arn:[^:]*:iot:[^:]*:[0-9]+:(thing|thinggroup)/.+"
        assert error["fields"][0] == {"name": "targetArn", "message": pattern}

    def test_a_body_has_a_limit(self, emulator: Emulator) -> None:
        body = b" " * (10 * 1024 * 1024 + 1)
        assert send(emulator, "POST", "/greengrass/v2/deployments", body, Authorization="AWS4")[0] == 413


TEMPLATES = sorted(
    (operation["http"]["method"], operation["http"]["requestUri"])
    for operation in json.loads(_core.model())["operations"].values()
)
MEMBERS = sorted({name for shape in json.loads(_core.model())["shapes"].values() for name in shape.get("members", ())})
TEXTS = st.text(max_size=20) | st.sampled_from([ARN, f"{ARN}:versions:1.0.0", GROUP, THING, "pump-1", "-1", "1e400"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | TEXTS, inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def one_for_all() -> Iterator[Emulator]:
    with Emulator(region_name="eu-west-1", account_id="111122223333") as running:
        running.register_core_device("pump-1", ["line-4"])
        publish(client_of(running), "io.acme.Pump")
        yield running


@given(
    template=st.sampled_from(TEMPLATES),
    labels=st.lists(TEXTS, min_size=2, max_size=2),
    query=st.dictionaries(st.sampled_from(MEMBERS), TEXTS, max_size=3),
    body=JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20),
)
def test_no_request_is_a_surprise(
    one_for_all: Emulator, template: tuple[str, str], labels: list[str], query: dict[str, str], body: bytes
) -> None:
    method, uri = template
    for label in labels:
        uri = re.sub(r"\{[^}]*\}", lambda _, label=label: quote(label, safe=""), uri, count=1)
    status, headers, answer = send(one_for_all, method, f"{uri}?{urlencode(query)}", body, Authorization="AWS4")
    assert status < 500
    if status >= 400:
        assert headers["x-amzn-ErrorType"]
        assert json.loads(answer)["message"]


class TestServer:
    def test_many_clients_at_once(self, emulator: Emulator) -> None:
        emulator.register_core_devices(20)
        found: list[int] = []

        def read() -> None:
            client = client_of(emulator)
            found.extend(len(client.list_core_devices()["coreDevices"]) for _ in range(20))

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [20] * 160

    def test_a_file_keeps_the_state(self, tmp_path: Any) -> None:
        store = tmp_path / "cloud.db"
        with Emulator(store=store) as emulator:
            emulator.register_core_device("pump-1", ["line-4"])
        with Emulator(store=store) as emulator:
            assert client_of(emulator).get_core_device(coreDeviceThingName="pump-1")["platform"] == "linux"

    def test_what_is_no_store_is_told(self, tmp_path: Any) -> None:
        (tmp_path / "cloud.db").write_text("not a database at all, but long enough to be read as one" * 50)
        for store in (tmp_path / "cloud.db", tmp_path / "missing" / "cloud.db"):
            with pytest.raises(OSError, match=r"cloud\.db cannot be used"):
                Emulator(store=store)

    def test_a_port_has_one_server(self, emulator: Emulator) -> None:
        port = int(emulator.endpoint_url.rpartition(":")[2])
        with pytest.raises(OSError, match=f"cannot listen on port {port}"):
            Emulator(port=port)

    @pytest.mark.parametrize("wrong", [{"account_id": "1"}, {"region_name": ""}, {"region_name": "us east"}])
    def test_who_it_stands_for(self, wrong: dict[str, str]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Emulator(**wrong)

    def test_the_region_tells_the_partition(self) -> None:
        with Emulator(region_name="cn-north-1") as emulator:
            assert emulator.thing_arn("a") == "arn:aws-cn:iot:cn-north-1:123456789012:thing/a"
            arn = publish(client_of(emulator), "a")
        assert arn == "arn:aws-cn:greengrass:cn-north-1:123456789012:components:a:versions:1.0.0"

    def test_it_stops_while_clients_are_connected(self) -> None:
        emulator = Emulator()
        client = client_of(emulator)
        client.list_core_devices()
        emulator.stop()
        emulator.stop()
        with pytest.raises(RuntimeError, match="stopped"):
            emulator.register_core_device("a")
        with pytest.raises(Exception, match="Could not connect"):
            client.list_core_devices()

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_forked_child_leaves_the_server_alone(self, emulator: Emulator, client: Any) -> None:
        child = os.fork()
        if child == 0:
            emulator.stop()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert client.list_core_devices()["coreDevices"] == []

    def test_our_own_client(self, emulator: Emulator) -> None:
        emulator.register_core_devices(3)
        with emulator.client() as client:
            pages = client.get_paginator("list_core_devices").paginate(PaginationConfig={"PageSize": 2})
            assert [len(page["coreDevices"]) for page in pages] == [2, 1]
