"""The role of a container: of an ECS task, an EKS pod, or whatever else serves these variables."""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from fleetgrass import _core
from fleetgrass.credentials import refuse, token_text
from fleetgrass.credentials.answers import loads
from fleetgrass.credentials.metadata import Machine, no_answer
from fleetgrass.credentials.refreshable import RefreshableCredentials
from fleetgrass.credentials.service import picked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fleetgrass.credentials import Search

METHOD = "container-role"
RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
ADDRESS = "169.254.170.2"
#: Where a token may be sent without TLS, besides loopback addresses.
HOSTS = (ADDRESS, "169.254.170.23", "fd00:ec2::23", "localhost")
TIMEOUT, ATTEMPTS, PAUSE = 2, 3, 1
MEMBERS = {
    "access_key": "AccessKeyId",
    "secret_key": "SecretAccessKey",
    "token": "Token",
    "expiry_time": "Expiration",
}

sleep: Callable[[float], None] = _core.sleep


def load(search: Search) -> RefreshableCredentials | None:
    if RELATIVE in os.environ:
        url = f"http://{ADDRESS}{os.environ[RELATIVE]}"
    elif FULL in os.environ:
        url = os.environ[FULL]
    else:
        return None
    endpoint = _Endpoint(search, url)
    return RefreshableCredentials(endpoint.credentials, METHOD, endpoint.credentials(), ("z",))


class _Endpoint:
    def __init__(self, search: Search, url: str) -> None:
        self._search = search
        self._url = url
        self._machine: Machine | None = None

    def credentials(self) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if (token := _token()) is not None:
            headers["Authorization"] = token
        _check_host(self._url)
        content = self._ask(headers)
        keys = picked(METHOD, content, MEMBERS)
        return {**keys, "account_id": content.get("AccountId")}

    def _ask(self, headers: dict[str, str]) -> Any:
        if self._machine is None:
            # Never through a proxy, as botocore: a token and keys stay on the machine.
            self._machine = Machine(self._search.lookup, self._url, TIMEOUT, {})
        for _ in range(ATTEMPTS):
            try:
                return self._attempt(self._machine, headers)
            except _Unanswered as error:
                problem = error
                sleep(PAUSE)
        return refuse(METHOD, f"Error retrieving metadata: {problem}")

    def _attempt(self, machine: Machine, headers: dict[str, str]) -> Any:
        try:
            status, body = machine.ask("GET", self._url, headers)
        except no_answer() as error:
            raise _Unanswered(f"Received error when attempting to retrieve container metadata: {error}") from None
        if status != 200:
            text = body.decode("utf-8", "replace")
            raise _Unanswered(f"Received non 200 response {status} from container metadata: {text}")
        try:
            return loads(body)
        except ValueError:
            problem = "Unable to parse JSON returned from container metadata services"
            raise _Unanswered(problem) from None


class _Unanswered(Exception):
    pass


def _token() -> str | None:
    path = os.environ.get(TOKEN_FILE)
    token = os.environ.get(TOKEN) if path is None else token_text.read(METHOD, path)
    if token is not None and ("\r" in token or "\n" in token):
        raise ValueError("Auth token value is not a legal header value")
    return token


def _check_host(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme == "https" or host in HOSTS or _is_loopback(host):
        return
    raise ValueError(
        f"Unsupported host '{host}'.  Can only retrieve metadata from a loopback address or one of these hosts: "
        f"{', '.join(HOSTS)}"
    )


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False
