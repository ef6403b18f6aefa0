"""Random Python values for a shape of the model: good ones in every type botocore takes, and wrong ones of every kind.

`Values(random, wrong)` makes a value for a shape; `wrong` is the chance, at each node, that the node is not what the
shape wants. With `wrong=0` everything it makes passes botocore's validation. Nothing here depends on an operation.
"""

import collections
import io
import string
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

TEXTS = (
    "a", "x y", "core-1", "ünï", "日本語", "🌍", "a/b", "a//b", "/a", "a/", "..", "./..", "a:b", "%41", "+", "~",
    "a&b=c#d?e",
    '"', "\\", "'", "\n", "\t", "\x00", "\x1f", "\x7f", "\u2028", "\ufeff", "é\u0301", "None", "true", "0", "{}",
    "<html>", "a" * 300,
    "arn:aws:greengrass:us-east-1:123456789012:components:com.example.Hello:versions:1.0.0",
)  # fmt: skip
SURROGATES = ("\ud800", "a\udfffb", "\udc80x")
# Values of headers: white space at their ends is trimmed by HTTP, what cannot be a header is an error of its own.
INTEGERS = (0, 1, 2, 7, 100, 2**31 - 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -1, -(2**63) - 1)
FLOATS = (
    0.0, -0.0, 1.0, 0.1, 100.0, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 1e-7, 1e22, 1e300, 5e-324, 0.1 + 0.2,
    2.5, -3.75,
    1 / 3, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
DECIMALS = (
    Decimal("1"),
    Decimal("0.1"),
    Decimal("-0"),
    Decimal("1E+3"),
    Decimal("123456789.123456789123456789"),
    Decimal("1E-10"),
)


class Text(str):
    """A str subclass whose own conversions must not be asked for."""


class Whole(int):
    """An int subclass."""


class Fraction(float):
    """A float subclass."""


class Table(dict):  # type: ignore[type-arg]
    """A dict subclass."""


class Row(list):  # type: ignore[type-arg]
    """A list subclass."""


class Loud:
    """An object whose str and repr differ."""

    def __str__(self) -> str:
        return "loud str"

    def __repr__(self) -> str:
        return "loud repr"


class Mute:
    """An object that cannot be shown."""

    def __str__(self) -> str:
        raise ZeroDivisionError("mute")

    __repr__ = __str__


class File(io.BytesIO):
    """A file-like object that can be shown and read the same way twice."""

    def __repr__(self) -> str:
        return "<file>"

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.getvalue().splitlines(keepends=True))


WRONG: tuple[Callable[[], Any], ...] = (
    lambda: None, lambda: 1, lambda: 0, lambda: True, lambda: 1.0, lambda: 1.5, lambda: "", lambda: "text",
    lambda: b"bytes", list,
    dict, lambda: (), lambda: [None], lambda: {"a": None}, lambda: {1, 2}, lambda: frozenset(),
    lambda: Decimal("5"), lambda: 1j,
    lambda: Loud(), lambda: Mute(), lambda: Exception, lambda: "é\ud800", lambda: memoryview(b"x").tobytes,
    lambda: range(3),
    lambda: collections.deque([1]), lambda: bytearray(b"x"), lambda: Decimal("NaN"), lambda: float("nan"), lambda: "5",
    lambda: -5,
    lambda: 10**400, lambda: File(b"x"), lambda: Ellipsis, lambda: collections.ChainMap({"a": 1}), lambda: {1: 2,
    None: 3},
    lambda: {Loud(): 1}, lambda: {("a", 1): "b"}, lambda: {False: "x"}, lambda: {b"k": "v"},
)  # fmt: skip
# A bound method or a set shows an address or an order of the process: equal for both clients, as both get one object.

UNKNOWN = ("Foo", "foo", "client_token", "", "é", "MaxResults", "x" * 50, "a.b", '"')


