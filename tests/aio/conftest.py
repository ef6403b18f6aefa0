"""A loop of either kind, and a cloud with a few devices."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

import fleetgrass
import fleetgrass.aio
from fleetgrass.emulator import Emulator
from support.interface import ARGUMENTS, NAMES
from support.loops import Run, new_uvloop


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """What `asyncio.run` does, on either loop, in debug mode."""
    new_loop = new_uvloop if request.param == "uvloop" else asyncio.new_event_loop

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        loop = new_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60
        try:
            return loop.run_until_complete(work)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    return run


@pytest.fixture(scope="module")
def cloud() -> Iterator[Any]:
    with Emulator(check_signatures=False) as emulator:
        emulator.register_core_devices(len(NAMES))
        yield fleetgrass.client("greengrassv2", endpoint_url=emulator.endpoint_url, **ARGUMENTS)
