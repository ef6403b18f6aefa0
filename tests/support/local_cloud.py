"""boto3 as a client of the local cloud, what it publishes and deploys there, and requests without a client."""

import json
import re
import socket
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fleetgrass.emulator import Emulator

UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


def client_of(emulator: Emulator, **config: Any) -> Any:
    return _client("greengrassv2", emulator, **config)


def registry_of(emulator: Emulator, **config: Any) -> Any:
    return _client("iot", emulator, **config)


def _client(service_name: str, emulator: Emulator, **config: Any) -> Any:
    return boto3.client(
        service_name,
        endpoint_url=emulator.endpoint_url,
        region_name=emulator.region_name,
        config=Config(retries={"total_max_attempts": 1}, **config),
        **emulator.credentials,
    )


def recipe(
    name: str,
    version: str = "1.0.0",
    *,
    os: str | None = "linux",
    runtime: str | None = None,
    needs: dict[str, str] | None = None,
    lifecycle: dict[str, Any] | None = None,
) -> bytes:
    platform = {key: value for key, value in (("os", os), ("runtime", runtime)) if value}
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
                    **({"Platform": platform} if platform else {}),
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


def deploy(client: Any, target: str, *components: str, version: str = "1.0.0", **params: Any) -> str:
    named = {component: {"componentVersion": version} for component in components}
    return str(client.create_deployment(targetArn=target, components=named, **params)["deploymentId"])


def exchange(emulator: Emulator, *sent: bytes, breaks_off: bool = False) -> bytes:
    """The bytes that come back for these until the server ends the connection."""
    host, _, port = emulator.endpoint_url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"".join(sent))
        if breaks_off:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def send(emulator: Emulator, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, Any]:
    """One request without a client: status, headers, body."""
    request = urllib.request.Request(emulator.endpoint_url + path, body or None, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
