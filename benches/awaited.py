"""Calls of an asynchronous client, 64 in flight: the same code measures ours and aiobotocore's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

CONCURRENCY = 64
ARGUMENTS: dict[str, Any] = {
    "region_name": "us-east-1",
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}
PARAMS = {"coreDeviceThingName": "device-000001"}


def awaited(context: Callable[[], Any], calls: int) -> tuple[float, float]:
    """Wall and CPU seconds of `calls`, which tasks share. The client, its connections and the loop are there before."""

    async def run() -> tuple[float, float]:
        async with context() as client:
            numbers = iter(range(calls))

            async def task() -> None:
                for _ in numbers:
                    await client.get_core_device(**PARAMS)

            await asyncio.gather(*(client.get_core_device(**PARAMS) for _ in range(CONCURRENCY)))
            used, started = time.process_time(), time.perf_counter()
            await asyncio.gather(*(task() for _ in range(CONCURRENCY)))
            return time.perf_counter() - started, time.process_time() - used

    return asyncio.run(run())
