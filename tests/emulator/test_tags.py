"""Tags in the local cloud."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from fleetgrass.emulator import Emulator
from support.local_cloud import ARN, GROUP, THING, publish, refused


def test_of_every_kind_of_resource(emulator: Emulator, client: Any) -> None:
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


def test_of_what_does_not_exist(client: Any) -> None:
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


def test_reserved_keys_and_public_components(client: Any) -> None:
    arn = publish(client, "a")
    assert refused(client.tag_resource, resourceArn=arn, tags={"aws:a": "b"})[:2] == (400, "ValidationException")
    public = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Cli:versions:2.17.0"
    assert refused(client.tag_resource, resourceArn=public, tags={"a": "b"})[:2] == (403, "AccessDeniedException")


def test_tags_are_at_most_fifty(client: Any) -> None:
    tags = {f"k{number}": "" for number in range(50)}
    made = client.create_deployment(targetArn=THING, tags=tags)["deploymentId"]
    arn = f"arn:aws:greengrass:eu-west-1:111122223333:deployments:{made}"
    client.tag_resource(resourceArn=arn, tags={"k0": "again"})
    status, code, error = refused(client.tag_resource, resourceArn=arn, tags={"k50": ""})
    assert (status, code) == (400, "ValidationException")
    assert error["message"] == f"The resource {arn} would have 51 tags; the limit is 50"
    assert refused(client.create_deployment, targetArn=THING, tags={**tags, "k50": ""})[:2] == (status, code)
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {**tags, "k0": "again"}
    assert len(client.list_deployments(historyFilter="ALL")["deployments"]) == 1
