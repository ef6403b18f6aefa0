"""Core devices of the local cloud that fail, fall silent and recover."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, client_of, deploy, publish

PLACE = {"region_name": "eu-west-1", "account_id": "111122223333"}


def status(client: Any, device: str = "pump-1") -> str:
    (row,) = client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"]
    return str(row["coreDeviceExecutionStatus"])


def execution(client: Any, device: str = "pump-1") -> dict[str, Any]:
    (row,) = client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"]
    return dict(row)


def installed(client: Any, device: str = "pump-1") -> dict[str, tuple[str, str, list[str]]]:
    rows = client.list_installed_components(coreDeviceThingName=device)["installedComponents"]
    return {
        row["componentName"]: (row["componentVersion"], row["lifecycleState"], row["lifecycleStatusCodes"])
        for row in rows
    }


def health(client: Any, device: str = "pump-1") -> str:
    return str(client.get_core_device(coreDeviceThingName=device)["status"])


@pytest.fixture
def pump(emulator: Emulator, client: Any) -> Any:
    """A client of a cloud in which pump-1 runs `pump` 1.0.0, and 2.0.0 is published."""
    publish(client, "pump")
    publish(client, "pump", "2.0.0")
    emulator.register_core_device("pump-1")
    deploy(client, THING, "pump")
    return client


RUNNING = ("1.0.0", "RUNNING", [])


def test_a_component_that_breaks_makes_its_devices_unhealthy(emulator: Emulator, pump: Any) -> None:
    emulator.register_core_device("idle")
    before = pump.get_core_device(coreDeviceThingName="pump-1")["lastStatusUpdateTimestamp"]
    emulator.advance(60)
    emulator.fail_component("pump", code="STARTUP_TIMEOUT", details="It took too long.")
    assert installed(pump) == {"pump": ("1.0.0", "BROKEN", ["STARTUP_TIMEOUT"])}
    (row,) = pump.list_installed_components(coreDeviceThingName="pump-1")["installedComponents"]
    assert row["lifecycleStateDetails"] == "It took too long."
    device = pump.get_core_device(coreDeviceThingName="pump-1")
    assert device["status"] == "UNHEALTHY"
    assert row["lastStatusChangeTimestamp"] == row["lastReportedTimestamp"] == device["lastStatusUpdateTimestamp"]
    assert device["lastStatusUpdateTimestamp"] - before >= timedelta(seconds=60)
    assert [row["coreDeviceThingName"] for row in pump.list_core_devices(status="UNHEALTHY")["coreDevices"]] == [
        "pump-1"
    ]
    assert health(pump, "idle") == "HEALTHY"
    # what became of the deployment stays what it was
    assert status(pump) == "COMPLETED"
    emulator.heal()
    assert (installed(pump), health(pump)) == ({"pump": RUNNING}, "HEALTHY")


def test_an_error_is_not_the_end(emulator: Emulator, pump: Any) -> None:
    emulator.fail_component("pump", state="ERRORED", code="RUN_ERROR")
    assert installed(pump) == {"pump": ("1.0.0", "ERRORED", ["RUN_ERROR"])}
    assert health(pump) == "HEALTHY"


def test_a_failure_has_its_versions_and_devices(emulator: Emulator, client: Any) -> None:
    publish(client, "pump")
    emulator.register_core_devices(3, "d", ["line-4"])
    deploy(client, GROUP, "pump")
    emulator.fail_component("pump", "2.0.0")
    assert {health(client, f"d0000{n}") for n in (1, 2, 3)} == {"HEALTHY"}
    emulator.fail_component("pump", "1.0.0", ["d00001", "d00002"])
    assert [health(client, f"d0000{n}") for n in (1, 2, 3)] == ["UNHEALTHY", "UNHEALTHY", "HEALTHY"]
    emulator.heal(["d00002"])
    assert [health(client, f"d0000{n}") for n in (1, 2, 3)] == ["UNHEALTHY", "HEALTHY", "HEALTHY"]


def test_a_failure_of_all_concerns_those_that_come_later(emulator: Emulator, client: Any) -> None:
    publish(client, "pump")
    emulator.fail_component("pump")
    emulator.register_core_devices(2, "d", ["line-4"])
    emulator.heal(["d00002"])
    deploy(client, GROUP, "pump")
    assert [status(client, device) for device in ("d00001", "d00002")] == ["FAILED", "SUCCEEDED"]
    emulator.register_core_device("late", ["line-4"])
    assert status(client, "late") == "FAILED"


def test_what_breaks_is_rolled_back(emulator: Emulator, pump: Any) -> None:
    emulator.fail_component("pump", "2.0.0")
    failed = deploy(pump, THING, "pump", version="2.0.0")
    told = execution(pump)
    assert (told["deploymentId"], told["coreDeviceExecutionStatus"]) == (failed, "FAILED")
    text = "Service pump in broken state after deployment"
    assert told["reason"] == f"COMPONENT_BROKEN: FAILED_ROLLBACK_COMPLETE: {text}"
    assert told["statusDetails"] == {
        "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN"],
        "errorTypes": ["USER_COMPONENT_ERROR"],
    }
    assert (installed(pump), health(pump)) == ({"pump": RUNNING}, "HEALTHY")
    assert pump.get_deployment(deploymentId=failed)["deploymentStatus"] == "FAILED"
    # the roots are those of the deployment before
    publish(pump, "other")
    emulator.register_core_device("pump-1", ["all"])
    deploy(pump, emulator.thing_group_arn("all"), "other")
    assert installed(pump) == {"pump": RUNNING, "other": RUNNING}


def test_what_breaks_may_stay(emulator: Emulator, pump: Any) -> None:
    publish(pump, "other")
    emulator.fail_component("pump", "2.0.0")
    policies = {"failureHandlingPolicy": "DO_NOTHING"}
    deploy(pump, THING, "pump", version="2.0.0", deploymentPolicies=policies)
    told = execution(pump)
    assert told["coreDeviceExecutionStatus"] == "FAILED"
    assert told["reason"].startswith("COMPONENT_BROKEN: FAILED_ROLLBACK_NOT_REQUESTED: ")
    assert (installed(pump), health(pump)) == ({"pump": ("2.0.0", "BROKEN", ["RUN_ERROR"])}, "UNHEALTHY")
    # its components are the device's roots, broken or not
    emulator.register_core_device("pump-1", ["line-4"])
    deploy(pump, GROUP, "other")
    assert set(installed(pump)) == {"pump", "other"}
    emulator.heal()
    assert installed(pump)["pump"] == ("2.0.0", "RUNNING", [])


def test_a_failed_group_deployment_is_none_that_succeeded(emulator: Emulator, client: Any) -> None:
    publish(client, "pump")
    emulator.register_core_device("pump-1", ["line-4"])
    emulator.fail_component("pump")
    deploy(client, GROUP, "pump", deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"})
    assert client.list_core_devices(thingGroupArn=GROUP)["coreDevices"] == []


def test_there_may_be_no_way_back(emulator: Emulator, pump: Any) -> None:
    emulator.fail_component("pump")
    deploy(pump, THING, "pump", version="2.0.0")
    assert execution(pump)["reason"].startswith("COMPONENT_BROKEN: FAILED_UNABLE_TO_ROLLBACK: ")
    assert (installed(pump), health(pump)) == ({"pump": ("1.0.0", "BROKEN", ["RUN_ERROR"])}, "UNHEALTHY")


def test_a_broken_component_does_not_stop_what_leaves_it_alone(emulator: Emulator, pump: Any) -> None:
    publish(pump, "other")
    emulator.register_core_device("pump-1", ["line-4"])
    emulator.fail_component("pump")
    deploy(pump, GROUP, "other")
    assert installed(pump) == {"pump": ("1.0.0", "BROKEN", ["RUN_ERROR"]), "other": RUNNING}
    assert health(pump) == "UNHEALTHY"
    deploy(pump, THING)
    assert (installed(pump), health(pump)) == ({"other": RUNNING}, "HEALTHY")


def test_a_full_disk_takes_nothing_new(emulator: Emulator, pump: Any) -> None:
    emulator.fill_disk(["pump-1"])
    deploy(pump, THING, "pump", version="2.0.0")
    told = execution(pump)
    assert told["reason"] == (
        "DISK_SPACE_CRITICAL: FAILED_NO_STATE_CHANGE: There is no space left on the disk for pump-v2.0.0"
    )
    assert told["statusDetails"] == {
        "errorStack": ["DEPLOYMENT_FAILURE", "ARTIFACT_DOWNLOAD_ERROR", "IO_ERROR", "DISK_SPACE_CRITICAL"],
        "errorTypes": ["DEVICE_ERROR"],
    }
    assert installed(pump) == {"pump": RUNNING}
    deploy(pump, THING, "pump")
    assert status(pump) == "COMPLETED"
    emulator.heal(["pump-1"])
    deploy(pump, THING, "pump", version="2.0.0")
    assert status(pump) == "COMPLETED"


def test_a_device_may_refuse(emulator: Emulator, pump: Any) -> None:
    emulator.reject_deployments(["pump-1"], "Not on a Monday")
    refused = deploy(pump, THING, "pump", version="2.0.0")
    told = execution(pump)
    assert (told["coreDeviceExecutionStatus"], told["reason"]) == ("REJECTED", "Not on a Monday")
    assert "statusDetails" not in told
    assert pump.get_deployment(deploymentId=refused)["deploymentStatus"] == "FAILED"
    assert installed(pump) == {"pump": RUNNING}


def test_a_silent_device_keeps_what_is_sent_to_it(emulator: Emulator, pump: Any) -> None:
    before = pump.get_core_device(coreDeviceThingName="pump-1")
    emulator.silence(["pump-1"])
    sent = deploy(pump, THING, "pump", version="2.0.0")
    emulator.fail_component("pump", "1.0.0")
    emulator.advance(7 * 86400)
    emulator.settle()
    after = pump.get_core_device(coreDeviceThingName="pump-1")
    assert {key: after[key] for key in after if key != "ResponseMetadata"} == {
        key: before[key] for key in before if key != "ResponseMetadata"
    }
    assert (status(pump), installed(pump)) == ("QUEUED", {"pump": RUNNING})
    assert pump.get_deployment(deploymentId=sent)["deploymentStatus"] == "ACTIVE"
    emulator.wake(["pump-1"])
    assert (status(pump), installed(pump)) == ("COMPLETED", {"pump": ("2.0.0", "RUNNING", [])})
    assert pump.get_deployment(deploymentId=sent)["deploymentStatus"] == "COMPLETED"
    assert emulator.now - pump.get_core_device(coreDeviceThingName="pump-1")["lastStatusUpdateTimestamp"] < timedelta(
        hours=1
    )


def test_what_broke_in_silence_is_told_on_waking(emulator: Emulator, pump: Any) -> None:
    emulator.silence(["pump-1"])
    emulator.fail_component("pump")
    assert (health(pump), installed(pump)) == ("HEALTHY", {"pump": RUNNING})
    emulator.wake(["pump-1"])
    assert health(pump) == "UNHEALTHY"


@pytest.fixture
def slow() -> Iterator[Emulator]:
    with Emulator(**PLACE, deployment_seconds=(10, 60)) as running:
        yield running


def test_canceling_reaches_those_that_have_not_begun(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_devices(2, "d", ["line-4"])
    slow.silence(["d00002"])
    deployment = deploy(client, GROUP)
    slow.advance(10)
    assert [status(client, device) for device in ("d00001", "d00002")] == ["IN_PROGRESS", "QUEUED"]
    client.cancel_deployment(deploymentId=deployment)
    assert [status(client, device) for device in ("d00001", "d00002")] == ["IN_PROGRESS", "CANCELED"]
    slow.wake(["d00002"])
    slow.settle()
    assert [status(client, device) for device in ("d00001", "d00002")] == ["SUCCEEDED", "CANCELED"]
    assert client.get_deployment(deploymentId=deployment)["deploymentStatus"] == "CANCELED"


def test_a_canceled_deployment_of_a_thing_stays_canceled(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_device("pump-1")
    deployment = deploy(client, THING)
    slow.advance(10)
    client.cancel_deployment(deploymentId=deployment)
    slow.settle()
    assert status(client) == "COMPLETED"
    assert client.get_deployment(deploymentId=deployment)["deploymentStatus"] == "CANCELED"


def test_a_new_revision_takes_over(slow: Emulator) -> None:
    client = client_of(slow)
    publish(client, "a")
    publish(client, "b")
    slow.register_core_device("pump-1", ["line-4"])
    deploy(client, GROUP, "a")
    slow.advance(30)
    second = deploy(client, GROUP, "b")
    assert status(client) == "QUEUED"
    slow.advance(40)
    assert (status(client), installed(client)) == ("IN_PROGRESS", {})
    slow.settle()
    assert execution(client)["deploymentId"] == second
    assert installed(client) == {"b": RUNNING}


def test_deployments_at_the_same_time_add_up(slow: Emulator) -> None:
    client = client_of(slow)
    publish(client, "a")
    publish(client, "b")
    slow.register_core_device("pump-1", ["line-4"])
    deploy(client, GROUP, "a")
    deploy(client, THING, "b")
    slow.settle()
    assert installed(client) == {"a": RUNNING, "b": RUNNING}


def test_silence_in_the_middle_of_a_deployment(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_device("pump-1")
    deploy(client, THING)
    slow.advance(20)
    slow.silence(["pump-1"])
    slow.advance(3600)
    assert status(client) == "IN_PROGRESS"
    slow.wake(["pump-1"])
    slow.settle()
    assert status(client) == "COMPLETED"


def test_a_device_that_goes_takes_its_work_with_it(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_devices(2, "d", ["line-4"])
    deploy(client, GROUP)
    slow.advance(20)
    client.delete_core_device(coreDeviceThingName="d00001")
    slow.settle()
    assert [row["coreDeviceThingName"] for row in client.list_core_devices()["coreDevices"]] == ["d00002"]
    slow.register_core_device("d00001")
    assert status(client, "d00001") == "QUEUED"
    slow.settle()
    assert status(client, "d00001") == "SUCCEEDED"


def test_a_device_that_starts_again_says_what_it_is(emulator: Emulator, pump: Any) -> None:
    emulator.register_core_device("pump-1", nucleus_version="2.16.1")
    assert pump.get_core_device(coreDeviceThingName="pump-1")["coreVersion"] == "2.16.1"
    rows = pump.list_installed_components(coreDeviceThingName="pump-1", topologyFilter="ALL")["installedComponents"]
    versions = {row["componentName"]: row["componentVersion"] for row in rows}
    assert (versions["aws.greengrass.Nucleus"], versions["pump"]) == ("2.16.1", "1.0.0")


@pytest.mark.parametrize("method", ["silence", "wake", "fill_disk", "reject_deployments", "heal"])
def test_unknown_devices_are_told(emulator: Emulator, method: str) -> None:
    emulator.register_core_device("known")
    with pytest.raises(ValueError, match='"unknown" is not a core device here: register it first'):
        getattr(emulator, method)(["known", "unknown"])
    with pytest.raises(ValueError, match="give a list of names"):
        getattr(emulator, method)("known")


def test_a_component_fails_as_components_do(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match='"unknown" is not a core device'):
        emulator.fail_component("pump", devices=["unknown"])
    with pytest.raises(ValueError, match='state is "RUNNING": use ERRORED or BROKEN'):
        emulator.fail_component("pump", state="RUNNING")
    with pytest.raises(ValueError, match=r'code is "OOPS": use one of INSTALL_ERROR, .*SHUTDOWN_TIMEOUT'):
        emulator.fail_component("pump", code="OOPS")


def versions(client: Any, device: str) -> dict[str, str]:
    """The components of ours that run on a device, roots or not."""
    rows = client.list_installed_components(coreDeviceThingName=device, topologyFilter="ALL")["installedComponents"]
    found = {row["componentName"]: row["componentVersion"] for row in rows}
    return {name: version for name, version in found.items() if name in ("pump", "gauge")}


def test_lite_devices_have_a_walk_of_their_own(emulator: Emulator, client: Any) -> None:
    for version in ("1.0.0", "1.1.0"):
        publish(client, "pump", version, needs={"gauge": ">=1.0.0"}, runtime="*")
    publish(client, "gauge", runtime="*")
    emulator.register_core_device("classic", ["line-4"])
    emulator.register_core_device("lite", ["line-4"], runtime="aws_nucleus_lite", nucleus_version="2.5.0")
    deploy(client, GROUP, "pump")
    assert versions(client, "classic") == versions(client, "lite") == {"pump": "1.0.0", "gauge": "1.0.0"}
    # what it has will do, where a classic device takes the highest
    publish(client, "gauge", "1.1.0", runtime="*")
    deploy(client, GROUP, "pump", version="1.1.0")
    assert versions(client, "classic") == {"pump": "1.1.0", "gauge": "1.1.0"}
    assert versions(client, "lite") == {"pump": "1.1.0", "gauge": "1.0.0"}
    # what has failed is nothing that it has
    emulator.fail_component("gauge", "1.0.0", devices=["lite"])
    deploy(client, GROUP, "pump")
    assert versions(client, "lite") == {"pump": "1.0.0", "gauge": "1.1.0"}


def test_what_a_lite_device_refuses(emulator: Emulator, client: Any) -> None:
    publish(client, "pump", runtime="*")
    publish(client, "pump", "2.0.0", runtime="*")
    publish(client, "valve")
    emulator.register_core_device("pump-1", ["line-4"], runtime="aws_nucleus_lite", nucleus_version="2.5.0")
    deploy(client, THING, "valve")
    assert execution(client)["reason"].endswith("valve-v1.0.0 has no manifest that a lite device can use")
    deploy(client, THING, "aws.greengrass.NucleusLite", version="2.5.1")
    assert execution(client)["reason"].endswith("asks for aws.greengrass.NucleusLite 2.5.1, but 2.5.0 runs")
    deploy(client, THING, "aws.greengrass.NucleusLite", version="2.5.0")
    assert status(client) == "COMPLETED"
    deploy(client, THING, "pump")
    assert installed(client) == {"pump": RUNNING}
    # its roots are written down before anything is resolved, so they conflict from then on
    deploy(client, GROUP, "pump", version="2.0.0")
    deploy(client, THING, "pump")
    rows = client.list_effective_deployments(coreDeviceThingName="pump-1")["effectiveDeployments"]
    assert [row["coreDeviceExecutionStatus"] for row in rows] == ["FAILED", "FAILED"]
    assert ["a lite device wants one version" in row["reason"] for row in rows] == [True, True]
