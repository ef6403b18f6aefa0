"""`logging.getLogger("fleetgrass")`: a line for each attempt, and no secret in any."""

from __future__ import annotations

import asyncio
import inspect
import io
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config

import fleetgrass
import fleetgrass.aio
from support.answers import Answer, reply
from support.server import RecordingServer

SECRETS = {
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "hidden-key",
    "aws_session_token": "hidden-token",
}
OK = reply({"coreDevices": []}, 200, [("x-amzn-RequestId", "the-id")])


def client(server: RecordingServer, observed: bool) -> Any:
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    made: Any = fleetgrass.client(
        "greengrassv2", region_name="us-east-1", endpoint_url=server.url, config=config, **SECRETS
    )
    if observed:
        made.meta.events.register("before-send", lambda **kwargs: None)
    return made


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Levels and messages, times as N."""
    told = [record for record in caplog.records if record.name == "fleetgrass"]
    return [(record.levelname, re.sub(r"\d+\.\d+", "N", record.getMessage())) for record in told]


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_each_attempt_is_told(server: RecordingServer, caplog: pytest.LogCaptureFixture, observed: bool) -> None:
    caplog.set_level(logging.DEBUG, "fleetgrass")
    server.script([reply({}, 503), OK])
    client(server, observed).list_core_devices()
    assert lines(caplog) == [
        ("INFO", "ListCoreDevices attempt 1: status 503, N ms, again in N s"),
        ("DEBUG", "ListCoreDevices attempt 2: status 200, request id the-id, N ms"),
    ]


def test_an_attempt_without_an_answer_is_told(server: RecordingServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "fleetgrass")
    server.script([Answer(b"", "close")])
    with pytest.raises(fleetgrass.exceptions.ConnectionClosedError):
        client(server, False).list_core_devices()
    assert lines(caplog) == [
        ("INFO", "ListCoreDevices attempt 1: connection closed, N ms, again in N s"),
        ("DEBUG", "ListCoreDevices attempt 2: connection closed, N ms"),
    ]


@pytest.mark.parametrize(("level", "told"), [(logging.INFO, ["INFO"]), (logging.WARNING, [])])
def test_nothing_is_told_below_the_level(
    server: RecordingServer, caplog: pytest.LogCaptureFixture, level: int, told: list[str]
) -> None:
    caplog.set_level(level, "fleetgrass")
    server.script([reply({}, 503), OK])
    client(server, False).list_core_devices()
    assert [of for of, _ in lines(caplog)] == told


@pytest.mark.parametrize("arguments", [(), (logging.INFO,), (logging.WARNING, "%(message)s")])
def test_a_stream_logger_is_set_as_boto3_sets_it(arguments: tuple[Any, ...]) -> None:
    seen = []
    for setting in (boto3.set_stream_logger, fleetgrass.set_stream_logger):
        logger = logging.getLogger(f"{setting.__module__}.nobody")
        setting(logger.name, *arguments)
        [handler] = logger.handlers
        logger.removeHandler(handler)
        assert handler.formatter is not None
        seen.append((type(handler), handler.level, logger.level, handler.formatter._fmt))
    assert seen[0] == seen[1]
    assert (
        inspect.signature(fleetgrass.set_stream_logger).parameters.keys()
        == inspect.signature(boto3.set_stream_logger).parameters.keys()
    )


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_a_stream_logger_shows_calls_and_no_secret(server: RecordingServer, observed: bool) -> None:
    server.script([reply({}, 503), OK])
    logger = logging.getLogger("fleetgrass")
    before, level = list(logger.handlers), logger.level
    fleetgrass.set_stream_logger("fleetgrass", logging.DEBUG, "%(levelname)s %(message)s")
    [handler] = [handler for handler in logger.handlers if handler not in before]
    assert isinstance(handler, logging.StreamHandler)
    stream = handler.stream = io.StringIO()
    try:
        client(server, observed).list_core_devices()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert "DEBUG ListCoreDevices attempt 2: status 200" in stream.getvalue()
    assert not [secret for secret in SECRETS.values() if secret in stream.getvalue()]


async def awaited(server: RecordingServer, calls: int) -> list[Any]:
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    async with fleetgrass.aio.client(
        "greengrassv2", region_name="us-east-1", endpoint_url=server.url, config=config, **SECRETS
    ) as opened:
        return await asyncio.gather(*(opened.list_core_devices() for _ in range(calls)))


def mapped(server: RecordingServer, calls: int) -> list[Any]:
    return list(client(server, False).map("list_core_devices", [{}] * calls))


def in_a_loop(server: RecordingServer, calls: int) -> list[Any]:
    return asyncio.run(awaited(server, calls))


MANY = pytest.mark.parametrize("many", [mapped, in_a_loop])


class Handler(logging.Handler):
    """Does `work` for each record, and notes the thread."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work
        self.threads: list[threading.Thread] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.threads.append(threading.current_thread())
        self._work()


