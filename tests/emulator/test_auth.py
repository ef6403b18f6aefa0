"""Signatures: botocore signs, requests are changed on their way, and the texts of refusals are the sheet's."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import botocore.auth
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given, settings, strategies as st

from fleetgrass.emulator import AccessKey, Emulator
from support.local_cloud import client_of, publish, refused, send

PATH = "/greengrass/v2/coreDevices"
ARN = "/greengrass/v2/components/arn%3Aaws%3Agreengrass%3Aeu-west-1%3Aaws%3Acomponents%3Aaws.greengrass.Cli/versions"
INVALID = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
HOUR = timedelta(hours=1)


def soon() -> datetime:
    return datetime.now(timezone.utc) + HOUR


@pytest.fixture(scope="module")
def guarded() -> Iterator[Emulator]:
    """An emulator that knows keys of several kinds."""
    keys = [
        AccessKey("AKIDLASTING", "lasting", "ops"),
        AccessKey("ASIATEMPORARY", "temporary", "visitor", session_token="a/token+=", expires=soon()),
        AccessKey("ASIAEXPIRED", "expired", session_token="old", expires=soon() - 2 * HOUR),
        AccessKey("AKIDFOREIGN", "foreign", "stranger", account_id="999988887777"),
    ]
    with Emulator(region_name="eu-west-1", account_id="111122223333", credentials=keys) as running:
        running.register_core_device("pump-1")
        yield running


def signed(
    emulator: Emulator,
    path: str = PATH,
    *,
    key: tuple[str, ...] = ("AKIDLASTING", "lasting"),
    service: str = "greengrass",
    region: str = "eu-west-1",
    method: str = "GET",
    body: bytes = b"",
    at: timedelta = timedelta(),
    monkeypatch: pytest.MonkeyPatch | None = None,
    expires: int | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[str, dict[str, str]]:
    """The path and headers of a request that botocore has signed, `at` from now."""
    request = AWSRequest(method, emulator.endpoint_url + path, headers=headers, data=body)
    signer = SigV4QueryAuth(Credentials(*key), service, region, expires) if expires else None
    if monkeypatch:
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: datetime.now(timezone.utc).replace(tzinfo=None) + at)
    (signer or SigV4Auth(Credentials(*key), service, region)).add_auth(request)
    if monkeypatch:
        monkeypatch.undo()
    return request.url.removeprefix(emulator.endpoint_url), dict(request.headers.items())


def told(emulator: Emulator, path: str, headers: dict[str, str], method: str = "GET", body: bytes = b"") -> Any:
    """What comes back: 200, or code and text of a refusal, whose status must be 403."""
    import json

    status, answer, text = send(emulator, method, path, body, **headers)
    if status < 300:
        return status
    assert status == 403
    assert list(json.loads(text)) == ["message"]
    return answer["x-amzn-ErrorType"], json.loads(text)["message"]
