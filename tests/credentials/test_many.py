"""Credentials of many calls at once: asked for by one thread, together, and no more often than they change."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import fleetgrass
import fleetgrass.aio
from fleetgrass.credentials import ReadOnlyCredentials, refreshable
from fleetgrass.credentials.refreshable import RefreshableCredentials
from fleetgrass.emulator import Emulator
from support.processes import fork, statuses
from support.server import RecordingServer

pytestmark = pytest.mark.timeout(60)

#: Seconds after which a test that hangs fails.
PATIENCE = 30


class Counting(RefreshableCredentials):
    """Counts how often it is asked."""

    def __init__(self, refresh_using: Callable[[], dict[str, Any]]) -> None:
        super().__init__(refresh_using, "test")
        self.asked = 0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self.asked += 1
        return super().get_frozen_credentials()


class Provider:
    """Credentials that may change at any moment."""

    method = "test"

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.get_frozen_credentials = answer


def keys(name: str, minutes: float) -> dict[str, Any]:
    expiry = (datetime.now(timezone.utc) + timedelta(minutes=minutes)).isoformat()
    return {"access_key": name, "secret_key": "secret", "token": "token", "expiry_time": expiry}


def client_of(credentials: Any, url: str, module: Any = fleetgrass) -> Any:
    session = module.Session(region_name="eu-west-1")
    session._lookup._credentials = credentials
    return session.client("greengrassv2", endpoint_url=url)


def keys_used(server: RecordingServer) -> list[str]:
    headers = [request.header("authorization") or "" for request in server.take()]
    return [header.split("Credential=")[1].split("/")[0] for header in headers]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("lasting", [True, False])
def test_a_thousand_calls_start_few_threads(lasting: bool) -> None:
    """The first question is answered when all calls have been handed over."""
    all_there = threading.Event()
    threads: list[int] = []

    def look() -> None:
        assert all_there.wait(PATIENCE)
        threads.append(len(os.listdir("/proc/self/task")))

    def renew() -> dict[str, Any]:
        look()
        return keys("AKID", 60)

    def answer() -> ReadOnlyCredentials:
        look()
        return ReadOnlyCredentials("AKID", "secret", None)

    def items() -> Iterator[Any]:
        for _ in range(1000):
            yield {}
        all_there.set()

    credentials: Any = Counting(renew) if lasting else Provider(answer)
    with Emulator(check_signatures=False) as emulator:
        client = client_of(credentials, emulator.endpoint_url)
        before = len(os.listdir("/proc/self/task"))
        answers = client.map("list_core_devices", items(), max_concurrency=1000, errors="raise")
        assert sum(1 for _ in answers) == 1000
    assert max(threads) <= before + 2  # the reactor, and one that asks
    if lasting:
        assert (credentials.asked, len(threads)) == (1, 1)


def test_keys_that_expire_on_the_way_lose_no_call(server: RecordingServer) -> None:
    """Keys are fresh for some hundredths of a second: each call has some that are, and each are asked for once."""
    renewed = 0

    def renew() -> dict[str, Any]:
        nonlocal renewed
        renewed += 1
        return keys(f"ASIA{renewed}", refreshable.ADVISORY.total_seconds() / 60 + 0.0005)

    credentials = Counting(renew)
    client = client_of(credentials, server.url)
    calls = 0
    while renewed < 5:
        answers = client.map("list_components", [{}] * 200, errors="raise")
        assert {answer["ResponseMetadata"]["HTTPStatusCode"] for answer in answers} == {200}
        calls += 200
    used = keys_used(server)
    assert len(used) == calls
    assert set(used) == {f"ASIA{number}" for number in range(1, renewed + 1)}
    assert credentials.asked <= 2 * renewed


def test_others_go_on_with_what_is_good_while_one_asks(server: RecordingServer) -> None:
    """The first call of `map` waits for the renewal, which waits until all others are answered."""
    others_over = threading.Event()
    answers: Iterator[Callable[[], Any]] = iter([
        lambda: keys("old", 12),
        lambda: others_over.wait(PATIENCE) and keys("new", 60),
    ])  # fmt: skip
    client = client_of(RefreshableCredentials(lambda: next(answers)(), "test"), server.url)
    client.list_components()
    assert keys_used(server) == ["old"]
    mapped = client.map("list_components", [{}] * 20, ordered=False, errors="raise")
    assert len([next(mapped) for _ in range(19)]) == 19
    others_over.set()
    assert len(list(mapped)) == 1
    assert keys_used(server) == ["old"] * 19 + ["new"]


def test_calls_that_wait_outlive_the_one_that_asked_first(server: RecordingServer) -> None:
    asked, answered = threading.Event(), threading.Event()

    def answer() -> ReadOnlyCredentials:
        asked.set()
        assert answered.wait(PATIENCE)
        return ReadOnlyCredentials("AKID", "secret", None)

    async def work() -> None:
        async with client_of(Provider(answer), server.url, fleetgrass.aio) as client:
            first = asyncio.ensure_future(client.list_components())
            assert await asyncio.to_thread(asked.wait, PATIENCE)
            others = [asyncio.ensure_future(client.list_core_devices()) for _ in range(5)]
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.wait([first])
            assert first.cancelled()
            answered.set()
            assert len(await asyncio.gather(*others)) == 5

    asyncio.run(work())
    assert [request.path for request in server.take()] == ["/greengrass/v2/coreDevices"] * 5


def test_calls_that_fail_together_have_errors_of_their_own(server: RecordingServer) -> None:
    """The first question is answered when all calls have been handed over."""
    all_there = threading.Event()
    asked = 0

    def answer() -> Any:
        nonlocal asked
        asked += 1
        assert all_there.wait(PATIENCE)
        raise fleetgrass.exceptions.CredentialRetrievalError(provider="test", error_msg=f"question {asked}")

    def items() -> Iterator[Any]:
        for _ in range(200):
            yield {}
        all_there.set()

    mapped = client_of(Provider(answer), server.url).map("list_components", items(), max_concurrency=200)
    errors: list[Any] = list(mapped)
    assert len({id(error) for error in errors}) == 200
    assert {type(error) for error in errors} == {fleetgrass.exceptions.CredentialRetrievalError}
    assert {error.kwargs["error_msg"] for error in errors} == {f"question {number + 1}" for number in range(asked)}
    assert {error.__traceback__.tb_frame.f_code.co_name for error in errors} == {"answer"}
    assert asked < 200


class Odd(Exception):
    """It cannot be copied."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def test_calls_may_share_an_error_that_cannot_be_copied(server: RecordingServer) -> None:
    def answer() -> Any:
        raise Odd("one", "two")

    mapped = client_of(Provider(answer), server.url).map("list_components", [{}] * 50)
    assert [str(error) for error in mapped] == ["one"] * 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_asks_anew(server: RecordingServer) -> None:
    """At the fork the parent has keys that last, and waits for others that it is asked for on behalf of `map`."""
    parent = os.getpid()
    asking, answered = threading.Event(), threading.Event()

    def answer() -> ReadOnlyCredentials:
        if os.getpid() == parent:
            asking.set()
            assert answered.wait(PATIENCE)
        return ReadOnlyCredentials("parent" if os.getpid() == parent else "child", "secret", None)

    lasting = Counting(lambda: keys("parent", 60))
    changing = client_of(Provider(answer), server.url)
    client = client_of(lasting, server.url)
    client.list_components()

    def in_the_child() -> None:
        assert len(list(changing.map("list_components", [{}] * 3, errors="raise"))) == 3
        assert len(list(client.map("list_components", [{}] * 3, errors="raise"))) == 3
        assert lasting.asked == 2

    waiting = threading.Thread(target=lambda: list(changing.map("list_components", [{}])))
    waiting.start()
    assert asking.wait(PATIENCE)
    assert statuses([fork(in_the_child)]) == {0}
    answered.set()
    waiting.join(PATIENCE)
    assert sorted(keys_used(server)) == ["child"] * 3 + ["parent"] * 5
