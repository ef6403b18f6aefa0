"""Work that blocks, in a thread. Handlers of events that are coroutine functions are awaited in the loop meanwhile."""

from __future__ import annotations

from asyncio import get_running_loop, run_coroutine_threadsafe, to_thread
from functools import partial

from fleetgrass.events import AWAIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable
    from typing import Any, TypeVar

    Result = TypeVar("Result")


async def in_thread(call: Callable[..., Result], *args: Any) -> Result:
    """What the call returns or raises."""
    marked = AWAIT.set(partial(_wait, get_running_loop()))
    try:
        return await to_thread(call, *args)
    finally:
        AWAIT.reset(marked)


def _wait(loop: AbstractEventLoop, answer: Awaitable[Any]) -> Any:
    return run_coroutine_threadsafe(_answered(answer), loop).result()


async def _answered(answer: Awaitable[Any]) -> Any:
    return await answer
