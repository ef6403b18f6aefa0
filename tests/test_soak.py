"""A long run: threads and an event loop, a service that fails one time in a hundred, keys that expire every second.

The calls go by every door there is: single ones from threads and from the loop, and `map` of both clients.

No call may be lost, memory stays flat, and when both clients are closed no descriptor is left of the run.
`FLEETGRASS_SOAK=200000 pytest -s tests/test_soak.py` is the run of a night; what it saw is printed.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

import fleetgrass.aio
from fleetgrass.credentials.refreshable import RefreshableCredentials
from support.interrupts import until
from support.processes import used
from support.soak import served

CALLS = int(os.environ.get("FLEETGRASS_SOAK", "4000"))
#: Calls by each way but the first, and by `map` twice as many: they wait for the budget, which throttlings lower.
BESIDE = min(CALLS, 8000) // 16
#: Which of the calls, by number, go by which door.
SINGLE, MAPPED = range(CALLS - 4 * BESIDE), range(CALLS - 4 * BESIDE, CALLS - 2 * BESIDE)
AWAITED, MAPPED_IN_LOOP = range(CALLS - 2 * BESIDE, CALLS - BESIDE), range(CALLS - BESIDE, CALLS)
#: How many calls may be lost to five faults in a row, which is one in 10^10: none, but for bad luck.
UNLUCKY = 3
THREADS = 64
#: Of each of the other three doors at a time.
CONCURRENCY = 16
SAMPLES = 50
#: What memory may seem to grow by, whatever the length of the run: the allocator's noise.
NOISE = 8_000_000
#: Descriptors that a run may have at a time: a connection for each call, and what an event loop watches with.
CONNECTIONS, WATCHED = THREADS + 3 * CONCURRENCY, 16


class EverySecond(RefreshableCredentials):
    """Keys that are good for a second, until the last moment of it: then all threads wait for one that renews them."""

    def __init__(self) -> None:
        self.renewed = 0
        super().__init__(self._renew_them, "soak")

    def _renew_them(self) -> dict[str, Any]:
        self.renewed += 1
        expiry = datetime.now(timezone.utc) + timedelta(seconds=1)
        keys = {"access_key": f"AKID{self.renewed}", "secret_key": f"secret-{self.renewed}", "token": "token"}
        return {**keys, "expiry_time": expiry.isoformat()}

    def refresh_needed(self, within: timedelta = timedelta()) -> bool:
        return super().refresh_needed(timedelta())


def slope(points: list[tuple[int, float]]) -> float:
    """Of the straight line through the points that misses them least."""
    xs, ys = zip(*points, strict=True)
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((x - x_mean) ** 2 for x in xs)
    return float(sum((x - x_mean) * (y - y_mean) for x, y in points) / across)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc")
@pytest.mark.timeout(300 + CALLS // 100)
def test_no_call_is_lost_and_nothing_grows() -> None:
    session = botocore.session.Session()
    keys = session._credentials = EverySecond()
    config = Config(retries={"mode": "standard", "total_max_attempts": 5}, max_pool_connections=THREADS)
    numbers, awaited, answered = iter(SINGLE), iter(AWAITED), [0] * CALLS
    ended = count(1)
    failed: list[str] = []
    samples: list[tuple[int, tuple[int, int, int]]] = []

    def note(answer: Any) -> None:
        if isinstance(answer, Exception):
            failed.append(type(answer).__name__)
        else:
            answered[int(answer["tags"]["number"])] += 1
        if (number := next(ended)) % (CALLS // SAMPLES) == 0:
            samples.append((number, used()))

    def items(numbers: range) -> Iterator[dict[str, str]]:
        return ({"arn": f"call-{number}"} for number in numbers)

    with served(share=0.01) as (url, seen):
        where: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": url, "config": config}
        client: Any = fleetgrass.Session(botocore_session=session).client("greengrassv2", **where)
        assert list(client.map("get_component", [])) == []  # what the process keeps is there
        descriptors = used()[1]

        def work() -> None:
            for number in numbers:
                try:
                    note(client.get_component(arn=f"call-{number}"))
                except Exception as error:
                    note(error)

        def work_through_map() -> None:
            for answer in client.map("get_component", items(MAPPED), max_concurrency=CONCURRENCY):
                note(answer)

        async def work_in_loop() -> None:
            async def work(client: Any) -> None:
                for number in awaited:
                    try:
                        note(await client.get_component(arn=f"call-{number}"))
                    except Exception as error:
                        note(error)

            async def work_through_map(client: Any) -> None:
                async for answer in client.map("get_component", items(MAPPED_IN_LOOP), max_concurrency=CONCURRENCY):
                    note(answer)

            async with fleetgrass.aio.Session(botocore_session=session).client("greengrassv2", **where) as client:
                await asyncio.gather(work_through_map(client), *(work(client) for _ in range(CONCURRENCY)))

        began = time.monotonic()
        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        threads.append(threading.Thread(target=work_through_map))
        threads.append(threading.Thread(target=lambda: asyncio.run(work_in_loop())))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        client.close()
        until(lambda: used()[1] <= descriptors)

    errors = Counter(failed)
    print(f"\n{CALLS} calls from {THREADS} threads and a loop in {took:.1f} s:")
    print(f"{sum(answered)} answers, errors {dict(errors)}")
    print(f"the server saw {dict(seen)}; keys were renewed {keys.renewed} times")
    settled = [(number, use) for number, use in sorted(samples) if number >= CALLS // 5]
    slopes = {}
    for at, name in ((2, "bytes"), (1, "descriptors")):
        points = [(number, float(use[at])) for number, use in settled]
        slopes[name] = slope(points)
        print(f"{name}: {points[0][1]:.0f} after a fifth, {points[-1][1]:.0f} at the end, {slopes[name]:+.3g} a call")

    assert sum(answered) + len(failed) == CALLS
    assert max(answered) == 1, "an answer came to a call that was not its own"
    assert errors["ResourceNotFoundException"] == seen["final"]
    # All other faults are such as another attempt cures.
    assert len(failed) - errors["ResourceNotFoundException"] <= UNLUCKY, errors
    assert slopes["bytes"] * CALLS <= NOISE
    assert max(use[1] for _, use in samples) <= descriptors + CONNECTIONS + WATCHED
