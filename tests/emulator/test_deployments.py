"""Deployments of the local cloud: revisions, states, client tokens, subdeployments."""

import contextlib
import json
import re
import threading
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ReadTimeoutError

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, UUID, client_of, deploy, publish, recipe, refused, registry_of


def test_a_group_gets_a_job_and_a_thing_does_not(client: Any) -> None:
    group = client.create_deployment(targetArn=GROUP, deploymentName="line 4")
    assert group["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert UUID.fullmatch(group["deploymentId"])
    assert group["iotJobArn"] == f"arn:aws:iot:eu-west-1:111122223333:job/{group['iotJobId']}"
    thing = client.create_deployment(targetArn=THING)
    assert set(thing) == {"deploymentId", "ResponseMetadata"}


def test_what_is_sent_comes_back(client: Any) -> None:
    publish(client, "io.acme.Pump")
    sent = {
        "components": {
            "io.acme.Pump": {
                "componentVersion": "1.0.0",
                "configurationUpdate": {"merge": '{"period":"10"}', "reset": ["/legacy"]},
                "runWith": {"posixUser": "u:g", "systemResourceLimits": {"memory": 65536, "cpus": 0.5}},
            }
        },
        "deploymentPolicies": {
            "failureHandlingPolicy": "ROLLBACK",
            "componentUpdatePolicy": {"timeoutInSeconds": 60, "action": "NOTIFY_COMPONENTS"},
        },
        "iotJobConfiguration": {},
        "tags": {"wave": "1"},
    }
    created = client.create_deployment(targetArn=GROUP, deploymentName="line 4", **sent)
    told = client.get_deployment(deploymentId=created["deploymentId"])
    assert told.pop("creationTimestamp").year >= 2026
    del told["ResponseMetadata"], created["ResponseMetadata"]
    assert told == {
        **sent,
        **created,
        "targetArn": GROUP,
        "revisionId": "1",
        "deploymentName": "line 4",
        "deploymentStatus": "ACTIVE",
        "isLatestForTarget": True,
    }


def test_revisions_replace_each_other(client: Any) -> None:
    first, second = (client.create_deployment(targetArn=GROUP)["deploymentId"] for _ in range(2))
    other = client.create_deployment(targetArn=THING)["deploymentId"]
    told = client.get_deployment(deploymentId=first)
    assert (told["revisionId"], told["deploymentStatus"], told["isLatestForTarget"]) == ("1", "INACTIVE", False)
    assert client.get_deployment(deploymentId=second)["revisionId"] == "2"

    def listed(**params: Any) -> list[str]:
        return [row["deploymentId"] for row in client.list_deployments(**params)["deployments"]]

    assert listed() == [other, second]
    assert listed(historyFilter="ALL") == [other, second, first]
    assert listed(historyFilter="ALL", targetArn=GROUP) == [second, first]
    assert listed(targetArn=THING) == [other]


def test_an_unnamed_deployment_has_no_name_and_no_components_in_lists(client: Any) -> None:
    created = client.create_deployment(targetArn=THING)
    (row,) = client.list_deployments()["deployments"]
    assert row.pop("creationTimestamp")
    assert row == {
        "targetArn": THING,
        "revisionId": "1",
        "deploymentId": created["deploymentId"],
        "deploymentStatus": "ACTIVE",
        "isLatestForTarget": True,
    }


def test_canceling_and_deleting(client: Any) -> None:
    (id,) = (client.create_deployment(targetArn=GROUP, tags={"a": "b"})["deploymentId"],)
    status, code, error = refused(client.delete_deployment, deploymentId=id)
    assert (status, code) == (400, "ValidationException")
    assert error["message"] == f"Deployment ({id}) is in state ACTIVE and can't be deleted. Cancel it first."
    assert client.cancel_deployment(deploymentId=id)["message"] == "SUCCESS"
    told = client.get_deployment(deploymentId=id)
    assert (told["deploymentStatus"], told["isLatestForTarget"]) == ("CANCELED", True)
    assert refused(client.cancel_deployment, deploymentId=id)[:2] == (400, "ValidationException")
    assert client.delete_deployment(deploymentId=id)["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (client.get_deployment, client.cancel_deployment, client.delete_deployment):
        status, code, error = refused(call, deploymentId=id)
        assert (status, code) == (404, "ResourceNotFoundException")
        assert error["message"] == f"Deployment ({id}) does not exist"
        assert (error["resourceId"], error["resourceType"]) == (id, "deployment")
    assert client.list_deployments(historyFilter="ALL")["deployments"] == []
    # no number is given twice
    again = client.create_deployment(targetArn=GROUP)["deploymentId"]
    assert client.get_deployment(deploymentId=again)["revisionId"] == "2"


def test_a_client_token_is_answered_once(client: Any) -> None:
    calls = [client.create_deployment(targetArn=THING, clientToken="token-1") for _ in range(3)]
    assert len({call["deploymentId"] for call in calls}) == 1
    assert len(client.list_deployments(historyFilter="ALL")["deployments"]) == 1
    status, code, _ = refused(client.create_deployment, targetArn=GROUP, clientToken="token-1")
    assert (status, code) == (409, "ConflictException")
    pairs = [("a", "1"), ("b", "2")]
    calls = [client.create_deployment(targetArn=THING, tags=dict(it), clientToken="2") for it in (pairs, pairs[::-1])]
    assert len({call["deploymentId"] for call in calls}) == 1
    created = [client.create_component_version(inlineRecipe=recipe("a"), clientToken="token-1") for _ in range(2)]
    assert created[0]["creationTimestamp"] == created[1]["creationTimestamp"]


def test_a_client_token_is_one_call_at_a_time(emulator: Emulator, client: Any) -> None:
    slow = emulator.inject("latency", 3600, times=1)
    first = boto_thread(client.create_deployment, targetArn=THING, clientToken="token-1")
    while not slow.hits:
        assert first.is_alive()
    for target in (THING, GROUP):
        status, code, error = refused(client_of(emulator).create_deployment, targetArn=target, clientToken="token-1")
        assert (status, code) == (400, "RequestAlreadyInProgressException")
        assert error["message"] == "The request is already in progress."
    # a token is of one operation, and other tokens go on
    other = client_of(emulator)
    other.create_component_version(inlineRecipe=recipe("a"), clientToken="token-1")
    other.create_deployment(targetArn=THING, clientToken="token-2")


def boto_thread(call: Any, **params: Any) -> threading.Thread:
    """A thread with a call whose end nobody waits for."""

    def run() -> None:
        with contextlib.suppress(BotoCoreError):
            call(**params)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_call_that_its_client_gives_up_is_over(emulator: Emulator, client: Any) -> None:
    with emulator.inject("latency", 3600, times=1), pytest.raises(ReadTimeoutError):
        client_of(emulator, read_timeout=0.05).create_deployment(targetArn=THING, clientToken="token-1")
    while True:
        try:
            client.create_deployment(targetArn=THING, clientToken="token-1")
        except client.exceptions.RequestAlreadyInProgressException:
            continue
        break
    assert len(client.list_deployments(historyFilter="ALL")["deployments"]) == 1


def test_a_refusal_is_not_kept_for_its_token(client: Any) -> None:
    params = {"targetArn": GROUP, "components": {"a": {"componentVersion": "1.0.0"}}, "clientToken": "t"}
    assert refused(client.create_deployment, **params)[:2] == (404, "ResourceNotFoundException")
    publish(client, "a")
    client.create_deployment(**params)


def test_components_must_exist(client: Any) -> None:
    for name, whose in [("io.acme.Pump", "Private"), ("aws.greengrass.Cli", "Public")]:
        components = {name: {"componentVersion": "9.9.9"}}
        status, code, error = refused(client.create_deployment, targetArn=GROUP, components=components)
        assert (status, code) == (404, "ResourceNotFoundException")
        assert error["message"] == f"{whose} component ({name}:9.9.9) does not exist"
    assert client.list_deployments()["deployments"] == []


def test_components_need_not_exist_where_nobody_looks() -> None:
    with Emulator(region_name="eu-west-1", account_id="111122223333", validate_components=False) as emulator:
        client = client_of(emulator)
        emulator.register_core_device("pump-1")
        deploy(client, THING, "io.acme.Pump")
        (row,) = client.list_effective_deployments(coreDeviceThingName="pump-1")["effectiveDeployments"]
        assert (
            row["coreDeviceExecutionStatus"],
            "NO_AVAILABLE_COMPONENT_VERSION" in row["statusDetails"]["errorStack"],
        ) == (
            "FAILED",
            True,
        )


ABORT = {"failureType": "ALL", "action": "CANCEL", "thresholdPercentage": 50, "minNumberOfExecutedThings": 1}
RATE = "jobExecutionsRolloutConfig.exponentialRate"
CRITERION = "abortConfig.criteriaList.0"


@pytest.mark.parametrize(
    ("member", "good", "wrong"),
    [
        ("timeoutConfig.inProgressTimeoutInMinutes", [1, 10080], [0, 10081]),
        (f"{RATE}.incrementFactor", [1.0, 1.1, 4.9, 5], [1.55, 4.999]),
        (
            f"{RATE}.rateIncreaseCriteria",
            [{"numberOfNotifiedThings": 1}, {"numberOfSucceededThings": 1}],
            [{}],
        ),
        (f"{CRITERION}.thresholdPercentage", [0, 0.07, 10.12, 57.1, 100], [10.123, 99.999, -1, -0.01]),
    ],
)
def test_a_job_keeps_to_more_than_the_model_tells(client: Any, member: str, good: list[Any], wrong: list[Any]) -> None:
    def job(value: Any) -> dict[str, Any]:
        """A configuration that is right but for one value."""
        told: dict[str, Any] = {
            "timeoutConfig": {},
            "jobExecutionsRolloutConfig": {
                "exponentialRate": {
                    "baseRatePerMinute": 1,
                    "incrementFactor": 2,
                    "rateIncreaseCriteria": {"numberOfNotifiedThings": 1},
                }
            },
            "abortConfig": {"criteriaList": [{**ABORT}]},
        }
        place: Any = told
        *way, last = (int(step) if step.isdigit() else step for step in member.split("."))
        for step in way:
            place = place[step]
        place[last] = value
        return told

    for value in good:
        client.create_deployment(targetArn=GROUP, iotJobConfiguration=job(value))
    for value in wrong:
        status, code, error = refused(client.create_deployment, targetArn=GROUP, iotJobConfiguration=job(value))
        assert (status, code) == (400, "ValidationException"), value
        assert [field["name"] for field in error["fields"]] == [f"iotJobConfiguration.{member}"]
        told = (
            f"Value '{json.dumps(value)}' at 'iotJobConfiguration.{member}' failed to satisfy constraint: Member must "
        )
        assert error["message"].startswith(f"1 validation error detected: {told}")
    assert len(client.list_deployments(historyFilter="ALL")["deployments"]) == len(good)


NAMES = "1 to 128 of the characters a-z A-Z 0-9"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("thing/a b%", f'"a b%" is not a thing name: use {NAMES} : _ -'),
        ("thing/" + "a" * 129, f'"{"a" * 129}" is not a thing name: use {NAMES} : _ -'),
        ("thing/pümp", f'"pümp" is not a thing name: use {NAMES} : _ -'),
        ("thinggroup/a:b", f'"a:b" is not a thing group name: use {NAMES} _ -'),
        ("thinggroup/a/b", f'"a/b" is not a thing group name: use {NAMES} _ -'),
        ("thinggroup/" + "a" * 129, f'"{"a" * 129}" is not a thing group name: use {NAMES} _ -'),
    ],
)
def test_a_target_has_a_name_of_the_registry(client: Any, name: str, told: str) -> None:
    place = GROUP.partition("thinggroup/")[0]
    members = ["targetArn", "parentTargetArn"] if name.startswith("thinggroup") else ["targetArn"]
    for member in members:
        arn = place + name
        status, code, error = refused(client.create_deployment, **{"targetArn": GROUP, member: arn})
        assert (status, code, error["fields"]) == (400, "ValidationException", [{"name": member, "message": told}])
        assert error["message"] == f"Value '{arn}' at '{member}': {told}"
    assert client.list_deployments()["deployments"] == []
    for taken in ("thing/a:_-9", "thing/" + "a" * 128, "thinggroup/a_-9", "thinggroup/" + "a" * 128):
        client.create_deployment(targetArn=place + taken)


