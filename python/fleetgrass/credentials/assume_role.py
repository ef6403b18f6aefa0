"""A role that a profile names: assumed with the credentials of another profile, or of a named source.

Sources may be roles themselves, and so on until one has keys. A profile may be its own source if it has keys.
"""

from __future__ import annotations

import time

from fleetgrass.credentials import container, from_environment, in_profile, instance, is_role, partial, refuse, sts
from fleetgrass.credentials.refreshable import RefreshableCredentials, cached
from fleetgrass.inert_options import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from fleetgrass.credentials import Credentials, Search

METHOD = "assume-role"
#: What `credential_source` may say, and the user agent's id of each.
SOURCES = {"Environment": "g", "EcsContainer": "z", "Ec2InstanceMetadata": "0"}


def load(search: Search) -> RefreshableCredentials:
    return _role(search, [search.name])


def _role(search: Search, visited: list[str]) -> RefreshableCredentials:
    profile = search.profile
    _check(search, visited)
    if "credential_source" in profile:
        source = _from_source(search, profile["credential_source"])
        features = {"p", "i", SOURCES[profile["credential_source"]]}
    else:
        visited.append(profile["source_profile"])
        source = _from_profile(search.of(profile["source_profile"]), visited)
        features = {"o", "n", "i"}
    settings = {
        "RoleSessionName": profile.get("role_session_name"),
        "ExternalId": profile.get("external_id"),
        "SerialNumber": profile.get("mfa_serial"),
        "DurationSeconds": _duration(profile.get("duration_seconds")),
        "RoleArn": profile["role_arn"],
    }
    role = {name: value for name, value in settings.items() if value is not None}
    ask = _Asker(search, role, source)
    return RefreshableCredentials(ask, METHOD, features=sorted(features.union(source.features)))


class _Asker:
    """Assumes the role, with a code of the user's device where the profile names one.

    For that nobody is asked again once it was right. After a code that STS refused, or a Ctrl-C, the next call asks.
    """

    def __init__(self, search: Search, role: dict[str, Any], source: Credentials) -> None:
        self._search = search
        self._role = role
        self._source = source
        self._name = role.get("RoleSessionName") or f"fleetgrass-session-{int(time.time())}"
        self._asked = False

    def __call__(self) -> dict[str, Any]:
        if self._asked:
            from fleetgrass import exceptions

            raise exceptions.RefreshWithMFAUnsupportedError()
        found = cached(self._search.cache, (METHOD, *sorted(self._role.items())), self._assume)
        self._asked = "SerialNumber" in self._role
        return found

    def _assume(self) -> dict[str, Any]:
        role = {**self._role, "RoleSessionName": self._name}
        if serial := role.get("SerialNumber"):
            role["TokenCode"] = self._prompt(f"Enter MFA code for {serial}: ")
        return sts.assume(self._search, METHOD, "AssumeRole", role, self._source.get_frozen_credentials())

    def _prompt(self, text: str) -> Any:
        prompt = self._search.lookup.mfa_prompt
        if prompt is None:
            from getpass import getpass as prompt
        return prompt(text)


def _check(search: Search, visited: list[str]) -> None:
    profile, name = search.profile, search.name
    source, named = profile.get("source_profile"), profile.get("credential_source")
    if source is not None and named is not None:
        invalid(f'The profile "{name}" contains both source_profile and credential_source.')
    if named is not None:
        if named not in SOURCES:
            invalid(f'The credential source "{named}" referenced in profile "{name}" is not valid.')
        return
    if source is None:
        partial(METHOD, "source_profile or credential_source")
    profiles = search.lookup.files["profiles"]
    if source not in profiles:
        invalid(f'The source_profile "{source}" referenced in the profile "{name}" does not exist.')
    if source in visited and (source != name or not _has_keys(profiles[source])):
        from fleetgrass import exceptions

        raise exceptions.InfiniteLoopConfigError(source_profile=source, visited_profiles=visited)


def _from_profile(search: Search, visited: list[str]) -> Credentials:
    if is_role(search.profile) and not _has_keys(search.profile):
        return _role(search, visited)
    found = in_profile(search)
    if found is None:
        invalid(f'The source profile "{search.name}" must have credentials.')
    return found


def _from_source(search: Search, name: str) -> Credentials:
    if name == "Environment":
        found = from_environment()
    else:
        found = (container if name == "EcsContainer" else instance).load(search)
    if found is None:
        refuse(name, f"No credentials found in credential_source referenced in profile {search.name}")
    return found


def _has_keys(profile: Mapping[str, Any]) -> bool:
    return "aws_access_key_id" in profile or "aws_secret_access_key" in profile


def _duration(seconds: Any) -> int | None:
    try:
        return None if seconds is None else int(seconds)
    except ValueError:
        return None  # as botocore: STS then has its own
