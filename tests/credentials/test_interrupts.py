"""Ctrl-C while credentials are renewed ends the call at once, and the next call renews them."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import botocore.credentials
import botocore.session
import pytest

import fleetgrass
from support.answers import Answer
from support.interrupts import TRIES, WITHIN, ctrl_c, until
from support.sources import KEYS, LATER, Place, sts

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT"),
    pytest.mark.timeout(60),
]

SOON = timedelta(minutes=5)

#: A client whose credentials must be renewed, what returns when their source has been asked and is silent, and what
#: ends the silence.
Slow = tuple[Any, Callable[[], Any], Callable[[], Any]]


def provider(place: Place) -> Slow:
    """An object of the caller's: botocore's own."""
    asked, released = threading.Event(), threading.Event()

    def refresh() -> dict[str, Any]:
        if not asked.is_set():
            asked.set()
            # A signal that comes just before a wait does not end it.
            while not released.wait(0.01):
                pass
        return {"access_key": "A", "secret_key": "s", "token": "t", "expiry_time": LATER}

    session = botocore.session.Session()
    soon = datetime.now(timezone.utc) + SOON
    session._credentials = botocore.credentials.RefreshableCredentials("A", "s", "t", soon, refresh, "own")
    ours = fleetgrass.Session.from_boto3(session)
    client = ours.client("greengrassv2", region_name="eu-west-1", endpoint_url=place.greengrass.url)
    return client, asked.wait, released.set


PROGRAM = """
import json, os, signal, pathlib
runs = pathlib.Path(r"HOME/runs")
number = len(runs.read_text()) if runs.exists() else 0
runs.write_text("x" * (number + 1))
if number == 1:
    if pathlib.Path(r"HOME/close").exists():
        os.close(1)
    pathlib.Path(r"HOME/new").write_text(str(os.getpid()))
    os.rename(r"HOME/new", r"HOME/waiting")
    signal.pause()
expiry = "SOON" if number == 0 else "LATER"
print(json.dumps({"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": expiry}))
"""


def process(place: Place) -> Slow:
    runs, waiting = place.home / "runs", place.home / "waiting"
    runs.unlink(missing_ok=True)
    waiting.unlink(missing_ok=True)
    soon = (datetime.now(timezone.utc) + SOON).isoformat()
    program = place.write("program.py", PROGRAM.replace("SOON", soon).replace("LATER", LATER))
    place.write("config", f"[profile p]\ncredential_process = '{sys.executable}' '{program}'\n")
    ours = fleetgrass.Session(profile_name="p").client("greengrassv2", endpoint_url=place.greengrass.url)
    return ours, lambda: until(waiting.exists), lambda: os.kill(int(waiting.read_text()), signal.SIGKILL)


def role(place: Place) -> Slow:
    place.write(
        "config", f"[profile a]\nrole_arn = arn:aws:iam::1:role/demo12\nsource_profile = b\n[profile b]\n{KEYS}"
    )
    place.source.script([Answer(b"", "hang"), sts()])
    ours = fleetgrass.Session(profile_name="a").client("greengrassv2", endpoint_url=place.greengrass.url)
    return ours, lambda: place.source.wait_for_requests(1), lambda: None


def status(answer: Any) -> Any:
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def lingering(place: Place) -> Slow:
    """A process that has closed its output."""
    place.write("close", "")
    return process(place)


@pytest.mark.parametrize("source", [provider, process, lingering, role])
def test_ctrl_c_ends_a_renewal_at_once(place: Place, source: Callable[[Place], Slow]) -> None:
    fastest = float("inf")
    for _ in range(TRIES):
        client, asked, _ = source(place)
        with ctrl_c(asked) as took:
            client.list_components()
        if source in (process, lingering):
            with pytest.raises(ProcessLookupError):
                os.kill(int((place.home / "waiting").read_text()), 0)
        assert status(client.list_components()) == 200
        fastest = min(fastest, *took)
        if fastest < WITHIN:
            return
    pytest.fail(f"took {fastest * 1000:.0f} ms at best")


@pytest.mark.parametrize("source", [provider, process])
def test_ctrl_c_ends_many_calls_whose_renewal_goes_on(place: Place, source: Callable[[Place], Slow]) -> None:
    """Another thread asks for them, which hears of no signal: the next call waits for what it is given."""
    fastest = float("inf")
    for _ in range(TRIES):
        client, asked, release = source(place)
        with ctrl_c(asked) as took:
            list(client.map("list_components", [{}]))
        release()
        [answer] = client.map("list_components", [{}])
        assert status(answer) == 200
        fastest = min(fastest, *took)
        if fastest < WITHIN:
            return
    pytest.fail(f"took {fastest * 1000:.0f} ms at best")
