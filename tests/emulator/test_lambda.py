"""Components of the local cloud that are made from Lambda functions."""

import json
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.artifacts import artifacts, digest, fetched, url_of
from support.local_cloud import THING, deploy, refused

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:pump-alarm"


def imported(client: Any, lambda_arn: str = FUNCTION + ":7", **function: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.create_component_version(lambdaFunction={"lambdaArn": lambda_arn, **function})
    return answer


def recipe_of(client: Any, arn: str) -> dict[str, Any]:
    recipe: dict[str, Any] = json.loads(client.get_component(arn=arn)["recipe"])
    return recipe


def test_name_and_version_are_the_functions(client: Any) -> None:
    created = imported(client)
    assert (created["componentName"], created["componentVersion"]) == ("pump-alarm", "7.0.0")
    told = client.describe_component(arn=created["arn"])
    assert (told["publisher"], told["platforms"]) == ("AWS Lambda", [{"name": "Linux", "attributes": {"os": "linux"}}])
    recipe = recipe_of(client, created["arn"])
    assert (recipe["ComponentType"], recipe["ComponentSource"]) == ("aws.greengrass.lambda", FUNCTION + ":7")
    assert set(recipe["ComponentDependencies"]) == {
        f"aws.greengrass.Lambda{part}" for part in ("Launcher", "Manager", "Runtimes")
    }


def test_what_is_said_of_the_function_is_in_the_recipe(client: Any) -> None:
    created = imported(
        client,
        componentName="io.acme.Alarm",
        componentVersion="1.2.3",
        componentPlatforms=[{"attributes": {"os": "linux", "architecture": "arm"}}],
        componentDependencies={
            "aws.greengrass.StreamManager": {"versionRequirement": "^2.0.0", "dependencyType": "SOFT"},
            "aws.greengrass.LambdaManager": {"versionRequirement": "^2.2.0"},
        },
        componentLambdaParameters={
            "eventSources": [{"topic": "a/b", "type": "PUB_SUB"}, {"topic": "c", "type": "IOT_CORE"}],
            "timeoutInSeconds": 9,
            "pinned": False,
            "execArgs": ["-v"],
            "environmentVariables": {"A": "1"},
            "linuxProcessParams": {
                "isolationMode": "NoContainer",
                "containerParams": {"volumes": [{"sourcePath": "/a", "destinationPath": "/b", "permission": "ro"}]},
            },
        },
    )
    assert created["arn"].endswith(":io.acme.Alarm:versions:1.2.3")
    recipe = recipe_of(client, created["arn"])
    assert recipe["Manifests"][0]["Platform"] == {"os": "linux", "architecture": "arm"}
    dependencies = recipe["ComponentDependencies"]
    assert dependencies["aws.greengrass.StreamManager"] == {"VersionRequirement": "^2.0.0", "DependencyType": "SOFT"}
    assert dependencies["aws.greengrass.LambdaManager"] == {"VersionRequirement": "^2.2.0", "DependencyType": "HARD"}
    configuration = recipe["ComponentConfiguration"]["DefaultConfiguration"]
    assert configuration["pubsubTopics"] == {
        "0": {"topic": "a/b", "type": "PUB_SUB"},
        "1": {"topic": "c", "type": "IOT_CORE"},
    }
    assert configuration["lambdaExecutionParameters"] == {"EnvironmentVariables": {"A": "1"}, "execArgs": ["-v"]}
    volume = configuration["containerParams"]["volumes"]["0"]
    assert volume == {"sourcePath": "/a", "destinationPath": "/b", "permission": "ro"}
    assert (configuration["timeoutInSeconds"], configuration["pinned"]) == (9, False)
    assert (configuration["containerMode"], configuration["maxQueueSize"]) == ("NoContainer", 1000)


def test_its_artifact_is_served(client: Any) -> None:
    arns = [imported(client, f"{FUNCTION}:{version}")["arn"] for version in (1, 2)]
    contents = []
    for arn in arns:
        (artifact,) = artifacts(client, arn)
        status, content = fetched(url_of(client, arn, artifact["Uri"]))
        assert (status, digest(content)) == (200, artifact["Digest"])
        contents.append(content)
    assert contents[0] != contents[1]


def test_it_runs_on_a_device_with_what_it_needs(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    imported(client)
    deploy(client, THING, "pump-alarm", version="7.0.0")
    rows = client.list_installed_components(coreDeviceThingName="pump-1", topologyFilter="ALL")["installedComponents"]
    states = {row["componentName"]: row["lifecycleState"] for row in rows}
    assert states["pump-alarm"] == "RUNNING"
    assert {"aws.greengrass.LambdaLauncher", "aws.greengrass.LambdaManager", "aws.greengrass.LambdaRuntimes"} < set(
        states
    )


@pytest.mark.parametrize("qualifier", ["prod", "$LATEST", "7a"])
def test_an_alias_is_denied_in_riddles(client: Any, qualifier: str) -> None:
    status, code, error = refused(imported, client=client, lambda_arn=f"{FUNCTION}:{qualifier}")
    assert (status, code) == (403, "AccessDeniedException")
    assert error["Error"]["Message"].endswith("is not authorized to perform: null")


@pytest.mark.parametrize("arn", [FUNCTION, "pump-alarm", "arn:aws:lambda:eu-west-1:111122223333:layer:pump-alarm:7"])
def test_what_is_no_version_of_a_function_is_told(client: Any, arn: str) -> None:
    status, code, error = refused(imported, client=client, lambda_arn=arn)
    assert (status, code, error["fields"][0]["name"]) == (400, "ValidationException", "lambdaFunction.lambdaArn")
    assert f"'{arn}'" in error["message"]


def test_the_same_version_again(client: Any) -> None:
    imported(client)
    status, code, error = refused(imported, client=client)
    assert (status, code) == (409, "ConflictException")
    assert error["message"].startswith("Component [pump-alarm : 7.0.0] for account [111122223333] already exists")