def test_a_document_may_be_large_but_not_without_end(client: Any) -> None:
    publish(client, "a")

    def component(size: int) -> dict[str, Any]:
        return {"a": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": json.dumps({"x": "y" * size})}}}

    large = component(6 * 1024 * 1024 - 200)
    made = client.create_deployment(targetArn=GROUP, components=large)["deploymentId"]
    assert client.get_deployment(deploymentId=made)["components"] == large
    status, code, error = refused(client.create_deployment, targetArn=GROUP, components=component(6 * 1024 * 1024))
    assert (status, code) == (400, "ValidationException")
    assert re.fullmatch(
        r"Invalid Input: The deployment document has \d{7} bytes; the limit is 6291456", error["message"]
    )


def test_a_merge_must_be_json(client: Any) -> None:
    publish(client, "a")
    component = {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "{"}}
    _, code, error = refused(client.create_deployment, targetArn=GROUP, components={"a": component})
    assert code == "ValidationException"
    assert error["fields"][0]["name"] == "components.a.configurationUpdate.merge"


@pytest.mark.parametrize("member", ["targetArn", "parentTargetArn"])
@pytest.mark.parametrize(("ours", "foreign"), [("eu-west-1", "us-east-1"), ("111122223333", "444455556666")])
def test_a_target_of_another_place_is_refused(client: Any, member: str, ours: str, foreign: str) -> None:
    arn = GROUP.replace(ours, foreign)
    status, code, error = refused(client.create_deployment, **{"targetArn": GROUP, member: arn})
    assert (status, code, error["fields"][0]["name"]) == (400, "ValidationException", member)
    assert (
        error["message"] == f"Value '{arn}' at '{member}' is of another account or Region: here it would be '{GROUP}'"
    )


