"""The role of an EC2 instance, and its Region, from its metadata service (IMDS).

A session token is asked for first (version 2); where there is none the older way follows, unless it is switched off.
A machine that is no instance does not answer: then there are no credentials, and that is no error.
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta, timezone

from fleetgrass import endpoints
from fleetgrass.credentials import refreshable, refuse
from fleetgrass.credentials.answers import check_keys, loads
from fleetgrass.credentials.metadata import Machine, no_answer
from fleetgrass.credentials.refreshable import RefreshableCredentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleetgrass.credentials import Search
    from fleetgrass.lookup import Lookup

METHOD = "iam-role"
URLS = {"ipv4": "http://169.254.169.254/", "ipv6": "http://[fd00:ec2::254]/"}
TOKEN_PATH = "latest/api/token"
ROLE_PATH = "latest/meta-data/iam/security-credentials/"
ZONE_PATH = "latest/meta-data/placement/availability-zone/"
TOKEN_SECONDS = "21600"
MEMBERS = {
    "access_key": "AccessKeyId",
    "secret_key": "SecretAccessKey",
    "token": "Token",
    "expiry_time": "Expiration",
}


def load(search: Search) -> RefreshableCredentials | None:
    settings = Settings(search.lookup)
    if settings.disabled:
        return None
    instance = _Instance(search.lookup, settings)
    found = instance.credentials()
    return RefreshableCredentials(instance.credentials, METHOD, found, ("0",)) if found else None


def region(lookup: Lookup) -> str | None:
    """That of the instance, or None where nobody tells."""
    settings = Settings(lookup)
    return None if settings.disabled else _Instance(lookup, settings).region()


class Settings:
    """What the environment and the profile say of the service.

    Raises:
        InvalidIMDSEndpointModeError, InvalidIMDSEndpointError: it cannot be there.
        ValueError: a timeout or a number of attempts that is no number.
    """

    def __init__(self, lookup: Lookup) -> None:
        from fleetgrass import exceptions

        self.timeout: int = int(lookup.get("metadata_service_timeout"))
        self.attempts: int = int(lookup.get("metadata_service_num_attempts"))
        mode = lookup.get("ec2_metadata_service_endpoint_mode")
        if mode is None:
            mode = "ipv6" if lookup.flag("imds_use_ipv6") else "ipv4"
        elif mode.lower() not in URLS:
            raise exceptions.InvalidIMDSEndpointModeError(mode=mode, valid_modes=tuple(URLS))
        self.url: str = lookup.get("ec2_metadata_service_endpoint") or URLS[mode.lower()]
        try:
            endpoints.check_url(self.url)
        except ValueError:
            raise exceptions.InvalidIMDSEndpointError(endpoint=endpoints.masked(self.url)) from None
        self.version_1_disabled: bool | None = lookup.flag("ec2_metadata_v1_disabled")
        self.disabled: bool = os.environ.get("AWS_EC2_METADATA_DISABLED", "false").lower() == "true"


class _Silent(Exception):
    """All attempts are spent, or the service refuses the question."""


class _Instance:
    def __init__(self, lookup: Lookup, settings: Settings) -> None:
        self._settings = settings
        self._machine = Machine(lookup, settings.url, settings.timeout)
        self._url = settings.url if settings.url.endswith("/") else f"{settings.url}/"

    def credentials(self) -> dict[str, Any]:
        """Those of the instance's role; empty where there are none."""
        try:
            token = self._token()
            role = _text("role", self._get(ROLE_PATH, token))
            content = loads(self._get(ROLE_PATH + role, token, is_json=True))
        except _Silent:
            return {}
        if not isinstance(content, dict) or any(name not in content for name in MEMBERS.values()):
            return {}
        keys = {ours: content[theirs] for ours, theirs in MEMBERS.items()}
        check_keys(METHOD, keys, MEMBERS)
        return _extended(keys)

    def region(self) -> str | None:
        try:
            return _text("zone", self._get(ZONE_PATH, self._token()))[:-1]  # without the zone's letter
        except _Silent:
            return None

    def _token(self) -> str | None:
        from fleetgrass import exceptions

        headers = {"x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS, "User-Agent": self._machine.agent}
        for _ in range(self._settings.attempts):
            try:
                status, body = self._machine.ask("PUT", self._url + TOKEN_PATH, headers)
            except exceptions.ReadTimeoutError:
                return None
            except no_answer():
                continue
            if status == 200:
                return _text("token", body)
            if status in (403, 404, 405):
                return None
            if status == 400:
                raise _Silent
        return None

    def _get(self, path: str, token: str | None, is_json: bool = False) -> bytes:
        if not token and self._settings.version_1_disabled:
            from fleetgrass import exceptions

            raise exceptions.MetadataRetrievalError(
                error_msg="Unable to retrieve token for use in IMDSv2 call and IMDSv1 has been disabled"
            )
        headers = {"User-Agent": self._machine.agent}
        if token is not None:
            headers["x-aws-ec2-metadata-token"] = token
        for _ in range(self._settings.attempts):
            try:
                status, body = self._machine.ask("GET", self._url + path, headers)
            except no_answer():
                continue
            if status == 200 and body and not (is_json and not _is_json(body)):
                return body
        raise _Silent


def _text(what: str, body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        # Without the body, which may be a token, and without an error that holds it.
        pass
    return refuse(METHOD, f"the {what} in the answer of the metadata service is no UTF-8")


def _is_json(body: bytes) -> bool:
    try:
        loads(body)
    except ValueError:
        return False
    return True


def _extended(keys: dict[str, Any]) -> dict[str, Any]:
    """Keys that the service still gives shortly before their end are good for longer, as it then honours them."""
    try:
        expiry = datetime.strptime(keys["expiry_time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        return keys
    window = refreshable.ADVISORY + timedelta(seconds=random.randint(120, 600))
    moment = refreshable.now()
    if moment >= expiry - window:
        keys["expiry_time"] = (moment + window).strftime("%Y-%m-%dT%H:%M:%SZ")
    return keys
