"""Where calls and the event loop that awaits them meet.

The core makes the descriptor of its `Many` readable when calls have ended; the loop then takes all that have, and
builds their answers in one go. Nothing here is touched by another thread than the loop's. The loop holds no door, so
that a client that is dropped, closed or not, takes its descriptors with it.
"""

from __future__ import annotations

import sys
from asyncio import Event, get_running_loop
from contextlib import suppress
from os import getpid
from weakref import ref

from fleetgrass import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from typing import Any


class Door:
    """Calls of one client in the running loop, at most `max_concurrency` under way. Each ends in `deliver`."""

    #: Whether the loop watches nothing for it.
    _left = True

    def __init__(self, core: _core.Client, max_concurrency: int) -> None:
        self.loop: AbstractEventLoop = get_running_loop()
        self.many: _core.Many = _core.Many(core, max_concurrency, True)
        self._process = getpid()
        if not hasattr(self.many, "fileno"):
            raise RuntimeError(
                f"fleetgrass.aio does not run on {sys.platform} yet, only on Unix: make the call in a thread, by "
                "asyncio.to_thread and a client of fleetgrass"
            )
        try:
            self.loop.add_reader(self.many.fileno(), _ended, ref(self))
        except NotImplementedError:
            raise RuntimeError(
                f"{type(self.loop).__name__} cannot watch descriptors (add_reader): run fleetgrass.aio in a loop that "
                "can, like asyncio.SelectorEventLoop"
            ) from None
        self._left = False

    @property
    def is_inherited(self) -> bool:
        """Whether it is of the parent of this process, where its calls end."""
        return self._process != getpid()

    def deliver(self, answers: list[tuple[int, Any]]) -> None:
        """Calls have ended: their numbers, and what each returned or the exception that it raises."""
        raise NotImplementedError  # each kind of door has its own way

    def close(self) -> None:
        """Ends the calls that are under way, and leaves the loop."""
        # What a fork's loop watches with is its parent's too.
        if not self.is_inherited:
            if not self.loop.is_closed():
                self.loop.remove_reader(self.many.fileno())
            self.many.cancel()
            self._left = True

    def __del__(self) -> None:
        # Whichever thread collects the garbage.
        if self._left:
            return
        if self.is_inherited:
            if not self.loop.is_closed():
                _watched.append(self.many)
            return
        with suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(_forget, self.loop, self.many)


#: In a fork, doors of its parent. If the fork runs their loop too, that watches them still, by the numbers of their
#: descriptors, which no other may get.
_watched: list[_core.Many] = []


def _ended(watched: ref[Door]) -> None:
    door = watched()
    if door is not None and not door.is_inherited:
        door.deliver(door.many.take_ended())


def _forget(loop: AbstractEventLoop, many: _core.Many) -> None:
    """The door to `many` is gone; the descriptor stays open until here."""
    loop.remove_reader(many.fileno())


class Awaited(Door):
    """Each call is awaited by who makes it."""

    def __init__(self, core: _core.Client, max_concurrency: int) -> None:
        super().__init__(core, max_concurrency)
        self._answers: dict[int, Future[Any]] = {}
        self._last = 0

    async def call(self, operation: str, params: Any, paginated: bool) -> Any:
        """What the call returns or raises. Cancelled, it ends, and its connection with it."""
        number = self._last = self._last + 1
        self.many.submit(number, operation, params, paginated)
        answer = self._answers[number] = self.loop.create_future()
        try:
            return await answer
        finally:
            if self._answers.pop(number, None) is not None:
                self.many.cancel(number)
                # Others that were cancelled with this one must not begin in its place before they know.
                with suppress(RuntimeError):  # the loop is closed
                    self.loop.call_soon(self.many.begin)

    def deliver(self, answers: list[tuple[int, Any]]) -> None:
        for number, answer in answers:
            awaited = self._answers.pop(number, None)
            if awaited is None or awaited.done():
                continue
            if isinstance(answer, BaseException):
                awaited.set_exception(awaitable(answer))
            else:
                awaited.set_result(answer)

    def close(self) -> None:
        """Ends the calls that are under way: whoever awaits one gets `RuntimeError`."""
        super().close()
        awaited, self._answers = self._answers, {}
        for answer in awaited.values():
            # A loop that is closed tells nobody of anything.
            if not self.loop.is_closed() and not answer.done():
                answer.set_exception(RuntimeError("the client was closed during this call"))


def awaitable(error: BaseException) -> BaseException:
    """The error as an `await` may raise it, which is no `StopIteration`: some credentials raise one."""
    if not isinstance(error, StopIteration):
        return error
    raised = RuntimeError("the call raised StopIteration")
    raised.__cause__ = error
    return raised


class Collected(Door):
    """Answers gather until somebody takes them."""

    def __init__(self, core: _core.Client, max_concurrency: int) -> None:
        super().__init__(core, max_concurrency)
        self._answers: list[tuple[int, Any]] = []
        self._there = Event()

    async def take(self) -> list[tuple[int, Any]]:
        """Waits until calls have ended, and gives all that have."""
        await self._there.wait()
        return self.take_ended()

    def take_ended(self) -> list[tuple[int, Any]]:
        """The same of the calls that have ended by now."""
        self._there.clear()
        answers, self._answers = self._answers, []
        return answers

    def deliver(self, answers: list[tuple[int, Any]]) -> None:
        if answers:
            self._answers += answers
            self._there.set()
