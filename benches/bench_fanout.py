"""Many calls at once, ours beside boto3 and aiobotocore on the same work in the same run.

    map          `client.map` beside boto3 in its best thread pool, which is looked for first
    aio          `fleetgrass.aio` beside aiobotocore: tasks that call one after another
    threads      plain sync calls from 16 threads, of either

The server (`constant_server.py`) is a process of its own that answers at once, then one that answers after 20 ms.
Rivals take turns, in rounds; medians of the times of a call are printed, their ratios with what they must reach, and,
at 20 ms, how much longer a run took than the latency alone would.

    python benches/bench_fanout.py [--rounds N] [--calls N] [--only NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiobotocore
import aiobotocore.config
import aiobotocore.session
import boto3
import botocore.config
from constant_server import server

import fleetgrass
import fleetgrass.aio
from fleetgrass import _core

ARGUMENTS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
CONCURRENCY = 64
LATENCY = 0.020
PARAMS = {"coreDeviceThingName": "device-000001"}
#: Ratios of wall and of CPU that must be reached, and that are aimed at.
GOALS = {"map": ((9, 15), (15, 20)), "aio": ((8, 12), (12, 16)), "threads": ((5, 9), (9, 13))}
Figures = tuple[float, float]


def timed(work: Callable[[], None], calls: int) -> Figures:
    """Wall and CPU seconds of one call, over `calls` of them."""
    used, started = time.process_time(), time.perf_counter()
    work()
    return (time.perf_counter() - started) / calls, (time.process_time() - used) / calls


def mapped(client: Any, calls: int) -> Figures:
    def work() -> None:
        for answer in client.map("get_core_device", (PARAMS for _ in range(calls)), max_concurrency=CONCURRENCY):
            assert "status" in answer, answer

    return timed(work, calls)


def pooled(client: Any, threads: int, calls: int) -> Figures:
    def one(_: int) -> None:
        client.get_core_device(**PARAMS)

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(one, range(calls)):
                pass

    return timed(work, calls)


def awaited(context: Callable[[], Any], calls: int) -> Figures:
    """Tasks share the calls; the client, its connections and the loop are made outside of what is timed."""

    async def run() -> Figures:
        async with context() as client:
            numbers = iter(range(calls))

            async def task() -> None:
                for _ in numbers:
                    await client.get_core_device(**PARAMS)

            await asyncio.gather(*(client.get_core_device(**PARAMS) for _ in range(CONCURRENCY)))
            used, started = time.process_time(), time.perf_counter()
            await asyncio.gather(*(task() for _ in range(CONCURRENCY)))
            return (time.perf_counter() - started) / calls, (time.process_time() - used) / calls

    return asyncio.run(run())


def best_pool(client: Any) -> int:
    """The number of threads with which boto3 is fastest."""
    sizes = (4, 8, 16, 32, CONCURRENCY)
    return min(sizes, key=lambda size: min(pooled(client, size, 400)[0] for _ in range(2)))


def rivals(url: str) -> dict[str, dict[str, Callable[[int], Figures]]]:
    """By the name of the work, ours and theirs."""
    config = botocore.config.Config(max_pool_connections=CONCURRENCY)
    ours = fleetgrass.client("greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    theirs = boto3.client("greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    session = aiobotocore.session.get_session()
    aio_config = aiobotocore.config.AioConfig(max_pool_connections=CONCURRENCY)
    our_context = partial(fleetgrass.aio.client, "greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    their_context = partial(session.create_client, "greengrassv2", endpoint_url=url, config=aio_config, **ARGUMENTS)
    best = best_pool(theirs)
    return {
        "map": {"fleetgrass": partial(mapped, ours), f"boto3, {best} threads": partial(pooled, theirs, best)},
        "aio": {"fleetgrass.aio": partial(awaited, our_context), "aiobotocore": partial(awaited, their_context)},
        "threads": {
            "fleetgrass, 16 threads": partial(pooled, ours, 16),
            "boto3, 16 threads": partial(pooled, theirs, 16),
        },
    }


def compare(name: str, work: dict[str, Callable[[int], Figures]], rounds: int, calls: int, latency: float) -> None:
    figures: dict[str, list[Figures]] = {rival: [] for rival in work}
    for _ in range(rounds):
        for rival, measure in work.items():
            figures[rival].append(measure(calls))
    print(f"\n{name}, {latency * 1e3:.0f} ms: µs a call{'':12}{'wall':>10}{'CPU':>10}")
    for rival, rows in figures.items():
        wall, cpu = (statistics.median(column) * 1e6 for column in zip(*rows, strict=True))
        late = f"{wall * CONCURRENCY / 1e6 / latency:14.2f} times what the latency allows" if latency else ""
        print(f"{rival:38}{wall:10.1f}{cpu:10.1f}{late}")
    ours, theirs = figures.values()
    ratios = [statistics.median(b[at] / a[at] for a, b in zip(ours, theirs, strict=True)) for at in range(2)]
    goals = "" if latency else "   must {0[0]} / {0[1]}, aim {1[0]} / {1[1]}".format(*GOALS[name])
    print(f"{'theirs ÷ ours':38}{ratios[0]:10.2f}{ratios[1]:10.2f}{goals}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=5000, help="calls a round")
    parser.add_argument("--only", choices=GOALS, help="one of the comparisons")
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    versions = f"fleetgrass {fleetgrass.__version__} ({_core.__profile__} build), boto3 {boto3.__version__}"
    print(f"{versions}, aiobotocore {aiobotocore.__version__}")
    print(f"medians of {options.rounds} rounds; {options.calls} calls a round, {CONCURRENCY} in flight")
    for latency in (0, LATENCY):
        with server(latency) as url:
            for name, work in rivals(url).items():
                if options.only in (None, name) and not (latency and name == "threads"):
                    compare(name, work, options.rounds, options.calls, latency)


if __name__ == "__main__":
    main()
