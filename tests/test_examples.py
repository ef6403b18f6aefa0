"""Each program of `examples/` does the same with boto3 and with fleetgrass: same output, same exit code.

A program runs as its reader would run it, in a process of its own, against a local cloud that is named by the
environment. The one change between the two runs is the line that docs/migration.md tells to change.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import client_of, publish, recipe

EXAMPLES = Path(__file__).parents[1] / "examples"
GROUP = "arn:aws:iot:us-east-1:123456789012:thinggroup/line-4"
LINES = {"boto3": "import boto3\n", "fleetgrass": "import fleetgrass as boto3\n"}


def copy_of_examples(folder: Path, module: str) -> Path:
    """The programs as their reader has them after the change."""
    folder.mkdir()
    for path in EXAMPLES.glob("*.py"):
        source = path.read_text()
        assert source.count(LINES["boto3"]) == 1, f"{path.name} imports boto3 by that line"
        (folder / path.name).write_text(source.replace(LINES["boto3"], LINES[module]))
    return folder


def seed(emulator: Emulator) -> None:
    """Two lines of devices; what is deployed has a past, and failed on one of them."""
    emulator.register_core_devices(3, prefix="pump-", thing_groups=["line-4"])
    emulator.register_core_device("fan-1", ["line-5"], platform="windows", architecture="x86")
    client = client_of(emulator)
    for version in ("1.0.0", "1.1.0"):
        publish(client, "com.example.Pump", version)
    publish(client, "com.example.Valve", "2.0.0")
    deploy(client, "line-4", "pumps", {"com.example.Pump": "1.0.0"})
    deploy(client, "line-4", "pumps", {"com.example.Pump": "1.0.0", "com.example.Valve": "2.0.0"})
    deploy(client, "line-5", "fans", {"com.example.Valve": "2.0.0"})


def deploy(client: Any, group: str, name: str, components: dict[str, str]) -> None:
    client.create_deployment(
        targetArn=f"arn:aws:iot:us-east-1:123456789012:thinggroup/{group}",
        deploymentName=name,
        components={component: {"componentVersion": version} for component, version in components.items()},
        deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"},
    )


def run(folder: Path, endpoint_url: str, *command: str) -> tuple[str, str, int]:
    """What a command prints, and how it ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL_GREENGRASSV2": endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=50
    )
    return done.stdout, done.stderr, done.returncode


