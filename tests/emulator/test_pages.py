"""Pages of the local cloud: sizes, tokens, order."""

from typing import Any

from hypothesis import given, settings, strategies as st

from fleetgrass.emulator import Emulator
from support.local_cloud import ARN, GROUP, client_of, deploy, publish, refused


def test_rows_that_come_and_go_neither_repeat_nor_lose_others(client: Any) -> None:
    for name in ("b", "d", "f"):
        publish(client, name)
    first = client.list_components(maxResults=2)
    assert [row["componentName"] for row in first["components"]] == ["b", "d"]
    publish(client, "a")
    publish(client, "e")
    client.delete_component(arn=f"{ARN.replace('io.acme.Pump', 'd')}:versions:1.0.0")
    second = client.list_components(maxResults=2, nextToken=first["nextToken"])
    assert [row["componentName"] for row in second["components"]] == ["e", "f"]
    assert "nextToken" not in second


def test_fifty_rows_by_default(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(51)
    first = client.list_core_devices()
    assert len(first["coreDevices"]) == 50
    assert len(client.list_core_devices(nextToken=first["nextToken"])["coreDevices"]) == 1


def test_deployments_page_newest_first(emulator: Emulator, client: Any) -> None:
    made = [client.create_deployment(targetArn=GROUP)["deploymentId"] for _ in range(5)]
    pages = client.get_paginator("list_deployments").paginate(historyFilter="ALL", PaginationConfig={"PageSize": 2})
    assert [row["deploymentId"] for page in pages for row in page["deployments"]] == made[::-1]


def test_effective_deployments_and_components_page(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1", ["a", "b", "c"])
    for group in ("a", "b", "c"):
        deploy(client, emulator.thing_group_arn(group))
    pages = client.get_paginator("list_effective_deployments").paginate(
        coreDeviceThingName="pump-1", PaginationConfig={"PageSize": 1}
    )
    targets = [row["targetArn"][-1] for page in pages for row in page["effectiveDeployments"]]
    assert targets == ["c", "b", "a"]
    pages = client.get_paginator("list_installed_components").paginate(
        coreDeviceThingName="pump-1", topologyFilter="ALL", PaginationConfig={"PageSize": 2}
    )
    assert len([row for page in pages for row in page["installedComponents"]]) == 5


def test_a_token_is_for_its_own_request(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(3)
    token = client.list_core_devices(maxResults=1)["nextToken"]
    wrong: list[dict[str, str]] = [{"nextToken": "not-a-token"}, {"nextToken": token, "status": "HEALTHY"}]
    for params in wrong:
        status, code, error = refused(client.list_core_devices, **params)
        assert (status, code, error["message"]) == (400, "ValidationException", "Invalid nextToken")
        assert error["reason"] == "OTHER"
    assert refused(client.list_components, nextToken=token)[:2] == (400, "ValidationException")


def test_a_token_is_for_a_day(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(2)
    token = client.list_core_devices(maxResults=1)["nextToken"]
    emulator.advance(86300)
    assert len(client.list_core_devices(nextToken=token)["coreDevices"]) == 1
    emulator.advance(200)
    status, code, error = refused(client.list_core_devices, nextToken=token)
    assert (status, code, error["message"]) == (400, "ValidationException", "Invalid nextToken")


@settings(max_examples=25, deadline=None)
@given(
    names=st.sets(st.from_regex(r"[A-Za-z0-9:_-]{1,12}", fullmatch=True), min_size=1, max_size=30),
    size=st.integers(1, 7),
)
def test_pages_hold_every_name_once_in_order(names: set[str], size: int) -> None:
    with Emulator() as emulator:
        for name in names:
            emulator.register_core_device(name)
        paginator = client_of(emulator).get_paginator("list_core_devices")
        pages = list(paginator.paginate(PaginationConfig={"PageSize": size}))
    rows = [row["coreDeviceThingName"] for page in pages for row in page["coreDevices"]]
    assert rows == sorted(names)
    assert all(len(page["coreDevices"]) == size for page in pages[:-1])
