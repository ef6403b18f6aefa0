"""Credentials that expire: renewed before they do, and once for all threads that need them."""

import itertools
import logging
import os
from _thread import allocate_lock
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Barrier, Event, Semaphore
from typing import Any

import botocore.credentials
import pytest

import fleetgrass
from fleetgrass.credentials import refreshable
from fleetgrass.credentials.refreshable import RefreshableCredentials
from support.server import RecordingServer

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
THREADS = 16
#: Seconds after which a test that hangs fails.
PATIENCE = 30


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshable, "now", lambda: NOW)


def keys(name: str, minutes: float) -> dict[str, Any]:
    expiry = (NOW + timedelta(minutes=minutes)).isoformat()
    return {"access_key": name, "secret_key": "planted secret", "token": "planted token", "expiry_time": expiry}


@pytest.mark.parametrize("first", [None, keys("old", 9), keys("old", -1)])
def test_the_source_is_asked_once_for_many_waiting_threads(first: dict[str, Any] | None) -> None:
    asked = []
    ready = Barrier(THREADS + 1)
    all_there = Event()

    def ask() -> dict[str, Any]:
        asked.append(1)
        assert all_there.wait(PATIENCE)
        return keys("new", 60)

    credentials = RefreshableCredentials(ask, "test", first)

    def use() -> str | None:
        ready.wait(PATIENCE)
        return credentials.get_frozen_credentials().access_key

    with ThreadPoolExecutor(THREADS) as pool:
        used = [pool.submit(use) for _ in range(THREADS)]
        ready.wait(PATIENCE)
        all_there.set()
        assert {future.result() for future in used} == {"new"}
    assert asked == [1]


def test_others_go_on_with_what_is_good_while_one_asks() -> None:
    asking, answer = Event(), Event()

    def ask() -> dict[str, Any]:
        asking.set()
        assert answer.wait(PATIENCE)
        return keys("new", 60)

    credentials = RefreshableCredentials(ask, "test", keys("old", 12))
    with ThreadPoolExecutor(1) as pool:
        renewed = pool.submit(credentials.get_frozen_credentials)
        assert asking.wait(PATIENCE)
        assert credentials.get_frozen_credentials().access_key == "old"
        answer.set()
        assert renewed.result().access_key == "new"
    assert credentials.get_frozen_credentials().access_key == "new"


@pytest.mark.parametrize(("minutes", "asks"), [(16, 0), (15, 0), (14.9, 1), (None, 0)])
def test_when_the_source_is_asked(minutes: float | None, asks: int) -> None:
    asked = []

    def ask() -> dict[str, Any]:
        asked.append(1)
        return keys("new", 60)

    first = {**keys("old", minutes or 0), **({"expiry_time": None} if minutes is None else {})}
    RefreshableCredentials(ask, "test", first).get_frozen_credentials()
    assert len(asked) == asks


