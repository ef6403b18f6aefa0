"""Children of a fork with a deadline, and the work that other processes do."""

from __future__ import annotations

import gc
import os
import signal
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

#: Seconds until a child that hangs is ended.
DEADLINE = 20


def fork(work: Callable[[], Any]) -> int:
    """Runs `work` in a child, which ends with status 0 if it returns. Gives the child's id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(DEADLINE)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def statuses(children: Iterable[int]) -> set[int]:
    """Waits for all of the children. 0 is success; one that had to be ended has the signal's number, negative."""
    return {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}


def status_of_a_call(client: Any) -> int:
    """What a pool's process does. A function of a module, so that its name can be pickled."""
    status: int = client.get_component(arn=f"child-{os.getpid()}")["ResponseMetadata"]["HTTPStatusCode"]
    return status


def used() -> tuple[int, int, int]:
    """Threads, descriptors and bytes of memory of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    threads, descriptors = (len(os.listdir(f"/proc/self/{name}")) for name in ("task", "fd"))
    return threads, descriptors, pages * os.sysconf("SC_PAGE_SIZE")
