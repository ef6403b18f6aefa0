"""Many calls at a service that throttles: how much of the allowed rate `client.map` reaches, and at what price.

The server is a process of its own with a token bucket; whoever asks without a token gets the service's 429. Printed are
the calls a second by the rate, and by all that the bucket allowed in that time, the burst included; the requests beyond
one a call; the calls that were lost. "told" means `Config(requests_per_second=...)`. boto3 has a thread for each of as
many calls at once.

    python benches/bench_throttled.py [--rate 500] [--calls 5000] [--rounds 1] [--latency 0] [--boto3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import botocore.config

import fleetgrass

CONCURRENCY = 64
KEYS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
BODY = b'{"coreDeviceThingName":"device","status":"HEALTHY"}'
REFUSAL = b'{"message":"Rate exceeded"}'


def answer(status: str, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Service(asyncio.Protocol):
    """A connection to the service, of which all share one bucket."""

    rate = burst = tokens = filled = latency = 0.0
    requests = throttled = 0
    passed = answer("200 OK", BODY)
    refused = answer("429 Too Many Requests", REFUSAL, "x-amzn-errortype: ThrottlingException\r\n")

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        cls = type(self)
        now = time.monotonic()
        cls.tokens = min(cls.burst, cls.tokens + (now - cls.filled) * cls.rate)
        cls.filled = now
        cls.requests += 1
        if passes := cls.tokens >= 1:
            cls.tokens -= 1
        else:
            cls.throttled += 1
        told = cls.passed if passes else cls.refused
        if cls.latency:
            asyncio.get_running_loop().call_later(cls.latency, self.transport.write, told)
        else:
            self.transport.write(told)


async def serve(rate: float, burst: float, retry_after: int, latency: float) -> None:
    """Serve until the input ends, then print what came."""
    Service.rate, Service.burst, Service.tokens, Service.latency = rate, burst, burst, latency
    Service.filled = time.monotonic()
    if retry_after:
        headers = f"x-amzn-errortype: ThrottlingException\r\nretry-after: {retry_after}\r\n"
        Service.refused = answer("429 Too Many Requests", REFUSAL, headers)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Service, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(json.dumps({"requests": Service.requests, "throttled": Service.throttled}), flush=True)


def by_map(url: str, calls: int, told: float | None, ordered: bool) -> int:
    """How many calls were lost."""
    config = fleetgrass.Config(requests_per_second=told, max_concurrency=CONCURRENCY)
    client = fleetgrass.client("greengrassv2", endpoint_url=url, config=config, **KEYS)
    items = ({"coreDeviceThingName": f"device-{number}"} for number in range(calls))
    answers = list(client.map("get_core_device", items, ordered=ordered))
    assert len(answers) == calls
    return sum(isinstance(answer if ordered else answer[1], Exception) for answer in answers)


def by_threads(url: str, calls: int) -> int:
    """The same by boto3 and a pool of threads."""
    config = botocore.config.Config(max_pool_connections=CONCURRENCY)
    client = boto3.client("greengrassv2", endpoint_url=url, config=config, **KEYS)

    def lost(number: int) -> bool:
        try:
            client.get_core_device(coreDeviceThingName=f"device-{number}")
        except client.exceptions.ThrottlingException:
            return True
        return False

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return sum(pool.map(lost, range(calls)))


def measure(name: str, make: Any, calls: int, rate: float, burst: float, retry_after: int, latency: float) -> None:
    arguments = [str(value) for value in (rate, burst, retry_after, latency)]
    command = [sys.executable, __file__, "--serve", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        used, begun = time.process_time(), time.perf_counter()
        lost = make(url, calls)
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        server.stdin.close()
        seen = json.loads(server.stdout.readline())
    passed = calls - lost
    reached = f"{passed / (rate * seconds):9.1%}{passed / (burst + rate * seconds):9.1%}"
    extra = (seen["requests"] - calls) / calls
    header = f"{retry_after} s" if retry_after else "no"
    print(f"{name:24}{burst:8.0f}{header:>13}{seconds:9.2f}{used:8.2f}{reached}{extra:8.1%}{lost:6}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=4, type=float, help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0, help="seconds of the server")
    parser.add_argument("--boto3", action="store_true", help="also boto3 on threads, which takes longer")
    given = parser.parse_args()
    if given.serve:
        rate, burst, retry_after, latency = given.serve
        asyncio.run(serve(rate, burst, int(retry_after), latency))
        return
    print(f"{given.calls} calls at {given.rate:.0f}/s, {CONCURRENCY} at once, {given.latency * 1000:.0f} ms, ", end="")
    print(f"fleetgrass {fleetgrass.__version__}, Python {sys.version.split()[0]}")
    print(f"{'':24}{'burst':>8}{'Retry-After':>13}{'seconds':>9}{'CPU s':>8}", end="")
    print(f"{'of rate':>9}{'of all':>9}{'extra':>8}{'lost':>6}")
    makes = {
        "map, told": lambda url, calls: by_map(url, calls, given.rate, True),
        "map, not told": lambda url, calls: by_map(url, calls, None, True),
        "map, not told, unordered": lambda url, calls: by_map(url, calls, None, False),
    }
    if given.boto3:
        makes["boto3, threads"] = by_threads
    for _ in range(given.rounds):
        for burst in (given.rate / 10, given.rate):
            for retry_after in (0, 1):
                for name, make in makes.items():
                    measure(name, make, given.calls, given.rate, burst, retry_after, given.latency)


if __name__ == "__main__":
    main()
