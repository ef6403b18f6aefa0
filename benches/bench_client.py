"""Ours beside boto3 on the same work in the same run: starts, clients, calls, pages, big answers and requests, memory.

The server (`constant_server.py`) is a process of its own that answers with constant bytes. Rivals take turns, in
rounds; medians and ratios are printed, with what must be reached and aimed at, the machine and the versions. The Rust
SDK takes part in the calls where it has been built (`rival.py`). `bench_fanout.py` is the same for many calls at once.

The server never sleeps, which takes one of at least two cores: else what a virtual machine needs to wake a halted core
would be in each call, and with `--asleep` it is.

    python benches/bench_client.py [--rounds N] [--calls N] [--sdk PATH] [--asleep] [--markdown]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import botocore
import rival
from constant_server import CREATE, server
from report import RUST_SDK, Goals, Report, medians, take_turns

import fleetgrass
from fleetgrass import _core
from fleetgrass.user_agent import PAGINATED

ARGUMENTS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
RIVALS: dict[str, Any] = {"fleetgrass": fleetgrass, "boto3": boto3}
#: What fresh interpreters run.
IMPORT = """
import {module} as boto3
client = boto3.client('greengrassv2', endpoint_url={url!r}, **{arguments!r})
"""
START = f"{IMPORT}client.list_core_devices()\n"
DEVICES = 100_000
READ_ALL = f"""{IMPORT}
settings = {{{{"PageSize": 100, "MaxItems": {DEVICES}}}}}
pages = client.get_paginator("list_core_devices").paginate(PaginationConfig=settings)
devices = [device for page in pages for device in page["coreDevices"]]
assert len(devices) == {DEVICES}
"""
#: boto3 by ours.
GOALS = {
    "import and first client": Goals((10, 10), (13, 13)),
    "start to first answer": Goals((10, 10), (14, 14)),
    "a later client": Goals((8, 8), (15, 15)),
    "single call": Goals((9, 12), (12, 20)),
    "100,000 devices in pages": Goals((12, 14), (15, 18)),
    "answer of 59 KB": Goals((6, 7), (8, 10)),
    "create with a request of 9 KB": Goals((7.5, 11), (9, 14)),
}
#: MiB of resident memory at most.
MEMORY_GOALS = {"one client": 20, "100,000 devices as dicts": 75}


def run(code: str) -> tuple[float, float]:
    """Wall and CPU seconds of a fresh interpreter that runs `code`."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used


def memory(code: str) -> float:
    """The most MiB that a fresh interpreter which runs `code` has resident, on Linux."""
    # Not what getrusage tells, which begins with what the parent had.
    tell = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    told = subprocess.run([sys.executable, "-c", f"{code}\n{tell}"], check=True, capture_output=True, text=True).stdout
    return int(told) / 1024


def each(work: Callable[[], Any], times: int) -> tuple[float, float]:
    """Wall and CPU seconds of doing `work` once, over so many `times`."""
    used, started = time.process_time(), time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times, (time.process_time() - used) / times


def read_all(client: Any) -> None:
    settings = {"PageSize": 100, "MaxItems": DEVICES}
    pages = client.get_paginator("list_core_devices").paginate(PaginationConfig=settings)
    assert sum(len(page["coreDevices"]) for page in pages) == DEVICES


def listen(**told: Any) -> None:
    """A handler that does nothing."""


def listeners(url: str) -> dict[str, Any]:
    """Clients that nobody can listen to, nobody listens to any more, and somebody listens to."""
    deaf = fleetgrass.client("greengrassv2", endpoint_url=url, **ARGUMENTS)
    # What `_make_api_call` would be if nobody could be there.
    deaf._make_api_call = lambda name, params: deaf._core.call(name, params, PAGINATED.get())
    left = fleetgrass.client("greengrassv2", endpoint_url=url, **ARGUMENTS)
    left.meta.events.register("before-call", listen)
    left.meta.events.unregister("before-call", listen)
    clients = {
        "no way to listen": deaf,
        "no handler": fleetgrass.client("greengrassv2", endpoint_url=url, **ARGUMENTS),
        "handlers gone": left,
    }
    for name, module in RIVALS.items():
        client = clients[f"a handler, {name}"] = module.client("greengrassv2", endpoint_url=url, **ARGUMENTS)
        client.meta.events.register("before-call", listen)
    return clients


