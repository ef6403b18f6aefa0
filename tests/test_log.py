"""`logging.getLogger("fleetgrass")`: a line for each attempt, and no secret in any."""

from __future__ import annotations

import inspect
import io
import logging
import re
from typing import Any

import boto3
import pytest
from botocore.config import Config

import fleetgrass
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
