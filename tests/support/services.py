"""Calls of the services that give credentials, by botocore and by us: nobody serves, and nobody waits.

A handler of `before-send` answers botocore, and a core without a wire answers us, from one script.
"""

import json
import re
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

import fleetgrass
from fleetgrass import _core
from fleetgrass.credentials import ReadOnlyCredentials, service as services
from support.outcome import Outcome, capture, differences

ROLE = "arn:aws:iam::123456789012:role/demo"
SIGNER = ReadOnlyCredentials("AKID", "secret", None)

#: By operation: its service, how botocore calls it, and who signs.
OPERATIONS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "AssumeRole": ("sts", {"RoleArn": ROLE, "RoleSessionName": "me"}, SIGNER),
    "AssumeRoleWithWebIdentity": (
        "sts",
        {"RoleArn": ROLE, "RoleSessionName": "me", "WebIdentityToken": "token"},
        None,
    ),
    "GetRoleCredentials": ("sso", {"roleName": "r", "accountId": "123456789012", "accessToken": "t"}, None),
    "CreateToken": ("sso-oidc", {"clientId": "i", "clientSecret": "s", "grantType": "g"}, None),
    "CreateOAuth2Token": ("signin", {"tokenInput": {"clientId": "i", "grantType": "refresh_token"}}, None),
}

#: Status, headers and body of an answer.
Answer = tuple[int, dict[str, str], bytes]


def model(operation: str) -> Any:
    return botocore.session.get_session().get_service_model(OPERATIONS[operation][0]).operation_model(operation)


def refusal(operation: str, status: int, code: str | None, **headers: str) -> Answer:
    """An error as the operation's service tells it; no code: an empty body."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if code is None:
        return status, given, b""
    if operation.startswith("Assume"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
        return status, given, f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()
    return status, {**given, "x-amzn-errortype": code}, json.dumps({"message": "no"}).encode()


class Waits:
    """Those that were patched out."""

    def __init__(self) -> None:
        self.theirs: list[float] = []
        self.ours: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.theirs.append(seconds)


def without_waits(patch: pytest.MonkeyPatch) -> Waits:
    """Nobody waits from now on; what is random is a half."""
    found = Waits()
    patch.setattr("botocore.endpoint.time", found)
    patch.setattr(services, "sleep", found.ours.append)
    # The rate of adaptive clients.
    patch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *args, **kwargs: True)
    patch.setattr("random.random", lambda: 0.5)
    # botocore has bound the function in its defaults.
    defaults = (20, lambda: 0.5, None, None)
    patch.setattr("botocore.retries.standard.ExponentialBackoff.__init__.__defaults__", defaults)
    return found


class Pair:
    """An operation of both sides, in one mode."""

    def __init__(self, patch: pytest.MonkeyPatch, operation: str, mode: str = "standard", attempts: int = 1) -> None:
        self._operation = operation
        self._method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower().replace("oauth", "auth")
        service, self._parameters, signer = OPERATIONS[operation]
        patch.setenv("AWS_RETRY_MODE", mode)
        patch.setenv("AWS_MAX_ATTEMPTS", str(attempts))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        url = "http://localhost:1"
        keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "secret"}
        config = Config(parameter_validation=False)
        self._client = boto3.client(service, region_name="us-east-1", endpoint_url=url, config=config, **keys)
        self._client.meta.events.register("before-send", self._answer)
        pair, real = self, _core.Client

        class Core:
            """The core's client, but for the wire."""

            def __init__(self, options: Any) -> None:
                core = real(options)
                self.sign, self.set_clock = core.sign, core.set_clock

            def fetch(self, method: str, url: str, headers: Any, body: bytes) -> Any:
                status, answered, content = pair._next(dict(headers)["amz-sdk-request"])
                return status, [(name.lower(), value) for name, value in answered.items()], content

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(_core, "Client", Core)
            self._ours = services.Service(fleetgrass.Session()._lookup, service, "host", "us-east-1", signer, url)

    def _next(self, told: Any) -> Answer:
        self._sent.append(told.decode() if isinstance(told, bytes) else told)
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    def _answer(self, request: Any, **kwargs: Any) -> AWSResponse:
        status, headers, content = self._next(request.headers["amz-sdk-request"])
        answer = AWSResponse(request.url, status, headers, None)
        answer._content = content
        return answer

    def run(self, *script: Answer) -> tuple[list[list[str]], tuple[Outcome, Outcome]]:
        """What each attempt said of itself, theirs and ours, and the outcomes. The last answer stays."""
        sent, outcomes = [], []
        for call in (
            lambda: getattr(self._client, self._method)(**self._parameters),
            lambda: self._ours.send(self._operation, "POST", "/", {}, b"", "us-east-1"),
        ):
            self._script, self._sent = list(script), list[str]()
            outcomes.append(capture(call))
            sent.append(self._sent)
        theirs, ours = outcomes
        return sent, (theirs, ours)

    def unlike(self, *script: Answer) -> list[str]:
        """Where the sides differ, a line each."""
        (theirs, ours), outcomes = self.run(*script)
        sent = [] if theirs == ours else [f"sent: theirs {theirs}, ours {ours}"]
        return sent + differences(*outcomes)
