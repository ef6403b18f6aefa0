"""`client.map` in an event loop: `fleetgrass.many`, with parameters and answers that are awaited.

The next item of an asynchronous iterable is awaited beside the calls that are under way, so that a slow one holds up no
answer. While somebody looks at the calls, they are made one after another in a thread, and items are read between them.
"""

from __future__ import annotations

from asyncio import (
    FIRST_COMPLETED,
    CancelledError,
    Event,
    create_task,
    ensure_future,
    get_running_loop,
    sleep,
    wait,
)

from fleetgrass.aio.door import Collected
from fleetgrass.aio.threads import in_thread
from fleetgrass.many import Map, OneByOne, items_of, noted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
    from typing import Any

    from fleetgrass import _core
    from fleetgrass.operations import Operation


#: After so many answers the loop has its turn, though nothing was waited for: items may all be such as cannot be sent.
BREATH = 100


class Watched:
    """What `Collected` does, by calls of `call` in a thread."""

    def __init__(self, call: Callable[[str, Any], Any]) -> None:
        self.many: OneByOne = OneByOne(call)

    async def take(self) -> list[tuple[int, Any]]:
        return await in_thread(self.many.take)

    def take_ended(self) -> list[tuple[int, Any]]:
        """A call is made when it is waited for: none has ended before."""
        return []

    def close(self) -> None:
        self.many.cancel()


class Items:
    """The parameters, from an iterable of either kind: those that are there, and whether more are to be awaited.

    An asynchronous iterable is read in one task from its beginning to its end, as by `async for`: what it enters, such
    as a timeout, it also leaves there.
    """

    def __init__(self, params: Iterable[Any] | AsyncIterable[Any]) -> None:
        self._now: Iterator[Any] | None = None if hasattr(params, "__aiter__") else items_of(params)
        #: Why there are no more, if that is no good end.
        self.failure: Exception | None = None
        #: The next item of an asynchronous iterable, or why there is none.
        self.next: Future[tuple[Any, BaseException | None]] | None = None
        self._wanted = Event()
        self._reader: Task[None] | None = None if self._now is not None else create_task(self._read_all(params))

    @property
    def is_over(self) -> bool:
        return self._now is None and self._reader is None

    def read(self, running: Map) -> None:
        """Begins a call if there is an item and room for it. What the input raises and is no `Exception` comes here."""
        if not running.has_room or self.is_over:
            return
        if self._reader is None:
            self._read_now(running)
        else:
            self._read_given(running)

    def _read_now(self, running: Map) -> None:
        try:
            item = next(self._now)  # type: ignore[arg-type]  # not over
        except StopIteration:
            self._now = None
        except Exception as error:
            self._now, self.failure = None, error
        else:
            running.begin(item)

    def _read_given(self, running: Map) -> None:
        assert self._reader is not None
        if self.next is None:
            if self._reader.done():  # cancelled between two items, as all tasks are at a loop's end
                raise CancelledError
            self.next = get_running_loop().create_future()
            self._wanted.set()
        if not self.next.done():
            return
        (item, ended), self.next = self.next.result(), None
        if ended is None:
            running.begin(item)
            return
        self._reader = None
        if not isinstance(ended, Exception):
            raise ended
        if not isinstance(ended, _End):
            self.failure = ended

    async def _read_all(self, params: Any) -> None:
        try:
            await self._wanted.wait()
            async for item in params:
                self._give(item)
                self._wanted.clear()
                await self._wanted.wait()
            self._give(None, _End())
        except BaseException as error:  # the reader's, who would hear of it in an `async for`
            self._give(None, error)

    def _give(self, item: Any, ended: BaseException | None = None) -> None:
        # Not the future's own exception, which is no StopIteration, and of which it complains when nobody takes it.
        if self.next is not None and not self.next.done():
            self.next.set_result((item, ended))
        elif ended is not None and not isinstance(ended, Exception):  # nobody reads on: the task is cancelled, say
            raise ended

    async def close(self) -> None:
        if self._reader is not None:
            self.next = None
            self._reader.cancel()
            await wait({self._reader})


class _End(Exception):
    """There are no more items."""


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
    items = Items(params)
    calls = Collected(core, max_concurrency) if watched is None else Watched(watched)
    taken: Future[list[tuple[int, Any]]] | None = None
    given = 0
    try:
        running = Map(calls.many, operation, max_concurrency, ordered, raises, paginate)
        while True:
            items.read(running)
            running.ended(calls.take_ended())
            due = running.due()
            if due is not None:
                if running.is_raised(due[1]):
                    running.withdraw()
                    while running.under_way > 0:
                        running.ended(await (taken or calls.take()), goes_on=False)
                        taken = None
                    raise noted(due[1], due[0])
                given += 1
                if given % BREATH == 0:
                    await sleep(0)
                yield due[1] if ordered else due
                continue
            if items.next is None:
                if running.has_room and not items.is_over:
                    continue
                if not running.under_way:
                    if items.failure is not None:
                        raise items.failure
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
