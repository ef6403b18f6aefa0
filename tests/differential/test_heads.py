"""Heads and chunks that HTTP does not allow, or only just: botocore's outcome, or a row of deviations.toml."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import InvalidConfigError
from botocore.parsers import ResponseParserError

import fleetgrass
from support.answers import Answer, chunked, head, plain
from support.cases import Case, Setup
from support.compare import Difference, Pair
from support.deviations import Ledger
from support.server import RecordingServer

BODY = b'{"nextToken": "t"}'
LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)
LAST = b"0\r\n\r\n"
# botocore waits so long for a body whose length it has lost.
IMPATIENT = Setup(read_timeout=0.3)


def answer(*lines: bytes, first: bytes = b"HTTP/1.1 200 OK", body: bytes = BODY) -> Answer:
    return Answer(b"\r\n".join([first, *lines, b"", body]), "close")


def numbered(count: int, size: int = 1) -> Iterator[bytes]:
    return (b"x-%d: %s" % (number, b"y" * size) for number in range(count))


LENGTHS = {
    f"length {value.decode()!r}": answer(b"Content-Length: " + value)
    for value in (b"x", b"", b"-5", b"+18", b"99999999999999999999999", b"18.0", b"0x12", b"1_8")
}
ALIKE = {
    "length twice": answer(LENGTH, LENGTH),
    "list of lengths": answer(b"Content-Length: 18, 18"),
    "length and chunks": answer(LENGTH, CHUNKED, body=CHUNK + LAST),
    "coded until close": answer(b"Transfer-Encoding: gzip"),
    "coded and chunked": answer(b"Transfer-Encoding: gzip, chunked", body=CHUNK + LAST),
    "chunked in capitals": answer(b"Transfer-Encoding: CHUNKED", body=CHUNK + LAST),
    "space after a chunk's size": answer(CHUNKED, body=CHUNK.replace(b"\r", b" \r", 1) + LAST),
    "folded": answer(b"x-a: b", b"  c", b"\td", LENGTH),
    "Latin-1": answer(b"x-a: \xe9\xff", LENGTH),
    "code beyond ASCII": answer(b"x-amzn-errortype: \xff\xfe", LENGTH, first=b"HTTP/1.1 400 Bad"),
    **{f"status {status}": answer(LENGTH, first=b"HTTP/1.1 %d X" % status) for status in (99, 1000, 600, 999)},
    "status abc": answer(LENGTH, first=b"HTTP/1.1 abc X"),
    "no status": answer(LENGTH, first=b"HTTP/1.1"),
    "HTTP/2.0": answer(LENGTH, first=b"HTTP/2.0 200 OK"),
    "ICY": answer(LENGTH, first=b"ICY 200 OK"),
    "reason beyond ASCII": answer(LENGTH, first=b"HTTP/1.1 200 \xc3\xa9"),
    "99 headers": answer(*numbered(98), LENGTH),
    "101 headers": answer(*numbered(100), LENGTH),
    "10,000 headers": answer(*numbered(10_000), LENGTH),
    "header of 65,000 bytes": answer(b"x-a: " + b"y" * 65_000, LENGTH),
    "header of 500,000 bytes": answer(b"x-a: " + b"y" * 500_000, LENGTH),
    "head of 390,000 bytes": answer(*numbered(60, 6500), LENGTH),
    "fifty interim answers": Answer(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + answer(LENGTH).wire, "close"),
    "switching protocols": answer(LENGTH, first=b"HTTP/1.1 101 X"),
    "204 with a body": answer(LENGTH, first=b"HTTP/1.1 204 No"),
    "304 with a body": answer(LENGTH, first=b"HTTP/1.1 304 No"),
    "redirect": answer(LENGTH, b"Location: http://127.0.0.1:1/", first=b"HTTP/1.1 302 Found"),
}
UNREADABLE = {
    **LENGTHS,
    "two lengths": answer(LENGTH, b"Content-Length: 5"),
    "no colon": answer(b"nonsense", LENGTH),
    "no colon at the end": answer(LENGTH, b"nonsense"),
    "space before the colon": answer(b"x-a : b", LENGTH),
    "space in a name": answer(b"x a: b", LENGTH),
    "no name": answer(b": b", LENGTH),
    "name beyond ASCII": answer(b"\xc3\xa9: b", LENGTH),
    "folded first": answer(b"  c", LENGTH),
    "NUL": answer(b"x-a: b\0c", LENGTH),
    "control character": answer(b"x-a: b\x01c", LENGTH),
    "bare CR": answer(b"x-a: b\rc", LENGTH),
    "control character in the reason": answer(LENGTH, first=b"HTTP/1.1 200 \x01"),
    "space first": answer(LENGTH, first=b" HTTP/1.1 200 OK"),
    "HTTP/1.9": answer(LENGTH, first=b"HTTP/1.9 200 OK"),
    "HTTP/0.9": answer(LENGTH, first=b"HTTP/0.9 200 OK"),
    "chunks in HTTP/1.0": answer(CHUNKED, first=b"HTTP/1.0 200 OK", body=CHUNK + LAST),
}
CHUNKS = {
    "16 KiB of a chunk's extensions": CHUNK.replace(b"\r", b";" + b"x" * 20_000 + b"\r", 1) + LAST,
    "negative": b"-" + CHUNK + LAST,
    "size beyond 64 bits": b"fffffffffffffffff\r\n" + BODY,
    "size of 63 bits": b"7fffffffffffffff\r\n" + BODY,
    "no last chunk": CHUNK,
    "no end of a chunk": CHUNK.removesuffix(b"\r\n") + LAST,
    "trailer that is none": CHUNK + b"0\r\nnonsense\r\n\r\n",
    "200 trailers": CHUNK + b"0\r\n" + b"\r\n".join(numbered(200)) + b"\r\n\r\n",
}
LENIENT = {
    "blank lines first": Answer(b"\r\n\r\n" + answer(LENGTH).wire, "close"),
    "100 headers": answer(*numbered(99), LENGTH),
    "header of 66,000 bytes": answer(b"x-a: " + b"y" * 66_000, LENGTH),
    "reason of 70,000 bytes": answer(LENGTH, first=b"HTTP/1.1 200 " + b"y" * 70_000),
    "trailer of 100,000 bytes": answer(CHUNKED, body=CHUNK + b"0\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"),
}
INTERIM = {str(status): Answer(head(status, [("Link", "x")]) + answer(LENGTH).wire, "close") for status in (102, 103)}


def _closed(found: Difference) -> bool:
    return found.ours.outcome.kind == "ConnectionClosedError"


def _closed_after_its_head(found: Difference) -> bool:
    return _closed(found) and "Status 200 had come" in str(found.ours.outcome.error)


def _answered(found: Difference) -> bool:
    value = found.ours.outcome.value
    return found.theirs.outcome.kind == "ConnectionClosedError" and value and value["nextToken"] == "t"


def _answered_at_last(found: Difference) -> bool:
    theirs, ours = found.theirs.outcome.value, found.ours.outcome.value
    return theirs["ResponseMetadata"]["HTTPStatusCode"] in (102, 103) and ours["nextToken"] == "t"


MEANT: list[tuple[str, dict[str, Answer], Callable[[Difference], Any]]] = [
    ("unreadable-head", UNREADABLE, _closed),
    ("unreadable-chunks", {name: answer(CHUNKED, body=body) for name, body in CHUNKS.items()}, _closed_after_its_head),
    ("lenient-heads", LENIENT, _answered),
    ("long-heads", {"head of 600,000 bytes": answer(*numbered(10, 60_000), LENGTH)}, _closed),
    ("interim-answers", INTERIM, _answered_at_last),
]


def listed(name: str, wire: Answer) -> Case:
    return Case(name, "list_components", {}, IMPATIENT, [wire])


@pytest.mark.parametrize("name", ALIKE)
def test_the_same_comes_of_it(pair: Pair, name: str) -> None:
    difference = pair.compare(listed(name, ALIKE[name]))
    assert not difference, str(difference)


@pytest.mark.deviation
@pytest.mark.parametrize(
    ("row", "wire", "meant"),
    [
        pytest.param(row, wire, meant, id=f"{row}: {name}")
        for row, kinds, meant in MEANT
        for name, wire in kinds.items()
    ],
)
def test_what_differs_is_meant(
    pair: Pair, ledger: Ledger, row: str, wire: Answer, meant: Callable[[Difference], Any]
) -> None:
    ledger.use(row)
    difference = pair.compare(listed(row, wire))
    assert difference
    assert meant(difference), str(difference)


@pytest.mark.deviation
def test_a_connection_of_http_1_0_is_asked_for_again(pair: Pair, ledger: Ledger) -> None:
    ledger.use("http-1.0")
    wire = answer(LENGTH, b"Connection: keep-alive", first=b"HTTP/1.0 200 OK").wire

    def sent(side: Any) -> list[str | None]:
        client = pair.make(side)
        pair.server.script([Answer(wire)])
        for _ in range(2):
            assert client.list_components()["nextToken"] == "t"
        requests = pair.server.take()
        assert len({request.connection for request in requests}) == 1
        return [request.header("connection") for request in requests]

    assert [sent(pair.theirs), sent(pair.ours)] == [[None, None], [None, "keep-alive"]]


@pytest.mark.deviation
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_a_body_has_a_limit(server: RecordingServer, ledger: Ledger, observed: bool) -> None:
    """Announced or not, and as long as the limit, or a byte longer."""
    ledger.use("long-bodies")
    body = b'{"nextToken": "%s"}' % (b"x" * 1000)
    announced, chunks = plain(200, body), chunked(200, body, size=300)
    for limit, answer, told in [(len(body), announced, None), (len(body), chunks, None), (None, announced, None),
                                (len(body) - 1, announced, f"{len(body)} bytes"),
                                (len(body) - 1, chunks, f"more than {len(body) - 1} bytes")]:  # fmt: skip
        client = fleetgrass.client(
            "greengrassv2",
            region_name="eu-west-1",
            endpoint_url=server.url,
            config=fleetgrass.Config(signature_version=fleetgrass.UNSIGNED, max_response_bytes=limit),
        )
        if observed:
            client.meta.events.register("before-call", lambda **told: None)
        server.script([answer])
        if told is None:
            assert client.list_components()["nextToken"] == "x" * 1000
        else:
            with pytest.raises(ResponseParserError, match=rf"its body has {told}.*max_response_bytes"):
                client.list_components()


@pytest.mark.parametrize("limit", [0, -1, 1.5, "1", True])
def test_what_is_no_limit(limit: Any) -> None:
    with pytest.raises(InvalidConfigError, match=r"max_response_bytes=.* is no number of bytes"):
        fleetgrass.client("greengrassv2", region_name="eu-west-1", config=fleetgrass.Config(max_response_bytes=limit))
