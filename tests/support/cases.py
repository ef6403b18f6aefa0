"""Random cases: a call, the client it is made on, and what the server will answer. All from one seed.

A case is made by `random.Random(name)`, and its name is all that is needed to make it again:
`<seed>/<kind>/<method>/<number>`.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from support import bodies
from support.answers import Answer, reply
from support.model import operations
from support.values import Values

SEED = os.environ.get("FLEETGRASS_SEED", "1")
# Random calls in all, and as many random answers. The default is the share that every CI run takes.
CASES = int(os.environ.get("FLEETGRASS_CASES", "870"))

# What an endpoint URL may have after its host. Where it ends, the operation's path goes on.
SUFFIXES = ("", "", "", "", "/", "/base", "/base/p/", "?x=1&a=2", "/base?b=%20&a", "/a%20b/", "/ü", "/a//b/../c")


@dataclass(frozen=True)
class Setup:
    """How the client of a case is made; equal setups share a client."""

    suffix: str = ""
    validate: bool = True
    attempts: int = 1
    mode: str = "standard"
    read_timeout: float = 20
    token: str | None = None
    signed: bool = True
    # Ours alone has it: how many bytes the body of an answer may have.
    limit: int | None = None


@dataclass(frozen=True)
class Case:
    """One call: `method(**params)` on a client made as `setup` says, answered by `answers`."""

    name: str
    method: str
    params: dict[str, Any]
    setup: Setup = Setup()
    answers: list[Answer] = field(default_factory=lambda: [reply()])
    # What to do with the client, if not to call the method; it names its result in `name`.
    act: Callable[[Any], Any] | None = field(default=None, repr=False)

    def on(self, client: Any) -> Any:
        """Do the case with a client."""
        return self.act(client) if self.act else getattr(client, self.method)(**self.params)

    def __str__(self) -> str:
        return f"{self.name}: {self.method}(**{show(self.params)}) on {self.setup}, answered {self.answers}"


def show(value: Any) -> str:
    """repr, for objects that may refuse."""
    try:
        return repr(value)
    except Exception as error:
        return f"<unshowable {type(value).__name__}: {error}>"


def numbered(kind: str, method: str, make: Callable[[str, str], Case], among: int = 29) -> Iterator[Case]:
    """The cases of one kind for one method, which is one of `among` that share `CASES`."""
    for number in range(-(-CASES // among)):
        yield make(f"{SEED}/{kind}/{method}/{number}", method)


def calls(method: str) -> Iterator[Case]:
    """Random parameters, good and wrong, on clients of every kind, answered with an empty success."""
    return numbered("call", method, call)


def answers(method: str) -> Iterator[Case]:
    """A good call, answered with anything."""
    return numbered("answer", method, answered)


def call(name: str, method: str) -> Case:
    random = Random(name)
    wrong = random.choice((0.0, 0.0, 0.03, 0.1, 0.25, 0.5))
    setup = Setup(
        suffix=random.choice(SUFFIXES),
        validate=random.random() > 0.15,
        token=random.choice((None, "token/with+odd=signs")),
        signed=random.random() > 0.05,
    )
    shape = operations()[method].input_shape
    params = Values(random, wrong).members(shape) if shape else {}
    if wrong and not shape and random.random() < 0.5:
        params["unknown"] = 1
    return Case(name, method, params, setup)


def answered(name: str, method: str) -> Case:
    random = Random(name)
    operation = operations()[method]
    # A retried failure costs a sleep of 50 ms or less, a throttled one a second: few cases, and few of the codes.
    retried = random.random() < 0.02
    setup = Setup(attempts=2 if retried else 1)
    params = Values(random).members(operation.input_shape) if operation.input_shape else {}
    if retried:
        first = bodies.failing(random, operation, random.choice((500, 502, 503, 504)))
        return Case(name, method, params, setup, [first, bodies.any_answer(random, operation, statuses=(200, 400))])
    return Case(name, method, params, setup, [bodies.any_answer(random, operation)])
