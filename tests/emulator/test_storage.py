"""The store of the local cloud: it outlives its process at any moment, has one emulator, and can be put back."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fleetgrass.emulator import Emulator
from support.cases import SEED
from support.killed import Writer, kill_while_writing, nursery
from support.local_cloud import client_of, deploy, publish, refused

#: Nights kill more often.
KILLS = int(os.environ.get("FLEETGRASS_KILLS", "200"))


def check_whole(store: Path) -> None:
    """What holds of every store, read without the emulator."""
    with closing(sqlite3.connect(store)) as database:
        ask = database.execute
        assert ask("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert ask("PRAGMA foreign_key_check").fetchall() == []
        latest = "SELECT target FROM deployment GROUP BY target HAVING sum(latest) <> 1"
        assert ask(latest).fetchall() == []
        gaps = "SELECT target FROM deployment GROUP BY target HAVING max(revision) <> count(*) OR min(revision) <> 1"
        assert ask(gaps).fetchall() == []
        half = """
            SELECT token FROM reply
            WHERE operation = 'CreateDeployment' AND answer->>'deploymentId' NOT IN (SELECT id FROM deployment)
        """
        assert ask(half).fetchall() == []
        ownerless = """
            SELECT resource FROM tag WHERE resource NOT IN (
                SELECT 'arn:aws:greengrass:us-east-1:' || namespace || ':components:' || name || ':versions:' || version
                FROM component_version
            )
        """
        assert ask(ownerless).fetchall() == []


def check_kept(store: Path, writers: list[Writer]) -> None:
    """What was answered is there."""
    with closing(sqlite3.connect(store)) as database:
        components = {name for (name,) in database.execute("SELECT name FROM component_version")}
        deployments = {id for (id,) in database.execute("SELECT id FROM deployment")}
        tokens = dict(database.execute("SELECT token, answer->>'deploymentId' FROM reply"))
        tags = set(database.execute("SELECT resource, value FROM tag"))
    for writer in writers:
        assert set(writer.components) <= components
        assert set(writer.deployments.values()) <= deployments
        assert writer.deployments.items() <= tokens.items()
        assert set(writer.tags) <= tags


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.timeout(600)
def test_a_store_is_whole_after_every_kill(tmp_path: Path) -> None:
    chances, all_writers, store = random.Random(SEED), [], tmp_path / "cloud.db"
    with nursery() as servers:
        for turn in range(KILLS):
            if turn % 50 == 0:
                all_writers, store = [], tmp_path / f"cloud-{turn}.db"
            writers = kill_while_writing(servers, store, turn, chances)
            all_writers += writers
            check_kept(store, all_writers)
            check_whole(store)
    assert sum(len(writer.deployments) for writer in all_writers) >= len(all_writers) / 2
    # and an emulator goes on with it
    with Emulator(store=store) as emulator:
        client = client_of(emulator)
        last = all_writers[-1]
        for token, made in last.deployments.items():
            assert client.get_deployment(deploymentId=made)["components"] == {token: {"componentVersion": "1.0.0"}}
        deploy(client, emulator.thing_group_arn("all"))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE deployment SET latest = 1",
        "UPDATE deployment SET latest = 0",
        "UPDATE deployment SET revision = 3 WHERE revision = 2",
        "DELETE FROM deployment",
        "DELETE FROM component_version WHERE name = 'io.acme.Pump'",
        "DELETE FROM software",
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'deployment_job'",
    ],
)
def test_what_is_not_whole_is_found(tmp_path: Path, damage: str) -> None:
    """The check after the kills can fail."""
    store = tmp_path / "cloud.db"
    with Emulator(store=store) as emulator:
        client = client_of(emulator)
        emulator.register_core_device("pump-1")
        arn = publish(client, "io.acme.Pump")
        client.tag_resource(resourceArn=arn, tags={"a": "b"})
        for token in ("first", "second"):
            deploy(client, emulator.thing_group_arn("all"), "io.acme.Pump", clientToken=token)
    check_whole(store)
    with closing(sqlite3.connect(store)) as database:
        database.executescript(damage)
    with pytest.raises(AssertionError):
        check_whole(store)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_what_was_answered_and_is_gone_is_found(tmp_path: Path) -> None:
    store = tmp_path / "cloud.db"
    with nursery() as servers:
        writers = kill_while_writing(servers, store, 0, random.Random(SEED))
    check_kept(store, writers)
    for table in ("component_version", "deployment", "reply", "tag"):
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(tmp_path / table)) as damaged:
            source.backup(damaged)
            damaged.execute(f"DELETE FROM {table}")
            damaged.commit()
        with pytest.raises(AssertionError):
            check_kept(tmp_path / table, writers)


def test_a_file_goes_on_where_it_was_left(tmp_path: Path) -> None:
    for store in (tmp_path / "cloud.db", None):
        with Emulator(store=store) as emulator:
            emulator.register_core_device("pump-1")
        with Emulator(store=store) as emulator:
            rows = client_of(emulator).list_core_devices()["coreDevices"]
            assert [row["coreDeviceThingName"] for row in rows] == (["pump-1"] if store else [])


def test_a_request_is_one_transaction(tmp_path: Path) -> None:
    store = tmp_path / "cloud.db"
    with Emulator(store=store) as emulator:
        client = client_of(emulator)
        arn = publish(client, "io.acme.Pump")
        for changes, call in [
            # the devices take it at once, which is many changes
            (1, lambda: deploy(client, emulator.thing_group_arn("all"), "io.acme.Pump", clientToken="once")),
            (1, lambda: emulator.register_core_devices(50, thing_groups=["all"])),
            (1, lambda: client.tag_resource(resourceArn=arn, tags={"a": "b", "c": "d"})),
            (0, lambda: client.list_core_devices()),
            (0, lambda: refused(client.tag_resource, resourceArn=arn, tags={"a": "b", "aws:c": "d"})),
        ]:
            before = commits(store)
            call()
            assert commits(store) - before == changes
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b", "c": "d"}


def commits(store: Path) -> int:
    """How many transactions the write-ahead log of a store holds: each ends with a frame that tells the file's size."""
    log = Path(f"{store}-wal").read_bytes()
    page_size = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log), 24 + page_size)
    return sum(log[frame + 4 : frame + 8] != bytes(4) for frame in frames)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Another process with an emulator on a file."""
    store = tmp_path / "cloud.db"
    code = """
