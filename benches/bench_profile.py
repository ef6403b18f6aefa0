"""Where the time of a call goes: samples of perf by what the processor was at, for warm clients.

The server (`constant_server.py`) is a process of its own and is not sampled.

The functions of the core must have their names, which a release build leaves out otherwise:

    CARGO_PROFILE_RELEASE_STRIP=none maturin develop --release
    python benches/bench_profile.py [--calls N]

Shares are of the client's CPU time: of what ran itself, not of whom it was called by, so memory that the core asks for
counts as memory. Starting the interpreter is part of it; the number of calls makes that little.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path
from typing import Any

from awaited import ARGUMENTS, PARAMS
from constant_server import CREATE, server
from report import machine

import fleetgrass

#: Each with how many times fewer calls are enough, and its answers.
WORKS: dict[str, tuple[int, Callable[[Any, int], Iterable[object]]]] = {
    "single call": (1, lambda client, calls: (client.list_core_devices() for _ in range(calls))),
    "page of 100": (10, lambda client, calls: (client.list_core_devices(maxResults=100) for _ in range(calls))),
    "answer of 59 KB": (20, lambda client, calls: (client.get_deployment(deploymentId="d") for _ in range(calls))),
    "create with 9 KB": (5, lambda client, calls: (client.create_deployment(**CREATE) for _ in range(calls))),
    "map": (1, lambda client, calls: client.map("get_core_device", repeat(PARAMS, calls))),
}
#: By the file that the code is in, or, of ours, by the function; the first that fits.
KINDS = {
    "kernel": r"^\[",
    "memory": r"^libc\.",
    "Python": r"^(lib)?python|^_datetime",
    "reading": r"^_core.*(::parse::|json::Reader|py::sink|py::zone|protocol::timestamp|client::reply)",
    "writing": r"^_core.*(::serialize::|::validate::|py::input|json::write|protocol::uri)",
    "signing": r"^_core.*(client::sign|sha2|sha256|hmac|sigv4)",
    "HTTP": r"^_core.*(hyper|http::|httparse|transport|tokio|bytes::)",
    "other of the core": r"^_core",
    "other": r"",
}


def shares(work: str, calls: int, url: str) -> dict[str, float]:
    """Percents by kind."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "perf.data"
        record = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "5000", "-o", str(data)]
        subprocess.run([*record, sys.executable, __file__, "--do", work, str(calls), url], check=True)
        report = ["perf", "report", "-i", str(data), "--stdio", "-q", "--sort", "dso,symbol", "-t", "|"]
        told = subprocess.run(report, check=True, capture_output=True, text=True).stdout
    if "fleetgrass::" not in told:
        raise SystemExit(f"the core's functions have no names; build it as this says:\n{__doc__}")
    found: dict[str, float] = defaultdict(float)
    for line in filter(None, told.splitlines()):
        percent, _, code = line.partition("|")
        kind = next(kind for kind, pattern in KINDS.items() if re.search(pattern, code.strip()))
        found[kind] += float(percent.rstrip("% "))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--do", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, default=100_000)
    given = parser.parse_args()
    if given.do:
        work, calls, url = given.do
        client = fleetgrass.client("greengrassv2", endpoint_url=url, **ARGUMENTS)
        deque(WORKS[work][1](client, int(calls)), maxlen=0)
        return
    print(f"{machine()}, fleetgrass {fleetgrass.__version__}; % of CPU time, {given.calls} calls and fewer\n")
    print("|".join(["", f"{'':18}", *(f" {kind} " for kind in KINDS), ""]))
    print("|".join(["", *["---"] * (len(KINDS) + 1), ""]))
    with server() as url:
        for work, (fewer, _) in WORKS.items():
            found = shares(work, given.calls // fewer, url)
            print("|".join(["", f" {work:17}", *(f" {found[kind]:.0f} " for kind in KINDS), ""]), flush=True)


if __name__ == "__main__":
    main()
