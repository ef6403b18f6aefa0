"""Many calls at once, ours beside boto3, aiobotocore and the Rust SDK on the same work in the same run.

    map          `client.map` beside boto3 in its best thread pool, which is looked for first
    aio          `fleetgrass.aio` beside aiobotocore: tasks that call one after another
    threads      plain sync calls from 16 threads, of either

The server (`constant_server.py`) is a process of its own that answers at once, then one that answers after 20 ms.
Rivals take turns, in rounds; medians of the times of a call are printed, their ratios with what they must reach, and,
at 20 ms, how much longer a run took than the latency alone would. The Rust SDK stands beside `map` and `aio` where it
has been built, aiobotocore where it has its environment (`rival.py`); this makes them:

    cargo build --release --locked --manifest-path benches/sdk/Cargo.toml
    python -m venv target/aiobotocore && target/aiobotocore/bin/pip install aiobotocore

    python benches/bench_fanout.py [--rounds N] [--calls N] [--only NAME] [--sdk PATH] [--aio-python PATH] [--markdown]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import rival
from awaited import ARGUMENTS, CONCURRENCY, PARAMS, awaited
from constant_server import server
from report import RUST_SDK, Goals, Report, Times, take_turns

import fleetgrass
import fleetgrass.aio
from fleetgrass import _core

LATENCY = 0.020
#: Theirs by ours.
GOALS = {"map": Goals((9, 15), (15, 20)), "aio": Goals((8, 12), (12, 16)), "threads": Goals((5, 9), (9, 13))}
Measure = Callable[[int], Times]


def timed(work: Callable[[], None], calls: int) -> Times:
    """Wall and CPU seconds of one call, over `calls` of them."""
    used, started = time.process_time(), time.perf_counter()
    work()
    return (time.perf_counter() - started) / calls, (time.process_time() - used) / calls


def mapped(client: Any, calls: int) -> Times:
    def work() -> None:
        for answer in client.map("get_core_device", (PARAMS for _ in range(calls)), max_concurrency=CONCURRENCY):
            assert "status" in answer, answer

    return timed(work, calls)


def pooled(client: Any, threads: int, calls: int) -> Times:
    def one(_: int) -> None:
        client.get_core_device(**PARAMS)

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(one, range(calls)):
                pass

    return timed(work, calls)


def one_awaited(context: Callable[[], Any], calls: int) -> Times:
    wall, used = awaited(context, calls)
    return wall / calls, used / calls


def best_pool(client: Any) -> int:
    """The number of threads with which boto3 is fastest."""
    sizes = (4, 8, 16, 32, CONCURRENCY)
    return min(sizes, key=lambda size: min(pooled(client, size, 400)[0] for _ in range(2)))


def rivals(url: str, sdk: rival.Rival | None, aiobotocore: rival.Rival | None) -> dict[str, dict[str, Measure]]:
    """By the name of the work: ours first."""
    config = botocore.config.Config(max_pool_connections=CONCURRENCY)
    ours = fleetgrass.client("greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    theirs = boto3.client("greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    context = partial(fleetgrass.aio.client, "greengrassv2", endpoint_url=url, config=config, **ARGUMENTS)
    best = best_pool(theirs)
    works: dict[str, dict[str, Measure]] = {
        "map": {"fleetgrass": partial(mapped, ours), f"boto3, {best} threads": partial(pooled, theirs, best)},
        "aio": {"fleetgrass.aio": partial(one_awaited, context)},
        "threads": {"fleetgrass": partial(pooled, ours, 16), "boto3": partial(pooled, theirs, 16)},
    }
    if aiobotocore:
        works["aio"]["aiobotocore"] = lambda calls: aiobotocore.each("fanout", calls, calls)
    if sdk:
        works["map"][RUST_SDK] = works["aio"][RUST_SDK] = lambda calls: sdk.each("fanout", calls, calls)
    return works


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=5000, help="calls a round")
    parser.add_argument("--only", choices=GOALS, help="one of the comparisons")
    parser.add_argument("--sdk", type=Path, help="the program of benches/sdk, if it is not in its place")
    parser.add_argument("--aio-python", type=Path, help="a Python that has aiobotocore, if it is not in its place")
    parser.add_argument("--markdown", action="store_true", help="a table for the docs; the rest goes to standard error")
    options = parser.parse_args()
    report: Report | None = None
    for latency in (0, LATENCY):
        with server(latency) as url:
            sdk, aiobotocore = rival.rust_sdk(url, options.sdk), rival.aiobotocore(url, options.aio_python)
            report = report or Report(options.markdown, *about(options, sdk, aiobotocore))
            for name, work in rivals(url, sdk, aiobotocore).items():
                if options.only in (None, name) and not (latency and name == "threads"):
                    title = "16 threads" if name == "threads" else f"{name}, {latency * 1e3:.0f} ms"
                    measures = {who: partial(measure, options.calls) for who, measure in work.items()}
                    times = take_turns(options.rounds, measures)
                    report.compare(title, times, goals=GOALS[name], latency=latency / CONCURRENCY)
            for other in filter(None, (sdk, aiobotocore)):
                other.close()
    assert report
    report.end()


def about(options: argparse.Namespace, sdk: rival.Rival | None, aiobotocore: rival.Rival | None) -> tuple[str, str]:
    versions = [f"fleetgrass {fleetgrass.__version__} ({_core.__profile__} build)", f"boto3 {boto3.__version__}"]
    versions.append(aiobotocore.version if aiobotocore else "no aiobotocore: its environment is not made")
    versions.append(sdk.version if sdk else "no Rust SDK: it is not built")
    return (
        f"{', '.join(versions)}.",
        f"Medians of {options.rounds} rounds, {options.calls} calls a round, {CONCURRENCY} in flight.",
    )


if __name__ == "__main__":
    main()
