"""`Session`: as `fleetgrass.Session`, with clients that are awaited, and with the interface of aiobotocore's.

What is set on a session, or registered with it, holds for the clients that are made later. What it has not got itself
is an installed aiobotocore's: other services' clients, and whatever else a session of aiobotocore has. That session is
made when it is first needed, and is told what was set here; what is done to its components stays there.

Clients are made and credentials found in a thread, since files are read for them and more, which may take a while.
"""

from __future__ import annotations

from functools import partial

from fleetgrass import _core, inert_options, session, user_agent
from fleetgrass.aio.threads import in_thread
from fleetgrass.events import Events
from fleetgrass.lookup import FILES, PLACES, VARIABLES
from fleetgrass.process import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from fleetgrass.aio._interface import GreengrassV2Client
    from fleetgrass.events import Handler

#: Settings that are read as what they are meant to be, by any client and by `get_config_variable`.
SWITCHES = frozenset({
    "csm_enabled", "disable_host_prefix_injection", "disable_request_compression", "ec2_metadata_v1_disabled",
    "ignore_configured_endpoint_urls", "imds_use_ipv6", "tcp_keepalive", "use_dualstack_endpoint", "use_fips_endpoint",
})  # fmt: skip
NUMBERS = frozenset({"csm_port", "max_attempts", "metadata_service_num_attempts", "metadata_service_timeout"})


