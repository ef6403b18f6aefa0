"""Jobs of the local cloud: what AWS IoT tells of a group's deployment."""

from datetime import timedelta
from typing import Any

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, client_of, deploy, publish, refused, registry_of

CONFIGURATION = {
    "jobExecutionsRolloutConfig": {"maximumPerMinute": 1000},
    "abortConfig": {
        "criteriaList": [
            {
                "failureType": "ALL",
                "action": "CANCEL",
                "thresholdPercentage": 100.0,
                "minNumberOfExecutedThings": 100,
            }
        ]
    },
    "timeoutConfig": {"inProgressTimeoutInMinutes": 5},
}


def job_of(client: Any, deployment: str) -> str:
    return str(client.get_deployment(deploymentId=deployment)["iotJobId"])


def test_a_job_counts_its_executions(emulator: Emulator, client: Any, registry: Any) -> None:
    publish(client, "a")
    emulator.register_core_devices(3, thing_groups=["line-4"])
    emulator.register_core_device("window", ["line-4"], platform="windows")
    deployed = client.create_deployment(
        targetArn=GROUP, components={"a": {"componentVersion": "1.0.0"}}, iotJobConfiguration=CONFIGURATION
    )
    job = registry.describe_job(jobId=deployed["iotJobId"])["job"]
    assert job.pop("createdAt") <= job.pop("lastUpdatedAt")
    assert job == {
        "jobId": deployed["iotJobId"],
        "jobArn": deployed["iotJobArn"],
        "targetSelection": "CONTINUOUS",
        "status": "IN_PROGRESS",
        "targets": [GROUP],
        "jobProcessDetails": {
            "numberOfQueuedThings": 0,
            "numberOfInProgressThings": 0,
            "numberOfSucceededThings": 3,
            "numberOfFailedThings": 1,
            "numberOfTimedOutThings": 0,
            "numberOfRejectedThings": 0,
            "numberOfCanceledThings": 0,
            "numberOfRemovedThings": 0,
        },
        **CONFIGURATION,
    }


def test_executions_are_listed_both_ways(emulator: Emulator, client: Any, registry: Any) -> None:
    publish(client, "a")
    devices = emulator.register_core_devices(3, thing_groups=["line-4"])
    emulator.register_core_device("window", ["line-4"], platform="windows")
    job = job_of(client, deploy(client, GROUP, "a"))
    pages = registry.get_paginator("list_job_executions_for_job").paginate(jobId=job, PaginationConfig={"PageSize": 2})
    rows = [row for page in pages for row in page["executionSummaries"]]
    found = {row["thingArn"].rpartition("/")[2]: row["jobExecutionSummary"]["status"] for row in rows}
    assert found == {**dict.fromkeys(devices, "SUCCEEDED"), "window": "FAILED"}
    for row in rows:
        times = [row["jobExecutionSummary"][moment] for moment in ("queuedAt", "startedAt", "lastUpdatedAt")]
        assert times == sorted(times)
    (row,) = registry.list_job_executions_for_job(jobId=job, status="FAILED")["executionSummaries"]
    assert row["thingArn"].endswith(":thing/window")
    (row,) = registry.list_job_executions_for_thing(thingName="window")["executionSummaries"]
    assert (row["jobId"], row["jobExecutionSummary"]["status"]) == (job, "FAILED")
    assert registry.list_job_executions_for_thing(thingName="window", status="QUEUED")["executionSummaries"] == []


def test_a_job_ends_with_its_deployment(client: Any, registry: Any) -> None:
    first, second, third = (job_of(client, deploy(client, GROUP)) for _ in range(3))

    def status(job: str) -> str:
        return str(registry.describe_job(jobId=job)["job"]["status"])

    assert [status(job) for job in (first, second, third)] == ["CANCELED", "CANCELED", "IN_PROGRESS"]
    (deployment,) = client.list_deployments()["deployments"]
    answer = registry.cancel_job(jobId=third, reasonCode="HALT")
    assert (answer["jobId"], answer["jobArn"].endswith(f":job/{third}")) == (third, True)
    assert status(third) == "CANCELED"
    assert client.get_deployment(deploymentId=deployment["deploymentId"])["deploymentStatus"] == "CANCELED"
    assert refused(registry.cancel_job, jobId=third)[:2] == (400, "InvalidRequestException")


