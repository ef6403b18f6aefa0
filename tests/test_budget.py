"""The budget from outside: whose it is, how much, who waits for it. Its arithmetic is tested in budget.rs."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

import fleetgrass
from fleetgrass.emulator import Emulator
from fleetgrass.exceptions import InvalidConfigError
from support.answers import reply
from support.processes import fork, statuses
from support.server import RecordingServer

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
ITEM = {"coreDeviceThingName": "device"}
THROTTLED = reply({"message": "Rate exceeded"}, 429, [("x-amzn-errortype", "ThrottlingException")])
#: So low that whoever waits for it waits for ever.
NEVER = 1e-6

pytestmark = pytest.mark.timeout(60)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@pytest.fixture
def server(server: RecordingServer) -> RecordingServer:
    """At an endpoint that no other test has: a port comes again, and the budget of its owner is kept."""
    server.url += f"/{uuid4()}"
    return server


def client(url: str | None = None, region: str = "us-east-1", account: str | None = None, **config: Any) -> Any:
    return fleetgrass.client(
        "greengrassv2",
        region_name=region,
        endpoint_url=url,
        aws_account_id=account,
        config=fleetgrass.Config(**config),
        **KEYS,
    )


def rate(made: Any) -> Any:
    return made._core.rate("GetCoreDevice")


@pytest.fixture(scope="module")
def urls() -> Iterator[str]:
    """Addresses that nobody has used, and whose budgets are new."""
    return (f"http://{number}.example:1" for number in range(os.getpid() * 1000, 10**12))


@pytest.mark.parametrize(
    ("region", "expected"), [("eu-west-1", 24), ("cn-north-1", 8), ("us-gov-east-1", 8), ("us-gov-west-1", 8)]
)
def test_the_default_is_four_fifths_of_the_quota(region: str, expected: float) -> None:
    assert rate(client(region=region, account="000000000001")) == expected


def test_an_endpoint_that_no_rule_made_has_no_limit_until_it_is_told(urls: Any) -> None:
    url = next(urls)
    first = client(url)
    assert rate(first) is None
    told = client(url, requests_per_second=500)
    assert rate(told) == rate(first) == rate(client(url)) == 500
    later = client(url, requests_per_second=7.5)
    assert rate(first) == 500
    assert rate(later) == 7.5  # as its first call asks
    assert rate(first) == rate(told) == 7.5


def test_account_region_and_endpoint_have_a_budget_each(urls: Any) -> None:
    url, account = next(urls), "123456789012"
    assert rate(client(url, account=account, requests_per_second=3)) == 3
    assert rate(client(url, account=account)) == 3
    assert rate(client(url, account="210987654321")) is None
    assert rate(client(url)) is None
    assert rate(client(url, region="eu-west-1", account=account)) is None
    assert rate(client(next(urls), account=account)) is None


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), "24", True])
def test_what_is_no_rate_is_told(value: Any) -> None:
    with pytest.raises(InvalidConfigError, match=r"Config\(requests_per_second=.*\) is no rate: give a number above 0"):
        client(requests_per_second=value)


@pytest.mark.parametrize("value", [0, -1, 1.5, "64", True])
def test_what_is_no_number_of_calls_is_told(value: Any) -> None:
    with pytest.raises(InvalidConfigError, match=r"Config\(max_concurrency=.*\) is no number of calls"):
        client(max_concurrency=value)
    with pytest.raises(ValueError, match="max_concurrency is"):
        client().map("get_core_device", [], max_concurrency=value)


def test_none_is_not_given() -> None:
    made = client(requests_per_second=None, max_concurrency=None)
    assert (made.meta.config.requests_per_second, made.meta.config.max_concurrency) == (None, 64)


def test_a_throttling_lowers_the_rate(server: Any) -> None:
    server.script([THROTTLED, reply()])
    ours = client(server.url, requests_per_second=500)
    ours.get_core_device(**ITEM)
    assert 250 <= rate(ours) < 500
    unlimited = client(f"{server.url}/other")
    server.script([THROTTLED, reply()])
    unlimited.get_core_device(**ITEM)
    assert rate(unlimited) is not None


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_every_way_of_a_call_tells_the_budget(server: Any, mode: str, observed: bool) -> None:
    server.script([THROTTLED])
    retries = {"mode": mode, "total_max_attempts": 1}
    ours = client(f"{server.url}/{mode}/{observed}", requests_per_second=500, retries=retries)
    if observed:
        ours.meta.events.register("before-send", lambda **kwargs: None)
    with pytest.raises(ClientError):
        ours.get_core_device(**ITEM)
    assert 250 <= rate(ours) < 500


def test_plain_calls_do_not_wait(server: Any) -> None:
    ours = client(server.url, requests_per_second=NEVER)
    for _ in range(5):
        ours.get_core_device(**ITEM)


def test_a_rate_that_is_raised_is_news_to_those_in_line(server: Any) -> None:
    answers = client(server.url, requests_per_second=NEVER).map("get_core_device", [ITEM] * 3)
    next(answers)
    assert rate(client(server.url, requests_per_second=500)) == 500
    assert len(list(answers)) == 2


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_the_wait_for_the_budget(server: Any, observed: bool) -> None:
    ours = client(f"{server.url}/{observed}", requests_per_second=NEVER)
    if observed:
        ours.meta.events.register("before-send", lambda **kwargs: None)
    answers = ours.map("get_core_device", [ITEM] * 3)
    next(answers)
    killer = threading.Timer(0, os.kill, (os.getpid(), signal.SIGINT))

    def interrupted() -> None:
        killer.start()
        next(answers)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    killer.join()
    assert len(server.take()) == 1


def test_leaving_the_loop_ends_the_wait_for_the_budget(server: Any) -> None:
    ours = client(server.url, requests_per_second=NEVER)
    for _ in ours.map("get_core_device", [ITEM] * 1000):
        break
    assert len(server.take()) == 1


def test_throttled_calls_of_a_map_come_to_their_end_however_many_they_are(server: Any) -> None:
    """More than the quota of retries would pay for."""
    server.script([THROTTLED] * 150 + [reply()])
    ours = client(server.url, retries={"total_max_attempts": 10})
    answers = list(ours.map("get_core_device", [ITEM] * 150, max_concurrency=150))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert len(server.take()) == 300


def test_a_map_that_is_always_throttled_ends_as_a_call_does(server: Any) -> None:
    server.script([THROTTLED])
    [answer] = client(server.url).map("get_core_device", [ITEM])
    assert answer.response["Error"]["Code"] == "ThrottlingException"
    assert answer.response["ResponseMetadata"]["RetryAttempts"] == 2
    assert len(server.take()) == 3


def test_the_services_quota_loses_no_call() -> None:
    with Emulator(quota=True, check_signatures=False) as emulator:
        emulator.register_core_devices(1)
        ours = client(emulator.endpoint_url)
        items = [{"coreDeviceThingName": "device-00001"}] * 90
        assert [answer["coreDeviceThingName"] for answer in ours.map("get_core_device", items)] == ["device-00001"] * 90
        assert rate(ours) < 100


@needs_fork
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_has_the_parents_budget_and_not_its_line(server: Any) -> None:
    ours = client(server.url, requests_per_second=50)
    answers = ours.map("get_core_device", [ITEM] * 20)
    next(answers)

    def child() -> None:
        assert rate(ours) == 50
        assert len(list(client(server.url).map("get_core_device", [ITEM] * 5))) == 5

    assert statuses([fork(child)]) == {0}
    assert len(list(answers)) == 19
