"""Random calls of every operation: what is sent, what validation says, and what comes of every kind of answer.

Each case is named `<seed>/<kind>/<method>/<number>`; a failure prints the names, and
`FLEETGRASS_CASE=<name> pytest tests/differential/test_calls.py` runs one of them alone.
"""

import os
from collections.abc import Iterable

import pytest
from support import cases
from support.cases import Case
from support.compare import Pair
from support.deviations import Ledger
from support.model import operations

METHODS = list(operations())
SHOWN = 5


def assert_alike(pair: Pair, ledger: Ledger, chosen: Iterable[Case]) -> None:
    """Run every case, then fail with the first few differences that no row of deviations.toml means."""
    found, ran = [], 0
    only = os.environ.get("FLEETGRASS_CASE")
    for case in chosen:
        if only and case.name != only:
            continue
        ran += 1
        difference = pair.compare(case)
        if difference and not ledger.excuses(difference):
            found.append(difference)
    shown = "\n\n".join(str(difference) for difference in found[:SHOWN])
    assert not found, f"{len(found)} of {ran} cases differ; the first:\n\n{shown}"


@pytest.mark.parametrize("method", METHODS)
def test_random_calls(pair: Pair, ledger: Ledger, method: str) -> None:
    """The same requests, or the same complaint about the parameters."""
    assert_alike(pair, ledger, cases.calls(method))


@pytest.mark.parametrize("method", METHODS)
def test_random_answers(pair: Pair, ledger: Ledger, method: str) -> None:
    """The same dict or the same exception from any answer."""
    assert_alike(pair, ledger, cases.answers(method))
