"""The token of `aws sso login`, from the cache that the command and every SDK share.

The token of an `sso-session` is renewed here when it has less than fifteen minutes, and written back for the others.
If that fails it may be because another process has done it, so the file is read once more.
"""

from __future__ import annotations

import json
from datetime import timedelta
from shlex import quote

from fleetgrass.credentials import refreshable, token_files
from fleetgrass.credentials.answers import moment
from fleetgrass.credentials.service import Service, in_home, read_json
from fleetgrass.inert_options import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.credentials import Search
    from fleetgrass.lookup import Lookup

METHOD = "sso"
RENEWABLE = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")
REQUIRED = ("sso_start_url", "sso_region")
WINDOW = timedelta(minutes=15)


def check(lookup: Lookup) -> None:
    """What botocore checks of a profile's `sso_session` when a client is made, whoever signs for it."""
    session = lookup.profile["sso_session"]
    found = lookup.files["sso_sessions"].get(session)
    start = f'The profile "{lookup.profile_name or "default"}" is configured to use the SSO token provider but '
    if not found:
        invalid(f'{start}the "{session}" sso_session configuration does not exist.')
    if missing := [name for name in REQUIRED if name not in found]:
        invalid(f"{start}is missing the following configuration: {missing}.")


def unauthorized(profile: str) -> Exception:
    """botocore's error, which says to log in but not how, with the command."""
    from fleetgrass import exceptions

    error: Exception = exceptions.UnauthorizedSSOTokenError()
    exceptions.tell_more(error, _remedy(profile))
    return error


def _remedy(profile: str) -> str:
    return f"(aws sso login --profile {quote(profile)})"


class Token:
    """The token of a profile, whose settings of SSO are `settings`."""

    def __init__(self, search: Search, settings: Mapping[str, Any]) -> None:
        self._search = search
        self._settings = settings
        self._session = settings.get("sso_session")
        name = self._session or settings["sso_start_url"]
        self._name = name
        self._file = token_files.named(in_home("sso", "cache"), "sha1", name)

    def get(self) -> str:
        """The access token.

        Raises:
            SSOTokenLoadError: nobody has signed in.  UnauthorizedSSOTokenError, TokenRetrievalError: it has expired.
        """
        content = self._read()
        if self._session is not None and _left(content) < WINDOW:
            content = self._renewed(content) or self._read()
        if _left(content) <= timedelta():
            raise self._expired()
        token: str = content["accessToken"]
        return token

    def _read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = token_files.read(self._file)
        except FileNotFoundError:
            raise self._unreadable(f"Token for {self._name} does not exist") from None
        except (OSError, ValueError):
            raise self._unreadable(f"Token for {self._name} cannot be read from {self._file}") from None
        token = content.get("accessToken") if isinstance(content, dict) else None
        if not isinstance(token, str) or "expiresAt" not in content:
            raise self._unreadable(f"Token for {self._settings['sso_start_url']} is invalid")
        try:
            moment(content["expiresAt"])
        except ValueError as problem:
            raise self._unreadable(f"Token for {self._name} has an expiresAt that cannot be read: {problem}") from None
        return content

    def _renewed(self, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """A new token, which others find in the file; None where it cannot be had."""
        from fleetgrass import exceptions

        if any(name not in content for name in RENEWABLE):
            return None
        try:
            if moment(content["registrationExpiresAt"]) <= refreshable.now():
                return None
        except ValueError:
            return None
        form = {
            "grantType": "refresh_token",
            "clientId": content["clientId"],
            "clientSecret": content["clientSecret"],
            "refreshToken": content["refreshToken"],
        }
        service = Service(self._search.lookup, "sso-oidc", "oidc", self._settings["sso_region"])
        headers = {"Content-Type": "application/json"}
        try:
            answer = service.send("CreateToken", "POST", "/token", headers, json.dumps(form).encode())
            given = read_json(METHOD, answer)
            expiry = refreshable.now() + timedelta(seconds=given["expiresIn"])
        except (exceptions.ClientError, exceptions.BotoCoreError, KeyError, TypeError, ValueError, OverflowError):
            return None
        if not isinstance(given.get("accessToken"), str):
            return None
        renewed = {
            "startUrl": self._settings["sso_start_url"],
            "region": self._settings["sso_region"],
            "accessToken": given["accessToken"],
            "expiresAt": expiry.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "clientId": content["clientId"],
            "clientSecret": content["clientSecret"],
            "registrationExpiresAt": content["registrationExpiresAt"],
        }
        if "refreshToken" in given:
            renewed["refreshToken"] = given["refreshToken"]
        token_files.write(self._file, renewed)
        return renewed

    def _unreadable(self, problem: str) -> Exception:
        from fleetgrass import exceptions

        error: Exception = exceptions.SSOTokenLoadError(error_msg=f"{problem} {_remedy(self._search.name)}")
        return error

    def _expired(self) -> Exception:
        from fleetgrass import exceptions

        if self._session is None:
            return unauthorized(self._search.name)
        problem = f"Token has expired and refresh failed {_remedy(self._search.name)}"
        error: Exception = exceptions.TokenRetrievalError(provider=METHOD, error_msg=problem)
        return error


def _left(content: Mapping[str, Any]) -> timedelta:
    return moment(content["expiresAt"]) - refreshable.now()
