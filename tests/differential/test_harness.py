"""The harness itself: nothing found between two equal clients, each wrong one caught, its parts as they say."""

import gc
import socket
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import pytest

from support import answers, cases, pages, presigning
from support.cases import Case
from support.clients import boto3_side
from support.compare import KEY, Pair, Side
from support.model import operations, paginators
from support.outcome import capture
from support.server import RecordingServer, Request
from support.sigv4 import BadSignature, Key, verify
from support.wrong import WRONG_CLIENTS, wrong_side

KINDS: dict[str, tuple[list[str], Callable[[str], Iterator[Case]]]] = {
    "calls": (list(operations()), cases.calls),
    "answers": (list(operations()), cases.answers),
    "pages": (list(paginators()), pages.paged),
    "presigned": (list(operations()), presigning.presigned),
}


def some(kind: str, each: int) -> Iterator[Case]:
    """A few cases of a kind for every method."""
    methods, make = KINDS[kind]
    for method in methods:
        yield from islice(make(method), each)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_clients_do_not_differ(server: RecordingServer, theirs: Side, kind: str) -> None:
    pair = Pair(server, theirs, boto3_side("twin"))
    found = [difference for case in some(kind, 4) if (difference := pair.compare(case))]
    assert not found, "\n\n".join(map(str, found))


@pytest.mark.parametrize("name", WRONG_CLIENTS)
def test_wrong_clients_are_caught(server: RecordingServer, theirs: Side, name: str) -> None:
    pair = Pair(server, theirs, wrong_side(name))
    kind, says, _ = WRONG_CLIENTS[name]
    found = (pair.compare(case) for case in some(kind, 40))
    assert any(says in line for difference in found if difference for line in difference.lines), f"not caught: {name}"


@pytest.mark.parametrize("answer", [answers.CLOSED, answers.plain(200, b"[" * 100_000)], ids=["closed", "deep"])
def test_an_outcome_keeps_no_client_alive(server: RecordingServer, theirs: Side, answer: answers.Answer) -> None:
    """What has a finalizer ends with its test, and not wherever the garbage collector comes by."""
    gc.collect()
    gc.disable()
    try:
        client = Pair(server, theirs, theirs).make(theirs)
        connections = weakref.ref(client._endpoint.http_session)
        server.script([answer])
        found = capture(client.list_components)
        del client
        assert found.error is not None
        assert connections() is None
    finally:
        gc.enable()


def test_a_case_is_made_again_from_its_name() -> None:
    first, second = (cases.answered("1/answer/get_component/3", "get_component") for _ in range(2))
    assert repr(first) == repr(second)


# AWS's published example of a signed request (IAM ListUsers).
PUBLISHED = Key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region="us-east-1", service="iam")


def test_checker_agrees_with_the_published_example() -> None:
    from support import sigv4

    canonical = sigv4._canonical_request(
        "GET",
        "/",
        "Action=ListUsers&Version=2010-05-08",
        [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ],
        sigv4.EMPTY_HASH,
    )
    sigv4._check(
        "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request",
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "20150830T123600Z",
        canonical,
        PUBLISHED,
    )


CHANGES: dict[str, Callable[[Request], Request]] = {
    "method": lambda r: replace(r, method="PUT"),
    "path": lambda r: replace(r, target=r.target.replace("/tags/", "/tag/")),
    "encoding of the path": lambda r: replace(r, target=r.target.replace("%3A", ":")),
    "query": lambda r: replace(r, target=r.target.replace("a", "b")),
    "body": lambda r: replace(r, body=r.body + b" "),
    "signed header": lambda r: replace(r, headers=tuple((n, "h" if n.lower() == "host" else v) for n, v in r.headers)),
    "date": lambda r: replace(
        r, headers=tuple((n, "20200101T000000Z" if n == "X-Amz-Date" else v) for n, v in r.headers)
    ),
    "no signature": lambda r: replace(r, headers=tuple((n, v) for n, v in r.headers if n != "Authorization")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_checker_refuses_any_change(server: RecordingServer, theirs: Side, change: str) -> None:
    client = Pair(server, theirs, theirs).client(theirs)
    client.untag_resource(resourceArn="arn:aws:x", tagKeys=["a", "a b"])
    (request,) = server.take()
    assert verify(request, KEY) == {"host", "x-amz-date"}
    with pytest.raises(BadSignature):
        verify(CHANGES[change](request), KEY)


def test_checker_normalises_the_path_that_is_signed(server: RecordingServer, theirs: Side) -> None:
    client = Pair(server, theirs, theirs).client(theirs)
    client.get_component_version_artifact(arn="a", artifactName="../x//./y/")
    (request,) = server.take()
    assert request.path == "/greengrass/v2/components/a/artifacts/../x//./y/"
    assert verify(request, KEY)


def exchange(server: RecordingServer, request: bytes) -> bytes:
    """What a bare socket gets for `request`, up to the close."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while data := connection.recv(65536):
            received += data
    return received


def test_server_records_bytes_as_they_came(server: RecordingServer) -> None:
    server.script([answers.plain(418, b"tea", [("X-A", "1"), ("x-a", "2")]), answers.CLOSED])
    raw = b"POST /a/../%2f?b=%20&c HTTP/1.1\r\nHost: h\r\nX-Latin:  caf\xe9 \r\nContent-Length: 3\r\n\r\n\x00\xff\n"
    assert exchange(server, raw) == b"HTTP/1.1 418 I'm a Teapot\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\ntea"
    (request,) = server.take()
    assert (request.method, request.target, request.body) == ("POST", "/a/../%2f?b=%20&c", b"\x00\xff\n")
    assert request.headers == (("Host", "h"), ("X-Latin", " caf\xe9 "), ("Content-Length", "3"))
    assert exchange(server, raw) == b""


def test_server_keeps_connections_and_repeats_its_last_answer(server: RecordingServer) -> None:
    get = b"GET / HTTP/1.1\r\n\r\n"
    server.script([answers.plain(200, b"1"), answers.plain(200, b"2")])
    assert [part[-1:] for part in exchange(server, get * 3).split(b"HTTP/1.1")[1:]] == [b"1", b"2", b"2"]
    assert {request.connection for request in server.take()} == {1}
