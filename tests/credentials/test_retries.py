"""Which calls for credentials are made again, and how often: the table of all services beside botocore."""

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any

import boto3
import pytest

import fleetgrass
from fleetgrass.credentials import retries
from support.cases import CASES, SEED
from support.error_codes import error_codes
from support.services import OPERATIONS, ROLE, Pair, Waits, model, refusal, without_waits
from support.sources import KEYS, Place
from support.tls import Garbled, TlsServer

MODES = ("legacy", "standard", "adaptive")
STATUSES = (301, 400, 401, 403, 404, 408, 409, 413, 429, 499, 500, 501, 502, 503, 504, 505, 509)
CONFIG = f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\n{KEYS}"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    return without_waits(monkeypatch)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_codes_that_an_operation_knows_are_its_models(operation: str) -> None:
    assert retries.KNOWN_CODES[operation] == {shape.error_code for shape in model(operation).error_shapes}
    # Of no error does the model say by itself that it may pass.
    assert not [shape.name for shape in model(operation).error_shapes if shape.metadata.get("retryable")]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", MODES)
def test_every_cell(waits: Waits, monkeypatch: pytest.MonkeyPatch, mode: str, operation: str) -> None:
    """A server that says the same always, and one that says another thing then. At night the whole, else a sample."""
    # A new client has a full quota, and ours is a call's.
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda self, amount: True)
    random, cells, found = Random(f"{SEED}/credentials/{mode}/{operation}"), [], []
    for told in product(STATUSES, error_codes(model(operation).service_model)):
        # An empty body is no XML: see test_refusals.py.
        if told[1] is not None or told[0] >= 500 or not operation.startswith("Assume"):
            cells.append(told)
    for attempts in (1, 2, 4):
        pair = Pair(monkeypatch, operation, mode, attempts)
        for told in random.sample(cells, min(len(cells), CASES // 30)):
            answer = refusal(operation, *told)
            for script in ([answer], [answer, refusal(operation, 403, "Odd")]):
                found += [f"{attempts} {told} {len(script)}: {line}" for line in pair.unlike(*script)]
    assert not found, f"{len(found)} lines; the first:\n" + "\n".join(found[:5])
    assert waits.ours
    assert waits.ours == waits.theirs


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("told", [(500, None), (503, "SlowDown")])
def test_the_quota_of_a_call(
    waits: Waits, monkeypatch: pytest.MonkeyPatch, mode: str, told: tuple[int, str | None]
) -> None:
    pair = Pair(monkeypatch, "AssumeRole", mode, 150)
    (theirs, ours), _ = pair.run(refusal("AssumeRole", *told))
    assert len(ours) == len(theirs) == (150 if mode == "legacy" else 1 + 500 // (14 if told[1] is None else 5))
    assert waits.ours == waits.theirs
    assert not Pair(monkeypatch, "AssumeRole", mode, 150).unlike(refusal("AssumeRole", *told))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("hint", ["0", "700", "60000", "-1", "1.5", "soon", "9" * 400])
def test_the_services_own_hint(waits: Waits, monkeypatch: pytest.MonkeyPatch, mode: str, hint: str) -> None:
    pair = Pair(monkeypatch, "AssumeRole", mode, 3)
    assert not pair.unlike(refusal("AssumeRole", 503, "SlowDown", x_amz_retry_after=hint))
    assert waits.ours == waits.theirs
    assert len(waits.ours) == 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_until_when_somebody_waits(waits: Waits, monkeypatch: pytest.MonkeyPatch, operation: str, mode: str) -> None:
    pair = Pair(monkeypatch, operation, mode, 3)
    for date in ("Mon, 24 Nov 2036 01:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "2036-11-24T01:00:00Z", ""):
        dated, undated = refusal(operation, 500, "Odd", Date=date), refusal(operation, 500, "Odd")
        for script in ([dated], [undated, dated], [dated, undated], [undated]):
            (theirs, ours), _ = pair.run(*script)
            assert ours == theirs
            assert len(ours) == 3
            assert ours[2].startswith("ttl=20361124T010100Z; ") == (date.startswith("Mon") and dated in script)


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_speaks_no_tls(place: Place, mode: str) -> None:
    assert _greetings(place, mode, Garbled) == [3, 3]


@pytest.mark.parametrize("mode", MODES)
def test_a_certificate_that_nobody_signed(place: Place, mode: str) -> None:
    class Counted(TlsServer):
        greetings = 0

        def serve(self, connection: Any) -> None:
            self.greetings += 1
            super().serve(connection)

    assert _greetings(place, mode, Counted) == [3, 3]


def _greetings(place: Place, mode: str, kind: Callable[[], Any]) -> list[int]:
    """How often botocore and we greet a server without TLS."""
    place.write("config", CONFIG)
    place.patch.setenv("AWS_RETRY_MODE", mode)
    place.patch.setenv("AWS_MAX_ATTEMPTS", "3")
    greetings = []
    for module in (boto3, fleetgrass):
        with kind() as server:
            place.patch.setenv("AWS_ENDPOINT_URL_STS", server.url)
            told = place.ask(module, [], {"profile_name": "a"})
            assert type(told.error).__name__ == "SSLError"
            greetings.append(server.greetings)
    return greetings
