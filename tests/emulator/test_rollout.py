"""Rollouts of the local cloud: rates, timeouts, and when too many devices fail."""

from datetime import timedelta
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, client_of, deploy, publish, registry_of

PLACE = {"region_name": "eu-west-1", "account_id": "111122223333"}


def statuses(client: Any, names: list[str]) -> list[str | None]:
    """The state of the one deployment of each device; None where it has not heard of it."""

    def one(name: str) -> str | None:
        rows = client.list_effective_deployments(coreDeviceThingName=name)["effectiveDeployments"]
        return rows[0]["coreDeviceExecutionStatus"] if rows else None

    return [one(name) for name in names]


def reached(client: Any, names: list[str]) -> int:
    return sum(status is not None for status in statuses(client, names))


def rollout(**config: Any) -> dict[str, Any]:
    return {"iotJobConfiguration": {"jobExecutionsRolloutConfig": config}}


def test_a_rate_holds_devices_back(emulator: Emulator, client: Any) -> None:
    names = emulator.register_core_devices(7, "d", ["line-4"])
    deploy(client, GROUP, **rollout(maximumPerMinute=3))
    assert statuses(client, names) == ["SUCCEEDED"] * 3 + [None] * 4
    emulator.advance(30)
    assert reached(client, names) == 3
    emulator.advance(30)
    assert reached(client, names) == 6
    emulator.advance(60)
    assert reached(client, names) == 7
    first, last = (client.list_effective_deployments(coreDeviceThingName=name) for name in (names[0], names[-1]))
    begin, end = (rows["effectiveDeployments"][0]["modifiedTimestamp"] for rows in (first, last))
    assert end - begin == timedelta(minutes=2)


def test_settling_lets_a_rollout_reach_all(emulator: Emulator, client: Any) -> None:
    names = emulator.register_core_devices(7, "d", ["line-4"])
    deploy(client, GROUP, **rollout(maximumPerMinute=2))
    before = emulator.now
    emulator.settle()
    assert set(statuses(client, names)) == {"SUCCEEDED"}
    assert timedelta(minutes=2, seconds=40) < emulator.now - before < timedelta(minutes=3, seconds=20)


@pytest.mark.parametrize("criterion", ["numberOfNotifiedThings", "numberOfSucceededThings"])
def test_a_rate_may_grow(emulator: Emulator, client: Any, criterion: str) -> None:
    names = emulator.register_core_devices(20, "d", ["line-4"])
    exponential = {"baseRatePerMinute": 2, "incrementFactor": 2, "rateIncreaseCriteria": {criterion: 4}}
    deploy(client, GROUP, **rollout(exponentialRate=exponential, maximumPerMinute=7))
    counts = []
    while reached(client, names) < 20:
        counts.append(reached(client, names))
        emulator.advance(60)
    # 2 a minute up to 4 devices, then 4 up to 8; 8 would be more than the maximum
    assert counts == [2, 4, 8, 15]


def test_what_is_not_reached_is_not_counted_as_done() -> None:
    with Emulator(**PLACE, deployment_seconds=(0, 3600)) as emulator:
        client = client_of(emulator)
        names = emulator.register_core_devices(6, "d", ["line-4"])
        criteria = {"numberOfSucceededThings": 1}
        exponential = {"baseRatePerMinute": 1, "incrementFactor": 5, "rateIncreaseCriteria": criteria}
        deploy(client, GROUP, **rollout(exponentialRate=exponential))
        emulator.advance(4 * 60)
        assert statuses(client, names) == ["IN_PROGRESS"] * 5 + [None]


def test_a_device_that_joins_waits_for_its_minute(emulator: Emulator, client: Any) -> None:
    emulator.register_core_devices(1, "d", ["line-4"])
    deploy(client, GROUP, **rollout(maximumPerMinute=1))
    late = ["late-1", "late-2"]
    for name in late:
        emulator.register_core_device(name, ["line-4"])
    assert statuses(client, late) == [None, None]
    emulator.advance(60)
    assert statuses(client, late) == ["SUCCEEDED", None]
    emulator.advance(60)
    assert statuses(client, late) == ["SUCCEEDED", "SUCCEEDED"]
    emulator.advance(3600)
    emulator.register_core_device("latest", ["line-4"])
    assert statuses(client, ["latest"]) == ["SUCCEEDED"]


@pytest.mark.parametrize("end", ["cancel", "replace"])
def test_a_rollout_ends_with_its_deployment(emulator: Emulator, client: Any, end: str) -> None:
    names = emulator.register_core_devices(3, "d", ["line-4"])
    deployment = deploy(client, GROUP, **rollout(maximumPerMinute=1))
    if end == "cancel":
        client.cancel_deployment(deploymentId=deployment)
        emulator.settle()
        assert reached(client, names) == 1
    else:
        second = deploy(client, GROUP)
        emulator.settle()
        for name in names:
            (row,) = client.list_effective_deployments(coreDeviceThingName=name)["effectiveDeployments"]
            assert row["deploymentId"] == second