INCOMPATIBLE = (
    "COMPONENT_VERSION_REQUIREMENTS_NOT_MET: FAILED_NO_STATE_CHANGE: An error occurred while negotiating component "
    "version with cloud. The version of component requested does not claim platform compatibility. Check whether the "
    "version constraints conflict and that the component exists in your AWS account with a version that matches the "
    "version constraints. If the version constraints conflict, revise deployments to resolve the conflict. Component "
    "'com.example.Valve' is incompatible with the core device(classic) platform requirements -  os:windows, "
    "architecture:x86."
)
COMPONENTS = "components\n  com.example.Pump: 1.1.0, 1.0.0\n  com.example.Valve: 2.0.0\n"
#: Commands, what each prints, and how it ends. Those of one name run after each other on one cloud.
RUNS: dict[str, list[tuple[list[str], str, int]]] = {
    "publish": [
        (
            ["publish.py", "fan.json", "wrong.json"],
            "fan.json: com.example.Fan 0.9.0 DEPLOYABLE\n"
            "wrong.json: ValidationException: Invalid Input: Encountered following errors in Recipe: {ComponentName "
            "(line 1): it is missing; give 1 to 128 of the characters a-z, A-Z, 0-9, `-`, `_` and `.`, "
            'ComponentVersion (line 1): it is missing; give a version such as "1.0.0", in quotes}\n'
            "1 of 2 recipes are published\n",
            1,
        ),
        (["publish.py", "fan.json"], "fan.json: exists already\n0 of 1 recipes are published\n", 1),
        (
            ["publish.py", "--skip-existing", "fan.json"],
            "fan.json: exists already\n1 of 1 recipes are published\n",
            0,
        ),
    ],
    "upgrade": [
        (
            ["upgrade.py", GROUP, "com.example.Pump", "1.1.0"],
            "pumps, revision 3, ACTIVE\n  com.example.Pump 1.1.0 (was 1.0.0)\n  com.example.Valve 2.0.0\n",
            0,
        ),
        (
            ["upgrade.py", GROUP, "com.example.Pump", "9.9.9"],
            "not deployed: An error occurred (ResourceNotFoundException) when calling the CreateDeployment operation: "
            "Private component (com.example.Pump:9.9.9) does not exist\n",
            1,
        ),
        (
            ["upgrade.py", GROUP, "com.example.Fan", "1.0.0"],
            f"not deployed: com.example.Fan is not deployed to {GROUP}; there are: com.example.Pump, "
            "com.example.Valve\n",
            1,
        ),
        (
            ["upgrade.py", f"{GROUP}-b", "com.example.Fan", "1.0.0"],
            f"not deployed: {GROUP}-b has no deployment\n",
            1,
        ),
    ],
    "find_failed": [
        (
            ["find_failed.py"],
            f"fan-1 (HEALTHY)\n  fans: FAILED: {INCOMPATIBLE}\n"
            "    DEPLOYMENT_FAILURE > NO_AVAILABLE_COMPONENT_VERSION > COMPONENT_VERSION_REQUIREMENTS_NOT_MET\n"
            "1 of 4 devices need a look\n",
            1,
        ),
        (["find_failed.py", "--status", "UNHEALTHY"], "0 of 0 devices need a look\n", 0),
    ],
    "clean_up": [
        (
            ["clean_up.py", "--dry-run"],
            "would delete revision 1 of thinggroup/line-4 (pumps)\n1 inactive deployments, 0 deleted\n",
            0,
        ),
        (
            ["clean_up.py", "--target-arn", GROUP],
            "deleted revision 1 of thinggroup/line-4 (pumps)\n1 inactive deployments, 1 deleted\n",
            0,
        ),
        (["clean_up.py"], "0 inactive deployments, 0 deleted\n", 0),
    ],
    "inventory": [
        (
            ["inventory.py", "--page-size", "2"],
            COMPONENTS
            + "devices\n  fan-1: HEALTHY, windows/x86\n"
            + "".join(
                f"  pump-0000{number}: HEALTHY, linux/amd64\n"
                "    com.example.Pump 1.0.0 RUNNING\n    com.example.Valve 2.0.0 RUNNING\n"
                for number in (1, 2, 3)
            )
            + "that is all\n",
            0,
        ),
        (
            ["inventory.py", "--max-devices", "1"],
            COMPONENTS + "devices\n  fan-1: HEALTHY, windows/x86\nthere are more devices\n",
            0,
        ),
    ],
}


@pytest.mark.parametrize("name", RUNS)
def test_a_program_does_the_same_with_both(tmp_path: Path, name: str) -> None:
    for module in LINES:
        folder = copy_of_examples(tmp_path / module, module)
        (folder / "fan.json").write_bytes(recipe("com.example.Fan", "0.9.0"))
        (folder / "wrong.json").write_text('{"RecipeFormatVersion": "2020-01-25"}')
        with Emulator() as emulator:
            seed(emulator)
            for command, printed, code in RUNS[name]:
                assert run(folder, emulator.endpoint_url, *command) == (printed, "", code), module


#: No cloud: the suite must not ask one.
NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "module",
    [
        "boto3",
        "fleetgrass",
    ],
)
def test_a_suite_with_a_stubber_passes_with_both(tmp_path: Path, module: str) -> None:
    folder = copy_of_examples(tmp_path / module, module)
    (folder / "pytest.ini").write_text("[pytest]\n")  # not that of whatever folder is above
    printed, _, code = run(folder, NOWHERE, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_upgrade.py")
    assert (code, printed.splitlines()[-1].split(" in ")[0]) == (0, "4 passed"), printed


def test_every_program_is_run() -> None:
    programs = {path.name for path in EXAMPLES.glob("*.py")}
    assert programs == {command[0] for runs in RUNS.values() for command, *_ in runs} | {"test_upgrade.py"}
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"| [{name}]({name}) |" in listed for name in programs)


def test_the_guide_changes_that_line_and_few_others() -> None:
    guide = (EXAMPLES.parent / "docs" / "migration.md").read_text()
    changes = [block.split("```")[0].splitlines() for block in guide.split("```diff\n")[1:]]
    assert changes[0] == [f"-{LINES['boto3']}".rstrip(), f"+{LINES['fleetgrass']}".rstrip()]
    assert max(sum(line.startswith("+") for line in change) for change in changes) < 10
