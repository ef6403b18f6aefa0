"""The recorded examples of the service, each in the state that it tells: `support.examples` has the rules."""

import base64
import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from botocore.credentials import Credentials

from fleetgrass.emulator import AccessKey, Emulator
from support.artifacts import artifacts
from support.examples import EXAMPLES, Replay, body_of
from support.local_cloud import client_of, publish, registry_of

TELEMETRY = "io.acme.pump.Telemetry"
THING = "arn:aws:iot:eu-west-1:111122223333:thing/pump-gw-017"
GROUP = "arn:aws:iot:eu-west-1:111122223333:thinggroup/line-4-pumps"
CORE = "arn:aws:greengrass:eu-west-1:111122223333:coreDevices:pump-gw-017"

#: Rules that a state needs.
OPTIONS: dict[str, dict[str, Any]] = {
    "cd-associate-partial": {"validate_targets": True},
    "comp-create-artifact": {"validate_artifacts": True},
    "comp-describe-requested": {"component_seconds": (0, 3600)},
    "core-get-denied": {"credentials": [AccessKey("local", "local", actions=["greengrass:List*"])]},
    "auth-expired": {
        "credentials": [
            AccessKey("OLD", "secret", session_token="t", expires=datetime(2020, 1, 1, tzinfo=timezone.utc))
        ]
    },
}


def core(replay: Replay) -> None:
    replay.emulator.register_core_device("pump-gw-017", ["line-4-pumps"], architecture="aarch64")


def old_core(replay: Replay) -> None:
    replay.emulator.register_core_device("pump-gw-017", architecture="aarch64", nucleus_version="2.12.0")
    client_of(replay.emulator).tag_resource(resourceArn=CORE, tags={"site": "hall-4"})


def second_core(replay: Replay) -> None:
    replay.emulator.register_core_device("pump-gw-018", architecture="aarch64")


def sensor(replay: Replay) -> None:
    registry_of(replay.emulator).create_thing(thingName="sensor-a")


def fleet(replay: Replay) -> None:
    """Devices of several kinds; on two of them a component broke."""
    register, group = replay.emulator.register_core_device, "line-4-pumps"
    register("pump-gw-017", architecture="aarch64")
    for name in ("pump-gw-018", "pump-gw-019"):
        register(name, [group], architecture="aarch64")
    register("yard-win-01", platform="windows")
    register("valve-lite-3", architecture="arm", nucleus_version="2.5.1", runtime="aws_nucleus_lite")
    client = client_of(replay.emulator)
    publish(client, TELEMETRY)
    client.create_deployment(targetArn=GROUP, components={TELEMETRY: {"componentVersion": "1.0.0"}})
    replay.emulator.fail_component(TELEMETRY, devices=["pump-gw-018", "pump-gw-019"])


def without_the_last(replay: Replay) -> None:
    client_of(replay.emulator).delete_core_device(coreDeviceThingName="pump-gw-019")


def installed(replay: Replay) -> None:
    """A nucleus and what it needs by a deployment, a component that somebody has installed on the device itself."""
    replay.emulator.register_core_device("pump-gw-018", architecture="aarch64", nucleus_version="2.12.0")
    components = {
        "aws.greengrass.Nucleus": {"componentVersion": "2.12.0"},
        TELEMETRY: {"componentVersion": "1.4.0"},
    }
    target = THING.replace("017", "018")
    made = client_of(replay.emulator).create_deployment(targetArn=target, components=components)
    rows = body_of(EXAMPLES["core-installed-all"])["installedComponents"]
    replay.ids[rows[0]["lastInstallationSource"]] = made["deploymentId"]
    told = rows[-1]
    (code,) = told["lifecycleStatusCodes"]
    replay.emulator.fail_component(TELEMETRY, code=code, details=told["lifecycleStateDetails"])
    with contextlib.closing(sqlite3.connect(replay.store)) as db, db:
        # the cloud deploys to devices, so what came without it is written down
        db.execute(
            """UPDATE software SET components = (
                   SELECT json_group_array(json(iif(value ->> 'name' = ?, json_set(value, '$.source', 'LOCAL'), value)))
                   FROM json_each(components))""",
            (TELEMETRY,),
        )