def test_a_new_revision_takes_back_what_waits_for_silent_devices(emulator: Emulator, client: Any) -> None:
    names = emulator.register_core_devices(2, "d", ["line-4"])
    emulator.silence(names)
    deploy(client, GROUP)
    assert statuses(client, names) == ["QUEUED", "QUEUED"]
    deploy(client, GROUP, **rollout(maximumPerMinute=1))
    assert statuses(client, names) == ["QUEUED", "CANCELED"]


def abort(failure: str, percentage: float, least: int) -> dict[str, Any]:
    criterion = {
        "failureType": failure,
        "action": "CANCEL",
        "thresholdPercentage": percentage,
        "minNumberOfExecutedThings": least,
    }
    return {"abortConfig": {"criteriaList": [criterion]}}


def test_too_many_failures_end_a_rollout(emulator: Emulator, client: Any) -> None:
    publish(client, "pump")
    names = emulator.register_core_devices(10, "d", ["line-4"])
    emulator.silence(names[:1])
    emulator.fail_component("pump", devices=names[2:])
    job = {**rollout(maximumPerMinute=2)["iotJobConfiguration"], **abort("FAILED", 50, 3)}
    deployment = deploy(client, GROUP, "pump", iotJobConfiguration=job)
    emulator.settle()
    # the first is silent and the second does well: with the next two, 2 of 3 have failed
    assert statuses(client, names) == ["CANCELED", "SUCCEEDED", "FAILED", "FAILED"] + [None] * 6
    told = client.get_deployment(deploymentId=deployment)
    assert told["deploymentStatus"] == "FAILED"
    assert registry_of(emulator).describe_job(jobId=told["iotJobId"])["job"]["status"] == "CANCELED"
    emulator.register_core_device("late", ["line-4"])
    assert statuses(client, ["late"]) == [None]


@pytest.mark.parametrize(
    ("failure", "aborts"), [("REJECTED", True), ("ALL", True), ("TIMED_OUT", False), ("FAILED", False)]
)
def test_a_criterion_has_its_kind_of_failure(emulator: Emulator, client: Any, failure: str, aborts: bool) -> None:
    emulator.register_core_devices(2, "d", ["line-4"])
    emulator.reject_deployments()
    deployment = deploy(client, GROUP, iotJobConfiguration=abort(failure, 100, 2))
    told = client.get_deployment(deploymentId=deployment)["deploymentStatus"]
    assert told == ("FAILED" if aborts else "ACTIVE")


TIMEOUT = {"timeoutConfig": {"inProgressTimeoutInMinutes": 2}}


def test_a_job_does_not_wait_for_ever() -> None:
    with Emulator(**PLACE, deployment_seconds=(60, 90)) as emulator:
        client = client_of(emulator)
        names = emulator.register_core_devices(3, "d", ["line-4"])
        emulator.silence(names[:1])
        job = {**TIMEOUT, **abort("TIMED_OUT", 50, 1)}
        deployment = deploy(client, GROUP, iotJobConfiguration=job)
        emulator.advance(90)
        emulator.silence(names[:2])
        # one never began, one stopped in the middle, one went on
        emulator.settle()
        assert statuses(client, names) == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
        emulator.advance(120)
        assert statuses(client, names) == ["CANCELED", "TIMED_OUT", "SUCCEEDED"]
        (row,) = client.list_effective_deployments(coreDeviceThingName=names[1])["effectiveDeployments"]
        assert row["reason"] == "The deployment was in progress for 2 minutes, which is all that its job allows"
        assert row["modifiedTimestamp"] - row["creationTimestamp"] == timedelta(minutes=3)
        assert client.get_deployment(deploymentId=deployment)["deploymentStatus"] == "FAILED"
        emulator.wake(names[:2])
        emulator.settle()
        assert statuses(client, names) == ["CANCELED", "TIMED_OUT", "SUCCEEDED"]


def test_a_device_that_needs_too_long_is_timed_out() -> None:
    with Emulator(**PLACE, deployment_seconds=(0, 121)) as emulator:
        client = client_of(emulator)
        publish(client, "pump")
        names = emulator.register_core_devices(1, "d", ["line-4"])
        deploy(client, GROUP, "pump", iotJobConfiguration=TIMEOUT)
        emulator.settle()
        assert statuses(client, names) == ["TIMED_OUT"]
        assert client.list_installed_components(coreDeviceThingName=names[0])["installedComponents"] == []


def test_a_thing_has_no_job() -> None:
    with Emulator(**PLACE, deployment_seconds=(0, 1000)) as emulator:
        client = client_of(emulator)
        emulator.register_core_device("pump-1")
        deploy(client, THING, iotJobConfiguration={**TIMEOUT, **rollout(maximumPerMinute=1)["iotJobConfiguration"]})
        emulator.settle()
        assert statuses(client, ["pump-1"]) == ["COMPLETED"]


def test_a_large_fleet_in_one_call(emulator: Emulator, client: Any) -> None:
    """What devices have in common is kept once, and they all act within the call."""
    for number in range(20):
        publish(client, f"component-{number}")
    deploy(client, GROUP, *(f"component-{number}" for number in range(20)))
    names = emulator.register_core_devices(5000, "d", ["line-4"])
    rows = client.list_installed_components(coreDeviceThingName=names[-1])["installedComponents"]
    assert len(rows) == 20
    assert statuses(client, [names[0], names[-1]]) == ["SUCCEEDED", "SUCCEEDED"]
