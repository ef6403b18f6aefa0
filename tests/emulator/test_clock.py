"""The local cloud's time: what happens when it moves, in which order, and what is left where it does not."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from fleetgrass.emulator import Emulator
from support.local_cloud import ARN, GROUP, THING, client_of, deploy, publish, recipe, refused

PLACE = {"region_name": "eu-west-1", "account_id": "111122223333"}
VERSION = f"{ARN}:versions:1.0.0"


@pytest.fixture
def slow() -> Iterator[Emulator]:
    """A cloud in which everything takes its time."""
    with Emulator(**PLACE, component_seconds=(100, 200), deployment_seconds=(100, 600)) as running:
        yield running


def component_state(client: Any) -> str:
    return str(client.describe_component(arn=VERSION)["status"]["componentState"])


def execution(client: Any, device: str = "pump-1") -> dict[str, Any]:
    (row,) = client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"]
    return dict(row)


def reported(client: Any, device: str = "pump-1") -> datetime:
    told: datetime = client.get_core_device(coreDeviceThingName=device)["lastStatusUpdateTimestamp"]
    return told


def test_it_is_the_time_of_day_until_it_is_moved(emulator: Emulator) -> None:
    before = datetime.now(timezone.utc)
    now = emulator.now
    assert abs(now - before) < timedelta(seconds=20)
    emulator.advance(86400)
    assert timedelta(days=1) <= emulator.now - now < timedelta(days=1, seconds=20)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_it_is_not_moved_back_or_away(emulator: Emulator, seconds: float) -> None:
    now = emulator.now
    with pytest.raises(ValueError, match=r"seconds has .*: give seconds from 0 to 3155760000"):
        emulator.advance(seconds)
    assert emulator.now - now < timedelta(seconds=20)


@pytest.mark.parametrize(
    "wrong", [{"component_seconds": (0, -1)}, {"deployment_seconds": (1e99, 0)}, {"report_seconds": 0}]
)
def test_durations_are_seconds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Emulator(**wrong)


def test_what_is_made_carries_the_clouds_time(emulator: Emulator, client: Any) -> None:
    emulator.advance(365 * 86400)
    created = client.create_component_version(inlineRecipe=recipe("io.acme.Pump"))
    assert created["creationTimestamp"] - datetime.now(timezone.utc) > timedelta(days=364)


def test_an_answer_is_kept_for_its_token_for_eight_hours(emulator: Emulator, client: Any) -> None:
    def create() -> str:
        return str(client.create_deployment(targetArn=GROUP, clientToken="t")["deploymentId"])

    first = create()
    emulator.advance(8 * 3600 - 60)
    assert create() == first
    emulator.advance(120)
    assert create() != first


def test_a_component_becomes_deployable(slow: Emulator) -> None:
    client = client_of(slow)
    created = client.create_component_version(inlineRecipe=recipe("io.acme.Pump"))
    assert created["status"]["componentState"] == component_state(client) == "REQUESTED"
    slow.advance(100)
    assert component_state(client) == "INITIATED"
    slow.advance(200)
    assert component_state(client) == "DEPLOYABLE"


def test_a_component_is_of_no_use_before_it_is_deployable(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_device("pump-1")
    publish(client, "io.acme.Pump")
    components = {"io.acme.Pump": {"componentVersion": "1.0.0"}}
    status, code, error = refused(client.create_deployment, targetArn=THING, components=components)
    assert (status, code) == (400, "ValidationException")
    assert error["message"] == "Component (io.acme.Pump:1.0.0) is in state REQUESTED and can't be deployed."
    status, code, error = refused(client.create_component_version, inlineRecipe=recipe("io.acme.Pump"))
    assert (status, code) == (409, "ConflictException")
    assert error["message"].endswith("already exists with state: [REQUESTED]")
    status, code, _ = refused(client.delete_component, arn=VERSION)
    assert (status, code) == (409, "ConflictException")
    slow.advance(100)
    client.delete_component(arn=VERSION)
    # what was planned for the one that is gone does not hurry its successor
    publish(client, "io.acme.Pump")
    slow.advance(250)
    assert component_state(client) == "INITIATED"


def test_a_dependency_does_not_resolve_before_it_is_deployable(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_device("pump-1")
    publish(client, "io.acme.Pump", needs={"base": "^1.0.0"})
    slow.settle()
    deploy(client, THING, "io.acme.Pump")
    slow.advance(650)
    publish(client, "base")
    slow.settle()
    assert execution(client)["coreDeviceExecutionStatus"] == "FAILED"
    deploy(client, THING, "io.acme.Pump")
    slow.settle()
    assert execution(client)["coreDeviceExecutionStatus"] == "COMPLETED"


def test_a_publication_that_fails(emulator: Emulator, client: Any) -> None:
    errors = {"s3://acme/artifact.py": "Specified artifact resource cannot be accessed"}
    emulator.fail_publication("io.acme.Pump", "1.0.0", errors=errors)
    publish(client, "io.acme.Pump")
    publish(client, "io.acme.Pump", "2.0.0")
    status = client.describe_component(arn=VERSION)["status"]
    assert (status["componentState"], status["errors"]) == ("FAILED", errors)
    assert status["message"] == errors["s3://acme/artifact.py"]
    assert client.describe_component(arn=f"{ARN}:versions:2.0.0")["status"]["componentState"] == "DEPLOYABLE"
    client.delete_component(arn=VERSION)
    emulator.heal()
    publish(client, "io.acme.Pump")
    assert component_state(client) == "DEPLOYABLE"


def test_each_thing_happens_at_its_own_time(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_device("pump-1", ["line-4"])
    deploy(client, GROUP)
    created = execution(client)
    assert created["coreDeviceExecutionStatus"] == "QUEUED"
    assert not {"reason", "statusDetails"} & set(created)
    slow.advance(100)
    begun = execution(client)
    assert begun["coreDeviceExecutionStatus"] == "IN_PROGRESS"
    assert begun["modifiedTimestamp"] - created["modifiedTimestamp"] == timedelta(seconds=100)
    assert reported(client) == begun["modifiedTimestamp"]
    # long after, and yet
    slow.advance(3600)
    ended = execution(client)
    assert ended["coreDeviceExecutionStatus"] == "SUCCEEDED"
    assert ended["modifiedTimestamp"] - begun["modifiedTimestamp"] == timedelta(seconds=600)
    assert reported(client) == ended["modifiedTimestamp"]


def test_settling_moves_the_time_no_further_than_it_must(slow: Emulator) -> None:
    client = client_of(slow)
    slow.register_core_device("pump-1")
    slow.settle()
    deploy(client, THING)
    before = slow.now
    slow.settle()
    moved = slow.now - before
    assert execution(client)["coreDeviceExecutionStatus"] == "COMPLETED"
    assert timedelta(seconds=670) < moved < timedelta(seconds=730)
    before = slow.now
    slow.settle()
    assert slow.now - before < timedelta(seconds=20)


def test_an_idle_device_reports_daily(emulator: Emulator, client: Any) -> None:
    emulator.register_core_device("pump-1")
    first = reported(client)
    emulator.advance(86400 - 60)
    assert reported(client) == first
    emulator.advance(60)
    assert reported(client) - first == timedelta(days=1)
    emulator.advance(100.5 * 86400)
    assert reported(client) - first == timedelta(days=101)


def test_a_report_does_not_undo_what_came_after_it() -> None:
    """Days are skipped where nothing happens between them, and only there."""
    with Emulator(**PLACE, deployment_seconds=(0, 2.5 * 86400)) as emulator:
        client = client_of(emulator)
        emulator.register_core_device("pump-1")
        first = reported(client)
        deploy(client, THING)
        emulator.advance(2.75 * 86400)
        assert reported(client) == execution(client)["modifiedTimestamp"]
        emulator.advance(0.5 * 86400)
        assert reported(client) - first == timedelta(days=3)
        deploy(client, THING)
        emulator.advance(30 * 86400)
        assert reported(client) - first == timedelta(days=33)


def test_the_file_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "cloud.db"
    with Emulator(**PLACE, store=store, deployment_seconds=(10, 60)) as emulator:
        emulator.register_core_device("pump-1")
        deploy(client_of(emulator), THING)
        emulator.advance(30)
        now = emulator.now
    with Emulator(**PLACE, store=store) as emulator:
        client = client_of(emulator)
        assert emulator.now >= now
        assert execution(client)["coreDeviceExecutionStatus"] == "IN_PROGRESS"
        emulator.advance(40)
        assert execution(client)["coreDeviceExecutionStatus"] == "COMPLETED"


MOVES = st.lists(st.floats(0, 100), max_size=8)


def history(moves: list[float]) -> list[tuple[str, timedelta, timedelta]]:
    """What became of two devices after a quarter of an hour in these steps: how, when, and when last heard of."""
    with Emulator(**PLACE, component_seconds=(3, 4), deployment_seconds=(10, 60), report_seconds=45) as emulator:
        client = client_of(emulator)
        names = emulator.register_core_devices(2, "pump-", ["line-4"])
        begin = reported(client, names[0])
        deploy(client, GROUP)
        for seconds in moves:
            emulator.advance(seconds)
        emulator.advance(900 - sum(moves))
        rows = [(execution(client, name), reported(client, name)) for name in names]
        return [
            (row["coreDeviceExecutionStatus"], row["modifiedTimestamp"] - row["creationTimestamp"], last - begin)
            for row, last in rows
        ]


@settings(max_examples=15, deadline=None)
@given(MOVES)
def test_the_steps_in_which_time_goes_by_do_not_matter(moves: list[float]) -> None:
    assert history(moves) == [("SUCCEEDED", timedelta(seconds=70), timedelta(seconds=900))] * 2