def test_subdeployments(client: Any) -> None:
    child = GROUP + "-left"
    client.create_deployment(targetArn=GROUP)
    below = client.create_deployment(targetArn=child, parentTargetArn=GROUP)["deploymentId"]
    rows = client.list_deployments(parentTargetArn=GROUP)["deployments"]
    assert [(row["deploymentId"], row["parentTargetArn"]) for row in rows] == [(below, GROUP)]
    # both filters hold
    client.create_deployment(targetArn=f"{GROUP}-right", parentTargetArn=GROUP)
    for target, expected in ((child, [below]), (GROUP, [])):
        rows = client.list_deployments(parentTargetArn=GROUP, targetArn=target)["deployments"]
        assert [row["deploymentId"] for row in rows] == expected
    other = {"targetArn": child, "parentTargetArn": GROUP + "-other"}
    assert refused(client.create_deployment, **other)[:2] == (400, "ValidationException")
    on_thing = {"targetArn": THING, "parentTargetArn": GROUP}
    assert refused(client.create_deployment, **on_thing)[:2] == (400, "ValidationException")
    client.create_deployment(targetArn=GROUP)
    assert client.get_deployment(deploymentId=below)["deploymentStatus"] == "INACTIVE"


LEFT = GROUP + "-left"


def test_a_group_has_one_parent(client: Any) -> None:
    other = GROUP + "-other"
    below = [client.create_deployment(targetArn=LEFT, parentTargetArn=GROUP)["deploymentId"]]
    wrong = [{"targetArn": LEFT, "parentTargetArn": parent} for parent in (other, LEFT)]
    for params in (*wrong, {"targetArn": GROUP, "parentTargetArn": GROUP}):
        status, code, error = refused(client.create_deployment, **params)
        assert (status, code, error["fields"][0]["name"]) == (400, "ValidationException", "parentTargetArn")
    # nor does a revision without one make it free, nor one of the parent
    client.create_deployment(targetArn=LEFT)
    client.create_deployment(targetArn=GROUP)
    assert refused(client.create_deployment, **wrong[0])[:2] == (400, "ValidationException")
    below.append(client.create_deployment(targetArn=LEFT, parentTargetArn=GROUP)["deploymentId"])
    client.cancel_deployment(deploymentId=below[1])
    for id in below:
        assert refused(client.create_deployment, **wrong[0])[:2] == (400, "ValidationException")
        client.delete_deployment(deploymentId=id)
    client.create_deployment(**wrong[0])


