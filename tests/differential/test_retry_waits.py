"""How long a client waits before it tries again: the curve of each mode, and the service's hints, beside botocore.

botocore's chance is fixed, so what it waits is known for each draw. Ours draws in the core, so that many calls are
compared with the law that botocore's follow: at every length, as many of ours are shorter as of botocore's.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import SimpleNamespace

import boto3
import pytest
from botocore.retries.quota import RetryQuota

import fleetgrass
from differential.played import MODES, Played, Told, Waits, retries, without_waits
from support.deviations import Ledger

ATTEMPTS = 8
#: The throttling ones grow past the longest backoff at the last wait but one.
TROUBLES: tuple[Told, ...] = ((500, None), (503, "SlowDown"), (429, None))
CALLS = 150
#: For so many calls a share is off by more than this once in 10^9 (Dvoretzky, Kiefer, Wolfowitz).
SHARE = 0.27
DRAWS = [number / 100 for number in range(100)]
#: Ours are whole nanoseconds.
ROUNDED = 1e-6

Curve = list[list[float]]


@pytest.fixture(scope="module")
def waits() -> Iterator[Waits]:
    with without_waits() as found:
        yield found


def played(waits: Waits, client: Played, told: Told) -> list[float]:
    """The waits of one call."""
    del waits.seconds[:]
    sent, _ = client.call(told)
    assert len(sent) == ATTEMPTS
    assert len(waits.seconds) == ATTEMPTS - 1
    return list(waits.seconds)


def botocores(waits: Waits, mode: str, told: Told, headers: dict[str, str]) -> Curve:
    """For each attempt what botocore waits, over all draws."""
    drawn = [0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.retryhandler.random", SimpleNamespace(random=lambda: drawn[0]))
        # It has bound the function in its defaults.
        defaults = (20, lambda: drawn[0], None, None)
        patch.setattr("botocore.retries.standard.ExponentialBackoff.__init__.__defaults__", defaults)
        patch.setattr(RetryQuota, "acquire", lambda self, amount: True)
        client = Played(boto3.client, **retries(mode, ATTEMPTS))
        client.headers = headers
        found = []
        for drawn[0] in DRAWS:
            found.append(played(waits, client, told))
    return [sorted(lengths) for lengths in zip(*found, strict=True)]


def ours(waits: Waits, mode: str, told: Told, headers: dict[str, str]) -> Curve:
    found = []
    for _ in range(CALLS):
        # With a new quota.
        client = Played(fleetgrass.client, **retries(mode, ATTEMPTS))
        client.headers = headers
        found.append(played(waits, client, told))
    return [sorted(lengths) for lengths in zip(*found, strict=True)]


def unlike(theirs: Curve, ours: Curve) -> list[str]:
    """Where ours do not follow the law of theirs."""
    found = []
    for attempt, (law, lengths) in enumerate(zip(theirs, ours, strict=True), 1):
        # Between two draws of botocore's there are ours.
        step = max(later - sooner for sooner, later in pairwise(law)) + ROUNDED
        if lengths[0] < law[0] - ROUNDED or lengths[-1] > law[-1] + step:
            found.append(f"wait {attempt}: theirs {law[0]} to {law[-1]}, ours {lengths[0]} to {lengths[-1]}")
        for length in lengths:
            below = bisect_left(lengths, length) / len(lengths) - bisect_left(law, length - step) / len(law)
            above = bisect_right(lengths, length) / len(lengths) - bisect_right(law, length + step) / len(law)
            if below < -SHARE or above > SHARE:
                found.append(f"wait {attempt}: the share of ours up to {length} is off by {below} or {above}")
                break
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("told", TROUBLES)
def test_the_curve(waits: Waits, mode: str, told: Told) -> None:
    theirs = botocores(waits, mode, told, {})
    assert not unlike(theirs, ours(waits, mode, told, {}))
    # That the longest backoff is among them.
    longest = 64 if mode == "legacy" else 20 if told[1] or told[0] == 429 else 3.2
    assert longest * 0.98 < theirs[-1][-1] < longest


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("hint", ["700", "60000", "-5", "soon"])
def test_a_hint_in_milliseconds(waits: Waits, mode: str, hint: str) -> None:
    told: Told = (503, "SlowDown")
    # The other hint counts for nothing beside it.
    headers = {"x-amz-retry-after": hint, "Retry-After": "9"}
    assert not unlike(botocores(waits, mode, told, headers), ours(waits, mode, told, headers))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("hint", ["3", "3600", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_hint_in_seconds_is_ours_alone(waits: Waits, ledger: Ledger, mode: str, hint: str) -> None:
    ledger.use("retry-after-delay")
    heeded: dict[str, Callable[[float], float]] = {"3": lambda wait: max(wait, 3), "3600": lambda wait: max(wait, 20)}
    change = heeded.get(hint, lambda wait: wait) if mode != "legacy" else lambda wait: wait
    told, headers = (503, "SlowDown"), {"Retry-After": hint}
    theirs = [[change(wait) for wait in law] for law in botocores(waits, mode, told, headers)]
    assert not unlike(theirs, ours(waits, mode, told, headers))


def test_another_law_would_be_found() -> None:
    law = [draw * 2 for draw in DRAWS]
    others = {
        "half": [wait / 2 for wait in law],
        "double": [wait * 2 for wait in law],
        "no chance": [1.5] * 100,
        "the longest": [law[-1]] * 100,
        "cube": [wait**3 / 4 for wait in law],
    }
    assert not unlike([law], [law[::2]])
    assert not [name for name, other in others.items() if not unlike([law], [sorted(other)])]
