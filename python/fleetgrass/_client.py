"""The client: what `client("greengrassv2")` gives. Its class is made once a process, from the model.

(The module has an underscore because `fleetgrass.client` is the function.)
"""

from __future__ import annotations

from fleetgrass import _core, exceptions, kinship, operations
from fleetgrass.user_agent import PAGINATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from typing import Any, Literal, overload

    from fleetgrass.config import Config
    from fleetgrass.events import Events
    from fleetgrass.hooks import Hooks
    from fleetgrass.many import OneByOne
    from fleetgrass.paginate import Paginator
    from fleetgrass.session import Session
    from fleetgrass.waiters import Waiter


def _inside(name: str) -> property:
    """What botocore has inside a client under this name, and code from outside reaches for."""
    return property(lambda client: getattr(client.meta._inside(), name))


class BaseClient:
    """A client of AWS IoT Greengrass V2. Threads may share it; a `with` block closes its connections at the end."""

    # Filled in the class that is made from the model.
    _OPERATIONS: dict[str, operations.Operation]
    _PY_TO_OP_NAME: dict[str, str]

    def __init__(self, session: Session, options: dict[str, Any], facts: dict[str, Any]) -> None:
        self._session = session
        self._arguments = facts["arguments"]
        self._credentials = facts["credentials"]
        self._core = _core.Client(options, facts["provider"])
        self.meta: ClientMeta = ClientMeta(facts, self._PY_TO_OP_NAME, self._core)

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        """One call by its API name. Every method goes through here, which is where instrumentation hooks in."""
        patched = kinship.patched_call(self)
        if patched is not None:
            return patched(operation_name, api_params)
        hooks = self.meta._hooks
        if hooks is not None and hooks.events.observed:
            return hooks.call(operation_name, api_params)
        return self._core.call(operation_name, api_params, PAGINATED.get())

    if TYPE_CHECKING:

        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["return"] = ...,
            ordered: Literal[True] = ...,
            paginate: bool = ...,
        ) -> Generator[dict[str, Any] | Exception, None, None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["return"] = ...,
            ordered: Literal[False],
            paginate: bool = ...,
        ) -> Generator[tuple[int, dict[str, Any] | Exception], None, None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["raise"],
            ordered: Literal[True] = ...,
            paginate: bool = ...,
        ) -> Generator[dict[str, Any], None, None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["raise"],
            ordered: Literal[False],
            paginate: bool = ...,
        ) -> Generator[tuple[int, dict[str, Any]], None, None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["return", "raise"] = ...,
            ordered: bool = ...,
            paginate: bool = ...,
        ) -> Generator[Any, None, None]: ...

    def map(
        self,
        operation: str,
        params: Iterable[Any],
        *,
        max_concurrency: int | None = None,
        errors: Literal["return", "raise"] = "return",
        ordered: bool = True,
        paginate: bool = False,
    ) -> Generator[Any, None, None]:
        """Call one operation for each of `params`, many at a time, and yield one answer for each.

        Args:
            operation: the name of the method, or the API's.
            params: dicts or other mappings of parameters, read as they are needed: twice `max_concurrency` ahead, and
                further only where one slow answer holds up others that are there, 16 times at most; not ahead while
                handlers see the calls. A dict may be given again with other values. An answer that is there is given
                before the next but one is read. If reading them raises, that is raised after the answers.
            max_concurrency: how many calls are made at the same time; `Config(max_concurrency=...)` unless given.
            errors: "return" yields the exception that the method would raise in place of an answer. "raise" raises it,
                once the calls that have begun are over; its `item_index` and a note say which item it is of.
            ordered: yield answers in the order of `params`. Otherwise pairs of the index in `params` and the answer,
                as they come.
            paginate: follow pages; an answer is what the paginator's `build_full_result()` gives.
        Returns:
            A generator. Closing it ends the calls that are under way.
        Raises:
            UnknownClientMethodError: there is no such operation.  OperationNotPageableError: its answer is whole.
            ValueError: `max_concurrency` or `errors` is none of the above.
        """
        from fleetgrass.many import Map

        mapped, concurrency = self._mapped(operation, max_concurrency, errors)
        return Map(self._calls(concurrency), mapped, concurrency, ordered, errors == "raise", paginate).answers(params)

    def _mapped(self, operation: str, max_concurrency: int | None, errors: str) -> tuple[operations.Operation, int]:
        """The operation of a map and its calls at once, where the arguments make sense."""
        from fleetgrass import settings

        method_name = {api_name: name for name, api_name in self._PY_TO_OP_NAME.items()}.get(operation, operation)
        if method_name not in self._OPERATIONS:
            raise exceptions.UnknownClientMethodError(method_name=operation)
        if max_concurrency is None:
            max_concurrency = self.meta.config.max_concurrency
        if type(max_concurrency) is not int or max_concurrency < 1:
            raise ValueError(f"max_concurrency is {max_concurrency!r}: it has to be a whole number from 1 up")
        if errors not in ("return", "raise"):
            raise ValueError(f"errors is {errors!r}: it has to be 'return' or 'raise'")
        return self._operation(method_name), min(max_concurrency, settings.UNLIMITED)

    def _calls(self, concurrency: int) -> _core.Many | OneByOne:
        """What makes so many calls at once, or one after another where somebody looks at them."""
        if not self._is_watched():
            return _core.Many(self._core, concurrency)
        from fleetgrass.many import OneByOne

        return OneByOne(self._make_api_call)

    def _is_watched(self) -> bool:
        """Whether somebody wants to see each call go through `_make_api_call`."""
        hooks = self.meta._hooks
        observed = hooks is not None and hooks.events.observed
        return (
            observed
            or kinship.patched_call(self) is not None
            or getattr(self._make_api_call, "__func__", None) is not _CALL
        )

    @property
    def exceptions(self) -> exceptions.BaseServiceExceptions:
        """`ClientError` and a class for each error of the service."""
        return exceptions.service_exceptions()

    def can_paginate(self, operation_name: str) -> bool:
        """Whether the method of this name answers in pages. `KeyError` where there is no such method."""
        return self._operation(operation_name).paginator is not None

    def get_paginator(self, operation_name: str) -> Paginator:
        """What reads all pages of the method of this name.

        Raises:
            OperationNotPageableError: its answer is whole.  KeyError: there is no such method.
        """
        operation = self._operation(operation_name)
        if operation.paginator is None:
            raise exceptions.OperationNotPageableError(operation_name=operation_name)
        from fleetgrass.paginate import Paginator

        cls = type(f"{type(self).__name__}.Paginator.{operation.api_name}", (Paginator,), {})
        made: Paginator = cls(getattr(self, operation_name), operation.paginator)
        return made

    def _operation(self, method_name: str) -> operations.Operation:
        return self._OPERATIONS[method_name]

    @property
    def waiter_names(self) -> list[str]:
        from fleetgrass.waiters import WAITERS

        return list(WAITERS)

    def get_waiter(self, waiter_name: str) -> Waiter:
        """What polls until something is so; `waiter_names` lists them. `ValueError` for any other name."""
        from fleetgrass.waiters import WAITERS, Waiter

        if waiter_name not in WAITERS:
            raise ValueError(f"Waiter does not exist: {waiter_name}")
        goal = WAITERS[waiter_name]
        return Waiter(goal, getattr(self, goal.method_name))

    def generate_presigned_url(
        self, ClientMethod: str, Params: Any = None, ExpiresIn: Any = 3600, HttpMethod: str | None = None
    ) -> str:
        """A URL that makes the call for whoever has it, for `ExpiresIn` seconds. Nothing is sent.

        Raises:
            UnknownClientMethodError: there is no such method.  ParamValidationError, NoCredentialsError: as a call.
        """
        operation = self._OPERATIONS.get(ClientMethod)
        if operation is None:
            raise exceptions.UnknownClientMethodError(method_name=ClientMethod)
        params = {} if Params is None else Params
        if not isinstance(params, dict):
            params.get  # noqa: B018 - raises as botocore does for what is no dict
        expires_in = str(3600 if ExpiresIn is None else ExpiresIn)
        hooks = self.meta._hooks
        if hooks is not None and hooks.events.observed:
            return hooks.presign(operation.api_name, params, expires_in, HttpMethod)
        return self._core.presign(operation.api_name, params, expires_in, HttpMethod)

    def close(self) -> None:
        """Close the connections. The client keeps working and opens new ones."""
        self._core.close()

    def __enter__(self) -> BaseClient:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    _convert_to_request_dict = _inside("_convert_to_request_dict")
    _emit_api_params = _inside("_emit_api_params")
    _endpoint = _inside("_endpoint")
    _make_request = _inside("_make_request")
    _request_signer = _inside("_request_signer")
    _resolve_endpoint_ruleset = _inside("_resolve_endpoint_ruleset")

    @property
    def _service_model(self) -> Any:
        return self.meta.service_model

    @property
    def _client_config(self) -> Config:
        return self.meta.config

    def _get_credentials(self) -> Any:
        """The credentials that calls are signed with, or None."""
        return self._credentials

    if not TYPE_CHECKING:  # whom these would tell that a client has every attribute, and that its class is any

        @property
        def __class__(self) -> type:
            """One of botocore's clients too, also where botocore was loaded after the client was made."""
            return kinship.kin(type(self))

        def __getattr__(self, name: str) -> Any:
            """What a handler of `getattr.greengrassv2.<name>` gives."""
            meta: ClientMeta | None = self.__dict__.get("meta")
            if meta is not None and meta._hooks is not None:
                _, found = meta.events.emit_until_response(f"getattr.greengrassv2.{name}", client=self)
                if found is not None:
                    return found
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __reduce__(self) -> tuple[Any, ...]:
        """A client is made again where its pickle is loaded: of the same session, arguments and Region.

        Handlers that were registered at `meta.events` stay behind.
        """
        from fleetgrass import config, session

        arguments = {name: value for name, value in self._arguments.items() if value is not None}
        session.check_secrets(self._session, arguments)
        if "config" in arguments:
            arguments["config"] = config.from_any(arguments["config"])
        return _revive, (self._session, arguments)


