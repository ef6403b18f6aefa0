"""Calls that somebody observes take their steps one by one: they must come to the same as calls in one go.

`--ours=observed` runs all differential tests so; these are a few of each operation for every run.
"""

import pytest

from differential.alike import assert_alike
from support import cases
from support.clients import observed_side
from support.compare import Pair, Side
from support.deviations import Ledger
from support.model import operations
from support.server import RecordingServer


@pytest.mark.parametrize("method", list(operations()))
def test_an_observed_call(server: RecordingServer, theirs: Side, ledger: Ledger, method: str) -> None:
    pair = Pair(server, theirs, observed_side())
    assert_alike(pair, ledger, [*cases.calls(method)][:8])
    assert_alike(pair, ledger, [*cases.answers(method)][:8])
