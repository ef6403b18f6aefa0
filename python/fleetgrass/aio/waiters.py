"""Waiters that are awaited: goals, settings and errors are the sync ones'."""

from __future__ import annotations

from asyncio import sleep

from fleetgrass import exceptions, waiters
from fleetgrass.waiters import WAITERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["WAITERS", "Waiter"]


class Waiter(waiters.Waiter):
    """Waits for one goal. `config.delay` (seconds) and `config.max_attempts` are the defaults of `wait`."""

    async def wait(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Call the operation with these parameters until the goal is reached.

        Raises:
            WaiterError: it will not be reached, or was not in time; `last_response` is the last answer.
        """
        delay, attempts = self._settings(kwargs)
        for attempts_left in reversed(range(attempts)):
            try:
                response = await self._method(**kwargs)
            except exceptions.ClientError as error:
                self._refused(error)
            if self._reached(response, attempts_left):
                return
            await sleep(delay)
