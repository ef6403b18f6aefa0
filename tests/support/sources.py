"""Sources of credentials on loopback, asked by botocore and by us.

`Place.compare` makes a session of each in the same environment, lets it call Greengrass once, and holds side by side
where it ended (when the client was made, or at the call), the error, the method and keys of the credentials, the
features in the user agent, and every request that the source saw.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import boto3
import botocore.credentials
import botocore.endpoint
import botocore.tokens
import pytest

import fleetgrass
from fleetgrass.credentials import container, service
from support.answers import Answer, Headers, plain, reply
from support.outcome import identity, without_frames
from support.server import RecordingServer, Request

KEYS = "aws_access_key_id = AKID\naws_secret_access_key = secret\n"
LATER = "2036-11-24T01:00:00Z"
#: What of a request's head is the source's business.
HEADERS = {
    "accept",
    "content-type",
    "x-amz-security-token",
    "x-amz-sso_bearer_token",
    "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
    "amz-sdk-request",
}


@dataclass
class Told:
    """What came of one session."""

    ended: str = ""
    error: BaseException | None = None
    method: str | None = None
    keys: tuple[Any, ...] | None = None
    features: set[str] = field(default_factory=set)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def facts(self, text: bool) -> dict[str, Any]:
        error: Any = None
        if self.error is not None:
            kind = identity(self.error)
            error = (kind, str(self.error), getattr(self.error, "kwargs", None)) if text else kind
        return {"ended": self.ended, "error": error, "method": self.method, "keys": self.keys,
                "features": self.features, "asked": self.asked}  # fmt: skip


class Place:
    """An environment with a home, shared files, a server for the sources and one for Greengrass."""

    def __init__(
        self, home: Path, source: RecordingServer, greengrass: RecordingServer, patch: pytest.MonkeyPatch
    ) -> None:
        self.home = home
        self.source = source
        self.greengrass = greengrass
        self.patch = patch
        patch.setenv("HOME", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(home / "config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        for name in ("STS", "SSO", "SSO_OIDC", "SIGNIN"):
            patch.setenv(f"AWS_ENDPOINT_URL_{name}", source.url)
        # botocore keeps the folder that it saw when it was imported.
        cache = str(home / ".aws" / "sso" / "cache")
        for kind in (botocore.credentials.SSOProvider, botocore.tokens.SSOTokenProvider):
            patch.setattr(kind, "_SSO_TOKEN_CACHE_DIR", cache)
        # Nobody waits between attempts.
        patch.setattr(botocore.utils.ContainerMetadataFetcher, "SLEEP_TIME", 0)
        patch.setattr(botocore.endpoint.time, "sleep", lambda seconds: None)
        patch.setattr(container, "sleep", lambda seconds: None)
        patch.setattr(service, "sleep", lambda seconds: None)

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("HOME", str(self.home)))
        return path

    def ask(self, module: Any, answers: Iterable[Answer], arguments: Mapping[str, Any]) -> Told:
        """One session and one call of `module`'s."""
        self.source.script(answers)
        self.greengrass.script()
        told = Told()
        made: Any = None
        try:
            told.ended = "session"
            session = module.Session(**arguments)
            told.ended = "client"
            made = session.client("greengrassv2", endpoint_url=self.greengrass.url)
            told.ended = "call"
            made.list_components()
            told.ended = "answered"
        except Exception as error:
            told.error = without_frames(error)
        told.asked = [_reduced(request) for request in self.source.take()]
        if told.ended == "answered":
            found = made._get_credentials() if module is fleetgrass else made._request_signer._credentials
            told.method, told.keys = found.method, tuple(found.get_frozen_credentials())
            [request] = self.greengrass.take()
            [words] = [word[2:] for word in (request.header("user-agent") or "").split() if word.startswith("m/")]
            told.features = set(words.split(","))
        return told

    def compare(
        self,
        answers: Iterable[Answer] = (),
        text: Callable[[str, str], bool] | None = None,
        prepare: Callable[[], None] | None = None,
        **arguments: Any,
    ) -> Told:
        """Ask both, and fail on a difference. `text` says whether two texts that differ are meant to."""
        told = []
        for module in (boto3, fleetgrass):
            if prepare is not None:
                prepare()
            told.append(self.ask(module, list(answers), arguments))
        theirs, ours = told
        pairs = {name: (fact, ours.facts(text is None)[name]) for name, fact in theirs.facts(text is None).items()}
        different = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        assert not different, different
        if text is not None:
            assert text(str(theirs.error), str(ours.error)), (str(theirs.error), str(ours.error))
        return ours


def _reduced(request: Request) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in request.headers}
    shown: dict[str, Any] = {name: value for name, value in headers.items() if name in HEADERS}
    proof = headers.get("authorization", "")
    # Of a signature for whom it is and what it covers; `test_the_signature…` checks the rest.
    shown["authorization"] = proof.partition(", Signature=")[0]
    body: Any = request.body.decode()
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        body = dict(parse_qsl(body, keep_blank_values=True))
        name = body.get("RoleSessionName", "")
        if name.startswith(("botocore-session-", "fleetgrass-session-")):
            body["RoleSessionName"] = "<default>"
    elif body:
        body = json.loads(body)
    return {"method": request.method, "target": request.target, "headers": shown, "body": body}


# What the sources say.


def sts(operation: str = "AssumeRole", key: str = "ASIA1", expiry: str = LATER) -> Answer:
    body = f"""<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>
      <AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/x</Arn></AssumedRoleUser>
      <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>a/+&amp;b</SecretAccessKey>
      <SessionToken>token {key}</SessionToken><Expiration>{expiry}</Expiration></Credentials></{operation}Result>
      <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"""
    return plain(200, body.encode(), [("Content-Type", "text/xml")])


def sts_failure(status: int, code: str, message: str = "no way", headers: Headers = ()) -> Answer:
    body = f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
      <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"""
    return plain(status, body.encode(), [("Content-Type", "text/xml"), *headers])


def metadata(**changes: Any) -> Answer:
    """The keys as a container's or an instance's endpoint gives them; a change to None leaves a member out."""
    keys = {"AccessKeyId": "ASIA1", "SecretAccessKey": "b", "Token": "c", "Expiration": LATER, **changes}
    return reply({name: value for name, value in keys.items() if value is not None})


def role_credentials(**changes: Any) -> Answer:
    """The keys as SSO gives them."""
    keys = {
        "accessKeyId": "ASIA1",
        "secretAccessKey": "b",
        "sessionToken": "c",
        "expiration": 2111105000000,
        **changes,
    }
    return reply({"roleCredentials": {name: value for name, value in keys.items() if value is not None}})
