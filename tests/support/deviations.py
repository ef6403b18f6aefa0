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
        last.note in ("truncated", "broken chunk", "bad chunk size")
        and _status(found) < 300
        and kind == "ConnectionClosedError"
        and str(_status(found)) in str(error)
    )


def _half_head(found: Difference) -> bool:
    return found.case.answers[-1].note == "half head" and found.ours.outcome.kind == "ConnectionClosedError"


def _unreadable(found: Difference) -> bool:
    theirs = found.theirs.outcome.value
    if operations()[found.case.method].output_shape is None or _empty(found.case.answers[-1]):
        return False
    bare = isinstance(theirs, dict) and list(theirs) == ["ResponseMetadata"]
    return bare and _status(found) < 300 and found.ours.outcome.kind == "ResponseParserError"


def _leaked(found: Difference) -> bool:
    return found.theirs.outcome.kind in LEAKS and found.ours.outcome.kind == "ResponseParserError"


def _retry_after(found: Difference) -> bool:
    error = found.ours.outcome.error
    return (
        found.theirs.outcome.kind == "ValueError"
        and type(error).__name__ in ("ThrottlingException", "InternalServerException")
        and "retryAfterSeconds" not in error.response  # type: ignore[union-attr]
        and any(b"retry-after:" in answer.wire.lower() for answer in found.case.answers)
    )


def _odd_error_type(found: Difference) -> bool:
    return found.theirs.outcome.kind == "TypeError" and _status(found) > 300 and found.ours.outcome.kind != "TypeError"


def _text_for_a_list(found: Difference) -> bool:
    return found.ours.outcome.kind == "ResponseParserError" and "is no List but a" in str(found.ours.outcome.error)


def _long_url(found: Difference) -> bool:
    too_long = bool(found.theirs.requests) and len(found.theirs.requests[0].target) > 65_534
    return too_long and found.ours.outcome.kind == "HTTPClientError" and "Invalid URL" in str(found.ours.outcome.error)


RECOGNISERS: dict[str, Callable[[Difference], bool]] = {
    "odd-error-type": _odd_error_type,
    "text-for-a-list": _text_for_a_list,
    "long-urls": _long_url,
    "truncated-answer": _truncated,
    "truncated-head": _half_head,
    "unreadable-answer": _unreadable,
    "leaked-parser-errors": _leaked,
    "unreadable-retry-after": _retry_after,
}


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

    def excuses(self, found: Difference) -> bool:
        """Whether a row means this difference; that row is used. Rows mean answers, never what a request holds."""
        if not found.theirs.requests or any(line.startswith("request ") for line in found.lines):
            return False
        row = next((row for row, meant in RECOGNISERS.items() if row in self.rows and meant(found)), None)
        if row:
            self.used.add(row)
        return row is not None

    def unused(self) -> list[str]:
        return sorted(set(self.rows) - self.used)
