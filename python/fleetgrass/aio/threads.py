"""Work that blocks, each piece in a thread of its own, for which nobody waits when its task or the loop has ended.

Handlers of events that are coroutine functions are awaited in the loop meanwhile. What these call may need a thread in
its turn, so it counts in no limit; other work waits until there are fewer than `MOST` in the loop.

A call whose task was cancelled sends nothing more: its thread asks before it sends, and now and then while it waits.
"""

from __future__ import annotations

from asyncio import CancelledError, Semaphore, get_running_loop, iscoroutine
from concurrent import futures
from contextlib import nullcontext, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from threading import Thread
from weakref import WeakKeyDictionary

from fleetgrass._core import start_thread
from fleetgrass.aio.door import awaitable
from fleetgrass.events import WAITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Task
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, TypeVar

    Result = TypeVar("Result")

MOST = 64
_IN_HANDLER: ContextVar[bool] = ContextVar("IN_HANDLER", default=False)
_places: WeakKeyDictionary[AbstractEventLoop, Semaphore] = WeakKeyDictionary()


async def in_thread(call: Callable[..., Result], *args: Any) -> Result:
    """What the call returns or raises."""
    loop = get_running_loop()
    async with nullcontext() if _IN_HANDLER.get() else _places.setdefault(loop, Semaphore(MOST)):
        ended: Future[Result] = loop.create_future()
        waits, context = Waits(loop), copy_context()
        context.run(WAITS.set, waits)

        def work() -> None:
            told: tuple[Callable[[Any], None], Any]
            try:
                told = ended.set_result, context.run(call, *args)
            except BaseException as error:
                told = ended.set_exception, awaitable(error)
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_tell, ended, *told)

        start_thread(Thread(target=work, name="fleetgrass-call", daemon=True))
        try:
            return await ended
        finally:
            waits.cancel()


def _tell(ended: Future[Any], tell: Callable[[Any], None], result: Any) -> None:
    if not ended.done():
        tell(result)


class Waits:
    """How the thread of a call waits. When nobody wants the call any more, its handler is cancelled and its wait ends.

    A coroutine is the loop's from when it begins; one that did not begin is closed by the thread. Which of the two it
    is, `ended` decides.
    """

    #: Seconds until a thread sees that the loop is closed.
    SLICE = 1.0

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._is_over = False
        self._ended: futures.Future[Any] | None = None
        self._task: Task[Any] | None = None

    def check(self) -> None:
        if self._is_over or self._loop.is_closed():
            raise CancelledError

    def __call__(self, answer: Awaitable[Any]) -> Any:
        coroutine = answer if iscoroutine(answer) else _answered(answer)
        ended: futures.Future[Any] = futures.Future()
        self._ended = ended
        context = copy_context()
        context.run(WAITS.set, None)  # in the loop nobody may wait for it
        context.run(_IN_HANDLER.set, True)
        try:
            self.check()
            self._loop.call_soon_threadsafe(self._begin, coroutine, ended, context=context)
            while not ended.done():
                if self._loop.is_closed():
                    raise CancelledError
                with suppress(futures.TimeoutError, futures.CancelledError):
                    ended.exception(self.SLICE)
            if ended.cancelled():
                raise CancelledError
            return ended.result()
        finally:
            if ended.cancel() or self._loop.is_closed():
                coroutine.close()  # no loop begins it any more

    def cancel(self) -> None:
        """In the loop, as all below."""
        self._is_over = True
        if self._ended is None or self._ended.cancel() or self._task is None:
            return
        if not self._loop.is_closed():
            self._task.cancel()

    def _begin(self, coroutine: Coroutine[Any, Any, Any], ended: futures.Future[Any]) -> None:
        if not ended.set_running_or_notify_cancel():
            return
        try:
            self._task = self._loop.create_task(coroutine)
        except BaseException as error:
            ended.set_exception(error)
        else:
            self._task.add_done_callback(partial(_pass_on, ended))


def _pass_on(ended: futures.Future[Any], task: Task[Any]) -> None:
    error = CancelledError() if task.cancelled() else task.exception()
    if error is None:
        ended.set_result(task.result())
    else:
        ended.set_exception(error)


async def _answered(answer: Awaitable[Any]) -> Any:
    return await answer
