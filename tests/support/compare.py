"""Two clients on one recording server: the same call to both, and where what they did differs.

`Pair` keeps the clients, one for each setup and side, runs cases and compares requests and outcomes. What may differ
between two runs of the same client (dates, random ids, the User-Agent) is checked for its form and then left out.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

from support import outcome
from support.cases import Case, Setup
from support.model import token_member
from support.outcome import Outcome, capture
from support.server import RecordingServer, Request
from support.sigv4 import BadSignature, Key, verify

KEY = Key("AKIDEXAMPLE", "secret/with+odd=signs")
UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
DEFAULT = Setup()
# Compared by what they say, not as they stand.
MEASURED = {"user-agent", "amz-sdk-invocation-id", "x-amz-date", "authorization"}


@dataclass(frozen=True)
class Side:
    """One of the two clients to compare: a name for messages and a function with boto3.client's signature."""

    name: str
    client: Callable[..., Any]


@dataclass(frozen=True)
class Observation:
    """What a call sent and came to."""

    requests: list[Request]
    outcome: Outcome


@dataclass(frozen=True)
class Difference:
    """A case, what each of the two clients did, and the lines that say where that differs."""

    case: Case
    theirs: Observation
    ours: Observation
    lines: list[str]

    def __str__(self) -> str:
        return "\n  ".join([str(self.case), *self.lines])


class Pair:
    """The clients of both sides on one server."""

    def __init__(self, server: RecordingServer, theirs: Side, ours: Side) -> None:
        self.server = server
        self.theirs = theirs
        self.ours = ours
        self._clients: dict[tuple[str, Setup], Any] = {}
        self._ids: set[bytes] = set()

    def client(self, side: Side, setup: Setup = DEFAULT) -> Any:
        """The side's client for a setup. One that retries serves once: it carries a quota from call to call."""
        if (side.name, setup) not in self._clients:
            self.prepare(setup)
        if setup.attempts > 1:
            return self._clients.pop((side.name, setup))
        return self._clients[side.name, setup]

    def prepare(self, setup: Setup) -> None:
        """Make the clients of a setup now, where the calls will come from other threads."""
        for side in (self.theirs, self.ours):
            self._clients.setdefault((side.name, setup), self.make(side, setup))

    def make(self, side: Side, setup: Setup = DEFAULT) -> Any:
        config: Any = Config(
            parameter_validation=setup.validate,
            retries={"mode": setup.mode, "total_max_attempts": setup.attempts},
            read_timeout=setup.read_timeout,
            signature_version=None if setup.signed else UNSIGNED,
        )
        if setup.limit:
            config.max_response_bytes = setup.limit
        return side.client(
            "greengrassv2",
            region_name=KEY.region,
            endpoint_url=self.server.url + setup.suffix,
            aws_access_key_id=KEY.id,
            aws_secret_access_key=KEY.secret,
            aws_session_token=setup.token,
            config=config,
        )

    def run(self, case: Case) -> tuple[Observation, Observation]:
        """Do a case with a client of each side, the server answering both alike."""
        seen = []
        for side in (self.theirs, self.ours):
            client = self.client(side, case.setup)
            self.server.script(case.answers)
            result = capture(partial(case.on, client))
            seen.append(Observation(self.server.take(), result))
        return seen[0], seen[1]

    def compare(self, case: Case, native_texts: bool = False) -> Difference | None:
        """Run a case on both sides; None when nothing tells them apart."""
        found = self.observe(case, native_texts)
        return found if found.lines else None

    def observe(self, case: Case, native_texts: bool = False) -> Difference:
        """Run a case on both sides; without lines when nothing tells them apart."""
        theirs, ours = self.run(case)
        member = token_member(case.method)
        generated = member if member and member not in case.params else None
        lines = request_differences(theirs.requests, ours.requests, KEY, case.setup.token, generated)
        lines += self._repeated_ids(ours.requests, generated)
        lines += outcome.differences(theirs.outcome, ours.outcome, native_texts)
        return Difference(case, theirs, ours, lines)

    def _repeated_ids(self, requests: list[Request], generated: str | None) -> list[str]:
        """Random ids of an earlier call: invocation ids and generated tokens must be fresh for each."""
        ids = {(request.header("amz-sdk-invocation-id") or "").encode() for request in requests}
        if generated:
            ids |= {found[1] for request in requests if (found := _token(generated).search(request.body))}
        repeated = ids & self._ids
        self._ids |= ids
        return [f"ids of an earlier call come again: {sorted(repeated)}"] if repeated else []


def request_differences(
    theirs: list[Request], ours: list[Request], key: Key, token: str | None = None, generated: str | None = None
) -> list[str]:
    """Where the requests of one call differ. `generated`: the body member that holds a fresh UUID on each side."""
    if len(theirs) != len(ours):
        return [f"requests: theirs sent {len(theirs)}, ours {len(ours)}"]
    found = _invocation_differences(theirs, ours)
    key = Key(key.id, key.secret, token, key.region, key.service)
    for number, (a, b) in enumerate(zip(theirs, ours, strict=True), 1):
        lines = [f"{name}: theirs {x!r}, ours {y!r}" for name, x, y in _parts(a, b, generated) if x != y]
        lines += _signature_differences(a, b, key)
        found += [f"request {number} {line}" for line in lines]
    return found


def _parts(a: Request, b: Request, generated: str | None) -> Iterable[tuple[str, Any, Any]]:
    yield "method", a.method, b.method
    yield "target", a.target, b.target
    yield "body", _settled(a.body, generated), _settled(b.body, generated)
    for name in sorted({name.lower() for name, _ in (*a.headers, *b.headers)}):
        x, y = a.all(name), b.all(name)
        if name in MEASURED:
            yield f"number of {name}", len(x), len(y)
        else:
            yield f"header {name}", x, y


def _settled(body: bytes, generated: str | None) -> bytes:
    """The body with a generated token replaced by a word, so that two bodies can be equal."""
    if not generated:
        return body
    return _token(generated).sub(b"<uuid4>", body)


def _token(member: str) -> re.Pattern[bytes]:
    """A UUID as the last member of a body."""
    return re.compile(rb'(?<="%s": ")(%s)(?="\}$)' % (member.encode(), UUID))


def _invocation_differences(theirs: list[Request], ours: list[Request]) -> list[str]:
    """Ours must be UUIDs, the same for the same attempts: one for each call, however often it was sent."""
    ids = [request.header("amz-sdk-invocation-id") or "" for request in ours]
    bad = [one for one in ids if not re.fullmatch(UUID, one.encode())]
    if bad:
        return [f"amz-sdk-invocation-id is no UUID version 4: {bad}"]
    expected = [request.header("amz-sdk-invocation-id") or "" for request in theirs]
    if [ids.index(one) for one in ids] != [expected.index(one) for one in expected]:
        return [f"amz-sdk-invocation-id: theirs {expected}, ours {ids}"]
    return []


def _signature_differences(a: Request, b: Request, key: Key) -> list[str]:
    """Ours must verify wherever theirs does, over the same headers."""
    try:
        signed = verify(a, key)
    except BadSignature:
        return []  # botocore signs some odd endpoints in a way that no service accepts.
    try:
        also = verify(b, key)
    except BadSignature as error:
        return [f"signature: {error}"]
    return [] if signed == also else [f"signed headers: theirs {sorted(signed)}, ours {sorted(also)}"]
