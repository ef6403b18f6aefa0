"""Clients of both sides whose answers come from a script, where nobody serves and nobody waits.

A handler of `before-send` answers in the server's place and keeps the headers of each attempt; what would sleep is
patched out on both sides.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from support.compare import UUID
from support.outcome import capture

MODES = ("legacy", "standard", "adaptive")
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}

#: Status and code of an answer; None: no code, and an empty body.
Told = tuple[int, str | None]
GOOD: Told = (200, None)


class Waits:
    """Those that were patched out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sleep(self, seconds: float, check: Any = None) -> None:
        self.seconds.append(seconds)


@contextmanager
def without_waits() -> Iterator[Waits]:
    found = Waits()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", found)
        patch.setattr("fleetgrass.hooks.sleep", found.sleep)
        # The rate of adaptive clients, which test_limiter.py compares.
        patch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *args, **kwargs: True)
        patch.setattr("fleetgrass.hooks.Hooks._wait_for_turn", lambda *args, **kwargs: None)
        yield found


class Played:
    """A client whose attempts are answered from a script, the last answer again and again.

    Attributes:
        headers: What every answer has in its head beside the code.
    """

    def __init__(self, make: Callable[..., Any], **options: Any) -> None:
        self.headers: dict[str, str] = {}
        self._client = make(
            "greengrassv2", region_name="us-east-1", endpoint_url="http://localhost:1", **KEYS, **options
        )
        self._client.meta.events.register("before-send.greengrassv2", self._answer)

    def _answer(self, request: Any, **kwargs: Any) -> AWSResponse:
        self._sent.append(
            {name: text(request.headers.get(name)) for name in ("amz-sdk-request", "amz-sdk-invocation-id")}
        )
        status, code = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        told = {} if code is None else {"x-amzn-ErrorType": code}
        answer = AWSResponse(request.url, status, {**told, **self.headers}, None)
        answer._content = b"" if code is None else json.dumps({"message": "no"}).encode()
        return answer

    def call(self, *script: Told) -> tuple[list[str], Any]:
        """`amz-sdk-request` of each attempt, and the outcome. The invocation's id stays the same."""
        self._script, self._sent = list(script), []
        outcome = capture(self._client.list_components)
        ids = {sent["amz-sdk-invocation-id"] for sent in self._sent}
        assert len(ids) == 1
        assert re.fullmatch(UUID, ids.pop().encode())
        return [sent["amz-sdk-request"] for sent in self._sent], outcome


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def retries(mode: str, attempts: int) -> dict[str, Any]:
    return {"config": Config(retries={"mode": mode, "total_max_attempts": attempts})}
