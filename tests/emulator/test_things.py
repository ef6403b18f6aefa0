"""Things and thing groups of the local cloud, over the `iot` operations of its endpoint."""

from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, UUID, client_of, deploy, publish, refused, registry_of

PLACE = "arn:aws:iot:eu-west-1:111122223333"


def names(client: Any, operation: str, key: str, **params: Any) -> list[str]:
    """What a list operation gives, in pages of two."""
    pages = client.get_paginator(operation).paginate(**params, PaginationConfig={"PageSize": 2})
    rows = [row for page in pages for row in page[key]]
    return [row if isinstance(row, str) else row.get("thingName") or row["groupName"] for row in rows]


def group(registry: Any, name: str, *things: str, parent: str | None = None) -> None:
    registry.create_thing_group(thingGroupName=name, **({"parentGroupName": parent} if parent else {}))
    for thing in things:
        registry.create_thing(thingName=thing)
        registry.add_thing_to_thing_group(thingGroupName=name, thingName=thing)


def test_the_life_of_a_thing(registry: Any) -> None:
    attributes = {"site": "hall-4", "line": "4"}
    created = registry.create_thing(thingName="pump-1", attributePayload={"attributes": attributes})
    assert (created["thingName"], created["thingArn"]) == ("pump-1", THING)
    assert UUID.fullmatch(created["thingId"])
    told = registry.describe_thing(thingName="pump-1")
    del told["ResponseMetadata"]
    assert told == {
        "defaultClientId": "pump-1",
        "thingName": "pump-1",
        "thingId": created["thingId"],
        "thingArn": THING,
        "attributes": attributes,
        "version": 1,
    }
    registry.update_thing(thingName="pump-1", attributePayload={"attributes": {"line": "", "x": "y"}, "merge": True})
    told = registry.describe_thing(thingName="pump-1")
    assert (told["attributes"], told["version"]) == ({"site": "hall-4", "x": "y"}, 2)
    registry.update_thing(thingName="pump-1", attributePayload={"attributes": {"x": "z"}}, thingTypeName="pump")
    told = registry.describe_thing(thingName="pump-1")
    assert (told["attributes"], told["thingTypeName"]) == ({"x": "z"}, "pump")
    status, code, error = refused(registry.delete_thing, thingName="pump-1", expectedVersion=2)
    assert (status, code) == (409, "VersionConflictException")
    registry.delete_thing(thingName="pump-1", expectedVersion=3)
    registry.delete_thing(thingName="pump-1")
    for call in (registry.describe_thing, registry.update_thing, registry.list_thing_groups_for_thing):
        status, code, error = refused(call, thingName="pump-1")
        assert (status, code) == (404, "ResourceNotFoundException")
        assert error["Error"]["Message"] == "Thing pump-1 does not exist"


def test_the_same_again_is_taken_and_another_is_not(registry: Any) -> None:
    ids = {registry.create_thing(thingName="a", thingTypeName="t")["thingId"] for _ in range(2)}
    assert len(ids) == 1
    status, code, error = refused(registry.create_thing, thingName="a")
    assert (status, code) == (409, "ResourceAlreadyExistsException")
    assert (error["resourceId"], error["resourceArn"]) == ("a", f"{PLACE}:thing/a")
    described = {"thingGroupDescription": "example"}
    ids = {
        registry.create_thing_group(thingGroupName="g", thingGroupProperties=described)["thingGroupId"]
        for _ in range(2)
    }
    assert len(ids) == 1
    status, code, error = refused(registry.create_thing_group, thingGroupName="g")
    assert (status, code) == (409, "ResourceAlreadyExistsException")
    assert error["Error"]["Message"] == "Thing Group g already exists in current account with different properties"


def test_things_are_listed_by_what_they_have(registry: Any) -> None:
    for number in range(5):
        attributes = {"line": str(number % 2), "site": f"hall-{number}"}
        registry.create_thing(
            thingName=f"pump-{number}",
            attributePayload={"attributes": attributes},
            **({"thingTypeName": "pump"} if number > 2 else {}),
        )

    def listed(**params: Any) -> list[str]:
        return [name.removeprefix("pump-") for name in names(registry, "list_things", "things", **params)]

    assert listed() == list("01234")
    assert listed(thingTypeName="pump") == list("34")
    assert listed(attributeName="line", attributeValue="1") == list("13")
    assert listed(attributeName="line", attributeValue="1", thingTypeName="pump") == list("3")
    assert listed(attributeName="site", attributeValue="hall-", usePrefixAttributeValue=True) == list("01234")
    assert listed(attributeName="site", attributeValue="hall-") == []
    assert listed(attributeName="sit") == []
    assert refused(registry.list_things, attributeValue="1")[:2] == (400, "InvalidRequestException")


