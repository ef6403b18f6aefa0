"""The local cloud as a server: many clients, its file, its port, its end."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import client_of, deploy, publish


@pytest.mark.parametrize("file", [None, "cloud.db"])
def test_many_clients_at_once(tmp_path: Path, file: str | None) -> None:
    """Reads and writes of many threads: nothing fails, nothing is lost, nothing happens twice."""
    with Emulator(store=file and tmp_path / file) as emulator:
        # these do not try again, so that any answer but a good one is raised
        clients = [client_of(emulator) for _ in range(12)]
        group = emulator.thing_group_arn("all")

        def work(number: int) -> list[str]:
            client, once = clients[number], []
            arn = publish(client, f"component-{number}")
            for turn in range(8):
                emulator.register_core_device(f"pump-{number}-{turn}", ["all"])
                deploy(client, group, f"component-{number}")
                client.tag_resource(resourceArn=arn, tags={f"turn-{turn}": ""})
                client.list_installed_components(coreDeviceThingName=f"pump-{number}-{turn}", topologyFilter="ALL")
                target = emulator.thing_group_arn("once")
                once.append(client.create_deployment(targetArn=target, clientToken=f"turn-{turn}")["deploymentId"])
            return once

        with ThreadPoolExecutor(len(clients)) as pool:
            once = list(pool.map(work, range(len(clients))))
        assert all(ids == once[0] for ids in once)
        assert len(set(once[0])) == 8
        pages = clients[0].get_paginator("list_deployments").paginate(targetArn=group, historyFilter="ALL")
        revisions = [int(row["revisionId"]) for row in pages.search("deployments")]
        assert revisions == list(range(96, 0, -1))
        found = clients[0].get_paginator("list_core_devices").paginate().search("coreDevices")
        assert len(list(found)) == 96


def test_a_file_keeps_the_state(tmp_path: Any) -> None:
    store = tmp_path / "cloud.db"
    with Emulator(store=store) as emulator:
        emulator.register_core_device("pump-1", ["line-4"])
    with Emulator(store=store) as emulator:
        assert client_of(emulator).get_core_device(coreDeviceThingName="pump-1")["platform"] == "linux"


def test_what_is_no_store_is_told(tmp_path: Any) -> None:
    (tmp_path / "cloud.db").write_text("not a database at all, but long enough to be read as one" * 50)
    for store in (tmp_path / "cloud.db", tmp_path / "missing" / "cloud.db"):
        with pytest.raises(OSError, match=r"cloud\.db cannot be used"):
            Emulator(store=store)


def test_a_port_has_one_server(emulator: Emulator) -> None:
    port = int(emulator.endpoint_url.rpartition(":")[2])
    with pytest.raises(OSError, match=f"cannot listen on port {port}"):
        Emulator(port=port)


@pytest.mark.parametrize("wrong", [{"account_id": "1"}, {"region_name": ""}, {"region_name": "us east"}])
def test_who_it_stands_for(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Emulator(**wrong)


def test_the_region_tells_the_partition() -> None:
    with Emulator(region_name="cn-north-1") as emulator:
        assert emulator.thing_arn("a") == "arn:aws-cn:iot:cn-north-1:123456789012:thing/a"
        arn = publish(client_of(emulator), "a")
    assert arn == "arn:aws-cn:greengrass:cn-north-1:123456789012:components:a:versions:1.0.0"


def test_it_stops_while_clients_are_connected() -> None:
    emulator = Emulator()
    client = client_of(emulator)
    client.list_core_devices()
    emulator.stop()
    emulator.stop()
    with pytest.raises(RuntimeError, match="stopped"):
        emulator.register_core_device("a")
    with pytest.raises(Exception, match="Could not connect"):
        client.list_core_devices()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_leaves_the_server_alone(emulator: Emulator, client: Any) -> None:
    child = os.fork()
    if child == 0:
        emulator.stop()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert client.list_core_devices()["coreDevices"] == []


def test_our_own_client(emulator: Emulator) -> None:
    emulator.register_core_devices(3)
    with emulator.client() as client:
        pages = client.get_paginator("list_core_devices").paginate(PaginationConfig={"PageSize": 2})
        assert [len(page["coreDevices"]) for page in pages] == [2, 1]
