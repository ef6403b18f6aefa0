"""The real `aws` command on the local cloud: every example of its reference that is for Greengrass V2."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.artifacts import artifacts, digest, fetched
from support.cli_examples import Example, examples, folder, missing
from support.local_cloud import client_of, recipe

AWS = shutil.which("aws", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
pytestmark = pytest.mark.skipif(not AWS or not folder(), reason="the AWS CLI is not installed: pip install awscli")

EXAMPLES = list(examples())
HELLO = "com.example.HelloWorld"
CORE = "MyGreengrassCore"
CLIENTS = [{"thingName": "MyClientDevice1"}, {"thingName": "MyClientDevice2"}]
#: Not in the reference's examples.
OURS = [
    Example(
        "delete-deployment", "aws greengrassv2 delete-deployment --deployment-id a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
    ),
    Example(
        "resolve-component-candidates",
        "aws greengrassv2 resolve-component-candidates "
        '--platform \'{"name": "linux", "attributes": {"os": "linux", "architecture": "amd64"}}\' '
        f'--component-candidates \'[{{"componentName": "{HELLO}", "versionRequirements": {{"root": "1.0.1"}}}}]\'',
        output={"resolvedComponentVersions": [{"arn": "", "componentName": "", "componentVersion": "", "recipe": ""}]},
    ),
]
#: What the examples show and this cloud does not, with the reason.
UNLIKE = {
    "$.components.aws.greengrass.Nucleus.configurationUpdate",  # what is prepared has none
    "$.effectiveDeployments[].iotJobId",  # a thing's deployment travels without a job
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """The account and Region of the examples."""
    with Emulator(region_name="us-west-2", account_id="123456789012") as running:
        yield running


def aws(emulator: Emulator, place: Path, command: str) -> "subprocess.CompletedProcess[str]":
    assert AWS
    config = place / "config"
    config.write_text(
        "[default]\ncli_timestamp_format = iso8601\n"
    )  # as version 2 of the command, which made the examples
    environment = {
        **os.environ,
        "AWS_CONFIG_FILE": str(config),
        **emulator.environment,
        "PATH": f"{Path(AWS).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
    )


def prepare(emulator: Emulator, name: str) -> str:
    """What the example finds; gives the id of the deployment that it names."""
    client = client_of(emulator)
    for device in (CORE, "MyTestGreengrassCore"):
        emulator.register_core_device(device, ["MyGreengrassCoreGroup"])
    if not name.startswith("create-component-version"):
        for version in ("1.0.0", "1.0.1"):
            client.create_component_version(inlineRecipe=recipe(HELLO, version))
    arn = f"arn:aws:greengrass:us-west-2:123456789012:coreDevices:{CORE}"
    client.tag_resource(resourceArn=arn, tags={"Owner": "richard-roe"})
    nucleus: Any = {"aws.greengrass.Nucleus": {"componentVersion": "2.17.0"}}
    client.create_deployment(
        targetArn=emulator.thing_arn(CORE), components=nucleus, deploymentName="Deployment for MyGreengrassCore"
    )
    made = client.create_deployment(
        targetArn=emulator.thing_group_arn("MyGreengrassCoreGroup"),
        deploymentName="Deployment for MyGreengrassCoreGroup",
        components=nucleus,
        deploymentPolicies={
            "failureHandlingPolicy": "ROLLBACK",
            "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
            "configurationValidationPolicy": {"timeoutInSeconds": 60},
        },
        iotJobConfiguration={},
    )["deploymentId"]
    if name == "delete-deployment":
        client.cancel_deployment(deploymentId=made)
    if "client-device" in name and not name.startswith("batch-associate"):
        for device in (CORE, "MyTestGreengrassCore"):
            client.batch_associate_client_device_with_core_device(coreDeviceThingName=device, entries=CLIENTS)
    if name in ("get-service-role-for-account", "disassociate-service-role-from-account"):
        client.associate_service_role_to_account(roleArn="arn:aws:iam::123456789012:role/Greengrass_ServiceRole")
    if name == "get-connectivity-info":
        place = {"id": "localIP_192.0.2.0", "hostAddress": "192.0.2.0", "portNumber": 8883, "metadata": ""}
        client.update_connectivity_info(thingName=CORE, connectivityInfo=[place])
    return str(made)


def artifact_name(emulator: Emulator) -> str:
    """The digest in the example is that of a file of AWS."""
    arn = "arn:aws:greengrass:us-west-2:aws:components:aws.greengrass.LocalDebugConsole:versions:2.2.7"
    return str(artifacts(client_of(emulator), arn)[0]["Uri"]).removeprefix("greengrass:")


def fitted(text: str, deployment: str, artifact: str) -> str:
    """A text of an example with the ids, versions and files of this cloud."""
    for theirs, ours in [
        ("Uvt6ZEzQ9TKiAuLbfXBX_APdY0TWks3uc46tHFHTzBM=/aws.greengrass.LocalDebugConsole.jar", artifact),
        ("a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", deployment),
        ('"componentVersion": "2.0.3"', '"componentVersion": "2.17.0"'),
        ("LocalDebugConsole:versions:2.0.3", "LocalDebugConsole:versions:2.2.7"),
        ("aws iotsitewise ", "aws greengrassv2 "),  # a slip of the reference
    ]:
        text = text.replace(theirs, ours)
    return text


@pytest.mark.parametrize("example", [*EXAMPLES, *OURS], ids=lambda example: example.name)
def test_the_examples_of_the_reference(emulator: Emulator, tmp_path: Path, example: Example) -> None:
    ours = prepare(emulator, example.name), artifact_name(emulator)
    for name, content in example.files.items():
        (tmp_path / name).write_text(fitted(content, *ours))
    done = aws(emulator, tmp_path, fitted(example.command, *ours))
    assert (done.returncode, done.stderr) == (0, "")
    if example.output is None:
        assert done.stdout == ""
    else:
        assert set(missing(example.output, json.loads(done.stdout))) <= UNLIKE


def test_the_artifact_is_at_its_url(emulator: Emulator, tmp_path: Path) -> None:
    (example,) = (example for example in EXAMPLES if example.name == "get-component-version-artifact")
    done = aws(emulator, tmp_path, fitted(example.command, "", artifact_name(emulator)))
    status, content = fetched(json.loads(done.stdout)["preSignedUrl"])
    assert (status, artifact_name(emulator).partition("/")[0]) == (200, digest(content))


def test_every_operation_has_an_example() -> None:
    operations = client_operations()
    assert operations <= {example.command.split()[2] for example in [*EXAMPLES, *OURS]}


def client_operations() -> set[str]:
    from fleetgrass import _core

    return {method.replace("_", "-") for method, *_ in _core.operations()}


def test_the_recipe_that_is_downloaded(emulator: Emulator, tmp_path: Path) -> None:
    (example,) = (example for example in EXAMPLES if example.name == "get-component")
    prepare(emulator, example.name)
    aws(emulator, tmp_path, example.command)
    text = (tmp_path / "com.example.HelloWorld-1.0.0.json").read_text()
    assert f'ComponentName: "{HELLO}"' in text


def test_pages_of_the_command(emulator: Emulator, tmp_path: Path) -> None:
    emulator.register_core_devices(7)
    command = "aws greengrassv2 list-core-devices --page-size 2 --query 'coreDevices[].coreDeviceThingName'"
    with emulator.inject("short-pages"), emulator.inject("throttle", rate=0.2):
        done = aws(emulator, tmp_path, command)
    assert json.loads(done.stdout) == [f"device-{number:05}" for number in range(1, 8)]


def test_a_refusal_is_told_by_the_command(emulator: Emulator, tmp_path: Path) -> None:
    done = aws(emulator, tmp_path, "aws greengrassv2 get-core-device --core-device-thing-name none")
    assert done.returncode != 0
    told = "(ResourceNotFoundException) when calling the GetCoreDevice operation: Core device (none) does not exist"
    assert told in done.stderr
