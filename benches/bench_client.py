"""Ours beside boto3 on the same work in the same run: start to first answer, a single call, and calls with handlers.

The server is a process of its own that answers every request with the same bytes. Rivals take turns, in rounds; medians
and ratios are printed, with the machine and the versions.

    python benches/bench_client.py [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
import botocore

import fleetgrass
from fleetgrass import _core
from fleetgrass.user_agent import PAGINATED

BODY = (
    b'{"coreDevices":[{"coreDeviceThingName":"device-1","status":"HEALTHY",'
    b'"lastStatusUpdateTimestamp":1700000000.123,"platform":"linux","architecture":"amd64"}]}'
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
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
#: What a fresh interpreter runs: import, client, one call.
START = """
import {module} as boto3
boto3.client('greengrassv2', endpoint_url={url!r}, **{arguments!r}).list_core_devices()
"""


def serve() -> None:
    """Answer every request on every connection with the same bytes."""
    import threading

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def answer(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(65536):
            connection.sendall(ANSWER)

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


@contextmanager
def server() -> Iterator[str]:
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def run(code: str) -> tuple[float, float]:
    """Wall and CPU seconds of a fresh interpreter that runs `code`."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used


def call(client: Any, calls: int) -> tuple[float, float]:
    """Wall and CPU seconds of one call, over `calls` of them."""
    used, started = time.process_time(), time.perf_counter()
    for _ in range(calls):
        client.list_core_devices(maxResults=100)
    return (time.perf_counter() - started) / calls, (time.process_time() - used) / calls


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
    print(f"\n{title}\n{'':42}{'wall':>10}{'CPU':>10}")
    for name, (wall, cpu) in figures.items():
        print(f"{name:42}{wall * unit:10.2f}{cpu * unit:10.2f}")
    for ours, theirs in PAIRS:
        if ours in figures and theirs in figures:
            pairs = zip(figures[ours], figures[theirs], bare, strict=True)
            ratios = [(b - c) / max(a - c, 1e-9) for a, b, c in pairs]
            print(f"{theirs + ' ÷ ' + ours:42}{ratios[0]:10.2f}{ratios[1]:10.2f}")


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--calls", type=int, default=300, help="calls a round")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return

    os.environ.pop("AWS_PROFILE", None)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    versions = f"fleetgrass {fleetgrass.__version__} ({_core.__profile__} build), boto3 {boto3.__version__}"
    print(f"{versions}, botocore {botocore.__version__}")
    print(f"medians of {options.rounds} rounds; {options.calls} calls a round")
    with server() as url:
        starts: dict[str, Any] = {"(bare python)": lambda: run("pass")}
        for name, module in RIVALS.items():
            starts[name] = partial(run, START.format(module=module.__name__, url=url, arguments=ARGUMENTS))
        figures = rounds(options.rounds, starts)
        title = "start to first answer, ms (the ratio is of what is above a bare interpreter)"
        show(title, 1e3, figures, figures["(bare python)"])
        calls = {}
        for name, module in RIVALS.items():
            client = module.client("greengrassv2", endpoint_url=url, **ARGUMENTS)
            calls[name] = partial(call, client, options.calls)
        show("single call, µs", 1e6, rounds(options.rounds, calls))
        calls = {name: partial(call, client, options.calls) for name, client in listeners(url).items()}
        show("single call, by who listens, µs", 1e6, rounds(options.rounds, calls))


if __name__ == "__main__":
    main()
