"""The rate of adaptive clients: our machine beside botocore's classes on one clock, and both clients in real time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest
from botocore.retries.adaptive import ClientRateLimiter, RateClocker
from botocore.retries.bucket import TokenBucket
from botocore.retries.throttling import CubicCalculator
from hypothesis import given, strategies as st

from fleetgrass._core import Limiter
from support.answers import Answer, failure, plain, reply
from support.cases import Setup
from support.compare import Pair
from support.outcome import capture


@dataclass
class Clock:
    """The time, which passes when somebody waits. It stands for the lock as well, whose `wait` waits."""

    now: float

    def current_time(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, seconds: float) -> None:
        self.pass_(max(seconds, 1e-6))  # a clock goes on, however little is left to wait

    def __enter__(self) -> None: ...
    def __exit__(self, *raised: object) -> None: ...
    def notify(self) -> None: ...


class Told:
    """Knows a throttled attempt by having been told."""

    def is_throttling_error(self, throttled: bool) -> bool:
        return throttled


class Theirs:
    """botocore's limiter on a clock."""

    def __init__(self, clock: Clock) -> None:
        self._bucket = TokenBucket(max_rate=1, clock=clock)
        self._bucket._new_fill_rate_condition = clock
        curve = CubicCalculator(starting_max_rate=0, start_time=clock.now)
        self._limiter = ClientRateLimiter(curve, RateClocker(clock), self._bucket, Told(), clock)

    def send(self) -> None:
        self._limiter.on_sending_request(request=None)

    def end(self, throttled: bool) -> None:
        self._limiter.on_receiving_response(throttled=throttled)

    @property
    def rate(self) -> float:
        return float(self._bucket.max_rate)


class Ours:
    """Ours on a clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limiter = Limiter(clock.now)

    def send(self) -> None:
        while (seconds := self._limiter.take(self._clock.now)) is not None:
            self._clock.wait(seconds)

    def end(self, throttled: bool) -> None:
        self._limiter.ended(throttled, self._clock.now)

    @property
    def rate(self) -> float:
        return self._limiter.rate


# What happens next, and after how many seconds.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "throttled", "answered", "answered", "answered"]),
        st.one_of(st.just(0.0), st.floats(0, 0.05), st.floats(0, 2), st.floats(0, 600)),
    ),
    max_size=120,
)


@given(start=st.one_of(st.just(0.0), st.floats(0, 2e9)), steps=STEPS)
def test_rates_and_waits_are_botocores(start: float, steps: list[tuple[str, float]]) -> None:
    """Any sequence of attempts: at each step the same rate, and the same time, so the same waits."""
    seen = []
    for make in (Theirs, Ours):
        clock = Clock(start)
        limiter = make(clock)
        told = []
        for step, after in steps:
            clock.pass_(after)
            limiter.send() if step == "send" else limiter.end(step == "throttled")
            told.append((limiter.rate, clock.now))
        seen.append(told)
    assert [pytest.approx(told, rel=1e-9) for told in seen[0]] == seen[1]


def _sent(wanted: float, allowed: int, until: float) -> list[float]:
    """When calls are made for `until` seconds, `wanted` a second at most, to a service that throttles the rest."""
    clock = Clock(0.0)
    limiter = Ours(clock)
    sent: list[float] = []
    while clock.now < until:
        limiter.send()
        limiter.end(sum(clock.now - time < 1 for time in sent[-allowed:]) >= allowed)
        sent.append(clock.now)
        clock.pass_(1 / wanted)
    return sent


def test_the_rate_comes_to_what_the_service_takes() -> None:
    """100 calls a second are wanted and 20 allowed: after some seconds about 20 are made."""
    late = [time for time in _sent(100, 20, 60) if time > 30]
    assert 10 < len(late) / 30 < 25


THROTTLED = {
    "by code": failure(400, "ThrottlingException"),
    "by status": plain(429, b""),
}


def _time_between(pair: Pair, side: Any, answer: Answer) -> float:
    """Seconds of a call that is throttled once."""
    client = pair.make(side, Setup(attempts=2, mode="adaptive"))
    pair.server.script([answer, reply()])
    before = monotonic()
    assert client.list_components()["ResponseMetadata"]["RetryAttempts"] == 1
    return monotonic() - before


@pytest.mark.parametrize("answer", THROTTLED.values(), ids=THROTTLED)
def test_a_throttled_client_waits_for_its_token(pair: Pair, answer: Answer) -> None:
    """0.9 to 2 seconds, by where in a second it began, whatever the backoff was."""
    waited = [_time_between(pair, side, answer) for side in (pair.theirs, pair.ours)]
    assert all(0.8 < seconds < 2.6 for seconds in waited), waited


def test_the_limiter_is_off_until_something_is_throttled(pair: Pair) -> None:
    client = pair.make(pair.ours, Setup(mode="adaptive"))
    pair.server.script([plain(500, b""), reply()])
    before = monotonic()
    for _ in range(20):
        capture(client.list_components)
    assert monotonic() - before < 1
    assert len(pair.server.take()) == 20


def test_all_calls_of_a_client_wait(pair: Pair) -> None:
    """A call that was not throttled itself waits too, in any thread; another client does not."""
    setup = Setup(mode="adaptive")
    throttled, other = (pair.make(pair.ours, setup) for _ in range(2))
    pair.server.script([plain(429, b""), reply()])
    times = [monotonic()]
    for client in (throttled, other, throttled):
        capture(client.list_components)
        times.append(monotonic())
    first, second, third = (after - before for before, after in pairwise(times))
    assert first < 0.5
    assert second < 0.5
    assert third > 0.8
