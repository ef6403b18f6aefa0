"""Static credentials: from arguments, the environment and the shared files, in botocore's order.

Everything here is found once, when a client is made, and never changes afterwards.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.lookup import Lookup

TOKEN_VARIABLES = ("AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN")
TOKEN_KEYS = ("aws_security_token", "aws_session_token")


class ReadOnlyCredentials(tuple[str | None, ...]):
    """`access_key`, `secret_key`, `token` and `account_id` of one moment, to be unpacked or read by name."""

    __slots__ = ()

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

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"ReadOnlyCredentials(access_key={self[0]!r}, secret_key='***', token={'***' if self[2] else None!r})"


class Credentials:
    """An access key and where it was found (`method`, as botocore names it)."""

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


def find(lookup: Lookup) -> Credentials | None:
    """The credentials of a session that was given none, or None.

    Raises:
        PartialCredentialsError: a key without its secret; it names the place.
        CredentialRetrievalError: a source is configured that has to be asked for credentials; it names the remedy.
    """
    in_code = lookup.profile_in_code
    name = lookup.profile_name or "default"
    files = lookup.files
    profile: Mapping[str, Any] = files["profiles"].get(name, {})

    # A profile that is named in code outdoes the environment; one that the environment names does not.
    if not in_code and (found := _from_environment()):
        return found
    if "role_arn" in profile:
        web = "web_identity_token_file" in profile
        _refuse("assume-role-with-web-identity" if web else "assume-role", f'profile "{name}" has a role_arn')
    if not in_code and os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        _refuse("assume-role-with-web-identity", "AWS_WEB_IDENTITY_TOKEN_FILE is set")
    if "sso_session" in profile or "sso_start_url" in profile:
        _refuse("sso", f'profile "{name}" signs in through SSO')
    if found := _from_section("shared-credentials-file", files["credentials"].get(name)):
        return found
    if "login_session" in profile:
        _refuse("login", f'profile "{name}" has a login_session')
    if "credential_process" in profile:
        _refuse("custom-process", f'profile "{name}" has a credential_process')
    if found := _from_section("config-file", files["config"].get(name)):
        return found
    for variable in ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        if os.environ.get(variable):
            _refuse("container-role", f"{variable} is set")
    return None


def _from_environment() -> Credentials | None:
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    if not access_key:
        return None
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not secret_key:
        _partial("env", "AWS_SECRET_ACCESS_KEY")
    token = next((value for name in TOKEN_VARIABLES if (value := os.environ.get(name))), None)
    return Credentials(access_key, secret_key, token, "env", os.environ.get("AWS_ACCOUNT_ID") or None)


def _from_section(method: str, section: Mapping[str, Any] | None) -> Credentials | None:
    if not section or "aws_access_key_id" not in section:
        return None
    if "aws_secret_access_key" not in section:
        _partial(method, "aws_secret_access_key")
    token = next((section[key] for key in TOKEN_KEYS if key in section), None)
    keys = section["aws_access_key_id"], section["aws_secret_access_key"]
    return Credentials(*keys, token, method, section.get("aws_account_id"))


def _partial(provider: str, missing: str) -> None:
    from fleetgrass import exceptions

    raise exceptions.PartialCredentialsError(provider=provider, cred_var=missing)


def _refuse(provider: str, reason: str) -> None:
    """Going on without would look for credentials where the user did not put them."""
    from fleetgrass import exceptions

    raise exceptions.CredentialRetrievalError(
        provider=provider,
        error_msg=f"{reason}, and fleetgrass reads static credentials only; pass them to Session() or client(), "
        "let boto3 find them with Session.from_boto3(boto3.Session()), or export them with "
        "`aws configure export-credentials --format env`",
    )