class Values:
    """A source of values for botocore shapes."""

    def __init__(self, random: Random, wrong: float = 0.0) -> None:
        self.random = random
        self.wrong = wrong

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def members(self, shape: Any) -> dict[str, Any]:
        """Keyword arguments for an operation's input shape: its members in random order, some left out."""
        return dict(self._structure(shape))

    def make(self, shape: Any) -> Any:
        """A value for `shape`, wrong with the chance that this source has."""
        if self.chance(self.wrong):
            return self.random.choice(WRONG)()
        made = getattr(self, f"_{shape.type_name}")(shape)
        if shape.type_name == "structure":
            return self._as_dict(made)
        return made

    def _as_dict(self, made: dict[Any, Any]) -> dict[Any, Any]:
        if self.chance(0.1):
            return self.random.choice((collections.OrderedDict, Table))(made)
        return made

    def _structure(self, shape: Any) -> dict[Any, Any]:
        names = list(shape.members)
        required = set(shape.required_members)
        optional = self.random.choice((0.0, 0.3, 0.7, 1.0))
        chosen = [name for name in names if (name in required and not self.chance(self.wrong)) or self.chance(optional)]
        if self.chance(0.5):
            self.random.shuffle(chosen)
        made: dict[Any, Any] = {}
        for name in chosen:
            made[Text(name) if self.chance(0.03) else name] = self.make(shape.members[name])
        if self.chance(self.wrong):
            made[self.random.choice(UNKNOWN)] = self.random.choice(WRONG)()
        return made

    def _map(self, shape: Any) -> dict[Any, Any]:
        size = self.random.choice((0, 1, 1, 2, 3))
        made: dict[Any, Any] = {}
        for _ in range(size):
            key = (
                self.random.choice((1, None, b"k", ("t",), Loud(), True))
                if self.chance(self.wrong / 2)
                else self._string(shape.key)
            )
            made[key] = self.make(shape.value)
        return self._as_dict(made)

    def _list(self, shape: Any) -> Any:
        least = 0 if self.chance(self.wrong) else int(shape.metadata.get("min", 0))
        made = [self.make(shape.member) for _ in range(max(least, self.random.choice((0, 1, 1, 2, 4))))]
        if self.chance(0.15):
            return tuple(made)
        return Row(made) if self.chance(0.1) else made

    def _string(self, shape: Any) -> str:
        if self.chance(self.wrong / 2):
            return self.random.choice(SURROGATES)
        if shape.enum and self.chance(0.5):
            return str(self.random.choice(shape.enum))
        least = 0 if self.chance(self.wrong) else int(shape.metadata.get("min", 0))
        if self.chance(0.08) and not least:
            return ""
        if self.chance(0.4):
            made = self.random.choice(TEXTS)
        else:
            letters = string.ascii_letters + string.digits + "-_.:/ %éß√"
            made = "".join(self.random.choice(letters) for _ in range(self.random.randint(max(1, least), 24)))
        return Text(made) if self.chance(0.05) else made

    def _integer(self, shape: Any) -> int:
        least = shape.metadata.get("min")
        pool = [value for value in INTEGERS if least is None or value >= least or self.wrong]
        made = self.random.choice(pool) if self.chance(0.5) else self.random.randint(max(1, least or 1), 1000)
        if self.chance(0.05):
            return Whole(made)
        return bool(made) if self.chance(0.05) and (least or 0) <= 1 and made > 0 else made

    _long = _integer

    def _double(self, shape: Any) -> float | Decimal | int:
        least = shape.metadata.get("min")
        pool: tuple[Any, ...] = (*FLOATS, *DECIMALS, *(v for v in INTEGERS if abs(v) < 2**64), True, Fraction(1.5))
        fitting = [value for value in pool if least is None or self.wrong or not value < least]
        chosen: float | Decimal | int = self.random.choice(fitting)
        return chosen

    def _boolean(self, shape: Any) -> bool:
        return self.chance(0.5)

    def _blob(self, shape: Any) -> bytes | bytearray | str:
        data = bytes(self.random.randrange(256) for _ in range(self.random.choice((0, 1, 2, 3, 40))))
        return self.random.choice((data, bytearray(data), self.random.choice(TEXTS)))


def least(shape: Any) -> Any:
    """The simplest value that botocore takes for a shape: of its members those that it requires."""
    if shape.type_name == "structure":
        return {name: least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [least(shape.member)]
    if shape.type_name == "map":
        return {"a": least(shape.value)}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "a" * max(1, int(shape.metadata.get("min", 1)))
    return {"blob": b"a", "boolean": True}.get(shape.type_name, max(1, int(shape.metadata.get("min", 1))))
