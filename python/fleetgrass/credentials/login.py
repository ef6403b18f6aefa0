"""The keys of `aws login`, which the command and every SDK share, and renew in turn.

The command leaves keys, a refresh token and a private key in a file. Whoever asks for new keys proves with the private
key that it is the same one who signed in (DPoP, RFC 9449), and writes what it is given back for the others.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from base64 import b64decode, urlsafe_b64encode
from datetime import timedelta

from fleetgrass import _core, endpoints
from fleetgrass.credentials import refreshable, token_files
from fleetgrass.credentials.answers import loads
from fleetgrass.credentials.refreshable import RefreshableCredentials
from fleetgrass.credentials.service import Service, in_home, picked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.credentials import Search

METHOD = "login"
PATH = "/v1/token"
FEATURES = ("AC", "AD")
REQUIRED = ("accessToken", "refreshToken", "dpopKey", "clientId")
MEMBERS = {
    "access_key": "accessKeyId",
    "secret_key": "secretAccessKey",
    "token": "sessionToken",
    "expiry_time": "expiresAt",
    "account_id": "accountId",
}
GIVEN = {name: theirs for name, theirs in MEMBERS.items() if name not in ("expiry_time", "account_id")}
#: Keys that are good for longer than this are taken from the file: another process has renewed them.
ENOUGH = timedelta(minutes=5)
#: How sign-in is named in each partition, where no variant of the endpoint is asked for.
DOMAINS = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
    "aws-eusc": "signin.amazonaws-eusc.eu",
    "aws-iso": "signin.c2shome.ic.gov",
    "aws-iso-b": "signin.sc2shome.sgov.gov",
    "aws-iso-e": "signin.csphome.adc-e.uk",
    "aws-iso-f": "signin.csphome.hci.ic.gov",
}


def load(search: Search) -> RefreshableCredentials:
    session = _Session(search)
    return RefreshableCredentials(session.renewed, METHOD, session.keys(), FEATURES)


class _Session:
    """What a profile's `login_session` names."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._name: str = search.profile["login_session"]
        folder = os.environ.get("AWS_LOGIN_CACHE_DIRECTORY")
        folder = in_home("login", "cache") if folder is None else os.path.expanduser(os.path.expandvars(folder))
        self._file = token_files.named(folder, "sha256", self._name)

    def keys(self) -> dict[str, Any]:
        """Those of the file, good or not.

        Raises:
            LoginTokenLoadError: nobody has signed in, or the file lacks something.
        """
        return picked(METHOD, self._read()["accessToken"], MEMBERS)

    def renewed(self) -> dict[str, Any]:
        """New keys, which others find in the file, or those that another process has left there.

        Raises:
            LoginRefreshRequired: the user has to sign in again.
            LoginInsufficientPermissions, LoginError: the user may not have new keys.
        """
        content = self._read()
        key = _private_key(content["dpopKey"])
        keys = picked(METHOD, content["accessToken"], MEMBERS)
        if refreshable.end(METHOD, keys["expiry_time"]) - refreshable.now() > ENOUGH:
            return keys
        given = self._ask(content, key)
        keys.update(picked(METHOD, given.get("accessToken"), GIVEN))
        try:
            expiry = refreshable.now() + timedelta(seconds=given["expiresIn"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise _invalid_answer() from None
        if not isinstance(given.get("refreshToken"), str):
            raise _invalid_answer()
        content["refreshToken"] = given["refreshToken"]
        keys["expiry_time"] = expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
        content["accessToken"] = {theirs: keys[ours] for ours, theirs in MEMBERS.items()}
        token_files.write(self._file, content)
        return keys

    def _read(self) -> dict[str, Any]:
        from fleetgrass import exceptions

        try:
            content = token_files.read(self._file)
        except (OSError, ValueError):
            content = None
        if not isinstance(content, dict):
            raise exceptions.LoginTokenLoadError(
                error_msg=f"Unable to load a existing login session for session {self._name}. "
                "Please reauthenticate with 'aws login'."
            )
        if missing := [name for name in REQUIRED if name not in content]:
            raise exceptions.LoginTokenLoadError(
                error_msg="Failed to load access token from token cache, missing required fields: "
                f"{', '.join(missing)}."
            )
        return content

    def _ask(self, content: Mapping[str, Any], key: _core.Es256Key) -> dict[str, Any]:
        from fleetgrass import exceptions

        search = self._search
        # That of the sign-in; files of older commands do not name it.
        asked = service(search, content.get("signInRegion") or search.region or search.lookup.region_name)
        headers = {"Content-Type": "application/json", "DPoP": _proof(key, asked.url.rstrip("/") + PATH)}
        form = {
            "clientId": content["clientId"],
            "refreshToken": content["refreshToken"],
            "grantType": "refresh_token",
        }
        try:
            answer = asked.send("CreateOAuth2Token", "POST", PATH, headers, json.dumps(form).encode())
        except exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            reason = error.response.get("error")
            if reason in ("TOKEN_EXPIRED", "USER_CREDENTIALS_CHANGED"):
                raise exceptions.LoginRefreshRequired() from None
            if reason == "INSUFFICIENT_PERMISSIONS":
                raise exceptions.LoginInsufficientPermissions() from None
            raise exceptions.LoginError() from None
        try:
            given = loads(answer)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise _invalid_answer()
        return given


def _invalid_answer() -> Exception:
    from fleetgrass import exceptions

    error: Exception = exceptions.LoginTokenLoadError(
        error_msg="Unable to refresh access token due to an invalid service response. Please try running 'aws login' "
        "again. If the issue persists, there may be a temporary signin service problem."
    )
    return error


def service(search: Search, region: str | None) -> Service:
    return Service(search.lookup, "signin", "signin", region, url=_own_url(search, region))


def _own_url(search: Search, region: str | None) -> str | None:
    """Where sign-in is, if it is not named as every service is."""
    if region is None or search.lookup.flag("use_dualstack_endpoint"):
        return None
    endpoints.check_region(region)
    real_region = endpoints.plain_region(region)
    fips = real_region != region or search.lookup.flag("use_fips_endpoint")
    region = real_region
    partition = _core.resolve_endpoint(region, False, False)["partition"]
    domain = DOMAINS[partition]
    if not fips:
        return f"https://{region}.{domain}"
    if partition != "aws-us-gov":
        return None
    domain = domain.replace("signin", "signin-fips")
    return f"https://{domain}" if region == "us-gov-west-1" else f"https://{region}.{domain}"


def _private_key(pem: Any) -> _core.Es256Key:
    from fleetgrass import exceptions

    try:
        lines = [line for line in pem.splitlines() if not line.startswith(("-----BEGIN", "-----END"))]
        return _core.Es256Key(b64decode("".join(lines).strip()))
    except (AttributeError, ValueError):
        raise exceptions.LoginTokenLoadError(error_msg="Unable to load private key from cached token.") from None


def _proof(key: _core.Es256Key, url: str) -> str:
    """A token that says which request it is for, and is signed with the key that it names."""
    x, y = (_encoded(coordinate) for coordinate in key.public())
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "x": x, "y": y, "crv": "P-256"}}
    claims = {"htm": "POST", "htu": url, "iat": int(time.time()), "jti": str(uuid.uuid4())}
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signed}.{_encoded(key.sign(signed.encode()))}"


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
