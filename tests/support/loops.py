"""`fleetgrass.aio` in a loop: what runs it, and its clients."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import fleetgrass
import fleetgrass.aio
from fleetgrass.config import Config
from support.interface import ARGUMENTS

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def new_uvloop() -> asyncio.AbstractEventLoop:
    return pytest.importorskip("uvloop").new_event_loop()  # type: ignore[no-any-return]


def opened(url: str, **options: Any) -> Any:
    return fleetgrass.aio.client("greengrassv2", endpoint_url=url, config=Config(**options), **ARGUMENTS)


def observe(client: Any, observed: bool) -> list[str]:
    """A handler, where `observed`, and the names of the threads that it was called on."""
    heard: list[str] = []
    if observed:
        client.meta.events.register("before-send", lambda **told: heard.append(threading.current_thread().name))
    return heard
