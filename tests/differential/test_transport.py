"""Transport: connections, and answers that are framed in every way HTTP has. Faults have their own file."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from differential.alike import assert_alike
from support import answers
from support.answers import Answer, reply
from support.cases import Case
from support.compare import KEY, Pair
from support.deviations import Ledger
from support.outcome import capture, differences

BODY = b'{"components": [{"arn": "a", "componentName": "b"}], "nextToken": "t"}'

FRAMES: dict[str, Callable[[int, bytes], Answer]] = {
    "plain": lambda status, body: answers.plain(status, body),
    "chunked": lambda status, body: answers.chunked(status, body),
    "one chunk": lambda status, body: answers.chunked(status, body, size=1000),
    "until close": lambda status, body: answers.until_close(status, body),
    "after an interim answer": lambda status, body: answers.interim(answers.plain(status, body)),
    "two interim answers": lambda status, body: answers.interim(answers.interim(answers.plain(status, body))),
    "connection: close": lambda status, body: replace(
        answers.plain(status, body, [("Connection", "close")]), then="close"
    ),
    "http/1.0": lambda status, body: Answer(answers.head(status, version="HTTP/1.0") + body, "close"),
    "no reason phrase": lambda status, body: Answer(
        b"HTTP/1.1 %d \r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
    ),
    "bare line feeds": lambda status, body: Answer(
        b"HTTP/1.1 %d OK\nContent-Length: %d\n\n" % (status, len(body)) + body
    ),
    "long header": lambda status, body: answers.plain(status, body, [("x-long", "x" * 5000)]),
    "many headers": lambda status, body: answers.plain(status, body, [(f"x-{n}", str(n)) for n in range(80)]),
    "content-encoding": lambda status, body: answers.plain(status, body, [("Content-Encoding", "br")]),
    "empty": lambda status, body: answers.plain(status, b""),
    "large": lambda status, body: answers.plain(status, b'{"nextToken": "' + b"x" * 2_000_000 + b'"}'),
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("status", [200, 404])
def test_framed_answers(pair: Pair, ledger: Ledger, frame: str, status: int) -> None:
    """Twice on one client, so that a connection left in a wrong state shows."""
    answer = FRAMES[frame](status, BODY)

    def twice(client: Any) -> Any:
        return capture(client.list_components), capture(client.list_components)

    assert_alike(pair, ledger, [Case(frame, "list_components", {}, answers=[answer], act=twice)])


def test_connections_are_kept(pair: Pair) -> None:
    """Ten calls, one connection; also after errors of the service."""
    for side in (pair.theirs, pair.ours):
        client = pair.client(side)
        pair.server.script([reply(), answers.failure(404, "ResourceNotFoundException"), reply()])
        for _ in range(10):
            capture(client.list_components)
        assert len({request.connection for request in pair.server.take()}) == 1


def test_stale_connections_are_replaced(pair: Pair, ledger: Ledger) -> None:
    """A connection that the server closed after an answer does not fail the next call."""
    closing = replace(reply(), then="close")

    def later(client: Any) -> Any:
        first = client.list_components()
        pair.server.wait_until_closed()
        return first, client.list_components()

    assert_alike(pair, ledger, [Case("stale", "list_components", {}, answers=[closing, reply()], act=later)])


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


UNREACHABLE = ("http://127.0.0.1:{port}", "http://127.0.0.1:{port}/base?x=1", "http://127.0.0.1:{port}/a@b")


@pytest.mark.parametrize("endpoint", [*UNREACHABLE, "http://nowhere.invalid"])
def test_no_connection(pair: Pair, endpoint: str) -> None:
    """Refused, or a name that nobody knows."""
    url = endpoint.format(port=_closed_port())
    from botocore.config import Config

    once = Config(retries={"total_max_attempts": 1})
    options = {"aws_access_key_id": KEY.id, "aws_secret_access_key": KEY.secret, "region_name": KEY.region}
    theirs, ours = (
        capture(
            lambda side=side: side.client("greengrassv2", endpoint_url=url, config=once, **options).list_components()
        )
        for side in (pair.theirs, pair.ours)
    )
    assert theirs.kind == "EndpointConnectionError"
    assert not differences(theirs, ours)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nx: y", " a ", "", "é", "日本", "a\tb"])
def test_odd_header_values(pair: Pair, ledger: Ledger, value: str) -> None:
    """Line breaks are refused before anything is sent; everything else goes as it is."""
    params = {"arn": "a", "artifactName": "b", "iotEndpointType": value}
    assert_alike(pair, ledger, [Case(repr(value), "get_component_version_artifact", params)])
