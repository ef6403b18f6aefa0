"""`Session`: boto3's, with clients of our own for greengrassv2. Everything else goes on to an installed boto3.

A session reads the shared files once, when it is made; the environment is read whenever a client is made.
"""

from __future__ import annotations

from fleetgrass import _core
from fleetgrass.lookup import Lookup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, overload

    from fleetgrass._interface import GreengrassV2Client

SERVICE = "greengrassv2"
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_account_id")


class Session:
    """What clients have in common: credentials, Region and profile.

    Args:
        botocore_session: Take everything that is not said here from this one, which goes on being asked; the other
            arguments are set on it, as boto3 does. `fleetgrass.inherited` says what a session lends.
        pickle_secrets: Let pickles of clients and of this session carry the keys that were passed as arguments.
            Without it such a pickle is refused. A pickle carries the arguments, the Region and the name of the profile,
            so that no variable where it is loaded makes it another's; all else that the environment and the files say
            is looked up again there. So are credentials that are no profile's: keys in the environment, and a
            container's or an instance's role.
        mfa_prompt: Called with the words to ask with, gives the code of the device that a role's `mfa_serial` names.
            Without it the terminal is asked.
    Raises:
        ProfileNotFound: neither shared file has the profile.
        ConfigParseError: a shared file cannot be read; it names the file.
        NoCredentialsError: `aws_account_id` without keys.
        TypeError: `botocore_session` is none, or one whose credentials have to be awaited.
    """

    #: What has all that a session of ours has not.
    _rest, _rest_named = "fleetgrass[boto3]", "a boto3"

    def __init__(
        self,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        region_name: str | None = None,
        botocore_session: Any = None,
        profile_name: str | None = None,
        aws_account_id: str | None = None,
        *,
        pickle_secrets: bool = False,
        mfa_prompt: Callable[[str], str] | None = None,
    ) -> None:
        self._arguments = {
            "aws_access_key_id": aws_access_key_id,
            "aws_secret_access_key": aws_secret_access_key,
            "aws_session_token": aws_session_token,
            "region_name": region_name,
            "botocore_session": botocore_session,
            "profile_name": profile_name,
            "aws_account_id": aws_account_id,
        }
        self._pickle_secrets = pickle_secrets
        self._mfa_prompt = mfa_prompt
        keys = (aws_access_key_id, aws_secret_access_key, aws_session_token, aws_account_id)
        given = _explicit_credentials(*keys) if any(keys) else None
        if botocore_session is None:
            self._lookup = Lookup(profile_name, region_name, given, mfa_prompt)
        else:
            from fleetgrass.inherited import Inherited

            self._lookup = Inherited(botocore_session, profile_name, region_name, given)
        self._check_profile()
        self._boto3: Any = None

    @classmethod
    def from_boto3(cls, session: Any) -> Session:
        """A session with the credentials and settings of a session of boto3's or botocore's, which goes on being asked.

        Its clients of other services are those of `session` itself. A session of ours comes back as it is.

        Raises:
            TypeError: `session` is none, or one whose credentials have to be awaited.
        """
        if isinstance(session, Session):
            return session
        made = cls(botocore_session=getattr(session, "_session", session))
        if hasattr(session, "_session"):
            made._boto3 = session
        return made

    def _check_profile(self) -> None:
        self._lookup.profile  # noqa: B018 - an unknown one is reported

    @property
    def profile_name(self) -> str:
        return self._lookup.profile_name or "default"

    @property
    def region_name(self) -> str | None:
        return self._lookup.region_name

    @property
    def available_profiles(self) -> list[str]:
        return self._lookup.available_profiles

    def get_credentials(self) -> Any:
        """The credentials of the session, or None. Found once; `get_frozen_credentials()` gives the parts."""
        return self._lookup.credentials()

    if TYPE_CHECKING:

        @overload
        def client(
            self,
            service_name: Literal["greengrassv2"],
            region_name: str | None = ...,
            api_version: str | None = ...,
            use_ssl: bool = ...,
            verify: bool | str | None = ...,
            endpoint_url: str | None = ...,
            aws_access_key_id: str | None = ...,
            aws_secret_access_key: str | None = ...,
            aws_session_token: str | None = ...,
            config: Any = ...,
            aws_account_id: str | None = ...,
        ) -> GreengrassV2Client: ...
        @overload
        def client(
            self,
            service_name: str,
            region_name: str | None = ...,
            api_version: str | None = ...,
            use_ssl: bool = ...,
            verify: bool | str | None = ...,
            endpoint_url: str | None = ...,
            aws_access_key_id: str | None = ...,
            aws_secret_access_key: str | None = ...,
            aws_session_token: str | None = ...,
            config: Any = ...,
            aws_account_id: str | None = ...,
        ) -> Any: ...

    def client(
        self,
        service_name: str,
        region_name: str | None = None,
        api_version: str | None = None,
        use_ssl: bool = True,
        verify: bool | str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        config: Any = None,
        aws_account_id: str | None = None,
    ) -> Any:
        """A client of `greengrassv2`; for any other service boto3's.

        Args:
            region_name: Wins over `config`, the session, `AWS_DEFAULT_REGION` and the profile, in that order.
            use_ssl: False calls `http://`; without effect on an `endpoint_url`.
            verify: False trusts any certificate; a path names the bundle of certificates to trust.
            endpoint_url: Call this URL; its path is a prefix of every request's.
            config: A `Config`, ours or botocore's.
        Raises:
            NoRegionError, InvalidRegionError, PartialCredentialsError, InvalidConfigError and other errors of
            settings. Missing credentials are an error of the first call, not of this.
        """
        given = {
            "region_name": region_name,
            "api_version": api_version,
            "use_ssl": use_ssl,
            "verify": verify,
            "endpoint_url": endpoint_url,
            "aws_access_key_id": aws_access_key_id,
            "aws_secret_access_key": aws_secret_access_key,
            "aws_session_token": aws_session_token,
            "config": config,
            "aws_account_id": aws_account_id,
        }
        if service_name != SERVICE:
            return self._boto3_made("client", service_name, given)
        if default := self._lookup.default_config:
            from fleetgrass.config import merged

            given["config"] = merged(default, config) if config is not None else default
        from fleetgrass import settings

        options, facts = settings.settle(self._lookup, given)
        made = self._make_client(options, facts)
        self._hand_on_handlers(made)
        return made

    def _make_client(self, options: dict[str, Any], facts: dict[str, Any]) -> Any:
        from fleetgrass import _client

        return _client.make_client(self, options, facts)

    def _hand_on_handlers(self, client: Any) -> None:
        """Let who listens to this session's `events`, which are botocore's, listen to the client too."""
        inner = self._arguments["botocore_session"] or (self._boto3 and self._boto3._session)
        if inner is None:
            return
        from fleetgrass.boto import user_handlers

        for event_name, handler, section in user_handlers(inner):
            suffix = "" if section == "middle" else f"_{section}"
            getattr(client.meta.events, f"register{suffix}")(event_name, handler)

    def resource(
        self,
        service_name: str,
        region_name: str | None = None,
        api_version: str | None = None,
        use_ssl: bool = True,
        verify: bool | str | None = None,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        config: Any = None,
    ) -> Any:
        """boto3's resource. greengrassv2 has none."""
        given = {name: value for name, value in locals().items() if name not in ("self", "service_name")}
        return self._boto3_made("resource", service_name, given)

    def get_available_services(self) -> list[str]:
        """Ours, and boto3's where it is installed."""
        boto3_session = self._boto3_session(required=False)
        return [SERVICE] if boto3_session is None else list(boto3_session.get_available_services())

    def get_available_partitions(self) -> list[str]:
        return _core.partitions()

    def get_available_regions(
        self, service_name: str, partition_name: str = "aws", allow_non_regional: bool = False
    ) -> list[str]:
        """The Regions that botocore's tables list for the service. The service may be in more."""
        if service_name == SERVICE:
            return _core.listed_endpoints(partition_name, allow_non_regional)
        found: list[str] = self._boto3_session().get_available_regions(service_name, partition_name, allow_non_regional)
        return found

    def get_partition_for_region(self, region_name: str) -> str:
        partition = _core.partition_of(region_name)
        if partition is None:
            from fleetgrass import exceptions

            raise exceptions.UnknownRegionError(
                region_name=region_name, error_msg="No partition found for provided region_name."
            )
        return partition

    def _boto3_session(self, *, required: bool = True) -> Any:
        """A boto3 session of the same arguments. A botocore session among them has taken in the others already."""
        if self._boto3 is None:
            try:
                import boto3
            except ImportError:
                if not required:
                    return None
                raise missing("This session can make clients of greengrassv2 only.") from None
            given = self._arguments["botocore_session"]
            arguments = self._arguments if given is None else {"botocore_session": given}
            self._boto3 = boto3.Session(**{k: v for k, v in arguments.items() if v is not None})
        return self._boto3

    def _boto3_made(self, kind: str, service_name: str, given: dict[str, Any], method: str | None = None) -> Any:
        try:
            make = getattr(self._boto3_session(), method or kind)
        except ModuleNotFoundError:
            what = f"fleetgrass itself has no {kind} of {service_name!r}, only greengrassv2's."
            raise missing(what, self._rest) from None
        from fleetgrass.config import to_botocore

        given["config"] = to_botocore(given["config"])
        if given.get("aws_account_id") is None:
            given.pop("aws_account_id", None)
        return self._call(make, service_name, given)

    def _call(self, make: Callable[..., Any], service_name: str, given: dict[str, Any]) -> Any:
        return make(service_name, **given)

    def __getattr__(self, name: str) -> Any:
        """What else a boto3 session has, `events` and `_session` among it, is boto3's."""
        if name.startswith("_") and name != "_session":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        boto3_session = self._boto3_session(required=False)
        if boto3_session is None:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}; "
                f"{self._rest_named} session may have it: pip install {self._rest}"
            )
        return getattr(boto3_session, name)

    def __copy__(self) -> Session:
        """With the same settings and credentials, which are not looked for again."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self._pickled())

    def _pickled(self) -> dict[str, Any]:
        """The arguments that make this session again elsewhere."""
        if self._arguments["botocore_session"] is not None:
            raise pickling_error("a Session made with botocore_session cannot be pickled: pass its settings instead")
        arguments = {k: v for k, v in self._arguments.items() if v is not None}
        check_secrets(self, arguments)
        found = {"region_name": self.region_name, "profile_name": self._lookup.profile_to_keep}
        arguments = {**{k: v for k, v in found.items() if v is not None}, **arguments}
        return {**arguments, "pickle_secrets": self._pickle_secrets, "mfa_prompt": self._mfa_prompt}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(region_name={self.region_name!r})"


def _explicit_credentials(key: str | None, secret: str | None, token: str | None, account_id: str | None) -> Any:
    """The arguments of a session as they are: botocore lets a key without a secret pass here."""
    if account_id is not None and (key is None or secret is None):
        from fleetgrass import exceptions

        raise exceptions.NoCredentialsError()
    from fleetgrass.credentials import Credentials

    return Credentials(key, secret, token, account_id=account_id)


def check_secrets(session: Session, arguments: dict[str, Any]) -> None:
    """Refuse to put keys into a pickle unless the session allows it."""
    secret = [k for k in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token") if arguments.get(k)]
    if secret and not session._pickle_secrets:
        raise pickling_error(
            f"the pickle would hold {secret[0]} in the clear: name a profile or use the environment instead, "
            "or allow it with Session(..., pickle_secrets=True)"
        )


def pickling_error(message: str) -> Exception:
    from pickle import PicklingError

    return PicklingError(message)


def _revive(cls: type[Session], arguments: dict[str, Any]) -> Session:
    return cls(**arguments)


def missing(what: str, package: str = Session._rest) -> ModuleNotFoundError:
    name = "boto3" if package == Session._rest else package
    return ModuleNotFoundError(f"{what} For the rest of AWS: pip install {package}", name=name)