_CALL = BaseClient._make_api_call


class ClientMeta:
    """What a client is, apart from its methods."""

    def __init__(self, facts: dict[str, Any], method_to_api_mapping: dict[str, str], core: _core.Client) -> None:
        self._facts = facts
        self._core = core
        self._hooks: Hooks | None = None
        self._made: dict[str, Hooks] = {}
        self._method_to_api_mapping = method_to_api_mapping
        self._service_model: Any = None

    @property
    def region_name(self) -> str:
        return str(self._facts["region_name"])

    @property
    def endpoint_url(self) -> str:
        """The custom URL, or what botocore's older table says, which in few Regions is not the URL that is called."""
        return str(self._facts["endpoint_url"])

    @property
    def partition(self) -> str:
        return str(self._facts["partition"])

    @property
    def config(self) -> Config:
        """The options of the client, all settled."""
        config: Config = self._facts["config"]
        return config

    @property
    def events(self) -> Events:
        """Where handlers of the steps of a call are registered: see `fleetgrass.events`."""
        return self._inside().events

    def _inside(self) -> Hooks:
        """What lies inside the client, made when somebody looks."""
        if self._hooks is None:
            from fleetgrass.hooks import Hooks

            # Of threads that come at the same time the first one's stays. No lock: a held one would outlive a fork.
            self._made.setdefault("hooks", Hooks(self, self._core, self._facts))
            self._hooks = self._made["hooks"]
        return self._hooks

    @property
    def method_to_api_mapping(self) -> dict[str, str]:
        return self._method_to_api_mapping

    @property
    def service_model(self) -> Any:
        """The service as a `botocore.model.ServiceModel`. Needs botocore, and is made when it is first asked for."""
        if self._service_model is None:
            try:
                from botocore.model import ServiceModel
            except ImportError:
                from fleetgrass.session import missing

                raise missing("client.meta.service_model is an object of botocore's.") from None
            from json import loads

            self._service_model = ServiceModel(loads(_core.model()), service_name="greengrassv2")
        return self._service_model


def make_class(base: type[BaseClient]) -> type[BaseClient]:
    """The client's class, with a method for each operation."""
    methods = {operation.__name__: operation for operation in operations.load()}
    names = {name: operation.api_name for name, operation in methods.items()}
    attributes = {**methods, "_OPERATIONS": methods, "_PY_TO_OP_NAME": names, "__doc__": base.__doc__}
    return type("GreengrassV2", (base,), attributes)


if TYPE_CHECKING:
    from fleetgrass._interface import GreengrassV2Client as GreengrassV2
else:
    GreengrassV2 = make_class(BaseClient)


def make_client(session: Session, options: dict[str, Any], facts: dict[str, Any]) -> GreengrassV2:
    return kinship.kin(GreengrassV2)(session, options, facts)


def _revive(session: Session, arguments: dict[str, Any]) -> GreengrassV2:
    made: GreengrassV2 = session.client("greengrassv2", **arguments)
    return made
