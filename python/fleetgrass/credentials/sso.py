"""A role of IAM Identity Center, for whoever has signed in with `aws sso login`.

A profile names an `sso-session`, whose token is renewed here (`sso_token`), or the older way the start URL itself,
whose token only the command renews. The token's file is read whenever credentials are fetched, so one that another
process has renewed is found.
"""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import quote, urlencode

from fleetgrass.credentials import refuse, sso_token
from fleetgrass.credentials.refreshable import RefreshableCredentials, cached
from fleetgrass.credentials.service import Service, picked, read_json
from fleetgrass.inert_options import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.credentials import Search

METHOD = "sso"
REQUIRED = ("sso_role_name", "sso_account_id", "sso_start_url", "sso_region")
MEMBERS = {
    "access_key": "accessKeyId",
    "secret_key": "secretAccessKey",
    "token": "sessionToken",
    "expiry_time": "expiration",
}


def load(search: Search) -> RefreshableCredentials:
    settings = _settings(search)
    session = settings.get("sso_session")
    features = "rs" if session else "tu"
    token = sso_token.Token(search, settings)

    def fetch() -> dict[str, Any]:
        return _role_credentials(search, settings, token)

    who = session or settings["sso_start_url"]
    key = (METHOD, settings["sso_role_name"], settings["sso_account_id"], who)
    return RefreshableCredentials(lambda: cached(search.cache, key, fetch), METHOD, features=features)


def _settings(search: Search) -> Mapping[str, Any]:
    """The options of the profile and its session, all there."""
    settings = dict(search.profile)
    session = settings.get("sso_session")
    if session is not None:
        sessions = search.lookup.files["sso_sessions"]
        if session not in sessions:
            invalid(f'The specified sso-session does not exist: "{session}"')
        for name, value in sessions[session].items():
            if settings.get(name, value) != value:
                invalid(
                    f"The value for {name} is inconsistent between profile ({settings[name]}) "
                    f"and sso-session ({value})."
                )
            settings[name] = value
    if missing := [name for name in REQUIRED if name not in settings]:
        invalid(
            f'The profile "{search.name}" is configured to use SSO but is missing required configuration: '
            f"{', '.join(missing)}"
        )
    return settings


def _role_credentials(search: Search, settings: Mapping[str, Any], token: sso_token.Token) -> dict[str, Any]:
    from fleetgrass import exceptions

    account = settings["sso_account_id"]
    service = Service(search.lookup, "sso", "portal.sso", settings["sso_region"])
    named = {"role_name": settings["sso_role_name"], "account_id": account}
    query = urlencode(named, safe="-._~", quote_via=quote)
    headers = {"x-amz-sso_bearer_token": token.get()}
    path = f"/federation/credentials?{query}"
    try:
        answer = service.send("GetRoleCredentials", "GET", path, headers, b"")
    except exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "UnauthorizedException":
            raise sso_token.unauthorized(search.name) from None
        raise
    found = picked(METHOD, read_json(METHOD, answer).get("roleCredentials"), MEMBERS)
    try:
        expiry = datetime.fromtimestamp(found["expiry_time"] / 1000, timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError):
        refuse(METHOD, f"the answer's expiration {found['expiry_time']!r} is no number of milliseconds")
    return {**found, "expiry_time": expiry.isoformat(), "account_id": account}
