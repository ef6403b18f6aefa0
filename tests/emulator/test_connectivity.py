"""Connectivity of the local cloud's things."""

import json
from typing import Any

from fleetgrass.emulator import Emulator
from support.local_cloud import UUID, client_of, refused, send


def test_a_list_replaces_the_one_before(emulator: Emulator, client: Any) -> None:
    assert client.get_connectivity_info(thingName="pump-1")["connectivityInfo"] == []
    first = {"id": "lan", "hostAddress": "198.51.100.17", "portNumber": 8883, "metadata": "hall 4"}
    versions = []
    for endpoints in ([first], [{"id": "vpn"}, first], [{"hostAddress": "198.51.100.18"}]):
        answer = client.update_connectivity_info(thingName="pump-1", connectivityInfo=endpoints)
        versions.append(answer["version"])
        assert client.get_connectivity_info(thingName="pump-1")["connectivityInfo"] == endpoints
    assert all(map(UUID.fullmatch, versions))
    assert len(set(versions)) == 3
    assert client.get_connectivity_info(thingName="pump-2")["connectivityInfo"] == []


def test_keys_are_capitals_on_the_wire() -> None:
    with Emulator(check_signatures=False) as emulator:
        client = client_of(emulator)
        client.update_connectivity_info(thingName="pump-1", connectivityInfo=[{"hostAddress": "a", "portNumber": 1}])
        _, _, body = send(emulator, "GET", "/greengrass/things/pump-1/connectivityInfo", Authorization="AWS4")
    assert json.loads(body) == {"ConnectivityInfo": [{"HostAddress": "a", "PortNumber": 1}]}


def test_ports_have_a_range(emulator: Emulator) -> None:
    client = client_of(emulator, parameter_validation=False)
    for port in (-1, 65536):
        status, code, error = refused(
            client.update_connectivity_info, thingName="pump-1", connectivityInfo=[{"portNumber": port}]
        )
        assert (status, code, error["fields"][0]["name"]) == (
            400,
            "ValidationException",
            "connectivityInfo.0.portNumber",
        )
