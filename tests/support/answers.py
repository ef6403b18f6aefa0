"""What a server says, byte for byte: well-formed HTTP answers and every broken kind.

An `Answer` is the bytes to write, in pieces, and what to do with the connection afterwards. The builders below make
the kinds that tests need; none of them knows which operation is being answered.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Headers = Iterable[tuple[str, str]]

# Statuses whose answers never have a body: one would be read as the start of the next answer.
BODILESS = {204, 304}


@dataclass(frozen=True)
class Answer:
    """The bytes to write; then keep the connection, close or reset it, or say nothing more until the client leaves."""

    wire: bytes
    then: str = "keep"  # keep, close, reset, hang
    note: str = ""

    def __repr__(self) -> str:
        shown = self.wire if len(self.wire) < 1500 else self.wire[:700] + b" ... " + self.wire[-700:]
        return f"Answer({shown!r}, then={self.then!r})"


def head(status: int, headers: Headers = (), version: str = "HTTP/1.1") -> bytes:
    """The status line and headers, with the blank line. Header text is written as latin-1, as HTTP/1.1 has it."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Odd"
    lines = [f"{version} {status} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def plain(status: int = 200, body: bytes = b"{}", headers: Headers = ()) -> Answer:
    """An ordinary answer with a Content-Length."""
    if status in BODILESS:
        return Answer(head(status, headers))
    return Answer(head(status, [*headers, ("Content-Length", str(len(body)))]) + body)


def reply(value: Any = None, status: int = 200, headers: Headers = ()) -> Answer:
    """An ordinary answer whose body is `value` as JSON."""
    return plain(status, json.dumps({} if value is None else value).encode(), headers)


def failure(status: int, code: str, message: str = "no", headers: Headers = ()) -> Answer:
    """An error as the service sends it: the code in a header, the message in the body."""
    return reply({"message": message}, status, [("x-amzn-errortype", code), *headers])


def chunked(status: int, body: bytes, headers: Headers = (), size: int = 7) -> Answer:
    """The same body in chunks, with a chunk extension and a trailer, which nobody may trip over."""
    if status in BODILESS:
        return plain(status, b"", headers)
    size = max(size, len(body) // 100)  # few enough extensions for a client that bounds them
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    coded = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return Answer(head(status, [*headers, ("Transfer-Encoding", "chunked")]) + coded + b"0\r\nx-trailer: 1\r\n\r\n")


def until_close(status: int, body: bytes, headers: Headers = ()) -> Answer:
    """No Content-Length: the end of the connection is the end of the body."""
    if status in BODILESS:
        return plain(status, b"", headers)
    return Answer(head(status, [*headers, ("Connection", "close")]) + body, "close")


def interim(answer: Answer) -> Answer:
    """The same answer after a `100 Continue`."""
    return Answer(b"HTTP/1.1 100 Continue\r\n\r\n" + answer.wire, answer.then, answer.note)


def truncated(status: int, body: bytes, missing: int = 10, headers: Headers = ()) -> Answer:
    """A Content-Length that promises `missing` bytes more than come before the connection ends."""
    length = ("Content-Length", str(len(body) + missing))
    return Answer(head(status, [*headers, length, ("Connection", "close")]) + body, "close", "truncated")


# Answers that are none: each makes botocore raise a transport error.
CLOSED = Answer(b"", "close", "closed")
SILENT = Answer(b"", "hang", "silent")
HALF_HEAD = Answer(b"HTTP/1.1 200 OK\r\nContent-Le", "close", "half head")
GARBAGE = Answer(b"\x00\x01\x02 this is no HTTP\r\n\r\n", "close", "garbage")
BROKEN_CHUNK = Answer(head(200, [("Transfer-Encoding", "chunked")]) + b"5\r\nabc", "close", "broken chunk")
BAD_CHUNK_SIZE = Answer(
    head(200, [("Transfer-Encoding", "chunked")]) + b"zz\r\nabc\r\n0\r\n\r\n", "close", "bad chunk size"
)
HALF_BODY_THEN_SILENT = Answer(head(200, [("Content-Length", "10")]) + b"{", "hang", "half body")
