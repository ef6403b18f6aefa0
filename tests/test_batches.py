"""Batches beyond the service's limits: every item accounted for, by our client and by boto3's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

import fleetgrass.aio
from fleetgrass import client_devices, tags
from fleetgrass.batches import Failure, Result
from fleetgrass.emulator import Emulator
from support.answers import CLOSED, reply

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
CORE = "device-00001"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with Emulator(check_signatures=False) as emulator:
        emulator.register_core_devices(1)
        yield emulator


@pytest.fixture(params=[fleetgrass, boto3], ids=["fleetgrass", "boto3"])
def client(request: Any, cloud: Emulator) -> Any:
    return request.param.client("greengrassv2", region_name="us-east-1", endpoint_url=cloud.endpoint_url, **KEYS)


def associated(client: Any) -> set[str]:
    pages = client.get_paginator("list_client_devices_associated_with_core_device")
    found = pages.paginate(coreDeviceThingName=CORE).build_full_result()
    return {device["thingName"] for device in found["associatedClientDevices"]}


def test_any_number_of_things(client: Any) -> None:
    things = [f"sensor-{number}" for number in range(257)]
    result = client_devices.associate(client, CORE, iter(things + things[:3]))
    assert result == Result(things, {})
    assert repr(result) == "<257 done, 0 failed>"
    assert associated(client) == set(things)
    assert client_devices.disassociate(client, CORE, things[:201]).done == things[:201]
    assert associated(client) == set(things[201:])
    assert client_devices.disassociate(client, CORE, things).failed == {}
    assert client_devices.associate(client, CORE, []) == Result([], {})


def test_a_thing_that_is_refused_has_its_own_reason(client: Any) -> None:
    things = [f"sensor-{number}" for number in range(150)]
    things[120] = "not a name"
    result = client_devices.associate(client, CORE, things)
    assert result.done == [thing for thing in things if thing != "not a name"]
    assert list(result.failed) == ["not a name"]
    assert result.failed["not a name"].code == "ValidationException"
    assert "not a name" in result.failed["not a name"].message
    assert repr(result).startswith("<149 done, 1 failed; not a name: ValidationException: ")
    client_devices.disassociate(client, CORE, things)


def test_a_thing_that_cannot_be_sent_keeps_no_other_from_it(client: Any) -> None:
    things = [f"sensor-{number}" for number in range(150)]
    things[7], things[3], things[149] = "", "\ud800", "sensor\udfff"
    for function in (client_devices.associate, client_devices.disassociate):
        result = function(client, CORE, things)
        assert result.done == [thing for thing in things if thing in result.done]
        assert list(result.failed) == ["\ud800", "", "sensor\udfff"]
        for failure in result.failed.values():
            assert failure.code == "ParamValidationError"
            assert "thingName" in failure.message
        assert len(result.done) == 147
    assert client_devices.associate(client, CORE, ["\ud800"]).done == []


def test_a_thing_that_strict_validation_refuses_keeps_no_other_from_being_sent(cloud: Emulator) -> None:
    config = fleetgrass.Config(strict_validation=True)
    strict = fleetgrass.client(
        "greengrassv2", region_name="us-east-1", endpoint_url=cloud.endpoint_url, config=config, **KEYS
    )
    result = client_devices.associate(strict, CORE, ["sensor-1", "", "sensor-2", "x" * 200])
    assert result.done == ["sensor-1", "sensor-2"]
    assert {failure.code for failure in result.failed.values()} == {"ParamValidationError"}
    client_devices.disassociate(strict, CORE, result.done)


def test_a_request_that_fails_gives_its_reason_to_each_of_its_things(client: Any, cloud: Emulator) -> None:
    things = [f"sensor-{number}" for number in range(250)]
    operation = "BatchAssociateClientDeviceWithCoreDevice"
    with cloud.inject("error", "AccessDeniedException", operations=operation, times=1):
        result = client_devices.associate(client, CORE, things)
    part = list(result.failed)
    assert part in (things[:100], things[100:200], things[200:])
    assert {failure.code for failure in result.failed.values()} == {"AccessDeniedException"}
    assert result.done == [thing for thing in things if thing not in part]
    assert associated(client) == set(result.done)
    assert repr(result).endswith("; ...>")
    client_devices.disassociate(client, CORE, things)


def test_every_thing_is_accounted_for_under_faults(client: Any, cloud: Emulator) -> None:
    things = [f"sensor-{number}" for number in range(1000)]
    with cloud.inject("error", "InternalServerException", rate=0.3), cloud.inject("reset", rate=0.1):
        result = client_devices.associate(client, CORE, things)
    assert sorted([*result.done, *result.failed]) == sorted(things)
    assert set(result.done) <= associated(client)
    client_devices.disassociate(client, CORE, things)


def test_without_an_answer_the_reason_is_the_exceptions(client: Any) -> None:
    result = client_devices.associate(client, "", ["sensor"])
    assert result.failed["sensor"].code == "ParamValidationError"
    assert client_devices.associate(client, "nobody", ["sensor"]).failed["sensor"].code == "ResourceNotFoundException"


def test_tags_of_many_resources(client: Any) -> None:
    arns = [
        client.create_component_version(
            inlineRecipe=f"""{{"RecipeFormatVersion": "2020-01-25", "ComponentName": "com.example.{kind}{number}",
            "ComponentVersion": "1.0.0", "Manifests": [{{"Lifecycle": {{"run": "true"}}}}]}}"""
        )["arn"]
        for kind in [type(client).__module__.partition(".")[0]]
        for number in range(5)
    ]
    gone = arns[0].replace("com.example", "com.nobody")
    result = tags.apply(client, [*arns, gone, arns[0]], {"stage": "test"})
    assert result.done == arns
    assert result.failed[gone].code == "ResourceNotFoundException"
    assert all(client.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"} for arn in arns)


@pytest.mark.parametrize(
    ("things", "said"),
    [
        ("sensor", "things is the text 'sensor': it has to be an iterable of texts, such as a list"),
        (None, "things is None: it has to be an iterable of texts, such as a list"),
        (5, "things is 5: it has to be an iterable"),
        (str, "things is <class 'str'>: it has to be an iterable"),
        (["a", 7], r"things\[1\] is 7"),
        ([b"a"], r"things\[0\] is b'a'"),
    ],
)
def test_what_is_no_list_of_names_is_told(client: Any, things: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        client_devices.associate(client, CORE, things)


@pytest.mark.parametrize("tags_given", [None, "", "ab", 7, [1], ["abc"]])
@pytest.mark.parametrize("arns", [[], ["arn"]])
def test_what_are_no_tags_is_told(client: Any, arns: Any, tags_given: Any) -> None:
    with pytest.raises(TypeError, match=r"tags is .*: it has to be a dict of keys and values, such as"):
        tags.apply(client, arns, tags_given)
    with pytest.raises(TypeError, match="arns is None: it has to be an iterable of texts, such as a list"):
        tags.apply(client, None, {"stage": "test"})  # type: ignore[arg-type]


def test_an_error_of_the_iterable_is_the_callers_own(client: Any) -> None:
    class Broken:
        def __iter__(self) -> Iterator[str]:
            raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        client_devices.associate(client, CORE, Broken())


def test_a_client_whose_answers_are_awaited_is_told(cloud: Emulator) -> None:
    async def work() -> None:
        async with fleetgrass.aio.client(
            "greengrassv2", endpoint_url=cloud.endpoint_url, region_name="us-east-1"
        ) as client:
            with pytest.raises(TypeError, match=r"is a client of fleetgrass\.aio"):
                client_devices.associate(client, "gateway", ["a"])

    asyncio.run(work())


def test_requests_are_of_a_hundred_and_a_failure_without_a_code_is_one(server: Any) -> None:
    server.script([reply({"errorEntries": [{"thingName": "sensor-7"}]})])
    ours = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url, **KEYS)
    result = client_devices.associate(ours, CORE, [f"sensor-{number}" for number in range(230)])
    # it is of the first request, and of no other, where it counts for all
    assert result.failed == {f"sensor-{number}": Failure("", "") for number in [7, *range(100, 230)]}
    assert sorted(request.body.count(b"thingName") for request in server.take()) == [30, 100, 100]


@pytest.mark.parametrize("module", [fleetgrass, boto3])
def test_a_request_whose_connection_is_lost_fails_for_each_of_its_things(server: Any, module: Any) -> None:
    server.script([CLOSED, reply({})])
    config = Config(retries={"total_max_attempts": 1})
    there = module.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url, config=config, **KEYS)
    result = client_devices.associate(there, CORE, [f"sensor-{number}" for number in range(130)])
    assert {failure.code for failure in result.failed.values()} == {"ConnectionClosedError"}
    assert sorted([len(result.done), len(result.failed)]) == [30, 100]


def test_errors_without_a_thing_of_their_request_lose_no_account(server: Any) -> None:
    """A null in the list, and a thing of another request."""
    foreign = {"thingName": "sensor-0", "code": "Odd"}
    server.script([reply({"errorEntries": [None]}), reply({"errorEntries": [foreign]}), reply({})])
    ours = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url, **KEYS)
    things = [f"sensor-{number}" for number in range(201)]
    result = client_devices.associate(ours, CORE, things)
    assert sorted([*result.done, *result.failed]) == sorted(things)
    assert len(result.failed) >= 101


@pytest.mark.parametrize("name", [{}, {"thingName": "another"}])
def test_an_error_that_names_no_thing_that_was_asked_for_counts_for_all_of_its_request(server: Any, name: Any) -> None:
    server.script([reply({"errorEntries": [{"code": "Odd", "message": "no", **name}]}), reply({}), reply({})])
    ours = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url, **KEYS)
    things = [f"sensor-{number}" for number in range(230)]
    result = client_devices.associate(ours, CORE, things)
    assert set(result.failed.values()) == {Failure("Odd", "no")}
    assert len(result.failed) in (30, 100)
    assert sorted([*result.done, *result.failed]) == sorted(things)
