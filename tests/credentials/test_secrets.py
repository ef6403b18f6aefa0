"""Planted secrets, looked for in everything that a program prints, logs or reports of credentials."""

import json
import logging
import traceback
from collections.abc import Iterable
from hashlib import sha1, sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import fleetgrass
from support.answers import Answer, failure, plain, reply
from support.sources import LATER, Place

SECRET = "planted/Secret+planted"
ROLE = "role_arn = arn:aws:iam::123456789012:role/demo\n"
KEYS = f"aws_access_key_id = AKID\naws_secret_access_key = {SECRET}\naws_session_token = {SECRET}\n"
METADATA = {"AccessKeyId": "A", "SecretAccessKey": SECRET, "Token": SECRET, "Expiration": LATER}
SSO = {"accessKeyId": "A", "secretAccessKey": SECRET, "sessionToken": SECRET, "expiration": 2111105000000}
STS = f"""<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>
  <SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{SECRET}</SessionToken><Expiration>{LATER}</Expiration>
  </Credentials></AssumeRoleResult></AssumeRoleResponse>"""
PRINTED = {**METADATA, "Version": 1, "SessionToken": SECRET}
LOGIN = {
    "accessKeyId": "A",
    "secretAccessKey": SECRET,
    "sessionToken": SECRET,
    "accountId": "1",
    "expiresAt": "2001-01-01T00:00:00Z",
}
START = "https://start.example"
SSO_PROFILE = f"sso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-1\nsso_start_url = {START}\n"


def private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _answers(source: str) -> list[Answer]:
    return {
        "role": [plain(200, STS.encode())],
        "web": [plain(200, STS.replace("AssumeRole", "AssumeRoleWithWebIdentity").encode())],
        "container": [reply(METADATA)],
        "instance": [plain(200, SECRET.encode()), plain(200, b"role"), reply(METADATA)],
        "sso": [reply({"roleCredentials": SSO})],
        "login": [reply({"accessToken": LOGIN, "expiresIn": 900, "refreshToken": SECRET})],
    }.get(source, [])


def _prepare(place: Place, source: str) -> None:
    profiles = {
        "file": KEYS,
        "role": f"{ROLE}source_profile = b\n[profile b]\n{KEYS}",
        "web": f"{ROLE}web_identity_token_file = HOME/token\n",
        "process": "credential_process = cat HOME/printed\n",
        "sso": SSO_PROFILE,
        "login": f"login_session = {START}\n",
    }
    place.write("config", f"[default]\n{profiles.get(source, '')}")
    place.write("printed", json.dumps(PRINTED))
    place.write("token", SECRET)
    token = {"accessToken": SECRET, "expiresAt": LATER}
    place.write(f".aws/sso/cache/{sha1(START.encode()).hexdigest()}.json", json.dumps(token))
    signed_in = {"accessToken": LOGIN, "refreshToken": SECRET, "dpopKey": private_key(), "clientId": SECRET}
    place.write(f".aws/login/cache/{sha256(START.encode()).hexdigest()}.json", json.dumps(signed_in))
    if source == "env":
        place.patch.setenv("AWS_ACCESS_KEY_ID", "A")
        place.patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    if source == "container":
        place.patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{place.source.url}/keys")
        place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET)
    if source == "instance":
        place.patch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        place.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", place.source.url)


#: No header can have it, and no message may.
UNSENDABLE = "planted\x01Secret"


@pytest.mark.parametrize("source", ["process", "role", "container", "container's file", "instance", "sso"])
@pytest.mark.parametrize("observed", [False, True])
def test_a_secret_that_no_header_can_have(
    place: Place, caplog: pytest.LogCaptureFixture, source: str, observed: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    profiles = {
        "process": "credential_process = cat HOME/printed\n",
        "role": f"{ROLE}source_profile = b\n[profile b]\ncredential_process = cat HOME/printed\n",
        "sso": SSO_PROFILE,
    }
    place.write("config", f"[default]\n{profiles.get(source, '')}")
    place.write("printed", json.dumps({**PRINTED, "SessionToken": UNSENDABLE}))
    token = {"accessToken": UNSENDABLE, "expiresAt": LATER}
    place.write(f".aws/sso/cache/{sha1(START.encode()).hexdigest()}.json", json.dumps(token))
    if source.startswith("container"):
        place.patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{place.source.url}/keys")
        place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", UNSENDABLE)
        if source != "container":
            place.patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(place.write("token", UNSENDABLE)))
    if source == "instance":
        place.patch.setenv("AWS_EC2_METADATA_DISABLED", "false")
        place.patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", place.source.url)
    place.source.script([plain(200, UNSENDABLE.encode())])

    def call() -> None:
        client = fleetgrass.Session().client("greengrassv2", endpoint_url=place.greengrass.url)
        if observed:
            client.meta.events.register("before-send", lambda **kwargs: None)
        client.list_components()

    with pytest.raises(fleetgrass.exceptions.HTTPClientError, match=r"Invalid header value in [a-z]") as refused:
        call()
    told = "".join(traceback.format_exception(refused.value)) + f"{refused.value.kwargs}{caplog.text}"
    assert "lanted" not in told


def _cut(answers: Iterable[Answer]) -> list[Answer]:
    """The same answers, of which a half is missing."""
    return [plain(200, answer.wire.partition(b"\r\n\r\n")[2][:-9]) for answer in answers]


@pytest.mark.parametrize("source", ["env", "file", "role", "web", "process", "container", "instance", "sso", "login"])
@pytest.mark.parametrize("works", [True, False])
def test_secrets_are_nowhere(place: Place, caplog: pytest.LogCaptureFixture, source: str, works: bool) -> None:
    caplog.set_level(logging.DEBUG)
    _prepare(place, source)
    answers = _answers(source)
    place.source.script(answers if works else _cut(answers))
    place.greengrass.script([failure(403, "AccessDeniedException")])
    if not works and source == "process":
        place.write("printed", json.dumps(PRINTED)[:-2])
    seen: list[Any] = []
    session = fleetgrass.Session()
    try:
        client = session.client("greengrassv2", endpoint_url=place.greengrass.url)
        found = client._get_credentials()
        seen += [session, client, client.meta, client.meta.config, found, found.get_frozen_credentials()]
        client.list_components()
    except Exception as error:
        seen.append(error)
        lines = traceback.format_exception(error)
        seen.append(getattr(error, "kwargs", getattr(error, "response", None)))
    assert isinstance(seen[-2], Exception)
    told = "\n".join([*lines, *map(repr, seen), *map(str, seen), caplog.text])
    assert "lanted" not in told
    reached = any(isinstance(one, fleetgrass.exceptions.ClientError) for one in seen)
    assert reached == (works or source in ("env", "file"))
