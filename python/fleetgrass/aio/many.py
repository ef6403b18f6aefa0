"""`client.map` in an event loop: `fleetgrass.many`, with parameters and answers that are awaited.

The next item of an asynchronous iterable is awaited beside the calls that are under way, so that a slow one holds up no
answer. While somebody looks at the calls, they are made one after another in a thread.
"""

from __future__ import annotations

from asyncio import FIRST_COMPLETED, ensure_future, wait

from fleetgrass.aio.door import Collected
from fleetgrass.aio.threads import in_thread
from fleetgrass.many import Map, OneByOne, is_raised, noted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
    from typing import Any

    from fleetgrass import _core
    from fleetgrass.operations import Operation


class Watched:
    """What `Collected` does, by calls of `call` in a thread."""

    def __init__(self, call: Callable[[str, Any], Any]) -> None:
        self.many: OneByOne = OneByOne(call)

    async def take(self) -> list[tuple[int, Any]]:
        return await in_thread(self.many.take)

    def take_ended(self) -> list[tuple[int, Any]]:
        return self.many.take_ended()

    def close(self) -> None:
        self.many.cancel()


class Items:
    """The parameters, from an iterable of either kind: those that are there, and whether more are to be awaited."""

    def __init__(self, params: Iterable[Any] | AsyncIterable[Any]) -> None:
        self._later = params.__aiter__() if hasattr(params, "__aiter__") else None
        self._now = iter(()) if self._later else iter(params)  # type: ignore[arg-type]
        self.next: Future[Any] | None = None

    def read(self, running: Map) -> None:
        """Begins calls while there are items and room for them."""
        while running.has_room:
            if self._later is None:
                try:
                    item = next(self._now)
                except StopIteration:
                    self._now = iter(())
                    return
            elif self.next is None:
                self.next = ensure_future(self._later.__anext__())
                return
            elif not self.next.done():
                return
            else:
                read, self.next = self.next, None
                try:
                    item = read.result()
                except StopAsyncIteration:
                    self._later = None
                    return
            running.begin(item)

    async def close(self) -> None:
        if self.next is not None:
            self.next.cancel()
            await wait({self.next})


async def answers(
    watched: Callable[[str, Any], Any] | None,
    core: _core.Client,
    operation: Operation,
    params: Iterable[Any] | AsyncIterable[Any],
    max_concurrency: int,
    ordered: bool,
    raises: bool,
    paginate: bool,
) -> AsyncGenerator[Any, None]:
    """One run of `client.map`; `watched` makes the calls where somebody looks at them."""
    calls = Collected(core, max_concurrency) if watched is None else Watched(watched)
    taken: Future[list[tuple[int, Any]]] | None = None
    items = Items(params)
    try:
        running = Map(calls.many, operation, max_concurrency, ordered, paginate)
        while True:
            items.read(running)
            running.turn_pages(calls)
            due = running.due()
            if due is not None:
                if is_raised(due[1], raises):
                    running.withdraw()
                    while running.under_way > 0:
                        running.ended(await (taken or calls.take()), goes_on=False)
                        taken = None
                    raise noted(due[1], due[0])
                yield due[1] if ordered else due
                continue
            if items.next is None:
                if not running.under_way:
                    return
                running.ended(await (taken or calls.take()))
                taken = None
                continue
            # One that is there, and for which there is no room, is nothing to wait for.
            awaited: set[Future[Any]] = set() if items.next.done() else {items.next}
            if running.under_way:
                taken = taken or ensure_future(calls.take())
                awaited.add(taken)
            await wait(awaited, return_when=FIRST_COMPLETED)
            if taken is not None and taken.done():
                running.ended(taken.result())
                taken = None
    finally:
        calls.close()
        if taken is not None:
            taken.cancel()
        await items.close()