def test_no_group_is_below_itself(client: Any) -> None:
    groups = [f"{GROUP}-{level}" for level in range(3)]
    for level in range(2):
        client.create_deployment(targetArn=groups[level + 1], parentTargetArn=groups[level])
    for parent in groups:
        status, code, error = refused(client.create_deployment, targetArn=groups[0], parentTargetArn=parent)
        assert (status, code, error["fields"][0]["name"]) == (400, "ValidationException", "parentTargetArn")
        assert "can't be below itself" in error["message"]


def roots(client: Any, device: str = "pump-1") -> dict[str, str]:
    rows = client.list_installed_components(coreDeviceThingName=device)["installedComponents"]
    assert all(row["isRoot"] for row in rows)
    return {row["componentName"]: row["componentVersion"] for row in rows}


@pytest.fixture
def plant(emulator: Emulator, client: Any) -> Any:
    """A client of a cloud in which `a` 1.0.0 is deployed to the group: to pump-1, also in its left part, and pump-2."""
    for name in ("a", "b"):
        for version in ("1.0.0", "2.0.0"):
            publish(client, name, version)
    emulator.register_core_device("pump-1", ["line-4", "line-4-left"])
    emulator.register_core_device("pump-2", ["line-4"])
    deploy(client, GROUP, "a")
    return client