import sys
from fleetgrass.emulator import Emulator

emulator = Emulator(store=sys.argv[1])
print(flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code, str(store)], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid, store
        process.kill()


def test_a_file_has_one_emulator(elsewhere: tuple[int, Path], tmp_path: Path) -> None:
    process, store = elsewhere
    (tmp_path / "link.db").symlink_to(store)
    for name in (store, tmp_path / "link.db"):
        with pytest.raises(OSError, match="cannot be used") as raised:
            Emulator(store=name)
        told = f"an emulator in process {process} has it open; stop that one, or name another file"
        assert str(raised.value) == f"the store {name} cannot be used: {told}"
    os.kill(process, signal.SIGKILL)
    while True:  # a process ends some moments after it is killed
        try:
            Emulator(store=store).stop()
            break
        except OSError as error:
            if f"process {process}" not in str(error):
                raise


def test_a_file_has_one_emulator_of_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = r"cloud\.db cannot be used: another emulator of this process has it open"
    with Emulator(store="cloud.db"), pytest.raises(OSError, match=told):
        Emulator(store=tmp_path / "cloud.db")
    Emulator(store="cloud.db").stop()
    assert [path.name for path in tmp_path.iterdir()] == ["cloud.db"]


@pytest.mark.parametrize("file", [None, "cloud.db"])
def test_a_snapshot_brings_the_state_back(tmp_path: Path, file: str | None) -> None:
    saved = tmp_path / "saved.db"
    with Emulator(store=file and tmp_path / file) as emulator:
        client = client_of(emulator)
        emulator.register_core_device("pump-1", ["a"])
        publish(client, "io.acme.Pump")
        made = deploy(client, emulator.thing_group_arn("a"), "io.acme.Pump")
        emulator.snapshot(saved)
        emulator.register_core_device("pump-2", ["a"])
        later = deploy(client, emulator.thing_group_arn("a"))
        for _ in range(2):
            emulator.reset(saved)
            assert [row["coreDeviceThingName"] for row in client.list_core_devices()["coreDevices"]] == ["pump-1"]
            assert client.get_deployment(deploymentId=made)["isLatestForTarget"]
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                client.get_deployment(deploymentId=later)
            emulator.register_core_device("pump-3")
        emulator.snapshot(saved)  # in place of what it held
    with Emulator(store=saved) as emulator:
        rows = client_of(emulator).list_core_devices()["coreDevices"]
        assert [row["coreDeviceThingName"] for row in rows] == ["pump-1", "pump-3"]


