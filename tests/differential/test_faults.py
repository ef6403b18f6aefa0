"""Every fault of a server x every operation: botocore's outcome, or a row of deviations.toml.

What counts is the class and text of an error, or the answer, and how many requests the server saw, of the two that a
client here may send. The run prints what it saw as a table, one line for operations that fared alike.
"""

import gc
import gzip
import hashlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from differential.alike import assert_alike, side_by_side
from support import answers
from support.answers import Answer, chunked, head, plain, reply, truncated, until_close
from support.cases import Case, Setup
from support.compare import Difference, Pair, Side
from support.deviations import Ledger
from support.model import operations
from support.outcome import Outcome
from support.server import RecordingServer, RefusingServer
from support.values import least

TWICE = Setup(attempts=2)
# A client that waits for a silent server does so for this long.
IMPATIENT = replace(TWICE, read_timeout=0.5)
LIMITED = replace(TWICE, limit=1000)
LONG = b'{"nextToken": "%s"}' % (b"x" * 1000)
DEEP = 100_000


@dataclass(frozen=True)
class Fault:
    """What the server does to every request, and how the client is made."""

    answer: Answer = answers.CLOSED
    setup: Setup = TWICE
    server: type[RecordingServer] = RecordingServer


def reset(wire: bytes) -> Fault:
    return Fault(Answer(wire, "reset", "reset"))


def silent(wire: bytes) -> Fault:
    return Fault(Answer(wire, "hang", "silent"), IMPATIENT)


def whole(status: int, body: bytes, *headers: tuple[str, str]) -> Fault:
    return Fault(plain(status, body, headers))


PROMISED = head(200, [("Content-Length", "20")])
CHUNKED = head(200, [("Transfer-Encoding", "chunked")])
BOMB = gzip.compress(b" " * 10_000_000)
FLOOD = [(f"x-{number}", "y" * 60) for number in range(10_000)]