def test_a_subdeployment_stands_in_for_its_parent(emulator: Emulator, plant: Any) -> None:
    deploy(plant, LEFT, "a", version="2.0.0", parentTargetArn=GROUP)
    for row in plant.list_effective_deployments(coreDeviceThingName="pump-1")["effectiveDeployments"]:
        assert row["coreDeviceExecutionStatus"] == "SUCCEEDED", row
    assert (roots(plant), roots(plant, "pump-2")) == ({"a": "2.0.0"}, {"a": "1.0.0"})
    deploy(plant, THING, "b")
    assert roots(plant) == {"a": "2.0.0", "b": "1.0.0"}
    # whoever joins both has the same, in whatever order
    registry = registry_of(emulator)
    for thing, groups in (("early", ["line-4", "line-4-left"]), ("late", ["line-4-left", "line-4"])):
        emulator.register_core_device(thing)
        for group in groups:
            registry.add_thing_to_thing_group(thingGroupName=group, thingName=thing)
        assert roots(plant, thing) == {"a": "2.0.0"}


def test_a_subdeployment_goes_when_its_parent_is_revised(emulator: Emulator, plant: Any) -> None:
    below = deploy(plant, LEFT, "b", parentTargetArn=GROUP)
    assert roots(plant) == {"b": "1.0.0"}
    # a revision that fails on the device changes nothing there
    emulator.fail_component("a", "2.0.0")
    deploy(plant, GROUP, "a", version="2.0.0")
    assert plant.get_deployment(deploymentId=below)["deploymentStatus"] == "INACTIVE"
    assert roots(plant) == {"b": "1.0.0"}
    emulator.heal()
    deploy(plant, GROUP, "a", version="2.0.0")
    assert roots(plant) == {"a": "2.0.0"}
    deploy(plant, THING, "b", version="2.0.0")
    assert roots(plant) == {"a": "2.0.0", "b": "2.0.0"}


def test_who_leaves_a_subdeployment_has_the_parents_again(emulator: Emulator, plant: Any) -> None:
    deploy(plant, LEFT, "b", parentTargetArn=GROUP)
    registry_of(emulator).remove_thing_from_thing_group(thingGroupName="line-4-left", thingName="pump-1")
    assert roots(plant) == {"b": "1.0.0"}
    deploy(plant, THING)
    assert roots(plant) == {"a": "1.0.0"}


def test_a_group_that_is_no_subdeployment_adds_to_the_others(plant: Any) -> None:
    deploy(plant, LEFT, "b")
    assert roots(plant) == {"a": "1.0.0", "b": "1.0.0"}