def test_a_tree_of_groups(registry: Any) -> None:
    group(registry, "plant")
    group(registry, "hall-1", "a", "b", parent="plant")
    group(registry, "hall-2", "c", parent="plant")
    group(registry, "line-1", "d", "e", "f", parent="hall-1")
    group(registry, "yard", "a")

    def groups(**params: Any) -> list[str]:
        return names(registry, "list_thing_groups", "thingGroups", **params)

    assert groups() == ["hall-1", "hall-2", "line-1", "plant", "yard"]
    assert groups(recursive=False) == ["plant", "yard"]
    assert groups(parentGroup="plant") == ["hall-1", "hall-2", "line-1"]
    assert groups(parentGroup="plant", recursive=False, namePrefixFilter="hall") == ["hall-1", "hall-2"]

    def things(name: str, **params: Any) -> list[str]:
        return names(registry, "list_things_in_thing_group", "things", thingGroupName=name, **params)

    assert things("hall-1") == ["a", "b"]
    assert things("plant") == []
    assert things("plant", recursive=True) == list("abcdef")
    found = registry.list_thing_groups_for_thing(thingName="a")["thingGroups"]
    assert found == [{"groupName": g, "groupArn": f"{PLACE}:thinggroup/{g}"} for g in ("hall-1", "yard")]
    metadata = registry.describe_thing_group(thingGroupName="line-1")["thingGroupMetadata"]
    assert metadata.pop("creationDate").year >= 2026
    assert metadata == {
        "parentGroupName": "hall-1",
        "rootToParentThingGroups": [
            {"groupName": g, "groupArn": f"{PLACE}:thinggroup/{g}"} for g in ("plant", "hall-1")
        ],
    }


def test_what_a_tree_does_not_allow(registry: Any) -> None:
    group(registry, "plant")
    group(registry, "hall-1", "a", parent="plant")
    group(registry, "hall-2", parent="plant")
    wrong = [
        (registry.create_thing_group, {"thingGroupName": "x", "parentGroupName": "unknown"}, 400),
        (registry.create_thing_group, {"thingGroupName": "x", "parentGroupName": "x"}, 400),
        (registry.delete_thing_group, {"thingGroupName": "plant"}, 400),
        (registry.add_thing_to_thing_group, {"thingGroupName": "hall-2", "thingName": "a"}, 400),
        (registry.add_thing_to_thing_group, {"thingGroupName": "plant", "thingName": "a"}, 400),
        (registry.add_thing_to_thing_group, {"thingGroupName": "hall-2"}, 400),
        (registry.add_thing_to_thing_group, {"thingGroupName": "hall-2", "thingArn": GROUP}, 400),
        (registry.add_thing_to_thing_group, {"thingGroupName": "unknown", "thingName": "a"}, 404),
        (registry.remove_thing_from_thing_group, {"thingGroupName": "hall-1", "thingName": "unknown"}, 404),
        (registry.list_things_in_thing_group, {"thingGroupName": "unknown"}, 404),
        (registry.list_thing_groups, {"parentGroup": "unknown"}, 404),
        (registry.describe_thing_group, {"thingGroupName": "unknown"}, 404),
    ]
    for call, params, status in wrong:
        code = {400: "InvalidRequestException", 404: "ResourceNotFoundException"}[status]
        assert refused(call, **params)[:2] == (status, code), params
    registry.add_thing_to_thing_group(thingGroupName="hall-1", thingName="a")
    registry.delete_thing_group(thingGroupName="hall-1")
    registry.delete_thing_group(thingGroupName="hall-1")
    registry.add_thing_to_thing_group(thingGroupArn=f"{PLACE}:thinggroup/hall-2", thingArn=f"{PLACE}:thing/a")
    assert names(registry, "list_thing_groups_for_thing", "thingGroups", thingName="a") == ["hall-2"]


def test_constraints_are_told_in_the_registrys_words(emulator: Emulator) -> None:
    registry = registry_of(emulator, parameter_validation=False)
    for call, params in [
        (registry.create_thing, {"thingName": "a b"}),
        (registry.list_things, {"maxResults": 251}),
        (registry.create_thing_group, {"thingGroupName": "g", "thingGroupProperties": {"thingGroupDescription": "é"}}),
        (registry.list_things, {"nextToken": "x"}),
    ]:
        status, code, error = refused(call, **params)
        assert (status, code) == (400, "InvalidRequestException")
        assert set(error) <= {"Error", "ResponseMetadata", "message"}


def test_devices_are_things(emulator: Emulator, client: Any, registry: Any) -> None:
    emulator.register_core_device("pump-1", ["line-4"])
    assert registry.describe_thing(thingName="pump-1")["thingArn"] == THING
    assert registry.describe_thing_group(thingGroupName="line-4")["thingGroupArn"] == GROUP
    assert names(registry, "list_things_in_thing_group", "things", thingGroupName="line-4") == ["pump-1"]
    client.delete_core_device(coreDeviceThingName="pump-1")
    assert names(registry, "list_things_in_thing_group", "things", thingGroupName="line-4") == ["pump-1"]


def roots(client: Any, device: str = "pump-1") -> list[str]:
    rows = client.list_installed_components(coreDeviceThingName=device)["installedComponents"]
    return [row["componentName"] for row in rows]


