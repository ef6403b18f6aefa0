"""A local cloud of each test's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import client_of, registry_of


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(region_name="eu-west-1", account_id="111122223333") as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Any:
    return client_of(emulator)


@pytest.fixture
def registry(emulator: Emulator) -> Any:
    return registry_of(emulator)
