"""The one assertion of the differential tests, and cases that wait, side by side."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from support.cases import Case
from support.compare import Difference, Pair, Side
from support.deviations import Ledger
from support.server import RecordingServer

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


def side_by_side(
    theirs: Side, ours: Side, chosen: Sequence[Case], server: type[RecordingServer] = RecordingServer
) -> list[Difference]:
    """What came of cases that wait, each with its own server and clients, 32 at a time; no lines if alike."""
    servers = [server() for _ in chosen]
    pairs = [Pair(running.__enter__(), theirs, ours) for running in servers]
    try:
        for pair, waiting in zip(pairs, chosen, strict=True):
            pair.prepare(waiting.setup)  # Sessions must not be shared between threads; clients may.
        with ThreadPoolExecutor(32) as pool:
            return list(pool.map(Pair.observe, pairs, chosen))
    finally:
        for running in servers:
            running.__exit__()