def test_a_source_that_fails_is_told_only_when_it_matters(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def ask() -> dict[str, Any]:
        raise OSError("planted words")

    good = RefreshableCredentials(ask, "test", keys("old", 12))
    assert good.get_frozen_credentials().access_key == "old"
    with pytest.raises(OSError, match="planted words"):
        RefreshableCredentials(ask, "test", keys("old", 9)).get_frozen_credentials()
    assert len(caplog.records) == 2
    assert "OSError" in caplog.text
    assert "planted" not in caplog.text + repr(good)


class Lock:
    """One that tells who comes to wait for it."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self) -> None:
        arrived.release()
        self.acquire()

    def __exit__(self, *raised: object) -> None:
        self.release()


arrived = Semaphore(0)


@pytest.mark.parametrize("side", ["theirs", "ours"])
def test_the_error_of_a_source_is_that_of_all_who_wait(monkeypatch: pytest.MonkeyPatch, ledger, side: str) -> None:
    ledger.use("renewal-errors")
    monkeypatch.setattr(refreshable, "allocate_lock", Lock)
    asked = []
    asking = Event()

    def ask() -> dict[str, Any]:
        asked.append(1)
        asking.set()
        for _ in range(0 if len(asked) > 1 else THREADS):
            assert arrived.acquire(timeout=PATIENCE)
        raise OSError("down")

    credentials: Any
    if side == "ours":
        credentials = RefreshableCredentials(ask, "test", keys("old", 9))
    else:
        credentials = botocore.credentials.RefreshableCredentials("old", "s", "t", NOW, ask, "test")
        credentials._refresh_lock = Lock()
    with ThreadPoolExecutor(THREADS + 1) as pool:
        calls = [pool.submit(credentials.get_frozen_credentials)]
        assert asking.wait(PATIENCE)
        calls += [pool.submit(credentials.get_frozen_credentials) for _ in range(THREADS)]
        errors = [call.exception(PATIENCE) for call in calls]
        assert {str(error) for error in errors} == {"down"}
    if side == "ours":
        assert len({id(error) for error in errors}) == THREADS + 1  # whose traceback and notes are a thread's own
    assert len(asked) == (1 if side == "ours" else THREADS + 1)
    with pytest.raises(OSError, match="down"):
        credentials.get_frozen_credentials()
    assert len(asked) == (2 if side == "ours" else THREADS + 2)


def test_who_waits_asks_where_the_one_who_asked_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshable, "allocate_lock", Lock)
    asked = []
    asking = Event()

    def ask() -> dict[str, Any]:
        asked.append(1)
        if len(asked) == 1:
            asking.set()
            assert arrived.acquire(timeout=PATIENCE)
            raise KeyboardInterrupt
        return keys("new", 60)

    credentials = RefreshableCredentials(ask, "test", keys("old", 9))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(credentials.get_frozen_credentials)
        assert asking.wait(PATIENCE)
        second = pool.submit(credentials.get_frozen_credentials)
        assert isinstance(first.exception(PATIENCE), KeyboardInterrupt)
        assert second.result(PATIENCE).access_key == "new"


@pytest.mark.parametrize(
    "given",
    [{}, None, {**keys("new", 60), "expiry_time": "soon"}, keys("new", -1)],
    ids=["none", "null", "soon", "past"],
)
def test_an_answer_without_good_keys_takes_none_away(given: Any) -> None:
    good = RefreshableCredentials(lambda: given, "test", keys("old", 12))
    for _ in range(2):
        assert good.get_frozen_credentials().access_key == "old"
    with pytest.raises((fleetgrass.exceptions.CredentialRetrievalError, RuntimeError)):
        RefreshableCredentials(lambda: given, "test", keys("old", 9)).get_frozen_credentials()


def test_keys_that_have_ended_already_are_an_error() -> None:
    credentials = RefreshableCredentials(lambda: keys("new", -1), "test")
    with pytest.raises(RuntimeError, match="still expired") as raised:
        credentials.get_frozen_credentials()
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize("side", ["theirs", "ours"])
def test_ended_keys_for_those_that_are_good_change_nothing(ledger, side: str) -> None:
    ledger.use("renewal-to-ended-keys")
    credentials: Any
    if side == "ours":
        credentials = RefreshableCredentials(lambda: keys("new", -1), "test", keys("old", 12))
        assert credentials.get_frozen_credentials().access_key == "old"
        return
    now = datetime.now(timezone.utc)
    ended = {**keys("new", 0), "expiry_time": (now - timedelta(minutes=1)).isoformat()}
    credentials = botocore.credentials.RefreshableCredentials(
        "old", "s", "t", now + timedelta(minutes=12), lambda: ended, "test"
    )
    with pytest.raises(RuntimeError, match="still expired"):
        credentials.get_frozen_credentials()


def test_threads_that_look_at_the_same_time_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a user at a prompt is asked once. What is set meanwhile outdoes what is found."""
    all_look = Barrier(THREADS)

    def find(*_: Any) -> Any:
        all_look.wait(PATIENCE)
        return fleetgrass.credentials.Credentials("found", "secret")

    monkeypatch.setattr(fleetgrass.credentials, "find", find)
    session = fleetgrass.Session(region_name="us-east-1")
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: session.get_credentials(), range(THREADS)))
    assert len({id(each) for each in found}) == 1

    session = fleetgrass.Session(region_name="us-east-1")
    given = fleetgrass.credentials.Credentials("given", "secret")

    def find_late(lookup: Any, _: Any) -> Any:
        lookup.set_credentials(given)
        return fleetgrass.credentials.Credentials("found", "secret")

    monkeypatch.setattr(fleetgrass.credentials, "find", find_late)
    assert session.get_credentials() is session.get_credentials() is given


def test_no_call_is_lost_to_keys_that_expire(server: RecordingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads, and a clock on which keys live for three calls: each call is signed with keys that are good."""
    ticks = itertools.count()
    monkeypatch.setattr(refreshable, "now", lambda: NOW + timedelta(seconds=100) * next(ticks))
    issued: dict[str, datetime] = {}

    def ask() -> dict[str, Any]:
        found = keys(f"ASIA{len(issued)}", 0)
        end = NOW + timedelta(seconds=100) * next(ticks) + refreshable.MANDATORY + timedelta(seconds=1000)
        issued[found["access_key"]] = end
        return {**found, "expiry_time": end.isoformat()}

    session = fleetgrass.Session(region_name="eu-west-1")
    session._lookup._credentials = RefreshableCredentials(ask, "test")
    client = session.client("greengrassv2", endpoint_url=server.url)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: client.list_components(), range(400)))
    assert [answer["ResponseMetadata"]["HTTPStatusCode"] for answer in answers] == [200] * 400
    used = {(request.header("authorization") or "").split("Credential=")[1].split("/")[0] for request in server.take()}
    assert used <= set(issued)
    assert len(used) > 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_renews_for_itself_while_its_parent_does(server: RecordingServer) -> None:
    """At the fork a thread of the parent asks the source, and holds what the child must not wait for."""
    parent = os.getpid()
    asking, answer = Event(), Event()

    def ask() -> dict[str, Any]:
        if os.getpid() == parent:
            asking.set()
            assert answer.wait(PATIENCE)
        return keys("parent" if os.getpid() == parent else "child", 60)

    session = fleetgrass.Session(region_name="eu-west-1")
    session._lookup._credentials = RefreshableCredentials(ask, "test")
    client = session.client("greengrassv2", endpoint_url=server.url)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.list_components)
        assert asking.wait(PATIENCE)
        child = os.fork()
        if not child:
            status = 1
            try:
                client.list_components()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        answer.set()
        waiting.result()
    used = [(request.header("authorization") or "").split("Credential=")[1].split("/")[0] for request in server.take()]
    assert used == ["child", "parent"]
