"""Calls of the services of AWS that give credentials: STS, SSO, its tokens, sign-in.

Each goes the way of our own calls: the settings of the session (`settings.settle`), the core's connections with their
certificates, timeouts and proxies, its signatures. An error of the service is a `ClientError` as botocore's.
"""

from __future__ import annotations

import os
import uuid
from urllib.parse import urlsplit

from fleetgrass import _core, endpoints, settings, user_agent
from fleetgrass.config import UNSIGNED, Config, merged
from fleetgrass.credentials import errors
from fleetgrass.credentials.answers import check_keys, loads
from fleetgrass.credentials.retries import Attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from fleetgrass.credentials import ReadOnlyCredentials
    from fleetgrass.lookup import Lookup

ARGUMENTS = (
    "region_name", "api_version", "use_ssl", "verify", "endpoint_url", "aws_access_key_id",
    "aws_secret_access_key", "aws_session_token", "config", "aws_account_id",
)  # fmt: skip

sleep: Callable[[float], None] = _core.sleep


class Service:
    """A service of a Region, called for the session.

    Args:
        name: As in `AWS_ENDPOINT_URL_<NAME>`, and in the sections of services in lower case.
        host: The first words of its host name.
        credentials: Who signs; nobody, if None.
        url: Where it is unless the session says otherwise; made of `host` and `region` without it.
    """

    def __init__(
        self,
        lookup: Lookup,
        name: str,
        host: str,
        region: str | None,
        credentials: ReadOnlyCredentials | None = None,
        url: str | None = None,
    ) -> None:
        self.name = name
        configured = endpoints.configured_url(name, lookup)
        if configured is None and url is None:
            url = _regional_url(host, region, lookup)
        options = plain_options(lookup, region_name=region, endpoint_url=configured or url)
        if configured is None and options["user_agent_features"]:
            options["user_agent_features"].remove(user_agent.ENDPOINT_OVERRIDE)
        if credentials is not None:
            keys = {"access_key": credentials[0], "secret_key": credentials[1], "token": credentials[2]}
            options.update(credentials=keys, signature_version="v4")
        self.url: str = options["endpoint_url"]
        self.is_configured: bool = configured is not None
        self._signed = credentials is not None
        self._options = options
        self._core = _core.Client(options)
        self._agent = agent(options)

    def send(
        self,
        operation: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        signing_region: str = "",
    ) -> bytes:
        """The body of the answer to a request, which is sent again after an error that may pass.

        Raises:
            ClientError: the service refuses.  EndpointConnectionError and its like: there is no answer.
        """
        from fleetgrass import exceptions

        # As botocore joins them: a path of the endpoint's own stays as it is where nothing is added.
        url = self.url if path == "/" and urlsplit(self.url).path else self.url.rstrip("/") + path
        options = self._options
        attempts = Attempts(
            self.name, operation, options["retry_mode"], options["total_max_attempts"], options["read_timeout"]
        )
        plain = [(name, value.encode()) for name, value in {**headers, "User-Agent": self._agent}.items()]
        invocation = str(uuid.uuid4())
        while True:
            sent = list(plain)
            if self._signed:
                proof = self._core.sign(method, url, plain, body, "v4", signing_region, self.name)
                sent += [(name, value.encode()) for name, value in proof]
            sent.append(("amz-sdk-invocation-id", invocation.encode()))
            sent.append(("amz-sdk-request", attempts.header().encode()))
            try:
                status, answered, content = self._core.fetch(method, url, sent, body)
            except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
                wait = attempts.after_failure(error)
                if wait is None:
                    raise
            else:
                if status < 300:
                    return content
                told = dict(answered)
                response = errors.read(self.name, status, told, content)
                code = errors.code(response)
                late = self._signed and self._core.set_clock(code or "", told.get("date", ""))
                wait = attempts.after_refusal(status, code, told, late)
                if wait is None:
                    response["ResponseMetadata"].update(attempts.spent, RetryAttempts=attempts.number - 1)
                    raise errors.kind(self.name, code)(response, operation)
            sleep(wait)


def plain_options(lookup: Lookup, **given: Any) -> dict[str, Any]:
    """The options of a core client that signs nothing, with the settings of the session."""
    config = Config(signature_version=UNSIGNED)
    if default := lookup.default_config:
        config = merged(default, config)
    arguments = {**dict.fromkeys(ARGUMENTS), "use_ssl": True, "config": config, **given}
    options, _ = settings.settle(lookup, arguments)
    return options


def agent(options: Mapping[str, Any]) -> str:
    features = options["user_agent_features"]
    parts = options["user_agent_prefix"], features and f"m/{','.join(features)}", options["user_agent_suffix"]
    return " ".join(part for part in parts if part)


def read_json(provider: str, body: bytes) -> dict[str, Any]:
    from fleetgrass.credentials import refuse

    try:
        content = loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        refuse(provider, "the answer is no JSON object")
    return content


def picked(provider: str, content: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """The members of an answer under the names that credentials have."""
    from fleetgrass.credentials import refuse

    missing = [name for name in names.values() if not isinstance(content, dict) or name not in content]
    if missing:
        refuse(provider, f"Missing required key in response: {', '.join(map(repr, missing))}")
    found = {ours: content[theirs] for ours, theirs in names.items()}
    check_keys(provider, found, names)
    return found


def _regional_url(host: str, region: str | None, lookup: Lookup) -> str:
    if region is None:
        from fleetgrass import exceptions

        raise exceptions.NoRegionError()
    endpoints.check_region(region)
    real_region = endpoints.plain_region(region)
    fips = real_region != region or bool(lookup.flag("use_fips_endpoint"))
    # Every service of a partition is named alike, but for its first words.
    own: str = _core.resolve_endpoint(real_region, fips, bool(lookup.flag("use_dualstack_endpoint")))["url"]
    return own.replace("//greengrass", f"//{host}", 1)


def in_home(*parts: str) -> str:
    return os.path.expanduser(os.path.join("~", ".aws", *parts))