def failed(replay: Replay) -> None:
    """A version that cannot be validated, as the example tells why."""
    told = body_of(EXAMPLES["comp-describe-failed"])
    replay.emulator.fail_publication(TELEMETRY, errors=told["status"]["errors"])
    recipe = json.loads(base64.b64decode(EXAMPLES["comp-create"]["request"]["body"]["inlineRecipe"]))
    recipe["ComponentVersion"] = told["componentVersion"]
    recipe["Manifests"][0]["Platform"] = told["platforms"][0]["attributes"]
    client_of(replay.emulator).create_component_version(inlineRecipe=json.dumps(recipe).encode())


def first_call_under_way(replay: Replay) -> None:
    """The call whose token the example has takes longer than this test."""
    slow = replay.emulator.inject("latency", 3600, operations="CreateComponentVersion", times=1)

    def call() -> None:
        with contextlib.suppress(OSError):
            replay.send("comp-create-inflight")

    threading.Thread(target=call, daemon=True).start()
    while not slow.hits:
        pass


def ten_minutes_behind(replay: Replay) -> None:
    replay.clock = timedelta(minutes=-10)


def version(number: str) -> Callable[[Replay], None]:
    return lambda replay: void(publish(client_of(replay.emulator), TELEMETRY, number))


def fault(name: str, value: Any = None) -> Callable[[Replay], None]:
    return lambda replay: void(replay.emulator.inject(name, value))


def signed_with(key: str, secret: str, token: str | None = None) -> Callable[[Replay], None]:
    return lambda replay: setattr(replay, "credentials", Credentials(key, secret, token))


def broken(replay: Replay) -> None:
    """A deployment to the group of a device on which its component breaks."""
    replay.emulator.register_core_device("pump-gw-018", ["line-4-pumps"], architecture="aarch64")
    replay.emulator.fail_component(TELEMETRY)
    told = body_of(EXAMPLES["core-effective-failed"])["effectiveDeployments"][0]
    components = {TELEMETRY: {"componentVersion": "1.4.0"}}
    client = client_of(replay.emulator)
    created = client.create_deployment(targetArn=GROUP, deploymentName=told["deploymentName"], components=components)
    replay.learn(told, created)


def void(_: Any) -> None:
    """For a state whose making has an answer."""


def thing_deployment(replay: Replay) -> None:
    """Without a name, and done by its device."""
    created = client_of(replay.emulator).create_deployment(targetArn=THING)
    replay.learn(body_of(EXAMPLES["dep-create-thing"]), created)


def group_deployments(replay: Replay) -> None:
    """Three revisions; the last is the one that the examples know."""
    client = client_of(replay.emulator)
    told = body_of(EXAMPLES["dep-get-group"])
    members = ("deploymentName", "components", "deploymentPolicies", "iotJobConfiguration", "tags")
    client.create_deployment(targetArn=GROUP)
    second = client.create_deployment(targetArn=GROUP, deploymentName=told["deploymentName"])
    replay.ids[body_of(EXAMPLES["dep-list-all"])["deployments"][1]["deploymentId"]] = second["deploymentId"]
    created = client.create_deployment(targetArn=GROUP, **{name: told[name] for name in members})
    replay.learn(told, created)


def artifact_name(replay: Replay) -> None:
    """The recorded digest is invented, and so is the file that it is of."""
    arn = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.LocalDebugConsole:versions:2.2.7"
    name = artifacts(client_of(replay.emulator), arn)[0]["Uri"].removeprefix("greengrass:")
    recorded = EXAMPLES["comp-artifact"]["request"]["path"].partition("/artifacts/")[2]
    replay.ids[recorded] = quote(name)


def full_account(replay: Replay) -> None:
    """5,000 components: by SQL, since publishing them takes its time."""
    publish(client_of(replay.emulator), "first")
    with contextlib.closing(sqlite3.connect(replay.store)) as db, db:
        known = [row[1] for row in db.execute("PRAGMA table_info (component_version)")]
        columns = ", ".join(column for column in known if column != "name")
        db.execute(
            f"""WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < 4999)
                INSERT INTO component_version (name, {columns})
                SELECT 'component-' || n, {columns} FROM number JOIN component_version ON name = 'first'"""
        )


