"""Random calls of every operation: what is sent, what validation says, and what comes of every kind of answer.

Each case is named `<seed>/<kind>/<method>/<number>`; a failure prints the names.
"""

import pytest

from differential.alike import assert_alike
from support import cases
from support.compare import Pair
from support.deviations import Ledger
from support.model import operations

METHODS = list(operations())


@pytest.mark.parametrize("method", METHODS)
def test_random_calls(pair: Pair, ledger: Ledger, method: str) -> None:
    """The same requests, or the same complaint about the parameters."""
    assert_alike(pair, ledger, cases.calls(method))


@pytest.mark.parametrize("method", METHODS)
def test_random_answers(pair: Pair, ledger: Ledger, method: str) -> None:
    """The same dict or the same exception from any answer."""
    assert_alike(pair, ledger, cases.answers(method))
