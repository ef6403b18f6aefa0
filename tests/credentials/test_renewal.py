"""Credentials that expire: renewed before they do, and once for all threads that need them."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from threading import Barrier, Event
from typing import Any

import pytest

from fleetgrass.credentials import refreshable
from fleetgrass.credentials.refreshable import RefreshableCredentials

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


def test_keys_that_have_ended_already_are_an_error() -> None:
    credentials = RefreshableCredentials(lambda: keys("new", -1), "test")
    with pytest.raises(RuntimeError, match="still expired") as raised:
        credentials.get_frozen_credentials()
    assert "planted" not in str(raised.value)