def counts(registry: Any, job: str) -> dict[str, int]:
    """The counters of a job that are not 0, and its executions, which must agree."""
    details = registry.describe_job(jobId=job)["job"]["jobProcessDetails"]
    pages = registry.get_paginator("list_job_executions_for_job").paginate(jobId=job, PaginationConfig={"PageSize": 2})
    rows = [row["jobExecutionSummary"]["status"] for page in pages for row in page["executionSummaries"]]
    assert sum(details.values()) == len(rows)
    found = {status: rows.count(status) for status in rows}
    for status, count in found.items():
        assert details[f"numberOf{status.title().replace('_', '')}Things"] == count
    return found


def test_a_job_keeps_its_executions_when_another_follows() -> None:
    with Emulator(region_name="eu-west-1", account_id="111122223333", deployment_seconds=(10, 60)) as emulator:
        client, registry = client_of(emulator), registry_of(emulator)
        publish(client, "a")
        emulator.register_core_devices(2, "d", ["line-4"])
        emulator.register_core_device("window", ["line-4"], platform="windows")
        emulator.register_core_device("silent", ["line-4"])
        emulator.silence(["silent"])
        first = job_of(client, deploy(client, GROUP, "a"))
        emulator.settle()
        ended = {"SUCCEEDED": 2, "FAILED": 1}
        assert counts(registry, first) == {**ended, "QUEUED": 1}
        updated = registry.describe_job(jobId=first)["job"]["lastUpdatedAt"]
        second = job_of(client, deploy(client, GROUP, "a"))
        emulator.advance(30)
        assert counts(registry, first) == {**ended, "CANCELED": 1}
        assert registry.describe_job(jobId=first)["job"]["lastUpdatedAt"] > updated
        assert counts(registry, second) == {"IN_PROGRESS": 3, "QUEUED": 1}
        third = job_of(client, deploy(client, GROUP))
        emulator.settle()
        assert counts(registry, first) == {**ended, "CANCELED": 1}
        assert counts(registry, second) == {"CANCELED": 4}
        assert counts(registry, third) == {"SUCCEEDED": 3, "QUEUED": 1}
        pages = registry.get_paginator("list_job_executions_for_thing").paginate(
            thingName="d00001", PaginationConfig={"PageSize": 1}
        )
        rows = [row for page in pages for row in page["executionSummaries"]]
        found = {row["jobId"]: row["jobExecutionSummary"]["status"] for row in rows}
        assert found == {first: "SUCCEEDED", second: "CANCELED", third: "SUCCEEDED"}
        assert len(rows) == 3
        # Greengrass itself tells the last one only
        (row,) = client.list_effective_deployments(coreDeviceThingName="d00001")["effectiveDeployments"]
        assert row["iotJobId"] == third


def test_a_job_keeps_the_execution_of_a_deleted_device(emulator: Emulator, client: Any, registry: Any) -> None:
    emulator.register_core_devices(2, "d", ["line-4"])
    emulator.silence(["d00002"])
    job = job_of(client, deploy(client, GROUP))
    for device in ("d00001", "d00002"):
        client.delete_core_device(coreDeviceThingName=device)
    assert counts(registry, job) == {"SUCCEEDED": 1, "CANCELED": 1}
    emulator.reject_deployments()
    emulator.register_core_device("d00001")
    assert counts(registry, job) == {"REJECTED": 1, "CANCELED": 1}
    deploy(client, GROUP)
    assert counts(registry, job) == {"REJECTED": 1, "CANCELED": 1}


def test_a_job_ends_when_its_deployment_does(emulator: Emulator, client: Any, registry: Any) -> None:
    ids = [deploy(client, GROUP)]
    emulator.advance(500)
    client.cancel_deployment(deploymentId=ids[0])
    job = registry.describe_job(jobId=job_of(client, ids[0]))["job"]
    assert timedelta(seconds=500) <= job["completedAt"] - job["createdAt"] < timedelta(seconds=600)
    assert job["lastUpdatedAt"] == job["completedAt"]
    # it stays so, and the next one ends with its successor
    for _ in range(2):
        ids.append(deploy(client, GROUP))
        emulator.advance(500)
    first, second, third = (registry.describe_job(jobId=job_of(client, id))["job"] for id in ids)
    assert first["completedAt"] == job["completedAt"]
    assert second["completedAt"] == third["createdAt"]
    assert "completedAt" not in third


def test_a_things_deployment_has_no_job(emulator: Emulator, client: Any, registry: Any) -> None:
    emulator.register_core_device("pump-1")
    publish(client, "a")
    deploy(client, THING, "a")
    assert registry.list_job_executions_for_thing(thingName="pump-1")["executionSummaries"] == []
    for call in (registry.describe_job, registry.cancel_job, registry.list_job_executions_for_job):
        assert refused(call, jobId="unknown")[:2] == (404, "ResourceNotFoundException")
    assert refused(registry.list_job_executions_for_thing, thingName="unknown")[0] == 404
