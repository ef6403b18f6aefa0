"""Beside moto: our client reaches its endpoint, while the rest of AWS is mocked."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

import fleetgrass
from fleetgrass.boto import user_handlers
from fleetgrass.emulator import Emulator
from support.local_cloud import publish

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    # moto puts keys of its own into the environment
    with Emulator(region_name=REGION, account_id="111122223333", check_signatures=False) as running:
        yield running


@pytest.fixture
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(fleetgrass, "DEFAULT_SESSION", None)
    with mock_aws():
        yield


def client_with(session: Any, emulator: Emulator) -> Any:
    return session.client("greengrassv2", endpoint_url=emulator.endpoint_url)


def works(client: Any, name: str) -> bool:
    """Whether what is published is listed, by the emulator and nobody else."""
    arn = publish(client, name)
    listed = client.list_component_versions(arn=arn.rpartition(":versions:")[0])["componentVersions"]
    return [found["arn"] for found in listed] == [arn]


def sees_a_mock(session: Any) -> bool:
    queues = session.client("sqs", region_name=REGION)
    url = queues.create_queue(QueueName="jobs")["QueueUrl"]
    return bool(queues.list_queues()["QueueUrls"] == [url]) and "/123456789012/" in url


def test_our_client_reaches_its_endpoint(mocked, emulator):
    client = client_with(fleetgrass, emulator)
    assert client._get_credentials().access_key == "FOOBARKEY"
    assert works(client, "com.example.Direct")


def test_so_does_a_patched_boto3(mocked, emulator):
    with fleetgrass.patch_boto3():
        assert works(client_with(boto3, emulator), "com.example.Patched")
        assert works(client_with(boto3.Session(), emulator), "com.example.PatchedSession")
        assert sees_a_mock(boto3)


def test_so_does_fleetgrass_in_boto3s_place(mocked, emulator):
    assert works(client_with(fleetgrass.Session(), emulator), "com.example.Session")
    assert sees_a_mock(fleetgrass)
    assert sees_a_mock(fleetgrass.Session())


def test_sessions_and_clients_that_are_older_than_the_mock_do(monkeypatch, emulator):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    lent = boto3.Session("AKID", "secret")
    ours = fleetgrass.Session("AKID", "secret")
    clients = [client_with(session, emulator) for session in (fleetgrass.Session.from_boto3(lent), ours)]
    with mock_aws():
        for number, client in enumerate(clients):
            assert works(client, f"com.example.Older{number}")
        with fleetgrass.patch_boto3():
            assert works(client_with(lent, emulator), "com.example.OlderPatched")
        assert sees_a_mock(lent)


def test_a_patch_around_the_mock_survives_it(monkeypatch, emulator):
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    original = boto3.Session.__dict__["client"]
    with fleetgrass.patch_boto3():
        with mock_aws():
            assert works(client_with(boto3, emulator), "com.example.Inside")
        assert works(client_with(boto3.Session("AKID", "secret"), emulator), "com.example.After")
    assert boto3.Session.__dict__["client"] is original


def handler(**kwargs: Any) -> None:
    pass


def test_motos_handlers_are_not_the_users(mocked):
    lent = boto3.Session()
    assert user_handlers(lent._session) == []
    lent.events.register("before-send.greengrassv2", handler)
    assert user_handlers(lent._session) == [("before-send.greengrassv2", handler, "middle")]
