"""Jobs of the local cloud: what AWS IoT tells of a group's deployment."""

from typing import Any

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, deploy, publish, refused

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


def test_a_things_deployment_has_no_job(emulator: Emulator, client: Any, registry: Any) -> None:
    emulator.register_core_device("pump-1")
    publish(client, "a")
    deploy(client, THING, "a")
    assert registry.list_job_executions_for_thing(thingName="pump-1")["executionSummaries"] == []
    for call in (registry.describe_job, registry.cancel_job, registry.list_job_executions_for_job):
        assert refused(call, jobId="unknown")[:2] == (404, "ResourceNotFoundException")
    assert refused(registry.list_job_executions_for_thing, thingName="unknown")[0] == 404