FAULTS: dict[str, Fault] = {
    "refused": Fault(server=RefusingServer),
    "reset at once": reset(b""),
    "reset in the head": reset(PROMISED[:30]),
    "reset after the head": reset(PROMISED),
    "reset in the body": reset(PROMISED + b'{"nextToken"'),
    "reset in a chunk": reset(CHUNKED + b"14\r\n{"),
    "reset in an error": reset(head(404, [("Content-Length", "20")]) + b"{"),
    "closed at once": Fault(answers.CLOSED),
    "closed in the head": Fault(answers.HALF_HEAD),
    "closed after the head": Fault(truncated(200, b"")),
    "closed in the body": Fault(truncated(200, b'{"nextToken": "t"')),
    "closed after a body that parses": Fault(truncated(200, b"{}")),
    "closed in a chunk": Fault(answers.BROKEN_CHUNK),
    "closed in an error": Fault(truncated(404, b'{"message": "n')),
    "closed in a failure": Fault(truncated(503, b"{")),
    "silent at once": silent(b""),
    "silent in the head": silent(PROMISED[:30]),
    "silent after the head": silent(PROMISED),
    "silent in the body": silent(PROMISED + b'{"nextToken"'),
    "garbage": Fault(answers.GARBAGE),
    "garbage for a chunk's size": Fault(answers.BAD_CHUNK_SIZE),
    "a page of HTML": whole(200, b"<html>no</html>", ("Content-Type", "text/html")),
    "a failure in HTML": whole(502, b"<html>no</html>", ("Content-Type", "text/html")),
    **{f"redirect {status}": whole(status, b"{}", ("Location", "/there")) for status in (301, 302, 303, 307, 308)},
    **{
        f"redirect {status} elsewhere": whole(status, b"{}", ("Location", "https://127.0.0.1:9/there"))
        for status in (301, 302, 303, 307, 308)
    },
    "deep list": whole(200, b"[" * DEEP + b"]" * DEEP),
    "deep object": whole(200, b'{"a":' * DEEP + b"1" + b"}" * DEEP),
    "deep in a member": whole(200, b'{"nextToken": "t", "a": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "deep error": whole(400, b'{"message":' * DEEP + b"1" + b"}" * DEEP),
    "deep failure": whole(500, b"[" * DEEP),
    "101 headers": whole(200, b"{}", *FLOOD[:100]),
    "10,000 headers": whole(200, b"{}", *FLOOD),
    "bad UTF-8": whole(200, b'{"nextToken": "\xff\xfe"}'),
    "bad UTF-8 in an error": whole(400, b'{"message": "\xff\xfe"}', ("x-amzn-errortype", "ValidationException")),
    "gzip bomb": whole(200, BOMB, ("Content-Encoding", "gzip")),
    "gzip bomb for an error": whole(400, BOMB, ("Content-Encoding", "gzip")),
    "long body": Fault(replace(plain(200, LONG), note="long body"), LIMITED),
    "long body in chunks": Fault(replace(chunked(200, LONG), note="long body"), LIMITED),
    "long body until close": Fault(replace(until_close(200, LONG), note="long body"), LIMITED),
    "long error": Fault(replace(plain(400, LONG), note="long body"), LIMITED),
    "wrong types": whole(200, b'{"components": 5, "tags": [], "nextToken": {}}'),
}


def called(method: str) -> dict[str, Any]:
    shape = operations()[method].input_shape
    return dict(least(shape)) if shape else {}


Record = Callable[[str, object], None]


@pytest.mark.parametrize("name", FAULTS)
def test_every_operation(theirs: Side, ours: Side, ledger: Ledger, record_property: Record, name: str) -> None:
    fault = FAULTS[name]
    cases = [Case(name, method, called(method), fault.setup, [fault.answer]) for method in operations()]
    with warnings.catch_warnings():
        # After such a redirect botocore leaves its connection to the garbage collector.
        warnings.filterwarnings("ignore" if name == "redirect 303 elsewhere" else "error", category=ResourceWarning)
        judge(name, side_by_side(theirs, ours, cases, fault.server), ledger, record_property)
        gc.collect()


def test_stale_connections(pair: Pair, ledger: Ledger, record_property: Record) -> None:
    """The server closes each connection after its answer: the next call, which may be sent once, takes another one."""

    def later(method: str, params: dict[str, Any]) -> Callable[[Any], Any]:
        def act(client: Any) -> Any:
            getattr(client, method)(**params)
            pair.server.wait_until_closed()
            return getattr(client, method)(**params)

        return act

    name, closing = "stale keep-alive", replace(reply(), then="close")
    cases = [Case(name, method, called(method), answers=[closing], act=later(method, called(method)))
             for method in operations()]  # fmt: skip
    judge(name, [pair.observe(case) for case in cases], ledger, record_property)


def test_100_mb(pair: Pair, ledger: Ledger) -> None:
    """Below our limit, so it is an answer on both sides."""

    def digest(client: Any) -> tuple[int, str]:
        token = client.list_components()["nextToken"]
        return len(token), hashlib.sha256(token.encode()).hexdigest()

    body = b'{"nextToken": "%s"}' % (b"x" * 100_000_000)
    assert_alike(pair, ledger, [Case("100 MB", "list_components", {}, answers=[plain(200, body)], act=digest)])


def judge(name: str, found: Iterable[Difference], ledger: Ledger, record_property: Record) -> None:
    """Notes what was seen for the table of the run's summary; no difference without its row."""
    table: dict[tuple[str, ...], list[str]] = defaultdict(list)
    unmeant = []
    for each in found:
        row = ledger.excuses(each) if each.lines else "alike"
        if not row:
            unmeant.append(each)
        sent = "/".join(str(len(side.requests)) for side in (each.theirs, each.ours))
        seen = (shown(each.theirs.outcome), shown(each.ours.outcome), sent, row or "NOT MEANT")
        table[seen].append(each.case.method)
    for seen, methods in table.items():
        whom = ", ".join(methods) if len(methods) < 3 else f"{len(methods)} operations"
        record_property("faults", [name, *seen, whom])
    assert not unmeant, f"{len(unmeant)} differ; the first:\n\n" + "\n\n".join(map(str, unmeant[:3]))


def shown(outcome: Outcome) -> str:
    """The class of an error, and of the service's errors the code; of an answer whether anything is in it."""
    if outcome.error is not None:
        response = getattr(outcome.error, "response", None)
        return f"{outcome.kind} {response['Error'].get('Code', '')}" if response else outcome.kind
    return "answer" if set(outcome.value) - {"ResponseMetadata"} else "empty answer"
