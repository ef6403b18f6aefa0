"""Timestamps: every form the service might send, read in time zones that tell local time from UTC.

Zones are given as POSIX rules, so that no zone database is needed.
"""

import time
from collections.abc import Iterator

import pytest

from differential.alike import assert_alike
from support.answers import plain
from support.bodies import BAD_TIMESTAMPS, TIMESTAMPS
from support.cases import Case
from support.compare import Pair
from support.deviations import Ledger

ZONES = ("UTC0", "GMT0", "EST5EDT,M3.2.0,M11.1.0", "IST-5:30", "<+13>-13", "XXX3:15:30")
# Moments beside the change to summer time and back, and far from now.
MORE = (
    "1678604399", "1678604400", "1699163999", "1699164000", "1699167600", "1699160400.5", "4102444800", "-2208988800",
    '"2023-07-01T12:00:00Z"', '"2023-07-01T12:00:00-04:00"', '"Sat, 01 Jul 2023 12:00:00 GMT"', '"2023-07-01 12:00"',
    '"20230701T120000Z"', '"2023-07-01T12:00:00.123456789Z"', '"2023-07-01T12:00:00+0000"', '" 1700000000 "', '"1_0"',
    "0.0000005", "0.0000015", "1700000000.9999995", "-0.0000005",
)  # fmt: skip


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The process in another time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def test_timestamps(pair: Pair, ledger: Ledger, zone: str) -> None:
    cases = []
    for text in (*TIMESTAMPS, *BAD_TIMESTAMPS, *MORE):
        body = f'{{"creationTimestamp": {text}}}'.encode()
        cases.append(Case(f"{text} in {zone}", "get_deployment", {"deploymentId": "d"}, answers=[plain(200, body)]))
    assert_alike(pair, ledger, cases)
