"""`python -m fleetgrass emulate`: the lines it prints, its options, its log, its end."""

import inspect
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fleetgrass.__main__ import main
from fleetgrass.emulator import LOG_LEVELS, NUCLEUS_VERSIONS, Emulator
from support.local_cloud import recipe

READ = """
import boto3, sys
client = boto3.client("greengrassv2")
print(sys.argv[1:] and getattr(client, sys.argv[1])() or client.list_core_devices(maxResults=3)["coreDevices"])
"""


class Command:
    """A running `emulate`, and the environment that its lines make."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.lines: list[str] = []
        while not self.lines or "which runs until Ctrl-C" not in self.lines[-1]:
            self.lines.append(process.stdout.readline())
            assert self.lines[-1], process.communicate()
        # as a shell reads them
        script = "".join(self.lines) + "env -0"
        made = subprocess.run(["bash", "-c", script], capture_output=True, check=True, text=True).stdout
        self.environment = dict(variable.split("=", 1) for variable in made.split("\0") if variable)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", READ, *arguments], env=self.environment, capture_output=True, text=True
        )

    def end(self, stop: signal.Signals = signal.SIGTERM) -> str:
        """Stops it, which succeeds, and gives what it wrote since."""
        self.process.send_signal(stop)
        out, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        return out + err


@contextmanager
def emulate(*options: str) -> Iterator[Command]:
    command = [sys.executable, "-m", "fleetgrass", "emulate", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Command(process)
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(stop: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of another account")
    options = ["--port", "0", "--region", "eu-west-1", "--account", "111122223333", "--store", str(tmp_path / "store")]
    with emulate(*options) as command:
        assert "AWS_SESSION_TOKEN" not in command.environment
        assert command.environment["AWS_DEFAULT_REGION"] == command.environment["AWS_REGION"] == "eu-west-1"
        endpoint_url = command.environment["AWS_ENDPOINT_URL_GREENGRASSV2"]
        assert command.environment["AWS_ENDPOINT_URL_IOT"] == endpoint_url
        answer = command.run()
        assert (answer.stdout.strip(), answer.stderr) == ("[]", "")
        assert command.end(stop) == ""
    with Emulator(region_name="eu-west-1", account_id="111122223333", store=tmp_path / "store") as emulator:
        assert emulator.client().list_core_devices()["coreDevices"] == []


def test_a_fleet_is_there_from_the_start() -> None:
    with emulate(
        "--devices",
        "12",
        "--prefix",
        "pump-",
        "--thing-groups",
        "a",
        "b",
        "--platform",
        "windows",
        "--account",
        "1" * 12,
    ) as command:
        found = command.run().stdout
        assert all(f"'pump-0000{number}'" in found for number in (1, 2, 3))
        assert "'windows'" in found
        assert command.end() == ""


def test_things_may_take_time() -> None:
    with emulate("--devices", "1", "--component-seconds", "3600", "0", "--deployment-seconds", "0", "3600") as command:
        code = f"""
import boto3
client = boto3.client("greengrassv2")
arn = client.create_component_version(inlineRecipe={recipe("a")!r})["arn"]
print(client.describe_component(arn=arn)["status"]["componentState"])
target = "arn:aws:iot:us-east-1:123456789012:thing/device-00001"
client.create_deployment(targetArn=target)
told = client.list_effective_deployments(coreDeviceThingName="device-00001")
print(told["effectiveDeployments"][0]["coreDeviceExecutionStatus"])
"""
        answer = subprocess.run([sys.executable, "-c", code], env=command.environment, capture_output=True, text=True)
        assert (answer.stdout.split(), answer.stderr) == (["REQUESTED", "IN_PROGRESS"], "")


def test_devices_come_with_their_certificates(tmp_path: Path) -> None:
    options = ["--devices", "2", "--device-port", "0", "--device-certificates", str(tmp_path), "--strict-data-plane"]
    nucleus = ["--runtime", "aws_nucleus_lite", "--nucleus-version", "2.5.0"]
    with emulate(*options, *nucleus, "--wire-style", "observed") as command:
        (endpoint_url,) = re.findall(r"^# Devices come to (https://\S+) with", "".join(command.lines), re.M)
        code = f"""
import boto3, botocore
from botocore.config import Config

