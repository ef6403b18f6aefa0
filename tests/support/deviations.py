"""The differences that are meant: `tests/deviations.toml`, and what recognises each in a random case.

A row says what botocore does and what we do. Rows that random cases meet have a recogniser here, keyed by the row's id,
which holds the trigger and both outcomes: it excuses exactly that difference. Rows with a test of their own are marked
by it with `ledger.use(id)`. `pytest --every-deviation` fails when a row was not used by any test.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from support.answers import Answer
from support.compare import Difference
from support.model import operations

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path(__file__).parent.parent / "deviations.toml"
FIELDS = {"id", "trigger", "botocore", "ours", "why"}

# What botocore's parser lets out when an answer is not what the shape says.
LEAKS = {"RecursionError", "UnicodeDecodeError", "AttributeError", "TypeError"}


def _status(found: Difference) -> int:
    """The status of the answer that the last request of botocore got."""
    wire = found.case.answers[min(len(found.theirs.requests), len(found.case.answers)) - 1].wire
    wire = wire.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return int(wire[9:12])


def _empty(answer: Answer) -> bool:
    """Nothing after the head. A chunked answer ends as a head does."""
    return answer.wire.endswith(b"\r\n\r\n") and b"\r\nTransfer-Encoding: chunked" not in answer.wire


def _truncated(found: Difference) -> bool:
    last = found.case.answers[min(len(found.theirs.requests), len(found.case.answers)) - 1]
    kind, error = found.ours.outcome.kind, found.ours.outcome.error
    return (
        last.note in ("truncated", "broken chunk", "bad chunk size", "reset")
        and _status(found) < 300
        and kind == "ConnectionClosedError"
        and str(_status(found)) in str(error)
    )


def _half_head(found: Difference) -> bool:
    return found.case.answers[-1].note == "half head" and found.ours.outcome.kind == "ConnectionClosedError"


def _long_body(found: Difference) -> bool:
    kind, error = found.ours.outcome.kind, found.ours.outcome.error
    noted = found.case.answers[-1].note == "long body"
    return noted and kind == "ResponseParserError" and "max_response_bytes" in str(error)


def _unreadable(found: Difference) -> bool:
    theirs = found.theirs.outcome.value
    if operations()[found.case.method].output_shape is None or _empty(found.case.answers[-1]):
        return False
    # An operation with a `message` in its output gets the text there.
    bare = isinstance(theirs, dict) and set(theirs) <= {"ResponseMetadata", "message"}
    return bare and _status(found) < 300 and found.ours.outcome.kind == "ResponseParserError"


def _leaked(found: Difference) -> bool:
    # Status 300 is an error of its own whatever its body is, and the body of an output without members is not read.
    value, kind = found.ours.outcome.value, found.ours.outcome.kind
    unread = isinstance(value, dict) and list(value) == ["ResponseMetadata"]
    told = kind == "ResponseParserError" or (kind == "ClientError" and _status(found) == 300)
    # Where botocore's parser let the error out of an attempt, ours may have made the next one.
    retried = len(found.ours.requests) > len(found.theirs.requests)
    return found.theirs.outcome.kind in LEAKS and (told or unread or retried)


def _retry_after(found: Difference) -> bool:
    """Ours goes on to the error, or to the next attempt."""
    theirs = found.theirs.outcome
    bad_integer = theirs.kind == "ValueError" and "invalid literal for int()" in str(theirs.error)
    hinted = any(b"retry-after:" in answer.wire.lower() for answer in found.case.answers)
    return bad_integer and hinted and found.ours.outcome.kind != "ValueError"


def _odd_error_type(found: Difference) -> bool:
    return found.theirs.outcome.kind == "TypeError" and _status(found) > 300 and found.ours.outcome.kind != "TypeError"


def _text_for_a_list(found: Difference) -> bool:
    return found.ours.outcome.kind == "ResponseParserError" and "is no List but a" in str(found.ours.outcome.error)


def _long_url(found: Difference) -> bool:
    too_long = bool(found.theirs.requests) and len(found.theirs.requests[0].target) > 65_534
    return too_long and found.ours.outcome.kind == "HTTPClientError" and "Invalid URL" in str(found.ours.outcome.error)


def _header_control_characters(found: Difference) -> bool:
    kind, error = found.ours.outcome.kind, str(found.ours.outcome.error)
    return kind == "HTTPClientError" and "Invalid header value b" in error and not found.ours.requests


def _presign_params(found: Difference) -> bool:
    kinds = (found.theirs.outcome.kind, found.ours.outcome.kind)
    return kinds == ("TypeError", "AttributeError") and "'get'" in str(found.ours.outcome.error)


def _see_other(found: Difference) -> bool:
    leaked = found.theirs.outcome.kind == "HTTPClientError" and "expected str" in str(found.theirs.outcome.error)
    return (
        leaked and _status(found) == 303 and found.ours.outcome.kind == "ClientError" and len(found.ours.requests) == 1
    )


#: Of differences in what came of an answer.
ANSWERED: dict[str, Callable[[Difference], bool]] = {
    "long-bodies": _long_body,
    "odd-error-type": _odd_error_type,
    "see-other": _see_other,
    "text-for-a-list": _text_for_a_list,
    "truncated-answer": _truncated,
    "truncated-head": _half_head,
    "unreadable-answer": _unreadable,
    "leaked-parser-errors": _leaked,
    "unreadable-retry-after": _retry_after,
}

#: Of differences in what was sent, or whether.
CALLED: dict[str, Callable[[Difference], bool]] = {
    "long-urls": _long_url,
    "header-control-characters": _header_control_characters,
    "presign-params-no-dict": _presign_params,
}

RECOGNISERS = {**ANSWERED, **CALLED}


class Ledger:
    """The rows of the file and which of them tests have used."""

    def __init__(self) -> None:
        with FILE.open("rb") as file:
            self.rows = {row["id"]: row for row in tomllib.load(file)["deviation"]}
        self.used: set[str] = set()

    def use(self, row: str) -> None:
        """A test shows this row itself: both outcomes."""
        assert row in self.rows, f"{row} is not in {FILE.name}"
        self.used.add(row)

    def excuses(self, found: Difference) -> str | None:
        """The row that means this difference, which is used by it. None means a difference within a request."""
        if any(line.startswith("request ") for line in found.lines):
            return None
        rows = RECOGNISERS if found.theirs.requests else CALLED
        row = next((row for row, meant in rows.items() if row in self.rows and meant(found)), None)
        if row:
            self.used.add(row)
        return row

    def unused(self) -> list[str]:
        return sorted(set(self.rows) - self.used)