def starts(url: str, code: str) -> dict[str, Any]:
    """What measures `code` in a fresh interpreter, with each rival and with none."""
    filled = {
        name: code.format(module=module.__name__, url=url, arguments=ARGUMENTS) for name, module in RIVALS.items()
    }
    return {"(bare python)": "pass", **filled}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--calls", type=int, default=300, help="calls a round")
    parser.add_argument("--sdk", type=Path, help="the program of benches/sdk, if it is not in its place")
    parser.add_argument("--markdown", action="store_true", help="a table for the docs; the rest goes to standard error")
    parser.add_argument("--asleep", action="store_true", help="the server sleeps until it is asked")
    options = parser.parse_args()

    os.environ.pop("AWS_PROFILE", None)
    with server(is_awake=not options.asleep) as url:
        sdk = rival.rust_sdk(url, options.sdk)
        versions = [f"fleetgrass {fleetgrass.__version__} ({_core.__profile__} build)", f"boto3 {boto3.__version__}"]
        versions += [f"botocore {botocore.__version__}", sdk.version if sdk else "no Rust SDK: it is not built"]
        report = Report(
            options.markdown,
            f"{', '.join(versions)}.",
            f"Medians of {options.rounds} rounds, {options.calls} calls a round.",
            "The server sleeps until it is asked." if options.asleep else "The server never sleeps.",
            "Ratios of starts are of what is above the median of a bare interpreter.",
        )
        for title, code in (("import and first client", IMPORT), ("start to first answer", START)):
            times = take_turns(options.rounds, {name: partial(run, code) for name, code in starts(url, code).items()})
            bare = medians(times.pop("(bare python)"))
            report.compare(title, times, unit=1e3, goals=GOALS[title], bare=bare)
        clients = {
            name: module.client("greengrassv2", endpoint_url=url, **ARGUMENTS) for name, module in RIVALS.items()
        }

        def compare(
            title: str, times: int, work: Callable[[Any, Any], Any], sdk_work: str = "", repetitions: int = 1
        ) -> None:
            rivals = {name: partial(each, partial(work, RIVALS[name], clients[name]), times) for name in RIVALS}
            if sdk and sdk_work:
                rivals[RUST_SDK] = partial(sdk.each, sdk_work, times * repetitions, times)
            unit = 1e6 if times > 1 else 1e3
            report.compare(title, take_turns(options.rounds, rivals), unit=unit, goals=GOALS[title])

        make = {"endpoint_url": url, **ARGUMENTS}
        compare("a later client", 20, lambda module, client: module.client("greengrassv2", **make))
        compare("single call", options.calls, lambda module, client: client.list_core_devices(), "single")
        compare("100,000 devices in pages", 1, lambda module, client: read_all(client), "pages", DEVICES // 100)
        fewer = max(options.calls // 3, 2)
        compare("answer of 59 KB", fewer, lambda module, client: client.get_deployment(deploymentId="d"), "big")
        compare(
            "create with a request of 9 KB", fewer, lambda module, client: client.create_deployment(**CREATE), "create"
        )
        calls = {
            name: partial(each, client.list_core_devices, options.calls) for name, client in listeners(url).items()
        }
        times = take_turns(options.rounds, calls)
        theirs, ours = times.pop("a handler, boto3"), times.pop("a handler, fleetgrass")
        report.compare("single call, nobody listens", times, in_table=False)
        report.compare("single call, a handler", {"fleetgrass": ours, "boto3": theirs})
        reads = (("one client", START), ("100,000 devices as dicts", READ_ALL)) if sys.platform == "linux" else ()
        for title, code in reads:
            sizes = {
                name: statistics.median(memory(filled) for _ in range(3)) for name, filled in starts(url, code).items()
            }
            report.mebibytes(title, sizes, MEMORY_GOALS[title])
        if sdk:
            sdk.close()
    report.end()


if __name__ == "__main__":
    main()