cloud = boto3.client("greengrassv2")
told = cloud.get_core_device(coreDeviceThingName="device-00002")
print(told["runtime"], told["coreVersion"], "x-amz-apigw-id" in told["ResponseMetadata"]["HTTPHeaders"])
place = {str(tmp_path / "device-00002")!r}
pair = place + "/device.pem.crt", place + "/private.pem.key"
config = Config(client_cert=pair, signature_version=botocore.UNSIGNED)
device = boto3.client("greengrassv2", endpoint_url={endpoint_url!r}, verify=place + "/authority.pem", config=config)
question = {{
    "platform": {{"attributes": {{"os": "linux"}}}},
    "componentCandidates": [{{"componentName": "aws.greengrass.Cli", "versionRequirements": {{"a": "*"}}}}],
}}
print(device.resolve_component_candidates(**question)["resolvedComponentVersions"][0]["componentName"])
try:
    cloud.resolve_component_candidates(**question)
except cloud.exceptions.AccessDeniedException:
    print("denied")
"""
        answer = subprocess.run([sys.executable, "-c", code], env=command.environment, capture_output=True, text=True)
        assert answer.stderr == ""
        assert answer.stdout.splitlines() == ["aws_nucleus_lite 2.5.0 True", "aws.greengrass.Cli", "denied"]


def test_how_strict_it_is_from_the_command_line() -> None:
    code = """
import boto3, json
from botocore.exceptions import ClientError