#: What goes before an example: others, by id, and what brings a state about.
BEFORE: dict[str, list[str | Callable[[Replay], None]]] = {
    "role-get": ["role-associate"],
    "role-disassociate": ["role-associate"],
    "conn-get": ["conn-update"],
    "cd-associate": [core],
    "cd-associate-partial": [core, sensor],
    "cd-list": [core, "cd-associate"],
    "cd-disassociate": [core, "cd-associate"],
    "comp-create-dup-tags": ["comp-create"],
    "comp-create-dup": ["comp-create"],
    "comp-create-quota": [full_account],
    "comp-create-inflight": [first_call_under_way],
    "comp-describe": ["comp-create"],
    "comp-describe-failed": [failed],
    "comp-get-json": ["comp-create"],
    "comp-artifact": [artifact_name],
    "comp-list": ["comp-create"],
    "comp-versions": [version("1.3.9"), "comp-create", version("1.10.0")],
    "comp-delete": [version("1.3.9")],
    "comp-resolve": ["comp-create"],
    "dep-create-thing": ["comp-create"],
    "dep-create-group": ["comp-create"],
    "dep-create-replay": ["comp-create", "dep-create-thing"],
    "dep-get-thing": [core, "comp-create", "dep-create-thing"],
    "dep-get-group": [core, "comp-create", group_deployments],
    "dep-list-latest": [core, "comp-create", thing_deployment, group_deployments],
    "dep-list-all": [core, "comp-create", group_deployments],
    "dep-cancel": ["comp-create", group_deployments],
    "dep-delete-active": ["comp-create", group_deployments],
    "dep-delete": ["comp-create", group_deployments, "dep-cancel"],
    "core-get": [old_core],
    "core-get-denied": [core],
    "core-list": [fleet, without_the_last],
    "core-list-filter": [fleet, fault("short-pages")],
    "core-installed-all": ["comp-create", installed],
    "core-installed-root": [core, "comp-create", "dep-create-thing"],
    "core-effective": [core, "comp-create", group_deployments, "dep-create-thing"],
    "core-delete": [second_core],
    "core-effective-failed": ["comp-create", broken],
    "comp-describe-requested": ["comp-create"],
    "internal": [fault("error", "InternalServerException")],
    "throttle-service": [core, fault("throttle")],
    "throttle-apigw": [core, fault("error", "TooManyRequestsException")],
    "auth-unknown-key": [signed_with("UNKNOWN", "secret")],
    "auth-skew": [ten_minutes_behind],
    "auth-signature": [signed_with("local", "wrong")],
    "auth-expired": [signed_with("OLD", "secret", "t")],
    "tag-add": [core],
    "tag-list": ["comp-create", group_deployments],
    "tag-remove": [core, "tag-add"],
}


@pytest.mark.parametrize("id", EXAMPLES)
def test_the_answer_is_the_recorded_one(id: str, tmp_path: Path) -> None:
    options = OPTIONS.get(id, {})
    with Emulator(region_name="eu-west-1", account_id="111122223333", store=tmp_path / "cloud.db", **options) as cloud:
        replay = Replay(cloud, tmp_path / "cloud.db")
        for step in BEFORE.get(id, []):
            if isinstance(step, str):
                status, _, body = replay.send(step)
                assert status < 300, body
            else:
                step(replay)
        replay.check(id, signed=id != "auth-missing")


def test_a_wrong_state_is_noticed(emulator: Emulator) -> None:
    for id in ("role-get", "comp-list", "core-get", "dep-list-latest"):
        with pytest.raises(AssertionError):
            Replay(emulator, None).check(id)


def test_no_revision_comes_of_a_replay(emulator: Emulator) -> None:
    replay = Replay(emulator, None)
    for id in ("comp-create", "dep-create-thing", "dep-create-replay"):
        replay.send(id)
    assert len(client_of(emulator).list_deployments(historyFilter="ALL")["deployments"]) == 1


def test_the_tables_name_examples() -> None:
    assert set(OPTIONS) | set(BEFORE) <= set(EXAMPLES)
