"""Locks of which every process has its own, the Python side of the core's `client/process.rs`.

A lock that another thread holds at the moment of a fork stays locked in the child for ever.
"""

from __future__ import annotations

from _thread import LockType, allocate_lock
from os import getpid


class Lock:
    """A lock for `with`. After a fork the child has another one, which nobody holds. Not reentrant.

    A thread that forks inside the block leaves it in the child without a lock.
    """

    def __init__(self) -> None:
        self._of: dict[int, LockType] = {}

    def __enter__(self) -> None:
        process = getpid()
        # setdefault is one step: threads that come at the same time get the same one.
        (self._of.get(process) or self._of.setdefault(process, allocate_lock())).acquire()

    def __exit__(self, *raised: object) -> None:
        if own := self._of.get(getpid()):
            own.release()
