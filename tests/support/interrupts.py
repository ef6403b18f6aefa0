"""A Ctrl-C that comes while a call waits, and how long it takes to end the call."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

WITHIN = 0.1
#: The machine may be busy with something else just then.
TRIES = 5


@contextmanager
def ctrl_c(when: Callable[[], Any]) -> Iterator[list[float]]:
    """Sends this process a Ctrl-C after `when` returns and expects it to end the block; gives the seconds it took."""
    sent: list[float] = []

    def interrupt() -> None:
        when()
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    took: list[float] = []
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        yield took
    took.append(time.monotonic() - sent[0])
    thread.join()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
