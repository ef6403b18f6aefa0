"""The one assertion of the differential tests."""

import os
from collections.abc import Iterable

from support.cases import Case
from support.compare import Pair
from support.deviations import Ledger

SHOWN = 5


def assert_alike(pair: Pair, ledger: Ledger, cases: Iterable[Case], native_texts: bool = False) -> None:
    """Run every case, then fail with the first few differences that no row of deviations.toml means.

    `FLEETGRASS_CASE=<name>` runs the case of that name alone.
    """
    found, ran = [], 0
    only = os.environ.get("FLEETGRASS_CASE")
    for case in cases:
        if only and case.name != only:
            continue
        ran += 1
        difference = pair.compare(case, native_texts)
        if difference and not ledger.excuses(difference):
            found.append(difference)
    shown = "\n\n".join(str(difference) for difference in found[:SHOWN])
    assert not found, f"{len(found)} of {ran} cases differ; the first:\n\n{shown}"
