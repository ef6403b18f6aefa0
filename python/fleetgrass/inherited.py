"""The settings of a botocore session, for a session of ours that was made of it.

The botocore session is asked whenever ours is, so what is changed there holds for the next client. It lends its
profile, Region and credentials (which renew themselves where they expire), every setting in the order in which it
looks, its default `Config`, its endpoint URLs, and the words it adds to the user agent. Models of other data paths,
plugins of botocore's clients and its client-side monitoring have no counterpart here and stay behind.
"""

from __future__ import annotations

from fleetgrass.lookup import VARIABLES, Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from fleetgrass.credentials import Credentials


class Inherited(Lookup):
    """A `Lookup` in a botocore session. What is given beside it is set on it, as boto3 does.

    Raises:
        TypeError: it is no botocore session, or one whose credentials have to be awaited.
    """

    def __init__(
        self, session: Any, profile_name: str | None, region_name: str | None, credentials: Credentials | None
    ) -> None:
        _check(session)
        if profile_name is not None:
            session.set_config_variable("profile", profile_name)
        if credentials is not None:
            session.set_credentials(*credentials.get_frozen_credentials())
        if region_name is not None:
            session.set_config_variable("region", region_name)
        self._session = session
        self._instance_region: str | None = None
        self._features: list[str] = []

    def now(self) -> Inherited:
        self.profile  # noqa: B018 - an unknown one is reported
        return self

    def set(self, name: str, value: Any) -> None:
        self._session.set_config_variable(name, value)

    def set_credentials(self, credentials: Any) -> None:
        self._session.set_credentials(*credentials.get_frozen_credentials())

    def set_default_config(self, config: Any) -> None:
        self._session.set_default_client_config(config)

    @property
    def profile_name(self) -> str | None:
        found: str | None = self._session.profile
        return found

    @property
    def profile(self) -> Mapping[str, Any]:
        found: dict[str, Any] = self._session.get_scoped_config()
        return found

    @property
    def available_profiles(self) -> list[str]:
        found: list[str] = self._session.available_profiles
        return found

    @property
    def services(self) -> Mapping[str, Any]:
        found: dict[str, Any] = self._session.full_config.get("services", {})
        return found

    @property
    def s3_options(self) -> dict[str, Any]:
        return dict(self._session.get_config_variable("s3") or {})

    @property
    def region_name(self) -> str | None:
        found: str | None = self.get("region")
        return found

    @property
    def default_config(self) -> Any:
        return self._session.get_default_client_config()

    @property
    def user_agent_words(self) -> tuple[str, ...]:
        """The name and the extra words that the program gave the session, without those of boto3 and botocore."""
        session = self._session
        name = f"{session.user_agent_name}/{session.user_agent_version}"
        words = [name, *session.user_agent_extra.split(), *self.program_words]
        return tuple(word for word in words if not word.startswith(("Boto3/", "Botocore/")))

    def credentials(self, region_name: str | None = None) -> Any:
        from botocore.context import ClientContext, get_context, start_as_current_context

        # What finds credentials notes its ids in this context, and once only: botocore keeps what was found.
        with start_as_current_context(ClientContext()):
            found = self._session.get_credentials()
            if noted := get_context().features:
                self._features = sorted(noted)
        return found

    def check_token(self) -> None:
        self._session.get_auth_token()

    def credential_features(self, found: Any) -> list[str]:
        if self._features and getattr(found, "method", None) != "explicit":
            return self._features
        return super().credential_features(found)

    def get(self, name: str, places: Collection[str] | None = None) -> Any:
        value = self._session.get_config_variable(name, places)
        return VARIABLES[name][1] if value is None and name in VARIABLES else value

    def path(self, name: str) -> str:
        found: str = self._session.get_config_variable(name)
        return found


def _check(session: Any) -> None:
    from inspect import iscoroutinefunction

    kind = f"{type(session).__module__}.{type(session).__qualname__}"
    if not all(hasattr(session, name) for name in ("get_config_variable", "get_scoped_config", "get_credentials")):
        raise TypeError(f"a {kind} is no session of boto3's or botocore's, which it has to be to lend its settings")
    if iscoroutinefunction(session.get_credentials):
        raise TypeError(
            f"the credentials of a {kind} have to be awaited, which a client of ours cannot do; "
            "pass a session of boto3's or botocore's"
        )