@pytest.mark.parametrize("file", [None, "cloud.db"])
def test_a_reset_leaves_a_new_cloud(tmp_path: Path, file: str | None) -> None:
    with Emulator(store=file and tmp_path / file) as emulator:
        client = client_of(emulator)

        def public() -> list[Any]:
            pages = client.get_paginator("list_components").paginate(scope="PUBLIC")
            return [
                (row["componentName"], row["latestVersion"]["componentVersion"]) for row in pages.search("components")
            ]

        before = public()
        emulator.register_core_device("pump-1", ["a"])
        arn = publish(client, "io.acme.Pump")
        client.tag_resource(resourceArn=arn, tags={"a": "b"})
        deploy(client, emulator.thing_group_arn("a"), "io.acme.Pump", clientToken="once")
        emulator.inject("throttle", operations="TagResource")
        emulator.reset()
        assert client.list_core_devices()["coreDevices"] == []
        assert client.list_components()["components"] == []
        assert client.list_deployments(historyFilter="ALL")["deployments"] == []
        assert public() == before
        with pytest.raises(client.exceptions.ThrottlingException):  # faults are no state
            client.tag_resource(resourceArn=arn, tags={"a": "b"})
        # numbers and tokens begin anew
        made = deploy(client, emulator.thing_group_arn("a"), clientToken="once")
        assert client.get_deployment(deploymentId=made)["revisionId"] == "1"
        publish(client, "io.acme.Pump")
        assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    if file:
        check_whole(tmp_path / file)
        with Emulator(store=tmp_path / file) as emulator:
            assert len(client_of(emulator).list_deployments()["deployments"]) == 1


def test_what_is_no_snapshot_is_told(tmp_path: Path) -> None:
    with Emulator(store=tmp_path / "cloud.db") as emulator:
        emulator.register_core_device("pump-1")
        with closing(sqlite3.connect(tmp_path / "other.db")) as other:
            other.execute("CREATE TABLE t (n)")
        (tmp_path / "text.db").write_text("not a database at all, but long enough to be read as one" * 50)
        for name, told in [
            ("missing.db", "unable to open"),
            ("other.db", "it is no snapshot"),
            ("text.db", "not a database"),
        ]:
            with pytest.raises(OSError, match=f"{name} cannot be used: .*{told}"):
                emulator.reset(tmp_path / name)
        with pytest.raises(OSError, match=r"cloud\.db cannot be used: another emulator of this process"):
            emulator.snapshot(tmp_path / "cloud.db")
        with pytest.raises(OSError, match="No such file"):
            emulator.snapshot(tmp_path / "nowhere" / "saved.db")
        rows = client_of(emulator).list_core_devices()["coreDevices"]
        assert [row["coreDeviceThingName"] for row in rows] == ["pump-1"]
        assert not (tmp_path / "missing.db").exists()


@pytest.mark.parametrize("other", [{"region_name": "us-east-1"}, {"account_id": "444455556666"}])
def test_a_store_is_of_one_account_and_region(tmp_path: Path, other: dict[str, str]) -> None:
    ours: dict[str, Any] = {"region_name": "eu-west-1", "account_id": "111122223333"}
    saved = tmp_path / "saved.db"
    with Emulator(store=tmp_path / "cloud.db", **ours) as emulator:
        arn = publish(client_of(emulator), "io.acme.Pump")
        emulator.snapshot(saved)
    theirs = {**ours, **other}
    kept, started = (f"account {one['account_id']} and Region {one['region_name']}" for one in (ours, theirs))
    remedy = "start the emulator for the former, or name another file"
    told = f"cannot be used: it is of {kept}, the emulator of {started}; {remedy}"
    with pytest.raises(OSError, match=f"cloud.db {told}"):
        Emulator(store=tmp_path / "cloud.db", **theirs)
    with Emulator(**theirs) as emulator:
        emulator.register_core_device("pump-1")
        with pytest.raises(OSError, match=f"saved.db {told}"):
            emulator.reset(saved)
        assert len(client_of(emulator).list_core_devices()["coreDevices"]) == 1
    for store in (tmp_path / "cloud.db", saved):
        with Emulator(store=store, **ours) as emulator:
            assert client_of(emulator).describe_component(arn=arn)["componentName"] == "io.acme.Pump"


def test_a_layout_of_another_version_is_told(tmp_path: Path) -> None:
    Emulator(store=tmp_path / "cloud.db").stop()
    with closing(sqlite3.connect(tmp_path / "cloud.db")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(OSError, match=r"its layout has version 99, not \d+; begin with a new file"):
        Emulator(store=tmp_path / "cloud.db")