def test_a_device_that_joins_takes_what_is_deployed(emulator: Emulator, client: Any, registry: Any) -> None:
    publish(client, "a")
    deploy(client, GROUP, "a")
    emulator.register_core_device("pump-1")
    assert roots(client) == []
    registry.create_thing_group(thingGroupName="line-4")
    registry.add_thing_to_thing_group(thingGroupName="line-4", thingName="pump-1")
    assert roots(client) == ["a"]


def test_a_device_that_leaves_keeps_it_until_the_next_deployment(
    emulator: Emulator, client: Any, registry: Any
) -> None:
    for name in "ab":
        publish(client, name)
    emulator.register_core_device("pump-1", ["line-4"])
    deploy(client, GROUP, "a")
    registry.remove_thing_from_thing_group(thingGroupName="line-4", thingName="pump-1")
    deploy(client, GROUP, "a", "b")
    assert roots(client) == ["a"]
    found = client.list_core_devices(thingGroupArn=GROUP)["coreDevices"]
    assert [row["coreDeviceThingName"] for row in found] == ["pump-1"]
    deploy(client, THING, "b")
    assert roots(client) == ["b"]


@pytest.mark.parametrize("seconds", [0, 15])
def test_a_device_that_leaves_in_the_middle_keeps_it_until_the_next_deployment(seconds: int) -> None:
    """Queued or in progress, the deployment goes on."""
    with Emulator(region_name="eu-west-1", account_id="111122223333", deployment_seconds=(10, 10)) as emulator:
        client, registry = client_of(emulator), registry_of(emulator)
        publish(client, "a")
        emulator.register_core_device("pump-1", ["line-4"])
        deploy(client, GROUP, "a")
        emulator.advance(seconds)
        registry.remove_thing_from_thing_group(thingGroupName="line-4", thingName="pump-1")
        emulator.settle()
        assert roots(client) == ["a"]
        deploy(client, THING)
        emulator.settle()
        assert roots(client) == []


@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize("rate", [{}, {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1}}])
def test_a_device_that_comes_back_is_given_it_again(
    emulator: Emulator, client: Any, registry: Any, rate: dict[str, Any], above: bool
) -> None:
    for name in "ab":
        publish(client, name)
    group(registry, "line-4")
    group(registry, "left", parent="line-4")
    own = "left" if above else "line-4"
    emulator.register_core_device("pump-1", [own])
    deployment = deploy(client, GROUP, "a", iotJobConfiguration=rate)
    registry.remove_thing_from_thing_group(thingGroupName=own, thingName="pump-1")
    deploy(client, THING, "b")
    assert roots(client) == ["b"]
    registry.add_thing_to_thing_group(thingGroupName=own, thingName="pump-1")
    emulator.settle()
    assert roots(client) == ["a", "b"]
    rows = client.list_effective_deployments(coreDeviceThingName="pump-1")["effectiveDeployments"]
    assert (rows[0]["deploymentId"], rows[0]["coreDeviceExecutionStatus"]) == (deployment, "SUCCEEDED")


def test_a_device_that_was_away_between_two_deployments_has_missed_nothing(
    emulator: Emulator, client: Any, registry: Any
) -> None:
    for name in "ab":
        publish(client, name)
    emulator.register_core_device("pump-1", ["line-4"])
    client.cancel_deployment(deploymentId=deploy(client, GROUP, "a"))
    for move in (registry.remove_thing_from_thing_group, registry.add_thing_to_thing_group):
        move(thingGroupName="line-4", thingName="pump-1")
    deploy(client, THING, "b")
    assert roots(client) == ["a", "b"]
    registry.remove_thing_from_thing_group(thingGroupName="line-4", thingName="pump-1")
    deploy(client, THING, "b")
    registry.add_thing_to_thing_group(thingGroupName="line-4", thingName="pump-1")
    deploy(client, THING, "b")
    assert roots(client) == ["b"], "what was forgotten comes back"


def test_a_deployment_reaches_the_groups_below(emulator: Emulator, client: Any, registry: Any) -> None:
    publish(client, "a")
    group(registry, "line-4")
    group(registry, "left", parent="line-4")
    emulator.register_core_device("pump-1", ["left"])
    deploy(client, GROUP, "a")
    assert roots(client) == ["a"]
    emulator.register_core_device("pump-2", ["left"])
    assert roots(client, "pump-2") == ["a"]


@pytest.mark.parametrize("validates", [False, True])
def test_targets_may_have_to_exist(validates: bool) -> None:
    with Emulator(region_name="eu-west-1", account_id="111122223333", validate_targets=validates) as emulator:
        client, registry = client_of(emulator), registry_of(emulator)
        for params in ({"targetArn": GROUP}, {"targetArn": THING}):
            if validates:
                status, code, error = refused(client.create_deployment, **params)
                assert (status, code) == (404, "ResourceNotFoundException")
                assert error["resourceType"] in {"thing", "thingGroup"}
            else:
                client.create_deployment(**params)
        registry.create_thing(thingName="pump-1")
        registry.create_thing_group(thingGroupName="line-4")
        client.create_deployment(targetArn=GROUP)
        client.create_deployment(targetArn=THING)
