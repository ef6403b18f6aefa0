"""Presigned URLs: the same text, dates and signatures aside, and a signature that verifies."""

import pytest

from differential.alike import assert_alike
from support.compare import Pair
from support.deviations import Ledger
from support.model import operations
from support.presigning import presigned


@pytest.mark.parametrize("method", list(operations()))
def test_random_presigned_urls(pair: Pair, ledger: Ledger, method: str) -> None:
    assert_alike(pair, ledger, presigned(method))
