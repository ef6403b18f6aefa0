"""Credentials: where they are looked for, in botocore's order, and those that stay.

`find` goes through the sources of a session. Keys in arguments, the environment and the shared files are read here, so
that they cost no import; every other source is a file of its own beside this one, with a `load(search)` that gives
credentials or None. What is asked over the network comes from `service` (services of AWS) or `metadata` (the machine),
and what expires is a `refreshable.RefreshableCredentials`.

Sources are looked for once a session, when its first client is made. Those that need nothing but files and variables
are read then; a process, a container's and an instance's endpoint are asked then; a role, a web identity and SSO at
the first signature. An error of a source comes at the same moment, and ends the search.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from fleetgrass.lookup import Lookup

TOKEN_VARIABLES = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
TOKEN_KEYS = ("aws_security_token", "aws_session_token")
#: How credentials are found in a profile.
PROFILE_METHODS = (
    "assume-role", "assume-role-with-web-identity", "sso", "shared-credentials-file", "login", "custom-process",
    "config-file",
)  # fmt: skip
#: The user agent's id of a web identity that the environment names, also in part.
WEB_IDENTITY_OF_ENVIRONMENT = "h"


class ReadOnlyCredentials(tuple[str | None, ...]):
    """`access_key`, `secret_key`, `token` and `account_id` of one moment, to be unpacked or read by name."""

    __slots__ = ()
    _fields = ("access_key", "secret_key", "token", "account_id")

    def __new__(
        cls, access_key: str | None, secret_key: str | None, token: str | None, account_id: str | None = None
    ) -> ReadOnlyCredentials:
        return super().__new__(cls, (access_key, secret_key, token, account_id))

    @property
    def access_key(self) -> str | None:
        return self[0]

    @property
    def secret_key(self) -> str | None:
        return self[1]

    @property
    def token(self) -> str | None:
        return self[2]

    @property
    def account_id(self) -> str | None:
        return self[3]

    def _asdict(self) -> dict[str, str | None]:
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, **parts: str | None) -> ReadOnlyCredentials:
        return ReadOnlyCredentials(**{**self._asdict(), **parts})

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"ReadOnlyCredentials(access_key={self[0]!r}, secret_key='***', token={'***' if self[2] else None!r})"


class Credentials:
    """An access key and where it was found (`method`, as botocore names it)."""

    #: The user agent's ids of how it was found, where `method` alone does not say.
    features: tuple[str, ...] = ()

    def __init__(
        self,
        access_key: str | None,
        secret_key: str | None,
        token: str | None = None,
        method: str | None = None,
        account_id: str | None = None,
    ) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        self.method: str = method or "explicit"
        self.account_id = account_id

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials(self.access_key, self.secret_key, self.token, self.account_id)

    def __repr__(self) -> str:
        return f"<Credentials {self.access_key} from {self.method}>"


def explicit(access_key: str | None, secret_key: str | None, token: str | None, account_id: str | None) -> Any:
    """The credentials in the arguments of a client, or None where there are none.

    A lone token or account id counts for nothing, as in botocore.
    """
    if access_key is not None and secret_key is not None:
        return Credentials(access_key, secret_key, token, account_id=account_id)
    if access_key is None and secret_key is None:
        return None
    from fleetgrass import exceptions

    missing = "aws_secret_access_key" if secret_key is None else "aws_access_key_id"
    raise exceptions.PartialCredentialsError(provider="explicit", cred_var=missing)


class Search:
    """What the sources of a profile look at.

    Args:
        name: The profile.
        region: Of the client that is being made; None is the session's.
        environment: Whether variables with keys or a web identity count.
        cache: Roles that were assumed for this session.
    """

    def __init__(
        self, lookup: Lookup, name: str, region: str | None, environment: bool, cache: dict[Any, dict[str, Any]]
    ) -> None:
        self.lookup = lookup
        self.name = name
        self.region = region
        self.environment = environment
        self.cache = cache

    @property
    def profile(self) -> Mapping[str, Any]:
        found: dict[str, Any] = self.lookup.files["profiles"].get(self.name, {})
        return found

    def of(self, name: str) -> Search:
        """The search in the profile that a role names as its source."""
        return Search(self.lookup, name, self.region, False, self.cache)


def find(lookup: Lookup, region: str | None = None) -> Credentials | None:
    """The credentials of a session that was given none, or None. `region` is that of the client it is asked for.

    Raises:
        PartialCredentialsError: a key without its secret; it names the place.
        InvalidConfigError: a source that is configured in part, or wrongly; it names the profile.
        CredentialRetrievalError: a source that was asked has none.
    """
    # A profile that is named in code outdoes the environment; one that the environment names does not.
    search = Search(lookup, lookup.profile_name or "default", region, not lookup.profile_in_code, {})
    _check_metadata_settings(lookup)
    if search.environment and (found := from_environment()):
        return found
    if is_role(search.profile):
        from fleetgrass.credentials import assume_role

        return assume_role.load(search)
    return in_profile(search) or _of_machine(search)


def in_profile(search: Search) -> Credentials | None:
    """The credentials that a profile itself has, apart from a role."""
    profile, files = search.profile, search.lookup.files
    if "web_identity_token_file" in profile or (search.environment and "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ):
        from fleetgrass.credentials import web_identity

        if role := web_identity.load(search):
            return role
    if "sso_role_name" in profile or "sso_account_id" in profile:
        from fleetgrass.credentials import sso

        return sso.load(search)
    if found := _from_section("shared-credentials-file", files["credentials"].get(search.name)):
        return found
    if "login_session" in profile:
        from fleetgrass.credentials import login

        return login.load(search)
    if "credential_process" in profile:
        from fleetgrass.credentials import process

        return process.load(search)
    return _from_section("config-file", files["config"].get(search.name))


def are_in_environment() -> bool:
    """Whether variables outdo a profile that is not named in code."""
    return bool(os.environ.get("AWS_ACCESS_KEY_ID")) or "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ


def is_of_profile(found: Credentials | None) -> bool:
    """Whether they are a profile's and nothing else's."""
    if found is None or WEB_IDENTITY_OF_ENVIRONMENT in found.features:
        return False
    return found.method in PROFILE_METHODS


def _of_machine(search: Search) -> Credentials | None:
    """The credentials of whatever the program runs on."""
    from fleetgrass.credentials import container, instance, old_files

    return old_files.load() or container.load(search) or instance.load(search)


def is_role(profile: Mapping[str, Any]) -> bool:
    return "role_arn" in profile and "web_identity_token_file" not in profile


def _check_metadata_settings(lookup: Lookup) -> None:
    """botocore reports a mistake in these before it looks anywhere."""
    numbers = ("timeout", "num_attempts")
    if (
        lookup.get("ec2_metadata_service_endpoint")
        or lookup.get("ec2_metadata_service_endpoint_mode") is not None
        or any(lookup.get(f"metadata_service_{name}") != 1 for name in numbers)
    ):
        from fleetgrass.credentials import instance

        instance.Settings(lookup)


def from_environment() -> Credentials | None:
    if not os.environ.get("AWS_ACCESS_KEY_ID"):
        return None
    keys = environment_keys()
    if keys["expiry_time"] is None:
        keys.pop("expiry_time")
        return Credentials(**keys, method="env")
    from fleetgrass.credentials.refreshable import RefreshableCredentials

    return RefreshableCredentials(_renewed_environment, "env", keys)


def environment_keys() -> dict[str, Any]:
    """What the environment says now."""

    def required(name: str) -> str:
        if not (value := os.environ.get(name)):
            partial("env", name)
        return value

    return {
        "access_key": required("AWS_ACCESS_KEY_ID"),
        "secret_key": required("AWS_SECRET_ACCESS_KEY"),
        "token": next((value for name in TOKEN_VARIABLES if (value := os.environ.get(name))), None),
        "expiry_time": os.environ.get("AWS_CREDENTIAL_EXPIRATION") or None,
        "account_id": os.environ.get("AWS_ACCOUNT_ID") or None,
    }


def _renewed_environment() -> dict[str, Any]:
    keys = environment_keys()
    if keys["expiry_time"] is None:
        partial("env", "AWS_CREDENTIAL_EXPIRATION")
    return keys


def _from_section(method: str, section: Mapping[str, Any] | None) -> Credentials | None:
    if not section or "aws_access_key_id" not in section:
        return None
    if "aws_secret_access_key" not in section:
        partial(method, "aws_secret_access_key")
    token = next((section[key] for key in TOKEN_KEYS if key in section), None)
    keys = section["aws_access_key_id"], section["aws_secret_access_key"]
    return Credentials(*keys, token, method, section.get("aws_account_id"))


def partial(provider: str, missing: str) -> NoReturn:
    from fleetgrass import exceptions

    raise exceptions.PartialCredentialsError(provider=provider, cred_var=missing)


def refuse(provider: str, reason: str) -> NoReturn:
    """A source was asked and has no credentials."""
    from fleetgrass import exceptions

    raise exceptions.CredentialRetrievalError(provider=provider, error_msg=reason)
