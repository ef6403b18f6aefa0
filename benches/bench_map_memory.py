"""Whether the memory of `client.map` grows with its input: a million items through a server that answers at once.

The server is a process of its own. Printed is the resident memory after each part, and the slope of a line through the
later half, in bytes an item. The end is 1 where that is more than a byte.

    python benches/bench_map_memory.py [--items 1000000]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import linear_regression
from typing import Any

from constant_server import server

import fleetgrass

PARTS = 20
KEYS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    count: int = parser.parse_args().items
    with server() as url:
        client = fleetgrass.client("greengrassv2", endpoint_url=url, **KEYS)
        items = ({"coreDeviceThingName": f"device-{number:07}"} for number in range(count))
        seen: list[tuple[int, int]] = []
        begun, used = time.perf_counter(), time.process_time()
        for read, answer in enumerate(client.map("get_core_device", items), 1):
            assert answer["status"], answer
            if read % (count // PARTS) == 0:
                seen.append((read, resident()))
                print(f"{read:9,} items {seen[-1][1] / 2**20:8.1f} MiB", flush=True)
        seconds, used = time.perf_counter() - begun, time.process_time() - used
    later = seen[len(seen) // 2 :]
    slope = linear_regression(*zip(*later, strict=True)).slope
    print(f"{slope:.3f} bytes an item; {seconds:.0f} s, {used / count * 1e6:.0f} µs of CPU a call, ", end="")
    print(f"fleetgrass {fleetgrass.__version__}, Python {sys.version.split()[0]}")
    return int(slope > 1)


if __name__ == "__main__":
    sys.exit(main())
