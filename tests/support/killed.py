"""Servers that are ended by force in the middle of writes, 200 times and more.

`Nursery` is one process that forks a server for each store it is told, so that a new one costs milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fleetgrass
from fleetgrass.exceptions import EndpointConnectionError, HTTPClientError

NURSERY = """
import json, os, signal, sys
from fleetgrass.emulator import Emulator
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        emulator = Emulator(store=line.rstrip())
        print(json.dumps([os.getpid(), emulator.endpoint_url, emulator.credentials]), flush=True)
        signal.pause()
    os.waitpid(child, 0)
"""


class Nursery:
    """Forks servers; one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def serve(self, store: Path) -> tuple[int, str, dict[str, str]]:
        """The process, the endpoint and the credentials of a server of `store`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(store, file=self._process.stdin, flush=True)
        process, endpoint_url, credentials = json.loads(self._process.stdout.readline())
        return process, endpoint_url, credentials

    def close(self) -> None:
        with self._process as process:
            process.kill()


@contextmanager
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    try:
        yield opened
    finally:
        opened.close()


class Writer(threading.Thread):
    """Writes until the server is gone, and remembers what was answered."""

    def __init__(self, endpoint_url: str, credentials: dict[str, str], name: str, enough: threading.Semaphore) -> None:
        super().__init__(name=name)
        self._enough = enough
        self._client: Any = fleetgrass.client(  # type: ignore[call-overload]
            "greengrassv2",
            endpoint_url=endpoint_url,
            region_name="us-east-1",
            config=fleetgrass.Config(retries={"total_max_attempts": 1}),
            **credentials,
        )
        self.components: list[str] = []
        #: By client token.
        self.deployments: dict[str, str] = {}
        self.tags: list[tuple[str, str]] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        with self._client:
            try:
                self._write()
            except (HTTPClientError, EndpointConnectionError):
                pass  # the server is gone
            except BaseException as error:
                self.failure = error
        self._enough.release()

    def _write(self) -> None:
        target = "arn:aws:iot:us-east-1:123456789012:thinggroup/all"
        number = 0
        while True:
            number += 1
            name = f"{self.name}-{number}"
            arn = self._client.create_component_version(
                inlineRecipe=f'{{"RecipeFormatVersion":"2020-01-25","ComponentName":"{name}","ComponentVersion":"1.0.0"}}'
            )["arn"]
            self.components.append(name)
            components: Any = {name: {"componentVersion": "1.0.0"}}
            made = self._client.create_deployment(targetArn=target, clientToken=name, components=components)
            self.deployments[name] = made["deploymentId"]
            self._client.tag_resource(resourceArn=arn, tags={"name": name})
            self.tags.append((arn, name))
            self._enough.release()


def kill_while_writing(nursery: Nursery, store: Path, turn: int, chances: random.Random) -> list[Writer]:
    """Two writers at a server of `store`, which is killed at some moment after their first writes."""
    process, endpoint_url, credentials = nursery.serve(store)
    rounds = threading.Semaphore(0)
    writers = [Writer(endpoint_url, credentials, f"turn-{turn}-{number}", rounds) for number in range(2)]
    for writer in writers:
        writer.start()
    # the moment: after some rounds of writes, and a bit of one more
    for _ in range(chances.randint(1, 4)):
        assert rounds.acquire(timeout=20)
    threading.Event().wait(chances.uniform(0, 0.003))
    os.kill(process, signal.SIGKILL)
    for writer in writers:
        writer.join()
        if writer.failure is not None:
            raise writer.failure
    return writers
