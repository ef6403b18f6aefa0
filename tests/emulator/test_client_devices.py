"""Client devices of the local cloud's core devices."""

from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import client_of, refused, registry_of

CORE = {"coreDeviceThingName": "gateway"}


def entries(*things: str) -> list[dict[str, str]]:
    return [{"thingName": thing} for thing in things]


def associated(client: Any) -> list[str]:
    pages = client.get_paginator("list_client_devices_associated_with_core_device").paginate(
        **CORE, PaginationConfig={"PageSize": 2}
    )
    return [device["thingName"] for page in pages for device in page["associatedClientDevices"]]


def test_association_and_its_end(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("gateway")
    answer = client.batch_associate_client_device_with_core_device(**CORE, entries=entries("a", "b", "c"))
    assert answer["errorEntries"] == []
    client.batch_associate_client_device_with_core_device(**CORE, entries=entries("a", "d"))
    assert associated(client) == ["d", "c", "b", "a"]
    for _ in range(2):
        answer = client.batch_disassociate_client_device_from_core_device(**CORE, entries=entries("b", "never"))
        assert answer["errorEntries"] == []
    assert associated(client) == ["d", "c", "a"]


def test_a_second_association_keeps_the_time(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("gateway")
    first = None
    for _ in range(2):
        client.batch_associate_client_device_with_core_device(**CORE, entries=entries("a"))
        (row,) = client.list_client_devices_associated_with_core_device(**CORE)["associatedClientDevices"]
        first = first or row
        assert row == first


def test_they_end_with_their_core_device(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("gateway")
    client.batch_associate_client_device_with_core_device(**CORE, entries=entries("a"))
    client.delete_core_device(**CORE)
    calls = [
        client.list_client_devices_associated_with_core_device,
        client.batch_associate_client_device_with_core_device,
        client.batch_disassociate_client_device_from_core_device,
    ]
    for call in calls:
        assert refused(call, **CORE)[:2] == (404, "ResourceNotFoundException")
    emulator.register_core_device("gateway")
    assert associated(client) == []


def test_bad_entries_are_told_beside_good_ones() -> None:
    with Emulator(validate_targets=True) as emulator:
        client = client_of(emulator)
        registry_of(emulator).create_thing(thingName="a")
        emulator.register_core_device("gateway")
        sent = entries("a", "unknown", "no name")
        answer = client.batch_associate_client_device_with_core_device(**CORE, entries=sent)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert [(entry["thingName"], entry["code"]) for entry in answer["errorEntries"]] == [
            ("unknown", "ResourceNotFoundException"),
            ("no name", "ValidationException"),
        ]
        assert associated(client) == ["a"]


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_a_size(emulator: Emulator, count: int) -> None:
    emulator.register_core_device("gateway")
    call = client_of(emulator, parameter_validation=False).batch_associate_client_device_with_core_device
    assert refused(call, **CORE, entries=entries(*map(str, range(count))))[:2] == (400, "ValidationException")
