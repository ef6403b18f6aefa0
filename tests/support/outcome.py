"""What a call came to, a value or an exception, and where two outcomes differ.

`same` compares values as a program could tell them apart: exact types, order of keys, every float, and of a datetime
its fields, its offset and the class of its zone. Of exceptions: class, text, `.response`, `.operation_name`, `.kwargs`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# Texts of these are mostly Python's own words, which change between its versions: then their class alone is compared.
NATIVE = (TypeError, AttributeError, ValueError, ArithmeticError, RecursionError)
# The texts of native exceptions that botocore writes itself, up to where it quotes another library.
WRITTEN = re.compile(
    r'Invalid timestamp "(?s:.*)": |(Invalid endpoint|Bad starting token|Waiter does not exist): (?s:.*)'
)


@dataclass(frozen=True)
class Outcome:
    """The value that a call returned, or what it raised."""

    value: Any = None
    error: BaseException | None = None

    @property
    def kind(self) -> str:
        """Class name of the exception, or 'value'."""
        return "value" if self.error is None else type(self.error).__name__

    def __str__(self) -> str:
        return repr(self.value) if self.error is None else f"{identity(self.error)}({text(self.error)!r})"


def capture(call: Callable[[], Any]) -> Outcome:
    """Run `call`. Panics come as BaseException, so these are caught too."""
    try:
        return Outcome(value=call())
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome(error=without_frames(error))


def without_frames(error: BaseException) -> BaseException:
    """The error alone. botocore's frames hold the error that holds them, and so the client: whatever of it has a
    finalizer, such as the pools of connections, would be left to the garbage collector, which may run it where a later
    test has hardly any stack left.
    """
    found: BaseException | None = error
    while found is not None:
        found.__traceback__ = None
        found = found.__context__
    return error


def identity(error: BaseException) -> str:
    """The class as a program would import it; builtins without their module."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__name__
    return f"{kind.__module__}.{kind.__name__}"


def text(error: BaseException) -> str:
    """`str(error)`, or what it raised: texts are made of callers' objects, which may refuse."""
    try:
        return str(error)
    except Exception as refusal:
        return f"<{type(refusal).__name__}: {refusal}>"


def stable_text(error: BaseException) -> str:
    """The part of the text that does not depend on the version of Python."""
    if not isinstance(error, NATIVE):
        return text(error)
    written = WRITTEN.match(text(error))
    return written[0] if written else ""


def differences(theirs: Outcome, ours: Outcome, native_texts: bool = False) -> list[str]:
    """Where `ours` is not `theirs`, one line each. `native_texts`: compare Python's own error texts too."""
    if (theirs.error is None) != (ours.error is None):
        return [f"outcome: theirs {theirs}, ours {ours}"]
    if theirs.error is None:
        return same(theirs.value, ours.value, "result")
    return exception_differences(theirs.error, ours.error, native_texts)


def exception_differences(theirs: BaseException, ours: BaseException | None, native_texts: bool = False) -> list[str]:
    assert ours is not None
    if identity(theirs) != identity(ours):
        return [f"class: theirs {identity(theirs)}({text(theirs)!r}), ours {identity(ours)}({text(ours)!r})"]
    found = []
    words = [text(error) if native_texts else stable_text(error) for error in (theirs, ours)]
    if words[0] != words[1]:
        found.append(f"text: theirs {words[0]!r}, ours {words[1]!r}")
    bases = [[base.__name__ for base in type(error).__mro__] for error in (theirs, ours)]
    if bases[0] != bases[1]:
        found.append(f"bases: theirs {bases[0]}, ours {bases[1]}")
    for name in ("response", "operation_name", "kwargs"):
        if hasattr(theirs, name) != hasattr(ours, name):
            found.append(f".{name}: theirs has it: {hasattr(theirs, name)}, ours: {hasattr(ours, name)}")
        elif name == "kwargs" and hasattr(theirs, name):
            found += same(_plain_kwargs(theirs), _plain_kwargs(ours), ".kwargs")
        elif hasattr(theirs, name):
            found += same(getattr(theirs, name), getattr(ours, name), f".{name}")
    return found


def _plain_kwargs(error: Any) -> dict[str, Any]:
    """The kwargs of a botocore error, without the objects of its HTTP library that botocore attaches."""
    return {name: value for name, value in error.kwargs.items() if name not in ("error", "request", "response")}


def same(theirs: Any, ours: Any, at: str) -> list[str]:
    """Where two values differ, as lines that start with the place."""
    if type(theirs) is not type(ours):
        return [f"{at}: theirs {type(theirs).__name__} {theirs!r}, ours {type(ours).__name__} {ours!r}"]
    if isinstance(theirs, Outcome):
        return [f"{at} {line}" for line in differences(theirs, ours)]
    if isinstance(theirs, dict):
        if list(theirs) != list(ours):
            return [f"{at}: keys of theirs {list(theirs)}, of ours {list(ours)}"]
        return [line for key in theirs for line in same(theirs[key], ours[key], f"{at}[{key!r}]")]
    if isinstance(theirs, (list, tuple)):
        if len(theirs) != len(ours):
            return [f"{at}: length of theirs {len(theirs)}, of ours {len(ours)}"]
        return [line for i, (a, b) in enumerate(zip(theirs, ours, strict=True)) for line in same(a, b, f"{at}[{i}]")]
    if isinstance(theirs, datetime):
        if _moment(theirs) != _moment(ours):
            return [f"{at}: theirs {_moment(theirs)}, ours {_moment(ours)}"]
        return []
    if isinstance(theirs, float):
        return [] if repr(theirs) == repr(ours) else [f"{at}: theirs {theirs!r}, ours {ours!r}"]
    return [] if theirs == ours else [f"{at}: theirs {theirs!r}, ours {ours!r}"]


def _moment(value: datetime) -> tuple[Any, ...]:
    zone = type(value.tzinfo).__name__ if value.tzinfo else None
    return value.replace(tzinfo=None).isoformat(), value.utcoffset(), value.dst(), value.tzname(), zone
