"""An empty session token is none: it is neither sent nor signed, by botocore and by us."""

from typing import Any

import boto3
import botocore.session
import pytest

import fleetgrass
from support.sources import KEYS, Place, sts

EMPTY = f"{KEYS}aws_session_token =\n"
PRINTED = '{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "secret", "SessionToken": ""}'
ARGUMENTS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret", "aws_session_token": ""}
PROFILES = {
    "file": EMPTY,
    "process": "credential_process = cat HOME/printed\n",
}


def _session(module: Any, way: str) -> Any:
    if way != "lent":
        return module.Session()
    lent = botocore.session.Session()
    lent.set_credentials("AKID", "secret", "")
    return module.Session(botocore_session=lent)


@pytest.mark.parametrize("way", ["argument", "lent", *PROFILES])
@pytest.mark.parametrize("observed", [False, True])
def test_an_empty_token_is_none(place: Place, way: str, observed: bool) -> None:
    place.write("config", f"[default]\n{PROFILES.get(way, '')}")
    place.write("printed", PRINTED)
    told = []
    for module in (boto3, fleetgrass):
        keys = ARGUMENTS if way == "argument" else {}
        client = _session(module, way).client("greengrassv2", endpoint_url=place.greengrass.url, **keys)
        if observed:
            client.meta.events.register("before-send", lambda **kwargs: None)
        client.list_components()
        [request] = place.greengrass.take()
        signed = (request.header("authorization") or "").partition("SignedHeaders=")[2].partition(",")[0].split(";")
        told.append((request.header("x-amz-security-token"), "x-amz-security-token" in signed))
        told.append("X-Amz-Security-Token=" in client.generate_presigned_url("list_components"))
    assert told[:2] == told[2:] == [(None, False), told[1]]


def test_a_role_of_a_source_with_an_empty_token(place: Place) -> None:
    role = "role_arn = arn:aws:iam::123456789012:role/demo\nsource_profile = b\n"
    place.write("config", f"[default]\n{role}[profile b]\n{EMPTY}")
    told = place.compare([sts()])
    assert "x-amz-security-token" not in told.asked[0]["headers"]
