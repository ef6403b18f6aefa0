"""What the tests of the facade share: a clean environment, a core that answers from a script, botocore beside us."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import botocore.session

import fleetgrass
from fleetgrass import _core
from fleetgrass.many import OneByOne
from fleetgrass.user_agent import PAGINATED

KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
PROFILES = """
[default]
region = eu-central-1
[profile dev]
region = ap-south-1
aws_access_key_id = CONFIGKEY
aws_secret_access_key = configsecret
aws_session_token = t
[profile local]
region = us-east-1
endpoint_url = http://localhost:1
services = lab
retry_mode = legacy
max_attempts = 7
use_fips_endpoint = TRUE
parameter_validation = false
ca_bundle = /some/bundle.pem
sdk_ua_app_id = app#1 x
tcp_keepalive = true
[services lab]
greengrassv2 =
  endpoint_url = http://localhost:2
[profile broken]
region = us-east-1
services = nowhere
"""
CREDENTIALS = """
[default]
aws_access_key_id = FILEKEY
aws_secret_access_key = filesecret
[dev]
aws_security_token = older
[half]
aws_access_key_id = HALF
"""
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}
#: botocore's tables, read once instead of for each session.
LOADER = botocore.session.create_loader()
OPTIONS = list(fleetgrass.config.OPTION_DEFAULTS)


class FakeCore:
    """Stands in for `_core.Client`. Class attributes, because the facade makes the object."""

    made: list["FakeCore"]
    answers: list[Any]

    def __init__(self, options: dict[str, Any], provider: Any = None) -> None:
        self.options = options
        self.provider = provider
        self.calls: list[tuple[str, dict[str, Any], bool]] = []
        self.presigned: list[tuple[Any, ...]] = []
        self.closed = 0
        self.made.append(self)

    def call(self, operation: str, params: dict[str, Any], paginated: bool) -> Any:
        self.calls.append((operation, dict(params), paginated))
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def presign(self, *arguments: Any) -> str:
        self.presigned.append(arguments)
        return "https://presigned"

    def close(self) -> None:
        self.closed += 1


def fake_many(core: FakeCore, _concurrency: int) -> OneByOne:
    """Stands in for `_core.Many`."""
    return OneByOne(lambda operation, params: core.call(operation, params, PAGINATED.get()))


@contextmanager
def environment(config: str | bytes = "", credentials: str | bytes = "", **variables: str) -> Iterator[Path]:
    """No AWS settings but these; the shared files are `config` and `credentials`. Fresh default sessions."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, text in (("config", config), ("credentials", credentials)):
            (place / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BOTOCORE_", "REQUESTS_"))}
        ours |= {
            "AWS_CONFIG_FILE": str(place / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(place / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "BOTO_CONFIG": str(place / "none"),
        }
        with (
            mock.patch.dict(os.environ, {**ours, **variables}, clear=True),
            mock.patch.object(boto3, "DEFAULT_SESSION", None),
            mock.patch.object(fleetgrass, "DEFAULT_SESSION", None),
            mock.patch.object(_core, "Client", FakeCore, create=True),
            mock.patch.object(_core, "Many", fake_many),
            mock.patch.object(botocore.session, "create_loader", return_value=LOADER),
        ):
            FakeCore.made, FakeCore.answers = [], []
            yield place


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or the class and text of what it raises."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


def same(call: Callable[[Any], Any]) -> Any:
    """Makes the same call with boto3 and with fleetgrass in its place, and wants the same outcome."""
    want, got = outcome(lambda: call(boto3)), outcome(lambda: call(fleetgrass))
    assert got == want
    return got


def facts(client: Any) -> dict[str, Any]:
    """What a client says of itself. The user agent names its product."""
    shown = {name: getattr(client.meta.config, name) for name in OPTIONS if name != "user_agent"}
    meta = client.meta
    return {**shown, "meta": (meta.region_name, meta.endpoint_url, meta.partition, meta.method_to_api_mapping)}


def made(**variables: str) -> AbstractContextManager[Path]:
    """An environment with the profiles above."""
    return environment(PROFILES, CREDENTIALS, **variables)


def options(**arguments: Any) -> dict[str, Any]:
    """What the core was given for a client."""
    fleetgrass.client("greengrassv2", **arguments)
    return FakeCore.made[-1].options
