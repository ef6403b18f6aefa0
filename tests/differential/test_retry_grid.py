"""The table of retries: mode x status x code x attempts, each cell beside botocore. Nobody serves and nobody waits.

A handler of `before-send` answers in the server's place and keeps the headers of each attempt; what would sleep is
patched out on both sides. What such calls share with plain ones is the decision (`client/call.rs`: `judge`);
`test_retries.py` has plain calls over the wire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import boto3
import botocore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

import fleetgrass
from support.cases import CASES, SEED
from support.compare import UUID
from support.model import service
from support.outcome import capture, differences

MODES = ("legacy", "standard", "adaptive")
STATUSES = (200, 300, 400, 401, 403, 404, 408, 409, 413, 429, 499, 500, 501, 502, 503, 504, 505, 509)
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}

#: Status and code of an answer; None: no code, and an empty body.
Told = tuple[int, str | None]
GOOD: Told = (200, None)


def codes() -> list[str | None]:
    """Whatever botocore's own tables name, what the service's model names, what nobody names, and none."""
    legacy = (Path(botocore.__file__).parent / "data/_retry.json").read_text()
    named = {
        *ThrottledRetryableChecker._THROTTLED_ERROR_CODES,
        *TransientRetryableChecker._TRANSIENT_ERROR_CODES,
        *re.findall(r'"service_error_code": "(\w+)"', legacy),
        *(shape for shape in service().shape_names if service().shape_for(shape).metadata.get("exception")),
        "RequestTimeTooSkewed",
        "Odd",
        "throttling",
    }
    return [*sorted(named), None]


class Waits:
    """Those that were patched out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture(scope="module")
def waits() -> Iterator[Waits]:
    found = Waits()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", found)
        patch.setattr("fleetgrass.hooks.sleep", found.sleep)
        # The rate of adaptive clients, which test_limiter.py compares.
        patch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *args, **kwargs: True)
        patch.setattr("fleetgrass.hooks.Hooks._wait_for_turn", lambda *args, **kwargs: None)
        yield found


class Played:
    """A client whose attempts are answered from a script, the last answer again and again."""

    def __init__(self, make: Callable[..., Any], **options: Any) -> None:
        self._client = make(
            "greengrassv2", region_name="us-east-1", endpoint_url="http://localhost:1", **KEYS, **options
        )
        self._client.meta.events.register("before-send.greengrassv2", self._answer)

    def _answer(self, request: Any, **kwargs: Any) -> AWSResponse:
        self._sent.append(
            {name: text(request.headers.get(name)) for name in ("amz-sdk-request", "amz-sdk-invocation-id")}
        )
        status, code = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        answer = AWSResponse(request.url, status, {} if code is None else {"x-amzn-ErrorType": code}, None)
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


def unlike(theirs: tuple[list[str], Any], ours: tuple[list[str], Any]) -> list[str]:
    sent = [] if theirs[0] == ours[0] else [f"sent: theirs {theirs[0]}, ours {ours[0]}"]
    return sent + differences(theirs[1], ours[1])


def retries(mode: str, attempts: int) -> dict[str, Any]:
    return {"config": Config(retries={"mode": mode, "total_max_attempts": attempts})}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5])
def test_every_cell(waits: Waits, monkeypatch: pytest.MonkeyPatch, mode: str, attempts: int) -> None:
    """A server that gives an answer always, and one that gives it once. At night the whole table, else a sample."""
    # A new client has a full quota. Ours is made for each cell; botocore's takes longer to make, and has no quota.
    monkeypatch.setattr(RetryQuota, "acquire", lambda self, amount: True)
    theirs = Played(boto3.client, **retries(mode, attempts))
    random, cells = Random(f"{SEED}/retries/{mode}/{attempts}"), list(product(STATUSES, codes()))
    found = []
    for told in random.sample(cells, min(len(cells), CASES // 20)):
        for script in ([told], [told, GOOD]):
            ours = Played(fleetgrass.client, **retries(mode, attempts))
            found += [f"{script}: {line}" for line in unlike(theirs.call(*script), ours.call(*script))]
    assert not found, f"{len(found)} lines; the first:\n" + "\n".join(found[:5])
    assert bool(waits.seconds) == (attempts > 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("attempts", [2, 5])
def test_the_quota_over_many_calls(waits: Waits, mode: str, attempts: int) -> None:
    """Good and bad phases of a service, on one client: what each call may spend, and is told of it."""
    random = Random(f"{SEED}/quota/{mode}/{attempts}")
    theirs, ours = (Played(make, **retries(mode, attempts)) for make in (boto3.client, fleetgrass.client))
    failures: list[Told] = [(500, None), (503, "SlowDown"), (400, "ThrottlingException"), (404, "Odd"), (429, None)]
    spent = 0
    for number in range(200):
        trouble = 0.9 if number < 100 else 0.2
        script = [random.choice(failures) if random.random() < trouble else GOOD for _ in range(attempts)]
        seen = theirs.call(*script), ours.call(*script)
        assert not unlike(*seen), f"call {number}, answered {script}"
        spent += "RetryQuotaReached" in str(getattr(seen[0][1].error, "response", ""))
    assert bool(spent) == (mode != "legacy")


#: How a number of attempts is told, and whether it counts the first one.
WAYS = {
    "max_attempts": lambda number: ({}, {"max_attempts": number}),
    "total_max_attempts": lambda number: ({}, {"total_max_attempts": number}),
    "AWS_MAX_ATTEMPTS": lambda number: ({"AWS_MAX_ATTEMPTS": str(number)}, {}),
    "both": lambda number: ({"AWS_MAX_ATTEMPTS": "2"}, {"max_attempts": number}),
    "neither": lambda number: ({}, {}),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_tell_how_many(waits: Waits, monkeypatch: pytest.MonkeyPatch, mode: str, way: str) -> None:
    sessions = boto3.Session(), fleetgrass.Session()
    for number in range(1, 6):
        variables, told = WAYS[way](number)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        config = Config(retries={"mode": mode, **told})
        theirs, ours = (Played(session.client, config=deepcopy(config)) for session in sessions)
        for failing in ((500, None), (400, "ThrottlingException")):
            seen = theirs.call(failing), ours.call(failing)
            assert not unlike(*seen), f"{way} {number}"
            assert len(seen[0][0]) > (number if way == "max_attempts" else 0)
