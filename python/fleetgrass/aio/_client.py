"""The client of `fleetgrass.aio`: the sync one, with what takes time to be awaited."""

from __future__ import annotations

from asyncio import get_running_loop
from contextlib import suppress

from fleetgrass import _client, exceptions, kinship
from fleetgrass.aio.door import Awaited
from fleetgrass.aio.threads import in_thread
from fleetgrass.many import PATIENT
from fleetgrass.user_agent import PAGINATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
    from typing import Any, Literal, overload

    from fleetgrass.aio.paginate import Paginator
    from fleetgrass.aio.waiters import Waiter
    from fleetgrass.session import Session


class BaseClient(_client.BaseClient):
    """A client of AWS IoT Greengrass V2 for asyncio. Loops may share it; `async with` closes it at the end."""

    def __init__(self, session: Session, options: dict[str, Any], facts: dict[str, Any]) -> None:
        super().__init__(session, options, facts)
        self._max_concurrency: int = options["max_pool_connections"]
        self._doors: dict[AbstractEventLoop, Awaited] = {}

    async def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        """One call by its API name. Every method goes through here."""
        observed = self._observed_call()
        if observed is not None:
            patient = PATIENT.set(True)  # for the thread, as every call of a loop is
            try:
                return await in_thread(observed, operation_name, api_params)
            finally:
                with suppress(ValueError):  # the loop is gone, and garbage is collected in another context
                    PATIENT.reset(patient)
        return await self._door().call(operation_name, api_params, PAGINATED.get())

    def _observed_call(self) -> Any:
        """What makes a call, in a thread, that somebody wants to see; None where nobody does."""
        patched = kinship.patched_call(self)
        if patched is not None:
            return patched
        hooks = self.meta._hooks
        return hooks.call if hooks is not None and hooks.events.observed else None

    def _door(self) -> Awaited:
        """That to the running loop."""
        loop = get_running_loop()
        door = self._doors.get(loop)
        if door is None or door.is_inherited:
            for ended in [known for known in list(self._doors) if known.is_closed()]:
                other = self._doors.pop(ended, None)  # another thread's loop may be here as well
                if other is not None:
                    other.close()
            door = self._doors[loop] = Awaited(self._core, self._max_concurrency)
        return door

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["return"] = ...,
            ordered: Literal[True] = ...,
            paginate: bool = ...,
        ) -> AsyncGenerator[dict[str, Any] | Exception, None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["return"] = ...,
            ordered: Literal[False],
            paginate: bool = ...,
        ) -> AsyncGenerator[tuple[int, dict[str, Any] | Exception], None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["raise"],
            ordered: Literal[True] = ...,
            paginate: bool = ...,
        ) -> AsyncGenerator[dict[str, Any], None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["raise"],
            ordered: Literal[False],
            paginate: bool = ...,
        ) -> AsyncGenerator[tuple[int, dict[str, Any]], None]: ...
        @overload
        def map(
            self,
            operation: str,
            params: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
            *,
            max_concurrency: int | None = ...,
            errors: Literal["return", "raise"] = ...,
            ordered: bool = ...,
            paginate: bool = ...,
        ) -> AsyncGenerator[Any, None]: ...

    def map(
        self,
        operation: str,
        params: Iterable[Any] | AsyncIterable[Any],
        *,
        max_concurrency: int | None = None,
        errors: Literal["return", "raise"] = "return",
        ordered: bool = True,
        paginate: bool = False,
    ) -> AsyncGenerator[Any, None]:
        """Call one operation for each of `params`, many at a time, and yield one answer for each.

        As the sync client's `map`, arguments and errors included; `params` may be an asynchronous iterable too.

        Returns:
            An asynchronous generator. Closing it, or cancelling who reads it, ends the calls that are under way.
        """
        from fleetgrass.aio.many import answers

        mapped, concurrency = self._mapped(operation, max_concurrency, errors)
        if paginate and mapped.paginator is None:
            raise exceptions.OperationNotPageableError(operation_name=mapped.__name__)
        watched = self._observed_call()
        return answers(watched, self._core, mapped, params, concurrency, ordered, errors == "raise", paginate)

    def get_paginator(self, operation_name: str) -> Paginator:
        """What reads all pages of the method of this name, as an asynchronous iterator.

        Raises:
            OperationNotPageableError: its answer is whole.  KeyError: there is no such method.
        """
        operation = self._operation(operation_name)
        if operation.paginator is None:
            raise exceptions.OperationNotPageableError(operation_name=operation_name)
        from fleetgrass.aio.paginate import Paginator

        cls = type(f"{type(self).__name__}.Paginator.{operation.api_name}", (Paginator,), {})
        made: Paginator = cls(getattr(self, operation_name), operation.paginator)
        return made

    def get_waiter(self, waiter_name: str) -> Waiter:
        """What polls until something is so; `waiter_names` lists them. `ValueError` for any other name."""
        from fleetgrass.aio.waiters import WAITERS, Waiter

        if waiter_name not in WAITERS:
            raise ValueError(f"Waiter does not exist: {waiter_name}")
        goal = WAITERS[waiter_name]
        return Waiter(goal, getattr(self, goal.method_name))

    async def generate_presigned_url(  # type: ignore[override]
        self, ClientMethod: str, Params: Any = None, ExpiresIn: Any = 3600, HttpMethod: str | None = None
    ) -> str:
        """A URL that makes the call for whoever has it, for `ExpiresIn` seconds; errors are the sync client's.

        Nothing is sent, but for credentials that have to be renewed: in a thread.
        """
        return await in_thread(super().generate_presigned_url, ClientMethod, Params, ExpiresIn, HttpMethod)

    async def close(self) -> None:  # type: ignore[override]
        """Close the connections, and end the calls that are awaited in this loop.

        The client keeps working and opens new ones. A `map` ends with its generator: close that.
        """
        door = self._doors.pop(get_running_loop(), None)
        if door is not None:
            door.close()
        super().close()

    async def __aenter__(self) -> BaseClient:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    def __enter__(self) -> BaseClient:
        raise TypeError("a client of fleetgrass.aio is entered by `async with`, not by `with`")

    def __reduce__(self) -> tuple[Any, ...]:
        from pickle import PicklingError

        raise PicklingError("a client of fleetgrass.aio cannot be pickled: pickle its Session, and make a client there")


if TYPE_CHECKING:
    from fleetgrass.aio._interface import GreengrassV2Client as GreengrassV2
else:
    GreengrassV2 = _client.make_class(BaseClient)


def make_client(session: Session, options: dict[str, Any], facts: dict[str, Any]) -> GreengrassV2:
    return kinship.kin(GreengrassV2)(session, options, facts)