@contextmanager
def handling(work: Callable[[], Any]) -> Iterator[Handler]:
    logger, handler = logging.getLogger("fleetgrass"), Handler(work)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@MANY
def test_each_attempt_of_many_calls_is_told_where_their_answers_are_taken(
    server: RecordingServer, caplog: pytest.LogCaptureFixture, many: Callable[[RecordingServer, int], list[Any]]
) -> None:
    caplog.set_level(logging.DEBUG, "fleetgrass")
    server.script([reply({}, 503), OK])
    with handling(lambda: None) as handler:
        assert len(many(server, 40)) == 40
    told = lines(caplog)
    assert told.index(("INFO", "ListCoreDevices attempt 1: status 503, N ms, again in N s")) + 1 == told.index(
        ("DEBUG", "ListCoreDevices attempt 2: status 200, request id the-id, N ms")
    )
    assert told.count(("DEBUG", "ListCoreDevices attempt 1: status 200, request id the-id, N ms")) == 39
    assert len(told) == 41
    assert set(handler.threads) == {threading.current_thread()}


@MANY
def test_a_handler_may_make_many_calls_itself(
    server: RecordingServer, many: Callable[[RecordingServer, int], list[Any]]
) -> None:
    server.script([OK])
    answers: list[Any] = []

    def work() -> None:
        if not answers:
            answers.append(None)
            answers.extend(mapped(server, 3))

    with handling(work):
        assert len(many(server, 3)) == 3
    assert [answer and answer["coreDevices"] for answer in answers] == [None, [], [], []]


def test_a_slow_handler_holds_up_nobody_elses_calls(server: RecordingServer) -> None:
    """The first handler waits until the calls that others make meanwhile are over."""
    server.script([OK])
    handles, others_over = threading.Event(), threading.Event()

    def work() -> None:
        if not handles.is_set():
            handles.set()
            assert others_over.wait(30)

    with ThreadPoolExecutor(1) as pool, handling(work) as handler:
        handler.lock = None  # which would make the others' handlers wait for the slow one
        slow = pool.submit(mapped, server, 3)
        assert handles.wait(30)
        assert len(mapped(server, 3)) == len(in_a_loop(server, 3)) == 3
        others_over.set()
        assert len(slow.result()) == 3


CALLS = pytest.mark.parametrize(
    "call",
    [
        lambda server: [client(server, False).list_core_devices()],
        lambda server: [client(server, True).list_core_devices()],
        lambda server: mapped(server, 1),
        lambda server: in_a_loop(server, 1),
    ],
    ids=["plain", "observed", "map", "aio"],
)


@CALLS
def test_a_handler_that_fails_fails_no_call(server: RecordingServer, call: Callable[[RecordingServer], Any]) -> None:
    server.script([OK])

    def work() -> None:
        raise ValueError("the handler's own")

    with handling(work) as handler:
        assert [answer["coreDevices"] for answer in call(server)] == [[]]
    assert handler.threads


@CALLS
def test_a_ctrl_c_that_comes_during_a_handler_ends_the_call(
    server: RecordingServer, call: Callable[[RecordingServer], Any]
) -> None:
    server.script([OK])
    with handling(lambda: signal.raise_signal(signal.SIGINT)), pytest.raises(KeyboardInterrupt):
        call(server)
