"""Ours beside boto3 on the same work in the same run: starts, clients, calls, pages, big answers and requests, memory.

The server (`constant_server.py`) is a process of its own that answers with constant bytes. Rivals take turns, in
rounds; medians and ratios are printed, with what must be reached and aimed at, the machine and the versions.
`bench_fanout.py` is the same for many calls at once.

    python benches/bench_client.py [--rounds N] [--calls N]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import botocore
from constant_server import CREATE, server

import fleetgrass
from fleetgrass import _core
from fleetgrass.user_agent import PAGINATED

ARGUMENTS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
RIVALS: dict[str, Any] = {"fleetgrass": fleetgrass, "boto3": boto3}
#: Whose ratios are printed: the second by the first.
PAIRS = [
    ("fleetgrass", "boto3"),
    ("no way to listen", "no handler"),
    ("no way to listen", "handlers gone"),
    ("a handler, fleetgrass", "a handler, boto3"),
]
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
#: What the ratios of wall and of CPU must reach, and aim at.
GOALS = {
    "import and first client": ((10, 10), (13, 13)),
    "start to first answer": ((10, 10), (14, 14)),
    "a later client": ((8, 8), (15, 15)),
    "single call": ((9, 12), (12, 20)),
    "100,000 devices in pages": ((12, 14), (15, 18)),
    "answer of 59 KB": ((6, 7), (8, 10)),
    "create with a request of 9 KB": ((7.5, 11), (9, 14)),
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


def rounds(count: int, work: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Medians of (wall, CPU), the rivals taking turns."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(count):
        for name, measure in work.items():
            figures[name].append(measure())
    return {
        name: (statistics.median(wall for wall, _ in rows), statistics.median(cpu for _, cpu in rows))
        for name, rows in figures.items()
    }


def show(title: str, unit: float, figures: dict[str, tuple[float, float]], bare: tuple[float, float] = (0, 0)) -> None:
    print(f"\n{title + (', µs' if unit == 1e6 else ', ms'):42}{'wall':>10}{'CPU':>10}")
    for name, (wall, cpu) in figures.items():
        print(f"{name:42}{wall * unit:10.2f}{cpu * unit:10.2f}")
    for ours, theirs in PAIRS:
        if ours in figures and theirs in figures:
            pairs = zip(figures[ours], figures[theirs], bare, strict=True)
            ratios = [(b - c) / max(a - c, 1e-9) for a, b, c in pairs]
            goals = "   must {0[0]} / {0[1]}, aim {1[0]} / {1[1]}".format(*GOALS[title]) if title in GOALS else ""
            print(f"{theirs + ' ÷ ' + ours:42}{ratios[0]:10.2f}{ratios[1]:10.2f}{goals}", flush=True)


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
    options = parser.parse_args()

    os.environ.pop("AWS_PROFILE", None)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    versions = f"fleetgrass {fleetgrass.__version__} ({_core.__profile__} build), boto3 {boto3.__version__}"
    print(f"{versions}, botocore {botocore.__version__}")
    print(f"medians of {options.rounds} rounds; {options.calls} calls a round")
    print("ratios of starts are of what is above a bare interpreter", flush=True)
    with server() as url:
        for title, code in (("import and first client", IMPORT), ("start to first answer", START)):
            measures = {name: partial(run, code) for name, code in starts(url, code).items()}
            figures = rounds(options.rounds, measures)
            show(title, 1e3, figures, figures["(bare python)"])
        clients = {
            name: module.client("greengrassv2", endpoint_url=url, **ARGUMENTS) for name, module in RIVALS.items()
        }

        def compare(title: str, unit: float, times: int, work: Callable[[Any, Any], Any]) -> None:
            measures = {name: partial(each, partial(work, RIVALS[name], clients[name]), times) for name in RIVALS}
            show(title, unit, rounds(options.rounds, measures))

        make = {"endpoint_url": url, **ARGUMENTS}
        compare("a later client", 1e6, 20, lambda module, client: module.client("greengrassv2", **make))
        compare("single call", 1e6, options.calls, lambda module, client: client.list_core_devices())
        compare("100,000 devices in pages", 1e3, 1, lambda module, client: read_all(client))
        fewer = max(options.calls // 3, 1)
        compare("answer of 59 KB", 1e6, fewer, lambda module, client: client.get_deployment(deploymentId="d"))
        compare("create with a request of 9 KB", 1e6, fewer, lambda module, client: client.create_deployment(**CREATE))
        calls = {
            name: partial(each, client.list_core_devices, options.calls) for name, client in listeners(url).items()
        }
        show("single call, by who listens", 1e6, rounds(options.rounds, calls))
        reads = (("one client", START), ("100,000 devices as dicts", READ_ALL)) if sys.platform == "linux" else ()
        for title, code in reads:
            print(f"\n{title}, MiB resident at most; must be at most {MEMORY_GOALS[title]}")
            for name, filled in starts(url, code).items():
                print(f"{name:42}{statistics.median(memory(filled) for _ in range(3)):10.1f}", flush=True)


if __name__ == "__main__":
    main()