class Session(session.Session):
    """What clients have in common: see `fleetgrass.Session`, whose arguments it takes. `profile` is `profile_name`.

    `user_agent_name`, `user_agent_version` and `user_agent_extra` may be set to what a program says of itself.
    """

    _rest, _rest_named = "aiobotocore", "an aiobotocore"
    user_agent_name: str = "fleetgrass"
    user_agent_version: str = _core.__version__
    user_agent_extra: str = ""

    def __init__(self, *args: Any, profile: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs if profile is None else {"profile_name": profile, **kwargs})
        self._begin()

    @classmethod
    def _beside(cls, other: session.Session) -> Session:
        """The session with the settings and credentials that another has, one for each other: what is set on either of
        the two holds for both.
        """
        made = cls.__new__(cls)
        made.__dict__.update(other.__dict__)
        made._begin()
        found: Session = other.__dict__.setdefault("_beside_it", made)
        return found

    def _begin(self) -> None:
        self._events = Events()
        self._was_set = False
        self._keys = [self._arguments[name] for name in session.KEYS]
        self._awaited: Credentials | None = None
        self._aiobotocore: Any = None
        self._making = Lock()
        #: The handlers that the session of aiobotocore's has from here.
        self._told: list[tuple[str, Handler]] = []

    @classmethod
    def from_boto3(cls, session: Any) -> Session:
        made = super().from_boto3(session)
        return made if isinstance(made, cls) else cls._beside(made)

    def client(self, *args: Any, **kwargs: Any) -> ClientContext:  # type: ignore[override]
        """A client of `greengrassv2`, for `async with`; arguments are those of `fleetgrass.Session.client`.

        Raises, when it is entered:
            ModuleNotFoundError: it is another service's, whose clients are aiobotocore's, which is not installed.
            UnknownServiceError: it is another service's, and the session is one of boto3's or botocore's.
        """

        def make() -> Any:
            self._named_lookup()
            return super(Session, self).client(*args, **kwargs)

        return ClientContext(make)

    create_client = client

    async def get_credentials(self) -> Credentials | None:
        """The credentials of the session, or None. Found once; their `get_frozen_credentials()` is awaited."""
        found = await in_thread(super().get_credentials)
        if found is None:
            return None
        if self._awaited is None or self._awaited._found is not found:
            self._awaited = Credentials(found)
        return self._awaited

    def set_credentials(
        self, access_key: str, secret_key: str, token: str | None = None, account_id: str | None = None
    ) -> None:
        """Sign with these keys from now on, whatever the environment and the files have."""
        from fleetgrass import credentials

        self._lookup.set_credentials(credentials.Credentials(access_key, secret_key, token, account_id=account_id))
        self._keys, self._was_set = [access_key, secret_key, token, account_id], True

    @property
    def profile(self) -> str | None:
        """The profile's name, or None where nobody named one."""
        return self._lookup.profile_name

    def get_scoped_config(self) -> dict[str, Any]:
        """What the shared files say in the profile. `ProfileNotFound`: neither has it."""
        return dict(self._lookup.profile)

    def get_config_variable(self, logical_name: str, methods: Collection[str] | None = None) -> Any:
        """A setting of this name of botocore's: set here, of the environment, of the profile, or its default.

        Args:
            methods: Where to look alone, of "instance" (set here), "env" and "config".
        Returns:
            A bool or an int where the setting is one; None where nobody has set it, or where there is no such setting.
        """
        if self._lent is not None:
            return self._lent.get_config_variable(logical_name, methods)
        if logical_name == "profile":
            return self._lookup.profile_name
        if logical_name == "s3":
            return self._lookup.s3_options or None
        if logical_name in FILES:
            return self._lookup.path(logical_name)
        if logical_name not in VARIABLES:
            return None
        value = self._lookup.get(logical_name, PLACES if methods is None else methods)
        if value is None:
            return None
        if logical_name in SWITCHES:
            return inert_options.truth(value)
        return int(value) if logical_name in NUMBERS else value

    def set_config_variable(self, logical_name: str, value: Any) -> None:
        """Let this value outdo those of the environment and the files. None takes it back."""
        self._lookup.set(logical_name, value)
        self._was_set = True

    def get_default_client_config(self) -> Any:
        """The `Config` that every client's own is merged into, or None."""
        return self._lookup.default_config

    def set_default_client_config(self, client_config: Any) -> None:
        """Let every client's own `Config` be merged into this one, ours or botocore's."""
        self._lookup.set_default_config(client_config)
        self._was_set = True

    def user_agent(self) -> str:
        """How the user agent of its clients begins."""
        return " ".join([user_agent.platform(), *self._named_lookup().user_agent_words])

    def register(
        self, event_name: str, handler: Handler, unique_id: Any = None, unique_id_uses_count: bool = False
    ) -> None:
        """Let `handler`, which may be a coroutine function, hear the events of the clients that are made from now on.

        Arguments and errors are those of `client.meta.events.register`.
        """
        self._events.register(event_name, handler, unique_id, unique_id_uses_count)

    def unregister(
        self,
        event_name: str,
        handler: Handler | None = None,
        unique_id: Any = None,
        unique_id_uses_count: bool = False,
    ) -> None:
        """Take a handler back; clients that are there keep it."""
        self._events.unregister(event_name, handler, unique_id, unique_id_uses_count)

    async def emit(self, event_name: str, **kwargs: Any) -> list[tuple[Handler, Any]]:
        """Call who hears the event, one after the other; each handler with its answer, which is awaited."""
        answers = []
        for handler in self._events.handlers(event_name):
            answer = handler(**kwargs, event_name=event_name)
            answers.append((handler, await answer if hasattr(answer, "__await__") else answer))
        return answers

    async def get_available_regions(  # type: ignore[override]
        self, service_name: str, partition_name: str = "aws", allow_non_regional: bool = False
    ) -> list[str]:
        """The Regions that botocore's tables list for the service. The service may be in more."""
        if service_name == session.SERVICE:
            return super().get_available_regions(service_name, partition_name, allow_non_regional)
        other = await in_thread(self._boto3_session)
        found: Any = other.get_available_regions(service_name, partition_name, allow_non_regional)
        regions: list[str] = await found if hasattr(found, "__await__") else found
        return regions

    def _check_profile(self) -> None:
        """An unknown one is reported when a client is made: another may be set until then."""

    def _make_client(self, options: dict[str, Any], facts: dict[str, Any]) -> Any:
        from fleetgrass.aio import _client

        return _client.make_client(self, options, facts)

    def _named_lookup(self) -> Any:
        name = f"{self.user_agent_name}/{self.user_agent_version}"
        words = [] if name == user_agent.product() else [name]
        self._lookup.program_words = (*words, *self.user_agent_extra.split())
        return self._lookup

    def _hand_on_handlers(self, client: Any) -> None:
        super()._hand_on_handlers(client)
        if self._events.observed:  # a client that nobody listens to loads nothing for it
            client.meta.events.join(self._events)

    @property
    def _lent(self) -> Any:
        """The session of botocore's that this one was made of."""
        return self._arguments["botocore_session"]

    def _boto3_session(self, *, required: bool = True) -> Any:
        """A session that has what this one has not: botocore's that it was made of, or one of aiobotocore's."""
        if self._lent is not None:
            return self._lent
        try:
            from aiobotocore.session import get_session
        except ImportError:
            if not required:
                return None
            raise session.missing("This session can make clients of greengrassv2 only.", self._rest) from None
        with self._making:
            if self._aiobotocore is None:
                self._aiobotocore = get_session()
                name = "user_agent_name", "user_agent_version", "user_agent_extra"
                self._their_name = {part: getattr(self._aiobotocore, part) for part in name}
            self._tell(self._aiobotocore)
        return self._aiobotocore

    def _tell(self, other: Any) -> None:
        """Let aiobotocore's session have what was set here."""
        from fleetgrass.config import to_botocore

        for name, value in self._lookup.in_code.items():
            other.set_config_variable(name, value)
        if any(self._keys):
            other.set_credentials(*self._keys)
        other.set_default_client_config(to_botocore(self._lookup.default_config))
        for part, theirs in self._their_name.items():
            setattr(other, part, getattr(self, part) if part in self.__dict__ else theirs)
        for event_name, handler in self._told:
            other.unregister(event_name, handler)
        self._told = self._events.registered()
        for event_name, handler in self._told:
            other.register(event_name, handler)

    def _boto3_made(self, kind: str, service_name: str, given: dict[str, Any], method: str | None = None) -> Any:
        if kind != "client" or self._lent is not None:
            from fleetgrass import exceptions

            raise exceptions.UnknownServiceError(service_name=service_name, known_service_names=session.SERVICE)
        return super()._boto3_made(kind, service_name, given, "create_client")

    def _call(self, make: Callable[..., Any], service_name: str, given: dict[str, Any]) -> Any:
        """Not here, in a thread: see `ClientContext`."""
        return partial(make, service_name, **given)

    def _pickled(self) -> dict[str, Any]:
        if self._was_set or self._named_lookup().program_words:
            raise session.pickling_error("a Session on which something was set cannot be pickled: pass it as arguments")
        return super()._pickled()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(profile={self.profile!r})"


class Credentials:
    """What `Session.get_credentials` gives: the parts under their names, and all of them at once to be awaited.

    A part of keys that expire is that of the last renewal, or of one that is made then and there.
    """

    def __init__(self, found: Any) -> None:
        self._found = found

    async def get_frozen_credentials(self) -> Any:
        """Access key, secret key, token and account id of one moment. A thread renews them where they expire."""
        return await in_thread(self._found.get_frozen_credentials)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._found, name)

    def __repr__(self) -> str:
        return repr(self._found)


class ClientContext:
    """A client to be: `async with` makes it, and closes it in the end."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._client: Any = None

    async def __aenter__(self) -> GreengrassV2Client:
        made = await in_thread(self._make)
        # A coroutine of aiobotocore's is made here, where it is awaited and not lost to a thread.
        self._client = made() if isinstance(made, partial) else made
        entered: GreengrassV2Client = await self._client.__aenter__()
        return entered

    async def __aexit__(self, *raised: object) -> None:
        await self._client.__aexit__(*raised)
