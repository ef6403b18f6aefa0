"""Faults of the local cloud: their names, their values, and the texts of the command line.

| fault | value | what happens |
|---|---|---|
| `latency` | seconds, or a least and a most | the call takes longer |
| `throttle` | | nothing is done; the answer is a ThrottlingException with `Retry-After: 1` |
| `error` | a code, such as InternalServerException | nothing is done; the answer is this error |
| `reset` | | the operation is done, but the connection ends without an answer |
| `truncate` | bytes | the operation is done, but the connection ends after so many bytes of the body |
| `slow` | bytes a second | the body comes slowly |
| `short-pages` | | lists give fewer rows a page than asked for; the next page goes on there |
| `empty-pages` | | lists give an empty page before each page with rows |
| `consistency-delay` | seconds | lists tell what was true so long ago |
"""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from fleetgrass._core import EmulatorServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

__all__ = ["Fault", "Rule", "check", "parse"]


class Fault:
    """A fault that goes on until it is removed, or its `with` block ends."""

    def __init__(self, server: EmulatorServer, number: int) -> None:
        self._server = server
        self._number = number
        self._hits = 0

    @property
    def hits(self) -> int:
        """How many calls it has hit so far."""
        self._hits = self._server.fault_hits(self._number) or self._hits
        return self._hits

    def remove(self) -> None:
        """End it. A second call does nothing."""
        self._hits = self.hits
        self._server.remove_fault(self._number)

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()


class Rule(NamedTuple):
    """A fault as the core takes it."""

    fault: str
    value: Any
    #: `operations`, `rate` and `times`.
    scope: dict[str, Any]


def check(fault: str, value: Any, operations: str | Iterable[str] | None, rate: float, times: int | None) -> Rule:
    """The rule that the arguments of `Emulator.inject` make.

    Raises:
        ValueError: One of them is not valid, with what it may be.
    """
    _known("fault", fault, _VALUES)
    value = _VALUES[fault](fault, value)
    if fault == "throttle":
        fault = "error"
    if operations is not None:
        operations = [operations] if isinstance(operations, str) else list(operations)
        if not operations:
            raise ValueError("operations is empty: name some, or give None for all")
        has_pages = dict(EmulatorServer.operations())
        for operation in operations:
            _known("operation", operation, has_pages)
            if fault in _OF_PAGES and not has_pages[operation]:
                raise ValueError(f"{fault} is a fault of lists, and {operation} has no pages")
    if not 0 < rate <= 1:
        raise ValueError(f"rate is {rate}: give a share of the calls above 0, up to 1")
    if times is not None and times < 1:
        raise ValueError(f"times is {times}: give at least 1, or None for no end")
    return Rule(fault, value, {"operations": operations, "rate": rate, "times": times})


def parse(text: str) -> dict[str, Any]:
    """The arguments of `Emulator.inject` that a text `OPERATIONS:HOW_OFTEN:FAULT[=VALUE]` stands for.

    OPERATIONS are names with commas between them, or `*`. HOW_OFTEN is a share, `0.1`, or a number of calls, `3x`.

    Raises:
        ValueError: The text has another form. What its parts say is checked by `check`.
    """
    parts = text.split(":")
    if len(parts) != 3:
        raise ValueError(
            f"the fault {text!r} has not the form OPERATIONS:HOW_OFTEN:FAULT, as in GetCoreDevice:0.1:throttle"
        )
    operations, often, fault = parts
    name, has_value, value = fault.partition("=")
    arguments: dict[str, Any] = {"fault": name, "value": value if has_value else None}
    if operations != "*":
        arguments["operations"] = operations.split(",")
    try:
        if often.endswith("x"):
            arguments["times"] = int(often[:-1])
        else:
            arguments["rate"] = float(often)
    except ValueError:
        raise ValueError(
            f"the fault {text!r} happens {often!r}: give a share of the calls, 0.1, or a number of them, 3x"
        ) from None
    return arguments


def _known(kind: str, name: str, known: Iterable[str]) -> None:
    names = {other.lower().replace("_", "").replace("-", ""): other for other in known}
    if name not in names.values():
        asked = str(name).lower().replace("_", "").replace("-", "")
        nearest = difflib.get_close_matches(asked, names, 1, 0)
        raise ValueError(f"{name!r} is no {kind}: did you mean {names[nearest[0]]!r}?")


def _nothing(fault: str, value: Any) -> None:
    if value is not None:
        raise ValueError(f"{fault} takes no value, not {value!r}")


def _throttling(fault: str, value: Any) -> str:
    _nothing(fault, value)
    return "ThrottlingException"


def _code(fault: str, value: Any) -> str:
    _known("error code", value, EmulatorServer.error_codes())
    return str(value)


def _number(least: float, what: str, whole: bool = False) -> Callable[[str, Any], Any]:
    def read(fault: str, value: Any) -> Any:
        try:
            number = int(value) if whole else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not least <= number < math.inf:
            raise ValueError(f"{fault} is {value!r}: give {what}")
        return number

    return read


_seconds = _number(0, "seconds, at least 0")


def _range(fault: str, value: Any) -> tuple[float, float]:
    """One number of seconds, or two: as a pair, or as a text with `-` between them."""
    if isinstance(value, str) and "-" in value[1:] and "e-" not in value:
        value = value.split("-", 1)
    least, most = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    least, most = _seconds(fault, least), _seconds(fault, most)
    if least > most:
        raise ValueError(f"{fault} is {least} to {most} seconds: give the least first")
    return least, most


#: The faults, and how each reads its value.
_VALUES: dict[str, Callable[[str, Any], Any]] = {
    "latency": _range,
    "throttle": _throttling,
    "error": _code,
    "reset": _nothing,
    "truncate": _number(0, "a number of bytes, at least 0", whole=True),
    "slow": _number(1, "bytes a second, at least 1"),
    "short-pages": _nothing,
    "empty-pages": _nothing,
    "consistency-delay": _number(0.001, "seconds, more than 0"),
}
_OF_PAGES = ("short-pages", "empty-pages", "consistency-delay")
