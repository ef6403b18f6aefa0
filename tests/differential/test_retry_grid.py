"""The table of retries: mode x status x code x attempts, each cell beside botocore. Nobody serves and nobody waits.

What such played calls share with plain ones is the decision (`client/call.rs`: `judge`); a part of the table goes over
the wire too, waits and all. `test_retry_waits.py` has the lengths of the waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import product
from random import Random
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.retries.quota import RetryQuota

import fleetgrass
from differential.alike import side_by_side
from differential.played import GOOD, MODES, Played, Told, Waits, retries, without_waits
from support.answers import Answer, failure, plain, reply
from support.cases import CASES, SEED, Case, Setup
from support.compare import Side
from support.deviations import Ledger
from support.error_codes import error_codes
from support.model import service
from support.outcome import differences

STATUSES = (200, 300, 400, 401, 403, 404, 408, 409, 413, 429, 499, 500, 501, 502, 503, 504, 505, 509)


@pytest.fixture(scope="module")
def waits() -> Iterator[Waits]:
    with without_waits() as found:
        yield found


def unlike(theirs: tuple[list[str], Any], ours: tuple[list[str], Any]) -> list[str]:
    sent = [] if theirs[0] == ours[0] else [f"sent: theirs {theirs[0]}, ours {ours[0]}"]
    return sent + differences(theirs[1], ours[1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5])
def test_every_cell(waits: Waits, monkeypatch: pytest.MonkeyPatch, mode: str, attempts: int) -> None:
    """A server that gives an answer always, and one that gives it once. At night the whole table, else a sample."""
    # A new client has a full quota. Ours is made for each cell; botocore's takes longer to make, and has no quota.
    monkeypatch.setattr(RetryQuota, "acquire", lambda self, amount: True)
    theirs = Played(boto3.client, **retries(mode, attempts))
    random, cells = Random(f"{SEED}/retries/{mode}/{attempts}"), list(product(STATUSES, error_codes(service())))
    found = []
    for told in random.sample(cells, min(len(cells), CASES // 20)):
        for script in ([told], [told, GOOD]):
            ours = Played(fleetgrass.client, **retries(mode, attempts))
            found += [f"{script}: {line}" for line in unlike(theirs.call(*script), ours.call(*script))]
    assert not found, f"{len(found)} lines; the first:\n" + "\n".join(found[:5])
    assert bool(waits.seconds) == (attempts > 1)


def over_the_wire(told: Told) -> Answer:
    status, code = told
    return plain(status, b"") if code is None else failure(status, code)


@pytest.mark.parametrize("mode", MODES)
def test_some_cells_over_the_wire(theirs: Side, ours: Side, ledger: Ledger, mode: str) -> None:
    """Whatever reads and waits on the way of a plain call. One retry: both sides wait for it, side by side."""
    random, cells = Random(f"{SEED}/wire/{mode}"), list(product(STATUSES, error_codes(service())))
    cases = []
    for told in random.sample(cells, min(len(cells), CASES // 10)):
        answers = [over_the_wire(told), random.choice([reply(), over_the_wire(told), failure(403, "Odd")])]
        setup = Setup(attempts=random.choice([1, 2, 2, 2]), mode=mode)
        cases.append(Case(f"{mode} {told}", "list_components", {}, setup, answers))
    seen = side_by_side(theirs, ours, cases)
    found = [each for each in seen if each.lines and not ledger.excuses(each)]
    assert not found, "\n\n".join(map(str, found[:5]))
    assert {len(each.ours.requests) for each in seen} == {1, 2}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("attempts", [2, 5])
def test_the_quota_over_many_calls(waits: Waits, mode: str, attempts: int) -> None:
    """Good and bad phases of a service, on one client: what each call may spend, and is told of it."""
    random = Random(f"{SEED}/quota/{mode}/{attempts}")
    theirs, ours = (Played(make, **retries(mode, attempts)) for make in (boto3.client, fleetgrass.client))
    failures: list[Told] = [(500, None), (503, "SlowDown"), (400, "ThrottlingException"), (404, "Odd"), (429, None)]
    spent = 0
    for number in range(400):
        trouble = 0.95 if number < 300 else 0.2
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
