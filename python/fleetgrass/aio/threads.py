"""Work that blocks, each piece in a thread of its own, for which nobody waits when its task or the loop has ended.

Handlers of events that are coroutine functions are awaited in the loop meanwhile. What these call may need a thread in
its turn, so it counts in no limit; other work waits until there are fewer than `MOST` in the loop.
"""

from __future__ import annotations

from asyncio import Semaphore, get_running_loop, iscoroutine, run_coroutine_threadsafe
from concurrent import futures
from contextlib import nullcontext, suppress
from contextvars import copy_context
from threading import Thread
from weakref import WeakKeyDictionary

from fleetgrass.events import AWAIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Awaitable, Callable
    from typing import Any, TypeVar

    Result = TypeVar("Result")

MOST = 64
_places: WeakKeyDictionary[AbstractEventLoop, Semaphore] = WeakKeyDictionary()


async def in_thread(call: Callable[..., Result], *args: Any) -> Result:
    """What the call returns or raises."""
    loop = get_running_loop()
    is_handlers = AWAIT.get() is not None
    async with nullcontext() if is_handlers else _places.setdefault(loop, Semaphore(MOST)):
        ended: Future[Result] = loop.create_future()
        waits, context = Waits(loop), copy_context()
        context.run(AWAIT.set, waits)

        def work() -> None:
            told: tuple[Callable[[Any], None], Any]
            try:
                told = ended.set_result, context.run(call, *args)
            except BaseException as error:
                told = ended.set_exception, error
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_tell, ended, *told)

        Thread(target=work, name="fleetgrass-call", daemon=True).start()
        try:
            return await ended
        finally:
            waits.cancel()


def _tell(ended: Future[Any], tell: Callable[[Any], None], result: Any) -> None:
    if not ended.done():
        tell(result)


class Waits:
    """How a thread waits for handlers. When nobody wants its call any more they are cancelled, and it ends so."""

    #: Seconds until a thread sees that the loop is closed.
    SLICE = 1.0

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._is_over = False
        self._awaited: futures.Future[Any] | None = None

    def __call__(self, answer: Awaitable[Any]) -> Any:
        coroutine = answer if iscoroutine(answer) else _answered(answer)
        try:
            if self._is_over:
                raise futures.CancelledError
            self._awaited = awaited = run_coroutine_threadsafe(coroutine, self._loop)
            while not awaited.done():
                if self._is_over or self._loop.is_closed():
                    awaited.cancel()
                with suppress(futures.TimeoutError):
                    futures.wait([awaited], self.SLICE)
            return awaited.result()
        finally:
            if self._awaited is None or self._loop.is_closed():
                coroutine.close()  # no loop begins it any more

    def cancel(self) -> None:
        self._is_over = True
        if self._awaited is not None:
            self._awaited.cancel()


async def _answered(answer: Awaitable[Any]) -> Any:
    return await answer