client = boto3.client("greengrassv2")
unknown = {"b": {"componentVersion": "1.0.0"}}
target = "arn:aws:iot:us-east-1:123456789012:thing/"
artifact = {"Artifacts": [{"URI": "s3://acme/none"}]}
recipe = {
    "RecipeFormatVersion": "2020-01-25", "ComponentName": "a", "ComponentVersion": "1.0.0", "Manifests": [artifact],
}
for call in [
    client.list_core_devices,
    lambda: client.create_deployment(targetArn=target + "none"),
    lambda: client.create_deployment(targetArn=target + "device-00001", components=unknown),
    lambda: client.create_component_version(inlineRecipe=json.dumps(recipe)),
]:
    try:
        print(call()["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        print(error.response["Error"]["Code"])
"""
    missing, invalid = "ResourceNotFoundException", "ValidationException"
    for options, outcomes in [
        (["--no-check-signatures"], ["200", "201", missing, "201"]),
        (["--no-check-signatures", "--validate-targets"], ["200", missing, missing, "201"]),
        (["--no-check-signatures", "--no-validate-components"], ["200", "201", "201", "201"]),
        (["--no-check-signatures", "--validate-artifacts"], ["200", "201", missing, invalid]),
        (["--report-seconds", "60"], ["InvalidSignatureException"] * 4),
    ]:
        with emulate("--devices", "1", "--log-level", "off", *options) as command:
            environment = {**command.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
            assert (done.stdout.split(), done.stderr) == (outcomes, ""), options


#: Keys are more than a line of a shell should hold.
PYTHON_ONLY = {"credentials"}


def test_the_options_are_those_of_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["emulate", "--help"])
    text = capsys.readouterr().out
    classic, lite = NUCLEUS_VERSIONS.values()
    assert f"(default: {classic}, of a lite one {lite})" in " ".join(text.split())
    told = set(re.findall(r"--(?:no-)?([a-z-]+)", text))
    wanted = {*inspect.signature(Emulator).parameters, *inspect.signature(Emulator.register_core_devices).parameters}
    names = {"region_name": "region", "account_id": "account", "count": "devices"}
    assert {names.get(name, name).replace("_", "-") for name in wanted - PYTHON_ONLY - {"self"}} <= told


LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z %s \d+\.\d ms [0-9a-f-]{36}%s"


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        ("off", []),
        ("error", []),
        ("warning", [LINE % ("WARNING GetServiceRoleForAccount 404", "")]),
        (
            "info",
            [
                LINE % ("INFO ListCoreDevices 200", ""),
                LINE % ("WARNING GetServiceRoleForAccount 404", ""),
            ],
        ),
        (
            "debug",
            [
                LINE % ("INFO ListCoreDevices 200", r" GET /greengrass/v2/coreDevices"),
                LINE
                % (
                    "WARNING GetServiceRoleForAccount 404",
                    r" GET /greengrass/servicerole",
                ),
            ],
        ),
    ],
)
def test_the_request_log(level: str, lines: list[str]) -> None:
    with emulate("--log-level", level) as command:
        assert command.run().returncode == 0
        assert "service role" in command.run("get_service_role_for_account").stderr
        told = command.end().splitlines()
        assert len(told) == len(lines)
        assert all(re.fullmatch(line, text) for line, text in zip(lines, told, strict=True)), told


def test_faults_and_the_quota_from_the_command_line() -> None:
    options = [
        "--fault",
        "ListCoreDevices:1x:error=InternalServerException",
        "--fault",
        "ListCoreDevices:1:latency=0-0.01",
    ]
    with emulate(*options, "--quota", "--log-level", "error") as command:
        assert any(re.fullmatch(r"# --seed \d+ makes these faults happen again\.\n", line) for line in command.lines)
        assert command.run().stdout.strip() == "[]"  # boto3 tries again
        (told,) = command.end().splitlines()
        assert re.fullmatch(LINE % ("ERROR ListCoreDevices 500 InternalServerException", ""), told)


@pytest.fixture
def keep_signals() -> Any:
    """`emulate` takes the signals of its process, which is the tests' here."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--port", "70000"], "port is 70000: give 0 for a free one, or a number up to 65535"),
        (["--region", "eu west"], '"eu west" is not a Region'),
        (["--account", "12"], '"12" is not an account id: give twelve digits'),
        (["--devices", "-1"], "--devices is -1: give a number of core devices, 0 for none"),
        (["--thing-groups", "a"], "add --devices N"),
        (["--devices", "1", "--thing-groups", "a b"], '"a b" is not a thing group name'),
        (["--fault", "throttle"], "as in GetCoreDevice:0.1:throttle"),
        (["--fault", "GetCoreDevise:1:throttle"], "did you mean 'GetCoreDevice'?"),
        (["--component-seconds", "-1", "0"], "component_seconds has -1: give seconds from 0"),
        (["--report-seconds", "0"], "report_seconds is too short: give at least 0.001"),
        (["--device-port", "-1"], "device_port is -1: give 0 for a free one"),
        (["--devices", "1", "--nucleus-version", "2"], 'nucleus_version: "2" is not a version'),
        (["--device-certificates", "c", "--device-port", "0"], "there are none: add --devices N"),
        (["--device-certificates", "c", "--devices", "1"], "there is none: add --device-port 0"),
        (["--seed", "-1"], "seed is -1: give a number from 0 to 2**64 - 1"),
        (["--store", "no/such/folder/cloud.db"], "the store no/such/folder/cloud.db cannot be used: No such file"),
    ],
)
def test_mistakes_end_with_a_sentence(
    options: list[str], text: str, capsys: pytest.CaptureFixture[str], keep_signals: None
) -> None:
    assert main(["emulate", *options]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("fleetgrass: ")
    assert text in error
    assert error.count("\n") == 1


def test_what_is_taken_is_told(capsys: pytest.CaptureFixture[str], keep_signals: None, tmp_path: Path) -> None:
    with Emulator(store=tmp_path / "cloud.db") as emulator:
        port = emulator.endpoint_url.rpartition(":")[2]
        assert main(["emulate", "--port", port]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"fleetgrass: cannot listen on port {port}: ")
        assert error.endswith("; choose another port, or 0 for any\n")
        assert main(["emulate", "--store", str(tmp_path / "cloud.db")]) == 1
        assert "cloud.db cannot be used: another emulator of this process has it open" in capsys.readouterr().err


def test_the_levels_are_those_of_the_class(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["emulate", "--log-level", "all"])
    assert all(level in capsys.readouterr().err for level in LOG_LEVELS[:1])
    with pytest.raises(ValueError, match="log_level is 'all': give one of off, error, warning, info, debug"):
        Emulator(log_level="all")


def test_it_is_there_quickly_because_little_is_loaded() -> None:
    code = "import sys, fleetgrass.emulator; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"asyncio", "boto3", "botocore", "logging", "ssl", "json", "fleetgrass.session"}


def test_the_environment_is_the_one_that_is_printed() -> None:
    with Emulator(region_name="eu-west-1") as emulator:
        code = "import fleetgrass; print(fleetgrass.client('greengrassv2').list_core_devices()['coreDevices'])"
        answer = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **emulator.environment}, capture_output=True, text=True
        )
        assert (answer.stdout.strip(), answer.stderr) == ("[]", "")
